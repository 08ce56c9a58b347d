//! Lists, pages and single records.

use std::collections::BTreeSet;

use frontdesk::model::event::{EventStatus, PutOff, Refusal};
use frontdesk::model::field::Kind;
use frontdesk::model::id::new_id;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::api::desk::{Desk, noon};

fn ids(body: &Value) -> Vec<String> {
    let items = body["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

#[actix_web::test]
async fn pages_hold_still_while_records_arrive() {
    let desk = Desk::open().await;
    for n in 0..7 {
        let fields = json!({"external_id": format!("L{n}"), "status": "new"});
        desk.record(n, Kind::Lead, fields).await;
    }
    let all = ids(&desk.get("/api/v1/leads?limit=200").await.body);
    assert_eq!(all.len(), 7);
    let mut seen = Vec::new();
    let mut path = "/api/v1/leads?limit=3".to_owned();
    let mut late = 100;
    loop {
        let page = desk.get(&path).await;
        assert_eq!(page.status, 200, "{page:?}");
        seen.extend(ids(&page.body));
        let Some(next) = page.body["next"].as_str() else {
            assert!(page.body["next"].is_null());
            break;
        };
        path = format!("/api/v1/leads?limit=3&cursor={next}");
        desk.record(late, Kind::Lead, json!({"external_id": format!("L{late}")}))
            .await;
        late += 1;
    }
    assert_eq!(
        seen, all,
        "newest first, each once, the late ones on no page"
    );
}

#[actix_web::test]
async fn filters_narrow_and_mistakes_are_named() {
    let desk = Desk::open().await;
    let (new, _) = desk
        .record(
            1,
            Kind::Lead,
            json!({"status": "new", "external_id": "Quote-7"}),
        )
        .await;
    let (won, _) = desk
        .record(
            2,
            Kind::Lead,
            json!({"status": "converted", "owner": "ana"}),
        )
        .await;
    for (query, expected) in [
        ("", vec![won, new]),
        ("?status=new", vec![new]),
        ("?owner=ana", vec![won]),
        ("?owner=nobody", vec![]),
        ("?since=2026-11-24T12:00:02Z", vec![won]),
        ("?since=2026-11-24T12:00:00Z", vec![new, won]),
        ("?since=2026-11-24", vec![new, won]),
        ("?since=2026-11-25", vec![]),
        ("?q=quo", vec![new]),
    ] {
        let answer = desk.get(&format!("/api/v1/leads{query}")).await;
        let expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
        assert_eq!(ids(&answer.body), expected, "{query}");
    }
    for (query, code, word) in [
        ("?limit=201", "invalid_parameter", "200"),
        ("?limit=-1", "invalid_parameter", "200"),
        ("?colour=red", "unknown_parameter", "colour"),
        ("?status=nwe", "invalid_parameter", "converted"),
        ("?since=monday", "invalid_parameter", "monday"),
        (
            "?since=2026-11-24T12:00:00",
            "invalid_parameter",
            "12:00:00",
        ),
        ("?email=", "invalid_parameter", "email is blank"),
        ("?q=%20", "invalid_parameter", "q is blank"),
        ("?status=", "invalid_parameter", "status is blank"),
        ("?limit=1&owner=", "invalid_parameter", "owner is blank"),
        ("?cursor=%F0%9F%8D%95", "invalid_cursor", "cursor"),
    ] {
        let answer = desk.get(&format!("/api/v1/leads{query}")).await;
        assert_eq!(
            (answer.status, answer.code()),
            (400, code),
            "{query}: {answer:?}"
        );
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(detail.contains(word), "{query}: {detail}");
    }
}

#[actix_web::test]
async fn a_cursor_goes_on_in_its_own_list_only() {
    let desk = Desk::open().await;
    for n in 0..4 {
        let fields = json!({"external_id": format!("L{n}"), "status": "new"});
        desk.record(n, Kind::Lead, fields).await;
    }
    let first = desk.get("/api/v1/leads?status=new&limit=2").await.body;
    let next = first["next"].as_str().unwrap();
    let goes_on = format!("/api/v1/leads?status=new&limit=1&cursor={next}");
    assert_eq!(ids(&desk.get(&goes_on).await.body).len(), 1);
    for list in [
        "leads",
        "leads?status=lost",
        "leads?q=new",
        "events",
        "contacts?",
        "changes",
    ] {
        let (list, query) = list.split_once('?').unwrap_or((list, ""));
        let path = format!("/api/v1/{list}?{query}&cursor={next}");
        let answer = desk.get(&path).await;
        assert_eq!(
            (answer.status, answer.code()),
            (400, "invalid_cursor"),
            "{path}"
        );
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(detail.contains("with these filters"), "{path}: {detail}");
    }
}

#[actix_web::test]
async fn a_record_explains_itself() {
    let desk = Desk::open().await;
    let (id, event) = desk
        .record(
            1,
            Kind::Contact,
            json!({"email": "ana@example.com", "full_name": "Ana"}),
        )
        .await;
    let answer = desk.get(&format!("/api/v1/contacts/{id}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let record = answer.body;
    assert_eq!(record["id"], id.to_string());
    assert_eq!(record["kind"], "contact");
    assert_eq!(record["fields"]["email"], "ana@example.com");
    assert_eq!(record["created_at"], "2026-11-24T12:00:01Z");
    let email = &record["provenance"]["email"];
    assert_eq!(email["event"], event.to_string());
    assert_eq!(email["mapping"], "mappings/shopify.toml:31");
    let explained = record["provenance"].as_object().unwrap();
    let explained: Vec<&String> = explained.keys().collect();
    assert_eq!(explained, ["email", "full_name"], "fields and nothing else");
    assert_eq!(record["last_event"]["event"], event.to_string());
    assert_eq!(record["last_event"]["source"], "shopify");
    let timeline = record["timeline"].as_array().unwrap();
    assert_eq!(timeline.len(), 1);
    assert_eq!(timeline[0]["what"], json!(["created"]));
    assert_eq!(timeline[0]["event"], event.to_string());
    let as_lead = desk.get(&format!("/api/v1/leads/{id}")).await;
    assert_eq!(as_lead.status, 404, "a contact is not a lead");
}

#[actix_web::test]
async fn an_event_shows_its_request_without_secrets() {
    let desk = Desk::open().await;
    let (record, event) = desk.record(1, Kind::Order, json!({"number": "#1"})).await;
    let answer = desk.get(&format!("/api/v1/events/{event}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let shown = answer.body;
    assert_eq!(shown["status"], "processed");
    assert_eq!(shown["type"], "orders/create");
    assert_eq!(shown["delivery_id"], "delivery-1");
    assert_eq!(shown["verdict"], json!({"scheme": "hmac", "secret": 0}));
    assert_eq!(shown["request"]["body"], "{\"n\":1}");
    assert_eq!(shown["request"]["query"], "token=***&page=1");
    assert_eq!(
        shown["request"]["headers"]["x-shopify-hmac-sha256"],
        json!(["***"])
    );
    assert_eq!(shown["request"]["headers"]["authorization"], json!(["***"]));
    assert_eq!(
        shown["request"]["headers"]["content-type"],
        json!(["application/json"])
    );
    assert_eq!(shown["records"][0]["kind"], "order");
    assert_eq!(
        shown["records"][0]["url"],
        format!("/api/v1/orders/{record}")
    );
    for (query, count) in [
        ("status=processed", 1),
        ("status=failed", 0),
        ("endpoint=shop", 1),
        ("endpoint=other", 0),
        ("type=orders/create", 1),
        ("q=delivery-1", 1),
        ("q=delivery-2", 0),
    ] {
        let answer = desk.get(&format!("/api/v1/events?{query}")).await;
        assert_eq!(ids(&answer.body).len(), count, "{query}: {answer:?}");
    }
}

/// From receipt to the end, unless the event came again: what lay between was nobody's work.
#[actix_web::test]
async fn an_event_tells_how_long_it_took() {
    let desk = Desk::open().await;
    let [plain, put_off] = [
        desk.receive(1, EventStatus::Pending).await,
        desk.receive(2, EventStatus::Pending).await,
    ];
    let at = |second| noon() + SignedDuration::from_secs(second);
    let end = async |event, second| {
        let ended = EventStatus::Processed;
        let concluded = desk.store.conclude(event, ended, "".into(), at(second));
        concluded.await.unwrap();
        let path = format!("/api/v1/events/{event}");
        desk.get(&path).await.body["took_ms"].clone()
    };
    desk.store.claim(10, at(3)).await.unwrap();
    assert_eq!(end(plain, 6).await, 5_000);
    let answer = desk
        .post(&format!("/api/v1/events/{plain}/replay"), Value::Null)
        .await;
    assert_eq!(answer.status, 202, "{answer:?}");
    desk.store.claim(10, at(900)).await.unwrap();
    assert_eq!(end(plain, 901).await, Value::Null);
    let how = PutOff::Tried;
    let off = desk.store.put_off(put_off, at(600), how, "later".into());
    off.await.unwrap();
    desk.store.claim(10, at(902)).await.unwrap();
    assert_eq!(end(put_off, 903).await, Value::Null);
}

#[actix_web::test]
async fn a_lead_tells_why_it_has_its_owner() {
    let desk = Desk::open().await;
    let (lead, event) = desk.record(1, Kind::Lead, json!({"owner": "ana"})).await;
    let answer = desk.get(&format!("/api/v1/leads/{lead}/assignment")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.body["owner"], "ana");
    assert_eq!(answer.body["rule"], "Spain");
    assert_eq!(answer.body["rule_set_version"], 1);
    assert_eq!(answer.body["event"], event.to_string());
    assert!(answer.body["reason"].as_str().unwrap().contains("Spain"));
    assert!(answer.body["trace"].is_object());
}

#[actix_web::test]
async fn every_list_has_items_and_next() {
    let desk = Desk::open().await;
    desk.receive(1, EventStatus::Quarantined).await;
    desk.store
        .refuse(Refusal {
            id: new_id(noon()),
            endpoint: "shop".to_owned(),
            at: noon(),
            peer: "203.0.113.9".to_owned(),
            code: "signature_mismatch".to_owned(),
            detail: "no secret fits".into(),
            diagnosis: Vec::new(),
            headers: vec![("x-shopify-hmac-sha256".to_owned(), "***".to_owned())],
            body: b"{}".to_vec(),
        })
        .await
        .unwrap();
    let mut filled = BTreeSet::new();
    for list in [
        "contacts",
        "leads",
        "orders",
        "tickets",
        "events",
        "deliveries",
        "refusals",
        "changes",
        "reviews",
        "alarms",
        "reps",
        "teams",
    ] {
        let answer = desk.get(&format!("/api/v1/{list}")).await;
        assert_eq!(answer.status, 200, "{list}: {answer:?}");
        assert!(answer.body.get("next").is_some(), "{list}: {answer:?}");
        if !answer.body["items"].as_array().unwrap().is_empty() {
            filled.insert(list);
        }
    }
    assert_eq!(filled, BTreeSet::from(["events", "refusals"]));
    let stats = desk.get("/api/v1/stats").await.body;
    assert_eq!(
        (&stats["events"], &stats["backlog"]),
        (&json!(1), &json!(0))
    );
}

#[actix_web::test]
async fn the_change_feed_can_be_followed() {
    let desk = Desk::open().await;
    desk.record(1, Kind::Contact, json!({"email": "a@example.com"}))
        .await;
    let first = desk.get("/api/v1/changes").await.body;
    assert_eq!(
        first["items"][0]["fields"],
        json!({"email": "a@example.com"})
    );
    let next = first["next"].as_str().unwrap().to_owned();
    desk.record(2, Kind::Contact, json!({"email": "b@example.com"}))
        .await;
    let then = desk
        .get(&format!("/api/v1/changes?cursor={next}"))
        .await
        .body;
    assert_eq!(ids(&then).len(), 1);
    assert_eq!(then["items"][0]["fields"]["email"], "b@example.com");
}
