//! Windows' shortcuts: what they start (MS-SHLLINK), and links of the Internet Explorer.
//!
//! Touches nothing.

use posthouse_types::Finding;

use crate::bytes::{as_text, slice, u16_le, u32_le, utf16_le};
use crate::examine::{Examiner, Place};
use crate::findings as kinds;

/// The target and its arguments.
pub(super) fn open(examiner: &mut Examiner<'_>, place: &Place, bytes: &[u8]) {
    let command = command(bytes).unwrap_or_default();
    let finding = Finding::of(&kinds::SHORTCUT_RUNS).with("file", &place.shown());
    examiner.say(finding.with("command", command.trim()));
}

fn command(bytes: &[u8]) -> Option<String> {
    let flags = u32_le(bytes, 20)?;
    let has = |bit: u32| flags >> bit & 1 == 1;
    let mut at = 76;
    if has(0) {
        at += 2 + usize::from(u16_le(bytes, at)?); // The list of item identifiers.
    }
    let mut target = String::new();
    if has(1) {
        let length = u32_le(bytes, at)? as usize;
        if let Some(offset) = u32_le(bytes, at + 16).filter(|offset| *offset > 0) {
            let path = slice(bytes, at.checked_add(offset as usize)?, 520);
            let path = path.split(|octet| *octet == 0).next().unwrap_or_default();
            target = path.iter().map(|&octet| char::from(octet)).collect();
        }
        at = at.checked_add(length)?;
    }
    let mut arguments = String::new();
    for bit in 2..=6 {
        if !has(bit) {
            continue;
        }
        let Some(characters) = u16_le(bytes, at).map(usize::from) else { break };
        let length = if has(7) { characters * 2 } else { characters };
        let text = slice(bytes, at + 2, length);
        let text: String = if has(7) {
            utf16_le(text)
        } else {
            text.iter().map(|&octet| char::from(octet)).collect()
        };
        at += 2 + length;
        match bit {
            3 if target.is_empty() => target = text,
            5 => arguments = text,
            _ => {}
        }
    }
    Some(format!("{target} {}", arguments.split_whitespace().collect::<Vec<_>>().join(" ")))
}

/// A `.url` that opens a file, not a page.
pub(super) fn open_url(examiner: &mut Examiner<'_>, place: &Place, bytes: &[u8]) {
    let text = as_text(slice(bytes, 0, 64 * 1024));
    let target = text.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        key.trim().eq_ignore_ascii_case("url").then(|| value.trim().to_owned())
    });
    let Some(target) = target else { return };
    let lower = target.to_ascii_lowercase();
    if !lower.starts_with("http:") && !lower.starts_with("https:") && !lower.starts_with("mailto:")
    {
        let finding = Finding::of(&kinds::SHORTCUT_RUNS).with("file", &place.shown());
        examiner.say(finding.with("command", &target));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn target_and_arguments_are_read() {
        let mut link = vec![0; 76];
        link[..8].copy_from_slice(b"\x4c\0\0\0\x01\x14\x02\0");
        link[20] = 0b1010_1000; // Relative path, arguments, Unicode.
        for text in ["..\\cmd.exe", "/c   start evil"] {
            link.extend((text.len() as u16).to_le_bytes());
            link.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        }
        assert_eq!(command(&link).unwrap(), "..\\cmd.exe /c start evil");
        for end in 0..link.len() {
            let _ = command(&link[..end]);
        }
    }
}
