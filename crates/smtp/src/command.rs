//! The grammar of SMTP commands: one line in, its verb and parsed arguments out.
//!
//! Pure functions without state: `server` knows which command may come when. What does not follow
//! RFC 5321 section 4.1 or the RFC of an offered extension is a refusal that names the fault.

use posthouse_types::{
    Address, BodyType, DsnNotify, DsnReturn, MailParameters, RecipientParameters, Refusal,
};

use crate::address::{AddressError, Path, read_path};
use crate::texts;

/// Longest ENVID, in characters: RFC 3461 section 4.4.
const ENVELOPE_ID_CHARACTERS_MAX: usize = 100;

/// Longest ORCPT, in characters: RFC 3461 section 4.2.
const ORIGINAL_RECIPIENT_CHARACTERS_MAX: usize = 500;

/// Longest name in EHLO or HELO, in octets: a domain's (RFC 5321 section 4.5.3.1.2).
const GREETING_NAME_OCTETS_MAX: usize = 255;

/// MAIL FROM (RFC 5321 section 4.1.1.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailCommand {
    /// The reverse path; `None` for `<>`.
    pub sender: Option<Address>,
    /// Its parameters.
    pub parameters: MailParameters,
}

/// RCPT TO (RFC 5321 section 4.1.1.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipientCommand {
    /// The forward path.
    pub path: ForwardPath,
    /// Its parameters.
    pub parameters: RecipientParameters,
}

/// Where RCPT points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ForwardPath {
    /// `<Postmaster>` without a domain: whoever runs this node (RFC 5321 section 4.1.1.3).
    Postmaster,
    /// A mailbox; a source route in front of it was dropped.
    Mailbox(Address),
}

/// The first word of a command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Helo,
    Ehlo,
    Mail,
    Recipient,
    Data,
    Chunk,
    Reset,
    Noop,
    Quit,
    Verify,
    Help,
    StartTls,
    Authenticate,
    /// Known, and not offered by this server.
    NotOffered,
    /// An HTTP method.
    Http,
    Unknown,
}

/// Verbs and what they are called on the wire.
const VERBS: [(&str, Verb); 27] = [
    ("MAIL", Verb::Mail),
    ("RCPT", Verb::Recipient),
    ("DATA", Verb::Data),
    ("BDAT", Verb::Chunk),
    ("EHLO", Verb::Ehlo),
    ("HELO", Verb::Helo),
    ("STARTTLS", Verb::StartTls),
    ("RSET", Verb::Reset),
    ("NOOP", Verb::Noop),
    ("QUIT", Verb::Quit),
    ("VRFY", Verb::Verify),
    ("HELP", Verb::Help),
    ("AUTH", Verb::Authenticate),
    ("EXPN", Verb::NotOffered),
    ("ETRN", Verb::NotOffered),
    ("TURN", Verb::NotOffered),
    ("ATRN", Verb::NotOffered),
    ("BURL", Verb::NotOffered),
    ("GET", Verb::Http),
    ("POST", Verb::Http),
    ("PUT", Verb::Http),
    ("HEAD", Verb::Http),
    ("DELETE", Verb::Http),
    ("OPTIONS", Verb::Http),
    ("PATCH", Verb::Http),
    ("CONNECT", Verb::Http),
    // HTTP/2's preface: `PRI * HTTP/2.0`.
    ("PRI", Verb::Http),
];

/// Splits a command line (without CRLF) into its verb and the arguments, blanks trimmed at both
/// ends: RFC 5321 section 4.1.1 wants trailing white space tolerated.
pub(crate) fn split_verb(line: &str) -> (Verb, &str) {
    let (word, arguments) = line.split_once(' ').unwrap_or((line, ""));
    let verb = VERBS
        .iter()
        .find(|(name, _)| word.eq_ignore_ascii_case(name))
        .map_or(Verb::Unknown, |(_, verb)| *verb);
    (verb, arguments.trim_matches([' ', '\t']))
}

/// Whether a line that starts so may have ESMTP parameters, or credentials behind it, and with them
/// the longer limit.
pub(crate) fn may_have_parameters(line: &[u8]) -> bool {
    let longer: [&[u8]; 3] = [b"MAIL", b"RCPT", b"AUTH"];
    line.get(..4).is_some_and(|verb| longer.iter().any(|known| verb.eq_ignore_ascii_case(known)))
}

/// Reads the name in EHLO or HELO. Loose about what a host calls itself (underscores, one label),
/// strict about characters: the name goes into the Received header.
pub(crate) fn read_greeting_name(arguments: &str) -> Result<&str, Refusal> {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    if arguments.is_empty()
        || arguments.len() > GREETING_NAME_OCTETS_MAX
        || !arguments.bytes().all(harmless)
    {
        return Err(texts::GREETING_NAME.refusal());
    }
    Ok(arguments)
}

/// What EHLO's reply allowed behind MAIL.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offered {
    /// EHLO was said: HELO offers no parameters.
    pub(crate) esmtp: bool,
    /// AUTH is offered, and with it the parameter of that name.
    pub(crate) authentication: bool,
}

/// Reads what follows MAIL.
pub(crate) fn read_mail(arguments: &str, offered: Offered) -> Result<MailCommand, Refusal> {
    let path_text =
        strip_keyword(arguments, "FROM:").ok_or_else(|| texts::MAIL_SYNTAX.refusal())?;
    let invalid = |error: AddressError| texts::SENDER_ADDRESS.about(&error.to_string());
    let (path, rest) = read_path(path_text, true).map_err(invalid)?;
    let mut parameters = MailParameters::default();
    for_each_parameter(rest, offered.esmtp, &texts::MAIL_SYNTAX, |name, value| {
        set_mail_parameter(&mut parameters, name, value, offered)
    })?;
    if !parameters.smtputf8 && !text_before(path_text, rest).is_ascii() {
        return Err(texts::SMTPUTF8_REQUIRED.refusal());
    }
    let sender = match path {
        Path::Null => None,
        Path::Mailbox(address) => Some(address),
        // Only a forward path may go without a domain.
        Path::Postmaster => return Err(invalid(AddressError::DomainMissing)),
    };
    Ok(MailCommand { sender, parameters })
}

/// Reads what follows RCPT. `smtputf8` is whether this transaction's MAIL asked for it.
pub(crate) fn read_recipient(
    arguments: &str,
    esmtp: bool,
    smtputf8: bool,
) -> Result<RecipientCommand, Refusal> {
    let path_text =
        strip_keyword(arguments, "TO:").ok_or_else(|| texts::RECIPIENT_SYNTAX.refusal())?;
    let (path, rest) = read_path(path_text, smtputf8).map_err(|error| match error {
        AddressError::SmtpUtf8Required => texts::SMTPUTF8_REQUIRED.refusal(),
        other => texts::RECIPIENT_ADDRESS.about(&other.to_string()),
    })?;
    let path = match path {
        Path::Mailbox(address) => ForwardPath::Mailbox(address),
        Path::Postmaster => ForwardPath::Postmaster,
        Path::Null => return Err(texts::RECIPIENT_ADDRESS.about(&AddressError::Empty.to_string())),
    };
    let mut parameters = RecipientParameters::default();
    for_each_parameter(rest, esmtp, &texts::RECIPIENT_SYNTAX, |name, value| {
        set_recipient_parameter(&mut parameters, name, value, smtputf8)
    })?;
    Ok(RecipientCommand { path, parameters })
}

/// One BDAT command (RFC 3030 section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ChunkCommand {
    /// The chunk's octets. A number beyond 64 bits saturates: it is over any limit anyway.
    pub(crate) octets: u64,
    /// Whether the message ends with it.
    pub(crate) last: bool,
}

/// Reads what follows BDAT.
pub(crate) fn read_chunk(arguments: &str) -> Result<ChunkCommand, Refusal> {
    let mut words = arguments.split_ascii_whitespace();
    let octets = words.next().and_then(read_number);
    let last = words.next().map(|word| word.eq_ignore_ascii_case("LAST"));
    match (octets, last, words.next()) {
        (Some(octets), None, None) => Ok(ChunkCommand { octets, last: false }),
        (Some(octets), Some(true), None) => Ok(ChunkCommand { octets, last: true }),
        _ => Err(texts::CHUNK_SYNTAX.refusal()),
    }
}

/// Strips `FROM:` or `TO:` in any case. Blanks behind the colon are not in the grammar, but many
/// clients put one there, and nothing else can be meant.
fn strip_keyword<'a>(arguments: &'a str, keyword: &str) -> Option<&'a str> {
    let (front, rest) = arguments.split_at_checked(keyword.len())?;
    front.eq_ignore_ascii_case(keyword).then(|| rest.trim_start_matches(' '))
}

/// The part of `text` in front of its own tail.
fn text_before<'a>(text: &'a str, tail: &str) -> &'a str {
    text.get(..text.len().saturating_sub(tail.len())).unwrap_or(text)
}

/// Calls `set` for each `NAME` or `NAME=value` (RFC 5321 section 4.1.2, `esmtp-param`).
fn for_each_parameter(
    text: &str,
    esmtp: bool,
    syntax: &texts::RefusalText,
    mut set: impl FnMut(&str, Option<&str>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    if text.is_empty() {
        return Ok(());
    }
    if !text.starts_with(' ') {
        return Err(syntax.refusal());
    }
    if !esmtp && !text.trim_ascii().is_empty() {
        return Err(texts::PARAMETERS_NEED_EHLO.refusal());
    }
    let words = || text.split(' ').filter(|word| !word.is_empty());
    for (index, word) in words().enumerate() {
        let (name, value) = name_and_value(word);
        // Only names that are known got this far, so the words before are few.
        if words().take(index).any(|before| name_and_value(before).0.eq_ignore_ascii_case(name)) {
            return Err(texts::PARAMETER_VALUE.about(name));
        }
        set(name, value)?;
    }
    Ok(())
}

fn name_and_value(word: &str) -> (&str, Option<&str>) {
    match word.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (word, None),
    }
}

fn set_mail_parameter(
    parameters: &mut MailParameters,
    name: &str,
    value: Option<&str>,
    offered: Offered,
) -> Result<(), Refusal> {
    let invalid = || texts::PARAMETER_VALUE.about(name);
    let is = |known: &str| name.eq_ignore_ascii_case(known);
    if is("SIZE") {
        let size = value.and_then(read_number).ok_or_else(invalid)?;
        parameters.size = Some(size);
    } else if is("BODY") {
        // BINARYMIME is not offered, so the value is as unknown as any other.
        parameters.body = match value {
            Some(value) if value.eq_ignore_ascii_case("8BITMIME") => BodyType::EightBitMime,
            Some(value) if value.eq_ignore_ascii_case("7BIT") => BodyType::SevenBit,
            _ => return Err(invalid()),
        };
    } else if is("SMTPUTF8") {
        if value.is_some() {
            return Err(invalid());
        }
        parameters.smtputf8 = true;
    } else if is("RET") {
        parameters.dsn_return = match value {
            Some(value) if value.eq_ignore_ascii_case("FULL") => Some(DsnReturn::Full),
            Some(value) if value.eq_ignore_ascii_case("HDRS") => Some(DsnReturn::Headers),
            _ => return Err(invalid()),
        };
    } else if is("ENVID") {
        let id = value
            .filter(|id| !id.is_empty() && id.len() <= ENVELOPE_ID_CHARACTERS_MAX && is_xtext(id))
            .ok_or_else(invalid)?;
        parameters.envelope_id = Some(id.to_owned());
    } else if is("AUTH") && offered.authentication {
        // RFC 4954 section 5: taken, and not believed, which is as if it said `<>`.
        value.filter(|value| *value == "<>" || is_xtext(value)).ok_or_else(invalid)?;
    } else {
        return Err(texts::UNKNOWN_PARAMETER.about(name));
    }
    Ok(())
}

fn set_recipient_parameter(
    parameters: &mut RecipientParameters,
    name: &str,
    value: Option<&str>,
    smtputf8: bool,
) -> Result<(), Refusal> {
    let invalid = || texts::PARAMETER_VALUE.about(name);
    if name.eq_ignore_ascii_case("NOTIFY") {
        let notify = value.and_then(read_notify).ok_or_else(invalid)?;
        parameters.notify = Some(notify);
    } else if name.eq_ignore_ascii_case("ORCPT") {
        let original = value
            .filter(|original| is_original_recipient(original, smtputf8))
            .ok_or_else(invalid)?;
        parameters.original = Some(original.to_owned());
    } else {
        return Err(texts::UNKNOWN_PARAMETER.about(name));
    }
    Ok(())
}

/// Digits only; a number beyond 64 bits saturates.
fn read_number(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().unwrap_or(u64::MAX))
}

/// RFC 3461 section 4.1: NEVER alone, or a list of the others.
fn read_notify(text: &str) -> Option<DsnNotify> {
    if text.eq_ignore_ascii_case("NEVER") {
        return Some(DsnNotify { never: true, ..DsnNotify::default() });
    }
    let mut notify = DsnNotify::default();
    for word in text.split(',') {
        if word.eq_ignore_ascii_case("SUCCESS") {
            notify.success = true;
        } else if word.eq_ignore_ascii_case("FAILURE") {
            notify.failure = true;
        } else if word.eq_ignore_ascii_case("DELAY") {
            notify.delay = true;
        } else {
            return None;
        }
    }
    Some(notify)
}

/// RFC 3461 section 4.2: an address type, `;`, and xtext; with SMTPUTF8 a `utf-8` address may
/// hold characters beyond ASCII as they are (RFC 6533 section 3).
fn is_original_recipient(text: &str, smtputf8: bool) -> bool {
    let Some((kind, address)) = text.split_once(';') else {
        return false;
    };
    let kind_ok = !kind.is_empty()
        && kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
    let utf8_allowed = smtputf8 && kind.eq_ignore_ascii_case("utf-8");
    let address_ok = if utf8_allowed {
        !address.chars().any(|character| character.is_control() || character.is_whitespace())
    } else {
        is_xtext(address)
    };
    kind_ok && address_ok && text.chars().count() <= ORIGINAL_RECIPIENT_CHARACTERS_MAX
}

/// RFC 3461 section 4: printable ASCII without `=`, and `+` only in front of two upper-case
/// hexadecimal digits.
fn is_xtext(text: &str) -> bool {
    let hexadecimal = |byte: u8| matches!(byte, b'0'..=b'9' | b'A'..=b'F');
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let good = match byte {
            b'=' => false,
            b'+' => bytes.next().is_some_and(hexadecimal) && bytes.next().is_some_and(hexadecimal),
            other => other.is_ascii_graphic(),
        };
        if !good {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use posthouse_types::Reason;
    use proptest::prelude::*;

    use super::*;

    fn mail(arguments: &str) -> Result<MailCommand, Refusal> {
        read_mail(arguments, Offered { esmtp: true, authentication: false })
    }

    fn recipient(arguments: &str) -> Result<RecipientCommand, Refusal> {
        read_recipient(arguments, true, false)
    }

    #[test]
    fn verbs_are_known_in_any_case_and_only_whole() {
        assert_eq!(split_verb("mAiL FROM:<>"), (Verb::Mail, "FROM:<>"));
        assert_eq!(split_verb("QUIT  "), (Verb::Quit, ""));
        assert_eq!(split_verb("DATAX"), (Verb::Unknown, ""));
        assert_eq!(split_verb(""), (Verb::Unknown, ""));
    }

    #[test]
    fn every_mail_parameter_is_read() {
        let read = mail("from:<a@b.example> SIZE=5 body=8bitmime SMTPUTF8 RET=full ENVID=a+2Bb");
        let expected = MailParameters {
            size: Some(5),
            body: BodyType::EightBitMime,
            smtputf8: true,
            dsn_return: Some(DsnReturn::Full),
            envelope_id: Some("a+2Bb".into()),
        };
        assert_eq!(read.unwrap().parameters, expected);
        let over = mail("FROM:<> SIZE=99999999999999999999999").unwrap();
        assert_eq!((over.sender, over.parameters.size), (None, Some(u64::MAX)));
    }

    #[test]
    fn the_auth_parameter_is_taken_only_where_auth_is_offered() {
        let read = |arguments, authentication| {
            read_mail(arguments, Offered { esmtp: true, authentication }).map(|_| ())
        };
        for arguments in ["FROM:<a@b.example> AUTH=<>", "FROM:<a@b.example> AUTH=e+3Dmc2@b.example"]
        {
            assert_eq!(read(arguments, true), Ok(()), "{arguments}");
            assert_eq!(read(arguments, false).unwrap_err().reply.code, 555, "{arguments}");
        }
        for arguments in ["FROM:<> AUTH", "FROM:<> AUTH=a=b", "FROM:<> AUTH=<> AUTH=<>"] {
            assert_eq!(read(arguments, true).unwrap_err().reply.code, 501, "{arguments}");
        }
    }

    #[test]
    fn a_parameter_with_a_wrong_value_or_given_twice_is_refused() {
        for parameters in [
            "SIZE",
            "SIZE=",
            "SIZE=-1",
            "SIZE=+1",
            "BODY",
            "BODY=9BIT",
            "SMTPUTF8=yes",
            "RET=SOME",
            "ENVID=",
            "ENVID=a=b",
            "ENVID=a+2b",
            "ENVID=a+",
            "SIZE=1 SIZE=1",
            "BODY=7BIT body=7BIT",
        ] {
            let refusal = mail(&format!("FROM:<a@b.example> {parameters}")).unwrap_err();
            assert_eq!(refusal.reply.code, 501, "{parameters}");
        }
        let long = format!("FROM:<> ENVID={}", "a".repeat(101));
        assert_eq!(mail(&long).unwrap_err().reply.code, 501);
        assert_eq!(mail("FROM:<> SIZES=1").unwrap_err().reply.code, 555);
        assert_eq!(mail("FROM:<>SIZE=1").unwrap_err().reply.code, 501);
    }

    #[test]
    fn every_recipient_parameter_is_read() {
        let read =
            recipient("TO:<@x.example:c@d.example> NOTIFY=SUCCESS,failure ORCPT=rfc822;c+40d");
        let read = read.unwrap();
        let notify = DsnNotify { success: true, failure: true, ..DsnNotify::default() };
        assert_eq!(read.parameters.notify, Some(notify));
        assert_eq!(read.parameters.original.as_deref(), Some("rfc822;c+40d"));
        assert!(matches!(read.path, ForwardPath::Mailbox(address) if address.local() == "c"));
        for parameters in [
            "NOTIFY",
            "NOTIFY=",
            "NOTIFY=NEVER,DELAY",
            "NOTIFY=NOW",
            "ORCPT=c",
            "ORCPT=;c",
            "ORCPT=rfc822;c=d",
            "ORCPT=rfc822;ä",
            "ORCPT=utf-8;ä",
        ] {
            let refusal = recipient(&format!("TO:<c@d.example> {parameters}")).unwrap_err();
            assert_eq!(refusal.reply.code, 501, "{parameters}");
        }
        assert!(read_recipient("TO:<ä@d.example> ORCPT=utf-8;ä@d", true, true).is_ok());
    }

    #[test]
    fn an_internationalised_path_needs_smtputf8_wherever_it_stands() {
        for refusal in [
            mail("FROM:<a@b\u{fc}cher.example>").unwrap_err(),
            recipient("TO:<\u{fc}@d.example>").unwrap_err(),
            recipient("TO:<@\u{fc}.example:c@d.example>").unwrap_err(),
        ] {
            assert_eq!(refusal.reason, Reason::SmtpUtf8Required);
        }
    }

    #[test]
    fn chunks_are_counted_in_digits() {
        let chunk = |octets, last| Ok(ChunkCommand { octets, last });
        assert_eq!(read_chunk("0"), chunk(0, false));
        assert_eq!(read_chunk("12  last"), chunk(12, true));
        assert_eq!(read_chunk("99999999999999999999"), chunk(u64::MAX, false));
        for arguments in ["", "LAST", "-1", "0x10", "1 2", "1 LAST x", "1LAST"] {
            assert!(read_chunk(arguments).is_err(), "{arguments}");
        }
    }

    #[test]
    fn a_greeting_name_is_harmless_in_a_header() {
        for name in ["a.example", "WIN-PC_1", "[192.0.2.1]", "[IPv6:2001:db8::1]"] {
            assert_eq!(read_greeting_name(name), Ok(name));
        }
        for name in ["", "a b", "(a)", "a;b", "<a>", "b\u{fc}cher", "a\u{7f}"] {
            assert!(read_greeting_name(name).is_err(), "{name}");
        }
    }

    fn parameters() -> impl Strategy<Value = MailParameters> {
        let dsn_return =
            proptest::option::of(prop_oneof![Just(DsnReturn::Full), Just(DsnReturn::Headers)]);
        let id = proptest::option::of("[!-*,-<>-~]{1,100}");
        (any::<Option<u64>>(), any::<bool>(), any::<bool>(), dsn_return, id).prop_map(
            |(size, eight, smtputf8, dsn_return, envelope_id)| MailParameters {
                size,
                body: if eight { BodyType::EightBitMime } else { BodyType::SevenBit },
                smtputf8,
                dsn_return,
                envelope_id,
            },
        )
    }

    fn write(parameters: &MailParameters) -> String {
        let mut text = String::new();
        if let Some(size) = parameters.size {
            text.push_str(&format!(" SIZE={size}"));
        }
        if parameters.body == BodyType::EightBitMime {
            text.push_str(" BODY=8BITMIME");
        }
        if parameters.smtputf8 {
            text.push_str(" SMTPUTF8");
        }
        if let Some(dsn_return) = parameters.dsn_return {
            text.push_str(if dsn_return == DsnReturn::Full { " RET=FULL" } else { " RET=HDRS" });
        }
        if let Some(id) = &parameters.envelope_id {
            text.push_str(&format!(" ENVID={id}"));
        }
        text
    }

    proptest! {
        #[test]
        fn parameters_survive_being_written_and_read(parameters in parameters()) {
            let read = mail(&format!("FROM:<a@b.example>{}", write(&parameters)));
            prop_assert_eq!(read.unwrap().parameters, parameters);
        }

        #[test]
        fn any_line_is_read_without_panic(line in ".{0,60}", esmtp: bool, smtputf8: bool) {
            let (_, arguments) = split_verb(&line);
            let offered = Offered { esmtp, authentication: esmtp };
            let _ = read_mail(arguments, offered);
            let _ = read_mail(&format!("FROM:{arguments}"), offered);
            let _ = read_recipient(&format!("TO:<a@b> {arguments}"), esmtp, smtputf8);
            let _ = read_chunk(arguments);
            let _ = read_greeting_name(arguments);
        }
    }
}
