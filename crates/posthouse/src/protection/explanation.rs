//! A judgement in words: what is kept with the trace row, and what `explain` shows.
//!
//! Touches nothing. Made once, when the message came.

mod sentence;

use posthouse_filter::Counterfactual;
use posthouse_trace::{Bilingual, Judgement, Weighed};
use posthouse_types::{Action, Decision, PolicyKind, VerdictReason, Verdicts};

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
        sentence: sentence::of(verdicts, decision),
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
    let overrides = decision.overrides.iter().map(|one| {
        let ((en, de), (why_en, why_de)) = (by_policy(one.policy), one.why.texts());
        Bilingual::new(
            format!("By {en} ({}): {why_en}.", one.entry),
            format!("Nach {de} ({}): {why_de}.", one.entry),
        )
    });
    settings.chain(overrides).collect()
}

/// A change of a setting, or of an entry in a list, and what would then be done.
fn setting_change(change: &posthouse_types::Counterfactual) -> Bilingual {
    let posthouse_types::Counterfactual { policy, name, setting, value, action } = change;
    let (en, de) = by_policy(*policy);
    let (then_en, then_de) = would(action);
    // There is one list of a tenant and one of a user; policies have names.
    let is_list = matches!(policy, PolicyKind::User | PolicyKind::TenantAllowBlock);
    let named = |open, close| match name.as_str() {
        "" => String::new(),
        _ if is_list => String::new(),
        name => format!(" {open}{name}{close}"),
    };
    let (name_en, name_de) = (named('"', '"'), named('„', '“'));
    let without = value.strip_prefix("without ");
    if let Some(entry) = without.map(|it| it.strip_prefix("the entry ").unwrap_or(it)) {
        return Bilingual::new(
            format!("Without the entry {entry} in {en}{name_en} ({setting}) {then_en}."),
            format!("Ohne den Eintrag {entry} in {de}{name_de} ({setting}) {then_de}."),
        );
    }
    if let Some(allowed) = value.strip_prefix("allow ") {
        return Bilingual::new(
            format!("If {allowed} were allowed in {en} {then_en}."),
            format!("Wäre {allowed} in {de} erlaubt, {then_de}."),
        );
    }
    Bilingual::new(
        format!("With {setting} = {value} in {en}{name_en} {then_en}."),
        format!("Mit {setting} = {value} in {de}{name_de} {then_de}."),
    )
}

/// What an action would do, by its word.
fn would(action: &str) -> (&'static str, &'static str) {
    match action {
        "deliver" | "no-action" => ("it would be delivered", "würde sie zugestellt"),
        "move-to-jmf" => ("it would go to the junk folder", "käme sie in den Junk-Ordner"),
        "quarantine" => ("it would be held", "würde sie zurückgehalten"),
        "reject" => ("it would be refused", "würde sie abgewiesen"),
        "delete" => ("it would be deleted", "würde sie gelöscht"),
        "redirect" => ("others would get it", "bekämen sie andere"),
        _ => ("it would be marked", "würde sie gekennzeichnet"),
    }
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

/// A kind of policy at the beginning of a sentence.
fn policy_words(kind: PolicyKind) -> (&'static str, &'static str) {
    match kind {
        PolicyKind::AntiSpam => ("anti-spam policy", "Antispam-Richtlinie"),
        PolicyKind::AntiPhish => ("anti-phish policy", "Antiphishing-Richtlinie"),
        PolicyKind::AntiMalware => ("malware policy", "Schadsoftware-Richtlinie"),
        PolicyKind::MailFlowRule => ("mail-flow rule", "Nachrichtenflussregel"),
        PolicyKind::ConnectionFilter => ("connection filter", "Verbindungsfilter"),
        PolicyKind::Outbound => ("outbound policy", "Ausgangsrichtlinie"),
        PolicyKind::TenantAllowBlock => ("allow and block list", "Zulassungs- und Sperrliste"),
        PolicyKind::User => ("user's list", "Liste des Benutzers"),
    }
}

/// The same within one, with its article (in German after in, nach, von).
fn by_policy(kind: PolicyKind) -> (&'static str, &'static str) {
    match kind {
        PolicyKind::AntiSpam => ("the anti-spam policy", "der Antispam-Richtlinie"),
        PolicyKind::AntiPhish => ("the anti-phish policy", "der Antiphishing-Richtlinie"),
        PolicyKind::AntiMalware => ("the malware policy", "der Schadsoftware-Richtlinie"),
        PolicyKind::MailFlowRule => ("the mail-flow rule", "der Nachrichtenflussregel"),
        PolicyKind::ConnectionFilter => {
            ("the connection filter", "der Liste des Verbindungsfilters")
        }
        PolicyKind::Outbound => ("the outbound policy", "der Ausgangsrichtlinie"),
        PolicyKind::TenantAllowBlock => {
            ("the allow and block list", "der Zulassungs- und Sperrliste")
        }
        PolicyKind::User => ("the user's list", "der Liste des Benutzers"),
    }
}
