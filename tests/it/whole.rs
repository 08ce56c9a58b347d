//! The main job, end to end: a webhook in, a record with an owner out.

use serde_json::{Value, json};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::gateway::TestGateway;

fn endpoints(graph: &str) -> String {
    format!(
        r#"
[outbound]
allow = ["127.0.0.1"]

[[endpoint]]
name = "website"
source = "contact_form"
verify = "none"
region = "ES"

[[endpoint]]
name = "lead-ads"
source = "meta"
secrets = ["the-secret-of-the-app"]
settings = {{ verify_token = "a-verify-token", access_token = "a-page-token", api_base = "{graph}" }}

[[endpoint]]
name = "shop"
source = "shopify"
secrets = ["the-secret-of-the-shop"]
"#
    )
}

const FORM: &str =
    "name=Ana+Ruiz&email=ANA%40example.com&phone=612+345+678&country=ES&message=Hello&budget=900";
const LEADGEN: &str = r#"{"object":"page","entry":[{"id":"1","time":1795510000,"changes":[{"field":"leadgen",
    "value":{"leadgen_id":"555","page_id":"1","form_id":"7","created_time":1795510000}}]}]}"#;
const ORDER: &str = r##"{"id":820982911946154508,"name":"#1001","email":"ana@example.com",
    "created_at":"2026-11-24T08:59:00Z","updated_at":"2026-11-24T08:59:00Z","currency":"EUR","current_total_price":"54.10",
    "total_price":"54.10","financial_status":"paid","line_items":[{"id":1,"sku":"TEA","name":"Tea","quantity":2,"price":"27.05"}],
    "customer":{"id":7,"email":"ana@example.com","first_name":"Ana","last_name":"Ruiz"}}"##;

async fn start() -> (TestGateway, MockServer) {
    let graph = MockServer::start().await;
    let answer = json!({"id": "555", "created_time": "2026-11-24T08:46:40+0000", "form_id": "7", "field_data": [
        {"name": "full_name", "values": ["João Silva"]}, {"name": "email", "values": ["joao@example.com"]},
        {"name": "country", "values": ["PT"]}]});
    Mock::given(method("GET"))
        .and(path("/v23.0/555"))
        .and(header("authorization", "Bearer a-page-token"))
        .respond_with(ResponseTemplate::new(200).set_body_json(answer))
        .expect(1)
        .mount(&graph)
        .await;
    let gateway = TestGateway::start(&endpoints(&graph.uri())).await;
    for rep in ["ana", "rui", "boss"] {
        let rep = json!({"handle": rep, "name": rep}).to_string();
        gateway.api("POST", "/api/v1/reps", &rep).await;
    }
    let team =
        json!({"handle": "iberia", "name": "Iberia", "members": [{"rep": "ana"}, {"rep": "rui"}]});
    gateway
        .api("POST", "/api/v1/teams", &team.to_string())
        .await;
    let version = gateway.api("GET", "/api/v1/rules", "").await["version"].clone();
    let rules = json!({"version": version, "rules": [
        {"name": "Iberia", "when": {"field": "contact.address.country", "op": "in", "value": ["ES", "PT"]},
         "assign": {"team": "iberia", "strategy": "round_robin"}},
        {"name": "Everyone else", "assign": {"rep": "boss"}}]});
    gateway
        .api("PUT", "/api/v1/rules", &rules.to_string())
        .await;
    (gateway, graph)
}

async fn post_all(gateway: &TestGateway) -> Vec<Value> {
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let json = [("content-type", "application/json")];
    let shop = [
        ("content-type", "application/json"),
        ("x-shopify-topic", "orders/create"),
        ("x-shopify-webhook-id", "delivery-1"),
        ("x-shopify-shop-domain", "demo.myshopify.com"),
    ];
    let mut answers = Vec::new();
    for (endpoint, headers, body) in [
        ("website", form.as_slice(), FORM),
        ("lead-ads", json.as_slice(), LEADGEN),
        ("shop", shop.as_slice(), ORDER),
    ] {
        let answer = gateway.deliver(endpoint, headers, body).await;
        assert_eq!(answer.status, 200, "{endpoint}: {answer:?}");
        answers.push(answer.json());
    }
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_senders_become_contacts_leads_and_orders_with_an_owner() {
    let (gateway, graph) = start().await;
    let accepted = post_all(&gateway).await;
    assert!(
        accepted.iter().all(|answer| answer["status"] == "accepted"),
        "{accepted:?}"
    );
    gateway.drain().await;

    let contacts = gateway.items("contacts").await;
    assert_eq!(
        contacts.len(),
        2,
        "the form and the order are one person: {contacts:?}"
    );
    let ana = &gateway.items("contacts?email=ana@example.com").await[0];
    assert_eq!(ana["fields"]["phone"], "+34612345678");

    let leads = gateway.items("leads").await;
    assert_eq!(leads.len(), 2);
    let mut owners: Vec<&str> = leads
        .iter()
        .map(|lead| lead["fields"]["owner"].as_str().unwrap())
        .collect();
    owners.sort_unstable();
    assert_eq!(owners, ["ana", "rui"], "the turn goes round");
    for lead in &leads {
        let id = lead["id"].as_str().unwrap();
        let why = gateway
            .api("GET", &format!("/api/v1/leads/{id}/assignment"), "")
            .await;
        assert_eq!(
            (&why["owner"], &why["rule"]),
            (&lead["fields"]["owner"], &json!("Iberia"))
        );
        let record = gateway.api("GET", &format!("/api/v1/leads/{id}"), "").await;
        assert_eq!(
            record["provenance"]["owner"]["event"], why["event"],
            "{record}"
        );
    }

    let order = &gateway.items("orders").await[0];
    assert_eq!(order["fields"]["external_id"], "820982911946154508");
    assert_eq!(order["fields"]["total"], "54.10");
    assert_eq!(order["fields"]["contact"], ana["id"]);
    let id = order["id"].as_str().unwrap();
    let shown = gateway
        .api("GET", &format!("/api/v1/orders/{id}"), "")
        .await;
    let total = &shown["provenance"]["total"];
    assert_eq!(total["event"], accepted[2]["event"]);
    assert!(
        total["mapping"]
            .as_str()
            .unwrap()
            .starts_with("mappings/shopify.toml:"),
        "{total}"
    );
    graph.verify().await;
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_sent_again_changes_nothing() {
    let (gateway, _graph) = start().await;
    let first = post_all(&gateway).await;
    gateway.drain().await;
    let before = gateway.api("GET", "/api/v1/stats", "").await;
    let again = post_all(&gateway).await;
    for (first, again) in first.iter().zip(&again) {
        assert_eq!(
            again,
            &json!({"status": "duplicate", "event": first["event"]})
        );
    }
    gateway.drain().await;
    let after = gateway.api("GET", "/api/v1/stats", "").await;
    for name in [
        "events",
        "contacts",
        "leads",
        "orders",
        "decisions",
        "changes",
    ] {
        assert_eq!(before[name], after[name], "{name}");
    }
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_of_what_was_processed_changes_nothing() {
    let (gateway, _graph) = start().await;
    post_all(&gateway).await;
    gateway.drain().await;
    let before = gateway.api("GET", "/api/v1/stats", "").await;
    let filter = json!({"status": "processed", "dry_run": true}).to_string();
    let diff = gateway.api("POST", "/api/v1/events/replay", &filter).await;
    assert_eq!(
        (&diff["found"], &diff["changed"]),
        (&json!(3), &json!(0)),
        "{diff}"
    );
    let filter = json!({"status": "processed"}).to_string();
    let replayed = gateway.api("POST", "/api/v1/events/replay", &filter).await;
    assert_eq!(replayed, json!({"queued": 3, "found": 3}));
    gateway.drain().await;
    let after = gateway.api("GET", "/api/v1/stats", "").await;
    for name in ["contacts", "leads", "orders", "decisions", "changes"] {
        assert_eq!(before[name], after[name], "{name}");
    }
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_count_what_happened() {
    let (gateway, _graph) = start().await;
    post_all(&gateway).await;
    let forged = gateway
        .call(
            "POST",
            "/hooks/shop",
            "x-shopify-topic: orders/create\r\ncontent-type: application/json\r\n",
            ORDER,
        )
        .await;
    assert_eq!(forged.status, 401, "{forged:?}");
    gateway.drain().await;
    let metrics = gateway.call("GET", "/metrics", "", "").await.body;
    for name in [
        "frontdesk_events_total{endpoint=\"website\",outcome=\"accepted\"}",
        "frontdesk_refusals_total{endpoint=\"shop\",code=\"signature_missing\"}",
        "frontdesk_inbox_backlog",
    ] {
        assert!(metrics.contains(name), "{name}: {metrics}");
    }
    let refusals = gateway.items("refusals?endpoint=shop").await;
    assert_eq!(refusals[0]["code"], "signature_missing");
    gateway.stop().await;
}

/// What is wrong with an event is said as long as it is: a replay that finds nothing better says it again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_without_a_name_says_so_after_a_replay_too() {
    let gateway = TestGateway::start(&endpoints("https://graph.facebook.com")).await;
    let json = [("content-type", "application/json")];
    let answer = gateway.deliver("shop", &json, ORDER).await;
    assert_eq!(answer.status, 422, "{answer:?}");
    let events = gateway.items("events").await;
    let event = format!("/api/v1/events/{}", events[0]["id"].as_str().unwrap());
    let before = gateway.api("GET", &event, "").await;
    assert_eq!(before["violations"].as_array().unwrap().len(), 1);
    gateway.api("POST", &format!("{event}/replay"), "").await;
    gateway.drain().await;
    let after = gateway.api("GET", &event, "").await;
    for name in ["status", "code", "violations"] {
        assert_eq!(after[name], before[name], "{name}");
    }
    gateway.stop().await;
}
