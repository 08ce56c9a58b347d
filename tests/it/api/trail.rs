//! What programs change stands in the log under their token's name, and a rep's token touches the rep's leads only.

use actix_web::http::Method;
use frontdesk::model::event::{EventStatus, SPAM};
use frontdesk::model::field::Kind;
use frontdesk::model::page::PageRequest;
use frontdesk::store::users::AuditFilter;
use serde_json::{Value, json};

use crate::api::desk::{ADMIN, CALLER, Desk};

/// The log, oldest first: `who what subject`, with what stands there now.
async fn log(desk: &Desk) -> Vec<(String, Option<Value>)> {
    let page = PageRequest {
        limit: 50,
        cursor: None,
    };
    let found = desk.store.audit(AuditFilter::default(), page).await;
    let lines: Vec<_> = found.unwrap().items.into_iter().rev().collect();
    let called = lines.iter().all(|line| line.peer == CALLER.to_string());
    assert!(called, "not the proxy's address: {lines:?}");
    let lines = lines.into_iter();
    lines
        .map(|it| (format!("{} {} {}", it.who, it.what, it.subject), it.after))
        .collect()
}

#[actix_web::test]
async fn changes_of_the_desk_are_in_the_log() {
    let desk = Desk::open().await;
    let rep = |name: &str| json!({"handle": "ana", "name": name});
    desk.post("/api/v1/reps", rep("Ana")).await;
    desk.put("/api/v1/reps/ana", rep("Ana Ruiz")).await;
    let team = json!({"handle": "iberia", "name": "Iberia", "members": [{"rep": "ana"}]});
    desk.post("/api/v1/teams", team).await;
    let rules = json!({"version": 0, "rules": [{"name": "All", "assign": {"rep": "ana"}}]});
    desk.put("/api/v1/rules/draft", rules).await;
    let note = json!({"note": "a beginning"});
    desk.post("/api/v1/rules/publish", note).await;
    desk.post("/api/v1/rules/rollback", json!({"to": 1})).await;
    let held = desk.call(ADMIN, Method::DELETE, "/api/v1/reps/ana", "");
    assert_eq!(held.await.status, 409, "what changes nothing is not logged");
    let gone = desk.call(ADMIN, Method::DELETE, "/api/v1/teams/iberia", "");
    assert_eq!(gone.await.status, 204);
    let found = log(&desk).await;
    let (lines, after): (Vec<String>, Vec<Option<Value>>) = found.into_iter().unzip();
    assert_eq!(
        lines,
        [
            "admin rep.added rep/ana",
            "admin rep.changed rep/ana",
            "admin team.added team/iberia",
            "admin rules.drafted rules/draft",
            "admin rules.published rules/1",
            "admin rules.rolled-back rules/2",
            "admin team.removed team/iberia",
        ]
    );
    assert_eq!(after[1].as_ref().unwrap()["name"], "Ana Ruiz");
    assert_eq!(after[4], Some(json!({"version": 1, "note": "a beginning"})));
    assert_eq!(after[6], None);
}

#[actix_web::test]
async fn a_rep_writes_notes_beside_their_own_leads() {
    let desk = Desk::open().await;
    let lead = async |n, owner: &str| {
        let fields = json!({"owner": owner, "status": "assigned"});
        desk.record(n, Kind::Lead, fields).await.0
    };
    let (own, other) = (lead(1, "rep").await, lead(2, "ana").await);
    let contact = desk.record(3, Kind::Contact, json!({"owner": "rep"})).await;
    let note = |path: String| {
        let desk = &desk;
        let body = json!({"text": "Called back"}).to_string();
        async move { desk.call("fd_rep", Method::POST, &path, &body).await }
    };
    let written = note(format!("/api/v1/leads/{own}/notes")).await;
    assert_eq!(written.status, 201, "{written:?}");
    let refused = note(format!("/api/v1/leads/{other}/notes")).await;
    assert_eq!((refused.status, refused.code()), (409, "not_yours"));
    let refused = note(format!("/api/v1/contacts/{}/notes", contact.0)).await;
    assert_eq!((refused.status, refused.code()), (403, "role_denied"));
    let notes = desk.get(&format!("/api/v1/leads/{own}/notes")).await;
    assert_eq!(notes.body["items"][0]["who"], "rep");
}

#[actix_web::test]
async fn who_opens_replays_and_lets_in_is_in_the_log() {
    let desk = Desk::open().await;
    let event = desk.receive(1, EventStatus::Ignored).await;
    let spam = desk.hold(2, SPAM).await;
    let path = format!("/api/v1/events/{event}");
    let opened = desk.call("fd_viewer", Method::GET, &path, "").await;
    assert_eq!(opened.status, 200);
    desk.post(&format!("{path}/replay"), json!({})).await;
    desk.post(&format!("/api/v1/events/{spam}/release"), json!({}))
        .await;
    desk.receive(3, EventStatus::Ignored).await;
    let ignored = json!({"status": "ignored"});
    // The second time there is none left: nothing is done, and nothing said of it.
    for _ in 0..2 {
        desk.post("/api/v1/events/replay", ignored.clone()).await;
    }
    let lines = log(&desk).await;
    let (lines, after): (Vec<String>, Vec<Option<Value>>) = lines.into_iter().unzip();
    assert_eq!(
        lines,
        [
            format!("viewer event.opened event/{event}"),
            format!("admin event.replayed event/{event}"),
            format!("admin event.released event/{spam}"),
            "admin event.replayed inbox".to_owned(),
        ]
    );
    assert_eq!(after[3].as_ref().unwrap()["events"], 1);
    assert_eq!(after[3].as_ref().unwrap()["filter"], "status=ignored");
}
