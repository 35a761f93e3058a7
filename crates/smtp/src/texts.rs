//! Every reply that the SMTP server makes by itself, in one table, with its operator's text.
//!
//! Words only: no state, no decisions. The texts follow Exchange's where Exchange has one, since
//! its administrators search for them; a refusal also says what the sender has to mend. None of
//! them holds a peer's words; `about` appends those made printable.

use posthouse_types::{
    EnhancedStatus, Reason, Refusal, SHOWN_CHARACTERS_MAX, printable, printable_ascii,
};

// Replies that promise or refuse nothing, as they go on the wire (RFC 5321 section 4.2, RFC 2034:
// neither the greeting nor EHLO's reply nor 354 has an enhanced status).

/// MAIL was accepted by the caller.
pub(crate) const SENDER_OK: &str = "250 2.1.0 Sender OK\r\n";
/// RCPT was accepted by the caller.
pub(crate) const RECIPIENT_OK: &str = "250 2.1.5 Recipient OK\r\n";
/// DATA may come.
pub(crate) const START_MAIL_INPUT: &str = "354 Start mail input; end with <CRLF>.<CRLF>\r\n";
/// RSET.
pub(crate) const RESETTING: &str = "250 2.0.0 Resetting\r\n";
/// NOOP.
pub(crate) const OK: &str = "250 2.0.0 OK\r\n";
/// QUIT.
pub(crate) const CLOSING: &str = "221 2.0.0 Service closing transmission channel\r\n";
/// VRFY: says nothing about who exists (RFC 5321 section 7.3).
pub(crate) const CANNOT_VERIFY: &str =
    "252 2.1.5 Cannot VRFY user, but will take a message and try\r\n";
/// HELP.
pub(crate) const HELP: &str = "214 2.0.0 Commands: EHLO HELO STARTTLS MAIL RCPT DATA BDAT RSET \
                               NOOP QUIT (RFC 5321)\r\n";
/// STARTTLS: the handshake comes next.
pub(crate) const READY_FOR_TLS: &str = "220 2.0.0 SMTP server ready\r\n";

/// AUTH succeeded (RFC 4954 section 6).
pub(crate) const AUTHENTICATED: &str = "235 2.7.0 Authentication successful\r\n";

/// The caller asked for the next step without answering: nothing is promised.
pub(crate) const LOCAL_ERROR: &str = "451 4.3.0 Local error in processing; try again later\r\n";

/// One refusal that the core makes by itself.
#[derive(Debug)]
pub(crate) struct RefusalText {
    reason: Reason,
    code: u16,
    status: EnhancedStatus,
    peer: &'static str,
    operator: &'static str,
}

impl RefusalText {
    /// The refusal as it stands in the table.
    pub(crate) fn refusal(&self) -> Refusal {
        Refusal::new(self.reason, self.code, self.status, self.peer, self.operator)
    }

    /// The refusal with the peer's own words, or a detail about them, behind a colon.
    pub(crate) fn about(&self, words: &str) -> Refusal {
        let shown = printable_ascii(words, SHOWN_CHARACTERS_MAX);
        let peer = format!("{}: {shown}", self.peer);
        let operator = format!("{}: {}", self.operator, printable(words, SHOWN_CHARACTERS_MAX));
        Refusal::new(self.reason, self.code, self.status, peer, operator)
    }
}

/// The table itself: name, reason, code, status, the peer's text, the operator's text.
macro_rules! refusals {
    ($($(#[doc = $doc:literal])+
        $name:ident: $reason:ident, $code:literal ($class:literal, $subject:literal, $detail:literal),
        $peer:literal, $operator:literal;)+) => {
        $($(#[doc = $doc])+
        pub(crate) const $name: RefusalText = RefusalText {
            reason: Reason::$reason,
            code: $code,
            status: EnhancedStatus($class, $subject, $detail),
            peer: $peer,
            operator: $operator,
        };)+

        #[cfg(test)]
        const ALL: &[RefusalText] = &[$($name),+];
    };
}

refusals! {
    // Commands and their order.
    /// A verb that RFC 5321 and the offered extensions do not know.
    UNKNOWN_COMMAND: CommandUnknown, 500 (5, 5, 1),
        "Unrecognized command",
        "The peer sent a command that is not SMTP";
    /// A verb that is known and not offered: EXPN, ETRN, TURN; AUTH where nobody can log in.
    NOT_OFFERED: CommandUnknown, 502 (5, 5, 1),
        "Command not offered here",
        "The peer sent a command that EHLO did not offer";
    /// An HTTP request or a proxy's attempt (ALPACA, cross-protocol attacks).
    NOT_SMTP: CommandUnknown, 554 (5, 5, 1),
        "This port speaks SMTP only",
        "The peer spoke HTTP on the SMTP port: a misdirected client or a cross-protocol attack";
    /// EHLO or HELO without a usable name.
    GREETING_NAME: SyntaxError, 501 (5, 5, 4),
        "Invalid domain name; say EHLO and this host's full name or [address]",
        "The peer's EHLO or HELO has no usable name";
    /// An argument where none belongs.
    NO_ARGUMENT: SyntaxError, 501 (5, 5, 4),
        "This command takes no argument",
        "The peer put an argument behind a command that has none";
    /// MAIL without FROM:.
    MAIL_SYNTAX: SyntaxError, 501 (5, 5, 4),
        "The syntax is MAIL FROM:<address> and parameters",
        "The peer's MAIL command does not follow RFC 5321";
    /// RCPT without TO:.
    RECIPIENT_SYNTAX: SyntaxError, 501 (5, 5, 4),
        "The syntax is RCPT TO:<address> and parameters",
        "The peer's RCPT command does not follow RFC 5321";
    /// A reverse path that is no address.
    SENDER_ADDRESS: SyntaxError, 501 (5, 1, 7),
        "Invalid sender address",
        "The peer's MAIL FROM is not an address";
    /// A forward path that is no address.
    RECIPIENT_ADDRESS: SyntaxError, 501 (5, 1, 3),
        "Invalid recipient address",
        "The peer's RCPT TO is not an address";
    /// Characters beyond ASCII without SMTPUTF8 (RFC 6531 section 3.5).
    SMTPUTF8_REQUIRED: SmtpUtf8Required, 553 (5, 6, 7),
        "An internationalised address needs SMTPUTF8 on MAIL FROM",
        "The peer used an internationalised address without asking for SMTPUTF8";
    /// A parameter that EHLO did not offer (RFC 5321 section 4.1.1.11).
    UNKNOWN_PARAMETER: SyntaxError, 555 (5, 5, 4),
        "Parameter not recognized",
        "The peer used a parameter that EHLO did not offer";
    /// A parameter with a value that its RFC does not know, or given twice.
    PARAMETER_VALUE: SyntaxError, 501 (5, 5, 4),
        "Invalid value of a parameter",
        "The peer gave a parameter a value that its RFC does not know";
    /// Parameters after HELO, which offered none.
    PARAMETERS_NEED_EHLO: SyntaxError, 555 (5, 5, 4),
        "Parameters need EHLO, not HELO",
        "The peer used parameters after HELO, which offers none";
    /// BDAT whose octet count cannot be read: where the next command starts is not known.
    CHUNK_SYNTAX: SyntaxError, 501 (5, 5, 4),
        "The syntax is BDAT octets [LAST]; closing, as the chunk's end is unknown",
        "The peer's BDAT has no readable octet count";
    /// A line that is not UTF-8.
    NOT_UTF_8: SyntaxError, 500 (5, 5, 2),
        "The command is not ASCII or UTF-8",
        "The peer sent a command that is neither ASCII nor UTF-8: another protocol, or noise";
    /// A transaction's command before EHLO or HELO.
    GREETING_FIRST: BadSequence, 503 (5, 5, 1),
        "Send EHLO first",
        "The peer did not say EHLO before this command (after STARTTLS it must say it again)";
    /// A second MAIL.
    SENDER_ALREADY: BadSequence, 503 (5, 5, 1),
        "Sender already specified",
        "The peer sent MAIL inside a transaction";
    /// RCPT, DATA or BDAT without MAIL.
    SENDER_FIRST: BadSequence, 503 (5, 5, 1),
        "Send MAIL first",
        "The peer sent RCPT, DATA or BDAT outside a transaction, or after its MAIL was refused";
    /// DATA or BDAT without a recipient that was accepted.
    NO_RECIPIENTS: BadSequence, 554 (5, 5, 1),
        "No valid recipients",
        "The peer sent a message after every recipient was refused, or none was named";
    /// Something else than BDAT inside a chunked message (RFC 3030 section 2).
    CHUNKS_BEGUN: BadSequence, 503 (5, 5, 1),
        "BDAT has begun; only BDAT, RSET or QUIT may follow",
        "The peer mixed BDAT with another command of the same transaction";

    // TLS.
    /// STARTTLS under TLS.
    TLS_ALREADY: BadSequence, 503 (5, 5, 1),
        "TLS is already active",
        "The peer sent STARTTLS inside TLS";
    /// STARTTLS where this node has no certificate (RFC 3207 section 4).
    TLS_NOT_AVAILABLE: TlsNotAvailable, 454 (4, 7, 0),
        "TLS is not available",
        "The peer asked for TLS, and this node has no certificate to serve it with";

    // Users (RFC 4954).
    /// A submission port's MAIL or AUTH in clear: a password would be read by anybody.
    STARTTLS_FIRST: TlsRequired, 530 (5, 7, 0),
        "Must issue a STARTTLS command first",
        "The peer wanted to log in or to send on a submission port without TLS";
    /// MAIL on a submission port without a user; Exchange's status.
    AUTHENTICATION_FIRST: AuthenticationRequired, 530 (5, 7, 57),
        "Client not authenticated to send mail; log in with AUTH first",
        "The peer did not log in on a port where only users may send";
    /// A mechanism that is not offered; Exchange's status.
    UNKNOWN_MECHANISM: SyntaxError, 504 (5, 7, 4),
        "Unrecognized authentication type; PLAIN and LOGIN are offered",
        "The peer asked for a mechanism of AUTH that is not offered";
    /// A second AUTH (RFC 4954 section 4).
    AUTHENTICATED_ALREADY: BadSequence, 503 (5, 5, 1),
        "Already authenticated",
        "The peer sent AUTH in a session that has a user";
    /// AUTH inside a transaction (RFC 4954 section 4).
    AUTHENTICATION_IN_TRANSACTION: BadSequence, 503 (5, 5, 1),
        "AUTH is not permitted during a mail transaction",
        "The peer sent AUTH between MAIL and the end of its message";
    /// AUTH without a mechanism, or with too much behind it.
    AUTHENTICATION_SYNTAX: SyntaxError, 501 (5, 5, 4),
        "The syntax is AUTH mechanism [initial-response]",
        "The peer's AUTH command does not follow RFC 4954";
    /// A response that is not base64, or is not what its mechanism wants inside.
    AUTHENTICATION_RESPONSE: SyntaxError, 501 (5, 5, 2),
        "Cannot decode the authentication response",
        "The peer's answer to AUTH is not the base64 of what its mechanism wants";
    /// The peer sent `*` (RFC 4954 section 4).
    AUTHENTICATION_CANCELLED: AuthenticationFailed, 501 (5, 7, 0),
        "Authentication cancelled",
        "The peer gave up logging in";
    /// A response over the limit (RFC 4954 section 4).
    AUTHENTICATION_LINE_TOO_LONG: LineTooLong, 500 (5, 5, 6),
        "Authentication exchange line is too long",
        "The peer's answer to AUTH is longer than the limit";
    /// The session's number of failed log-ins is used up.
    TOO_MANY_FAILED_LOGINS: TooManyErrors, 421 (4, 7, 0),
        "Too many failed log-ins in one session",
        "The peer logged in with wrong credentials more often than the limit: it may be guessing";

    // Bounds.
    /// More recipients than one transaction may have; the sender brings the rest in the next.
    TOO_MANY_RECIPIENTS: TooManyRecipients, 452 (4, 5, 3),
        "Too many recipients",
        "The transaction has more recipients than the limit; the sender brings the rest later";
    /// SIZE= or the message itself is over the limit (RFC 1870 section 6).
    MESSAGE_TOO_LARGE: MessageTooLarge, 552 (5, 3, 4),
        "Message size exceeds fixed maximum message size",
        "The message is larger than this node's limit";
    /// A command line over its limit.
    LINE_TOO_LONG: LineTooLong, 500 (5, 5, 6),
        "Line too long",
        "The peer sent a command line over the limit";
    /// The session's number of commands is used up.
    TOO_MANY_COMMANDS: TooManyCommands, 421 (4, 7, 0),
        "Too many commands in one session; connect again",
        "The peer sent more commands in one session than the limit";
    /// The session's number of errors is used up.
    TOO_MANY_ERRORS: TooManyErrors, 421 (4, 7, 0),
        "Too many errors in one session",
        "The peer sent more wrong commands in one session than the limit";
    /// The session's number of refused recipients is used up.
    TOO_MANY_REFUSED_RECIPIENTS: TooManyErrors, 421 (4, 7, 0),
        "Too many refused recipients in one session",
        "The peer named more unacceptable recipients than the limit: it may be harvesting addresses";
    /// No command came in time.
    IDLE: IdleTimeout, 421 (4, 4, 2),
        "Connection timed out waiting for a command",
        "The peer sent no complete command within the idle limit";
    /// The session is over its total time.
    SESSION_OVER: SessionTimeout, 421 (4, 4, 2),
        "Session time is over; connect again",
        "The session lasted longer than its total limit";
    /// The body arrives below the minimum rate.
    TOO_SLOW: TooSlow, 421 (4, 4, 2),
        "Message data arrives too slowly",
        "The peer sent its message below the minimum rate";

    // Framing: smuggling, injection, early talkers.
    /// A bare CR or LF in a message (RFC 5321 section 2.3.8).
    BARE_LINE_ENDING: BareLineEnding, 550 (5, 5, 2),
        "Bare CR or LF in the message; send every line end as CRLF (RFC 5321 2.3.8)",
        "The message holds a CR without LF or an LF without CR: a sender that does not convert \
         line ends, or SMTP smuggling";
    /// A NUL octet in a message (RFC 5321 section 4.5.2, RFC 5322 section 4).
    NUL_OCTET: NulOctet, 550 (5, 5, 2),
        "NUL octet in the message; encode binary content as base64",
        "The message holds a NUL octet: binary content that is not encoded, or an attack";
    /// A bare CR or LF in a command.
    BARE_LINE_ENDING_IN_COMMAND: BareLineEnding, 500 (5, 5, 2),
        "Bare CR or LF in a command; end every command with CRLF (RFC 5321 2.3.8)",
        "The peer ended a command with LF alone, or put a CR inside one";
    /// A NUL octet in a command.
    NUL_OCTET_IN_COMMAND: NulOctet, 500 (5, 5, 2),
        "NUL octet in a command",
        "The peer put a NUL octet into a command";
    /// Bytes before the greeting.
    EARLY_TALKER: UnauthorisedPipelining, 554 (5, 5, 0),
        "You spoke before the greeting; wait for 220",
        "The peer sent before it saw the greeting, as no mail server does";
    /// Bytes behind a command whose reply must be awaited (RFC 2920 section 3.1).
    PIPELINING: UnauthorisedPipelining, 503 (5, 5, 0),
        "Improper use of SMTP command pipelining; wait for the reply to EHLO, HELO and DATA",
        "The peer sent on without waiting for a reply that it had to wait for (RFC 2920)";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_the_status_and_the_blame_agree() {
        for text in ALL {
            assert_eq!(u16::from(text.status.0), text.code / 100, "{text:?}");
            assert!(text.peer.is_ascii() && !text.peer.ends_with('.'), "{text:?}");
            assert!(text.peer.len() < 120 && !text.operator.is_empty(), "{text:?}");
            assert_ne!(text.peer, text.operator);
        }
    }

    #[test]
    fn a_peers_words_stay_on_one_line_and_short() {
        let refusal = UNKNOWN_PARAMETER.about(&format!("X\r\n250 ok{}", "y".repeat(4000)));
        let line = refusal.reply.lines.concat();
        assert!(line.starts_with("Parameter not recognized: X") && line.len() < 300, "{line}");
        assert!(!line.contains(['\r', '\n']));
    }

    #[test]
    fn every_fixed_reply_is_one_line_with_a_status() {
        for reply in [
            SENDER_OK,
            RECIPIENT_OK,
            RESETTING,
            OK,
            CLOSING,
            CANNOT_VERIFY,
            HELP,
            READY_FOR_TLS,
            AUTHENTICATED,
            LOCAL_ERROR,
        ] {
            assert!(reply.ends_with("\r\n") && reply.lines().count() == 1, "{reply}");
            assert_eq!(reply.as_bytes()[0], reply.as_bytes()[4], "{reply}");
        }
    }
}
