//! Another reader, mail-parser: where it reads a message otherwise than we do, we say so.
//!
//! What it finds must be in our union; and where we find nothing ambiguous, its parts are ours.

use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders, PartType};
use posthouse_mime::{MimeLimits, Origin, Reading, read};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::hostile::message;

/// A part without parts: its type, and its content without what is only a matter of taste (line
/// ends, blanks at the end, a byte order mark), and without what a guessed charset would decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leaf {
    pub(crate) media_type: String,
    pub(crate) content: String,
}

impl Leaf {
    pub(crate) fn new(media_type: &str, content: &str) -> Self {
        let content: String =
            content.chars().filter(|c| c.is_ascii() && !"\r\0".contains(*c)).collect();
        let lines: Vec<_> = content.trim().lines().map(str::trim_end).collect();
        Self { media_type: media_type.to_owned(), content: lines.join("\n") }
    }
}

/// What mail-parser finds.
pub(crate) fn theirs(octets: &[u8]) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    if let Some(message) = MessageParser::default().parse(octets) {
        collect(&message, &mut leaves, 0);
    }
    leaves
}

fn collect(message: &Message<'_>, leaves: &mut Vec<Leaf>, depth: usize) {
    for part in &message.parts {
        let media_type = media_type(part);
        match &part.body {
            PartType::Text(text) | PartType::Html(text) => {
                leaves.push(Leaf::new(&media_type, text));
            }
            PartType::Binary(octets) | PartType::InlineBinary(octets) => {
                leaves.push(Leaf::new(&media_type, &String::from_utf8_lossy(octets)));
            }
            PartType::Message(inner) if depth < 20 => collect(inner, leaves, depth + 1),
            PartType::Message(_) | PartType::Multipart(_) => {}
        }
    }
}

fn media_type(part: &MessagePart<'_>) -> String {
    let Some(found) = part.content_type() else { return "text/plain".to_owned() };
    format!("{}/{}", found.ctype(), found.subtype().unwrap_or("")).to_ascii_lowercase()
}

/// What we find, by the standard's reading or by any.
pub(crate) fn ours(reading: &Reading, is_standard: bool) -> Vec<Leaf> {
    let parts = reading.leaves().filter(|part| !is_standard || part.origin == Origin::Standard);
    parts
        .flat_map(|part| {
            let count = if is_standard { 1 } else { usize::MAX };
            part.bodies.iter().take(count).map(|body| {
                let octets = String::from_utf8_lossy(&body.bytes);
                Leaf::new(&part.media_type, body.text.as_deref().unwrap_or(&octets))
            })
        })
        .collect()
}

/// How the two readings stand to each other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Agreement {
    /// The same parts.
    Same,
    /// Other parts, all of which are in our union.
    InUnion,
    /// A part of theirs that is in no part of ours, and we say that the message is ambiguous.
    Told(String),
    /// A part of theirs that is in no part of ours, and we say nothing.
    Silent(String),
}

pub(crate) fn compare_with(octets: &[u8], theirs: &[Leaf]) -> Agreement {
    let reading = read(octets, &MimeLimits::default());
    if theirs == ours(&reading, true) {
        return Agreement::Same;
    }
    let mut union = ours(&reading, false);
    // A header without a body is content for some: nothing of it is lost to us.
    union.extend(reading.parts.iter().map(|part| {
        let fields = part.fields.iter().map(|field| format!("{}: {}", field.name, field.value));
        Leaf::new(&part.media_type, &fields.collect::<Vec<_>>().join("\n"))
    }));
    let missing = theirs.iter().find(|leaf| {
        !leaf.content.is_empty() && !union.iter().any(|one| one.content.contains(&leaf.content))
    });
    match missing {
        None => Agreement::InUnion,
        Some(leaf) => {
            let shown: String = leaf.content.chars().take(200).collect();
            let shown = format!("{} {shown:?}", leaf.media_type);
            if reading.findings.is_empty() {
                Agreement::Silent(shown)
            } else {
                Agreement::Told(shown)
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        // The other reader's oddities are no matter of chance.
        rng_seed: RngSeed::Fixed(5),
        cases: 1000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn mim_04_where_another_reader_differs_we_say_so(message in message()) {
        let agreement = compare_with(&message, &theirs(&message));
        prop_assert!(!matches!(agreement, Agreement::Silent(_)), "{agreement:?} {:?}", String::from_utf8_lossy(&message));
    }
}
