//! Doing what a sender does, and noting what happens.
//!
//! May touch: the certificate files, DNS, sockets outward, the clock. Decides nothing about what
//! the facts mean; goes on as far as it can, and stops only where the next step has no ground.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use posthouse_lookup::{Answer, MailExchangers, ProofOf};
use posthouse_message::date_rfc5322;
use posthouse_pki::{Examination, PeerName, examine};
use posthouse_types::{Address, Domain, UnixMillis};
use tokio::net::TcpStream;

use super::dialogue::{Terms, handshake_only, millis, session};
use super::facts::{
    Attempt, DaneFacts, Facts, HostAddresses, Identified, Session, Timed, VersionTry, Wanted,
};
use super::policy::{connect, policy};
use super::{ADDRESSES_TRIED_MAX, Wishes, dane};
use crate::tls::{ClientIdentity, ClientTls, PROTOCOL_VERSIONS, TLS12_ONLY, TLS13_ONLY};
use crate::world;

/// Gathers everything about one destination.
pub(super) async fn gather(wishes: &Wishes) -> Facts {
    let started = world::now();
    let (policy, facts) = tokio::join!(policy_of_domain(wishes), without_policy(wishes, started));
    Facts { policy, ..facts }
}

async fn policy_of_domain(wishes: &Wishes) -> Option<Timed<super::facts::PolicyFacts>> {
    if !wishes.target.by_mx {
        return None;
    }
    Some(timed(policy(wishes)).await)
}

async fn without_policy(wishes: &Wishes, started: UnixMillis) -> Facts {
    let (identity, identified) = own_certificate(wishes);
    let exchangers = match wishes.target.by_mx {
        true => {
            let domain = Domain::from_normalized(wishes.target.host.as_str());
            Some(timed(wishes.resolver.mx(&domain)).await)
        }
        false => None,
    };
    let mut facts = Facts {
        target: wishes.target.clone(),
        started,
        identity: identified,
        addresses: Timed { millis: 0, value: Vec::new() },
        attempts: Vec::new(),
        session: None,
        server_chain: None,
        server_name: None,
        versions: None,
        policy: None,
        dane: None,
        wanted: Wanted {
            sender: wishes.sender.clone(),
            recipient: wishes.recipient.clone(),
            message: wishes.send_message,
        },
        exchangers,
    };
    facts.addresses = timed(addresses(wishes, &facts)).await;
    if let Some((stream, host, address)) = reach(&mut facts).await {
        examine_server(wishes, identity.as_ref(), &mut facts, stream, &host, address).await;
    }
    facts
}

/// The certificate to show, and what its file holds.
fn own_certificate(
    wishes: &Wishes,
) -> (Option<ClientIdentity>, Option<Timed<Result<Identified, String>>>) {
    let Some(source) = &wishes.identity else { return (None, None) };
    let start = Instant::now();
    let file = source.to_string();
    let (identity, value) = match source.load() {
        Ok(identity) => {
            let ders: Vec<&[u8]> = identity.certificates().collect();
            let chain = examine(&ders, &Examination::new(&wishes.roots, world::now()));
            (Some(identity), Ok(Identified { file, chain }))
        }
        Err(failure) => (None, Err(failure.text)),
    };
    (identity, Some(Timed { millis: millis(start), value }))
}

/// The addresses of the servers, best first, until there are enough to try.
async fn addresses(wishes: &Wishes, facts: &Facts) -> Vec<HostAddresses> {
    let own = || vec![wishes.target.host.clone()];
    let hosts = match facts.exchangers.as_ref().map(|timed| &timed.value) {
        None => own(),
        Some(Answer::Found(MailExchangers::Hosts(hosts))) => {
            hosts.iter().map(|mx| mx.host.clone()).collect()
        }
        // RFC 5321 section 5.1: without MX records the domain's own address counts.
        Some(Answer::NoRecords) => own(),
        Some(_) => return Vec::new(),
    };
    let mut found = Vec::new();
    let mut count = 0;
    for host in hosts {
        if count >= ADDRESSES_TRIED_MAX {
            break;
        }
        let addresses = wishes.resolver.addresses(&host).await;
        if let Answer::Found(addresses) = &addresses {
            count += addresses.len();
        }
        found.push(HostAddresses { host, addresses });
    }
    found
}

/// Connects to the first server that lets us.
async fn reach(facts: &mut Facts) -> Option<(TcpStream, String, SocketAddr)> {
    let port = facts.target.port;
    let candidates: Vec<(String, SocketAddr)> = facts
        .addresses
        .value
        .iter()
        .flat_map(|one| match &one.addresses {
            Answer::Found(addresses) => addresses
                .iter()
                .map(|address| (one.host.clone(), SocketAddr::new(*address, port)))
                .collect(),
            _ => Vec::new(),
        })
        .take(ADDRESSES_TRIED_MAX)
        .collect();
    for (host, address) in candidates {
        let start = Instant::now();
        let connected = connect(address).await;
        let millis = millis(start);
        let failure = connected.as_ref().err().cloned();
        facts.attempts.push(Attempt { host: host.clone(), address, millis, failure });
        if let Ok(stream) = connected {
            return Some((stream, host, address));
        }
    }
    None
}

/// The session, and what else is asked about the server that it is with.
async fn examine_server(
    wishes: &Wishes,
    identity: Option<&ClientIdentity>,
    facts: &mut Facts,
    stream: TcpStream,
    host: &str,
    address: SocketAddr,
) {
    let tls = Arc::new(ClientTls::for_diagnosis(PROTOCOL_VERSIONS));
    let helo = wishes.helo.clone().unwrap_or_else(|| literal(&stream));
    let message = test_message(wishes, &helo, facts.started);
    let wanted = facts.wanted.clone();
    let terms = Terms {
        host,
        address,
        helo: &helo,
        tls: &tls,
        identity,
        wanted: &wanted,
        message: &message,
    };
    let session = session(stream, &terms).await;
    let name = PeerName::parse(host);
    if let Some(shaken) = session.tls() {
        let presented: Vec<&[u8]> = shaken.presented.iter().map(Vec::as_slice).collect();
        let bare = Examination::new(&wishes.roots, world::now());
        facts.server_chain = Some(examine(&presented, &bare));
        facts.server_name = Some(examine(&presented, &Examination { name: name.as_ref(), ..bare }));
        facts.versions = Some(timed(versions(&session, &terms)).await);
    }
    facts.dane = Some(timed(dane_facts(wishes, &session, name.as_ref())).await);
    facts.session = Some(session);
}

/// The version that the session had is known; the other one gets a connection of its own.
async fn versions(session: &Session, terms: &Terms<'_>) -> Vec<VersionTry> {
    let shown = session.tls().map(|tls| (tls.version, tls.cipher.clone()));
    let mut tries = Vec::new();
    for (version, only) in [("TLSv1.2", TLS12_ONLY), ("TLSv1.3", TLS13_ONLY)] {
        if let Some((_, cipher)) = shown.as_ref().filter(|(known, _)| *known == version) {
            tries.push(VersionTry { version, outcome: Ok(cipher.clone()) });
            continue;
        }
        let tls = Arc::new(ClientTls::for_diagnosis(only));
        let terms = Terms { tls: &tls, ..*terms };
        let outcome = match connect(terms.address).await {
            Ok(stream) => handshake_only(stream, &terms).await.map(|(_, cipher)| cipher),
            Err(why) => Err(why),
        };
        tries.push(VersionTry { version, outcome });
    }
    tries
}

async fn dane_facts(wishes: &Wishes, session: &Session, name: Option<&PeerName>) -> DaneFacts {
    let (host, port) = (session.host.as_str(), wishes.target.port);
    let records = match host.parse::<IpAddr>() {
        // An address has no TLSA records: its name would be somebody else's.
        Ok(_) => Answer::NoRecords,
        Err(_) => wishes.resolver.tlsa(host, port).await,
    };
    let Answer::Found(found) = &records else {
        return DaneFacts { records, proof: None, mx_proof: None, matched: None };
    };
    let proof = Some(wishes.resolver.proof(host, port, ProofOf::Tlsa).await);
    let led_by_mx = wishes.target.by_mx && session.host != wishes.target.host;
    let mx_proof = match led_by_mx {
        true => Some(wishes.resolver.proof(&wishes.target.host, port, ProofOf::Mx).await),
        false => None,
    };
    let matched = session.tls().map(|tls| {
        let presented: Vec<&[u8]> = tls.presented.iter().map(Vec::as_slice).collect();
        dane::matches(&presented, found, name, world::now())
    });
    DaneFacts { records, proof, mx_proof, matched }
}

/// The message that `--data` sends. Our own words, and addresses that were parsed.
fn test_message(wishes: &Wishes, helo: &str, now: UnixMillis) -> String {
    // The null sender has no mailbox that could stand in From.
    let from = match &wishes.sender {
        Some(Some(sender)) => sender.to_string(),
        _ => format!("postmaster@{helo}"),
    };
    let to = wishes.recipient.as_ref().map(Address::to_string).unwrap_or_default();
    let random: [u8; 8] = world::random_bytes();
    let id = u64::from_be_bytes(random);
    format!(
        "From: <{from}>\r\nTo: <{to}>\r\nSubject: posthouse doctor: test message\r\nDate: {}\r\n\
         Message-ID: <{id:016x}@{helo}>\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=us-ascii\r\nAuto-Submitted: auto-generated\r\n\r\n\
         This message was sent by posthouse doctor to see whether mail gets through.\r\n\
         It did. Nothing else depends on it.\r\n",
        date_rfc5322(now),
    )
}

/// This side's address as a name (RFC 5321 section 4.1.3).
fn literal(stream: &TcpStream) -> String {
    match stream.local_addr().map(|address| address.ip().to_canonical()) {
        Ok(IpAddr::V4(address)) => format!("[{address}]"),
        Ok(IpAddr::V6(address)) => format!("[IPv6:{address}]"),
        Err(_) => "[127.0.0.1]".to_owned(),
    }
}

async fn timed<T>(work: impl Future<Output = T>) -> Timed<T> {
    let start = Instant::now();
    let value = work.await;
    Timed { millis: millis(start), value }
}
