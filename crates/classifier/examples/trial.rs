//! Experiments on a corpus: `trial CORPUS`. Not part of the product.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]
use posthouse_classifier::{Label, Model, Trainer, bulk_level, classify};
use posthouse_mime::Reading;
use std::collections::BTreeMap;
use std::time::Instant;

struct Mail {
    label: u8,
    source: String,
    file: String,
    ts: i64,
    group: u64,
    reading: Reading,
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let corpus = &args[1];
    let mode = args.get(2).map_or("dev", String::as_str).to_owned();
    let all = load(corpus, "train");
    let dev = load(corpus, "dev");
    eprintln!("loaded {} {}", all.len(), dev.len());
    let (learn, test): (Vec<&Mail>, Vec<&Mail>) = match mode.as_str() {
        "future" => {
            let mut by: BTreeMap<(&str, u8), Vec<i64>> = BTreeMap::new();
            for m in all.iter().chain(&dev) {
                by.entry((&m.source, m.label)).or_default().push(m.ts);
            }
            for v in by.values_mut() {
                v.sort();
            }
            all.iter().chain(&dev).partition(|m| {
                let v = &by[&(m.source.as_str(), m.label)];
                m.ts <= v[v.len() * 4 / 5]
            })
        }
        "cv" => all.iter().chain(&dev).partition(|m| m.group % 3 != 0),
        _ => (all.iter().collect(), dev.iter().collect()),
    };
    let t = Instant::now();
    let mut trainer = Trainer::new();
    for m in &learn {
        trainer.add(Label::ALL[m.label as usize].0, &m.reading);
    }
    eprintln!("features in {:?}", t.elapsed());
    let model = trainer.finish(|_, _| ());
    eprintln!("trained in {:?}", t.elapsed());
    let bytes = model.to_bytes();
    if let Some(out) = args.iter().find_map(|a| a.strip_prefix("out=")) {
        std::fs::write(out, &bytes).unwrap();
    }
    let t = Instant::now();
    let model = Model::from_bytes(&bytes).unwrap();
    eprintln!(
        "model {} bytes, {} weights, loaded in {:?}",
        bytes.len(),
        model.weights(),
        t.elapsed()
    );
    let t = Instant::now();
    let got: Vec<_> = test.iter().map(|m| classify(&model, &m.reading)).collect();
    eprintln!("{:?} a message", t.elapsed() / test.len() as u32);
    report(
        &mode,
        &test,
        &got.iter().map(|c| c.bad).collect::<Vec<_>>(),
        args.iter().any(|a| a == "worst"),
    );
    report("phish", &test, &got.iter().map(|c| c.phish).collect::<Vec<_>>(), false);
    bulk(&test, &got.iter().map(|c| c.bulk).collect::<Vec<_>>());
    for (name, uniform) in [("stored", false), ("uniform", true)] {
        let mut hits = [[0usize; 10]; 4];
        for (m, c) in test.iter().zip(&got) {
            let level = if uniform {
                bulk_level(&Reading::default(), c.bulk)
            } else {
                bulk_level(&m.reading, c.bulk)
            };
            hits[m.label as usize][level as usize] += 1;
        }
        for (h, n) in hits.iter().zip(["ham", "bulk", "spam", "phish"]) {
            let all: usize = h.iter().sum();
            println!(
                "BCL {name} {n}: >=4 {:.2}% {:?}",
                100.0 * h[4..].iter().sum::<usize>() as f64 / all as f64,
                h
            );
        }
    }
    let sized: Vec<&&Mail> = test
        .iter()
        .filter(|m| {
            m.reading.parts.iter().any(|p| {
                p.media_type == "text/html"
                    && p.text().is_some_and(|t| (8000..12000).contains(&t.len()))
            })
        })
        .collect();
    let t = Instant::now();
    for m in &sized {
        std::hint::black_box(classify(&model, &m.reading));
    }
    println!(
        "html of about 10 kB: {} mails, {:?} each",
        sized.len(),
        t.elapsed() / sized.len().max(1) as u32
    );
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
    manifest
        .lines()
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
            let mut hash = 5381_u64;
            for b in field(line, "group").bytes() {
                hash = hash.wrapping_mul(33) ^ u64::from(b);
            }
            Mail {
                label,
                source: field(line, "source"),
                file: path,
                ts: field(line, "ts").parse().unwrap_or(0),
                group: hash >> 8,
                reading,
            }
        })
        .collect()
}

fn report(name: &str, dev: &[&Mail], scores: &[f32], worst: bool) {
    let mut ham: Vec<(f32, &Mail)> =
        dev.iter().zip(scores).filter(|(m, _)| m.label == 0).map(|(m, s)| (*s, *m)).collect();
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

fn bulk(dev: &[&Mail], scores: &[f32]) {
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
