//! Visual Basic for Applications: unpacking of macros, and what they do by their words.
//!
//! Touches nothing, runs nothing. Format: MS-OVBA 2.4.1. The text decides; what was compiled into
//! the file beside it is not looked at.

use memchr::memmem;

use crate::bytes::{slice, u16_le, u32_le};

/// Source text of one module that is read.
const MODULE_BYTES_MAX: usize = 1024 * 1024;

/// What reading an octet of source costs, in nanoseconds: some hundred words are looked for.
pub(super) const WORK_EACH: u64 = 60;

/// Names that the office programs call by themselves.
const AUTOMATIC: &[&str] = &[
    "autoopen",
    "auto_open",
    "autoexec",
    "autonew",
    "autoclose",
    "auto_close",
    "autoexit",
    "document_open",
    "document_new",
    "document_close",
    "documentopen",
    "workbook_open",
    "workbook_activate",
    "workbook_beforeclose",
    "workbook_deactivate",
    "worksheet_activate",
    "worksheet_calculate",
    "auto_activate",
    "presentation_open",
    "slideshowbegin",
    "frmloaded_load",
    "inkpicture_painted",
    "image_mousemove",
    "webbrowser_documentcomplete",
    "application_startup",
    "onconnection",
];
/// Calls that start something.
const STARTS: &[&str] = &[
    "shell(",
    "shell ",
    "shellexecute",
    "wscript.shell",
    "shell.application",
    "powershell",
    "cmd.exe",
    "cmd /c",
    "createprocess",
    "winexec",
    "win32_process",
    "mshta",
    "rundll32",
    "regsvr32",
    "createthread",
    "enumwindows",
    ".run ",
    "certutil",
    "callwindowproc",
];
/// Calls that fetch something.
const FETCHES: &[&str] = &[
    "urldownloadtofile",
    "xmlhttp",
    "winhttp",
    "net.webclient",
    "downloadfile",
    "downloadstring",
    "invoke-webrequest",
    "bitsadmin",
    "internetopenurl",
    "wininet",
    "urlmon",
];
/// Calls that hide what they do.
const HIDES: &[&str] = &[
    "strreverse",
    "callbyname",
    "virtualalloc",
    "rtlmovememory",
    "writeprocessmemory",
    "createobject(",
    "getobject(",
    "frombase64",
    "adodb.stream",
    "environ(",
    "xor ",
];

/// What the words of some modules say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Acts {
    /// Runs without being asked to.
    pub(super) automatic: Option<&'static str>,
    /// Starts a program.
    pub(super) starts: Option<&'static str>,
    /// Fetches from the network.
    pub(super) fetches: Option<&'static str>,
    /// Hides something or makes objects.
    pub(super) hides: Option<&'static str>,
}

impl Acts {
    /// Reads one module more.
    pub(super) fn read(&mut self, source: &[u8]) {
        let text = String::from_utf8_lossy(source).to_ascii_lowercase();
        // Long lines are broken with " _".
        let text = text.replace(" _\r\n", " ").replace(" _\n", " ");
        let find =
            |words: &[&'static str]| words.iter().find(|word| text.contains(**word)).copied();
        let called = |name: &&&'static str| {
            ["sub ", "function "].iter().any(|kind| {
                text.contains(&format!("{kind}{name}("))
                    || text.contains(&format!("{kind}{name} ("))
            })
        };
        self.automatic = self.automatic.or_else(|| AUTOMATIC.iter().find(called).copied());
        self.starts = self.starts.or_else(|| find(STARTS));
        self.fetches = self.fetches.or_else(|| find(FETCHES));
        self.hides = self.hides.or_else(|| find(HIDES));
    }
}

/// Unpacks a container; what comes before damage counts.
pub(super) fn decompress(container: &[u8]) -> Option<Vec<u8>> {
    let mut rest = container.strip_prefix(b"\x01")?;
    let mut out = Vec::new();
    while let Some(header) = u16_le(rest, 0) {
        let size = usize::from(header & 0xfff) + 3;
        if header >> 12 & 7 != 3 || out.len() > MODULE_BYTES_MAX {
            break;
        }
        let chunk = slice(rest, 2, size - 2);
        if header >> 15 == 0 {
            out.extend_from_slice(chunk);
        } else if !unpack(chunk, &mut out) {
            break;
        }
        rest = rest.get(size..).unwrap_or_default();
    }
    (!out.is_empty()).then_some(out)
}

/// One chunk: flags of eight tokens, each a letter or a copy of what came before in the chunk.
fn unpack(chunk: &[u8], out: &mut Vec<u8>) -> bool {
    /// A chunk unpacks to so much.
    const CHUNK_BYTES: usize = 4096;
    let start = out.len();
    let mut at = 0;
    while let Some(&flags) = chunk.get(at) {
        at += 1;
        for bit in 0..8 {
            if flags >> bit & 1 == 0 {
                let Some(&letter) = chunk.get(at) else { return true };
                out.push(letter);
                at += 1;
                continue;
            }
            let Some(token) = u16_le(chunk, at) else { return true };
            at += 2;
            let written = out.len() - start;
            if written == 0 || written > CHUNK_BYTES {
                return false;
            }
            // The further we are, the more bits the distance has: 4 to 12 (2.4.1.3.19.1).
            let distance_bits = (usize::BITS - (written - 1).leading_zeros()).clamp(4, 12);
            let length_bits = 16 - distance_bits;
            let length = usize::from(token & ((1 << length_bits) - 1)) + 3;
            let distance = usize::from(token >> length_bits) + 1;
            for _ in 0..length {
                let Some(&letter) = out
                    .len()
                    .checked_sub(distance)
                    .filter(|from| *from >= start)
                    .and_then(|from| out.get(from))
                else {
                    return false;
                };
                out.push(letter);
            }
        }
    }
    true
}

/// The source of a module's stream: behind what was compiled, at one of these offsets, or where the
/// usual first word is.
pub(super) fn source(stream: &[u8], offsets: &[u32]) -> Option<Vec<u8>> {
    // Every module begins with "Attribute VB_Name"; the first eight letters are one token group.
    let by_word = memmem::find(stream, b"\0Attribut").and_then(|at| at.checked_sub(3));
    let listed = offsets.iter().map(|offset| *offset as usize);
    by_word.into_iter().chain(listed).find_map(|at| decompress(stream.get(at..)?))
}

/// It reads like a module; offsets are tried on every stream, and most are none.
pub(super) fn is_source(text: &[u8]) -> bool {
    let head = slice(text, 0, 4096);
    let odd = head.iter().filter(|octet| **octet < b' ' && !matches!(octet, b'\t' | b'\r' | b'\n'));
    let words = [b"Attribut".as_slice(), b"Sub ", b"sub ", b"Function ", b"function "];
    odd.count() * 50 <= head.len() && words.iter().any(|word| memmem::find(text, word).is_some())
}

/// The offsets of all modules, out of the unpacked `dir` stream (MODULEOFFSET, 2.3.4.2.3.2.5).
pub(super) fn offsets(dir: &[u8]) -> Vec<u32> {
    /// More modules than any project has.
    const MODULES_MAX: usize = 1000;
    memmem::find_iter(dir, b"\x31\0\x04\0\0\0")
        .filter_map(|at| u32_le(dir, at + 6))
        .take(MODULES_MAX)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_specification_s_example_is_unpacked() {
        // MS-OVBA 3.2.2, "normal compression example".
        let packed = b"\x01\x2f\xb0\x00\x23\x61\x61\x61\x62\x63\x64\x65\x82\x66\x00\x70\x61\x67\x68\x69\x6a\x01\x38\x08\x61\x6b\x6c\x00\x30\x6d\x6e\x6f\x70\x06\x71\x02\x70\x04\x10\x72\x73\x74\x75\x76\x10\x77\x78\x79\x7a\x00\x3c";
        assert_eq!(
            decompress(packed).unwrap(),
            b"#aaabcdefaaaaghijaaaaaklaaamnopqaaaaaaaaaaaarstuvwxyzaaa"
        );
    }

    #[test]
    fn a_macro_that_starts_by_itself_and_fetches_is_read() {
        let mut acts = Acts::default();
        acts.read(b"Sub AutoOpen()\r\n Set a = CreateObject(\"MSXML2.XMLHTTP\")\r\n Shell \"cmd.exe\"\r\nEnd Sub");
        assert_eq!(acts.automatic, Some("autoopen"));
        assert!(acts.starts.is_some() && acts.fetches.is_some() && acts.hides.is_some());
        let mut harmless = Acts::default();
        harmless.read(b"Sub Format()\r\n ' autoopen is not used\r\n Cells(1, 1) = 2\r\nEnd Sub");
        assert_eq!(harmless, Acts::default());
    }

    #[test]
    fn any_octets_end() {
        for length in 0..200_u32 {
            let noise: Vec<u8> = (0..length).map(|at| (at * 37 + length) as u8).collect();
            let _ = decompress(&[b"\x01".as_slice(), &noise].concat());
            let _ = source(&noise, &[0, 5, u32::MAX]);
        }
    }
}
