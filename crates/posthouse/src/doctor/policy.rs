//! MTA-STS (RFC 8461): asks for the record, and fetches the policy that it announces.
//!
//! May touch DNS and one HTTPS server, named by the domain itself. Believes nothing that its
//! certificate does not vouch for: the chain is examined, and goes back with the answer.

use std::net::SocketAddr;
use std::time::Duration;

use posthouse_lookup::{Answer, POLICY_BYTES_MAX, http_get, policy_host, policy_id};
use posthouse_pki::{Examination, PeerName, examine};
use posthouse_types::{SHOWN_CHARACTERS_MAX, printable};
use tokio::net::TcpStream;

use super::facts::{PolicyFacts, PolicyFile};
use super::{CONNECT_TIME_MAX, Wishes};
use crate::tls::{ClientTls, PROTOCOL_VERSIONS};
use crate::world;

/// Where a policy lies (RFC 8461 section 3.2).
const POLICY_PATH: &str = "/.well-known/mta-sts.txt";

/// Fetching the file: RFC 8461 section 3.3 suggests a minute, for machines. A person waits here.
const FETCH_TIME_MAX: Duration = Duration::from_secs(15);

/// Follows MTA-STS as far as it goes.
pub(super) async fn policy(wishes: &Wishes) -> PolicyFacts {
    let domain = &wishes.target.host;
    let record = wishes.resolver.txt(&format!("_mta-sts.{domain}")).await;
    let announced = match &record {
        Answer::Found(records) => matches!(policy_id(records), Ok(Some(_))),
        _ => false,
    };
    let file = if announced { Some(fetch(wishes, &policy_host(domain)).await) } else { None };
    PolicyFacts { record, file }
}

async fn fetch(wishes: &Wishes, host: &str) -> Result<PolicyFile, String> {
    let addresses = match wishes.resolver.addresses(host).await {
        Answer::Found(addresses) => addresses,
        Answer::NoSuchName => return Err(format!("{host} does not exist in DNS")),
        Answer::NoRecords => return Err(format!("{host} has no address in DNS")),
        Answer::Failed(why) => return Err(why),
        Answer::NotAsked => return Err("DNS was not asked".to_owned()),
    };
    let mut stream = Err(format!("{host} has no address in DNS"));
    for address in addresses.into_iter().take(2) {
        stream = connect(SocketAddr::new(address, wishes.policy_port)).await;
        if stream.is_ok() {
            break;
        }
    }
    let tls = ClientTls::for_diagnosis(PROTOCOL_VERSIONS);
    let (stream, facts) = tls.connect(stream?, host, None).await.map_err(|failure| failure.text)?;
    let presented: Vec<&[u8]> = facts.presented.iter().map(Vec::as_slice).collect();
    let name = PeerName::parse(host);
    let now = world::now();
    let examination = Examination { name: name.as_ref(), ..Examination::new(&wishes.roots, now) };
    let chain = examine(&presented, &examination);
    let answer = http_get(stream, host, POLICY_PATH, POLICY_BYTES_MAX, FETCH_TIME_MAX).await;
    Ok(PolicyFile { chain, answer })
}

/// A TCP connection, within [`CONNECT_TIME_MAX`]; else why there is none.
pub(super) async fn connect(address: SocketAddr) -> Result<TcpStream, String> {
    match tokio::time::timeout(CONNECT_TIME_MAX, TcpStream::connect(address)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(printable(&error.to_string(), SHOWN_CHARACTERS_MAX)),
        Err(_) => Err(format!("no answer within {} s", CONNECT_TIME_MAX.as_secs())),
    }
}
