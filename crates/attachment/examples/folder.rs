//! Examines every message of some folders: how often each finding is made, and what it costs.
//!
//! Reads the folders that it is given. `cargo run --release -p posthouse-attachment --example
//! folder -- DIR...`; with `-v` as the first argument every finding is shown with its file.

#![allow(clippy::unwrap_used, reason = "a measurement that fails should stop there")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use posthouse_attachment::{
    AttachmentLimits, DEFAULT_BLOCKED_TYPES, Extra, blocked_types, examine,
};
use posthouse_mime::{MimeLimits, read};

fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_verbose = arguments.first().is_some_and(|first| first == "-v");
    arguments.drain(..usize::from(is_verbose));
    for folder in arguments {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let (mut messages, mut spent, mut longest) = (0_u32, Duration::ZERO, Duration::ZERO);
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let Ok(message) = std::fs::read(&path) else { continue };
            let reading = read(&message, &MimeLimits::default());
            let start = Instant::now();
            let found = examine(&reading, &AttachmentLimits::default(), &Extra::default());
            let took = start.elapsed();
            messages += 1;
            spent += took;
            longest = longest.max(took);
            let mut ids: Vec<_> = found.findings.iter().map(|finding| finding.kind.id).collect();
            ids.extend(blocked_types(&found, &DEFAULT_BLOCKED_TYPES).map(|_| "(blocked type)"));
            ids.extend((!found.is_complete).then_some("(not complete)"));
            ids.sort_unstable();
            ids.dedup();
            if is_verbose && !ids.is_empty() {
                println!("{}\n    {:?}", path.display(), found.findings);
            }
            ids.into_iter().for_each(|id| *counts.entry(id).or_default() += 1);
        }
        let mean = spent.as_micros() as f64 / f64::from(messages.max(1));
        println!("{folder}: {messages} messages, {mean:.0} µs each, at most {longest:?}");
        counts.iter().for_each(|(id, count)| println!("    {count:6} {id}"));
    }
}
