//! Zero-hour (spec 2.10): a verdict that changes after a message was taken in.
//!
//! Pure. What was known of a message is kept for two days in a few hundred bytes, so that lists and
//! policies of now can decide again without the message itself. Only what makes a message worse
//! acts; what a list lets through since is told, and an administrator releases it.

use std::time::Duration;

use posthouse_types::{
    Action, Address, Category, Decision, Domain, Judged, Quarantine, RecipientContext, UnixMillis,
};
use serde::{Deserialize, Serialize};

use crate::{Protection, decide};

/// How far back a changed verdict reaches.
pub const ZERO_HOUR_TIME_MAX: Duration = Duration::from_secs(48 * 3600);
/// Links and files of one message that are kept.
const NAMED_MAX: usize = 32;
/// Bytes of one link that are kept: an entry of the list has 250 characters (spec 2.11), and is
/// about where a link goes, not about its end.
const URL_BYTES_MAX: usize = 256;
/// Bytes of all links of one message that are kept: each recipient's row holds them.
const URLS_BYTES_MAX: usize = 2048;

/// What was known of a message when it was judged.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeptFacts {
    /// What was decided for its recipients, as a word of [`Category`].
    pub category: String,
    /// Every verdict that applied.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// Spam confidence level.
    pub scl: i8,
    /// From.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// MAIL FROM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mail_from: Option<String>,
    /// The connecting address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_ip: Option<std::net::IpAddr>,
    /// Addresses of links.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
    /// SHA-256 of files.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// Domains of verified signatures.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dkim_domains: Vec<String>,
    /// The domain of the connecting host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ptr_domain: Option<String>,
    /// Sent within the organisation.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_internal: bool,
    /// The level that a mail-flow rule set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule_scl: Option<i8>,
    /// Weights of what was found out about its sender, all together.
    pub sender_weight: f32,
    /// Of these, what spoke of phishing and forgery.
    pub sender_phish_weight: f32,
    /// The recipients wrote to the sender before.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub has_corresponded: bool,
    /// The proven domain whose bulk mail it is: calling it junk is a complaint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bulk_domain: Option<String>,
}

/// How a verdict has changed.
#[derive(Clone, Debug, PartialEq)]
pub enum Changed {
    /// It is worse, and this is to be done with a message that is still here; `None` where the
    /// policy does not keep such mail.
    Worse {
        /// The decision of now.
        decision: Box<Decision>,
        /// How it would be kept.
        quarantine: Option<Quarantine>,
    },
    /// A list lets it through now.
    Better {
        /// The decision of now.
        decision: Box<Decision>,
    },
}

impl KeptFacts {
    /// What is kept of a judged message of which this was decided.
    pub fn of(judged: &Judged, decision: &Decision) -> Self {
        let text = |address: &Option<Address>| address.as_ref().map(ToString::to_string);
        Self {
            category: decision.category.as_str().to_owned(),
            categories: words(&judged.categories),
            scl: judged.scl,
            from: text(&judged.from),
            mail_from: text(&judged.mail_from),
            client_ip: judged.client_ip,
            urls: telling(&judged.urls),
            files: judged.file_hashes.iter().take(NAMED_MAX).cloned().collect(),
            dkim_domains: judged.dkim_domains.iter().map(ToString::to_string).collect(),
            ptr_domain: judged.ptr_domain.as_ref().map(ToString::to_string),
            is_internal: judged.is_internal,
            rule_scl: judged.rule_scl,
            ..Self::default()
        }
    }

    /// What was decided when it came, or since.
    pub fn category(&self) -> Category {
        category(&self.category).unwrap_or_default()
    }

    /// Adds verdicts that hold since.
    pub fn add(&mut self, found: &[Category], scl: i8) {
        for category in found {
            let word = category.as_str();
            if !self.categories.iter().any(|known| known == word) {
                self.categories.push(word.to_owned());
                self.scl = self.scl.max(scl);
            }
        }
    }

    /// Who the message says that it is from.
    pub fn author(&self) -> Option<Address> {
        self.from.as_deref().and_then(address)
    }

    /// As policies read it. What is not kept (types of files, the filter's switches, who is
    /// imitated) is missing, so that a decision can only be milder for that.
    pub fn judged(&self) -> Judged {
        let domain = |text: &String| Domain::from_normalized(text.as_str());
        Judged {
            categories: self.categories.iter().filter_map(|word| category(word)).collect(),
            scl: self.scl,
            from: self.author(),
            mail_from: self.mail_from.as_deref().and_then(address),
            client_ip: self.client_ip,
            urls: self.urls.clone(),
            file_hashes: self.files.clone(),
            dkim_domains: self.dkim_domains.iter().map(domain).collect(),
            ptr_domain: self.ptr_domain.as_ref().map(domain),
            is_internal: self.is_internal,
            rule_scl: self.rule_scl,
            ..Judged::default()
        }
    }
}

/// Decides again for one recipient; `None` where nothing has changed, or the tenant wants no
/// zero-hour for such mail.
pub fn decide_again(
    facts: &KeptFacts,
    recipient: &RecipientContext,
    protection: &Protection,
    now: UnixMillis,
) -> Option<Changed> {
    let before = facts.category();
    let decision = decide(&facts.judged(), recipient, protection, now);
    let lets_through = decision.overrides.iter().any(|one| one.allows && one.acted);
    if decision.category < before {
        let is_kept = matches!(decision.action, Action::Quarantine(_));
        return (lets_through && !is_kept)
            .then(|| Changed::Better { decision: Box::new(decision) });
    }
    let policies = protection.policies_for(&recipient.address);
    let is_wanted = match decision.category {
        Category::None | Category::Bulk => false,
        Category::Malware => policies.malware.zap_enabled,
        Category::Spam | Category::HighConfidenceSpam => policies.anti_spam.spam_zap_enabled,
        _ => policies.anti_spam.phish_zap_enabled,
    };
    let quarantine = match &decision.action {
        // A refused address is no verdict on the message.
        Action::Reject { .. } => return None,
        Action::Quarantine(quarantine) => Some(quarantine.clone()),
        _ => None,
    };
    (decision.category > before && is_wanted)
        .then(|| Changed::Worse { decision: Box::new(decision), quarantine })
}

/// The links that are kept, one to each host first: entries are mostly about hosts, and a hundred
/// links to one must not push out the one to another.
fn telling(urls: &[String]) -> Vec<String> {
    let mut hosts = std::collections::BTreeSet::new();
    let (first, others): (Vec<_>, Vec<_>) = urls.iter().partition(|url| hosts.insert(host_of(url)));
    let mut bytes = 0;
    let mut kept = Vec::new();
    for url in first.into_iter().chain(others).take(NAMED_MAX) {
        let cut = url.get(..url.floor_char_boundary(URL_BYTES_MAX)).unwrap_or_default();
        bytes += cut.len();
        if bytes > URLS_BYTES_MAX {
            break;
        }
        kept.push(cut.to_owned());
    }
    kept
}

/// What stands between scheme and path.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

fn words(categories: &[Category]) -> Vec<String> {
    categories.iter().map(|category| category.as_str().to_owned()).collect()
}

fn category(word: &str) -> Option<Category> {
    Category::ALL.into_iter().find(|category| category.as_str() == word)
}

fn address(text: &str) -> Option<Address> {
    let (local, domain) = text.rsplit_once('@')?;
    Some(Address::new(local, Domain::from_normalized(domain)))
}

#[cfg(test)]
mod tests {
    use posthouse_types::QuarantineReason;

    use super::*;
    use crate::Tenant;

    fn protection(more: &str) -> Protection {
        let text = format!(
            "[tenant]\nname = \"contoso\"\n[[accepted_domain]]\nname = \"contoso.example\"\n\
             type = \"authoritative\"\nverified = true\n{more}"
        );
        let tenant = Tenant::from_toml(&text).unwrap();
        tenant.protection().cloned().unwrap_or_default()
    }

    fn ann() -> Address {
        address("ann@contoso.example").unwrap()
    }

    fn facts() -> KeptFacts {
        let judged = Judged {
            from: address("eve@stranger.example"),
            mail_from: address("bounce@mailer.example"),
            urls: vec!["https://lure.example/login".to_owned()],
            file_hashes: vec!["ab".repeat(32)],
            ..Judged::default()
        };
        let nothing = Protection::default();
        let decision =
            decide(&judged, &RecipientContext::of(ann()), &nothing, UnixMillis(1_000_000));
        KeptFacts::of(&judged, &decision)
    }

    fn again(facts: &KeptFacts, more: &str) -> Option<Changed> {
        decide_again(facts, &RecipientContext::of(ann()), &protection(more), UnixMillis(1_000_000))
    }

    fn block(list_type: &str, value: &str) -> String {
        format!(
            "[[tenant_allow_block]]\nlist_type = \"{list_type}\"\nvalue = \"{value}\"\n\
             action = \"block\"\n"
        )
    }

    #[test]
    fn facts_survive_their_text() {
        let facts = facts();
        let text = serde_json::to_string(&facts).unwrap();
        assert!(text.len() < 512, "{} {text}", text.len());
        assert_eq!(serde_json::from_str::<KeptFacts>(&text).unwrap(), facts);
        assert_eq!(facts.judged().from, address("eve@stranger.example"));
    }

    #[test]
    fn many_links_to_one_host_do_not_push_out_the_one_to_another() {
        let mut urls: Vec<String> =
            (0..500).map(|at| format!("https://news.example/{at}/{}", "x".repeat(at))).collect();
        urls.push("https://lure.example/login".to_owned());
        let kept = telling(&urls);
        assert_eq!(kept[..2], [urls[0].clone(), urls[500].clone()]);
        assert!(kept.len() <= NAMED_MAX);
        assert!(kept.iter().map(String::len).sum::<usize>() <= URLS_BYTES_MAX);
    }

    #[test]
    fn each_kind_of_block_entry_makes_a_message_worse() {
        for (entry, reason) in [
            (block("sender", "stranger.example"), QuarantineReason::HighConfidencePhish),
            (block("sender", "mailer.example"), QuarantineReason::HighConfidencePhish),
            (block("url", "lure.example/*"), QuarantineReason::HighConfidencePhish),
            (block("file-hash", &"ab".repeat(32)), QuarantineReason::Malware),
        ] {
            let Some(Changed::Worse { quarantine: Some(kept), .. }) = again(&facts(), &entry)
            else {
                panic!("{entry}");
            };
            assert_eq!(kept.reason, reason, "{entry}");
        }
        assert_eq!(again(&facts(), &block("sender", "other.example")), None);
        assert_eq!(again(&facts(), ""), None);
    }

    #[test]
    fn a_recipients_safe_sender_is_heeded_when_a_message_is_judged_again() {
        let mut facts = facts();
        facts.add(&[Category::Spam], 5);
        let mut context = RecipientContext::of(ann());
        let again = |context: &RecipientContext| {
            decide_again(&facts, context, &Protection::default(), UnixMillis(1_000_000))
        };
        assert!(matches!(again(&context), Some(Changed::Worse { .. })));
        context.safe_senders.push("eve@stranger.example".to_owned());
        assert_eq!(again(&context), None);
    }

    #[test]
    fn what_is_known_already_does_not_change_again() {
        let entry = block("sender", "stranger.example");
        let known = KeptFacts { category: "HPHSH".to_owned(), ..facts() };
        assert_eq!(again(&known, &entry), None);
    }

    #[test]
    fn spec_2_10_a_tenant_switches_it_off_for_each_kind_of_mail() {
        let off = "[[anti_spam_policy]]\nname = \"Default\"\nphish_zap_enabled = false\n";
        let entry = block("sender", "stranger.example");
        assert_eq!(again(&facts(), &format!("{entry}{off}")), None);
        let file = block("file-hash", &"ab".repeat(32));
        assert!(again(&facts(), &format!("{file}{off}")).is_some());
        let mut spam = facts();
        spam.add(&[Category::Spam], 5);
        assert!(matches!(again(&spam, off), Some(Changed::Worse { quarantine: None, .. })));
    }

    #[test]
    fn what_a_list_lets_through_since_is_told_and_nothing_else_is_better() {
        let mut kept = facts();
        kept.add(&[Category::Spam], 5);
        kept.category = "SPM".to_owned();
        let allow = block("sender", "stranger.example").replace("\"block\"", "\"allow\"");
        assert!(matches!(again(&kept, &allow), Some(Changed::Better { .. })));
        // The type of a file is not kept: that it is missing does not make the message better.
        let by_type = KeptFacts { category: "MALW".to_owned(), ..facts() };
        assert_eq!(again(&by_type, ""), None);
    }
}
