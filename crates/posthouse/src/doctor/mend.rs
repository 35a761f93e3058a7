//! What mends each fault: the repairs beside the findings of `texts`.
//!
//! Words only. Commands to copy hold no peer's words: names in them were parsed as host names, or
//! are examples.

use posthouse_trace::Fix;
use posthouse_types::{ChainReason, ChainReport, SHOWN_CHARACTERS_MAX, printable};

/// A repair that is the same everywhere.
fn anywhere(title: impl Into<String>, steps: &[&str], commands: &[&str]) -> Fix {
    on("any", title, steps, commands)
}

fn on(platform: &str, title: impl Into<String>, steps: &[&str], commands: &[&str]) -> Fix {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Fix {
        platform: platform.to_owned(),
        title: title.into(),
        steps: owned(steps),
        commands: owned(commands),
    }
}

pub(super) fn general_fix(text: &str) -> Fix {
    anywhere(text, &[], &[])
}

pub(super) fn mend_mx(domain: &str) -> Fix {
    anywhere(
        format!("Give {domain} an MX record that names its mail server, or correct the spelling"),
        &["An MX record names a host, never an address, and the host has A or AAAA records."],
        &[],
    )
}

pub(super) fn mend_dns(domain: &str) -> Fix {
    anywhere(
        format!("Find out why the name servers of {domain} do not answer"),
        &["Ask other name servers with --dns ADDRESS to see whether yours are at fault."],
        &[],
    )
}

pub(super) fn mend_dns_not_asked() -> Fix {
    anywhere(
        "Name a name server with --dns ADDRESS, or the mail server by its address: ADDRESS:PORT",
        &[],
        &[],
    )
}

pub(super) fn mend_address() -> Fix {
    anywhere(
        "Give each mail exchanger an A or AAAA record, or take it out of the MX records",
        &[],
        &[],
    )
}

pub(super) fn mend_connection(port: u16) -> Fix {
    anywhere(
        format!("Open the way to port {port}"),
        &[
            "\"Connection refused\": no server listens there. Start it, or correct the port.",
            "No answer: a firewall drops the packets, yours or theirs. Many providers block port \
             25 outward until they are asked to open it.",
        ],
        &[],
    )
}

pub(super) fn mend_silence() -> Fix {
    anywhere(
        "Look into the server's own log for this moment",
        &["A firewall with \"SMTP inspection\" between the two may have ended the session: turn \
           that off."],
        &[],
    )
}

pub(super) fn mend_hello() -> Fix {
    anywhere(
        "Say a full host name with --helo, one that leads back to this machine's address",
        &[],
        &[],
    )
}

pub(super) fn mend_starttls(host: &str) -> Fix {
    anywhere(
        format!("Have the administrator of {} turn STARTTLS on", cut(host)),
        &[
            "Exchange: enable a certificate for SMTP (Enable-ExchangeCertificate -Services SMTP).",
            "Postfix: set smtpd_tls_chain_files and smtpd_tls_security_level = may. \
             posthouse: set [smtp] certificate and key.",
            "Where it is on, a firewall with \"SMTP inspection\" may hide it: turn that off.",
        ],
        &[],
    )
}

pub(super) fn mend_handshake(host: &str) -> Fix {
    anywhere(
        format!("Have the administrator of {} look at the server's TLS settings", cut(host)),
        &["The server has to speak TLS 1.2 or 1.3 with a key of 2048 bits RSA or more, or ECDSA."],
        &[],
    )
}

pub(super) fn mend_injected(host: &str) -> Fix {
    anywhere(
        format!("Update the mail server of {}: nothing may follow its 220 to STARTTLS", cut(host)),
        &[],
        &[],
    )
}

pub(super) fn mend_versions(version: &str) -> Fix {
    let why = if version == "TLSv1.3" {
        "Older systems have no TLS 1.3 (Windows before Server 2022): it comes with an update."
    } else {
        "Many senders speak nothing newer than TLS 1.2 (Exchange before 2019 CU15): keep it on."
    };
    anywhere(format!("Turn {version} on"), &[why], &[])
}

/// What the server's administrator does about the chain that the server sends.
pub(super) fn mend_server_chain(host: &str, chain: &ChainReport) -> Vec<Fix> {
    let host = cut(host);
    let Some(missing) =
        chain.missing.as_ref().filter(|_| chain.reason == ChainReason::ChainIncomplete)
    else {
        return vec![replace_server_certificate(&host, chain.reason)];
    };
    let from = missing.get.iter().find(|address| address.starts_with("http://"));
    let from = from.map_or("the CA that issued the certificate".to_owned(), |from| cut(from));
    let get = format!("Get {} from {from}.", cut(&missing.subject));
    let step = |text: &'static str| [get.as_str(), text];
    vec![
        on(
            "exchange",
            format!("On {host}: import the missing intermediate"),
            &step(
                "Save it as C:\\import\\intermediate.cer and import it into the computer's \
                 Intermediate Certification Authorities; restart the service.",
            ),
            &[
                "Import-Certificate -FilePath C:\\import\\intermediate.cer -CertStoreLocation \
                 cert:\\LocalMachine\\CA",
                "Restart-Service MSExchangeTransport",
            ],
        ),
        on(
            "postfix",
            format!("On {host}: append the missing intermediate to the server's chain file"),
            &step(
                "Turn it into PEM, and append it to the file that smtpd_tls_chain_files or \
                 smtpd_tls_cert_file names.",
            ),
            &[
                "openssl x509 -inform DER -in intermediate.cer -out intermediate.pem",
                "postconf smtpd_tls_chain_files smtpd_tls_cert_file",
                "postfix reload",
            ],
        ),
        on(
            "posthouse",
            format!("On {host}: append the missing intermediate to [smtp] certificate"),
            &step("Turn it into PEM and append it to the file. It is taken up without a restart."),
            &["openssl x509 -inform DER -in intermediate.cer -out intermediate.pem"],
        ),
    ]
}

fn replace_server_certificate(host: &str, reason: ChainReason) -> Fix {
    let step = match reason {
        ChainReason::Expired => "Renew it, and see that the mail service uses the new one.",
        ChainReason::SelfSigned | ChainReason::RootUntrusted => {
            "Use a certificate of a public CA. Where the CA is your own, name its root with \
             --roots: then it counts here, as it does with those who trust it."
        }
        _ => "Have a sound certificate issued, and install it with all its intermediates.",
    };
    anywhere(format!("Replace the certificate of {host} ({reason})"), &[step], &[])
}

pub(super) fn mend_server_renewal(host: &str) -> Fix {
    anywhere(format!("Renew the certificate of {} now", cut(host)), &[], &[])
}

pub(super) fn mend_name(host: &str) -> Fix {
    anywhere(
        format!("Have a certificate issued that holds {} as a subject alternative name", cut(host)),
        &["Or let the MX record or the connector name the server as its certificate does."],
        &[],
    )
}

pub(super) fn mend_policy(domain: &str) -> Fix {
    let record = format!("_mta-sts.{domain}");
    let file = format!("https://mta-sts.{domain}/.well-known/mta-sts.txt");
    anywhere(
        format!("Serve the policy of {domain} as RFC 8461 has it, or take the record away"),
        &[
            &format!("One TXT record at {record}: v=STSv1; id= and letters or digits."),
            &format!("The file at {file}, as text/plain, without a redirect."),
        ],
        &[],
    )
}

pub(super) fn mend_policy_mx(domain: &str) -> Fix {
    anywhere(
        format!("Add an mx line for each mail exchanger of {domain} to the policy"),
        &["Then give the TXT record a new id, so that senders fetch the policy again."],
        &[],
    )
}

pub(super) fn mend_policy_server() -> Fix {
    anywhere("Mend the server's certificate first; the policy itself is sound", &[], &[])
}

pub(super) fn mend_dane() -> Fix {
    anywhere(
        "Publish a TLSA record for the key that the server uses, in a signed zone",
        &[
            "Usage 3, selector 1, matching type 1: the SHA-256 of the public key. Publish the new \
             one two TTLs before the key changes, and take the old one away after.",
            "Sign the zone of the mail exchanger and the zone of the mail domain with DNSSEC.",
        ],
        &["openssl x509 -in certificate.pem -noout -pubkey | openssl pkey -pubin -outform DER \
             | openssl dgst -sha256"],
    )
}

pub(super) fn mend_dane_dns() -> Fix {
    anywhere(
        "Have the administrator of the zone look at its DNSSEC signatures and name servers",
        &[],
        &[],
    )
}

pub(super) fn mend_own_files() -> Fix {
    anywhere(
        "Correct --cert and --key: PEM, your own certificate first, key without passphrase",
        &[],
        &[],
    )
}

/// The repair stands at the stage about the file; it need not be read three times.
pub(super) fn mend_own_chain_first() -> Fix {
    anywhere("Mend your certificate file, as said there; then run the doctor again", &[], &[])
}

pub(super) fn mend_greylisting() -> Fix {
    anywhere("Nothing to do: a mail server tries again by itself, within minutes", &[], &[])
}

pub(super) fn mend_own_warnings() -> Fix {
    anywhere(
        "Have it renewed in time, and put your own certificate first, each issuer after it",
        &[],
        &[],
    )
}

pub(super) fn mend_no_certificate_given() -> Fix {
    anywhere("Run the doctor again with --cert FILE, the file that your server sends", &[], &[])
}

pub(super) fn mend_certificate_not_asked(host: &str) -> Fix {
    anywhere(
        format!("Ask the administrator of {} how senders are to be recognised", cut(host)),
        &[
            "By certificate: the server has to ask for one (Postfix: smtpd_tls_ask_ccert = yes).",
            "By address: the connector there has to list the address that you come from.",
        ],
        &[],
    )
}

pub(super) fn mend_certificate_not_sendable() -> Fix {
    anywhere("Use a certificate with an RSA key of 2048 bits or more, or ECDSA P-256", &[], &[])
}

pub(super) fn mend_certificate_refused(host: &str) -> Fix {
    anywhere(
        format!("Mend your certificate file; if it is whole, have {} trust its CA", cut(host)),
        &[],
        &[],
    )
}

pub(super) fn mend_connector(names: &[String]) -> Fix {
    let names = cut(&names.join(", "));
    anywhere(
        "Compare the connector's certificate name with the names in your certificate",
        &[
            &format!("Your certificate is for: {names}."),
            "After a renewal under another name, change the connector's name too. The certificate's \
             name, or the sender's domain, has to be an accepted domain there.",
        ],
        &[],
    )
}

fn cut(text: &str) -> String {
    printable(text, SHOWN_CHARACTERS_MAX)
}
