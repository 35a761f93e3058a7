//! The public suites of odd messages: mime4j, MIME-tools, mail-parser, mikel/mail and MimeKit.
//!
//! They are not ours, so that they are no part of this repository: `POSTHOUSE_CORPUS` names their
//! folder, `../shared/corpus` beside the checkout is looked at without it. Each difference from an
//! expected tree is listed here and explained in `docs/mime.md`; one that is not fails the test.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use posthouse_mime::{MimeLimits, Origin, Reading, read};
use serde_json::Value;

use crate::other::{Agreement, Leaf, compare_with, theirs};

/// Where the suites are unpacked; none where they cannot be had.
static SUITES: LazyLock<Option<PathBuf>> = LazyLock::new(unpack);

fn unpack() -> Option<PathBuf> {
    let corpus = std::env::var_os("POSTHOUSE_CORPUS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
        PathBuf::from,
    );
    let archive = corpus.join("suites.tar.zst");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mime-suites");
    if !archive.exists() {
        return not_run("the corpus of public suites is not here (POSTHOUSE_CORPUS)");
    }
    std::fs::create_dir_all(&folder).unwrap();
    let mut tar = Command::new("tar");
    tar.args(["--use-compress-program", "zstd -dq --long=27", "-xf"]).arg(archive);
    tar.arg("-C").arg(&folder).args(["suites/mime", "suites/malware"]);
    let Ok(status) = tar.status() else { return not_run("zstd or tar is not installed") };
    assert!(status.success());
    Some(folder.join("suites"))
}

/// Leaves a file that `make test` counts and names.
fn not_run(why: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("not-run");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("mime_suites"), why).unwrap();
    None
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return vec![folder.to_owned()] };
    let mut inside: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    inside.sort();
    inside.iter().flat_map(|path| files(path)).collect()
}

/// The files of a suite whose names end so, by the name that they are listed under.
fn named(folder: &str, ending: &str) -> Vec<(String, PathBuf)> {
    let Some(suites) = &*SUITES else { return Vec::new() };
    let all = files(&suites.join(folder)).into_iter();
    let some = all.filter(|path| path.to_string_lossy().ends_with(ending));
    some.map(|path| {
        let name = path.strip_prefix(suites).unwrap().to_string_lossy().into_owned();
        (name.trim_end_matches(ending).to_owned(), path)
    })
    .collect()
}

fn read_file(path: &Path) -> Reading {
    read(&std::fs::read(path).unwrap(), &MimeLimits::default())
}

/// Fails on differences that are not listed, and on listed ones that are none any more.
fn assert_differences(found: Vec<String>, listed: &[&str]) {
    let found: BTreeSet<String> = found.into_iter().collect();
    let listed: BTreeSet<String> = listed.iter().map(|name| (*name).to_owned()).collect();
    if SUITES.is_some() {
        assert_eq!(found, listed);
    }
}

#[test]
fn mim_04_every_file_of_the_suites_is_read() {
    for (name, path) in named("mime", "") {
        let reading = read_file(&path);
        assert!(!reading.parts.is_empty(), "{name}");
    }
}

#[test]
fn mim_04_mail_parser_s_expected_parts_are_in_our_union() {
    let mut same = 0;
    let mut found = Vec::new();
    for (name, path) in named("mime/stalwart", ".json") {
        let expected: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let mut leaves = Vec::new();
        expected_leaves(&expected, &mut leaves, 0);
        let (is_crlf, base) = match name.strip_suffix(".crlf") {
            Some(base) => (true, base),
            None => (false, name.as_str()),
        };
        let message = SUITES.as_ref().unwrap().join(format!("{base}.eml"));
        let mut octets = std::fs::read(message).unwrap();
        if is_crlf {
            let text: Vec<u8> = octets.into_iter().filter(|octet| *octet != b'\r').collect();
            octets = text.split(|octet| *octet == b'\n').collect::<Vec<_>>().join(&b"\r\n"[..]);
        }
        match compare_with(&octets, &leaves) {
            Agreement::Same => same += 1,
            Agreement::InUnion => {}
            Agreement::Told(what) | Agreement::Silent(what) => found.push(format!("{name} {what}")),
        }
    }
    println!("mail-parser: {same} same, {} not in the union", found.len());
    let names = found.iter().map(|line| line.split(' ').next().unwrap().to_owned());
    println!("{}", found.join("\n"));
    assert_differences(names.collect(), MAIL_PARSER);
}

fn expected_leaves(message: &Value, leaves: &mut Vec<Leaf>, depth: usize) {
    for part in message["parts"].as_array().unwrap() {
        let header = part["headers"].as_array().unwrap().iter().rev();
        let kind = header.clone().find(|field| field["name"] == "content_type");
        let kind = kind.map(|field| &field["value"]["ContentType"]);
        let media_type = kind.and_then(|kind| {
            let subtype = kind["c_subtype"].as_str().unwrap_or("");
            Some(format!("{}/{subtype}", kind["c_type"].as_str()?).to_ascii_lowercase())
        });
        let media_type = media_type.unwrap_or_else(|| "text/plain".to_owned());
        let body = &part["body"];
        if let Some(text) = body["Text"].as_str().or(body["Html"].as_str()) {
            leaves.push(Leaf::new(&media_type, text));
        } else if let Some(octets) = body["Binary"].as_array().or(body["InlineBinary"].as_array()) {
            let octets: Vec<u8> =
                octets.iter().map(|octet| u8::try_from(octet.as_u64().unwrap()).unwrap()).collect();
            leaves.push(Leaf::new(&media_type, &String::from_utf8_lossy(&octets)));
        } else if body["Message"].is_object() && depth < 20 {
            expected_leaves(&body["Message"], leaves, depth + 1);
        }
    }
}

/// For a folder of mail on the machine of whoever works on the reader: `POSTHOUSE_MAIL` names it.
#[test]
fn real_mail_is_read_as_mail_parser_reads_it() {
    let Some(folder) = std::env::var_os("POSTHOUSE_MAIL") else { return };
    let mut counts = [0; 4];
    for path in files(Path::new(&folder)) {
        let octets = std::fs::read(&path).unwrap();
        let agreement = compare_with(&octets, &theirs(&octets));
        counts[match agreement {
            Agreement::Same => 0,
            Agreement::InUnion => 1,
            Agreement::Told(_) => 2,
            Agreement::Silent(_) => 3,
        }] += 1;
        if matches!(agreement, Agreement::Silent(_)) {
            println!("{} {agreement:?}", path.display());
        }
    }
    println!("same, in the union, told, silent: {counts:?}");
}

#[test]
fn mim_04_mime4j_s_expected_trees_are_ours() {
    let mut same = 0;
    let mut found = Vec::new();
    for folder in ["mime/mime4j", "mime/mime4j-mimetools"] {
        for (name, path) in named(folder, ".msg") {
            let expected = path.with_extension("xml");
            let Ok(expected) = std::fs::read(&expected) else { continue };
            let expected = shape_of_xml(&String::from_utf8_lossy(&expected));
            let reading = read_file(&path);
            let mut ours = String::new();
            shape(&reading, 0, &mut ours);
            if ours == expected {
                same += 1;
            } else {
                println!("{name}: theirs {expected} ours {ours} {:?}", reading.findings);
                found.push(name);
            }
        }
    }
    println!("mime4j: {same} same, {} differ", found.len());
    assert_differences(found, MIME4J);
}

/// `b` for a body, brackets for a multipart, braces for a message.
fn shape(reading: &Reading, index: usize, out: &mut String) {
    let children: Vec<usize> = (index + 1..reading.parts.len())
        .filter(|child| reading.parts[*child].parent == Some(index))
        .filter(|child| reading.parts[*child].origin == Origin::Standard)
        .collect();
    let media_type = &reading.parts[index].media_type;
    let is_message = media_type.starts_with("message/");
    if children.is_empty() && !media_type.starts_with("multipart/") {
        out.push('b');
        return;
    }
    out.push(if is_message { '{' } else { '[' });
    children.into_iter().for_each(|child| shape(reading, child, out));
    out.push(if is_message { '}' } else { ']' });
}

fn shape_of_xml(xml: &str) -> String {
    let mut out = String::new();
    let mut depth = 0;
    for tag in xml.split('<').skip(1).filter_map(|tag| tag.split('>').next()) {
        match tag {
            "message" => {
                out.push_str(if depth > 0 { "{" } else { "" });
                depth += 1;
            }
            "/message" => {
                depth -= 1;
                out.push_str(if depth > 0 { "}" } else { "" });
            }
            "multipart" => out.push('['),
            "/multipart" => out.push(']'),
            "body" => out.push('b'),
            _ => {}
        }
    }
    out
}

#[test]
fn mim_07_mimekit_s_packages_are_unpacked() {
    let mut found = Vec::new();
    for (name, path) in named("mime/mimekit-tnef", ".tnef") {
        let list = std::fs::read_to_string(path.with_extension("list")).unwrap_or_default();
        let package = std::fs::read(&path).unwrap();
        let mut message = b"Content-Type: application/ms-tnef\n\n".to_vec();
        message.extend(package);
        let reading = read(&message, &MimeLimits::default());
        let names: Vec<_> = reading.parts.iter().flat_map(|part| &part.names).collect();
        let missing: Vec<_> = list
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with("body."))
            .filter(|line| !names.iter().any(|name| name.eq_ignore_ascii_case(line)))
            .collect();
        if !missing.is_empty() {
            println!("{name}: {missing:?} not in {names:?} {:?}", reading.findings);
            found.push(name);
        }
    }
    assert_differences(found, MIMEKIT_TNEF);
}

#[test]
fn mim_05_the_test_file_of_the_malware_suite_is_found() {
    let needle = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$", "EICAR-STANDARD-"].concat();
    for name in [
        "attached-message",
        "b64-early-pad",
        "b64-junk",
        "body-plain",
        "cte-case",
        "double-ext",
        "dup-boundary",
        "dup-cte",
        "epilogue",
        "no-close",
        "plain",
        "qp",
        "rlo",
        "txt",
        "uuencode",
    ] {
        let Some(suites) = &*SUITES else { return };
        let reading = read_file(&suites.join(format!("malware/{name}.eml")));
        let mut bodies = reading.leaves().flat_map(|part| &part.bodies);
        let holds = bodies.any(|body| String::from_utf8_lossy(&body.bytes).contains(&needle));
        assert!(holds, "{name}");
    }
}

/// Not in our union, though mail-parser expects it.
const MAIL_PARSER: &[&str] = &[];

/// Of another shape than mime4j expects.
const MIME4J: &[&str] = &[
    // A boundary with blanks at its end: RFC 2046 5.1.1 forbids them, so that we compare without.
    "mime/mime4j/very-long-boundary",
    "mime/mime4j/very-very-long-boundary",
    "mime/mime4j/weird-boundary",
];

/// Packages with names that we do not find.
const MIMEKIT_TNEF: &[&str] = &[
    // MimeKit makes up the name "Untitled Attachment" for messages inside that have none.
    "mime/mimekit-tnef/christmas",
];
