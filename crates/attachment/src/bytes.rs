//! Numbers out of octets, and octets out of numbers' reach. Touches nothing.

/// Two octets, the lower one first.
pub(crate) fn u16_le(bytes: &[u8], at: usize) -> Option<u16> {
    let got = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_le_bytes(got.try_into().ok()?))
}

/// Two octets, the higher one first.
pub(crate) fn u16_be(bytes: &[u8], at: usize) -> Option<u16> {
    u16_le(bytes, at).map(u16::swap_bytes)
}

/// Four octets, the lowest one first.
pub(crate) fn u32_le(bytes: &[u8], at: usize) -> Option<u32> {
    let got = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(got.try_into().ok()?))
}

/// Four octets, the highest one first.
pub(crate) fn u32_be(bytes: &[u8], at: usize) -> Option<u32> {
    u32_le(bytes, at).map(u32::swap_bytes)
}

/// Eight octets, the lowest one first.
pub(crate) fn u64_le(bytes: &[u8], at: usize) -> Option<u64> {
    let got = bytes.get(at..at.checked_add(8)?)?;
    Some(u64::from_le_bytes(got.try_into().ok()?))
}

/// So many octets from a place, or those that are there.
pub(crate) fn slice(bytes: &[u8], at: usize, length: usize) -> &[u8] {
    let end = at.saturating_add(length).min(bytes.len());
    bytes.get(at..end).unwrap_or_default()
}

/// These octets stand at this place.
pub(crate) fn has(bytes: &[u8], at: usize, what: &[u8]) -> bool {
    bytes.get(at..).is_some_and(|rest| rest.starts_with(what))
}

/// UTF-16, the lower octet first, as text; what is no text is replaced.
pub(crate) fn utf16_le(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).filter_map(|pair| u16_le(pair, 0));
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// Text as most programs would read a file: UTF-16 where a mark or every second octet says so,
/// else one character an octet where it is no UTF-8.
pub(crate) fn as_text(bytes: &[u8]) -> String {
    if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
        return utf16_le(rest);
    }
    if let Some(rest) = bytes.strip_prefix(b"\xfe\xff") {
        let swapped: Vec<u8> = rest
            .chunks_exact(2)
            .flat_map(|pair| pair.iter().rev().copied().collect::<Vec<u8>>())
            .collect();
        return utf16_le(&swapped);
    }
    let head = slice(bytes, 0, 64);
    if head.len() >= 8
        && head.chunks_exact(2).all(|pair| has(pair, 1, b"\0") && !has(pair, 0, b"\0"))
    {
        return utf16_le(bytes);
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&octet| char::from(octet)).collect(),
    }
}
