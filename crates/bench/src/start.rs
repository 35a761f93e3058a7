//! A node at rest: how fast it starts, what it holds, how large its binary is.
//!
//! May touch: nodes in folders of their own.

use std::path::Path;
use std::time::Duration;

use crate::Result;
use crate::certificates::{Authority, Kind};
use crate::node::{Node, binary};
use crate::process::resident_kib;
use crate::report::Row;
use crate::tenants;

/// Starts whose median counts.
const STARTS: usize = 5;

const START_TIME_MAX: Duration = Duration::from_millis(200);
const IDLE_KIB_MAX: u64 = 60 * 1024;
const BINARY_BYTES_MAX: u64 = 40 * 1024 * 1024;

/// Tenants up to which the memory target holds.
const TENANTS: u64 = 1_000;

/// The rows.
pub(crate) fn measure(place: &Path) -> Result<Vec<Row>> {
    let authority = Authority::new(Kind::P256)?;
    let mut fresh = Vec::new();
    let mut again = Vec::new();
    for _ in 0..STARTS {
        let mut node = Node::prepare(place, &authority)?;
        fresh.push(node.start()?);
        node.kill();
        again.push(node.start()?);
    }
    let (fresh, again) = (median(fresh), median(again));
    let mut node = Node::prepare(place, &authority)?;
    tenants::fill_blocking(&node.data(), TENANTS)?;
    node.start()?;
    node.wait_until_loaded()?;
    std::thread::sleep(Duration::from_secs(1));
    let kib = resident_kib(node.process()?)?;
    let bytes = std::fs::metadata(binary()?)?.len();
    Ok(vec![
        Row::target(
            "start to first 220: new node / after a kill",
            format!("{} / {} ms", fresh.as_millis(), again.as_millis()),
            "< 200 ms",
            fresh.max(again) < START_TIME_MAX,
        ),
        Row::target(
            &format!("idle node with {TENANTS} tenants: resident memory"),
            format!("{} MiB", kib / 1024),
            "< 60 MiB",
            kib < IDLE_KIB_MAX,
        ),
        Row::target(
            "binary",
            format!("{} MiB", bytes / (1024 * 1024)),
            "< 40 MiB",
            bytes < BINARY_BYTES_MAX,
        ),
    ])
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or(Duration::MAX)
}
