//! Certificates made to order, and the examination that every test goes through.

use std::sync::{Arc, OnceLock};

use posthouse_pki::{Examination, KnownIntermediate, RevocationLists, TrustedRoots, examine};
use posthouse_types::{ChainMode, ChainReason, ChainReport, ElementOrigin, UnixMillis};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, IsCa, Issuer,
    KeyPair, SanType,
};
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter};

/// 2026-06-01T00:00:00Z: when these tests take place.
pub(crate) const NOW: UnixMillis = UnixMillis(1_780_272_000_000);

pub(crate) const DAY: i64 = 86_400;

/// The key types that every fault is tried with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    P256,
    P384,
    Ed25519,
    Rsa,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::P256, Self::P384, Self::Ed25519, Self::Rsa];

    fn generate(self) -> KeyPair {
        let algorithm = match self {
            Self::P256 => &rcgen::PKCS_ECDSA_P256_SHA256,
            Self::P384 => &rcgen::PKCS_ECDSA_P384_SHA384,
            Self::Ed25519 => &rcgen::PKCS_ED25519,
            Self::Rsa => &rcgen::PKCS_RSA_SHA256,
        };
        KeyPair::generate_for(algorithm).unwrap()
    }
}

/// A fresh key; of RSA, whose keys are slow to make, one of a few, by `number`.
pub(crate) fn key(kind: Kind, number: usize) -> Arc<KeyPair> {
    static RSA: OnceLock<Vec<Arc<KeyPair>>> = OnceLock::new();
    if kind != Kind::Rsa {
        return Arc::new(kind.generate());
    }
    let keys = RSA.get_or_init(|| (0..6).map(|_| Arc::new(kind.generate())).collect());
    Arc::clone(&keys[number])
}

/// A certificate with the key that belongs to it.
#[derive(Clone)]
pub(crate) struct Entity {
    pub(crate) params: CertificateParams,
    pub(crate) key: Arc<KeyPair>,
    pub(crate) der: Vec<u8>,
}

/// How a certificate differs from a plain one.
pub(crate) type Tune<'a> = &'a dyn Fn(&mut CertificateParams);

/// No difference.
pub(crate) const PLAIN: Tune<'static> = &|_| {};

pub(crate) fn name(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

fn plain(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = name(common_name);
    params.not_before = at(-30);
    params.not_after = at(365);
    params.use_authority_key_identifier_extension = true;
    params
}

/// So many days from now.
pub(crate) fn at(days: i64) -> time::OffsetDateTime {
    time::OffsetDateTime::from_unix_timestamp(NOW.seconds() + days * DAY).unwrap()
}

pub(crate) fn ca_params(common_name: &str) -> CertificateParams {
    let mut params = plain(common_name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

pub(crate) fn leaf_params() -> CertificateParams {
    let mut params = plain("mail.contoso.example");
    params.subject_alt_names = vec![SanType::DnsName("mail.contoso.example".try_into().unwrap())];
    params
}

impl Entity {
    pub(crate) fn root(common_name: &str, key: Arc<KeyPair>) -> Self {
        Self::self_signed(ca_params(common_name), key)
    }

    pub(crate) fn self_signed(params: CertificateParams, key: Arc<KeyPair>) -> Self {
        let der = params.self_signed(&*key).unwrap().der().to_vec();
        Self { params, key, der }
    }

    /// A certificate for `key`, signed by this one.
    pub(crate) fn issue(&self, params: CertificateParams, key: Arc<KeyPair>) -> Self {
        let issuer = Issuer::from_params(&self.params, &*self.key);
        let der = params.signed_by(&*key, &issuer).unwrap().der().to_vec();
        Self { params, key, der }
    }

    pub(crate) fn ca(&self, common_name: &str, key: Arc<KeyPair>, tune: Tune<'_>) -> Self {
        let mut params = ca_params(common_name);
        tune(&mut params);
        self.issue(params, key)
    }

    pub(crate) fn leaf(&self, key: Arc<KeyPair>, tune: Tune<'_>) -> Self {
        let mut params = leaf_params();
        tune(&mut params);
        self.issue(params, key)
    }

    /// A certificate that names its issuer by caIssuers.
    pub(crate) fn leaf_with_address(&self, key: Arc<KeyPair>, address: &str) -> Self {
        self.leaf(key, &|params| params.custom_extensions.push(ca_issuers(address)))
    }
}

/// An authority information access extension with one caIssuers address.
pub(crate) fn ca_issuers(address: &str) -> CustomExtension {
    let mut description = vec![0x06, 8, 0x2b, 6, 1, 5, 5, 7, 0x30, 2];
    description.extend(tlv(0x86, address.as_bytes()));
    let content = tlv(0x30, &tlv(0x30, &description));
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], content)
}

/// One DER element.
pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match content.len() {
        length @ ..0x80 => out.push(length as u8),
        length => out.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    out.extend(content);
    out
}

/// Root, intermediate, leaf: what most chains are.
pub(crate) struct Chain {
    pub(crate) root: Entity,
    pub(crate) ca: Entity,
    pub(crate) leaf: Entity,
}

impl Chain {
    pub(crate) fn new(kind: Kind) -> Self {
        Self::tuned(kind, PLAIN, PLAIN)
    }

    pub(crate) fn tuned(kind: Kind, ca: Tune<'_>, leaf: Tune<'_>) -> Self {
        let root = Entity::root("Root", key(kind, 0));
        let ca = root.ca("Intermediate", key(kind, 1), ca);
        let leaf = ca.leaf(key(kind, 2), leaf);
        Self { root, ca, leaf }
    }

    pub(crate) fn sent(&self) -> Vec<Vec<u8>> {
        vec![self.leaf.der.clone(), self.ca.der.clone()]
    }
}

/// What the receiving side has.
pub(crate) struct World {
    pub(crate) roots: TrustedRoots,
    root_ders: Vec<Vec<u8>>,
    pub(crate) known: Vec<KnownIntermediate>,
    pub(crate) now: UnixMillis,
    pub(crate) mode: ChainMode,
    pub(crate) crls: Option<RevocationLists>,
}

impl World {
    pub(crate) fn trusting(roots: &[&Entity]) -> Self {
        let root_ders: Vec<_> = roots.iter().map(|root| root.der.clone()).collect();
        let roots = TrustedRoots::from_ders(&root_ders).unwrap();
        let (known, mode, crls) = (Vec::new(), ChainMode::AsSent, None);
        Self { roots, root_ders, known, now: NOW, mode, crls }
    }

    pub(crate) fn knowing(mut self, known: &[&Entity]) -> Self {
        self.known =
            known.iter().map(|one| KnownIntermediate::from_der(&one.der).unwrap()).collect();
        self
    }

    /// As a connector with `chain = "repair"` judges.
    pub(crate) fn repairing(mut self) -> Self {
        self.mode = ChainMode::Repair;
        self
    }

    /// With revocation checked against these lists.
    pub(crate) fn checking(mut self, lists: &[Vec<u8>]) -> Self {
        let mut crls = RevocationLists::default();
        lists.iter().for_each(|list| crls.add_file(list).unwrap());
        self.crls = Some(crls);
        self
    }

    pub(crate) fn at(mut self, now: UnixMillis) -> Self {
        self.now = now;
        self
    }

    pub(crate) fn examination(&self) -> Examination<'_> {
        Examination {
            known: &self.known,
            chain: self.mode,
            crls: self.crls.as_ref(),
            ..Examination::new(&self.roots, self.now)
        }
    }

    /// Examines, and holds the verdict against webpki's own over the whole bundle (and, where
    /// chains are repaired, over what is known too). Revocation is left to its own tests.
    pub(crate) fn examine<D: AsRef<[u8]>>(&self, sent: &[D]) -> ChainReport {
        let sent: Vec<&[u8]> = sent.iter().map(AsRef::as_ref).collect();
        let report = examine(&sent, &self.examination());
        match self.webpki(&sent) {
            Ok(()) if report.reason == ChainReason::Revoked => {}
            // A bundle made to exhaust webpki: the search may find the path all the same, and
            // webpki must then accept that path for itself.
            Err(
                webpki::Error::MaximumSignatureChecksExceeded
                | webpki::Error::MaximumPathBuildCallsExceeded,
            ) if report.is_accepted() => {
                let path: Vec<&[u8]> = report
                    .path
                    .iter()
                    .filter_map(|element| match element.origin {
                        ElementOrigin::Sent(place) => Some(sent[place]),
                        // webpki is given what is known in any case.
                        ElementOrigin::Store | ElementOrigin::Root => None,
                    })
                    .collect();
                assert_eq!(self.webpki(&path), Ok(()));
            }
            verdict => {
                assert_eq!(report.is_accepted(), verdict.is_ok(), "{verdict:?}: {report:#?}")
            }
        }
        assert_eq!(report.path.is_empty(), sent.is_empty());
        assert!(report.element.is_none_or(|element| element < report.path.len()), "{report:#?}");
        report
    }

    /// webpki's verdict, with the usage rule written once more.
    fn webpki(&self, sent: &[&[u8]]) -> Result<(), webpki::Error> {
        let roots: Vec<CertificateDer<'_>> =
            self.root_ders.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
        let anchors: Vec<TrustAnchor<'_>> =
            roots.iter().map(|der| webpki::anchor_from_trusted_cert(der).unwrap()).collect();
        let Some((leaf, rest)) = sent.split_first() else {
            return Err(webpki::Error::UnknownIssuer);
        };
        let leaf = CertificateDer::from(*leaf);
        let mut rest: Vec<_> = rest.iter().map(|der| CertificateDer::from(*der)).collect();
        if self.mode == ChainMode::Repair {
            rest.extend(self.known.iter().map(|known| CertificateDer::from(known.der())));
        }
        let leaf = EndEntityCert::try_from(&leaf)?;
        let seconds = u64::try_from(self.now.seconds()).unwrap_or(0);
        let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        let algorithms = webpki::ALL_VERIFICATION_ALGS;
        leaf.verify_for_usage(algorithms, &anchors, &rest, time, AnyMailUsage, None, None)
            .map(|_| ())
    }
}

struct AnyMailUsage;

impl ExtendedKeyUsageValidator for AnyMailUsage {
    fn validate(&self, usages: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        let usages: Vec<_> = usages
            .map(|usage| usage.map(|usage| usage.to_decoded_oid()))
            .collect::<Result<_, _>>()?;
        let permitted: [&[usize]; 3] = [
            webpki::KeyUsage::SERVER_AUTH_REPR,
            webpki::KeyUsage::CLIENT_AUTH_REPR,
            &[2, 5, 29, 37, 0],
        ];
        let passes =
            usages.is_empty() || usages.iter().any(|usage| permitted.contains(&usage.as_slice()));
        if passes { Ok(()) } else { Err(webpki::Error::EmptyEkuExtension) }
    }
}

/// The bytes with one sequence replaced everywhere by another of the same length.
pub(crate) fn replaced(der: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut out = der.to_vec();
    let mut found = false;
    for start in 0..=der.len() - from.len() {
        if der[start..].starts_with(from) {
            out[start..start + to.len()].copy_from_slice(to);
            found = true;
        }
    }
    assert!(found, "the bytes to replace are there");
    out
}

/// The certificate with its signature's last byte changed.
pub(crate) fn damaged(der: &[u8]) -> Vec<u8> {
    let mut out = der.to_vec();
    let last = out.len() - 1;
    out[last] ^= 0x01;
    out
}
