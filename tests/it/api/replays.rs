//! Replays: one, many, none by mistake.

use frontdesk::model::event::EventStatus;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::api::desk::Desk;

#[actix_web::test]
async fn one_event_is_replayed() {
    let desk = Desk::open().await;
    let event = desk.receive(1, EventStatus::Quarantined).await;
    let path = format!("/api/v1/events/{event}/replay");
    let answer = desk.post(&path, Value::Null).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    assert_eq!(answer.body, json!({"event": event, "status": "pending"}));
    assert_eq!(
        desk.get(&format!("/api/v1/events/{event}")).await.body["status"],
        "pending"
    );
    let again = desk.post(&path, Value::Null).await;
    assert_eq!((again.status, again.code()), (409, "already_pending"));
}

#[actix_web::test]
async fn many_are_replayed_page_by_page() {
    let desk = Desk::open().await;
    let mut events = Vec::new();
    for n in 0..450 {
        let status = match n % 3 {
            0 => EventStatus::Ignored,
            _ => EventStatus::Quarantined,
        };
        events.push(desk.receive(n, status).await);
    }
    let answer = desk
        .post(
            "/api/v1/events/replay",
            json!({"status": "quarantined", "endpoint": "shop"}),
        )
        .await;
    assert_eq!(answer.status, 202, "{answer:?}");
    assert_eq!(answer.body, json!({"queued": 300, "found": 300}));
    let named = json!({"events": [events[0], events[3], events[1], Uuid::nil()]});
    let answer = desk.post("/api/v1/events/replay", named).await;
    assert_eq!(
        answer.body,
        json!({"queued": 2, "found": 4}),
        "one waits already, one is unknown"
    );
    assert_eq!(desk.store.backlog().await.unwrap().pending, 302);
}

#[actix_web::test]
async fn everything_is_never_replayed_by_mistake() {
    let desk = Desk::open().await;
    desk.receive(1, EventStatus::Processed).await;
    for body in [
        json!({}),
        json!({"dry_run": true}),
        json!({"status": "pending"}),
        json!({"events": [Uuid::nil()], "status": "failed"}),
        json!({"stauts": "failed"}),
        json!({"status": "lost"}),
    ] {
        let answer = desk.post("/api/v1/events/replay", body.clone()).await;
        assert_eq!(
            (answer.status, answer.code()),
            (422, "invalid"),
            "{body}: {answer:?}"
        );
    }
    assert_eq!(desk.store.backlog().await.unwrap().pending, 0);
}
