//! `posthouse check`: what is wrong with this configuration, its certificates, DNS and ports.
//!
//! May touch: the files that the settings name, DNS, a probe of each port, the store through the
//! office. Changes nothing. Each finding says what, where and what next.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use posthouse_store::StoreOptions;
use posthouse_types::UnixMillis;
use serde_json::{Value, json};

use super::Asking;
use super::ask;
use crate::edge::{EdgeSettings, preflight};
use crate::office::{GrantsByTenant, Request};
use crate::protection::{Severity, check_scanner};
use crate::settings::Settings;
use crate::stores::Stores;
use crate::tls::{CertificateSource, ChainSupply, ClientIdentity};
use crate::trust::{Held, Trust};
use crate::{trust, world};

/// How early an ending certificate is worth a warning.
const EXPIRES_SOON_DAYS: i64 = 30;

/// One finding.
struct Finding {
    level: &'static str,
    what: String,
    next: String,
}

impl Finding {
    fn ok(what: impl Into<String>) -> Self {
        Self { level: "ok", what: what.into(), next: String::new() }
    }

    fn warning(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { level: "warning", what: what.into(), next: next.into() }
    }

    fn error(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { level: "error", what: what.into(), next: next.into() }
    }
}

/// Checks, shows, and says by the exit status whether an error was found.
pub(super) fn run(asking: &Asking) -> ExitCode {
    let findings = findings(asking);
    for finding in &findings {
        if asking.json {
            let Finding { level, what, next } = finding;
            anstream::println!("{}", json!({"level": level, "what": what, "next": next}));
        } else {
            let mut line = format!("{:<8} {}", finding.level, finding.what);
            if !finding.next.is_empty() {
                // Writing to a String cannot fail.
                let _ = write!(line, "\n         next: {}", finding.next);
            }
            anstream::println!("{line}");
        }
    }
    let failed = findings.iter().any(|finding| finding.level == "error");
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn findings(asking: &Asking) -> Vec<Finding> {
    let settings = match Settings::read(&asking.node.config) {
        Ok(settings) => settings,
        Err(error) => return vec![Finding::error(error.to_string(), "correct the settings file")],
    };
    let mut findings = vec![Finding::ok(format!("{} can be read", asking.node.config.display()))];
    if settings.edge.is_none() || settings.smtp.certificate.is_some() {
        check_certificate(&settings, &mut findings);
    }
    check_roots(&settings, &mut findings);
    check_ports(&settings, &mut findings);
    check_room(&settings, &mut findings);
    if settings.node.postmaster.is_none() {
        findings.push(Finding::warning(
            "[node] postmaster is not set: mail to <Postmaster> is held until somebody looks",
            "set it to an address that a person reads (RFC 5321 section 4.5.1)",
        ));
    }
    if let Some(edge) = &settings.edge {
        check_edge(edge, &settings, &mut findings);
        return findings;
    }
    if !settings.filter.enabled {
        findings.push(Finding::warning(
            "[filter] enabled is false: mail is passed on with X-Posthouse-Filtered: no",
            "keep a filter behind this gateway, or leave the key out",
        ));
    }
    check_clamd(&settings, &mut findings);
    if let Err(error) = GrantsByTenant::read(&settings.attribution) {
        findings.push(Finding::error(error, "correct [attribution.grants]"));
        return findings;
    }
    check_tenants(asking, &mut findings);
    findings
}

fn check_certificate(settings: &Settings, findings: &mut Vec<Finding>) {
    // Said by check_roots.
    let Ok(supply) = supply(settings) else { return };
    let Some(source) = settings.smtp.certificate_source(&supply) else {
        findings.push(Finding::warning(
            "[smtp] has no certificate: STARTTLS is not offered, and no connector can recognise \
             a peer by its certificate",
            "set [smtp] certificate and key (PEM, leaf first)",
        ));
        return;
    };
    match source.load() {
        Ok(identity) => {
            chain_finding("the node's own certificate", &source, &identity, &supply, findings);
        }
        Err(failure) => {
            findings.push(Finding::error(failure.text, "correct [smtp] certificate and key"));
        }
    }
}

/// Whether clamd looks at all that is taken here.
fn check_clamd(settings: &Settings, findings: &mut Vec<Finding>) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return findings.push(Finding::error(error.to_string(), "")),
    };
    for found in runtime.block_on(check_scanner(settings, world::now())) {
        findings.push(match found.severity {
            Severity::Fine => Finding::ok(found.what),
            Severity::Warning => Finding::warning(found.what, found.next),
            Severity::Fault => Finding::error(found.what, found.next),
        });
    }
}

/// Whether the store has the room that it wants before it takes mail.
fn check_room(settings: &Settings, findings: &mut Vec<Finding>) {
    let folder = &settings.node.data_dir;
    // The folder is made at the first start: until then its parent tells of the disk.
    let there = folder.ancestors().find(|one| one.exists()).unwrap_or(folder);
    let mib = |bytes: u64| bytes / (1024 * 1024);
    let wanted = StoreOptions::default().room_wanted_bytes(folder);
    match posthouse_store::free_bytes(there) {
        Ok(free) if free < wanted => findings.push(Finding::error(
            format!(
                "the disk of {} has {} MiB free, and the store wants {} MiB before it takes mail",
                folder.display(),
                mib(free),
                mib(wanted)
            ),
            "free some room, or put data_dir on a larger disk: mail is answered 452 until then",
        )),
        Ok(free) => findings.push(Finding::ok(format!(
            "the disk of {} has {} MiB free; the store wants {} MiB before it takes mail",
            folder.display(),
            mib(free),
            mib(wanted)
        ))),
        Err(error) => findings.push(Finding::warning(
            format!("how much room the disk of {} has is not known: {error}", folder.display()),
            format!("see that {} MiB are free there", mib(wanted)),
        )),
    }
}

/// What only an edge has: the certificate that its gateway is shown, and who may send.
fn check_edge(edge: &EdgeSettings, settings: &Settings, findings: &mut Vec<Finding>) {
    if edge.networks.is_empty() && edge.users.is_empty() && edge.pickup.is_none() {
        findings.push(Finding::warning(
            "nobody may send: there are no networks, no users and no pickup folder",
            "set [edge] networks, [edge] pickup, or add a [[user]]",
        ));
    }
    let Some((certificate, key)) = &edge.identity else {
        findings.push(Finding::warning(
            "[relay] has no certificate: the gateway can know this server by its address only",
            "set [relay] certificate and key (PEM, leaf first, then its intermediates)",
        ));
        return;
    };
    // Said by check_roots.
    let Ok(supply) = supply(settings) else { return };
    let source = CertificateSource::new(certificate, key, &supply);
    let identity = match source.load() {
        Ok(identity) => identity,
        Err(failure) => {
            return findings.push(Finding::error(failure.text, "correct [relay] certificate"));
        }
    };
    let presented: Vec<&[u8]> = identity.certificates().collect();
    let (held, now) = (supply.trust.held(), world::now());
    let examination = posthouse_pki::Examination::new(&held.roots, now);
    let report = posthouse_pki::examine(&presented, &examination);
    let found = preflight::judge(edge, &source.to_string(), &report, now);
    match found.fault {
        Some(fault) => {
            // The fault brings its repair.
            let (what, next) = fault.split_once("\n  next: ").unwrap_or((&fault, ""));
            findings.push(Finding::error(what, next));
        }
        None => findings.push(Finding::ok("the relay's certificate passes the preflight")),
    }
    findings.extend(found.warnings.into_iter().map(|warning| Finding::warning(warning, "")));
}

/// The stores that chains are completed from, and who is trusted.
pub(super) fn supply(settings: &Settings) -> Result<ChainSupply, String> {
    let data_dir = &settings.node.data_dir;
    let trust = Arc::new(Trust::new(Held::read(settings)?, data_dir));
    Ok(ChainSupply { stores: Stores::of(data_dir), trust })
}

fn check_roots(settings: &Settings, findings: &mut Vec<Finding>) {
    match trust::trusted_roots(settings) {
        Ok(roots) if roots.is_empty() => findings.push(Finding::error(
            "no root is trusted: no certificate will be accepted",
            "install the package ca-certificates, or name a PEM file in [trust] roots",
        )),
        Ok(roots) => findings.push(Finding::ok(format!("{} roots are trusted", roots.len()))),
        Err(error) => findings.push(Finding::error(error, "correct [trust] roots")),
    }
    match trust::load_crls(&settings.trust.crls) {
        Ok(lists) if lists.is_empty() => {}
        Ok(lists) => match lists.stale(world::now()) {
            0 => {
                findings.push(Finding::ok(format!("{} revocation lists are current", lists.len())))
            }
            stale => findings.push(Finding::warning(
                format!("{stale} of {} revocation lists should have been renewed", lists.len()),
                "fetch them again, and tell the node to read its settings (SIGHUP)",
            )),
        },
        Err(error) => findings.push(Finding::error(error, "correct [trust] crls")),
    }
}

/// Examines a chain as a peer would see it: what is sent is what counts.
fn chain_finding(
    whose: &str,
    source: &CertificateSource,
    identity: &ClientIdentity,
    supply: &ChainSupply,
    findings: &mut Vec<Finding>,
) {
    let presented: Vec<&[u8]> = identity.certificates().collect();
    let held = supply.trust.held();
    let now = world::now();
    let examination = posthouse_pki::Examination::new(&held.roots, now);
    let report = posthouse_pki::examine(&presented, &examination);
    if !report.is_accepted() {
        findings.push(Finding::warning(
            format!("{whose} ({}): {}", report.reason, posthouse_pki::sentence(&report)),
            match source {
                CertificateSource::Files { certificate, .. } => {
                    format!("append what is missing to {}, leaf first", certificate.display())
                }
                CertificateSource::Personal { .. } => {
                    format!("posthouse cert obtain {source} --yes fetches what is missing")
                }
            },
        ));
        return;
    }
    let ends = report.valid_until.unwrap_or(UnixMillis(i64::MAX));
    let days = ends.since(now).as_secs() as i64 / 86_400;
    if days < EXPIRES_SOON_DAYS {
        let what = format!("{whose} ends in {days} days");
        findings.push(Finding::warning(what, "renew it; the node picks the new file up by itself"));
    } else {
        findings
            .push(Finding::ok(format!("{whose} is complete and trusted, for {days} more days")));
    }
}

fn check_ports(settings: &Settings, findings: &mut Vec<Finding>) {
    if settings.smtp.listen.is_empty() {
        findings.push(Finding::warning(
            "[smtp] listen is empty: this node takes no mail",
            "set [smtp] listen = [\"0.0.0.0:25\", \"[::]:25\"]",
        ));
    }
    let running =
        std::os::unix::net::UnixStream::connect(crate::door::socket_path(&settings.node.data_dir))
            .is_ok();
    if running {
        findings.push(Finding::ok("a node is running on this data_dir"));
        return;
    }
    let submission = settings.edge.iter().flat_map(|edge| edge.submission.iter());
    let with_tls = settings.edge.iter().flat_map(|edge| edge.submission_tls.iter());
    for address in settings.smtp.listen.iter().chain(submission).chain(with_tls) {
        match std::net::TcpListener::bind(address) {
            Ok(_) => findings.push(Finding::ok(format!("{address} can be listened on"))),
            Err(error) => findings.push(Finding::error(
                format!("cannot listen on {address}: {error}"),
                "stop the server that holds the port, or give CAP_NET_BIND_SERVICE",
            )),
        }
    }
}

fn check_tenants(asking: &Asking, findings: &mut Vec<Finding>) {
    let files = match ask::answer(&asking.node.config, Request::Export { tenant: None }) {
        Ok(files) => files,
        Err(trouble) => {
            return findings.push(Finding::error(trouble.what, trouble.next));
        }
    };
    let Ok(settings) = Settings::read(&asking.node.config) else { return };
    let Ok(supply) = supply(&settings) else { return };
    if files.is_empty() {
        findings.push(Finding::warning("there is no tenant yet", "posthouse apply TENANT.toml"));
    }
    for file in &files {
        let toml = file.get("toml").and_then(Value::as_str).unwrap_or_default();
        let Ok(tenant) = posthouse_policy::Tenant::from_toml(toml) else { continue };
        let before = findings.len();
        for warning in file.get("warnings").and_then(Value::as_array).into_iter().flatten() {
            findings.push(Finding::warning(
                format!("tenant {}: {}", tenant.name, warning.as_str().unwrap_or_default()),
                "posthouse export shows the file; posthouse apply changes it",
            ));
        }
        for connector in &tenant.outbound_connectors {
            let Some(certificate) = &connector.tls_certificate else { continue };
            let whose = format!("tenant {}: connector {}", tenant.name, connector.name);
            let key = connector.tls_key.as_deref().unwrap_or_default();
            let source = CertificateSource::new(Path::new(&**certificate), Path::new(key), &supply);
            match source.load() {
                Ok(identity) => chain_finding(&whose, &source, &identity, &supply, findings),
                Err(failure) => findings.push(Finding::error(
                    format!("{whose}: {}", failure.text),
                    "correct tls_certificate and tls_key",
                )),
            }
        }
        if findings.len() == before {
            findings.push(Finding::ok(format!("tenant {} has no problem", tenant.name)));
        }
    }
}
