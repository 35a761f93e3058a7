//! A fuzz harness on stable Rust: seeds of our own, mutated for a while, each result looked at.
//!
//! A target says what came of an input as a number (its *trait*): an input with a trait that was not
//! seen before joins the seeds, so the search goes where something new happens. A panic, an input
//! that takes too long three times in a row, and memory that grows are findings: the input is
//! written to a file, and the test fails with its name.
//!
//! `POSTHOUSE_FUZZ_SECONDS` says how long; without it a few thousand inputs of a fixed sequence are
//! tried, the same each time. `POSTHOUSE_FUZZ_SEED` repeats a long run's sequence.

use std::collections::BTreeSet;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime};

/// Inputs of a short run, where no time is given.
const SHORT_RUN_INPUTS: u64 = 1500;

/// Longest input that is made, in bytes: well above every limit that a target has for a small file.
const INPUT_BYTES_MAX: usize = 200 * 1024;

/// Seeds that are kept at most; beyond, a new one takes the place of another.
const SEEDS_MAX: usize = 4000;

/// Memory that a run may take, in KiB. The targets hold far less; what leaks passes it soon.
const MEMORY_KIB_MAX: u64 = 768 * 1024;

/// One thing that is fuzzed.
pub(crate) struct Target<'a> {
    /// Its name, for reports and files.
    pub(crate) name: &'a str,
    /// Where to begin.
    pub(crate) seeds: Vec<Vec<u8>>,
    /// Longest processor time for one input.
    pub(crate) time_max: Duration,
    /// Runs one input, and gives its trait.
    pub(crate) run: &'a dyn Fn(&[u8]) -> u64,
}

/// The trait of whatever can be hashed.
pub(crate) fn trait_of(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Fuzzes.
pub(crate) fn fuzz(target: Target<'_>) {
    let seconds = std::env::var("POSTHOUSE_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
    let given = std::env::var("POSTHOUSE_FUZZ_SEED").ok().and_then(|text| text.parse().ok());
    let clock = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let fixed = 0x0705_7456_u64;
    let seed: u64 =
        given.unwrap_or(if seconds.is_some() { clock.as_nanos() as u64 } else { fixed });
    let until = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let mut random = Random(seed | 1);
    let mut seeds = target.seeds.clone();
    let mut traits = BTreeSet::new();
    for seed in &target.seeds {
        traits.insert(attempt(&target, seed));
    }
    let (mut count, mut slowest) = (0_u64, Duration::ZERO);
    while until.map_or(count < SHORT_RUN_INPUTS, |until| Instant::now() < until) {
        let input = mutated(&seeds, &mut random);
        let start = spent();
        let found = attempt(&target, &input);
        slowest = slowest.max(spent().saturating_sub(start));
        count += 1;
        if traits.insert(found) {
            if seeds.len() < SEEDS_MAX {
                seeds.push(input);
            } else {
                let place = target.seeds.len() + random.below(SEEDS_MAX - target.seeds.len());
                seeds[place] = input;
            }
        }
        if count.is_multiple_of(512) {
            let memory = memory_kib();
            assert!(memory < MEMORY_KIB_MAX, "{}: {memory} KiB of memory", target.name);
        }
    }
    println!(
        "fuzz {}: {count} inputs, {} traits, slowest {} ms, {} MiB at most, seed {seed}",
        target.name,
        traits.len(),
        slowest.as_millis(),
        memory_kib() / 1024
    );
}

/// Runs one input, and fails with the file that holds it where it does harm.
fn attempt(target: &Target<'_>, input: &[u8]) -> u64 {
    for _ in 0..3 {
        let start = spent();
        match catch_unwind(AssertUnwindSafe(|| (target.run)(input))) {
            Ok(found) if spent().saturating_sub(start) < target.time_max => return found,
            // Whatever holds one run up does not hold up three.
            Ok(_) => {}
            Err(_) => panic!("{}: a panic; the input is {}", target.name, keep(target, input)),
        }
    }
    panic!(
        "{}: longer than {:?}; the input is {}",
        target.name,
        target.time_max,
        keep(target, input)
    )
}

fn keep(target: &Target<'_>, input: &[u8]) -> String {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz-findings");
    let file: PathBuf = folder.join(format!("{}-{:016x}", target.name, trait_of(input)));
    let written = fs::create_dir_all(&folder).and_then(|()| fs::write(&file, input));
    written.map_or_else(|error| error.to_string(), |()| file.display().to_string())
}

/// Processor time of this thread, so that a loaded machine makes no finding; where the system does
/// not say, time by the clock.
fn spent() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    let said = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = said.split(' ').next().and_then(|number| number.parse().ok());
    nanoseconds.map_or_else(|| START.get_or_init(Instant::now).elapsed(), Duration::from_nanos)
}

/// The most memory that this process ever had, in KiB; 0 where the system does not say.
fn memory_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

/// A xorshift generator (Marsaglia 2003): the same sequence from the same start.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Below `bound`; 0 where that is 0.
    fn below(&mut self, bound: usize) -> usize {
        (self.next() >> 11) as usize % bound.max(1)
    }

    /// Below `seldom` once in so many times, below `mostly` else.
    fn now_and_then(&mut self, times: usize, seldom: usize, mostly: usize) -> usize {
        let bound = if self.below(times) == 0 { seldom } else { mostly };
        self.below(bound)
    }
}

fn mutated(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut input = seeds[random.below(seeds.len())].clone();
    let times = 1 + random.now_and_then(4, 24, 4);
    for _ in 0..times {
        mutate(&mut input, seeds, random);
    }
    input.truncate(INPUT_BYTES_MAX);
    input
}

fn mutate(input: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut Random) {
    const TELLING: [u8; 16] = [
        0, 1, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xff, b'\n', b'\r', b'"', b',', b'<', b'-', b'%', b' ',
    ];
    let at = random.below(input.len() + 1);
    let length = 1 + random.now_and_then(3, 600, 12);
    let end = (at + length).min(input.len());
    match random.below(11) {
        0 if at < input.len() => input[at] ^= 1 << random.below(8),
        1 if at < input.len() => input[at] = TELLING[random.below(TELLING.len())],
        2 if at < input.len() => input[at] = random.next() as u8,
        3 => drop(input.drain(at..end)),
        4 => {
            // A block once more, here or elsewhere, once or often.
            let block = input[at..end].to_vec();
            let often = if random.below(8) == 0 { 1 + random.below(200) } else { 1 };
            let to = random.below(input.len() + 1);
            if input.len() + block.len() * often < INPUT_BYTES_MAX {
                input.splice(to..to, block.repeat(often));
            }
        }
        5 => {
            let other = &seeds[random.below(seeds.len())];
            let from = random.below(other.len() + 1);
            let part = &other[from..(from + length * 20).min(other.len())];
            input.splice(at..end, part.iter().copied());
        }
        6 => input.truncate(at),
        7 => element(input, random),
        8 => line(input, seeds, random),
        9 => {
            let noise: Vec<u8> = (0..length.min(40)).map(|_| random.next() as u8).collect();
            input.splice(at..at, noise);
        }
        _ => {
            let digits = random.next().to_string();
            let digits = &digits[..1 + random.below(digits.len())];
            input.splice(at..end.min(at + digits.len()), digits.bytes());
        }
    }
}

/// Takes what may be a DER element, and takes it out, doubles it, empties it, or lets it lie about
/// its length.
fn element(input: &mut Vec<u8>, random: &mut Random) {
    const TAGS: [u8; 14] = [1, 2, 3, 4, 5, 6, 0x0c, 0x13, 0x17, 0x30, 0x31, 0xa0, 0xa3, 0x86];
    if input.len() < 4 {
        return;
    }
    let from = random.below(input.len() - 3);
    let Some(start) = (from..input.len() - 3).find(|&at| TAGS.contains(&input[at])) else { return };
    // Short form, or one or two octets of length (X.690 section 8.1.3).
    let (head, length) = match input[start + 1] {
        short if short < 0x80 => (2, usize::from(short)),
        0x81 => (3, usize::from(input[start + 2])),
        0x82 => (4, usize::from(input[start + 2]) << 8 | usize::from(input[start + 3])),
        _ => return,
    };
    let end = (start + head + length).min(input.len());
    match random.below(5) {
        0 => drop(input.drain(start..end)),
        1 => {
            let whole = input[start..end].to_vec();
            let often = 1 + random.now_and_then(6, 100, 2);
            if input.len() + whole.len() * often < INPUT_BYTES_MAX {
                input.splice(end..end, whole.repeat(often));
            }
        }
        2 => drop(input.splice(start + 1..end, [0])),
        3 => input[start] = TAGS[random.below(TAGS.len())],
        _ => input[start + 1] = random.next() as u8,
    }
}

/// Takes a line, and takes it out, doubles it, or puts one of another seed in its place.
fn line(input: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut Random) {
    let bounds = |bytes: &[u8], at: usize| {
        let start =
            bytes[..at].iter().rposition(|&byte| byte == b'\n').map_or(0, |place| place + 1);
        let rest = bytes[at..].iter().position(|&byte| byte == b'\n');
        (start, rest.map_or(bytes.len(), |place| at + place + 1))
    };
    let (start, end) = bounds(input, random.below(input.len() + 1));
    let whole = input[start..end].to_vec();
    match random.below(3) {
        0 => drop(input.drain(start..end)),
        1 => {
            let often = 1 + random.now_and_then(6, 300, 2);
            if input.len() + whole.len() * often < INPUT_BYTES_MAX {
                input.splice(end..end, whole.repeat(often));
            }
        }
        _ => {
            let other = &seeds[random.below(seeds.len())];
            let (from, to) = bounds(other, random.below(other.len() + 1));
            input.splice(start..end, other[from..to].iter().copied());
        }
    }
}
