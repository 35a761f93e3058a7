//! What is due, what waits, what is held, and how each ends.

use std::time::Duration;

use posthouse_types::Reason;

use super::*;
use crate::{Outcome, QueueFilter, QueueId, QueueState, Settlement};

async fn settle(store: &Store, id: QueueId, outcome: Outcome) {
    let outcomes = vec![(id, outcome)];
    store.settle(Settlement { outcomes, ..Settlement::default() }).await.unwrap();
}

fn retry(due: UnixMillis) -> Outcome {
    Outcome::Retry {
        due,
        reason: Reason::RemoteDeferred,
        detail: "450 4.2.0 later".to_owned(),
        notice_sent: true,
        at: NOW,
    }
}

#[tokio::test]
async fn due_recipients_come_in_pages_the_longest_due_first_each_once() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    for number in 0..10u8 {
        let mut mail = message(&store, number, 10, &["a@x.example"]);
        // Two share each time, so that a page ends between equals.
        mail.recipients[0].due = NOW - Duration::from_secs(u64::from(number / 2));
        store.commit(mail).await.unwrap();
    }
    let (mut after, mut seen) = (Cursor::START, Vec::new());
    loop {
        let page = store.due(NOW, after, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.cursor();
        seen.extend(page.into_iter().map(|row| (row.due, row.id)));
    }
    assert_eq!(seen.len(), 10);
    assert!(seen.is_sorted());
    assert!(seen.windows(2).all(|pair| pair[0] != pair[1]));
    let earlier = NOW - Duration::from_secs(4);
    assert_eq!(store.due(earlier, Cursor::START, 0).await.unwrap().len(), 2);
    let next = store.next_due_after(earlier).await.unwrap();
    assert_eq!(next, Some(NOW - Duration::from_secs(3)));
    assert_eq!(store.next_due_after(NOW).await.unwrap(), None);
}

#[tokio::test]
async fn an_attempt_in_vain_counts_waits_and_is_in_the_trace() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let committed = store.commit(message(&store, 1, 10, &["a@x.example"])).await.unwrap();
    let later = NOW + Duration::from_secs(60);
    settle(&store, committed.recipients()[0], retry(later)).await;
    assert!(store.due(NOW, Cursor::START, 0).await.unwrap().is_empty());
    let row = &all_due(&store).await[0];
    assert_eq!((row.attempts, row.due, row.notice_sent), (1, later, true));
    assert_eq!(row.last_reason, Some(Reason::RemoteDeferred));
    assert_eq!(row.last_detail, "450 4.2.0 later");
    let traced = &store.trace_by_reference(&reference(1)).await.unwrap()[0];
    assert_eq!(traced.status, TraceStatus::Pending);
    let steps: Vec<_> = traced.events.iter().map(|event| event.event).collect();
    assert_eq!(steps, [TraceStep::Receive, TraceStep::Defer]);

    assert_eq!(store.make_all_due(NOW).await.unwrap(), 1);
    assert_eq!(store.due(NOW, Cursor::START, 0).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_message_ends_with_its_last_recipient_and_its_file_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let mail = message(&store, 1, 200_000, &["a@x.example", "b@x.example"]);
    let committed = store.commit(mail).await.unwrap();
    let outcome = Outcome::Delivered {
        to_ip: "198.51.100.7".to_owned(),
        detail: "250 2.0.0 ok".to_owned(),
        at: NOW,
    };
    settle(&store, committed.recipients()[0], outcome.clone()).await;
    assert_eq!(body_files(folder.path()).len(), 1);
    let open_body = store.load(committed.message(), NOW).await.unwrap().body;
    settle(&store, committed.recipients()[1], outcome).await;
    assert!(body_files(folder.path()).is_empty());
    assert!(store.load(committed.message(), NOW).await.is_err());
    assert!(!open_body.reader().next().await.unwrap().is_empty(), "who reads it may go on");
    for row in store.trace_by_reference(&reference(1)).await.unwrap() {
        assert_eq!(row.status, TraceStatus::Delivered);
        assert_eq!(row.to_ip, "198.51.100.7");
        assert_eq!(row.events.last().unwrap().event, TraceStep::Send);
    }
}

#[tokio::test]
async fn a_failure_with_a_report_says_so_in_the_trace() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let committed = store.commit(message(&store, 1, 10, &["a@x.example"])).await.unwrap();
    let failed = Outcome::Failed {
        reason: Reason::RemoteRefused,
        detail: "550 5.1.1 unknown".to_owned(),
        at: NOW,
    };
    let reports = vec![message(&store, 2, 10, &["alice@contoso.example"])];
    let outcomes = vec![(committed.recipients()[0], failed)];
    let written =
        store.settle(Settlement { outcomes, reports, events: vec![event(1, NOW)] }).await.unwrap();
    assert_eq!(all_due(&store).await[0].id, written[0].recipients()[0]);
    let row = &store.trace_by_reference(&reference(1)).await.unwrap()[0];
    assert_eq!((row.status, row.reason.as_str()), (TraceStatus::Failed, "remote-refused"));
    let steps: Vec<_> = row.events.iter().map(|event| event.event).collect();
    assert_eq!(steps, [TraceStep::Receive, TraceStep::Fail, TraceStep::Report]);
}

#[tokio::test]
async fn held_mail_waits_until_it_is_released_and_its_time_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let mut mail = message(&store, 1, 10, &["a@x.example"]);
    mail.recipients[0].held = Some(Reason::Undeliverable);
    store.commit(mail).await.unwrap();
    let committed = store.commit(message(&store, 2, 10, &["b@x.example"])).await.unwrap();
    let held =
        Outcome::Held { reason: Reason::RemoteRefused, detail: "550 no".to_owned(), at: NOW };
    settle(&store, committed.recipients()[0], held).await;
    assert!(all_due(&store).await.is_empty());
    assert_eq!(store.counts().await.unwrap().held, 2);
    assert_eq!(store.retry_now(QueueFilter::default(), NOW).await.unwrap(), 0);

    let later = NOW + Duration::from_secs(86_400);
    let one = QueueFilter { text: Some("B@X.EXAMPLE".to_owned()), ..QueueFilter::default() };
    assert_eq!(store.release(one, later).await.unwrap(), 1);
    let due = all_due(&store).await;
    assert_eq!(due.len(), 1);
    assert_eq!((due[0].reference, due[0].since), (reference(2), later));
    assert_eq!(due[0].received, NOW);
}

#[tokio::test]
async fn views_narrow_by_tenant_state_text_and_place() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    for number in 0..4u8 {
        let mut mail = message(&store, number, 10, &["a@x.example", "b@y.example"]);
        mail.tenant = (number > 0).then_some(TenantId(u64::from(number)));
        mail.sender = None;
        store.commit(mail).await.unwrap();
    }
    let count = async |filter: QueueFilter| store.queue(filter).await.unwrap().len();
    let all = QueueFilter::default();
    assert_eq!(count(all.clone()).await, 8);
    assert_eq!(count(QueueFilter { tenant: Some(TenantId(2)), ..all.clone() }).await, 2);
    assert_eq!(count(QueueFilter { reference: Some(reference(0)), ..all.clone() }).await, 2);
    assert_eq!(count(QueueFilter { text: Some("y.EX".to_owned()), ..all.clone() }).await, 4);
    assert_eq!(count(QueueFilter { state: Some(QueueState::Held), ..all.clone() }).await, 0);
    assert_eq!(count(QueueFilter { limit: 3, ..all.clone() }).await, 3);
    assert_eq!(count(QueueFilter { after: Some(QueueId(6)), ..all.clone() }).await, 2);
    let one = QueueFilter { id: Some(QueueId(5)), ..all.clone() };
    assert_eq!(store.queue(one.clone()).await.unwrap()[0].id, QueueId(5));
    assert_eq!(store.remove(one, "operator", NOW).await.unwrap(), 1);
    assert_eq!(count(all).await, 7);
    let removed = store.trace_by_reference(&reference(2)).await.unwrap();
    let last = removed.iter().find_map(|row| row.events.get(1)).unwrap();
    assert_eq!(last.detail, "removed by operator");
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.queued, counts.oldest), (7, Some(NOW)));
}

#[tokio::test]
async fn changes_go_through_all_pages() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let names: Vec<_> = (0..2500).map(|number| format!("r{number}@x.example")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let mut mail = message(&store, 1, 10, &names);
    mail.recipients.iter_mut().for_each(|recipient| recipient.due = UnixMillis(i64::MAX));
    store.commit(mail).await.unwrap();
    assert_eq!(store.retry_now(QueueFilter::default(), NOW).await.unwrap(), 2500);
    assert_eq!(store.due(NOW, Cursor::START, 5000).await.unwrap().len(), 2500);
    assert_eq!(store.remove(QueueFilter::default(), "operator", NOW).await.unwrap(), 2500);
    assert_eq!(store.counts().await.unwrap().queued, 0);
}

#[tokio::test]
async fn a_quoted_local_part_with_an_at_sign_comes_back_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let odd = Address::new("\"a@b\"", Domain::from_normalized("[IPv6:2001:db8::1]"));
    let mut mail = message(&store, 1, 10, &["a@x.example"]);
    mail.recipients[0].address = odd.clone();
    store.commit(mail).await.unwrap();
    assert_eq!(all_due(&store).await[0].address, odd);
}
