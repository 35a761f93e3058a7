//! The fields that this node writes above a message it took over, in the names that hybrid
//! Exchange administrators' transport rules already read.
//! Pure. They are only believable because [`crate::Intake`] removed every inbound copy before.

use posthouse_types::{Domain, Reference, UnixMillis};

use crate::HeaderFacts;
use crate::date::date_rfc5322;
use crate::encode::field;

/// Which way a message was attributed: the word that Exchange Online stamps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Directionality {
    /// Sent by a tenant through its connector.
    Originating,
    /// Sent to a tenant.
    Incoming,
}

/// What is stamped.
#[derive(Clone, Debug)]
pub struct Stamps<'a> {
    /// Which way the message goes.
    pub directionality: Directionality,
    /// This node.
    pub node_name: &'a str,
    /// The transaction: what `explain` and `trace` ask for.
    pub reference: Reference,
    /// The accepted domain that stands for the tenant; stamped on what it sends.
    pub tenant_domain: Option<&'a Domain>,
    /// Whether the filter judged the message.
    pub filtered: bool,
    /// Now.
    pub now: UnixMillis,
}

/// Our fields, each line ended by CRLF, to stand between our Received line and the message's own
/// header. To an originating message without Message-ID or Date they are added (RFC 6409 section
/// 8); what only passes through is left as it is (RFC 5321 section 6.4).
pub fn trace_headers(stamps: &Stamps<'_>, facts: &HeaderFacts) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    let mut put = |name: &str, value: &str| field(&mut out, name, value.split(' '));
    let is_originating = stamps.directionality == Directionality::Originating;

    put("X-Posthouse-Reference", stamps.reference.as_str());
    put("X-Posthouse-Filtered", if stamps.filtered { "yes" } else { "no" });
    put(
        "X-MS-Exchange-Organization-MessageDirectionality",
        if is_originating { "Originating" } else { "Incoming" },
    );
    if !facts.has_promoted_auth_as {
        // A certificate or an address proves the organisation, not the person who wrote.
        put("X-MS-Exchange-Organization-AuthAs", "Anonymous");
        put("X-MS-Exchange-Organization-AuthSource", stamps.node_name);
    }
    if let Some(domain) = stamps.tenant_domain.filter(|_| is_originating) {
        put("X-OriginatorOrg", domain.as_str());
    }
    if is_originating && facts.message_id.is_empty() {
        put("Message-ID", &format!("<{}@{}>", stamps.reference, stamps.node_name));
    }
    if is_originating && !facts.has_date {
        put("Date", &date_rfc5322(stamps.now));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamped(directionality: Directionality, facts: &HeaderFacts) -> String {
        let domain = Domain::from_normalized("contoso.example");
        let stamps = Stamps {
            directionality,
            node_name: "mx.gateway.example",
            reference: Reference::from_random([7; 10]),
            tenant_domain: Some(&domain),
            filtered: false,
            now: UnixMillis(1_795_457_427_042),
        };
        String::from_utf8(trace_headers(&stamps, facts)).unwrap()
    }

    #[test]
    fn an_originating_message_gets_what_it_lacks() {
        let text = stamped(Directionality::Originating, &HeaderFacts::default());
        assert_eq!(
            text,
            "X-Posthouse-Reference: 0W3GE1R70W3GE1R7\r\n\
             X-Posthouse-Filtered: no\r\n\
             X-MS-Exchange-Organization-MessageDirectionality: Originating\r\n\
             X-MS-Exchange-Organization-AuthAs: Anonymous\r\n\
             X-MS-Exchange-Organization-AuthSource: mx.gateway.example\r\n\
             X-OriginatorOrg: contoso.example\r\n\
             Message-ID: <0W3GE1R70W3GE1R7@mx.gateway.example>\r\n\
             Date: Mon, 23 Nov 2026 18:10:27 +0000\r\n"
        );
    }

    #[test]
    fn an_incoming_message_is_not_completed() {
        let text = stamped(Directionality::Incoming, &HeaderFacts::default());
        assert!(text.contains("Directionality: Incoming\r\n"));
        for name in ["Message-ID", "\nDate", "X-OriginatorOrg"] {
            assert!(!text.contains(name), "{name}");
        }
    }

    #[test]
    fn a_promoted_statement_on_authentication_stands() {
        let facts = HeaderFacts { has_promoted_auth_as: true, ..HeaderFacts::default() };
        assert!(!stamped(Directionality::Originating, &facts).contains("AuthAs"));
    }
}
