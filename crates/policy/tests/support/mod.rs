//! What the tests of this room share: directories from files, peers by hand, and answers as one
//! line of text.

#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use std::sync::Arc;

use posthouse_policy::{
    Attribution, CertificateName, Direction, Directory, FromText, Grants, Owner, Place, Proof,
    Question, RecipientPath, SharedIdentities, Tenant, attribute,
};
use posthouse_types::{
    Address, CertificateSummary, ChainElement, ChainReason, ChainReport, Domain, ElementOrigin,
    Peer, TenantId, TlsFacts,
};

/// The sentence that stands for `pki`'s.
pub(crate) const CHAIN_SENTENCE: &str = "The issuer of your certificate was not sent.";

/// A directory of these files; the first tenant has the id 1.
pub(crate) fn directory(files: &[&str]) -> Directory {
    let granted: Vec<(&str, &[&str])> = files.iter().map(|file| (*file, &[][..])).collect();
    directory_with_grants(&granted)
}

/// As [`directory`], each file with the certificate names that the operator grants.
pub(crate) fn directory_with_grants(files: &[(&str, &[&str])]) -> Directory {
    let tenants = files.iter().zip(1..).map(|((file, granted), id)| {
        let names = granted.iter().map(|name| CertificateName::from_text(name).unwrap());
        let grants = Grants { certificate_names: names.collect() };
        (TenantId(id), Arc::new(tenant(file)), grants)
    });
    let (directory, refused) = Directory::build(tenants);
    assert_eq!(refused, []);
    directory
}

pub(crate) fn tenant(file: &str) -> Tenant {
    Tenant::from_toml(file).unwrap_or_else(|error| panic!("{error}\n{file}"))
}

pub(crate) fn domain(name: &str) -> Domain {
    Domain::from_text(name).unwrap()
}

pub(crate) fn address(text: &str) -> Address {
    Address::from_text(text).unwrap()
}

/// A peer without TLS.
pub(crate) fn plain(ip: &str) -> Peer {
    Peer {
        address: (ip.parse::<std::net::IpAddr>().unwrap(), 40_000).into(),
        local_address: ([198, 51, 100, 1], 25).into(),
        helo: "client".into(),
        tls: None,
    }
}

fn over_tls(ip: &str, chain: ChainReport) -> Peer {
    let tls = TlsFacts {
        version: "TLSv1.3",
        cipher: "TLS_AES_128_GCM_SHA256".into(),
        chain: Arc::new(chain),
    };
    Peer { tls: Some(tls), ..plain(ip) }
}

/// A peer with TLS that showed no certificate.
pub(crate) fn tls(ip: &str) -> Peer {
    over_tls(ip, ChainReport::no_certificate())
}

/// A peer with a certificate for these names, and what became of its chain.
pub(crate) fn chain(ip: &str, names: &[&str], reason: ChainReason) -> Peer {
    let leaf = CertificateSummary {
        subject: format!("CN={}", names.first().unwrap_or(&"nobody")),
        issuer: "CN=Issuing CA,O=Public CA".into(),
        ..CertificateSummary::default()
    };
    let root = CertificateSummary { subject: "CN=Root CA".into(), ..CertificateSummary::default() };
    over_tls(
        ip,
        ChainReport {
            reason,
            presented: vec![leaf.clone()],
            path: vec![
                ChainElement { certificate: leaf, origin: ElementOrigin::Sent(0) },
                ChainElement { certificate: root, origin: ElementOrigin::Root },
            ],
            names: names.iter().map(|name| Domain::from_normalized(*name)).collect(),
            ..ChainReport::no_certificate()
        },
    )
}

/// A peer with an accepted certificate for these names.
pub(crate) fn certified(ip: &str, names: &[&str]) -> Peer {
    chain(ip, names, ChainReason::Ok)
}

/// Asks, with an empty transaction and the built-in list of shared identities. `""` is the null
/// sender, `"Postmaster"` the recipient without a domain.
pub(crate) fn ask(
    directory: &Directory,
    peer: &Peer,
    sender: &str,
    recipient: &str,
) -> Attribution {
    ask_in(None, directory, peer, sender, recipient)
}

/// As [`ask`], in a transaction that has an owner.
pub(crate) fn ask_in(
    transaction: Option<Owner>,
    directory: &Directory,
    peer: &Peer,
    sender: &str,
    recipient: &str,
) -> Attribution {
    let shared = SharedIdentities::built_in();
    let sender = (!sender.is_empty()).then(|| address(sender));
    let mailbox = (recipient != "Postmaster").then(|| address(recipient));
    let question = Question {
        peer,
        sender: sender.as_ref(),
        recipient: mailbox.as_ref().map_or(RecipientPath::Postmaster, RecipientPath::Mailbox),
        transaction,
        shared: &shared,
        chain_sentence: CHAIN_SENTENCE,
        chains: &[],
    };
    attribute(&question, directory)
}

/// The answer on one line: `contoso originating by certificate x via y, elsewhere`, or the
/// refusal's code, status and reason.
pub(crate) fn line(attribution: &Attribution, directory: &Directory) -> String {
    let name = |id: &TenantId| directory.tenant(*id).unwrap().name.to_string();
    let accepted = match &attribution.outcome {
        Ok(accepted) => accepted,
        Err(refusal) => {
            let status = refusal.reply.status.unwrap();
            return format!("{} {status} {}", refusal.reply.code, refusal.reason);
        }
    };
    let owner = match &accepted.owner {
        Owner::Tenant(id) => name(id),
        Owner::Operator => "operator".into(),
    };
    let direction = match &accepted.direction {
        Direction::Originating { connector, proof: Proof::Certificate(held), .. } => {
            format!("originating by certificate {held} via {connector}")
        }
        Direction::Originating { connector, proof: Proof::Address(held), .. } => {
            format!("originating by address {held} via {connector}")
        }
        Direction::Originating { connector, proof: Proof::Local(words), .. } => {
            format!("originating by {words} via {connector}")
        }
        Direction::Incoming { partner: Some(partner) } => {
            format!("incoming from partner {partner}")
        }
        Direction::Incoming { partner: None } => "incoming".into(),
    };
    let place = match &accepted.place {
        Place::Hosted(id) => format!("hosted by {}", name(id)),
        Place::Postmaster { address: Some(address), .. } => format!("postmaster {address}"),
        Place::Postmaster { address: None, .. } => "postmaster of the node".into(),
        Place::Elsewhere => "elsewhere".into(),
    };
    format!("{owner} {direction}, {place}")
}

/// [`ask`] and [`line`] in one.
pub(crate) fn answer(directory: &Directory, peer: &Peer, sender: &str, recipient: &str) -> String {
    line(&ask(directory, peer, sender, recipient), directory)
}

/// The reply to a refused question, as on the wire.
pub(crate) fn wire(directory: &Directory, peer: &Peer, sender: &str, recipient: &str) -> String {
    let refusal = ask(directory, peer, sender, recipient).outcome.unwrap_err();
    let mut out = Vec::new();
    refusal.reply.encode(&mut out);
    String::from_utf8(out).unwrap()
}
