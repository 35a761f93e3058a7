//! Operational events as Windows event XML: events 11 and 30 in the shape that CAPI2 gives them,
//! so that what an administrator knows from the event viewer is found here too, and what the
//! event viewer does not say (which certificate was missing) stands beside it.
//!
//! Pure. All text is escaped; characters that XML cannot hold are dropped.

use crate::texts;
use crate::times::windows;
use crate::{CertificateFacts, ChainFacts, EventData, MissingFacts, OperationalEvent, PeerFacts};

/// What stands before a list of events.
pub const DOCUMENT_START: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Events>\n";
/// What stands after it.
pub const DOCUMENT_END: &str = "</Events>\n";

/// One event as one `<Event>` element on one line, without declaration, LF at the end: between
/// [`DOCUMENT_START`] and [`DOCUMENT_END`] any number of them is a document.
pub fn xml(event: &OperationalEvent, record_id: u64, node_name: &str) -> String {
    let mut out = Writer(String::with_capacity(2048));
    out.open("Event", &[("xmlns", "http://schemas.microsoft.com/win/2004/08/events/event")]);
    system(&mut out, event, record_id, node_name);
    match &event.data {
        EventData::ChainBuilt { peer, chain } => {
            out.open("UserData", &[]);
            chain_built(&mut out, event, peer, chain);
            out.close("UserData");
        }
        EventData::ChainVerified { peer, chain } => {
            out.open("UserData", &[]);
            chain_verified(&mut out, event, peer, chain);
            out.close("UserData");
        }
        other => {
            out.open("EventData", &[]);
            let own = [
                ("text", event.text.clone()),
                ("reason", event.reason.clone()),
                ("reference", event.reference.clone()),
            ];
            for (name, value) in own.into_iter().chain(own_data(other)) {
                out.text("Data", &[("Name", name)], &value);
            }
            out.close("EventData");
        }
    }
    out.close("Event");
    out.0.push('\n');
    out.0
}

/// What Windows says to a result code (eight hexadecimal digits); empty for 0.
pub fn result_text(result: &str) -> &'static str {
    texts::RESULTS.iter().find(|(code, _)| *code == result).map_or("", |(_, text)| text)
}

fn system(out: &mut Writer, event: &OperationalEvent, record_id: u64, node_name: &str) {
    let id = event.data.id();
    let is_chain = matches!(id, 11 | 30);
    let (provider, channel) = if is_chain {
        ("Microsoft-Windows-CAPI2", "Microsoft-Windows-CAPI2/Operational")
    } else {
        ("posthouse", "posthouse/Operational")
    };
    let (task, opcode, keywords) = match id {
        11 => ("11", "2", "0x4000000000000003"),
        30 => ("30", "0", "0x4000000000000001"),
        _ => ("0", "0", "0x8000000000000000"),
    };
    out.open("System", &[]);
    if is_chain {
        let guid = "{5bbca4a8-b209-48dc-a8c7-b23d3e5216fb}";
        out.empty("Provider", &[("Name", provider), ("Guid", guid)]);
    } else {
        out.empty("Provider", &[("Name", provider)]);
    }
    out.text("EventID", &[], &id.to_string());
    out.text("Version", &[], "0");
    out.text("Level", &[], &event.level.number().to_string());
    out.text("Task", &[], task);
    out.text("Opcode", &[], opcode);
    out.text("Keywords", &[], keywords);
    out.empty("TimeCreated", &[("SystemTime", &windows(event.time))]);
    out.text("EventRecordID", &[], &record_id.to_string());
    out.empty("Correlation", &[]);
    out.empty("Execution", &[("ProcessID", "0"), ("ThreadID", "0")]);
    out.text("Channel", &[], channel);
    out.text("Computer", &[], node_name);
    out.empty("Security", &[("UserID", "S-1-5-18")]);
    out.close("System");
}

/// CertGetCertificateChain: the chain as it was built.
fn chain_built(out: &mut Writer, event: &OperationalEvent, peer: &PeerFacts, chain: &ChainFacts) {
    out.open("CertGetCertificateChain", &[]);
    if let Some(leaf) = chain.presented.first() {
        certificate(out, leaf);
    }
    out.open("AdditionalStore", &[]);
    for sent in &chain.presented {
        certificate(out, sent);
    }
    out.close("AdditionalStore");
    out.open("ExtendedKeyUsage", &[("orMatch", "true")]);
    for (oid, name) in texts::USAGES {
        out.empty("Usage", &[("oid", oid), ("name", name)]);
    }
    out.close("ExtendedKeyUsage");
    // Nothing is ever fetched to accept a chain.
    let flags = [
        ("value", "2004"),
        ("CERT_CHAIN_CACHE_ONLY_URL_RETRIEVAL", "true"),
        ("CERT_CHAIN_DISABLE_AIA", "true"),
    ];
    out.empty("Flags", &flags);
    out.empty("ChainEngineInfo", &[("context", "machine")]);
    out.open("CertificateChain", &[("chainRef", &identifier("chain", &event.reference))]);
    trust_status(out, chain.trust_error_bits, 0);
    for (place, element) in chain.path.iter().enumerate() {
        chain_element(out, chain, place, element);
    }
    out.close("CertificateChain");
    trailer(out, event, peer, chain, "1");
    out.close("CertGetCertificateChain");
}

fn chain_element(out: &mut Writer, chain: &ChainFacts, place: usize, element: &CertificateFacts) {
    // An incomplete chain is no element's own fault: Windows shows it on the chain only.
    let is_blamed = chain.element == Some(place) && chain.reason != "chain-incomplete";
    let bits = if is_blamed { chain.trust_error_bits } else { 0 };
    out.open("ChainElement", &[]);
    certificate(out, element);
    if !element.signature.is_empty() {
        out.empty("SignatureAlgorithm", &[("name", &element.signature)]);
    }
    if let Some((name, length)) = element.key.split_once(' ') {
        out.empty("PublicKeyAlgorithm", &[("publicKeyName", name), ("publicKeyLength", length)]);
    }
    const SELF_SIGNED: u32 = 0x8;
    let is_self_signed = element.subject == element.issuer;
    trust_status(out, bits, if is_self_signed { SELF_SIGNED } else { 0 });
    out.close("ChainElement");
}

/// CertVerifyCertificateChainPolicy: the verdict on it.
fn chain_verified(
    out: &mut Writer,
    event: &OperationalEvent,
    peer: &PeerFacts,
    chain: &ChainFacts,
) {
    out.open("CertVerifyCertificateChainPolicy", &[]);
    out.empty("Policy", &[("type", "CERT_CHAIN_POLICY_SSL"), ("constant", "4")]);
    if let Some(leaf) = chain.presented.first() {
        certificate(out, leaf);
    }
    out.empty("CertificateChain", &[("chainRef", &identifier("chain", &event.reference))]);
    out.empty("Flags", &[("value", "0")]);
    out.open("SSLAdditionalPolicyInfo", &[("authType", "client")]);
    if chain.reason == "revoked" {
        out.empty("IgnoreFlags", &[("value", "0")]);
    } else {
        let flags = [("value", "80"), ("SECURITY_FLAG_IGNORE_REVOCATION", "true")];
        out.empty("IgnoreFlags", &flags);
    }
    out.close("SSLAdditionalPolicyInfo");
    // -1: the chain as a whole, as Windows says of a chain that leads nowhere.
    let is_whole = matches!(chain.reason.as_str(), "ok" | "chain-incomplete" | "root-untrusted");
    let element = match chain.element.filter(|_| !is_whole) {
        Some(place) => place.to_string(),
        None => "-1".to_owned(),
    };
    out.empty("Status", &[("chainIndex", "0"), ("elementIndex", &element)]);
    trailer(out, event, peer, chain, "2");
    out.close("CertVerifyCertificateChainPolicy");
}

/// What both events end with; our own findings stand before CAPI2's result.
fn trailer(
    out: &mut Writer,
    event: &OperationalEvent,
    peer: &PeerFacts,
    chain: &ChainFacts,
    sequence: &str,
) {
    out.empty("EventAuxInfo", &[("ProcessName", "posthouse")]);
    let task = identifier("task", &event.reference);
    out.empty("CorrelationAuxInfo", &[("TaskId", &task), ("SeqNumber", sequence)]);
    out.open(
        "PosthouseInfo",
        &[
            ("reason", &chain.reason),
            ("reference", &event.reference),
            ("peer", &peer.address),
            ("helo", &peer.helo),
        ],
    );
    if let Some(missing) = &chain.missing {
        missing_certificate(out, missing);
    }
    out.text("Text", &[], &event.text);
    out.close("PosthouseInfo");
    let is_ok = chain.result.bytes().all(|digit| digit == b'0');
    let value = if is_ok { "0" } else { &chain.result };
    out.text("Result", &[("value", value)], result_text(&chain.result));
}

fn missing_certificate(out: &mut Writer, missing: &MissingFacts) {
    let in_store = if missing.in_store { "true" } else { "false" };
    out.open(
        "MissingCertificate",
        &[("subjectName", &missing.subject), ("keyId", &missing.key_id), ("inStore", in_store)],
    );
    for address in &missing.get {
        out.text("Get", &[], address);
    }
    out.close("MissingCertificate");
}

fn certificate(out: &mut Writer, certificate: &CertificateFacts) {
    let file = format!("{}.cer", certificate.thumbprint);
    let name = common_name(&certificate.subject);
    out.empty("Certificate", &[("fileRef", &file), ("subjectName", name)]);
}

/// The first CN of an RFC 4514 name, as CAPI2 shows a certificate; the whole name without one.
fn common_name(subject: &str) -> &str {
    let mut start = 0;
    let mut is_escaped = false;
    for (at, character) in subject.char_indices().chain([(subject.len(), ',')]) {
        let is_end = at == subject.len() || (matches!(character, ',' | '+') && !is_escaped);
        if is_end {
            let part = subject.get(start..at).unwrap_or_default().trim_start();
            if let Some(name) = part.strip_prefix("CN=") {
                return name;
            }
            start = at + 1;
        }
        is_escaped = character == '\\' && !is_escaped;
    }
    subject
}

fn trust_status(out: &mut Writer, error_bits: u32, info_bits: u32) {
    out.open("TrustStatus", &[]);
    for (tag, bits, names) in [
        ("ErrorStatus", error_bits, texts::TRUST_ERRORS),
        ("InfoStatus", info_bits, texts::TRUST_INFOS),
    ] {
        let value = format!("{bits:X}");
        let mut attributes = vec![("value", value.as_str())];
        let set = names.iter().filter(|(bit, _)| bits & bit != 0);
        attributes.extend(set.map(|(_, name)| (*name, "true")));
        out.empty(tag, &attributes);
    }
    out.close("TrustStatus");
}

/// A GUID that the events of one session share: made from its reference, so that nothing has to
/// be remembered between them (FNV-1a, 128 bits).
fn identifier(kind: &str, reference: &str) -> String {
    let basis = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128;
    let prime = 0x0000_0000_0100_0000_0000_0000_0000_013b_u128;
    let hash = kind
        .bytes()
        .chain(reference.bytes())
        .fold(basis, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(prime));
    format!(
        "{{{:08X}-{:04X}-{:04X}-{:04X}-{:012X}}}",
        hash >> 96,
        (hash >> 80) & 0xffff,
        (hash >> 64) & 0xffff,
        (hash >> 48) & 0xffff,
        hash & 0xffff_ffff_ffff
    )
}

/// The own fields of events that CAPI2 does not know.
fn own_data(data: &EventData) -> Vec<(&'static str, String)> {
    match data {
        EventData::ChainBuilt { .. } | EventData::ChainVerified { .. } | EventData::NodeStopped => {
            Vec::new()
        }
        EventData::NodeStarted { queued, damaged } => {
            vec![("queued", queued.to_string()), ("damaged", damaged.to_string())]
        }
        EventData::ConfigurationChanged { what } => vec![("what", what.clone())],
        EventData::MessageDamaged { kept } => vec![("kept", kept.clone())],
        EventData::StoreFault { error } => vec![("error", error.clone())],
        EventData::MessageHeld { sender, recipient } => {
            vec![("sender", sender.clone()), ("recipient", recipient.clone())]
        }
        EventData::RetentionPurged { what, count } => {
            vec![("what", what.clone()), ("count", count.to_string())]
        }
        EventData::HandshakeFailed { peer, error } => vec![
            ("peer", peer.address.clone()),
            ("helo", peer.helo.clone()),
            ("error", error.clone()),
        ],
        EventData::ClockJumped { seconds } => vec![("seconds", seconds.to_string())],
        EventData::VerdictChanged { outcome, before, now } => {
            vec![("outcome", outcome.clone()), ("before", before.clone()), ("now", now.clone())]
        }
        EventData::LimitReached { entity, name, limit } => {
            vec![("entity", entity.clone()), ("name", name.clone()), ("limit", limit.to_string())]
        }
        EventData::LoginFailed { peer, user } => {
            vec![("peer", peer.address.clone()), ("user", user.clone())]
        }
    }
}

/// Writes elements; whoever calls it closes what it opens.
struct Writer(String);

impl Writer {
    fn open(&mut self, tag: &str, attributes: &[(&str, &str)]) {
        self.start(tag, attributes);
        self.0.push('>');
    }

    fn empty(&mut self, tag: &str, attributes: &[(&str, &str)]) {
        self.start(tag, attributes);
        self.0.push_str("/>");
    }

    fn text(&mut self, tag: &str, attributes: &[(&str, &str)], text: &str) {
        self.open(tag, attributes);
        self.escaped(text);
        self.close(tag);
    }

    fn close(&mut self, tag: &str) {
        self.0.push_str(&format!("</{tag}>"));
    }

    fn start(&mut self, tag: &str, attributes: &[(&str, &str)]) {
        self.0.push('<');
        self.0.push_str(tag);
        for (name, value) in attributes {
            self.0.push_str(&format!(" {name}=\""));
            self.escaped(value);
            self.0.push('"');
        }
    }

    fn escaped(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&apos;"),
                // Not characters of XML 1.0, or never part of an honest name.
                c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
                // What would turn the text around on a screen is written so that it does not.
                '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' => {
                    self.0.push_str(&format!("&#x{:X};", u32::from(character)));
                }
                c => self.0.push(c),
            }
        }
    }
}

#[cfg(test)]
#[path = "capi2_tests.rs"]
pub(crate) mod tests;
