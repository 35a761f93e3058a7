//! Values that a tenant's file spells as text: how they are read, and how serde meets them.
//!
//! Touches nothing. Never reads a peer's words (those come parsed, from `smtp` and `pki`). A text
//! that cannot be read is an error that says what was expected; serde then adds the place.

use std::fmt::{self, Display};
use std::marker::PhantomData;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use posthouse_types::{Address, ChainMode, Domain, SHOWN_CHARACTERS_MAX, printable};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serializer};

/// Longest local part, in octets (RFC 5321 section 4.5.3.1.1).
const LOCAL_PART_BYTES_MAX: usize = 64;

/// Something that a tenant's file spells as one string.
pub trait FromText: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// What was expected instead, as a sentence without a full stop.
    fn from_text(text: &str) -> Result<Self, String>;
}

impl FromText for Domain {
    /// Any case, Unicode or A-labels, with or without the last dot (RFC 5890, UTS 46).
    fn from_text(text: &str) -> Result<Self, String> {
        let name = text.strip_suffix('.').unwrap_or(text);
        if name.is_empty() || name.contains('*') || name.starts_with('[') {
            return Err(not_a_domain(text));
        }
        let ascii = Uts46::new()
            .to_ascii(
                name.as_bytes(),
                AsciiDenyList::STD3,
                Hyphens::CheckFirstLast,
                DnsLength::Verify,
            )
            .map_err(|_| not_a_domain(text))?;
        let top_is_numeric = ascii
            .rsplit('.')
            .next()
            .is_some_and(|top| top.bytes().all(|byte| byte.is_ascii_digit()));
        // An address written where a name belongs would otherwise pass as a four-label domain.
        if top_is_numeric { Err(not_a_domain(text)) } else { Ok(Self::from_normalized(ascii)) }
    }
}

impl FromText for ChainMode {
    fn from_text(text: &str) -> Result<Self, String> {
        match text {
            "as-sent" | "AsSent" => Ok(Self::AsSent),
            "repair" | "Repair" => Ok(Self::Repair),
            _ => Err(format!("{} is none of \"as-sent\", \"repair\"", shown(text))),
        }
    }
}

impl FromText for Address {
    /// `local@domain`, the local part a dot-atom in ASCII or Unicode (RFC 5321, RFC 6531).
    fn from_text(text: &str) -> Result<Self, String> {
        let (local, domain) = text
            .rsplit_once('@')
            .ok_or_else(|| format!("{} is no address: it has no @", shown(text)))?;
        let domain = Domain::from_text(domain)?;
        let atoms_are_sound =
            local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atom_character));
        if local.len() > LOCAL_PART_BYTES_MAX || !atoms_are_sound {
            return Err(format!(
                "{} is no address that can be listed: the part before @ has characters that need \
                 quoting, an empty piece between dots, or more than {LOCAL_PART_BYTES_MAX} octets",
                shown(text)
            ));
        }
        Ok(Self::new(local, domain))
    }
}

/// RFC 5322 section 3.2.3 `atext`, and everything beyond ASCII but controls and blanks (RFC 6531).
fn is_atom_character(character: char) -> bool {
    if character.is_ascii() {
        character.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(character)
    } else {
        !character.is_control() && !character.is_whitespace()
    }
}

fn not_a_domain(text: &str) -> String {
    format!("{} is no domain name, as contoso.com is", shown(text))
}

/// A value in quotation marks, safe on one line of a message.
pub(crate) fn shown(text: &str) -> String {
    format!("\"{}\"", printable(text, SHOWN_CHARACTERS_MAX))
}

/// Reads a value without copying its text first: a million tenants are read at start-up.
struct Reader<T>(PhantomData<T>);

impl<T: FromText> Visitor<'_> for Reader<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        T::from_text(text).map_err(E::custom)
    }
}

/// serde for one value.
pub(crate) mod one {
    use super::*;

    pub(crate) fn serialize<T: Display, S: Serializer>(
        value: &T,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_str(value)
    }

    pub(crate) fn deserialize<'de, T: FromText, D: Deserializer<'de>>(
        from: D,
    ) -> Result<T, D::Error> {
        from.deserialize_str(Reader(PhantomData))
    }
}

/// serde for a value that may be left out.
pub(crate) mod optional {
    use super::*;

    pub(crate) fn serialize<T: Display, S: Serializer>(
        value: &Option<T>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => to.collect_str(value),
            None => to.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, T: FromText, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<T>, D::Error> {
        from.deserialize_str(Reader(PhantomData)).map(Some)
    }
}

/// serde for a list of values. Each element is read through a type of its own, so that the error's
/// place is the element's and not the whole list's.
pub(crate) mod list {
    use super::*;

    struct Element<T>(T);

    impl<'de, T: FromText> Deserialize<'de> for Element<T> {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            one::deserialize(from).map(Self)
        }
    }

    pub(crate) fn serialize<T: Display, S: Serializer>(
        values: &[T],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(values.iter().map(ToString::to_string))
    }

    pub(crate) fn deserialize<'de, T: FromText, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Box<[T]>, D::Error> {
        let elements = Vec::<Element<T>>::deserialize(from)?;
        Ok(elements.into_iter().map(|element| element.0).collect())
    }
}

/// Enumerations that a file spells in kebab-case, or as Microsoft's cmdlets do.
macro_rules! words {
    ($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $variant_doc:literal])+ $variant:ident = $kebab:literal),+ $(,)? }) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[doc = $variant_doc])+ $variant,)+
        }

        impl $name {
            /// The word in kebab-case.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $kebab,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }

        impl $crate::text::FromText for $name {
            fn from_text(text: &str) -> Result<Self, String> {
                match text {
                    $($kebab | stringify!($variant) => Ok(Self::$variant),)+
                    _ => Err(format!(
                        "{} is none of {}",
                        $crate::text::shown(text),
                        [$($kebab),+].map(|word| format!("\"{word}\"")).join(", ")
                    )),
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                $crate::text::one::deserialize(from)
            }
        }
    };
}

pub(crate) use words;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_has_one_form_however_it_is_written() {
        for text in ["Contoso.COM", "contoso.com.", "contoso.com"] {
            assert_eq!(Domain::from_text(text).unwrap().as_str(), "contoso.com");
        }
        assert_eq!(Domain::from_text("Müller.example").unwrap().as_str(), "xn--mller-kva.example");
    }

    #[test]
    fn what_is_no_domain_is_refused() {
        for text in
            ["", ".", "a..b", "*.contoso.com", "192.0.2.1", "[192.0.2.1]", "a b.com", "-a.com"]
        {
            assert!(Domain::from_text(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_address_keeps_its_local_part_and_folds_its_domain() {
        let address = Address::from_text("Anna.O'Neil+x@Contoso.COM").unwrap();
        assert_eq!(address.to_string(), "Anna.O'Neil+x@contoso.com");
        for text in ["anna", "@contoso.com", "a..b@contoso.com", "\"a b\"@contoso.com", "a@"] {
            assert!(Address::from_text(text).is_err(), "{text}");
        }
    }
}
