//! Whether an accepted chain was issued by the CA that a connector has pinned.
//!
//! Pure comparison of names. A name is as good as the path it stands on, so only accepted paths
//! count.

use posthouse_types::ChainReport;

use crate::distinguished;

/// Whether one of the issuers on the accepted path is the pinned one: a whole distinguished name
/// (`CN=R3,O=Let's Encrypt,C=US`, in any spelling of RFC 4514 or Microsoft's), or its CN alone.
///
/// Case and runs of spaces do not count (RFC 5280 section 7.1). A chain that is not accepted has
/// no issuer that could be believed: `false`.
pub fn issuer_matches(report: &ChainReport, tls_sender_issuer: &str) -> bool {
    if !report.is_accepted() || tls_sender_issuer.trim().is_empty() {
        return false;
    }
    let common_name = distinguished::folded(tls_sender_issuer);
    report.path.iter().map(|element| &element.certificate.issuer).any(|issuer| {
        distinguished::is_same_text(issuer, tls_sender_issuer)
            || distinguished::common_name_of_text(issuer).is_some_and(|name| name == common_name)
    })
}
