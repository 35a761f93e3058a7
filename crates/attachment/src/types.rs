//! What a file truly is: the table of kinds, each with the names that a policy calls it by.
//!
//! Touches nothing. The content decides first (`magic` for binary formats, `script` for text),
//! the extension second: spec 2.9. The 53 default types stand in [`DEFAULT_BLOCKED_TYPES`].

pub(crate) mod magic;
mod pe;
mod script;

pub(crate) use magic::{by_members, detect};

/// The file types that are blocked by default, as EOP's common attachment filter has them
/// (spec 2.9, 53 types).
pub const DEFAULT_BLOCKED_TYPES: [&str; 53] = [
    "ace", "ani", "apk", "app", "appx", "arj", "bat", "cab", "cmd", "com", "deb", "dex", "dll",
    "docm", "elf", "exe", "hta", "img", "iso", "jar", "jnlp", "kext", "lha", "lib", "library",
    "lnk", "lzh", "macho", "msc", "msi", "msix", "msp", "mst", "pif", "ppa", "ppam", "reg", "rev",
    "scf", "scr", "sct", "sys", "uif", "vb", "vbe", "vbs", "vxd", "wsc", "wsf", "wsh", "xll", "xz",
    "z",
];

/// What kinds of file have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// Machine code, or an installer that carries it.
    Program,
    /// Text that an interpreter of the desktop runs when it is opened.
    Script,
    /// A link or settings file that makes the desktop start something.
    Shortcut,
    /// A document with macros.
    MacroDocument,
    /// A document.
    Document,
    /// HTML, SVG and the like: opened by the browser.
    Page,
    /// Packed files.
    Archive,
    /// A disk image: opened as a drive, without the mark of the web.
    DiskImage,
    /// Pictures, sound, video, fonts.
    Media,
    /// Text of no particular kind.
    Text,
    /// Nothing that is known.
    Unknown,
}

/// One kind of file.
#[derive(Debug, PartialEq, Eq)]
pub struct FileKind {
    /// The name that policies, findings and the documentation use: the usual extension.
    pub name: &'static str,
    /// What it has in common with others.
    pub family: Family,
    /// Other policy names that the same content goes by: a `scr` is an `exe` by content. They
    /// count where the extension is not one of the kind's own.
    pub also: &'static [&'static str],
    /// Further extensions under which this content is honest.
    pub honest: &'static [&'static str],
}

impl FileKind {
    /// The content belongs under this extension.
    pub fn fits(&self, extension: &str) -> bool {
        self.name == extension || self.also.contains(&extension) || self.honest.contains(&extension)
    }
}

macro_rules! kinds {
    ($($name:ident = $text:literal $family:ident also[$($also:literal)*] honest[$($honest:literal)*];)*) => {
        $(pub(crate) static $name: FileKind = FileKind {
            name: $text,
            family: Family::$family,
            also: &[$($also),*],
            honest: &[$($honest),*],
        };)*
        /// Every kind that content can be known as.
        pub static KINDS: &[&FileKind] = &[$(&$name),*];
    };
}

kinds! {
    // Programs.
    EXE = "exe" Program also["scr" "com" "pif" "app"] honest["cpl" "mui" "tmp" "bin" "ocx"];
    DLL = "dll" Program also["cpl" "ocx"] honest["exe" "drv" "ax" "bin" "mui"];
    SYS = "sys" Program also[] honest["drv" "bin"];
    XLL = "xll" Program also["dll"] honest[];
    VXD = "vxd" Program also["386"] honest["drv" "exe"];
    COM = "com" Program also["exe"] honest["bin" "cmd"];
    PIF = "pif" Program also[] honest[];
    ELF = "elf" Program also["so" "ko" "axf"] honest["o" "bin" "run" "out" "prx" "mod"];
    MACHO = "macho" Program also["app" "dylib"] honest["o" "bin" "bundle"];
    KEXT = "kext" Program also["macho"] honest[];
    DEX = "dex" Program also["odex"] honest[];
    CLASS = "class" Program also[] honest[];
    WASM = "wasm" Program also[] honest[];
    // Packages that install or run.
    MSI = "msi" Program also[] honest["msm" "pcp"];
    MSP = "msp" Program also[] honest[];
    MST = "mst" Program also[] honest[];
    APK = "apk" Program also["jar"] honest["xapk" "aab"];
    APPX = "appx" Program also["msix"] honest["appxbundle" "msixbundle"];
    APP = "app" Program also[] honest["zip" "ipa"];
    JAR = "jar" Program also[] honest["war" "ear" "xpi"];
    DEB = "deb" Program also["udeb"] honest[];
    RPM = "rpm" Program also[] honest[];
    LIB = "lib" Program also["a"] honest["ar"];
    // Scripts.
    VBS = "vbs" Script also["vb"] honest["bas" "cls"];
    VBE = "vbe" Script also["jse"] honest[];
    BAT = "bat" Script also["cmd"] honest[];
    PS1 = "ps1" Script also["psm1" "psd1"] honest[];
    JS = "js" Script also["jse"] honest["mjs" "cjs" "ts" "json"];
    WSF = "wsf" Script also[] honest[];
    WSC = "wsc" Script also["sct"] honest["xml"];
    SCT = "sct" Script also["wsc"] honest["xml"];
    HTA = "hta" Script also[] honest[];
    JNLP = "jnlp" Script also[] honest["xml"];
    SHELL = "sh" Script also["command"] honest["bash" "py" "pl" "rb" "cgi" "php"];
    // What makes the desktop start something.
    LNK = "lnk" Shortcut also[] honest[];
    URL = "url" Shortcut also["website"] honest[];
    SCF = "scf" Shortcut also[] honest[];
    REG = "reg" Shortcut also[] honest[];
    WSH = "wsh" Shortcut also[] honest[];
    MSC = "msc" Shortcut also[] honest["xml"];
    LIBRARY = "library" Shortcut also["library-ms"] honest["xml"];
    SEARCH = "search-ms" Shortcut also[] honest["xml" "searchconnector-ms"];
    SETTINGS = "settingcontent-ms" Shortcut also[] honest["xml"];
    // Documents.
    PDF = "pdf" Document also[] honest["ai" "fdf"];
    RTF = "rtf" Document also[] honest["doc" "dot" "wiz"];
    OLE = "ole" Document also[] honest["doc" "xls" "ppt" "dot" "xlt" "pot" "pps" "msg" "vsd" "pub" "mpp" "db" "oft" "hwp" "wps" "one" "dat"];
    DOC = "doc" Document also[] honest["dot" "wbk" "rtf"];
    XLS = "xls" Document also[] honest["xlt" "xla" "xlw" "csv"];
    PPT = "ppt" Document also[] honest["pot" "pps"];
    MSG = "msg" Document also["oft"] honest[];
    DOC_MACRO = "doc" MacroDocument also[] honest["dot" "wbk"];
    XLS_MACRO = "xls" MacroDocument also["xla"] honest["xlt"];
    PPT_MACRO = "ppt" MacroDocument also["ppa"] honest["pot" "pps"];
    DOCX = "docx" Document also[] honest["dotx" "doc"];
    XLSX = "xlsx" Document also[] honest["xltx" "xls"];
    PPTX = "pptx" Document also[] honest["potx" "ppsx" "thmx" "sldx" "ppt"];
    OOXML = "ooxml" Document also[] honest["docx" "xlsx" "pptx" "vsdx" "xps" "oxps" "dotx" "xltx" "potx" "ppsx" "3mf" "nupkg" "vsix"];
    DOCM = "docm" MacroDocument also["dotm"] honest[];
    XLSM = "xlsm" MacroDocument also["xltm" "xlam"] honest[];
    XLSB = "xlsb" MacroDocument also[] honest[];
    PPTM = "pptm" MacroDocument also["potm" "ppsm"] honest[];
    PPAM = "ppam" MacroDocument also[] honest[];
    ODF = "odf" Document also["odt" "ods" "odp"] honest["odg" "ott" "ots" "otp" "sxw" "odb"];
    EPUB = "epub" Document also[] honest[];
    ONENOTE = "one" Document also["onetoc2" "onepkg"] honest[];
    CHM = "chm" Shortcut also[] honest[];
    // Pages.
    HTML = "html" Page also["htm" "xhtml" "mht"] honest["shtml" "xht" "aspx" "php" "asp" "xml" "txt" "eml"];
    SVG = "svg" Page also[] honest["xml"];
    XML = "xml" Text also[] honest["rss" "xsl" "xslt" "xsd" "rels" "plist" "kml" "gpx" "vml" "manifest" "config" "csproj" "resx" "html" "xhtml" "ics" "txt"];
    // Archives.
    ZIP = "zip" Archive also[] honest["zipx" "jar" "docx" "xlsx" "pptx" "odt" "epub" "cbz" "kmz" "whl" "nupkg" "vsix" "pages" "numbers" "key"];
    RAR = "rar" Archive also[] honest["r00" "cbr"];
    REV = "rev" Archive also[] honest[];
    SEVEN_ZIP = "7z" Archive also[] honest["cb7"];
    GZ = "gz" Archive also["tgz"] honest["gzip" "svgz" "emz" "wmz" "dia"];
    BZ2 = "bz2" Archive also["tbz2" "tbz"] honest["bz"];
    XZ = "xz" Archive also["txz"] honest[];
    LZMA = "lzma" Archive also[] honest[];
    ZST = "zst" Archive also["tzst"] honest[];
    Z = "z" Archive also[] honest["taz"];
    TAR = "tar" Archive also[] honest["ova" "gem"];
    CAB = "cab" Archive also[] honest["msu" "onepkg"];
    ARJ = "arj" Archive also[] honest[];
    ACE = "ace" Archive also[] honest[];
    LZH = "lzh" Archive also["lha"] honest["lzs"];
    CPIO = "cpio" Archive also[] honest[];
    // Disk images.
    ISO = "iso" DiskImage also["img" "udf"] honest["bin" "nrg"];
    IMG = "img" DiskImage also["ima"] honest["bin" "dd" "vfd" "flp" "raw"];
    UIF = "uif" DiskImage also[] honest[];
    VHD = "vhd" DiskImage also["vhdx"] honest["avhd" "avhdx"];
    DMG = "dmg" DiskImage also[] honest[];
    // Media.
    PNG = "png" Media also[] honest["apng"];
    JPEG = "jpg" Media also["jpeg"] honest["jpe" "jfif" "thm"];
    GIF = "gif" Media also[] honest[];
    BMP = "bmp" Media also[] honest["dib"];
    TIFF = "tif" Media also["tiff"] honest["nef" "cr2" "dng"];
    ICO = "ico" Media also[] honest["cur"];
    WEBP = "webp" Media also[] honest[];
    ANI = "ani" Media also[] honest["cur"];
    WAV = "wav" Media also[] honest[];
    AVI = "avi" Media also[] honest[];
    MP3 = "mp3" Media also[] honest[];
    MP4 = "mp4" Media also[] honest["m4a" "m4v" "mov" "heic" "avif" "3gp"];
    WMF = "wmf" Media also[] honest["emf"];
    FONT = "ttf" Media also["otf"] honest["woff" "woff2" "ttc"];
    // The rest.
    TNEF = "tnef" Document also[] honest["dat"];
    TEXT = "txt" Text also[] honest[];
    EMPTY = "empty" Unknown also[] honest[];
    UNKNOWN = "unknown" Unknown also[] honest[];
    UNREAD = "unread" Unknown also[] honest[];
}

/// What asking for the kind of some octets costs: text is read word by word.
pub(crate) fn detect_work(bytes: &[u8]) -> u64 {
    /// Nanoseconds an octet, measured.
    const EACH: u64 = 20;
    bytes.len().min(script::READ_BYTES) as u64 * EACH
}

/// The kind whose usual extension this is; none for extensions that say nothing.
pub(crate) fn by_extension(extension: &str) -> Option<&'static FileKind> {
    KINDS
        .iter()
        .find(|kind| kind.name == extension)
        .or_else(|| KINDS.iter().find(|kind| kind.also.contains(&extension)))
        .copied()
}
