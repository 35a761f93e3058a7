//! Import: each certificate of a file goes where it belongs, and nonsense is refused with its
//! reason.
//!
//! May touch: the stores. The decision is a pure function; one certificate that is refused keeps
//! no other one out.

use std::io;

use posthouse_pki::{
    Bundle, CertificateKind, TrustedRoots, certificate_kind, certificate_pem, certificate_summary,
    key_pem,
};
use posthouse_types::{CertificateSummary, SHOWN_CHARACTERS_MAX, TenantId, UnixMillis, printable};
use rustls_pki_types::PrivateKeyDer;

use super::files::write_into_store;
use super::{Contents, StoreName, Stores};
use crate::tls::is_key_of;

/// Characters of a name that a file gets.
const NAME_CHARACTERS_MAX: usize = 64;

/// Digits of the thumbprint in the name of a CA's file: CAs renew under one name.
const THUMBPRINT_DIGITS: usize = 8;

/// What is asked for, beside the file.
#[derive(Clone, Debug, Default)]
pub(crate) struct ImportOrder {
    /// Only into this store; none: where each belongs.
    pub(crate) store: Option<StoreName>,
    /// Intermediates go to this tenant's store.
    pub(crate) tenant: Option<TenantId>,
    /// The name in the personal store.
    pub(crate) name: Option<String>,
    /// A certificate of the same name in the personal store gives way.
    pub(crate) replace: bool,
}

/// What became of one certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It lies in the store now.
    Imported,
    /// It lay there before.
    AlreadyThere,
    /// It is of no use there, or needs a word: why, and what to do, where there is anything to do.
    LeftOut(&'static str, String),
    /// Nonsense: why, and what to do.
    Refused(&'static str, String),
}

/// One certificate of a file, and what became of it.
#[derive(Debug)]
pub(crate) struct Imported {
    /// The certificate; empty for a key without one.
    pub(crate) certificate: CertificateSummary,
    /// What it is for.
    pub(crate) kind: Option<CertificateKind>,
    /// The store that it belongs to, where one does.
    pub(crate) store: Option<StoreName>,
    /// Its name there.
    pub(crate) name: String,
    /// What became of it.
    pub(crate) outcome: Outcome,
}

/// What is imported: a file's content, what is asked for, and what it is judged by.
pub(crate) struct Import<'a> {
    /// The file's content.
    pub(crate) bundle: &'a Bundle,
    /// What is asked for.
    pub(crate) order: &'a ImportOrder,
    /// Who is trusted before.
    pub(crate) trusted: &'a TrustedRoots,
    /// The time.
    pub(crate) now: UnixMillis,
}

impl Import<'_> {
    /// Puts what the file holds into the stores.
    ///
    /// # Errors
    /// What the operating system says where a store cannot be written.
    pub(crate) fn into_stores(self, stores: &Stores) -> io::Result<Vec<Imported>> {
        let mut imported = Vec::new();
        for der in &self.bundle.certificates {
            imported.push(self.one(stores, der)?);
        }
        let is_lonely = |key: &&PrivateKeyDer<'_>| {
            !self.bundle.certificates.iter().any(|der| is_key_of(key, der))
        };
        for _ in self.bundle.keys.iter().filter(is_lonely) {
            let next = "give the certificate and the key that were made together, or one .pfx";
            imported.push(Imported {
                certificate: CertificateSummary::default(),
                kind: None,
                store: None,
                name: String::new(),
                outcome: Outcome::Refused(
                    "this private key belongs to none of the certificates given",
                    next.to_owned(),
                ),
            });
        }
        Ok(imported)
    }

    fn one(&self, stores: &Stores, der: &[u8]) -> io::Result<Imported> {
        let certificate = certificate_summary(der).unwrap_or_default();
        let key = self.bundle.keys.iter().find(|key| is_key_of(key, der));
        let kind = certificate_kind(der);
        let (mut store, mut name) = (None, String::new());
        let outcome = match self.place(&certificate, kind, der, key.is_some()) {
            Ok(place) => {
                store = Some(place);
                name = self.name_of(place, &certificate);
                let there = stores.contents(place);
                match self.obstacle(&there, place, der, &mut name) {
                    Some(outcome) => outcome,
                    None => {
                        write(stores, place, &name, der, key)?;
                        remove_predecessors(&there, place, &name)?;
                        Outcome::Imported
                    }
                }
            }
            Err(outcome) => outcome,
        };
        Ok(Imported { certificate, kind, store, name, outcome })
    }

    /// The store that a certificate belongs to, or why it goes to none.
    fn place(
        &self,
        certificate: &CertificateSummary,
        kind: Option<CertificateKind>,
        der: &[u8],
        has_key: bool,
    ) -> Result<StoreName, Outcome> {
        use CertificateKind as K;
        use StoreName as S;
        let refused = |why, next: &str| Err(Outcome::Refused(why, next.to_owned()));
        let Some(kind) = kind else {
            return refused("it cannot be read", "get it again from where it was issued");
        };
        if certificate.not_after < self.now {
            return refused("it has expired", "get its current edition from the CA");
        }
        match (self.order.store, kind) {
            (Some(S::Root), K::Root | K::SelfSigned) => usable_root(der),
            (Some(S::Root), _) => refused(
                "only a certificate that signed itself can be a root",
                "leave out --store: it goes where it belongs",
            ),
            (Some(S::Personal), K::Root | K::Intermediate) => refused(
                "it is a CA's certificate, and the personal store is for servers' own",
                "leave out --store: it goes where it belongs",
            ),
            (Some(S::Ca | S::TenantCa(_)), K::EndEntity | K::SelfSigned) => refused(
                "it is no CA: nothing that it signed would count",
                "leave out --store: it goes where it belongs",
            ),
            (Some(S::Ca | S::TenantCa(_)), K::Root) => refused(
                "it is a root: servers never send one, and nothing in this store is trusted",
                "where you want to trust it: --store root",
            ),
            (None, K::Root) if is_trusted(certificate, self.trusted) => {
                let why = "it is a root, which is trusted already and which servers never send";
                Err(Outcome::LeftOut(why, String::new()))
            }
            (None, K::Root) => Err(Outcome::LeftOut(
                "it is a root: no chain that is sent needs it, and to trust it is your decision",
                "where every chain below it is to be trusted here: --store root".to_owned(),
            )),
            (_, K::Intermediate) => Ok(self.order.tenant.map_or(S::Ca, S::TenantCa)),
            (_, K::EndEntity | K::SelfSigned) if self.order.tenant.is_some() => {
                refused("a tenant has a store for intermediates only", "leave out --tenant")
            }
            (_, K::EndEntity | K::SelfSigned) if !has_key => refused(
                "no matching private key came with it: without one no server can use it",
                "give the key with --key FILE, or both as one .pfx",
            ),
            (_, K::EndEntity | K::SelfSigned) => Ok(S::Personal),
        }
    }

    /// The name that was asked for, or the first DNS name, or the one in the .pfx, or the CN.
    fn name_of(&self, store: StoreName, certificate: &CertificateSummary) -> String {
        if store != StoreName::Personal {
            return authority_name(certificate);
        }
        let given = self.order.name.as_ref().or_else(|| certificate.dns_names.first());
        let name = given.or(self.bundle.name.as_ref());
        let name = name.map(|name| file_name(&name.replace('*', "wildcard")));
        name.filter(|name| !name.is_empty()).unwrap_or_else(|| common_name(certificate))
    }

    /// What the store holds already that stands in the way.
    fn obstacle(
        &self,
        there: &Contents,
        store: StoreName,
        der: &[u8],
        name: &mut String,
    ) -> Option<Outcome> {
        let is_personal = store == StoreName::Personal;
        let same = there.entries.iter().find(|entry| {
            let is_there = entry.certificates.iter().any(|one| one == der);
            is_there && (!is_personal || entry.key.is_some() && entry.leaf() == der)
        });
        let is_other_name =
            self.order.name.is_some() && same.is_some_and(|same| same.name != *name);
        if let Some(same) = same.filter(|_| !(is_personal && is_other_name)) {
            name.clone_from(&same.name);
            return Some(Outcome::AlreadyThere);
        }
        let is_taken = there.entries.iter().any(|entry| entry.name == *name);
        (is_personal && is_taken && !self.order.replace).then(|| {
            let next = format!(
                "--replace where this is its successor (what names personal:{name} then sends the \
                 new one), or --name for another name"
            );
            Outcome::Refused("another certificate has this name", next)
        })
    }
}

fn write(
    stores: &Stores,
    store: StoreName,
    name: &str,
    der: &[u8],
    key: Option<&PrivateKeyDer<'_>>,
) -> io::Result<()> {
    let file = |extension| stores.folder(store).join(format!("{name}.{extension}"));
    match key.filter(|_| store == StoreName::Personal) {
        // One file for both: a renewal replaces them in one step.
        Some(key) => {
            let pem = key_pem(key) + &certificate_pem(der);
            write_into_store(stores.data_dir(), &file("pem"), pem.as_bytes())
        }
        None => write_into_store(stores.data_dir(), &file("cer"), der),
    }
}

/// What had this name under another extension, put there by hand, would have it still.
fn remove_predecessors(there: &Contents, store: StoreName, name: &str) -> io::Result<()> {
    let is_old = |file: &&std::path::PathBuf| file.extension().is_none_or(|end| end != "pem");
    let same_name = there.entries.iter().filter(|entry| entry.name == name);
    for file in same_name.map(|entry| &entry.file).filter(is_old) {
        if store == StoreName::Personal {
            std::fs::remove_file(file)?;
        }
    }
    Ok(())
}

fn usable_root(der: &[u8]) -> Result<StoreName, Outcome> {
    match TrustedRoots::from_ders(&[der]) {
        Ok(_) => Ok(StoreName::Root),
        Err(error) => Err(Outcome::Refused("it cannot serve as a root", error.to_string())),
    }
}

fn is_trusted(certificate: &CertificateSummary, trusted: &TrustedRoots) -> bool {
    trusted.summaries().any(|root| root.thumbprint == certificate.thumbprint)
}

/// The name of a CA's file: its CN, and the beginning of its thumbprint.
pub(crate) fn authority_name(certificate: &CertificateSummary) -> String {
    let digits = certificate.thumbprint.get(..THUMBPRINT_DIGITS).unwrap_or_default();
    format!("{}-{digits}", common_name(certificate))
}

fn common_name(certificate: &CertificateSummary) -> String {
    let first = certificate.subject.split(',').next().unwrap_or_default();
    let value = first.split_once('=').map_or(first, |(_, value)| value);
    let name = file_name(value);
    if name.is_empty() { "certificate".to_owned() } else { name }
}

/// A text as the name of a file: lower-case letters and digits, dots and hyphens, no dot first.
fn file_name(text: &str) -> String {
    let mut name = String::new();
    for character in printable(text, SHOWN_CHARACTERS_MAX).chars() {
        match character.to_ascii_lowercase() {
            good if good.is_ascii_alphanumeric() || good == '.' || good == '_' => name.push(good),
            _ if name.ends_with('-') => {}
            _ => name.push('-'),
        }
    }
    name.truncate(NAME_CHARACTERS_MAX);
    name.trim_matches(['-', '.']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_never_leads_out_of_its_folder() {
        for (text, name) in [
            ("Mail 2026", "mail-2026"),
            ("../../etc/passwd", "etc-passwd"),
            ("wildcard.contoso.example", "wildcard.contoso.example"),
            ("M\u{fc}ller & S\u{f6}hne", "m-ller-s-hne"),
            ("a\0b\r\nc", "a-u-0-b-u-d-u-a-c"),
            ("...", ""),
            ("", ""),
        ] {
            assert_eq!(file_name(text), name, "{text:?}");
        }
        assert!(file_name(&"x".repeat(200)).len() <= NAME_CHARACTERS_MAX);
    }

    #[test]
    fn a_ca_is_called_by_its_name_and_thumbprint() {
        let subject = "CN=Example Issuing CA 01,O=Example".to_owned();
        let thumbprint = "0C434E57AA".to_owned();
        let certificate = CertificateSummary { subject, thumbprint, ..Default::default() };
        assert_eq!(authority_name(&certificate), "example-issuing-ca-01-0C434E57");
        assert_eq!(authority_name(&CertificateSummary::default()), "certificate-");
    }
}
