//! Retention, sizes, closing.

use frontdesk::model::event::{Appended, EventStatus, Refusal};
use frontdesk::model::field::Kind;
use frontdesk::model::id::new_id;
use frontdesk::model::said::Said;
use frontdesk::store::{EventFilter, PurgeBefore, RecordFilter, Settlement, StoreError};
use serde_json::json;
use uuid::Uuid;

use crate::store::Stand;
use crate::store::made::{all, arrival, at, done, first, lead_form, writing};

/// Twenty leads, one a second; the first four still wait.
async fn twenty(stand: &Stand) -> Vec<Uuid> {
    let mut ids = Vec::new();
    for n in 0..20 {
        let arrival = arrival(&[&n.to_string()], at(n));
        ids.push(arrival.events[0].id);
        stand.store.append(arrival).await.unwrap();
    }
    for (id, n) in ids.iter().zip(0..).skip(4) {
        let address = format!("c{}@example.com", n % 3);
        let form = lead_form(*id, &address, &n.to_string(), at(n));
        done(stand.store.settle(vec![form]).await);
    }
    ids
}

pub async fn a_purge_removes_what_is_old_and_nothing_that_waits(stand: Stand) {
    let store = &stand.store;
    let ids = twenty(&stand).await;
    let before = |bodies, keys, history| PurgeBefore {
        bodies: at(bodies),
        keys: at(keys),
        history: at(history),
    };
    let purged = store.purge(before(10, 8, 6)).await.unwrap();
    assert_eq!((purged.bodies, purged.keys, purged.events), (6, 8, 2));
    for (id, n) in ids.iter().zip(0..) {
        let raw = store.raw_request(*id).await.unwrap();
        assert_eq!(
            raw.is_some(),
            !(4..10).contains(&n),
            "the body of event {n}"
        );
        let event = store.event(*id).await.unwrap();
        assert_eq!(event.is_some(), !(4..6).contains(&n), "event {n}");
    }
    let again = store.purge(before(10, 8, 6)).await.unwrap();
    assert_eq!((again.bodies, again.keys, again.events), (0, 0, 0));
    // A key keeps its event: the second delivery has to be told which was the first.
    let kept = store.purge(before(10, 8, 12)).await.unwrap();
    assert_eq!(kept.events, 2);
    let answer = store.append(arrival(&["9"], at(50))).await.unwrap();
    assert_eq!(answer, [Appended::Duplicate(ids[9])]);

    assert_eq!(
        store.claim(9, at(99)).await.unwrap().len(),
        4,
        "what waits has its body"
    );
    let records = all(9, |page| {
        store.records(Kind::Lead, RecordFilter::default(), page)
    })
    .await;
    assert_eq!(records.len(), 16, "records are not history");
    let contact = store
        .records(Kind::Contact, RecordFilter::default(), first(9))
        .await
        .unwrap();
    let timeline = all(9, |page| store.timeline(contact.items[0].id, page)).await;
    assert!(timeline.iter().all(|change| change.at >= at(12)));
    assert!(!timeline.is_empty());
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.events, stats.changes), (16, 16));
    let listed = all(9, |page| store.events(EventFilter::default(), page)).await;
    assert_eq!(listed.len(), 16);
}

pub async fn a_request_stays_until_its_last_event_goes(stand: Stand) {
    let store = &stand.store;
    let batch = arrival(&["a", "b", "c"], at(0));
    let ids: Vec<Uuid> = batch.events.iter().map(|event| event.id).collect();
    store.append(batch).await.unwrap();
    let settle = async |id: Uuid| done(store.settle(vec![writing(id, Vec::new(), at(1))]).await);
    settle(ids[0]).await;
    settle(ids[2]).await;
    let all_old = PurgeBefore {
        bodies: at(99),
        keys: at(99),
        history: at(99),
    };
    let purged = store.purge(all_old).await.unwrap();
    assert_eq!((purged.bodies, purged.keys, purged.events), (0, 3, 1));
    assert!(store.event(ids[2]).await.unwrap().is_none());
    let waiting = store.peek(ids[1]).await.unwrap().unwrap();
    assert_eq!(waiting.raw.unwrap().body, b"{\"name\": \"Ana\"}");
    settle(ids[1]).await;
    let bodies_alone = PurgeBefore {
        keys: at(-9),
        history: at(-9),
        ..all_old
    };
    let lone = arrival(&["d"], at(0));
    let still_waits = lone.events[0].id;
    store.append(lone).await.unwrap();
    for removed in [1, 0] {
        let purged = store.purge(bodies_alone).await.unwrap();
        assert_eq!((purged.bodies, purged.events), (removed, 0));
        let waiting = store.peek(still_waits).await.unwrap().unwrap();
        assert!(waiting.raw.is_some());
    }
    assert!(store.raw_request(ids[1]).await.unwrap().is_none());
    settle(still_waits).await;
    let but_bodies = PurgeBefore {
        bodies: at(-9),
        ..all_old
    };
    let purged = store.purge(but_bodies).await.unwrap();
    assert_eq!((purged.bodies, purged.keys, purged.events), (0, 1, 3));
    assert_eq!(store.stats().await.unwrap().events, 0);
}

pub async fn a_purged_key_is_free_again(stand: Stand) {
    let store = &stand.store;
    let ids = twenty(&stand).await;
    let purge = PurgeBefore {
        bodies: at(-9),
        keys: at(10),
        history: at(-9),
    };
    store.purge(purge).await.unwrap();
    for (id, n) in ids.iter().zip(0..) {
        let again = arrival(&[&n.to_string()], at(100));
        let new = again.events[0].id;
        let expected = if n < 10 {
            Appended::New(new)
        } else {
            Appended::Duplicate(*id)
        };
        assert_eq!(store.append(again).await.unwrap(), [expected], "key {n}");
    }
    // The first event of a key that was claimed again goes; the claim of the second stays.
    let purge = PurgeBefore {
        bodies: at(-9),
        keys: at(50),
        history: at(50),
    };
    let purged = store.purge(purge).await.unwrap();
    assert_eq!((purged.keys, purged.events), (10, 16));
    for n in 0..20 {
        let again = store
            .append(arrival(&[&n.to_string()], at(101)))
            .await
            .unwrap();
        assert_eq!(
            matches!(again[..], [Appended::Duplicate(_)]),
            n < 10,
            "key {n}"
        );
    }
}

pub async fn whatever_holds_a_body_goes_with_the_bodies(stand: Stand) {
    let store = &stand.store;
    let mut ids = Vec::new();
    for n in 0..6 {
        let arrival = arrival(&[&n.to_string()], at(n));
        ids.push(arrival.events[0].id);
        store.append(arrival).await.unwrap();
        let fetched = Settlement {
            fetched: Some(json!({"field_data": n})),
            ..writing(ids[n as usize], Vec::new(), at(n))
        };
        if n != 1 {
            done(store.settle(vec![fetched]).await);
        }
        store.refuse(refusal(n)).await.unwrap();
    }
    let before = |seconds| PurgeBefore {
        bodies: at(seconds),
        keys: at(-9),
        history: at(-9),
    };
    let purged = store.purge(before(3)).await.unwrap();
    assert_eq!(purged.bodies, 2 + 3, "two requests and three refusals");
    let again = store.purge(before(3)).await.unwrap();
    assert_eq!(again.bodies, 0);
    for (id, n) in ids.iter().zip(0_i64..) {
        let claimed = store.peek(*id).await.unwrap().unwrap();
        assert_eq!(claimed.raw.is_some(), n >= 3 || n == 1, "request {n}");
        assert_eq!(claimed.fetched.is_some(), n >= 3, "answer {n}");
    }
    let refusals = store.refusals(None, first(9)).await.unwrap().items;
    for (refusal, n) in refusals.iter().rev().zip(0..) {
        assert_eq!(&*refusal.detail, "the signature is wrong");
        let is_personal = !refusal.body.is_empty();
        assert_eq!(is_personal, n >= 3, "refusal {n}");
        assert_eq!(!refusal.headers.is_empty(), is_personal);
        assert_eq!(!refusal.peer.is_empty(), is_personal);
    }
    assert_eq!(refusals.len(), 6);
}

fn refusal(n: i64) -> Refusal {
    Refusal {
        id: new_id(at(n)),
        endpoint: "website".to_owned(),
        at: at(n),
        peer: "127.0.0.1".to_owned(),
        code: "signature_mismatch".to_owned(),
        detail: "the signature is wrong".into(),
        diagnosis: Vec::new(),
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: b"{\"name\": \"Ana\"}".to_vec(),
    }
}

pub async fn sizes_are_counted(stand: Stand) {
    let store = &stand.store;
    let empty = store.stats().await.unwrap();
    assert_eq!((empty.events, empty.leads, empty.changes), (0, 0, 0));
    twenty(&stand).await;
    store.ping().await.unwrap();
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.events, stats.contacts, stats.leads), (20, 3, 16));
    assert_eq!((stats.orders, stats.tickets), (0, 0));
    assert_eq!((stats.decisions, stats.changes), (16, 32));
    assert!(stats.bytes > empty.bytes);
    let backlog = store.backlog().await.unwrap();
    assert_eq!((backlog.pending, backlog.oldest), (4, Some(at(0))));
}

pub async fn a_closed_store_takes_nothing(stand: Stand) {
    let store = &stand.store;
    let ids = twenty(&stand).await;
    store.close().await;
    store.close().await;
    let closed = |error: StoreError| matches!(error, StoreError::Unavailable(_));
    assert!(closed(
        store.append(arrival(&["x"], at(0))).await.unwrap_err()
    ));
    assert!(closed(store.ping().await.unwrap_err()));
    assert!(closed(store.event(ids[0]).await.unwrap_err()));
    let conclude = store.conclude(ids[0], EventStatus::Ignored, Said::default(), at(0));
    assert!(closed(conclude.await.unwrap_err()));
}

pub async fn a_key_of_its_own_is_made_once(stand: Stand) {
    let store = &stand.store;
    let first = store.own_key("stamps", [1; 32]).await.unwrap();
    assert_eq!(first, [1; 32]);
    assert_eq!(store.own_key("stamps", [2; 32]).await.unwrap(), [1; 32]);
    assert_eq!(store.own_key("other", [2; 32]).await.unwrap(), [2; 32]);
}
