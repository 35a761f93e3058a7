//! TNEF, Outlook's `winmail.dat`: the files and bodies inside (MS-OXTNEF, MS-OXRTFCP).
//!
//! Touches nothing. Reads attributes one after another, each with a length that is checked; what
//! is damaged ends the reading and is told. Messages inside are given back as bytes.

use crate::charset::{Charset, guess};
use crate::words::clean;

/// MS-OXTNEF 2.1.3.1: the first four octets, little endian.
const SIGNATURE: [u8; 4] = [0x78, 0x9f, 0x3e, 0x22];
/// Files of one package that are unpacked.
const ITEMS_MAX: usize = 500;
/// Properties of one block that are read.
const PROPERTIES_MAX: u32 = 10_000;
/// Largest RTF body that is decompressed, in bytes.
const RTF_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What was found in a package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) names: Vec<String>,
    /// What the package says, or what the property means; empty where nothing does.
    pub(crate) media_type: String,
    pub(crate) content_id: Option<String>,
    pub(crate) bytes: Vec<u8>,
}

/// A package, unpacked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Package {
    pub(crate) items: Vec<Item>,
    pub(crate) is_damaged: bool,
}

/// Whether these octets are a package.
pub(crate) fn is_package(bytes: &[u8]) -> bool {
    bytes.starts_with(&SIGNATURE)
}

/// Unpacks; empty and damaged where it is no package.
pub(crate) fn unpack(bytes: &[u8]) -> Package {
    let mut package = Package::default();
    let mut input = Input { rest: bytes };
    package.is_damaged = !is_package(bytes) || package.attributes(&mut input).is_none();
    package.items.retain(|item| !item.bytes.is_empty() || !item.names.is_empty());
    package
}

impl Package {
    fn attributes(&mut self, input: &mut Input<'_>) -> Option<()> {
        input.take(6)?;
        let mut open: Option<Item> = None;
        while let Some(level) = input.take(1) {
            if !matches!(level, [1 | 2]) {
                self.close(open);
                return None;
            }
            let Some((id, data)) = attribute(input) else {
                self.close(open);
                return None;
            };
            match id {
                // attAttachRendData begins an attachment.
                0x9002 => self.close(open.replace(Item::default())),
                // attAttachTitle, attAttachTransportFilename.
                0x8010 | 0x9001 => open.get_or_insert_default().name(string(data)),
                // attAttachData.
                0x800f => open.get_or_insert_default().bytes = data.to_vec(),
                // attAttachment and attMsgProps hold properties.
                0x9005 => self.attachment(data, open.get_or_insert_default()),
                0x9003 => self.message(data),
                // attBody.
                0x800c => self.add("text/plain", string(data).into_bytes()),
                _ => {}
            }
        }
        self.close(open);
        Some(())
    }

    fn close(&mut self, item: Option<Item>) {
        if let Some(item) = item
            && self.items.len() < ITEMS_MAX
        {
            self.items.push(item);
        }
    }

    fn add(&mut self, media_type: &str, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            self.close(Some(Item { media_type: media_type.to_owned(), bytes, ..Item::default() }));
        }
    }

    fn attachment(&mut self, data: &[u8], item: &mut Item) {
        let is_whole = properties(data, |id, kind, value| match id {
            // PidTagAttachLongFilename, -AttachFilename, -DisplayName.
            0x3707 | 0x3704 | 0x3001 => item.name(property_text(kind, value)),
            // PidTagAttachMimeTag, -AttachContentId.
            0x370e => item.media_type = property_text(kind, value).to_ascii_lowercase(),
            0x3712 => item.content_id = Some(property_text(kind, value)),
            // PidTagAttachDataBinary, or an object that begins with its interface's identifier.
            0x3701 if kind == 0x0d => {
                let inside = value.get(16..).unwrap_or_default();
                if is_package(inside) {
                    item.media_type = "application/ms-tnef".to_owned();
                }
                item.bytes = inside.to_vec();
            }
            0x3701 => item.bytes = value.to_vec(),
            _ => {}
        });
        self.is_damaged |= is_whole.is_none();
    }

    fn message(&mut self, data: &[u8]) {
        let mut bodies = Vec::new();
        let is_whole = properties(data, |id, kind, value| match id {
            0x1000 => bodies.push(("text/plain", property_text(kind, value).into_bytes())),
            0x1013 if kind == 0x102 => bodies.push(("text/html", value.to_vec())),
            0x1013 => bodies.push(("text/html", property_text(kind, value).into_bytes())),
            0x1009 => bodies.push(("text/rtf", rtf(value).unwrap_or_default())),
            _ => {}
        });
        self.is_damaged |= is_whole.is_none();
        bodies.into_iter().for_each(|(media_type, bytes)| self.add(media_type, bytes));
    }
}

impl Item {
    fn name(&mut self, name: String) {
        let name = clean(name.trim()).into_owned();
        if !name.is_empty() && !self.names.contains(&name) {
            self.names.push(name);
        }
    }
}

struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes(self.take(2)?.try_into().ok()?))
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    /// A length, that many octets, and what fills them up to four.
    fn counted(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.u32()?).ok()?;
        let data = self.take(length)?;
        let padding = (4 - length % 4) % 4;
        self.take(padding.min(self.rest.len()))?;
        Some(data)
    }
}

/// One attribute: identifier and data, the checksum passed over.
fn attribute<'a>(input: &mut Input<'a>) -> Option<(u16, &'a [u8])> {
    let id = input.u16()?;
    let _kind = input.u16()?;
    let length = usize::try_from(input.u32()?).ok()?;
    let data = input.take(length)?;
    input.take(2.min(input.rest.len()))?;
    Some((id, data))
}

/// Calls `see` with identifier, type and value of each property.
fn properties(data: &[u8], mut see: impl FnMut(u16, u16, &[u8])) -> Option<()> {
    let mut input = Input { rest: data };
    let count = input.u32()?.min(PROPERTIES_MAX);
    for _ in 0..count {
        let kind = input.u16()?;
        let id = input.u16()?;
        if id >= 0x8000 {
            // A named property: set, kind of name, name.
            input.take(16)?;
            if input.u32()? == 0 {
                input.take(4)?;
            } else {
                input.counted()?;
            }
        }
        let is_many = kind & 0x1000 != 0;
        let kind = kind & 0x0fff;
        let size = match kind {
            0x02 | 0x03 | 0x04 | 0x0a | 0x0b => 4,
            0x05 | 0x06 | 0x07 | 0x14 | 0x40 => 8,
            0x48 => 16,
            0x01 => 0,
            0x0d | 0x1e | 0x1f | 0x102 => {
                for _ in 0..input.u32()?.min(PROPERTIES_MAX) {
                    see(id, kind, input.counted()?);
                }
                continue;
            }
            _ => return None,
        };
        let values = if is_many { usize::try_from(input.u32()?).ok()? } else { 1 };
        input.take(values.checked_mul(size)?)?;
    }
    Some(())
}

fn string(data: &[u8]) -> String {
    let end = memchr::memchr(0, data).unwrap_or(data.len());
    guess(data.get(..end).unwrap_or_default()).into_owned()
}

fn property_text(kind: u16, value: &[u8]) -> String {
    if kind == 0x1f {
        let text = Charset::Known(encoding_rs::UTF_16LE).decode(value).into_owned();
        return text.trim_end_matches('\0').to_owned();
    }
    string(value)
}

/// What the dictionary of compressed RTF begins with (MS-OXRTFCP 2.1.2.1).
const RTF_DICTIONARY: &[u8] =
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \
\\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\
\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

/// Compressed RTF, decompressed as far as it goes.
fn rtf(data: &[u8]) -> Option<Vec<u8>> {
    let mut input = Input { rest: data };
    input.take(4)?;
    let length = usize::try_from(input.u32()?).ok()?.min(RTF_BYTES_MAX);
    let magic = input.take(4)?;
    input.take(4)?;
    if magic == b"MELA" {
        return Some(input.rest.get(..length.min(input.rest.len()))?.to_vec());
    }
    if magic != b"LZFu" {
        return None;
    }
    let mut window = [0u8; 4096];
    window.get_mut(..RTF_DICTIONARY.len())?.copy_from_slice(RTF_DICTIONARY);
    let mut at = RTF_DICTIONARY.len();
    let mut out = Vec::new();
    let mut put = |byte: u8, window: &mut [u8; 4096], out: &mut Vec<u8>| {
        if let Some(place) = window.get_mut(at) {
            *place = byte;
        }
        at = (at + 1) % 4096;
        out.push(byte);
        at
    };
    let mut end = RTF_DICTIONARY.len();
    'tokens: while let Some(control) = input.take(1) {
        let control = control.first().copied()?;
        for bit in 0..8 {
            if out.len() >= length {
                break 'tokens;
            }
            if control & (1 << bit) == 0 {
                let Some([byte]) = input.take(1) else { break 'tokens };
                end = put(*byte, &mut window, &mut out);
                continue;
            }
            let Some([high, low]) = input.take(2) else { break 'tokens };
            let reference = u16::from_be_bytes([*high, *low]);
            let offset = usize::from(reference >> 4);
            if offset == end {
                break 'tokens;
            }
            for step in 0..usize::from(reference & 0x0f) + 2 {
                let byte = window.get((offset + step) % 4096).copied().unwrap_or(0);
                end = put(byte, &mut window, &mut out);
            }
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(level: u8, id: u16, data: &[u8]) -> Vec<u8> {
        let mut out = vec![level];
        out.extend(id.to_le_bytes());
        out.extend([0, 0]);
        out.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
        out.extend(data);
        out.extend([0, 0]);
        out
    }

    pub(crate) fn package(attributes: &[(u8, u16, &[u8])]) -> Vec<u8> {
        let mut out = SIGNATURE.to_vec();
        out.extend([1, 0]);
        for (level, id, data) in attributes {
            out.extend(attribute(*level, *id, data));
        }
        out
    }

    fn property(kind: u16, id: u16, value: &[u8]) -> Vec<u8> {
        let mut out = kind.to_le_bytes().to_vec();
        out.extend(id.to_le_bytes());
        out.extend(1u32.to_le_bytes());
        out.extend(u32::try_from(value.len()).unwrap().to_le_bytes());
        out.extend(value);
        out.resize(out.len().next_multiple_of(4), 0);
        out
    }

    #[test]
    fn mim_07_a_package_is_unpacked() {
        let mut long = 2u32.to_le_bytes().to_vec();
        long.extend(property(0x1f, 0x3707, b"l\0o\0n\0g\0.\0e\0x\0e\0\0\0"));
        long.extend(property(0x102, 0x3701, b"MZ"));
        let bytes = package(&[
            (1, 0x800c, b"hello\0"),
            (2, 0x9002, b"rend"),
            (2, 0x8010, b"a.txt\0"),
            (2, 0x800f, b"content"),
            (2, 0x9002, b"rend"),
            (2, 0x8010, b"LONG~1.EXE\0"),
            (2, 0x9005, &long),
        ]);
        let unpacked = unpack(&bytes);
        assert!(!unpacked.is_damaged);
        let shown: Vec<_> = unpacked
            .items
            .iter()
            .map(|item| (item.names.join("|"), item.bytes.as_slice()))
            .collect();
        assert_eq!(
            shown,
            [
                (String::new(), &b"hello"[..]),
                ("a.txt".to_owned(), b"content"),
                ("LONG~1.EXE|long.exe".to_owned(), b"MZ"),
            ]
        );
        for cut in 0..bytes.len() {
            unpack(&bytes[..cut]);
        }
    }

    #[test]
    fn compressed_rtf_is_decompressed() {
        // The example of MS-OXRTFCP 4.1.1: "{\rtf1\ansi\ansicpg1252\pard hello world}\r\n".
        let compressed = [
            0x2d, 0x00, 0x00, 0x00, 0x2b, 0x00, 0x00, 0x00, 0x4c, 0x5a, 0x46, 0x75, 0xf1, 0xc5,
            0xc7, 0xa7, 0x03, 0x00, 0x0a, 0x00, 0x72, 0x63, 0x70, 0x67, 0x31, 0x32, 0x35, 0x42,
            0x32, 0x0a, 0xf3, 0x20, 0x68, 0x65, 0x6c, 0x09, 0x00, 0x20, 0x62, 0x77, 0x05, 0xb0,
            0x6c, 0x64, 0x7d, 0x0a, 0x80, 0x0f, 0xa0,
        ];
        assert_eq!(RTF_DICTIONARY.len(), 207);
        assert_eq!(
            String::from_utf8(rtf(&compressed).unwrap()).unwrap(),
            "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
        );
    }
}
