//! True types before names.

use posthouse_attachment::{DEFAULT_BLOCKED_TYPES, blocked_types};

use crate::samples::sample;
use crate::{found, has, make, of, typed};

#[test]
fn arc_09_each_of_the_53_types_is_known_by_content_under_a_false_extension() {
    for file_type in DEFAULT_BLOCKED_TYPES {
        for name in ["holiday.txt", "holiday.jpg", "holiday"] {
            let found = found(name, &sample(file_type));
            // The policy that lists only this one type blocks it.
            let blocked = blocked_types(&found, &[file_type]);
            let blocked =
                blocked.unwrap_or_else(|| panic!("{file_type} as {name}: {:?}", found.items));
            assert!(blocked.by_content, "{file_type}");
            assert!(blocked_types(&found, &DEFAULT_BLOCKED_TYPES).is_some(), "{file_type}");
        }
    }
}

#[test]
fn arc_09_each_of_the_53_types_is_known_three_archives_deep() {
    for file_type in DEFAULT_BLOCKED_TYPES {
        let inner = make::tar(&[("holiday.txt", &sample(file_type))]);
        let middle = make::gzip(&inner);
        let outer = make::zip(&[("photos.tar.gz", &middle)]);
        let found = found("photos.zip", &outer);
        let blocked = blocked_types(&found, &[file_type]);
        let blocked = blocked.unwrap_or_else(|| panic!("{file_type}: {:?}", found.items));
        assert!(blocked.by_content, "{file_type}");
        let item = found.items.iter().find(|item| item.names == ["holiday.txt"]).unwrap();
        assert_eq!(item.path, ["photos.zip", "photos.tar.gz", "photos.tar"]);
        assert!(item.sha256_hex().unwrap().len() == 64);
    }
}

#[test]
fn arc_09_each_of_the_53_types_is_known_by_its_extension_alone() {
    for file_type in DEFAULT_BLOCKED_TYPES {
        let found =
            found(&format!("A.{}", file_type.to_uppercase()), b"\x01\x02 nothing known \xfe");
        let blocked = blocked_types(&found, &DEFAULT_BLOCKED_TYPES).unwrap();
        assert_eq!((blocked.file_type.as_str(), blocked.by_content), (file_type, false));
    }
}

#[test]
fn everyday_files_are_not_blocked_and_say_nothing() {
    let docx = make::zip(&[
        ("[Content_Types].xml", b"<Types><Override ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml\"/></Types>".as_slice()),
        ("_rels/.rels", b"<Relationships/>"),
        ("word/document.xml", b"<?xml version=\"1.0\"?><w:document>Dear all, see DDE in the text</w:document>"),
    ]);
    let files: &[(&str, &str, &[u8])] = &[
        ("a.txt", "text/plain", b"Let us know (soon);\nfor next week,\nset the table and start.\nvar is short for variance;\nCopy the file.\n"),
        ("report.docx", "application/octet-stream", &docx),
        ("photo.jpg", "image/jpeg", b"\xff\xd8\xff\xe0\0\x10JFIF\0"),
        ("photo.JPG", "image/png", b"\x89PNG\r\n\x1a\n"),
        ("MZ.txt", "text/plain", b"MZ is short for Mark Zbikowski."),
        ("data.csv", "text/csv", b"name;sum\n-5;=1+2\n"),
        ("invite.ics", "text/calendar", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"),
        ("paper.pdf", "application/pdf", b"%PDF-1.4\n1 0 obj<</Type/Catalog/OpenAction[3 0 R/Fit]>>endobj\n"),
        ("mail.html", "text/html", b"<!DOCTYPE html><html><body><p>Hello</p></body></html>"),
        ("key.asc", "application/pgp-keys", b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n"),
        ("patch.diff", "text/x-patch", b"--- a/x.c\n+++ b/x.c\n@@ -1 +1 @@\n-int a;\n+int b;\n"),
    ];
    for (name, media_type, bytes) in files {
        let found = of(&typed(name, media_type, bytes));
        assert!(found.findings.is_empty(), "{name}: {:?}", found.findings);
        assert!(blocked_types(&found, &DEFAULT_BLOCKED_TYPES).is_none(), "{name}");
        assert!(found.is_complete, "{name}");
    }
}

#[test]
fn a_program_under_a_document_s_name_is_certain() {
    assert!(has(&found("invoice.pdf", &sample("exe")), "disguised-program"));
    assert!(has(&of(&typed("a", "image/png", &sample("exe"))), "media-type-mismatch"));
    assert!(has(&found("a.jpg", &make::zip(&[("a.txt", b"x")])), "type-mismatch"));
    assert!(!has(&found("setup.exe", &sample("exe")), "disguised-program"));
}

#[test]
fn mim_03_every_name_counts_and_the_worst_wins() {
    let mut reading = crate::reading("harmless.txt", b"\x01 not known");
    reading.parts[2].names.push("invoice.exe".to_owned());
    let blocked = blocked_types(&of(&reading), &DEFAULT_BLOCKED_TYPES).unwrap();
    assert_eq!(blocked.file_type, "exe");
}

#[test]
fn names_that_lie_are_said() {
    let exe = sample("exe");
    assert!(has(&found("invoice.pdf.exe", &exe), "double-extension"));
    assert!(has(&found("photo\u{202e}gpj.exe", &exe), "turned-name"));
    assert!(has(&found("a.exe.  ", &exe), "name-tail"));
    assert!(has(&found("a.exe\0.txt", &exe), "name-tail"));
    assert!(has(&found(&"a".repeat(400), &exe), "long-name"));
}

#[test]
fn mim_05_every_reading_of_a_part_is_examined() {
    let mut reading = crate::reading("a.bin", b"nothing");
    let second = posthouse_mime::Body {
        bytes: posthouse_attachment::signature::eicar().to_vec(),
        text: None,
    };
    reading.parts[2].bodies.push(second);
    assert!(has(&of(&reading), "eicar-test-file"));
}

#[test]
fn a_list_of_hashes_finds_a_file_at_any_depth() {
    // SHA-256 of "hello", FIPS 180-4.
    let hello = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    let packed = make::gzip(&make::zip(&[("a.txt", b"hello")]));
    let found = found("a.gz", &packed);
    assert_eq!(found.listed_file(|hash| hash == hello).unwrap().names, ["a.txt"]);
    assert!(found.listed_file(|_| false).is_none());
}
