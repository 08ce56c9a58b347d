//! An API over a throw-away store, called in process.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use actix_web::body::to_bytes;
use actix_web::http::Method;
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, web};
use frontdesk::access::token::hash_of;
use frontdesk::api::{self, Api};
use frontdesk::clock::Clock;
use frontdesk::config::{CatalogConfig, Outbound};
use frontdesk::model::change::{Change, ChangeKind, FieldChange};
use frontdesk::model::dedupe::{DedupeClaim, DedupeKey};
use frontdesk::model::event::{Arrival, EventStatus, NewEvent, Note, Verdict};
use frontdesk::model::field::Kind;
use frontdesk::model::id::new_id;
use frontdesk::model::record::{FieldMeta, Fields, Meta, Origin, Record};
use frontdesk::model::request::{Headers, RawRequest};
use frontdesk::model::role::Role;
use frontdesk::model::trace::Trace;
use frontdesk::process::recipes::Recipes;
use frontdesk::process::worker::Processing;
use frontdesk::source::catalog::Catalog;
use frontdesk::store::desk::DeskWrites;
use frontdesk::store::{
    DecisionRow, RecordWrite, Settlement, Store, StoreOptions, StoreRole, TokenRow, Writes, open,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

/// The tokens of the desk, one per role: `fd_viewer`, …
pub const ADMIN: &str = "fd_admin";

/// Whom the outer wall takes for the caller.
pub const CALLER: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9));

/// A store with its API.
pub struct Desk {
    pub store: Arc<dyn Store>,
    api: web::Data<Api>,
    _folder: tempfile::TempDir,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub content_type: String,
    pub location: Option<String>,
    pub body: Value,
}

impl Answer {
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

/// When the tests' events begin to arrive; the clock stands an hour later.
pub fn noon() -> Timestamp {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

impl Desk {
    pub async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = open(StoreOptions {
            url: format!("sqlite:{}", folder.path().join("desk.db").display()),
            refusals: 100,
            role: StoreRole::Gateway,
        })
        .await
        .unwrap();
        for role in Role::ALL {
            let token = TokenRow {
                name: role.as_str().to_owned(),
                role: role.as_str().to_owned(),
                hash: hash_of(&format!("fd_{}", role.as_str())),
                created_at: noon(),
                revoked_at: None,
            };
            store.add_token(token).await.unwrap();
        }
        let clock = Clock::fixed(noon() + SignedDuration::from_hours(1));
        let catalog = Arc::new(Catalog::load(&CatalogConfig::default()).unwrap());
        let recipes = Recipes::compile(Arc::clone(&catalog), &[]).unwrap();
        let outbound = Outbound::default();
        let processing = Processing::new(Arc::clone(&store), recipes, &outbound, clock.clone());
        let api = Api::new(
            Arc::clone(&store),
            processing,
            clock,
            (catalog.sources(), Box::new(|_| CALLER)),
        );
        Desk {
            store,
            api: web::Data::new(api),
            _folder: folder,
        }
    }

    /// One call; `token` may be empty for none.
    pub async fn call(&self, token: &str, method: Method, path: &str, body: &str) -> Answer {
        let mut request = TestRequest::with_uri(path).method(method);
        if !token.is_empty() {
            request = request.insert_header(("authorization", format!("Bearer {token}")));
        }
        if !body.is_empty() {
            request = request
                .insert_header(("content-type", "application/json"))
                .set_payload(body.to_owned());
        }
        self.send(request).await
    }

    pub async fn send(&self, request: TestRequest) -> Answer {
        let app = App::new().configure(api::configure(self.api.clone()));
        let service = init_service(app).await;
        let answer = call_service(&service, request.to_request()).await;
        let text = |name: &str| {
            let value = answer.headers().get(name)?;
            Some(value.to_str().unwrap().to_owned())
        };
        let (content_type, location) = (text("content-type"), text("location"));
        let status = answer.status().as_u16();
        let bytes = to_bytes(answer.into_body()).await.unwrap();
        Answer {
            status,
            content_type: content_type.unwrap_or_default(),
            location,
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(ADMIN, Method::GET, path, "").await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(ADMIN, Method::POST, path, &body.to_string())
            .await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.call(ADMIN, Method::PUT, path, &body.to_string()).await
    }

    /// Appends an event that is quarantined with this code.
    pub async fn hold(&self, n: u32, code: &'static str) -> Uuid {
        let note = Note {
            name: "links".to_owned(),
            score: 25,
            message: "3 links".into(),
        };
        self.append(n, EventStatus::Quarantined, Some(code), vec![note])
            .await
    }

    /// Appends the event number `n` of an endpoint `shop`.
    pub async fn receive(&self, n: u32, status: EventStatus) -> Uuid {
        self.append(n, status, None, Vec::new()).await
    }

    async fn append(
        &self,
        n: u32,
        status: EventStatus,
        code: Option<&'static str>,
        notes: Vec<Note>,
    ) -> Uuid {
        let at = noon() + SignedDuration::from_secs(i64::from(n));
        let id = new_id(at);
        let headers = Headers::from([
            ("content-type", "application/json"),
            ("x-shopify-hmac-sha256", "c2lnbmF0dXJl"),
            ("authorization", "Bearer sender"),
        ]);
        let arrival = Arrival {
            request: RawRequest {
                id: new_id(at),
                endpoint: "shop".to_owned(),
                method: "POST".to_owned(),
                query: "token=hush&page=1".to_owned(),
                headers,
                body: json!({"n": n}).to_string().into_bytes(),
                peer: "203.0.113.9".parse().unwrap(),
                received_at: at,
            },
            source: "shopify".to_owned(),
            verdict: Verdict {
                scheme: "hmac".to_owned(),
                secret: Some(0),
            },
            events: vec![NewEvent {
                id,
                part: Some(0),
                event_type: "orders/create".to_owned(),
                delivery_id: Some(format!("delivery-{n}")),
                event_time: Some(at),
                dedupe: DedupeClaim {
                    key: DedupeKey::of([n.to_le_bytes().as_slice()]),
                    window: None,
                },
                status,
                code,
                reason: None,
                violations: Vec::new(),
                notes,
            }],
        };
        self.store.append(arrival).await.unwrap();
        id
    }

    /// An event that wrote one record with `fields`; its id and the event's.
    pub async fn record(&self, n: u32, kind: Kind, fields: Value) -> (Uuid, Uuid) {
        let event = self.receive(n, EventStatus::Pending).await;
        let at = noon() + SignedDuration::from_secs(i64::from(n));
        self.store.claim(10, at).await.unwrap();
        let id = new_id(at);
        let fields: Fields = fields.as_object().unwrap().clone().into();
        let writes = writes(id, event, kind, &fields, at);
        let settlement = Settlement {
            event,
            wanted: Vec::new(),
            fetched: None,
            decide: Box::new(move |_| writes.clone()),
        };
        let settled = self.store.settle(vec![settlement]).await;
        assert!(settled.iter().all(Result::is_ok), "{settled:?}");
        (id, event)
    }
}

fn writes(id: Uuid, event: Uuid, kind: Kind, fields: &Fields, at: Timestamp) -> Writes {
    let origin = Origin {
        event,
        source: "shopify".to_owned(),
        at_ms: at.as_millisecond(),
    };
    let meta = |line| FieldMeta {
        origin: 0,
        line,
        behind: None,
        locked: false,
    };
    let record = Record {
        id,
        kind,
        fields: fields.clone(),
        meta: Meta {
            origins: vec![origin],
            fields: fields
                .keys()
                .zip(31..)
                .map(|(name, line)| (name.into(), meta(line)))
                .chain([(Meta::LIFE.into(), meta(0))])
                .collect(),
        },
        version: 1,
        created_at: at,
        updated_at: at,
        deleted_at: None,
    };
    let changed = fields.iter().map(|(field, value)| FieldChange {
        field: field.to_owned(),
        from: Value::Null,
        to: value.clone(),
    });
    let change = Change {
        id: new_id(at),
        kind,
        record: id,
        version: 1,
        what: vec![ChangeKind::Created],
        event: Some(event),
        source: "shopify".to_owned(),
        at,
        changed: changed.collect(),
        snapshot: Fields::new(),
    };
    let decision = DecisionRow {
        id: new_id(at),
        lead: id,
        epoch: 1,
        owner: Some("ana".to_owned()),
        rule: Some("Spain".to_owned()),
        rule_set_version: 1,
        reason: "the rule \"Spain\" matched".to_owned(),
        trace: Trace::of(&json!({"rules": []})),
        facts: Arc::default(),
        event: Some(event),
        at,
    };
    Writes {
        status: EventStatus::Processed,
        code: None,
        reason: None,
        violations: Vec::new(),
        at,
        records: vec![RecordWrite {
            record,
            keys: Vec::new(),
        }],
        changes: vec![change],
        reviews: Vec::new(),
        decisions: (kind == Kind::Lead)
            .then_some(decision)
            .into_iter()
            .collect(),
        turns: Vec::new(),
        desk: DeskWrites::default(),
    }
}
