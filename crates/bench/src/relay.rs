//! Relay without filtering: 10 kB messages, durable, from many sessions to one next hop; posthouse
//! and Postfix in turns, with the same sender and the same sink.
//!
//! May touch: the processes under measurement. Several rounds, each side's best counts: on a
//! machine that others use too, what disturbs only ever makes slower.

use std::path::Path;
use std::time::Duration;

use crate::Result;
use crate::certificates::{Authority, Kind};
use crate::engine;
use crate::load::{self, Load};
use crate::node::{Filtering, Node};
use crate::postfix::Postfix;
use crate::process::{processor_time, processor_time_of_family};
use crate::report::Row;
use crate::rspamd::Rspamd;
use crate::sink::Sink;

/// What a relay must be faster than Postfix, end to end.
const TIMES_POSTFIX: f64 = 5.0;

/// What a relay that filters must be faster than Postfix with Rspamd.
const TIMES_POSTFIX_AND_RSPAMD: f64 = 10.0;

/// What accepting through SMTP must reach of the database's own pace.
const OF_ENGINE: f64 = 0.5;

/// Longest wait for the last message to arrive.
const ARRIVAL_TIME_MAX: Duration = Duration::from_secs(120);

/// How much to do.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) messages: u64,
    pub(crate) sessions: u64,
    pub(crate) rounds: u32,
}

/// One round of one side.
#[derive(Clone, Copy, Default)]
struct Pace {
    /// Messages accepted in a second.
    accepted: f64,
    /// Messages in a second from the first connection to the last arrival at the next hop.
    end_to_end: f64,
    /// Processor time of one message, in microseconds.
    processor_us: f64,
}

impl Pace {
    fn faster(self, other: Self) -> Self {
        if other.end_to_end > self.end_to_end { other } else { self }
    }

    fn words(self) -> String {
        format!(
            "{:.0}/s end to end, {:.0}/s accepted, {:.0} µs of processor",
            self.end_to_end, self.accepted, self.processor_us
        )
    }
}

/// The relay rows.
pub(crate) fn measure(place: &Path, effort: Effort) -> Result<Vec<Row>> {
    let authority = Authority::new(Kind::P256)?;
    let (mut ours, mut theirs) = (Pace::default(), Pace::default());
    let mut absent = None;
    for _ in 0..effort.rounds {
        ours = ours.faster(posthouse(place, &authority, effort, Filtering::Off)?);
        match postfix(place, effort) {
            Ok(pace) => theirs = theirs.faster(pace),
            Err(error) => absent = Some(error.to_string()),
        }
    }
    let mut rows = vec![Row::figure("relay, 10 kB HTML: posthouse", ours.words())];
    if let Some(why) = absent {
        rows.push(Row::not_measured("relay, 10 kB HTML: Postfix", &why));
        return Ok(rows);
    }
    let name = format!("relay, 10 kB HTML: Postfix {}", Postfix::version());
    rows.push(Row::figure(&name, theirs.words()));
    let times = ours.end_to_end / theirs.end_to_end;
    rows.push(Row::target(
        "relay end to end, times Postfix",
        format!("{times:.1}"),
        "≥ 5",
        times >= TIMES_POSTFIX,
    ));
    rows.push(Row::figure(
        "relay, processor time, Postfix' times ours",
        format!("{:.1}", theirs.processor_us / ours.processor_us),
    ));
    Ok(rows)
}

/// The rows of relay with filtering: everything is looked at before the 250, on both sides.
pub(crate) fn measure_filtered(place: &Path, effort: Effort) -> Result<Vec<Row>> {
    let authority = Authority::new(Kind::P256)?;
    // What Rspamd needs for a message would make the whole round too long.
    let fewer = Effort { messages: effort.messages / 5, ..effort };
    let (mut ours, mut theirs) = (Pace::default(), Pace::default());
    let mut absent = None;
    for _ in 0..effort.rounds {
        ours = ours.faster(posthouse(place, &authority, effort, Filtering::On)?);
        match postfix_with_rspamd(place, fewer) {
            Ok(pace) => theirs = theirs.faster(pace),
            Err(error) => absent = Some(error.to_string()),
        }
    }
    let mut rows = vec![Row::figure("filtered relay, 10 kB HTML: posthouse", ours.words())];
    if let Some(why) = absent {
        rows.push(Row::not_measured("filtered relay: Postfix + Rspamd", &why));
        return Ok(rows);
    }
    let name =
        format!("filtered relay: Postfix {} + Rspamd {}", Postfix::version(), Rspamd::version());
    rows.push(Row::figure(&name, theirs.words()));
    let times = ours.end_to_end / theirs.end_to_end;
    rows.push(Row::target(
        "filtered relay end to end, times Postfix + Rspamd",
        format!("{times:.1}"),
        "≥ 10",
        times >= TIMES_POSTFIX_AND_RSPAMD,
    ));
    rows.push(Row::figure(
        "filtered relay, processor time, theirs times ours",
        format!("{:.1}", theirs.processor_us / ours.processor_us),
    ));
    Ok(rows)
}

/// The group commit rows: accepting through SMTP while the next hop is off, beside SQLite alone.
pub(crate) fn measure_commit(place: &Path, effort: Effort) -> Result<Vec<Row>> {
    let authority = Authority::new(Kind::P256)?;
    let (mut alone, mut accepted) = (0.0_f64, 0.0_f64);
    for _ in 0..effort.rounds {
        alone = alone.max(engine::messages_per_second(place, Duration::from_secs(2))?);
        // A port that nobody listens on: every delivery fails at once and waits.
        let nobody = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let node = Node::relaying(place, &authority, nobody, Filtering::Off)?;
        let load = load_of(effort, node.address);
        let sent = load::send(load)?;
        accepted = accepted.max(per_second(load.messages, sent.time));
    }
    let share = accepted / alone;
    Ok(vec![
        Row::figure("SQLite alone, groups of 32, durable", format!("{alone:.0}/s")),
        Row::figure("posthouse, accepted by SMTP, next hop off", format!("{accepted:.0}/s")),
        Row::target(
            "group commit through SMTP, of SQLite alone",
            format!("{:.0} %", share * 100.0),
            "≥ 50 %",
            share >= OF_ENGINE,
        ),
    ])
}

fn posthouse(
    place: &Path,
    authority: &Authority,
    effort: Effort,
    filtering: Filtering,
) -> Result<Pace> {
    let sink = Sink::start()?;
    let node = Node::relaying(place, authority, sink.address, filtering)?;
    let process = node.process()?;
    run(&sink, load_of(effort, node.address), || processor_time(process))
}

fn postfix(place: &Path, effort: Effort) -> Result<Pace> {
    let sink = Sink::start()?;
    let postfix = Postfix::relaying(place, sink.address, None)?;
    let master = postfix.master()?;
    run(&sink, load_of(effort, postfix.address), || processor_time_of_family(master))
}

fn postfix_with_rspamd(place: &Path, effort: Effort) -> Result<Pace> {
    let sink = Sink::start()?;
    let rspamd = Rspamd::start(place)?;
    let postfix = Postfix::relaying(place, sink.address, Some(rspamd.milter))?;
    let (master, scanner) = (postfix.master()?, rspamd.process());
    run(&sink, load_of(effort, postfix.address), || {
        Ok(processor_time_of_family(master)? + processor_time_of_family(scanner)?)
    })
}

fn load_of(effort: Effort, to: std::net::SocketAddr) -> Load {
    Load { to, sessions: effort.sessions, messages: effort.messages }
}

fn run(sink: &Sink, load: Load, processor: impl Fn() -> Result<Duration>) -> Result<Pace> {
    // Warm: processes forked, pages mapped, connections known.
    load::send(Load { messages: load.sessions, ..load })?;
    sink.wait_for(load.sessions, ARRIVAL_TIME_MAX)?;
    let before = processor()?;
    let sent = load::send(load)?;
    let arrived = sink.wait_for(load.sessions + load.messages, ARRIVAL_TIME_MAX)?;
    let used = processor()?.saturating_sub(before);
    Ok(Pace {
        accepted: per_second(load.messages, sent.time),
        end_to_end: per_second(load.messages, arrived.duration_since(sent.begun)),
        processor_us: used.as_secs_f64() * 1e6 / load.messages as f64,
    })
}

fn per_second(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}
