//! Releases of what the spam gate holds, and refusals with their diagnosis.

use frontdesk::model::event::{Note, Refusal, SPAM};
use frontdesk::model::id::new_id;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::api::desk::{Desk, noon};

#[actix_web::test]
async fn one_event_is_released() {
    let desk = Desk::open().await;
    let held = desk.hold(1, SPAM).await;
    let other = desk.hold(2, "schema_violation").await;
    let path = |event: Uuid, verb: &str| format!("/api/v1/events/{event}/{verb}");
    let refused = desk.post(&path(held, "replay"), Value::Null).await;
    assert_eq!((refused.status, refused.code()), (409, "held_as_spam"));
    let refused = desk.post(&path(other, "release"), Value::Null).await;
    assert_eq!((refused.status, refused.code()), (409, "not_held"));
    let answer = desk.post(&path(held, "release"), Value::Null).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    assert_eq!(answer.body, json!({"event": held, "status": "pending"}));
    let again = desk.post(&path(held, "release"), Value::Null).await;
    assert_eq!((again.status, again.code()), (409, "not_held"));
    assert_eq!(desk.store.backlog().await.unwrap().pending, 1);
}

#[actix_web::test]
async fn many_are_released_page_by_page() {
    let desk = Desk::open().await;
    let mut held = Vec::new();
    for n in 0..450 {
        match n % 3 {
            0 => drop(desk.hold(n, "schema_violation").await),
            _ => held.push(desk.hold(n, SPAM).await),
        }
    }
    let path = "/api/v1/events/release";
    let some = desk
        .post(path, json!({"events": [held[0], Uuid::nil()]}))
        .await;
    assert_eq!(
        (some.status, some.body),
        (202, json!({"released": 1, "found": 2}))
    );
    let since = json!({"since": "2026-11-24T12:05:00Z"});
    assert_eq!(
        desk.post(path, since).await.body,
        json!({"released": 100, "found": 100})
    );
    let rest = desk.post(path, json!({"endpoint": "shop"})).await;
    assert_eq!(rest.body, json!({"released": 199, "found": 199}));
    let none = desk.post(path, json!({"endpoint": "shop"})).await;
    assert_eq!(none.body, json!({"released": 0, "found": 0}));
    assert_eq!(desk.store.backlog().await.unwrap().pending, 300);
    for body in [
        json!({}),
        json!({"events": [Uuid::nil()], "endpoint": "shop"}),
    ] {
        let answer = desk.post(path, body.clone()).await;
        assert_eq!((answer.status, answer.code()), (422, "invalid"), "{body}");
    }
}

#[actix_web::test]
async fn a_replay_passes_over_what_is_held() {
    let desk = Desk::open().await;
    desk.hold(1, SPAM).await;
    desk.hold(2, "mapping_failed").await;
    let path = "/api/v1/events/replay";
    let wrong = desk.post(path, json!({"code": "spam"})).await;
    assert_eq!((wrong.status, wrong.code()), (422, "invalid"));
    let dry = desk
        .post(path, json!({"status": "quarantined", "dry_run": true}))
        .await;
    assert_eq!(dry.body["found"], 1, "{dry:?}");
    let all = desk.post(path, json!({"status": "quarantined"})).await;
    assert_eq!(all.body, json!({"queued": 1, "found": 1}));
    let listed = desk.get("/api/v1/events?code=spam").await.body;
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(
        listed["items"][0]["notes"][0],
        json!({"name": "links", "score": 25, "message": "3 links"})
    );
}

#[actix_web::test]
async fn a_refusal_says_what_most_likely_was_the_matter() {
    let desk = Desk::open().await;
    let id = new_id(noon());
    let refusal = Refusal {
        id,
        endpoint: "shop".to_owned(),
        at: noon(),
        peer: "203.0.113.9".to_owned(),
        code: "signature_mismatch".to_owned(),
        detail: "no secret fits".into(),
        diagnosis: vec![Note::new("body_changed", "written anew")],
        headers: Vec::new(),
        body: Vec::new(),
    };
    desk.store.refuse(refusal).await.unwrap();
    let shown = desk.get(&format!("/api/v1/refusals/{id}")).await;
    assert_eq!(shown.status, 200, "{shown:?}");
    assert_eq!(
        shown.body["diagnosis"],
        json!([{"name": "body_changed", "message": "written anew"}])
    );
    assert_eq!(
        desk.get("/api/v1/refusals").await.body["items"][0],
        shown.body
    );
}
