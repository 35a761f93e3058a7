//! The sender rewriting scheme: a forwarded message's MAIL FROM in our domain, and back.
//!
//! Touches nothing: secret and `now` come in. The original sender is written into the local part
//! with the day and a code (HMAC-SHA-256 over both, and over our domain), so that only what we
//! wrote comes back, for 14 days: anything else would make the gateway a relay to everybody.
//! Form after Meng Weng Wong, "Sender Rewriting Scheme" (2004): `SRS0=code=day=domain=local`,
//! and `SRS1=code=first==rest` for what another server has rewritten before.

use aws_lc_rs::hmac;
use posthouse_types::{Address, Domain, EnhancedStatus, Reason, Refusal, TenantId, UnixMillis};

use crate::attribution::{Accepted, Direction, Owner, Place};
use crate::directory::Directory;
use crate::replies::RECIPIENT_UNKNOWN;
use crate::text::{FromText, shown};

/// How long a rewritten sender takes reports, in days. A queue gives up after 1 to 5.
pub const SRS_DAYS_MAX: u16 = 14;

/// Characters of the code, 5 bits each. With 40 bits, guessing one takes a million million
/// refused recipients.
const CODE_CHARACTERS: usize = 8;

/// Longest local part, in octets (RFC 5321 section 4.5.3.1.1).
const LOCAL_PART_BYTES_MAX: usize = 64;

/// Days are written modulo this: two characters of base32.
const DAY_CYCLE: u16 = 1024;

const MILLIS_PER_DAY: i64 = 24 * 60 * 60 * 1000;

/// RFC 4648 section 6, in upper case; read in any case, as servers on the way may fold it.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The key of the codes: made once by a node, kept by it, the same for all of its tenants.
pub struct SrsSecret(hmac::Key);

impl SrsSecret {
    /// From a node's secret. The purpose is mixed in: a secret has several.
    pub fn new(node_secret: &[u8; 32]) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, node_secret);
        let own = hmac::sign(&key, b"posthouse srs 1");
        Self(hmac::Key::new(hmac::HMAC_SHA256, own.as_ref()))
    }

    /// The code of what is written, in our domain. Case is folded: servers on the way may.
    fn code(&self, srs_domain: &Domain, written: &str) -> String {
        let text = format!("{srs_domain}\0{}", written.to_ascii_lowercase());
        let tag = hmac::sign(&self.0, text.as_bytes());
        let mut bits: u64 = 0;
        for byte in tag.as_ref().iter().take(5) {
            bits = bits << 8 | u64::from(*byte);
        }
        let character = |index: usize| {
            let shift = 5 * (CODE_CHARACTERS - 1 - index);
            base32_character(bits >> shift)
        };
        (0..CODE_CHARACTERS).map(character).collect()
    }
}

/// Why an address is not restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SrsError {
    /// We did not write it: whoever made it up would relay through us.
    Forged,
    /// We wrote it more than [`SRS_DAYS_MAX`] days ago.
    Expired,
}

/// Whether an address has the form of a rewritten one.
pub fn is_rewritten(address: &Address) -> bool {
    tag_and_rest(address.local()).is_some()
}

/// Rewrites a sender into our domain. `None` where the result would not fit an address: then the
/// sender stays as it is.
pub fn rewrite(
    sender: &Address,
    srs_domain: &Domain,
    secret: &SrsSecret,
    now: UnixMillis,
) -> Option<Address> {
    let local = match tag_and_rest(sender.local()) {
        // Two rewritings deep, the first server's words are carried and the second's dropped: a
        // report goes straight to the first.
        Some(("SRS0", rest)) => {
            let written = format!("{}=={rest}", sender.domain());
            format!("SRS1={}={written}", secret.code(srs_domain, &written))
        }
        Some((_, rest)) => {
            let (_code, written) = rest.split_once('=')?;
            format!("SRS1={}={written}", secret.code(srs_domain, written))
        }
        None => {
            let written = format!("{}={}={}", day_word(day(now)), sender.domain(), sender.local());
            format!("SRS0={}={written}", secret.code(srs_domain, &written))
        }
    };
    let fits = local.len() <= LOCAL_PART_BYTES_MAX && !sender.local().starts_with('"');
    fits.then(|| Address::new(local, srs_domain.clone()))
}

/// Mail to a rewritten sender, on its way back: where it goes, and whose it is. `None`: the
/// recipient is not the work of this node. To be asked before edge blocking, which would refuse it.
pub fn returning(
    recipient: &Address,
    directory: &Directory,
    secret: &SrsSecret,
    now: UnixMillis,
) -> Option<Result<(Address, Accepted), Refusal>> {
    let (id, _) = directory.owner_of(recipient.domain())?;
    let tenant = directory.tenant(id)?;
    if tenant.srs_domain() != Some(recipient.domain()) {
        return None;
    }
    let accepted = || Accepted {
        owner: Owner::Tenant(id),
        direction: Direction::Incoming { partner: None },
        place: Place::Elsewhere,
        gateway: None,
    };
    Some(match restore(recipient, secret, now)? {
        Ok(original) => Ok((original, accepted())),
        Err(error) => Err(refusal(recipient, error)),
    })
}

/// The sender that a message leaves with: rewritten where it is of nobody in the tenant. `None`:
/// it stays as it is.
pub fn leaving(
    tenant: TenantId,
    sender: Option<&Address>,
    directory: &Directory,
    secret: &SrsSecret,
    now: UnixMillis,
) -> Option<Address> {
    let sender = sender?;
    let srs_domain = directory.tenant(tenant)?.srs_domain()?;
    let is_own = directory.owner_of(sender.domain()).is_some_and(|(owner, _)| owner == tenant);
    if is_own { None } else { rewrite(sender, srs_domain, secret, now) }
}

fn refusal(recipient: &Address, error: SrsError) -> Refusal {
    let why = match error {
        SrsError::Forged => "was not made by this node",
        SrsError::Expired => "is older than 14 days",
    };
    Refusal::new(
        Reason::RecipientUnknown,
        550,
        EnhancedStatus(5, 4, 1),
        RECIPIENT_UNKNOWN,
        format!("{} looks like a rewritten sender, and {why}", shown(&recipient.to_string())),
    )
}

/// The address that a report to a rewritten sender goes to. `None`: this is no rewritten address.
///
/// # Errors
/// It looks like one, and is not ours, or is too old: nothing may be sent on.
pub fn restore(
    address: &Address,
    secret: &SrsSecret,
    now: UnixMillis,
) -> Option<Result<Address, SrsError>> {
    let (tag, rest) = tag_and_rest(address.local())?;
    let original = match tag {
        "SRS0" => restore_first(address, rest, secret, now),
        _ => restore_second(address, rest, secret),
    };
    Some(original)
}

fn restore_first(
    address: &Address,
    rest: &str,
    secret: &SrsSecret,
    now: UnixMillis,
) -> Result<Address, SrsError> {
    let written = checked(address, rest, secret)?;
    let mut parts = written.splitn(3, '=');
    let (Some(word), Some(domain), Some(local)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(SrsError::Forged);
    };
    let written_on = read_day(word).ok_or(SrsError::Forged)?;
    let age = (day(now) + DAY_CYCLE - written_on) % DAY_CYCLE;
    // A clock that was put back makes tomorrow's words: one day is let pass.
    if age > SRS_DAYS_MAX && age != DAY_CYCLE - 1 {
        return Err(SrsError::Expired);
    }
    let domain = Domain::from_text(domain).map_err(|_| SrsError::Forged)?;
    Ok(Address::new(local, domain))
}

fn restore_second(address: &Address, rest: &str, secret: &SrsSecret) -> Result<Address, SrsError> {
    let written = checked(address, rest, secret)?;
    let (first, rest) = written.split_once("==").ok_or(SrsError::Forged)?;
    let domain = Domain::from_text(first).map_err(|_| SrsError::Forged)?;
    Ok(Address::new(format!("SRS0={rest}"), domain))
}

/// What stands behind a code that is ours.
fn checked<'a>(address: &Address, rest: &'a str, secret: &SrsSecret) -> Result<&'a str, SrsError> {
    let (code, written) = rest.split_once('=').ok_or(SrsError::Forged)?;
    let right = secret.code(address.domain(), written);
    // In constant time: how many characters were right must not be measured.
    let differs = code.len() != right.len()
        || code
            .bytes()
            .zip(right.bytes())
            .fold(0, |differs, (given, right)| differs | (given.to_ascii_uppercase() ^ right))
            != 0;
    if differs { Err(SrsError::Forged) } else { Ok(written) }
}

/// The tag in upper case, and what follows its separator: `=`, or `-` and `+` of other writers.
fn tag_and_rest(local: &str) -> Option<(&'static str, &str)> {
    let (tag, rest) = local.split_at_checked(4)?;
    let tag = ["SRS0", "SRS1"].into_iter().find(|known| known.eq_ignore_ascii_case(tag))?;
    let rest = rest.strip_prefix(['=', '-', '+'])?;
    (!rest.is_empty()).then_some((tag, rest))
}

fn day(now: UnixMillis) -> u16 {
    let days = now.0.div_euclid(MILLIS_PER_DAY).rem_euclid(i64::from(DAY_CYCLE));
    u16::try_from(days).unwrap_or(0)
}

fn day_word(day: u16) -> String {
    [day >> 5, day].map(|bits| base32_character(u64::from(bits))).iter().collect()
}

fn read_day(word: &str) -> Option<u16> {
    let value = |byte: u8| BASE32.iter().position(|known| *known == byte.to_ascii_uppercase());
    let [high, low] = word.as_bytes() else { return None };
    u16::try_from(value(*high)? << 5 | value(*low)?).ok()
}

fn base32_character(bits: u64) -> char {
    let index = usize::try_from(bits & 31).unwrap_or(0);
    BASE32.get(index).copied().map_or('A', char::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_795_000_000_000);

    fn days(count: i64) -> UnixMillis {
        UnixMillis(NOW.0 + count * MILLIS_PER_DAY)
    }

    fn address(text: &str) -> Address {
        Address::from_text(text).unwrap()
    }

    fn ours() -> (Domain, SrsSecret) {
        (Domain::from_normalized("fwd.example"), SrsSecret::new(&[7; 32]))
    }

    #[test]
    fn a_rewritten_sender_has_its_known_form() {
        let (domain, secret) = ours();
        let rewritten = rewrite(&address("Anna@news.example"), &domain, &secret, NOW).unwrap();
        assert_eq!(rewritten.to_string(), "SRS0=PMWP4P3Q=JH=news.example=Anna@fwd.example");
    }

    #[test]
    fn what_was_rewritten_comes_back_for_fourteen_days() {
        let (domain, secret) = ours();
        let original = address("anna+tag=x@news.example");
        let rewritten = rewrite(&original, &domain, &secret, NOW).unwrap();
        assert!(is_rewritten(&rewritten) && !is_rewritten(&original));
        for (day, expected) in [
            (-1, Ok(original.clone())),
            (0, Ok(original.clone())),
            (14, Ok(original.clone())),
            (15, Err(SrsError::Expired)),
            (400, Err(SrsError::Expired)),
        ] {
            assert_eq!(restore(&rewritten, &secret, days(day)), Some(expected), "{day}");
        }
        assert_eq!(restore(&original, &secret, NOW), None);
    }

    #[test]
    fn a_server_that_folds_case_or_changes_the_separator_breaks_nothing() {
        let (domain, secret) = ours();
        let rewritten = rewrite(&address("anna@news.example"), &domain, &secret, NOW).unwrap();
        let folded = address(&rewritten.to_string().to_lowercase().replacen('=', "+", 1));
        assert_eq!(restore(&folded, &secret, NOW), Some(Ok(address("anna@news.example"))));
    }

    #[test]
    fn what_we_did_not_write_is_forged() {
        let (domain, secret) = ours();
        let rewritten = rewrite(&address("anna@news.example"), &domain, &secret, NOW).unwrap();
        let elsewhere = Address::new(rewritten.local(), Domain::from_normalized("other.example"));
        let forged = [
            rewritten.to_string().replace("=anna@", "=berta@"),
            rewritten.to_string().replace("news.", "newz."),
            elsewhere.to_string(),
            "SRS0=AAAAAAAA=AA=news.example=anna@fwd.example".to_owned(),
            "SRS0=x@fwd.example".to_owned(),
            "SRS1=AAAAAAAA=a.example==x=y=b.example=c@fwd.example".to_owned(),
        ];
        for text in forged {
            assert_eq!(
                restore(&address(&text), &secret, NOW),
                Some(Err(SrsError::Forged)),
                "{text}"
            );
        }
        let other = SrsSecret::new(&[8; 32]);
        assert_eq!(restore(&rewritten, &other, NOW), Some(Err(SrsError::Forged)));
    }

    #[test]
    fn a_report_about_twice_forwarded_mail_goes_to_the_first_forwarder() {
        let (domain, secret) = ours();
        let (first, second) = (Domain::from_normalized("a.example"), SrsSecret::new(&[1; 32]));
        let once = rewrite(&address("x@b.example"), &first, &second, NOW).unwrap();
        let twice = rewrite(&once, &domain, &secret, NOW).unwrap();
        assert!(twice.local().starts_with("SRS1="), "{twice}");
        assert_eq!(restore(&twice, &secret, days(100)), Some(Ok(once.clone())));
        let third = Domain::from_normalized("c.example");
        let thrice = rewrite(&twice, &third, &second, NOW).unwrap();
        assert_eq!(restore(&thrice, &second, NOW), Some(Ok(once)));
    }

    #[test]
    fn a_sender_that_would_not_fit_stays_as_it_is() {
        let (domain, secret) = ours();
        let long = format!("{}@news.example", "a".repeat(60));
        assert_eq!(rewrite(&address(&long), &domain, &secret, NOW), None);
    }
}
