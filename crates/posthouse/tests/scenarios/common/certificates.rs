//! Certificates of a made-up world: a root, an issuing CA below it, leaves below that.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertificateRevocationListParams,
    CustomExtension, DnType, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    RevokedCertParams, SerialNumber,
};

/// A CA with an intermediate that issues.
pub(crate) struct Authority {
    /// The root, in PEM.
    pub(crate) root_pem: String,
    /// The certificate of the issuing CA, in PEM: the one that is so often not sent.
    pub(crate) issuing_pem: String,
    issuing: Issuer<'static, KeyPair>,
}

/// A leaf with its key.
pub(crate) struct Identity {
    /// The leaf.
    pub(crate) leaf_pem: String,
    /// The leaf, then the issuing CA.
    pub(crate) chain_pem: String,
    /// The key.
    pub(crate) key_pem: String,
}

/// What a sender's certificate file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// No certificate at all.
    Nothing,
    /// The leaf without the issuing CA: the story's fault.
    LeafOnly,
    /// Leaf and issuing CA.
    FullChain,
}

impl Authority {
    /// A CA whose issuing CA is called `CN={name} Issuing CA 1` and can be had from
    /// `http://pki.example/issuing1.cer`, as its leaves say.
    pub(crate) fn new(name: &str) -> Self {
        Self::with_issuing_name(name, &format!("{name} Issuing CA 1"))
    }

    /// A CA whose issuing CA has a name of one's choice, hostile ones too.
    pub(crate) fn with_issuing_name(name: &str, issuing_name: &str) -> Self {
        let root_key = KeyPair::generate().unwrap();
        let root_params = authority(&format!("{name} Root"));
        let root = root_params.self_signed(&root_key).unwrap();
        let root_issuer = Issuer::new(root_params, root_key);

        let issuing_key = KeyPair::generate().unwrap();
        let issuing_params = authority(issuing_name);
        let issuing = issuing_params.signed_by(&issuing_key, &root_issuer).unwrap();
        Self {
            root_pem: root.pem(),
            issuing_pem: issuing.pem(),
            issuing: Issuer::new(issuing_params, issuing_key),
        }
    }

    /// A leaf that holds these DNS names.
    pub(crate) fn issue(&self, names: &[&str]) -> Identity {
        self.issue_with_address(names, "http://pki.example/issuing1.cer")
    }

    /// The same, with another address where its issuer can be had.
    pub(crate) fn issue_with_address(&self, names: &[&str], address: &str) -> Identity {
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names.clone()).unwrap();
        params.distinguished_name.push(DnType::CommonName, names[0].clone());
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.custom_extensions = vec![ca_issuers(address)];
        let leaf: Certificate = params.signed_by(&key, &self.issuing).unwrap();
        Identity {
            leaf_pem: leaf.pem(),
            chain_pem: format!("{}{}", leaf.pem(), self.issuing_pem),
            key_pem: key.serialize_pem(),
        }
    }
}

impl Authority {
    /// A revocation list of the issuing CA, in PEM, that names these leaves.
    pub(crate) fn revocation_list(&self, revoked: &[&Identity]) -> String {
        let named = |identity: &&Identity| RevokedCertParams {
            serial_number: serial_number(&identity.leaf_pem),
            revocation_time: rcgen::date_time_ymd(2024, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: rcgen::date_time_ymd(2024, 1, 1),
            next_update: rcgen::date_time_ymd(4000, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: revoked.iter().map(named).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.issuing).unwrap().pem().unwrap()
    }
}

impl Identity {
    /// Writes `NAME.pem` and `NAME.key`; the first holds what is to be sent.
    pub(crate) fn write(&self, folder: &Path, name: &str, sent: Sent) -> (PathBuf, PathBuf) {
        let certificate = folder.join(format!("{name}.pem"));
        let key = folder.join(format!("{name}.key"));
        let pem = if sent == Sent::LeafOnly { &self.leaf_pem } else { &self.chain_pem };
        fs::write(&certificate, pem).unwrap();
        fs::write(&key, &self.key_pem).unwrap();
        (certificate, key)
    }
}

fn serial_number(pem: &str) -> SerialNumber {
    let pem = x509_parser::pem::parse_x509_pem(pem.as_bytes()).unwrap().1;
    SerialNumber::from_slice(pem.parse_x509().unwrap().raw_serial())
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.distinguished_name.push(DnType::OrganizationName, "Example Trust");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    params
}

/// caIssuers (RFC 5280 section 4.2.2.1) with one short address, in DER.
pub(crate) fn ca_issuers(address: &str) -> CustomExtension {
    let uri = address.as_bytes();
    let mut description = vec![0x06, 8, 0x2b, 6, 1, 5, 5, 7, 0x30, 2, 0x86, uri.len() as u8];
    description.extend_from_slice(uri);
    let mut content = vec![0x30, description.len() as u8 + 2, 0x30, description.len() as u8];
    content.append(&mut description);
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], content)
}
