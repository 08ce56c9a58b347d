//! From the inbox to the records, on the embedded store: settled, fetched, put off, quarantined, replayed.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use frontdesk::clock::Clock;
use frontdesk::config::value::network;
use frontdesk::config::{CatalogConfig, Endpoint, Outbound};
use frontdesk::model::dedupe::{DedupeClaim, DedupeKey};
use frontdesk::model::event::{Appended, Arrival, Event, EventStatus, NewEvent, Verdict};
use frontdesk::model::field::Kind;
use frontdesk::model::id::new_id;
use frontdesk::model::page::PageRequest;
use frontdesk::model::record::Record;
use frontdesk::model::request::{Headers, RawRequest};
use frontdesk::process::preview::foresee;
use frontdesk::process::recipe::Recipe;
use frontdesk::process::recipes::Recipes;
use frontdesk::process::understand::open;
use frontdesk::process::worker::{Processing, Workers};
use frontdesk::source::catalog::Catalog;
use frontdesk::store::{self, RecordFilter, Store, StoreOptions, StoreRole};
use jiff::SignedDuration;
use secrecy::SecretString;
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;
use wiremock::matchers::{method, path_regex};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::dry;

/// A gateway without its front: arrivals are appended by hand, the workers are drained.
struct Desk {
    store: Arc<dyn Store>,
    processing: Arc<Processing>,
    clock: Clock,
    folder: TempDir,
}

impl Desk {
    async fn open(endpoints: &[Endpoint]) -> Self {
        Desk::with_mapping(endpoints, None).await
    }

    /// `mapping` is that of the source `acme`.
    async fn with_mapping(endpoints: &[Endpoint], mapping: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = store::open(StoreOptions {
            url: format!("sqlite:{}", folder.path().join("desk.db").display()),
            refusals: 10,
            role: StoreRole::Gateway,
        })
        .await
        .unwrap();
        let clock = Clock::fixed(dry::received_at());
        let recipes = recipes(&folder, endpoints, mapping);
        let outbound = Outbound {
            allow: vec![network("127.0.0.1").unwrap()],
        };
        let processing = Processing::new(Arc::clone(&store), recipes, &outbound, clock.clone());
        Desk {
            store,
            processing,
            clock,
            folder,
        }
    }

    fn pass(&self, time: Duration) {
        let Clock::Fixed(ms) = &self.clock else {
            unreachable!("the test's clock is fixed");
        };
        ms.fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// Appends a request as ingest would, without its checks.
    async fn post(&self, source: &str, request: RawRequest) -> Vec<Uuid> {
        let recipe = self.processing.recipes().current();
        let recipe = recipe.of_event(&request.endpoint, source).unwrap();
        let events: Vec<NewEvent> = open(&recipe, &request)
            .unwrap()
            .parts
            .iter()
            .map(|part| NewEvent {
                id: new_id(self.clock.now()),
                part: Some(part.index),
                event_type: part.event_type.clone(),
                delivery_id: part.id.clone(),
                event_time: part.time,
                dedupe: DedupeClaim {
                    key: DedupeKey::of([request.body.as_slice(), &part.index.to_be_bytes()]),
                    window: None,
                },
                status: EventStatus::Pending,
                reason: None,
                violations: Vec::new(),
                code: None,
                notes: Vec::new(),
            })
            .collect();
        let arrival = Arrival {
            request: RawRequest {
                id: new_id(self.clock.now()),
                received_at: self.clock.now(),
                ..request
            },
            source: source.to_owned(),
            verdict: Verdict {
                scheme: "none".to_owned(),
                secret: None,
            },
            events,
        };
        let appended = self.store.append(arrival).await.unwrap().into_iter();
        let ids = appended.map(|it| match it {
            Appended::New(id) | Appended::Duplicate(id) => id,
        });
        ids.collect()
    }

    async fn post_json(&self, source: &str, endpoint: &str, body: Value) -> Vec<Uuid> {
        let headers = Headers::from([("content-type", "application/json")]);
        let request = dry::request(endpoint, headers, body.to_string().as_bytes());
        self.post(source, request).await
    }

    async fn drain(&self) {
        self.processing.drain().await.unwrap();
    }

    /// Has events processed once more.
    async fn replay(&self, events: &[Uuid]) {
        let replayed = self.store.replay(events.to_vec(), None).await.unwrap();
        assert_eq!(replayed, events.len() as u64);
        self.drain().await;
    }

    async fn event(&self, id: Uuid) -> Event {
        self.store.event(id).await.unwrap().unwrap()
    }

    async fn records(&self, kind: Kind) -> Vec<Record> {
        let page = PageRequest {
            limit: 100,
            cursor: None,
        };
        let found = self
            .store
            .records(kind, RecordFilter::default(), page)
            .await;
        found.unwrap().items
    }

    async fn alarms(&self) -> Vec<String> {
        let alarms = self.store.alarms().await.unwrap();
        alarms
            .into_iter()
            .map(|alarm| format!("{}: {}", alarm.key, alarm.message))
            .collect()
    }

    async fn close(self) {
        self.store.close().await;
    }
}

fn recipes(folder: &TempDir, endpoints: &[Endpoint], mapping: Option<&str>) -> Recipes {
    let catalog = match mapping {
        None => dry::catalog(),
        Some(mapping) => {
            let mappings = folder.path().join("mappings");
            std::fs::create_dir_all(&mappings).unwrap();
            std::fs::write(mappings.join("acme.toml"), mapping).unwrap();
            let path = Some(folder.path().to_owned());
            Arc::new(Catalog::load(&CatalogConfig { path }).unwrap())
        }
    };
    Recipes::compile(catalog, endpoints).unwrap()
}

fn endpoint(name: &str, source: &str, settings: &[(&str, &str)]) -> Endpoint {
    let mut endpoint = Endpoint::new(name, source);
    endpoint.unverified = true;
    endpoint.region = Some("ES".to_owned());
    let given = settings
        .iter()
        .map(|(name, value)| ((*name).to_owned(), SecretString::from(*value)));
    endpoint.settings.extend(given);
    endpoint
}

fn lead_ads(api: &MockServer) -> Endpoint {
    let settings = [
        ("access_token", "t0ken"),
        ("verify_token", "v"),
        ("api_base", &api.uri()),
    ];
    endpoint("lead-ads", "meta", &settings)
}

/// A request of Meta with one change per lead.
fn leads(ids: &[&str]) -> Value {
    let changes: Vec<Value> = ids
        .iter()
        .map(|id| {
            json!({"field": "leadgen", "value": {"leadgen_id": id, "page_id": "1", "form_id": "7",
                "created_time": 1_767_225_600}})
        })
        .collect();
    json!({"object": "page", "entry": [{"id": "1", "time": 1_767_225_700, "changes": changes}]})
}

async fn answer(api: &MockServer, times: u64, answer: ResponseTemplate) {
    Mock::given(method("GET"))
        .and(path_regex("^/v[0-9.]+/[0-9]+$"))
        .respond_with(answer)
        .up_to_n_times(times)
        .mount(api)
        .await;
}

fn lead(id: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({"id": id, "created_time": "2026-01-01T00:00:00+0000",
        "form_id": "7", "field_data": [{"name": "email", "values": [format!("{id}@example.com")]}]}))
}

fn text<'a>(record: &'a Record, field: &str) -> &'a str {
    record
        .fields
        .get(field)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

#[tokio::test]
async fn events_become_linked_records() {
    let desk = Desk::open(&[endpoint("site", "contact_form", &[])]).await;
    let body = json!({"name": "Ana Ruiz", "email": "Ana@Example.com", "phone": "600 111 222", "message": "Hi"});
    let ids = desk.post_json("contact_form", "site", body).await;
    desk.drain().await;
    let event = desk.event(ids[0]).await;
    assert_eq!((event.status, event.reason), (EventStatus::Processed, None));
    let (contacts, leads) = (
        desk.records(Kind::Contact).await,
        desk.records(Kind::Lead).await,
    );
    assert_eq!((contacts.len(), leads.len()), (1, 1));
    assert_eq!(text(&contacts[0], "phone"), "+34600111222");
    assert_eq!(text(&leads[0], "contact"), contacts[0].id.to_string());
    assert_eq!(text(&leads[0], "source"), "contact_form");
    desk.close().await;
}

#[tokio::test]
async fn thin_events_are_fetched_once() {
    let api = MockServer::start().await;
    answer(&api, 1, lead("11")).await;
    let desk = Desk::open(&[lead_ads(&api)]).await;
    let ids = desk.post_json("meta", "lead-ads", leads(&["11"])).await;
    desk.drain().await;
    assert_eq!(desk.event(ids[0]).await.status, EventStatus::Processed);
    assert_eq!(
        text(&desk.records(Kind::Contact).await[0], "email"),
        "11@example.com"
    );
    assert_eq!(
        text(&desk.records(Kind::Lead).await[0], "external_id"),
        "11"
    );
    assert_eq!(desk.alarms().await, Vec::<String>::new());
    // A replay uses the answer that is kept.
    desk.replay(&ids).await;
    assert_eq!(desk.event(ids[0]).await.status, EventStatus::Processed);
    assert_eq!(api.received_requests().await.unwrap().len(), 1);
    desk.close().await;
}

const DEALS: &str = "
title = 'Acme'
help = 'none'
[settings.api_base]
help = 'address'
[delivery]
event = \"'deal'\"
[verify.bearer]
[[event]]
name = 'deal'
[[event.fetch]]
name = 'deal'
url = \"settings.api_base ~ '/deals/' ~ body.deal\"
[[event.fetch]]
name = 'person'
when = 'fetched.deal.person'
url = \"settings.api_base ~ '/people/' ~ fetched.deal.person\"
[event.contact]
email = 'fetched.person.email'
[event.lead]
external_id = 'body.deal'
title = 'fetched.deal.title'
";

/// What the first answer names is asked for next; when that does not work, the event waits and begins anew.
#[tokio::test]
async fn an_answer_leads_to_the_next_question() {
    let api = MockServer::start().await;
    let knows = |place: &str, times: u64, answer: ResponseTemplate| {
        Mock::given(method("GET"))
            .and(path_regex(place.to_owned()))
            .respond_with(answer)
            .up_to_n_times(times)
            .mount(&api)
    };
    let deal = json!({"title": "A big one", "person": "p1"});
    let person = json!({"email": "ana@example.com"});
    knows(
        "^/deals/d1$",
        2,
        ResponseTemplate::new(200).set_body_json(deal),
    )
    .await;
    knows("^/people/p1$", 1, ResponseTemplate::new(500)).await;
    knows(
        "^/people/p1$",
        1,
        ResponseTemplate::new(200).set_body_json(person),
    )
    .await;
    let endpoints = [endpoint("crm", "acme", &[("api_base", &api.uri())])];
    let desk = Desk::with_mapping(&endpoints, Some(DEALS)).await;
    let id = desk.post_json("acme", "crm", json!({"deal": "d1"})).await[0];
    desk.drain().await;
    assert_eq!(desk.event(id).await.status, EventStatus::Pending);
    desk.pass(Duration::from_secs(60));
    desk.drain().await;
    assert_eq!(desk.event(id).await.status, EventStatus::Processed);
    let (contacts, leads) = (
        desk.records(Kind::Contact).await,
        desk.records(Kind::Lead).await,
    );
    assert_eq!(text(&contacts[0], "email"), "ana@example.com");
    assert_eq!(text(&leads[0], "title"), "A big one");
    assert_eq!(text(&leads[0], "contact"), contacts[0].id.to_string());
    // Both answers are kept for a replay.
    desk.store.replay(vec![id], None).await.unwrap();
    desk.drain().await;
    assert_eq!(desk.event(id).await.status, EventStatus::Processed);
    assert_eq!(api.received_requests().await.unwrap().len(), 4);
    desk.close().await;
}

const MOVES: &str = "
title = 'Acme'
help = 'none'
[delivery]
event = 'body.type'
time = 'body.at'
[verify.bearer]
[[event]]
name = '*'
[event.contact]
external_id = 'body.id'
email = 'body.email'
given_name = 'body.name'
[event.contact.previous]
external_id = 'body.old_id'
email = 'body.old_email'
";

/// A person whose address and id change stays one contact, in whatever order the news come.
#[tokio::test]
async fn a_change_of_identity_keeps_the_contact() {
    let joined = json!({"type": "joined", "at": "2026-01-01T00:00:00Z", "id": "1", "email": "old@b.example", "name": "Ana"});
    let moved = json!({"type": "moved", "at": "2026-01-02T00:00:00Z", "id": "2", "email": "new@b.example",
        "old_id": "1", "old_email": "old@b.example"});
    let later =
        json!({"type": "seen", "at": "2026-01-03T00:00:00Z", "id": "2", "email": "new@b.example"});
    for order in [
        [&joined, &moved, &later],
        [&moved, &joined, &later],
        [&later, &moved, &joined],
    ] {
        let desk = Desk::with_mapping(&[endpoint("crm", "acme", &[])], Some(MOVES)).await;
        for body in order {
            desk.post_json("acme", "crm", body.clone()).await;
            desk.drain().await;
        }
        let contacts = desk.records(Kind::Contact).await;
        let found: Vec<_> = contacts
            .iter()
            .map(|contact| ["external_id", "email", "given_name"].map(|field| text(contact, field)))
            .collect();
        assert_eq!(found, [["2", "new@b.example", "Ana"]], "{order:?}");
        desk.close().await;
    }
}

#[tokio::test]
async fn an_answer_that_its_schema_refuses_is_asked_for_anew_by_a_replay() {
    let api = MockServer::start().await;
    let half = ResponseTemplate::new(200).set_body_json(json!({"id": "11"}));
    answer(&api, 1, half).await;
    answer(&api, 1, lead("11")).await;
    let desk = Desk::open(&[lead_ads(&api)]).await;
    let ids = desk.post_json("meta", "lead-ads", leads(&["11"])).await;
    desk.drain().await;
    let event = desk.event(ids[0]).await;
    assert_eq!(event.status, EventStatus::Quarantined);
    let reason = event.reason.unwrap_or_default();
    assert!(reason.contains("schemas/meta/lead.json"), "{reason}");
    let claimed = desk.store.peek(ids[0]).await.unwrap().unwrap();
    assert_eq!(claimed.fetched, None);
    desk.replay(&ids).await;
    assert_eq!(desk.event(ids[0]).await.status, EventStatus::Processed);
    assert_eq!(api.received_requests().await.unwrap().len(), 2);
    desk.close().await;
}

#[tokio::test]
async fn a_dead_token_is_an_alarm_and_nothing_is_lost() {
    let api = MockServer::start().await;
    let dead = json!({"error": {"type": "OAuthException", "code": 190}});
    answer(&api, 1, ResponseTemplate::new(400).set_body_json(dead)).await;
    let desk = Desk::open(&[lead_ads(&api)]).await;
    let first = desk.post_json("meta", "lead-ads", leads(&["11"])).await[0];
    desk.drain().await;
    let event = desk.event(first).await;
    assert_eq!((event.status, event.attempts), (EventStatus::Pending, 0));
    let alarms = desk.alarms().await;
    assert_eq!(alarms.len(), 1, "{alarms:?}");
    assert!(
        alarms[0].starts_with("fetch-token/lead-ads: "),
        "{alarms:?}"
    );
    assert!(alarms[0].contains("settings.access_token"), "{alarms:?}");
    assert!(!alarms[0].contains("t0ken"), "{alarms:?}");

    // While the token is dead, the API is left alone.
    let second = desk.post_json("meta", "lead-ads", leads(&["12"])).await[0];
    desk.drain().await;
    assert_eq!(desk.event(second).await.status, EventStatus::Pending);
    assert_eq!(api.received_requests().await.unwrap().len(), 1);

    // Mended, it goes on by itself and the alarm ends.
    answer(&api, 2, lead("11")).await;
    desk.pass(Duration::from_secs(60));
    desk.drain().await;
    for id in [first, second] {
        assert_eq!(desk.event(id).await.status, EventStatus::Processed);
    }
    assert_eq!(desk.alarms().await, Vec::<String>::new());
    desk.close().await;
}

#[tokio::test]
async fn a_subject_that_is_unknown_fails_after_some_tries() {
    let api = MockServer::start().await;
    answer(&api, 100, ResponseTemplate::new(404)).await;
    let desk = Desk::open(&[lead_ads(&api)]).await;
    let id = desk.post_json("meta", "lead-ads", leads(&["11"])).await[0];
    for _ in 0..6 {
        desk.drain().await;
        desk.pass(Duration::from_secs(120));
    }
    let event = desk.event(id).await;
    assert_eq!(event.status, EventStatus::Failed);
    let reason = event.reason.unwrap_or_default();
    assert!(
        reason.contains("404") && reason.contains("after 6 tries"),
        "{reason}"
    );
    assert_eq!(api.received_requests().await.unwrap().len(), 6);
    desk.close().await;
}

#[tokio::test]
async fn busy_and_broken_apis_are_asked_again() {
    for status in [429, 500] {
        let api = MockServer::start().await;
        answer(&api, 1, ResponseTemplate::new(status)).await;
        answer(&api, 1, lead("11")).await;
        let desk = Desk::open(&[lead_ads(&api)]).await;
        let id = desk.post_json("meta", "lead-ads", leads(&["11"])).await[0];
        desk.drain().await;
        assert_eq!(
            desk.event(id).await.status,
            EventStatus::Pending,
            "{status}"
        );
        desk.pass(Duration::from_secs(3));
        desk.drain().await;
        assert_eq!(
            desk.event(id).await.status,
            EventStatus::Processed,
            "{status}"
        );
        desk.close().await;
    }
}

#[tokio::test]
async fn an_address_that_is_not_allowed_is_an_alarm() {
    let settings = [
        ("access_token", "t"),
        ("verify_token", "v"),
        ("api_base", "https://10.0.0.1"),
    ];
    let desk = Desk::open(&[endpoint("lead-ads", "meta", &settings)]).await;
    let id = desk.post_json("meta", "lead-ads", leads(&["11"])).await[0];
    desk.drain().await;
    assert_eq!(desk.event(id).await.status, EventStatus::Pending);
    let alarms = desk.alarms().await;
    assert!(
        alarms[0].starts_with("fetch-address/lead-ads: ") && alarms[0].contains("[outbound] allow"),
        "{alarms:?}"
    );
    desk.close().await;
}

#[tokio::test]
async fn an_endpoint_that_is_gone_leaves_what_needs_no_settings() {
    let desk = Desk::open(&[]).await;
    let form = desk
        .post_json("contact_form", "site", json!({"email": "a@b.example"}))
        .await[0];
    let thin = desk.post_json("meta", "lead-ads", leads(&["11"])).await[0];
    desk.drain().await;
    assert_eq!(desk.event(form).await.status, EventStatus::Processed);
    let event = desk.event(thin).await;
    assert_eq!(event.status, EventStatus::Quarantined);
    let reason = event.reason.unwrap_or_default();
    assert!(
        reason.contains("\"lead-ads\" is not configured"),
        "{reason}"
    );
    desk.close().await;
}

#[tokio::test]
async fn parts_of_a_batch_go_their_own_ways() {
    let desk =
        Desk::with_mapping(&[endpoint("acme", "acme", &[])], Some(&acme("item.total"))).await;
    let orders = json!({"orders": [
        {"type": "order", "id": 1, "total": "1.00"},
        {"type": "order", "id": 2, "total": "much"},
        {"type": "ping"},
        {"type": "order", "id": 3, "total": 3.50},
    ]});
    let ids = desk.post_json("acme", "acme", orders).await;
    desk.drain().await;
    let mut statuses = Vec::new();
    for id in &ids {
        statuses.push(desk.event(*id).await.status.as_str());
    }
    assert_eq!(
        statuses,
        ["processed", "quarantined", "ignored", "processed"]
    );
    let reason = desk.event(ids[1]).await.reason.unwrap_or_default();
    assert!(
        reason.ends_with("acme.toml:14: order.total: 'much' is not a decimal number"),
        "{reason}"
    );
    assert_eq!(desk.records(Kind::Order).await.len(), 2);
    desk.close().await;
}

fn acme(total: &str) -> String {
    format!(
        "title = 'Acme'
help = 'none'
[split]
each = ['body.orders']
[delivery]
event = 'item.type'
id = 'item.id'
[verify.bearer]
[[event]]
name = 'order'
[event.order]
external_id = 'item.id'
number = \"'#' ~ item.id\"
total = \"{total}\"
[[event]]
name = 'ping'
ignore = true
"
    )
}

#[tokio::test]
async fn a_replay_applies_the_mended_mapping() {
    let endpoints = [endpoint("acme", "acme", &[])];
    let desk = Desk::with_mapping(&endpoints, Some(&acme("item.total"))).await;
    let orders = json!({"orders": [
        {"type": "order", "id": 1, "total": "1.00", "sum": "10"},
        {"type": "order", "id": 2, "total": "much", "sum": "20"},
    ]});
    let ids = desk.post_json("acme", "acme", orders).await;
    desk.drain().await;
    let before = desk.records(Kind::Order).await;
    assert_eq!((before.len(), text(&before[0], "total")), (1, "1.00"));

    let mended = recipes(&desk.folder, &endpoints, Some(&acme("item.sum")));
    desk.processing.recipes().replace(mended);
    desk.pass(Duration::from_secs(60));

    let mut foreseen = Vec::new();
    for id in &ids {
        let claimed = desk.store.peek(*id).await.unwrap().unwrap();
        let recipes = desk.processing.recipes().current();
        let context = desk.processing.context();
        let diff = foresee(desk.store.as_ref(), &recipes, &claimed, &context)
            .await
            .unwrap();
        foreseen.push(serde_json::to_value(diff.records).unwrap());
    }
    assert_eq!(
        foreseen,
        [
            json!([{"kind": "order", "id": before[0].id, "what": ["updated"],
                "changes": [{"field": "total", "from": "1.00", "to": "10"}]}]),
            json!([{"kind": "order", "id": null, "what": ["created"], "changes": [
                {"field": "external_id", "to": "2"}, {"field": "number", "to": "#2"}, {"field": "total", "to": "20"}]}]),
        ]
    );
    assert_eq!(
        desk.records(Kind::Order).await,
        before,
        "a dry run changes nothing"
    );

    for _ in 0..2 {
        desk.store.replay(ids.clone(), None).await.unwrap();
        desk.drain().await;
        let mut found: Vec<_> = desk
            .records(Kind::Order)
            .await
            .iter()
            .map(|order| format!("{} {}", text(order, "number"), text(order, "total")))
            .collect();
        found.sort();
        assert_eq!(found, ["#1 10", "#2 20"]);
    }
    desk.close().await;
}

#[tokio::test]
async fn workers_run_until_they_are_stopped() {
    let desk = Desk::open(&[endpoint("site", "contact_form", &[])]).await;
    let workers = Workers::start(Arc::clone(&desk.processing)).unwrap();
    let mut ids = Vec::new();
    for number in 0..300 {
        let body = json!({"email": format!("{number}@example.com"), "message": "Hi"});
        ids.extend(desk.post_json("contact_form", "site", body).await);
    }
    let all_processed = async {
        while desk.store.backlog().await.unwrap().pending > 0 {
            desk.store.wait_for_work(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), all_processed)
        .await
        .unwrap();
    assert!(desk.processing.is_at_work());
    workers.stop().await;
    assert!(!desk.processing.is_at_work());
    assert_eq!(desk.event(ids[299]).await.status, EventStatus::Processed);
    assert_eq!(desk.store.stats().await.unwrap().leads, 300);
    desk.close().await;
}

#[tokio::test]
async fn a_stop_gives_back_what_waits_for_an_answer() {
    let api = MockServer::start().await;
    let slow = lead("11").set_delay(Duration::from_secs(8));
    answer(&api, 10, slow).await;
    let desk = Desk::open(&[lead_ads(&api)]).await;
    let id = desk.post_json("meta", "lead-ads", leads(&["11"])).await[0];
    let workers = Workers::start(Arc::clone(&desk.processing)).unwrap();
    let asked = async {
        while api.received_requests().await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), asked)
        .await
        .unwrap();
    tokio::time::timeout(Duration::from_secs(3), workers.stop())
        .await
        .unwrap();
    let event = desk.event(id).await;
    assert_eq!((event.status, event.attempts), (EventStatus::Pending, 0));
    let due = desk.clock.now() + SignedDuration::from_secs(1);
    assert_eq!(
        desk.store.claim(10, due).await.unwrap().len(),
        1,
        "it can be claimed again"
    );
    desk.close().await;
}

#[test]
fn recipes_are_shared_between_threads() {
    fn check<T: Send + Sync>() {}
    check::<Recipe>();
    check::<Recipes>();
}
