//! Users of the edge: who they are, as whom they may send, and what guessing costs.
//!
//! May touch: its own counters, and a worker thread for hashing. A password is compared with its
//! Argon2id hash and never kept. Unknown names cost what known ones do; failures are answered
//! late, and an address that goes on guessing is not listened to for a while.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::PasswordVerifier as _;
use argon2::password_hash::phc::PasswordHash;
use posthouse_message::Authors;
use posthouse_smtp::Credentials;
use posthouse_types::{Address, Domain, UnixMillis};
use tokio::sync::Semaphore;

use crate::sessions::source_of;

/// Failures of one address within [`FAILURES_WINDOW`] before it has to wait.
const FAILURES_MAX: u32 = 10;

/// How long failures are remembered, and how long an address waits.
const FAILURES_WINDOW: Duration = Duration::from_secs(15 * 60);

/// Addresses remembered at once; at 64 bytes each this is less than a megabyte. When there are
/// more, those whose time is over go first, and then whichever.
const SOURCES_MAX: usize = 10_000;

/// What each failure of an address delays its answer by; Exchange's tarpit is 5 seconds at once.
const DELAY_STEP: Duration = Duration::from_secs(1);
const DELAY_MAX: Duration = Duration::from_secs(5);

/// Passwords that are compared at once: each takes 19 MiB and tens of milliseconds of a core.
const COMPARED_AT_ONCE_MAX: usize = 2;

/// One user.
#[derive(Debug)]
pub(crate) struct User {
    name: String,
    /// A PHC string; checked when the settings were read.
    password_hash: String,
    may_send_as: Vec<SenderPattern>,
}

/// Whom a user may send as.
#[derive(Clone, Debug, PartialEq, Eq)]
enum SenderPattern {
    /// `ann@contoso.example`.
    Address(Address),
    /// `@contoso.example`: everybody there, and nobody below it.
    Domain(Domain),
}

impl User {
    /// A user as the settings have it. Without `may_send_as` it is the name itself, where that is
    /// an address.
    ///
    /// # Errors
    /// What is wrong, and what to do.
    pub(crate) fn new(
        name: &str,
        password_hash: &str,
        may_send_as: &[String],
    ) -> Result<Self, String> {
        let hash = PasswordHash::new(password_hash).ok();
        if hash.is_none_or(|hash| hash.algorithm.as_str() != "argon2id") {
            return Err(format!(
                "[[user]] {name}: password_hash is no Argon2id hash: make one with \
                 `posthouse edge hash-password`"
            ));
        }
        let own_name = [name.to_owned()];
        let texts = if may_send_as.is_empty() { &own_name } else { may_send_as };
        let patterns = texts.iter().map(|text| SenderPattern::read(text));
        let may_send_as = patterns.collect::<Result<_, _>>().map_err(|error| {
            format!(
                "[[user]] {name}: {error}. Write may_send_as = [\"ann@contoso.example\"], or \
                 [\"@contoso.example\"] for a whole domain"
            )
        })?;
        Ok(Self { name: name.to_owned(), password_hash: password_hash.to_owned(), may_send_as })
    }

    /// The name to log in with.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether this user may send with this MAIL FROM. The null sender is what reading receipts
    /// have (RFC 8098 section 3); their From counts all the same.
    pub(crate) fn may_send_as(&self, sender: Option<&Address>) -> bool {
        sender.is_none_or(|sender| self.may_send_as.iter().any(|pattern| pattern.covers(sender)))
    }

    /// Whether every address in From and Sender is one that this user may send as. A message that
    /// names nobody, or not clearly, is nobody's.
    pub(crate) fn may_write_as(&self, authors: &Authors) -> bool {
        let is_own = |text: &String| {
            posthouse_smtp::parse_address(text, true)
                .is_ok_and(|address| self.may_send_as(Some(&address)))
        };
        !authors.is_unclear && !authors.addresses.is_empty() && authors.addresses.iter().all(is_own)
    }
}

impl SenderPattern {
    fn read(text: &str) -> Result<Self, String> {
        let wrong = |error| format!("\"{text}\" is no address and no domain: {error}");
        match text.strip_prefix('@') {
            Some(domain) => posthouse_smtp::parse_domain(domain).map(Self::Domain).map_err(wrong),
            None => posthouse_smtp::parse_address(text, true).map(Self::Address).map_err(wrong),
        }
    }

    /// Local parts are compared in any case, as Exchange does.
    fn covers(&self, sender: &Address) -> bool {
        match self {
            Self::Domain(domain) => domain == sender.domain(),
            Self::Address(address) => {
                address.domain() == sender.domain()
                    && address.local().to_lowercase() == sender.local().to_lowercase()
            }
        }
    }
}

/// What came of logging in.
pub(crate) enum Login {
    /// The password is this user's.
    User(Arc<User>),
    /// It is not, or there is no such user; the answer is to wait this long.
    Failed(Duration),
    /// This address has to wait; nothing was compared.
    Locked,
}

/// Everybody who is trying to log in.
pub(crate) struct Logins {
    comparing: Semaphore,
    failures: Mutex<HashMap<IpAddr, Failures>>,
}

/// Failures of one source since a time.
#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    since: UnixMillis,
}

impl Default for Logins {
    fn default() -> Self {
        Self { comparing: Semaphore::new(COMPARED_AT_ONCE_MAX), failures: Mutex::default() }
    }
}

impl Logins {
    /// Compares a password. Blocks no task: the work is done on a thread for such work.
    pub(crate) async fn log_in(
        &self,
        users: &[Arc<User>],
        credentials: Credentials,
        address: IpAddr,
        now: UnixMillis,
    ) -> Login {
        let source = source_of(address);
        if self.is_locked(source, now) {
            return Login::Locked;
        }
        let known = users.iter().find(|user| user.name.eq_ignore_ascii_case(&credentials.user));
        // An unknown name is compared with somebody's hash all the same, so that it takes as long.
        let Some(compared) = known.or(users.first()) else {
            return Login::Failed(self.count(source, now));
        };
        let hash = compared.password_hash.clone();
        // Closed never, so that there is always a permit to wait for.
        let _permit = self.comparing.acquire().await;
        // Those who waited for their turn beside nine other guesses are counted too.
        if self.is_locked(source, now) {
            return Login::Locked;
        }
        let compare = move || is_password_of(&hash, credentials.password.as_bytes());
        let is_right = tokio::task::spawn_blocking(compare).await.unwrap_or(false);
        match known {
            Some(user) if is_right => {
                self.forget(source);
                Login::User(Arc::clone(user))
            }
            _ => Login::Failed(self.count(source, now)),
        }
    }

    fn is_locked(&self, source: IpAddr, now: UnixMillis) -> bool {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures
            .get(&source)
            .is_some_and(|failures| failures.count >= FAILURES_MAX && !failures.is_over(now))
    }

    /// Counts a failure; how long its answer waits.
    fn count(&self, source: IpAddr, now: UnixMillis) -> Duration {
        let mut all = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= SOURCES_MAX && !all.contains_key(&source) {
            all.retain(|_, failures| !failures.is_over(now));
            if all.len() >= SOURCES_MAX
                && let Some(any) = all.keys().next().copied()
            {
                all.remove(&any);
            }
        }
        let failures = all.entry(source).or_insert(Failures { count: 0, since: now });
        if failures.is_over(now) {
            *failures = Failures { count: 0, since: now };
        }
        failures.count = failures.count.saturating_add(1);
        (DELAY_STEP * failures.count).min(DELAY_MAX)
    }

    fn forget(&self, source: IpAddr) {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).remove(&source);
    }
}

impl Failures {
    fn is_over(&self, now: UnixMillis) -> bool {
        now.since(self.since) >= FAILURES_WINDOW
    }
}

fn is_password_of(hash: &str, password: &[u8]) -> bool {
    PasswordHash::new(hash)
        .is_ok_and(|hash| Argon2::default().verify_password(password, &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_795_457_427_042);

    fn user(may_send_as: &[&str]) -> Result<User, String> {
        let hash = super::super::hash_password::hash(b"secret").unwrap();
        let may_send_as: Vec<String> = may_send_as.iter().map(|text| (*text).to_owned()).collect();
        User::new("ann@contoso.example", &hash, &may_send_as)
    }

    fn address(text: &str) -> Address {
        posthouse_smtp::parse_address(text, true).unwrap()
    }

    fn authors(addresses: &[&str]) -> Authors {
        let addresses = addresses.iter().map(|text| (*text).to_owned()).collect();
        Authors { addresses, is_unclear: false }
    }

    #[test]
    fn att_11_a_user_sends_as_a_closed_set_of_senders() {
        let own = user(&[]).unwrap();
        assert!(own.may_send_as(Some(&address("ANN@contoso.example"))));
        assert!(!own.may_send_as(Some(&address("bob@contoso.example"))));
        let domain = user(&["@contoso.example", "info@fabrikam.example"]).unwrap();
        assert!(domain.may_send_as(Some(&address("bob@contoso.example"))));
        assert!(domain.may_send_as(Some(&address("info@fabrikam.example"))));
        for other in ["ann@fabrikam.example", "ann@sub.contoso.example", "ann@xcontoso.example"] {
            assert!(!domain.may_send_as(Some(&address(other))), "{other}");
        }
    }

    #[test]
    fn att_11_every_author_in_the_header_has_to_be_in_the_set() {
        let user = user(&["@contoso.example"]).unwrap();
        assert!(user.may_write_as(&authors(&["a@contoso.example", "b@contoso.example"])));
        assert!(!user.may_write_as(&authors(&["a@contoso.example", "boss@fabrikam.example"])));
        assert!(!user.may_write_as(&authors(&[])));
        assert!(!user.may_write_as(&authors(&["a@contoso.example <x>"])));
        let unclear = Authors { is_unclear: true, ..authors(&["a@contoso.example"]) };
        assert!(!user.may_write_as(&unclear));
    }

    #[test]
    fn a_user_that_could_not_log_in_or_send_is_refused_with_the_repair() {
        let error = User::new("ann@a.example", "secret", &[]).unwrap_err();
        assert!(error.contains("hash-password"), "{error}");
        let hash = super::super::hash_password::hash(b"x").unwrap();
        let error = User::new("ann", &hash, &[]).unwrap_err();
        assert!(error.contains("may_send_as"), "{error}");
        assert!(user(&["@"]).is_err() && user(&["a b"]).is_err());
    }

    fn credentials(user: &str, password: &str) -> Credentials {
        Credentials { user: user.to_owned(), password: password.to_owned().into() }
    }

    #[tokio::test]
    async fn smtp_14_guessing_is_answered_late_and_then_not_at_all() {
        let users = [Arc::new(user(&[]).unwrap())];
        let logins = Logins::default();
        let (guesser, other) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let try_it = async |name: &str, password: &str, address, now| {
            logins.log_in(&users, credentials(name, password), address, now).await
        };
        let mut delays = Vec::new();
        for turn in 0..FAILURES_MAX {
            let name = if turn % 2 == 0 { "ann@contoso.example" } else { "nobody" };
            match try_it(name, "wrong", guesser, NOW).await {
                Login::Failed(delay) => delays.push(delay.as_secs()),
                _ => panic!("not failed"),
            }
        }
        assert_eq!(delays, [1, 2, 3, 4, 5, 5, 5, 5, 5, 5]);
        let right = |address, now| try_it("ANN@contoso.example", "secret", address, now);
        assert!(matches!(right(guesser, NOW).await, Login::Locked));
        assert!(matches!(right(other, NOW).await, Login::User(_)));
        let later = NOW + FAILURES_WINDOW;
        assert!(matches!(right(guesser, later).await, Login::User(_)));
        assert!(matches!(right(guesser, NOW).await, Login::User(_)), "forgotten once logged in");
    }

    #[test]
    fn remembering_who_guesses_has_a_bound() {
        let logins = Logins::default();
        for number in 0..SOURCES_MAX as u32 + 100 {
            logins.count(IpAddr::V4(number.into()), NOW);
        }
        assert_eq!(logins.failures.lock().unwrap().len(), SOURCES_MAX);
    }
}
