//! Reports: what people say of messages, and what their tenant learns from it.
//!
//! May touch: the store. What is learned is the tenant's own and changes no other tenant's mail; it
//! is stored together with who said what of which message, and counts from the answer on. That bulk
//! mail is junk is a complaint about its sender, too, which counts for all tenants, bounded.

use posthouse_classifier::{Learned, Said, Voice};
use posthouse_message::{base64, date_rfc3339, from_base64};
use posthouse_mime::Reading;
use posthouse_policy::{KeptFacts, ZERO_HOUR_TIME_MAX};
use posthouse_store::{
    ComplaintCount, KeptName, Lesson, MessageId, QuarantineFilter as StoreFilter, QuarantineId,
    Quarantined, QueueFilter as StoreQueueFilter, Report,
};
use posthouse_types::{Category, QuarantineReason, TenantId, UnixMillis, printable};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{ActingAs, Answer, Office, Trouble, blocking};
use crate::learned::{self, Turn};
use crate::zero_hour::Cause;

/// Characters of a header field that are kept of a reported message.
const FIELD_CHARACTERS_MAX: usize = 256;

/// What somebody says of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Word {
    /// Unwanted.
    Junk,
    /// It is after something.
    Phish,
    /// Wanted.
    NotJunk,
}

impl Word {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Junk => "junk",
            Self::Phish => "phish",
            Self::NotJunk => "not-junk",
        }
    }

    /// The verdict that an administrator's word is.
    fn category(self) -> Option<Category> {
        match self {
            Self::Junk => Some(Category::Spam),
            Self::Phish => Some(Category::Phish),
            Self::NotJunk => None,
        }
    }

    fn said(self) -> Said {
        match self {
            Self::Junk | Self::Phish => Said::Unwanted,
            Self::NotJunk => Said::Wanted,
        }
    }
}

/// Which message.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Reported {
    /// This one.
    Bytes { base64: String },
    /// One that is still here, by its reference.
    Reference(String),
    /// One that is still here, by its Message-ID.
    MessageId(String),
}

/// What of a reported message is blocked from now on.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Block {
    /// Its From address.
    pub(crate) sender: bool,
    /// Links, as the allow and block list writes them.
    pub(crate) urls: Vec<String>,
    /// Files, by the names that they have in it.
    pub(crate) files: Vec<String>,
}

/// What is asked about reports.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "kebab-case")]
pub(crate) enum ReportRequest {
    /// Learn from one.
    Say { word: Word, what: Reported, acting: ActingAs, block: Block },
    /// What was reported.
    List { tenant: Option<String>, limit: usize },
    /// What a tenant has learned.
    Learned { tenant: String },
}

impl ReportRequest {
    /// Whether it needs the tenants.
    pub(super) fn needs_tenants(&self) -> bool {
        !matches!(self, Self::List { tenant: None, .. })
    }
}

/// A message that is still here.
struct Kept {
    message: MessageId,
    tenant: Option<TenantId>,
    reference: String,
    recipient: String,
    quarantine: Option<QuarantineId>,
}

/// A lesson that is ready to be stored.
pub(super) struct Prepared<'a> {
    pub(super) lesson: Lesson,
    /// The same was said of this very message before: it teaches nothing again.
    pub(super) is_repeated: bool,
    learned: Learned,
    turn: Turn<'a>,
}

impl Office {
    /// Answers one request about reports.
    pub(super) async fn reports(&self, request: ReportRequest, now: UnixMillis) -> Answer {
        match request {
            ReportRequest::Say { word, what, acting, block } => {
                self.say(word, what, (&acting, &block), now).await
            }
            ReportRequest::List { tenant, limit } => self.list_reports(tenant, limit).await,
            ReportRequest::Learned { tenant } => {
                let (id, tenant) = self.tenant(&tenant)?;
                let bytes = self.store.learned(id).await?.unwrap_or_default();
                Ok(vec![json!({"tenant": tenant.name.to_string(), "base64": base64(&bytes)})])
            }
        }
    }

    async fn say(
        &self,
        word: Word,
        what: Reported,
        (acting, block): (&ActingAs, &Block),
        now: UnixMillis,
    ) -> Answer {
        let asked = acting.tenant.as_deref().map(|name| self.tenant(name)).transpose()?;
        let asked = asked.map(|(id, _)| id);
        let (bytes, kept) = match what {
            Reported::Bytes { base64 } => (decoded(&base64)?, None),
            Reported::Reference(reference) => {
                let kept = self.find_kept(asked, Some(reference), None).await?;
                (self.kept_bytes(kept.message, now).await?, Some(kept))
            }
            Reported::MessageId(id) => {
                let kept = self.find_kept(asked, None, Some(id)).await?;
                (self.kept_bytes(kept.message, now).await?, Some(kept))
            }
        };
        let tenant = asked.or(kept.as_ref().and_then(|kept| kept.tenant)).ok_or_else(|| {
            Trouble::new("nobody said whose message this is", "name its tenant with --tenant")
        })?;
        self.may_speak(tenant, kept.as_ref(), acting)?;
        let entries = blocking::entries(block, word, acting, &bytes).await?;
        let about = About {
            tenant,
            reference: kept.as_ref().map_or_else(String::new, |kept| kept.reference.clone()),
            quarantine: kept.and_then(|kept| kept.quarantine),
        };
        let prepared = self.lesson(bytes, about, (word, acting), now).await?;
        let report = prepared.lesson.report.clone();
        let mut line = self.report_line(&report);
        if prepared.is_repeated {
            let sentence =
                format!("{} was said of this message before; it counts once", report.said);
            if let Some(line) = line.as_object_mut() {
                line.insert("changed".to_owned(), json!(false));
                line.insert("sentence".to_owned(), json!(sentence));
            }
        } else {
            self.store.teach(prepared.lesson.clone()).await?;
            self.learn(prepared);
        }
        let mut lines = vec![line];
        lines.extend(self.block(&report, entries, now).await?);
        // What users say never moves mail.
        if let Some(category) = word.category().filter(|_| !report.by_user) {
            let Report { tenant, message_id, .. } = report;
            self.zero_hour.because(Cause::Report { tenant, message_id, category });
        }
        Ok(lines)
    }

    /// A user speaks of mail to this user only, and for no other tenant.
    fn may_speak(
        &self,
        tenant: TenantId,
        kept: Option<&Kept>,
        acting: &ActingAs,
    ) -> Result<(), Trouble> {
        let Some(user) = &acting.user else { return Ok(()) };
        let is_recipient = match kept {
            Some(kept) => kept.recipient.eq_ignore_ascii_case(user),
            None => posthouse_smtp::parse_address(user, true).is_ok_and(|address| {
                let owner = self.directory().owner_of(address.domain()).map(|(owner, _)| owner);
                owner == Some(tenant)
            }),
        };
        if is_recipient {
            return Ok(());
        }
        let shown = printable(user, FIELD_CHARACTERS_MAX);
        Err(Trouble::new(
            format!("{shown} is no recipient of this message"),
            "an administrator reports it without --as",
        ))
    }

    /// Makes a lesson of a message. Until it is learned or dropped no other one is made.
    pub(super) async fn lesson(
        &self,
        message: Vec<u8>,
        about: About,
        (word, acting): (Word, &ActingAs),
        now: UnixMillis,
    ) -> Result<Prepared<'_>, Trouble> {
        let reading = learned::read(message)
            .await
            .map_err(|error| Trouble::new(format!("it could not be read: {error}"), ""))?;
        let voice = match &acting.user {
            Some(_) => Voice::User,
            None => Voice::Administrator,
        };
        let turn = self.learned.turn().await;
        let said = (word.said(), voice);
        let learned = self.learned.with(&turn, &self.store, about.tenant, &reading, said).await;
        let report = Report {
            tenant: about.tenant,
            time: now,
            said: word.as_str().to_owned(),
            by: acting.user.clone().unwrap_or_else(|| acting.by.clone()),
            by_user: acting.user.is_some(),
            reference: about.reference,
            message_id: field(&reading, "Message-ID"),
            sender: field(&reading, "From"),
            subject: field(&reading, "Subject"),
            quarantine: about.quarantine,
        };
        let before = self.store.last_said(&report).await?;
        let is_repeated = before.as_deref() == Some(report.said.as_str());
        let complaint = self.complaint(&report, &reading, word, now).await?;
        let lesson = Lesson { report, learned: learned.to_bytes(), complaint };
        Ok(Prepared { lesson, is_repeated, learned, turn })
    }

    /// Makes a complaint of a report, or takes one back, where this node proved the sender of the
    /// message and found it to be bulk mail: what is kept says so, not the message, which whoever
    /// reports it could have made.
    async fn complaint(
        &self,
        report: &Report,
        reading: &Reading,
        word: Word,
        now: UnixMillis,
    ) -> Result<Option<ComplaintCount>, Trouble> {
        let more = match word {
            Word::Junk => 1.0,
            Word::NotJunk => -1.0,
            Word::Phish => return Ok(None),
        };
        let name = match (&report.reference, &report.message_id) {
            (reference, _) if !reference.is_empty() => KeptName::Reference(reference.clone()),
            (_, id) if !id.is_empty() => KeptName::MessageId(id.clone()),
            _ => return Ok(None),
        };
        let since = now - ZERO_HOUR_TIME_MAX;
        let kept = self.store.kept_facts(report.tenant, name, since).await?;
        // A stranger may repeat the Message-ID of somebody else's mail.
        let from = reading.fields("From").next().map(|field| field.decoded());
        let from = from.and_then(|from| posthouse_mime::addresses(&from).into_iter().next());
        let is_from = |facts: &KeptFacts| {
            let kept = facts.from.as_deref().unwrap_or_default();
            from.as_ref().is_some_and(|from| from.address.eq_ignore_ascii_case(kept))
        };
        let kept = kept.iter().filter_map(|facts| serde_json::from_str::<KeptFacts>(facts).ok());
        let domain = kept.filter(is_from).find_map(|facts| facts.bulk_domain);
        Ok(domain.map(|domain| self.complaints.with((&domain, report.tenant), more, now)))
    }

    /// Judges by a lesson that is stored.
    pub(super) fn learn(&self, prepared: Prepared<'_>) {
        let Prepared { lesson, learned, turn, .. } = prepared;
        if let Some(complaint) = lesson.complaint {
            self.complaints.put(complaint);
        }
        self.learned.put(turn, lesson.report.tenant, learned);
    }

    /// The lesson of a release: whoever releases a message says that it is wanted.
    pub(super) async fn release_lesson(
        &self,
        row: &Quarantined,
        acting: &ActingAs,
        now: UnixMillis,
    ) -> Result<Prepared<'_>, Trouble> {
        let is_by_words = QuarantineReason::from_id(&row.reason).is_some_and(|reason| {
            ["Spam", "Bulk", "Phish", "HighConfPhish"].contains(&reason.exchange_type())
        });
        if !is_by_words {
            return Err(Trouble::new(
                format!(
                    "nothing can be learned from it: no wording put it there, but {}",
                    row.reason
                ),
                "release it without --report-false-positive",
            ));
        }
        let tenant = row.tenant.ok_or_else(|| {
            Trouble::new("it is no tenant's", "release it without --report-false-positive")
        })?;
        let message = self.kept_bytes(row.message, now).await?;
        let (reference, quarantine) = (row.reference.clone(), Some(row.id));
        let about = About { tenant, reference, quarantine };
        self.lesson(message, about, (Word::NotJunk, acting), now).await
    }

    /// A message that is in quarantine, or else in the queue.
    async fn find_kept(
        &self,
        tenant: Option<TenantId>,
        reference: Option<String>,
        message_id: Option<String>,
    ) -> Result<Kept, Trouble> {
        let filter = StoreFilter {
            tenant,
            reference: reference.clone(),
            message_id: message_id.clone(),
            limit: 1,
            ..StoreFilter::default()
        };
        if let Some(row) = self.store.quarantine(filter).await?.pop() {
            return Ok(Kept {
                message: row.message,
                tenant: row.tenant,
                reference: row.reference,
                recipient: row.recipient,
                quarantine: Some(row.id),
            });
        }
        let reference = reference.and_then(|reference| reference.parse().ok());
        if reference.is_some() || message_id.is_some() {
            let filter = StoreQueueFilter { tenant, reference, ..StoreQueueFilter::default() };
            let rows = self.store.queue(filter).await?;
            let mut rows = rows.into_iter();
            if let Some(row) =
                rows.find(|row| message_id.as_ref().is_none_or(|id| *id == row.message_id))
            {
                return Ok(Kept {
                    message: row.message,
                    tenant: row.tenant,
                    reference: row.reference.to_string(),
                    recipient: row.address.to_string(),
                    quarantine: None,
                });
            }
        }
        Err(Trouble::new(
            "that message is not here any more: only what waits or is kept has its content",
            "report it as a file: posthouse report junk FILE --tenant TENANT",
        ))
    }

    async fn list_reports(&self, tenant: Option<String>, limit: usize) -> Answer {
        let tenant = tenant.map(|name| self.tenant(&name)).transpose()?.map(|(id, _)| id);
        let reports = self.store.reports(tenant, limit).await?;
        Ok(reports.iter().map(|report| self.report_line(report)).collect())
    }

    fn report_line(&self, report: &Report) -> Value {
        let directory = self.directory();
        let tenant = directory.tenant(report.tenant).map(|tenant| tenant.name.to_string());
        let tenant = tenant.unwrap_or_default();
        let time = date_rfc3339(report.time);
        let sentence = format!(
            "{time} {tenant}: {} said {} of \"{}\" from {}",
            printable(&report.by, 40),
            report.said,
            printable(&report.subject, 60),
            printable(&report.sender, 60),
        );
        json!({
            "tenant": tenant,
            "time": time,
            "said": report.said,
            "by": report.by,
            "by_user": report.by_user,
            "reference": report.reference,
            "message_id": report.message_id,
            "sender": report.sender,
            "subject": report.subject,
            "quarantine": report.quarantine.map(QuarantineId::number),
            "sentence": sentence,
        })
    }
}

/// Which message a lesson is about.
pub(super) struct About {
    pub(super) tenant: TenantId,
    pub(super) reference: String,
    pub(super) quarantine: Option<QuarantineId>,
}

fn decoded(text: &str) -> Result<Vec<u8>, Trouble> {
    from_base64(text).ok_or_else(|| Trouble::new("the message was damaged on its way", ""))
}

/// A header field as it is kept: decoded, printable, cut.
fn field(reading: &Reading, name: &str) -> String {
    let found = reading.fields(name).next();
    found.map_or_else(String::new, |field| printable(&field.decoded(), FIELD_CHARACTERS_MAX))
}
