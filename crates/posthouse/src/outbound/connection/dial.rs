//! Finding a server of a destination and opening a session with it.
//!
//! May touch: DNS through the resolver, sockets outward. Servers are tried in their order until
//! one is ready; the most useful failure of all is what is reported.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use posthouse_lookup::{Answer, MailExchangers, StsPolicy};
use posthouse_smtp::client::{Client, ClientOptions, ClientTimeouts, TlsWish};
use posthouse_types::{Domain, EnhancedStatus, Reason};
use tokio::net::{TcpSocket, TcpStream};

use super::session_log::SessionLog;
use super::{Connection, Halt, TlsTerms, Unreached};
use crate::outbound::pool::Pool;
use crate::outbound::route::{Hop, Route, TlsDemand};
use crate::wire::Wire;
use crate::world::World;

/// Waiting for a TCP connection: long enough for a lost SYN or three.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(30);

/// Addresses tried in one attempt. With the time above an attempt ends within 5 minutes even
/// where every packet is swallowed; the next attempt begins anew.
const ADDRESSES_TRIED_MAX: usize = 10;

/// SMTP's port.
const SMTP_PORT: u16 = 25;

/// One address to try.
struct Candidate {
    host: String,
    address: SocketAddr,
}

/// Opens a session with the first server of the route that lets us.
pub(super) async fn open(
    world: &Arc<World>,
    route: &Route,
    pool: Pool,
) -> Result<Connection, Unreached> {
    let identity = match route.identity() {
        Some((certificate, key)) => {
            let identity = world.identity(certificate, key).map_err(|failure| {
                let status = EnhancedStatus(4, 7, 5);
                Unreached::new(Reason::OwnCertificateUnusable, status, "", failure.text)
            })?;
            Some(identity)
        }
        None => None,
    };
    let sts = match route {
        Route::Mx { domain, .. } => {
            world.sts.enforced(world, domain).await.map(|policy| (domain, policy))
        }
        _ => None,
    };
    let mut candidates = candidates(world, route).await?;
    let demand = match &sts {
        Some((domain, policy)) => {
            keep_named(&mut candidates, domain, policy)?;
            &TlsDemand::DomainValidation(None)
        }
        None => route.tls(),
    };
    let terms = TlsTerms { demand, identity };
    let mut failures = Vec::new();
    for candidate in candidates.iter().take(ADDRESSES_TRIED_MAX) {
        match open_one(world, route, candidate, &terms, pool).await {
            Ok(connection) => return Ok(connection),
            Err(mut unreached) => {
                if let Some((domain, _)) = &sts {
                    unreached.failure.text.push_str(&demanded_by(domain));
                }
                unreached.address = Some(candidate.address.ip());
                let is_final = unreached.is_final;
                failures.push(unreached);
                if is_final {
                    break;
                }
            }
        }
    }
    Err(most_useful(failures))
}

/// Leaves the servers that the policy names (RFC 8461 section 4.1). Where that is none the mail
/// waits: DNS may be lying, which is what the policy is against.
fn keep_named(
    candidates: &mut Vec<Candidate>,
    domain: &Domain,
    policy: &StsPolicy,
) -> Result<(), Unreached> {
    let others: Vec<String> = candidates
        .extract_if(.., |candidate| !policy.covers(&candidate.host))
        .map(|candidate| candidate.host)
        .collect();
    match (candidates.is_empty(), others.first()) {
        (true, Some(other)) => {
            let text = format!(
                "the MTA-STS policy of {domain} does not name {} among its servers, nor any other \
                 that DNS gives",
                posthouse_types::printable(other, posthouse_types::SHOWN_CHARACTERS_MAX)
            );
            // The code that Exchange Online gives for it.
            Err(Unreached::new(Reason::MtaStsNotMet, EnhancedStatus(4, 4, 8), other, text))
        }
        _ => Ok(()),
    }
}

/// What is added to a failure of a server that a policy is kept to with.
fn demanded_by(domain: &Domain) -> String {
    format!(
        " (the MTA-STS policy of {domain} demands TLS with a certificate for the server's name)"
    )
}

/// What is reported of a destination whose servers all failed. What one said is more useful than
/// that another was silent; but as long as one of them may take the message later, none of the
/// others refuses it for good.
fn most_useful(failures: Vec<Unreached>) -> Unreached {
    let is_transient = |unreached: &Unreached| unreached.status.0 != 5;
    let any_transient = failures.iter().any(is_transient);
    // Of equals the first counts: servers are in the order of preference.
    let best = failures
        .into_iter()
        .rev()
        .max_by_key(|unreached| (unreached.failure.reply.is_some(), is_transient(unreached)));
    let Some(mut best) = best else {
        let status = EnhancedStatus(4, 4, 1);
        let text = "the destination has no address";
        return Unreached::new(Reason::ConnectionFailed, status, "", text);
    };
    if any_transient && !is_transient(&best) {
        best.status.0 = 4;
        best.failure.reason = Reason::RemoteDeferred;
    }
    best
}

async fn candidates(world: &World, route: &Route) -> Result<Vec<Candidate>, Unreached> {
    let hops = match route {
        Route::Connector { hops, .. } => hops.clone(),
        Route::Mx { domain, .. } => mail_exchangers(world, domain).await?,
        Route::ConnectorMissing { name, .. } => {
            let text = format!(
                "a mail-flow rule names the outbound connector {}, which is not there or is off",
                posthouse_types::printable(name, posthouse_types::SHOWN_CHARACTERS_MAX)
            );
            let status = EnhancedStatus(4, 4, 4);
            return Err(Unreached::new(Reason::RuleConnectorMissing, status, "", text));
        }
        Route::Nowhere { domain } => {
            let text = format!(
                "{domain} is hosted here, and no enabled outbound connector of type on-premises \
                 leads to its mail server"
            );
            let status = EnhancedStatus(4, 4, 4);
            return Err(Unreached::new(Reason::NoRouteForAcceptedDomain, status, "", text));
        }
    };
    let mut candidates = Vec::new();
    let mut failure = None;
    for hop in hops {
        match &hop {
            Hop::Server { host, port } => match world.office.resolver.addresses(host).await {
                Answer::Found(addresses) => candidates.extend(addresses.into_iter().map(|ip| {
                    Candidate { host: host.clone(), address: SocketAddr::new(ip, *port) }
                })),
                answer => failure = Some(unresolved(host, &answer)),
            },
            Hop::MxOf(domain) => match mail_exchangers(world, domain).await {
                Ok(servers) => {
                    for server in servers {
                        if let Hop::Server { host, port } = server
                            && let Answer::Found(ips) = world.office.resolver.addresses(&host).await
                        {
                            candidates.extend(ips.into_iter().map(|ip| Candidate {
                                host: host.clone(),
                                address: SocketAddr::new(ip, port),
                            }));
                        }
                    }
                }
                Err(unreached) => failure = Some(unreached),
            },
        }
        if candidates.len() >= ADDRESSES_TRIED_MAX {
            break;
        }
    }
    match (candidates.is_empty(), failure) {
        (true, Some(failure)) => Err(failure),
        _ => Ok(candidates),
    }
}

/// The servers of a domain: its MX records, else its own address (RFC 5321 section 5.1).
async fn mail_exchangers(world: &World, domain: &Domain) -> Result<Vec<Hop>, Unreached> {
    let host = domain.as_str();
    match world.office.resolver.mx(domain).await {
        Answer::Found(MailExchangers::Hosts(hosts)) => {
            Ok(hosts.into_iter().map(|mx| Hop::Server { host: mx.host, port: SMTP_PORT }).collect())
        }
        Answer::Found(MailExchangers::NullMx) => {
            // RFC 7505 section 4.1.
            let text = format!("{domain} accepts no mail (null MX)");
            Err(Unreached::new(Reason::NullMx, EnhancedStatus(5, 1, 10), host, text))
        }
        Answer::NoRecords => Ok(vec![Hop::Server { host: host.to_owned(), port: SMTP_PORT }]),
        Answer::NoSuchName => {
            let text = format!("{domain} does not exist");
            Err(Unreached::new(Reason::NoSuchDomain, EnhancedStatus(5, 1, 2), host, text))
        }
        answer @ (Answer::Failed(_) | Answer::NotAsked) => Err(unresolved(host, &answer)),
    }
}

fn unresolved<T>(host: &str, answer: &Answer<T>) -> Unreached {
    let status = EnhancedStatus(4, 4, 3);
    let text = match answer {
        Answer::NoSuchName => format!("the server {host} does not exist in DNS"),
        Answer::NoRecords => format!("the server {host} has no address in DNS"),
        Answer::Failed(error) => format!("DNS gave no answer for {host}: {error}"),
        Answer::NotAsked => format!(
            "{host} needs DNS, and this node asks none: set [dns] servers, or route by an outbound \
             connector with smart_hosts"
        ),
        Answer::Found(_) => format!("{host} has no usable address"),
    };
    Unreached::new(Reason::DnsFailed, status, host, text)
}

/// Opens a session with one server. Where TLS is only wished for, a failed handshake leads to
/// one more try in clear text, as every opportunistic sender does (RFC 7435).
async fn open_one(
    world: &Arc<World>,
    route: &Route,
    candidate: &Candidate,
    terms: &TlsTerms<'_>,
    pool: Pool,
) -> Result<Connection, Unreached> {
    let first = open_with(world, route, candidate, terms, pool, terms.demand.wish()).await;
    match first {
        Err(unreached)
            if unreached.failure.reason == Reason::TlsHandshakeFailed
                && matches!(terms.demand, TlsDemand::Opportunistic) =>
        {
            open_with(world, route, candidate, terms, pool, TlsWish::Never).await
        }
        other => other,
    }
}

async fn open_with(
    world: &Arc<World>,
    route: &Route,
    candidate: &Candidate,
    terms: &TlsTerms<'_>,
    pool: Pool,
    tls: TlsWish,
) -> Result<Connection, Unreached> {
    let host = &candidate.host;
    let mut log = SessionLog::new(route.log_name(), candidate.address);
    log.connecting(world);
    let settings = world.settings();
    let source = pool.source_address(&settings.outbound);
    let stream = connect(candidate, source).await.map_err(|text| {
        log.information(world, &text);
        Unreached::new(Reason::ConnectionFailed, EnhancedStatus(4, 4, 316), host, text)
    })?;
    if leads_to_self(world, &stream) {
        let text = format!("{} is a listener of this very node", candidate.address);
        let status = EnhancedStatus(5, 4, 6);
        let mut unreached = Unreached::new(Reason::LoopToSelf, status, host, text);
        unreached.is_final = true;
        return Err(unreached);
    }
    if let Ok(local) = stream.local_addr() {
        log.connected(world, local);
    }
    let options = ClientOptions {
        helo_name: pool.helo_name(&settings.outbound).unwrap_or_else(|| world.node_name()),
        tls,
        timeouts: ClientTimeouts::default(),
        log_lines: world.send_log.is_some(),
    };
    let mut connection = Connection {
        wire: Wire::plain(stream),
        client: Client::new(Arc::new(options)),
        log,
        route: route.clone(),
        pool,
        host: host.clone(),
        remote: candidate.address,
        messages: 0,
    };
    match connection.drive(world, Some(terms)).await {
        Halt::Ready => Ok(connection),
        Halt::Closed(failure) => {
            connection.log.disconnected(world, "Remote");
            Err(refused_session(host, failure))
        }
        Halt::BodyWanted | Halt::Finished(_) => {
            let text = "the session was ready before it began";
            Err(Unreached::new(Reason::ProtocolError, EnhancedStatus(4, 5, 0), host, text))
        }
    }
}

fn refused_session(
    host: &str,
    failure: Option<posthouse_smtp::client::SessionFailure>,
) -> Unreached {
    let status = EnhancedStatus(4, 4, 2);
    let Some(failure) = failure else {
        return Unreached::new(
            Reason::ConnectionLost,
            status,
            host,
            "the server ended the session",
        );
    };
    let said = failure.reply.as_ref().and_then(|reply| reply.status);
    let status = match (&failure.reply, failure.reason) {
        (Some(reply), _) if reply.is_permanent() => {
            said.filter(|status| status.0 == 5).unwrap_or(EnhancedStatus(5, 0, 0))
        }
        (Some(_), _) => said.filter(|status| status.0 == 4).unwrap_or(EnhancedStatus(4, 0, 0)),
        (None, Reason::RemoteCertificateRefused) => EnhancedStatus(4, 4, 317),
        (None, Reason::TlsRequiredNotOffered | Reason::TlsHandshakeFailed) => {
            EnhancedStatus(4, 7, 10)
        }
        (None, _) => status,
    };
    let mut unreached = Unreached::new(failure.reason, status, host, failure.text.clone());
    unreached.failure = failure;
    unreached
}

async fn connect(candidate: &Candidate, source: Option<IpAddr>) -> Result<TcpStream, String> {
    let address = candidate.address;
    let connecting = async {
        let Some(source) = source else { return TcpStream::connect(address).await };
        // From another family the system would refuse it with words that help nobody.
        if source.is_ipv4() != address.is_ipv4() {
            let text = format!("{source}, which such mail leaves from, is of another family");
            return Err(io::Error::other(text));
        }
        let socket = if source.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.bind(SocketAddr::new(source, 0))?;
        socket.connect(address).await
    };
    match tokio::time::timeout(CONNECT_TIME_MAX, connecting).await {
        Ok(Ok(stream)) => {
            // Commands are written whole: waiting to fill a segment only adds latency.
            let _ = stream.set_nodelay(true);
            Ok(stream)
        }
        Ok(Err(error)) => Err(format!("cannot connect to {address}: {error}")),
        Err(_) => Err(format!(
            "cannot connect to {address}: no answer within {} s",
            CONNECT_TIME_MAX.as_secs()
        )),
    }
}

/// Only one of our own listeners' address and port is a loop; any other server on this machine
/// is a server.
fn leads_to_self(world: &World, stream: &TcpStream) -> bool {
    let (Ok(remote), Ok(local)) = (stream.peer_addr(), stream.local_addr()) else { return false };
    let same = |one: IpAddr, other: IpAddr| one.to_canonical() == other.to_canonical();
    world.listening().iter().any(|listener| {
        listener.port() == remote.port()
            && (same(listener.ip(), remote.ip())
                || listener.ip().is_unspecified() && same(remote.ip(), local.ip()))
    })
}
