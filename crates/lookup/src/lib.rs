//! Questions to the network outside: today DNS, for delivery and for domain verification.
//!
//! May touch the network, outward only, with a deadline on every question and a bound on every
//! answer. Never decides anything and never fails: whatever goes wrong comes back as an
//! [`Answer`] that says so, and the caller treats it as a fact (a defer, never a refusal).

mod dns;

pub use dns::{ADDRESSES_MAX, Answer, MX_MAX, MailExchangers, Mx, Resolver, TXT_RECORDS_MAX};
