//! What was decided about a message, in the fields that hybrid Exchange administrators' transport
//! rules already read (spec 2.4), and the texts of safety tips (spec 2.8).
//!
//! Pure. They are only believable because [`crate::Intake`] removed or renamed every inbound copy.

use std::net::IpAddr;

use posthouse_types::{Action, Decision, Language, Rewrite, SafetyTip, Sfty};

use crate::encode::{field, unstructured_field};

/// Where a header line is folded (RFC 5322 section 2.1.1 recommends 78).
const FOLD_COLUMN: usize = 78;
/// Longest host name that is shown, in characters: the longest that DNS has.
const HOST_CHARACTERS_MAX: usize = 255;

/// What the report says beside the decision.
#[derive(Clone, Copy, Debug, Default)]
pub struct VerdictStamp<'a> {
    /// The address that counts as the sender's.
    pub client_ip: Option<IpAddr>,
    /// Its country, two letters.
    pub country: &'a str,
    /// The message's language.
    pub language: &'a str,
    /// What HELO or EHLO said: a peer's words.
    pub helo: &'a str,
    /// The reverse name of the address: a stranger's words.
    pub reverse_name: &'a str,
    /// Which way the message goes.
    pub direction: ReportDirection,
    /// The language of the lines that people are to read.
    pub tips_in: Language,
}

/// `DIR:` of the report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReportDirection {
    /// To the tenant.
    #[default]
    Inbound,
    /// From the tenant.
    Outbound,
    /// Within the tenant.
    Internal,
}

/// The fields of a decision, each line ended by CRLF, to stand among [`crate::trace_headers`]:
/// `X-Forefront-Antispam-Report`, `X-Microsoft-Antispam`, `X-MS-Exchange-Organization-SCL`,
/// `X-CustomSpam`, and one `X-Posthouse-Safety-Tip` for each tip.
pub fn verdict_headers(stamp: &VerdictStamp<'_>, decision: &Decision) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    report(&mut out, stamp, decision);
    let bcl = format!("BCL:{};", decision.bcl);
    field(&mut out, "X-Microsoft-Antispam", [bcl.as_str()].into_iter());
    let scl = decision.scl.to_string();
    field(&mut out, "X-MS-Exchange-Organization-SCL", [scl.as_str()].into_iter());
    for text in &decision.custom_spam {
        field(&mut out, "X-CustomSpam", text.split(' '));
    }
    for tip in &decision.safety_tips {
        unstructured_field(
            &mut out,
            "X-Posthouse-Safety-Tip",
            &safety_tip_text(tip, stamp.tips_in),
        );
    }
    if decision.safety_tips.iter().any(|tip| matches!(tip, SafetyTip::FirstContact { .. })) {
        field(&mut out, "X-MS-Exchange-EnableFirstContactSafetyTip", ["Enable"].into_iter());
    }
    out
}

/// Who is found behind another gateway, in the fields that Exchange Online writes about it (spec
/// 1.3): that it was found, and that it was judged in the gateway's place.
pub fn skip_listing_headers(sender: IpAddr, helo: &str, is_judged: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(192);
    let value = format!("ip=[{sender}];domain={}", host(helo));
    if is_judged {
        let name = "X-MS-Exchange-ExternalOriginalInternetSender";
        field(&mut out, name, [value.as_str()].into_iter());
    }
    field(&mut out, "X-MS-Exchange-SkipListedInternetSender", [value.as_str()].into_iter());
    out
}

/// What the action changes in the message itself: the field of its choice, the subject.
pub fn verdict_rewrites(decision: &Decision) -> Vec<Rewrite> {
    match &decision.action {
        Action::AddXHeader { name, value } => {
            vec![Rewrite::SetHeader { name: name.as_str().into(), value: value.as_str().into() }]
        }
        Action::ModifySubject { prefix } => vec![Rewrite::PrependSubject(prefix.as_str().into())],
        _ => Vec::new(),
    }
}

/// The line that is shown above a message (spec 2.8). Addresses in it are a stranger's words.
pub fn safety_tip_text(tip: &SafetyTip, language: Language) -> String {
    let shown =
        |text: &str| posthouse_types::printable(text, posthouse_types::SHOWN_CHARACTERS_MAX);
    let (english, german) = match tip {
        SafetyTip::FirstContact { address } => {
            let address = shown(address);
            (
                format!("You don't often get email from {address}."),
                format!("Sie erhalten nicht oft E-Mails von {address}."),
            )
        }
        SafetyTip::SimilarUser => (
            "This sender appears similar to someone who previously sent you email, but may not be \
             that person."
                .to_owned(),
            "Dieser Absender ähnelt jemandem, der Ihnen schon geschrieben hat, ist aber vielleicht \
             nicht diese Person."
                .to_owned(),
        ),
        SafetyTip::SimilarDomain => (
            "This sender might be impersonating a domain that's associated with your organization."
                .to_owned(),
            "Dieser Absender ahmt möglicherweise eine Domäne Ihrer Organisation nach.".to_owned(),
        ),
        SafetyTip::UnusualCharacters { address } => {
            let address = shown(address);
            (
                format!(
                    "The email address {address} includes unexpected letters or numbers. We \
                     recommend you don't interact with this message."
                ),
                format!(
                    "Die Adresse {address} enthält unerwartete Buchstaben oder Ziffern. Antworten \
                     Sie besser nicht, und öffnen Sie nichts aus dieser Nachricht."
                ),
            )
        }
        SafetyTip::UnauthenticatedSender => (
            "We could not verify the identity of the sender.".to_owned(),
            "Wer der Absender ist, ließ sich nicht überprüfen.".to_owned(),
        ),
        SafetyTip::Via { domain } => {
            let domain = shown(domain);
            (format!("via {domain}"), format!("über {domain}"))
        }
    };
    match language {
        Language::English => english,
        Language::German => german,
    }
}

/// `X-Forefront-Antispam-Report`, in the field order of Exchange Online's. `SFS` stays empty: its
/// numbers are Microsoft's own.
fn report(out: &mut Vec<u8>, stamp: &VerdictStamp<'_>, decision: &Decision) {
    let ip = stamp.client_ip.map(|ip| ip.to_string()).unwrap_or_default();
    let direction = match stamp.direction {
        ReportDirection::Inbound => "INB",
        ReportDirection::Outbound => "OUT",
        ReportDirection::Internal => "INT",
    };
    let scl = decision.scl.to_string();
    let (helo, reverse) = (host(stamp.helo), host(stamp.reverse_name));
    let pairs = [
        ("CIP", ip.as_str()),
        ("CTRY", &code(stamp.country)),
        ("LANG", &code(stamp.language)),
        ("SCL", &scl),
        ("SRV", if decision.is_bulk { "BULK" } else { "" }),
        ("IPV", if decision.is_ip_allowed { "CAL" } else { "NLI" }),
        ("SFV", decision.sfv.as_str()),
        ("H", &helo),
        ("PTR", &reverse),
        ("CAT", decision.category_word),
        ("SFTY", decision.sfty.map_or("", Sfty::as_str)),
        ("SFS", ""),
        ("DIR", direction),
    ];
    const NAME: &str = "X-Forefront-Antispam-Report:";
    out.extend_from_slice(NAME.as_bytes());
    out.push(b' ');
    let mut column = NAME.len() + 1;
    for (key, value) in pairs {
        let pair = format!("{key}:{value};");
        if column + pair.len() > FOLD_COLUMN && column > 1 {
            out.extend_from_slice(b"\r\n ");
            column = 1;
        }
        out.extend_from_slice(pair.as_bytes());
        column += pair.len();
    }
    out.extend_from_slice(b"\r\n");
}

/// A host's name as far as it can neither end the field nor look like another pair of it.
fn host(text: &str) -> String {
    let sound = |c: char| {
        if c.is_ascii_alphanumeric() || "-._[]".contains(c) { c } else { '?' }
    };
    // An address literal's colons stay away too: `H:[IPv6?2001?..]` misleads nobody's rule.
    text.chars().take(HOST_CHARACTERS_MAX).map(sound).collect()
}

/// A code of letters, as languages and countries have.
fn code(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).take(8).collect()
}

#[cfg(test)]
mod tests {
    use posthouse_types::{Category, PolicyKind, Sfv};

    use super::*;

    fn decision() -> Decision {
        Decision {
            action: Action::Deliver,
            category: Category::None,
            category_word: "NONE",
            scl: 1,
            bcl: 0,
            is_bulk: false,
            sfv: Sfv::Nspm,
            is_ip_allowed: false,
            sfty: None,
            policy: PolicyKind::AntiSpam,
            policy_name: "Default".to_owned(),
            overrides: Vec::new(),
            safety_tips: Vec::new(),
            custom_spam: Vec::new(),
            bcc: Vec::new(),
            because: Vec::new(),
            counterfactuals: Vec::new(),
        }
    }

    fn written(stamp: &VerdictStamp<'_>, decision: &Decision) -> String {
        String::from_utf8(verdict_headers(stamp, decision)).unwrap()
    }

    #[test]
    fn the_report_has_the_fields_in_their_order() {
        let stamp = VerdictStamp {
            client_ip: Some("192.0.2.1".parse().unwrap()),
            language: "hr",
            helo: "mail.fabrikam.com",
            ..VerdictStamp::default()
        };
        let text = written(&stamp, &decision());
        assert_eq!(
            text,
            "X-Forefront-Antispam-Report: CIP:192.0.2.1;CTRY:;LANG:hr;SCL:1;SRV:;IPV:NLI;\r\n \
             SFV:NSPM;H:mail.fabrikam.com;PTR:;CAT:NONE;SFTY:;SFS:;DIR:INB;\r\n\
             X-Microsoft-Antispam: BCL:0;\r\n\
             X-MS-Exchange-Organization-SCL: 1\r\n"
        );
    }

    #[test]
    fn every_value_of_a_decision_is_stamped() {
        let spam = Decision {
            category_word: "BULK",
            scl: 6,
            bcl: 8,
            is_bulk: true,
            sfv: Sfv::Spm,
            is_ip_allowed: true,
            sfty: Some(Sfty::FirstContact),
            safety_tips: vec![SafetyTip::FirstContact { address: "a@b.example".to_owned() }],
            custom_spam: vec!["Web bug", "Empty Message"],
            ..decision()
        };
        let stamp =
            VerdictStamp { direction: ReportDirection::Internal, ..VerdictStamp::default() };
        let text = written(&stamp, &spam).replace("\r\n ", "");
        for part in [
            ";SCL:6;SRV:BULK;IPV:CAL;SFV:SPM;",
            ";CAT:BULK;SFTY:9.25;SFS:;DIR:INT;\r\n",
            "X-Microsoft-Antispam: BCL:8;\r\n",
            "X-CustomSpam: Web bug\r\nX-CustomSpam: Empty Message\r\n",
            "X-Posthouse-Safety-Tip: You don't often get email from a@b.example.\r\n",
            "X-MS-Exchange-EnableFirstContactSafetyTip: Enable\r\n",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
    }

    #[test]
    fn a_peer_s_name_never_adds_a_pair_or_a_line() {
        let stamp = VerdictStamp {
            helo: "x;SCL:-1;SFV:SKN\r\nX-MS-Exchange-Organization-SCL: -1",
            reverse_name: "müll.example",
            country: "D;E",
            ..VerdictStamp::default()
        };
        let text = written(&stamp, &decision());
        assert!(text.is_ascii());
        assert_eq!(text.matches("SCL:").count(), 2, "ours, and ours: {text}");
        assert_eq!(text.matches("SFV:").count(), 1);
        assert_eq!(text.replace("\r\n ", "").lines().count(), 3);
    }

    #[test]
    fn an_action_changes_a_field_or_the_subject() {
        let with = |action| verdict_rewrites(&Decision { action, ..decision() });
        assert_eq!(
            with(Action::AddXHeader { name: "X-Odd".to_owned(), value: "it is".to_owned() }),
            [Rewrite::SetHeader { name: "X-Odd".into(), value: "it is".into() }]
        );
        assert_eq!(
            with(Action::ModifySubject { prefix: "[SPAM] ".to_owned() }),
            [Rewrite::PrependSubject("[SPAM] ".into())]
        );
        assert!(with(Action::JunkHeader).is_empty());
    }

    #[test]
    fn what_we_write_nobody_can_send_in() {
        use crate::header::{Treatment, treatment};
        let all = Decision {
            safety_tips: vec![SafetyTip::FirstContact { address: "a@b.example".to_owned() }],
            custom_spam: vec!["Web bug"],
            ..decision()
        };
        let text = written(&VerdictStamp::default(), &all).replace("\r\n ", "");
        for line in text.lines() {
            let (name, value) = line.split_once(':').unwrap();
            let treated = treatment(name.as_bytes(), value.as_bytes(), "mx.gateway.example");
            assert!(matches!(treated, Treatment::Remove | Treatment::Rename(_)), "{name}");
        }
    }
}
