//! SPF in a table of our own, so that a checkout without the public suite tests the same code.

use posthouse_lookup::{AuthenticationLimits, Authenticator, Submission};

use crate::dns::{Dns, Said, Zone};

#[tokio::test]
async fn spf_reads_as_this_table() {
    let name = |said: &str| Said::Ptr(said.to_owned());
    let mut zone = Zone::default()
        .a("mail.own.example", "192.0.2.1")
        .with("own.example", Said::Mx(10, "mail.own.example".into()))
        .a("net.example", "192.0.2.200")
        .with("1.2.0.192.in-addr.arpa", name("mail.own.example"))
        .with("six.example", Said::Aaaa("2001:db8::1".parse().unwrap()))
        .a("1.2.0.192.list.example", "127.0.0.2")
        .a("a.ann.case.example", "127.0.0.2")
        .txt("pass.example", "v=spf1 ip4:192.0.2.0/24 -all")
        .txt("fail.example", "v=spf1 -all")
        .txt("soft.example", "v=spf1 ~all")
        .txt("xn--bcher-kva.example", "v=spf1 ip4:192.0.2.1 -all")
        .txt("broken.example", "v=spf1 bogus -all")
        .txt("why.example", "%{i} may not send for %{o}, see http://%{d}/?s=%{S}")
        .txt("twice.example", "v=spf1 +all")
        .txt("twice.example", "v=spf1 -all")
        .txt("other.example", "spf2.0/pra +all")
        .with("down.example", Said::Fails);
    let cases: &[(&str, &str)] = &[
        ("", "neutral"),
        ("-all", "fail"),
        ("~all", "softfail"),
        ("?all", "neutral"),
        ("ip4:192.0.2.1", "pass"),
        ("ip4:192.0.2.128/25 -all", "fail"),
        ("IP4:192.0.2.128/24 -ALL", "pass"),
        ("ip6:2001:db8::/32 -all", "fail"),
        ("a:mail.own.example -all", "pass"),
        ("a:net.example -all", "fail"),
        ("a:net.example/24 -all", "pass"),
        ("a:six.example -all", "fail"),
        ("mx:own.example -all", "pass"),
        ("ptr:own.example -all", "pass"),
        ("ptr:other.example -all", "fail"),
        ("exists:%{ir}.list.example -all", "pass"),
        ("exists:%{l1r-}.ann.case.example -all", "fail"),
        ("exists:a.%{l}.case.example -all", "pass"),
        ("include:pass.example -all", "pass"),
        ("include:fail.example ~all", "softfail"),
        ("include:soft.example -all", "fail"),
        ("include:broken.example -all", "permerror"),
        ("include:nothing.example -all", "permerror"),
        ("include:down.example -all", "temperror"),
        ("ip4:192.0.2.1 include:down.example", "pass"),
        ("redirect=pass.example", "pass"),
        ("redirect=nothing.example", "permerror"),
        ("~all redirect=pass.example", "softfail"),
        ("a:nx1.example a:nx2.example -all", "fail"),
        ("a:nx1.example a:nx2.example a:nx3.example -all", "permerror"),
        ("+all bogus", "permerror"),
        ("unknown=x -all", "fail"),
        ("-all exp=why.example", "fail"),
    ];
    for (number, (terms, _)) in cases.iter().enumerate() {
        zone = zone.txt(&format!("case{number}.example"), &format!("v=spf1 {terms}"));
    }
    let dns = Dns::serve(zone).await;
    let authenticator = Authenticator::new(dns.resolver.clone(), AuthenticationLimits::default());
    let ask = async |mail_from: &str, helo: &str| {
        let client = "192.0.2.1".parse().unwrap();
        let node_name = "mx.gateway.example";
        authenticator.spf(&Submission { client, helo, mail_from, message: b"", node_name }).await
    };
    for (number, (terms, expected)) in cases.iter().enumerate() {
        let fact = ask(&format!("ann@case{number}.example"), "mail.own.example").await;
        assert_eq!(fact.result.as_str(), *expected, "{terms}: {fact:?}");
        if terms.contains("exp=") {
            let number = cases.len() - 1;
            let expected = format!(
                "192.0.2.1 may not send for case{number}.example, see \
                 http://case{number}.example/?s=ann%40case{number}.example"
            );
            assert_eq!(fact.explanation.as_deref(), Some(expected.as_str()));
        }
    }
    for (mail_from, helo, expected, domain) in [
        ("x@nothing.example", "pass.example", "none", "nothing.example"),
        ("x@other.example", "pass.example", "none", "other.example"),
        ("x@twice.example", "pass.example", "permerror", "twice.example"),
        ("x@down.example", "pass.example", "temperror", "down.example"),
        ("", "pass.example", "pass", "pass.example"),
        ("", "fail.example", "fail", "fail.example"),
        ("", "[192.0.2.1]", "none", "[192.0.2.1]"),
        ("", "localhost", "none", "localhost"),
        ("x@localhost", "pass.example", "none", "localhost"),
        ("x@FAIL.Example.", "pass.example", "fail", "fail.example"),
        ("x@Bücher.example", "pass.example", "pass", "xn--bcher-kva.example"),
    ] {
        let fact = ask(mail_from, helo).await;
        assert_eq!((fact.result.as_str(), fact.domain.as_str()), (expected, domain), "{mail_from}");
    }
}

#[tokio::test]
async fn aut_09_a_pass_that_everybody_gets_is_told_from_a_pass() {
    let zone = Zone::default()
        .txt("all.example", "v=spf1 +all")
        .txt("half.example", "v=spf1 ip4:0.0.0.0/1 ip4:128.0.0.0/1 -all")
        .txt("through.example", "v=spf1 include:all.example -all")
        .txt("on.example", "v=spf1 redirect=through.example")
        .txt("good.example", "v=spf1 ip4:192.0.2.0/24 include:all.example -all")
        .txt("not.example", "v=spf1 -ip4:0.0.0.0/0");
    let dns = Dns::serve(zone).await;
    let authenticator = Authenticator::new(dns.resolver.clone(), AuthenticationLimits::default());
    for (domain, result, is_open) in [
        ("all", "pass", true),
        ("half", "pass", true),
        ("through", "pass", true),
        ("on", "pass", true),
        ("good", "pass", false),
        ("not", "fail", false),
    ] {
        let mail_from = format!("x@{domain}.example");
        let submission = Submission {
            client: "192.0.2.1".parse().unwrap(),
            helo: "x.example",
            mail_from: &mail_from,
            message: b"",
            node_name: "mx.gateway.example",
        };
        let fact = authenticator.spf(&submission).await;
        assert_eq!((fact.result.as_str(), fact.is_open), (result, is_open), "{domain}");
    }
}

#[tokio::test]
async fn the_gathering_can_run_on_any_worker() {
    let dns = Dns::serve(Zone::default().txt("a.example", "v=spf1 mx ptr exists:%{p} -all")).await;
    let authenticator = Authenticator::new(dns.resolver.clone(), AuthenticationLimits::default());
    let gathering = tokio::spawn(async move {
        let submission = Submission {
            client: "2001:db8::1".parse().unwrap(),
            helo: "a.example",
            mail_from: "x@a.example",
            message: b"From: x@a.example\r\n\r\nx",
            node_name: "mx.gateway.example",
        };
        authenticator.authenticate(&submission).await
    });
    assert_eq!(gathering.await.unwrap().spf.result.as_str(), "fail");
}
