//! What was decided about a message's way out when it came in, as fields above it.
//!
//! Pure. The names begin as an organisation's own fields do: copies of them are taken away on
//! arrival ([`crate::Intake`]), and they never leave for strangers ([`crate::Outgoing`]). Read
//! from our own head only. So a message keeps its way through restarts, retries and backups.

use crate::encode::field;
use crate::header::{field_name, field_value, fields};

const CONNECTOR: &str = "X-MS-Exchange-Organization-Posthouse-Connector";
const REQUIRE_TLS: &str = "X-MS-Exchange-Organization-Posthouse-Require-TLS";
const POOL: &str = "X-MS-Exchange-Organization-Posthouse-Pool";

/// How a message is to leave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// By the outbound connector of this name, whatever it covers: a mail-flow rule says so.
    pub connector: Option<String>,
    /// With TLS, or not at all.
    pub requires_tls: bool,
    /// From the address for mail that is probably unwanted: its verdict on the way out was spam.
    pub is_high_risk: bool,
}

impl Wishes {
    /// Our fields, each with its line end; nothing where nothing is wished.
    pub fn fields(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if let Some(connector) = &self.connector {
            // As hexadecimal: a connector's name may hold any character.
            let name: String = connector.bytes().map(|byte| format!("{byte:02x}")).collect();
            field(&mut out, CONNECTOR, std::iter::once(name.as_str()));
        }
        for (name, is_wished, value) in
            [(REQUIRE_TLS, self.requires_tls, "yes"), (POOL, self.is_high_risk, "high-risk")]
        {
            if is_wished {
                field(&mut out, name, std::iter::once(value));
            }
        }
        out
    }

    /// Reads them back from our own head. A field that cannot be read wishes nothing.
    pub fn read(own_head: &[u8]) -> Self {
        let mut wishes = Self::default();
        for one in fields(own_head) {
            let name = field_name(one).unwrap_or_default();
            let is = |wanted: &str| name.eq_ignore_ascii_case(wanted.as_bytes());
            let value = field_value(one).trim_ascii();
            if is(CONNECTOR) {
                wishes.connector = from_hexadecimal(value);
            } else if is(REQUIRE_TLS) {
                wishes.requires_tls = value == b"yes";
            } else if is(POOL) {
                wishes.is_high_risk = value == b"high-risk";
            }
        }
        wishes
    }
}

fn from_hexadecimal(value: &[u8]) -> Option<String> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let bytes = value.chunks(2).map(|pair| match pair {
        [high, low] => u8::try_from(digit(high)? << 4 | digit(low)?).ok(),
        _ => None,
    });
    String::from_utf8(bytes.collect::<Option<Vec<u8>>>()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Departure, Outgoing};

    #[test]
    fn what_is_wished_is_read_back_and_never_leaves() {
        let wishes = Wishes {
            connector: Some("To \"Größe\"\u{7}".to_owned()),
            requires_tls: true,
            is_high_risk: true,
        };
        let written = wishes.fields();
        assert_eq!(Wishes::read(&[b"Received: x\r\n", &written[..]].concat()), wishes);
        let mut out = Vec::new();
        let rest = Outgoing::new(Departure::Foreign).push(&written, &mut out);
        assert_eq!((out.len(), rest.len()), (0, 0));
        assert_eq!(Wishes::read(b"Received: x\r\n"), Wishes::default());
        assert!(Wishes::default().fields().is_empty());
    }
}
