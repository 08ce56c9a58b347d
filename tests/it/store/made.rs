//! Made-up senders, events and decisions.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use frontdesk::model::change::{Change, ChangeKind, FieldChange};
use frontdesk::model::dedupe::{DedupeClaim, DedupeKey};
use frontdesk::model::event::{Arrival, EventStatus, NewEvent, Verdict};
use frontdesk::model::field::Kind;
use frontdesk::model::id::new_id;
use frontdesk::model::identity::IdentityKey;
use frontdesk::model::page::{Page, PageRequest};
use frontdesk::model::people::Turn;
use frontdesk::model::record::{Fields, Meta, Record};
use frontdesk::model::request::{Headers, RawRequest};
use frontdesk::model::rules::Imprint;
use frontdesk::model::trace::Trace;
use frontdesk::store::desk::DeskWrites;
use frontdesk::store::{self, DecisionRow, Held, RecordWrite, Settled, Settlement, Writes};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

/// So many seconds after the tests' beginning of time.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

/// Who publishes the tests' rules, and when.
pub fn by(seconds: i64) -> Imprint {
    Imprint {
        author: "test".to_owned(),
        at: at(seconds),
        note: format!("second {seconds}"),
    }
}

pub fn request(endpoint: &str, body: &[u8], at: Timestamp) -> RawRequest {
    RawRequest {
        id: new_id(at),
        endpoint: endpoint.to_owned(),
        method: "POST".to_owned(),
        query: String::new(),
        headers: Headers::from([("content-type", "application/json")]),
        body: body.to_vec(),
        peer: [127, 0, 0, 1].into(),
        received_at: at,
    }
}

/// Ids in the order in which they are made, as they are committed in these tests: the store then leaves them as they are.
fn next_id(at: Timestamp) -> Uuid {
    static MADE: AtomicU64 = AtomicU64::new(0);
    let (high, low) = new_id(at).as_u64_pair();
    let nth = MADE.fetch_add(1, Ordering::Relaxed) & 0xfff;
    Uuid::from_u64_pair(high & !0xfff | nth, low)
}

pub fn new_event(key: &str, at: Timestamp) -> NewEvent {
    NewEvent {
        id: next_id(at),
        part: Some(0),
        event_type: "lead".to_owned(),
        delivery_id: Some(format!("delivery-{key}")),
        event_time: None,
        dedupe: DedupeClaim {
            key: DedupeKey::of([key.as_bytes()]),
            window: None,
        },
        status: EventStatus::Pending,
        reason: None,
        violations: Vec::new(),
        code: None,
        notes: Vec::new(),
    }
}

pub fn arrival(keys: &[&str], at: Timestamp) -> Arrival {
    let events = keys.iter().zip(0..).map(|(key, part)| NewEvent {
        part: Some(part),
        ..new_event(key, at)
    });
    Arrival {
        request: request("website", b"{\"name\": \"Ana\"}", at),
        source: "contact_form".to_owned(),
        verdict: Verdict {
            scheme: "hmac".to_owned(),
            secret: Some(1),
        },
        events: events.collect(),
    }
}

/// An arrival of one event whose claim lasts a while.
pub fn windowed(key: &str, seconds: u64, at: Timestamp) -> Arrival {
    let mut arrival = arrival(&[key], at);
    arrival.events[0].dedupe.window = Some(Duration::from_secs(seconds));
    arrival
}

/// An arrival of one event that stands for a request nobody could open, with its key from the headers.
pub fn unopened(key: &str, body: &[u8], at: Timestamp) -> Arrival {
    let mut arrival = arrival(&[key], at);
    arrival.request.body = body.to_vec();
    let event = &mut arrival.events[0];
    event.part = None;
    event.event_type = String::new();
    event.delivery_id = None;
    event.status = EventStatus::Quarantined;
    arrival
}

pub fn first(limit: usize) -> PageRequest {
    PageRequest {
        limit,
        cursor: None,
    }
}

/// Walks all pages of a list.
pub async fn all<T, F>(limit: usize, mut list: impl FnMut(PageRequest) -> F) -> Vec<T>
where
    F: Future<Output = frontdesk::store::Result<Page<T>>>,
{
    let mut items = Vec::new();
    let mut page = first(limit);
    loop {
        let got = list(page.clone()).await.unwrap();
        assert!(got.items.len() <= limit);
        items.extend(got.items);
        match got.next {
            Some(next) => page.cursor = Some(next),
            None => return items,
        }
    }
}

pub fn fields(value: Value) -> Fields {
    match value {
        Value::Object(fields) => fields.into(),
        other => panic!("{other} is not an object"),
    }
}

pub fn record(kind: Kind, value: Value, at: Timestamp) -> Record {
    Record {
        id: new_id(at),
        kind,
        fields: fields(value),
        meta: Meta::default(),
        version: 1,
        created_at: at,
        updated_at: at,
        deleted_at: None,
    }
}

pub fn lead_key(id: &str) -> IdentityKey {
    IdentityKey::External {
        kind: Kind::Lead,
        source: "meta".to_owned(),
        scope: "lead-ads".to_owned(),
        id: id.to_owned(),
    }
}

pub fn email(address: &str) -> IdentityKey {
    IdentityKey::Email(address.to_owned())
}

pub fn change(record: &Record, what: ChangeKind, event: Option<Uuid>, at: Timestamp) -> Change {
    Change {
        id: new_id(at),
        kind: record.kind,
        record: record.id,
        version: record.version,
        what: vec![what],
        event,
        source: "meta".to_owned(),
        at,
        changed: vec![FieldChange {
            field: "status".to_owned(),
            from: Value::Null,
            to: json!("new"),
        }],
        snapshot: Fields::new(),
    }
}

/// What writes nothing but the end of the event.
pub fn nothing(at: Timestamp) -> Writes {
    Writes {
        status: EventStatus::Processed,
        code: None,
        reason: None,
        violations: Vec::new(),
        at,
        records: Vec::new(),
        changes: Vec::new(),
        reviews: Vec::new(),
        decisions: Vec::new(),
        turns: Vec::new(),
        desk: DeskWrites::default(),
    }
}

/// Writes these records as they are.
pub fn writing(event: Uuid, records: Vec<(Record, Vec<IdentityKey>)>, at: Timestamp) -> Settlement {
    let writes = Writes {
        changes: records
            .iter()
            .map(|(record, _)| change(record, ChangeKind::Created, Some(event), at))
            .collect(),
        records: records
            .into_iter()
            .map(|(record, keys)| RecordWrite { record, keys })
            .collect(),
        ..nothing(at)
    };
    Settlement {
        event,
        wanted: Vec::new(),
        fetched: None,
        decide: Box::new(move |_| writes.clone()),
    }
}

/// What a lead form does: the contact is found by its address or made, the lead is made, and `team` takes a turn.
pub fn lead_form(event: Uuid, address: &str, lead: &str, at: Timestamp) -> Settlement {
    let (contact_key, key) = (email(address), lead_key(lead));
    let address = address.to_owned();
    let wanted = vec![contact_key.clone(), key.clone()];
    let decide = move |held: &Held<'_>| {
        let known = held.matches.iter().find(|(key, _)| *key == contact_key);
        let contact = match known {
            Some((_, id)) => {
                let found = held.records.iter().find(|record| record.id == *id);
                let mut contact = found.unwrap().clone();
                contact.version += 1;
                contact.updated_at = at;
                contact
            }
            None => record(Kind::Contact, json!({"email": address}), at),
        };
        let value = json!({"status": "new", "owner": "ana", "contact": contact.id.to_string()});
        let lead = record(Kind::Lead, value, at);
        let mut turn = held.desk.ledger.turns().first().cloned().unwrap_or(Turn {
            team: "iberia".to_owned(),
            rep: "ana".to_owned(),
            taken: 0,
            last: 0,
        });
        turn.taken += 1;
        Writes {
            changes: vec![
                change(&contact, ChangeKind::Updated, Some(event), at),
                change(&lead, ChangeKind::Created, Some(event), at),
            ],
            decisions: vec![DecisionRow {
                id: new_id(at),
                lead: lead.id,
                epoch: 1,
                owner: Some("ana".to_owned()),
                rule: Some("Spain".to_owned()),
                rule_set_version: 3,
                reason: "the rule Spain matched".to_owned(),
                trace: Trace::of(&json!({"turn": turn.taken})),
                facts: std::sync::Arc::default(),
                event: Some(event),
                at,
            }],
            turns: vec![turn],
            records: vec![
                RecordWrite {
                    record: contact,
                    keys: vec![contact_key.clone()],
                },
                RecordWrite {
                    record: lead,
                    keys: vec![key.clone()],
                },
            ],
            ..nothing(at)
        }
    };
    Settlement {
        event,
        wanted,
        fetched: None,
        decide: Box::new(decide),
    }
}

/// Outcomes of which none failed.
pub fn done(outcomes: Vec<store::Result<Settled>>) -> Vec<Settled> {
    outcomes.into_iter().map(Result::unwrap).collect()
}

/// A decision's trace, to look into.
pub fn traced(decision: &DecisionRow) -> serde_json::Value {
    serde_json::from_str(decision.trace.as_str()).unwrap()
}
