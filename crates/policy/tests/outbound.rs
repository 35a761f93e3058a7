//! What a tenant's file says of mail that leaves, and a stranger who uses the tenant's own domain.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod support;

use posthouse_policy::srs::{self, SrsSecret};
use posthouse_policy::{
    OutboundPolicy, Owner, SpfFact, Tenant, ThresholdAction, own_domain_unproven, route_by_rule,
};
use posthouse_types::{Address, EnhancedStatus, UnixMillis};
use support::{address, ask, directory, domain, plain, tenant};

const FULL: &str = r#"[tenant]
name = "t"
srs_domain = "fwd.t.example"
arc_seal_domain = "t.example"

[[accepted_domain]]
name = "t.example"
type = "internal-relay"
match_sub_domains = true
verified = true

[outbound_policy]
recipient_limit_external_per_hour = 500
recipient_limit_internal_per_hour = 1000
recipient_limit_per_day = 1000
connector_limit_per_hour = 5000
tenant_limit_per_hour = 100000
action_when_threshold_reached = "block-user"
auto_forwarding_mode = "off"
bcc_suspicious_outbound_mail = true
bcc_suspicious_outbound_additional_recipients = ["security@t.example"]
notify_outbound_spam = true
notify_outbound_spam_recipients = ["admin@t.example"]

[[dkim]]
domain = "news.t.example"
enabled = false
selector = "s1"

[[dkim]]
domain = "t.example"
"#;

#[test]
fn what_is_written_is_what_was_read() {
    let read = tenant(FULL);
    assert_eq!(read.to_toml(), FULL);
    assert_eq!(Tenant::from_json(&read.to_json()).unwrap(), read);
    assert_eq!(read.srs_domain(), Some(&domain("fwd.t.example")));
    assert!(read.dkim(&domain("t.example")).is_some());
    assert!(read.dkim(&domain("news.t.example")).is_none(), "it is not enabled");
    assert!(!read.outbound_policy().unwrap().allows_forwarding());
}

#[test]
fn a_tenant_that_says_nothing_has_no_limit_and_takes_no_memory() {
    let read = tenant("[tenant]\nname = \"t\"\n");
    assert!(read.outbound().is_none());
    let policy = OutboundPolicy::default();
    assert!(policy.allows_forwarding());
    assert_eq!(policy.action(), ThresholdAction::BlockUserForToday);
}

#[test]
fn a_wrong_file_is_told_where_and_what_to_do() {
    let wrong = |head: &str, rest: &str| {
        let file = format!(
            "[tenant]\nname = \"t\"\n{head}[[accepted_domain]]\nname = \"t.example\"\n{rest}"
        );
        Tenant::from_toml(&file).unwrap_err().to_string()
    };
    let told = [
        wrong("srs_domain = \"o.example\"\n", ""),
        wrong("arc_seal_domain = \"t.example\"\n", ""),
        wrong("", "[[dkim]]\ndomain = \"o.example\"\n"),
        wrong("", "[[dkim]]\ndomain = \"t.example\"\nselector = \"A_b\"\n"),
        wrong("", "[[dkim]]\ndomain = \"t.example\"\n[[dkim]]\ndomain = \"T.example\"\n"),
        wrong("", "[outbound_policy]\nrecipient_limit_per_day = 10001\n"),
        wrong("", "[outbound_policy]\naction_when_threshold_reached = \"shout\"\n"),
        wrong("", "[outbound_policy]\nnotify_outbound_spam = true\n"),
        wrong("", "[outbound_policy]\nnotify_outbound_spam_recipients = [\"a@t.example\"]\n"),
        wrong("", "[outbound_policy]\nbcc_suspicious = []\n"),
    ];
    assert_eq!(
        told.join("\n") + "\n",
        "\
line 3, column 1: srs_domain o.example is no accepted domain of this tenant, so reports would not come back (add it as [[accepted_domain]])
line 3, column 1: arc_seal_domain t.example has no [[dkim]], whose key would seal (add [[dkim]] of this domain)
line 6, column 1: o.example is no accepted domain of this tenant (add it as [[accepted_domain]])
line 7, column 1: \"A_b\" is no selector: letters, digits and hyphens
line 8, column 1: a second [[dkim]] of this domain
line 6, column 1: recipient_limit_per_day is 0 to 10000
line 6, column 33: \"shout\" is none of \"alert\", \"block-user-for-today\", \"block-user\"
line 6, column 1: notify_outbound_spam without notify_outbound_spam_recipients reaches nobody
line 6, column 1: notify_outbound_spam_recipients does nothing without notify_outbound_spam = true
line 6, column 1: bcc_suspicious in [outbound_policy] is not supported yet (write bcc_suspicious_outbound_mail, and bcc_suspicious_outbound_additional_recipients)
"
    );
}

#[test]
fn a_report_to_a_rewritten_sender_is_taken_and_any_other_is_not() {
    let file = "[tenant]\nname = \"t\"\nsrs_domain = \"t.example\"\n[[accepted_domain]]\n\
        name = \"t.example\"\nverified = true\n";
    let directory = directory(&[file]);
    let (id, _) = directory.owner_of(&domain("t.example")).unwrap();
    let (secret, now) = (SrsSecret::new(&[7; 32]), UnixMillis(1_795_000_000_000));
    let stranger = address("eve@news.example");
    let leaving = |sender: &Address| srs::leaving(id, Some(sender), &directory, &secret, now);
    assert_eq!(leaving(&address("ann@t.example")), None, "our own stays");
    let rewritten = leaving(&stranger).unwrap();
    let back = |recipient: &Address| srs::returning(recipient, &directory, &secret, now);
    let (to, accepted) = back(&rewritten).unwrap().unwrap();
    assert_eq!((to, accepted.owner), (stranger, Owner::Tenant(id)));
    let forged = address("SRS0=AAAAAAAA=AA=news.example=eve@t.example");
    assert_eq!(back(&forged).unwrap().unwrap_err().reply.status, Some(EnhancedStatus(5, 4, 1)));
    assert!(back(&address("ann@t.example")).is_none());
    assert!(back(&address("SRS0=AAAAAAAA=AA=a.example=b@o.example")).is_none());
}

#[test]
fn a_connector_for_rules_is_used_by_rules_only() {
    let file = "[tenant]\nname = \"t\"\n[[accepted_domain]]\nname = \"t.example\"\nverified = true\n\
        [[outbound_connector]]\nname = \"Scanner\"\nconnector_type = \"partner\"\n\
        recipient_domains = [\"*\"]\nsmart_hosts = [\"scan.example\"]\n\
        is_transport_rule_scoped = true\n";
    let directory = directory(&[file]);
    let (id, _) = directory.owner_of(&domain("t.example")).unwrap();
    let tenant = directory.tenant(id).unwrap();
    let to = address("x@o.example");
    let usual = posthouse_policy::route(id, tenant, &to, &directory);
    assert_eq!(usual, posthouse_policy::Route::Mx(domain("o.example")));
    assert_eq!(&*route_by_rule(tenant, "scanner", &to).unwrap().name, "Scanner");
    assert!(route_by_rule(tenant, "other", &to).is_none());
}

#[test]
fn att_02_a_stranger_with_our_own_domain_in_mail_from_is_refused_unless_spf_passes() {
    let ours = "[tenant]\nname = \"t\"\n[[accepted_domain]]\nname = \"t.example\"\nverified = true\n\
        type = \"internal-relay\"\n[[outbound_connector]]\nname = \"h\"\n\
        connector_type = \"on-premises\"\nall_accepted_domains = true\n\
        smart_hosts = [\"mail.t.example\"]\n";
    let other = ours.replace("\"t\"", "\"o\"").replace("t.example", "o.example");
    let directory = directory(&[ours, &other]);
    let judged = |sender: &str, spf| {
        let attribution = ask(&directory, &plain("192.0.2.1"), sender, "anna@t.example");
        let accepted = attribution.outcome.unwrap();
        let sender = (!sender.is_empty()).then(|| address(sender));
        own_domain_unproven(&accepted, sender.as_ref(), spf, &directory)
            .map(|refusal| (refusal.reply.code, refusal.reply.status.unwrap().to_string()))
    };
    let refused = Some((550, "5.7.68".to_owned()));
    for spf in
        [SpfFact::Fail, SpfFact::SoftFail, SpfFact::Neutral, SpfFact::None, SpfFact::PermanentError]
    {
        assert_eq!(judged("boss@t.example", spf), refused, "{spf:?}");
    }
    let later = judged("boss@t.example", SpfFact::TemporaryError);
    assert_eq!(later, Some((451, "4.7.68".to_owned())));
    assert_eq!(judged("boss@t.example", SpfFact::Pass), None);
    // Names below count; another tenant's, a stranger's and nobody's do not.
    for sender in ["boss@o.example", "x@news.example", ""] {
        assert_eq!(judged(sender, SpfFact::Fail), None, "{sender}");
    }
}
