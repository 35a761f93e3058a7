//! MTA-STS for mail that goes by MX (RFC 8461): a domain's policy, and what it lets through.
//!
//! May touch DNS, and one HTTPS server that the domain itself names: at public addresses only, since
//! anybody may choose that name. Keeps policies in memory, bounded, for as long as they say: a
//! failing name server does not take a policy away (section 5.1). What cannot be fetched is no
//! policy, and mail goes as it did before.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use posthouse_lookup::{
    Answer, POLICY_BYTES_MAX, StsMode, StsPolicy, http_get, is_public, policy_host, policy_id,
};
use posthouse_types::{Domain, SHOWN_CHARACTERS_MAX, UnixMillis, printable};
use tokio::net::TcpStream;

use super::route::TlsDemand;
use crate::tls::{ClientTls, PROTOCOL_VERSIONS};
use crate::world::World;

/// Policies that are kept, at most: domains that announce one are few, and each has some hundred
/// octets. Beyond, the one that ends soonest goes.
const POLICIES_MAX: usize = 10_000;

/// Where a policy lies (RFC 8461 section 3.2).
const POLICY_PATH: &str = "/.well-known/mta-sts.txt";

/// HTTPS' port.
const HTTPS_PORT: u16 = 443;

/// Fetching a policy in all; a delivery waits for it. RFC 8461 section 3.3 suggests a minute.
const FETCH_TIME_MAX: Duration = Duration::from_secs(20);

/// A policy that could not be fetched is not asked for again within this time: the deliveries
/// meanwhile need not wait for it.
const FAILED_FETCH_REST: Duration = Duration::from_secs(5 * 60);

/// Addresses of the policy's host that are tried.
const ADDRESSES_TRIED_MAX: usize = 2;

/// The policies that are known.
#[derive(Debug, Default)]
pub(crate) struct StsPolicies {
    known: Mutex<BTreeMap<String, Known>>,
}

/// What is known of one domain.
#[derive(Clone, Debug)]
struct Known {
    /// The id that its record had.
    id: String,
    policy: Option<Arc<StsPolicy>>,
    /// Until when the policy counts, or, without one, until when it is not asked for again.
    until: UnixMillis,
    rest_until: UnixMillis,
}

impl StsPolicies {
    /// The policy that a domain has enforced, where it has one.
    pub(super) async fn enforced(&self, world: &World, domain: &Domain) -> Option<Arc<StsPolicy>> {
        if !world.settings().queue.mta_sts {
            return None;
        }
        let policy = self.policy(world, domain.as_str()).await?;
        (policy.mode == StsMode::Enforce).then_some(policy)
    }

    async fn policy(&self, world: &World, domain: &str) -> Option<Arc<StsPolicy>> {
        let now = world.now();
        let known = self.lock().get(domain).cloned();
        let valid = known.as_ref().filter(|known| now < known.until).cloned();
        let kept = valid.as_ref().and_then(|known| known.policy.clone());
        let record = world.office.resolver.txt(&format!("_mta-sts.{domain}")).await;
        let Answer::Found(records) = record else { return kept };
        let Ok(Some(id)) = policy_id(&records) else { return kept };
        if valid.is_some_and(|known| known.id == id && known.policy.is_some())
            || known.is_some_and(|known| now < known.rest_until)
        {
            return kept;
        }
        match fetch(world, &policy_host(domain)).await {
            Ok(policy) => {
                let policy = Arc::new(policy);
                let until = now + Duration::from_secs(policy.max_age_seconds);
                let kept = Some(Arc::clone(&policy));
                self.keep(domain, Known { id, policy: kept, until, rest_until: now }, now);
                Some(policy)
            }
            Err(why) => {
                tracing::info!(domain, %why, "an MTA-STS policy is announced and cannot be had");
                let rest_until = now + FAILED_FETCH_REST;
                let until = self.lock().get(domain).map_or(now, |known| known.until);
                let rested = Known { id, policy: kept.clone(), until, rest_until };
                self.keep(domain, rested, now);
                kept
            }
        }
    }

    fn keep(&self, domain: &str, known: Known, now: UnixMillis) {
        let mut all = self.lock();
        if all.len() >= POLICIES_MAX && !all.contains_key(domain) {
            all.retain(|_, known| now < known.until.max(known.rest_until));
            let first =
                all.iter().min_by_key(|(_, known)| known.until).map(|(name, _)| name.clone());
            if let Some(first) = first.filter(|_| all.len() >= POLICIES_MAX) {
                all.remove(&first);
            }
        }
        all.insert(domain.to_owned(), known);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Fetches a policy; believes only a server whose certificate is for the policy's host.
async fn fetch(world: &World, host: &str) -> Result<StsPolicy, String> {
    let fetched = tokio::time::timeout(FETCH_TIME_MAX, fetch_from(world, host)).await;
    fetched.unwrap_or_else(|_| Err(format!("no answer within {} s", FETCH_TIME_MAX.as_secs())))
}

async fn fetch_from(world: &World, host: &str) -> Result<StsPolicy, String> {
    let port = world.settings().queue.mta_sts_from_loopback_port;
    let may_be_asked = |ip: &IpAddr| is_public(*ip) || port.is_some() && ip.is_loopback();
    let Answer::Found(addresses) = world.office.resolver.addresses(host).await else {
        return Err(format!("{host} has no address in DNS"));
    };
    let mut stream = Err(format!("{host} has no public address"));
    for ip in addresses.into_iter().filter(may_be_asked).take(ADDRESSES_TRIED_MAX) {
        let address = SocketAddr::new(ip, port.unwrap_or(HTTPS_PORT));
        stream = TcpStream::connect(address)
            .await
            .map_err(|error| printable(&error.to_string(), SHOWN_CHARACTERS_MAX));
        if stream.is_ok() {
            break;
        }
    }
    let tls = ClientTls::for_diagnosis(PROTOCOL_VERSIONS);
    let (stream, facts) = tls.connect(stream?, host, None).await.map_err(|failure| failure.text)?;
    let presented: Vec<&[u8]> = facts.presented.iter().map(Vec::as_slice).collect();
    TlsDemand::DomainValidation(None).judge(&world.examine(&presented), host)?;
    let answer = http_get(stream, host, POLICY_PATH, POLICY_BYTES_MAX, FETCH_TIME_MAX).await?;
    // No redirect is followed (RFC 8461 section 3.3).
    if answer.status != 200 {
        return Err(format!("the policy's host answered {}", answer.status));
    }
    StsPolicy::parse(&String::from_utf8_lossy(&answer.body))
}
