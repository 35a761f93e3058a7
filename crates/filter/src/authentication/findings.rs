//! What is noticed about who a message is from: in its From, its signatures, its proofs and its
//! connection.
//!
//! Touches nothing. Failed look-ups only inform. The weights are small on purpose where honest mail
//! does the same: whether a sender is refused for it is the policy's affair, by compauth.

use std::collections::BTreeSet;

use posthouse_types::{
    AuthenticationFacts, BodyCoverage, CompositeResult, Concern, ConnectionFacts, DkimFact,
    DkimResult, DmarcResult, Facts, Finding, FindingKind, Force, FromProblem, Lookup, ReplayFacts,
    SpfResult,
};

use super::{applied_policy, is_or_below, reasons};

/// Signatures older than this are only repeated, not sent: ordinary mail arrives within minutes.
const FRESH_SECONDS_MAX: u64 = 3_600;
/// Recipients that one signature reaches before it counts as repeated, where nobody else's word
/// speaks for the message: larger than the Bcc of a person.
const SIGNATURE_SEEN_MAX: u64 = 50;
/// What a signature weighs that reached many.
const REPLAY_STRONG: f32 = 1.8;
/// What one weighs that is late, or came by a list: mail that was held up on its way looks the same.
const REPLAY_WEAK: f32 = 0.5;
/// RSA keys of this size and less are weak (RFC 8301 section 3.2 asks for 2048).
const WEAK_BITS_MAX: u32 = 1024;

macro_rules! kinds {
    ($($name:ident = $id:literal, $concern:ident, $force:expr, $en:literal, $de:literal;)*) => {
        $(static $name: FindingKind = FindingKind {
            id: $id,
            concern: Concern::$concern,
            force: $force,
            en: $en,
            de: $de,
        };)*

        /// Every kind of finding about who a message is from.
        pub const FINDINGS: &[&FindingKind] = &[$(&$name),*];
    };
}

kinds! {
    FROM_MISSING = "from-missing", Spoof, Force::Weight(1.2),
        "The message does not say who wrote it.",
        "Die Nachricht sagt nicht, wer sie geschrieben hat.";
    FROM_SEVERAL_FIELDS = "from-several-fields", Spoof, Force::Weight(3.0),
        "The message has more than one From line; programs will show different senders: {addresses}.",
        "Die Nachricht hat mehr als eine From-Zeile; Programme zeigen verschiedene Absender: {addresses}.";
    FROM_SEVERAL_ADDRESSES = "from-several-addresses", Spoof, Force::Weight(1.0),
        "From names several authors and nobody as the sender: {addresses}.",
        "From nennt mehrere Verfasser und niemanden als Absender: {addresses}.";
    FROM_MALFORMED = "from-malformed", Ambiguity, Force::Weight(1.2),
        "The From line breaks the rules of its grammar: {addresses}.",
        "Die From-Zeile verletzt ihre Grammatik: {addresses}.";
    FROM_AMBIGUOUS = "from-ambiguous", Spoof, Force::Weight(3.0),
        "One program will show another sender than the next: {addresses}.",
        "Ein Programm zeigt einen anderen Absender als das nächste: {addresses}.";
    FROM_ODD_OCTETS = "from-odd-characters", Ambiguity, Force::Weight(1.5),
        "The From line holds control characters or octets that are no text.",
        "Die From-Zeile enthält Steuerzeichen oder Bytes, die kein Text sind.";
    FROM_TOO_MUCH = "from-too-much", Spoof, Force::Weight(2.0),
        "From names more senders than are checked.",
        "From nennt mehr Absender, als geprüft werden.";
    FROM_SHOWS_OTHER = "from-shows-other-address", Spoof, Force::Weight(1.2),
        "The sender's name shows {shown}, the address is {address}.",
        "Der Name des Absenders zeigt {shown}, die Adresse ist {address}.";
    SPF_FAIL = "spf-fail", Spoof, Force::Weight(0.8),
        "{domain} says that {address} may not send for it.",
        "{domain} sagt, dass {address} nicht für sie senden darf.";
    SPF_SOFTFAIL = "spf-softfail", Spoof, Force::Weight(0.3),
        "{domain} doubts that {address} may send for it.",
        "{domain} bezweifelt, dass {address} für sie senden darf.";
    SPF_OPEN = "spf-open", Spoof, Force::Weight(1.0),
        "{domain} lets nearly everybody send for it; its word proves nothing.",
        "{domain} lässt fast jeden für sich senden; ihr Wort beweist nichts.";
    SPF_UNUSABLE = "spf-unusable", Trust, Force::Informs,
        "The SPF record of {domain} cannot be used: {reason}.",
        "Der SPF-Eintrag von {domain} ist unbrauchbar: {reason}.";
    DKIM_FAIL = "dkim-fail", Spoof, Force::Weight(0.2),
        "The signature of {domain} does not hold: {reason}.",
        "Die Signatur von {domain} hält nicht: {reason}.";
    DKIM_PARTIAL = "dkim-partial-body", Spoof, Force::Weight(0.8),
        "{domain} signed only the first {signed} of {body} bytes of the text; the rest may be anybody's.",
        "{domain} hat nur die ersten {signed} von {body} Bytes des Textes signiert; der Rest kann von jedem sein.";
    DKIM_UNSIGNED = "dkim-unsigned-field", Spoof, Force::Weight(1.8),
        "Beside the line that {domain} signed stands a second one that it did not: {fields}.",
        "Neben der Zeile, die {domain} signiert hat, steht eine zweite, unsignierte: {fields}.";
    DKIM_WEAK = "dkim-weak-key", Trust, Force::Informs,
        "The key of {domain} has only {bits} bits.",
        "Der Schlüssel von {domain} hat nur {bits} Bit.";
    DKIM_SHORT = "dkim-short-key", Spoof, Force::Weight(0.5),
        "The key of {domain} has only {bits} bits and proves nothing.",
        "Der Schlüssel von {domain} hat nur {bits} Bit und beweist nichts.";
    DKIM_TESTING = "dkim-test-key", Trust, Force::Informs,
        "{domain} says of its key that it is only for testing.",
        "{domain} sagt von ihrem Schlüssel, dass er nur zum Testen ist.";
    DKIM_MANY = "dkim-many-signatures", Spoof, Force::Weight(0.7),
        "{count} signatures were not looked at: the message has too many.",
        "{count} Signaturen wurden nicht angesehen: die Nachricht hat zu viele.";
    DKIM_REPLAY = "dkim-replay", Spam, Force::Weight(REPLAY_STRONG),
        "The signature of {domain} is genuine, but the message was written to somebody else and is being repeated ({why}).",
        "Die Signatur von {domain} ist echt, aber die Nachricht war an jemand anderen und wird wiederholt ({why}).";
    DMARC_FAIL = "dmarc-fail", Spoof, Force::Weight(1.5),
        "Nothing proves that this comes from {domain}, whose owner wants such mail treated as: {policy}.",
        "Nichts beweist, dass dies von {domain} kommt; deren Inhaber will solche Mail so behandelt: {policy}.";
    DMARC_UNUSABLE = "dmarc-unusable", Trust, Force::Informs,
        "The DMARC record of {domain} cannot be used: {reason}.",
        "Der DMARC-Eintrag von {domain} ist unbrauchbar: {reason}.";
    DMARC_PASS = "dmarc-pass", Trust, Force::Weight(-0.3),
        "{domain} is proven to have sent this.",
        "Es ist bewiesen, dass {domain} dies gesendet hat.";
    UNAUTHENTICATED = "sender-unauthenticated", Spoof, Force::Weight(0.8),
        "Nothing proves that this comes from {domain}.",
        "Nichts beweist, dass dies von {domain} kommt.";
    OWN_DOMAIN = "own-domain-spoofed", Spoof, Force::Weight(3.0),
        "The sender claims to be from {domain}, your own domain, and nothing proves it.",
        "Der Absender gibt sich als {domain}, Ihre eigene Domain, aus, und nichts beweist es.";
    SPOOF_BLOCKED = "spoof-blocked", Spoof, Force::Weight(4.0),
        "Your list of spoofed senders forbids this sender for {domain}.",
        "Ihre Liste gefälschter Absender verbietet diesen Absender für {domain}.";
    SPOOF_ALLOWED = "spoof-allowed", Trust, Force::Informs,
        "Your list of spoofed senders allows this sender for {domain}.",
        "Ihre Liste gefälschter Absender erlaubt diesen Absender für {domain}.";
    ARC_OVERRIDE = "arc-override", Trust, Force::Informs,
        "A forwarder that you trust saw the proof for {domain} before it was lost on the way.",
        "Ein Weiterleiter, dem Sie vertrauen, sah den Beweis für {domain}, ehe er unterwegs verloren ging.";
    ARC_BROKEN = "arc-broken", Ambiguity, Force::Weight(0.2),
        "The forwarders' seals do not hold: {reason}.",
        "Die Siegel der Weiterleiter halten nicht: {reason}.";
    LOOKUP_FAILED = "authentication-lookup-failed", Trust, Force::Informs,
        "Not everything about the sender could be looked up: {reason}.",
        "Nicht alles über den Absender ließ sich nachschlagen: {reason}.";
    CUT_SHORT = "authentication-cut-short", Spoof, Force::Weight(0.3),
        "The message asks for more look-ups than one message gets.",
        "Die Nachricht verlangt mehr Nachfragen, als eine Nachricht bekommt.";
    BLOCK_LISTED = "address-block-listed", Spam, Force::Weight(2.5),
        "The sending address {address} is on the block list {zone}.",
        "Die sendende Adresse {address} steht auf der Sperrliste {zone}.";
    NO_REVERSE_NAME = "address-without-name", Spam, Force::Weight(0.8),
        "The sending address {address} has no name in DNS.",
        "Die sendende Adresse {address} hat keinen Namen im DNS.";
    REVERSE_UNCONFIRMED = "address-name-unconfirmed", Spam, Force::Weight(0.4),
        "The name of the sending address, {name}, does not lead back to it.",
        "Der Name der sendenden Adresse, {name}, führt nicht zu ihr zurück.";
    BEHIND_GATEWAY = "behind-gateway", Trust, Force::Informs,
        "Your gateway {gateway} brought this; {address}, which it took it from, is judged as the sender.",
        "Ihr Gateway {gateway} hat dies gebracht; {address}, von dem es kam, wird als Absender beurteilt.";
    GATEWAY_LOST = "behind-gateway-lost", Trust, Force::Informs,
        "Your gateway {gateway} does not say which public address this came from; it is judged as the sender itself.",
        "Ihr Gateway {gateway} nennt keine öffentliche Adresse, von der dies kam; es wird selbst als Absender beurteilt.";
    HELO_ODD = "helo-odd", Spam, Force::Weight(0.6),
        "The sending server calls itself {helo}, which is no name of a server on the Internet.",
        "Der sendende Server nennt sich {helo}; so heißt kein Server im Internet.";
}

/// What is to be said about who the message is from.
pub fn authentication_findings(facts: &AuthenticationFacts, all: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    from_findings(facts, &mut findings);
    spf_findings(facts, &mut findings);
    dkim_findings(facts, &all.replay, &mut findings);
    conclusion_findings(facts, all, &mut findings);
    findings
}

fn from_findings(facts: &AuthenticationFacts, findings: &mut Vec<Finding>) {
    let from = &facts.from;
    let addresses = from.addresses.join(", ");
    for problem in &from.problems {
        let kind = match problem {
            FromProblem::Missing => &FROM_MISSING,
            FromProblem::SeveralFields => &FROM_SEVERAL_FIELDS,
            FromProblem::SeveralAddresses => &FROM_SEVERAL_ADDRESSES,
            FromProblem::Malformed => &FROM_MALFORMED,
            FromProblem::Ambiguous => &FROM_AMBIGUOUS,
            FromProblem::OddOctets => &FROM_ODD_OCTETS,
            FromProblem::TooMuch => &FROM_TOO_MUCH,
        };
        let finding = Finding::of(kind);
        let names_them = kind.en.contains("{addresses}");
        findings.push(if names_them { finding.with("addresses", &addresses) } else { finding });
    }
    if let (Some(shown), Some(address)) = (from.shown_addresses.first(), from.addresses.first()) {
        findings.push(Finding::of(&FROM_SHOWS_OTHER).with("shown", shown).with("address", address));
    }
}

fn spf_findings(facts: &AuthenticationFacts, findings: &mut Vec<Finding>) {
    let spf = &facts.spf;
    let client = spf.client.map(|client| client.to_string()).unwrap_or_default();
    let about = |kind| Finding::of(kind).with("domain", &spf.domain);
    match spf.result {
        SpfResult::Fail => findings.push(about(&SPF_FAIL).with("address", &client)),
        SpfResult::SoftFail => findings.push(about(&SPF_SOFTFAIL).with("address", &client)),
        SpfResult::Pass if spf.is_open => findings.push(about(&SPF_OPEN)),
        SpfResult::PermError => findings.push(about(&SPF_UNUSABLE).with("reason", &spf.reason)),
        SpfResult::TempError => {
            findings.push(Finding::of(&LOOKUP_FAILED).with("reason", &spf.reason));
        }
        _ => {}
    }
}

fn dkim_findings(facts: &AuthenticationFacts, replay: &ReplayFacts, findings: &mut Vec<Finding>) {
    // The same fault of the same domain is said once.
    let mut said = BTreeSet::new();
    for fact in &facts.dkim {
        let about = |kind| Finding::of(kind).with("domain", &fact.domain);
        let mut say = |finding: Finding| {
            if said.insert((finding.kind.id, fact.domain.clone())) {
                findings.push(finding);
            }
        };
        let bits = fact.key_bits.unwrap_or_default();
        match fact.result {
            DkimResult::Fail | DkimResult::PermError if bits > 0 && bits < WEAK_BITS_MAX => {
                say(about(&DKIM_SHORT).with("bits", &bits.to_string()));
            }
            DkimResult::Fail | DkimResult::PermError => {
                say(about(&DKIM_FAIL).with("reason", fact.reason.as_str()));
            }
            DkimResult::TempError => {
                say(Finding::of(&LOOKUP_FAILED).with("reason", fact.reason.as_str()));
            }
            DkimResult::Pass | DkimResult::NotAsked => {}
        }
        if fact.result != DkimResult::Pass {
            continue;
        }
        if let BodyCoverage::Partial { signed_bytes, body_bytes } = fact.body {
            let (signed, body) = (signed_bytes.to_string(), body_bytes.to_string());
            say(about(&DKIM_PARTIAL).with("signed", &signed).with("body", &body));
        }
        if !fact.unsigned_fields.is_empty() {
            say(about(&DKIM_UNSIGNED).with("fields", &fact.unsigned_fields.join(", ")));
        }
        if fact.algorithm.starts_with("rsa") && bits <= WEAK_BITS_MAX {
            say(about(&DKIM_WEAK).with("bits", &bits.to_string()));
        }
        if fact.is_test_key {
            say(about(&DKIM_TESTING));
        }
        if let Some((why, weight)) = replayed(fact, facts, replay) {
            say(about(&DKIM_REPLAY).with("why", &why).weighing(weight));
        }
    }
    if facts.dkim_unchecked > 0 {
        let count = facts.dkim_unchecked.to_string();
        findings.push(Finding::of(&DKIM_MANY).with("count", &count));
    }
}

/// Whether a genuine signature stands on a message that goes to somebody else than it was written
/// to (AUT-04): nobody of To and Cc is among the recipients, and the envelope proves nothing for
/// the signer. Forwarders and lists do that too; how often and how late tells.
pub fn is_sent_on(fact: &DkimFact, facts: &AuthenticationFacts, replay: &ReplayFacts) -> bool {
    if replay.recipients.is_empty() || !fact.counts() {
        return false;
    }
    let is_shown = replay.recipients.iter().any(|to| replay.shown_recipients.contains(to));
    let spf = &facts.spf;
    let is_spf_aligned = spf.result == SpfResult::Pass
        && (is_or_below(&spf.domain, &fact.domain) || is_or_below(&fact.domain, &spf.domain));
    !is_shown && !is_spf_aligned && !facts.dmarc.spf_aligned
}

/// Why it is taken for a repeated one, and how much that weighs: it reached many, or it is old.
fn replayed(
    fact: &DkimFact,
    facts: &AuthenticationFacts,
    replay: &ReplayFacts,
) -> Option<(String, f32)> {
    if !is_sent_on(fact, facts, replay) {
        return None;
    }
    if replay.seen > SIGNATURE_SEEN_MAX {
        // A list has many readers here. Whoever repeats may call himself one, and is bulk mail then.
        let weight = if replay.is_list { REPLAY_WEAK } else { REPLAY_STRONG };
        return Some((format!("{} ×", replay.seen), weight));
    }
    let age = replay.now_seconds.checked_sub(fact.signed_at_seconds?)?;
    (age > FRESH_SECONDS_MAX).then(|| (format!("{} h", age / 3_600), REPLAY_WEAK))
}

fn conclusion_findings(facts: &AuthenticationFacts, all: &Facts, findings: &mut Vec<Finding>) {
    let (dmarc, composite) = (&facts.dmarc, all.composite);
    let about = |kind| Finding::of(kind).with("domain", &dmarc.header_from);
    match dmarc.result {
        DmarcResult::Fail if composite.result != CompositeResult::Pass => {
            let policy = applied_policy(dmarc, all.dmarc_sample);
            findings.push(about(&DMARC_FAIL).with("policy", policy.as_str()));
        }
        DmarcResult::PermError => {
            findings.push(about(&DMARC_UNUSABLE).with("reason", &dmarc.reason))
        }
        DmarcResult::TempError => {
            findings.push(Finding::of(&LOOKUP_FAILED).with("reason", &dmarc.reason));
        }
        DmarcResult::Pass => findings.push(about(&DMARC_PASS)),
        _ => {}
    }
    let kind = match (composite.result, composite.reason) {
        (CompositeResult::Fail, reasons::TENANT_FORBIDS) => Some(&SPOOF_BLOCKED),
        (CompositeResult::Fail, reasons::EXPLICIT_FAIL_OWN | reasons::IMPLICIT_FAIL_OWN) => {
            Some(&OWN_DOMAIN)
        }
        (CompositeResult::Fail, reasons::IMPLICIT_FAIL) if dmarc.result != DmarcResult::Fail => {
            Some(&UNAUTHENTICATED)
        }
        (CompositeResult::Pass, reasons::TENANT_ALLOWS) => Some(&SPOOF_ALLOWED),
        (CompositeResult::Pass, reasons::ARC_OVERRIDE) => Some(&ARC_OVERRIDE),
        _ => None,
    };
    findings.extend(kind.map(about));
    if facts.arc.result == posthouse_types::ArcResult::Fail {
        findings.push(Finding::of(&ARC_BROKEN).with("reason", &facts.arc.reason));
    }
    if facts.is_cut_short {
        findings.push(Finding::of(&CUT_SHORT));
    }
}

/// What is to be said about the connection.
pub fn connection_findings(connection: &ConnectionFacts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let address = connection.address.to_string();
    if let Some(gateway) = connection.gateway {
        let kind = if gateway.is_lost { &GATEWAY_LOST } else { &BEHIND_GATEWAY };
        let finding = Finding::of(kind).with("gateway", &gateway.address.to_string());
        findings.push(if gateway.is_lost { finding } else { finding.with("address", &address) });
    }
    for list in &connection.block_lists {
        if list.answer.found().is_some() {
            findings.push(
                Finding::of(&BLOCK_LISTED).with("address", &address).with("zone", &list.zone),
            );
        }
    }
    match &connection.reverse_name {
        Lookup::None => findings.push(Finding::of(&NO_REVERSE_NAME).with("address", &address)),
        Lookup::Found(reverse) if !reverse.is_confirmed => {
            findings.push(Finding::of(&REVERSE_UNCONFIRMED).with("name", &reverse.name));
        }
        _ => {}
    }
    let helo = connection.helo.as_str();
    let is_literal = helo.starts_with('[');
    if !helo.is_empty() && !is_literal && !is_server_name(helo) {
        findings.push(Finding::of(&HELO_ODD).with("helo", helo));
    }
    findings
}

/// A name with a dot that is no bare address (RFC 5321 section 4.1.1.1).
fn is_server_name(helo: &str) -> bool {
    let name = helo.strip_suffix('.').unwrap_or(helo);
    name.contains('.')
        && !name.ends_with(".local")
        && !name.ends_with(".localdomain")
        && name.parse::<std::net::IpAddr>().is_err()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
}
