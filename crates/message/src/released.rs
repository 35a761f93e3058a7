//! The filter's fields of a message that was released from quarantine: whoever released it has
//! decided in the filter's place, and no server behind may put it with the junk again (spec 2.4).
//!
//! Pure. Reads and writes only fields that [`crate::verdict_headers`] made.

const REPORT: &[u8] = b"X-Forefront-Antispam-Report:";
const LEVEL: &[u8] = b"X-MS-Exchange-Organization-SCL:";

/// The stored head with `SCL:-1` and `SFV:SKQ` in the report, and the level -1; everything else
/// as it was. Without those fields, the head itself.
pub fn released_head(head: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(head.len());
    let mut field: &[u8] = b"";
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        let goes_on = matches!(line.first(), Some(b' ' | b'\t'));
        if !goes_on {
            field = line;
        }
        if field.starts_with(REPORT) {
            let line = with_value(line, b"SCL:", b"-1");
            out.extend(with_value(&line, b"SFV:", b"SKQ"));
        } else if !field.starts_with(LEVEL) {
            out.extend_from_slice(line);
        } else if !goes_on {
            out.extend_from_slice(LEVEL);
            out.extend_from_slice(b" -1\r\n");
        }
    }
    out
}

/// A line of the report with another value for one key, where the key is in it. A pair is never
/// folded, and no value of the report has a colon.
fn with_value(line: &[u8], key: &[u8], value: &[u8]) -> Vec<u8> {
    let begins = |pair: &&[u8]| pair.trim_ascii_start().starts_with(key);
    let name = if line.starts_with(REPORT) { REPORT.len() } else { 0 };
    let (name, pairs) = line.split_at(name);
    let mut out = name.to_vec();
    for pair in pairs.split_inclusive(|byte| *byte == b';') {
        if begins(&pair) {
            let spaces = pair.len() - pair.trim_ascii_start().len();
            out.extend(pair.iter().take(spaces));
            out.extend_from_slice(key);
            out.extend_from_slice(value);
            out.push(b';');
        } else {
            out.extend_from_slice(pair);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_filter_s_own_words_change() {
        let head = "Received: from x (SCL:9;SFV:SPM;)\r\n\tby y; SCL:9;\r\n\
            X-Forefront-Antispam-Report: CIP:192.0.2.1;CTRY:;LANG:;SCL:9;SRV:;IPV:NLI;\r\n \
            SFV:SPM;H:mail.example;CAT:HSPM;SFTY:;SFS:;DIR:INB;\r\n\
            X-Microsoft-Antispam: BCL:0;\r\n\
            X-MS-Exchange-Organization-SCL: 9\r\n";
        let expected = "Received: from x (SCL:9;SFV:SPM;)\r\n\tby y; SCL:9;\r\n\
            X-Forefront-Antispam-Report: CIP:192.0.2.1;CTRY:;LANG:;SCL:-1;SRV:;IPV:NLI;\r\n \
            SFV:SKQ;H:mail.example;CAT:HSPM;SFTY:;SFS:;DIR:INB;\r\n\
            X-Microsoft-Antispam: BCL:0;\r\n\
            X-MS-Exchange-Organization-SCL: -1\r\n";
        let released = released_head(head.as_bytes());
        assert_eq!(String::from_utf8_lossy(&released), expected);
        assert_eq!(released_head(&released), released, "twice is once");
        assert_eq!(released_head(b"Received: x\r\n"), b"Received: x\r\n");
    }
}
