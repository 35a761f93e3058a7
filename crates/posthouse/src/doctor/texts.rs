//! Every sentence that the doctor says, in English, in one place.
//!
//! Words only: no decisions. Peers' strings come in printable and cut; commands to copy hold none
//! of them, only names that were parsed.

use std::fmt;

use posthouse_message::date_rfc3339;
use posthouse_types::{
    CertificateSummary, ChainReason, ChainReport, ChainWarning, SHOWN_CHARACTERS_MAX, UnixMillis,
    printable,
};

use super::facts::Silence;
use super::report::{Stage, StageId, Status};

/// The heading of a stage.
pub(super) fn title(id: StageId) -> &'static str {
    match id {
        StageId::OwnCertificate => "Your certificate file",
        StageId::Mx => "Mail exchangers",
        StageId::Address => "Addresses",
        StageId::Connect => "Connection",
        StageId::Hello => "Greeting and EHLO",
        StageId::StartTls => "Encryption",
        StageId::TlsVersions => "TLS versions",
        StageId::ServerCertificate => "Server's certificate chain",
        StageId::ServerName => "Server's name",
        StageId::MtaSts => "MTA-STS policy",
        StageId::Dane => "DANE",
        StageId::ClientCertificate => "Client certificate",
        StageId::Mail => "Sender (MAIL FROM)",
        StageId::Recipient => "Recipient (RCPT TO)",
        StageId::Message => "Message (DATA)",
    }
}

/// The verdict.
pub(super) fn summary(host: &str, stages: &[Stage]) -> String {
    let titles = |status| {
        let found = stages.iter().filter(move |stage| stage.status == status);
        found.map(|stage| title(stage.id).to_owned()).collect::<Vec<_>>()
    };
    let (errors, warnings) = (titles(Status::Error), titles(Status::Warning));
    let also = match warnings.len() {
        0 => String::new(),
        1 => " One more thing could be better.".to_owned(),
        count => format!(" {count} more things could be better."),
    };
    match (errors.as_slice(), warnings.as_slice()) {
        ([], []) => format!("No fault was found: {host} can be reached as it should be."),
        ([], [one]) => format!("No fault was found at {host}. One thing could be better: {one}."),
        ([], several) => format!(
            "No fault was found at {host}. {} things could be better: {}.",
            several.len(),
            several.join("; ")
        ),
        ([one], _) => format!("One fault was found at {host}: {one}.{also}"),
        (several, _) => {
            format!("{} faults were found at {host}: {}.{also}", several.len(), several.join("; "))
        }
    }
}

/// The word for a status in front of people.
pub(super) fn status(status: Status) -> &'static str {
    match status {
        Status::Ok => "ok",
        Status::Warning => "warning",
        Status::Error => "error",
        Status::NotRun => "not run",
    }
}

/// Where the steps are, when only titles are shown.
pub(super) const PLATFORM_WANTED: &str =
    "The steps and commands: --platform NAME for one of these, or --json for all.";

/// A count of stages with one status.
pub(super) fn counted(status: Status, count: usize) -> &'static str {
    match (status, count) {
        (Status::Ok, _) => "ok",
        (Status::Warning, 1) => "warning",
        (Status::Warning, _) => "warnings",
        (Status::Error, 1) => "error",
        (Status::Error, _) => "errors",
        (Status::NotRun, _) => "not run",
    }
}

/// A platform's name as its makers write it.
pub(super) fn platform(id: &str) -> &str {
    match id {
        "exchange" => "Exchange",
        "iis" => "IIS SMTP",
        "postfix" => "Postfix",
        "pkcs12" => "PKCS#12",
        other => other,
    }
}

/// How long a stage took; the blank does not break a line.
pub(super) fn took(millis: u64) -> String {
    if millis == 0 { "<1\u{a0}ms".to_owned() } else { format!("{millis}\u{a0}ms") }
}

/// The verdict's heading.
pub(super) fn verdict(status: Status) -> &'static str {
    match status {
        Status::Ok => "No fault found",
        Status::Warning => "Works, and could be better",
        Status::Error => "Fault found",
        Status::NotRun => "Nothing was examined",
    }
}

pub(super) fn parent_failed(parent: StageId) -> String {
    format!("Not run: the stage \"{}\" failed.", title(parent))
}

impl fmt::Display for Silence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => formatter.write_str("the server closed the connection"),
            Self::Broke(cause) => write!(formatter, "the connection broke: {cause}"),
            Self::TimedOut => {
                let seconds = super::ANSWER_TIME_MAX.as_secs();
                write!(formatter, "the server did not answer within {seconds} s")
            }
            Self::NotSmtp(why) => write!(formatter, "the server does not speak SMTP: {why}"),
        }
    }
}

// What a stage that was not asked for says.

pub(super) const NO_CERTIFICATE_GIVEN: &str =
    "No certificate was given. With --cert FILE the doctor shows it as your server would.";
pub(super) const MX_SMART_HOST: &str =
    "Does not apply: a server was named, as a smart host is. MX records count for a bare domain.";
pub(super) const STS_SMART_HOST: &str =
    "Does not apply: a server was named. MTA-STS is a mail domain's word about its MX hosts.";
pub(super) const STS_NOT_ASKED: &str = "Not run: DNS was not asked.";
pub(super) const DANE_NOT_ASKED: &str = "Not run: DNS was not asked.";
pub(super) const NO_SENDER_GIVEN: &str =
    "Not asked for. With --as ADDRESS and --to ADDRESS the doctor hears what the server says.";
pub(super) const NO_RECIPIENT_GIVEN: &str = "Not asked for. Give --to ADDRESS beside --as.";
pub(super) const NO_MESSAGE_WANTED: &str =
    "Not asked for, so nothing was sent. With --data a small test message is.";

// Reaching the server.

pub(super) fn mx_found(domain: &str, hosts: &[String]) -> String {
    match hosts {
        [one] => format!("{domain} has one mail exchanger: {one}."),
        several => {
            format!("{domain} has {} mail exchangers: {}.", several.len(), several.join(", "))
        }
    }
}
pub(super) fn mx_null(domain: &str) -> String {
    format!("{domain} says that it accepts no mail at all (null MX, RFC 7505).")
}
pub(super) fn mx_none(domain: &str) -> String {
    format!("{domain} has no MX record, so senders try its own address (RFC 5321 section 5.1).")
}
pub(super) fn mx_no_domain(domain: &str) -> String {
    format!("The domain {domain} does not exist in DNS.")
}
pub(super) fn dns_failed(why: &str) -> String {
    format!("DNS gave no answer: {why}.")
}
pub(super) fn dns_not_asked(host: &str) -> String {
    format!("DNS was not asked, and {host} is no IP address.")
}
pub(super) fn host_addresses(host: &str, addresses: &[String]) -> String {
    format!("{host}: {}.", addresses.join(", "))
}
pub(super) fn host_unknown(host: &str) -> String {
    format!("{host} does not exist in DNS.")
}
pub(super) fn host_without_address(host: &str) -> String {
    format!("{host} has no address in DNS.")
}
pub(super) fn connected(host: &str, address: &str, failed: &[String]) -> String {
    match failed {
        [] => format!("{host} answers at {address}."),
        failed => format!("{host} answers at {address}, but before it: {}.", failed.join("; ")),
    }
}
pub(super) fn not_connected(failed: &[String]) -> String {
    format!("No server can be reached: {}.", failed.join("; "))
}
pub(super) fn attempt_failed(host: &str, address: &str, why: &str) -> String {
    format!("{host} at {address}: {why}")
}
pub(super) fn greeting_bad(said: &str) -> String {
    format!("The server does not greet a sender: {said}.")
}
pub(super) fn hello_bad(said: &str) -> String {
    format!("The server refuses EHLO and HELO: {said}.")
}
pub(super) fn hello_by_helo() -> &'static str {
    "The server knows HELO only, and no extension: neither encryption nor 8-bit text."
}
pub(super) fn hello_good(greeting: &str, offers: &[String]) -> String {
    let words = offers.iter().filter_map(|offer| offer.split(' ').next());
    let words: Vec<&str> = words.filter(|word| *word != "STARTTLS").collect();
    match words.as_slice() {
        [] => format!("The server greets: {greeting}."),
        words => format!("The server greets: {greeting}. It offers {}.", words.join(", ")),
    }
}

// Encryption.

pub(super) fn starttls_not_offered(host: &str) -> String {
    format!(
        "{host} does not offer STARTTLS: mail goes in clear text, no certificate can be shown, and \
         senders that require TLS deliver nothing."
    )
}
pub(super) fn starttls_refused(said: &str) -> String {
    format!("The server offers STARTTLS, and refuses it: {said}.")
}
pub(super) const INJECTED: &str = "The server sent octets in clear behind its answer to STARTTLS. \
     A careful client hangs up here: an attacker could have put them there.";
pub(super) fn handshake_failed(why: &str) -> String {
    format!("The TLS handshake failed: {why}.")
}
pub(super) fn hello_again_bad(said: &str) -> String {
    format!("The handshake succeeded, and the server takes no EHLO within TLS: {said}.")
}
pub(super) fn encrypted(version: &str, cipher: &str) -> String {
    format!("The session is encrypted: {version}, {cipher}.")
}
pub(super) const VERSIONS_BOTH: &str = "The server speaks TLS 1.3 and TLS 1.2. (TLS 1.1 and 1.0, \
     which RFC 8996 forbids, are not tried.)";
pub(super) fn versions_one(spoken: &[&str], failed: &str, why: &str) -> String {
    format!(
        "The server speaks {}; a session with {failed} alone came to nothing: {why}.",
        spoken.join(" and ")
    )
}

// The server's certificate.

pub(super) fn server_good(host: &str, chain: &ChainReport) -> String {
    let until = chain.valid_until.map_or(String::new(), |end| format!(", until {}", day(end)));
    format!("{host} sends {}; the chain is whole and trusted{until}.", count(chain))
}
pub(super) fn server_expires_soon(host: &str, chain: &ChainReport) -> String {
    let until = chain.valid_until.map_or(String::new(), |end| format!(": on {}", day(end)));
    format!("The chain of {host} is whole and trusted, and ends within 30 days{until}.")
}

/// Why a chain of a server is refused, for whoever looks at it from outside.
pub(super) fn server_bad(host: &str, chain: &ChainReport, vouched: bool) -> String {
    let subject = element(chain).map_or_else(String::new, |one| name(&one.subject));
    let at = |moment: fn(&CertificateSummary) -> UnixMillis| {
        element(chain).map_or_else(String::new, |one| day(moment(one)))
    };
    let fault = match chain.reason {
        ChainReason::ChainIncomplete => incomplete(host, chain),
        ChainReason::NoCertificate => format!("{host} sends no certificate."),
        ChainReason::RootUntrusted => {
            format!("The chain of {host} ends in {subject}, which is not trusted here.")
        }
        ChainReason::SelfSigned => format!("{subject} of {host} signed itself."),
        ChainReason::Expired => format!("{subject} of {host} expired on {}.", at(|c| c.not_after)),
        ChainReason::NotYetValid => {
            format!("{subject} of {host} is not valid before {}.", at(|c| c.not_before))
        }
        ChainReason::SignatureInvalid => {
            format!("{subject} of {host} bears a signature that its issuer's key did not make.")
        }
        reason => format!("{subject} of {host} is not accepted ({reason})."),
    };
    let effect = if vouched {
        "DANE vouches for the server's key, so senders that use DANE go on; others may not."
    } else {
        "Senders that only encrypt go on; those that check certificates deliver nothing."
    };
    format!("{fault} {effect}")
}

fn incomplete(host: &str, chain: &ChainReport) -> String {
    let Some(missing) = &chain.missing else {
        return format!("{host} sends {}, and the path to a root is not whole.", count(chain));
    };
    let signed = match chain.element {
        Some(0) | None => "its own".to_owned(),
        Some(_) => element(chain).map_or_else(String::new, |one| name(&one.subject)),
    };
    format!(
        "{host} sends {}; the one that signed {signed}, {}, is not among them.",
        count(chain),
        name(&missing.subject)
    )
}

pub(super) fn name_good(host: &str, names: &[String]) -> String {
    format!("The certificate holds {host} (it is for {}).", list(names))
}
pub(super) fn name_bad(host: &str, names: &[String]) -> String {
    format!(
        "The certificate does not hold {host}: it is for {}. Senders that check names deliver \
         nothing.",
        list(names)
    )
}
pub(super) fn name_in_cn_only(host: &str) -> String {
    format!(
        "The certificate holds {host} as its common name only; many senders look at subject \
         alternative names alone (RFC 9525)."
    )
}

// MTA-STS.

pub(super) fn sts_none(domain: &str) -> String {
    format!("{domain} announces no policy: nothing keeps an attacker from removing encryption.")
}
pub(super) fn sts_bad_record(domain: &str, why: &str) -> String {
    format!("The record _mta-sts.{domain} cannot be used: {why}. Senders act as without a policy.")
}
pub(super) fn sts_unreachable(domain: &str, why: &str) -> String {
    format!(
        "{domain} announces a policy, and it cannot be fetched: {why}. Senders act as without one."
    )
}
pub(super) fn sts_bad_certificate(domain: &str, chain: &ChainReport) -> String {
    format!(
        "The policy of {domain} does not count, since the certificate of mta-sts.{domain} is not \
         accepted ({}).",
        chain.reason
    )
}
pub(super) fn sts_bad_file(domain: &str, why: &str) -> String {
    format!("The policy file of {domain} cannot be used: {why}. Senders act as without one.")
}
pub(super) fn sts_status(status: u16) -> String {
    format!("the web server answers {status}, not 200")
}
pub(super) fn sts_content_type(content_type: &str) -> String {
    format!("its type is \"{content_type}\", not text/plain")
}
pub(super) fn sts_mode_none(domain: &str) -> String {
    format!("{domain} has taken its policy back (mode none).")
}
pub(super) fn sts_uncovered(mode: &str, hosts: &[String]) -> String {
    format!(
        "The policy (mode {mode}) does not name {}: senders that follow it deliver nothing there.",
        list(hosts)
    )
}
pub(super) fn sts_server_fails(mode: &str) -> String {
    format!(
        "The policy (mode {mode}) demands encryption with a valid certificate for the server's \
         name, and the server does not give that."
    )
}
pub(super) fn sts_good(domain: &str, mode: &str, days: u64) -> String {
    format!("{domain} has a policy (mode {mode}, {days} days), and this server meets it.")
}

// DANE.

pub(super) const DANE_NONE: &str = "The server has no TLSA records: DANE is not used.";
pub(super) const DANE_BOGUS: &str = "The TLSA records bear DNSSEC signatures that do not hold: \
     senders that use DANE deliver nothing.";
pub(super) const DANE_INSECURE: &str = "There are TLSA records, but their zone is not signed with \
     DNSSEC: senders have to ignore them (RFC 7672 section 2.2).";
pub(super) const DANE_NO_MATCH: &str = "No TLSA record matches the certificates that the server \
     sends: senders that use DANE deliver nothing.";
pub(super) const DANE_NONE_USABLE: &str = "None of the TLSA records can be used for mail: only the \
     usages 2 (DANE-TA) and 3 (DANE-EE) count (RFC 7672 section 3.1).";
pub(super) const DANE_MX_UNSIGNED: &str = "The TLSA records are signed and match, but the domain's \
     MX records are not signed: somebody could lead senders to another server.";
pub(super) fn dane_failed(why: &str) -> String {
    format!("DNS gave no answer about TLSA records ({why}): senders that use DANE wait.")
}
pub(super) fn dane_good(is_own_key: bool) -> String {
    let how = if is_own_key { "the server's own key (DANE-EE)" } else { "its CA (DANE-TA)" };
    format!("The TLSA records are signed with DNSSEC, and name {how}.")
}
pub(super) fn dane_not_validated(why: &str, fits: bool) -> String {
    let fits = if fits { "match" } else { "do not match" };
    let why = if why.is_empty() { String::new() } else { format!(" ({why})") };
    format!(
        "The TLSA records {fits} the server's certificates, but DNSSEC was not validated{why}: \
         whether they count is not known."
    )
}

// Our own certificate.

pub(super) fn own_good(file: &str, chain: &ChainReport) -> String {
    let until = chain.valid_until.map_or(String::new(), |end| format!(", until {}", day(end)));
    format!("{file} holds {}; the chain is whole and trusted{until}.", count(chain))
}
pub(super) fn own_warned(file: &str, warnings: &[String]) -> String {
    format!("{file} holds a chain that is accepted, but {}.", warnings.join(", and "))
}
pub(super) fn own_bad(file: &str, reason: &str, sentence: &str) -> String {
    format!("What {file} holds is refused ({reason}). A server would say: {sentence}")
}
pub(super) fn chain_warning(warning: &ChainWarning) -> String {
    match warning {
        ChainWarning::OutOfOrder => "it is not in order from your certificate up".to_owned(),
        ChainWarning::NoClientAuthUsage => {
            "your certificate is not meant for clients (no clientAuth usage), which some servers \
             mind"
                .to_owned()
        }
        ChainWarning::ExpiresSoon(_) => "a part of it expires within 30 days".to_owned(),
        other => format!("there is a warning: {}", other.id()),
    }
}
pub(super) fn certificate_wanted(host: &str) -> String {
    format!(
        "{host} asks for a client certificate, and none was given: it cannot recognise you by one."
    )
}
pub(super) fn certificate_not_wanted(host: &str) -> String {
    format!("{host} does not ask for a client certificate.")
}
pub(super) fn certificate_not_asked(host: &str) -> String {
    format!(
        "{host} did not ask for a client certificate, so yours was not sent: this server cannot \
         recognise anybody by one."
    )
}
pub(super) fn certificate_not_sendable(host: &str) -> String {
    format!("{host} asks for a client certificate, and takes none with a key of your kind.")
}
pub(super) fn certificate_refused(host: &str, alert: &str) -> String {
    format!("{host} ended the session when it saw your certificate: {alert}.")
}
pub(super) fn certificate_sent(host: &str, sent: usize) -> String {
    format!("{host} asked for your certificate and got the whole chain ({}).", certificates(sent))
}
pub(super) fn certificate_sent_bad(host: &str, sent: usize, reason: &str) -> String {
    format!(
        "{host} asked for your certificate and got {}; a gateway does not recognise you by it \
         ({reason}).",
        certificates(sent)
    )
}

// The envelope.

pub(super) fn accepted(said: &str) -> String {
    format!("Accepted: {said}")
}
pub(super) fn refused(said: &str, cause: &str) -> String {
    format!("Refused. {cause} The server said: {said}")
}
pub(super) fn no_answer(why: &str) -> String {
    format!("There was no answer: {why}.")
}
pub(super) const GREYLISTED: &str =
    "The server asks senders that it does not know to come back later (greylisting).";
pub(super) const RELAY_WITHOUT_TLS: &str = "The gateway knows its senders by their certificates, \
     and without TLS none can be shown.";
pub(super) const RELAY_WITHOUT_CERTIFICATE: &str = "The gateway did not recognise this sender. No \
     certificate was shown, so only the address could have spoken for it.";
pub(super) const RELAY_NOT_ASKED: &str = "The gateway did not recognise this sender. It did not \
     ask for a certificate, so only the address could have spoken for it.";
pub(super) fn relay_with_bad_chain(reason: &str) -> String {
    format!(
        "The gateway did not recognise this sender, since the chain that was shown is not \
         accepted ({reason})."
    )
}
pub(super) fn relay_with_good_chain(names: &[String]) -> String {
    format!(
        "The chain that was shown is whole, so it is the connector: none there expects {}, or the \
         gateway does not trust the same roots.",
        list(names)
    )
}

// The receiver.

pub(super) const LISTEN_WITHOUT_TLS: &str =
    "No TLS was used, so no certificate could be shown: turn STARTTLS on.";
pub(super) const LISTEN_TAKES_NOTHING: &str =
    "This is posthouse doctor: it takes no mail, and what you sent stays in your queue.";
pub(super) fn listen_good(sent: &str, names: &str) -> String {
    format!("Your server sent {sent}; the chain is whole and trusted here. It is for {names}.")
}
pub(super) fn listen_bad(sent: &str, reason: &str, words: &str) -> String {
    format!("The sender showed {sent}, refused ({reason}). It was told: {words}")
}
pub(super) fn listen_summary(helo: &str, status: Status) -> String {
    let helo = if helo.is_empty() { "It" } else { helo };
    let helo = printable(helo, SHOWN_CHARACTERS_MAX);
    match status {
        Status::Ok => format!("{helo} can be recognised by its certificate."),
        _ => format!("{helo} cannot be recognised by its certificate."),
    }
}

/// A count of certificates.
pub(super) fn certificates(count: usize) -> String {
    if count == 1 { "1 certificate".to_owned() } else { format!("{count} certificates") }
}

fn count(chain: &ChainReport) -> String {
    certificates(chain.presented.len())
}

/// The certificate that a report is about; the leaf where it is about none.
fn element(chain: &ChainReport) -> Option<&CertificateSummary> {
    let on_path = chain.element.and_then(|place| chain.path.get(place));
    on_path.map(|element| &element.certificate).or_else(|| chain.leaf())
}

fn name(subject: &str) -> String {
    if subject.is_empty() {
        return "a certificate without a name".to_owned();
    }
    printable(subject, SHOWN_CHARACTERS_MAX)
}

fn list(names: &[String]) -> String {
    const NAMES_SHOWN_MAX: usize = 5;
    match names.len() {
        0 => "no name at all".to_owned(),
        count if count > NAMES_SHOWN_MAX => {
            let shown: Vec<&str> = names.iter().take(NAMES_SHOWN_MAX).map(String::as_str).collect();
            format!("{} and {} more", shown.join(", "), count - NAMES_SHOWN_MAX)
        }
        _ => names.join(", "),
    }
}

fn day(moment: UnixMillis) -> String {
    date_rfc3339(moment).chars().take(10).collect()
}
