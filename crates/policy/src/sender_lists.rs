//! Recipients' own safe and blocked senders.
//!
//! Touches nothing. Kept beside the recipients, for those only that have any: a provider's node
//! holds tens of millions of recipients, and most never list anybody. What a list does to a verdict
//! is in `protection::matrix`.

use std::fmt::{self, Display};

use posthouse_types::{Address, Domain, RecipientContext};

use crate::protection::values::List;
use crate::tenant::Tenant;
use crate::text::{FromText, shown};

/// Safe senders of one recipient: Exchange Online's limit.
pub const SAFE_SENDERS_MAX: usize = 1024;
/// Blocked senders of one recipient: Exchange Online's limit.
pub const BLOCKED_SENDERS_MAX: usize = 500;

/// One recipient's own lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SenderLists {
    /// Whose, folded: addresses are one in any case.
    recipient: Box<str>,
    /// Senders whose mail is to reach the inbox, sorted.
    pub safe_senders: List<ListedSender>,
    /// Senders whose mail is to go to the junk folder, sorted.
    pub blocked_senders: List<ListedSender>,
}

/// A sender in a recipient's list: an address, or a domain without what lies below it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListedSender(Box<str>);

impl ListedSender {
    /// The folded address, or the domain.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromText for ListedSender {
    /// Outlook writes a domain with `@` before it or without.
    fn from_text(text: &str) -> Result<Self, String> {
        let domain = text.strip_prefix('@').unwrap_or(text);
        let folded = if domain.contains('@') {
            Address::from_text(domain).map(|address| address.folded().into())
        } else {
            Domain::from_text(domain).map(|domain| domain.as_str().into())
        };
        folded.map(Self).map_err(|_| {
            format!("{} is no sender of a recipient's list: an address or a domain", shown(text))
        })
    }
}

impl Display for ListedSender {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl SenderLists {
    /// What a recipient lists.
    pub(crate) fn new(
        recipient: &Address,
        safe_senders: List<ListedSender>,
        blocked_senders: List<ListedSender>,
    ) -> Self {
        Self { recipient: recipient.folded().into(), safe_senders, blocked_senders }
    }

    /// Whose lists these are.
    pub fn recipient(&self) -> &str {
        &self.recipient
    }

    fn is_empty(&self) -> bool {
        self.safe_senders.is_empty() && self.blocked_senders.is_empty()
    }

    /// What is wrong with them, as a sentence without a full stop.
    pub(crate) fn problem(&self, tenant: &Tenant) -> Option<String> {
        let recipient = &self.recipient;
        for (key, count, count_max) in [
            ("safe_senders", self.safe_senders.len(), SAFE_SENDERS_MAX),
            ("blocked_senders", self.blocked_senders.len(), BLOCKED_SENDERS_MAX),
        ] {
            if count > count_max {
                return Some(format!("{recipient} has more than {count_max} {key}"));
            }
        }
        // Whoever forges a colleague would reach the inbox: Outlook refuses it, too.
        let own = self.safe_senders.iter().find(|sender| {
            *sender.0 == *self.recipient || tenant.accepted_domain(sender.as_str()).is_some()
        })?;
        Some(format!(
            "{own} in safe_senders of {recipient} is this organisation itself, and whoever forges it \
             would reach the inbox: list single addresses"
        ))
    }
}

/// Sorts lists, puts those of one recipient together, and drops those that are empty.
pub(crate) fn normalize(lists: &mut Box<[SenderLists]>) {
    let mut rows = std::mem::take(lists).into_vec();
    rows.retain(|row| !row.is_empty());
    rows.sort_by(|a, b| a.recipient.cmp(&b.recipient));
    let all = |rows: &[SenderLists], list: fn(&SenderLists) -> &List<ListedSender>| {
        let mut senders: Vec<_> = rows.iter().flat_map(|row| list(row).iter().cloned()).collect();
        senders.sort();
        senders.dedup();
        senders.into_iter().collect()
    };
    let together = |rows: &[SenderLists]| {
        let recipient = rows.first()?.recipient.clone();
        let safe_senders = all(rows, |row| &row.safe_senders);
        let blocked_senders = all(rows, |row| &row.blocked_senders);
        Some(SenderLists { recipient, safe_senders, blocked_senders })
    };
    *lists = rows.chunk_by(|a, b| a.recipient == b.recipient).filter_map(together).collect();
}

impl Tenant {
    /// Every recipient's own lists, by recipient.
    pub fn all_sender_lists(&self) -> &[SenderLists] {
        self.extras.as_ref().map_or(&[], |extras| &extras.sender_lists)
    }

    /// A recipient's own lists, where it has any. The tenant has to be normalized.
    pub fn sender_lists(&self, recipient: &Address) -> Option<&SenderLists> {
        let lists = self.all_sender_lists();
        if lists.is_empty() {
            return None;
        }
        let folded = recipient.folded();
        let index = lists.binary_search_by(|row| (*row.recipient).cmp(&folded)).ok()?;
        lists.get(index)
    }

    /// A recipient, with those of its own entries that name this sender.
    pub fn recipient_context(
        &self,
        recipient: Address,
        sender: Option<&Address>,
    ) -> RecipientContext {
        let mut context = RecipientContext::of(recipient);
        if let Some((lists, sender)) = self.sender_lists(&context.address).zip(sender) {
            let folded = sender.folded();
            let named = |list: &List<ListedSender>| {
                let names = [folded.as_str(), sender.domain().as_str()];
                let is_listed =
                    |name: &&str| list.binary_search_by(|entry| entry.as_str().cmp(name)).is_ok();
                names.into_iter().filter(is_listed).map(str::to_owned).collect()
            };
            context.safe_senders = named(&lists.safe_senders);
            context.blocked_senders = named(&lists.blocked_senders);
        }
        context
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "[tenant]\nname = \"contoso\"\n[[accepted_domain]]\n\
        name = \"contoso.example\"\nverified = true\n[[recipient]]\n\
        address = \"Ann@contoso.example\"\n";

    fn tenant(lists: &str) -> Tenant {
        Tenant::from_toml(&format!("{FILE}{lists}")).unwrap()
    }

    fn address(text: &str) -> Address {
        Address::from_text(text).unwrap()
    }

    #[test]
    fn a_list_names_an_address_or_a_domain_in_any_case_but_nothing_below_it() {
        let tenant = tenant(
            "safe_senders = [\"Eve@News.example\", \"@shop.example\"]\n\
             blocked_senders = [\"news.example\"]\n",
        );
        for (sender, safe, blocked) in [
            ("EVE@news.example", vec!["eve@news.example"], vec!["news.example"]),
            ("bob@news.example", vec![], vec!["news.example"]),
            ("bob@shop.example", vec!["shop.example"], vec![]),
            ("bob@a.shop.example", vec![], vec![]),
        ] {
            let context =
                tenant.recipient_context(address("ANN@contoso.example"), Some(&address(sender)));
            assert_eq!((context.safe_senders, context.blocked_senders), {
                let owned = |list: Vec<&str>| list.into_iter().map(str::to_owned).collect();
                (owned(safe), owned(blocked))
            });
        }
        let other = address("bob@contoso.example");
        let eve = address("eve@news.example");
        assert!(tenant.recipient_context(other, Some(&eve)).safe_senders.is_empty());
    }

    #[test]
    fn lists_survive_both_formats_and_recipients_without_any_cost_nothing() {
        let listed = tenant("safe_senders = [\"b.example\", \"a.example\"]\n");
        assert_eq!(Tenant::from_toml(&listed.to_toml()).unwrap(), listed);
        assert_eq!(Tenant::from_json(&listed.to_json()).unwrap(), listed);
        assert!(listed.to_toml().contains("address = \"Ann@contoso.example\""));
        assert!(tenant("").extras.is_none());
        assert!(tenant("safe_senders = []\n").extras.is_none());
    }

    #[test]
    fn the_organisation_itself_and_more_than_the_limit_cannot_be_listed() {
        let count = BLOCKED_SENDERS_MAX + 1;
        let many: Vec<String> = (0..count).map(|number| format!("\"d{number}.example\"")).collect();
        for (lists, words) in [
            ("safe_senders = [\"contoso.example\"]\n".to_owned(), "organisation itself"),
            ("safe_senders = [\"ann@contoso.example\"]\n".to_owned(), "organisation itself"),
            (format!("blocked_senders = [{}]\n", many.join(", ")), "more than 500"),
        ] {
            let tenant = tenant(&lists);
            let problem = tenant.all_sender_lists()[0].problem(&tenant).unwrap();
            assert!(problem.contains(words), "{problem}");
        }
        let colleague = tenant("safe_senders = [\"bob@contoso.example\"]\n");
        assert_eq!(colleague.all_sender_lists()[0].problem(&colleague), None);
    }

    #[test]
    fn what_is_no_sender_is_refused() {
        for text in ["", "@", "*.news.example", "a b@news.example", "192.0.2.1"] {
            assert!(ListedSender::from_text(text).is_err(), "{text}");
        }
    }
}
