//! Obtain: the intermediates that our own chain lacks, from where its certificates say.
//!
//! May touch: the network, through `lookup` and its limits on addresses, size and time. What comes
//! is a claim of a stranger until its signature proves it: only the true issuer is offered.
//! Nothing is fetched for a peer's chain, ever.

use posthouse_lookup::{AiaError, AiaFetcher};
use posthouse_pki::{
    CertificateKind, Examination, KnownIntermediate, NotIssuer, TrustedRoots, certificate_kind,
    certificate_summary, chain_to_send, check_issuer, examine, read_bundle,
};
use posthouse_types::{CertificateSummary, ChainReport, UnixMillis};

/// Certificates fetched for one chain: real ones lack one or two.
const FETCHES_MAX: usize = 6;

/// An intermediate that was fetched and proven.
#[derive(Debug)]
pub(crate) struct Fetched {
    /// The certificate (DER).
    pub(crate) der: Vec<u8>,
    /// What it says.
    pub(crate) certificate: CertificateSummary,
    /// Where it came from.
    pub(crate) from: String,
    /// Whom it issued, by subject.
    pub(crate) issuer_of: String,
}

/// Why one address gave nothing.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The address, a certificate's own words.
    pub(crate) address: String,
    /// Why, printable.
    pub(crate) why: String,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Obtained {
    /// What was fetched and proven, from the leaf upward.
    pub(crate) fetched: Vec<Fetched>,
    /// Addresses that gave nothing.
    pub(crate) failures: Vec<Failure>,
    /// The chain as it would be sent with what was fetched.
    pub(crate) report: ChainReport,
    /// Whether the chain reaches a root: a trusted one, or one that was met on the way.
    pub(crate) complete: bool,
}

/// What our chain is: the certificates that are sent now, what the `ca` store has, and who is
/// trusted.
pub(crate) struct OwnChain<'a> {
    /// As it is sent now, leaf first. Never empty.
    pub(crate) sent: Vec<Vec<u8>>,
    /// What the `ca` store holds.
    pub(crate) known: Vec<KnownIntermediate>,
    /// A chain to one of these is complete.
    pub(crate) roots: &'a TrustedRoots,
    /// The time.
    pub(crate) now: UnixMillis,
}

/// Fetches what the chain lacks, one issuer after the other.
pub(crate) async fn obtain(mut own: OwnChain<'_>, fetcher: &AiaFetcher) -> Obtained {
    let mut fetched: Vec<Fetched> = Vec::new();
    let mut failures = Vec::new();
    let (chain, complete) = loop {
        let chain = own.chain();
        let is_accepted = own.examine(&chain).is_accepted();
        let Some(top) = chain.last().filter(|_| !is_accepted) else { break (chain, true) };
        if certificate_kind(top).is_none_or(is_self_signed) || fetched.len() >= FETCHES_MAX {
            break (chain, false);
        }
        match issuer_of(top, fetcher, own.now, &mut failures).await {
            // Its issuer signed itself: that is the root, and nothing is missing below it.
            Some(root) if certificate_kind(&root.der).is_none_or(is_self_signed) => {
                break (chain, true);
            }
            Some(found) => {
                own.known.extend(KnownIntermediate::from_der(&found.der));
                fetched.push(found);
            }
            None => break (chain, false),
        }
    };
    let report = own.examine(&chain);
    Obtained { fetched, failures, report, complete }
}

impl OwnChain<'_> {
    /// The chain as it would be sent, from the leaf, what is sent now, and the `ca` store.
    fn chain(&self) -> Vec<Vec<u8>> {
        let mut known = self.known.clone();
        let sent = self.sent.iter().skip(1);
        known.extend(sent.filter_map(|der| KnownIntermediate::from_der(der).ok()));
        let examination = Examination { known: &known, ..Examination::new(self.roots, self.now) };
        chain_to_send(self.sent.first().map_or(&[], Vec::as_slice), &examination)
    }

    fn examine(&self, chain: &[Vec<u8>]) -> ChainReport {
        let chain: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
        examine(&chain, &Examination::new(self.roots, self.now))
    }
}

fn is_self_signed(kind: CertificateKind) -> bool {
    matches!(kind, CertificateKind::Root | CertificateKind::SelfSigned)
}

/// The issuer of a certificate, from the first of its addresses that has it.
async fn issuer_of(
    certificate: &[u8],
    fetcher: &AiaFetcher,
    now: UnixMillis,
    failures: &mut Vec<Failure>,
) -> Option<Fetched> {
    let summary = certificate_summary(certificate).ok()?;
    for address in &summary.ca_issuers {
        let why = match fetcher.fetch(address).await {
            Ok(bytes) => match true_issuer(&bytes, certificate, now) {
                Ok(der) => {
                    let certificate = certificate_summary(&der).unwrap_or_default();
                    let (from, issuer_of) = (address.clone(), summary.subject.clone());
                    return Some(Fetched { der, certificate, from, issuer_of });
                }
                Err(why) => why,
            },
            Err(AiaError(why)) => why,
        };
        failures.push(Failure { address: address.clone(), why });
    }
    None
}

/// The true issuer among what was fetched: a certificate, or a .p7c of several (RFC 5280 section
/// 4.2.2.1). One that did not sign is refused, whatever its name.
fn true_issuer(bytes: &[u8], certificate: &[u8], now: UnixMillis) -> Result<Vec<u8>, String> {
    let bundle = read_bundle(bytes, None)
        .map_err(|error| format!("what came is no certificate: {error}"))?;
    let mut why = NotIssuer::Malformed;
    for der in bundle.certificates {
        match check_issuer(&der, certificate, now) {
            Ok(()) => return Ok(der),
            Err(error) => why = error,
        }
    }
    Err(format!("what came is not the issuer: {why}"))
}
