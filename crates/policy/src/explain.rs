//! What the administrators are told: each connector that was looked at, and why it did not match.
//!
//! Touches nothing. A peer's names are made printable and cut. Written only where the mail was not
//! recognised, or for the one connector that recognised it: the common path pays one line.

use posthouse_types::{ChainWarning, Reason, SHOWN_CHARACTERS_MAX, TenantId, printable};

use crate::attribution::{ConsideredConnector, Proof, Question, RecipientPath, Recognition};
use crate::chains::{JudgedChain, RuledChain};
use crate::directory::{Directory, Entry};
use crate::issuer;
use crate::partner;
use crate::recognition::{Shown, Standing, covers_sender, is_associated, standing};
use crate::replies::{mail_from, names};
use crate::tenant::{ConnectorType, InboundConnector};

/// Connectors that one answer lists.
pub const CONSIDERED_MAX: usize = 64;

/// Who is concerned by a question.
pub(crate) struct Parties<'a> {
    pub(crate) sender_owner: Option<&'a Entry>,
    pub(crate) recognised: &'a Recognition<'a>,
    pub(crate) host: Option<&'a Entry>,
}

impl Parties<'_> {
    /// Whether an unrecognised sender's mail is this tenant's affair. Mail for a hosted recipient
    /// is the recipient's tenant's: whoever's domain a stranger puts into MAIL FROM must not learn
    /// who gets mail elsewhere.
    fn concerns(&self, entry: &Entry) -> bool {
        self.host.is_none_or(|host| host.id == entry.id)
    }
}

/// The tenants whose administrators may see this.
pub(crate) fn concerned_tenants(parties: &Parties<'_>) -> Vec<TenantId> {
    let mut ids: Vec<TenantId> = parties.host.map(|entry| entry.id).into_iter().collect();
    match parties.recognised {
        Ok(sender) => ids.push(sender.entry.id),
        Err(failure) => {
            let named = failure.named.iter().map(|candidate| candidate.entry);
            let all = named.chain(parties.sender_owner).chain(failure.listed);
            ids.extend(all.filter(|entry| parties.concerns(entry)).map(|entry| entry.id));
        }
    }
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// The connectors that were looked at.
pub(crate) fn considered(
    question: &Question<'_>,
    directory: &Directory,
    parties: &Parties<'_>,
) -> Vec<ConsideredConnector> {
    let mut list = List { question, directory, rows: Vec::new() };
    match parties.recognised {
        Ok(sender) => {
            let why = match &sender.proof {
                Proof::Certificate(name) => format!(
                    "the certificate holds {}{}",
                    printable(name.as_str(), SHOWN_CHARACTERS_MAX),
                    completion(sender.ruled)
                ),
                Proof::Address(address) => format!(
                    "sender_ip_addresses holds {address}, and MAIL FROM {} is in an accepted domain",
                    mail_from(question.sender)
                ),
                Proof::Local(words) => words.to_string(),
            };
            list.push(sender.entry, sender.connector, true, why);
        }
        Err(failure) => {
            if let Some(entry) = parties.sender_owner.filter(|entry| parties.concerns(entry)) {
                list.own_servers(entry, |_| true, failure.reason);
            }
            for candidate in failure.named.iter().filter(|one| parties.concerns(one.entry)) {
                let is_it = |connector: &_| std::ptr::eq(connector, candidate.connector);
                list.own_servers(candidate.entry, is_it, failure.reason);
            }
            if let Some(entry) = failure.listed.filter(|entry| parties.concerns(entry)) {
                let lists = |connector: &InboundConnector| {
                    connector.range_with(question.address()).is_some()
                };
                list.own_servers(entry, lists, failure.reason);
            }
        }
    }
    if let Some(host) = parties.host {
        list.partners(host);
    }
    list.rows
}

/// What a connector with `chain = "repair"` added to the chain.
fn completion(ruled: Option<&RuledChain>) -> String {
    let is_completed =
        |ruled: &&RuledChain| ruled.report.warnings.contains(&ChainWarning::CompletedFromStore);
    let missing = ruled.filter(is_completed).and_then(|ruled| ruled.report.missing.as_ref());
    missing.map_or_else(String::new, |missing| {
        format!(
            "; its chain was completed from the tenant's store: {} was not sent",
            printable(&missing.subject, SHOWN_CHARACTERS_MAX)
        )
    })
}

struct List<'a> {
    question: &'a Question<'a>,
    directory: &'a Directory,
    rows: Vec<ConsideredConnector>,
}

impl List<'_> {
    fn push(&mut self, entry: &Entry, connector: &InboundConnector, matched: bool, why: String) {
        let is_known =
            |row: &ConsideredConnector| row.tenant == entry.id && row.connector == connector.name;
        if self.rows.len() < CONSIDERED_MAX && !self.rows.iter().any(is_known) {
            self.rows.push(ConsideredConnector {
                tenant: entry.id,
                tenant_name: entry.tenant.name.clone(),
                connector: connector.name.clone(),
                connector_type: connector.connector_type,
                matched,
                why,
            });
        }
    }

    /// The tenant's on-premises connectors that are meant, none of which recognised the sender.
    fn own_servers(
        &mut self,
        entry: &Entry,
        is_meant: impl Fn(&InboundConnector) -> bool,
        reason: Reason,
    ) {
        for connector in &entry.tenant.inbound_connectors {
            if connector.connector_type == ConnectorType::OnPremises && is_meant(connector) {
                let why = self.why_not(entry, connector, reason);
                self.push(entry, connector, false, why);
            }
        }
    }

    /// The partner connectors of the recipient's tenant that are about this mail.
    fn partners(&mut self, host: &Entry) {
        let RecipientPath::Mailbox(recipient) = self.question.recipient else { return };
        let Some((_, domain)) = self.directory.hosting_entry(recipient.domain()) else { return };
        for connector in partner::about(host, domain, self.question) {
            let broken = partner::broken(host, connector, self.question);
            let why = match broken {
                None => "its restrictions are met".to_owned(),
                Some(Reason::PartnerTlsRequired) => "require_tls: no TLS".to_owned(),
                Some(Reason::PartnerAddressRestricted) => format!(
                    "restrict_domains_to_ip_addresses: {} is not in sender_ip_addresses",
                    self.question.address()
                ),
                Some(_) => format!(
                    "restrict_domains_to_certificate: {}",
                    self.certificate_why_not(host, connector).unwrap_or_default()
                ),
            };
            self.push(host, connector, broken.is_none(), why);
        }
    }

    /// Why an on-premises connector did not recognise the sender.
    fn why_not(&self, entry: &Entry, connector: &InboundConnector, reason: Reason) -> String {
        if !connector.enabled {
            return "it is not enabled".to_owned();
        }
        let mut parts = Vec::new();
        if !covers_sender(connector, self.question) {
            parts.push(format!(
                "sender_domains does not cover MAIL FROM {}",
                mail_from(self.question.sender)
            ));
        }
        if let Some(name) = &connector.tls_sender_certificate_name {
            parts.push(match self.certificate_why_not(entry, connector) {
                Some(why) => why,
                None => self.held_why_not(entry, connector, name.as_str(), reason),
            });
        }
        if !connector.sender_ip_addresses.is_empty() {
            parts.push(self.address_why_not(connector));
        }
        parts.join("; ")
    }

    /// Why the certificate is not the one that the connector looks for; `None` where it is.
    fn certificate_why_not(&self, entry: &Entry, connector: &InboundConnector) -> Option<String> {
        let name = connector.tls_sender_certificate_name.as_ref()?;
        let wants = format!("wants a certificate that holds {name}");
        let chain = match Shown::by(self.question.peer) {
            Shown::NoTls => return Some(format!("{wants}; the session has no TLS")),
            Shown::NoCertificate => return Some(format!("{wants}; none was sent")),
            Shown::Refused(as_sent) | Shown::Accepted(as_sent) => {
                self.question.chain_for(entry.id, connector).map_or(as_sent, JudgedChain::report)
            }
        };
        let holds = chain.names.iter().any(|presented| name.is_borne_by(presented));
        if !holds {
            Some(format!("{wants}; the one presented holds {}", names(chain)))
        } else if !chain.is_accepted() {
            Some(format!(
                "the certificate presented holds {name}, but its chain is not accepted: {}",
                chain.reason
            ))
        } else if !issuer::is_pinned(connector, chain) {
            let issuers = issuer::issuers(chain)
                .map(|issuer| printable(issuer, SHOWN_CHARACTERS_MAX))
                .collect::<Vec<_>>();
            Some(format!(
                "the certificate presented holds {name}, but was not issued by {} but by {}",
                connector.tls_sender_issuer.as_deref().unwrap_or_default(),
                issuers.first().map_or("nobody named", String::as_str)
            ))
        } else {
            None
        }
    }

    /// The certificate holds the connector's name: why it still did not count.
    fn held_why_not(
        &self,
        entry: &Entry,
        connector: &InboundConnector,
        name: &str,
        reason: Reason,
    ) -> String {
        match standing(self.question, self.directory, entry, connector) {
            Standing::None => format!(
                "the certificate holds {name}, but that name belongs to no verified accepted \
                 domain of this tenant and is not granted by the operator, or is shared by many"
            ),
            Standing::Granted => format!(
                "the certificate holds {name}, which the operator granted; then MAIL FROM has to \
                 be in an accepted domain, and {} is not",
                mail_from(self.question.sender)
            ),
            Standing::Own if reason == Reason::SenderDomainOfAnotherTenant => format!(
                "the certificate holds {name}, but MAIL FROM {} is not this tenant's to relay; \
                 allow_forwarding would permit it",
                mail_from(self.question.sender)
            ),
            Standing::Own => format!(
                "the certificate holds {name}, but also names of other organisations, and MAIL \
                 FROM {} does not decide between them",
                mail_from(self.question.sender)
            ),
        }
    }

    fn address_why_not(&self, connector: &InboundConnector) -> String {
        let address = self.question.address();
        if connector.range_with(address).is_none() {
            return format!("sender_ip_addresses does not hold {address}");
        }
        if let Some(owner) = self.question.shared.owner_of_address(address) {
            return format!(
                "sender_ip_addresses holds {address}, which {owner} shares among many \
                 organisations: it proves nothing"
            );
        }
        if connector.require_tls == Some(true) && self.question.peer.tls.is_none() {
            return format!("sender_ip_addresses holds {address}, but require_tls: no TLS");
        }
        let owner =
            self.question.sender.and_then(|sender| self.directory.owning_entry(sender.domain()));
        let limits = owner.is_some_and(|(_, domain)| !is_associated(connector, domain));
        format!(
            "sender_ip_addresses holds {address}, but MAIL FROM {} is not in {}",
            mail_from(self.question.sender),
            if limits {
                "associated_accepted_domains"
            } else {
                "an accepted domain of this tenant"
            }
        )
    }
}
