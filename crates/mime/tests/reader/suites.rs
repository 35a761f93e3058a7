//! stub
use crate::other::{Agreement, compare};
#[test]
fn corpus() {
    let Ok(root) = std::env::var("MIME_EXPERIMENT") else { return };
    let mut counts = std::collections::BTreeMap::new();
    for root in root.split(':') {
        for entry in walk(std::path::Path::new(root)) {
            let octets = std::fs::read(&entry).unwrap();
            let agreement = compare(&octets);
            let name = match &agreement {
                Agreement::Same => "same",
                Agreement::InUnion => "union",
                Agreement::Told(_) => "told",
                Agreement::Silent(_) => "silent",
            };
            *counts.entry(name).or_insert(0) += 1;
            if matches!(agreement, Agreement::Silent(_) | Agreement::Told(_)) {
                println!("{} {agreement:?}", entry.display());
            }
        }
    }
    println!("{counts:?}");
}
fn walk(path: &std::path::Path) -> Vec<std::path::PathBuf> {
    let Ok(folder) = std::fs::read_dir(path) else { return vec![path.to_owned()] };
    let mut inside: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
    inside.sort();
    inside.iter().flat_map(|path| walk(path)).collect()
}
