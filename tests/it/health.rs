//! How well mappings fit what comes, and whether it comes: watched, told, and over when it is over.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use frontdesk::clock::Clock;
use frontdesk::config::{CatalogConfig, Endpoint, Outbound};
use frontdesk::model::dedupe::{DedupeClaim, DedupeKey};
use frontdesk::model::event::{Arrival, EventStatus, NewEvent, Verdict};
use frontdesk::model::id::new_id;
use frontdesk::model::request::{Headers, RawRequest};
use frontdesk::process::health::fold::Tally;
use frontdesk::process::health::keep::{Keeper, MAPPING};
use frontdesk::process::health::report::fit;
use frontdesk::process::health::uses::Uses;
use frontdesk::process::recipes::Recipes;
use frontdesk::process::worker::Processing;
use frontdesk::source::catalog::Catalog;
use frontdesk::store::{self, Store, StoreOptions, StoreRole};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::dry;
use crate::gateway::{self, TestGateway};

const ACME: &str = "
title = 'Acme'
help = 'none'
[delivery]
event = 'body.type'
[verify.bearer]
[let]
who = 'body.customer or body.buyer'
[[event]]
name = 'order'
schema = 'order'
[event.contact]
email = 'who.email | email'
[event.order]
external_id = 'body.id'
total = 'body.total | decimal'
[event.order.each.line_items]
from = 'body.lines'
sku = 'item.sku'
";

const SCHEMA: &str = r#"{"type": "object", "required": ["id"], "properties": {
    "id": {"type": ["string", "integer"]}, "total": {"type": "string"}}}"#;

/// Workers and a keeper over a throw-away store; the test says what time it is.
struct Desk {
    store: Arc<dyn Store>,
    processing: Arc<Processing>,
    keeper: Keeper,
    clock: Clock,
    posted: u32,
    _folder: TempDir,
}

impl Desk {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (file, text) in [
            ("mappings/acme.toml", ACME),
            ("schemas/acme/order.json", SCHEMA),
        ] {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let path = Some(folder.path().to_owned());
        let catalog = Arc::new(Catalog::load(&CatalogConfig { path }).unwrap());
        let store = store::open(StoreOptions {
            url: format!("sqlite:{}", folder.path().join("desk.db").display()),
            refusals: 10,
            role: StoreRole::Gateway,
        })
        .await
        .unwrap();
        let clock = Clock::fixed(dry::received_at());
        let mut shop = Endpoint::new("shop", "acme");
        shop.unverified = true;
        let recipes = Recipes::compile(catalog, &[shop]).unwrap();
        let processing = Processing::new(
            Arc::clone(&store),
            recipes,
            &Outbound::default(),
            clock.clone(),
        );
        let keeper = Keeper::open(Arc::clone(&store), Arc::clone(&processing))
            .await
            .unwrap();
        Desk {
            store,
            processing,
            keeper,
            clock,
            posted: 0,
            _folder: folder,
        }
    }

    fn pass(&self, time: SignedDuration) {
        let Clock::Fixed(ms) = &self.clock else {
            unreachable!("the test's clock is fixed");
        };
        ms.fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    }

    async fn post(&mut self, body: &Value, status: EventStatus) {
        self.posted += 1;
        let now = self.clock.now();
        let event = NewEvent {
            id: new_id(now),
            part: Some(0),
            event_type: "order".to_owned(),
            delivery_id: None,
            event_time: None,
            dedupe: DedupeClaim {
                key: DedupeKey::of([self.posted.to_be_bytes().as_slice()]),
                window: None,
            },
            status,
            reason: (status == EventStatus::Quarantined).then(|| "/id is missing".into()),
            violations: Vec::new(),
            code: None,
            notes: Vec::new(),
        };
        let request = RawRequest {
            id: new_id(now),
            received_at: now,
            ..dry::request(
                "shop",
                Headers::from([("content-type", "application/json")]),
                body.to_string().as_bytes(),
            )
        };
        let verdict = Verdict {
            scheme: "none".to_owned(),
            secret: None,
        };
        let arrival = Arrival {
            request,
            source: "acme".to_owned(),
            verdict,
            events: vec![event],
        };
        self.store.append(arrival).await.unwrap();
    }

    /// An hour with so many orders, processed and looked at.
    async fn hour(&mut self, orders: u32, order: impl Fn(u32) -> Value) {
        for n in 0..orders {
            self.post(&order(n), EventStatus::Pending).await;
        }
        self.processing.drain().await.unwrap();
        self.pass(SignedDuration::from_hours(1));
        self.keeper.look(self.clock.now()).await.unwrap();
    }

    async fn alarms(&self) -> BTreeMap<String, String> {
        let alarms = self.store.alarms().await.unwrap();
        alarms
            .into_iter()
            .map(|alarm| (alarm.key, alarm.message.into()))
            .collect()
    }

    async fn tally(&self) -> Tally {
        let mut found = self.store.observations(MAPPING.to_owned()).await.unwrap();
        assert_eq!(found.len(), 1);
        serde_json::from_value(found.remove(0).document).unwrap()
    }

    async fn close(self) {
        self.store.close().await;
    }
}

fn good(n: u32) -> Value {
    json!({"type": "order", "id": n, "total": "10.00", "note": "hi", "customer": {"email": format!("c{n}@b.example"), "vip": true},
        "lines": [{"sku": "x", "colour": "red"}]})
}

fn renamed(n: u32) -> Value {
    json!({"type": "order", "id": n, "total": "10.00", "client": {"mail": format!("c{n}@b.example")}, "lines": []})
}

#[tokio::test]
async fn a_renamed_field_is_an_alarm_until_it_is_back() {
    let mut desk = Desk::open().await;
    for _ in 0..7 {
        desk.hour(60, good).await;
    }
    assert_eq!(desk.alarms().await, BTreeMap::new());
    for _ in 0..4 {
        desk.hour(60, renamed).await;
    }
    let alarms = desk.alarms().await;
    let message = &alarms["mapping/shop/order"];
    for part in [
        "contact.email",
        "100 % before",
        "mappings/acme.toml:13",
        "health/mappings",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert!(!message.contains("order.total"), "{message}");

    let tally = desk.tally().await;
    let recipes = desk.processing.recipes().current();
    let fit = fit(&tally, recipes.source("acme").unwrap());
    let unused: Vec<_> = fit
        .unused
        .iter()
        .map(|unused| unused.place.as_str())
        .collect();
    for place in [
        "body.client.mail",
        "body.note",
        "body.customer.vip",
        "body.lines.colour",
    ] {
        assert!(unused.contains(&place), "{place}: {unused:?}");
    }
    assert!(
        !unused.contains(&"body.id") && !unused.contains(&"body.lines.sku"),
        "{unused:?}"
    );
    let stopped: Vec<_> = fit
        .stopped
        .iter()
        .map(|stopped| stopped.place.as_str())
        .collect();
    assert!(stopped.contains(&"body.customer.email"), "{stopped:?}");
    assert_eq!(fit.never, ["body.buyer.email"]);
    let email = fit
        .fields
        .iter()
        .find(|field| field.field == "contact.email")
        .unwrap();
    assert!(
        email.fallen.is_some() && email.usual == 1.0 && email.last == 0.0,
        "{email:?}"
    );

    for _ in 0..6 {
        desk.hour(60, good).await;
    }
    assert_eq!(desk.alarms().await, BTreeMap::new());
    desk.close().await;
}

#[tokio::test]
async fn another_type_is_listed_beside_what_the_schema_allows() {
    let mut desk = Desk::open().await;
    for _ in 0..8 {
        desk.hour(60, good).await;
    }
    let mut priced = good(1);
    priced["total"] = json!("ten");
    priced["customer"]["email"] = json!(["a@b.example"]);
    desk.hour(60, |_| priced.clone()).await;
    let tally = desk.tally().await;
    let recipes = desk.processing.recipes().current();
    let found = fit(&tally, recipes.source("acme").unwrap());
    let retyped: Vec<_> = found
        .retyped
        .iter()
        .map(|(place, _)| place.as_str())
        .collect();
    assert_eq!(retyped, ["body.customer.email"]);
    assert_eq!(found.against_schema, []);
    desk.close().await;
}

/// The same over the wire: a shop renames a field, the running gateway tells it in its API.
#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_field_is_told_by_a_running_gateway() {
    let gateway = TestGateway::start(
        "[[endpoint]]\nname = \"shop\"\nsource = \"shopify\"\nsecrets = [\"the-secret-of-the-shop\"]\n",
    )
    .await;
    let store = Arc::clone(&gateway.running.store);
    let processing = Arc::clone(&gateway.running.processing);
    // The gateway's own keeper looks by the wall's clock; this one by the test's.
    let mut keeper = Keeper::open(store, processing).await.unwrap();
    let start = gateway::now();
    for hour in 1..=11 {
        let name = if hour <= 7 { "email" } else { "mail" };
        for n in 0..60 {
            let id = format!("{hour}-{n}");
            let headers = [
                ("content-type", "application/json"),
                ("x-shopify-topic", "customers/update"),
                ("x-shopify-webhook-id", id.as_str()),
            ];
            let body = json!({"id": n, name: format!("c{n}@b.example"), "first_name": "Ana"});
            let answer = gateway.deliver("shop", &headers, &body.to_string()).await;
            assert_eq!(answer.status, 200, "{answer:?}");
        }
        gateway.drain().await;
        let now = start + SignedDuration::from_hours(hour);
        gateway.set_clock(&now.to_string()).await;
        keeper.look(now).await.unwrap();
    }
    let alarms = gateway.items("alarms").await;
    let told = alarms
        .iter()
        .filter_map(|alarm| alarm["message"].as_str())
        .any(|message| {
            message.contains("contact.email") && message.contains("mappings/shopify.toml")
        });
    assert!(told, "{alarms:?}");
    let fit = gateway.items("health/mappings").await;
    let unused = fit[0]["unused"].as_array().unwrap();
    let is_mail = |unused: &Value| unused["place"] == "body.mail";
    assert!(unused.iter().any(is_mail), "{fit:?}");
    gateway.stop().await;
}

/// A schema that is told of afterwards shows what came against it.
#[test]
fn types_are_held_against_the_schema() {
    let catalog = dry::catalog();
    let shopify = catalog.get("shopify").unwrap();
    let uses = Uses::of(shopify, "orders/*");
    for place in [
        "body.line_items.sku",
        "body.customer.default_address.zip",
        "body.refunds.transactions.amount",
    ] {
        assert!(uses.reads(place), "{place}");
    }
    for place in [
        "body.line_items.grams",
        "body.browser_ip",
        "body.client_details.user_agent",
    ] {
        assert!(!uses.reads(place), "{place}");
    }
    assert!(uses.fields["order.total"].line > 0);
    assert!(
        uses.fields["order.total"]
            .places
            .contains("body.total_price")
    );
}

/// Every built-in mapping is understood by the analysis: each field of each event reads something.
#[test]
fn every_mapping_tells_what_it_reads() {
    for source in dry::catalog().sources() {
        for event in source.events.iter().filter(|event| !event.ignore) {
            let uses = Uses::of(source, &event.name);
            assert!(!uses.fields.is_empty(), "{} {}", source.name, event.name);
            assert!(!uses.places.is_empty(), "{} {}", source.name, event.name);
        }
    }
}

#[tokio::test]
async fn events_that_are_not_understood_are_an_alarm() {
    let mut desk = Desk::open().await;
    desk.hour(1, good).await;
    for _ in 0..2 {
        for _ in 0..5 {
            desk.post(&json!({"type": "order"}), EventStatus::Quarantined)
                .await;
        }
        desk.hour(0, good).await;
    }
    desk.hour(0, good).await;
    let alarms = desk.alarms().await;
    let message = &alarms["quarantine/shop/order"];
    assert!(
        message.contains("/id is missing") && message.contains("--endpoint shop"),
        "{message}"
    );
    // Another keeper, after a restart, goes on with what stands.
    desk.keeper = Keeper::open(Arc::clone(&desk.store), Arc::clone(&desk.processing))
        .await
        .unwrap();
    for _ in 0..3 {
        desk.hour(30, good).await;
    }
    desk.hour(0, good).await;
    assert_eq!(desk.alarms().await, BTreeMap::new());
    desk.close().await;
}

/// Five orders an hour for weeks, then none: that is told, and the next order ends it.
#[tokio::test]
async fn silence_against_the_habit_is_an_alarm() {
    let mut desk = Desk::open().await;
    let quarter = SignedDuration::from_mins(15);
    let mut quarters = 0;
    for _ in 0..4 * 24 * 16 {
        quarters += 1;
        if quarters % 3 == 0 {
            desk.post(&good(quarters), EventStatus::Ignored).await;
        }
        desk.pass(quarter);
        desk.keeper.look(desk.clock.now()).await.unwrap();
    }
    assert_eq!(desk.alarms().await, BTreeMap::new());
    let mut silent = 0;
    while desk.alarms().await.is_empty() {
        silent += 1;
        assert!(silent < 4 * 24, "a day of silence is told");
        desk.pass(quarter);
        desk.keeper.look(desk.clock.now()).await.unwrap();
    }
    assert!(silent > 4 * 4, "after {silent} quarters of an hour");
    let message = &desk.alarms().await["silence/shop"];
    assert!(
        message.contains("The next event ends this alarm"),
        "{message}"
    );
    desk.post(&good(1), EventStatus::Ignored).await;
    for _ in 0..2 {
        desk.pass(quarter);
        desk.keeper.look(desk.clock.now()).await.unwrap();
    }
    assert_eq!(desk.alarms().await, BTreeMap::new());
    desk.close().await;
}

/// What is not configured any more is forgotten, and its alarms with it.
#[tokio::test]
async fn what_is_gone_is_forgotten() {
    let mut desk = Desk::open().await;
    for _ in 0..7 {
        desk.hour(60, good).await;
    }
    for _ in 0..4 {
        desk.hour(60, renamed).await;
    }
    assert_eq!(desk.alarms().await.len(), 1);
    let none = Recipes::compile(dry::catalog(), &[]).unwrap();
    desk.processing.recipes().replace(none);
    desk.pass(SignedDuration::from_hours(2));
    desk.keeper.look(desk.clock.now()).await.unwrap();
    assert_eq!(desk.alarms().await, BTreeMap::new());
    assert_eq!(
        desk.store.observations(MAPPING.to_owned()).await.unwrap(),
        []
    );
    desk.close().await;
}
