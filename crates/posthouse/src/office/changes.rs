//! Changes to tenants: checked whole against the directory as it stands, stored, then swapped in.
//!
//! May touch: the store and the directory snapshot, one change at a time. A change that the
//! directory refuses leaves everything as it was; an answer means that the new state serves mail.

use std::sync::Arc;

use posthouse_lookup::Answer as LookupAnswer;
use posthouse_policy::{
    self as policy, Directory, Grants, ProblemContext, Severity, Tenant, TenantFileError,
};
use posthouse_store::QueueFilter;
use posthouse_trace::{EventData, Level, OperationalEvent};
use posthouse_types::{Domain, TenantId, UnixMillis};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use similar::{ChangeTag, TextDiff};
use toml::{Table, Value as Toml};

use super::{Answer, Office, SenderList, Trouble, list_entries, senders};
use crate::outbound::QueueChange;
use crate::zero_hour::Cause;

/// One change of one tenant, made to its file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "edit", rename_all = "kebab-case")]
pub(crate) enum Edit {
    /// Add an accepted domain.
    DomainAdd { domain: String, domain_type: String, match_sub_domains: bool, verified: bool },
    /// Remove one.
    DomainRemove { domain: String },
    /// Add a recipient.
    RecipientAdd { address: String },
    /// Remove one.
    RecipientRemove { address: String },
    /// Put senders into one of a recipient's own lists.
    RecipientSenders { address: String, senders: Vec<String>, list: SenderList },
    /// Set fields (`key=TOML value`) of a connector; makes it where it is not there.
    ConnectorSet { table: String, name: String, fields: Vec<String> },
    /// Remove a connector.
    ConnectorRemove { table: String, name: String },
    /// Allow or block somebody or something, until this day.
    ListEntry {
        list_type: String,
        value: String,
        action: String,
        expiration_date: String,
        notes: String,
    },
}

impl Office {
    /// Makes a tenant as its file says.
    pub(super) async fn apply(&self, toml: &str, dry_run: bool, now: UnixMillis) -> Answer {
        let tenant = Tenant::from_toml(toml).map_err(|error| {
            Trouble::new(
                format!("the tenant's file cannot be used: {}", plain(&error)),
                hint(&error),
            )
        })?;
        let _one_at_a_time = self.changes.lock().await;
        self.put(tenant, dry_run, now).await
    }

    /// Changes one thing of a tenant.
    pub(super) async fn edit(&self, name: &str, edit: Edit, now: UnixMillis) -> Answer {
        let _one_at_a_time = self.changes.lock().await;
        let (_, tenant) = self.tenant(name)?;
        let mut file: Table = tenant.to_toml().parse().map_err(|error| {
            Trouble::new(format!("the tenant {name} cannot be read back: {error}"), "")
        })?;
        edit.apply(&mut file)?;
        let text = file.to_string();
        let tenant = Tenant::from_toml(&text).map_err(|error| {
            Trouble::new(format!("the change cannot be made: {}", error.message), hint(&error))
        })?;
        self.put(tenant, false, now).await
    }

    /// Forgets a tenant.
    pub(super) async fn remove_tenant(&self, name: &str, now: UnixMillis) -> Answer {
        let _one_at_a_time = self.changes.lock().await;
        let (id, _) = self.tenant(name)?;
        // Its mail goes by its connectors' TLS demands: without them it would go by none.
        let waiting = QueueFilter { tenant: Some(id), limit: 1, ..QueueFilter::default() };
        if !self.store.queue(waiting).await?.is_empty() {
            return Err(Trouble::new(
                format!("the tenant {name} still has mail that waits or is held"),
                format!(
                    "disable its inbound connectors, and see to what is left: posthouse queue \
                     --tenant {name}"
                ),
            ));
        }
        self.store.delete_tenant(id).await?;
        self.learned.forget(id);
        self.complaints.forget(id);
        self.directory.store(Arc::new(self.loaded()?.without_tenant(id)));
        self.note_change(name, "removed", None, now).await;
        Ok(vec![json!({"tenant": name, "action": "removed", "diff": [], "warnings": []})])
    }

    /// Looks for the TXT proof of one domain and remembers it.
    pub(super) async fn verify_domain(&self, name: &str, domain: &str, now: UnixMillis) -> Answer {
        let _one_at_a_time = self.changes.lock().await;
        let (id, tenant) = self.tenant(name)?;
        let domain = posthouse_smtp::parse_domain(domain)
            .map_err(|error| Trouble::new(format!("{domain} is no domain: {error}"), ""))?;
        if !tenant.accepted_domains.iter().any(|accepted| accepted.name == domain) {
            let next = format!("posthouse domain add {name} {domain}");
            return Err(Trouble::new(format!("{name} has no accepted domain {domain}"), next));
        }
        let record = policy::verification_record_name(&domain);
        let wanted = self.verification_value(name, domain.as_str());
        let found = match self.resolver.txt(record.as_str()).await {
            LookupAnswer::Found(texts) => texts,
            LookupAnswer::NoSuchName | LookupAnswer::NoRecords => Vec::new(),
            LookupAnswer::NotAsked => {
                let next = "set [dns] servers, or give the operator's word: verified = true";
                return Err(Trouble::new("this node asks no DNS", next));
            }
            LookupAnswer::Failed(error) => {
                return Err(Trouble::new(
                    format!("DNS did not answer: {error}"),
                    "try again later",
                ));
            }
        };
        if !found.contains(&wanted) {
            let what = format!("{record} has {} TXT records, and none is the proof", found.len());
            let next = format!("publish: {record} IN TXT \"{wanted}\"");
            return Err(Trouble::new(what, next));
        }
        self.store.put_verified(domain.as_str(), id, now).await?;
        let mut proven = (*tenant).clone();
        mark_verified(&mut proven, domain.as_str());
        self.put(proven, false, now).await
    }

    /// The TXT value that proves a domain to be a tenant's: made of the node's secret, so nobody
    /// else can know it, and nothing needs to be remembered until it is found.
    fn verification_value(&self, tenant: &str, domain: &str) -> String {
        let text = format!("{}\n{domain}", tenant.to_lowercase());
        let digest = crate::tls::keyed_digest(&self.store.node_secret(), text.as_bytes());
        format!("posthouse-verification={digest}")
    }

    /// Checks, stores and swaps in. The caller holds the change lock.
    pub(super) async fn put(&self, mut tenant: Tenant, dry_run: bool, now: UnixMillis) -> Answer {
        let directory = self.loaded()?;
        let name = tenant.name.to_string();
        let existing = directory.tenant_by_name(&name).map(|(id, tenant)| (id, Arc::clone(tenant)));
        if let Some((id, _)) = &existing {
            // A proof by DNS outlives a file that does not repeat it.
            for proven in self.store.verified(*id).await? {
                mark_verified(&mut tenant, &proven.domain);
            }
        }
        let known = existing.as_ref().map(|(_, tenant)| &**tenant);
        tenant.give_entries_ends(known, now);
        list_entries::end_in_time(&tenant, known, now)?;
        let mut warnings = self.warnings(&tenant)?;
        warnings.extend(list_entries::expired(&tenant, now));
        let before = known.map_or(String::new(), Tenant::to_toml);
        let diff = diff(&before, &tenant.to_toml());
        let action = match (&existing, diff.is_empty()) {
            (None, _) => "created",
            (Some(_), true) => "unchanged",
            (Some(_), false) => "changed",
        };
        let tenant = Arc::new(tenant);
        // A new tenant's number is known once it is stored; the check needs any that is free.
        let probe = existing.as_ref().map_or(TenantId(u64::MAX), |(id, _)| *id);
        let grants = self.grants_of(&name);
        let checked = with_tenant(&directory, probe, &tenant, &grants)?;
        if !dry_run && action != "unchanged" {
            let id = self.store.put_tenant(&name, &tenant.to_json()).await?;
            let next = if existing.is_some() {
                checked
            } else {
                with_tenant(&directory, id, &tenant, &grants)?
            };
            self.directory.store(Arc::new(next));
            self.begin_uses(id, &tenant, known, now).await;
            self.note_change(&name, action, Some(id), now).await;
            (self.queue_changed)(QueueChange::Tenant(id));
            // A new tenant has no mail that could be judged again.
            if existing.is_some_and(|(_, before)| before.protection() != tenant.protection()) {
                self.zero_hour.because(Cause::Tenant(id));
            }
        }
        Ok(vec![json!({
            "tenant": name,
            "action": action,
            "dry_run": dry_run,
            "diff": diff,
            "warnings": warnings,
        })])
    }

    /// What is wrong with a tenant without making it unusable.
    pub(super) fn warnings(&self, tenant: &Tenant) -> Result<Vec<String>, Trouble> {
        let name = &tenant.name;
        let mut warnings = Vec::new();
        let value = |domain: &Domain| self.verification_value(name, domain.as_str());
        let context = ProblemContext {
            grants: &self.grants_of(name),
            shared: &self.shared,
            verification_value: &value,
        };
        for problem in tenant.problems(&context) {
            match problem.severity {
                Severity::Error => {
                    return Err(Trouble::new(
                        format!("the tenant {name} cannot be used: {}", problem.text),
                        "correct the file, and apply it again",
                    ));
                }
                Severity::Warning => warnings.push(problem.text),
            }
        }
        Ok(warnings)
    }

    async fn note_change(
        &self,
        name: &str,
        action: &str,
        tenant: Option<TenantId>,
        now: UnixMillis,
    ) {
        let event = OperationalEvent {
            time: now.0,
            level: Level::Information,
            tenant: tenant.map(|tenant| tenant.0),
            reference: String::new(),
            reason: String::new(),
            text: format!("The tenant {name} was {action}."),
            data: EventData::ConfigurationChanged { what: format!("tenant {name}") },
        };
        if let Err(error) = self.store.record(Vec::new(), vec![event]).await {
            tracing::warn!(%error, "a change could not be noted as an event");
        }
    }

    /// A tenant by name, or a trouble that says which there are.
    pub(super) fn tenant(&self, name: &str) -> Result<(TenantId, Arc<Tenant>), Trouble> {
        let directory = self.loaded()?;
        let found = directory.tenant_by_name(name).map(|(id, tenant)| (id, Arc::clone(tenant)));
        found.ok_or_else(|| {
            Trouble::new(format!("there is no tenant {name}"), "posthouse tenant list")
        })
    }

    /// The directory, once it is loaded.
    pub(super) fn loaded(&self) -> Result<Arc<Directory>, Trouble> {
        let directory = self.directory();
        if directory.is_loaded() {
            Ok(directory)
        } else {
            let text = "the directory of tenants is still being loaded";
            Err(Trouble::new(text, "try again in a few seconds"))
        }
    }
}

/// Where and what, without the hint, which is said apart.
fn plain(error: &TenantFileError) -> String {
    format!("line {}, column {}: {}", error.line, error.column, error.message)
}

fn hint(error: &TenantFileError) -> String {
    error.hint.clone().unwrap_or_default()
}

fn with_tenant(
    directory: &Directory,
    id: TenantId,
    tenant: &Arc<Tenant>,
    grants: &Grants,
) -> Result<Directory, Trouble> {
    directory.with_tenant(id, Arc::clone(tenant), grants.clone()).map_err(|error| {
        Trouble::new(
            format!("the tenant {} cannot be used: {error}", tenant.name),
            "correct the file, and apply it again",
        )
    })
}

fn mark_verified(tenant: &mut Tenant, domain: &str) {
    for accepted in &mut tenant.accepted_domains {
        accepted.verified |= accepted.name.as_str() == domain;
    }
}

/// The lines that a change adds and removes.
fn diff(before: &str, after: &str) -> Vec<String> {
    TextDiff::from_lines(before, after)
        .iter_all_changes()
        .filter_map(|change| {
            let sign = match change.tag() {
                ChangeTag::Insert => '+',
                ChangeTag::Delete => '-',
                ChangeTag::Equal => return None,
            };
            let line = change.value().trim_end();
            (!line.is_empty()).then(|| format!("{sign} {line}"))
        })
        .collect()
}

impl Edit {
    fn apply(self, file: &mut Table) -> Result<(), Trouble> {
        match self {
            Self::DomainAdd { domain, domain_type, match_sub_domains, verified } => {
                let mut entry = Table::new();
                entry.insert("name".to_owned(), Toml::String(domain));
                entry.insert("type".to_owned(), Toml::String(domain_type));
                entry.insert("match_sub_domains".to_owned(), Toml::Boolean(match_sub_domains));
                entry.insert("verified".to_owned(), Toml::Boolean(verified));
                entries(file, "accepted_domain")?.push(Toml::Table(entry));
                Ok(())
            }
            Self::DomainRemove { domain } => remove(file, "accepted_domain", "name", &domain),
            Self::RecipientAdd { address } => {
                let entry = Table::from_iter([("address".to_owned(), Toml::String(address))]);
                entries(file, "recipient")?.push(Toml::Table(entry));
                Ok(())
            }
            Self::RecipientRemove { address } => remove(file, "recipient", "address", &address),
            Self::RecipientSenders { address, senders, list } => {
                senders::put(file, &address, &senders, list)
            }
            Self::ConnectorSet { table, name, fields } => {
                set_connector(entries(file, &table)?, name, &fields)
            }
            Self::ConnectorRemove { table, name } => remove(file, &table, "name", &name),
            Self::ListEntry { list_type, value, action, expiration_date, notes } => {
                let list = entries(file, "tenant_allow_block")?;
                let is_this = |entry: &Toml| {
                    has(entry, "list_type", &list_type) && has(entry, "value", &value)
                };
                // The latest word counts: what was to end sooner, or said the opposite, does not.
                list.retain(|entry| !is_this(entry));
                let fields = [
                    ("list_type", list_type),
                    ("value", value),
                    ("action", action),
                    ("expiration_date", expiration_date),
                    ("notes", notes),
                ];
                let fields = fields.map(|(key, value)| (key.to_owned(), Toml::String(value)));
                list.push(Toml::Table(Table::from_iter(fields)));
                Ok(())
            }
        }
    }
}

fn set_connector(list: &mut Vec<Toml>, name: String, fields: &[String]) -> Result<(), Trouble> {
    let at = list.iter().position(|entry| has(entry, "name", &name));
    let mut entry = match at {
        Some(at) => list.remove(at),
        None => Toml::Table(Table::from_iter([("name".to_owned(), Toml::String(name))])),
    };
    for field in fields {
        let parsed: Table = field.parse().map_err(|error| {
            Trouble::new(
                format!("{field} is not FIELD=VALUE as in the file: {error}"),
                "put text in quotes, as: 'connector_type=\"on-premises\"'",
            )
        })?;
        if let Toml::Table(entry) = &mut entry {
            entry.extend(parsed);
        }
    }
    list.insert(at.unwrap_or(list.len()), entry);
    Ok(())
}

fn entries<'a>(file: &'a mut Table, key: &str) -> Result<&'a mut Vec<Toml>, Trouble> {
    match file.entry(key).or_insert_with(|| Toml::Array(Vec::new())) {
        Toml::Array(entries) => Ok(entries),
        _ => Err(Trouble::new(format!("{key} is no list of tables"), "")),
    }
}

fn has(entry: &Toml, key: &str, value: &str) -> bool {
    entry.get(key).and_then(Toml::as_str).is_some_and(|text| text.eq_ignore_ascii_case(value))
}

fn remove(file: &mut Table, table: &str, key: &str, value: &str) -> Result<(), Trouble> {
    let list = entries(file, table)?;
    let before = list.len();
    list.retain(|entry| !has(entry, key, value));
    if list.len() == before {
        let what = format!("there is no {} {value}", table.replace('_', " "));
        return Err(Trouble::new(what, "posthouse export shows what there is"));
    }
    Ok(())
}

/// One tenant as lists show it.
pub(super) fn tenant_line(id: TenantId, tenant: &Tenant) -> Value {
    json!({
        "tenant": tenant.name.to_string(),
        "id": id.0,
        "accepted_domains": tenant.accepted_domains.len(),
        "unverified_domains": tenant.accepted_domains.iter().filter(|domain| !domain.verified).count(),
        "recipients": tenant.recipients.len(),
        "inbound_connectors": tenant.inbound_connectors.len(),
        "outbound_connectors": tenant.outbound_connectors.len(),
    })
}
