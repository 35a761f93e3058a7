//! The bulk complaint level, 0 to 9 (spec 2.3): how surely a message was sent to many.
//!
//! Touches nothing. Two sources that do not know one another: rules over header fields, weighted by
//! hand because which fields a stored mail has tells who stored it; and the model's bulk head, which
//! reads the content alone. A message in bare headers is found by its content.

use posthouse_mime::{Part, Reading};
use posthouse_types::Finding;

use crate::findings::{READS_LIKE_A_MAILING, SENT_TO_MANY};

/// From this level on a message is bulk by Microsoft's strict threshold.
pub const BULK_LEVEL_STRICT: u8 = 4;
/// Log-odds of the content from which it is bulk by itself.
const CONTENT_SURE: f32 = 2.0;

/// One header rule.
struct Sign {
    shown: &'static str,
    weight: f32,
    is_there: fn(&Part) -> bool,
}

/// Header rules: what a sender of mass mail adds by himself, or by law, or because the large
/// receivers ask for it (RFC 2369, RFC 8058, RFC 2919, feedback loops).
const SIGNS: &[Sign] = &[
    Sign {
        shown: "List-Unsubscribe-Post",
        weight: 2.0,
        is_there: |head| has(head, "list-unsubscribe-post"),
    },
    Sign {
        shown: "List-Unsubscribe",
        weight: 3.0,
        is_there: |head| has(head, "list-unsubscribe") && !is_discussion(head),
    },
    Sign { shown: "Feedback-ID", weight: 2.0, is_there: |head| has(head, "feedback-id") },
    Sign {
        shown: "Precedence: bulk",
        weight: 1.5,
        is_there: |head| is_precedence_bulk(head) && !is_discussion(head),
    },
    Sign { shown: SERVICE, weight: 2.0, is_there: |head| service_field(head).is_some() },
    Sign { shown: "discussion list", weight: -3.0, is_there: is_discussion },
    Sign {
        shown: "reply",
        weight: -2.0,
        is_there: |head| has(head, "in-reply-to") || has(head, "references"),
    },
];

/// A sending service's own field, whose name is shown instead.
const SERVICE: &str = "service";

/// Fields that sending services add. Each is documented by the service or plain in its mail.
const SERVICE_FIELDS: &[&str] = &[
    "x-campaign",
    "x-campaignid",
    "x-campaign-id",
    "x-mailer-recptid",
    "x-mc-user",
    "x-mailchimp-id",
    "x-sg-eid",
    "x-sg-id",
    "x-sfmc-stack",
    "x-job",
    "x-csa-complaints",
    "x-mailgun-sid",
    "x-mj-mid",
    "x-sib-id",
    "x-mailin-eid",
    "x-rpcampaign",
    "x-ses-outgoing",
    "x-cleverreach",
    "x-klaviyo-message-id",
    "x-msfbl",
    "x-binding",
    "x-report-abuse",
    "x-emarsys-identify",
    "x-elqpod",
    "x-mail-list-id",
];

fn has(head: &Part, name: &str) -> bool {
    head.field(name).is_some_and(|value| !value.trim().is_empty())
}

fn is_precedence_bulk(head: &Part) -> bool {
    head.field("precedence").is_some_and(|value| {
        ["bulk", "junk"].iter().any(|bulk| value.trim().eq_ignore_ascii_case(bulk))
    })
}

/// A list that people write to: it says how to post, or its software says that it is one.
fn is_discussion(head: &Part) -> bool {
    head.field("list-post").is_some_and(|value| value.contains("mailto:"))
        || has(head, "x-mailman-version")
}

fn service_field(head: &Part) -> Option<&str> {
    let names = head.fields.iter().map(|field| field.name.as_str());
    names.into_iter().find(|name| SERVICE_FIELDS.iter().any(|it| name.eq_ignore_ascii_case(it)))
}

/// The bulk complaint level of a message. `bulk_log_odds` is [`crate::Classification::bulk`].
pub fn bulk_level(reading: &Reading, bulk_log_odds: f32) -> u8 {
    level(total(reading, bulk_log_odds))
}

/// The level, with its reasons as a finding where it is at least [`BULK_LEVEL_STRICT`].
pub fn bulk_finding(reading: &Reading, bulk_log_odds: f32) -> Option<Finding> {
    let level = bulk_level(reading, bulk_log_odds);
    if level < BULK_LEVEL_STRICT {
        return None;
    }
    let head = reading.parts.first();
    let name = |sign: &Sign| match sign.shown {
        SERVICE => head.and_then(service_field).unwrap_or(SERVICE).to_owned(),
        shown => shown.to_owned(),
    };
    let signs: Vec<String> = signs_of(reading).filter(|sign| sign.weight > 0.0).map(name).collect();
    let level = level.to_string();
    Some(match signs.is_empty() {
        true => Finding::of(&READS_LIKE_A_MAILING).with("level", &level),
        false => Finding::of(&SENT_TO_MANY).with("level", &level).with("signs", &signs.join(", ")),
    })
}

fn signs_of(reading: &Reading) -> impl Iterator<Item = &'static Sign> {
    let head = reading.parts.first();
    SIGNS.iter().filter(move |sign| head.is_some_and(|head| (sign.is_there)(head)))
}

fn total(reading: &Reading, bulk_log_odds: f32) -> f32 {
    let content = if bulk_log_odds.is_finite() { bulk_log_odds.clamp(-8.0, 8.0) } else { 0.0 };
    content + signs_of(reading).map(|sign| sign.weight).sum::<f32>()
}

/// Evenly spaced steps of the sum; [`BULK_LEVEL_STRICT`] begins where content alone is sure.
fn level(total: f32) -> u8 {
    const STEPS: [f32; 9] = [-3.0, -1.5, 0.0, CONTENT_SURE, 3.0, 4.0, 5.0, 6.0, 7.5];
    STEPS.iter().filter(|step| total >= **step).count() as u8
}
