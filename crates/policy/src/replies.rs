//! Every refusal that attribution gives: Microsoft's own words first, then one sentence about the
//! peer's own certificate, address or message.
//!
//! Touches nothing. What a reply says follows from what the peer showed, never from what a tenant
//! has set up: two peers that show the same are told the same, so that nobody can ask the gateway
//! who its tenants are. The administrator's text may say more.

use posthouse_types::{
    Address, ChainReport, Domain, EnhancedStatus, Reason, Refusal, Reply, SHOWN_CHARACTERS_MAX,
    printable, printable_ascii,
};

use crate::attribution::Question;
use crate::chains::RuledChain;
use crate::issuer;
use crate::partner::PartnerFailure;
use crate::recognition::Shown;

/// Exchange Online's words where no connector recognised the sender.
pub const RELAY_DENIED: &str = "TenantAttribution; Relay Access Denied";
/// Its words where a connector matched, but neither MAIL FROM nor the certificate is the tenant's.
pub const RELAY_DENIED_ATTR36: &str =
    "Relay Access Denied ATTR36. For more information, see KB 3169958";
/// Its words where attribution cannot be done.
pub const NOT_LOADED_ATTR55: &str = "Temporary server error. Please try again later ATTR55";
/// Its words for directory-based edge blocking.
pub const RECIPIENT_UNKNOWN: &str = "Recipient address rejected: Access denied";
/// Where it has no words of its own: mail for a hosted domain that nothing leads home.
pub(crate) const NO_ROUTE: &str = "No route to the recipient's mail server";
/// Its words for a partner connector's restriction.
pub const PARTNER_RESTRICTED: &str = "TenantInboundAttribution; There is a partner connector \
    configured that matched the message's recipient domain. The connector had either the \
    RestrictDomainsToIPAddresses or RestrictDomainsToCertificate set";
/// Its words for missing TLS. What it says where a partner connector asks for TLS is not
/// documented; these are its words to submitters, with the same status.
pub const TLS_REQUIRED: &str = "STARTTLS is required to send mail";

/// Lines after the first: with it, a reply has four.
const SENTENCE_LINES_MAX: usize = 3;
/// A line's text: with code, status and CRLF it stays well below RFC 5321 section 4.5.3.1.5's 512
/// octets.
const LINE_CHARACTERS_MAX: usize = 400;

/// `451 4.3.2`: the tenants are not loaded yet.
pub(crate) fn directory_not_loaded() -> Refusal {
    Refusal::new(
        Reason::DirectoryNotLoaded,
        451,
        EnhancedStatus(4, 3, 2),
        NOT_LOADED_ATTR55,
        "the directory of tenants is still being loaded",
    )
}

/// `452 4.5.3`: the recipient belongs into a transaction of its own.
pub fn other_tenant_in_transaction() -> Refusal {
    Refusal::new(
        Reason::OtherTenantInTransaction,
        452,
        EnhancedStatus(4, 5, 3),
        "Too many recipients; send this one in a transaction of its own",
        "the recipient belongs to another tenant than the transaction; the sender tries it again \
         in its next one",
    )
}

/// `550 5.4.1`: directory-based edge blocking.
pub(crate) fn recipient_unknown(recipient: &Address) -> Refusal {
    Refusal::new(
        Reason::RecipientUnknown,
        550,
        EnhancedStatus(5, 4, 1),
        RECIPIENT_UNKNOWN,
        format!(
            "{} is not among the recipients of its authoritative domain",
            printable(&recipient.to_string(), SHOWN_CHARACTERS_MAX)
        ),
    )
}

/// `451 4.4.4`: the recipient's domain is hosted here, and nothing leads to its mail server.
pub(crate) fn no_route(tenant: &str, domain: &Domain) -> Refusal {
    Refusal::new(
        Reason::NoRouteForAcceptedDomain,
        451,
        EnhancedStatus(4, 4, 4),
        NO_ROUTE,
        format!(
            "no enabled outbound connector of type on-premises with smart_hosts covers {domain} in \
             tenant {tenant}: add one whose recipient_domains name it, or that has \
             all_accepted_domains"
        ),
    )
}

/// No connector recognised the sender, and the recipient's domain is not hosted here.
pub(crate) fn relay_denied(
    reason: Reason,
    question: &Question<'_>,
    revoked: Option<&RuledChain>,
) -> Refusal {
    let status = EnhancedStatus(5, 7, 64);
    let (code, status, words) = match reason {
        Reason::AmbiguousConnector => (
            451,
            EnhancedStatus(4, 7, 0),
            "TenantAttribution; the \
            sender's organisation cannot be told for certain. Please try again later",
        ),
        Reason::SenderDomainNotAccepted => (550, status, RELAY_DENIED_ATTR36),
        _ => (550, status, RELAY_DENIED),
    };
    let sentence = match (reason, Shown::by(question.peer)) {
        (Reason::AmbiguousConnector, _) => String::new(),
        (Reason::IssuerMismatch, Shown::Accepted(chain)) => issuer_sentence(chain),
        (_, shown) => identity_sentence(shown, question, revoked),
    };
    refusal(reason, (code, status), words, &sentence, relay_denied_for_operator(reason, question))
}

/// A partner connector of the recipient's tenant does not let the mail pass.
pub(crate) fn partner_restriction(
    failure: &PartnerFailure<'_>,
    question: &Question<'_>,
) -> Refusal {
    let (reply, sentence) = match failure.reason {
        Reason::PartnerTlsRequired => {
            (((550, EnhancedStatus(5, 7, 3)), TLS_REQUIRED), String::new())
        }
        Reason::PartnerAddressRestricted => {
            let sentence = format!(
                "Mail of this sender domain is not accepted from your address {}.",
                question.address()
            );
            (((550, EnhancedStatus(5, 7, 51)), PARTNER_RESTRICTED), sentence)
        }
        _ => {
            let sentence = identity_sentence(Shown::by(question.peer), question, failure.revoked);
            (((550, EnhancedStatus(5, 7, 51)), PARTNER_RESTRICTED), sentence)
        }
    };
    let operator_text = format!(
        "partner connector {} does not let this mail pass: {}",
        failure.connector.name,
        failure.reason.summary()
    );
    refusal(failure.reason, reply.0, reply.1, &sentence, operator_text)
}

fn refusal(
    reason: Reason,
    (code, status): (u16, EnhancedStatus),
    words: &str,
    sentence: &str,
    operator_text: String,
) -> Refusal {
    let mut lines = vec![words.to_owned()];
    lines.extend(wrapped(sentence));
    Refusal { reason, reply: Reply { code, status: Some(status), lines }, operator_text }
}

/// One sentence on what the peer showed and what it is worth.
fn identity_sentence(
    shown: Shown<'_>,
    question: &Question<'_>,
    revoked: Option<&RuledChain>,
) -> String {
    if let Some(revoked) = revoked {
        return revoked.sentence.clone();
    }
    let address = question.address();
    match shown {
        Shown::Refused(_) if !question.chain_sentence.is_empty() => {
            question.chain_sentence.to_owned()
        }
        Shown::Refused(chain) => {
            format!("The certificate that your server sent is not accepted: {}.", chain.reason)
        }
        Shown::Accepted(chain) => format!(
            "The certificate that your server sent is valid, but gives no right to relay this \
             message: {}.",
            names(chain)
        ),
        Shown::NoTls | Shown::NoCertificate
            if question.shared.owner_of_address(address).is_some() =>
        {
            format!(
                "Your server sent no client certificate, and its address {address} is shared by \
                 many organisations and identifies none of them."
            )
        }
        Shown::NoTls => format!(
            "Your server used no TLS and so sent no client certificate, and its address {address} \
             gives no right to relay this message."
        ),
        Shown::NoCertificate => format!(
            "Your server sent no client certificate, and its address {address} gives no right to \
             relay this message."
        ),
    }
}

/// The peer has proven to be the named host, so it may learn that another issuer was agreed on.
fn issuer_sentence(chain: &ChainReport) -> String {
    let issuer = issuer::issuers(chain).next().unwrap_or_default();
    format!(
        "The certificate that your server sent is valid, but was not issued by the issuer that is \
         expected for {}; its issuer is {}.",
        names(chain),
        printable_ascii(issuer, SHOWN_CHARACTERS_MAX)
    )
}

/// The certificate's names, as many as fit.
pub(crate) fn names(chain: &ChainReport) -> String {
    /// Enough to recognise the certificate by.
    const NAMES_SHOWN_MAX: usize = 3;
    if chain.names.is_empty() {
        return "it holds no DNS name".to_owned();
    }
    let shown = chain.names.iter().take(NAMES_SHOWN_MAX).map(|name| name.as_str());
    let shown = printable_ascii(&shown.collect::<Vec<_>>().join(", "), SHOWN_CHARACTERS_MAX);
    match chain.names.len().saturating_sub(NAMES_SHOWN_MAX) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// MAIL FROM in angle brackets, safe to show.
pub(crate) fn mail_from(sender: Option<&Address>) -> String {
    match sender {
        Some(sender) => {
            format!("<{}>", printable(&sender.to_string(), SHOWN_CHARACTERS_MAX))
        }
        None => "<>".to_owned(),
    }
}

fn relay_denied_for_operator(reason: Reason, question: &Question<'_>) -> String {
    let showed = match Shown::by(question.peer) {
        Shown::NoTls => "without TLS".to_owned(),
        Shown::NoCertificate => "without a client certificate".to_owned(),
        Shown::Refused(chain) => {
            format!("with a certificate ({}) that is not accepted: {}", names(chain), chain.reason)
        }
        Shown::Accepted(chain) => format!("with an accepted certificate ({})", names(chain)),
    };
    format!(
        "relay denied to {}, {showed}, MAIL FROM {}: {}",
        question.address(),
        mail_from(question.sender),
        reason.summary()
    )
}

/// Breaks a sentence into lines at blanks; ASCII, since not every peer asked for SMTPUTF8.
fn wrapped(sentence: &str) -> Vec<String> {
    let text = printable_ascii(sentence, LINE_CHARACTERS_MAX * SENTENCE_LINES_MAX);
    let mut lines = Vec::new();
    let mut rest = text.as_str();
    while !rest.is_empty() && lines.len() < SENTENCE_LINES_MAX {
        let fitting = rest.get(..LINE_CHARACTERS_MAX).unwrap_or(rest);
        let end = match fitting.rfind(' ') {
            Some(blank) if fitting.len() < rest.len() && blank > 0 => blank,
            _ => fitting.len(),
        };
        let (line, after) = rest.split_at(end);
        lines.push(line.to_owned());
        rest = after.trim_start();
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_sentence_is_broken_at_blanks_into_three_lines_at_most() {
        let lines = wrapped(&"word ".repeat(500));
        assert_eq!(lines.len(), SENTENCE_LINES_MAX);
        assert!(lines.iter().all(|line| line.len() <= LINE_CHARACTERS_MAX));
        assert!(lines.iter().all(|line| !line.starts_with(' ') && !line.ends_with(' ')));
        assert_eq!(wrapped(""), Vec::<String>::new());
        assert_eq!(wrapped(&"x".repeat(401)), ["x".repeat(400), "x".into()]);
    }
}
