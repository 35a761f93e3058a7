//! What is said about a tenant that can be read and is unwise.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod support;

use posthouse_policy::{
    CertificateName, FromText, Grants, ProblemContext, Severity, SharedIdentities,
};
use support::tenant;

fn problems(file: &str, granted: &[&str]) -> Vec<(Severity, String)> {
    let names = granted.iter().map(|name| CertificateName::from_text(name).unwrap());
    let context = ProblemContext {
        grants: &Grants { certificate_names: names.collect() },
        shared: &SharedIdentities::built_in(),
        verification_value: &|domain| format!("secret-for-{domain}"),
    };
    let problems = tenant(file).problems(&context);
    problems.into_iter().map(|problem| (problem.severity, problem.text)).collect()
}

const SOUND: &str = r#"
[tenant]
name = "t"
[[accepted_domain]]
name = "t.example"
verified = true
[[recipient]]
address = "a@t.example"
[[inbound_connector]]
name = "in"
connector_type = "on-premises"
tls_sender_certificate_name = "mail.t.example"
[[outbound_connector]]
name = "home"
connector_type = "on-premises"
recipient_domains = ["t.example"]
smart_hosts = ["mail.t.example"]
"#;

#[test]
fn a_sound_tenant_has_no_problems() {
    assert_eq!(problems(SOUND, &[]), []);
}

#[test]
fn each_problem_is_named() {
    let says = |file: &str, text: &str| {
        let found = problems(file, &[]);
        assert!(
            found
                .iter()
                .any(|(severity, told)| *severity == Severity::Warning && told.contains(text)),
            "{text}: {found:?}"
        );
    };
    says("[tenant]\nname = \"t\"\n", "no accepted domain");
    says(
        &SOUND.replace("verified = true", ""),
        "publish the TXT record _posthouse.t.example with the value \"secret-for-t.example\"",
    );
    says(&SOUND.replace("a@t.example", "a@other.example"), "authoritative but lists no recipient");
    says(&SOUND.replace("a@t.example", "a@other.example"), "a@other.example is listed");
    says(&SOUND.replace("verified = true", "match_sub_domains = true"), "internal-relay only");
    says(&SOUND.replace("smart_hosts = [\"mail.t.example\"]", ""), "no-route-for-accepted-domain");
    says(&SOUND.replace("verified = true", "match_sub_domains = true"), "covers *.t.example: its");
    says(
        &SOUND.replace("\"mail.t.example\"\n[[out", "\"mail.b.example\"\n[[out"),
        "only the operator",
    );
    let twin = SOUND.to_owned()
        + "[[inbound_connector]]\nname = \"twin\"\nconnector_type = \"on-premises\"\n\
           tls_sender_certificate_name = \"mail.t.example\"\n";
    says(&twin, "connectors in and twin recognise the same sender: in is used");
    let partner = SOUND.to_owned()
        + "[[inbound_connector]]\nname = \"p\"\nconnector_type = \"partner\"\n\
           tls_sender_certificate_name = \"mx.p.example\"\nassociated_accepted_domains = [\"b.example\"]\n";
    says(&partner, "restrict_domains_to_certificate = true");
    says(&partner, "b.example in associated_accepted_domains is no accepted domain");
}

#[test]
fn a_granted_name_is_no_problem() {
    let hosted = SOUND.replace("\"mail.t.example\"\n[[out", "\"relay.provider.example\"\n[[out");
    assert_eq!(problems(&hosted, &["relay.provider.example"]), []);
    assert_eq!(problems(&hosted, &[]).len(), 1);
}

#[test]
fn errors_come_first() {
    let file = SOUND.replace("verified = true", "")
        + "[[inbound_connector]]\nname = \"cloud\"\nconnector_type = \"on-premises\"\n\
           sender_ip_addresses = [\"209.85.128.0/24\"]\n";
    let found = problems(&file, &[]);
    assert_eq!(found.first().map(|(severity, _)| *severity), Some(Severity::Error));
    assert!(found[0].1.contains("belongs to Google Workspace"));
    assert!(found.len() > 1);
}

#[test]
fn att_01_a_shared_clouds_servers_are_never_believed_about_where_mail_comes_from() {
    let file = SOUND.replace(
        "tls_sender_certificate_name = \"mail.t.example\"\n",
        "tls_sender_certificate_name = \"mail.t.example\"\nef_skip_ips = [\"40.92.0.0/24\"]\n",
    );
    let found = problems(&file, &[]);
    let [(Severity::Error, text)] = &found[..] else { panic!("{found:?}") };
    assert!(text.contains("40.92.0.0/24 in ef_skip_ips belongs to Microsoft 365"), "{text}");
}
