//! What was found in a message: its files, those in archives included, and which a policy blocks.
//!
//! Plain data. The names in it are a stranger's words.

use posthouse_types::Finding;

use crate::types::FileKind;

/// Everything that a message carries, examined.
#[derive(Clone, Debug, Default)]
pub struct Attachments {
    /// What speaks against it, each once.
    pub findings: Vec<Finding>,
    /// Every file, a container before what is in it.
    pub items: Vec<Item>,
    /// Nothing was left out: no limit was reached, everything could be read.
    pub is_complete: bool,
}

/// One file: an attachment, a member of an archive, an object inside a document.
#[derive(Clone, Debug)]
pub struct Item {
    /// The part of the message that it lies in: an index of `Reading::parts`.
    pub part: usize,
    /// The names that some reader would show; empty where it has none.
    pub names: Vec<String>,
    /// The containers around it, from the attachment inwards: their names.
    pub path: Vec<String>,
    /// What it is by content.
    pub kind: &'static FileKind,
    /// The extensions of its names, lower case, every reading of them.
    pub extensions: Vec<String>,
    /// Its Content-Type, `type/subtype` in lower case; empty inside containers.
    pub media_type: String,
    /// Octets, unpacked. For a member that could not be unpacked what its archive says.
    pub size: u64,
    /// SHA-256 of the octets; none where they could not be read to the end.
    pub sha256: Option<[u8; 32]>,
    /// It is encrypted, and no password was found.
    pub is_encrypted: bool,
}

impl Attachments {
    /// The first file whose SHA-256 (lower-case hexadecimal) a list holds.
    pub fn listed_file(&self, holds: impl Fn(&str) -> bool) -> Option<&Item> {
        self.items.iter().find(|item| item.sha256_hex().is_some_and(|hash| holds(&hash)))
    }
}

impl Item {
    /// The name to show: the first, or the kind.
    pub fn shown_name(&self) -> &str {
        self.names.first().map_or(self.kind.name, String::as_str)
    }

    /// The SHA-256 in lower-case hexadecimal, as block lists write it.
    pub fn sha256_hex(&self) -> Option<String> {
        use std::fmt::Write as _;
        let mut out = String::with_capacity(64);
        for octet in self.sha256? {
            let _ = write!(out, "{octet:02x}");
        }
        Some(out)
    }

    /// The names by which a list of file types may hold this file: by content first, then by
    /// extension (spec 2.9).
    pub fn type_names(&self) -> impl Iterator<Item = &str> {
        // A lie about the extension: whatever the content could be run as counts.
        let lies = !self.extensions.iter().any(|extension| self.kind.fits(extension));
        let also = self.kind.also.iter().copied().filter(move |_| lies);
        let extensions = self.extensions.iter().map(String::as_str);
        std::iter::once(self.kind.name).chain(also).chain(extensions)
    }

    /// The policy name by which a list of file types holds this file.
    pub fn blocked_by<'a, T: AsRef<str>>(&self, types: &'a [T]) -> Option<&'a str> {
        let listed = |name: &str| {
            types
                .iter()
                .map(AsRef::as_ref)
                .find(|listed| listed.trim_start_matches('.').eq_ignore_ascii_case(name))
        };
        self.type_names().find_map(listed)
    }
}

/// A file that the common attachment filter blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockedType {
    /// The file's name, as the message has it.
    pub name: String,
    /// The type on the policy's list.
    pub file_type: String,
    /// It was known by its content, whatever its name says.
    pub by_content: bool,
}

/// The first file that a policy's list of types blocks (EOP's common attachment filter).
pub fn blocked_types<T: AsRef<str>>(attachments: &Attachments, types: &[T]) -> Option<BlockedType> {
    attachments.items.iter().find_map(|item| {
        let file_type = item.blocked_by(types)?.trim_start_matches('.').to_ascii_lowercase();
        let by_content = !item.extensions.contains(&file_type);
        Some(BlockedType { name: item.shown_name().to_owned(), file_type, by_content })
    })
}
