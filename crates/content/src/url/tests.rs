//! Row URL-01 of the attack list: what a browser would open, whatever is written.

use super::*;

fn read(text: &str) -> Url {
    Url::read(text, None).unwrap_or_default()
}

#[test]
fn url_01_what_is_written_leads_where_a_browser_goes() {
    use Trick::*;
    let cases: &[(&str, &str, &[Trick])] = &[
        ("http://a.example/", "a.example", &[]),
        ("HTTP://A.EXAMPLE", "a.example", &[]),
        ("https://www.paypal.com@evil.example/login", "evil.example", &[Userinfo]),
        ("https://www.paypal.com:80@evil.example", "evil.example", &[Userinfo]),
        ("https://a@b@evil.example/", "evil.example", &[Userinfo]),
        ("https://paypal.com%2f@evil.example/", "evil.example", &[Userinfo]),
        ("https://evil.example\\@paypal.com", "evil.example", &[Backslash]),
        ("https:\\\\evil.example\\x", "evil.example", &[Backslash]),
        ("https:/\\evil.example", "evil.example", &[Backslash]),
        ("https:evil.example", "evil.example", &[Slashes]),
        ("https:///evil.example", "evil.example", &[Slashes]),
        ("https:////evil.example/x", "evil.example", &[Slashes]),
        ("ht\ntps://evil.example", "evil.example", &[Control]),
        ("https://ev\til.example/", "evil.example", &[Control]),
        (" \u{1}https://evil.example", "evil.example", &[]),
        ("https://%65vil.example", "evil.example", &[EncodedHost]),
        ("https://evil%2Eexample/", "evil.example", &[EncodedHost]),
        ("https://ev\u{200b}il.example", "evil.example", &[ZeroWidth]),
        ("https://ev\u{ad}il.example", "evil.example", &[ZeroWidth]),
        ("https://evil\u{3002}example", "evil.example", &[OddCharacter]),
        ("https://ｅｖｉｌ.example", "evil.example", &[OddCharacter]),
        ("https://pаypal.com", "xn--pypal-4ve.com", &[MixedScript]),
        ("https://xn--pypal-4ve.com", "xn--pypal-4ve.com", &[MixedScript]),
        ("https://аррӏе.com", "xn--80ak6aa92e.com", &[OddCharacter]),
        ("https://münchen.example/", "xn--mnchen-3ya.example", &[]),
        ("http://evil.example.", "evil.example", &[]),
        ("http://evil.example:8080/", "evil.example", &[]),
        ("http://[::1]/", "[::1]", &[]),
        ("http://[::ffff:127.0.0.1]:80/", "[::ffff:127.0.0.1]", &[]),
        ("http://192.0.2.1/", "192.0.2.1", &[]),
        ("http://a b.example/", "a b.example", &[BadHost]),
    ];
    for (text, host, tricks) in cases {
        let url = read(text);
        let shown = match &url.host {
            Host::Name(name) => name.clone(),
            other => other.shown(),
        };
        assert_eq!(shown, *host, "{text:?}");
        let expected: BTreeSet<Trick> = tricks.iter().copied().collect();
        assert_eq!(url.tricks, expected, "{text:?}");
    }
}

/// 500 golden ways of writing links: every form of an address, in every shell around it.
#[test]
fn url_01_five_hundred_ways_of_writing_an_address_lead_to_it() {
    let numbers = [192_u32, 0, 2, 33];
    let value = numbers.iter().fold(0, |value, number| value * 256 + number);
    let mut forms = vec![format!("{value}"), format!("0x{value:x}"), format!("0X{value:X}")];
    forms.extend([format!("0{value:o}"), "192.545".into(), "192.0.545".into()]);
    forms.extend(["0xc0.0x0221".into(), "0300.0.0x221".into(), "192.0.2.33.".into()]);
    let write = |number: u32, base: usize| match base {
        0 => format!("{number}"),
        1 => format!("0{number:o}"),
        _ => format!("0x{number:x}"),
    };
    for bases in 0..81_usize {
        let parts = numbers.iter().enumerate();
        let parts = parts.map(|(at, number)| write(*number, bases / 3_usize.pow(at as u32) % 3));
        forms.push(parts.collect::<Vec<_>>().join("."));
    }
    let mut count = 0;
    for form in &forms {
        for shell in [
            "http://{}",
            "https://{}/x?y#z",
            "http:\\\\{}\\",
            "http://u:p@{}:8080/",
            "http:/{}",
            "ht\ttp://{}/",
        ] {
            let url = read(&shell.replace("{}", form));
            assert_eq!(url.host.shown(), "192.0.2.33", "{shell} {form}");
            let is_odd = form != "192.0.2.33" && form != "192.0.2.33.";
            assert_eq!(url.tricks.contains(&Trick::OddNumber), is_odd, "{form}");
            count += 1;
        }
    }
    assert!(count >= 500, "{count}");
}

#[test]
fn url_01_numbers_that_are_no_address_are_names() {
    for text in ["http://256.1.1.1", "http://1.2.3.4.5", "http://4294967296", "http://0xg"] {
        assert!(!matches!(read(text).host, Host::V4(_)), "{text}");
    }
}

#[test]
fn url_01_a_base_changes_where_relative_links_go() {
    let base = read("https://evil.example/a/");
    let at = |text: &str| Url::read(text, Some(&base)).map(|url| url.host.shown());
    assert_eq!(at("login.html").as_deref(), Some("evil.example"));
    assert_eq!(at("//b.example/x").as_deref(), Some("b.example"));
    assert_eq!(at("\\\\b.example/x").as_deref(), Some("b.example"));
    assert_eq!(at("#top"), None);
    assert_eq!(Url::read("login.html", None), None);
}

#[test]
fn url_01_schemes_without_a_host_are_kept() {
    for (text, scheme) in [
        ("data:text/html;base64,PGI+", "data"),
        ("JavaScript:alert(1)", "javascript"),
        ("java\nscript:alert(1)", "javascript"),
        ("mailto:a@b.example", "mailto"),
        ("blob:https://a.example/1", "blob"),
    ] {
        let url = read(text);
        assert_eq!(url.scheme, scheme);
        assert!(!url.is_web());
    }
    assert_eq!(read("https://a.example:8443/x").port, Some(8443));
    assert_eq!(read("https://a.example:443/x").port, None);
}

#[test]
fn url_01_links_inside_links_are_found() {
    for text in [
        "https://good.example/r?url=https://evil.example/x",
        "https://good.example/r?a=1&u=https%3A%2F%2Fevil.example%2Fx",
        "https://good.example/r?q=https%253A%252F%252Fevil.example%252Fx",
        "https://good.example/r#//evil.example/x",
        "https://good.example/go/https://evil.example/x",
        "https://good.example/r?u=%68ttp://evil.example",
    ] {
        let inner = read(text).inner();
        assert_eq!(
            inner.first().map(|url| url.host.shown()).as_deref(),
            Some("evil.example"),
            "{text}"
        );
    }
    assert!(read("https://good.example/r?x=1&y=http").inner().is_empty());
    let nested = "https://a.example/?u=".repeat(200);
    assert!(read(&nested).inner().len() <= INNER_MAX);
}
