//! The whole circle: what this program signs, stamps and seals, it verifies at the next hop.

use mail_auth::common::crypto::{Ed25519Key, SigningKey};
use posthouse_message::{
    Digest, ResultsStamp, SignatureAlgorithm, Signer, authentication_results, dkim_signature, seal,
};
use posthouse_types::{
    ArcResult, CompositeAuthentication, CompositeResult, DkimReason, DmarcAction, DmarcResult,
};

use crate::dns::{Dns, Zone};
use crate::rows::{CLIENT, sent};
use crate::sign::base64;

const NOW: i64 = 1_795_457_427;

fn digest(message: &str) -> Digest {
    let mut digest = Digest::default();
    digest.push(message.as_bytes());
    digest.finished()
}

#[tokio::test]
async fn a_message_that_we_signed_stamped_and_sealed_is_believed_at_the_next_hop() {
    let pkcs8 = Ed25519Key::generate_pkcs8().unwrap();
    let key = Ed25519Key::from_pkcs8_der(&pkcs8).unwrap();
    let record = format!("v=DKIM1; k=ed25519; p={}", base64(&key.public_key()));
    let zone = Zone::default()
        .txt("one._domainkey.contoso.example", &record)
        .txt("one._domainkey.gateway.example", &record)
        .txt("_dmarc.contoso.example", "v=DMARC1; p=reject");
    let dns = Dns::serve(zone).await;
    let sign = |bytes: &[u8]| key.sign(bytes).map_err(|error| error.to_string());
    let algorithm = SignatureAlgorithm::Ed25519Sha256;
    let signer = |domain| Signer { domain, selector: "one", algorithm, sign: &sign };

    let message = "From: Ann <ann@contoso.example>\r\nTo:  bob@tenant.example\r\n\
                   Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\tfolded\r\nMIME-Version: 1.0\r\n\r\n\
                   One  line \r\nand\tanother.\r\n\r\n\r\n";
    let field = dkim_signature(&digest(message), &signer("contoso.example"), NOW).unwrap();
    let mut message = format!("{}{message}", String::from_utf8(field).unwrap());
    for sets in 0..3 {
        let facts = sent(&dns, "x", "x@bounce.example", &message).await;
        assert_eq!(facts.dkim[0].reason, DkimReason::Verified, "{facts:#?}");
        assert_eq!(facts.dmarc.result, DmarcResult::Pass);
        let expected = if sets == 0 { ArcResult::None } else { ArcResult::Pass };
        assert_eq!((facts.arc.result, facts.arc.sets), (expected, sets), "{:#?}", facts.arc);
        for claims in &facts.arc.claims {
            assert_eq!(claims.sealer, "gateway.example");
            assert_eq!(claims.dmarc_pass.as_deref(), Some("contoso.example"));
            assert_eq!(claims.dkim_pass, ["contoso.example"]);
        }
        let stamp = ResultsStamp {
            facts: &facts,
            client: CLIENT.parse().unwrap(),
            composite: CompositeAuthentication { result: CompositeResult::Pass, reason: 100 },
            action: DmarcAction::None,
        };
        let head = authentication_results(&stamp);
        let signer = signer("gateway.example");
        let fields = seal(&digest(&message), &signer, &head, "mx.gateway.example", NOW).unwrap();
        message = format!("{}{message}", String::from_utf8(fields).unwrap());
    }
    // A list that changes the text breaks the signature and the chain.
    let changed = message.replace("another", "something");
    let facts = sent(&dns, "x", "x@bounce.example", &changed).await;
    assert_eq!((facts.dkim[0].reason, facts.arc.result), (DkimReason::BodyHash, ArcResult::Fail));
    assert_eq!(facts.dmarc.result, DmarcResult::Fail);
}
