//! Reports and what was learned from them: one transaction, a tenant's own, gone with it.

use std::time::Duration;

use posthouse_types::TenantId;

use super::*;
use crate::{
    Actor, ComplaintCount, Lesson, NewQuarantine, QuarantineFilter, Report, Rescan, Retention,
};

const CONTOSO: TenantId = TenantId(1);
const FABRIKAM: TenantId = TenantId(2);

fn lesson(tenant: TenantId, learned: &[u8]) -> Lesson {
    let report = Report {
        tenant,
        time: NOW,
        said: "not-junk".to_owned(),
        by: "root".to_owned(),
        by_user: false,
        reference: String::new(),
        message_id: "<1@x.example>".to_owned(),
        sender: "eve@x.example".to_owned(),
        subject: "Offer".to_owned(),
        quarantine: None,
    };
    Lesson { report, learned: learned.to_vec(), complaint: None }
}

#[tokio::test]
async fn what_one_tenant_learned_is_its_own_and_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    store.teach(lesson(CONTOSO, b"first")).await.unwrap();
    store.teach(lesson(CONTOSO, b"second")).await.unwrap();
    let target = tempfile::tempdir().unwrap();
    let (crashed, _) = open(&crash(&store, target.path()));
    assert_eq!(crashed.learned(CONTOSO).await.unwrap().as_deref(), Some(&b"second"[..]));
    assert_eq!(crashed.learned(FABRIKAM).await.unwrap(), None);
    assert_eq!(crashed.tenants_that_learned().await.unwrap(), [CONTOSO]);
    let reports = crashed.reports(Some(CONTOSO), 0).await.unwrap();
    assert_eq!(reports, vec![lesson(CONTOSO, b"").report; 2], "each one can be looked up");
    assert!(crashed.reports(Some(FABRIKAM), 0).await.unwrap().is_empty());
}

#[tokio::test]
async fn reports_end_with_retention_and_what_was_learned_with_its_tenant() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let tenant = store.put_tenant("contoso", "{}").await.unwrap();
    let complaint = |days: u64| ComplaintCount {
        domain: "shop.example".into(),
        tenant,
        count: 1.5,
        updated: NOW + Duration::from_secs(days * 86_400),
    };
    store
        .teach(Lesson { complaint: Some(complaint(0)), ..lesson(tenant, b"known") })
        .await
        .unwrap();
    store
        .teach(Lesson { complaint: Some(complaint(1)), ..lesson(tenant, b"known") })
        .await
        .unwrap();
    assert_eq!(store.complaint_counts().await.unwrap(), [complaint(1)], "in place of the first");
    let retention = Retention { trace_days: 10, events_days: 30, held_days: 7 };
    store.purge(NOW + Duration::from_secs(31 * 86_400), retention, 100).await.unwrap();
    assert!(store.reports(None, 0).await.unwrap().is_empty());
    assert!(store.learned(tenant).await.unwrap().is_some());
    assert!(store.delete_tenant(tenant).await.unwrap());
    assert_eq!(store.learned(tenant).await.unwrap(), None);
    assert!(store.complaint_counts().await.unwrap().is_empty());
}

#[tokio::test]
async fn complaints_are_forgotten_once_they_have_faded() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let complaint = |tenant, updated| {
        let domain = "shop.example".into();
        Some(ComplaintCount { domain, tenant, count: 1.0, updated })
    };
    let later = NOW + Duration::from_secs(60 * 86_400);
    for (tenant, updated) in [(CONTOSO, NOW), (FABRIKAM, later)] {
        let complaint = complaint(tenant, updated);
        store.teach(Lesson { complaint, ..lesson(tenant, b"") }).await.unwrap();
    }
    let retention = Retention { trace_days: 10, events_days: 30, held_days: 7 };
    store.purge(NOW + Duration::from_secs(91 * 86_400), retention, 100).await.unwrap();
    let left = store.complaint_counts().await.unwrap();
    assert_eq!(left.iter().map(|one| one.tenant).collect::<Vec<_>>(), [FABRIKAM]);
}

#[tokio::test]
async fn a_release_teaches_in_the_transaction_that_releases_and_only_once() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let mut new = message(&store, 1, 10, &["a@x.example"]);
    new.recipients[0].quarantine = Some(Box::new(NewQuarantine {
        quarantine: posthouse_types::Quarantine {
            reason: posthouse_types::QuarantineReason::Spam,
            retention_days: 15,
            policy: "DefaultFullAccessPolicy".to_owned(),
            permissions: 39,
            notifies: false,
        },
        policy: posthouse_types::PolicyKind::AntiSpam,
        policy_name: "Default".to_owned(),
        override_reason: String::new(),
        is_outbound: false,
        notify_after: None,
    }));
    store.commit(new).await.unwrap();
    let row = store.quarantine(QuarantineFilter::default()).await.unwrap().remove(0);
    let malware = Rescan::Malware("found".to_owned());
    let root = || Actor::Administrator("root".to_owned());
    let taught = || Some(lesson(CONTOSO, b"known"));
    let refused = store.release_quarantined(row.id, root(), malware, taught(), NOW).await.unwrap();
    assert!(refused.is_err() && store.learned(CONTOSO).await.unwrap().is_none());
    for _ in 0..2 {
        let _ = store.release_quarantined(row.id, root(), Rescan::Clean, taught(), NOW).await;
    }
    assert_eq!(store.reports(None, 0).await.unwrap().len(), 1);
    let acts = store.quarantine_acts(row.id).await.unwrap();
    assert_eq!(acts.last().map(|act| act.act.as_str()), Some("reported"));
}
