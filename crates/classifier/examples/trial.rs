//! Experiments on a corpus: `trial CORPUS`. Not part of the product.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]
use posthouse_classifier::trial::{self, Config, Mail};
use std::collections::BTreeMap;
use std::time::Instant;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let corpus = &args[1];
    let opt = |name: &str, default: f32| {
        args.iter()
            .find_map(|a| a.strip_prefix(&format!("{name}=")).map(|v| v.parse().unwrap()))
            .unwrap_or(default)
    };
    let t = Instant::now();
    let train = load(corpus, "train");
    let dev = load(corpus, "dev");
    eprintln!("loaded {} {} in {:?}", train.len(), dev.len(), t.elapsed());
    let t = Instant::now();
    let mut settings = posthouse_classifier::trial::settings();
    settings.epochs = opt("epochs", 8.0) as usize;
    settings.rate = opt("rate", 0.3);
    settings.power = opt("power", 0.5);
    settings.decay = opt("decay", 0.0);
    for g in 0..8 {
        settings.gains[g] = opt(&format!("g{g}"), 1.0);
    }
    let config = Config {
        bits: opt("bits", 20.0) as u32,
        df: opt("df", 2.0) as u16,
        settings,
        bulk_weight: opt("bulk", 0.3),
        spam_weight: 1.0,
    };
    let scores = trial::run(&train, &dev, &config);
    eprintln!("trained in {:?}", t.elapsed());
    let s: Vec<f32> = scores.iter().map(|s| s[0]).collect();
    report("bad", &dev, &s, true);
    let s: Vec<f32> = scores.iter().map(|s| s[2]).collect();
    bulk(&dev, &s);
}

fn load(corpus: &str, part: &str) -> Vec<Mail> {
    let manifest = std::fs::read_to_string(format!("{corpus}/manifest.{part}.jsonl")).unwrap();
    let field = |line: &str, name: &str| -> String {
        let key = format!("\"{name}\": ");
        let at = line.find(&key).unwrap() + key.len();
        let rest = &line[at..];
        if let Some(r) = rest.strip_prefix('"') {
            r.split('"').next().unwrap().to_owned()
        } else {
            rest.split([',', '}']).next().unwrap().to_owned()
        }
    };
    let lines: Vec<&str> = manifest.lines().collect();
    let halves: Vec<&[&str]> = lines.chunks(lines.len().div_ceil(2)).collect();
    let mut all = Vec::new();
    std::thread::scope(|scope| {
        let handles: Vec<_> = halves
            .iter()
            .map(|half| {
                scope.spawn(move || {
                    half.iter()
                        .map(|line| {
                            let path = field(line, "path");
                            let label = match field(line, "label").as_str() {
                                "ham" => 0,
                                "bulk" => 1,
                                "spam" => 2,
                                _ => 3,
                            };
                            let raw = std::fs::read(format!("{corpus}/{path}")).unwrap();
                            let reading = posthouse_mime::read(&raw, &Default::default());
                            trial::mail(
                                label,
                                field(line, "source"),
                                path,
                                field(line, "ts").parse().unwrap_or(0),
                                &reading,
                            )
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        for h in handles {
            all.extend(h.join().unwrap());
        }
    });
    all
}

fn report(name: &str, dev: &[Mail], scores: &[f32], worst: bool) {
    let mut ham: Vec<(f32, &Mail)> =
        dev.iter().zip(scores).filter(|(m, _)| m.label == 0).map(|(m, s)| (*s, m)).collect();
    ham.sort_by(|a, b| b.0.total_cmp(&a.0));
    print!("{name}:");
    for fpr in [0.0005, 0.001, 0.002, 0.005, 0.01] {
        let allowed = (ham.len() as f64 * fpr) as usize;
        let t = ham[allowed].0;
        let share = |label: u8| {
            let v: Vec<_> = dev.iter().zip(scores).filter(|(m, _)| m.label == label).collect();
            100.0 * v.iter().filter(|(_, s)| **s > t).count() as f64 / v.len() as f64
        };
        print!(
            "  [{:.2}% t={t:.2} spam {:.1} phish {:.1} bulk {:.1}]",
            fpr * 100.0,
            share(2),
            share(3),
            share(1)
        );
    }
    println!();
    let t = ham[(ham.len() as f64 * 0.001) as usize].0;
    let mut by: BTreeMap<(String, u8), (usize, usize)> = BTreeMap::new();
    for (m, s) in dev.iter().zip(scores) {
        let e = by.entry((m.source.clone(), m.label)).or_default();
        e.1 += 1;
        e.0 += usize::from(*s > t);
    }
    for ((source, label), (hit, n)) in &by {
        print!(" {source}/{}:{hit}/{n}", ["ham", "bulk", "spam", "phish"][*label as usize]);
    }
    println!();
    if worst {
        for (s, m) in ham.iter().take(14) {
            println!("   {s:.2} {} {}", m.source, m.file);
        }
    }
}

fn bulk(dev: &[Mail], scores: &[f32]) {
    let mut ham: Vec<f32> =
        dev.iter().zip(scores).filter(|(m, _)| m.label == 0).map(|(_, s)| *s).collect();
    ham.sort_by(|a, b| b.total_cmp(a));
    let t = ham[ham.len() / 100];
    let b: Vec<_> = dev.iter().zip(scores).filter(|(m, _)| m.label == 1).collect();
    println!(
        "bulk at 1% ham: {:.1}",
        100.0 * b.iter().filter(|(_, s)| **s > t).count() as f64 / b.len() as f64
    );
}
