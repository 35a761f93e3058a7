//! One stream, packed: gzip, bzip2, xz, lzma, Zstandard, compress.
//!
//! Touches nothing. Streams that follow one another are read on, as the usual programs do.

use std::io::Read;

use memchr::memchr;

use crate::budget::Cost;
use crate::bytes::slice;
use crate::examine::{Examiner, Got, Place};
use crate::types::FileKind;

/// Opens one.
pub(super) fn open(
    examiner: &mut Examiner<'_>,
    place: &Place,
    bytes: &[u8],
    kind: &'static FileKind,
) {
    let window = examiner.window_bytes_max(place);
    let reader: Option<(Box<dyn Read + '_>, Cost)> = match kind.name {
        "gz" => Some((Box::new(flate2::read::MultiGzDecoder::new(bytes)), Cost::Fast)),
        "bz2" => Some((Box::new(bzip2::read::MultiBzDecoder::new(bytes)), Cost::Slowest)),
        "xz" => Some((xz(bytes, window), Cost::Slow)),
        "lzma" => lzma_rust2::LzmaReader::new_mem_limit(bytes, window / 1024 + 1024, None)
            .ok()
            .map(|reader| (Box::new(reader) as Box<dyn Read>, Cost::Slow)),
        "zst" => zstandard(bytes, window).map(|reader| (reader, Cost::Fast)),
        "z" => Some((Box::new(super::packed_lzw::Compress::new(bytes)), Cost::Slow)),
        _ => None,
    };
    let names = inner_names(place, bytes, kind);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let got = match reader {
        Some((mut reader, cost)) => examiner.member(place, &names, &mut reader, cost),
        None => Got::Nothing,
    };
    if got != Got::All && !examiner.budget.is_gone {
        examiner.unreadable(place, kind);
    }
}

/// A decoder of .xz that looks back so far only.
pub(super) fn xz(bytes: &[u8], window: u32) -> Box<dyn Read + '_> {
    Box::new(lzma_rust2::XzReader::new_mem_limit(bytes, true, window / 1024 + 1024))
}

/// A decoder of Zstandard that looks back so far only.
pub(super) fn zstandard(bytes: &[u8], window: u32) -> Option<Box<dyn Read + '_>> {
    let mut reader = zstd::stream::read::Decoder::with_buffer(bytes).ok()?;
    reader.window_log_max(window.max(1024).ilog2()).ok()?;
    Some(Box::new(reader))
}

/// The packed file's name: the outer one without its extension, and the one that gzip keeps.
fn inner_names(place: &Place, bytes: &[u8], kind: &FileKind) -> Vec<String> {
    let mut names: Vec<String> = place
        .names
        .iter()
        .filter_map(|name| name.rsplit_once('.'))
        .map(|(stem, extension)| match extension.to_ascii_lowercase().as_str() {
            "tgz" | "txz" | "tbz" | "tbz2" | "tzst" | "taz" => format!("{stem}.tar"),
            "svgz" => format!("{stem}.svg"),
            _ => stem.to_owned(),
        })
        .collect();
    // RFC 1952 section 2.3: FNAME, behind FEXTRA.
    let flags = bytes.get(3).copied().unwrap_or_default();
    if kind.name == "gz" && flags & 8 != 0 {
        let extra = if flags & 4 != 0 {
            2 + usize::from(crate::bytes::u16_le(bytes, 10).unwrap_or_default())
        } else {
            0
        };
        let rest = slice(bytes, 10 + extra, 4096);
        let name = slice(rest, 0, memchr(0, rest).unwrap_or(0));
        let name: String = name.iter().map(|&octet| char::from(octet)).collect();
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}
