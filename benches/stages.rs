//! What each stage of processing costs, for a lead of 400 bytes and an order of 5 kB, what they cost together, and what the
//! catalog costs at start: `cargo bench --bench stages`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot be set up has nothing to measure"
)]

#[path = "load/bodies.rs"]
#[expect(dead_code, reason = "only the bodies are used here")]
mod bodies;

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use frontdesk::config::{CatalogConfig, Endpoint, SecretString};
use frontdesk::expr::payload::of_json;
use frontdesk::ingest::sign::{Unsigned, sign};
use frontdesk::ingest::verify::Verifier;
use frontdesk::model::desk::Desk;
use frontdesk::model::event::{Claimed, Event, EventStatus, Verdict};
use frontdesk::model::id::new_id;
use frontdesk::model::request::{Headers, RawRequest};
use frontdesk::payload;
use frontdesk::process::health::observe::observe;
use frontdesk::process::map::map;
use frontdesk::process::plan::{Context, Planned, plan};
use frontdesk::process::recipe::Recipe;
use frontdesk::process::understand::{Understood, open, understand};
use frontdesk::source::catalog::Catalog;
use frontdesk::source::envelope;
use frontdesk::source::settings::Settings;
use frontdesk::store::HeldOwned;
use frontdesk::store::desk::Ties;
use jiff::Timestamp;

/// As in the gateway itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct Subject {
    name: &'static str,
    recipe: Recipe,
    claimed: Claimed,
}

fn subject(name: &'static str, source: &str, headers: Headers, body: String) -> Subject {
    let catalog = Catalog::load(&CatalogConfig::default()).unwrap();
    let recipe = Recipe::of_source(catalog.get(source).unwrap(), Some("ES")).unwrap();
    let at: Timestamp = "2026-11-24T08:00:00Z".parse().unwrap();
    let request = RawRequest {
        id: new_id(at),
        endpoint: name.to_owned(),
        method: "POST".to_owned(),
        query: String::new(),
        headers,
        body: body.into_bytes(),
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        received_at: at,
    };
    let event = Event {
        id: new_id(at),
        request: request.id,
        part: Some(0),
        endpoint: name.to_owned(),
        source: source.to_owned(),
        event_type: "lead.created".to_owned(),
        delivery_id: Some("msg_1".to_owned()),
        event_time: Some(at),
        received_at: at,
        status: EventStatus::Pending,
        reason: None,
        violations: Vec::new(),
        code: None,
        notes: Vec::new(),
        attempts: 0,
        processed_at: None,
        came_again: false,
        verdict: Verdict {
            scheme: "hmac".to_owned(),
            secret: Some(0),
        },
    };
    let claimed = Claimed {
        event,
        raw: Some(request),
        fetched: None,
    };
    Subject {
        name,
        recipe,
        claimed,
    }
}

fn subjects() -> [Subject; 2] {
    let json = ("content-type", "application/json");
    let lead = Headers::from([json, ("webhook-id", "msg_1"), ("webhook-timestamp", "1")]);
    let order = Headers::from([
        json,
        ("x-shopify-topic", "orders/create"),
        (
            "x-shopify-webhook-id",
            "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        ),
        ("x-shopify-shop-domain", "tea.myshopify.com"),
        ("x-shopify-triggered-at", "2026-11-24T08:00:00Z"),
    ]);
    [
        subject("lead", "standard_webhooks", lead, bodies::lead_body(7)),
        subject("order", "shopify", order, bodies::order_body(7)),
    ]
}

fn stages(criterion: &mut Criterion) {
    for Subject {
        name,
        recipe,
        claimed,
    } in subjects()
    {
        let request = claimed.raw.clone().unwrap();
        let content_type = request.headers.get("content-type");
        let body = Arc::new(payload::parse(&recipe.formats, content_type, &request.body).unwrap());
        let names = envelope::names(
            &request,
            Arc::clone(&body),
            recipe.region.as_deref(),
            &recipe.tables,
        );
        let part = recipe.envelope.open(&names).unwrap().remove(0);
        let spec = &recipe.events[part.spec.unwrap()];
        let context = Context {
            now: request.received_at,
            rules: Arc::default(),
        };
        let mut group = criterion.benchmark_group(name);
        group.bench_function("parse", |b| {
            b.iter(|| payload::parse(&recipe.formats, content_type, black_box(&request.body)));
        });
        group.bench_function("names", |b| {
            b.iter(|| {
                envelope::names(black_box(&request), Arc::clone(&body), None, &recipe.tables)
            });
        });
        group.bench_function("envelope", |b| {
            b.iter(|| recipe.envelope.open(black_box(&names)))
        });
        group.bench_function("schema", |b| {
            let schema = spec.schema.as_deref().unwrap();
            b.iter(|| recipe.schemas.violations(schema, black_box(&body)));
        });
        group.bench_function("map", |b| {
            b.iter(|| map(&recipe, spec, black_box(&part.names)).unwrap())
        });
        group.bench_function("open", |b| {
            b.iter(|| open(&recipe, black_box(&request)).unwrap())
        });
        group.bench_function("plan", |b| {
            b.iter(|| plan(&recipe, black_box(&claimed), &context))
        });
        let Planned::Settle(settlement) = plan(&recipe, &claimed, &context) else {
            unreachable!("the body of {name} maps");
        };
        let held = empty();
        group.bench_function("decide", |b| {
            b.iter(|| (settlement.decide)(&black_box(&held).as_held()));
        });
        group.bench_function("value", |b| b.iter(|| of_json(Arc::clone(&body))));
        group.bench_function("seen", |b| {
            b.iter(|| observe(&[("body", black_box(&body))], &[]));
        });
        group.finish();
    }
}

/// The sum that matters for an order of 5 kB, in one number: verified, parsed, its envelope opened, validated, mapped;
/// with a copy of the request, and with everything let go of.
fn whole_order(criterion: &mut Criterion) {
    let [_, order] = subjects();
    let catalog = Catalog::load(&CatalogConfig::default()).unwrap();
    let source = catalog.get("shopify").unwrap();
    let mut endpoint = Endpoint::new("order", "shopify");
    endpoint.secrets = vec![SecretString::from("a secret of the shop")];
    let settings = Settings::defaults(source);
    let verifier = Verifier::compile(source, &endpoint, String::new(), settings).unwrap();
    let mut request = order.claimed.raw.clone().unwrap();
    let unsigned = Unsigned {
        method: "POST",
        url: "",
        headers: &request.headers,
        body: &request.body,
        id: "",
        now: request.received_at,
    };
    let signed = sign(source, "a secret of the shop", &unsigned).unwrap();
    request.headers.0.extend(signed.headers.0);
    let name = format!("verify, parse and map {} bytes", request.body.len());
    criterion.bench_function(&name, |b| {
        b.iter(|| {
            let verified = verifier.verify(request.clone(), order.claimed.event.received_at);
            let (request, ..) = verified.unwrap().into_parts();
            let opened = open(&order.recipe, &request).unwrap();
            let part = &opened.parts[0];
            match understand(&order.recipe, &opened.body, part, None) {
                Understood::Records(drafts) => drafts,
                other => unreachable!("{other:?}"),
            }
        });
    });
}

/// What all sources cost when the gateway starts, and what one endpoint costs besides.
fn start(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("start");
    group.sample_size(20);
    group.bench_function("load and check every source", |b| {
        b.iter(|| Catalog::load(black_box(&CatalogConfig::default())).unwrap());
    });
    let catalog = Catalog::load(&CatalogConfig::default()).unwrap();
    group.bench_function("compile every source", |b| {
        b.iter(|| {
            let compile = |source| Recipe::of_source(source, None).unwrap();
            catalog.sources().map(compile).collect::<Vec<_>>()
        });
    });
    group.bench_function("compile one endpoint", |b| {
        b.iter(|| Recipe::of_source(catalog.get("shopify").unwrap(), None).unwrap());
    });
    group.finish();
}

/// A store that knows nobody yet.
fn empty() -> HeldOwned {
    HeldOwned {
        matches: Vec::new(),
        records: Vec::new(),
        desk: Desk::default(),
        ties: Ties::default(),
    }
}

criterion_group!(benches, stages, whole_order, start);
criterion_main!(benches);
