//! SPF (RFC 7208): whether an address may send for a domain.
//!
//! Asks DNS through a counted share of questions. Written here and not taken from `mail-auth`, whose
//! result is another than the public suite of RFC 7208 expects in 53 of its 200 cases
//! (docs/authentication.md). Never fails: what cannot be answered is `temperror`, what cannot be
//! read or asks for too much `permerror`.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use posthouse_types::{SHOWN_CHARACTERS_MAX, SpfFact, SpfIdentity, SpfResult, printable};

use super::questions::{Questions, dotted, is_refused};
use super::spf_record::{
    Directive, Mechanism, NAME_BYTES_MAX, Prefixes, Qualifier, SpfRecord, Template, Use, as_name,
    expand, is_spf, needs_name, parse_record, parse_template,
};
use crate::Answer;

/// Terms that ask DNS, in all records together (RFC 7208 section 4.6.4).
const ASKING_TERMS_MAX: u32 = 10;
/// Answers without records, likewise.
const VOID_ANSWERS_MAX: u32 = 2;
/// Names of one MX answer (same section): more is an error, not a cut.
const EXCHANGERS_MAX: usize = 10;
/// A network of that many bits or fewer holds more addresses than any sender has: no organisation
/// sends from a whole /8.
const OPEN_BITS_V4_MAX: u8 = 8;
/// The same in IPv6, where a registry's whole allotment is a /12.
const OPEN_BITS_V6_MAX: u8 = 12;
/// Longest explanation that is kept, in characters.
const EXPLANATION_CHARACTERS_MAX: usize = 500;

/// Who is asked about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SpfQuestion<'a> {
    pub(crate) client: IpAddr,
    /// MAIL FROM without brackets; empty for the null sender.
    pub(crate) mail_from: &'a str,
    pub(crate) helo: &'a str,
    /// This node, for `%{r}`.
    pub(crate) receiver: &'a str,
    pub(crate) now_seconds: u64,
}

/// Asks whether the client may send for MAIL FROM, or for its HELO name where that is null.
pub(crate) async fn check(questions: &Questions<'_>, question: &SpfQuestion<'_>) -> SpfFact {
    let (identity, local, domain) = match question.mail_from.rsplit_once('@') {
        Some((local, domain)) => (SpfIdentity::MailFrom, local, domain),
        None if question.mail_from.is_empty() => (SpfIdentity::Helo, "", question.helo),
        None => (SpfIdentity::MailFrom, "", question.mail_from),
    };
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    let domain = if domain.is_ascii() {
        domain.to_ascii_lowercase()
    } else {
        idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_owned())
    };
    // An IPv4 address written as IPv6 is an IPv4 address (section 5).
    let client = question.client.to_canonical();
    let mut fact = SpfFact {
        domain: printable(&domain, NAME_BYTES_MAX),
        identity,
        client: Some(client),
        ..SpfFact::default()
    };
    if !questions.asks() {
        return fact;
    }
    // A name that two programs could cut at different places is nobody's (AUT-01).
    if domain.bytes().any(|byte| !byte.is_ascii_alphanumeric() && !b"-_.".contains(&byte)) {
        fact.result = SpfResult::None;
        "that is no domain".clone_into(&mut fact.reason);
        return fact;
    }
    let mut check = Check {
        questions,
        client,
        local: if local.is_empty() { "postmaster" } else { local }.to_owned(),
        sender_domain: domain.clone(),
        helo: question.helo,
        receiver: question.receiver,
        now_seconds: question.now_seconds,
        terms_left: ASKING_TERMS_MAX,
        voids_left: VOID_ANSWERS_MAX,
        name_of_client: None,
        was_included_open: false,
    };
    match check.host(domain).await {
        Ok(verdict) => {
            fact.result = verdict.result;
            fact.is_open = verdict.is_open && verdict.result == SpfResult::Pass;
            fact.reason = printable(&verdict.reason, SHOWN_CHARACTERS_MAX);
            if let Some((template, domain)) = verdict.explanation {
                fact.explanation = check.explanation(&template, &domain).await;
            }
        }
        Err(Trouble::Permanent(reason)) => {
            fact.result = SpfResult::PermError;
            fact.reason = printable(&reason, SHOWN_CHARACTERS_MAX);
        }
        Err(Trouble::Temporary(reason)) => {
            fact.result = SpfResult::TempError;
            fact.reason = printable(&reason, SHOWN_CHARACTERS_MAX);
        }
    }
    fact
}

/// Why there is no verdict.
enum Trouble {
    Permanent(String),
    Temporary(String),
}

struct Verdict {
    result: SpfResult,
    reason: String,
    /// What matched, matches nearly everybody.
    is_open: bool,
    /// Where a fail is explained, and the domain whose record says so.
    explanation: Option<(Template, String)>,
}

impl Verdict {
    fn none(reason: &str) -> Self {
        Self {
            result: SpfResult::None,
            reason: reason.to_owned(),
            is_open: false,
            explanation: None,
        }
    }
}

struct Check<'a> {
    questions: &'a Questions<'a>,
    client: IpAddr,
    local: String,
    sender_domain: String,
    helo: &'a str,
    receiver: &'a str,
    now_seconds: u64,
    terms_left: u32,
    voids_left: u32,
    /// `%{p}`, once somebody asked for it.
    name_of_client: Option<String>,
    /// The record that was included last passes for nearly everybody.
    was_included_open: bool,
}

type Step<'a, T> = Pin<Box<dyn Future<Output = Result<T, Trouble>> + Send + 'a>>;

impl Check<'_> {
    /// check_host() of section 4. Boxed: records include one another; [`ASKING_TERMS_MAX`] bounds
    /// the depth.
    fn host(&mut self, domain: String) -> Step<'_, Verdict> {
        Box::pin(async move {
            if !is_mail_domain(&domain) {
                return Ok(Verdict::none("that is no domain"));
            }
            let texts = match self.questions.txt(&domain).await {
                Answer::Found(texts) => texts,
                Answer::NoRecords | Answer::NoSuchName => {
                    return Ok(Verdict::none("there is no record"));
                }
                Answer::Failed(why) => return Err(failed(why)),
                Answer::NotAsked => return Ok(Verdict::none("nobody was asked")),
            };
            let mut records = texts.iter().filter(|text| is_spf(text));
            let Some(record) = records.next() else {
                return Ok(Verdict::none("there is no record"));
            };
            if records.next().is_some() {
                return Err(permanent(format!("{domain} has more than one record")));
            }
            let record = parse_record(record).map_err(permanent)?;
            self.evaluate(&record, domain).await
        })
    }

    async fn evaluate(&mut self, record: &SpfRecord, domain: String) -> Result<Verdict, Trouble> {
        for directive in &record.directives {
            if self.matches(directive, &domain).await? {
                let result = match directive.qualifier {
                    Qualifier::Pass => SpfResult::Pass,
                    Qualifier::Fail => SpfResult::Fail,
                    Qualifier::SoftFail => SpfResult::SoftFail,
                    Qualifier::Neutral => SpfResult::Neutral,
                };
                let explanation = record.explanation.clone().map(|template| (template, domain));
                let explanation = explanation.filter(|_| result == SpfResult::Fail);
                let is_open = is_open_network(&directive.mechanism) || self.was_included_open;
                let reason = directive.text.clone();
                return Ok(Verdict { result, reason, is_open, explanation });
            }
        }
        let Some(redirect) = &record.redirect else {
            let reason = "nothing in the record matches".to_owned();
            let result = SpfResult::Neutral;
            return Ok(Verdict { result, reason, is_open: false, explanation: None });
        };
        self.count_term()?;
        let target = self.name(redirect, &domain).await?;
        let verdict = self.host(target.clone()).await?;
        if verdict.result == SpfResult::None {
            return Err(permanent(format!("redirect={target}: {}", verdict.reason)));
        }
        Ok(verdict)
    }

    async fn matches(&mut self, directive: &Directive, domain: &str) -> Result<bool, Trouble> {
        self.was_included_open = false;
        match &directive.mechanism {
            Mechanism::All => Ok(true),
            Mechanism::Ip4(network, bits) => {
                Ok(is_within(self.client, IpAddr::V4(*network), *bits))
            }
            Mechanism::Ip6(network, bits) => {
                Ok(is_within(self.client, IpAddr::V6(*network), *bits))
            }
            Mechanism::Include(target) => {
                self.count_term()?;
                let target = self.name(target, domain).await?;
                let verdict = self.host(target.clone()).await?;
                match verdict.result {
                    SpfResult::Pass => {
                        self.was_included_open = verdict.is_open;
                        Ok(true)
                    }
                    SpfResult::None | SpfResult::NotAsked => {
                        Err(permanent(format!("include:{target}: {}", verdict.reason)))
                    }
                    _ => Ok(false),
                }
            }
            Mechanism::A(target, prefixes) => {
                self.count_term()?;
                let target = self.name_or(target.as_ref(), domain).await?;
                self.is_address_of(&target, *prefixes).await
            }
            Mechanism::Mx(target, prefixes) => {
                self.count_term()?;
                let target = self.name_or(target.as_ref(), domain).await?;
                self.is_exchanger_of(&target, *prefixes).await
            }
            Mechanism::Ptr(target) => {
                self.count_term()?;
                let target = self.name_or(target.as_ref(), domain).await?;
                let names = self.confirmed_names().await;
                Ok(names.iter().any(|name| is_or_below(name, &target)))
            }
            Mechanism::Exists(target) => {
                self.count_term()?;
                let target = self.name(target, domain).await?;
                // Always A, whatever family the client is of (section 5.7).
                let answer = self.questions.a(&target).await;
                Ok(self.records(answer)?.is_some())
            }
        }
    }

    fn count_term(&mut self) -> Result<(), Trouble> {
        match self.terms_left.checked_sub(1) {
            Some(left) => {
                self.terms_left = left;
                Ok(())
            }
            None => Err(permanent("more than 10 terms ask DNS".to_owned())),
        }
    }

    /// The records of an answer; `None` and one void answer less where there are none.
    fn records<T>(&mut self, answer: Answer<Vec<T>>) -> Result<Option<Vec<T>>, Trouble> {
        match answer {
            Answer::Found(records) => Ok(Some(records)),
            Answer::NoRecords | Answer::NoSuchName => match self.voids_left.checked_sub(1) {
                Some(left) => {
                    self.voids_left = left;
                    Ok(None)
                }
                None => Err(permanent("more than 2 answers hold no records".to_owned())),
            },
            Answer::Failed(why) => Err(failed(why)),
            Answer::NotAsked => Err(Trouble::Temporary("nobody was asked".to_owned())),
        }
    }

    async fn is_address_of(&mut self, host: &str, prefixes: Prefixes) -> Result<bool, Trouble> {
        let bits = if self.client.is_ipv4() { prefixes.v4 } else { prefixes.v6 };
        let answer = self.questions.addresses_like(host, self.client).await;
        let addresses = self.records(answer)?.unwrap_or_default();
        Ok(addresses.into_iter().any(|address| is_within(self.client, address, bits)))
    }

    async fn is_exchanger_of(&mut self, domain: &str, prefixes: Prefixes) -> Result<bool, Trouble> {
        let answer = self.questions.mx(domain).await;
        let hosts = self.records(answer)?.unwrap_or_default();
        if hosts.len() > EXCHANGERS_MAX {
            return Err(permanent(format!("{domain} has more than 10 mail exchangers")));
        }
        for host in hosts {
            if self.is_address_of(&host, prefixes).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The client's names whose own addresses hold the client (section 5.5). Failures here match
    /// nothing and are no error.
    async fn confirmed_names(&self) -> Vec<String> {
        let mut confirmed = Vec::new();
        let Answer::Found(names) = self.questions.ptr(self.client).await else {
            return confirmed;
        };
        for name in names {
            let answer = self.questions.addresses_like(&name, self.client).await;
            if answer.found().is_some_and(|addresses| addresses.contains(&self.client)) {
                confirmed.push(name);
            }
        }
        confirmed
    }

    async fn name_or(
        &mut self,
        template: Option<&Template>,
        domain: &str,
    ) -> Result<String, Trouble> {
        match template {
            Some(template) => self.name(template, domain).await,
            None => Ok(domain.to_owned()),
        }
    }

    async fn name(&mut self, template: &Template, domain: &str) -> Result<String, Trouble> {
        Ok(as_name(&self.expanded(template, domain).await?))
    }

    async fn expanded(&mut self, template: &Template, domain: &str) -> Result<String, Trouble> {
        if needs_name(template) && self.name_of_client.is_none() {
            let names = self.confirmed_names().await;
            let best = names.iter().find(|name| *name == domain);
            let best = best.or_else(|| names.iter().find(|name| is_or_below(name, domain)));
            let best = best.or_else(|| names.first()).cloned();
            self.name_of_client = Some(best.unwrap_or_else(|| "unknown".to_owned()));
        }
        Ok(expand(template, |letter| match letter {
            's' => format!("{}@{}", self.local, self.sender_domain),
            'l' => self.local.clone(),
            'o' => self.sender_domain.clone(),
            'd' => domain.to_owned(),
            'i' => dotted(self.client).join("."),
            'p' => self.name_of_client.clone().unwrap_or_default(),
            'v' => if self.client.is_ipv4() { "in-addr" } else { "ip6" }.to_owned(),
            'h' => self.helo.to_owned(),
            'c' => self.client.to_string(),
            'r' => self.receiver.to_owned(),
            't' => self.now_seconds.to_string(),
            _ => String::new(),
        }))
    }

    /// What the owner says about a fail (section 6.2); whatever is wrong with it, there is none.
    async fn explanation(&mut self, template: &Template, domain: &str) -> Option<String> {
        let target = self.name(template, domain).await.ok()?;
        let texts = self.questions.txt(&target).await.found()?;
        let [text] = texts.as_slice() else {
            return None;
        };
        if !text.is_ascii() {
            return None;
        }
        let template = parse_template(text, Use::Explanation).ok()?;
        let text = self.expanded(&template, domain).await.ok()?;
        Some(printable(&text, EXPLANATION_CHARACTERS_MAX))
    }
}

/// A question without an answer. One that was refused asks for too much, and will another time.
fn failed(why: String) -> Trouble {
    if is_refused(&why) { Trouble::Permanent(why) } else { Trouble::Temporary(why) }
}

fn permanent(reason: String) -> Trouble {
    Trouble::Permanent(reason)
}

/// At least two labels, none empty or too long (section 4.3).
fn is_mail_domain(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name.len() <= NAME_BYTES_MAX
        && name.contains('.')
        && !name.starts_with('[')
        && name.split('.').all(|label| (1..=63).contains(&label.len()))
}

fn is_or_below(name: &str, domain: &str) -> bool {
    let domain = domain.to_ascii_lowercase();
    name.strip_suffix(domain.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Whether a mechanism matches so many addresses that it tells nobody apart.
fn is_open_network(mechanism: &Mechanism) -> bool {
    match mechanism {
        Mechanism::All => true,
        Mechanism::Ip4(_, bits) => *bits <= OPEN_BITS_V4_MAX,
        Mechanism::Ip6(_, bits) => *bits <= OPEN_BITS_V6_MAX,
        Mechanism::A(_, prefixes) | Mechanism::Mx(_, prefixes) => {
            prefixes.v4 <= OPEN_BITS_V4_MAX || prefixes.v6 <= OPEN_BITS_V6_MAX
        }
        Mechanism::Include(_) | Mechanism::Ptr(_) | Mechanism::Exists(_) => false,
    }
}

/// Whether the first `bits` of both addresses are the same; never across families.
fn is_within(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    let differs = |length: u8| u32::from(length.saturating_sub(bits));
    match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(b)) => {
            (a.to_bits() ^ b.to_bits()).checked_shr(differs(32)).unwrap_or(0) == 0
        }
        (IpAddr::V6(a), IpAddr::V6(b)) => {
            (a.to_bits() ^ b.to_bits()).checked_shr(differs(128)).unwrap_or(0) == 0
        }
        _ => false,
    }
}
