//! The health of mappings and endpoints, as the API tells it.

use std::collections::BTreeMap;

use frontdesk::process::health::fold::Tally;
use frontdesk::process::health::keep::{MAPPING, RHYTHM};
use frontdesk::process::health::rhythm::Rhythm;
use frontdesk::process::health::watch::{Counts, PlaceCount, Subject};
use frontdesk::store::observation::Revision;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::api::desk::{Desk, noon};

/// A shop whose orders have an item that no formula reads, and a total that stopped.
fn tally() -> Tally {
    let subject = Subject {
        endpoint: "shop".to_owned(),
        source: "shopify".to_owned(),
        event: "orders/*".to_owned(),
    };
    let mut tally = Tally::new(&subject, noon());
    for hour in 1..=6 {
        let filled = if hour < 6 { 100 } else { 0 };
        let place = |filled, types| PlaceCount { filled, types };
        let counts = Counts {
            events: 100,
            samples: 100,
            places: BTreeMap::from([
                ("body.gift_wrap".to_owned(), place(100, 8)),
                (
                    "body.total_price".to_owned(),
                    place(filled, if hour < 6 { 8 } else { 1 }),
                ),
            ]),
            fields: BTreeMap::from([("order.total".to_owned(), filled)]),
        };
        tally = tally.fold(&counts, noon() + SignedDuration::from_hours(3 * hour));
    }
    tally
}

async fn keep(desk: &Desk, subject: &'static str, name: &str, document: Value) {
    let revision = Revision {
        subject,
        name: name.to_owned(),
        at: noon(),
        revise: Box::new(move |_| Some(document.clone())),
    };
    desk.store.revise(vec![revision]).await.unwrap();
}

#[actix_web::test]
async fn the_fit_of_mappings_is_listed() {
    let desk = Desk::open().await;
    assert_eq!(
        desk.get("/api/v1/health/mappings").await.body["items"],
        json!([])
    );
    keep(
        &desk,
        MAPPING,
        "shop/orders/*",
        serde_json::to_value(tally()).unwrap(),
    )
    .await;
    let items = desk.get("/api/v1/health/mappings?endpoint=shop").await.body["items"].clone();
    let found = &items[0];
    assert_eq!(found["mapping"], "mappings/shopify.toml");
    assert_eq!(
        (&found["events"], &found["learned"]),
        (&json!(600), &json!(true))
    );
    assert_eq!(
        found["unused"],
        json!([{"place": "body.gift_wrap", "share": 1.0, "types": ["string"]}])
    );
    assert_eq!(found["stopped"][0]["place"], "body.total_price");
    let total = &found["fields"][0];
    assert_eq!(
        (&total["field"], &total["usual"], &total["last"]),
        (&json!("order.total"), &json!(1.0), &json!(0.0))
    );
    assert!(
        total["fallen"].is_string() && total["line"].as_u64().unwrap() > 1,
        "{total}"
    );
    let other = desk.get("/api/v1/health/mappings?endpoint=other").await;
    assert_eq!(other.body["items"], json!([]));
    assert_eq!(
        desk.get("/api/v1/health/mappings?event=x").await.code(),
        "unknown_parameter"
    );
}

#[actix_web::test]
async fn the_rhythm_of_endpoints_is_listed() {
    let desk = Desk::open().await;
    let rhythm = Rhythm::new(noon()).look(noon() + SignedDuration::from_mins(10), 3, None);
    keep(&desk, RHYTHM, "shop", serde_json::to_value(rhythm).unwrap()).await;
    let items = desk.get("/api/v1/health/endpoints").await.body["items"].clone();
    assert_eq!(
        items,
        json!([{"endpoint": "shop", "events": 3, "first": "2026-11-24T12:00:00Z", "last": "2026-11-24T12:10:00Z",
            "per_week": 0.0, "missed": 0.0}])
    );
}
