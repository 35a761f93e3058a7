//! Every bound of this room by name, with its reason (design decision 10). Touches nothing.

use std::time::Duration;

/// Certificates of one chain that are looked at. Real chains have two to four; ten is what
/// OpenSSL's default depth allows.
pub const PRESENTED_CERTIFICATES_MAX: usize = 10;

/// Bytes of one chain that are looked at: TLS stacks stop at the same size.
pub const PRESENTED_BYTES_MAX: usize = 64 * 1024;

/// Certificates that are looked at of a bundle which an administrator has diagnosed, within
/// [`PRESENTED_BYTES_MAX`]. A gateway looks at [`PRESENTED_CERTIFICATES_MAX`].
pub const DIAGNOSED_CERTIFICATES_MAX: usize = 100;

/// DNS names of one certificate that are looked at; public CAs stop at about one hundred.
pub const DNS_NAMES_MAX: usize = 200;

/// Addresses of one certificate's issuer (caIssuers) that are kept; one or two are usual.
pub const CA_ISSUERS_MAX: usize = 4;

/// Longest address of an issuer that is kept, in bytes.
pub const CA_ISSUERS_BYTES_MAX: usize = 1024;

/// A distinguished name as text is cut after so many bytes; RFC 5280's upper bounds stay below.
pub const DISTINGUISHED_NAME_BYTES_MAX: usize = 1024;

/// Extensions of one certificate that are looked at for explaining; about ten are usual.
pub const EXTENSIONS_MAX: usize = 64;

/// What the signatures that one search checks may cost, where one of P-256, Ed25519 or RSA up to
/// 4096 bits costs 1. Ten certificates of one name need at most 45 checks, so that only a bundle
/// made to be costly meets this: 48 checks of P-256 take about 3 ms.
pub const SIGNATURE_COST_MAX: usize = 48;

/// What one signature of P-384 costs, by measurement, in the same unit: up to ten times as much,
/// by machine. The longest path that webpki takes, seven signatures, has to fit.
pub const COST_OF_P384: usize = 6;

/// What one of P-521, or of RSA beyond 4096 bits, costs: a stranger may make up such keys freely.
pub const COST_OF_LARGE_KEY: usize = 6;

/// Paths that are put to webpki in one search. Each ends in a trusted root by sound signatures;
/// real bundles have one or two.
pub const PATHS_MAX: usize = 16;

/// Stored intermediates that one explanation looks at beside what was sent.
pub const KNOWN_CONSIDERED_MAX: usize = 16;

/// Bytes of one PEM file: a public root store has a quarter of a megabyte.
pub const PEM_BYTES_MAX: usize = 8 * 1024 * 1024;

/// A certificate that ends within this time draws a warning.
pub const EXPIRES_SOON: Duration = Duration::from_secs(30 * 24 * 3600);

/// Chains that a cache of seen chains remembers, at most. Twice this while it turns over.
pub const SEEN_CHAINS_MAX: usize = 2048;

/// Longest chain that is remembered, in bytes; a longer one is examined each time it comes. With
/// the number above it bounds the cache's memory.
pub const SEEN_CHAIN_BYTES_MAX: usize = 16 * 1024;

/// One sentence about a chain, in characters: fits an SMTP reply line (RFC 5321 section 4.5.3.1.5).
pub const SENTENCE_CHARACTERS_MAX: usize = 440;

/// Bytes of one file that is imported. A .pfx with key and chain has about five kilobytes, a
/// system's whole set of roots in PEM a quarter of a megabyte.
pub const BUNDLE_BYTES_MAX: usize = 1024 * 1024;

/// Certificates of one file that is imported: a system's whole set of roots has about 150.
pub const BUNDLE_CERTIFICATES_MAX: usize = 500;

/// Private keys of one file that is imported: one is usual.
pub const BUNDLE_KEYS_MAX: usize = 16;

/// Bytes of one PKCS#12 file. With its chain it has about five kilobytes; what is inside its
/// encrypted part may ask for the password to be stretched anew every hundred bytes.
pub const PKCS12_BYTES_MAX: usize = 64 * 1024;

/// Places of one PKCS#12 file that ask, to be seen from outside, for the password to be stretched:
/// each key and each safe, three of them usually. Each may take a million rounds, half a second.
pub const PKCS12_STRETCHES_MAX: usize = 24;
