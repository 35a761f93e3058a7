//! What a tenant demands of its partners' mail (connectors of type Partner).
//!
//! Touches nothing. Partner connectors only restrict: they never let mail relay. Where several
//! are about one sender, the most specific `sender_domains` count, and passing one of them is
//! enough: two of a partner's gateways may have a connector each.

use posthouse_types::Reason;

use crate::attribution::Question;
use crate::chains::{JudgedChain, RuledChain};
use crate::directory::Entry;
use crate::enhanced_filtering;
use crate::issuer;
use crate::recognition::is_associated;
use crate::tenant::{AcceptedDomain, ConnectorType, InboundConnector};

/// A restriction that the mail does not meet.
pub(crate) struct PartnerFailure<'a> {
    pub(crate) connector: &'a InboundConnector,
    pub(crate) reason: Reason,
    /// The report that calls the certificate revoked, where that is why.
    pub(crate) revoked: Option<&'a RuledChain>,
}

/// Holds incoming mail against the partner connectors of the recipient's tenant. The connector
/// that it passed by, if any is about it.
pub(crate) fn check<'a>(
    host: &'a Entry,
    domain: &AcceptedDomain,
    question: &Question<'a>,
) -> Result<Option<&'a InboundConnector>, PartnerFailure<'a>> {
    let mut failure = None;
    for connector in about(host, domain, question) {
        match broken(host, connector, question) {
            None => return Ok(Some(connector)),
            Some(reason) if failure.is_none() => {
                let chain = question.chain_for(host.id, connector);
                let revoked = chain.and_then(JudgedChain::revoked);
                failure = Some(PartnerFailure { connector, reason, revoked });
            }
            Some(_) => {}
        }
    }
    failure.map_or(Ok(None), Err)
}

/// The partner connectors that are about this mail, the first by name first.
pub(crate) fn about<'a>(
    host: &'a Entry,
    domain: &AcceptedDomain,
    question: &Question<'_>,
) -> Vec<&'a InboundConnector> {
    let covering = || {
        host.tenant.inbound_connectors.iter().filter_map(|connector| {
            let is_meant = connector.enabled
                && connector.connector_type == ConnectorType::Partner
                && is_associated(connector, domain);
            let specificity = connector.covers_sender(question.sender).filter(|_| is_meant)?;
            Some((specificity, connector))
        })
    };
    let most_specific = covering().map(|(specificity, _)| specificity).max();
    let meant = covering().filter(|(specificity, _)| Some(*specificity) == most_specific);
    meant.map(|(_, connector)| connector).collect()
}

/// The connector that knows the peer as another gateway, by its address or its certificate: one
/// that names neither would believe anybody.
pub(crate) fn gateway(
    host: &Entry,
    domain: &AcceptedDomain,
    question: &Question<'_>,
) -> Option<Box<str>> {
    let address = question.address();
    let is_known = |connector: &InboundConnector| {
        connector.enhanced_filtering().is_some_and(|settings| settings.lists(address))
            || connector.range_with(address).is_some()
            || shows_certificate(host, connector, question)
    };
    about(host, domain, question)
        .into_iter()
        .filter(|connector| broken(host, connector, question).is_none() && is_known(connector))
        .find_map(|connector| enhanced_filtering::gateway(connector, address))
}

/// The first restriction of a connector that the mail does not meet.
pub(crate) fn broken(
    host: &Entry,
    connector: &InboundConnector,
    question: &Question<'_>,
) -> Option<Reason> {
    if connector.require_tls.unwrap_or(true) && question.peer.tls.is_none() {
        return Some(Reason::PartnerTlsRequired);
    }
    if connector.restrict_domains_to_ip_addresses
        && connector.range_with(question.address()).is_none()
    {
        return Some(Reason::PartnerAddressRestricted);
    }
    if connector.restrict_domains_to_certificate && !shows_certificate(host, connector, question) {
        return Some(Reason::PartnerCertificateRestricted);
    }
    None
}

/// Whether the peer's accepted certificate bears the connector's name, by the issuer it pins.
fn shows_certificate(host: &Entry, connector: &InboundConnector, question: &Question<'_>) -> bool {
    let Some(name) = &connector.tls_sender_certificate_name else { return false };
    let chain = question.chain_for(host.id, connector).map(JudgedChain::report);
    chain.filter(|chain| chain.is_accepted()).is_some_and(|chain| {
        chain.names.iter().any(|presented| name.is_borne_by(presented))
            && issuer::is_pinned(connector, chain)
    })
}
