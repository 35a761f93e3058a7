//! The protection's tables in a tenant's file: read, written, refused by name.

use posthouse_policy::*;

fn read(tables: &str) -> Result<Tenant, TenantFileError> {
    Tenant::from_toml(&format!("tenant.name = \"contoso\"\n{tables}"))
}

const EVERYTHING: &str = r#"
[protection]
preset = "standard"
sec_ops_mailboxes = ["soc@contoso.com"]
arc_trusted_sealers = ["lists.fabrikam.com"]

[connection_filter]
ip_allow_list = ["192.0.2.1", "192.0.2.0/25", "198.51.100.1-198.51.100.9", "2001:db8::/64"]
ip_block_list = ["203.0.113.0/24"]

[[preset]]
level = "strict"
sent_to = ["ceo@contoso.com"]
targeted_users_to_protect = ["Carla Chief;ceo@contoso.com", "bob@contoso.com"]

[[anti_spam_policy]]
name = "Sales"
priority = 1
recipient_domain_is = ["sales.contoso.com"]
except_if_sent_to = ["bot@sales.contoso.com"]
bulk_threshold = 4
spam_action = "redirect"
redirect_to_recipients = ["spam@contoso.com"]
enable_language_block_list = true
language_block_list = ["xx"]
mark_as_spam_form_tags_in_html = "test"
phish_quarantine_tag = "Ask"

[[anti_phish_policy]]
name = "Default"
honor_dmarc_policy = false
phish_threshold_level = 2

[[malware_policy]]
name = "Default"
file_types = ["exe", "js"]
file_type_action = "quarantine"

[[tenant_allow_block]]
list_type = "sender"
value = "*.fabrikam.com"
action = "block"
expiration_date = "2027-01-01T00:00:00Z"
notes = "ticket 7"

[[tenant_allow_block]]
list_type = "spoof"
spoofed_user = "contoso.com"
sending_infrastructure = "mailer.example"
spoof_type = "internal"
action = "allow"

[[quarantine_policy]]
name = "Ask"
end_user_quarantine_permissions_value = 43
"#;

#[test]
fn everything_survives_being_written_and_read_again() {
    let tenant = read(EVERYTHING).unwrap();
    assert!(tenant.protection().is_some());
    let written = tenant.to_toml();
    assert_eq!(Tenant::from_toml(&written).unwrap(), tenant, "{written}");
    assert_eq!(Tenant::from_json(&tenant.to_json()).unwrap(), tenant);
    assert!(!written.contains("bulk_spam_action"), "what is default is left out: {written}");
}

#[test]
fn whoever_a_preset_or_policy_protects_is_looked_for() {
    let policy = |more: &str| {
        format!(
            "[[anti_phish_policy]]\nname = \"Default\"\ntargeted_users_to_protect = \
             [\"John Doe;jd@contoso.com\"]\ntargeted_domains_to_protect = [\"fabrikam.com\"]\n{more}"
        )
    };
    let names = |tables: &str| -> Vec<String> {
        let tenant = read(tables).unwrap();
        let targets = tenant.protection().unwrap().targets();
        let users = targets.users.iter().map(|user| user.name());
        users.chain(targets.domains.iter().map(ToString::to_string)).collect()
    };
    assert_eq!(names(EVERYTHING), ["Carla Chief", "bob"]);
    assert!(names(&policy("")).is_empty(), "the switches are off");
    let on = "enable_targeted_user_protection = true\nenable_targeted_domains_protection = true";
    assert_eq!(names(&policy(on)), ["John Doe", "fabrikam.com"]);
    let nobody = "[[preset]]\nlevel = \"strict\"\nsent_to = [\"a@b.example\"]\n\
                  targeted_users_to_protect = [\";ceo@contoso.com\"]";
    assert!(read(nobody).unwrap_err().to_string().contains("names nobody"));
}

#[test]
fn a_tenant_that_sets_nothing_has_no_protection() {
    let tenant = read("[protection]\n").unwrap();
    assert!(tenant.protection().is_none());
    assert_eq!(size_of_val(&tenant.extras), size_of::<usize>());
    assert!(!tenant.to_toml().contains("protection"));
}

#[test]
fn what_does_not_act_is_refused_by_name_and_place() {
    let policy = "[[anti_spam_policy]]\nname = \"Default\"\n";
    for (tables, line, says) in [
        ("[[anti_spam_policy]]\nname = \"a\"\nBulkTreshold = 3", 4, "did you mean bulk_threshold?"),
        ("[[anti_spam_policy]]\nname = \"a\"\nsent_to_member_of = [\"g\"]", 4, "not supported yet"),
        ("[connection_filter]\nenable_safe_list = true", 3, "Microsoft's own"),
        (
            "[[malware_policy]]\nname = \"Default\"\ncustom_from_name = \"x\"",
            4,
            "not supported yet",
        ),
        ("[[anti_spam_policy]]\nname = \"Sales\"", 3, "does not say whom it is for"),
        ("[[anti_spam_policy]]\nname = \"Default\"\nenabled = false", 4, "cannot be switched off"),
        ("[[anti_spam_policy]]\nname = \"Default\"\nsent_to = [\"a@b.example\"]", 3, "everybody"),
        (&format!("{policy}bulk_threshold = 0"), 4, "1 to 9"),
        (&format!("{policy}quarantine_retention_period = 31"), 4, "1 to 30"),
        (&format!("{policy}high_confidence_phish_action = \"delete\""), 4, "\"quarantine\" or"),
        (&format!("{policy}spam_action = \"no-action\""), 4, "bulk only"),
        (&format!("{policy}spam_action = \"redirect\""), 2, "redirect_to_recipients"),
        (&format!("{policy}spam_action = \"explode\""), 4, "is none of"),
        (&format!("{policy}mark_as_spam_ndr_backscatter = \"test\""), 4, "no \"test\""),
        (&format!("{policy}spam_quarantine_tag = \"Nope\""), 4, "no quarantine policy"),
        (&format!("{policy}{policy}"), 5, "a second"),
        ("[connection_filter]\nip_block_list = [\"10.0.0.0/8\"]", 3, "/24 is the shortest"),
        (
            "[[quarantine_policy]]\nname = \"x\"\nend_user_quarantine_permissions_value = 12",
            4,
            "exclude each other",
        ),
        (
            "[[tenant_allow_block]]\nlist_type = \"spoof\"\nspoofed_user = \"*\"\nsending_infrastructure = \"*\"\naction = \"allow\"",
            2,
            "about all mail",
        ),
        (
            "[[tenant_allow_block]]\nlist_type = \"file-hash\"\nvalue = \"abc\"\naction = \"block\"",
            2,
            "64 hexadecimal digits",
        ),
    ] {
        let error = read(tables).unwrap_err();
        let said = error.to_string();
        assert!(said.contains(says), "{tables}\n{said}");
        assert_eq!(error.line, line, "{tables}\n{said}");
    }
}

#[test]
fn the_connection_filters_lists_end_at_1273_entries() {
    let list = |count: usize| {
        let entries: Vec<String> =
            (0..count).map(|n| format!("\"10.0.{}.{}\"", n / 256, n % 256)).collect();
        read(&format!("[connection_filter]\nip_allow_list = [{}]", entries.join(",")))
    };
    assert!(list(CONNECTION_LIST_MAX).is_ok());
    assert!(list(CONNECTION_LIST_MAX + 1).unwrap_err().to_string().contains("1273"));
}
