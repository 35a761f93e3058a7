//! Questions to the network outside: DNS, for delivery, for domain verification and for who a
//! message is from; DNSSEC's word about an answer; files over HTTP; MTA-STS policies; and to a
//! malware daemon.
//!
//! May touch the network, outward only, with a deadline on every question and a bound on every
//! answer. Never decides anything and never fails: whatever goes wrong comes back as an
//! [`Answer`] that says so, and the caller treats it as a fact (a defer, never a refusal).

mod aia;
mod authenticate;
mod clamd;
mod dns;
mod http;
mod mta_sts;

pub use aia::{AiaError, AiaFetcher, CERTIFICATE_BYTES_MAX, Loopback, is_public};
pub use authenticate::{
    AuthenticationLimits, Authenticator, DMARC_QUESTIONS_MAX, KEY_QUESTIONS_MAX, QUESTIONS_MAX,
    REVERSE_QUESTIONS_MAX, SIGNATURES_MAX, SPF_QUESTIONS_MAX, Submission,
};
pub use clamd::{Clamd, ClamdAt, ClamdLimits, ClamdReach, ClamdVersion};
pub use dns::{
    ADDRESSES_MAX, Answer, MX_MAX, MailExchangers, Mx, Proof, ProofOf, Resolver, TLSA_RECORDS_MAX,
    TXT_RECORDS_MAX, Tlsa,
};
pub use http::{HttpAnswer, http_get};
pub use mta_sts::{POLICY_BYTES_MAX, StsMode, StsPolicy, policy_host, policy_id};
