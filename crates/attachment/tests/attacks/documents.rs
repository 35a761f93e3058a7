//! Documents that run or fetch something.

use posthouse_attachment::signature::{eicar, gtube};

use crate::samples::sample;
use crate::{found, has, ids, make, of, typed, with_text};

/// A document of Word 97 with one module of macros.
fn macro_document(source: &str) -> Vec<u8> {
    let module = make::vba(format!("Attribute VB_Name = \"a\"\r\n{source}").as_bytes());
    let module = [b"compiled".as_slice(), &module].concat();
    let dir = make::vba(b"\x31\0\x04\0\0\0\x08\0\0\0");
    make::compound(
        None,
        &[
            ("/WordDocument", b"x"),
            ("/Macros/VBA/_VBA_PROJECT", b"x"),
            ("/Macros/VBA/dir", &dir),
            ("/Macros/VBA/Module1", &module),
        ],
    )
}

#[test]
fn macros_are_read_and_weighed() {
    let harmless = found("a.doc", &macro_document("Sub Format()\r\nEnd Sub\r\n"));
    assert!(has(&harmless, "macros") && !has(&harmless, "macro-runs-by-itself"));
    let opens = found("a.doc", &macro_document("Sub AutoOpen()\r\n MsgBox 1\r\nEnd Sub\r\n"));
    assert!(has(&opens, "macro-runs-by-itself"), "{:?}", ids(&opens));
    let loads = "Private Sub Document_Open()\r\nSet h = CreateObject(\"MSXML2.XMLHTTP\")\r\nShell \"a.exe\"\r\nEnd Sub\r\n";
    let document = macro_document(loads);
    assert!(has(&found("a.doc", &document), "macro-downloads"));
    // The same inside Office Open XML.
    let docm = make::zip(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("word/document.xml", b"<w:document/>"),
        ("word/vbaProject.bin", &document),
    ]);
    let docm = found("a.docx", &docm);
    assert!(has(&docm, "macro-downloads") && has(&docm, "type-mismatch"), "{:?}", ids(&docm));
}

#[test]
fn excel_4_macros_and_encrypted_books_are_seen() {
    let sheet = |kind: u8| {
        [b"\x09\x08\x02\0\0\0\x85\0\x0a\0\0\0\0\0\x02".as_slice(), &[kind, 2, 0, b'a', b'b']]
            .concat()
    };
    let book = |stream: &[u8]| make::compound(None, &[("/Workbook", stream)]);
    assert!(has(&found("a.xls", &book(&sheet(1))), "excel-4-macros"));
    assert!(!has(&found("a.xls", &book(&sheet(0))), "excel-4-macros"));
    assert!(has(&found("a.xls", &book(b"\x2f\0\x02\0\0\0")), "encrypted-document"));
    let locked = make::compound(None, &[("/EncryptedPackage", b"x"), ("/EncryptionInfo", b"x")]);
    let locked = found("a.docx", &locked);
    assert!(has(&locked, "encrypted-document") && !locked.is_complete);
}

#[test]
fn fields_and_templates_that_reach_out_are_seen() {
    let types = ("[Content_Types].xml", b"<Types/>".as_slice());
    let field = b"<w:p><w:fldChar w:fldCharType=\"begin\"/><w:instrText>DDE</w:instrText><w:instrText>AUTO c:\\\\windows\\\\system32\\\\cmd.exe</w:instrText></w:p>";
    let dde = make::zip(&[types, ("word/document.xml", field)]);
    assert!(has(&found("a.docx", &dde), "dde-field"));
    let link = b"<Relationships><Relationship Id=\"a\" Type=\"http://x/relationships/attachedTemplate\" Target=\"http://template.example/a.dotm\" TargetMode=\"External\"/></Relationships>";
    let remote = make::zip(&[types, ("word/_rels/settings.xml.rels", link)]);
    assert!(has(&found("a.docx", &remote), "remote-template"));
    assert!(has(&found("a.csv", b"name\n=cmd|'/c calc'!A0\n"), "dde-field"));
    let rtf = br"{\rtf1{\*\template http://template.example/a.dotm}}";
    assert!(has(&found("a.rtf", rtf), "remote-template"));
}

#[test]
fn objects_in_rtf_are_decoded_through_odd_words() {
    let hexadecimal =
        |bytes: &[u8]| bytes.iter().map(|octet| format!("{octet:02x}")).collect::<String>();
    let mut object = b"\x01\x05\0\0\x02\0\0\0\x0b\0\0\0Equation.3\0\0\0\0\0\0\0\0\0".to_vec();
    object.extend((68_u32).to_le_bytes());
    object.extend(eicar());
    let plain = format!("{{\\rtf1{{\\object\\objemb{{\\*\\objdata {}}}}}}}", hexadecimal(&object));
    let plain = found("a.doc", plain.as_bytes());
    assert!(has(&plain, "equation-object") && has(&plain, "eicar-test-file"), "{:?}", ids(&plain));
    assert!(!has(&plain, "rtf-obfuscated"));
    let digits = hexadecimal(&object);
    let (a, b) = digits.split_at(31);
    let odd = format!("{{\\rtf1{{\\object{{\\*\\objdata {a}\\mmath{{\\*\\x}} {b}}}}}}}");
    let odd = found("a.rtf", odd.as_bytes());
    assert!(has(&odd, "rtf-obfuscated") && has(&odd, "eicar-test-file"), "{:?}", ids(&odd));
}

#[test]
fn files_that_are_put_into_documents_are_examined() {
    let mut package = b"\0\0\0\0\x02\0a.exe\0C:\\a.exe\0\0\0\x03\0\x04\0\0\0tmp\0".to_vec();
    let exe = sample("exe");
    package.extend((exe.len() as u32).to_le_bytes());
    package.extend(&exe);
    let document = make::compound(
        None,
        &[("/WordDocument", b"x"), ("/ObjectPool/_1/\u{1}Ole10Native", &package)],
    );
    let found = found("a.doc", &document);
    assert!(
        has(&found, "embedded-object") && has(&found, "program-in-archive"),
        "{:?}",
        ids(&found)
    );
    assert!(found.items.iter().any(|item| item.names == ["a.exe"]));
}

#[test]
fn arc_09_shortcuts_and_notebooks_say_what_they_start() {
    let mut link = sample("lnk");
    link[20] = 0b1010_1000;
    for text in ["cmd.exe", "/c calc"] {
        link.extend((text.len() as u16).to_le_bytes());
        link.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    }
    let found_link = found("invoice.pdf.lnk", &link);
    let runs = found_link.findings.iter().find(|one| one.kind.id == "shortcut-runs").unwrap();
    assert!(format!("{runs:?}").contains("cmd.exe /c calc"));
    let mut page = b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d".to_vec();
    page.extend(b"\xe7\x16\xe3\xbd\x65\x26\x11\x45\xa4\xc4\x8d\x4d\x0b\x7a\x9e\xac");
    let script = sample("bat");
    page.extend((script.len() as u64).to_le_bytes());
    page.extend([0; 12]);
    page.extend(&script);
    let page = found("a.one", &page);
    assert!(has(&page, "onenote-embeds-file"), "{:?}", ids(&page));
    assert!(has(
        &found("a.url", b"[InternetShortcut]\r\nURL=file://server.example/a.exe\r\n"),
        "shortcut-runs"
    ));
    assert!(!has(
        &found("a.url", b"[InternetShortcut]\r\nURL=https://www.example/\r\n"),
        "shortcut-runs"
    ));
}

#[test]
fn pdf_s_commands_are_read_in_code_and_in_object_streams() {
    let pdf = |body: &[u8]| [b"%PDF-1.5\n".as_slice(), body].concat();
    let script = pdf(b"1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert)>>>>endobj");
    let script = found("a.pdf", &script);
    assert!(has(&script, "pdf-script") && has(&script, "pdf-acts-when-opened"));
    let coded = found("a.pdf", &pdf(b"1 0 obj<</S/L#61unch/F(cmd.exe)>>endobj"));
    assert!(has(&coded, "pdf-launches") && has(&coded, "pdf-obfuscated"), "{:?}", ids(&coded));
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut zlib, b"1 0 <</S/Launch/F(cmd.exe)>>").unwrap();
    let packed = zlib.finish().unwrap();
    let stream = |dictionary: &str, data: &[u8]| {
        pdf(&[format!("2 0 obj<<{dictionary}>>stream\r\n").as_bytes(), data, b"\nendstream endobj"]
            .concat())
    };
    let hidden = found("a.pdf", &stream("/Type/ObjStm/N 1/First 4/Filter/FlateDecode", &packed));
    assert!(has(&hidden, "pdf-launches"), "{:?}", ids(&hidden));
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut zlib, &eicar()).unwrap();
    let file =
        found("a.pdf", &stream("/Type/EmbeddedFile/Filter/FlateDecode", &zlib.finish().unwrap()));
    assert!(has(&file, "pdf-embeds-file") && has(&file, "eicar-test-file"), "{:?}", ids(&file));
}

/// A tiny base64 writer.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let bits = (0..3)
            .fold(0_u32, |bits, at| bits << 8 | u32::from(three.get(at).copied().unwrap_or(0)));
        for at in 0..=three.len() {
            out.push(char::from(DIGITS[(bits >> (18 - 6 * at) & 63) as usize]));
        }
    }
    out
}

#[test]
fn arc_09_files_that_a_page_puts_together_are_examined() {
    let exe = base64(&make::zip(&[("a.exe", &sample("exe"))]));
    let page = format!(
        "<html><script>var b = new Blob([Uint8Array.from(atob('{exe}'))]); a.download = 'x.zip'; a.click();</script></html>"
    );
    let found_page = found("open.html", page.as_bytes());
    for id in ["html-smuggling", "file-hidden-in-text", "program-in-archive", "page-with-script"] {
        assert!(has(&found_page, id), "{id}: {:?}", ids(&found_page));
    }
    let picture = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>location='https://www.example'</script></svg>";
    assert!(has(&found("a.svg", picture), "svg-script"));
    // Twice encoded.
    let twice = base64(base64(&eicar()).as_bytes());
    assert!(has(&found("a.txt", twice.as_bytes()), "eicar-test-file"));
}

#[test]
fn the_test_strings_are_found_in_text_too() {
    let text = format!("Hello\r\n{}\r\n", String::from_utf8_lossy(&gtube()));
    assert!(has(&of(&with_text(&text, "a.txt", "text/plain", b"x")), "gtube-test-string"));
    let text = String::from_utf8_lossy(&eicar()).into_owned();
    assert!(has(&of(&with_text(&text, "a.txt", "text/plain", b"x")), "eicar-test-file"));
    let mention = "The EICAR file starts with X5O!P% and so on.";
    assert!(!has(&of(&with_text(mention, "a.txt", "text/plain", b"x")), "eicar-test-file"));
}

#[test]
fn arc_02_numbers_and_formats_of_sheets_are_never_evaluated() {
    let formula = b"<styleSheet><numFmt formatCode=\"[&gt;123;system('id')]0\"/></styleSheet>";
    let book = make::zip(&[("[Content_Types].xml", b"<Types/>"), ("xl/styles.xml", formula)]);
    assert!(found("a.xlsx", &book).is_complete);
    assert!(of(&typed("a.xls", "application/vnd.ms-excel", &book)).findings.len() < 3);
}
