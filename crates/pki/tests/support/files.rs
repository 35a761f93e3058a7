//! Files as other programs write them: PKCS#7 and PKCS#12.

use p12_keystore::{
    Certificate, EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm, PrivateKey,
    PrivateKeyChain,
};

use crate::rig::{Chain, tlv};

/// id-signedData and id-data.
pub(crate) const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
pub(crate) const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];

/// A SignedData without signers, as Windows and OpenSSL write .p7b files.
pub(crate) fn p7b(certificates: &[&[u8]]) -> Vec<u8> {
    let parts = [
        tlv(0x02, &[1]),
        tlv(0x31, &[]),
        tlv(0x30, &tlv(0x06, DATA)),
        tlv(0xa0, &certificates.concat()),
        tlv(0x31, &[]),
    ];
    let signed_data = tlv(0x30, &parts.concat());
    tlv(0x30, &[tlv(0x06, SIGNED_DATA), tlv(0xa0, &signed_data)].concat())
}

/// A PKCS#12 file with the leaf's key, the leaf and its issuer.
pub(crate) fn pfx(
    chain: &Chain,
    password: &str,
    algorithm: EncryptionAlgorithm,
    mac: MacAlgorithm,
) -> Vec<u8> {
    let key = PrivateKey::from_der(&chain.leaf.key.serialize_der()).unwrap();
    let certificates =
        [&chain.leaf, &chain.ca].map(|entity| Certificate::from_der(&entity.der).unwrap());
    let mut store = KeyStore::new();
    let entry = PrivateKeyChain::new("1", key, certificates);
    store.add_entry("Mail 2026", KeyStoreEntry::PrivateKeyChain(entry));
    store
        .writer(password)
        .encryption_algorithm(algorithm)
        .encryption_iterations(2048)
        .mac_algorithm(mac)
        .mac_iterations(2048)
        .write()
        .unwrap()
}
