//! `Authentication-Results` in Microsoft's form, and `Received-SPF`: what mail-flow rules of hybrid
//! Exchange organisations already read (spec 2.5).
//!
//! Pure. Every value comes from a stranger's message or his DNS: what is no plain token is replaced
//! before it is written, so that no value can end its own result and begin another (RFC 8601
//! section 7.1). They are believable because [`crate::Intake`] renamed or removed every inbound copy.

use std::net::IpAddr;

use posthouse_types::{
    ArcResult, AuthenticationFacts, CompositeAuthentication, DmarcAction, DmarcResult, SpfFact,
    SpfIdentity, SpfResult,
};

use crate::encode::field;

/// Longest value that is written: a DNS name.
const VALUE_CHARACTERS_MAX: usize = 253;

/// What is written into Authentication-Results.
#[derive(Clone, Copy, Debug)]
pub struct ResultsStamp<'a> {
    /// What was gathered.
    pub facts: &'a AuthenticationFacts,
    /// The address that was judged; after skip listing not the connecting one.
    pub client: IpAddr,
    /// compauth.
    pub composite: CompositeAuthentication,
    /// What DMARC asks for.
    pub action: DmarcAction,
}

/// The field, folded, with its line ends. As Exchange Online writes it there is no authserv-id.
pub fn authentication_results(stamp: &ResultsStamp<'_>) -> Vec<u8> {
    let spf = &stamp.facts.spf;
    let identity = match spf.identity {
        SpfIdentity::MailFrom => "smtp.mailfrom",
        SpfIdentity::Helo => "smtp.helo",
    };
    let mut text = format!(
        "spf={} (sender IP is {}) {identity}={};",
        spf.result.as_str(),
        stamp.client,
        token(&spf.domain)
    );
    for fact in &stamp.facts.dkim {
        let (result, reason) = (fact.result.as_str(), fact.reason.as_str());
        text.push_str(&format!(" dkim={result} ({reason}) header.d={};", token(&fact.domain)));
    }
    if stamp.facts.dkim.is_empty() {
        text.push_str(" dkim=none (message not signed) header.d=none;");
    }
    let dmarc = &stamp.facts.dmarc;
    let result = match dmarc.result {
        // The action says it.
        DmarcResult::TempError | DmarcResult::PermError => "none",
        result => result.as_str(),
    };
    text.push_str(&format!(
        "dmarc={result} action={} header.from={};compauth={} reason={:03}",
        stamp.action.as_str(),
        token(&dmarc.header_from),
        stamp.composite.result.as_str(),
        stamp.composite.reason
    ));
    // Beyond Microsoft's form, for the seal that may follow (RFC 8617 section 5.1): what was made of
    // the chain, where there is one.
    let arc = &stamp.facts.arc;
    if arc.result != ArcResult::None {
        text.push_str(&format!("; arc={} ({})", arc.result.as_str(), arc.sets));
    }
    let mut out = Vec::with_capacity(text.len() + 64);
    field(&mut out, "Authentication-Results", text.split(' '));
    out
}

/// `Received-SPF` (RFC 7208 section 9.1) in Microsoft's words.
pub fn received_spf(spf: &SpfFact, node_name: &str, helo: &str) -> Vec<u8> {
    let domain = token(&spf.domain);
    let client = spf.client.map_or_else(|| "unknown".to_owned(), |client| client.to_string());
    let (result, why) = match spf.result {
        SpfResult::Pass => {
            ("Pass", format!("domain of {domain} designates {client} as permitted sender"))
        }
        SpfResult::Fail => {
            ("Fail", format!("domain of {domain} does not designate {client} as permitted sender"))
        }
        SpfResult::SoftFail => (
            "SoftFail",
            format!(
                "domain of transitioning {domain} discourages use of {client} as permitted sender"
            ),
        ),
        SpfResult::Neutral => {
            ("Neutral", format!("{client} is neither permitted nor denied by domain of {domain}"))
        }
        SpfResult::None => ("None", format!("{domain} does not designate permitted sender hosts")),
        SpfResult::NotAsked => ("None", "nobody was asked".to_owned()),
        SpfResult::TempError => {
            ("TempError", format!("error in processing during lookup of {domain}: DNS Timeout"))
        }
        SpfResult::PermError => {
            ("PermError", format!("domain of {domain} used an invalid SPF mechanism"))
        }
    };
    let text = format!(
        "{result} ({node_name}: {why}) receiver={node_name}; client-ip={client}; helo={};",
        token(helo)
    );
    let mut out = Vec::with_capacity(text.len() + 64);
    field(&mut out, "Received-SPF", text.split(' '));
    out
}

/// A value as a token: whatever could end it becomes `_`; nothing at all is `none`.
fn token(value: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._@[]:+".contains(c);
    let plain = |c: char| if is_plain(c) { c } else { '_' };
    let token: String = value.chars().take(VALUE_CHARACTERS_MAX).map(plain).collect();
    if token.is_empty() { "none".to_owned() } else { token }
}

#[cfg(test)]
mod tests {
    use posthouse_types::{CompositeResult, DkimFact, DkimReason, DkimResult, DmarcFact};

    use super::*;

    fn stamp(facts: &AuthenticationFacts) -> String {
        let stamp = ResultsStamp {
            facts,
            client: "192.0.2.1".parse().unwrap(),
            composite: CompositeAuthentication { result: CompositeResult::Fail, reason: 1 },
            action: DmarcAction::None,
        };
        String::from_utf8(authentication_results(&stamp)).unwrap()
    }

    #[test]
    fn results_read_as_exchange_online_s() {
        let facts = AuthenticationFacts {
            spf: SpfFact {
                result: SpfResult::Pass,
                domain: "contoso.example".into(),
                ..SpfFact::default()
            },
            dkim: vec![DkimFact {
                result: DkimResult::Fail,
                reason: DkimReason::BodyHash,
                domain: "fabrikam.example".into(),
                ..DkimFact::default()
            }],
            dmarc: DmarcFact {
                result: DmarcResult::None,
                header_from: "tailspin.example".into(),
                ..DmarcFact::default()
            },
            ..AuthenticationFacts::default()
        };
        assert_eq!(
            stamp(&facts),
            "Authentication-Results: spf=pass (sender IP is 192.0.2.1)\r\n \
             smtp.mailfrom=contoso.example; dkim=fail (body hash did not verify)\r\n \
             header.d=fabrikam.example;dmarc=none action=none\r\n \
             header.from=tailspin.example;compauth=fail reason=001\r\n"
        );
        assert!(stamp(&AuthenticationFacts::default()).contains("dkim=none (message not signed)"));
        let mut sealed = facts;
        (sealed.arc.result, sealed.arc.sets) = (ArcResult::Pass, 2);
        assert!(stamp(&sealed).ends_with("reason=001; arc=pass (2)\r\n"));
    }

    #[test]
    fn att_07_no_value_ends_its_result_and_begins_another() {
        let hostile = "x.example; dmarc=pass\r\nX-Evil: (\"".to_owned();
        let spf = SpfFact { domain: hostile.clone(), ..SpfFact::default() };
        let dkim = vec![DkimFact { domain: hostile.clone(), ..DkimFact::default() }];
        let dmarc = DmarcFact { header_from: hostile.clone(), ..DmarcFact::default() };
        let facts = AuthenticationFacts { spf, dkim, dmarc, ..AuthenticationFacts::default() };
        let text = stamp(&facts);
        assert!(!text.contains("dmarc=pass") && !text.contains("\r\nX-Evil"), "{text}");
        assert_eq!(text.matches("dmarc=").count(), 1, "{text}");
        let text = received_spf(&facts.spf, "mx.gateway.example", &hostile);
        assert!(!String::from_utf8(text).unwrap().contains("\r\nX-Evil"));
    }

    #[test]
    fn received_spf_says_why_in_the_field_s_words() {
        let fact = |result| SpfFact {
            result,
            domain: "contoso.example".into(),
            client: Some("192.0.2.1".parse().unwrap()),
            ..SpfFact::default()
        };
        let text = |result| {
            let bytes = received_spf(&fact(result), "mx.gateway.example", "mail.contoso.example");
            String::from_utf8(bytes).unwrap().replace("\r\n ", " ")
        };
        assert_eq!(
            text(SpfResult::None),
            "Received-SPF: None (mx.gateway.example: contoso.example does not designate permitted \
             sender hosts) receiver=mx.gateway.example; client-ip=192.0.2.1; \
             helo=mail.contoso.example;\r\n"
        );
        for (result, words) in [
            (SpfResult::Pass, "Pass (mx.gateway.example: domain of contoso.example designates"),
            (SpfResult::Fail, "does not designate 192.0.2.1 as permitted sender"),
            (SpfResult::TempError, "TempError (mx.gateway.example: error in processing"),
        ] {
            assert!(text(result).contains(words), "{}", text(result));
        }
    }
}
