//! Traffic that is counted, and documents that are revised.

use frontdesk::model::event::{EventStatus, SPAM, Violation};
use frontdesk::model::said::Said;
use frontdesk::store::observation::{Observation, Revision, Traffic};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::store::Stand;
use crate::store::made::{arrival, at};

fn missing() -> Violation {
    Violation::new("/email", "is missing")
}

pub async fn traffic_is_counted_by_stream(stand: Stand) {
    let store = &stand.store;
    assert_eq!(store.last_event().await.unwrap(), 0);
    let posts = [
        ("shop", "order", EventStatus::Pending, None, "fine"),
        (
            "shop",
            "order",
            EventStatus::Quarantined,
            None,
            "first reason",
        ),
        ("site", "form", EventStatus::Quarantined, Some(SPAM), "spam"),
        (
            "shop",
            "order",
            EventStatus::Quarantined,
            None,
            "second reason",
        ),
        ("shop", "refund", EventStatus::Ignored, None, "ignored"),
    ];
    for ((endpoint, event_type, status, code, reason), n) in posts.into_iter().zip(0..) {
        let mut arrival = arrival(&[&n.to_string()], at(n));
        arrival.request.endpoint = endpoint.to_owned();
        let event = &mut arrival.events[0];
        event.event_type = event_type.to_owned();
        event.status = status;
        event.code = code;
        event.reason = (status != EventStatus::Pending).then(|| reason.into());
        if reason == "second reason" {
            event.violations = vec![missing()];
        }
        store.append(arrival).await.unwrap();
    }
    let last = store.last_event().await.unwrap();
    let counted = |endpoint: &str,
                   event_type: &str,
                   counts: (u64, u64),
                   newest: i64,
                   reason: Option<Said>| Traffic {
        endpoint: endpoint.to_owned(),
        event_type: event_type.to_owned(),
        received: counts.0,
        quarantined: counts.1,
        newest: at(newest),
        reason,
    };
    let order = |mut traffic: Vec<Traffic>| {
        traffic.sort_by(|one, other| {
            (&one.endpoint, &one.event_type).cmp(&(&other.endpoint, &other.event_type))
        });
        traffic
    };
    assert_eq!(
        order(store.traffic(0, last).await.unwrap()),
        [
            counted("shop", "order", (3, 2), 3, Some(missing().said())),
            counted("shop", "refund", (1, 0), 4, None),
            counted("site", "form", (1, 0), 2, None),
        ]
    );
    assert_eq!(
        order(store.traffic(last - 4, last - 2).await.unwrap()),
        [
            counted("shop", "order", (1, 1), 1, Some("first reason".into())),
            counted("site", "form", (1, 0), 2, None),
        ]
    );
    assert_eq!(store.traffic(last, last).await.unwrap(), []);
}

pub async fn documents_are_revised_as_they_stand(stand: Stand) {
    let store = &stand.store;
    let revision =
        |name: &str, now: Timestamp, revise: fn(Option<Value>) -> Option<Value>| Revision {
            subject: "tests",
            name: name.to_owned(),
            at: now,
            revise: Box::new(revise),
        };
    let one_more = |known: Option<Value>| {
        let count = known.and_then(|document| document["count"].as_u64());
        Some(json!({"count": count.unwrap_or(0) + 1}))
    };
    for n in 1..=3 {
        let after = store
            .revise(vec![
                revision("a", at(n), one_more),
                revision("b", at(n), one_more),
            ])
            .await
            .unwrap();
        let expected = Some(json!({ "count": n }));
        assert_eq!(after, [expected.clone(), expected]);
    }
    let after = store
        .revise(vec![
            revision("b", at(9), |_| None),
            revision("c", at(9), |_| None),
        ])
        .await
        .unwrap();
    assert_eq!(after, [None, None]);
    let left = store.observations("tests".to_owned()).await.unwrap();
    let expected = Observation {
        name: "a".to_owned(),
        document: json!({"count": 3}),
        at: at(3),
    };
    assert_eq!(left, [expected]);
    assert_eq!(store.observations("others".to_owned()).await.unwrap(), []);
}
