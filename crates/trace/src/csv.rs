//! CSV cells, and the message trace as Microsoft's enhanced summary report.
//! Pure. A cell never ends its line, and none that a spreadsheet would take for a formula is
//! written as one.

use posthouse_types::printable;

use crate::TraceRow;
use crate::row::Direction;
use crate::times::rfc3339;

/// The first line of the enhanced summary report.
pub const SUMMARY_HEADER: &str = "origin_timestamp,sender_address,recipient_status,message_subject,\
    total_bytes,message_id,network_message_id,original_client_ip,directionality,connector_id,\
    delivery_priority\r\n";

/// Longest cell, in characters: longer than any field of a row, and an end all the same.
const CELL_CHARACTERS_MAX: usize = 4096;

/// One row as a line of the enhanced summary report, CRLF included. `recipient_status` is
/// `address##Receive, Deliver`; `directionality` is 1 inwards and 2 outwards.
pub fn summary_line(row: &TraceRow) -> String {
    let steps: Vec<_> = row.events.iter().map(|event| event.event.as_str()).collect();
    let cells = [
        rfc3339(row.received),
        row.sender.clone(),
        format!("{}##{}", row.recipient, steps.join(", ")),
        row.subject.clone(),
        row.size.to_string(),
        row.message_id.clone(),
        row.reference.clone(),
        row.from_ip.clone(),
        if row.direction == Direction::Incoming { "1" } else { "2" }.to_owned(),
        row.connector.clone(),
        "Normal".to_owned(),
    ];
    let cells: Vec<String> = cells.iter().map(|text| cell(&harmless(text))).collect();
    cells.join(",") + "\r\n"
}

/// One cell: controls made visible, quoted only where RFC 4180 asks for it.
pub(crate) fn cell(text: &str) -> String {
    let text = printable(text, CELL_CHARACTERS_MAX);
    if text.contains([',', '"']) || text.starts_with(' ') || text.ends_with(' ') {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

/// A cell that a spreadsheet shows instead of running it (WEB-09).
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::tests::row;

    #[test]
    fn a_row_is_one_line_of_the_enhanced_summary() {
        assert_eq!(
            summary_line(&row()),
            "2026-11-23T18:10:27.042Z,anna@contoso.example,\
             \"bob@fabrikam.example##Receive, Send\",Offer 12,2048,<1@contoso.example>,\
             0W3GE1R70W3GE1R7,192.0.2.1,2,from office,Normal\r\n"
        );
        assert_eq!(SUMMARY_HEADER.matches(',').count(), 10);
    }

    #[test]
    fn web_09_no_cell_is_a_formula_or_a_second_line() {
        for hostile in ["=1+1", "+1", "-1", "@x", "\tx", "a\r\n=1", "\"\r\n250 ok\""] {
            let line = summary_line(&TraceRow { subject: hostile.to_owned(), ..row() });
            assert_eq!(line.matches('\n').count(), 1, "{line}");
            let subject = line.split(',').nth(4).unwrap().trim_start_matches('"');
            assert!(!subject.starts_with(['=', '+', '-', '@', '\t']), "{line}");
        }
    }

    #[test]
    fn a_cell_is_quoted_only_where_it_must_be() {
        assert_eq!(cell("plain"), "plain");
        assert_eq!(cell("a,b"), "\"a,b\"");
        assert_eq!(cell("a \"b\""), "\"a \"\"b\"\"\"");
        assert_eq!(cell("a\r\nb"), "a\\u{d}\\u{a}b");
    }
}
