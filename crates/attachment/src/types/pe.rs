//! MS-DOS and Windows executables, told apart by their headers. Touches nothing.
//!
//! Offsets are those of Microsoft's "PE Format" (learn.microsoft.com/windows/win32/debug/pe-format).

use memchr::memmem;

use super::{DLL, EXE, FileKind, SYS, VXD, XLL};
use crate::bytes::{u16_le, u32_le};

/// Characteristics: the image is a DLL.
const IS_DLL: u16 = 0x2000;
/// Subsystem: runs in the kernel.
const NATIVE: u16 = 1;

/// What starts with `MZ`, if it is a program: two letters alone may begin any text.
pub(super) fn executable(bytes: &[u8]) -> Option<&'static FileKind> {
    let header = u32_le(bytes, 0x3c).and_then(|at| bytes.get(at as usize..)).unwrap_or_default();
    if header.starts_with(b"LE\0\0") || header.starts_with(b"LX\0\0") {
        return Some(&VXD);
    }
    if !header.starts_with(b"PE\0\0") {
        return is_dos(bytes).then_some(&EXE);
    }
    let characteristics = u16_le(header, 22).unwrap_or_default();
    // The subsystem stands at 68 of the optional header, in PE32 and PE32+ alike.
    if u16_le(header, 24 + 68) == Some(NATIVE) {
        return Some(&SYS);
    }
    if characteristics & IS_DLL == 0 {
        return Some(&EXE);
    }
    // An add-in of Excel is a DLL with this export.
    Some(if memmem::find(bytes, b"xlAutoOpen").is_some() { &XLL } else { &DLL })
}

/// The header of DOS: pages of 512 octets, and a length of the last one below that.
fn is_dos(bytes: &[u8]) -> bool {
    let in_last_page = u16_le(bytes, 2).unwrap_or(u16::MAX);
    let pages = u16_le(bytes, 4).unwrap_or_default();
    in_last_page < 512 && (1..0x2000).contains(&pages) && !super::script::is_text(bytes)
}
