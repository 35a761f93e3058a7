//! Handshakes between our ends and ends that are set up by hand, over in-memory streams.

use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DnType, IsCa, KeyPair,
};
use rustls::client::ResolvesClientCert;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, HandshakeKind, ServerConfig, SignatureScheme};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

use super::possession::{PossessionOnly, usable_key};
use super::*;

const TLS12: &[&SupportedProtocolVersion] = &[&rustls::version::TLS12];
const TLS13: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13];

type Der = Vec<u8>;

/// A root, an intermediate and a leaf below it.
struct Chain {
    leaf: CertificateDer<'static>,
    intermediate: CertificateDer<'static>,
    root: CertificateDer<'static>,
    /// The three as PEM, leaf first.
    pem: [String; 3],
    key: KeyPair,
}

impl Chain {
    fn new() -> Self {
        Self::with_leaf(CertificateParams::new(["mail.contoso.example".to_owned()]).unwrap())
    }

    fn with_leaf(leaf: CertificateParams) -> Self {
        let root =
            CertifiedIssuer::self_signed(ca("Contoso Root"), KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let intermediate = CertifiedIssuer::signed_by(ca("Contoso Issuing"), key, &root).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf = leaf.signed_by(&key, &intermediate).unwrap();
        Self {
            leaf: leaf.der().clone(),
            intermediate: intermediate.der().clone(),
            root: root.der().clone(),
            pem: [leaf.pem(), intermediate.pem(), root.pem()],
            key,
        }
    }

    /// None, the leaf, the leaf with its issuer, and all with the root.
    fn shapes(&self) -> [Vec<CertificateDer<'static>>; 4] {
        let all = [self.leaf.clone(), self.intermediate.clone(), self.root.clone()];
        [0, 1, 2, 3].map(|count| all[..count].to_vec())
    }
}

fn ca(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

/// Whatever certificates with whatever key: nothing looks whether they fit.
fn certified(chain: Vec<CertificateDer<'static>>, key: &KeyPair) -> Arc<CertifiedKey> {
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let signing = rustls_aws_lc_rs::sign::any_supported_type(&key).unwrap();
    Arc::new(CertifiedKey::new(chain, signing))
}

fn client(
    versions: &[&'static SupportedProtocolVersion],
    resolver: Arc<dyn ResolvesClientCert>,
) -> ClientConfig {
    ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(versions)
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(PossessionOnly::new())
        .with_client_cert_resolver(resolver)
}

fn showing(
    versions: &[&'static SupportedProtocolVersion],
    chain: Vec<CertificateDer<'static>>,
    key: &KeyPair,
) -> ClientConfig {
    if chain.is_empty() {
        return client(versions, Arc::new(Noting::default()));
    }
    client(versions, Arc::new(SingleCertAndKey::from(certified(chain, key))))
}

/// A server of ours with its files in a folder of its own.
struct Gateway {
    tls: ServerTls,
    certificate: PathBuf,
    key: PathBuf,
    _folder: tempfile::TempDir,
}

impl Gateway {
    fn new() -> Self {
        let (folder, certificate, key) = files(&Chain::new());
        let tls = ServerTls::new(CertificateSource::files(&certificate, &key)).unwrap();
        Self { tls, certificate, key, _folder: folder }
    }

    /// One handshake, with a few octets from each side after it, as SMTP would have.
    async fn meet(&self, config: &Arc<ClientConfig>) -> Met {
        let (near, far) = duplex(64 * 1024);
        let server = async {
            let (mut stream, facts) = self.tls.accept(near).await?;
            stream.write_all(b"220 ").await.unwrap();
            stream.flush().await.unwrap();
            Ok(facts)
        };
        let client = async {
            let mut stream = TlsConnector::from(Arc::clone(config)).connect(name(), far).await?;
            let mut greeting = [0; 4];
            stream.read_exact(&mut greeting).await?;
            Ok(stream.get_ref().1.handshake_kind())
        };
        let (facts, client) = tokio::join!(server, client);
        Met { facts, client }
    }

    /// The leaf that is shown to clients now.
    async fn served(&self) -> Der {
        let (near, far) = duplex(64 * 1024);
        let ours = ClientTls::default();
        let (server, client) =
            tokio::join!(self.tls.accept(near), ours.connect(far, "mx.gateway.example", None));
        server.unwrap();
        client.unwrap().1.presented.remove(0)
    }
}

struct Met {
    facts: Result<HandshakeFacts, HandshakeFailure>,
    client: io::Result<Option<HandshakeKind>>,
}

fn name() -> ServerName<'static> {
    ServerName::try_from("mx.gateway.example").unwrap()
}

fn files(chain: &Chain) -> (tempfile::TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("chain.pem"), folder.path().join("key.pem"));
    fs::write(&certificate, &chain.pem[0]).unwrap();
    fs::write(&key, chain.key.serialize_pem()).unwrap();
    (folder, certificate, key)
}

fn ders(chain: &[CertificateDer<'_>]) -> Vec<Der> {
    chain.iter().map(|certificate| certificate.to_vec()).collect()
}

fn tlv(tag: u8, content: &[u8]) -> Der {
    let mut out = vec![tag];
    match content.len() {
        short @ 0..0x80 => out.push(u8::try_from(short).unwrap()),
        long => {
            out.push(0x82);
            out.extend(u16::try_from(long).unwrap().to_be_bytes());
        }
    }
    out.extend(content);
    out
}

/// An X.509 version 1 certificate around any public key, as old appliances still make them. Its
/// signature is nonsense: nothing in a handshake looks at it.
fn version_1(public_key: &[u8]) -> CertificateDer<'static> {
    let algorithm = tlv(0x30, &tlv(0x06, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]));
    let common_name = [tlv(0x06, &[0x55, 4, 3]), tlv(0x0c, b"old.contoso.example")].concat();
    let name = tlv(0x30, &tlv(0x31, &tlv(0x30, &common_name)));
    let validity = [tlv(0x17, b"240101000000Z"), tlv(0x17, b"440101000000Z")].concat();
    let tbs = [
        tlv(0x02, &[1]),
        algorithm.clone(),
        name.clone(),
        tlv(0x30, &validity),
        name,
        public_key.to_vec(),
    ]
    .concat();
    let certificate = [tlv(0x30, &tbs), algorithm, tlv(0x03, &[0, 1, 2, 3])].concat();
    CertificateDer::from(tlv(0x30, &certificate))
}

fn rsa(modulus: &[u8]) -> Der {
    let algorithm = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
    let algorithm = tlv(0x30, &[tlv(0x06, &algorithm), tlv(0x05, &[])].concat());
    let key = tlv(0x30, &[tlv(0x02, modulus), tlv(0x02, &[1, 0, 1])].concat());
    tlv(0x30, &[algorithm, tlv(0x03, &[vec![0], key].concat())].concat())
}

fn rsa_of_bits(bits: usize) -> Der {
    let mut modulus = vec![0xc5; bits / 8];
    modulus.insert(0, 0);
    rsa(&modulus)
}

fn secp256k1() -> Der {
    let curve = [0x2b, 0x81, 0x04, 0x00, 0x0a];
    let algorithm = [tlv(0x06, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]), tlv(0x06, &curve)].concat();
    tlv(0x30, &[tlv(0x30, &algorithm), tlv(0x03, &[vec![0, 4], vec![7; 64]].concat())].concat())
}

#[tokio::test]
async fn every_shape_of_chain_gets_through_and_is_seen_as_it_was_sent() {
    let gateway = Gateway::new();
    let chain = Chain::new();
    for (versions, version) in [(TLS12, "TLSv1.2"), (TLS13, "TLSv1.3")] {
        for sent in chain.shapes() {
            let met = gateway.meet(&Arc::new(showing(versions, sent.clone(), &chain.key))).await;
            let facts = met.facts.unwrap();
            assert_eq!(facts.presented, ders(&sent), "{version}");
            assert_eq!(facts.version, version);
            assert!(facts.cipher.starts_with("TLS_"), "{}", facts.cipher);
            met.client.unwrap();
        }
    }
}

#[tokio::test]
async fn a_chain_without_the_leafs_key_never_gets_in() {
    let gateway = Gateway::new();
    let (chain, other) = (Chain::new(), KeyPair::generate().unwrap());
    for versions in [TLS12, TLS13] {
        let config = Arc::new(showing(versions, chain.shapes()[2].clone(), &other));
        let met = gateway.meet(&config).await;
        let failure = met.facts.unwrap_err();
        assert_eq!(failure.reason, Reason::TlsHandshakeFailed);
        assert!(failure.text.contains("did not prove"), "{failure}");
        assert!(met.client.is_err());
    }
}

#[tokio::test]
async fn a_leaf_that_the_path_validator_cannot_read_still_gets_as_far_as_rcpt() {
    let gateway = Gateway::new();
    let mut params = CertificateParams::new(["mail.contoso.example".to_owned()]).unwrap();
    let mut unknown = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999, 1], vec![5, 0]);
    unknown.set_criticality(true);
    params.custom_extensions.push(unknown);
    let critical = Chain::with_leaf(params);
    let key = KeyPair::generate().unwrap();
    let old = version_1(&rcgen::PublicKeyData::subject_public_key_info(&key));
    for (leaf, key) in [(critical.leaf, critical.key), (old, key)] {
        assert!(webpki::EndEntityCert::try_from(&leaf).is_err());
        for versions in [TLS12, TLS13] {
            let met = gateway.meet(&Arc::new(showing(versions, vec![leaf.clone()], &key))).await;
            assert_eq!(met.facts.unwrap().presented, [leaf.to_vec()]);
            met.client.unwrap();
        }
    }
}

#[tokio::test]
async fn a_key_that_cannot_be_used_is_named() {
    let gateway = Gateway::new();
    // The check comes before the proof, so any key may sign here.
    let key = KeyPair::generate().unwrap();
    for (public_key, named) in [(rsa_of_bits(1024), "RSA 1024"), (secp256k1(), "1.3.132.0.10")] {
        for versions in [TLS12, TLS13] {
            let leaf = version_1(&public_key);
            let met = gateway.meet(&Arc::new(showing(versions, vec![leaf], &key))).await;
            let failure = met.facts.unwrap_err();
            assert_eq!(failure.reason, Reason::KeyUnusable);
            assert!(failure.text.contains(named), "{failure}");
            assert!(failure.text.contains("CN=old.contoso.example"), "{failure}");
            let alert = met.client.unwrap_err().to_string();
            assert!(alert.contains("CertificateUnknown"), "{alert}");
        }
    }
}

#[test]
fn keys_are_usable_from_2048_bits_to_8192_and_on_three_curves() {
    for bits in [2048, 3072, 4096, 8192] {
        assert!(usable_key(&version_1(&rsa_of_bits(bits))).is_ok(), "{bits}");
    }
    // 2047 bits in 256 octets: counted as written, not as stored.
    let mut short = vec![0x45; 256];
    short[0] = 0x7f;
    for refused in [rsa_of_bits(1024), rsa_of_bits(8200), rsa(&short), rsa(&[]), secp256k1()] {
        assert!(!usable_key(&version_1(&refused)).unwrap_err().malformed);
    }
    for algorithm in [
        &rcgen::PKCS_ECDSA_P256_SHA256,
        &rcgen::PKCS_ECDSA_P384_SHA384,
        &rcgen::PKCS_ECDSA_P521_SHA512,
        &rcgen::PKCS_ED25519,
    ] {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let public_key = rcgen::PublicKeyData::subject_public_key_info(&key);
        let leaf = version_1(&public_key);
        assert_eq!(usable_key(&leaf).unwrap().as_ref(), public_key);
    }
}

#[tokio::test]
async fn something_that_is_no_certificate_is_malformed() {
    let gateway = Gateway::new();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateDer::from(b"not a certificate".to_vec());
    let met = gateway.meet(&Arc::new(showing(TLS13, vec![leaf], &key))).await;
    assert_eq!(met.facts.unwrap_err().reason, Reason::Chain(ChainReason::Malformed));
}

#[tokio::test]
async fn tls_09_no_more_than_ten_certificates_are_looked_at() {
    let gateway = Gateway::new();
    let chain = Chain::new();
    let mut sent = vec![chain.leaf.clone()];
    sent.extend(std::iter::repeat_n(chain.intermediate.clone(), 30));
    let met = gateway.meet(&Arc::new(showing(TLS13, sent.clone(), &chain.key))).await;
    assert_eq!(met.facts.unwrap().presented, ders(&sent[..CERTIFICATES_EXAMINED_MAX]));

    let mut flood = vec![chain.leaf.clone()];
    flood.extend(std::iter::repeat_n(chain.intermediate.clone(), 300));
    let met = gateway.meet(&Arc::new(showing(TLS13, flood, &chain.key))).await;
    assert_eq!(met.facts.unwrap_err().reason, Reason::TlsHandshakeFailed);
}

#[tokio::test]
async fn smtp_07_a_client_that_speaks_other_protocols_only_gets_an_alert() {
    let gateway = Gateway::new();
    for (offered, taken) in [(&["h2", "http/1.1"][..], false), (&["h2", "smtp"], true), (&[], true)]
    {
        let mut config = showing(TLS13, Vec::new(), &KeyPair::generate().unwrap());
        config.alpn_protocols = offered.iter().map(|name| name.as_bytes().to_vec()).collect();
        let met = gateway.meet(&Arc::new(config)).await;
        assert_eq!(met.facts.is_ok(), taken, "{offered:?}");
        if !taken {
            assert!(met.facts.unwrap_err().text.contains("ALPN"));
            assert!(met.client.unwrap_err().to_string().contains("NoApplicationProtocol"));
        }
    }
}

#[tokio::test]
async fn tls_07_a_resumed_session_shows_its_certificates_again() {
    let gateway = Gateway::new();
    let chain = Chain::new();
    let sent = chain.shapes()[1].clone();
    for versions in [TLS12, TLS13] {
        let config = Arc::new(showing(versions, sent.clone(), &chain.key));
        let first = gateway.meet(&config).await;
        assert_eq!(first.client.unwrap(), Some(HandshakeKind::Full));
        let second = gateway.meet(&config).await;
        assert_eq!(second.client.unwrap(), Some(HandshakeKind::Resumed));
        assert_eq!(second.facts.unwrap().presented, ders(&sent));
    }
}

/// Notes the authorities that the server asks for, and shows nothing.
#[derive(Debug, Default)]
struct Noting(Mutex<Vec<usize>>);

impl ResolvesClientCert for Noting {
    fn resolve(&self, authorities: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.lock().unwrap().push(authorities.len());
        None
    }

    fn has_certs(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn a_certificate_is_asked_for_and_no_authorities_are_named() {
    let gateway = Gateway::new();
    let noting = Arc::new(Noting::default());
    for versions in [TLS12, TLS13] {
        let resolver: Arc<dyn ResolvesClientCert> = Arc::<Noting>::clone(&noting);
        let met = gateway.meet(&Arc::new(client(versions, resolver))).await;
        assert!(met.facts.unwrap().presented.is_empty());
    }
    assert_eq!(*noting.0.lock().unwrap(), [0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_finishes_is_let_go() {
    let gateway = Gateway::new();
    let (near, _far) = duplex(1024);
    let failure = gateway.tls.accept(near).await.unwrap_err();
    assert_eq!(failure.reason, Reason::TlsHandshakeFailed);
    assert!(failure.text.contains("30 s"), "{failure}");
}

#[tokio::test]
async fn tls_04_a_client_that_hangs_up_or_talks_nonsense_ends_the_handshake_at_once() {
    let gateway = Gateway::new();
    for start in [&b""[..], b"\x16", b"\x16\x03\x01\x00\x00", b"GET / HTTP/1.1\r\n\r\n", &[0; 64]] {
        let (near, mut far) = duplex(1024);
        far.write_all(start).await.unwrap();
        far.shutdown().await.unwrap();
        let failure = gateway.tls.accept(near).await.unwrap_err();
        assert_eq!(failure.reason, Reason::TlsHandshakeFailed, "{start:?}");
    }
}

#[tokio::test]
async fn new_files_are_taken_up_and_bad_ones_are_named_once() {
    let gateway = Gateway::new();
    assert_eq!(gateway.tls.reload_if_changed(), Ok(false));
    let first = gateway.served().await;

    fs::write(&gateway.certificate, "-----BEGIN CERTIFICATE-----\nhalf").unwrap();
    let failure = gateway.tls.reload_if_changed().unwrap_err();
    assert!(failure.text.contains("chain.pem"), "{failure}");
    assert!(failure.text.contains("stays in use"), "{failure}");
    assert_eq!(gateway.tls.reload_if_changed(), Ok(false));
    assert_eq!(gateway.served().await, first);

    let renewed = Chain::new();
    fs::write(&gateway.certificate, renewed.pem[..2].concat()).unwrap();
    fs::write(&gateway.key, renewed.key.serialize_pem()).unwrap();
    assert_eq!(gateway.tls.reload_if_changed(), Ok(true));
    assert_eq!(gateway.served().await, renewed.leaf.to_vec());
}

/// A server set up by hand; `asks` for a client certificate or not.
fn foreign_server(certified: Arc<CertifiedKey>, asks: bool) -> Arc<ServerConfig> {
    let builder =
        ServerConfig::builder_with_provider(provider()).with_protocol_versions(TLS13).unwrap();
    let builder = if asks {
        builder.with_client_cert_verifier(PossessionOnly::new())
    } else {
        builder.with_no_client_auth()
    };
    Arc::new(builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(certified))))
}

/// Our client meets a server: what each of them saw.
async fn call(
    server: &Arc<ServerConfig>,
    ours: &ClientTls,
    identity: Option<&ClientIdentity>,
) -> (Vec<Der>, Result<HandshakeFacts, HandshakeFailure>) {
    let (near, far) = duplex(64 * 1024);
    let accept = async {
        let mut stream = TlsAcceptor::from(Arc::clone(server)).accept(near).await.ok()?;
        stream.write_all(b"250 ").await.ok()?;
        stream.flush().await.ok()?;
        Some(presented(stream.get_ref().1))
    };
    let connect = async {
        let (mut stream, facts): (TlsStream<DuplexStream>, _) =
            ours.connect(far, "mx.gateway.example", identity).await?;
        let mut reply = [0; 4];
        stream.read_exact(&mut reply).await.unwrap();
        Ok(facts)
    };
    let (seen, facts) = tokio::join!(accept, connect);
    (seen.unwrap_or_default(), facts)
}

#[tokio::test]
async fn what_the_file_holds_is_what_is_sent() {
    let (theirs, chain) = (Chain::new(), Chain::new());
    let server = foreign_server(certified(theirs.shapes()[2].clone(), &theirs.key), true);
    let ours = ClientTls::default();
    let (_folder, certificate, key) = files(&chain);
    let leaf_only = ours.identity(&certificate, &key).unwrap();
    let (seen, facts) = call(&server, &ours, Some(&leaf_only)).await;
    let facts = facts.unwrap();
    assert_eq!(seen, [chain.leaf.to_vec()]);
    assert_eq!(facts.sent, seen);
    assert_eq!(facts.presented, ders(&theirs.shapes()[2]));

    // The administrator appends the intermediate; the next attempt carries it, in a session of
    // its own.
    fs::write(&certificate, chain.pem[..2].concat()).unwrap();
    let repaired = ours.identity(&certificate, &key).unwrap();
    let (seen, facts) = call(&server, &ours, Some(&repaired)).await;
    assert_eq!(seen, ders(&chain.shapes()[2]));
    assert_eq!(facts.unwrap().sent, seen);
}

#[tokio::test]
async fn a_certificate_that_nobody_asked_for_is_not_said_to_be_sent() {
    let (theirs, chain) = (Chain::new(), Chain::new());
    let server = foreign_server(certified(theirs.shapes()[1].clone(), &theirs.key), false);
    let (_folder, certificate, key) = files(&chain);
    let identity = ClientIdentity::from_pem_files(&certificate, &key).unwrap();
    let (_, facts) = call(&server, &ClientTls::default(), Some(&identity)).await;
    assert_eq!(facts.unwrap().sent, Vec::<Der>::new());
}

#[tokio::test]
async fn a_server_without_its_leafs_key_is_never_believed() {
    let (theirs, other) = (Chain::new(), KeyPair::generate().unwrap());
    let ours = ClientTls::default();
    let server = foreign_server(certified(theirs.shapes()[2].clone(), &other), false);
    let failure = call(&server, &ours, None).await.1.unwrap_err();
    assert_eq!(failure.reason, Reason::TlsHandshakeFailed);
    assert!(failure.text.contains("server did not prove"), "{failure}");

    let weak = version_1(&rsa_of_bits(1024));
    let server = foreign_server(certified(vec![weak], &other), false);
    let failure = call(&server, &ours, None).await.1.unwrap_err();
    assert_eq!(failure.reason, Reason::RemoteCertificateRefused);
    assert!(failure.text.contains("RSA 1024"), "{failure}");
}

#[test]
fn a_certificate_file_that_cannot_be_used_says_why_and_what_to_do() {
    let (chain, other) = (Chain::new(), Chain::new());
    let key = chain.key.serialize_pem();
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let leaf = chain.pem[0].clone();
    for (certificate, key, said) in [
        (String::new(), key.as_str(), "chain.pem holds no certificate"),
        (key.clone(), &key, "chain.pem holds no certificate"),
        (leaf.clone(), "", "key.pem holds no private key"),
        (leaf.clone(), encrypted, "without a passphrase"),
        ([&*chain.pem[1], &chain.pem[0]].concat(), &key, "belongs to certificate number 2"),
        (leaf, &other.key.serialize_pem(), "is not the key of the certificate"),
        (chain.pem[0].repeat(11), &key, "more than 10 certificates"),
    ] {
        let failure = ClientIdentity::from_pem(
            certificate.as_bytes(),
            key.as_bytes(),
            "chain.pem",
            "key.pem",
        )
        .unwrap_err();
        assert_eq!(failure.reason, Reason::OwnCertificateUnusable);
        assert!(failure.text.contains(said), "{failure}");
    }
}

#[test]
fn a_missing_file_is_named() {
    let (_folder, certificate, key) = files(&Chain::new());
    fs::remove_file(&key).unwrap();
    let failure = ClientTls::default().identity(&certificate, &key).unwrap_err();
    assert_eq!(failure.reason, Reason::OwnCertificateUnusable);
    assert!(failure.text.contains("key.pem"), "{failure}");
}

/// RFC 4231 section 4.3.
#[test]
fn a_keyed_digest_is_the_start_of_an_hmac() {
    let digest = keyed_digest(b"Jefe", b"what do ya want for nothing?");
    assert_eq!(digest, "5bdcc146bf60754e6a042426089575c7");
}
