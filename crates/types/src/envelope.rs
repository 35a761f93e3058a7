//! One transaction's envelope (RFC 5321 section 2.3.1, RFC 3461, RFC 6152, RFC 6531).

use crate::Address;

/// A tenant, by the number its store gave it. Never shown to peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantId(pub u64);

/// BODY= of MAIL FROM (RFC 6152). BINARYMIME is not offered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BodyType {
    /// 7BIT, or nothing said.
    #[default]
    SevenBit,
    /// 8BITMIME.
    EightBitMime,
}

/// RET= of MAIL FROM (RFC 3461 section 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DsnReturn {
    /// The whole message goes back.
    Full,
    /// Its headers go back.
    Headers,
}

/// Parameters of MAIL FROM.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailParameters {
    /// SIZE=, in octets.
    pub size: Option<u64>,
    /// BODY=.
    pub body: BodyType,
    /// SMTPUTF8.
    pub smtputf8: bool,
    /// RET=.
    pub dsn_return: Option<DsnReturn>,
    /// ENVID=, as sent (xtext).
    pub envelope_id: Option<String>,
}

/// NOTIFY= of RCPT TO (RFC 3461 section 4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DsnNotify {
    /// NEVER: no report at all, whatever happens.
    pub never: bool,
    /// SUCCESS was asked for.
    pub success: bool,
    /// FAILURE was asked for; the default where NOTIFY is absent.
    pub failure: bool,
    /// DELAY was asked for; the default where NOTIFY is absent.
    pub delay: bool,
}

/// Parameters of RCPT TO.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecipientParameters {
    /// NOTIFY=; `None` where it was not given (failure and delay are then reported).
    pub notify: Option<DsnNotify>,
    /// ORCPT=, as sent (`rfc822;xtext`).
    pub original: Option<String>,
}

/// One accepted recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// Where the message goes.
    pub address: Address,
    /// Its DSN parameters.
    pub parameters: RecipientParameters,
}
