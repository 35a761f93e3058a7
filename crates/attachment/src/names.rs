//! What a file's name says, and how it lies.
//!
//! Touches nothing. A name is data of a stranger: it is taken apart, shown printable, and never
//! used as a path.

/// Longer names are cut by most programs: the extension then is another one.
pub(crate) const NAME_CHARACTERS_MAX: usize = 255;

/// Extensions of what runs or makes the desktop run something, beyond the default block list.
const RUNS: &[&str] = &[
    "bat",
    "chm",
    "cmd",
    "com",
    "cpl",
    "exe",
    "gadget",
    "hta",
    "inf",
    "jar",
    "jnlp",
    "js",
    "jse",
    "lnk",
    "msc",
    "msi",
    "msp",
    "mst",
    "pif",
    "ps1",
    "psm1",
    "reg",
    "scf",
    "scr",
    "sct",
    "shb",
    "url",
    "vb",
    "vbe",
    "vbs",
    "ws",
    "wsc",
    "wsf",
    "wsh",
    "xll",
    "library-ms",
    "search-ms",
    "settingcontent-ms",
    "application",
    "appref-ms",
    "dll",
    "sys",
    "iqy",
    "slk",
    "iso",
    "img",
    "vhd",
    "vhdx",
    "msix",
    "appx",
    "apk",
    "app",
    "vxd",
];

/// Extensions that a reader takes for harmless.
const HARMLESS: &[&str] = &[
    "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "txt", "rtf", "csv", "jpg", "jpeg", "png",
    "gif", "bmp", "tif", "tiff", "mp3", "mp4", "avi", "mov", "wav", "zip", "rar", "7z", "htm",
    "html", "xml", "odt", "ods", "eml", "msg", "svg", "webp", "heic",
];

/// What one name says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Name {
    /// The extensions that some system would act on: the last one first.
    pub(crate) extensions: Vec<String>,
    /// `invoice.pdf.exe`, also with many spaces between.
    pub(crate) is_double: bool,
    /// Characters that turn the direction of writing, or that cannot be seen.
    pub(crate) is_turned: bool,
    /// Dots, spaces, a NUL or a stream's name behind the extension, which Windows drops.
    pub(crate) has_tail: bool,
    /// It is longer than file systems allow.
    pub(crate) is_long: bool,
}

/// Takes a name apart. Every reading of the extension is there.
pub(crate) fn look(name: &str) -> Name {
    let mut found = Name { is_long: name.chars().count() > NAME_CHARACTERS_MAX, ..Name::default() };
    found.is_turned = name.chars().any(is_turning);
    let seen: String = name.chars().filter(|c| !is_turning(*c) && !is_invisible(*c)).collect();
    let base = seen.rsplit(['/', '\\']).next().unwrap_or_default();
    let mut readings = vec![base.to_owned()];
    if let Some((before, _)) = base.split_once('\0') {
        readings.push(before.to_owned()); // C's reading.
        found.has_tail = true;
    }
    if let Some((before, _)) = base.split_once(':') {
        readings.push(before.to_owned()); // NTFS: the rest names a stream.
    }
    if found.is_long {
        readings.push(base.chars().take(NAME_CHARACTERS_MAX).collect());
    }
    for reading in readings {
        let trimmed =
            reading.trim_end_matches(|c: char| c == '.' || c.is_whitespace() || c.is_control());
        found.has_tail |= trimmed.len() < reading.len() && trimmed.contains('.');
        let Some((stem, last)) = trimmed.rsplit_once('.') else { continue };
        let last = clean(last);
        if RUNS.contains(&last.as_str())
            && stem
                .rsplit_once('.')
                .is_some_and(|(_, inner)| HARMLESS.contains(&clean(inner).as_str()))
        {
            found.is_double = true;
        }
        if !last.is_empty() && !found.extensions.contains(&last) {
            found.extensions.push(last);
        }
    }
    found
}

/// The extension makes the desktop run something.
pub(crate) fn runs(extension: &str) -> bool {
    RUNS.contains(&extension)
}

/// The extension is one that readers open without a thought.
pub(crate) fn is_harmless(extension: &str) -> bool {
    HARMLESS.contains(&extension)
}

fn clean(extension: &str) -> String {
    extension.trim().to_lowercase()
}

/// Unicode's controls of direction (UAX 9 section 2).
fn is_turning(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{00ad}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reading_of_the_extension_counts() {
        for (name, extension) in [
            ("a.exe", "exe"),
            ("A.EXE", "exe"),
            ("a.exe. . ", "exe"),
            ("a.exe\0.pdf", "exe"),
            ("a.exe::$DATA", "exe"),
            ("dir/sub\\a.scr", "scr"),
            ("a.e\u{200b}xe", "exe"),
            (&format!("{}.exe.pdf", "a".repeat(251)), "exe"),
        ] {
            assert!(look(name).extensions.iter().any(|found| found == extension), "{name:?}");
        }
    }

    #[test]
    fn lies_are_named() {
        assert!(look("invoice.pdf.exe").is_double);
        assert!(look("invoice.pdf              .exe").is_double);
        assert!(!look("archive.tar.gz").is_double && !look("v1.2.exe").is_double);
        assert!(look("gpj\u{202e}.exe").is_turned);
        assert!(look("a.exe.").has_tail && look("a.exe\0.txt").has_tail);
        assert!(!look("a.exe").has_tail && !look("and so on...").has_tail);
        assert!(look(&"x".repeat(300)).is_long);
    }
}
