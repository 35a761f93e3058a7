//! What the system knows of a process: its processor time, its memory, how many files it may open.
//!
//! May touch: `/proc` and this process's own limits.

use std::fs;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::Result;

/// The unit of times in `/proc`: a hundredth of a second on every Linux.
const TICK: Duration = Duration::from_millis(10);

/// What `/proc/PID/stat` says, as far as it is asked here.
struct Stat {
    parent: u32,
    /// Of the process itself.
    own: Duration,
    /// Of its children that ended and were waited for.
    of_ended_children: Duration,
}

fn stat(process: u32) -> Result<Stat> {
    let text = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name in brackets may hold anything; what follows it is numbers.
    let rest = text.rsplit_once(") ").map(|(_, rest)| rest).ok_or("a process without a name")?;
    let fields: Vec<&str> = rest.split(' ').collect();
    let field = |place: usize| -> Result<u64> {
        Ok(fields.get(place).ok_or("too few fields in /proc")?.parse()?)
    };
    let ticks = |ticks: u64| TICK * u32::try_from(ticks).unwrap_or(u32::MAX);
    Ok(Stat {
        parent: u32::try_from(field(1)?)?,
        own: ticks(field(11)? + field(12)?),
        of_ended_children: ticks(field(13)? + field(14)?),
    })
}

/// Processor time of a process, user's and system's, to a hundredth of a second.
pub(crate) fn processor_time(process: u32) -> Result<Duration> {
    Ok(stat(process)?.own)
}

/// Processor time of a process and all its children, those that have ended too.
pub(crate) fn processor_time_of_family(parent: u32) -> Result<Duration> {
    let own = stat(parent)?;
    let mut all = own.own + own.of_ended_children;
    for entry in fs::read_dir("/proc")?.flatten() {
        let Some(Ok(process)) = entry.file_name().to_str().map(str::parse::<u32>) else { continue };
        // A child that ends just now is found in its parent's sum the next time.
        if let Ok(child) = stat(process)
            && child.parent == parent
        {
            all += child.own + child.of_ended_children;
        }
    }
    Ok(all)
}

/// Resident memory of a process, in KiB.
pub(crate) fn resident_kib(process: u32) -> Result<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// Lets this process and its children open so many files; gives how many they may.
pub(crate) fn allow_open_files(wanted: u64) -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let enough = |limit: Option<u64>| limit.is_none_or(|limit| limit >= wanted);
    if enough(limit.current) {
        return wanted;
    }
    // Raising the hard limit is root's right; without it the soft one goes as far as it may.
    let maximum = if enough(limit.maximum) { limit.maximum } else { Some(wanted) };
    if setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum }).is_ok() {
        return wanted;
    }
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    getrlimit(Resource::Nofile).current.unwrap_or(wanted)
}

/// The machine in a few words: processors, memory, disk.
pub(crate) fn machine() -> String {
    let read = |file: &str, key: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(key)).unwrap_or_default();
        line.split_once(':').map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    };
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let memory = read("/proc/meminfo", "MemTotal");
    let kib: u64 = memory.trim_end_matches(" kB").parse().unwrap_or(0);
    let model = read("/proc/cpuinfo", "model name");
    format!("{processors} processors ({model}), {} GiB of memory", kib / (1024 * 1024))
}
