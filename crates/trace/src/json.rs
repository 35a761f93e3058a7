//! Rows, events and explanations as JSON objects with stable field names: Microsoft's in
//! snake_case where Microsoft has one.
//!
//! Pure. JSON escapes for itself: a peer's line ends and controls come out as `\n` and `\u....`,
//! so that one object is always one line.

use serde_json::{Map, Value, json};

use crate::capi2::result_text;
use crate::row::Direction;
use crate::times::rfc3339;
use crate::{EventData, Explanation, OperationalEvent, TraceRow};

/// One row of the message trace: the columns of Get-MessageTraceV2 (`received`,
/// `sender_address`, `recipient_address`, `subject`, `status`, `to_ip`, `from_ip`, `size`,
/// `message_id`, `message_trace_id`), then ours, then its history (`events`, oldest first).
pub fn row_json(row: &TraceRow) -> Value {
    let events: Vec<Value> = row
        .events
        .iter()
        .map(|event| {
            json!({
                "time": rfc3339(event.time),
                "event": event.event.as_str(),
                "reason": event.reason,
                "detail": event.detail,
            })
        })
        .collect();
    json!({
        "received": rfc3339(row.received),
        "sender_address": row.sender,
        "recipient_address": row.recipient,
        "subject": row.subject,
        "status": row.status.as_str(),
        "to_ip": row.to_ip,
        "from_ip": row.from_ip,
        "size": row.size,
        "message_id": row.message_id,
        "message_trace_id": row.reference,
        "directionality": match row.direction {
            Direction::Incoming => "Incoming",
            Direction::Originating => "Originating",
        },
        "connector_id": row.connector,
        "reason": row.reason,
        "events": events,
    })
}

/// One operational event: `event_id`, `record_id`, `time`, `level`, `reference`, `reason`, `text`
/// and the event's own fields; a chain's events also have `result`, `result_text` and, where
/// something is missing, `missing`.
pub fn event_json(event: &OperationalEvent, record_id: u64) -> Value {
    let mut object = match serde_json::to_value(&event.data) {
        Ok(Value::Object(object)) => object,
        _ => Map::new(),
    };
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    put("event_id", event.data.id().into());
    put("record_id", record_id.into());
    put("time", rfc3339(event.time).into());
    put("level", json!(event.level));
    put("reference", event.reference.clone().into());
    put("reason", event.reason.clone().into());
    put("text", event.text.clone().into());
    if let Some(tenant) = event.tenant {
        put("tenant", tenant.into());
    }
    if let EventData::ChainBuilt { chain, .. } | EventData::ChainVerified { chain, .. } =
        &event.data
    {
        put("result", chain.result.clone().into());
        put("result_text", result_text(&chain.result).into());
        if let Some(missing) = &chain.missing {
            put("missing", json!(missing));
        }
    }
    Value::Object(object)
}

/// An explanation with the `reference` that was asked for and the `time` (milliseconds since 1970
/// in, RFC 3339 out) when it was made.
pub fn explanation_json(explanation: &Explanation, reference: &str, time: i64) -> Value {
    let mut object = match serde_json::to_value(explanation) {
        Ok(Value::Object(object)) => object,
        _ => Map::new(),
    };
    object.insert("reference".to_owned(), reference.into());
    object.insert("time".to_owned(), rfc3339(time).into());
    Value::Object(object)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capi2::tests::{HOSTILE, chain_event};
    use crate::row::tests::row;

    #[test]
    fn a_row_has_microsofts_columns() {
        let value = row_json(&row());
        assert_eq!(value["received"], "2026-11-23T18:10:27.042Z");
        assert_eq!(value["sender_address"], "anna@contoso.example");
        assert_eq!(value["recipient_address"], "bob@fabrikam.example");
        assert_eq!(value["status"], "Delivered");
        assert_eq!(value["message_trace_id"], "0W3GE1R70W3GE1R7");
        assert_eq!(value["events"][0]["event"], "Receive");
        assert_eq!(value["events"][0]["time"], "2026-11-23T18:10:27.042Z");
        assert_eq!(value["directionality"], "Originating");
    }

    #[test]
    fn a_chain_event_names_result_and_missing_certificate() {
        let value = event_json(&chain_event("CN=Example Issuing CA"), 7);
        assert_eq!(value["event_id"], 30);
        assert_eq!(value["record_id"], 7);
        assert_eq!(value["level"], "error");
        assert_eq!(value["result"], "800B010A");
        assert_eq!(value["missing"]["subject"], "CN=Example Issuing CA");
        assert_eq!(value["reason"], "chain-incomplete");
        assert_eq!(value["peer"]["address"], "192.0.2.1");
    }

    #[test]
    fn web_09_a_hostile_name_stays_inside_one_line_of_json() {
        let mut row = row();
        row.subject = HOSTILE.to_owned();
        let explanation =
            Explanation { operator_text: HOSTILE.to_owned(), ..Explanation::default() };
        for value in [
            event_json(&chain_event(HOSTILE), 1),
            row_json(&row),
            explanation_json(&explanation, "0W3GE1R70W3GE1R7", 0),
        ] {
            let line = value.to_string();
            assert!(!line.contains(['\r', '\n', '\0']), "{line}");
            assert_eq!(line.parse::<Value>().unwrap(), value);
        }
    }

    #[test]
    fn an_explanation_says_which_and_when() {
        let explanation =
            Explanation { reason: "chain-incomplete".to_owned(), ..Explanation::default() };
        let value = explanation_json(&explanation, "0W3GE1R70W3GE1R7", 1_795_457_427_042);
        assert_eq!(value["reference"], "0W3GE1R70W3GE1R7");
        assert_eq!(value["time"], "2026-11-23T18:10:27.042Z");
        assert_eq!(value["reason"], "chain-incomplete");
    }
}
