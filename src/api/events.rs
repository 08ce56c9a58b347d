//! /api/v1/events: the inbox, newest first, and one event with its request and what it did.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, Responder, web};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::Api;
use crate::api::auth::Reader;
use crate::api::mask;
use crate::api::problem::Problem;
use crate::api::query::Query;
use crate::api::records::id_of;
use crate::api::view::{FieldChangeView, Listed};
use crate::model::event::{Event, EventStatus, Note, Verdict};
use crate::model::field::Kind;
use crate::model::request::RawRequest;
use crate::store::{EventFilter, Store, Touched};

/// An event as the inbox holds it.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventView {
    #[schema(value_type = String, format = "uuid")]
    pub id: Uuid,
    pub endpoint: String,
    pub source: String,
    /// The sender's word: `orders/create`.
    #[serde(rename = "type")]
    pub event_type: String,
    /// The sender's id of it.
    pub delivery_id: Option<String>,
    /// `pending`, `processed`, `quarantined`, `failed` or `ignored`.
    #[schema(value_type = String)]
    pub status: EventStatus,
    /// Why it is quarantined or failed: `spam`, `schema_violation`, `mapping_failed`, …
    pub code: Option<String>,
    /// Why it is not processed, in a sentence.
    pub reason: Option<String>,
    #[schema(value_type = Vec<Object>)]
    pub violations: Vec<crate::model::event::Violation>,
    /// What was noticed when it was received: `{"name", "score", "message"}`, the score being suspicion of spam.
    #[schema(value_type = Vec<Object>)]
    pub notes: Vec<Noticed>,
    /// How often processing was tried and put off.
    pub attempts: u32,
    /// When it happened, by the sender's clock.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub event_time: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    pub received_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub processed_at: Option<Timestamp>,
    /// Why the sender was believed: `{"scheme", "secret"}`, the secret counted from 0.
    #[schema(value_type = Object)]
    pub verdict: Verdict,
}

/// Something that was noticed of an event.
#[derive(Debug, Serialize)]
pub struct Noticed {
    pub name: String,
    /// Suspicion of spam.
    pub score: u32,
    pub message: String,
}

impl From<Note> for Noticed {
    fn from(note: Note) -> Self {
        Noticed {
            name: note.name,
            score: note.score,
            message: note.message.into(),
        }
    }
}

impl From<Event> for EventView {
    fn from(event: Event) -> Self {
        EventView {
            id: event.id,
            endpoint: event.endpoint,
            source: event.source,
            event_type: event.event_type,
            delivery_id: event.delivery_id,
            status: event.status,
            code: event.code,
            reason: event.reason.map(String::from),
            violations: event.violations,
            notes: event.notes.into_iter().map(Noticed::from).collect(),
            attempts: event.attempts,
            event_time: event.event_time,
            received_at: event.received_at,
            processed_at: event.processed_at,
            verdict: event.verdict,
        }
    }
}

/// One event with its request and the records it touched.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventDetail {
    #[serde(flatten)]
    pub event: EventView,
    /// The request it came in; null when retention has removed it.
    pub request: Option<RequestView>,
    pub records: Vec<TouchedView>,
    /// From received to settled, in milliseconds; null when it was put off, replayed or released meanwhile.
    pub took_ms: Option<u64>,
}

/// A request as it came over the wire; secrets and signatures are masked.
#[derive(Debug, Serialize, ToSchema)]
pub struct RequestView {
    #[schema(value_type = String, format = "uuid")]
    pub id: Uuid,
    pub method: String,
    pub query: String,
    /// Name in lower case → values.
    pub headers: BTreeMap<String, Vec<String>>,
    /// As text, or in base64.
    pub body: String,
    /// `utf-8` or `base64`.
    pub body_encoding: &'static str,
    pub peer: String,
    #[schema(value_type = String, format = DateTime)]
    pub received_at: Timestamp,
    /// Position of the event in the request's batch.
    pub part: u32,
}

/// A record an event touched.
#[derive(Debug, Serialize, ToSchema)]
pub struct TouchedView {
    #[schema(value_type = String)]
    pub kind: Kind,
    #[schema(value_type = String, format = "uuid")]
    pub id: Uuid,
    /// `/api/v1/leads/…`
    pub url: String,
    pub changed: Vec<FieldChangeView>,
}

impl From<Touched> for TouchedView {
    fn from(touched: Touched) -> Self {
        TouchedView {
            kind: touched.kind,
            id: touched.record,
            url: format!("/api/v1/{}/{}", touched.kind.plural(), touched.record),
            changed: touched.changed.into_iter().map(Into::into).collect(),
        }
    }
}

/// Events, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/events",
    tag = "events",
    operation_id = "list_events",
    params(
        ("limit" = Option<usize>, Query, description = "1 to 200; 50 when absent."),
        ("cursor" = Option<String>, Query, description = "`next` of the page before."),
        ("since" = Option<String>, Query, description = "Received at or after this time (RFC 3339), or this date, which begins at midnight UTC."),
        ("until" = Option<String>, Query, description = "Received before this time."),
        ("endpoint" = Option<String>, Query, description = "Name of an endpoint."),
        ("status" = Option<String>, Query, description = "pending, processed, quarantined, failed or ignored."),
        ("code" = Option<String>, Query, description = "Why they are quarantined or failed: `spam`, `schema_violation`."),
        ("type" = Option<String>, Query, description = "The sender's word: `orders/create`."),
        ("q" = Option<String>, Query, description = "An event id or a sender's delivery id."),
        ("source" = Option<String>, Query, description = "Name of a source: `shopify`."),
        ("text" = Option<String>, Query, description = "One of these ids or, where there is none, a text in the body. A page looks at the newest thousand that pass the rest; `next` looks on."),
    ),
    responses(
        (status = 200, body = Listed<EventView>),
        (status = 400, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn list(api: web::Data<Api>, request: HttpRequest) -> Result<impl Responder, Problem> {
    let filters = [
        "since", "until", "endpoint", "source", "status", "code", "type", "q", "text",
    ];
    let query = Query::of(&request, &filters)?;
    let statuses = EventStatus::ALL.map(EventStatus::as_str);
    let filter = EventFilter {
        endpoint: query.text("endpoint"),
        status: query
            .one_of("status", &statuses)?
            .and_then(|word| EventStatus::parse(&word)),
        code: query.text("code"),
        event_type: query.text("type"),
        since: query.time("since")?,
        until: query.time("until")?,
        q: query.text("q"),
        source: query.text("source"),
        text: query.text("text"),
    };
    let page = api.store.events(filter, query.page()?).await?;
    Ok(web::Json(Listed::of(page, EventView::from)))
}

/// One event: its request (secrets and signature masked), verdict, status and the records it touched.
#[utoipa::path(
    get,
    path = "/api/v1/events/{id}",
    tag = "events",
    operation_id = "show_event",
    params(("id" = String, Path, description = "The event's id.")),
    responses(
        (status = 200, body = EventDetail),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn show(
    api: web::Data<Api>,
    Reader(hand): Reader,
    id: web::Path<String>,
) -> Result<impl Responder, Problem> {
    let id = id_of("event", &id)?;
    let found = detail(api.store.as_ref(), id).await?;
    if found.request.is_some() {
        let log = hand.log("event.opened", format!("event/{id}"));
        api.store.note(log).await?;
    }
    Ok(web::Json(found))
}

/// Everything about one event.
///
/// # Errors
/// 404, and a store that cannot be read.
pub async fn detail(store: &dyn Store, id: Uuid) -> Result<EventDetail, Problem> {
    let event = store.event(id).await?.ok_or_else(|| unknown(id))?;
    let raw = store.raw_request(id).await?;
    let touched = store.touched(id).await?;
    Ok(EventDetail {
        request: raw.map(|raw| request_view(&event, raw)),
        records: touched.into_iter().map(Into::into).collect(),
        took_ms: event.took_ms(),
        event: event.into(),
    })
}

/// 404 for an event.
pub fn unknown(id: Uuid) -> Problem {
    Problem::not_found(format!("there is no event {id}"))
}

fn request_view(event: &Event, raw: RawRequest) -> RequestView {
    let (body, body_encoding) = mask::body(raw.body);
    RequestView {
        id: raw.id,
        method: raw.method,
        query: mask::query(&raw.query),
        headers: mask::headers(raw.headers.0),
        body,
        body_encoding,
        peer: raw.peer.to_string(),
        received_at: raw.received_at,
        part: event.part.unwrap_or(0),
    }
}
