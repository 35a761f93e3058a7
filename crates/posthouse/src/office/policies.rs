//! Policies as administrators see them: which there are, what they say, and which are for whom.
//!
//! May touch: the directory snapshot, for reading. Changes go through `apply`.

use posthouse_policy::{Column, FromText, Protection, built_in};
use posthouse_types::{Address, PolicyKind};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Answer, Office, Trouble};

/// What is asked about policies.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "question", rename_all = "kebab-case")]
pub(crate) enum PolicyRequest {
    /// Every policy of a tenant, the built-in ones too.
    List { tenant: String },
    /// What the policies of this name say.
    Show { tenant: String, name: String },
    /// Which policies are for a recipient, and why.
    Preview { recipient: String },
}

impl Office {
    /// Answers one question about policies.
    pub(super) fn policies(&self, request: PolicyRequest) -> Answer {
        match request {
            PolicyRequest::List { tenant } => {
                let protection = self.protection_of(&tenant)?;
                Ok(all(&protection).into_iter().map(|policy| policy.line(false)).collect())
            }
            PolicyRequest::Show { tenant, name } => {
                let protection = self.protection_of(&tenant)?;
                let found: Vec<Value> = all(&protection)
                    .into_iter()
                    .filter(|policy| policy.name.eq_ignore_ascii_case(&name))
                    .map(|policy| policy.line(true))
                    .collect();
                if found.is_empty() {
                    let next = format!("posthouse policy list {tenant} shows their names");
                    return Err(Trouble::new(format!("no policy is called \"{name}\""), next));
                }
                Ok(found)
            }
            PolicyRequest::Preview { recipient } => self.preview(&recipient),
        }
    }

    fn preview(&self, recipient: &str) -> Answer {
        let address = Address::from_text(recipient).map_err(|error| Trouble::new(error, ""))?;
        let directory = self.directory();
        let owner = directory.owner_of(address.domain()).and_then(|(id, _)| directory.tenant(id));
        let Some(tenant) = owner else {
            return Err(Trouble::new(
                format!("no tenant has a verified domain for {address}"),
                "posthouse tenant list shows the tenants",
            ));
        };
        let nothing_set = Protection::default();
        let protection = tenant.protection().unwrap_or(&nothing_set);
        Ok(protection
            .preview(&address)
            .into_iter()
            .map(|considered| {
                let mark = if considered.applies { "applies" } else { "does not apply" };
                json!({
                    "recipient": address.to_string(),
                    "tenant": tenant.name,
                    "type": considered.kind.as_str(),
                    "name": considered.name,
                    "applies": considered.applies,
                    "why": considered.why,
                    "sentence": format!(
                        "{} \"{}\": {mark} ({})",
                        considered.kind.as_str(), considered.name, considered.why
                    ),
                })
            })
            .collect())
    }

    fn protection_of(&self, tenant: &str) -> Result<Protection, Trouble> {
        let (_, tenant) = self.tenant(tenant)?;
        Ok(tenant.protection().cloned().unwrap_or_default())
    }
}

/// One policy as it is shown.
struct Shown {
    kind: PolicyKind,
    name: String,
    priority: Option<u16>,
    is_enabled: bool,
    is_built_in: bool,
    settings: Value,
}

impl Shown {
    fn line(self, with_settings: bool) -> Value {
        let order = match self.priority {
            Some(priority) => format!("priority {priority}"),
            None => "built in".to_owned(),
        };
        let state = if self.is_enabled { "" } else { ", switched off" };
        let mut sentence = format!("{} \"{}\": {order}{state}", self.kind.as_str(), self.name);
        let mut line = json!({
            "type": self.kind.as_str(),
            "name": self.name,
            "priority": self.priority,
            "enabled": self.is_enabled,
            "built_in": self.is_built_in,
        });
        if let Some(line) = line.as_object_mut() {
            if with_settings {
                let settings = self.settings.as_object().into_iter().flatten();
                for (key, value) in settings {
                    sentence.push_str(&format!("\n  {key} = {value}"));
                }
                line.insert("settings".to_owned(), self.settings.clone());
            }
            line.insert("sentence".to_owned(), json!(sentence));
        }
        line
    }
}

/// Every policy: presets, own ones in their order, built-in defaults.
fn all(protection: &Protection) -> Vec<Shown> {
    let mut out = Vec::new();
    for column in [Column::Strict, Column::Standard] {
        let is_enabled = protection
            .presets
            .iter()
            .any(|preset| preset.enabled && Column::from(preset.level) == column)
            || protection.general.preset.map(Column::from) == Some(column);
        out.extend(of_column(column, is_enabled));
    }
    for policy in &protection.anti_spam_policies {
        let settings = json!(policy);
        out.push(own(
            PolicyKind::AntiSpam,
            &policy.name,
            policy.priority,
            policy.enabled,
            settings,
        ));
    }
    for policy in &protection.anti_phish_policies {
        let settings = json!(policy);
        let kind = PolicyKind::AntiPhish;
        out.push(own(kind, &policy.name, policy.priority, policy.enabled, settings));
    }
    for policy in &protection.malware_policies {
        let settings = json!(policy);
        let kind = PolicyKind::AntiMalware;
        out.push(own(kind, &policy.name, policy.priority, policy.enabled, settings));
    }
    let replaced: Vec<PolicyKind> = out
        .iter()
        .filter(|policy| policy.name.eq_ignore_ascii_case(Column::Default.name()))
        .map(|policy| policy.kind)
        .collect();
    let defaults = of_column(Column::Default, true);
    out.extend(defaults.into_iter().filter(|policy| !replaced.contains(&policy.kind)));
    out
}

fn own(kind: PolicyKind, name: &str, priority: u16, is_enabled: bool, settings: Value) -> Shown {
    let name = name.to_owned();
    Shown { kind, name, priority: Some(priority), is_enabled, is_built_in: false, settings }
}

fn of_column(column: Column, is_enabled: bool) -> [Shown; 3] {
    let policies = built_in(column);
    let shown = |kind, settings| Shown {
        kind,
        name: column.name().to_owned(),
        priority: None,
        is_enabled,
        is_built_in: true,
        settings,
    };
    [
        shown(PolicyKind::AntiSpam, json!(policies.anti_spam)),
        shown(PolicyKind::AntiPhish, json!(policies.anti_phish)),
        shown(PolicyKind::AntiMalware, json!(policies.malware)),
    ]
}
