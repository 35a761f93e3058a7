//! The public suites of path validation against our verdict: x509-limbo, BetterTLS, and the chains
//! of well-known hosts with faults made into them.
//!
//! Each difference from what a suite expects is listed here and explained in `docs/x509.md`; one
//! that is not fails the test. And whatever a suite expects, our verdict is webpki's.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect should stop there"
)]

mod bettertls;
mod corpus;
mod limbo;
mod real;

use posthouse_pki::limits::DIAGNOSED_CERTIFICATES_MAX;
use posthouse_pki::{Examination, MailTransport, TrustedRoots, examine_at_most};
use posthouse_types::{ChainReason, ChainReport, UnixMillis};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use webpki::EndEntityCert;

/// One case of any suite.
pub(crate) struct Case<'a> {
    pub(crate) presented: &'a [Vec<u8>],
    pub(crate) roots: &'a [Vec<u8>],
    pub(crate) name: Option<&'a str>,
}

impl Case<'_> {
    /// Our report, held against webpki's verdict over the same.
    pub(crate) fn examine(&self, tune: impl Fn(Examination<'_>) -> ChainReport) -> ChainReport {
        let (roots, _) = TrustedRoots::from_readable_ders(self.roots);
        tune(Examination::new(&roots, UnixMillis(0)))
    }

    pub(crate) fn slices(&self) -> Vec<&[u8]> {
        self.presented.iter().map(Vec::as_slice).collect()
    }

    /// Our report at this time, and the name where one is asked for. Panics where the verdict is
    /// not webpki's.
    pub(crate) fn judge(&self, now: UnixMillis) -> ChainReport {
        let name = self.name.map(|name| posthouse_pki::PeerName::parse(name).unwrap());
        let report = self.examine(|examination| {
            let examination = Examination { now, name: name.as_ref(), ..examination };
            examine_at_most(&self.slices(), DIAGNOSED_CERTIFICATES_MAX, &examination)
        });
        let budget_is_spent = |error: &webpki::Error| {
            use webpki::Error as E;
            matches!(error, E::MaximumSignatureChecksExceeded | E::MaximumPathBuildCallsExceeded)
        };
        match self.webpki(now) {
            // A bundle made to exhaust webpki: the search may find the path all the same.
            Err(error) if budget_is_spent(&error) => {}
            verdict => assert_eq!(report.is_accepted(), verdict.is_ok(), "{verdict:?} {report:#?}"),
        }
        assert_ne!(report.reason, ChainReason::NoCertificate);
        report
    }

    fn webpki(&self, now: UnixMillis) -> Result<(), webpki::Error> {
        let ders: Vec<_> = self.roots.iter().map(|der| CertificateDer::from(&**der)).collect();
        let anchors: Vec<_> =
            ders.iter().filter_map(|der| webpki::anchor_from_trusted_cert(der).ok()).collect();
        let (leaf, rest) = self.presented.split_first().unwrap();
        let leaf = CertificateDer::from(&**leaf);
        let rest: Vec<_> = rest.iter().map(|der| CertificateDer::from(&**der)).collect();
        let leaf = EndEntityCert::try_from(&leaf)?;
        let seconds = u64::try_from(now.seconds()).unwrap();
        let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        let algorithms = webpki::ALL_VERIFICATION_ALGS;
        leaf.verify_for_usage(algorithms, &anchors, &rest, time, MailTransport, None, None)?;
        match self.name {
            Some(name) => {
                leaf.verify_is_valid_for_subject_name(&ServerName::try_from(name).unwrap())
            }
            None => Ok(()),
        }
    }
}

/// `2024-01-01T00:00:00+00:00`, as the suites write moments.
pub(crate) fn moment(text: &str) -> UnixMillis {
    let moment =
        time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).unwrap();
    UnixMillis::from_seconds(moment.unix_timestamp())
}
