//! What becomes of an organisation's own fields when a message leaves this gateway.
//! Pure: a header block in, a header block out; the body is not looked at.

use crate::header::{CROSS_PREMISES, ORGANIZATION, field_name, field_value, fields, has_prefix};

/// Who is at the other end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Departure {
    /// Anybody: `X-MS-Exchange-Organization-*` are nobody's business outside, and are left out.
    #[default]
    Foreign,
    /// The organisation's other half (`cloud_services_mail_enabled` on an outbound connector):
    /// they travel as `X-MS-Exchange-CrossPremises-*`, which it promotes again.
    OtherHalf,
}

/// The header block as it leaves. All other fields pass unchanged and in order.
pub fn departing_header(header: &[u8], departure: Departure) -> Vec<u8> {
    let mut out = Vec::with_capacity(header.len());
    for field in fields(header) {
        let name = field_name(field).unwrap_or_default();
        if !has_prefix(name, ORGANIZATION) {
            out.extend_from_slice(field);
        } else if departure == Departure::OtherHalf {
            out.extend_from_slice(CROSS_PREMISES.as_bytes());
            out.extend_from_slice(name.get(ORGANIZATION.len()..).unwrap_or_default());
            out.push(b':');
            out.extend_from_slice(field_value(field));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &[u8] = b"Received: x\r\nX-MS-Exchange-Organization-AuthAs: Internal\r\n\
        x-ms-exchange-organization-SCL :\r\n -1\r\nX-Posthouse-Filtered: no\r\nSubject: x\r\n";

    #[test]
    fn an_organisations_own_fields_stay_inside() {
        assert_eq!(
            departing_header(HEADER, Departure::Foreign),
            b"Received: x\r\nX-Posthouse-Filtered: no\r\nSubject: x\r\n"
        );
    }

    #[test]
    fn they_cross_to_the_other_half_under_another_name() {
        assert_eq!(
            departing_header(HEADER, Departure::OtherHalf),
            b"Received: x\r\nX-MS-Exchange-CrossPremises-AuthAs: Internal\r\n\
              X-MS-Exchange-CrossPremises-SCL:\r\n -1\r\nX-Posthouse-Filtered: no\r\nSubject: x\r\n"
        );
    }
}
