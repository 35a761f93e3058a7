//! Restrictions outlive the process, and end when they are released.

use super::*;
use crate::Restricted;

fn row(name: &str, until: Option<UnixMillis>) -> Restricted {
    Restricted {
        tenant: TENANT,
        kind: "sender".to_owned(),
        name: name.to_owned(),
        since: NOW,
        until,
        why: "it sent 501 recipients in an hour".to_owned(),
    }
}

#[tokio::test]
async fn a_restriction_stands_after_a_restart_until_it_is_released() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    store.put_restricted(row("a@contoso.example", None), Vec::new()).await.unwrap();
    store.put_restricted(row("b@contoso.example", None), Vec::new()).await.unwrap();
    // The same again replaces it.
    store.put_restricted(row("b@contoso.example", Some(NOW)), Vec::new()).await.unwrap();
    store.close().await;

    let (store, _) = open(folder.path());
    let expected = [row("a@contoso.example", None), row("b@contoso.example", Some(NOW))];
    assert_eq!(store.restricted().await.unwrap(), expected);
    assert!(store.release_restricted(TENANT, "sender", "a@contoso.example").await.unwrap());
    assert!(!store.release_restricted(TENANT, "sender", "a@contoso.example").await.unwrap());
    assert_eq!(store.restricted().await.unwrap().len(), 1);
}
