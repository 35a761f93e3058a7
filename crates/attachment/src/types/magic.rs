//! Kinds by content: signatures at their places, and containers by what lies in them.
//!
//! Touches nothing. Reads some kilobytes at the beginning and a little at the end; the members of
//! a ZIP archive tell packages and documents apart once the archive has been listed.

use memchr::memmem;

use super::*;
use crate::bytes::{has, slice, u16_le, u32_be, u32_le};

/// Signatures, with the place that they stand at. The first that matches names the kind.
static SIGNATURES: &[(usize, &[u8], &FileKind)] = &[
    (0, b"\x7fELF", &ELF),
    (0, b"dex\n", &DEX),
    (0, b"dey\n", &DEX),
    (0, b"\0asm", &WASM),
    (0, b"MSCF", &CAB),
    (0, b"ISc(", &CAB),
    (0, b"Rar!\x1aRev", &REV),
    (0, b"Rar!\x1a\x07", &RAR),
    (0, b"7z\xbc\xaf\x27\x1c", &SEVEN_ZIP),
    (0, b"\x1f\x8b", &GZ),
    (0, b"BZh", &BZ2),
    (0, b"\xfd7zXZ\0", &XZ),
    (0, b"\x5d\0\0", &LZMA),
    (0, b"\x28\xb5\x2f\xfd", &ZST),
    (0, b"\x1f\x9d", &Z),
    (0, b"\x1f\xa0", &Z),
    (0, b"\x1f\x1e", &Z),
    (0, b"\x60\xea", &ARJ),
    (7, b"**ACE**", &ACE),
    (2, b"-lh", &LZH),
    (2, b"-lz", &LZH),
    (257, b"ustar", &TAR),
    (0, b"070701", &CPIO),
    (0, b"070707", &CPIO),
    (0, b"!<arch>\ndebian-binary", &DEB),
    (0, b"!<arch>\n", &LIB),
    (0, b"\xed\xab\xee\xdb", &RPM),
    (0, b"\x4c\0\0\0\x01\x14\x02\0", &LNK),
    (0, b"ITSF", &CHM),
    (0x171, b"MICROSOFT PIFEX", &PIF),
    (0, b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d", &ONENOTE),
    (0, b"\xa1\x2f\xff\x43\xd9\xef\x76\x4c", &ONENOTE),
    (0, b"{\\rt", &RTF),
    (0, b"\x78\x9f\x3e\x22", &TNEF),
    (0, b"conectix", &VHD),
    (0, b"vhdxfile", &VHD),
    (0x8001, b"CD001", &ISO),
    (0x8801, b"CD001", &ISO),
    (0x9001, b"CD001", &ISO),
    (0x8001, b"BEA01", &ISO),
    (0x8001, b"NSR0", &ISO),
    (0x9311, b"CD001", &ISO),   // Raw sectors of 2,352 octets.
    (0x438, b"\x53\xef", &IMG), // ext2 to ext4.
    (0, b"\x89PNG\r\n\x1a\n", &PNG),
    (0, b"\xff\xd8\xff", &JPEG),
    (0, b"GIF8", &GIF),
    (0, b"II*\0", &TIFF),
    (0, b"MM\0*", &TIFF),
    (0, b"\0\0\x01\0", &ICO),
    (0, b"\0\0\x02\0", &ICO),
    (0, b"ID3", &MP3),
    (4, b"ftyp", &MP4),
    (0, b"\xd7\xcd\xc6\x9a", &WMF),
    (40, b" EMF", &WMF),
    (0, b"OTTO", &FONT),
    (0, b"\0\x01\0\0\0", &FONT),
    (0, b"wOF", &FONT),
];

/// The beginning of every compound file (MS-CFB 2.2).
pub(crate) const OLE_MAGIC: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
/// How far from the beginning a PDF may start (ISO 32000-1, annex H.3.4.1).
const PDF_WITHIN: usize = 1024;

/// What the content is. A ZIP archive is only `zip` here: [`by_members`] knows more.
pub(crate) fn detect(bytes: &[u8]) -> &'static FileKind {
    match detect_binary(bytes) {
        kind if *kind == TEXT || *kind == UNKNOWN => script::detect(bytes).unwrap_or(kind),
        kind => kind,
    }
}

/// The same without a look at the words of a text.
pub(crate) fn detect_binary(bytes: &[u8]) -> &'static FileKind {
    if bytes.is_empty() {
        return &EMPTY;
    }
    let program = bytes.starts_with(b"MZ") || bytes.starts_with(b"ZM");
    if let Some(kind) = program.then(|| pe::executable(bytes)).flatten() {
        return kind;
    }
    if bytes.starts_with(OLE_MAGIC) {
        return compound(bytes);
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return &ZIP;
    }
    if bytes.starts_with(b"PK\x07\x08PK") || bytes.starts_with(b"PK00PK\x03\x04") {
        return &ZIP;
    }
    if let Some(kind) = mach_or_java(bytes) {
        return kind;
    }
    if bytes.starts_with(b"RIFF") {
        return riff(bytes);
    }
    let found = SIGNATURES.iter().find(|(at, magic, _)| has(bytes, *at, magic));
    if let Some((_, _, kind)) = found {
        return kind;
    }
    if memmem::find(slice(bytes, 0, PDF_WITHIN), b"%PDF-").is_some() {
        return &PDF;
    }
    by_the_end(bytes)
        .or_else(|| bytes.starts_with(b"BM").then(|| bitmap(bytes)).flatten())
        .or_else(|| dos_program(bytes).filter(|_| !script::is_text(bytes)))
        .or_else(|| boot_sector(bytes))
        .or_else(|| old_tar(bytes))
        .unwrap_or_else(|| if script::is_text(bytes) { &TEXT } else { &UNKNOWN })
}

/// Mach-O, its fat form, and Java's class files, which share four octets.
fn mach_or_java(bytes: &[u8]) -> Option<&'static FileKind> {
    /// The file type of a kernel extension (mach-o/loader.h, `MH_KEXT_BUNDLE`).
    const KEXT_BUNDLE: u32 = 0xb;
    let file_type = match u32_be(bytes, 0)? {
        0xfeed_face | 0xfeed_facf => u32_be(bytes, 12),
        0xcefa_edfe | 0xcffa_edfe => u32_le(bytes, 12),
        // A class file has its version here, 45 and more; a fat file the number of its parts.
        0xcafe_babe if u32_be(bytes, 4)? & 0xffff >= 45 => return Some(&CLASS),
        0xcafe_babe | 0xcafe_babf => None,
        _ => return None,
    };
    Some(if file_type == Some(KEXT_BUNDLE) { &KEXT } else { &MACHO })
}

fn riff(bytes: &[u8]) -> &'static FileKind {
    match slice(bytes, 8, 4) {
        b"ACON" => &ANI,
        b"WAVE" => &WAV,
        b"AVI " => &AVI,
        b"WEBP" => &WEBP,
        _ => &UNKNOWN,
    }
}

fn bitmap(bytes: &[u8]) -> Option<&'static FileKind> {
    // The reserved field is 0 and the header's size is one of few.
    (u32_le(bytes, 6) == Some(0) && u32_le(bytes, 14).is_some_and(|size| size <= 124))
        .then_some(&BMP)
}

/// Formats that are known by their last block.
fn by_the_end(bytes: &[u8]) -> Option<&'static FileKind> {
    let from_end = |back: usize| bytes.len().checked_sub(back);
    let ends_with = |back, what: &[u8]| from_end(back).is_some_and(|at| has(bytes, at, what));
    if ends_with(64, b"bbis") {
        return Some(&UIF);
    }
    if ends_with(512, b"koly") {
        return Some(&DMG);
    }
    if ends_with(512, b"conectix") || ends_with(511, b"conectix") {
        return Some(&VHD);
    }
    // MSI and friends apart, an executable may carry an archive at its end; that is found by the
    // archive's reader.
    None
}

/// A program of DOS has no header: a jump or the usual first instructions, and a call of DOS.
fn dos_program(bytes: &[u8]) -> Option<&'static FileKind> {
    /// Such a program fits into one segment.
    const SEGMENT_BYTES: usize = 0xff00;
    if bytes.len() > SEGMENT_BYTES || bytes.len() < 4 {
        return None;
    }
    let start = match (bytes.first()?, bytes.get(1)?) {
        (0xe9, _) => 3 + usize::from(u16_le(bytes, 1)?),
        (0xeb, offset) if *offset < 0x80 => 2 + usize::from(*offset),
        (0xb4 | 0xb8 | 0xba | 0xbe | 0xbf | 0x8c | 0xfa | 0xfc | 0x0e | 0x33 | 0x31, _) => 0,
        _ => return None,
    };
    let code = slice(bytes, start, 512);
    let calls =
        memmem::find(code, b"\xcd\x21").is_some() || memmem::find(code, b"\xcd\x20").is_some();
    calls.then_some(&COM)
}

/// A floppy's or disk's first sector, with a file system or a partition table.
fn boot_sector(bytes: &[u8]) -> Option<&'static FileKind> {
    if !has(bytes, 510, b"\x55\xaa") || bytes.len() < 1024 {
        return None;
    }
    let names: &[(usize, &[u8])] =
        &[(54, b"FAT"), (82, b"FAT"), (3, b"NTFS"), (3, b"EXFAT"), (512, b"EFI PART")];
    let known = names.iter().any(|(at, name)| has(bytes, *at, name));
    let partition = (0..4).any(|row| {
        let row = slice(bytes, 446 + 16 * row, 16);
        matches!(row.first(), Some(0 | 0x80))
            && row.get(4).is_some_and(|kind| *kind != 0)
            && u32_le(row, 12).is_some_and(|sectors| sectors > 0)
    });
    (known || partition).then_some(&IMG)
}

/// A tar archive from before ustar has only its checksum.
fn old_tar(bytes: &[u8]) -> Option<&'static FileKind> {
    crate::archive::tar::is_header(bytes.get(..512)?).then_some(&TAR)
}

/// Compound files: the root's class names Windows Installer's three, and the streams the rest.
fn compound(bytes: &[u8]) -> &'static FileKind {
    let shift = u16_le(bytes, 30).unwrap_or(9).min(12);
    let first = u32_le(bytes, 48).unwrap_or_default() as usize;
    let directory = first.saturating_add(1).saturating_mul(1 << shift);
    // {000C108x-0000-0000-C000-000000000046}; the class stands at 80 of an entry (MS-CFB 2.6.1).
    let class = slice(bytes, directory.saturating_add(80), 16);
    if class.get(4..) == Some(b"\0\0\0\0\xc0\0\0\0\0\0\0\x46")
        && class.get(1..4) == Some(b"\x10\x0c\0")
    {
        match class.first() {
            Some(0x84) => return &MSI,
            Some(0x86) => return &MSP,
            Some(0x82) => return &MST,
            _ => {}
        }
    }
    let says = |name: &str| {
        let wide: Vec<u8> = name.bytes().flat_map(|octet| [octet, 0]).collect();
        memmem::find(bytes, &wide).is_some()
    };
    let macros = says("_VBA_PROJECT");
    match () {
        () if says("__substg1.0_") || says("__nameid_version") => &MSG,
        () if says("PowerPoint Document") && macros => &PPT_MACRO,
        () if says("PowerPoint Document") => &PPT,
        () if says("WordDocument") && macros => &DOC_MACRO,
        () if says("WordDocument") => &DOC,
        () if (says("Workbook") || says("Book")) && macros => &XLS_MACRO,
        () if says("Workbook") || says("Book") => &XLS,
        () if memmem::find(bytes, b"MMC_ConsoleFile").is_some() => &MSC,
        () => &OLE,
    }
}

/// What a ZIP archive with these members is; `content_types` is the text of `[Content_Types].xml`.
pub(crate) fn by_members(names: &[&str], content_types: &str) -> &'static FileKind {
    let has = |what: &str| names.iter().any(|name| name.eq_ignore_ascii_case(what));
    let ends = |what: &str| names.iter().any(|name| name.to_ascii_lowercase().ends_with(what));
    let within = |what: &str| names.iter().any(|name| name.to_ascii_lowercase().contains(what));
    if has("AppxManifest.xml") || has("AppxMetadata/AppxBundleManifest.xml") {
        return &APPX;
    }
    if has("AndroidManifest.xml") || has("classes.dex") {
        return &APK;
    }
    if has("[Content_Types].xml") {
        return office(content_types, within("vbaproject.bin"));
    }
    if has("META-INF/MANIFEST.MF") || ends(".class") {
        return &JAR;
    }
    if within(".kext/contents/") {
        return &KEXT;
    }
    if within(".app/contents/") || (within("payload/") && within(".app/info.plist")) {
        return &APP;
    }
    if has("mimetype") && has("META-INF/container.xml") {
        return &EPUB;
    }
    if has("mimetype") && (has("content.xml") || has("META-INF/manifest.xml")) {
        return &ODF;
    }
    &ZIP
}

/// Office Open XML by its content types (ECMA-376 part 1 and MS-OFFMACRO2).
fn office(content_types: &str, has_project: bool) -> &'static FileKind {
    static TYPES: &[(&str, &FileKind)] = &[
        ("ms-word.document.macroenabled", &DOCM),
        ("ms-word.template.macroenabled", &DOCM),
        ("ms-excel.sheet.macroenabled", &XLSM),
        ("ms-excel.template.macroenabled", &XLSM),
        ("ms-excel.addin.macroenabled", &XLSM),
        ("ms-excel.sheet.binary", &XLSB),
        ("ms-powerpoint.addin.macroenabled", &PPAM),
        ("ms-powerpoint.presentation.macroenabled", &PPTM),
        ("ms-powerpoint.slideshow.macroenabled", &PPTM),
        ("ms-powerpoint.template.macroenabled", &PPTM),
        ("wordprocessingml.", &DOCX),
        ("spreadsheetml.", &XLSX),
        ("presentationml.", &PPTX),
    ];
    let text = content_types.to_ascii_lowercase();
    let found = TYPES.iter().find(|(words, _)| text.contains(words)).map(|(_, kind)| *kind);
    match found {
        Some(kind) if kind.family == Family::MacroDocument => kind,
        // A project of macros makes it one, whatever the types say.
        Some(kind) if has_project && kind.name == "xlsx" => &XLSM,
        Some(kind) if has_project && kind.name == "pptx" => &PPTM,
        _ if has_project => &DOCM,
        Some(kind) => kind,
        None => &OOXML,
    }
}
