//! Every kind of finding of this room, with its weight and its sentences.
//!
//! Touches nothing. Weights are natural logarithms of odds, set by hand and held against real mail
//! (`docs/content.md`): the kinds above 1.5 may fire on at most 0.3 % of honest mail.

use posthouse_types::{Concern, FindingKind, Force};

/// Declares the constants and their list in one place, so that none is forgotten.
macro_rules! kinds {
    ($($name:ident $id:literal $concern:ident $force:expr, $en:literal, $de:literal;)*) => {
        $(pub(crate) static $name: FindingKind = FindingKind {
            id: $id, concern: Concern::$concern, force: $force, en: $en, de: $de,
        };)*
        /// Every kind of finding that this room makes.
        pub const FINDINGS: &[&FindingKind] = &[$(&$name),*];
    };
}

use Force::{Informs, Weight};

kinds! {
    // Who it pretends to be.
    USER "impersonation-user" Phish Weight(2.6),
        "The sender is shown as {shown}, like {protected} <{address}>, but writes from {sender}.",
        "Der Absender erscheint als {shown}, wie {protected} <{address}>, schreibt aber von {sender}.";
    USER_SIMILAR "impersonation-user-similar" Phish Weight(1.3),
        "The sender's name {shown} resembles {protected} <{address}>, but the mail comes from {sender}.",
        "Der Name {shown} ähnelt {protected} <{address}>, die Nachricht kommt aber von {sender}.";
    DOMAIN "impersonation-domain" Phish Weight(2.6),
        "The sender's domain {domain} is made to look like {protected} ({how}).",
        "Die Absenderdomain {domain} soll wie {protected} aussehen ({how}).";
    BRAND "impersonation-brand" Phish Weight(2.6),
        "The sender is shown as {shown}, but {domain} does not belong to {brand} ({real}).",
        "Der Absender erscheint als {shown}, aber {domain} gehört nicht zu {brand} ({real}).";
    BRAND_DOMAIN "impersonation-brand-domain" Phish Weight(1.8),
        "The sender's domain {domain} is made to look like {real} of {brand} ({how}).",
        "Die Absenderdomain {domain} soll wie {real} von {brand} aussehen ({how}).";
    NAME_IS_ADDRESS "display-other-address" Spoof Weight(0.6),
        "The sender's name shows the address {shown}, but the mail comes from {sender}.",
        "Der Absendername zeigt die Adresse {shown}, die Nachricht kommt aber von {sender}.";
    NAME_IS_OWN_ADDRESS "display-protected-address" Spoof Weight(2.4),
        "The sender's name shows {shown}, which is protected, but the mail comes from {sender}.",
        "Der Absendername zeigt das geschützte {shown}, die Nachricht kommt aber von {sender}.";
    NAME_IS_DOMAIN "display-other-domain" Spoof Weight(0.2),
        "The sender's name shows the domain {shown}, but the mail comes from {sender}.",
        "Der Absendername zeigt die Domain {shown}, die Nachricht kommt aber von {sender}.";
    NAME_REVERSED "name-reversed" Spoof Weight(2.5),
        "The name {shown} holds characters that turn its direction, so that it is read as another one.",
        "Der Name {shown} enthält Zeichen, die seine Schreibrichtung ändern, damit er anders gelesen wird.";
    NAME_INVISIBLE "name-invisible" Spoof Weight(1.2),
        "The name {shown} holds characters that nobody sees.",
        "Der Name {shown} enthält Zeichen, die niemand sieht.";
    NAME_MIXED "name-mixed-scripts" Spoof Weight(1.8),
        "The name {shown} mixes letters of several scripts, so that it reads as {reads}.",
        "Der Name {shown} mischt Buchstaben mehrerer Schriften und liest sich so als {reads}.";
    REPLY_FREE "reply-to-free-mail" Trust Informs,
        "Answers go to {reply}, a free mailbox, and not to {sender}.",
        "Antworten gehen an {reply}, ein kostenloses Postfach, und nicht an {sender}.";
    REPLY_FREE_MONEY "reply-to-free-mail-for-money" Phish Weight(1.8),
        "It speaks of money, and answers go to the free mailbox {reply} and not to {sender}.",
        "Es geht um Geld, und Antworten gehen an das kostenlose Postfach {reply} und nicht an {sender}.";
    REPLY_OTHER "reply-to-other-domain" Trust Informs,
        "Answers go to {reply}, and not to {sender}.",
        "Antworten gehen an {reply} und nicht an {sender}.";
    REPLY_LOOKALIKE "reply-to-lookalike" Phish Weight(2.6),
        "Answers go to {reply}, which is made to look like {sender}.",
        "Antworten gehen an {reply}, das wie {sender} aussehen soll.";
    FIRST_CONTACT "first-contact" Trust Informs,
        "You don't often get email from {sender}.",
        "Von {sender} kommt selten Post.";
    UNUSUAL "sender-unusual-characters" Spoof Weight(1.0),
        "The email address {sender} includes unexpected letters or numbers. We recommend you don't interact with this message.",
        "Die E-Mail-Adresse {sender} enthält ungewöhnliche Buchstaben oder Ziffern. Reagieren Sie besser nicht auf diese Nachricht.";

    // Where its links lead.
    LINK_SAYS_OTHER "link-says-other" Phish Weight(0.2),
        "The link says {shown} and goes to {target}.",
        "Der Link zeigt {shown} und führt zu {target}.";
    LINK_SAYS_BRAND "link-says-brand" Phish Weight(2.2),
        "The link says {shown} and goes to {target}.",
        "Der Link zeigt {shown} und führt zu {target}.";
    URL_USERINFO "url-userinfo" Phish Weight(2.2),
        "The link begins with {shown}, which is only a name before an @, and goes to {target}.",
        "Der Link beginnt mit {shown}, das nur ein Name vor einem @ ist, und führt zu {target}.";
    URL_NUMERIC "url-numeric" Phish Weight(1.8),
        "A link goes to the bare address {target}.",
        "Ein Link führt zur nackten Adresse {target}.";
    URL_ODD_NUMBER "url-odd-number" Phish Weight(2.6),
        "A link hides the address {target} by writing it as {shown}.",
        "Ein Link verbirgt die Adresse {target}, indem er sie als {shown} schreibt.";
    URL_OBFUSCATED "url-obfuscated" Phish Weight(1.8),
        "A link to {target} is written in a way that hides where it goes ({how}): {shown}.",
        "Ein Link zu {target} ist so geschrieben, dass sein Ziel verborgen ist ({how}): {shown}.";
    URL_MIXED "url-mixed-scripts" Phish Weight(2.4),
        "A link goes to {shown}, whose letters come from another script and read as {reads}.",
        "Ein Link führt zu {shown}, dessen Buchstaben aus einer anderen Schrift stammen und als {reads} gelesen werden.";
    URL_PUNYCODE "url-punycode" Trust Informs,
        "A link goes to {shown} ({target}), a name with letters beyond ASCII.",
        "Ein Link führt zu {shown} ({target}), einem Namen mit Buchstaben außerhalb von ASCII.";
    URL_LOOKALIKE "url-lookalike" Phish Weight(2.2),
        "A link goes to {target}, which is made to look like {protected} ({how}).",
        "Ein Link führt zu {target}, das wie {protected} aussehen soll ({how}).";
    URL_BRAND_HOST "url-brand-in-host" Phish Weight(1.8),
        "A link goes to {target}, which bears the name of {brand} and does not belong to it.",
        "Ein Link führt zu {target}, das den Namen {brand} trägt und nicht dazu gehört.";
    URL_BRAND_PATH "url-brand-in-path" Phish Weight(0.7),
        "A link to {target} bears the name of {brand} behind the host.",
        "Ein Link zu {target} trägt den Namen {brand} hinter dem Server.";
    URL_SHORTENER "url-shortener" Phish Weight(1.2),
        "A link is shortened by {target}, so that its target cannot be seen.",
        "Ein Link ist durch {target} verkürzt, sein Ziel ist nicht zu sehen.";
    URL_REDIRECT "url-redirect" Phish Weight(0.6),
        "A link names {shown} and is sent on to {target}.",
        "Ein Link nennt {shown} und wird zu {target} weitergeleitet.";
    URL_ANYBODYS "url-anybodys-page" Phish Weight(0.8),
        "A link goes to {target}, where anybody can put a page or file.",
        "Ein Link führt zu {target}, wo jeder Seiten oder Dateien ablegen kann.";
    URL_DATA "url-data" Phish Weight(2.4),
        "A link holds a whole page in itself instead of a target.",
        "Ein Link enthält selbst eine ganze Seite statt eines Ziels.";
    URL_SCRIPT "url-script" Phish Weight(1.5),
        "A link runs a script.",
        "Ein Link führt ein Skript aus.";
    URL_PORT "url-port" Phish Weight(0.4),
        "A link goes to the unusual port {port} of {target}.",
        "Ein Link führt zum ungewöhnlichen Port {port} von {target}.";

    ONE_TARGET "links-all-go-to-one-place" Spam Weight(2.4),
        "All {count} links go to the same place, {target}, whatever they say: {shown}.",
        "Alle {count} Links führen an dieselbe Stelle, {target}, was auch darauf steht: {shown}.";

    // What its HTML does.
    FORM "form-in-mail" Phish Weight(0.2),
        "The message holds a form that sends what is typed to {target}.",
        "Die Nachricht enthält ein Formular, das Eingaben an {target} sendet.";
    PASSWORD "password-in-mail" Phish Weight(2.6),
        "The message itself asks for a password.",
        "Die Nachricht selbst fragt nach einem Passwort.";
    ATTACHED_PASSWORD "attached-page-asks-password" Phish Weight(3.2),
        "The attached page {name} asks for a password.",
        "Die angehängte Seite {name} fragt nach einem Passwort.";
    ATTACHED_THEFT "attached-page-sends-password" Phish Weight(4.4),
        "The attached page {name} asks for a password and sends it to {target}.",
        "Die angehängte Seite {name} fragt nach einem Passwort und schickt es an {target}.";
    ATTACHED_FORM "attached-page-form" Phish Weight(1.4),
        "The attached page {name} holds a form.",
        "Die angehängte Seite {name} enthält ein Formular.";
    ATTACHED_SCRIPT "attached-page-script" Phish Weight(1.6),
        "The attached page {name} runs scripts.",
        "Die angehängte Seite {name} führt Skripte aus.";
    ATTACHED_REFRESH "attached-page-leaves" Phish Weight(2.4),
        "The attached page {name} goes on to {target} by itself.",
        "Die angehängte Seite {name} wechselt von selbst zu {target}.";
    REFRESH "page-leaves" Phish Weight(1.4),
        "The message goes on to {target} by itself.",
        "Die Nachricht wechselt von selbst zu {target}.";
    BASE "base-elsewhere" Phish Weight(0.4),
        "Links without a host lead to {target}, set aside from them.",
        "Links ohne Server führen zu {target}, das an anderer Stelle gesetzt ist.";
    SCRIPT "script-in-mail" Spam Weight(0.4),
        "The message holds scripts.",
        "Die Nachricht enthält Skripte.";
    HIDDEN_TEXT "hidden-text" Spam Weight(1.4),
        "{percent} % of the text cannot be seen. Seen: {seen} Not seen: {hidden}",
        "{percent} % des Textes sind unsichtbar. Sichtbar: {seen} Unsichtbar: {hidden}";
    BROKEN_WORDS "invisible-in-words" Spam Weight(1.6),
        "Characters that nobody sees break up words ({count} times), for example {shown}.",
        "Unsichtbare Zeichen zerteilen Wörter ({count}-mal), zum Beispiel {shown}.";
    MIXED_WORDS "mixed-script-words" Spam Weight(1.8),
        "Words mix letters of several scripts ({count} times), for example {shown}, which reads as {reads}.",
        "Wörter mischen Buchstaben mehrerer Schriften ({count}-mal), zum Beispiel {shown}, das sich als {reads} liest.";
    UTF7 "text-in-utf-7" Ambiguity Weight(1.0),
        "A text calls itself UTF-7, which some programs turn into HTML and others do not.",
        "Ein Text nennt sich UTF-7, was manche Programme in HTML verwandeln und andere nicht.";
    IMAGE_ONLY "only-linked-image" Spam Weight(1.4),
        "There is hardly any text: a picture with a link is the message.",
        "Es gibt kaum Text: ein Bild mit einem Link ist die Nachricht.";

    PICTURE_FIRST "embedded-picture-first" Spam Weight(2.8),
        "The message begins with a picture that it brings along: what it says is drawn, not written.",
        "Die Nachricht beginnt mit einem mitgebrachten Bild: was sie sagt, ist gemalt statt geschrieben.";
    PICTURE_DRAWN "embedded-picture-drawn" Spam Weight(2.8),
        "The message brings a large drawn picture along ({size} pixels, GIF): text in it is hidden from filters.",
        "Die Nachricht bringt ein großes gezeichnetes Bild mit ({size} Bildpunkte, GIF): Text darin ist vor Filtern verborgen.";
    ALTERNATIVES_DIFFER "alternatives-differ" Spam Weight(1.4),
        "Its plain text and its HTML say different things: {percent} % of the words are in both.",
        "Ihr Klartext und ihr HTML sagen Verschiedenes: {percent} % der Wörter stehen in beiden.";

    // What it says.
    SAYS_CREDENTIALS "wording-credentials" Phish Weight(1.6),
        "It speaks of passwords and blocked accounts: {phrases}.",
        "Es ist von Passwörtern und gesperrten Konten die Rede: {phrases}.";
    SAYS_MAILBOX "wording-mailbox" Phish Weight(1.4),
        "It says that the mailbox is full or mail is held back: {phrases}.",
        "Es heißt, das Postfach sei voll oder Post werde zurückgehalten: {phrases}.";
    SAYS_PAYMENT "wording-urgent-payment" Phish Weight(1.0),
        "It asks for a payment in haste or in secret: {phrases}.",
        "Es wird eilig oder heimlich um eine Zahlung gebeten: {phrases}.";
    SAYS_GIFT_CARDS "wording-gift-cards" Phish Weight(1.2),
        "It asks for gift cards: {phrases}.",
        "Es wird um Gutscheinkarten gebeten: {phrases}.";
    SAYS_BANK_DETAILS "wording-bank-details" Phish Weight(1.4),
        "It says that bank details have changed: {phrases}.",
        "Es heißt, eine Bankverbindung habe sich geändert: {phrases}.";
    SAYS_AVAILABLE "wording-are-you-there" Phish Weight(1.0),
        "It asks whether you are there and can do a favour: {phrases}.",
        "Es wird gefragt, ob Sie da sind und einen Gefallen tun können: {phrases}.";
    SAYS_INVOICE "wording-invoice" Phish Weight(0.5),
        "It presses for an invoice: {phrases}.",
        "Es wird auf eine Rechnung gedrängt: {phrases}.";
    SAYS_EXTORTION "wording-extortion" Phish Weight(2.0),
        "It threatens to publish something: {phrases}.",
        "Es wird mit einer Veröffentlichung gedroht: {phrases}.";
    EXTORTION "extortion-with-wallet" Phish Weight(4.5),
        "It threatens, and wants money sent to the wallet {wallet}.",
        "Es wird gedroht und Geld an die Wallet {wallet} verlangt.";
    SAYS_LOTTERY "wording-prize" Spam Weight(1.6),
        "It promises a prize or a gift: {phrases}.",
        "Es wird ein Gewinn oder Geschenk versprochen: {phrases}.";
    SAYS_ADVANCE_FEE "wording-fortune" Spam Weight(2.0),
        "It offers a share of a fortune: {phrases}.",
        "Es wird ein Anteil an einem Vermögen angeboten: {phrases}.";
    SAYS_PARCEL "wording-parcel" Phish Weight(1.6),
        "It says that a parcel waits for a fee or an address: {phrases}.",
        "Es heißt, ein Paket warte auf eine Gebühr oder Adresse: {phrases}.";
    SAYS_TAX "wording-tax-refund" Phish Weight(1.4),
        "It promises money back from an authority: {phrases}.",
        "Es wird eine Erstattung durch eine Behörde versprochen: {phrases}.";
    SAYS_VOICEMAIL "wording-voicemail" Phish Weight(1.2),
        "It announces a voice message or a fax: {phrases}.",
        "Es wird eine Sprachnachricht oder ein Fax angekündigt: {phrases}.";
    SAYS_DOCUMENT "wording-shared-document" Phish Weight(0.8),
        "It announces a document to be opened or signed: {phrases}.",
        "Es wird ein Dokument zum Öffnen oder Unterschreiben angekündigt: {phrases}.";
    SAYS_STOCK "wording-stock-tip" Spam Weight(3.4),
        "It urges to buy a stock: {phrases}.",
        "Es drängt zum Kauf einer Aktie: {phrases}.";
    SAYS_PHARMACY "wording-pharmacy" Spam Weight(3.0),
        "It sells medicines: {phrases}.",
        "Es verkauft Medikamente: {phrases}.";
    SAYS_POTENCY "wording-potency" Spam Weight(3.0),
        "It sells means for potency: {phrases}.",
        "Es verkauft Mittel für die Potenz: {phrases}.";
    SAYS_ADULT "wording-adult" Spam Weight(2.6),
        "It offers acquaintances or pornography: {phrases}.",
        "Es bietet Bekanntschaften oder Pornographie an: {phrases}.";
    SAYS_REPLICAS "wording-replicas" Spam Weight(3.0),
        "It sells imitations of brands: {phrases}.",
        "Es verkauft nachgemachte Markenware: {phrases}.";
    SAYS_SOFTWARE "wording-cheap-software" Spam Weight(2.6),
        "It sells software far below its price: {phrases}.",
        "Es verkauft Software weit unter ihrem Preis: {phrases}.";
    SAYS_LOAN "wording-loan" Spam Weight(1.8),
        "It offers loans, insurance or relief of debts: {phrases}.",
        "Es bietet Kredite, Versicherungen oder Hilfe bei Schulden an: {phrases}.";
    SAYS_SLIMMING "wording-slimming" Spam Weight(2.2),
        "It promises to make slim, young or healthy: {phrases}.",
        "Es verspricht, schlank, jung oder gesund zu machen: {phrases}.";
    SAYS_GAMBLING "wording-gambling" Spam Weight(2.2),
        "It invites to gamble: {phrases}.",
        "Es lädt zum Glücksspiel ein: {phrases}.";
    SAYS_DIPLOMA "wording-diploma" Spam Weight(2.4),
        "It sells degrees: {phrases}.",
        "Es verkauft Abschlüsse: {phrases}.";
    SAYS_INCOME "wording-easy-income" Spam Weight(1.4),
        "It promises easy money: {phrases}.",
        "Es verspricht leichtes Geld: {phrases}.";
    SAYS_MARKETING "wording-marketing" Spam Weight(1.4),
        "It advertises advertising or goods by the thousand: {phrases}.",
        "Es wirbt für Werbung oder Massenware: {phrases}.";
    SAYS_CARD "wording-greeting-card" Phish Weight(1.8),
        "It says that a greeting card waits: {phrases}.",
        "Es heißt, eine Grußkarte warte: {phrases}.";
    SAYS_CRYPTO "wording-crypto-assets" Phish Weight(1.8),
        "It speaks of wallets, tokens or coins that wait for you: {phrases}.",
        "Es ist von Wallets, Token oder Coins die Rede, die auf Sie warten: {phrases}.";
    SAYS_RENEWAL "wording-renewal" Phish Weight(1.2),
        "It speaks of a renewal or an order that is to be cancelled by telephone: {phrases}.",
        "Es ist von einer Verlängerung oder Bestellung die Rede, die telefonisch zu stornieren sei: {phrases}.";
    DISGUISED "disguised-words" Spam Weight(2.4),
        "Words are disguised so that a person reads them and a filter does not: {shown}.",
        "Wörter sind verkleidet, sodass ein Mensch sie liest und ein Filter nicht: {shown}.";
    SAYS_PASSWORD "archive-password-in-text" Malware Weight(1.5),
        "The text gives the password of the attachment: {password}.",
        "Der Text nennt das Passwort des Anhangs: {password}.";
    ONENOTE "onenote-lure" Malware Weight(1.5),
        "A OneNote file is attached ({name}), which asks for a double click as a rule.",
        "Eine OneNote-Datei ist angehängt ({name}), die meist zum Doppelklick auffordert.";
    CALENDAR_LINK "calendar-link" Phish Weight(0.6),
        "A calendar entry holds a link to {target}.",
        "Ein Kalendereintrag enthält einen Link zu {target}.";

    // What its pictures hold.
    CODE_LINK "qr-link" Phish Weight(1.2),
        "A QR code in {place} leads to {target}.",
        "Ein QR-Code in {place} führt zu {target}.";
    CODE_DRAWN "qr-drawn" Phish Weight(2.4),
        "A QR code is drawn with {place} instead of a picture, and leads to {target}.",
        "Ein QR-Code ist mit {place} statt als Bild gezeichnet und führt zu {target}.";
    CODE_OTHER "qr-other" Trust Informs,
        "A QR code in {place} holds: {shown}",
        "Ein QR-Code in {place} enthält: {shown}";
    IMAGE_LIMIT "image-limit" Trust Informs,
        "Not every picture was searched for QR codes: {why}.",
        "Nicht jedes Bild wurde nach QR-Codes durchsucht: {why}.";
    LIMIT "content-limit" Ambiguity Weight(0.5),
        "There is more text or there are more links than are read.",
        "Es gibt mehr Text oder mehr Links, als gelesen werden.";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_are_unique_and_both_sentences_have_the_same_arguments() {
        let ids: BTreeSet<_> = FINDINGS.iter().map(|kind| kind.id).collect();
        assert_eq!(ids.len(), FINDINGS.len());
        let arguments = |text: &'static str| {
            let pieces = text.split('{').skip(1);
            pieces.filter_map(|piece| piece.split('}').next()).collect::<BTreeSet<_>>()
        };
        for kind in FINDINGS {
            assert_eq!(arguments(kind.en), arguments(kind.de), "{}", kind.id);
        }
    }
}
