//! The kinds of finding that this room makes, with their texts and weights.
//!
//! Touches nothing. Decisive is only what is certain: a test signature, a program under a
//! document's name, a macro that starts by itself and fetches something. Whether a type is
//! forbidden is the policy's affair.

use posthouse_types::{Concern, Finding, FindingKind, Force};

macro_rules! findings {
    ($($name:ident $id:literal $concern:ident $force:expr; $en:literal $de:literal)*) => {
        $(pub(crate) static $name: FindingKind = FindingKind {
            id: $id, concern: Concern::$concern, force: $force, en: $en, de: $de,
        };)*
        /// Every kind of finding that this room makes.
        pub const FINDINGS: &[&FindingKind] = &[$(&$name),*];
    };
}

/// What `archive-ambiguous` weighs where the archive was made to be two.
pub(crate) const TWO_ARCHIVES: f32 = 4.0;

/// Whether a finding says that an archive was made to be two: no policy may call it clean.
pub fn is_two_archives(found: &Finding) -> bool {
    found.kind.id == AMBIGUOUS.id && found.weight() >= TWO_ARCHIVES
}

const DECISIVE: Force = Force::Decisive;
const fn weight(weight: f32) -> Force {
    Force::Weight(weight)
}

findings! {
    EICAR "eicar-test-file" Malware DECISIVE;
        "{file} contains EICAR's test file, which every malware scanner must name."
        "{file} enthält die EICAR-Testdatei, die jeder Virenscanner melden muss."
    GTUBE "gtube-test-string" Spam DECISIVE;
        "The message contains GTUBE, the test string that makes it spam for every filter."
        "Die Nachricht enthält GTUBE, die Testzeichenfolge, die für jeden Filter Spam bedeutet."
    YARA "yara-rule" Malware DECISIVE;
        "{file} matches the YARA rule {rule}."
        "{file} entspricht der YARA-Regel {rule}."
    YARA_TIMEOUT "yara-timeout" Malware weight(0.5);
        "The YARA rules took too long over {file}: it was not searched to the end."
        "Die YARA-Regeln brauchten zu lange für {file}: nicht bis zum Ende durchsucht."

    DISGUISED "disguised-program" Malware DECISIVE;
        "{file} is named like a {shown} file, but is a program ({kind})."
        "{file} heißt wie eine {shown}-Datei, ist aber ein Programm ({kind})."
    MISMATCH "type-mismatch" Malware weight(1.2);
        "{file} is named like a {shown} file, but its content is {kind}."
        "{file} heißt wie eine {shown}-Datei, der Inhalt ist aber {kind}."
    MEDIA_MISMATCH "media-type-mismatch" Malware weight(1.0);
        "{file} is declared as {shown}, but its content is {kind}."
        "{file} ist als {shown} bezeichnet, der Inhalt ist aber {kind}."
    DOUBLE_EXTENSION "double-extension" Malware weight(4.0);
        "{file} has a second extension that hides that it runs."
        "{file} hat eine zweite Endung, die verbirgt, dass die Datei ausgeführt wird."
    TURNED_NAME "turned-name" Malware weight(4.0);
        "The name {file} holds characters that reverse the direction of writing, so that it reads as another name."
        "Der Name {file} enthält Zeichen, die die Schreibrichtung umkehren: er liest sich wie ein anderer."
    NAME_TAIL "name-tail" Malware weight(1.5);
        "The name {file} ends in characters that Windows drops, so that its extension is another one."
        "Der Name {file} endet mit Zeichen, die Windows weglässt: die Endung ist eine andere."
    LONG_NAME "long-name" Malware weight(1.0);
        "The name {file} is longer than file systems allow."
        "Der Name {file} ist länger, als Dateisysteme erlauben."
    PROGRAM "program-attached" Malware weight(2.0);
        "{file} is a program or script ({kind})."
        "{file} ist ein Programm oder Skript ({kind})."
    PROGRAM_IN_ARCHIVE "program-in-archive" Malware weight(2.5);
        "{file} inside an archive or image is a program or script ({kind})."
        "{file} in einem Archiv oder Abbild ist ein Programm oder Skript ({kind})."
    DISK_IMAGE "disk-image" Malware weight(1.8);
        "{file} is a disk image: what is in it runs without Windows' warning about files from the Internet."
        "{file} ist ein Datenträgerabbild: der Inhalt läuft ohne Windows' Warnung vor Dateien aus dem Internet."
    SHORTCUT_RUNS "shortcut-runs" Malware weight(4.5);
        "The shortcut {file} runs a command: {command}"
        "Die Verknüpfung {file} führt einen Befehl aus: {command}"

    BOMB "archive-bomb" Malware weight(4.0);
        "Unpacking {file} would take more than the limits allow: an archive bomb, or far too much."
        "{file} zu entpacken überschreitet die Grenzen: eine Archivbombe oder viel zu viel."
    DEPTH "archive-depth" Malware weight(3.0);
        "{file} lies more than {depth} archives deep and was not opened."
        "{file} liegt mehr als {depth} Archive tief und wurde nicht geöffnet."
    UNREADABLE "archive-unreadable" Malware weight(1.0);
        "What is in {file} ({kind}) could not be read, or not all of it."
        "Der Inhalt von {file} ({kind}) war nicht oder nicht ganz lesbar."
    PARTLY "attachment-partly-read" Malware weight(0.3);
        "{file} is so long that only its beginning was examined."
        "{file} ist so lang, dass nur der Anfang untersucht wurde."
    AMBIGUOUS "archive-ambiguous" Ambiguity weight(2.5);
        "{file} unpacks to different files in different programs: {difference}."
        "{file} ergibt je nach Programm verschiedene Dateien: {difference}."
    METHOD_LIES "archive-method-lies" Malware weight(4.0);
        "{member} in {file} is packed in another way than its header says, which hides it from scanners."
        "{member} in {file} ist anders gepackt, als der Kopf angibt; das verbirgt es vor Scannern."
    ESCAPES "archive-path-escapes" Malware weight(3.0);
        "{file} holds a member whose name leads out of its folder: {member}"
        "{file} enthält einen Eintrag, dessen Name aus dem Ordner herausführt: {member}"
    ENCRYPTED "encrypted-archive" Malware weight(1.0);
        "{file} is encrypted: nobody but the reader can see what is in it."
        "{file} ist verschlüsselt: den Inhalt kann nur der Empfänger sehen."
    PASSWORD_GIVEN "encrypted-archive-password-in-body" Malware weight(3.0);
        "{file} is encrypted, and the message tells the password: that is done to pass scanners."
        "{file} ist verschlüsselt, und die Nachricht nennt das Kennwort: so umgeht man Scanner."
    ENCRYPTED_DOCUMENT "encrypted-document" Malware weight(1.0);
        "The document {file} is encrypted: nobody but the reader can see what is in it."
        "Das Dokument {file} ist verschlüsselt: den Inhalt kann nur der Empfänger sehen."

    MACROS "macros" Malware weight(1.5);
        "The document {file} contains macros."
        "Das Dokument {file} enthält Makros."
    MACRO_RUNS "macro-runs-by-itself" Malware weight(2.5);
        "The document {file} contains a macro that runs by itself: {name}."
        "Das Dokument {file} enthält ein Makro, das von selbst startet: {name}."
    MACRO_SUSPICIOUS "macro-suspicious" Malware weight(2.5);
        "A macro in {file} starts programs, fetches files or hides text: {name}."
        "Ein Makro in {file} startet Programme, lädt Dateien oder verbirgt Text: {name}."
    MACRO_DOWNLOADS "macro-downloads" Malware DECISIVE;
        "A macro in {file} runs by itself ({name}), fetches something from the network and starts a program: {call}."
        "Ein Makro in {file} startet von selbst ({name}), lädt etwas aus dem Netz und startet ein Programm: {call}."
    EXCEL4 "excel-4-macros" Malware weight(3.0);
        "The workbook {file} contains Excel 4 macros."
        "Die Arbeitsmappe {file} enthält Excel-4-Makros."
    DDE "dde-field" Malware weight(3.5);
        "The document {file} has a field that starts a program (DDE): {command}"
        "Das Dokument {file} hat ein Feld, das ein Programm startet (DDE): {command}"
    REMOTE_TEMPLATE "remote-template" Malware weight(3.0);
        "The document {file} loads a template or object from elsewhere: {target}"
        "Das Dokument {file} lädt eine Vorlage oder ein Objekt von anderswo: {target}"
    EMBEDDED_OBJECT "embedded-object" Malware weight(1.2);
        "The document {file} has a file embedded: {name}."
        "In das Dokument {file} ist eine Datei eingebettet: {name}."
    EQUATION "equation-object" Malware weight(1.5);
        "The document {file} has an object of the old equation editor, which attacks exploit (CVE-2017-11882)."
        "Das Dokument {file} enthält ein Objekt des alten Formeleditors, das Angriffe ausnutzen (CVE-2017-11882)."
    RTF_OBFUSCATED "rtf-obfuscated" Malware weight(3.0);
        "The document {file} hides an embedded object between odd control words."
        "Das Dokument {file} verbirgt ein eingebettetes Objekt zwischen seltsamen Steuerwörtern."
    DAMAGED_DOCUMENT "document-needs-repair" Malware weight(2.0);
        "The document {file} is damaged so that scanners stumble and the office program offers to repair it."
        "Das Dokument {file} ist so beschädigt, dass Scanner stolpern und das Programm die Reparatur anbietet."

    PDF_SCRIPT "pdf-script" Malware weight(1.5);
        "The PDF {file} contains a script."
        "Das PDF {file} enthält ein Skript."
    PDF_LAUNCHES "pdf-launches" Malware weight(4.5);
        "The PDF {file} starts a program."
        "Das PDF {file} startet ein Programm."
    PDF_OPENS "pdf-acts-when-opened" Malware weight(1.5);
        "The PDF {file} acts when it is opened: {action}."
        "Das PDF {file} handelt beim Öffnen: {action}."
    PDF_EMBEDS "pdf-embeds-file" Malware weight(1.0);
        "The PDF {file} has a file embedded."
        "In das PDF {file} ist eine Datei eingebettet."
    PDF_OBFUSCATED "pdf-obfuscated" Malware weight(3.0);
        "The PDF {file} writes its commands in code to hide them: {action}."
        "Das PDF {file} schreibt seine Befehle verschlüsselt, um sie zu verbergen: {action}."
    SMUGGLING "html-smuggling" Malware weight(4.0);
        "The page {file} puts a file together in the browser and has it downloaded."
        "Die Seite {file} setzt im Browser eine Datei zusammen und lässt sie herunterladen."
    HIDDEN_FILE "file-hidden-in-text" Malware weight(3.0);
        "{file} hides another file in its text ({kind})."
        "{file} verbirgt in seinem Text eine weitere Datei ({kind})."
    PAGE_SCRIPT "page-with-script" Malware weight(1.2);
        "The attached page {file} contains a script."
        "Die angehängte Seite {file} enthält ein Skript."
    SVG_SCRIPT "svg-script" Malware weight(3.5);
        "The picture {file} contains a script."
        "Das Bild {file} enthält ein Skript."
    ONENOTE_EMBEDS "onenote-embeds-file" Malware weight(3.0);
        "The OneNote page {file} has a file embedded that runs: {name}."
        "In die OneNote-Seite {file} ist eine ausführbare Datei eingebettet: {name}."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_have_the_same_arguments() {
        let arguments = |text: &str| {
            let mut names: Vec<String> = text
                .split('{')
                .skip(1)
                .filter_map(|rest| rest.split_once('}'))
                .map(|(name, _)| name.to_owned())
                .collect();
            names.sort();
            names
        };
        for kind in FINDINGS {
            assert_eq!(arguments(kind.en), arguments(kind.de), "{}", kind.id);
        }
        let mut ids: Vec<_> = FINDINGS.iter().map(|kind| kind.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), FINDINGS.len());
    }
}
