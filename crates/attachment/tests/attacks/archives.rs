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
        // The record counts its own length: " size=" and the line's end are seven octets.
        let bare = 7 + pax_size.len();
        let length = if bare < 9 { bare + 1 } else { bare + 2 };
        let record = format!("{length} size={pax_size}\n");
        assert_eq!(record.len(), length);
        let told = if pax_size == "0" { 1024 } else { 0 };
        let mut bytes = make::tar_header("pax", record.len() as u64, b'x').as_bytes().to_vec();
        bytes.extend(record.as_bytes());
        bytes.resize(1024, 0);
        bytes.extend(make::tar_header("outer.txt", told, b'0').as_bytes());
        bytes.extend(&data);
        bytes.extend([0; 1024]);
        let found = found("a.tar", &bytes);
        assert!(has(&found, "archive-ambiguous"), "{pax_size}: {:?}", ids(&found));
        let is_kept = found.findings.iter().any(posthouse_attachment::is_two_archives);
        assert!(is_kept, "it is kept, whatever is in it");
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
fn arc_09_a_packed_rar_tells_its_names_and_the_types_that_they_promise() {
    // The method of the only member says that it is packed.
    let mut four = make::rar_4("scan.pdf.exe", b"packed");
    four[20 + 25] = 0x33;
    // A number of two octets, in a header that is one octet longer.
    let mut five = make::rar("scan.pdf.exe", b"packed");
    let method = at(&five, b"scan.pdf.exe", 0) - 3;
    five.splice(method..=method, [0x80, 0x03]);
    five[12] += 1;
    for (file, bytes, is_open) in [
        ("four.rar", four, false),
        ("five.rar", five, false),
        ("stored.rar", make::rar_4("scan.pdf.exe", b"MZ"), true),
    ] {
        let found = found(file, &bytes);
        assert!(has(&found, "double-extension"), "{file}: {:?}", ids(&found));
        assert_eq!(found.items[1].names, ["scan.pdf.exe"]);
        assert_eq!(!has(&found, "archive-unreadable"), is_open, "{file}");
        let blocked = posthouse_attachment::blocked_types(&found, &["exe"]);
        assert!(blocked.is_some(), "{file}");
    }
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

/// What the archives of `make` hold, 20 times; the next two are the same, encrypted.
const NOTE: &[u8] = b"hello from the seventh archive\n";
const SEVEN_ZIP_LOCKED: &str = "377abcaf271c0004e641dd1640000000000000006a000000000000007ddea84a01e9db80374e2be4d719281679\
    506d8cdf32b231947cf360c4f198fbad39eb829a81d6a2262450fe0655c442cf1b0d8018445f3babf737780bfc\
    216a9875931e0104060001094000070b0100022406f1070112530f855d2c50d779f58fd500374486f95d972121\
    010001000c31826c00080a0170ff94340000050119001113006e006f00740065002e0074007800740000001900\
    140a0100cbe1c284e97cdd01150601002080a4810000";
const SEVEN_ZIP_HIDDEN: &str = "377abcaf271c00040b3135f9b0000000000000002e00000000000000c4519e80781de2ed3855d9506bea47f169\
    16dacb4c5af5705db7de67213cf6da941bede30bdfd02a215c6ed0c9cb429b8aa823e9d49b648b5fe602d529d4\
    02780900035bd4234f46a09eab67e4cad72efc683a1e54cc4341645bca6d68965a7691d0bb8d47dd89c5047c58\
    8d9f969a75734c6ae85114b0a8c6478bfb4f5d5ceda52934a2edcfcae38ee6c3cd3d144f58dc0639a340dc1bee\
    82e483364fcf640faafb731787fd3a9be6c679c9da5523acab06a00017064001097000070b0100012406f10701\
    12530faed0b8893be562eb41f8f434422c379a0c6a0a01e4641b940000";

#[test]
fn lzma_s_two_archives_are_opened() {
    use sha2::Digest as _;
    let hash: [u8; 32] = sha2::Sha256::digest(NOTE.repeat(20)).into();
    for (name, packed) in [("a.7z", make::SEVEN_ZIP), ("note.txt.xz", make::XZ)] {
        let found = found(name, &make::octets(packed));
        assert!(found.is_complete, "{name}: {:?}", found.findings);
        assert_eq!((&found.items[1].names[0][..], found.items[1].size), ("note.txt", 620));
        assert_eq!(found.items[1].sha256, Some(hash));
    }
    for (packed, names) in [(SEVEN_ZIP_LOCKED, 1), (SEVEN_ZIP_HIDDEN, 0)] {
        let locked = found("a.7z", &make::octets(packed));
        assert!(has(&locked, "encrypted-archive") && !locked.is_complete, "{:?}", ids(&locked));
        assert_eq!(locked.items.len(), 1 + names);
    }
}
