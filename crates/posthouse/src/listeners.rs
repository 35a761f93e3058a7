//! The doors to the network: sockets bound, connections accepted, each given to its session.
//!
//! May touch: listening sockets. Too many sessions get a 421; out of file descriptors, a spare
//! one is given up for a moment to say so, and the loop never spins (FLT-09).

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use posthouse_types::{Peer, Reason};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::gateway;
use crate::proxy_protocol;
use crate::refusals;
use crate::sessions::Slot;
use crate::wire::Wire;
use crate::world::World;

/// What a listener is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entrance {
    /// Mail from servers; on an edge, from its networks.
    Mail,
    /// Users who log in (RFC 6409).
    Submission,
    /// The same with TLS from the first octet on (RFC 8314 section 3.3).
    SubmissionTls,
}

impl Entrance {
    /// What `data_dir/listening` calls it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Mail => "smtp",
            Self::Submission => "submission",
            Self::SubmissionTls => "submissions",
        }
    }

    /// What the receive protocol log calls it.
    pub(crate) fn log_name(self) -> &'static str {
        match self {
            Self::Mail => "Mail",
            Self::Submission | Self::SubmissionTls => "Submission",
        }
    }
}

/// Connections that may wait for `accept`: a burst of a provider's size.
const BACKLOG: i32 = 1024;

/// Waiting after a failed `accept`, so that a lack of descriptors does not burn a core.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Binds one address. An IPv6 address serves IPv6 only, so that `0.0.0.0` and `[::]` can stand
/// side by side.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Accepts until the node stops.
pub(crate) async fn serve(listener: TcpListener, entrance: Entrance, world: Arc<World>) {
    let mut spare = File::open("/dev/null").ok();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = world.stopping.stopped() => return,
        };
        match accepted {
            Ok((stream, address)) => admit(stream, address, entrance, &world),
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                metrics::counter!("posthouse_accept_failures_total").increment(1);
                if spare.take().is_some()
                    && let Ok((stream, _)) = listener.accept().await
                {
                    turn_away(stream, Reason::TooManySessions).await;
                }
                tokio::time::sleep(ACCEPT_PAUSE).await;
                spare = File::open("/dev/null").ok();
            }
        }
    }
}

fn admit(stream: TcpStream, address: SocketAddr, entrance: Entrance, world: &Arc<World>) {
    let settings = world.settings();
    let smtp = &settings.smtp;
    let from_balancer = smtp.proxy_from.contains(&address.ip().to_canonical());
    // A balancer's own address is that of many peers: its peers are counted after its header.
    let per_source = if from_balancer { usize::MAX } else { smtp.sessions_per_address_max };
    let slot = world.sessions.enter(address.ip(), smtp.sessions_max, per_source);
    let world = Arc::clone(world);
    tokio::spawn(async move {
        match slot {
            Ok(slot) => session(stream, address, from_balancer, slot, entrance, world).await,
            Err(reason) => {
                world.count_refusal(reason);
                turn_away(stream, reason).await;
            }
        }
    });
}

async fn session(
    mut stream: TcpStream,
    address: SocketAddr,
    from_balancer: bool,
    mut slot: Slot,
    entrance: Entrance,
    world: Arc<World>,
) {
    let Ok(local_address) = stream.local_addr() else { return };
    let mut address = SocketAddr::new(address.ip().to_canonical(), address.port());
    if from_balancer {
        match proxy_protocol::read_header(&mut stream).await {
            Ok(Some(source)) => {
                let sessions_max = world.settings().smtp.sessions_per_address_max;
                if let Err(reason) = slot.belongs_to(source.ip(), sessions_max) {
                    world.count_refusal(reason);
                    return turn_away(stream, reason).await;
                }
                address = source;
            }
            Ok(None) => {} // A balancer's own health check.
            Err(error) => {
                tracing::warn!(%address, %error, "a balancer sent no PROXY v2 header");
                return;
            }
        }
    }
    // Replies are written whole: waiting to fill a segment only adds latency.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let peer = Peer { address, local_address, helo: String::new(), tls: None };
    gateway::serve(Wire::plain(stream), peer, entrance, world).await;
}

/// Says 421 and closes. One write, no waiting for what the peer might say.
async fn turn_away(mut stream: TcpStream, reason: Reason) {
    let mut bytes = Vec::new();
    refusals::too_many_sessions(reason).reply.encode(&mut bytes);
    if stream.write_all(&bytes).await.is_ok() {
        // The peer may be gone already; there is nobody to tell.
        let _ = stream.shutdown().await;
    }
}
