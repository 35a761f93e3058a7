//! Whom a policy is for, and which of several is first (spec 2.1).
//!
//! Touches nothing. Values of one kind are alternatives, different kinds must all hold, and one
//! exception is enough. The first policy that is for a recipient applies alone: policies are
//! never merged.

use posthouse_types::{Address, Domain};

use super::values::{List, is_same};

/// The name that stands for the policy of everybody whom no other is for.
pub const DEFAULT_POLICY: &str = "Default";

/// A policy's conditions and exceptions.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// These users.
    pub sent_to: &'a [Address],
    /// Users of these domains.
    pub recipient_domain_is: &'a [Domain],
    /// But not these users.
    pub except_if_sent_to: &'a [Address],
    /// And not users of these domains.
    pub except_if_recipient_domain_is: &'a [Domain],
}

impl Scope<'_> {
    /// Whether the policy is for this recipient. Without any condition it is for everybody, but
    /// for the exceptions.
    pub fn covers(&self, recipient: &Address) -> bool {
        let named = |list: &[Address]| list.iter().any(|address| is_same(address, recipient));
        let hosted = |list: &[Domain]| list.contains(recipient.domain());
        (self.sent_to.is_empty() || named(self.sent_to))
            && (self.recipient_domain_is.is_empty() || hosted(self.recipient_domain_is))
            && !named(self.except_if_sent_to)
            && !hosted(self.except_if_recipient_domain_is)
    }

    /// Whether there is any condition.
    pub fn has_condition(&self) -> bool {
        !self.sent_to.is_empty() || !self.recipient_domain_is.is_empty()
    }

    /// Whether there is neither condition nor exception.
    pub fn is_empty(&self) -> bool {
        !self.has_condition()
            && self.except_if_sent_to.is_empty()
            && self.except_if_recipient_domain_is.is_empty()
    }
}

/// Something that is for some recipients.
pub(crate) trait Scoped {
    fn name(&self) -> &str;
    fn is_enabled(&self) -> bool;
    fn priority(&self) -> u16;
    fn scope(&self) -> Scope<'_>;

    /// Whether this is the tenant's own version of the default policy.
    fn is_default(&self) -> bool {
        self.name().eq_ignore_ascii_case(DEFAULT_POLICY)
    }
}

macro_rules! scoped {
    ($($name:ty),+) => {$(
        impl $crate::protection::scope::Scoped for $name {
            fn name(&self) -> &str {
                &self.name
            }

            fn is_enabled(&self) -> bool {
                self.enabled
            }

            fn priority(&self) -> u16 {
                self.priority
            }

            fn scope(&self) -> $crate::protection::scope::Scope<'_> {
                $crate::protection::scope::Scope {
                    sent_to: &self.sent_to,
                    recipient_domain_is: &self.recipient_domain_is,
                    except_if_sent_to: &self.except_if_sent_to,
                    except_if_recipient_domain_is: &self.except_if_recipient_domain_is,
                }
            }
        }
    )+};
}

pub(crate) use scoped;

/// The first enabled custom policy that is for a recipient: the lowest priority number, then the
/// first in the file. The default one waits for its turn after them.
pub(crate) fn first_custom<'a, P: Scoped>(policies: &'a [P], recipient: &Address) -> Option<&'a P> {
    policies
        .iter()
        .filter(|policy| policy.is_enabled() && !policy.is_default())
        .filter(|policy| policy.scope().covers(recipient))
        .min_by_key(|policy| policy.priority())
}

/// The tenant's own version of the default policy. It cannot be switched off.
pub(crate) fn own_default<P: Scoped>(policies: &[P]) -> Option<&P> {
    policies.iter().find(|policy| policy.is_default())
}

/// For serde's lists of addresses and domains.
pub(crate) type Addresses = List<Address>;
pub(crate) type Domains = List<Domain>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::FromText;

    fn covers(conditions: [&str; 4], recipient: &str) -> bool {
        let addresses = |text: &str| -> Vec<Address> {
            text.split_whitespace().map(|text| Address::from_text(text).unwrap()).collect()
        };
        let domains = |text: &str| -> Vec<Domain> {
            text.split_whitespace().map(|text| Domain::from_text(text).unwrap()).collect()
        };
        let [to, domain, not_to, not_domain] = conditions;
        let (to, domain) = (addresses(to), domains(domain));
        let (not_to, not_domain) = (addresses(not_to), domains(not_domain));
        let scope = Scope {
            sent_to: &to,
            recipient_domain_is: &domain,
            except_if_sent_to: &not_to,
            except_if_recipient_domain_is: &not_domain,
        };
        scope.covers(&Address::from_text(recipient).unwrap())
    }

    #[test]
    fn kinds_are_joined_by_and_values_by_or_and_exceptions_by_or() {
        //  sent_to          domain   but not     nor domain  recipient  applies
        for (to, domain, not_to, not_domain, recipient, applies) in [
            ("", "", "", "", "x@a.example", true),
            ("x@a.example y@b.example", "", "", "", "Y@b.example", true),
            ("x@a.example", "", "", "", "z@a.example", false),
            ("", "a.example b.example", "", "", "z@b.example", true),
            ("x@a.example", "b.example", "", "", "x@a.example", false),
            ("x@a.example", "a.example", "", "", "x@a.example", true),
            ("", "a.example", "x@a.example", "", "x@a.example", false),
            ("", "a.example", "x@a.example", "", "y@a.example", true),
            ("", "", "", "a.example", "y@a.example", false),
        ] {
            assert_eq!(
                covers([to, domain, not_to, not_domain], recipient),
                applies,
                "{to} / {domain} / {not_to} / {not_domain}: {recipient}"
            );
        }
    }
}
