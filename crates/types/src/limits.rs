//! Every bound of a session by name, with its reason (design decision 10).

use std::time::Duration;

/// Bounds of one SMTP server session. A node's configuration may change those that say so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmtpLimits {
    /// A command line without parameters, CRLF included: RFC 5321 section 4.5.3.1.4.
    pub command_line_bytes_max: usize,
    /// A command line with ESMTP parameters: room for ENVID, ORCPT and an internationalised
    /// address (RFC 3461, RFC 6531), as Postfix's `smtp_line_limit` order of size.
    pub command_line_with_parameters_bytes_max: usize,
    /// The header block: Exchange's MaxHeaderSize (spec 7).
    pub header_bytes_max: usize,
    /// One message. Settable; Exchange's receive connector default, 36 MB (spec 7).
    pub message_bytes_max: u64,
    /// Recipients of one transaction: Exchange Online's 200 of one domain (spec 1.4); as one
    /// transaction has one tenant, the transaction is what is counted.
    pub recipients_max: usize,
    /// Received lines: RFC 5321 section 6.3 wants at least 100.
    pub received_lines_max: usize,
    /// Passes through this very node: a forwarding loop shows after a few, a legal path never
    /// comes back this often.
    pub own_passes_max: usize,
    /// Commands in one session; a connection that reuses well stays below it.
    pub commands_max: u32,
    /// Wrong commands in one session: guessing and probing end here.
    pub errors_max: u32,
    /// Refused recipients in one session before it is closed: harvesting ends here.
    pub refused_recipients_max: u32,
    /// Waiting for the next command: RFC 5321 section 4.5.3.2.7 says at least 5 minutes.
    pub idle_time_max: Duration,
    /// A whole session, however lively.
    pub session_time_max: Duration,
    /// The message body's slowest acceptable pace, in bytes a second over the window below.
    pub body_bytes_per_second_min: u64,
    /// How long the pace may stay below the minimum before the session ends.
    pub body_rate_window: Duration,
    /// Commands that may wait in one pipelined batch, in bytes: bounds memory before DATA.
    pub pipelined_bytes_max: usize,
}

impl Default for SmtpLimits {
    fn default() -> Self {
        Self {
            command_line_bytes_max: 512,
            command_line_with_parameters_bytes_max: 4096,
            header_bytes_max: 256 * 1024,
            message_bytes_max: 36 * 1024 * 1024,
            recipients_max: 200,
            received_lines_max: 100,
            own_passes_max: 4,
            commands_max: 10_000,
            errors_max: 20,
            refused_recipients_max: 50,
            idle_time_max: Duration::from_secs(300),
            session_time_max: Duration::from_secs(3600),
            body_bytes_per_second_min: 100,
            body_rate_window: Duration::from_secs(60),
            pipelined_bytes_max: 16 * 1024,
        }
    }
}
