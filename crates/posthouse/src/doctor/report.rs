//! What the doctor says: one finding for each stage, in the order in which a sender meets them.
//!
//! Plain data and its JSON form. Texts are printable already; JSON and HTML escape for themselves.

use posthouse_trace::{ChainFacts, Fix};
use serde_json::{Map, Value, json};

use super::dialogue::{Line, Speaker};
use super::texts;

/// How a stage went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    /// It was not reached, not asked for, or does not apply.
    NotRun,
    /// Nothing is wrong.
    Ok,
    /// Mail gets through, and something should be better.
    Warning,
    /// Mail does not get through, or not from every sender.
    Error,
}

impl Status {
    /// The word, as in JSON.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::NotRun => "not-run",
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One stage of a sender's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StageId {
    OwnCertificate,
    Mx,
    Address,
    Connect,
    Hello,
    StartTls,
    TlsVersions,
    ServerCertificate,
    ServerName,
    MtaSts,
    Dane,
    ClientCertificate,
    Mail,
    Recipient,
    Message,
}

impl StageId {
    /// The id in JSON.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::OwnCertificate => "own-certificate",
            Self::Mx => "mx",
            Self::Address => "address",
            Self::Connect => "connect",
            Self::Hello => "hello",
            Self::StartTls => "starttls",
            Self::TlsVersions => "tls-versions",
            Self::ServerCertificate => "server-certificate",
            Self::ServerName => "server-name",
            Self::MtaSts => "mta-sts",
            Self::Dane => "dane",
            Self::ClientCertificate => "client-certificate",
            Self::Mail => "mail",
            Self::Recipient => "recipient",
            Self::Message => "message",
        }
    }

    /// The heading for people.
    pub(crate) fn title(self) -> &'static str {
        texts::title(self)
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stage {
    pub(crate) id: StageId,
    pub(crate) status: Status,
    /// What was found, in a sentence or two.
    pub(crate) text: String,
    /// What mends it.
    pub(crate) fix: Vec<Fix>,
    /// How long it took; `None` where it took no time of its own.
    pub(crate) millis: Option<u64>,
    /// What else is known: names in snake case, texts, numbers, lists of texts.
    pub(crate) details: Map<String, Value>,
    /// The chain that the finding is about.
    pub(crate) chain: Option<ChainFacts>,
}

impl Stage {
    pub(super) fn new(id: StageId, status: Status, text: impl Into<String>) -> Self {
        Self {
            id,
            status,
            text: text.into(),
            fix: Vec::new(),
            millis: None,
            details: Map::new(),
            chain: None,
        }
    }

    /// It could not be run, because the stage before it failed.
    pub(super) fn after(id: StageId, parent: StageId) -> Self {
        Self::new(id, Status::NotRun, texts::parent_failed(parent)).with("parent", parent.id())
    }

    /// It was not asked for, or does not apply.
    pub(super) fn left_out(id: StageId, why: &str) -> Self {
        Self::new(id, Status::NotRun, why)
    }

    pub(super) fn took(mut self, millis: u64) -> Self {
        self.millis = Some(millis);
        self
    }

    pub(super) fn mended_by(mut self, fix: impl IntoIterator<Item = Fix>) -> Self {
        self.fix.extend(fix);
        self
    }

    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    pub(super) fn about(mut self, chain: ChainFacts) -> Self {
        self.chain = Some(chain);
        self
    }

    /// `{id, title, status, text, fix, millis, details}`; a chain stands in `details.chain`.
    pub(crate) fn json(&self) -> Value {
        let mut details = self.details.clone();
        if let Some(chain) = &self.chain {
            details.insert("chain".to_owned(), json!(chain));
        }
        json!({
            "id": self.id.id(),
            "title": self.id.title(),
            "status": self.status.id(),
            "text": self.text,
            "fix": self.fix,
            "millis": self.millis,
            "details": details,
        })
    }
}

/// All that was found about one destination.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Report {
    /// The domain or server that was examined.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// When, RFC 3339 in UTC.
    pub(crate) time: String,
    /// The verdict in a sentence.
    pub(crate) summary: String,
    pub(crate) stages: Vec<Stage>,
    /// The dialogue, line by line.
    pub(super) transcript: Vec<Line>,
}

impl Report {
    /// As bad as the worst stage.
    pub(crate) fn verdict(&self) -> Status {
        self.stages.iter().map(|stage| stage.status).max().unwrap_or(Status::NotRun)
    }

    /// One object: `{host, port, time, verdict, text, stages, transcript}`.
    pub(crate) fn json(&self) -> Value {
        let transcript: Vec<Value> = self
            .transcript
            .iter()
            .map(|line| json!({"speaker": speaker(line.speaker), "text": line.text}))
            .collect();
        json!({
            "host": self.host,
            "port": self.port,
            "time": self.time,
            "verdict": self.verdict().id(),
            "text": self.summary,
            "stages": self.stages.iter().map(Stage::json).collect::<Vec<_>>(),
            "transcript": transcript,
        })
    }
}

fn speaker(speaker: Speaker) -> &'static str {
    match speaker {
        Speaker::Us => "client",
        Speaker::Server => "server",
        Speaker::Event => "event",
    }
}
