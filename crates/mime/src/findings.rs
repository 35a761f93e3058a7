//! What this room finds: one kind for each way in which two programs could read a message
//! differently, and for each limit.
//!
//! Constants only. Weights are small where honest mail has it too, and large where it takes intent.

use posthouse_types::{Concern, FindingKind, Force};

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident $id:literal $force:expr, $en:literal, $de:literal;)*) => {
        $($(#[$doc])* pub static $name: FindingKind = FindingKind {
            id: $id, concern: Concern::Ambiguity, force: $force, en: $en, de: $de,
        };)*
        /// Every kind of finding that this room makes.
        pub const FINDINGS: &[&FindingKind] = &[$(&$name),*];
    };
}

kinds! {
    /// MIM-06.
    LIMIT "mime-limit" Force::Weight(2.5),
        "The message exceeds a limit ({what}); what lies beyond was not read.",
        "Die Nachricht überschreitet eine Grenze ({what}); was dahinter liegt, wurde nicht gelesen.";
    /// MIM-02.
    DUPLICATE_PARAMETER "mime-duplicate-parameter" Force::Weight(3.0),
        "The parameter {name} stands there more than once with different values ({first} and {second}): programs disagree on which one counts. All were read.",
        "Der Parameter {name} steht mehrfach mit verschiedenen Werten da ({first} und {second}): Programme sind sich nicht einig, welcher gilt. Alle wurden gelesen.";
    /// MIM-02 and MIM-05.
    DUPLICATE_FIELD "mime-duplicate-field" Force::Weight(2.0),
        "The header field {name} stands there more than once with different values ({first} and {second}). All were read.",
        "Das Kopffeld {name} steht mehrfach mit verschiedenen Werten da ({first} und {second}). Alle wurden gelesen.";
    /// MIM-04: quotes, comments, escapes, blanks or length.
    BOUNDARY_UNCLEAR "mime-boundary-unclear" Force::Weight(1.5),
        "The boundary between the parts is written so that programs read it differently ({first} or {second}). All were read.",
        "Die Trennlinie zwischen den Teilen ist so geschrieben, dass Programme sie verschieden lesen ({first} oder {second}). Alle wurden gelesen.";
    /// MIM-04.
    BOUNDARY_PREFIX "mime-boundary-prefix" Force::Weight(0.2),
        "Lines begin with the boundary {boundary} and go on: some programs take them for the boundary. Both ways were read.",
        "Zeilen beginnen mit der Trennlinie {boundary} und gehen weiter: manche Programme halten sie für die Trennlinie. Beides wurde gelesen.";
    /// MIM-04.
    BOUNDARY_OVERLAP "mime-boundary-overlap" Force::Weight(1.5),
        "The boundary {boundary} goes on after the part that it belongs to has ended. Both ways were read.",
        "Die Trennlinie {boundary} kommt noch vor, nachdem der Teil, zu dem sie gehört, zu Ende ist. Beides wurde gelesen.";
    /// MIM-04.
    BOUNDARY_MISSING "mime-boundary-missing" Force::Weight(0.8),
        "The message says that it has several parts, but nothing divides them.",
        "Die Nachricht gibt an, aus mehreren Teilen zu bestehen, aber nichts trennt sie.";
    /// MIM-04.
    CLOSE_MISSING "mime-close-delimiter-missing" Force::Informs,
        "The line that ends the last part is missing.",
        "Die Zeile, die den letzten Teil beendet, fehlt.";
    /// MIM-04.
    EPILOGUE_PART "mime-epilogue-part" Force::Weight(2.5),
        "A part stands after the end of all parts: most programs hide it, some show it. It was read.",
        "Ein Teil steht hinter dem Ende aller Teile: die meisten Programme verbergen ihn, manche zeigen ihn. Er wurde gelesen.";
    /// MIM-04.
    MARGIN_TEXT "mime-text-between-parts" Force::Informs,
        "Text stands before the first or after the last part, where no program shows it.",
        "Text steht vor dem ersten oder hinter dem letzten Teil, wo kein Programm ihn zeigt.";
    /// MIM-01.
    HEADER_ODD "mime-header-malformed" Force::Weight(1.0),
        "The header holds a line that is no field; programs disagree on where the header ends. All ways were read.",
        "Im Kopf steht eine Zeile, die kein Feld ist; Programme sind sich nicht einig, wo der Kopf endet. Alle Lesarten wurden gelesen.";
    /// MIM-01.
    HEADER_TWICE "mime-header-after-blank-line" Force::Weight(1.0),
        "After the blank line that ends the header, header fields go on. Both ways were read.",
        "Nach der Leerzeile, die den Kopf beendet, gehen Kopffelder weiter. Beides wurde gelesen.";
    /// MIM-01.
    LONE_CR "mime-lone-cr" Force::Weight(1.5),
        "A carriage return stands alone where some programs end a line and some do not. Both ways were read.",
        "Ein Wagenrücklauf steht allein, wo manche Programme eine Zeile beenden und manche nicht. Beides wurde gelesen.";
    /// MIM-01.
    HEADER_NUL "mime-header-nul" Force::Weight(1.5),
        "The header holds the octet zero, where some programs stop reading.",
        "Im Kopf steht das Byte null, bei dem manche Programme aufhören zu lesen.";
    /// MIM-08.
    HIDDEN_LINE "mime-encoded-line-end" Force::Weight(3.0),
        "The field {name} hides a line end in encoded text, as if to add lines to the header.",
        "Das Feld {name} verbirgt ein Zeilenende in kodiertem Text, wie um dem Kopf Zeilen hinzuzufügen.";
    /// MIM-01.
    TYPE_MALFORMED "mime-type-malformed" Force::Weight(0.5),
        "The content type {type} is not one that the standard allows; programs guess differently.",
        "Der Inhaltstyp {type} entspricht nicht dem Standard; Programme raten verschieden.";
    /// MIM-05.
    ENCODING_UNCLEAR "mime-encoding-unclear" Force::Weight(0.8),
        "The transfer encoding {encoding} is unknown or oddly written: programs decode it or do not. Both ways were read.",
        "Die Transferkodierung {encoding} ist unbekannt oder eigenartig geschrieben: Programme dekodieren oder nicht. Beides wurde gelesen.";
    /// MIM-05.
    BASE64_UNCLEAR "mime-base64-unclear" Force::Weight(0.4),
        "Base64 text holds foreign characters or ends early and goes on: programs decode it differently. All ways were read.",
        "Base64-Text enthält fremde Zeichen oder endet vorzeitig und geht weiter: Programme dekodieren ihn verschieden. Alle Lesarten wurden gelesen.";
    /// MIM-05.
    QUOTED_UNCLEAR "mime-quoted-printable-unclear" Force::Weight(0.2),
        "Quoted-printable text holds sequences that the standard forbids: programs decode them differently. All ways were read.",
        "Quoted-printable-Text enthält Folgen, die der Standard verbietet: Programme dekodieren sie verschieden. Alle Lesarten wurden gelesen.";
    /// MIM-05.
    EIGHT_BIT "mime-8bit-in-7bit" Force::Informs,
        "A part that is declared as 7bit holds octets above 127.",
        "Ein Teil, der als 7bit erklärt ist, enthält Bytes über 127.";
    /// MIM-05.
    ENCODED_MULTIPART "mime-encoded-multipart" Force::Weight(1.5),
        "A container of parts is itself encoded ({encoding}), which the standard forbids. Both ways were read.",
        "Ein Behälter von Teilen ist selbst kodiert ({encoding}), was der Standard verbietet. Beides wurde gelesen.";
    /// TXT-01.
    CHARSET_UNKNOWN "mime-charset-unknown" Force::Weight(0.3),
        "Nobody knows the charset {charset}; the text was read as well as possible.",
        "Den Zeichensatz {charset} kennt niemand; der Text wurde so gut wie möglich gelesen.";
    /// TXT-01.
    CHARSET_GUESSED "mime-charset-guessed" Force::Informs,
        "The text holds octets that its charset ({charset}) does not know; programs guess differently.",
        "Der Text enthält Bytes, die sein Zeichensatz ({charset}) nicht kennt; Programme raten verschieden.";
    /// TXT-01.
    CHARSET_DISAGREES "mime-charset-disagrees" Force::Weight(0.3),
        "The text has two charsets ({first} and {second}). Both ways were read.",
        "Der Text hat zwei Zeichensätze ({first} und {second}). Beides wurde gelesen.";
    /// TXT-01.
    CHARSET_UTF7 "mime-charset-utf7" Force::Weight(1.5),
        "The text is declared as UTF-7, in which markup can be hidden. Both ways were read.",
        "Der Text ist als UTF-7 erklärt, worin sich Auszeichnung verbergen lässt. Beides wurde gelesen.";
    /// MIM-03.
    NAMES_DISAGREE "mime-names-disagree" Force::Weight(0.4),
        "An attachment has several names ({first} and {second}): programs show different ones. All were checked.",
        "Ein Anhang hat mehrere Namen ({first} und {second}): Programme zeigen verschiedene. Alle wurden geprüft.";
    /// MIM-07.
    PARTIAL "mime-partial" Force::Weight(3.0),
        "The message is a piece of a larger one (message/partial): nobody can check the whole.",
        "Die Nachricht ist ein Stück einer größeren (message/partial): niemand kann das Ganze prüfen.";
    /// MIM-07.
    EXTERNAL_BODY "mime-external-body" Force::Weight(2.0),
        "A part stands elsewhere (message/external-body) and was not fetched.",
        "Ein Teil liegt anderswo (message/external-body) und wurde nicht geholt.";
    /// MIM-07.
    TNEF "mime-tnef" Force::Informs,
        "Attachments are packed in Outlook's own format (winmail.dat); they were unpacked.",
        "Anhänge sind in Outlooks eigenem Format (winmail.dat) verpackt; sie wurden ausgepackt.";
    /// MIM-07.
    TNEF_BROKEN "mime-tnef-broken" Force::Weight(0.8),
        "Outlook's package (winmail.dat) is damaged; only a part of it could be unpacked.",
        "Outlooks Paket (winmail.dat) ist beschädigt; nur ein Teil davon ließ sich auspacken.";
    /// MIM-05.
    EMBEDDED "mime-embedded-file" Force::Weight(0.5),
        "A file ({name}) is embedded in the text itself ({encoding}); some programs show it as an attachment. It was unpacked.",
        "Eine Datei ({name}) ist in den Text selbst eingebettet ({encoding}); manche Programme zeigen sie als Anhang. Sie wurde ausgepackt.";
}
