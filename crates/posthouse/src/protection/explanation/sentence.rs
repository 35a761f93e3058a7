//! A judgement in one sentence: what was done, as what, and what decided it.
//!
//! Touches nothing. What decided may be the filter, a list or a rule: the sentence names the one
//! that did, and never says that nothing is against a message that somebody stopped.

use posthouse_trace::Bilingual;
use posthouse_types::{
    Action, AppliedOverride, Because, Category, Concern, Decision, OverrideWhy, PolicyKind,
    Verdict, VerdictReason, Verdicts,
};

use super::by_policy;

/// From this score on it is not said that nothing is against a message.
const SUSPICION_MIN: f32 = 1.0;

/// What was done with a message, as what, and why. Without a decision nobody's policy was asked.
pub(super) fn of(verdicts: &Verdicts, decision: Option<&Decision>) -> Bilingual {
    let done = done(decision.map_or(&Action::Deliver, |decision| &decision.action));
    let by_filter = kind(category(verdicts.verdict), "");
    let Some(decision) = decision else {
        return by_verdict(done, by_filter, strongest(verdicts), verdicts.score);
    };
    if decision.policy == PolicyKind::MailFlowRule {
        return Bilingual::new(
            format!("{} by the mail-flow rule \"{}\".", done.0, decision.policy_name),
            format!("{} durch die Nachrichtenflussregel „{}“.", done.1, decision.policy_name),
        );
    }
    let acted = |allows| decision.overrides.iter().find(|one| one.acted && one.allows == allows);
    if let (Some(allowed), Some(kind)) = (acted(true), by_filter)
        && decision.action == Action::Deliver
    {
        if allowed.why == OverrideWhy::SecurityTeam {
            let (en, de) = allowed.why.texts();
            return Bilingual::new(format!("{}: {en}.", done.0), format!("{}: {de}.", done.1));
        }
        let (en, de) = by_policy(allowed.policy);
        return Bilingual::new(
            format!("{} although it looks like {}: {en} allows {}.", done.0, kind.0, allowed.entry),
            format!(
                "{}, obwohl als {} erkannt: erlaubt in {de} ({}).",
                done.1, kind.1, allowed.entry
            ),
        );
    }
    let kind = kind(decision.category, decision.category_word);
    by_verdict(done, kind, why(verdicts, decision, acted(false)), verdicts.score)
}

fn by_verdict(
    done: (&str, &str),
    kind: Option<(&str, &str)>,
    why: Option<Bilingual>,
    score: f32,
) -> Bilingual {
    let Some((as_en, as_de)) = kind else {
        let (en, de) = match score {
            score if score >= SUSPICION_MIN => {
                ("too little is against it", "Es spricht zu wenig dagegen")
            }
            _ => ("nothing is against it", "Nichts spricht dagegen"),
        };
        return Bilingual::new(format!("{}: {en}.", done.0), format!("{}: {de}.", done.1));
    };
    let (en, de) = why.map(|it| (format!(" {}", it.en), format!(" {}", it.de))).unwrap_or_default();
    Bilingual::new(format!("{} as {as_en}.{en}", done.0), format!("{} als {as_de}.{de}", done.1))
}

/// What decided: an entry of a list, a type of file, a switch, or the strongest finding.
fn why(
    verdicts: &Verdicts,
    decision: &Decision,
    blocked: Option<&AppliedOverride>,
) -> Option<Bilingual> {
    let listed = decision.because.first().and_then(by_setting);
    let listed = listed.or_else(|| match decision.category_word {
        "FTBP" => decision.because.first().map(|step| {
            Bilingual::new(
                format!("It holds a file of a type that is blocked ({}).", step.value),
                format!("Sie enthält eine Datei eines gesperrten Typs ({}).", step.value),
            )
        }),
        _ => None,
    });
    let by_block = || {
        let block = blocked.filter(|_| verdicts.verdict == Verdict::None)?;
        let (en, de) = by_policy(block.policy);
        Some(Bilingual::new(
            format!("The sender is blocked in {en}: {}.", block.entry),
            format!("Der Absender ist in {de} gesperrt: {}.", block.entry),
        ))
    };
    let named = || {
        let of_kind: fn(&VerdictReason) -> bool = match decision.category {
            Category::UserImpersonation => |reason| reason.id().starts_with("impersonation-user"),
            Category::Bulk => {
                |reason| matches!(reason.id(), "sent-to-many" | "reads-like-a-mailing")
            }
            Category::DomainImpersonation => |reason| reason.id() == "impersonation-domain",
            Category::Spoof => {
                |reason| reason.finding.kind.concern == Concern::Spoof && reason.weight > 0.0
            }
            _ => return None,
        };
        verdicts.reasons.iter().find(|reason| of_kind(reason)).map(said)
    };
    listed.or_else(by_block).or_else(named).or_else(|| strongest(verdicts))
}

/// A list's entry or a switch that decided, in words; none where the filter did.
fn by_setting(step: &Because) -> Option<Bilingual> {
    let Because { policy, setting, value, .. } = step;
    let (en, de) = by_policy(*policy);
    match (policy, *setting) {
        (PolicyKind::TenantAllowBlock | PolicyKind::ConnectionFilter, _) => Some(Bilingual::new(
            format!("It is blocked in {en} ({setting}): {value}."),
            format!("Sie ist in {de} gesperrt ({setting}): {value}."),
        )),
        (PolicyKind::AntiSpam, setting)
            if setting.starts_with("increase_score_") || setting.starts_with("mark_as_spam_") =>
        {
            Some(Bilingual::new(
                format!("The switch {setting} is on in {en}."),
                format!("Der Schalter {setting} ist in {de} an."),
            ))
        }
        _ => None,
    }
}

fn strongest(verdicts: &Verdicts) -> Option<Bilingual> {
    let mut reasons = verdicts.reasons.iter();
    reasons.find(|reason| reason.decisive || reason.weight > 0.0).map(said)
}

fn said(reason: &VerdictReason) -> Bilingual {
    Bilingual::of(&reason.finding)
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

fn category(verdict: Verdict) -> Category {
    match verdict {
        Verdict::None => Category::None,
        Verdict::Bulk => Category::Bulk,
        Verdict::Spam => Category::Spam,
        Verdict::HighConfidenceSpam => Category::HighConfidenceSpam,
        Verdict::Spoof => Category::Spoof,
        Verdict::Phish => Category::Phish,
        Verdict::HighConfidencePhish => Category::HighConfidencePhish,
        Verdict::Malware => Category::Malware,
    }
}

fn kind(category: Category, word: &str) -> Option<(&'static str, &'static str)> {
    Some(match category {
        Category::Malware if word == "FTBP" => {
            ("mail with a blocked type of file", "Mail mit gesperrtem Dateityp")
        }
        Category::None => return None,
        Category::Bulk => ("bulk mail", "Massenmail"),
        Category::Spam => ("spam", "Spam"),
        Category::HighConfidenceSpam => ("certain spam", "sicherer Spam"),
        Category::Spoof => ("mail with a forged sender", "Mail mit gefälschtem Absender"),
        Category::UserImpersonation => {
            ("an imitation of somebody you protect", "Nachahmung einer geschützten Person")
        }
        Category::DomainImpersonation => {
            ("mail of a look-alike domain", "Mail einer nachgeahmten Domäne")
        }
        Category::GraphImpersonation => {
            ("an imitation of somebody you know", "Nachahmung eines Bekannten")
        }
        Category::Phish => ("phishing", "Phishing"),
        Category::HighConfidencePhish => ("certain phishing", "sicheres Phishing"),
        Category::Malware => ("malware", "Schadsoftware"),
    })
}

#[cfg(test)]
mod tests {
    use posthouse_policy::{Protection, Tenant, decide};
    use posthouse_types::{
        Address, Domain, Finding, FindingKind, Force, Impersonation, Judged, RecipientContext,
        UnixMillis,
    };

    use super::*;

    static IMITATION: FindingKind = FindingKind {
        id: "impersonation-user",
        concern: Concern::Phish,
        force: Force::Weight(2.6),
        en: "It imitates Carla.",
        de: "Sie ahmt Carla nach.",
    };
    static WORDS: FindingKind = FindingKind {
        id: "words-like-spam",
        concern: Concern::Spam,
        force: Force::Weight(5.0),
        en: "Its words are spam's.",
        de: "Ihre Wörter sind die von Spam.",
    };

    fn address(local: &str) -> Address {
        Address::new(local, Domain::from_normalized("fabrikam.example"))
    }

    /// The sentence about a message of `eve@fabrikam.example` with these tables.
    fn sentence(judged: Judged, verdict: Verdict, tables: &str) -> Bilingual {
        let tenant = Tenant::from_toml(&format!("tenant.name = \"contoso\"\n{tables}")).unwrap();
        let nothing = Protection::default();
        let judged = Judged { from: Some(address("eve")), ..judged };
        let mut recipient = RecipientContext::of(address("ann"));
        recipient.safe_senders = vec!["eve@fabrikam.example".to_owned()];
        if judged.categories.is_empty() || tenant.protection().is_some() {
            recipient.safe_senders.clear();
        }
        let protection = tenant.protection().unwrap_or(&nothing);
        let decision = decide(&judged, &recipient, protection, UnixMillis(0));
        let reasons = [&WORDS, &IMITATION].map(Finding::of);
        let reasons = reasons.into_iter().map(|finding| VerdictReason {
            weight: finding.weight(),
            finding,
            decisive: false,
        });
        let verdicts = Verdicts { verdict, reasons: reasons.collect(), ..Verdicts::default() };
        of(&verdicts, Some(&decision))
    }

    #[test]
    fn the_sentence_names_what_decided_and_never_that_nothing_is_against_it() {
        let imitation = Impersonation {
            category: Category::UserImpersonation,
            protected: "carla@contoso.example".to_owned(),
        };
        let spam = || Judged { categories: vec![Category::Spam], ..Judged::default() };
        let preset = "[[preset]]\nlevel = \"standard\"\nsent_to = [\"ann@fabrikam.example\"]\n\
                      targeted_users_to_protect = [\"Carla;carla@contoso.example\"]";
        for (judged, verdict, tables, en, de) in [
            (
                Judged { impersonations: vec![imitation], ..Judged::default() },
                Verdict::None,
                preset,
                "Held as an imitation of somebody you protect. It imitates Carla.",
                "Zurückgehalten als Nachahmung einer geschützten Person. Sie ahmt Carla nach.",
            ),
            (
                Judged { file_types: vec!["exe".to_owned()], ..Judged::default() },
                Verdict::None,
                "",
                "Refused as mail with a blocked type of file. It holds a file of a type that is \
                 blocked (exe).",
                "Abgewiesen als Mail mit gesperrtem Dateityp. Sie enthält eine Datei eines \
                 gesperrten Typs (exe).",
            ),
            (
                Judged::default(),
                Verdict::None,
                "[[anti_spam_policy]]\nname = \"Default\"\nblocked_sender_domains = \
                 [\"fabrikam.example\"]",
                "Sent to the junk folder as spam. The sender is blocked in the anti-spam policy: \
                 eve@fabrikam.example.",
                "In den Junk-Ordner gegeben als Spam. Der Absender ist in der \
                 Antispam-Richtlinie gesperrt: eve@fabrikam.example.",
            ),
            (
                spam(),
                Verdict::Spam,
                "",
                "Delivered although it looks like spam: the user's list allows \
                 eve@fabrikam.example.",
                "Zugestellt, obwohl als Spam erkannt: erlaubt in der Liste des Benutzers \
                 (eve@fabrikam.example).",
            ),
            (
                spam(),
                Verdict::Spam,
                preset,
                "Sent to the junk folder as spam. Its words are spam's.",
                "In den Junk-Ordner gegeben als Spam. Ihre Wörter sind die von Spam.",
            ),
        ] {
            let said = sentence(judged, verdict, tables);
            assert_eq!((said.en.as_str(), said.de.as_str()), (en, de));
        }
    }
}
