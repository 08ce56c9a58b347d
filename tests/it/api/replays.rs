//! Replays: one, many, none by mistake.

use actix_web::http::Method;
use frontdesk::model::event::EventStatus;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::api::desk::{ADMIN, Desk};

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
    let named = json!({"events": [events[0], events[3], events[1]]});
    let answer = desk.post("/api/v1/events/replay", named).await;
    assert_eq!(
        answer.body,
        json!({"queued": 2, "found": 3}),
        "one waits already"
    );
    assert_eq!(desk.store.backlog().await.unwrap().pending, 302);
}

/// The filter is taken flat and by itself, never both ways at once.
#[actix_web::test]
async fn a_filter_may_stand_by_itself() {
    let desk = Desk::open().await;
    let event = desk.receive(1, EventStatus::Quarantined).await;
    desk.receive(2, EventStatus::Ignored).await;
    let path = "/api/v1/events/replay";
    let filter = json!({"status": "quarantined", "endpoint": "shop"});
    let dry = desk
        .post(path, json!({"filter": filter, "dry_run": true}))
        .await;
    assert_eq!(dry.status, 200, "{dry:?}");
    assert_eq!(
        (&dry.body["found"], &dry.body["dry_run"]),
        (&json!(1), &json!(true))
    );
    assert_eq!(dry.body["events"][0]["event"], event.to_string());
    assert_eq!(desk.store.backlog().await.unwrap().pending, 0);
    let both = json!({"filter": filter, "status": "quarantined"});
    let both = desk.post(path, both).await;
    assert_eq!((both.status, both.code()), (422, "invalid"));
    assert_eq!(
        both.body["violations"][0],
        json!({"path": "/filter", "message": "give the filter under \"filter\" or beside it, not both"})
    );
    let no_time = desk
        .post(path, json!({"filter": {"since": "yesterday"}}))
        .await;
    assert_eq!(
        no_time.body["violations"][0]["message"],
        "is a time such as 2026-03-01T09:00:00Z or 2026-03-01, not \"yesterday\""
    );
    let of_a_day = json!({"since": "2026-01-01", "until": "2026-01-02T00:00:00Z", "dry_run": true});
    assert_eq!(desk.post(path, of_a_day).await.status, 200);
    let misspelt = desk.post(path, json!({"filter": {"since": 7}})).await;
    assert_eq!(misspelt.body["violations"][0]["path"], "/filter/since");
    let answer = desk.post(path, json!({"filter": filter})).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    assert_eq!(answer.body, json!({"queued": 1, "found": 1}));
}

#[actix_web::test]
async fn one_event_is_looked_at_before_it_is_replayed() {
    let desk = Desk::open().await;
    let event = desk.receive(1, EventStatus::Quarantined).await;
    let path = format!("/api/v1/events/{event}/replay");
    let dry = desk.post(&path, json!({"dry_run": true})).await;
    assert_eq!(dry.status, 200, "{dry:?}");
    let bulk = json!({"events": [event], "dry_run": true});
    let bulk = desk.post("/api/v1/events/replay", bulk).await;
    assert_eq!(dry.body, bulk.body, "the same form as that of many");
    assert_eq!(dry.body["events"][0]["event"], event.to_string());
    for body in [
        json!({"dryrun": true}),
        json!({"dry_run": "yes"}),
        json!([]),
    ] {
        let answer = desk.post(&path, body.clone()).await;
        assert_eq!((answer.status, answer.code()), (422, "invalid"), "{body}");
    }
    assert_eq!(desk.store.backlog().await.unwrap().pending, 0);
    let queued = desk.call(ADMIN, Method::POST, &path, "").await;
    assert_eq!(queued.status, 202, "{queued:?}");
    let waits = desk.post(&path, json!({"dry_run": true})).await;
    assert_eq!((waits.status, waits.code()), (409, "already_pending"));
}

#[actix_web::test]
async fn an_event_that_is_not_there_is_said_and_nothing_is_replayed() {
    let desk = Desk::open().await;
    let known = desk.receive(1, EventStatus::Processed).await;
    for dry_run in [true, false] {
        let body = json!({"events": [known, Uuid::nil()], "dry_run": dry_run});
        let answer = desk.post("/api/v1/events/replay", body).await;
        assert_eq!(answer.status, 404, "{answer:?}");
        assert!(
            format!("{answer:?}").contains(&Uuid::nil().to_string()),
            "{answer:?}"
        );
    }
    assert_eq!(desk.store.backlog().await.unwrap().pending, 0);
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
        json!({"filter": {}}),
        json!({"filter": {"stauts": "failed"}}),
        json!({"filter": {"status": "failed", "dry_run": true}}),
        json!({"filter": {"status": "processed"}, "endpoint": "shop"}),
        json!({"filter": {"status": "processed"}, "events": [Uuid::nil()]}),
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
