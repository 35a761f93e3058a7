//! `posthouse dkim`: keys that sign for tenants' domains, and their DNS records.
//!
//! May touch: the settings file, the folders of keys, the node's door (for a tenant's number),
//! standard output. The running node takes up a change within seconds by itself.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use posthouse_message::date_rfc3339;
use posthouse_policy::FromText as _;
use posthouse_types::{Domain, TenantId, UnixMillis};
use serde_json::{Value, json};

use super::cert::tenant;
use super::{Asking, show};
use crate::dkim::{Algorithm, Key, KeyState, Ring, domains};
use crate::office::Trouble;
use crate::settings::Settings;
use crate::world;

/// Longest string of a TXT record (RFC 1035 section 3.3.14): longer records have several.
const TXT_STRING_BYTES_MAX: usize = 255;

/// How long after a rotation the new key begins to sign: DNS caches hold "no such name" for a day
/// at most in practice, and administrators need a while to publish.
const ROTATION_DAYS_DEFAULT: u32 = 4;

const MILLIS_PER_DAY: i64 = 24 * 60 * 60 * 1000;

/// What can be done with keys.
#[derive(Subcommand)]
pub(crate) enum DkimVerb {
    /// Make the first key of a domain, and print its DNS record
    Create(CreateArguments),
    /// Make the next key, which signs from a date on
    Rotate(RotateArguments),
    /// The keys of a tenant's domains
    List {
        /// The tenant's name
        tenant: String,
        #[command(flatten)]
        asking: Asking,
    },
    /// The keys of one domain, with their DNS records
    Show {
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        asking: Asking,
    },
}

/// A tenant's domain.
#[derive(Args)]
pub(crate) struct Whose {
    /// The tenant's name
    tenant: String,
    /// The domain that is signed for
    domain: String,
}

/// `dkim create`.
#[derive(Args)]
pub(crate) struct CreateArguments {
    #[command(flatten)]
    whose: Whose,
    /// Which kind of key; a domain may have one of each
    #[arg(long, value_enum, default_value = "rsa2048")]
    algorithm: Algorithm,
    /// The name of its DNS record below _domainkey; left out: selector1
    #[arg(long)]
    selector: Option<String>,
    #[command(flatten)]
    asking: Asking,
}

/// `dkim rotate`.
#[derive(Args)]
pub(crate) struct RotateArguments {
    #[command(flatten)]
    whose: Whose,
    /// Which kind of key
    #[arg(long, value_enum, default_value = "rsa2048")]
    algorithm: Algorithm,
    /// The name of its DNS record; left out: of selector1 and selector2 the free one
    #[arg(long)]
    selector: Option<String>,
    /// In how many days it begins to sign; its record has to be published by then
    #[arg(long, value_name = "DAYS", default_value_t = ROTATION_DAYS_DEFAULT)]
    days: u32,
    #[command(flatten)]
    asking: Asking,
}

/// Runs one verb.
pub(super) fn run(verb: DkimVerb) -> ExitCode {
    let done = match verb {
        DkimVerb::Create(arguments) => create(&arguments),
        DkimVerb::Rotate(arguments) => rotate(&arguments),
        DkimVerb::List { tenant, asking } => list(&tenant, &asking),
        DkimVerb::Show { whose, asking } => show_one(&whose, &asking),
    };
    match done {
        Ok(text) => write(&text),
        Err(trouble) => {
            show::trouble(&trouble);
            ExitCode::FAILURE
        }
    }
}

/// A domain's ring, and what surrounds it.
struct Found {
    domain: Domain,
    ring: Ring,
    now: UnixMillis,
}

fn find(whose: &Whose, asking: &Asking) -> Result<Found, Trouble> {
    let domain = Domain::from_text(&whose.domain).map_err(|error| Trouble::new(error, ""))?;
    let settings = settings(asking)?;
    let tenant = tenant(asking, &whose.tenant)?;
    let ring = read(&settings, tenant, &domain)?;
    Ok(Found { domain, ring, now: world::now() })
}

fn settings(asking: &Asking) -> Result<Settings, Trouble> {
    Settings::read(&asking.node.config).map_err(|error| Trouble::new(error.to_string(), ""))
}

fn read(settings: &Settings, tenant: TenantId, domain: &Domain) -> Result<Ring, Trouble> {
    Ring::read(&settings.node.data_dir, tenant, domain).map_err(|error| {
        Trouble::new(
            format!("the keys of {domain} cannot be read: {error}"),
            "run this as the user that runs the node; bring a damaged file back from a backup",
        )
    })
}

fn create(arguments: &CreateArguments) -> Result<String, Trouble> {
    let mut found = find(&arguments.whose, &arguments.asking)?;
    let algorithm = arguments.algorithm;
    if found.ring.keys().iter().any(|key| key.algorithm == algorithm) {
        let domain = &found.domain;
        return Err(Trouble::new(
            format!("{domain} has a key of this kind already"),
            format!("posthouse dkim rotate {} {domain}", arguments.whose.tenant),
        ));
    }
    let text = made(&mut found, algorithm, arguments.selector.as_deref(), 0, &arguments.asking)?;
    let next = format!(
        "Publish it, then have the domain signed: in the tenant's file\n\n  [[dkim]]\n  \
         domain = \"{}\"\n\nand posthouse apply FILE.\n",
        found.domain
    );
    Ok(if arguments.asking.json { text } else { text + &next })
}

fn rotate(arguments: &RotateArguments) -> Result<String, Trouble> {
    let mut found = find(&arguments.whose, &arguments.asking)?;
    let algorithm = arguments.algorithm;
    if !found.ring.keys().iter().any(|key| key.algorithm == algorithm) {
        let domain = &found.domain;
        return Err(Trouble::new(
            format!("{domain} has no key of this kind to rotate"),
            format!("posthouse dkim create {} {domain}", arguments.whose.tenant),
        ));
    }
    let selector = arguments.selector.as_deref();
    made(&mut found, algorithm, selector, arguments.days, &arguments.asking)
}

/// Makes a key that signs in so many days, and says what to publish.
fn made(
    found: &mut Found,
    algorithm: Algorithm,
    selector: Option<&str>,
    days: u32,
    asking: &Asking,
) -> Result<String, Trouble> {
    let from = UnixMillis(found.now.0 + i64::from(days) * MILLIS_PER_DAY);
    let key = found
        .ring
        .make(algorithm, selector, from, found.now)
        .map_err(|error| Trouble::new(error, "posthouse dkim show lists the keys"))?
        .clone();
    if asking.json {
        return Ok(format!("{}\n", object(found, &key)));
    }
    let date = date_rfc3339(from);
    let when = match days {
        0 => "It signs as soon as the domain is signed for.".to_owned(),
        _ => format!("It signs from {date} on: publish its record before that."),
    };
    Ok(format!(
        "Made {} for {}. {when}\n\n{}\n\n",
        key.selector,
        found.domain,
        zone_line(found, &key)
    ))
}

fn list(name: &str, asking: &Asking) -> Result<String, Trouble> {
    let settings = settings(asking)?;
    let tenant = tenant(asking, name)?;
    let mut text = String::new();
    for domain in domains(&settings.node.data_dir, tenant) {
        let ring = read(&settings, tenant, &domain)?;
        let found = Found { domain, ring, now: world::now() };
        text.extend(found.ring.keys().iter().map(|key| match asking.json {
            true => format!("{}\n", object(&found, key)),
            false => line(&found, key),
        }));
    }
    if text.is_empty() && !asking.json {
        text = format!("No keys. Make one: posthouse dkim create {name} DOMAIN\n");
    }
    Ok(text)
}

fn show_one(whose: &Whose, asking: &Asking) -> Result<String, Trouble> {
    let found = find(whose, asking)?;
    if found.ring.keys().is_empty() {
        return Err(Trouble::new(
            format!("{} has no keys", found.domain),
            format!("posthouse dkim create {} {}", whose.tenant, found.domain),
        ));
    }
    let one = |key: &Key| match asking.json {
        true => format!("{}\n", object(&found, key)),
        false => format!("{}{}\n\n", line(&found, key), zone_line(&found, key)),
    };
    Ok(found.ring.keys().iter().map(one).collect())
}

fn words(found: &Found, key: &Key) -> (&'static str, String) {
    match found.ring.state(key, found.now) {
        KeyState::Active => {
            ("active", format!("since {}", date_rfc3339(UnixMillis(key.signs_from))))
        }
        KeyState::Waiting => {
            ("waiting", format!("from {}", date_rfc3339(UnixMillis(key.signs_from))))
        }
        KeyState::Retired { published_until } if published_until <= found.now => {
            ("retired", "its record may go".to_owned())
        }
        KeyState::Retired { published_until } => {
            ("retired", format!("its record stays until {}", date_rfc3339(published_until)))
        }
    }
}

fn line(found: &Found, key: &Key) -> String {
    let (state, detail) = words(found, key);
    let algorithm = key.algorithm.as_str();
    format!("{:<28} {:<12} {algorithm:<8} {state:<8} {detail}\n", found.domain, key.selector)
}

fn record_name(found: &Found, key: &Key) -> String {
    format!("{}._domainkey.{}", key.selector, found.domain)
}

/// The record as a zone file has it.
fn zone_line(found: &Found, key: &Key) -> String {
    let strings: Vec<String> = key
        .record
        .as_bytes()
        .chunks(TXT_STRING_BYTES_MAX)
        .map(|part| format!("\"{}\"", String::from_utf8_lossy(part)))
        .collect();
    format!("{}. IN TXT ( {} )", record_name(found, key), strings.join(" "))
}

fn object(found: &Found, key: &Key) -> Value {
    let (state, _) = words(found, key);
    json!({
        "domain": found.domain.as_str(),
        "selector": key.selector,
        "algorithm": key.algorithm.as_str(),
        "state": state,
        "created": date_rfc3339(UnixMillis(key.created)),
        "signs_from": date_rfc3339(UnixMillis(key.signs_from)),
        "record_name": record_name(found, key),
        "record": key.record,
    })
}

fn write(text: &str) -> ExitCode {
    let mut out = anstream::AutoStream::auto(io::stdout().lock());
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
