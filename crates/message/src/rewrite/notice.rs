//! A notice in the texts of a message, whatever their encoding and character set.
//!
//! Pure. A text whose character set has not got the notice's letters becomes UTF-8; one that was
//! 7-bit stays 7-bit on the wire. Everything outside the texts is copied.

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use posthouse_types::{Disclaimer, DisclaimerPlace};

use super::structure::{TextPart, split_header, texts};
use super::{is_named, without};
use crate::encode::{LINE_BYTES_MAX, quoted_printable};
use crate::header::fields;
use crate::signing::base64;

/// Boundaries that are tried for a wrapped message; the first is free unless somebody wrote it in.
const BOUNDARIES_TRIED_MAX: usize = 100;
/// Characters in a line of base64 (RFC 2045 section 6.8).
const BASE64_COLUMN: usize = 76;

/// The message with the notice in its texts.
///
/// # Errors
/// Why that cannot be.
pub(super) fn added(message: &[u8], notice: &Disclaimer) -> Result<Vec<u8>, &'static str> {
    let mut out = Vec::with_capacity(message.len() + notice.text.len() * 4);
    let mut copied = 0;
    for part in texts(message)? {
        let (header, body) = with_notice(message, &part, notice)?;
        out.extend_from_slice(message.get(copied..part.header.start).unwrap_or_default());
        out.extend_from_slice(&header);
        let between = message.get(part.header.end..part.body.start).unwrap_or_default();
        // A message that is all header gets its empty line with the text.
        out.extend_from_slice(if between.is_empty() { b"\r\n" } else { between });
        out.extend_from_slice(&body);
        copied = part.body.end;
    }
    out.extend_from_slice(message.get(copied..).unwrap_or_default());
    Ok(out)
}

/// One text with the notice: its header, as far as that has to change, and its body.
fn with_notice(
    message: &[u8],
    part: &TextPart,
    notice: &Disclaimer,
) -> Result<(Vec<u8>, Vec<u8>), &'static str> {
    let header = message.get(part.header.clone()).unwrap_or_default();
    let raw = message.get(part.body.clone()).unwrap_or_default();
    let decoded = match part.encoding.as_str() {
        "" | "7bit" | "8bit" | "binary" => Some(raw.to_vec()),
        "base64" => base64_decode(raw),
        "quoted-printable" => quoted_printable_decode(raw),
        _ => None,
    };
    let decoded = decoded.ok_or("the text's encoding cannot be read")?;
    let notice_text = if part.is_html { html(notice) } else { plain(notice) };

    let keeps_charset = has_ascii(&part.charset) && notice_text.is_ascii()
        || matches!(part.charset.as_str(), "utf-8" | "utf8");
    let text = if keeps_charset {
        insert(&decoded, notice_text.as_bytes(), part.is_html, notice.place)
    } else {
        let utf8 = match (part.charset.as_str(), charset_decoder(part.charset.as_bytes())) {
            ("" | "us-ascii", _) if decoded.is_ascii() => decoded,
            (_, Some(decode)) => decode(&decoded).into_bytes(),
            _ => return Err("the text's character set is not known"),
        };
        insert(&utf8, notice_text.as_bytes(), part.is_html, notice.place)
    };

    let is_plain_ascii = text.is_ascii() && lines_are_short(&text);
    let was_8bit = !raw.is_ascii();
    let (encoding, body) = match part.encoding.as_str() {
        "base64" => ("base64", base64_lines(&text)),
        "quoted-printable" => ("quoted-printable", quoted(&text)),
        _ if is_plain_ascii || was_8bit && lines_are_short(&text) => ("", text),
        _ => ("quoted-printable", quoted(&text)),
    };
    let mut header = header.to_vec();
    if !keeps_charset {
        header = with_field(
            &header,
            "Content-Type",
            if part.is_html { "text/html; charset=utf-8" } else { "text/plain; charset=utf-8" },
        );
    }
    if !encoding.is_empty() && encoding != part.encoding {
        header = with_field(&header, "Content-Transfer-Encoding", encoding);
    }
    if (!keeps_charset || encoding != part.encoding && !encoding.is_empty())
        && part.header.start == 0
        && !fields(&header).any(|field| is_named(field, "MIME-Version"))
    {
        header.extend_from_slice(b"MIME-Version: 1.0\r\n");
    }
    Ok((header, body))
}

/// A message that carries the notice, and this one as an attachment. `None`: every boundary that
/// was tried occurs in the message.
pub(super) fn wrapped(message: &[u8], notice: &Disclaimer) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(message)
        .ok()
        .map_or_else(|| String::from_utf8_lossy(message), std::borrow::Cow::Borrowed);
    let boundary = (0..BOUNDARIES_TRIED_MAX)
        .map(|number| format!("=_posthouse_notice_{number}"))
        .find(|boundary| !text.contains(boundary.as_str()))?;
    let (header, _) = split_header(message);
    let mut out: Vec<u8> =
        fields(header).filter(|field| !is_of_content(field)).collect::<Vec<_>>().concat();
    let is_8bit = !message.is_ascii();
    let encoding = if is_8bit { "8bit" } else { "7bit" };
    out.extend_from_slice(
        format!(
            "MIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n boundary=\"{boundary}\"\r\n\
             Content-Transfer-Encoding: {encoding}\r\n\r\n--{boundary}\r\n\
             Content-Type: text/html; charset=utf-8\r\n\
             Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        )
        .as_bytes(),
    );
    quoted_printable(&mut out, html(notice).as_bytes());
    out.extend_from_slice(
        format!(
            "\r\n--{boundary}\r\nContent-Type: message/rfc822\r\n\
             Content-Transfer-Encoding: {encoding}\r\nContent-Disposition: attachment\r\n\r\n"
        )
        .as_bytes(),
    );
    out.extend_from_slice(message);
    out.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    Some(out)
}

/// Fields that say how a body is read: the wrapped message has its own.
fn is_of_content(field: &[u8]) -> bool {
    crate::header::field_name(field).is_some_and(|name| {
        name.eq_ignore_ascii_case(b"MIME-Version")
            || name.len() > 8 && name.get(..8).is_some_and(|n| n.eq_ignore_ascii_case(b"Content-"))
    })
}

/// The notice for plain text, its lines ended as mail's are.
fn plain(notice: &Disclaimer) -> String {
    let lines: Vec<&str> = notice.text.lines().collect();
    lines.join("\r\n")
}

/// The notice for HTML, in ASCII: it fits every character set that has ASCII.
fn html(notice: &Disclaimer) -> String {
    let source = if notice.html.is_empty() {
        let lines: Vec<String> = notice.text.lines().map(escaped).collect();
        format!("<p>{}</p>", lines.join("<br>\r\n"))
    } else {
        notice.html.lines().collect::<Vec<_>>().join("\r\n")
    };
    let mut out = String::with_capacity(source.len());
    for character in source.chars() {
        if character.is_ascii() {
            out.push(character);
        } else {
            out.push_str(&format!("&#{};", u32::from(character)));
        }
    }
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Puts the notice where it belongs in a decoded text.
fn insert(text: &[u8], notice: &[u8], is_html: bool, place: DisclaimerPlace) -> Vec<u8> {
    let at = match (place, is_html) {
        (DisclaimerPlace::Append, true) => find_last(text, b"</body").unwrap_or(text.len()),
        (DisclaimerPlace::Append, false) => text.len(),
        (DisclaimerPlace::Prepend, true) => find_body_start(text).unwrap_or(0),
        (DisclaimerPlace::Prepend, false) => 0,
    };
    let (before, after) = text.split_at(at.min(text.len()));
    let mut out = before.to_vec();
    if !is_html && !out.is_empty() {
        let ends_line = out.ends_with(b"\n");
        out.extend_from_slice(if ends_line { b"\r\n" } else { b"\r\n\r\n" });
    }
    out.extend_from_slice(notice);
    out.extend_from_slice(b"\r\n");
    if !is_html && !after.is_empty() {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(after);
    out
}

/// The last place of a tag, any case.
fn find_last(text: &[u8], tag: &[u8]) -> Option<usize> {
    text.windows(tag.len()).rposition(|window| window.eq_ignore_ascii_case(tag))
}

/// Behind `<body ...>`.
fn find_body_start(text: &[u8]) -> Option<usize> {
    let tag = text.windows(5).position(|window| window.eq_ignore_ascii_case(b"<body"))?;
    let end = text.get(tag..)?.iter().position(|byte| *byte == b'>')?;
    Some(tag + end + 1)
}

/// Whether a character set has ASCII where ASCII is, so that ASCII can be put into it.
fn has_ascii(charset: &str) -> bool {
    charset.is_empty()
        || [
            "us-ascii", "utf-8", "utf8", "ascii", "gbk", "gb2312", "gb18030", "big5", "euc-",
            "koi8",
        ]
        .iter()
        .chain(&["iso-8859-", "windows-125", "cp125"])
        .any(|known| charset.starts_with(known))
}

fn lines_are_short(text: &[u8]) -> bool {
    text.split(|byte| *byte == b'\n').all(|line| line.len() <= LINE_BYTES_MAX)
}

fn quoted(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() * 2);
    quoted_printable(&mut out, text);
    out
}

fn base64_lines(text: &[u8]) -> Vec<u8> {
    let encoded = base64(text);
    let mut out = Vec::with_capacity(encoded.len() + encoded.len() / BASE64_COLUMN * 2 + 2);
    for line in encoded.as_bytes().chunks(BASE64_COLUMN) {
        out.extend_from_slice(line);
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// The header with this field in place of every one of its name.
fn with_field(header: &[u8], name: &str, value: &str) -> Vec<u8> {
    let mut out = without(header, name);
    out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    out
}
