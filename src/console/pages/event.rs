//! One event: its way from receipt to records, what it became and by which formulas, the request as it came.

use actix_web::{HttpResponse, web};
use askama::Template;
use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::console::Console;
use crate::console::card;
use crate::console::fault::Fault;
use crate::console::formula;
use crate::console::frame::Frame;
use crate::console::page;
use crate::console::pages::inbox::Line;
use crate::console::places::{Place, Who, get};
use crate::console::visitor::Insider;
use crate::console::words::Words;
use crate::model::event::{Event, EventStatus, SPAM};
use crate::model::record::Record;
use crate::model::request::RawRequest;
use crate::payload::mask::{self, MASK, is_telling};

pub const PLACES: &[Place] = &[get("/inbox/{id}", Who::Readers, |route| route.to(show))];

/// Characters of a body that are shown; the rest is a download nobody reads in a browser.
const BODY: usize = 64 * 1024;

#[derive(Template)]
#[template(path = "event.html")]
struct Page<'v> {
    f: Frame<'v>,
    line: Line,
    steps: Vec<Step>,
    /// The inbox of this endpoint alone, as a query.
    here: String,
    /// Held by the spam gate.
    held: bool,
    request: Option<Request>,
    records: Vec<Touched>,
}

/// One step on the way.
pub struct Step {
    /// The message `step-NAME`.
    pub name: &'static str,
    /// `good`, `warn`, `bad`, or nothing while it is to come.
    pub tone: &'static str,
    pub at: Option<Timestamp>,
    pub text: String,
}

/// The request as people may see it.
struct Request {
    method: String,
    query: String,
    peer: String,
    headers: Vec<(String, String)>,
    body: String,
    bytes: u64,
    is_cut: bool,
}

/// A record that the event touched.
pub struct Touched {
    pub kind: &'static str,
    pub plural: &'static str,
    pub id: Uuid,
    pub fields: Vec<Field>,
}

/// A field that the event owns.
pub struct Field {
    pub name: String,
    pub value: String,
    /// The formula it came from, and where that stands.
    pub formula: Option<(String, String)>,
}

async fn show(
    console: web::Data<Console>,
    insider: Insider,
    id: web::Path<String>,
) -> Result<HttpResponse, Fault> {
    let id: Uuid = id.parse().map_err(|_| Fault::Missing)?;
    let event = console.store.event(id).await?.ok_or(Fault::Missing)?;
    let raw = console.store.raw_request(id).await?;
    let records = touched(&console, insider.words, id).await?;
    if raw.is_some() {
        let log = insider.hand().log("event.opened", format!("event/{id}"));
        console.store.note(log).await?;
    }
    page::shown(&Page {
        steps: steps(&insider, &event, raw.as_ref(), &records),
        held: event.code.as_deref() == Some(SPAM),
        request: raw.map(request),
        records,
        here: form_urlencoded::Serializer::new(String::new())
            .append_pair("endpoint", &event.endpoint)
            .finish(),
        line: Line::of(event),
        f: Frame::new(&insider, "inbox"),
    })
}

/// The way of an event, as far as it has come.
pub fn steps(
    insider: &Insider,
    event: &Event,
    raw: Option<&RawRequest>,
    records: &[Touched],
) -> Vec<Step> {
    let words = insider.words;
    let step = |name, tone, at, text| Step {
        name,
        tone,
        at,
        text,
    };
    let from = raw.map(|raw| words.with("step-received-from", "peer", raw.peer));
    let mut steps = vec![step(
        "received",
        "good",
        Some(event.received_at),
        from.unwrap_or_default(),
    )];
    let open = event.verdict.scheme == "none";
    let proof = match event.verdict.secret {
        _ if open => words.say("step-verified-open"),
        Some(nth) => words.with_all(
            "step-verified-secret",
            &[
                ("scheme", &event.verdict.scheme),
                ("nth", &(nth + 1).to_string()),
            ],
        ),
        None => words.with("step-verified-by", "scheme", &event.verdict.scheme),
    };
    let tone = if open { "warn" } else { "good" };
    steps.push(step("verified", tone, None, proof));
    for note in &event.notes {
        steps.push(step("noticed", "warn", None, note.message.clone()));
    }
    let violations: Vec<String> = event
        .violations
        .iter()
        .map(|violation| format!("{} {}", violation.path, violation.message))
        .collect();
    if !violations.is_empty() {
        steps.push(step("validated", "bad", None, violations.join("; ")));
    }
    let names = records.iter().map(|record| words.word("kind", record.kind));
    let names: Vec<String> = names.collect();
    let reason = event.reason.clone().unwrap_or_default();
    let (tone, text) = match event.status {
        EventStatus::Pending => ("", reason),
        EventStatus::Processed => ("good", names.join(", ")),
        EventStatus::Quarantined => ("warn", reason),
        EventStatus::Failed => ("bad", reason),
        EventStatus::Ignored => ("", reason),
    };
    steps.push(step(event.status.as_str(), tone, event.processed_at, text));
    steps
}

fn request(raw: RawRequest) -> Request {
    let shown = |(name, value): (String, String)| match is_telling(&name) {
        true => (name, MASK.to_owned()),
        false => (name, value),
    };
    let bytes = raw.body.len() as u64;
    let text = String::from_utf8_lossy(&raw.body);
    let pretty = serde_json::from_str::<Value>(&text)
        .ok()
        .and_then(|value| serde_json::to_string_pretty(&value).ok());
    let text = pretty.unwrap_or_else(|| text.into_owned());
    let body: String = text.chars().take(BODY).collect();
    Request {
        query: mask::query(&raw.query, is_telling),
        method: raw.method,
        peer: raw.peer.to_string(),
        headers: raw.headers.0.into_iter().map(shown).collect(),
        is_cut: body.len() < text.len(),
        body,
        bytes,
    }
}

/// The records of the event, with the fields that are still its own.
pub async fn touched(console: &Console, words: Words, event: Uuid) -> Result<Vec<Touched>, Fault> {
    let mut shown = Vec::new();
    for touched in console.store.touched(event).await? {
        let Some(record) = console.store.record(touched.kind, touched.record).await? else {
            continue;
        };
        shown.push(Touched {
            kind: record.kind.as_str(),
            plural: record.kind.plural(),
            id: record.id,
            fields: fields(console, words, (&record, event)),
        });
    }
    Ok(shown)
}

fn fields(console: &Console, words: Words, (record, event): (&Record, Uuid)) -> Vec<Field> {
    let mut fields = Vec::new();
    for (name, meta) in &record.meta.fields {
        let origin = usize::try_from(meta.origin)
            .ok()
            .and_then(|nth| record.meta.origins.get(nth));
        let Some(origin) = origin.filter(|origin| origin.event == event) else {
            continue;
        };
        let Some(value) = formula::value(&record.fields, name) else {
            continue;
        };
        let source = console.catalog.get(&origin.source);
        let found = source.and_then(|source| {
            let text = formula::at(source, record.kind, meta.line)?;
            Some((text, format!("{}:{}", source.file, meta.line)))
        });
        fields.push(Field {
            name: name.clone(),
            value: card::flat(words, value),
            formula: found,
        });
    }
    fields
}
