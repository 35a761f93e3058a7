//! Signing by hand: messages of our own, with whatever signature a test wants.
//!
//! Written against the RFC and not with the code under test, so that one can prove the other.

use mail_auth::common::crypto::{Ed25519Key, SigningKey};

/// An Ed25519 key under a name.
pub(crate) struct Signer {
    key: Ed25519Key,
    pub(crate) domain: String,
}

/// The selector of every key.
pub(crate) const SELECTOR: &str = "key";

impl Signer {
    pub(crate) fn new(domain: &str) -> Self {
        let pkcs8 = Ed25519Key::generate_pkcs8().unwrap();
        Self { key: Ed25519Key::from_pkcs8_der(&pkcs8).unwrap(), domain: domain.to_owned() }
    }

    /// Where the key stands, and what stands there.
    pub(crate) fn record(&self) -> (String, String) {
        let name = format!("{SELECTOR}._domainkey.{}", self.domain);
        (name, format!("v=DKIM1; k=ed25519; p={}", base64(&self.key.public_key())))
    }

    fn sign(&self, text: &str) -> String {
        base64(&self.key.sign(text.as_bytes()).unwrap())
    }

    /// The message with a signature over the fields of `h`, with these further tags.
    pub(crate) fn signed(&self, message: &str, h: &str, more: &str) -> String {
        let (header, body) = message.split_once("\r\n\r\n").unwrap();
        let covered = match more.split_once("l=") {
            Some((_, rest)) => {
                let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
                &body[..digits.parse::<usize>().unwrap()]
            }
            None => body,
        };
        let tags = format!(
            "v=1; a=ed25519-sha256; c=relaxed/relaxed; d={}; s={SELECTOR}; h={h}; bh={};{more} b=",
            self.domain,
            body_hash(covered)
        );
        let mut text = selected(header, h);
        text.push_str(&format!("dkim-signature:{tags}"));
        format!("DKIM-Signature: {tags}{}\r\n{message}", self.sign(&text))
    }

    /// The message with one more ARC set on top; `before` are the sets that are there, oldest
    /// first, as this function gave them.
    pub(crate) fn sealed(
        &self,
        message: &str,
        before: &[String],
        cv: &str,
        claims: &str,
    ) -> Sealed {
        let (header, body) = message.split_once("\r\n\r\n").unwrap();
        let instance = before.len() + 1;
        let aar = format!("i={instance}; mx.{}; {claims}", self.domain);
        let ams = format!(
            "i={instance}; a=ed25519-sha256; c=relaxed/relaxed; d={}; s={SELECTOR}; h=from:subject; bh={}; b=",
            self.domain,
            body_hash(body)
        );
        let text = format!("{}arc-message-signature:{ams}", selected(header, "from:subject"));
        let ams = format!("{ams}{}", self.sign(&text));
        let seal =
            format!("i={instance}; a=ed25519-sha256; cv={cv}; d={}; s={SELECTOR}; b=", self.domain);
        let text = format!(
            "{}arc-authentication-results:{aar}\r\narc-message-signature:{ams}\r\narc-seal:{seal}",
            before.concat()
        );
        let seal = format!("{seal}{}", self.sign(&text));
        let set = format!(
            "arc-authentication-results:{aar}\r\narc-message-signature:{ams}\r\narc-seal:{seal}\r\n"
        );
        Sealed {
            message: format!(
                "ARC-Seal: {seal}\r\nARC-Message-Signature: {ams}\r\n\
                 ARC-Authentication-Results: {aar}\r\n{message}"
            ),
            set,
        }
    }
}

/// A message with its newest set.
pub(crate) struct Sealed {
    pub(crate) message: String,
    /// In relaxed form, as the next seal signs it.
    pub(crate) set: String,
}

/// The fields that `h` names, from the bottom up, in relaxed form. The fields of our messages have
/// one blank after the colon and no other.
fn selected(header: &str, h: &str) -> String {
    let mut lines: Vec<&str> = header.split("\r\n").collect();
    let mut out = String::new();
    for name in h.split(':') {
        let found = lines.iter().rposition(|line| {
            line.split_once(':').is_some_and(|(other, _)| other.eq_ignore_ascii_case(name))
        });
        if let Some(at) = found {
            let (name, value) = lines.remove(at).split_once(':').unwrap();
            out.push_str(&format!("{}:{}\r\n", name.to_ascii_lowercase(), value.trim()));
        }
    }
    out
}

fn body_hash(body: &str) -> String {
    use mail_auth::common::crypto::HashAlgorithm;
    base64(HashAlgorithm::Sha256.hash(body.as_bytes()).as_ref())
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let mut group = [0; 3];
        group[..chunk.len()].copy_from_slice(chunk);
        let number = u32::from_be_bytes([0, group[0], group[1], group[2]]);
        for position in 0..4 {
            if position <= chunk.len() {
                let index = (number >> (18 - 6 * position)) & 63;
                out.push(char::from(alphabet[index as usize]));
            } else {
                out.push('=');
            }
        }
    }
    out
}
