//! Domains and addresses after parsing: one form for routing *and* for policy.

use std::borrow::Borrow;
use std::fmt;

/// A domain in its one comparable form: lower case, A-labels, no trailing dot; or an address
/// literal in brackets. Made by `smtp::address` from a peer's words and by `policy` from a file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Domain(Box<str>);

impl Domain {
    /// Wraps a name that is already lower-case A-labels. The caller vouches for that.
    pub fn from_normalized(name: impl Into<Box<str>>) -> Self {
        Self(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is an address literal (`[192.0.2.1]`), which no tenant can own.
    pub fn is_literal(&self) -> bool {
        self.0.starts_with('[')
    }

    /// The name without its first label; `None` at the top.
    pub fn parent(&self) -> Option<&str> {
        parent(&self.0)
    }

    /// Whether this equals `other` or lies below it, at a label boundary.
    pub fn is_or_below(&self, other: &str) -> bool {
        is_or_below(&self.0, other)
    }

    /// This name, then each name above it.
    pub fn with_parents(&self) -> impl Iterator<Item = &str> {
        std::iter::successors(Some(self.as_str()), |name| parent(name))
    }
}

fn parent(name: &str) -> Option<&str> {
    name.split_once('.').map(|(_, rest)| rest).filter(|rest| !rest.is_empty())
}

fn is_or_below(name: &str, other: &str) -> bool {
    name.strip_suffix(other).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

impl Borrow<str> for Domain {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for Domain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A mailbox: local part and domain.
///
/// The local part is in wire form with needless quoting removed (`"a"@d` is `a@d`), its case
/// kept; quoted only where it must be. `Postmaster` without a domain is the operator's
/// (RFC 5321 section 4.1.1.3) and is told apart before an `Address` is made.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    local: Box<str>,
    domain: Domain,
}

impl Address {
    /// Puts parsed parts together.
    pub fn new(local: impl Into<Box<str>>, domain: Domain) -> Self {
        Self { local: local.into(), domain }
    }

    /// The local part in wire form.
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The domain.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// Whether the local part needs SMTPUTF8 (RFC 6531); the domain never does, it is A-labels.
    pub fn needs_smtputf8(&self) -> bool {
        !self.local.is_ascii()
    }

    /// Whether this is `postmaster`, in any case.
    pub fn is_postmaster(&self) -> bool {
        self.local.eq_ignore_ascii_case("postmaster")
    }

    /// The form that recipients are compared in: the local part's case folded, as Exchange does.
    pub fn folded(&self) -> String {
        format!("{}@{}", self.local.to_lowercase(), self.domain)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}@{}", self.local, self.domain)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_lies_below_another_only_at_a_label_boundary() {
        let domain = Domain::from_normalized("mail.contoso.example");
        assert!(domain.is_or_below("contoso.example"));
        assert!(domain.is_or_below("mail.contoso.example"));
        assert!(!domain.is_or_below("oso.example"));
        assert!(!domain.is_or_below("a.mail.contoso.example"));
        assert_eq!(
            domain.with_parents().collect::<Vec<_>>(),
            ["mail.contoso.example", "contoso.example", "example"]
        );
    }
}
