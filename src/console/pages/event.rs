//! One event: its way from receipt to records, what it became and by which formulas, the request as it came.

use actix_web::{HttpResponse, web};
use askama::Template;
use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::console::Console;
use crate::console::card::{self, Reading};
use crate::console::fault::Fault;
use crate::console::formula;
use crate::console::frame::Frame;
use crate::console::page;
use crate::console::pages::inbox::Line;
use crate::console::places::{Place, Who, get};
use crate::console::verdict;
use crate::console::visitor::Insider;
use crate::console::when;
use crate::model::event::{Event, EventStatus, SPAM};
use crate::model::field::Kind;
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
    /// What the source is called.
    source: String,
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
    /// How long after its receipt, where that says something.
    pub took: Option<String>,
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
    /// What it is called.
    pub title: String,
    /// What was decided about the lead by this event.
    pub decided: Option<Decided>,
    pub fields: Vec<Field>,
}

/// Who got a lead, and why.
#[derive(Clone)]
pub struct Decided {
    at: Timestamp,
    has_owner: bool,
    why: String,
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
    let records = touched(&console, &insider, id).await?;
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
        source: console.title_of(insider.words, &event.source),
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
        took: None,
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
        steps.push(step("noticed", "warn", None, words.said(&note.message)));
    }
    let violations: Vec<String> = event
        .violations
        .iter()
        .map(|violation| words.said(&violation.said()))
        .collect();
    if !violations.is_empty() {
        steps.push(step("validated", "bad", None, violations.join("; ")));
    }
    let names = records.iter().map(|record| words.word("kind", record.kind));
    let names: Vec<String> = names.collect();
    let reason = event.reason.as_ref();
    let reason = reason.map_or_else(String::new, |reason| words.said(reason));
    let (tone, text) = match event.status {
        EventStatus::Pending => ("", reason),
        EventStatus::Processed => ("good", names.join(", ")),
        EventStatus::Quarantined => ("warn", reason),
        EventStatus::Failed => ("bad", reason),
        EventStatus::Ignored => ("", reason),
    };
    steps.push(Step {
        took: event.took_ms().map(when::length),
        ..step(event.status.as_str(), tone, event.processed_at, text)
    });
    for it in records.iter().filter_map(|record| record.decided.clone()) {
        let (name, tone) = match it.has_owner {
            true => ("assigned", "good"),
            false => ("unassigned", "warn"),
        };
        steps.push(step(name, tone, Some(it.at), it.why));
    }
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

/// Of a list whose entries are merged one by one, the entry that a name means: `tags.vip`, `consent.email`.
fn entry<'v>(value: &'v Value, name: &str) -> &'v Value {
    let Some((_, key)) = name.split_once('.') else {
        return value;
    };
    let is_meant = |item: &&Value| {
        let word = item.as_str().or_else(|| item.get("channel")?.as_str());
        word.is_some_and(|word| word.eq_ignore_ascii_case(key))
    };
    let entries = value.as_array().into_iter().flatten();
    entries.into_iter().find(is_meant).unwrap_or(value)
}

/// The records of the event, with the fields that are still its own.
pub async fn touched(
    console: &Console,
    insider: &Insider,
    event: Uuid,
) -> Result<Vec<Touched>, Fault> {
    let desk = console.store.desk().await?;
    let reading = Reading::new(console, insider, &desk);
    let mut shown = Vec::new();
    for touched in console.store.touched(event).await? {
        let Some(record) = console.store.record(touched.kind, touched.record).await? else {
            continue;
        };
        shown.push(Touched {
            kind: record.kind.as_str(),
            plural: record.kind.plural(),
            id: record.id,
            title: card::about(&record).unwrap_or_else(|| card::title(&record, None)),
            decided: decided(reading, &record, event).await?,
            fields: fields(reading, (&record, event)),
        });
    }
    Ok(shown)
}

/// Who got a lead by this event, and why.
async fn decided(
    reading: Reading<'_>,
    record: &Record,
    event: Uuid,
) -> Result<Option<Decided>, Fault> {
    if record.kind != Kind::Lead {
        return Ok(None);
    }
    let decisions = reading.console.store.decisions(record.id).await?;
    let own = decisions.into_iter().find(|row| row.event == Some(event));
    Ok(own.map(|row| Decided {
        at: row.at,
        has_owner: row.owner.is_some(),
        why: verdict::of(reading.words, reading.desk, &row.trace).summary,
    }))
}

fn fields(reading: Reading<'_>, (record, event): (&Record, Uuid)) -> Vec<Field> {
    let console = reading.console;
    let mut fields = Vec::new();
    for (name, meta) in &record.meta.fields {
        let origin = usize::try_from(meta.origin)
            .ok()
            .and_then(|nth| record.meta.origins.get(nth));
        let Some(origin) = origin.filter(|origin| origin.event == event) else {
            continue;
        };
        // Links are told by the records themselves, which are shown, too.
        let is_link = matches!(name.as_str(), "contact" | "order");
        let Some(value) = formula::value(&record.fields, name).filter(|_| !is_link) else {
            continue;
        };
        let source = console.catalog.get(&origin.source);
        let found = source.and_then(|source| {
            let text = formula::at(source, (record.kind, name), meta.line)?;
            Some((text, format!("{}:{}", source.file, meta.line)))
        });
        fields.push(Field {
            name: name.to_string(),
            value: reading.flat(record.kind, name, entry(value, name)),
            formula: found,
        });
    }
    fields
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::entry;

    #[test]
    fn a_name_may_mean_an_entry_of_a_list() {
        let tags = json!(["VIP", "tea"]);
        let consent = json!([{"channel": "email", "state": "granted"}, {"channel": "sms", "state": "denied"}]);
        assert_eq!(entry(&tags, "tags.vip"), "VIP");
        assert_eq!(entry(&tags, "tags.gone"), &tags);
        assert_eq!(entry(&consent, "consent.sms")["state"], "denied");
        assert_eq!(entry(&json!("a"), "email"), "a");
    }
}
