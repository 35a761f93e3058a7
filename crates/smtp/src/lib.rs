//! SMTP without sockets: the server's and the client's side of a session as state machines
//! (RFC 5321 and its extensions), and the one address parser.
//!
//! Touches nothing: bytes and `now` in, steps and replies out. Decides nothing about whose mail
//! it is; it only sees to it that what the peers say is SMTP, in order, and within bounds.

pub mod address;
mod body;
pub mod client;
mod command;
mod log;
pub mod reply_reader;
mod server;
pub mod stuff;
mod texts;

pub use address::{AddressError, parse_address, parse_domain};
pub use command::{ForwardPath, MailCommand, RecipientCommand};
pub use log::{LogDirection, LogLine};
pub use server::{Authentication, Credentials, LineEnds, Password, Server, ServerOptions, Step};
