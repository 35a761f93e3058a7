//! What a diagnosis costs: of a sound chain, of one with a gap, of one seen before, and of bundles
//! made to cost time.
//!
//! Touches nothing but randomness and the clock: the examination is pure.

use std::time::{Duration, Instant};

use posthouse_pki::limits::DIAGNOSED_CERTIFICATES_MAX;
use posthouse_pki::{
    Examination, SeenChains, TrustedRoots, examine, examine_at_most, parse_pem_certificates,
    repairs, sentence,
};
use posthouse_types::UnixMillis;
use rcgen::{
    CertificateParams, Issuer, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384,
    PKCS_ECDSA_P521_SHA512, SerialNumber, SignatureAlgorithm,
};

use crate::Result;
use crate::certificates::{Authority, Kind, authority};
use crate::report::Row;

/// Examinations whose mean counts.
const TIMES: u32 = 2_000;

/// Look-alikes of one hostile bundle: thousands, as the aim says.
const LOOK_ALIKES: usize = 5_000;

/// Those that are really different; the rest repeats them, as making thousands of keys takes long.
const KEYS: usize = 120;

/// Runs of a hostile bundle, of which the quickest counts: what is computed is the same each time,
/// and whatever else runs on the machine only adds to it.
const HOSTILE_RUNS: usize = 200;

/// The aim for any hostile bundle.
const HOSTILE_TIME_MAX: Duration = Duration::from_millis(5);

/// The rows.
pub(crate) fn measure() -> Result<Vec<Row>> {
    let mut rows = usual()?;
    for (name, algorithm) in [
        ("P-256", &PKCS_ECDSA_P256_SHA256),
        ("P-384", &PKCS_ECDSA_P384_SHA384),
        ("P-521", &PKCS_ECDSA_P521_SHA512),
    ] {
        rows.push(hostile(&format!("{name}, a key each"), &look_alikes(algorithm)?)?);
        rows.push(hostile(&format!("{name}, one key for all"), &editions(algorithm)?)?);
    }
    Ok(rows)
}

fn now() -> UnixMillis {
    UnixMillis::from_seconds(time::OffsetDateTime::now_utc().unix_timestamp())
}

/// Chains as they come every day.
fn usual() -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (kind, name) in [(Kind::P256, "P-256"), (Kind::Rsa2048, "RSA-2048")] {
        let authority = Authority::new(kind)?;
        let identity = authority.issue("mail.contoso.example")?;
        let roots = TrustedRoots::from_pem(authority.root_pem.as_bytes())?;
        let chain = parse_pem_certificates(identity.chain_pem.as_bytes())?;
        let presented: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
        let examination = Examination::new(&roots, now());
        let timed = |examine: &dyn Fn()| {
            let begun = Instant::now();
            (0..TIMES).for_each(|_| examine());
            begun.elapsed().as_secs_f64() * 1e6 / f64::from(TIMES)
        };
        let first = timed(&|| drop(examine(&presented, &examination)));
        let seen = SeenChains::default();
        let again = timed(&|| drop(seen.examine_cached(&presented, &examination)));
        let leaf_only = presented.get(..1).unwrap_or_default();
        let gap = timed(&|| {
            let report = examine(leaf_only, &examination);
            drop((sentence(&report), repairs(&report)));
        });
        rows.push(Row::figure(
            &format!("a chain's examination, {name}: first time / seen before"),
            format!("{first:.0} / {again:.1} µs"),
        ));
        rows.push(Row::figure(
            &format!("a leaf alone, {name}: examined, explained, repairs for each platform"),
            format!("{gap:.0} µs"),
        ));
    }
    Ok(rows)
}

/// A leaf below a CA of the name `Look-alike`, and many more CAs of that name.
struct Bundle {
    ders: Vec<Vec<u8>>,
    root: Vec<u8>,
}

impl Bundle {
    /// Repeats what there is up to [`LOOK_ALIKES`], and puts the leaf before it.
    fn new(leaf: Vec<u8>, cas: &[Vec<u8>], root: Vec<u8>) -> Self {
        let many = cas.iter().cycle().take(LOOK_ALIKES).cloned();
        Self { ders: std::iter::once(leaf).chain(many).collect(), root }
    }
}

/// Each CA is signed by the next: every one looks like every other's issuer, and only one is.
fn look_alikes(algorithm: &'static SignatureAlgorithm) -> Result<Bundle> {
    let key = || KeyPair::generate_for(algorithm);
    let root_key = key()?;
    let root = authority("Look-alike").self_signed(&root_key)?.der().to_vec();
    let mut above = Issuer::new(authority("Look-alike"), root_key);
    let mut cas = Vec::new();
    for _ in 0..KEYS {
        let (params, own) = (authority("Look-alike"), key()?);
        cas.push(params.signed_by(&own, &above)?.der().to_vec());
        above = Issuer::new(params, own);
    }
    let leaf = CertificateParams::new(vec!["mail.contoso.example".to_owned()])?
        .signed_by(&key()?, &above)?;
    Ok(Bundle::new(leaf.der().to_vec(), &cas, root))
}

/// Editions of one CA that sign each other with one key: every signature is sound, and no path ends.
fn editions(algorithm: &'static SignatureAlgorithm) -> Result<Bundle> {
    let key = KeyPair::generate_for(algorithm)?;
    let issuer = Issuer::new(authority("Look-alike"), &key);
    let mut cas = Vec::new();
    for number in 0..KEYS as u64 {
        let mut params = authority("Look-alike");
        params.serial_number = Some(SerialNumber::from(1_000 + number));
        cas.push(params.signed_by(&key, &issuer)?.der().to_vec());
    }
    let leaf_key = KeyPair::generate_for(algorithm)?;
    let leaf = CertificateParams::new(vec!["mail.contoso.example".to_owned()])?
        .signed_by(&leaf_key, &issuer)?;
    let root_key = KeyPair::generate_for(algorithm)?;
    let root = authority("Look-alike").self_signed(&root_key)?.der().to_vec();
    Ok(Bundle::new(leaf.der().to_vec(), &cas, root))
}

/// The gateway's look and the diagnosis', forward and backward: the slower order counts.
fn hostile(name: &str, bundle: &Bundle) -> Result<Row> {
    let roots = TrustedRoots::from_ders(std::slice::from_ref(&bundle.root))?;
    let examination = Examination::new(&roots, now());
    let forward: Vec<&[u8]> = bundle.ders.iter().map(Vec::as_slice).collect();
    let mut backward = forward.clone();
    if let Some(rest) = backward.get_mut(1..) {
        rest.reverse();
    }
    let (mut gateway, mut diagnosis) = (Duration::ZERO, Duration::ZERO);
    for sent in [&forward, &backward] {
        gateway = gateway.max(quickest(|| drop(examine(sent, &examination))));
        diagnosis = diagnosis.max(quickest(|| {
            drop(examine_at_most(sent, DIAGNOSED_CERTIFICATES_MAX, &examination));
        }));
    }
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    Ok(Row::target(
        &format!("{LOOK_ALIKES} look-alikes, {name}: at the gateway / cert diagnose"),
        format!("{:.1} / {:.1} ms", millis(gateway), millis(diagnosis)),
        "< 5 ms",
        gateway.max(diagnosis) < HOSTILE_TIME_MAX,
    ))
}

fn quickest(mut run: impl FnMut()) -> Duration {
    let timed = |_| {
        let begun = Instant::now();
        run();
        begun.elapsed()
    };
    (0..HOSTILE_RUNS).map(timed).min().unwrap_or_default()
}
