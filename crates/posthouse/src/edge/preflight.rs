//! The preflight: would the gateway take the certificate that this edge is going to show?
//!
//! May touch: the relay's certificate and key, the trusted roots through `World`. Judges what is
//! sent: all that a file holds, or an entry of the personal store with its chain. A chain that
//! would be refused never gets into use: at start the edge does not start, later the old one stays.

use std::sync::Arc;
use std::time::Duration;

use posthouse_pki as pki;
use posthouse_store::QueueFilter;
use posthouse_trace::Level;
use posthouse_types::{ChainReport, Reason, UnixMillis};
use tokio::time::Instant;

use super::settings::EdgeSettings;
use crate::records;
use crate::tls::{CertificateSource, ClientIdentity, Look};
use crate::world::World;

/// How early an ending certificate is worth a warning.
const EXPIRES_SOON: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What the repairs call the relay's certificate file.
const FILE: &str = "certificate.pem";

/// How often a certificate that did not change is looked at: chains end, and roots go.
const LOOK_AGAIN: Duration = Duration::from_secs(24 * 60 * 60);

/// How often the files are. A renewal is taken up within this time.
const CHANGE_CHECK_INTERVAL: Duration = Duration::from_secs(2);

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Preflight {
    /// Why the gateway would refuse the chain, with the repair; several lines.
    pub(crate) fault: Option<String>,
    /// What is worth knowing all the same.
    pub(crate) warnings: Vec<String>,
}

/// Runs the preflight at start: puts a good chain into use, and says what is wrong with another.
///
/// # Errors
/// The certificate cannot be read, or its chain would be refused: with the repair.
pub(crate) async fn at_start(world: &World, edge: &EdgeSettings) -> Result<(), String> {
    let Some(source) = source(world, edge) else {
        tracing::warn!(
            "[relay] has no certificate: the gateway can know this server by address only"
        );
        return Ok(());
    };
    let identity = source.load().map_err(|failure| failure.text)?;
    let found = examine(world, edge, &identity, &source);
    if let Some(fault) = found.fault {
        return Err(fault);
    }
    world.client_tls.pin(&source, identity);
    warn(world, found.warnings).await;
    Ok(())
}

/// Looks at the certificate from now on: takes up a renewal that passes, and keeps the old chain
/// where it does not. Without `pinned` nothing is kept back: each new chain is shown, and judged by
/// the gateway alone; what would be refused is still said.
pub(crate) async fn watch(world: Arc<World>, pinned: bool) {
    let mut seen: Option<(Look, Vec<Vec<u8>>)> = None;
    let mut look_again_at = Instant::now() + LOOK_AGAIN;
    loop {
        let settings = world.settings();
        if let Some(edge) = settings.edge.as_deref()
            && let Some(source) = source(&world, edge)
        {
            let look = source.look();
            let is_time = Instant::now() >= look_again_at;
            if is_time {
                look_again_at = Instant::now() + LOOK_AGAIN;
            }
            if is_time || seen.as_ref().is_none_or(|(before, _)| *before != look) {
                let before = seen.take().map(|(_, chain)| chain);
                let chain = take_up(&world, edge, &source, pinned, before, is_time).await;
                seen = Some((look, chain));
            }
        }
        tokio::time::sleep(CHANGE_CHECK_INTERVAL).await;
    }
}

/// Looks at the certificate as it is now, and gives back its chain. One that was looked at before
/// is judged again only where it is time.
async fn take_up(
    world: &World,
    edge: &EdgeSettings,
    source: &CertificateSource,
    pinned: bool,
    before: Option<Vec<Vec<u8>>>,
    is_time: bool,
) -> Vec<Vec<u8>> {
    let identity = match source.load() {
        Ok(identity) => identity,
        Err(failure) => {
            let text = format!("{}; the certificate read before stays in use", failure.text);
            note(world, Level::Error, text).await;
            return Vec::new();
        }
    };
    let chain: Vec<Vec<u8>> = identity.certificates().map(<[u8]>::to_vec).collect();
    // What was there at the start passed, or was said not to.
    let is_new = before.is_some_and(|before| before != chain);
    if !is_new && !is_time {
        return chain;
    }
    let found = examine(world, edge, &identity, source);
    if let Some(fault) = found.fault {
        let end = if pinned && is_new { "\nThe certificate read before stays in use." } else { "" };
        note(world, Level::Error, format!("{fault}{end}")).await;
        return chain;
    }
    if pinned {
        world.client_tls.pin(source, identity);
    }
    if is_new {
        let text = "The relay's certificate was read again, and passed the preflight.".to_owned();
        note(world, Level::Information, text).await;
        retry_what_was_refused(world).await;
    }
    warn(world, found.warnings).await;
    chain
}

/// Has what waited for a chain that is taken tried at once: the next try may be minutes away.
async fn retry_what_was_refused(world: &World) {
    let refused =
        QueueFilter { text: Some(Reason::RelayRefused.id().to_owned()), ..QueueFilter::default() };
    if let Err(error) = world.store().retry_now(refused, world.now()).await {
        tracing::warn!(%error, "what the gateway refused waits for its next try");
    }
    world.outbound.identity_mended();
}

/// The relay's certificate, where it has one.
fn source(world: &World, edge: &EdgeSettings) -> Option<CertificateSource> {
    let (certificate, key) = edge.identity.as_ref()?;
    Some(world.certificate_source(certificate, key))
}

async fn warn(world: &World, warnings: Vec<String>) {
    for warning in warnings {
        note(world, Level::Warning, warning).await;
    }
}

async fn note(world: &World, level: Level, text: String) {
    match level {
        Level::Error => tracing::error!("{text}"),
        Level::Warning => tracing::warn!("{text}"),
        Level::Information => tracing::info!("{text}"),
    }
    // An event is one line.
    let line = text.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    records::configuration_changed(world, level, "relay certificate", line).await;
}

/// Judges a chain as a gateway would.
fn examine(
    world: &World,
    edge: &EdgeSettings,
    identity: &ClientIdentity,
    source: &CertificateSource,
) -> Preflight {
    let sent: Vec<&[u8]> = identity.certificates().collect();
    judge(edge, &source.to_string(), &world.examine(&sent), world.now())
}

/// The same for `check`, where no node runs.
pub(crate) fn judge(
    edge: &EdgeSettings,
    file: &str,
    report: &ChainReport,
    now: UnixMillis,
) -> Preflight {
    if !report.is_accepted() {
        let fault = format!(
            "the gateway would refuse the certificate in {file} ({}): {}{}",
            report.reason,
            pki::sentence(report),
            repair(report, file)
        );
        return Preflight { fault: Some(fault), warnings: Vec::new() };
    }
    if let Some(name) = edge.expected_name.as_ref()
        && !pki::names_match(&report.names, name)
    {
        let names: Vec<&str> = report.names.iter().map(|name| name.as_str()).collect();
        let fault = format!(
            "the gateway would refuse the certificate in {file} (name-mismatch): its connector \
             looks for {name}, and the certificate is for {}\n  next: get a certificate for \
             {name}, or have the connector changed, and correct [relay] expected_name",
            posthouse_types::printable(&names.join(", "), posthouse_types::SHOWN_CHARACTERS_MAX)
        );
        return Preflight { fault: Some(fault), warnings: Vec::new() };
    }
    let mut warnings = Vec::new();
    let left = report.valid_until.map(|end| end.since(now)).unwrap_or(Duration::MAX);
    if left < EXPIRES_SOON {
        warnings.push(format!(
            "the chain in {file} ends in {} days: renew it; the new file is taken up by itself",
            left.as_secs() / 86_400
        ));
    }
    Preflight { fault: None, warnings }
}

/// The steps and commands that mend it here.
fn repair(report: &ChainReport, file: &str) -> String {
    let repairs = pki::repairs(report);
    let Some(repair) = repairs.iter().find(|repair| repair.platform == "posthouse") else {
        return String::new();
    };
    let mut text = format!("\n  next: {} ([relay] certificate = {file})", repair.title);
    for step in &repair.steps {
        text.push_str(&format!("\n    - {step}"));
    }
    let is_file = crate::tls::personal_name(file).is_none();
    let commands = repair.commands.iter().filter(|command| is_file || !command.contains(FILE));
    for command in commands.map(|command| command.replace(FILE, file)) {
        text.push_str(&format!("\n      $ {command}"));
    }
    text.push_str("\n  --skip-preflight starts all the same, for labs.");
    text
}

#[cfg(test)]
mod tests {
    use posthouse_types::{ChainReason, Domain};

    use super::*;

    const NOW: UnixMillis = UnixMillis(1_795_457_427_042);
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn edge(relay: &str) -> EdgeSettings {
        let text = format!(
            "[node]\nname = \"mail.a.example\"\ndata_dir = \"data\"\n[edge]\n[relay]\n\
             smart_hosts = [\"gw.example.net\"]\n{relay}"
        );
        let settings = super::super::settings::parse(&text, std::path::Path::new("/etc")).unwrap();
        (*settings.edge.unwrap()).clone()
    }

    fn accepted(days_left: u32) -> ChainReport {
        ChainReport {
            reason: ChainReason::Ok,
            names: vec![Domain::from_normalized("*.contoso.example")],
            valid_until: Some(NOW + DAY * days_left),
            ..ChainReport::no_certificate()
        }
    }

    fn judged(relay: &str, report: &ChainReport) -> Preflight {
        judge(&edge(relay), "relay.pem", report, NOW)
    }

    #[test]
    fn a_good_chain_passes_and_one_that_ends_soon_passes_with_a_warning() {
        let nothing = Preflight { fault: None, warnings: Vec::new() };
        assert_eq!(judged("", &accepted(30)), nothing);
        let found = judged("", &accepted(29));
        assert!(found.fault.is_none() && found.warnings[0].contains("in 29 days"), "{found:?}");
    }

    #[test]
    fn the_name_is_what_the_connector_looks_for() {
        let passes = |name: &str| {
            let relay = format!("expected_name = \"{name}\"\n");
            judged(&relay, &accepted(90)).fault.is_none()
        };
        assert!(passes("mail.contoso.example") && passes("*.contoso.example"));
        assert!(!passes("contoso.example") && !passes("mail.fabrikam.example"));
    }

    #[test]
    fn a_repair_never_writes_into_a_store_by_hand() {
        let report = ChainReport { reason: ChainReason::ChainIncomplete, ..accepted(90) };
        let fault = judge(&edge(""), "personal:mail", &report, NOW).fault.unwrap();
        assert!(!fault.contains(">> personal:mail"), "{fault}");
    }
}
