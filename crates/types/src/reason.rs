//! The one vocabulary of reasons: each refusal and verdict has one of these ids, the same in
//! code, reply, trace, event, metric label and `docs/reasons/`.

use std::fmt;

use crate::ChainReason;

/// Whose fault it is. Picks the reply's class and the level of the log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The peer broke a rule or is not who it would have to be.
    Peer,
    /// The tenant's configuration.
    Tenant,
    /// This node: full, broken or not ready.
    Us,
    /// A third party: DNS, a remote server.
    Elsewhere,
}

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident, $id:literal, $blame:ident;)+) => {
        /// Why something was refused, deferred, held or returned.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason {
            /// The certificate chain that the peer presented; see [`ChainReason`].
            Chain(ChainReason),
            $($(#[doc = $doc])+ $name,)+
        }

        impl Reason {
            /// All reasons but the chain's.
            pub const WITHOUT_CHAIN: &'static [Self] = &[$(Self::$name),+];

            /// The id, in kebab-case.
            pub fn id(self) -> &'static str {
                match self {
                    Self::Chain(reason) => reason.id(),
                    $(Self::$name => $id,)+
                }
            }

            /// Whose fault it is.
            pub fn blame(self) -> Blame {
                match self {
                    Self::Chain(_) => Blame::Peer,
                    $(Self::$name => Blame::$blame,)+
                }
            }

            /// The reason in one sentence, as in its documentation page.
            pub fn summary(self) -> &'static str {
                match self {
                    Self::Chain(_) => "The certificate chain that the peer presented is not accepted.",
                    $(Self::$name => concat!($($doc),+).trim_ascii(),)+
                }
            }
        }
    };
}

reasons! {
    // Attribution (spec 1.3, 1.4; design decision 2).
    /// No connector recognised the sender, and the recipient's domain is not hosted here.
    NoConnector, "no-connector", Peer;
    /// A connector names the certificate, but pins another issuer.
    IssuerMismatch, "issuer-mismatch", Peer;
    /// A connector matched, but neither the certificate's name nor MAIL FROM is an accepted domain of its tenant (ATTR36).
    SenderDomainNotAccepted, "sender-domain-not-accepted", Tenant;
    /// The sender's domain belongs to another tenant than the one that relays it.
    SenderDomainOfAnotherTenant, "sender-domain-of-another-tenant", Peer;
    /// Connectors of several tenants match and the sender does not decide between them.
    AmbiguousConnector, "ambiguous-connector", Tenant;
    /// The address is shared by many organisations and proves nothing alone.
    SharedAddress, "shared-ip-not-identity", Tenant;
    /// The directory of tenants is not loaded yet (ATTR55).
    DirectoryNotLoaded, "directory-not-loaded", Us;
    /// The recipient's domain is hosted here and has no such recipient (directory-based edge blocking).
    RecipientUnknown, "recipient-unknown", Peer;
    /// The recipient belongs to another tenant than the transaction's first one.
    OtherTenantInTransaction, "other-tenant-in-transaction", Peer;
    /// MAIL FROM is a domain of the recipient's organisation, and neither a connector nor SPF allows the server to use it.
    OwnDomainUnproven, "own-domain-unproven", Peer;
    /// A stranger sent a piece of a message (message/partial), which nobody can check.
    MessageFragment, "message-fragment", Peer;
    /// A partner connector requires TLS, and the session has none.
    PartnerTlsRequired, "partner-tls-required", Peer;
    /// A partner connector names the addresses that may send for this domain, and this is none of them.
    PartnerAddressRestricted, "partner-address-restricted", Peer;
    /// A partner connector names the certificate that must be shown for this domain.
    PartnerCertificateRestricted, "partner-certificate-restricted", Peer;
    /// The recipient's domain is hosted here, and no outbound connector leads to its mail server.
    NoRouteForAcceptedDomain, "no-route-for-accepted-domain", Tenant;

    // The SMTP session.
    /// A command line or reply is longer than its limit.
    LineTooLong, "line-too-long", Peer;
    /// The message holds a bare CR or LF, as SMTP smuggling needs.
    BareLineEnding, "bare-line-ending", Peer;
    /// The message holds a NUL octet.
    NulOctet, "nul-octet", Peer;
    /// The peer sent before it was its turn.
    UnauthorisedPipelining, "unauthorised-pipelining", Peer;
    /// More commands in one session than its limit.
    TooManyCommands, "too-many-commands", Peer;
    /// More wrong commands in one session than its limit.
    TooManyErrors, "too-many-errors", Peer;
    /// This node serves as many sessions as it may.
    TooManySessions, "too-many-sessions", Us;
    /// This address has as many sessions as one address may.
    TooManySessionsFromAddress, "too-many-sessions-from-address", Peer;
    /// More recipients in one transaction than its limit.
    TooManyRecipients, "too-many-recipients", Peer;
    /// Nothing was received for longer than the idle limit.
    IdleTimeout, "idle-timeout", Peer;
    /// The session lasted longer than its total limit.
    SessionTimeout, "session-timeout", Peer;
    /// The message arrives slower than the minimum rate.
    TooSlow, "too-slow", Peer;
    /// The message is larger than the limit.
    MessageTooLarge, "message-too-large", Peer;
    /// The header is larger than the limit.
    HeaderTooLarge, "header-too-large", Peer;
    /// The message has been here before, or passed too many hops.
    RoutingLoop, "routing-loop", Tenant;
    /// A command, parameter or address that does not follow the grammar.
    SyntaxError, "syntax-error", Peer;
    /// A command that is not known or not offered.
    CommandUnknown, "command-unknown", Peer;
    /// A command in the wrong order.
    BadSequence, "bad-sequence", Peer;
    /// TLS was asked for, and this node has no certificate.
    TlsNotAvailable, "tls-not-available", Us;
    /// The TLS handshake failed.
    TlsHandshakeFailed, "tls-handshake-failed", Peer;
    /// The client certificate's key cannot be used at all, so the handshake could not end.
    KeyUnusable, "key-unusable", Peer;
    /// An internationalised address without SMTPUTF8.
    SmtpUtf8Required, "smtputf8-required", Peer;

    // Users and local senders of a sending edge.
    /// The port takes this only inside TLS.
    TlsRequired, "tls-required", Peer;
    /// Only users who logged in may send on this port.
    AuthenticationRequired, "authentication-required", Peer;
    /// The user name or the password is wrong, or the log-in was given up.
    AuthenticationFailed, "authentication-failed", Peer;
    /// This address guessed wrong too often and has to wait.
    AuthenticationLocked, "authentication-locked", Peer;
    /// The user may not send as this sender.
    SendAsDenied, "send-as-denied", Peer;
    /// The address is in none of the networks that may relay here without logging in.
    RelayNotPermitted, "relay-not-permitted", Peer;

    // This node.
    /// The node is stopping.
    ShuttingDown, "shutting-down", Us;
    /// No room on disk.
    DiskFull, "disk-full", Us;
    /// The store failed.
    StoreUnavailable, "store-unavailable", Us;

    // Filtering.
    /// The filter is off: the message was not judged.
    FilterAbsent, "filter-absent", Us;
    /// An engine that has to see every message could not look at this one.
    FilterUnavailable, "filter-unavailable", Us;

    /// A policy of every recipient says that the message is refused.
    RejectedByPolicy, "rejected-by-policy", Tenant;
    /// A policy or a mail-flow rule keeps the message in quarantine.
    Quarantined, "quarantined", Tenant;
    /// The verdict on a message has changed after it was taken over.
    ZeroHour, "zero-hour", Peer;

    // Mail-flow rules and outbound policy.
    /// A mail-flow rule of the tenant refuses the message.
    RejectedByRule, "rejected-by-rule", Tenant;
    /// The sender is restricted: it sent more than the outbound policy allows.
    SenderRestricted, "sender-restricted", Tenant;
    /// The tenant's own list blocks a recipient, as it blocks senders.
    RecipientBlocked, "recipient-blocked", Tenant;
    /// A connector or the whole tenant sends more than the outbound policy allows.
    OutboundLimitExceeded, "outbound-limit-exceeded", Tenant;
    /// A mail-flow rule sends the message through an outbound connector that is not there, or is off.
    RuleConnectorMissing, "rule-connector-missing", Tenant;
    /// A mailbox forwards mail to the outside by itself, and the outbound policy does not allow that.
    ForwardingDenied, "forwarding-denied", Tenant;

    // Delivery.
    /// The remote server refused for good.
    RemoteRefused, "remote-refused", Elsewhere;
    /// The remote server refused for now.
    RemoteDeferred, "remote-deferred", Elsewhere;
    /// The smart host does not recognise this server (5.7.64): the message waits for the repair.
    RelayRefused, "relay-refused", Tenant;
    /// The remote server could not be reached.
    ConnectionFailed, "connection-failed", Elsewhere;
    /// The remote server did not answer in time, or broke off.
    ConnectionLost, "connection-lost", Elsewhere;
    /// The remote server's words are not SMTP.
    ProtocolError, "protocol-error", Elsewhere;
    /// The recipient's domain does not exist.
    NoSuchDomain, "no-such-domain", Elsewhere;
    /// The recipient's domain accepts no mail (null MX, RFC 7505).
    NullMx, "null-mx", Elsewhere;
    /// DNS did not answer.
    DnsFailed, "dns-failed", Elsewhere;
    /// The next hop would be this node itself.
    LoopToSelf, "loop-to-self", Tenant;
    /// The connector requires TLS and the remote server does not offer it.
    TlsRequiredNotOffered, "tls-required-not-offered", Elsewhere;
    /// The remote server's certificate does not meet the connector's TLS settings.
    RemoteCertificateRefused, "remote-certificate-refused", Elsewhere;
    /// No server of the domain is one that its MTA-STS policy names (RFC 8461).
    MtaStsNotMet, "mta-sts-not-met", Elsewhere;
    /// The connector's own certificate or key cannot be used.
    OwnCertificateUnusable, "own-certificate-unusable", Tenant;
    /// The address needs SMTPUTF8, and the next hop does not offer it.
    SmtpUtf8NotOffered, "smtputf8-not-offered", Elsewhere;
    /// The message is larger than the next hop takes.
    RemoteSizeExceeded, "remote-size-exceeded", Elsewhere;
    /// Delivery was tried until the message's time was over.
    MessageExpired, "message-expired", Elsewhere;
    /// It can neither be delivered nor returned: held for the tenant.
    Undeliverable, "undeliverable", Elsewhere;
    /// A stored message or row is damaged: set aside and kept.
    Damaged, "damaged", Us;
}

impl Reason {
    /// Every reason: the chain's first.
    pub fn all() -> impl Iterator<Item = Self> {
        ChainReason::ALL.into_iter().map(Self::Chain).chain(Self::WITHOUT_CHAIN.iter().copied())
    }

    /// Finds a reason by its id.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::all().find(|reason| reason.id() == id)
    }
}

impl From<ChainReason> for Reason {
    fn from(reason: ChainReason) -> Self {
        Self::Chain(reason)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.id())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_reasons_share_an_id() {
        let ids: HashSet<_> = Reason::all().map(Reason::id).collect();
        assert_eq!(ids.len(), Reason::all().count());
    }

    #[test]
    fn every_reason_is_found_by_its_id_and_says_what_it_is() {
        for reason in Reason::all() {
            assert_eq!(Reason::from_id(reason.id()), Some(reason));
            assert!(reason.summary().ends_with('.'), "{reason}");
        }
    }
}
