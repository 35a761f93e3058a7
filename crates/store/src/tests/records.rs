//! Trace and events: written before the reply is sent, found again by every question.

use std::time::Duration;

use posthouse_trace::Explanation;

use super::*;
use crate::{EventQuery, TraceQuery};

#[tokio::test]
async fn a_refusal_can_be_read_when_record_returns_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let mut refused = row(1, "a@x.example");
    refused.status = TraceStatus::Failed;
    refused.reason = "no-connector".to_owned();
    refused.explanation = Some(Explanation {
        reason: "no-connector".to_owned(),
        reply: "550 5.7.64\n550 5.7.64 more".to_owned(),
        ..Explanation::default()
    });
    store.record(vec![refused.clone()], vec![event(1, NOW)]).await.unwrap();
    assert_eq!(store.trace_by_reference(&reference(1)).await.unwrap(), [refused]);
    let events = store.events(EventQuery::default()).await.unwrap();
    assert_eq!(events[0].event, event(1, NOW));
}

#[tokio::test]
async fn questions_to_the_trace_narrow_by_each_field_newest_first() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let rows = (0..20u8).map(|number| {
        let mut row = row(number, &format!("r{}@x.example", number % 2));
        row.received = NOW.0 + i64::from(number);
        row.tenant = (number % 4 > 0).then_some(u64::from(number % 4));
        if number == 5 {
            row.sender = "Bob@Fabrikam.example".to_owned();
            row.message_id = "<5@fabrikam.example>".to_owned();
            row.status = TraceStatus::Failed;
        }
        row
    });
    store.record(rows.collect(), Vec::new()).await.unwrap();
    let ask = async |query: TraceQuery| -> Vec<i64> {
        let rows = store.trace(query).await.unwrap();
        rows.iter().map(|stored| stored.row.received - NOW.0).collect()
    };
    let all = TraceQuery::default();
    assert_eq!(ask(all.clone()).await, (0..20).rev().collect::<Vec<_>>());
    assert_eq!(
        ask(TraceQuery { tenant: Some(TenantId(3)), ..all.clone() }).await,
        [19, 15, 11, 7, 3]
    );
    for query in [
        TraceQuery { sender: Some("bob@fabrikam.EXAMPLE".to_owned()), ..all.clone() },
        TraceQuery { sender: Some("*@fabrikam.example".to_owned()), ..all.clone() },
        TraceQuery { message_id: Some("<5@fabrikam.example>".to_owned()), ..all.clone() },
        TraceQuery { status: Some(TraceStatus::Failed), ..all.clone() },
        TraceQuery { reference: Some(reference(5).to_string()), ..all.clone() },
    ] {
        assert_eq!(ask(query.clone()).await, [5], "{query:?}");
    }
    assert_eq!(
        ask(TraceQuery { recipient: Some("r1@x.example".to_owned()), ..all.clone() }).await.len(),
        10
    );
    let (since, until) = (Some(UnixMillis(NOW.0 + 3)), Some(UnixMillis(NOW.0 + 6)));
    assert_eq!(ask(TraceQuery { since, until, ..all.clone() }).await, [5, 4, 3]);
    let first = store.trace(TraceQuery { limit: 7, ..all.clone() }).await.unwrap();
    let before = Some(first.last().unwrap().cursor);
    assert_eq!(ask(TraceQuery { before, limit: 2, ..all }).await, [12, 11]);
}

#[tokio::test]
async fn rows_of_one_instant_are_paged_without_loss() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let rows = (0..2500).map(|number| row(1, &format!("r{number}@x.example"))).collect();
    store.record(rows, Vec::new()).await.unwrap();
    let all = store.trace(TraceQuery::default()).await.unwrap();
    assert_eq!(all.len(), 2500);
    assert_eq!(all[0].row.recipient, "r2499@x.example");
    assert!(all.windows(2).all(|pair| pair[0].cursor > pair[1].cursor));
    let last = TraceQuery { recipient: Some("r0@x.example".to_owned()), ..TraceQuery::default() };
    assert_eq!(store.trace(last).await.unwrap().len(), 1);
}

#[test]
fn no_question_reads_a_whole_table_or_sorts() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    let connection = rusqlite::Connection::open(folder.path().join("posthouse.db")).unwrap();
    for sql in crate::queue::QUESTIONS.into_iter().chain(crate::trace::QUESTIONS) {
        let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let nothing = vec![rusqlite::types::Null; plan.parameter_count()];
        let steps = plan.query_map(rusqlite::params_from_iter(nothing), |row| row.get(3)).unwrap();
        let steps: Vec<String> = steps.map(Result::unwrap).collect();
        let words = steps.join("; ");
        assert!(words.contains("SEARCH") && !words.contains("SCAN"), "{words}: {sql}");
        assert!(!words.contains("TEMP B-TREE") || sql.contains("reference = ?4"), "{words}: {sql}");
    }
}

#[tokio::test]
async fn events_narrow_by_tenant_reference_id_and_time_newest_first() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let events = (0..6u8).map(|number| {
        let mut event = event(number, NOW + Duration::from_secs(u64::from(number)));
        if number == 3 {
            event.tenant = None;
            event.reference = String::new();
            event.data = EventData::StoreFault { error: "EIO".to_owned() };
        }
        event
    });
    store.record(Vec::new(), events.collect()).await.unwrap();
    let ask = async |query: EventQuery| -> Vec<i64> {
        let events = store.events(query).await.unwrap();
        events.iter().map(|stored| stored.record.number()).collect()
    };
    let all = EventQuery::default();
    assert_eq!(ask(all.clone()).await, [6, 5, 4, 3, 2, 1]);
    assert_eq!(ask(EventQuery { tenant: Some(TENANT), ..all.clone() }).await, [6, 5, 3, 2, 1]);
    let asked = Some(reference(2).to_string());
    assert_eq!(ask(EventQuery { reference: asked, ..all.clone() }).await, [3]);
    assert_eq!(ask(EventQuery { id: Some(1004), ..all.clone() }).await, [4]);
    let since = Some(NOW + Duration::from_secs(4));
    assert_eq!(ask(EventQuery { since, ..all.clone() }).await, [6, 5]);
    let before = Some(crate::EventId::from_number(5));
    assert_eq!(ask(EventQuery { before, limit: 2, ..all }).await, [4, 3]);
}
