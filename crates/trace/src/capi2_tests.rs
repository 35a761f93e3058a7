//! Claims about event XML: CAPI2's shape, and names that try to leave it.

use proptest::prelude::*;

use super::*;
use crate::Level;

/// A name as a hostile certificate could hold it.
pub(crate) const HOSTILE: &str =
    "CN=x\r\n250 ok\0</Result><Event a=\"b\">&'\u{202e}, =cmd|' /C calc'!A0";

/// Event 30 on a chain whose intermediate, `missing`, was not sent.
pub(crate) fn chain_event(missing: &str) -> OperationalEvent {
    let leaf = CertificateFacts {
        subject: "O=Contoso\\, Ltd,CN=mail.contoso.example".to_owned(),
        issuer: missing.to_owned(),
        serial: "0A1B".to_owned(),
        thumbprint: "EC53EBC90A1B2C3D4E5F60718293A4B5C6D7E8F9".to_owned(),
        key: "RSA 2048".to_owned(),
        signature: "sha256WithRSAEncryption".to_owned(),
        origin: "sent".to_owned(),
        not_after: 1_827_000_000_000,
        ..CertificateFacts::default()
    };
    OperationalEvent {
        time: 1_795_457_427_042,
        level: Level::Error,
        tenant: Some(1),
        reference: "0W3GE1R70W3GE1R7".to_owned(),
        reason: "chain-incomplete".to_owned(),
        text: format!("The certificate {missing} was not sent."),
        data: EventData::ChainVerified {
            peer: PeerFacts {
                address: "192.0.2.1".to_owned(),
                helo: "mail.contoso.example".to_owned(),
                ..PeerFacts::default()
            },
            chain: ChainFacts {
                reason: "chain-incomplete".to_owned(),
                result: "800B010A".to_owned(),
                trust_error_bits: 0x1_0000,
                presented: vec![leaf.clone()],
                path: vec![leaf],
                element: Some(0),
                missing: Some(MissingFacts {
                    subject: missing.to_owned(),
                    key_id: "a1b2c3".to_owned(),
                    get: vec!["http://ca.example/issuing.cer".to_owned()],
                    in_store: false,
                    namesake_sent: false,
                }),
                ..ChainFacts::default()
            },
        },
    }
}

fn built(event: OperationalEvent) -> OperationalEvent {
    let EventData::ChainVerified { peer, chain } = event.data else { unreachable!() };
    OperationalEvent { data: EventData::ChainBuilt { peer, chain }, ..event }
}

/// One element a line, so that a difference shows where it is.
fn lines(xml: &str) -> String {
    xml.replace("><", ">\n<")
}

#[test]
fn event_30_has_the_shape_that_capi2_gives_it() {
    let xml = xml(&chain_event("CN=Example Issuing CA"), 4711, "mx.gateway.example");
    assert_eq!(lines(&xml), include_str!("golden/event30.xml"));
}

#[test]
fn event_11_has_the_shape_that_capi2_gives_it() {
    let xml = xml(&built(chain_event("CN=Example Issuing CA")), 4710, "mx.gateway.example");
    assert_eq!(lines(&xml), include_str!("golden/event11.xml"));
}

#[test]
fn an_untrusted_root_has_another_result_than_a_missing_intermediate() {
    let mut event = chain_event("CN=Example Issuing CA");
    if let EventData::ChainVerified { chain, .. } = &mut event.data {
        chain.reason = "root-untrusted".to_owned();
        chain.result = "800B0109".to_owned();
        chain.trust_error_bits = 0x20;
        chain.missing = None;
    }
    let verified = xml(&event, 1, "mx");
    assert!(
        verified.contains("<Result value=\"800B0109\">A certificate chain processed, but term")
    );
    assert!(verified.contains("<Status chainIndex=\"0\" elementIndex=\"-1\"/>"));
    let built = xml(&built(event), 1, "mx");
    assert!(built.contains("<ErrorStatus value=\"20\" CERT_TRUST_IS_UNTRUSTED_ROOT=\"true\"/>"));
}

#[test]
fn every_result_that_a_chain_can_have_has_a_text() {
    for reason in posthouse_types::ChainReason::ALL {
        let result = format!("{:08X}", reason.windows_result());
        assert_eq!(result_text(&result).is_empty(), reason.windows_result() == 0, "{reason}");
        let bits = reason.trust_error_bits();
        let named: u32 = texts::TRUST_ERRORS.iter().map(|(bit, _)| bit).sum();
        assert_eq!(bits & !named, 0, "{reason}");
    }
}

#[test]
fn events_of_our_own_carry_their_data_by_name() {
    let event = OperationalEvent {
        time: 0,
        level: Level::Information,
        tenant: None,
        reference: String::new(),
        reason: String::new(),
        text: "Started.".to_owned(),
        data: EventData::NodeStarted { queued: 3, damaged: 1 },
    };
    let xml = xml(&event, 1, "mx");
    assert!(xml.contains("<EventID>1000</EventID><Version>0</Version><Level>4</Level>"), "{xml}");
    assert!(xml.contains("<Channel>posthouse/Operational</Channel>"));
    assert!(xml.contains("<Data Name=\"queued\">3</Data><Data Name=\"damaged\">1</Data>"));
}

#[test]
fn the_common_name_is_found_in_any_place() {
    assert_eq!(common_name("O=a\\, CN=no,CN=yes,C=DE"), "yes");
    assert_eq!(common_name("CN=a\\+b+OU=c"), "a\\+b");
    assert_eq!(common_name("O=only"), "O=only");
    assert_eq!(common_name(""), "");
}

#[test]
fn web_09_a_hostile_name_stays_inside_its_element() {
    for event in [chain_event(HOSTILE), built(chain_event(HOSTILE))] {
        let xml = xml(&event, 1, HOSTILE);
        assert_eq!(xml.matches("<Event ").count(), 1, "{xml}");
        assert_eq!(xml.matches("</Result>").count(), 1);
        assert_eq!(xml.matches(['\r', '\n', '\0', '\u{202e}']).count(), 1, "only the last LF");
    }
}

proptest! {
    #[test]
    fn no_name_changes_the_elements(name in "\\PC{0,40}|[\\x00-\\x7f]{0,60}") {
        let tags = |xml: &str| xml.matches('<').count();
        let plain = xml(&built(chain_event("CN=x")), 1, "mx");
        let xml = xml(&built(chain_event(&name)), 1, &name);
        prop_assert_eq!(tags(&xml), tags(&plain));
        prop_assert_eq!(xml.matches('>').count(), tags(&xml));
        prop_assert!(!xml.trim_end_matches('\n').chars().any(char::is_control));
    }
}
