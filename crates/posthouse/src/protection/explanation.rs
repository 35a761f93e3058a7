//! A judgement in words: what is kept with the trace row, and what `explain` shows.
//!
//! Touches nothing. Made once, when the message came.

use posthouse_filter::Counterfactual;
use posthouse_trace::{Bilingual, Judgement, Weighed};
use posthouse_types::{Action, Decision, Finding, PolicyKind, Verdict, VerdictReason, Verdicts};

/// Reasons that are kept: with their texts in two languages they stay below 4 KiB.
const REASONS_MAX: usize = 12;
/// Settings that are named as a way to another action.
const CHANGES_MAX: usize = 3;

/// Puts a verdict and what was decided on it into words. Without a decision nobody's policy was
/// asked: the message is the tenant's own.
pub(crate) fn judgement(
    verdicts: &Verdicts,
    decision: Option<&Decision>,
    change: Option<&Counterfactual>,
) -> Judgement {
    let action = decision.map_or(&Action::Deliver, |decision| &decision.action);
    let mut would_change: Vec<_> = decision
        .map(|decision| decision.counterfactuals.as_slice())
        .unwrap_or_default()
        .iter()
        .take(CHANGES_MAX)
        .map(setting_change)
        .collect();
    would_change.extend(change.and_then(|change| finding_change(verdicts, change)));
    Judgement {
        verdict: decision
            .map_or(verdicts.verdict.as_str(), |decision| decision.category_word)
            .to_owned(),
        scl: decision.map_or(verdicts.scl, |decision| decision.scl),
        bcl: verdicts.bcl,
        score: verdicts.score,
        action: action.as_str().to_owned(),
        policy: decision
            .filter(|decision| !decision.policy_name.is_empty())
            .map(|decision| format!("{} \"{}\"", decision.policy.as_str(), decision.policy_name))
            .unwrap_or_default(),
        sentence: sentence(action, verdicts),
        reasons: kept(&verdicts.reasons),
        because: decision.map(because).unwrap_or_default(),
        would_change,
        since: Vec::new(),
    }
}

/// The heaviest reasons; what the others count together stands in a last one, so that the sum is
/// still the score.
fn kept(reasons: &[VerdictReason]) -> Vec<Weighed> {
    let weighed = |reason: &VerdictReason| Weighed {
        id: reason.id().to_owned(),
        weight: reason.weight,
        decisive: reason.decisive,
        text: Bilingual::of(&reason.finding),
    };
    let mut kept: Vec<_> = reasons.iter().take(REASONS_MAX).map(weighed).collect();
    let rest = reasons.get(REASONS_MAX..).unwrap_or_default();
    if !rest.is_empty() {
        let many = rest.len();
        kept.push(Weighed {
            id: "further-findings".to_owned(),
            weight: rest.iter().map(|reason| reason.weight).sum(),
            decisive: false,
            text: Bilingual::new(
                format!("{many} lighter findings together."),
                format!("{many} leichtere Funde zusammen."),
            ),
        });
    }
    kept
}

/// The whole in one sentence: what was done, as what, and the strongest reason.
fn sentence(action: &Action, verdicts: &Verdicts) -> Bilingual {
    let done = done(action);
    let Some((as_en, as_de)) = kind_of_mail(verdicts.verdict) else {
        return Bilingual::new(
            format!("{}: nothing is against it.", done.0),
            format!("{}: Nichts spricht dagegen.", done.1),
        );
    };
    let strongest = verdicts.reasons.iter().find(|reason| reason.decisive || reason.weight > 0.0);
    let why = |text: fn(&Finding) -> String| {
        strongest.map(|reason| format!(" {}", text(&reason.finding))).unwrap_or_default()
    };
    Bilingual::new(
        format!("{} as {as_en}.{}", done.0, why(|finding| Bilingual::of(finding).en)),
        format!("{} als {as_de}.{}", done.1, why(|finding| Bilingual::of(finding).de)),
    )
}

fn done(action: &Action) -> (&'static str, &'static str) {
    match action {
        Action::Deliver | Action::NoAction => ("Delivered", "Zugestellt"),
        Action::JunkHeader => ("Sent to the junk folder", "In den Junk-Ordner gegeben"),
        Action::AddXHeader { .. } => ("Delivered with a mark", "Mit Kennzeichen zugestellt"),
        Action::ModifySubject { .. } => (
            "Sent to the junk folder with a marked subject",
            "Mit Betreffzeichen in den Junk-Ordner gegeben",
        ),
        Action::Redirect { .. } => ("Sent to others", "An andere umgeleitet"),
        Action::Delete => ("Deleted", "Gelöscht"),
        Action::Quarantine(_) => ("Held", "Zurückgehalten"),
        Action::Reject { .. } => ("Refused", "Abgewiesen"),
    }
}

fn kind_of_mail(verdict: Verdict) -> Option<(&'static str, &'static str)> {
    Some(match verdict {
        Verdict::None => return None,
        Verdict::Bulk => ("bulk mail", "Massenmail"),
        Verdict::Spam => ("spam", "Spam"),
        Verdict::HighConfidenceSpam => ("certain spam", "sicherer Spam"),
        Verdict::Spoof => ("mail with a forged sender", "Mail mit gefälschtem Absender"),
        Verdict::Phish => ("phishing", "Phishing"),
        Verdict::HighConfidencePhish => ("certain phishing", "sicheres Phishing"),
        Verdict::Malware => ("malware", "Schadsoftware"),
    })
}

/// What of the tenant's settings decided, in order.
pub(crate) fn because(decision: &Decision) -> Vec<Bilingual> {
    let settings = decision.because.iter().map(|step| {
        let (en, de) = policy_words(step.policy);
        if step.policy == PolicyKind::TenantAllowBlock {
            return Bilingual::new(
                format!("The {en} has an entry: {} {}.", step.setting, step.value),
                format!("Die {de} hat einen Eintrag: {} {}.", step.setting, step.value),
            );
        }
        Bilingual::new(
            format!("{en} \"{}\" says {} = {}.", step.name, step.setting, step.value),
            format!("{de} „{}“ sagt {} = {}.", step.name, step.setting, step.value),
        )
    });
    let overrides = decision.overrides.iter().map(|one| Bilingual::new(&one.why, &one.why));
    settings.chain(overrides).collect()
}

fn setting_change(change: &posthouse_types::Counterfactual) -> Bilingual {
    let (en, de) = policy_words(change.policy);
    let posthouse_types::Counterfactual { name, setting, value, action, .. } = change;
    // There is one list of a tenant and one of a user; policies have names.
    let named = |open, close| match name.as_str() {
        "" => String::new(),
        name => format!(" {open}{name}{close}"),
    };
    let (name_en, name_de) = (named('"', '"'), named('„', '“'));
    Bilingual::new(
        format!("With {setting} = {value} in {en}{name_en} the action would be {action}."),
        format!("Mit {setting} = {value} in {de}{name_de} wäre die Aktion {action}."),
    )
}

fn finding_change(verdicts: &Verdicts, change: &Counterfactual) -> Option<Bilingual> {
    let ids: Vec<_> = change
        .without
        .iter()
        .filter_map(|place| verdicts.reasons.get(*place))
        .map(VerdictReason::id)
        .collect();
    let verdict = change.verdict.as_str();
    (!ids.is_empty()).then(|| {
        let ids = ids.join(" + ");
        Bilingual::new(
            format!("Without {ids} the verdict would be {verdict}."),
            format!("Ohne {ids} wäre das Urteil {verdict}."),
        )
    })
}

fn policy_words(kind: PolicyKind) -> (&'static str, &'static str) {
    match kind {
        PolicyKind::AntiSpam => ("anti-spam policy", "Antispam-Richtlinie"),
        PolicyKind::AntiPhish => ("anti-phish policy", "Antiphishing-Richtlinie"),
        PolicyKind::AntiMalware => ("malware policy", "Schadsoftware-Richtlinie"),
        PolicyKind::MailFlowRule => ("mail-flow rule", "Nachrichtenflussregel"),
        PolicyKind::ConnectionFilter => ("connection filter", "Verbindungsfilter"),
        PolicyKind::Outbound => ("outbound policy", "Ausgangsrichtlinie"),
        PolicyKind::TenantAllowBlock => ("allow and block list", "Zulassungs- und Sperrliste"),
        PolicyKind::User => ("the user's list", "Liste des Benutzers"),
    }
}
