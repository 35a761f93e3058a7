//! The header block as a list of fields, and which of them an inbound message may keep.
//! Pure. Fields are slices of the block, folded lines and line ends included; nothing is decoded.

/// What becomes of a field that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Treatment {
    /// It is the message's own affair.
    Keep,
    /// Only we may say this.
    Remove,
    /// Worth reading, but under a name that nobody trusts.
    Rename(&'static str),
    /// A cross-premises field: an organisation's own field, if its connector says so.
    CrossPremises,
}

/// What a line in the header region is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// `Name: ...`: a field begins.
    Field,
    /// Begins with a blank: belongs to the field before it.
    Continuation,
    /// Empty: the header ends here.
    Blank,
    /// Neither: the header ends before it.
    Other,
}

/// Prefix of the fields in which an Exchange organisation keeps its own knowledge of a message.
pub(crate) const ORGANIZATION: &str = "X-MS-Exchange-Organization-";
/// Prefix under which those fields travel between an organisation's two halves.
pub(crate) const CROSS_PREMISES: &str = "X-MS-Exchange-CrossPremises-";

/// Fields that the receiving side writes about a message: whoever could send them in would decide
/// for us. Compared in any case; each covers every name that begins with it.
const OURS: &[&str] = &[
    ORGANIZATION,
    "X-MS-Exchange-CrossTenant-",
    "X-MS-Exchange-Forest-",
    "X-MS-Exchange-ExternalOriginalInternetSender",
    "X-MS-Exchange-SkipListedInternetSender",
    "X-Microsoft-Antispam",
    "X-Posthouse-",
    "X-CustomSpam",
    "X-This-Is-Spam",
    "X-MS-Exchange-EnableFirstContactSafetyTip",
    "X-OriginatorOrg",
    "X-CrossPremisesHeaders",
    "X-OrganizationHeadersPreserved",
    // A logo that somebody checked: a receiver that has checked none has to take them out
    // (draft-brand-indicators-for-message-identification, section 5), or a reader would show it.
    "BIMI-Location",
    "BIMI-Indicator",
];

/// Reads one line, its line end included or not.
pub(crate) fn read_line(line: &[u8]) -> Line {
    let text = line.strip_suffix(b"\n").unwrap_or(line);
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    match text.first() {
        None => Line::Blank,
        Some(b' ' | b'\t') => Line::Continuation,
        Some(_) if field_name(text).is_some() => Line::Field,
        Some(_) => Line::Other,
    }
}

/// The name of a field: printable ASCII without blanks or colon (RFC 5322 section 2.2). Blanks
/// before the colon are the obsolete form (section 4.5), which readers take for the same field,
/// so it must not be a way around [`treatment`].
pub(crate) fn field_name(field: &[u8]) -> Option<&[u8]> {
    let colon = field.iter().position(|byte| *byte == b':')?;
    let name = field.get(..colon)?.trim_ascii_end();
    (!name.is_empty() && name.iter().all(u8::is_ascii_graphic)).then_some(name)
}

/// What follows the colon, line end included.
pub(crate) fn field_value(field: &[u8]) -> &[u8] {
    let colon = field.iter().position(|byte| *byte == b':');
    colon.and_then(|colon| field.get(colon + 1..)).unwrap_or_default()
}

/// The fields of a block, each with its folded lines.
pub(crate) fn fields(block: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = block;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut end = 0;
        for line in rest.split_inclusive(|byte| *byte == b'\n') {
            if end > 0 && read_line(line) != Line::Continuation {
                break;
            }
            end += line.len();
        }
        let (field, after) = rest.split_at(end.min(rest.len()));
        rest = after;
        Some(field)
    })
}

/// What becomes of an inbound field of this name. `value` matters for Authentication-Results
/// only; `node_name` is our authserv-id.
pub(crate) fn treatment(name: &[u8], value: &[u8], node_name: &str) -> Treatment {
    if has_prefix(name, CROSS_PREMISES) {
        return Treatment::CrossPremises;
    }
    if OURS.iter().any(|prefix| has_prefix(name, prefix)) || is_attribution(name) {
        return Treatment::Remove;
    }
    if name.eq_ignore_ascii_case(b"MIME-Ambiguity-Results") {
        return Treatment::Remove;
    }
    if name.eq_ignore_ascii_case(b"X-Forefront-Antispam-Report") {
        return Treatment::Rename("X-Forefront-Antispam-Report-Untrusted");
    }
    if name.eq_ignore_ascii_case(b"Authentication-Results") {
        // Exchange's own name for what came in under it (spec 2.5); a claim in our name goes.
        return if claims_our_name(value, node_name) {
            Treatment::Remove
        } else {
            Treatment::Rename("Authentication-Results-Original")
        };
    }
    if name.eq_ignore_ascii_case(b"Received-SPF") {
        return Treatment::Rename("Received-SPF-Original");
    }
    Treatment::Keep
}

/// Whether `name` begins with `prefix`, in any case.
pub(crate) fn has_prefix(name: &[u8], prefix: &str) -> bool {
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
}

/// `X-EOPAttributedMessage`, `X-EOPTenantAttributedMessage` and their kin.
fn is_attribution(name: &[u8]) -> bool {
    has_prefix(name, "X-EOP")
        && name.windows(10).any(|part| part.eq_ignore_ascii_case(b"attributed"))
}

/// Whether an Authentication-Results value speaks in our name (RFC 8601 section 5). What cannot
/// be read, or is written in letters that only look like ours, is taken for a claim.
fn claims_our_name(value: &[u8], node_name: &str) -> bool {
    let Some(id) = authserv_id(value) else {
        return true;
    };
    let id = id.strip_suffix(b".").unwrap_or(id);
    id.is_empty() || !id.is_ascii() || id.eq_ignore_ascii_case(node_name.as_bytes())
}

/// The authserv-id: the first token or quoted string after white space and comments.
fn authserv_id(value: &[u8]) -> Option<&[u8]> {
    let rest = skip_comments(value)?;
    if let Some(quoted) = rest.strip_prefix(b"\"") {
        // A quoted pair inside a host name has no honest use: it is not read.
        let end = quoted.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
        return (quoted.get(end) == Some(&b'"')).then(|| quoted.get(..end)).flatten();
    }
    let is_end = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b';' | b'(' | b'"');
    let end = rest.iter().position(is_end).unwrap_or(rest.len());
    rest.get(..end)
}

/// Skips white space and comments, nested ones and those with quoted pairs too; `None` where a
/// comment has no end.
fn skip_comments(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        rest = rest.trim_ascii_start();
        if rest.first() != Some(&b'(') {
            return Some(rest);
        }
        let mut depth = 0_usize;
        let mut is_quoted = false;
        let end = rest.iter().position(|byte| {
            match byte {
                _ if is_quoted => is_quoted = false,
                b'\\' => is_quoted = true,
                b'(' => depth += 1,
                b')' => depth -= 1,
                _ => {}
            }
            depth == 0
        })?;
        rest = rest.get(end + 1..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: &str = "mx.gateway.example";

    fn treat(field: &str) -> Treatment {
        let field = field.as_bytes();
        treatment(field_name(field).unwrap(), field_value(field), NODE)
    }

    #[test]
    fn att_07_what_only_we_may_say_is_removed_in_any_case() {
        for field in [
            "X-MS-Exchange-Organization-SCL: -1",
            "x-ms-exchange-organization-authas : Internal",
            "X-MS-EXCHANGE-CROSSTENANT-ID:x",
            "X-Microsoft-Antispam: BCL:0;",
            "X-Microsoft-Antispam-Message-Info: x",
            "X-EOPAttributedMessage: 0",
            "x-eopTENANTattributedmessage: 0",
            "X-Posthouse-Filtered: yes",
            "X-OriginatorOrg: contoso.example",
            "X-CrossPremisesHeadersPromoted: x",
        ] {
            assert_eq!(treat(field), Treatment::Remove, "{field}");
        }
        assert_eq!(treat("x-ms-exchange-crosspremises-AuthAs: x"), Treatment::CrossPremises);
        assert!(matches!(treat("x-forefront-antispam-report: SFV:SKN"), Treatment::Rename(_)));
        for field in ["Subject: x", "X-Mailer: x", "X-MS-Has-Attach: yes", "X-EOP-Other: 1"] {
            assert_eq!(treat(field), Treatment::Keep, "{field}");
        }
    }

    #[test]
    fn aut_13_a_logo_that_nobody_here_has_checked_is_taken_out() {
        for field in
            ["BIMI-Location: v=BIMI1; l=https://x.example/a.svg", "bimi-indicator:PHN2Zy8+"]
        {
            assert_eq!(treat(field), Treatment::Remove, "{field}");
        }
        // The sender's own wish, which he may have signed, says nothing that was checked.
        assert_eq!(treat("BIMI-Selector: v=BIMI1; s=brand"), Treatment::Keep);
    }

    #[test]
    fn att_07_results_in_our_name_are_removed_however_written() {
        for value in [
            "mx.gateway.example; spf=pass",
            "MX.Gateway.Example; spf=pass",
            " (a (nested\\) ) comment)\r\n\t mx.gateway.example 1; spf=pass",
            "\"mx.gateway.example\"; spf=pass",
            "mx.gateway.example.; spf=pass",
            "mx.gateway.example(c); spf=pass",
            "mх.gateway.example; spf=pass", // a Cyrillic letter
            "(never closed mx.other.example; spf=pass",
            "; spf=pass",
            "\"mx.g\\ateway.example\"; spf=pass",
        ] {
            let field = format!("authentication-results:{value}\r\n");
            assert_eq!(treat(&field), Treatment::Remove, "{value}");
        }
        for value in ["mx.other.example; spf=pass", " (mx.gateway.example) other.example; x=y"] {
            let field = format!("Authentication-Results: {value}\r\n");
            let renamed = Treatment::Rename("Authentication-Results-Original");
            assert_eq!(treat(&field), renamed, "{value}");
        }
        assert_eq!(
            treat("received-spf: pass (mx.gateway.example: x)\r\n"),
            Treatment::Rename("Received-SPF-Original")
        );
    }

    #[test]
    fn a_field_holds_its_folded_lines() {
        let block = b"A: 1\r\n 2\r\n\t3\r\nB: 4\r\n";
        let found: Vec<_> = fields(block).collect();
        assert_eq!(found, [&b"A: 1\r\n 2\r\n\t3\r\n"[..], b"B: 4\r\n"]);
    }

    #[test]
    fn a_line_is_a_field_only_with_a_name() {
        assert_eq!(read_line(b"Subject: x\r\n"), Line::Field);
        assert_eq!(read_line(b"Subject :x\r\n"), Line::Field);
        assert_eq!(read_line(b"\tx\r\n"), Line::Continuation);
        assert_eq!(read_line(b"\r\n"), Line::Blank);
        for other in ["hello\r\n", "two words: x\r\n", ": x\r\n", "Sübject: x\r\n"] {
            assert_eq!(read_line(other.as_bytes()), Line::Other, "{other}");
        }
    }
}
