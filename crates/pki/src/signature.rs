//! Whether one key signed one certificate, by the algorithms that webpki itself uses, and what
//! kinds of keys and signatures there are.
//!
//! Pure computation. The caller counts the checks: each costs tens of microseconds.

use rustls_pki_types::SignatureVerificationAlgorithm;
use webpki::ALL_VERIFICATION_ALGS;

use crate::certificate::{Certificate, bits};
use crate::der::{self, BIT_STRING, INTEGER, OBJECT_IDENTIFIER, Reader, SEQUENCE};
use crate::limits::{COST_OF_LARGE_KEY, COST_OF_P384};

/// Fewest bits of an RSA key that signs: less is refused by webpki's algorithms too.
pub(crate) const RSA_BITS_MIN: usize = 2048;
/// Most bits of an RSA key that signs, likewise.
const RSA_BITS_MAX: usize = 8192;

const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];

/// What a check of a signature found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Checked {
    /// This key made this signature.
    Sound,
    /// The key fits the algorithm, but did not make this signature.
    Wrong,
    /// The key is of another kind than the signature: it cannot have made it.
    OtherKind,
    /// The key is too weak or of no known kind: nothing that it signs counts.
    UnusableKey,
    /// The signature's algorithm is too weak or unknown: no key can make it count.
    UnusableAlgorithm,
}

/// Checks the signature on `certificate` against a key, given as the content of its
/// SubjectPublicKeyInfo. Agrees with webpki on what is sound: same algorithms, same comparison.
pub(crate) fn check(certificate: &Certificate<'_>, public_key_info: &[u8]) -> Checked {
    if !is_usable_algorithm(certificate) {
        return Checked::UnusableAlgorithm;
    }
    let mut parts = Reader::new(public_key_info);
    let (Some(algorithm), Some(key)) = (parts.expect(SEQUENCE), parts.expect(BIT_STRING)) else {
        return Checked::UnusableKey;
    };
    let fits_key = |candidate: &&&dyn SignatureVerificationAlgorithm| {
        candidate.public_key_alg_id().as_ref() == algorithm.content
    };
    if !ALL_VERIFICATION_ALGS.iter().any(|candidate| fits_key(&candidate)) {
        return Checked::UnusableKey;
    }
    let found = ALL_VERIFICATION_ALGS
        .iter()
        .filter(fits_key)
        .find(|candidate| candidate.signature_alg_id().as_ref() == certificate.signature_algorithm);
    let Some(found) = found else { return Checked::OtherKind };
    match found.verify_signature(bits(key), certificate.signed, certificate.signature) {
        Ok(()) => Checked::Sound,
        Err(_) if !is_usable_size(public_key_info) => Checked::UnusableKey,
        Err(_) => Checked::Wrong,
    }
}

/// What a check against this key costs, by the kind of the key alone. One that no check looks at
/// closely costs the least.
pub(crate) fn cost(public_key_info: &[u8]) -> usize {
    /// Length of a P-384 key's point, uncompressed, with the count of unused bits before it.
    const P384_BYTES: usize = 98;
    /// Above this many bytes of key an RSA modulus has more than 4096 bits.
    const RSA_4096_BYTES: usize = 530;
    let mut parts = Reader::new(public_key_info);
    let algorithm = parts.expect(SEQUENCE).and_then(|one| one.inside().expect(OBJECT_IDENTIFIER));
    let length = parts.expect(BIT_STRING).map_or(0, |key| key.content.len());
    match algorithm.map(|id| id.content) {
        Some(EC_PUBLIC_KEY) if length > P384_BYTES => COST_OF_LARGE_KEY,
        Some(EC_PUBLIC_KEY) if length == P384_BYTES => COST_OF_P384,
        Some(RSA_ENCRYPTION) if length > RSA_4096_BYTES => COST_OF_LARGE_KEY,
        _ => 1,
    }
}

/// Whether the algorithm of a certificate's signature is one that counts.
pub(crate) fn is_usable_algorithm(certificate: &Certificate<'_>) -> bool {
    ALL_VERIFICATION_ALGS
        .iter()
        .any(|known| known.signature_alg_id().as_ref() == certificate.signature_algorithm)
}

/// Whether a key, given as the content of its SubjectPublicKeyInfo, is one that can prove anything:
/// of a known kind, and neither too short nor too long.
pub(crate) fn is_usable_key(public_key_info: &[u8]) -> bool {
    let algorithm = Reader::new(public_key_info).expect(SEQUENCE);
    algorithm.is_some_and(|algorithm| {
        let fits = |known: &&dyn SignatureVerificationAlgorithm| {
            known.public_key_alg_id().as_ref() == algorithm.content
        };
        ALL_VERIFICATION_ALGS.iter().any(fits) && is_usable_size(public_key_info)
    })
}

fn is_usable_size(public_key_info: &[u8]) -> bool {
    rsa_bits(public_key_info).is_none_or(|bits| (RSA_BITS_MIN..=RSA_BITS_MAX).contains(&bits))
}

/// Bits of an RSA key's modulus; `None` for other keys.
fn rsa_bits(public_key_info: &[u8]) -> Option<usize> {
    let mut parts = Reader::new(public_key_info);
    let mut algorithm = parts.expect(SEQUENCE)?.inside();
    algorithm.expect(OBJECT_IDENTIFIER).filter(|id| id.content == RSA_ENCRYPTION)?;
    let key = Reader::new(bits(parts.expect(BIT_STRING)?)).expect(SEQUENCE)?;
    let modulus = key.inside().expect(INTEGER)?.content;
    let zeros = modulus.iter().take_while(|&&byte| byte == 0).count();
    let digits = modulus.get(zeros..).unwrap_or_default();
    Some(digits.first().map_or(0, |first| digits.len() * 8 - first.leading_zeros() as usize))
}

/// A key in words: `RSA 2048`, `ECDSA P-256`, `Ed25519`, or its object identifier.
pub(crate) fn key_text(public_key_info: &[u8]) -> String {
    if let Some(bits) = rsa_bits(public_key_info) {
        return format!("RSA {bits}");
    }
    let Some(algorithm) = Reader::new(public_key_info).expect(SEQUENCE) else {
        return String::new();
    };
    let mut parts = algorithm.inside();
    let Some(id) = parts.expect(OBJECT_IDENTIFIER) else { return String::new() };
    if id.content == EC_PUBLIC_KEY {
        let curve = parts.expect(OBJECT_IDENTIFIER).map(|curve| der::oid_text(curve.content));
        return match curve.as_deref() {
            Some("1.2.840.10045.3.1.7") => "ECDSA P-256".to_owned(),
            Some("1.3.132.0.34") => "ECDSA P-384".to_owned(),
            Some("1.3.132.0.35") => "ECDSA P-521".to_owned(),
            Some(curve) => format!("ECDSA {curve}"),
            None => "ECDSA".to_owned(),
        };
    }
    named(der::oid_text(id.content))
}

/// A signature's algorithm in words, from the content of its AlgorithmIdentifier.
pub(crate) fn algorithm_text(algorithm: &[u8]) -> String {
    let id = Reader::new(algorithm).expect(OBJECT_IDENTIFIER);
    id.map_or_else(String::new, |id| named(der::oid_text(id.content)))
}

/// An algorithm's usual name (RFC 8017, 5758, 8410, 9881), or the identifier as it is.
fn named(id: String) -> String {
    match id.as_str() {
        "1.2.840.113549.1.1.4" => "md5WithRSAEncryption",
        "1.2.840.113549.1.1.5" => "sha1WithRSAEncryption",
        "1.2.840.113549.1.1.10" => "RSASSA-PSS",
        "1.2.840.113549.1.1.11" => "sha256WithRSAEncryption",
        "1.2.840.113549.1.1.12" => "sha384WithRSAEncryption",
        "1.2.840.113549.1.1.13" => "sha512WithRSAEncryption",
        "1.2.840.113549.1.1.14" => "sha224WithRSAEncryption",
        "1.2.840.10045.4.1" => "ecdsa-with-SHA1",
        "1.2.840.10045.4.3.1" => "ecdsa-with-SHA224",
        "1.2.840.10045.4.3.2" => "ecdsa-with-SHA256",
        "1.2.840.10045.4.3.3" => "ecdsa-with-SHA384",
        "1.2.840.10045.4.3.4" => "ecdsa-with-SHA512",
        "1.2.840.10040.4.1" => "DSA",
        "1.2.840.10040.4.3" => "dsa-with-sha1",
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        "2.16.840.1.101.3.4.3.17" => "ML-DSA-44",
        "2.16.840.1.101.3.4.3.18" => "ML-DSA-65",
        "2.16.840.1.101.3.4.3.19" => "ML-DSA-87",
        _ => return id,
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The content of a SubjectPublicKeyInfo with so many bytes of key.
    fn key(algorithm: &[u8], length: usize) -> Vec<u8> {
        let mut out = vec![SEQUENCE, algorithm.len() as u8 + 2, OBJECT_IDENTIFIER];
        out.push(algorithm.len() as u8);
        out.extend(algorithm);
        out.extend([BIT_STRING, 0x82, (length >> 8) as u8, length as u8]);
        out.extend(vec![0; length]);
        out
    }

    #[test]
    fn large_keys_cost_what_they_take() {
        const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
        for (algorithm, length, expected) in [
            (ED25519, 33, 1),
            (EC_PUBLIC_KEY, 66, 1),
            (EC_PUBLIC_KEY, 98, COST_OF_P384),
            (EC_PUBLIC_KEY, 134, COST_OF_LARGE_KEY),
            (RSA_ENCRYPTION, 271, 1),
            (RSA_ENCRYPTION, 527, 1),
            (RSA_ENCRYPTION, 1039, COST_OF_LARGE_KEY),
        ] {
            assert_eq!(cost(&key(algorithm, length)), expected, "{length}");
        }
        assert_eq!(cost(b"noise"), 1);
    }
}
