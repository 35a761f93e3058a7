//! Cabinets (MS-CAB): stored and MSZIP folders are opened, LZX and Quantum ones listed.
//!
//! Touches nothing. A folder is one stream that its files lie in, one behind the other.

use std::io::{Error, ErrorKind, Read};

use flate2::read::DeflateDecoder;

use crate::budget::Cost;
use crate::bytes::{slice, u16_le, u32_le};
use crate::examine::{Examiner, Place};
use crate::types::CAB;

/// A block of MSZIP unpacks to so much, and the next one looks back on it.
const BLOCK_BYTES: usize = 32 * 1024;

struct File {
    name: String,
    size: u64,
    offset: u64,
    folder: u16,
}

/// Opens every file.
pub(super) fn open(examiner: &mut Examiner<'_>, place: &Place, bytes: &[u8]) {
    if read(examiner, place, bytes).is_none() {
        examiner.unreadable(place, &CAB);
    }
}

fn read(examiner: &mut Examiner<'_>, place: &Place, bytes: &[u8]) -> Option<()> {
    let files_at = u32_le(bytes, 16)? as usize;
    let folders = u16_le(bytes, 26)?;
    let files = u16_le(bytes, 28)?;
    let flags = u16_le(bytes, 30)?;
    let (mut at, mut folder_extra, mut data_extra) = (36, 0, 0);
    if flags & 4 != 0 {
        let header_extra = usize::from(u16_le(bytes, 36)?);
        folder_extra = usize::from(*bytes.get(38)?);
        data_extra = usize::from(*bytes.get(39)?);
        at = 40 + header_extra;
    }
    // Names of the cabinets before and behind.
    let strings = if flags & 1 != 0 { 2 } else { 0 } + if flags & 2 != 0 { 2 } else { 0 };
    for _ in 0..strings {
        at += memchr::memchr(0, bytes.get(at..)?)? + 1;
    }
    let listed = list(bytes, files_at, files)?;
    for folder in 0..folders {
        let header = at + usize::from(folder) * (8 + folder_extra);
        let data_at = u32_le(bytes, header)? as usize;
        let blocks = u16_le(bytes, header + 4)?;
        let method = u16_le(bytes, header + 6)? & 0xf;
        let mut inside: Vec<&File> = listed.iter().filter(|file| file.folder == folder).collect();
        inside.sort_by_key(|file| file.offset);
        if method > 1 {
            inside.iter().for_each(|file| examiner.locked(place, &file.name, file.size, false));
            examiner.unreadable(place, &CAB);
            continue;
        }
        let mut stream =
            Folder { bytes, at: data_at, blocks, data_extra, method, window: Vec::new(), read: 0 };
        let mut position = 0;
        for file in inside {
            let gap = file.offset.checked_sub(position)?;
            let skipped = std::io::copy(&mut (&mut stream).take(gap), &mut std::io::sink()).ok()?;
            if !examiner.budget.work(skipped * Cost::Fast as u64) {
                examiner.bomb(place);
                return Some(());
            }
            examiner.member(place, &[&file.name], &mut (&mut stream).take(file.size), Cost::Fast);
            if examiner.budget.is_gone {
                return Some(());
            }
            position = file.offset.checked_add(file.size)?;
        }
    }
    Some(())
}

fn list(bytes: &[u8], mut at: usize, count: u16) -> Option<Vec<File>> {
    let mut files = Vec::new();
    for _ in 0..count {
        let rest = bytes.get(at + 16..)?;
        let length = memchr::memchr(0, rest)?;
        files.push(File {
            name: String::from_utf8_lossy(slice(rest, 0, length)).into_owned(),
            size: u64::from(u32_le(bytes, at)?),
            offset: u64::from(u32_le(bytes, at + 4)?),
            folder: u16_le(bytes, at + 8)?,
        });
        at += 16 + length + 1;
    }
    Some(files)
}

/// One folder as a stream.
struct Folder<'b> {
    bytes: &'b [u8],
    at: usize,
    blocks: u16,
    data_extra: usize,
    method: u16,
    window: Vec<u8>,
    read: usize,
}

impl Folder<'_> {
    fn next_block(&mut self) -> Option<()> {
        let packed = usize::from(u16_le(self.bytes, self.at + 4)?);
        let data = slice(self.bytes, self.at + 8 + self.data_extra, packed);
        self.at += 8 + self.data_extra + packed;
        self.read = 0;
        if self.method == 0 {
            self.window = data.to_vec();
            return Some(());
        }
        let data = data.strip_prefix(b"CK")?;
        // What the block looks back on goes before it as a stored block of DEFLATE, and is dropped.
        let before = std::mem::take(&mut self.window);
        let length = u16::try_from(before.len()).ok()?;
        let mut stored = vec![0];
        stored.extend_from_slice(&length.to_le_bytes());
        stored.extend_from_slice(&(!length).to_le_bytes());
        stored.extend_from_slice(&before);
        let most = (before.len() + BLOCK_BYTES) as u64;
        DeflateDecoder::new(stored.as_slice().chain(data))
            .take(most)
            .read_to_end(&mut self.window)
            .ok()?;
        self.window.drain(..before.len());
        Some(())
    }
}

impl Read for Folder<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.read >= self.window.len() {
            let Some(left) = self.blocks.checked_sub(1) else { return Ok(0) };
            self.blocks = left;
            self.next_block().ok_or_else(|| Error::from(ErrorKind::InvalidData))?;
        }
        let ready = slice(&self.window, self.read, buffer.len());
        buffer.get_mut(..ready.len()).unwrap_or_default().copy_from_slice(ready);
        self.read += ready.len();
        Ok(ready.len())
    }
}
