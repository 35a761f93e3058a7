//! Kinds of findings that the classifier makes, with their sentences.

use posthouse_types::{Concern, FindingKind, Force};

/// The content is like spam.
pub static WORDS_LIKE_SPAM: FindingKind = FindingKind {
    id: "words-like-spam",
    concern: Concern::Spam,
    force: Force::Weight(1.0),
    en: "The content is like known spam; most telling: {words}.",
    de: "Der Inhalt gleicht bekanntem Spam; am auffälligsten: {words}.",
};

/// The content is like phishing.
pub static WORDS_LIKE_PHISH: FindingKind = FindingKind {
    id: "words-like-phish",
    concern: Concern::Phish,
    force: Force::Weight(1.0),
    en: "The content is like known phishing; most telling: {words}.",
    de: "Der Inhalt gleicht bekanntem Phishing; am auffälligsten: {words}.",
};

/// The content is like mail that people want.
pub static WORDS_LIKE_WANTED: FindingKind = FindingKind {
    id: "words-like-wanted-mail",
    concern: Concern::Trust,
    force: Force::Weight(-1.0),
    en: "The content is like mail that people want; most telling: {words}.",
    de: "Der Inhalt gleicht erwünschter Post; am deutlichsten: {words}.",
};

/// The tenant's own people released mail like this, or said that it is wanted.
pub static WORDS_LIKE_RELEASED: FindingKind = FindingKind {
    id: "words-like-released-here",
    concern: Concern::Trust,
    force: Force::Weight(-0.5),
    en: "Your organisation has released such mail before, or reported it as wanted.",
    de: "Ihre Organisation hat solche Nachrichten schon freigegeben oder als erwünscht gemeldet.",
};

/// The tenant's own people reported mail like this.
pub static WORDS_LIKE_REPORTED: FindingKind = FindingKind {
    id: "words-like-reported-here",
    concern: Concern::Spam,
    force: Force::Weight(0.5),
    en: "Your organisation has reported such mail as junk or phishing before.",
    de: "Ihre Organisation hat solche Nachrichten schon als Junk oder Phishing gemeldet.",
};

/// A mailing to many.
pub static SENT_TO_MANY: FindingKind = FindingKind {
    id: "sent-to-many",
    concern: Concern::Bulk,
    force: Force::Informs,
    en: "The message was sent to many recipients: bulk level {level}, because of {signs}.",
    de: "Die Nachricht ging an viele Empfänger: Massenmail-Stufe {level}, wegen {signs}.",
};

/// A mailing by its text, links and pictures alone.
pub static READS_LIKE_A_MAILING: FindingKind = FindingKind {
    id: "reads-like-a-mailing",
    concern: Concern::Bulk,
    force: Force::Informs,
    en: "It reads like a mailing to many recipients: bulk level {level}.",
    de: "Sie liest sich wie ein Rundschreiben an viele Empfänger: Massenmail-Stufe {level}.",
};
