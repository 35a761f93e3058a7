//! The doctor: does what a sender does, stage by stage, and says what is wrong and how to mend it;
//! or turns round and tells any sender what it presented.
//!
//! May touch: DNS through the resolver, sockets outward (inward with `--listen`), the certificate
//! files that it is given. Sends no message unless it is asked to. What happens is gathered as
//! facts first; what the facts mean is decided by pure functions in `findings`. A server that
//! misbehaves is a finding, never an error.

mod dane;
mod dialogue;
mod facts;
mod findings;
mod gather;
mod html;
mod listen;
mod mend;
mod policy;
mod report;
mod target;
mod texts;
mod view;

use std::sync::Arc;
use std::time::Duration;

use posthouse_lookup::Resolver;
use posthouse_pki::TrustedRoots;
use posthouse_types::Address;

use crate::tls::CertificateSource;

pub(crate) use html::html;
pub(crate) use listen::{ListenWishes, Told, listen};
pub(crate) use report::{Report, Status};
pub(crate) use target::Target;
pub(crate) use view::text;

/// Waiting for one TCP connection.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(15);

/// Waiting for one answer of the server. RFC 5321 section 4.5.3.2 gives it five minutes; whoever
/// watches a diagnosis wants to be told sooner that it is slow.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(60);

/// Addresses tried before the server counts as unreachable.
const ADDRESSES_TRIED_MAX: usize = 10;

/// What is to be examined, and with what.
pub(crate) struct Wishes {
    /// Whom a sender would connect to.
    pub(crate) target: Target,
    /// The name that EHLO says; where this machine has none, its address does.
    pub(crate) helo: Option<String>,
    /// Where the client certificate to show comes from.
    pub(crate) identity: Option<CertificateSource>,
    /// MAIL FROM; `None` within is the null sender.
    pub(crate) sender: Option<Option<Address>>,
    /// RCPT TO; needs a sender.
    pub(crate) recipient: Option<Address>,
    /// Send a small message too, where the recipient is accepted.
    pub(crate) send_message: bool,
    /// Who is trusted.
    pub(crate) roots: Arc<TrustedRoots>,
    /// Whom to ask.
    pub(crate) resolver: Resolver,
    /// Where MTA-STS policies are served: 443, but in a test.
    pub(crate) policy_port: u16,
}

/// Examines one destination.
pub(crate) async fn examine(wishes: &Wishes) -> Report {
    let facts = gather::gather(wishes).await;
    findings::report(&facts)
}
