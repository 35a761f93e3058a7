//! Certificates of a made-up world: a root, an issuing CA below it, leaves below that; all with
//! keys of one kind.
//!
//! Touches nothing but randomness.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

use crate::Result;

/// The kinds of keys that are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// ECDSA over P-256.
    P256,
    /// RSA with 2048 bits.
    Rsa2048,
}

/// A CA with an intermediate that issues.
pub(crate) struct Authority {
    /// The root, in PEM.
    pub(crate) root_pem: String,
    issuing_pem: String,
    issuing: Issuer<'static, KeyPair>,
    kind: Kind,
}

/// A leaf with its chain and key.
pub(crate) struct Identity {
    /// The leaf, then the issuing CA, in PEM.
    pub(crate) chain_pem: String,
    /// The key, in PEM.
    pub(crate) key_pem: String,
}

impl Authority {
    /// A new one.
    pub(crate) fn new(kind: Kind) -> Result<Self> {
        let root_key = key(kind)?;
        let root_params = authority("Example Root");
        let root = root_params.self_signed(&root_key)?;
        let root_issuer = Issuer::new(root_params, root_key);
        let issuing_key = key(kind)?;
        let issuing_params = authority("Example Issuing CA 1");
        let issuing = issuing_params.signed_by(&issuing_key, &root_issuer)?;
        Ok(Self {
            root_pem: root.pem(),
            issuing_pem: issuing.pem(),
            issuing: Issuer::new(issuing_params, issuing_key),
            kind,
        })
    }

    /// A leaf that holds this name.
    pub(crate) fn issue(&self, name: &str) -> Result<Identity> {
        let key = key(self.kind)?;
        let mut params = CertificateParams::new(vec![name.to_owned()])?;
        params.distinguished_name.push(DnType::CommonName, name);
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let leaf = params.signed_by(&key, &self.issuing)?;
        Ok(Identity {
            chain_pem: format!("{}{}", leaf.pem(), self.issuing_pem),
            key_pem: key.serialize_pem(),
        })
    }
}

fn key(kind: Kind) -> Result<KeyPair> {
    Ok(match kind {
        Kind::P256 => KeyPair::generate()?,
        Kind::Rsa2048 => {
            KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048)?
        }
    })
}

/// What a CA's certificate of this name says.
pub(crate) fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    params
}
