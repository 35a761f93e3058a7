//! The smallest file of each type that is blocked by default. None of them does anything.

use crate::make;

/// The content of one type.
pub(crate) fn sample(file_type: &str) -> Vec<u8> {
    let text = |text: &str| text.as_bytes().to_vec();
    let padded = |start: &[u8], at: usize, magic: &[u8], length: usize| {
        let mut bytes = vec![0; length];
        bytes[..start.len()].copy_from_slice(start);
        bytes[at..at + magic.len()].copy_from_slice(magic);
        bytes
    };
    match file_type {
        "ace" => padded(b"\x11\x22\x31", 7, b"**ACE**", 64),
        "ani" => text("RIFF\u{10}\0\0\0ACONLIST"),
        "apk" => make::zip(&[("AndroidManifest.xml", b"x"), ("classes.dex", b"dex\n035\0")]),
        "app" => make::zip(&[("Tool.app/Contents/MacOS/Tool", b"x"), ("Tool.app/Contents/Info.plist", b"x")]),
        "appx" | "msix" => make::zip(&[("AppxManifest.xml", b"<Package/>"), ("AppxBlockMap.xml", b"x")]),
        "arj" => b"\x60\xea\x2c\0\x22\x0b\x01\x0b".to_vec(),
        "bat" | "cmd" => text("@echo off\r\nset name=world\r\necho hello %name%\r\npause\r\n"),
        "cab" => make::cabinet("a.txt", b"hello"),
        "com" => b"\xeb\x10hello, world!\r\n$\xba\x02\x01\xb4\x09\xcd\x21\xcd\x20".to_vec(),
        "deb" => text("!<arch>\ndebian-binary   0           0     0     100644  4         `\n2.0\n"),
        "dex" => b"dex\n035\0\0\0\0\0".to_vec(),
        "dll" => make::pe(0x2002, 2, b""),
        "docm" => make::zip(&[
            ("[Content_Types].xml", b"<Types><Override ContentType=\"application/vnd.ms-word.document.macroEnabled.main+xml\"/></Types>"),
            ("word/document.xml", b"<w:document/>"),
            ("word/vbaProject.bin", b"none"),
        ]),
        "elf" => b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec(),
        "exe" | "scr" => make::pe(0x0102, 2, b""),
        "hta" => text("<html><head><HTA:APPLICATION ID=\"a\"/></head><script>window.close()</script></html>"),
        "img" => padded(b"\xeb\x3c\x90MSDOS5.0", 510, b"\x55\xaa", 2048)
            .iter().enumerate().map(|(at, octet)| b"FAT12   ".get(at.wrapping_sub(54)).copied().unwrap_or(*octet)).collect(),
        "iso" => make::iso("README.TXT;1", b"hello"),
        "jar" => make::zip(&[("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0"), ("A.class", b"\xca\xfe\xba\xbe")]),
        "jnlp" => text("<?xml version=\"1.0\"?><jnlp spec=\"1.0+\"></jnlp>"),
        "kext" => padded(b"\xcf\xfa\xed\xfe", 12, b"\x0b\0\0\0", 32),
        "lha" | "lzh" => b"\x20\x10-lh5-\0\0\0\0".to_vec(),
        "lib" => text("!<arch>\n/               0           0     0     0       4         `\n\0\0\0\0"),
        "library" => text("<?xml version=\"1.0\"?><libraryDescription xmlns=\"http://schemas.microsoft.com/windows/2009/library\"/>"),
        "lnk" => padded(b"\x4c\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46", 20, b"\x80", 76),
        "macho" => padded(b"\xcf\xfa\xed\xfe", 12, b"\x02\0\0\0", 32),
        "msc" => text("<?xml version=\"1.0\"?><MMC_ConsoleFile ConsoleVersion=\"3.0\"/>"),
        "msi" => make::compound(Some("000c1084-0000-0000-c000-000000000046"), &[("/a", b"x")]),
        "msp" => make::compound(Some("000c1086-0000-0000-c000-000000000046"), &[("/a", b"x")]),
        "mst" => make::compound(Some("000c1082-0000-0000-c000-000000000046"), &[("/a", b"x")]),
        "pif" => padded(b"\0\x78", 0x171, b"MICROSOFT PIFEX", 0x200),
        "ppa" => make::compound(None, &[("/PowerPoint Document", b"x"), ("/_VBA_PROJECT_CUR/VBA/_VBA_PROJECT", b"x")]),
        "ppam" => make::zip(&[("[Content_Types].xml", b"<Types><Override ContentType=\"application/vnd.ms-powerpoint.addin.macroEnabled.main+xml\"/></Types>"), ("ppt/presentation.xml", b"<p/>")]),
        "reg" => text("Windows Registry Editor Version 5.00\r\n\r\n[HKEY_CURRENT_USER\\Software\\A]\r\n"),
        "rev" => b"Rar!\x1aRev\0\0\0\0".to_vec(),
        "scf" => text("[Shell]\r\nCommand=2\r\nIconFile=explorer.exe,3\r\n"),
        "sct" => text("<?XML version=\"1.0\"?><scriptlet><registration progid=\"a\"/><script>x</script></scriptlet>"),
        "sys" => make::pe(0x0102, 1, b""),
        "uif" => [vec![7; 512], padded(b"bbis", 8, b"\x01", 64)].concat(),
        "vb" | "vbs" => text("Option Explicit\r\nDim name\r\nname = \"world\"\r\nMsgBox \"hello \" & name\r\n"),
        "vbe" => text("#@~^EgAAAA==\u{7f}ko$K6,JtnV^WE^#~@"),
        "vxd" => padded(b"MZ", 0x80, b"LE\0\0", 0x100).iter().enumerate().map(|(at, octet)| if at == 0x3c { 0x80 } else { *octet }).collect(),
        "wsc" => text("<?xml version=\"1.0\"?><component><registration progid=\"a\"/><script language=\"VBScript\">x</script></component>"),
        "wsf" => text("<job id=\"a\"><script language=\"JScript\">var a = 1;</script></job>"),
        "wsh" => text("[ScriptFile]\r\nPath=C:\\a.vbs\r\n[Options]\r\nTimeout=0\r\n"),
        "xll" => make::pe(0x2002, 2, b"\0xlAutoOpen\0"),
        "xz" => b"\xfd7zXZ\0\0\x01".to_vec(),
        "z" => b"\x1f\x9d\x90\x68\xca\xb0\x61\xf3\x06".to_vec(),
        other => panic!("no sample of {other}"),
    }
}
