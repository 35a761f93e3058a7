//! The demo's certificates: one authority with an intermediate, and what each server holds.
//!
//! Touches nothing; the caller writes the files. Made anew each time, valid for a day around now.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DnType, Error, IsCa,
    KeyPair, KeyUsagePurpose,
};

/// Where the leaves say that their issuer's certificate can be had. Nobody asks there.
pub(super) const CA_ISSUERS: &str = "http://ca.example/issuing-ca-01.cer";

/// id-pe-authorityInfoAccess (RFC 5280 section 4.2.2.1).
const AUTHORITY_INFO_ACCESS: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 1, 1];

/// The demo's authority.
pub(super) struct Authority {
    root_pem: String,
    issuing: CertifiedIssuer<'static, KeyPair>,
}

/// A server's certificate and key.
pub(super) struct ServerCertificate {
    pub(super) leaf_pem: String,
    pub(super) key_pem: String,
}

impl Authority {
    /// A root, and an intermediate that issues.
    pub(super) fn new() -> Result<Self, Error> {
        let root = CertifiedIssuer::self_signed(ca("Demo Root CA"), KeyPair::generate()?)?;
        let root_pem = root.pem();
        let issuing =
            CertifiedIssuer::signed_by(ca("Demo Issuing CA 01"), KeyPair::generate()?, &root)?;
        Ok(Self { root_pem, issuing })
    }

    /// What everybody trusts.
    pub(super) fn root_pem(&self) -> &str {
        &self.root_pem
    }

    /// What the sender forgets to send.
    pub(super) fn intermediate_pem(&self) -> String {
        self.issuing.pem()
    }

    /// A certificate for one server name.
    pub(super) fn issue(&self, name: &str) -> Result<ServerCertificate, Error> {
        let mut params = CertificateParams::new([name.to_owned()])?;
        params.distinguished_name.push(DnType::CommonName, name);
        params.use_authority_key_identifier_extension = true;
        params.custom_extensions.push(ca_issuers());
        let key = KeyPair::generate()?;
        let leaf = params.signed_by(&key, &self.issuing)?;
        Ok(ServerCertificate { leaf_pem: leaf.pem(), key_pem: key.serialize_pem() })
    }
}

fn ca(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    params
}

/// AuthorityInfoAccess with one caIssuers address, in DER: SEQUENCE of one SEQUENCE of the method
/// and a URI. Short enough that each length is one octet.
fn ca_issuers() -> CustomExtension {
    let method = [0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x02];
    let short = |length: usize| u8::try_from(length).unwrap_or(u8::MAX);
    let mut description = method.to_vec();
    description.extend([0x86, short(CA_ISSUERS.len())]);
    description.extend(CA_ISSUERS.as_bytes());
    let mut der = vec![0x30, short(description.len() + 2), 0x30, short(description.len())];
    der.extend(description);
    CustomExtension::from_oid_content(AUTHORITY_INFO_ACCESS, der)
}
