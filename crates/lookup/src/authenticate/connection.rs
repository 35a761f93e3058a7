//! What DNS says of the connecting address: its name, and the block lists that hold it.
//!
//! Asks DNS through counted shares. No list is asked unless the operator named its zone; a list
//! that answers for addresses of documentation or its own test is not judged here.

use std::net::IpAddr;

use posthouse_types::{BlockListFact, Lookup, ReverseName, SHOWN_CHARACTERS_MAX, printable};

use super::dmarc::organizational_domain;
use super::key::all;
use super::questions::{Questions, reversed};
use crate::Answer;

/// Names of one address whose own addresses are asked for.
const NAMES_CONFIRMED_MAX: usize = 2;

/// The name of an address, and whether the name agrees.
pub(crate) async fn reverse_name(
    questions: &Questions<'_>,
    address: IpAddr,
) -> Lookup<ReverseName> {
    let names = match questions.ptr(address).await {
        Answer::Found(names) => names,
        Answer::NoRecords | Answer::NoSuchName => return Lookup::None,
        Answer::Failed(why) => return Lookup::Failed(why),
        Answer::NotAsked => return Lookup::NotAsked,
    };
    for name in names.iter().take(NAMES_CONFIRMED_MAX) {
        let answer = questions.addresses_like(name, address).await;
        if answer.found().is_some_and(|addresses| addresses.contains(&address)) {
            return found(name, true);
        }
    }
    names.first().map_or(Lookup::None, |name| found(name, false))
}

fn found(name: &str, is_confirmed: bool) -> Lookup<ReverseName> {
    let name = printable(name, SHOWN_CHARACTERS_MAX);
    let organization = organizational_domain(&name).to_owned();
    Lookup::Found(ReverseName { name, organization, is_confirmed })
}

/// Asks each zone for the address (RFC 5782 sections 2.1 and 2.4).
pub(crate) async fn block_lists(
    questions: &Questions<'_>,
    zones: &[String],
    address: IpAddr,
) -> Vec<BlockListFact> {
    let owner = reversed(address);
    let owner = owner.rsplit_once('.').map_or(owner.as_str(), |(labels, _)| labels);
    let ask = |zone: &String| {
        let name = format!("{owner}.{zone}");
        async move { questions.a(&name).await }
    };
    let answers = all(zones.iter().map(ask)).await;
    let fact = |(zone, answer): (&String, Answer<Vec<std::net::Ipv4Addr>>)| {
        let answer = match answer {
            // Only loopback addresses are answers; a resolver that invents others is no list.
            Answer::Found(addresses) => addresses
                .into_iter()
                .find(std::net::Ipv4Addr::is_loopback)
                .map_or(Lookup::None, |address| Lookup::Found(IpAddr::V4(address))),
            Answer::NoRecords | Answer::NoSuchName => Lookup::None,
            Answer::Failed(why) => Lookup::Failed(why),
            Answer::NotAsked => Lookup::NotAsked,
        };
        BlockListFact { zone: zone.clone(), answer }
    };
    zones.iter().zip(answers).map(fact).collect()
}
