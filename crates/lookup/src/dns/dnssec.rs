//! TLSA records (RFC 6698), and whether DNSSEC vouches for an answer (RFC 4035).
//!
//! Asks the same name servers as the resolver it stands beside, and believes none of them: with
//! [`Resolver::proof`] the signatures are followed from the root's own key, here. That takes many
//! questions, so it is asked for the few names whose answer depends on it.

use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::dnssec::Proof as RecordProof;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use posthouse_types::{SHOWN_CHARACTERS_MAX, printable};

use super::{Answer, Resolver};

/// TLSA records of one name that are kept: two keys and a change of both make four.
pub const TLSA_RECORDS_MAX: usize = 32;

/// Why nothing can be proven with most forwarders of home routers and some of providers.
const NO_SIGNATURES: &str = "the name servers give no DNSSEC signatures";

/// One TLSA record (RFC 6698 section 2.1), fields as they lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tlsa {
    /// 2 is DANE-TA, 3 is DANE-EE; SMTP uses no others (RFC 7672 section 3.1.3).
    pub usage: u8,
    /// 0 the whole certificate, 1 its public key.
    pub selector: u8,
    /// 0 the bytes themselves, 1 their SHA-256, 2 their SHA-512.
    pub matching: u8,
    /// What has to match.
    pub data: Vec<u8>,
}

/// Which records of a name a proof is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofOf {
    /// Its mail exchangers.
    Mx,
    /// Its TLSA records.
    Tlsa,
}

/// Whether DNSSEC vouches for an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Signed from the root down, and every signature holds.
    Secure,
    /// The zone is not signed, and its parent's signature says so.
    Insecure,
    /// Signatures are there, and one does not hold: an attack or a broken zone.
    Bogus,
    /// It could not be found out: the name servers give no signatures, or no answer.
    NotValidated(String),
}

impl Resolver {
    /// The TLSA records for a port of a host over TCP, at most [`TLSA_RECORDS_MAX`]. They prove
    /// nothing until [`Self::proof`] has said [`Proof::Secure`].
    pub async fn tlsa(&self, host: &str, port: u16) -> Answer<Vec<Tlsa>> {
        let records = match self.ask(&tlsa_name(host, port), RecordType::TLSA).await {
            Answer::Found(records) => records,
            other => return other.without_records(),
        };
        let found: Vec<Tlsa> = records.iter().filter_map(tlsa).take(TLSA_RECORDS_MAX).collect();
        if found.is_empty() { Answer::NoRecords } else { Answer::Found(found) }
    }

    /// Whether DNSSEC vouches for a domain's MX records, or for the TLSA records of `host`'s
    /// `port`, which is 25 for MX records and then means nothing.
    pub async fn proof(&self, host: &str, port: u16, of: ProofOf) -> Proof {
        let Some(validating) = self.validating() else {
            return Proof::NotValidated("no name server was asked".to_owned());
        };
        let (name, record_type) = match of {
            ProofOf::Mx => (host.to_owned(), RecordType::MX),
            ProofOf::Tlsa => (tlsa_name(host, port), RecordType::TLSA),
        };
        let Ok(mut name) = Name::from_ascii(&name) else {
            return Proof::NotValidated("it is no name of DNS".to_owned());
        };
        name.set_fqdn(true);
        let question = validating.lookup(name, record_type);
        match tokio::time::timeout(self.question_time_max, question).await {
            Err(_) => Proof::NotValidated("no answer in time".to_owned()),
            // Name servers that pass no signatures on look like an attack, until they are asked
            // about the root itself.
            Ok(Err(NetError::Dns(DnsError::DnssecBogus))) => match self.root_is_proven().await {
                true => Proof::Bogus,
                false => Proof::NotValidated(NO_SIGNATURES.to_owned()),
            },
            Ok(Err(error)) => {
                Proof::NotValidated(printable(&error.to_string(), SHOWN_CHARACTERS_MAX))
            }
            Ok(Ok(lookup)) => weakest(lookup.answers(), record_type),
        }
    }
}

impl Resolver {
    /// Whether these name servers give the signatures of the root's own records.
    async fn root_is_proven(&self) -> bool {
        let Some(validating) = self.validating() else { return false };
        let question = validating.lookup(Name::root(), RecordType::NS);
        match tokio::time::timeout(self.question_time_max, question).await {
            Ok(Ok(lookup)) => weakest(lookup.answers(), RecordType::NS) == Proof::Secure,
            _ => false,
        }
    }
}

/// What the records of one answer prove together: as much as the weakest of them.
fn weakest(records: &[Record], record_type: RecordType) -> Proof {
    let proofs = records.iter().filter(|record| {
        let found = record.record_type();
        // An alias on the way has to be signed like what it leads to.
        found == record_type || found == RecordType::CNAME
    });
    match proofs.map(|record| record.proof).min_by_key(|proof| *proof as u8) {
        Some(RecordProof::Secure) => Proof::Secure,
        Some(RecordProof::Insecure) => Proof::Insecure,
        Some(RecordProof::Bogus) => Proof::Bogus,
        Some(RecordProof::Indeterminate) => Proof::NotValidated(NO_SIGNATURES.to_owned()),
        None => Proof::NotValidated("the answer holds no such record".to_owned()),
    }
}

fn tlsa_name(host: &str, port: u16) -> String {
    format!("_{port}._tcp.{}", host.trim_end_matches('.'))
}

fn tlsa(record: &Record) -> Option<Tlsa> {
    match &record.data {
        RData::TLSA(tlsa) => Some(Tlsa {
            usage: tlsa.cert_usage.into(),
            selector: tlsa.selector.into(),
            matching: tlsa.matching.into(),
            data: tlsa.cert_data.clone(),
        }),
        _ => None,
    }
}
