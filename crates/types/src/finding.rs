//! What was measured in or about one message, before anybody judges it.
//!
//! Plain data. A kind of finding is a constant with its texts in both languages; the room that
//! measures it owns the constant, `filter` weighs it, and `docs/findings.md` lists it.

use std::fmt;

/// What a kind of finding speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Concern {
    /// Who the sender claims to be.
    Spoof,
    /// Fraud that wants something from the reader.
    Phish,
    /// Unsolicited mail.
    Spam,
    /// Mail sent to many who once may have asked for it.
    Bulk,
    /// Something that runs.
    Malware,
    /// A structure that two readers read differently.
    Ambiguity,
    /// Nothing bad: it speaks for the message, or only informs.
    Trust,
}

/// How far one finding decides by itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Force {
    /// The verdict of its concern in high confidence, whatever else was found.
    Decisive,
    /// Adds this weight, in natural logarithms of odds: positive speaks against the message,
    /// negative for it. 0.7 doubles the odds, 2.3 makes them ten times as high.
    Weight(f32),
    /// Is shown and never counted.
    Informs,
}

/// A kind of finding: one constant for each.
#[derive(Debug)]
pub struct FindingKind {
    /// Kebab-case, unique in the whole program, the same in code, trace, metric and documentation.
    pub id: &'static str,
    /// What it speaks for.
    pub concern: Concern,
    /// How far it decides.
    pub force: Force,
    /// One plain English sentence. `{name}` stands for an argument of that name.
    pub en: &'static str,
    /// The same in German, with the same arguments.
    pub de: &'static str,
}

/// A language that explanations are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// German.
    German,
}

/// One finding about one message.
#[derive(Clone)]
pub struct Finding {
    /// What was found.
    pub kind: &'static FindingKind,
    /// What exactly, quoted from the message: data of a stranger, made printable and cut.
    pub arguments: Vec<(&'static str, String)>,
    /// The weight where it is not the kind's own, as with graded measures.
    pub weight: Option<f32>,
}

impl Finding {
    /// A finding without arguments.
    pub fn of(kind: &'static FindingKind) -> Self {
        Self { kind, arguments: Vec::new(), weight: None }
    }

    /// Adds an argument: what the message says, made printable and cut to
    /// [`SHOWN_CHARACTERS_MAX`](crate::SHOWN_CHARACTERS_MAX).
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.arguments.push((name, crate::printable(value, crate::SHOWN_CHARACTERS_MAX)));
        self
    }

    /// Gives a graded measure its own weight.
    #[must_use]
    pub fn weighing(mut self, weight: f32) -> Self {
        self.weight = Some(weight);
        self
    }

    /// What it counts: its own weight, else its kind's; 0 for what decides alone or only informs.
    pub fn weight(&self) -> f32 {
        match (self.weight, self.kind.force) {
            (Some(weight), _) | (None, Force::Weight(weight)) => weight,
            (None, Force::Decisive | Force::Informs) => 0.0,
        }
    }

    /// The sentence, with its arguments in place.
    pub fn sentence(&self, language: Language) -> String {
        let template = match language {
            Language::English => self.kind.en,
            Language::German => self.kind.de,
        };
        let mut out = String::with_capacity(template.len() + 32);
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            let Some((name, after)) = after.split_once('}') else {
                out.push('{');
                rest = after;
                continue;
            };
            let value = self.arguments.iter().find(|(given, _)| *given == name);
            out.push_str(value.map_or("?", |(_, value)| value.as_str()));
            rest = after;
        }
        out.push_str(rest);
        out
    }
}

impl fmt::Debug for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {:?}", self.kind.id, self.arguments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static LINK: FindingKind = FindingKind {
        id: "link",
        concern: Concern::Phish,
        force: Force::Weight(1.5),
        en: "The link says {shown} and goes to {target}.",
        de: "Der Link zeigt {shown} und führt zu {target}.",
    };

    #[test]
    fn arguments_stand_in_both_languages() {
        let finding =
            Finding::of(&LINK).with("shown", "paypal.com").with("target", "evil.example\r\n");
        assert_eq!(
            finding.sentence(Language::English),
            "The link says paypal.com and goes to evil.example\\u{d}\\u{a}."
        );
        assert!(finding.sentence(Language::German).starts_with("Der Link zeigt paypal.com"));
    }

    #[test]
    fn a_stranger_s_braces_are_only_text() {
        let finding = Finding::of(&LINK).with("shown", "{target}").with("target", "b");
        assert!(finding.sentence(Language::English).starts_with("The link says {target} and"));
    }

    #[test]
    fn a_graded_measure_has_its_own_weight() {
        assert_eq!(Finding::of(&LINK).weight(), 1.5);
        assert_eq!(Finding::of(&LINK).weighing(0.2).weight(), 0.2);
    }
}
