//! `posthouse serve`: puts the node together, keeps it, and takes it apart in order.
//!
//! May touch: signals, the settings file, everything it starts. Start-up recovers by itself and
//! says what it found; SIGHUP reloads; SIGTERM and SIGINT drain for up to 30 seconds.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use posthouse_store::{Recovery, Retention, Store, StoreOptions};
use posthouse_trace::{EventData, Level, OperationalEvent};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

use crate::health;
use crate::listeners::Entrance;
use crate::notifications::digest;
use crate::office::{GrantsByTenant, Office};
use crate::outbound::{self, Outbound, Signals};
use crate::protection::{ledger, watch_scanner};
use crate::settings::{LogFormat, Settings};
use crate::world::{self, Parts, World};
use crate::{door, edge, listeners, records, zero_hour};

/// How long sessions and deliveries may take to end in order.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(30);

/// How often certificate files are looked at. A renewal is picked up within this time.
const CERTIFICATE_CHECK_INTERVAL: Duration = Duration::from_secs(5);

/// How often retention is looked at, and the rows one step may take: small, so that mail waits
/// for no purge.
const PURGE_INTERVAL: Duration = Duration::from_secs(600);
const PURGE_STEP_ROWS: usize = 500;

/// A jump of the wall clock against the monotonic one that is worth an event (FLT-12).
const CLOCK_JUMP_SECONDS: i64 = 3600;

/// What kind of node runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A gateway for many tenants.
    Gateway,
    /// The sender on somebody's own premises.
    Edge {
        /// Start with whatever the relay's certificate file holds.
        skip_preflight: bool,
    },
}

impl Role {
    /// Whether these settings are for this role; else what to type.
    fn check(self, settings: &Settings, config: &Path) -> Result<(), String> {
        let file = config.display();
        match (self, &settings.edge) {
            (Self::Gateway, None) | (Self::Edge { .. }, Some(_)) => Ok(()),
            (Self::Gateway, Some(_)) => Err(format!(
                "{file} is the file of a sending edge: it has a table [edge]\n  next: posthouse \
                 edge --config {file}"
            )),
            (Self::Edge { .. }, None) => Err(format!(
                "{file} has no table [edge]: it is a gateway's file\n  next: posthouse serve \
                 --config {file}, or write an edge's file after examples/edge.toml"
            )),
        }
    }
}

/// Runs the node until it is told to stop.
pub(crate) fn run(config: &Path, role: Role) -> ExitCode {
    let read = Settings::read(config).map_err(|error| error.to_string());
    let settings = match read.and_then(|settings| {
        role.check(&settings, config)?;
        Ok(settings)
    }) {
        Ok(settings) => settings,
        Err(error) => {
            anstream::eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    start_logging(settings.log.format);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            anstream::eprintln!("error: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(serve(config, settings, role)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(config: &Path, settings: Settings, role: Role) -> Result<(), String> {
    health::install_metrics();
    let data_dir = settings.node.data_dir.clone();
    let options =
        StoreOptions { secret_if_new: Some(world::random_bytes()), ..StoreOptions::default() };
    let (store, recovery) = Store::open(&data_dir, options)
        .map_err(|error| format!("cannot open the store in {}: {error}", data_dir.display()))?;
    let (outbound, signals) = Outbound::new();
    let resolver = settings.dns.resolver()?;
    let office = Office::new(store, resolver, Box::new(outbound.changed()))
        .of_edge(settings.edge.is_some())
        .granting(GrantsByTenant::read(&settings.attribution)?);
    let bound = bind(&settings)?;
    let listening = bound.iter().filter_map(|(_, listener)| listener.local_addr().ok()).collect();
    let door = door::open(&data_dir)
        .map_err(|error| format!("cannot open the door in {}: {error}", data_dir.display()))?;
    let world = Arc::new(World::new(Parts { settings, office, outbound, listening })?);
    note_start(&world, &recovery).await;

    let mut tasks = JoinSet::new();
    if let Role::Edge { skip_preflight } = role {
        start_edge(&world, skip_preflight, &mut tasks).await?;
    }
    tasks.spawn(load_directory(Arc::clone(&world)));
    tasks.spawn(door::serve(door, Arc::clone(&world)));
    tasks.spawn(housekeeping(Arc::clone(&world)));
    tasks.spawn(zero_hour::run(Arc::clone(&world)));
    tasks.spawn(ledger::keep(Arc::clone(&world)));
    tasks.spawn(digest::run(Arc::clone(&world)));
    tasks.spawn(watch_scanner(Arc::clone(&world)));
    if let Some(address) = world.settings().metrics.listen {
        let listener = listeners::bind(address)
            .map_err(|error| format!("cannot listen on [metrics] {address}: {error}"))?;
        tasks.spawn(health::serve(listener, Arc::clone(&world)));
    }
    announce(&world, &bound, &data_dir)?;
    for (entrance, listener) in bound {
        tasks.spawn(listeners::serve(listener, entrance, Arc::clone(&world)));
    }
    let delivering = tokio::spawn(outbound_after_load(Arc::clone(&world), signals));
    until_told_to_stop(&world, config, role).await?;
    drain(&world, delivering).await;
    tasks.shutdown().await;
    ledger::write(&world).await;
    records::node_stopped(&world).await;
    world.store().clone().close().await;
    tracing::info!("stopped");
    Ok(())
}

/// What only an edge does: its organisation, its certificate, its pickup folder.
async fn start_edge(
    world: &Arc<World>,
    skip_preflight: bool,
    tasks: &mut JoinSet<()>,
) -> Result<(), String> {
    let settings = world.settings();
    let Some(edge) = &settings.edge else { return Ok(()) };
    match edge::preflight::at_start(world, edge).await {
        Err(fault) if skip_preflight => tracing::warn!("preflight skipped: {fault}"),
        checked => checked?,
    }
    edge::put_tenant(world, edge).await?;
    // Now, and not behind the listeners' back: nobody is told to come again for one tenant's sake.
    world.office.load_directory().await.map_err(|trouble| trouble.what)?;
    tasks.spawn(edge::preflight::watch(Arc::clone(world), !skip_preflight));
    if let Some(folder) = &edge.pickup {
        edge::pickup::prepare(folder)?;
        tasks.spawn(edge::pickup::watch(Arc::clone(world), folder.clone()));
    }
    Ok(())
}

fn bind(settings: &Settings) -> Result<Vec<(Entrance, TcpListener)>, String> {
    let mut bound = Vec::new();
    let mut wanted: Vec<(Entrance, SocketAddr)> =
        settings.smtp.listen.iter().map(|address| (Entrance::Mail, *address)).collect();
    if let Some(edge) = &settings.edge {
        wanted.extend(edge.submission.iter().map(|address| (Entrance::Submission, *address)));
        wanted
            .extend(edge.submission_tls.iter().map(|address| (Entrance::SubmissionTls, *address)));
    }
    for (entrance, address) in wanted {
        let listener = listeners::bind(address).map_err(|error| {
            format!(
                "cannot listen on {address}: {error}\n  next: ports below 1024 need \
                 CAP_NET_BIND_SERVICE (the systemd unit gives it); another server may hold the port"
            )
        })?;
        bound.push((entrance, listener));
    }
    Ok(bound)
}

/// Says where the node listens: to the log, and in `data_dir/listening` for whoever chose port 0.
fn announce(
    world: &World,
    bound: &[(Entrance, TcpListener)],
    data_dir: &Path,
) -> Result<(), String> {
    let mut lines = String::new();
    for (entrance, listener) in bound {
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let entrance = entrance.word();
        tracing::info!(%address, entrance, node = %world.node_name(), "listening for SMTP");
        // Writing to a String cannot fail.
        let _ = writeln!(lines, "{entrance} {address}");
    }
    // Written aside and renamed, so that nobody reads half of it.
    let aside = data_dir.join("listening.new");
    std::fs::write(&aside, lines)
        .and_then(|()| std::fs::rename(&aside, data_dir.join("listening")))
        .map_err(|error| format!("cannot write {}: {error}", data_dir.join("listening").display()))
}

async fn load_directory(world: Arc<World>) {
    let started = Instant::now();
    loop {
        match world.office.load_directory().await {
            Ok(()) => break,
            Err(trouble) => {
                tracing::error!(error = %trouble.what, "the directory of tenants cannot be loaded");
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
        }
    }
    let tenants = world.directory().len();
    tracing::info!(tenants, milliseconds = started.elapsed().as_millis(), "directory loaded");
    world.outbound.settings_changed();
}

/// A lease ends with its process: whatever was under way when the last one ended is due now.
async fn outbound_after_load(world: Arc<World>, signals: Signals) {
    if let Err(error) = world.store().make_all_due(world.now()).await {
        tracing::error!(%error, "the queue could not be made due; its own times stand");
    }
    outbound::run(world, signals).await;
}

async fn note_start(world: &World, recovery: &Recovery) {
    for found in &recovery.found {
        tracing::warn!("start-up: {found}");
    }
    tracing::info!(
        queued = recovery.queued_recipients,
        held = recovery.held_recipients,
        damaged = recovery.damaged,
        "store opened"
    );
    let event = OperationalEvent {
        time: world.now().0,
        level: if recovery.found.is_empty() { Level::Information } else { Level::Warning },
        tenant: None,
        reference: String::new(),
        reason: String::new(),
        text: format!(
            "The node started with {} recipients waiting. {}",
            recovery.queued_recipients,
            recovery.found.join(" ")
        )
        .trim_end()
        .to_owned(),
        data: EventData::NodeStarted {
            queued: recovery.queued_recipients,
            damaged: recovery.damaged,
        },
    };
    records::write(world, Vec::new(), vec![event]).await;
}

async fn until_told_to_stop(world: &Arc<World>, config: &Path, role: Role) -> Result<(), String> {
    let catch = |kind| signal(kind).map_err(|error| format!("cannot catch signals: {error}"));
    let mut terminate = catch(SignalKind::terminate())?;
    let mut interrupt = catch(SignalKind::interrupt())?;
    let mut hangup = catch(SignalKind::hangup())?;
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
            _ = hangup.recv() => reload(world, config, role).await,
        }
    }
}

async fn reload(world: &Arc<World>, config: &Path, role: Role) {
    let (level, text) = match reload_settings(world, config, role).await {
        Ok(needs_restart) if needs_restart.is_empty() => {
            (Level::Information, "The node's settings were read again.".to_owned())
        }
        Ok(needs_restart) => (
            Level::Warning,
            format!(
                "The node's settings were read again; {} changes with a restart only.",
                needs_restart.join(", ")
            ),
        ),
        Err(error) => {
            (Level::Error, format!("The new settings cannot be used, the old ones stay: {error}"))
        }
    };
    reload_certificates(world).await;
    tracing::info!("{text}");
    records::configuration_changed(world, level, "node settings", text).await;
}

/// Takes up the settings. An edge's are its organisation's too, and its certificate has to pass
/// the preflight first.
async fn reload_settings(world: &World, config: &Path, role: Role) -> Result<Vec<String>, String> {
    let new = Settings::read(config).map_err(|error| error.to_string())?;
    role.check(&new, config)?;
    if let (Role::Edge { skip_preflight: false }, Some(edge)) = (role, &new.edge) {
        edge::preflight::at_start(world, edge).await?;
    }
    let grants = GrantsByTenant::read(&new.attribution)?;
    let needs_restart = world.reload(config)?;
    for tenant in world.office.change_grants(grants).await.map_err(|trouble| trouble.what)? {
        tracing::warn!(tenant, "[attribution.grants] names no tenant of this node");
    }
    if let Some(edge) = &world.settings().edge {
        edge::put_tenant(world, edge).await?;
        world.office.load_directory().await.map_err(|trouble| trouble.what)?;
        world.outbound.settings_changed();
    }
    Ok(needs_restart)
}

/// Takes up certificates that changed: roots of the store first, as our own chain leads to them.
async fn reload_certificates(world: &World) {
    let (level, text) = match world.reload_root_store() {
        Ok(false) => return reload_certificate(world).await,
        Ok(true) => (Level::Information, "The root store was read again.".to_owned()),
        Err(error) => (Level::Error, format!("The roots read before stay: {error}")),
    };
    tracing::info!("{text}");
    records::configuration_changed(world, level, "root store", text).await;
    reload_certificate(world).await;
}

async fn reload_certificate(world: &World) {
    let Some(server_tls) = &world.server_tls else { return };
    let (level, text) = match server_tls.reload_if_changed() {
        Ok(false) => return,
        Ok(true) => (Level::Information, "The node's certificate was read again.".to_owned()),
        Err(failure) => (Level::Error, format!("The old certificate stays: {}", failure.text)),
    };
    tracing::info!("{text}");
    records::configuration_changed(world, level, "certificate", text).await;
}

/// What has to be done from time to time: certificates, retention, the clock.
async fn housekeeping(world: Arc<World>) {
    let mut purge_at = Instant::now() + Duration::from_secs(5);
    let mut clock = (SystemTime::now(), Instant::now());
    loop {
        tokio::time::sleep(CERTIFICATE_CHECK_INTERVAL).await;
        reload_certificates(&world).await;
        watch_clock(&world, &mut clock).await;
        if Instant::now() >= purge_at {
            purge_at = Instant::now() + PURGE_INTERVAL;
            purge(&world).await;
            if let Err(trouble) = world.office.end_unused_entries(world.now()).await {
                tracing::warn!(error = %trouble.what, "unused list entries could not be taken out");
            }
        }
    }
}

async fn purge(world: &World) {
    let retention = &world.settings().retention;
    let retention = Retention {
        trace_days: retention.trace_days,
        events_days: retention.events_days,
        held_days: retention.held_days,
    };
    loop {
        match world.store().purge(world.now(), retention, PURGE_STEP_ROWS).await {
            Ok(purged) if purged.more => tokio::task::yield_now().await,
            Ok(_) => return,
            Err(error) => {
                tracing::error!(%error, "retention could not be applied");
                return;
            }
        }
    }
}

/// Compares the wall clock with the monotonic one. Nothing expires by the wall clock alone (the
/// retry schedule counts attempts too), so a jump is for people to know.
async fn watch_clock(world: &World, last: &mut (SystemTime, Instant)) {
    let now = (SystemTime::now(), Instant::now());
    let monotonic = now.1.duration_since(last.1).as_secs_f64();
    let wall = match now.0.duration_since(last.0) {
        Ok(forward) => forward.as_secs_f64(),
        Err(backward) => -backward.duration().as_secs_f64(),
    };
    *last = now;
    let seconds = (wall - monotonic).round() as i64;
    if seconds.abs() >= CLOCK_JUMP_SECONDS {
        tracing::warn!(seconds, "the machine's clock jumped");
        records::clock_jumped(world, seconds).await;
    }
}

async fn drain(world: &Arc<World>, delivering: tokio::task::JoinHandle<()>) {
    tracing::info!("stopping: sessions and deliveries may end in order");
    world.stopping.stop();
    let until = Instant::now() + DRAIN_TIME_MAX;
    while (world.sessions.count() > 0 || world.outbound.in_flight() > 0) && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    delivering.abort();
}

fn start_logging(format: LogFormat) {
    use tracing_subscriber::{EnvFilter, fmt};
    let filter = EnvFilter::try_from_env("POSTHOUSE_LOG")
        .unwrap_or_else(|_| EnvFilter::new("info,hickory_resolver=warn,hickory_proto=warn"));
    let builder = fmt().with_env_filter(filter).with_target(false).with_writer(std::io::stderr);
    // A second subscriber (the demo runs two nodes in one process) is not needed.
    let _ = match format {
        LogFormat::Text => builder.with_ansi(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
}
