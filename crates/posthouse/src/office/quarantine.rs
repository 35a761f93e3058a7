//! Quarantine as administrators see it, and users through them: list, show, release, request, deny,
//! delete, export. One JSON object a line.
//!
//! May touch: the store. Every act is written down there with who and when. A release is scanned
//! again with this version's rules first; nobody but an administrator releases malware or phishing
//! of high confidence, or what is found then (WEB-07).

use posthouse_message::{base64, date_rfc3339};
use posthouse_policy::permission::REQUEST_RELEASE;
use posthouse_store::{
    Actor, MessageId, QuarantineFilter as StoreFilter, QuarantineId, QuarantineRefused,
    QuarantineStatus, Quarantined, Rescan, SenderAct, StoreError,
};
use posthouse_types::{Concern, Language, PolicyKind, QuarantineReason, UnixMillis, Verdict};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Answer, Office, Trouble};
use crate::outbound::QueueChange;
use crate::protection;

/// Largest message that is shown or exported whole, in bytes: every message that is taken in is
/// smaller.
const EXPORTED_BYTES_MAX: u64 = 150 * 1024 * 1024;

/// Which messages.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct QuarantineFilter {
    pub(crate) tenant: Option<String>,
    pub(crate) recipient: Option<String>,
    pub(crate) sender: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) message_id: Option<String>,
    pub(crate) reference: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) policy_type: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) outbound: Option<bool>,
    pub(crate) since: Option<i64>,
    pub(crate) expires_before: Option<i64>,
    pub(crate) limit: usize,
}

/// Who acts: an administrator at the command line, or a user for whom it is done.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct ActingAs {
    /// An administrator's name.
    pub(crate) by: String,
    /// The recipient in whose name it is done, with no more rights than that one has.
    pub(crate) user: Option<String>,
    /// Act only if the message is this tenant's.
    pub(crate) tenant: Option<String>,
}

/// What is asked of the quarantine.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "kebab-case")]
pub(crate) enum QuarantineRequest {
    /// What is there.
    List(QuarantineFilter),
    /// One, with its acts.
    Show { id: i64, acting: ActingAs },
    /// Let it go out.
    Release {
        id: i64,
        acting: ActingAs,
        although: Option<String>,
        false_positive: bool,
        #[serde(default)]
        allow_sender: bool,
    },
    /// Block its sender.
    BlockSender { id: i64, acting: ActingAs },
    /// Ask for it.
    Ask { id: i64, acting: ActingAs },
    /// Deny a request.
    Deny { id: i64, acting: ActingAs },
    /// End it.
    Delete { id: i64, acting: ActingAs },
    /// Its bytes.
    Export { id: i64, acting: ActingAs },
}

impl QuarantineRequest {
    /// Whether it needs the tenants.
    pub(super) fn needs_tenants(&self) -> bool {
        match self {
            Self::List(filter) => filter.tenant.is_some(),
            Self::BlockSender { .. } | Self::Release { allow_sender: true, .. } => true,
            Self::Show { acting, .. }
            | Self::Release { acting, .. }
            | Self::Ask { acting, .. }
            | Self::Deny { acting, .. }
            | Self::Delete { acting, .. }
            | Self::Export { acting, .. } => acting.tenant.is_some(),
        }
    }
}

impl ActingAs {
    pub(super) fn actor(&self) -> Actor {
        match &self.user {
            Some(user) => Actor::User(user.clone()),
            None => Actor::Administrator(self.by.clone()),
        }
    }
}

impl Office {
    /// Answers one request about quarantine.
    pub(super) async fn quarantine(&self, request: QuarantineRequest, now: UnixMillis) -> Answer {
        match request {
            QuarantineRequest::List(filter) => {
                let rows = self.store.quarantine(self.meant(filter)?).await?;
                Ok(rows.iter().map(|row| self.quarantine_line(row)).collect())
            }
            QuarantineRequest::Show { id, acting } => {
                let row = self.kept(id, &acting).await?;
                let mut line = self.quarantine_line(&row);
                let acts = self.store.quarantine_acts(row.id).await?;
                let acts: Vec<Value> = acts
                    .iter()
                    .map(|act| {
                        json!({"time": date_rfc3339(act.time), "act": act.act, "by": act.by,
                            "detail": act.detail})
                    })
                    .collect();
                if let Some(line) = line.as_object_mut() {
                    line.insert("acts".to_owned(), json!(acts));
                }
                Ok(vec![line])
            }
            QuarantineRequest::Release { id, acting, although, false_positive, allow_sender } => {
                let row = self.kept(id, &acting).await?;
                // Once it is delivered, its content is not here any more.
                let allowed = match allow_sender {
                    true => Some(self.sender_of(&row, &acting, SenderAct::Allow, now).await?),
                    false => None,
                };
                let rescan = match (self.rescan(&row, now).await?, although) {
                    (Rescan::Malware(found), Some(words)) => {
                        Rescan::Overridden(format!("{words} (although: {found})"))
                    }
                    (rescan, _) => rescan,
                };
                let mut lines =
                    self.release_kept(&row, &acting, rescan, false_positive, now).await?;
                if let Some(sender) = allowed {
                    let choice = (SenderAct::Allow, sender);
                    lines.push(self.list_sender(&row, &acting, choice, now).await?);
                }
                Ok(lines)
            }
            QuarantineRequest::BlockSender { id, acting } => {
                let row = self.kept(id, &acting).await?;
                let sender = self.sender_of(&row, &acting, SenderAct::Block, now).await?;
                let choice = (SenderAct::Block, sender);
                Ok(vec![self.list_sender(&row, &acting, choice, now).await?])
            }
            QuarantineRequest::Ask { id, acting } => {
                let row = self.kept(id, &acting).await?;
                let done = self.store.request_release(row.id, acting.actor(), now).await?;
                self.done(&row, "requested", done)
            }
            QuarantineRequest::Deny { id, acting } => {
                let row = self.kept(id, &acting).await?;
                let done = self.store.deny_release(row.id, acting.actor(), now).await?;
                self.done(&row, "denied", done)
            }
            QuarantineRequest::Delete { id, acting } => {
                let row = self.kept(id, &acting).await?;
                let done = self.store.delete_quarantined(row.id, acting.actor(), now).await?;
                self.done(&row, "deleted", done)
            }
            QuarantineRequest::Export { id, acting } => self.export_kept(id, &acting, now).await,
        }
    }

    /// Releases one; where it was kept wrongly, its tenant learns that in the same transaction.
    async fn release_kept(
        &self,
        row: &Quarantined,
        acting: &ActingAs,
        rescan: Rescan,
        false_positive: bool,
        now: UnixMillis,
    ) -> Answer {
        let teaches = false_positive && row.status != QuarantineStatus::Released;
        let prepared = match teaches {
            true => Some(self.release_lesson(row, acting, now).await?),
            false => None,
        };
        let prepared = prepared.filter(|prepared| !prepared.is_repeated);
        let lesson = prepared.as_ref().map(|prepared| prepared.lesson.clone());
        let done =
            self.store.release_quarantined(row.id, acting.actor(), rescan, lesson, now).await?;
        if let Some(prepared) = prepared.filter(|_| done.is_ok()) {
            self.learn(prepared);
        }
        (self.queue_changed)(QueueChange::Retry);
        self.done(row, "released", done)
    }

    async fn export_kept(&self, id: i64, acting: &ActingAs, now: UnixMillis) -> Answer {
        let row = self.kept(id, acting).await?;
        let noted = self.store.note_quarantine_export(row.id, acting.actor(), now).await?;
        noted.map_err(|why| refused(&row, why))?;
        let bytes = self.bytes_of(&row, now).await?;
        Ok(vec![json!({
            "id": row.id.number(),
            "bytes": bytes.len(),
            "base64": base64(&bytes),
        })])
    }

    /// The one with this number, if it is of the tenant in question.
    async fn kept(&self, id: i64, acting: &ActingAs) -> Result<Quarantined, Trouble> {
        let tenant = acting.tenant.as_deref().map(|name| self.tenant(name)).transpose()?;
        let filter = StoreFilter {
            id: Some(QuarantineId::from_number(id)),
            tenant: tenant.map(|(id, _)| id),
            ..StoreFilter::default()
        };
        self.store.quarantine(filter).await?.pop().ok_or_else(|| {
            Trouble::new(
                format!("nothing in quarantine has the number {id}"),
                "posthouse quarantine list shows the numbers",
            )
        })
    }

    async fn bytes_of(&self, row: &Quarantined, now: UnixMillis) -> Result<Vec<u8>, Trouble> {
        self.kept_bytes(row.message, now).await
    }

    /// Head and body as they would go out.
    pub(super) async fn kept_bytes(
        &self,
        message: MessageId,
        now: UnixMillis,
    ) -> Result<Vec<u8>, Trouble> {
        let gone = || {
            Trouble::new(
                "its content is not here any more: it was released and delivered",
                "posthouse trace shows what became of it",
            )
        };
        let stored = match self.store.load(message, now).await {
            Err(StoreError::NotFound) => return Err(gone()),
            stored => stored?,
        };
        if stored.body.len() > EXPORTED_BYTES_MAX {
            return Err(Trouble::new("the message is too large to be shown whole", ""));
        }
        let mut bytes = stored.head.clone();
        let mut reader = stored.body.reader();
        loop {
            let piece = reader.next().await?;
            if piece.is_empty() {
                return Ok(bytes);
            }
            bytes.extend_from_slice(piece);
        }
    }

    /// Looks for malware again, with the rules and the engines of now.
    async fn rescan(&self, row: &Quarantined, now: UnixMillis) -> Result<Rescan, Trouble> {
        if row.status == QuarantineStatus::Released {
            return Ok(Rescan::Clean);
        }
        let bytes = self.bytes_of(row, now).await?;
        let engines = self.engines.as_ref().map(|engines| engines.load_full());
        let verdicts = protection::scan_again(engines, bytes, protection::Again::default())
            .await
            .map_err(|error| {
            Trouble::new(format!("it could not be scanned: {error}"), "try again once it can be")
        })?;
        if verdicts.verdict != Verdict::Malware {
            return Ok(Rescan::Clean);
        }
        // Heavier reasons may speak for something else.
        let mut reasons = verdicts.reasons.iter().map(|reason| &reason.finding);
        let found = reasons.find(|finding| finding.kind.concern == Concern::Malware);
        let words = found.map(|finding| finding.sentence(Language::English));
        Ok(Rescan::Malware(words.unwrap_or_default()))
    }

    fn done(&self, row: &Quarantined, act: &str, done: Result<(), QuarantineRefused>) -> Answer {
        match done {
            // Asked twice, it is as it was asked for: nothing is sent a second time.
            Ok(()) => Ok(()),
            Err(QuarantineRefused::AlreadyReleased) if act == "released" => Ok(()),
            Err(why) => Err(refused(row, why)),
        }?;
        let repeated = done.is_err();
        let sentence = if repeated {
            format!("{} was released before; nothing is sent twice", row.id.number())
        } else {
            format!("{} for {}: {act}", row.id.number(), row.recipient)
        };
        Ok(vec![json!({
            "id": row.id.number(),
            "recipient": row.recipient,
            "act": act,
            "changed": !repeated,
            "sentence": sentence,
        })])
    }

    fn meant(&self, filter: QuarantineFilter) -> Result<StoreFilter, Trouble> {
        let tenant = filter.tenant.map(|name| self.tenant(&name)).transpose()?.map(|(id, _)| id);
        let reasons = || words(QuarantineReason::ALL.iter().map(|reason| reason.id()));
        let reason = known(filter.reason, QuarantineReason::from_id, "reason", &reasons())?;
        let kinds = words(PolicyKind::ALL.iter().map(|kind| kind.as_str()));
        let policy = known(filter.policy_type, PolicyKind::from_word, "policy type", &kinds)?;
        let statuses = "not-released, requested, approved, denied, released, error";
        let status = known(filter.status, QuarantineStatus::from_word, "status", statuses)?;
        Ok(StoreFilter {
            tenant,
            recipient: filter.recipient,
            sender: filter.sender,
            subject: filter.subject,
            message_id: filter.message_id,
            reference: filter.reference,
            reason,
            policy,
            status,
            outbound: filter.outbound,
            since: filter.since.map(UnixMillis),
            expires_before: filter.expires_before.map(UnixMillis),
            limit: filter.limit,
            ..StoreFilter::default()
        })
    }

    fn quarantine_line(&self, row: &Quarantined) -> Value {
        let directory = self.directory();
        let tenant = row.tenant.and_then(|id| directory.tenant(id));
        let exchange_type = QuarantineReason::from_id(&row.reason)
            .map(QuarantineReason::exchange_type)
            .unwrap_or_default();
        json!({
            "id": row.id.number(),
            "tenant": tenant.map(|tenant| tenant.name.to_string()),
            "reference": row.reference,
            "received": date_rfc3339(row.received),
            "expires": date_rfc3339(row.expires),
            "sender": row.sender.clone().unwrap_or_default(),
            "recipient": row.recipient,
            "subject": row.subject,
            "message_id": row.message_id,
            "size": row.size,
            "direction": if row.is_outbound { "outbound" } else { "inbound" },
            "reason": row.reason,
            "type": exchange_type,
            "policy_type": row.policy_kind,
            "policy_name": row.policy_name,
            "quarantine_policy": row.quarantine_policy,
            "permissions": row.permissions,
            "sender_override": row.override_reason,
            "release_status": row.status.as_str(),
            "released_by": row.released_by,
        })
    }
}

pub(super) fn refused(row: &Quarantined, why: QuarantineRefused) -> Trouble {
    let next = match why {
        // Who may not even ask is told no way to.
        QuarantineRefused::NotPermitted if row.permissions & REQUEST_RELEASE != 0 => {
            "posthouse quarantine request --as USER asks an administrator"
        }
        QuarantineRefused::Malware => {
            "an administrator who is sure says so with --although \"why\""
        }
        _ => "",
    };
    Trouble::new(format!("{} for {}: {}", row.id.number(), row.recipient, why.as_str()), next)
}

fn words<'a>(all: impl Iterator<Item = &'a str>) -> String {
    all.collect::<Vec<_>>().join(", ")
}

/// A word of a list, or a trouble that names the list.
fn known<T>(
    word: Option<String>,
    read: impl Fn(&str) -> Option<T>,
    what: &str,
    list: &str,
) -> Result<Option<T>, Trouble> {
    let Some(word) = word else { return Ok(None) };
    match read(&word) {
        Some(value) => Ok(Some(value)),
        None => Err(Trouble::new(format!("{word} is no {what}"), format!("one of {list}"))),
    }
}
