//! Everything that a session may reach: one struct, no globals.
//!
//! May touch: the clock, randomness, the settings' files. Sessions and deliveries hold an `Arc` of
//! it; what can change while running is behind a swap, so that nobody sees half a change.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use posthouse_policy::srs::SrsSecret;
use posthouse_policy::{AddressRange, ChainRule, Directory, RuledChain, SharedIdentities};
use posthouse_smtp::{Authentication, LineEnds, ServerOptions};
use posthouse_store::Store;
use posthouse_types::{ChainReport, Reason, Reference, UnixMillis};
use tokio::sync::watch;

use crate::dkim::DkimKeys;
use crate::edge::Logins;
use crate::listeners::Entrance;
use crate::office::Office;
use crate::outbound::{Outbound, StsPolicies};
use crate::protection::{Engines, Ledger, Sampling};
use crate::protocol_log::{LogProtocol, ProtocolLog, ProtocolLogs};
use crate::sessions::Sessions;
use crate::settings::{LineEndsSetting, Settings};
use crate::stores::Stores;
use crate::tls::{
    CertificateSource, ChainSupply, ClientIdentity, ClientTls, HandshakeFailure, ServerTls,
};
use crate::trust::{Held, Trust};
use crate::zero_hour::Cause;

/// The node, as its sessions see it.
pub(crate) struct World {
    settings: ArcSwap<Settings>,
    server_options: ArcSwap<ServerOptions>,
    /// The same for a submission port.
    submission_options: ArcSwap<ServerOptions>,
    shared: ArcSwap<SharedIdentities>,
    engines: Arc<ArcSwap<Engines>>,
    trust: Arc<Trust>,
    stores: Stores,
    pub(crate) dkim: DkimKeys,
    /// The key that senders are rewritten with.
    pub(crate) srs: SrsSecret,
    pub(crate) office: Office,
    pub(crate) server_tls: Option<ServerTls>,
    pub(crate) client_tls: ClientTls,
    pub(crate) outbound: Outbound,
    /// MTA-STS policies of the domains that mail goes to.
    pub(crate) sts: StsPolicies,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) logins: Logins,
    pub(crate) send_log: Option<ProtocolLog>,
    pub(crate) receive_log: Option<ProtocolLog>,
    pub(crate) stopping: Stopping,
    /// What is counted beside the mail.
    pub(crate) ledger: Ledger,
    /// Draws the part of a domain's mail that DMARC spares.
    pub(crate) sampling: Sampling,
    listening: Vec<SocketAddr>,
}

/// What `World::new` puts together.
pub(crate) struct Parts {
    pub(crate) settings: Settings,
    pub(crate) office: Office,
    pub(crate) outbound: Outbound,
    /// The addresses that were bound.
    pub(crate) listening: Vec<SocketAddr>,
}

impl World {
    /// Loads what the settings name. Errors say what, where and what next.
    pub(crate) fn new(parts: Parts) -> Result<Self, String> {
        let Parts { settings, office, outbound, listening } = parts;
        let stores = Stores::of(&settings.node.data_dir);
        let trust = Arc::new(Trust::new(Held::read(&settings)?, &settings.node.data_dir));
        let supply = ChainSupply { stores: stores.clone(), trust: Arc::clone(&trust) };
        let server_tls = settings
            .smtp
            .certificate_source(&supply)
            .map(ServerTls::new)
            .transpose()
            .map_err(|failure| failure.text)?;
        let logs = ProtocolLogs::new(
            &settings.node.data_dir,
            &settings.node.name,
            settings.log.send_protocol(),
            settings.log.receive_protocol(),
        );
        let has_tls = server_tls.is_some();
        let engines = Arc::new(ArcSwap::from_pointee(Engines::load(&settings.filter)?));
        let office = office.scanning_with(Arc::clone(&engines));
        Ok(Self {
            server_options: ArcSwap::from_pointee(server_options(&settings, has_tls)),
            submission_options: ArcSwap::from_pointee(submission_options(&settings, has_tls)),
            shared: ArcSwap::from_pointee(shared_identities(&settings)?),
            engines,
            trust,
            srs: SrsSecret::new(&office.store.node_secret()),
            sampling: Sampling::new(&office.store.node_secret()),
            dkim: DkimKeys::of(&settings.node.data_dir),
            stores,
            office,
            server_tls,
            client_tls: ClientTls::default(),
            outbound,
            sts: StsPolicies::default(),
            sessions: Arc::default(),
            logins: Logins::default(),
            send_log: logs.send,
            receive_log: logs.receive,
            stopping: Stopping::default(),
            ledger: Ledger::default(),
            listening,
            settings: ArcSwap::from_pointee(settings),
        })
    }

    /// The only clock of the node.
    pub(crate) fn now(&self) -> UnixMillis {
        now()
    }

    /// A new reference, unguessable.
    pub(crate) fn new_reference(&self) -> Reference {
        Reference::from_random(random_bytes())
    }

    /// The settings as they stand.
    pub(crate) fn settings(&self) -> Arc<Settings> {
        self.settings.load_full()
    }

    /// The node's name.
    pub(crate) fn node_name(&self) -> String {
        self.settings.load().node.name.clone()
    }

    /// What each new SMTP session gets.
    pub(crate) fn server_options(&self, entrance: Entrance) -> Arc<ServerOptions> {
        match entrance {
            Entrance::Mail => self.server_options.load_full(),
            Entrance::Submission | Entrance::SubmissionTls => self.submission_options.load_full(),
        }
    }

    /// Networks whose addresses prove nothing alone.
    pub(crate) fn shared_identities(&self) -> Arc<SharedIdentities> {
        self.shared.load_full()
    }

    /// The filter's engines.
    pub(crate) fn engines(&self) -> Arc<Engines> {
        self.engines.load_full()
    }

    /// The tenants as they stand.
    pub(crate) fn directory(&self) -> Arc<Directory> {
        self.office.directory()
    }

    /// Where this node listens for SMTP.
    pub(crate) fn listening(&self) -> &[SocketAddr] {
        &self.listening
    }

    /// The durable store.
    pub(crate) fn store(&self) -> &Store {
        &self.office.store
    }

    /// What became of a peer's chain as it was sent.
    pub(crate) fn examine(&self, presented: &[&[u8]]) -> Arc<ChainReport> {
        self.trust.examine(presented, self.now())
    }

    /// What becomes of it by a connector's own rule.
    pub(crate) fn judge(&self, presented: &[Vec<u8>], rule: ChainRule) -> RuledChain {
        self.trust.judge(presented, rule, self.now())
    }

    /// Our certificate that two settings name, with what is sent beside it.
    pub(crate) fn identity(
        &self,
        certificate: &Path,
        key: &Path,
    ) -> Result<ClientIdentity, HandshakeFailure> {
        self.client_tls.identity_of(&self.certificate_source(certificate, key))
    }

    /// Where it comes from.
    pub(crate) fn certificate_source(&self, certificate: &Path, key: &Path) -> CertificateSource {
        let supply = ChainSupply { stores: self.stores.clone(), trust: Arc::clone(&self.trust) };
        CertificateSource::new(certificate, key, &supply)
    }

    /// Takes up what the `root` store holds now; whether anything changed. What cannot be read
    /// leaves the roots as they were.
    pub(crate) fn reload_root_store(&self) -> Result<bool, String> {
        self.trust.reload_root_store(&self.settings())
    }

    /// Counts a refusal by its reason.
    pub(crate) fn count_refusal(&self, reason: Reason) {
        metrics::counter!("posthouse_refusals_total", "reason" => reason.id()).increment(1);
    }

    /// Reads the settings again: what can change without a restart changes, and what cannot is
    /// named. A file that cannot be used changes nothing.
    pub(crate) fn reload(&self, file: &Path) -> Result<Vec<String>, String> {
        let new = Settings::read(file).map_err(|error| error.to_string())?;
        let held = Held::read(&new)?;
        let shared = shared_identities(&new)?;
        let engines = Engines::load(&new.filter)?;
        let old = self.settings();
        let mut needs_restart = Vec::new();
        let (old_edge, new_edge) = (old.edge.as_deref(), new.edge.as_deref());
        for (key, changed) in [
            ("[node] name", new.node.name != old.node.name),
            ("[node] data_dir", new.node.data_dir != old.node.data_dir),
            ("[smtp] listen", new.smtp.listen != old.smtp.listen),
            ("[smtp] certificate", new.smtp.certificate != old.smtp.certificate),
            ("[smtp] key", new.smtp.key != old.smtp.key),
            (
                "[submission] listen",
                new_edge.map(|edge| (&edge.submission, &edge.submission_tls))
                    != old_edge.map(|edge| (&edge.submission, &edge.submission_tls)),
            ),
            (
                "[edge] pickup",
                new_edge.map(|edge| &edge.pickup) != old_edge.map(|edge| &edge.pickup),
            ),
            ("[metrics] listen", new.metrics.listen != old.metrics.listen),
            ("[queue] concurrent_max", new.queue.concurrent_max != old.queue.concurrent_max),
            (
                "[queue] concurrent_per_destination_max",
                new.queue.concurrent_per_destination_max
                    != old.queue.concurrent_per_destination_max,
            ),
        ] {
            if changed {
                needs_restart.push(key.to_owned());
            }
        }
        let has_tls = self.server_tls.is_some();
        self.server_options.store(Arc::new(server_options(&new, has_tls)));
        self.submission_options.store(Arc::new(submission_options(&new, has_tls)));
        self.shared.store(Arc::new(shared));
        self.engines.store(Arc::new(engines));
        self.trust.replace(held);
        self.settings.store(Arc::new(new));
        self.outbound.settings_changed();
        self.office.zero_hour.because(Cause::Engines);
        Ok(needs_restart)
    }
}

/// Milliseconds since 1970 by the machine's clock.
pub(crate) fn now() -> UnixMillis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMillis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Random bytes of the operating system. Without them no reference would be unguessable, so the
/// session that needs them ends.
#[expect(clippy::expect_used, reason = "a machine without randomness cannot serve anybody")]
pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

fn server_options(settings: &Settings, tls_offered: bool) -> ServerOptions {
    ServerOptions {
        node_name: settings.node.name.clone(),
        limits: settings.smtp.limits(),
        tls_offered,
        line_ends: match settings.smtp.line_ends {
            LineEndsSetting::Refuse => LineEnds::Refuse,
            LineEndsSetting::Clean => LineEnds::Clean,
        },
        // An edge's users may log in on any of its ports; a gateway has none.
        authentication: settings.edge.as_ref().map(|_| Authentication::Offered),
        log_lines: settings.log.receive_protocol() != LogProtocol::None,
    }
}

fn submission_options(settings: &Settings, tls_offered: bool) -> ServerOptions {
    ServerOptions {
        authentication: Some(Authentication::Required),
        ..server_options(settings, tls_offered)
    }
}

fn shared_identities(settings: &Settings) -> Result<SharedIdentities, String> {
    let mut shared = SharedIdentities::built_in();
    for text in &settings.attribution.shared {
        match AddressRange::of_any_size(text) {
            Ok(range) => shared.add_range(range, "the operator's list"),
            Err(error) => {
                let name = posthouse_smtp::parse_domain(text).map_err(|_| {
                    format!("[attribution] shared: \"{text}\" is no network or name: {error}")
                })?;
                shared.add_name(name, "the operator's list");
            }
        }
    }
    Ok(shared)
}

/// Tells everybody that the node is stopping.
pub(crate) struct Stopping(watch::Sender<bool>);

impl Default for Stopping {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Stopping {
    /// Starts the stop.
    pub(crate) fn stop(&self) {
        self.0.send_replace(true);
    }

    /// Whether it has begun.
    pub(crate) fn has_begun(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it begins.
    pub(crate) async fn stopped(&self) {
        // An error means that the sender is gone, which `self` rules out.
        let _ = self.0.subscribe().wait_for(|stopping| *stopping).await;
    }
}
