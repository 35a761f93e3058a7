//! Archives that two programs unpack differently, that lie, that are locked.

use posthouse_attachment::signature::eicar;
use zip::CompressionMethod;

use crate::samples::sample;
use crate::{found, has, ids, make, of, with_text};

/// Where a signature stands, the n-th time.
fn at(bytes: &[u8], signature: &[u8], nth: usize) -> usize {
    memchr::memmem::find_iter(bytes, signature).nth(nth).unwrap()
}

#[test]
fn av_the_test_file_is_found_in_every_archive() {
    let eicar = eicar();
    let member = [("a.com", eicar.as_slice())];
    let archives = [
        ("a.zip", make::zip(&member)),
        ("a.zip", make::zip_by(CompressionMethod::Stored, &member)),
        ("a.zip", make::zip_by(CompressionMethod::Bzip2, &member)),
        ("a.zip", make::zip_by(CompressionMethod::Zstd, &member)),
        ("a.zip", [b"junk before the archive".as_slice(), &make::zip(&member)].concat()),
        ("a.tar", make::tar(&member)),
        ("a.gz", make::gzip(&eicar)),
        ("a.bz2", make::bzip2(&eicar)),
        ("a.zst", make::zstd(&eicar)),
        ("a.cab", make::cabinet("a.com", &eicar)),
        ("a.rar", make::rar("a.com", &eicar)),
        ("a.iso", make::iso("A.COM;1", &eicar)),
        ("a.tar.gz.bz2", make::bzip2(&make::gzip(&make::tar(&member)))),
    ];
    for (name, bytes) in archives {
        assert!(has(&found(name, &bytes), "eicar-test-file"), "{name}");
        // And under any other name.
        assert!(has(&found("photo.jpg", &bytes), "eicar-test-file"), "{name} as photo.jpg");
    }
}

#[test]
fn arc_01_names_of_members_are_data() {
    let long = "n".repeat(90);
    for name in ["`id`", "$(id)", ";id", "'", "a\nb", "| id", long.as_str(), "\u{202e}fdp.exe"] {
        let found = found("a.tar", &make::tar(&[(name, b"hello")]));
        assert_eq!(found.items[1].names, [name.to_owned()]);
    }
    // GNU's long names: 64 KiB.
    let long = vec![b'x'; 64 * 1024];
    let mut bytes = make::tar_header("././@LongLink", long.len() as u64, b'L').as_bytes().to_vec();
    bytes.extend(&long);
    bytes.extend(make::tar(&[("short", b"hello")]));
    let found = found("a.tar", &bytes);
    assert!(found.items[1].names[0].len() <= 1024 && has(&found, "long-name"), "{:?}", ids(&found));
}

#[test]
fn arc_03_members_that_lead_out_of_the_folder_are_said() {
    for name in ["../../etc/passwd", "/etc/passwd", "..\\..\\a.exe", "C:\\a.exe"] {
        assert!(
            has(&found("a.zip", &make::zip(&[(name, b"x")])), "archive-path-escapes"),
            "{name}"
        );
    }
    assert!(has(&found("a.tar", &make::tar(&[("../a", b"x")])), "archive-path-escapes"));
    assert!(!has(&found("a.zip", &make::zip(&[("a..b/c.txt", b"x")])), "archive-path-escapes"));
}

#[test]
fn arc_04_two_sizes_in_tar_are_both_read() {
    // PAX says 0 octets, ustar says 1,024: who believes PAX finds a header in the data.
    let hidden = make::tar_header("hidden.com", 68, b'0');
    let mut data = hidden.as_bytes().to_vec();
    data.extend(eicar());
    data.resize(1024, 0);
    for pax_size in ["0", "1024"] {
        let record = format!(
            "{} size={pax_size}\n",
            7 + pax_size.len() + if pax_size.len() > 1 { 1 } else { 1 }
        );
        let told = if pax_size == "0" { 1024 } else { 0 };
        let mut bytes = make::tar_header("pax", record.len() as u64, b'x').as_bytes().to_vec();
        bytes.extend(record.as_bytes());
        bytes.resize(1024, 0);
        bytes.extend(make::tar_header("outer.txt", told, b'0').as_bytes());
        bytes.extend(&data);
        bytes.extend([0; 1024]);
        let found = found("a.tar", &bytes);
        assert!(has(&found, "archive-ambiguous"), "{pax_size}: {:?}", ids(&found));
        let names: Vec<_> = found.items.iter().flat_map(|item| &item.names).collect();
        assert!(names.iter().any(|name| *name == "hidden.com"), "{names:?}");
        assert!(has(&found, "eicar-test-file"));
    }
}

#[test]
fn arc_05_a_method_that_lies_is_seen_through() {
    // Packed by DEFLATE, and both headers say stored.
    let mut bytes = make::zip(&[("a.com", &eicar())]);
    let local = at(&bytes, b"PK\x03\x04", 0);
    let central = at(&bytes, b"PK\x01\x02", 0);
    bytes[local + 8] = 0;
    bytes[central + 10] = 0;
    let both = found("a.zip", &bytes);
    assert!(has(&both, "archive-method-lies") && has(&both, "eicar-test-file"), "{:?}", ids(&both));
    // Only one of them lies.
    let mut bytes = make::zip(&[("a.com", &eicar())]);
    let central = at(&bytes, b"PK\x01\x02", 0);
    bytes[central + 10] = 0;
    let one = found("a.zip", &bytes);
    assert!(has(&one, "archive-method-lies") && has(&one, "eicar-test-file"), "{:?}", ids(&one));
    // A checksum that is wrong.
    let mut bytes = make::zip(&[("a.txt", b"hello, hello, hello")]);
    let central = at(&bytes, b"PK\x01\x02", 0);
    bytes[central + 16] ^= 1;
    let wrong = found("a.zip", &bytes);
    assert!(has(&wrong, "archive-unreadable") && !wrong.is_complete, "{:?}", ids(&wrong));
}

#[test]
fn arc_06_every_central_directory_counts() {
    let first = make::zip(&[("a.com", &eicar())]);
    let second = make::zip(&[("b.txt", b"hello")]);
    for bytes in [[first.clone(), second.clone()].concat(), [second, first].concat()] {
        let found = found("a.zip", &bytes);
        assert!(
            has(&found, "archive-ambiguous") && has(&found, "eicar-test-file"),
            "{:?}",
            ids(&found)
        );
        assert_eq!(found.items.len(), 3, "{:?}", found.items);
    }
    // An archive inside another, stored, is no second directory.
    let inner = make::zip(&[("a.txt", b"hello")]);
    let outer = make::zip_by(CompressionMethod::Stored, &[("inner.zip", &inner)]);
    let found = found("a.zip", &outer);
    assert!(!has(&found, "archive-ambiguous"), "{:?}", found.findings);
    assert_eq!(found.items.len(), 3);
}

#[test]
fn arc_06_a_member_that_the_directory_does_not_name_is_read() {
    let bytes = make::zip(&[("a.com", &eicar()), ("b.txt", b"hello")]);
    // The directory without its first row.
    let first = at(&bytes, b"PK\x01\x02", 0);
    let second = at(&bytes, b"PK\x01\x02", 1);
    let end = at(&bytes, b"PK\x05\x06", 0);
    let mut cut = bytes[..first].to_vec();
    cut.extend(&bytes[second..]);
    let new_end = end - (second - first);
    cut[new_end + 8] = 1;
    cut[new_end + 10] = 1;
    let size = (end - second) as u32;
    cut[new_end + 12..new_end + 16].copy_from_slice(&size.to_le_bytes());
    let hidden = found("a.zip", &cut);
    assert!(
        has(&hidden, "archive-ambiguous") && has(&hidden, "eicar-test-file"),
        "{:?}",
        ids(&hidden)
    );
    // Without any directory.
    let none = found("a.zip", &bytes[..first]);
    assert!(has(&none, "eicar-test-file"));
    // Two names for one member.
    let mut renamed = bytes.clone();
    renamed[30..35].copy_from_slice(b"a.txt");
    let renamed = found("a.zip", &renamed);
    assert!(has(&renamed, "archive-ambiguous"));
    assert_eq!(renamed.items[1].names.len(), 2);
}

#[test]
fn arc_08_passwords_of_the_message_are_tried_and_locked_is_never_clean() {
    let locked = make::locked_zip("Sommer2026!", "a.com", &eicar());
    let told = of(&with_text("The password is: Sommer2026!", "a.zip", "application/zip", &locked));
    for id in ["encrypted-archive", "encrypted-archive-password-in-body", "eicar-test-file"] {
        assert!(has(&told, id), "{id}: {:?}", ids(&told));
    }
    let wrong = of(&with_text("Password: winter", "a.zip", "application/zip", &locked));
    assert!(has(&wrong, "encrypted-archive-password-in-body") && !wrong.is_complete);
    let silent = of(&with_text("Hello", "a.zip", "application/zip", &locked));
    assert!(
        has(&silent, "encrypted-archive") && !has(&silent, "encrypted-archive-password-in-body")
    );
    assert!(!silent.is_complete);
    // The name is seen, and so the extension filter works.
    let item = silent.items.iter().find(|item| item.is_encrypted).unwrap();
    assert_eq!(item.extensions, ["com"]);
}

#[test]
fn what_cannot_be_opened_is_said() {
    for file_type in ["ace", "arj", "lha", "rev", "uif"] {
        let found = found("a", &sample(file_type));
        assert!(has(&found, "archive-unreadable") && !found.is_complete, "{file_type}");
    }
    let truncated = &make::gzip(&[b'x'; 10_000])[..20];
    assert!(has(&found("a.gz", truncated), "archive-unreadable"));
}

#[test]
fn arc_09_images_and_members_say_what_runs() {
    let image = found("a.iso", &make::iso("SETUP.EXE;1", &sample("exe")));
    for id in ["disk-image", "program-in-archive"] {
        assert!(has(&image, id), "{:?}", ids(&image));
    }
    assert_eq!(image.items[1].names, ["SETUP.EXE"]);
}
