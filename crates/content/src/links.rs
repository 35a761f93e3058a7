//! What the links of a message give away.
//!
//! Touches nothing. Each kind of finding is made once, for its heaviest case: a mail with a
//! hundred links is not a hundred times as bad.

use std::collections::{BTreeMap, BTreeSet};

use posthouse_types::Finding;

use crate::gather::Gathered;
use crate::identity::{
    BRANDS, Brand, Likeness, Protected, called, how, likeness_weight, owner, resembles_brand,
};
use crate::kinds;
use crate::normal::fold;
use crate::url::lists::{ANYBODYS_PAGES, REDIRECTORS, SHORTENERS, holds};
use crate::url::{Host, Origin, Trick, Url, find, has_a_label, registrable};

/// Most different hosts that are held against brands and protected domains: each costs some
/// microseconds.
const HOSTS_MAX: usize = 100;

/// Different words on links from which on they should go to different places: a picture and a
/// button for the same offer are common.
const LABELS_MIN: usize = 3;

/// The heaviest finding of each kind.
#[derive(Default)]
pub(crate) struct Heaviest(BTreeMap<&'static str, Finding>);

impl Heaviest {
    pub(crate) fn add(&mut self, finding: Finding) {
        let id = finding.kind.id;
        let is_heavier =
            self.0.get(id).is_none_or(|known| finding.weight() > known.weight() + f32::EPSILON);
        if is_heavier {
            self.0.insert(id, finding);
        }
    }

    pub(crate) fn into_findings(self) -> Vec<Finding> {
        self.0.into_values().collect()
    }
}

/// All findings about links.
pub(crate) fn findings(gathered: &Gathered, protected: &Protected) -> Vec<Finding> {
    let mut found = Heaviest::default();
    let sender = gathered.sender.domain();
    let mut hosts = BTreeSet::new();
    let mut before: Option<(&str, Service)> = None;
    for url in &gathered.urls {
        if matches!(url.origin, Origin::Image | Origin::Resource) {
            continue;
        }
        scheme(url, &mut found);
        if !url.is_web() {
            continue;
        }
        writing(url, &mut found);
        let Some(name) = url.host.as_name() else { continue };
        // Lists of links mostly stay on one host.
        if before.as_ref().is_none_or(|(known, _)| *known != name) {
            before = Some((name, Service::of(name)));
        }
        if let Some((_, service)) = &before {
            services(url, name, *service, &mut found);
        }
        if hosts.len() < HOSTS_MAX && hosts.insert(name) {
            likeness(url, name, registrable(&sender), protected, &mut found);
        }
        brand_in_path(url, name, &mut found);
    }
    for (shown, url) in &gathered.links {
        says_other(shown, url, protected, &mut found);
    }
    one_target(gathered, &mut found);
    found.into_findings()
}

/// A page of many links has many places to go to; one that only looks so has one.
fn one_target(gathered: &Gathered, found: &mut Heaviest) {
    let all = || gathered.pages.iter().flat_map(|page| &page.links);
    let web = || all().filter(|link| crate::html::head(&link.href, 4).eq_ignore_ascii_case("http"));
    let Some(first) = web().next() else { return };
    if web().any(|link| link.href != first.href) {
        return;
    }
    let Some(url) = Url::read(&first.href, None) else { return };
    let labels: BTreeSet<&str> = web().map(|link| link.text.trim()).collect();
    let mut labels = labels.into_iter().filter(|label| !label.is_empty());
    let shown: Vec<&str> = labels.by_ref().take(LABELS_MIN).collect();
    if shown.len() == LABELS_MIN {
        found.add(
            Finding::of(&kinds::ONE_TARGET)
                .with("count", &web().count().to_string())
                .with("target", &url.host.shown())
                .with("shown", &shown.join(", ")),
        );
    }
}

fn scheme(url: &Url, found: &mut Heaviest) {
    let is_page = || {
        let start = crate::html::head(&url.path, 64).to_ascii_lowercase();
        start.starts_with("text/html") || start.starts_with("image/svg") || start.contains("xhtml")
    };
    match &*url.scheme {
        "data" if is_page() => found.add(Finding::of(&kinds::URL_DATA)),
        "javascript" | "vbscript" if url.origin == Origin::Link => {
            // Empty ones are a habit of web pages sent as mail.
            let body = url.path.trim().trim_end_matches(';');
            let is_empty = body.is_empty() || body.starts_with("void(") || body == "//";
            if !is_empty {
                found.add(Finding::of(&kinds::URL_SCRIPT));
            }
        }
        _ => {}
    }
}

/// How the link is written.
fn writing(url: &Url, found: &mut Heaviest) {
    let target = url.host.shown();
    if let Some(userinfo) = url.userinfo.as_deref().filter(|it| !it.is_empty()) {
        // A name and password for a site are old and rare, a host before an @ is a trap.
        let looks_like_host = find::shown_host(userinfo).is_some() || userinfo.contains("www.");
        let finding =
            Finding::of(&kinds::URL_USERINFO).with("shown", userinfo).with("target", &target);
        found.add(if looks_like_host { finding } else { finding.weighing(0.4) });
    }
    if matches!(url.host, Host::V4(_)) && url.origin != Origin::Inner {
        if url.tricks.contains(&Trick::OddNumber) {
            found.add(
                Finding::of(&kinds::URL_ODD_NUMBER).with("target", &target).with("shown", &url.raw),
            );
        } else if !is_private(&url.host) {
            let finding = Finding::of(&kinds::URL_NUMERIC).with("target", &target);
            // In running text it is mostly technicians talking.
            let is_said = url.origin == Origin::Text;
            found.add(if is_said { finding.weighing(0.3) } else { finding });
        }
    }
    let hiding = [
        (Trick::Backslash, "\\"),
        (Trick::Control, "\\t"),
        (Trick::EncodedHost, "%xx"),
        (Trick::ZeroWidth, "U+200B"),
    ];
    // Three slashes and the like are mostly clumsy; the others are done on purpose.
    if let Some((_, how)) = hiding.iter().find(|(trick, _)| url.tricks.contains(trick))
        && url.origin != Origin::Inner
    {
        let finding = Finding::of(&kinds::URL_OBFUSCATED)
            .with("target", &target)
            .with("how", how)
            .with("shown", &url.raw);
        found.add(finding);
    }
    if url.tricks.contains(&Trick::MixedScript) || url.tricks.contains(&Trick::OddCharacter) {
        let reads = fold(&target);
        found.add(Finding::of(&kinds::URL_MIXED).with("shown", &target).with("reads", &reads));
    } else if let Some(name) = url.host.as_name().filter(|name| has_a_label(name)) {
        found.add(Finding::of(&kinds::URL_PUNYCODE).with("shown", &target).with("target", name));
    }
    // In running text it is technicians talking.
    let port = url.port.filter(|port| !matches!(port, 80 | 443 | 8080 | 8443));
    if let Some(port) = port.filter(|_| url.origin != Origin::Text) {
        found.add(
            Finding::of(&kinds::URL_PORT).with("port", &port.to_string()).with("target", &target),
        );
    }
}

fn is_private(host: &Host) -> bool {
    match host {
        Host::V4(address) => {
            address.is_private() || address.is_loopback() || address.is_unspecified()
        }
        _ => false,
    }
}

/// What a host is for.
#[derive(Clone, Copy, Debug)]
struct Service {
    shortens: bool,
    is_anybodys: bool,
    /// The name itself is somebody's.
    is_below_anybodys: bool,
}

impl Service {
    fn of(name: &str) -> Self {
        Self {
            shortens: holds(SHORTENERS, name),
            is_anybodys: holds(ANYBODYS_PAGES, name),
            is_below_anybodys: is_below(ANYBODYS_PAGES, name),
        }
    }
}

/// What stands between the link and its target.
fn services(url: &Url, name: &str, service: Service, found: &mut Heaviest) {
    // A page of the service itself leads nowhere else.
    let has_path = url.path.len() > 1;
    if has_path && service.shortens {
        found.add(Finding::of(&kinds::URL_SHORTENER).with("target", name));
    }
    if has_path && service.is_anybodys || service.is_below_anybodys {
        found.add(Finding::of(&kinds::URL_ANYBODYS).with("target", name));
    }
    if url.origin != Origin::Inner {
        let leads = url.inner().into_iter().find(|inner| inner.domain() != url.domain());
        if let Some(inner) = leads {
            let finding = Finding::of(&kinds::URL_REDIRECT)
                .with("shown", name)
                .with("target", &inner.host.shown());
            // Trackers of newsletters do it with their own domain; strangers with a good name.
            let is_known = REDIRECTORS.binary_search(&name).is_ok();
            found.add(if is_known { finding.weighing(1.0) } else { finding.weighing(0.2) });
        }
    }
}

/// `evil.pages.dev`: the name itself is somebody's, below a service for everybody.
fn is_below(list: &[&str], name: &str) -> bool {
    name.split_once('.').is_some_and(|(_, parent)| holds(list, parent))
}

/// Whom the host's name resembles.
fn likeness(url: &Url, name: &str, sender: &str, protected: &Protected, found: &mut Heaviest) {
    let target = url.host.shown();
    if let Some((real, likeness)) = protected.resembles(name) {
        found.add(
            Finding::of(&kinds::URL_LOOKALIKE)
                .with("target", &target)
                .with("protected", real)
                .with("how", how(likeness))
                .weighing(likeness_weight(likeness)),
        );
    }
    if let Some((brand, likeness)) = resembles_brand(name) {
        let is_close = matches!(
            likeness,
            Likeness::Homoglyph | Likeness::Edited | Likeness::Hyphenated | Likeness::Subdomain
        );
        if is_close {
            found.add(
                Finding::of(&kinds::URL_LOOKALIKE)
                    .with("target", &target)
                    .with("protected", brand.domain())
                    .with("how", how(likeness))
                    .weighing(likeness_weight(likeness) - 0.4),
            );
            return;
        }
        add_brand(brand, &target, name, sender, found);
    } else if let Some(brand) = brand_in_labels(name) {
        add_brand(brand, &target, name, sender, found);
    }
}

fn add_brand(brand: &Brand, target: &str, name: &str, sender: &str, found: &mut Heaviest) {
    // The sender's own site is called like that; the sender is judged elsewhere.
    if registrable(name) == sender {
        return;
    }
    found.add(Finding::of(&kinds::URL_BRAND_HOST).with("target", target).with("brand", brand.name));
}

/// A brand's whole label as a word of a foreign host: `secure-paypal.evil.example`.
fn brand_in_labels(name: &str) -> Option<&'static Brand> {
    let brand = name.split(['.', '-', '_']).find_map(|word| called(&fold(word)))?;
    owner(registrable(name)).is_none().then_some(brand)
}

/// Words of pages that ask for something, in paths.
const GATE_WORDS: &[&str] = &[
    "account", "billing", "confirm", "login", "secure", "signin", "update", "validate", "verif",
    "webscr",
];

fn brand_in_path(url: &Url, name: &str, found: &mut Heaviest) {
    if url.path.len() < 6 {
        return;
    }
    let path = crate::html::head(&url.path, 512).to_ascii_lowercase();
    if !GATE_WORDS.iter().any(|word| path.contains(word)) {
        return;
    }
    if owner(registrable(name)).is_some() {
        return;
    }
    let brand = BRANDS.iter().find(|brand| {
        !brand.is_common_word && brand.label.len() >= 5 && path.contains(brand.label.as_str())
    });
    if let Some(brand) = brand {
        found.add(
            Finding::of(&kinds::URL_BRAND_PATH)
                .with("target", &url.host.shown())
                .with("brand", brand.name),
        );
    }
}

/// The text on a link names one host, and the link goes to another one.
fn says_other(shown: &Url, url: &Url, protected: &Protected, found: &mut Heaviest) {
    let (said, goes) = (shown.domain(), url.domain());
    if said == goes || url.inner().iter().any(|inner| inner.domain() == said) {
        return;
    }
    let brand = owner(&said);
    let is_theirs = brand.is_some_and(|brand| brand.owns(&goes));
    let is_protected = shown.host.as_name().is_some_and(|name| protected.is_own(name));
    let kind = match is_protected || (brand.is_some() && !is_theirs) {
        true => &kinds::LINK_SAYS_BRAND,
        false => &kinds::LINK_SAYS_OTHER,
    };
    if !is_theirs {
        let (shown, target) = (shown.host.shown(), url.host.shown());
        found.add(Finding::of(kind).with("shown", &shown).with("target", &target));
    }
}
