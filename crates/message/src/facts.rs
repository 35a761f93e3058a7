//! What a header says about its message: read once, while the message comes in.
//! Pure. A field that cannot be read is an empty string: nothing is refused for its wording.

use mail_parser::parsers::MessageStream;
use mail_parser::{Address, HeaderValue};

use crate::header::{field_name, field_value};
use crate::received::PRODUCT;

/// Longest Subject that is kept, in characters: Microsoft's message trace shows 256.
const SUBJECT_CHARACTERS_MAX: usize = 256;
/// Longest Message-ID and From address that are kept, in bytes: one line of RFC 5322.
const VALUE_BYTES_MAX: usize = 998;
/// Addresses of From and Sender that are kept. An honest message has one or two.
const AUTHORS_MAX: usize = 100;
/// As much of a field as is decoded: room for 256 encoded characters with their folds, and an end
/// to what a hostile field can cost.
const DECODED_BYTES_MAX: usize = 8 * 1024;

/// What is known of a message after its header and body have passed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderFacts {
    /// Message-ID with its angle brackets, unchecked; empty where there is none. At most 998 bytes,
    /// no controls.
    pub message_id: String,
    /// Subject, decoded, without controls, at most 256 characters.
    pub subject: String,
    /// The first address of From, at most 998 bytes, no controls; empty where there is none.
    pub from: String,
    /// Whom the message says it is from.
    pub authors: Authors,
    /// A Date is there.
    pub has_date: bool,
    /// A From is there.
    pub has_from: bool,
    /// Received lines.
    pub received_lines: usize,
    /// Received lines that this node wrote.
    pub own_passes: usize,
    /// The body holds octets above 127 (RFC 6152).
    pub has_8bit_body: bool,
    /// The header, as it goes on, holds octets above 127 (RFC 6532).
    pub has_utf8_header: bool,
    /// Fields that were removed because only this side may write them.
    pub removed_headers: u32,
    /// Cross-premises fields that became the organisation's own.
    pub promoted_headers: u32,
    /// One of those said how the sender authenticated (AuthAs): ours is not needed.
    pub has_promoted_auth_as: bool,
    /// Auto-Submitted is there and is not `no` (RFC 3834): never answer this automatically.
    pub auto_submitted: bool,
    /// Bytes of the header as it goes on, without the empty line.
    pub header_bytes: usize,
    /// The header as it came, without the empty line, where it goes on otherwise: signatures were
    /// made over this one.
    pub original: Option<Box<[u8]>>,
}

/// Every address in From and Sender, of every field of these names: readers differ in which they
/// show, so whoever checks them has to check all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Authors {
    /// The addresses in the order found, groups' members too; at most 100.
    pub addresses: Vec<String>,
    /// A field that names nobody, that is longer than is read, or that holds more addresses than
    /// are kept: what it says cannot be known for sure.
    pub is_unclear: bool,
}

impl Authors {
    /// Notes one field's value.
    fn read(&mut self, value: &[u8]) {
        let found = addresses(value);
        let room = AUTHORS_MAX.saturating_sub(self.addresses.len());
        self.is_unclear |=
            found.is_empty() || found.len() > room || value.len() > DECODED_BYTES_MAX;
        self.addresses.extend(found.into_iter().take(room));
    }
}

impl HeaderFacts {
    /// Reads one field as it came in. Of fields that may stand once, the first counts.
    pub(crate) fn read(&mut self, field: &[u8], node_name: &str) {
        let name = field_name(field).unwrap_or_default();
        let value = field_value(field);
        let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
        if is("Received") {
            self.received_lines += 1;
            self.own_passes += usize::from(is_own_pass(value, node_name));
        } else if is("Subject") && self.subject.is_empty() {
            self.subject = decoded(value);
        } else if is("Message-ID") && self.message_id.is_empty() {
            self.message_id = cleaned(&String::from_utf8_lossy(value));
        } else if is("From") {
            self.authors.read(value);
            if !self.has_from {
                self.has_from = true;
                self.from = self.authors.addresses.first().cloned().unwrap_or_default();
            }
        } else if is("Sender") {
            self.authors.read(value);
        } else if is("Date") {
            self.has_date = true;
        } else if is("Auto-Submitted") {
            let word = value.trim_ascii();
            let end = word.iter().position(|byte| !byte.is_ascii_graphic() || *byte == b';');
            let word = word.get(..end.unwrap_or(word.len())).unwrap_or_default();
            self.auto_submitted |= !word.eq_ignore_ascii_case(b"no");
        }
    }
}

/// Whether this Received value is one of ours: `by NODE (posthouse)`, as
/// [`received_field`](crate::received_field) writes it. Forging one only ends the forger's own
/// message.
fn is_own_pass(value: &[u8], node_name: &str) -> bool {
    let is_blank = |byte: &u8| byte.is_ascii_whitespace();
    let mut words = value.split(is_blank).filter(|word| !word.is_empty());
    let (mut before, mut last): (&[u8], &[u8]) = (b"", b"");
    words.any(|word| {
        let is_own = before.eq_ignore_ascii_case(b"by")
            && last.eq_ignore_ascii_case(node_name.as_bytes())
            && word.strip_prefix(b"(").and_then(|word| word.strip_suffix(b")"))
                == Some(PRODUCT.as_bytes());
        (before, last) = (last, word);
        is_own
    })
}

/// An unstructured value with its encoded words read and its controls gone (MIM-08: what a word
/// decodes to may hold line ends).
pub(crate) fn decoded(value: &[u8]) -> String {
    match MessageStream::new(&bounded(value)).parse_unstructured() {
        HeaderValue::Text(text) => {
            text.chars().filter(|c| !c.is_control()).take(SUBJECT_CHARACTERS_MAX).collect()
        }
        _ => String::new(),
    }
}

/// Every address of an address list; groups are opened.
pub(crate) fn addresses(value: &[u8]) -> Vec<String> {
    let bytes = bounded(value);
    let HeaderValue::Address(address) = MessageStream::new(&bytes).parse_address() else {
        return Vec::new();
    };
    let mailboxes: Vec<_> = match &address {
        Address::List(list) => list.iter().collect(),
        Address::Group(groups) => groups.iter().flat_map(|group| &group.addresses).collect(),
    };
    mailboxes.into_iter().filter_map(|mailbox| mailbox.address()).map(cleaned).collect()
}

/// The start of a value, ended as the parser wants it.
fn bounded(value: &[u8]) -> Vec<u8> {
    let mut bytes = value.get(..value.len().min(DECODED_BYTES_MAX)).unwrap_or_default().to_vec();
    if bytes.last() != Some(&b'\n') {
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

/// A short value on one line.
fn cleaned(text: &str) -> String {
    let mut out: String = text.trim().chars().filter(|c| !c.is_control()).collect();
    let mut end = out.len().min(VALUE_BYTES_MAX);
    while !out.is_char_boundary(end) {
        end -= 1;
    }
    out.truncate(end);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(fields: &[&str]) -> HeaderFacts {
        let mut facts = HeaderFacts::default();
        for field in fields {
            facts.read(format!("{field}\r\n").as_bytes(), "mx.example");
        }
        facts
    }

    #[test]
    fn a_subject_is_decoded_in_its_own_character_set() {
        let subject = |text: &str| facts(&[&format!("Subject: {text}")]).subject;
        assert_eq!(subject("plain\r\n folded"), "plain folded");
        assert_eq!(subject("=?utf-8?Q?Gr=C3=BC=C3=9Fe?="), "Grüße");
        assert_eq!(
            subject("=?iso-8859-1?Q?Gr=FC=DFe?= an\r\n =?utf-8?B?ZGljaA==?="),
            "Grüße an dich"
        );
        assert_eq!(subject("=?iso-2022-jp?B?GyRCRnxLXBsoQg==?="), "日本");
        assert_eq!(subject(&"ä".repeat(1000)).chars().count(), SUBJECT_CHARACTERS_MAX);
    }

    #[test]
    fn mim_08_decoded_words_bring_no_line_ends() {
        let facts = facts(&[
            "Subject: =?utf-8?q?=0D=0ABcc:_x=00?=",
            "From: =?utf-8?q?=0D=0A?= <a@b.example>",
            "Message-ID: <a\u{7}@b>\r\n ",
        ]);
        assert_eq!(facts.subject.trim(), "Bcc: x");
        assert_eq!(facts.from, "a@b.example");
        assert_eq!(facts.message_id, "<a@b>");
    }

    #[test]
    fn att_11_every_from_and_sender_counts_however_often_it_stands() {
        let facts = facts(&[
            "From: Ann <ann@a.example>, bob@b.example",
            "from : \"boss@c.example\" <eve@d.example>",
            "Sender: Group: f@f.example, g@g.example;",
        ]);
        let expected =
            ["ann@a.example", "bob@b.example", "eve@d.example", "f@f.example", "g@g.example"];
        assert_eq!(
            facts.authors,
            Authors { addresses: expected.map(String::from).to_vec(), is_unclear: false }
        );
        assert_eq!(facts.from, "ann@a.example");
    }

    #[test]
    fn att_11_a_from_that_cannot_be_read_whole_is_unclear() {
        for value in
            [String::new(), "nobody at all".into(), format!("{}a@a.example", " ".repeat(9000))]
        {
            assert!(facts(&[&format!("From: {value}")]).authors.is_unclear, "{value}");
        }
        let many = vec!["a@a.example"; AUTHORS_MAX + 1].join(", ");
        assert!(facts(&[&format!("From: {many}")]).authors.is_unclear);
    }

    #[test]
    fn only_what_this_node_wrote_counts_as_its_own_pass() {
        let facts = facts(&[
            "Received: from a ([192.0.2.1]) by MX.example\r\n (posthouse) with ESMTP id X; date",
            "Received: from a by mx.example (Postfix) with ESMTP id X; date",
            "Received: from a by other.example (posthouse) with ESMTP id X; date",
        ]);
        assert_eq!((facts.received_lines, facts.own_passes), (3, 1));
    }

    #[test]
    fn auto_submitted_means_anything_but_no() {
        assert!(facts(&["Auto-Submitted: auto-replied; x=y"]).auto_submitted);
        assert!(!facts(&["auto-submitted: No ; x"]).auto_submitted);
        assert!(!facts(&["Subject: x"]).auto_submitted);
    }
}
