//! One message and a model: log-odds of bad, phish and bulk, and the words that say most.
//!
//! Touches nothing. Only the neutral view is looked at; header fields are other rules' affair.

use posthouse_mime::Reading;
use posthouse_types::Finding;

use crate::features::{self, Features, LINKS, SENDER, SUBJECT, WORDS};
use crate::findings::{
    WORDS_LIKE_PHISH, WORDS_LIKE_RELEASED, WORDS_LIKE_REPORTED, WORDS_LIKE_SPAM, WORDS_LIKE_WANTED,
};
use crate::learned::Learned;
use crate::mailing;
use crate::model::Model;
use crate::view::{self, View};

/// Words that an explanation names.
const TELLING_MAX: usize = 8;
/// Words of one finding: more are not read.
const SHOWN_MAX: usize = 5;
/// A word that counts less than this is not named.
const TELLING_MIN: f32 = 0.05;

/// What a model says of one message. Log-odds are natural logarithms at even odds: 0 is undecided,
/// 4.6 is a hundred to one.
#[derive(Clone, Debug, PartialEq)]
pub struct Classification {
    /// Spam or phishing, against wanted mail. Includes `tenant`.
    pub bad: f32,
    /// Phishing, against everything else.
    pub phish: f32,
    /// Bulk mail, against everything else.
    pub bulk: f32,
    /// What the tenant's own releases and reports changed in `bad`.
    pub tenant: f32,
    /// The words that say most, strongest first; positive speaks for bad.
    pub telling: Vec<(String, f32)>,
}

/// Classifies one message.
pub fn classify(model: &Model, reading: &Reading) -> Classification {
    classify_for(model, None, reading)
}

/// Classifies one message with what one tenant's releases and reports taught.
pub fn classify_for(model: &Model, learned: Option<&Learned>, reading: &Reading) -> Classification {
    of_view(model, learned, &view::of(reading))
}

fn of_view(model: &Model, learned: Option<&Learned>, view: &View) -> Classification {
    let features = features::of(view);
    let mut sums = model.bias;
    for (at, group) in features.groups.iter().enumerate() {
        for (sum, partial) in sums.iter_mut().zip(model.group(at, group)) {
            *sum += partial;
        }
    }
    let mut odds = [0.0_f32; 3];
    for ((odds, sum), (slope, offset)) in odds.iter_mut().zip(sums).zip(model.calibration) {
        *odds = slope * sum + offset;
    }
    let [bad, phish, bulk] = odds;
    let bulk = bulk + mailing::says(view);
    let tenant = learned.map_or(0.0, |learned| learned.says(&features));
    let telling = telling(model, &features);
    Classification { bad: bad + tenant, phish, bulk, tenant, telling }
}

/// The strongest words of body, for an explanation.
fn telling(model: &Model, features: &Features) -> Vec<(String, f32)> {
    let count = features.groups.get(WORDS).map_or(1, |group| group.len().max(1));
    let slope = model.calibration.first().map_or(1.0, |(slope, _)| *slope);
    let value = slope / (count as f32).sqrt();
    let mut best: Vec<(f32, u32, u32)> = Vec::with_capacity(TELLING_MAX + 1);
    for (hash, start, end) in &features.words {
        let [bad, ..] = model.weight(*hash);
        let bad = bad * value;
        let is_better = |other: &(f32, u32, u32)| bad.abs() > other.0.abs();
        if bad.abs() < TELLING_MIN
            || (best.len() >= TELLING_MAX && !best.last().is_some_and(is_better))
        {
            continue;
        }
        let at = best.iter().position(is_better).unwrap_or(best.len());
        best.insert(at, (bad, *start, *end));
        best.truncate(TELLING_MAX);
    }
    best.into_iter()
        .filter_map(|(weight, start, end)| {
            let word = features.text.get(start as usize..end as usize)?;
            Some((view::cut(word, 40).to_owned(), weight))
        })
        .collect()
}

impl Classification {
    /// The score as findings: what the content says by itself, in words.
    ///
    /// Weights are what the model says, and beyond 6 (four hundred to one) grow by their logarithm
    /// only: a text alone neither clears what something else has proven, nor proves much itself.
    pub fn findings(&self) -> Vec<Finding> {
        let content = squashed(self.bad - self.tenant);
        let (kind, sign) = match (content >= 0.0, self.phish >= 0.0) {
            (true, true) => (&WORDS_LIKE_PHISH, 1.0),
            (true, false) => (&WORDS_LIKE_SPAM, 1.0),
            (false, _) => (&WORDS_LIKE_WANTED, -1.0),
        };
        let words: Vec<&str> = self
            .telling
            .iter()
            .filter(|(_, weight)| weight * sign > 0.0)
            .map(|(word, _)| word.as_str())
            .take(SHOWN_MAX)
            .collect();
        let shown = if words.is_empty() { "–".to_owned() } else { words.join(", ") };
        let mut out = vec![Finding::of(kind).with("words", &shown).weighing(content)];
        if self.tenant != 0.0 {
            let was_released = self.tenant < 0.0;
            let kind = if was_released { &WORDS_LIKE_RELEASED } else { &WORDS_LIKE_REPORTED };
            out.push(Finding::of(kind).weighing(self.tenant));
        }
        out
    }
}

/// Log-odds that are believed as they stand.
const BELIEVED_MAX: f32 = 6.0;

/// Keeps the order of all values; only the distance of extreme ones shrinks.
fn squashed(log_odds: f32) -> f32 {
    let beyond = (log_odds.abs() - BELIEVED_MAX).max(0.0);
    (log_odds.abs().min(BELIEVED_MAX) + beyond.ln_1p()).copysign(log_odds)
}

/// The groups that a tenant's releases and reports move: what a person would name.
pub(crate) const LEARNED_GROUPS: [usize; 4] = [WORDS, SUBJECT, SENDER, LINKS];
