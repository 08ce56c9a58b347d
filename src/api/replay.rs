//! Replays: events that are mapped once more, one by one or all that a filter finds.

use actix_web::{HttpResponse, web};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::Api;
use crate::api::auth::Manager;
use crate::api::body::{Document, Optional};
use crate::api::events::unknown;
use crate::api::problem::{Fault, Problem};
use crate::api::query;
use crate::api::records::id_of;
use crate::api::replay_diff::{self, ReplayDiff};
use crate::model::event::{EventStatus, SPAM};
use crate::process::edit::Hand;
use crate::process::replay;
use crate::process::selection::Selection;
use crate::store::{EventFilter, Store};

/// Queued: a worker will take it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Queued {
    #[schema(value_type = String, format = "uuid")]
    pub event: Uuid,
    /// `pending`
    #[schema(value_type = String)]
    pub status: EventStatus,
}

/// How to replay one event.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ReplayOne {
    /// Change nothing; answer what would change.
    pub dry_run: bool,
}

/// Maps one event once more; with `dry_run`, shows what that would change.
#[utoipa::path(
    post,
    path = "/api/v1/events/{id}/replay",
    tag = "events",
    operation_id = "replay_event",
    params(("id" = String, Path, description = "The event's id.")),
    request_body = Option<ReplayOne>,
    responses(
        (status = 200, description = "With `dry_run`: what would change", body = ReplayDiff),
        (status = 202, body = Queued),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`already_pending`, `held_as_spam` or `body_gone`", body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn one(
    api: web::Data<Api>,
    Manager(hand): Manager,
    id: web::Path<String>,
    body: Optional,
) -> Result<HttpResponse, Problem> {
    let id = id_of("event", &id)?;
    let request: ReplayOne = body.read()?;
    let claimed = api.store.peek(id).await?.ok_or_else(|| unknown(id))?;
    if claimed.event.code.as_deref() == Some(SPAM) {
        return Err(Problem::conflict(
            "held_as_spam",
            format!("the spam gate holds this event; POST /api/v1/events/{id}/release lets it in"),
        ));
    }
    if claimed.raw.is_none() {
        return Err(Problem::conflict(
            "body_gone",
            "the request was removed by retention; there is nothing left to map",
        ));
    }
    let pending = || Problem::conflict("already_pending", "the event waits for a worker already");
    if claimed.event.status == EventStatus::Pending {
        return Err(pending());
    }
    if request.dry_run {
        let one = ReplayRequest {
            events: vec![id],
            ..ReplayRequest::default()
        };
        return foresee(&api, &one).await;
    }
    let one = Selection::Named(vec![id]);
    if replay::queue(api.store.as_ref(), one, &hand).await?.queued == 0 {
        return Err(pending());
    }
    let queued = Queued {
        event: id,
        status: EventStatus::Pending,
    };
    Ok(HttpResponse::Accepted().json(queued))
}

/// Which events to replay; all that are given must hold, and one must be given.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ReplayRequest {
    /// These events, and no filter.
    #[schema(value_type = Vec<String>)]
    pub events: Vec<Uuid>,
    /// A filter by itself: the same as its members beside `dry_run`, and instead of them.
    pub filter: Option<ReplayFilter>,
    pub endpoint: Option<String>,
    /// `quarantined`, `failed`, `ignored` or `processed`.
    #[schema(value_type = Option<String>)]
    pub status: Option<EventStatus>,
    /// Why they are quarantined or failed: `mapping_failed`. What is held as spam is released, not replayed.
    pub code: Option<String>,
    /// The sender's word: `orders/create`.
    #[serde(rename = "type")]
    pub event_type: Option<String>,
    /// Received at or after.
    #[serde(deserialize_with = "query::maybe_time")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub since: Option<Timestamp>,
    /// Received before.
    #[serde(deserialize_with = "query::maybe_time")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<Timestamp>,
    /// A sender's delivery id.
    pub q: Option<String>,
    /// Change nothing; answer what would change, a page at a time.
    pub dry_run: bool,
    /// `next` of the page before; of dry runs alone.
    pub cursor: Option<String>,
}

/// The events that a replay is about; all that are given must hold.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ReplayFilter {
    pub endpoint: Option<String>,
    /// `quarantined`, `failed`, `ignored` or `processed`.
    #[schema(value_type = Option<String>)]
    pub status: Option<EventStatus>,
    /// Why they are quarantined or failed.
    pub code: Option<String>,
    /// The sender's word: `orders/create`.
    #[serde(rename = "type")]
    pub event_type: Option<String>,
    /// Received at or after.
    #[serde(deserialize_with = "query::maybe_time")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub since: Option<Timestamp>,
    /// Received before.
    #[serde(deserialize_with = "query::maybe_time")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<Timestamp>,
    /// A sender's delivery id.
    pub q: Option<String>,
}

/// What a replay did.
#[derive(Debug, Serialize, ToSchema)]
pub struct Replayed {
    /// Events that were made pending.
    pub queued: u64,
    /// Events that were found, those that are pending already included.
    pub found: u64,
}

/// Maps every event that a filter finds once more; with `dry_run`, shows what that would change.
#[utoipa::path(
    post,
    path = "/api/v1/events/replay",
    tag = "events",
    operation_id = "replay_events",
    request_body = ReplayRequest,
    responses(
        (status = 200, description = "With `dry_run`: what would change, a page of up to 200 events", body = ReplayDiff),
        (status = 202, body = Replayed),
        (status = 404, description = "One of `events` is unknown; nothing was done", body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn many(
    api: web::Data<Api>,
    Manager(hand): Manager,
    body: Document,
) -> Result<HttpResponse, Problem> {
    let request: ReplayRequest = body.read()?;
    request.check()?;
    request.find_named(api.store.as_ref()).await?;
    if request.dry_run {
        return foresee(&api, &request).await;
    }
    let replayed = queue(api.store.as_ref(), &request, &hand).await?;
    Ok(HttpResponse::Accepted().json(replayed))
}

/// Answers what `request` would change.
async fn foresee(api: &Api, request: &ReplayRequest) -> Result<HttpResponse, Problem> {
    let recipes = api.processing.recipes().current();
    let context = api.processing.context();
    let diff = replay_diff::page(api.store.as_ref(), &recipes, &context, request).await?;
    Ok(HttpResponse::Ok().json(diff))
}

impl ReplayRequest {
    /// A replay of everything, or of what waits anyway, is a mistake.
    ///
    /// # Errors
    /// 422 with a sentence.
    pub fn check(&self) -> Result<(), Problem> {
        if self.filter.is_some() && self.beside() != EventFilter::default() {
            let fault = "give the filter under \"filter\" or beside it, not both";
            return Err(Problem::invalid(vec![Fault::new("/filter", fault)]));
        }
        let filter = self.filter();
        let filtered = filter != EventFilter::default();
        let fault = match (self.events.is_empty(), filtered) {
            (true, false) => {
                "say which events: give at least one of events, endpoint, status, code, type, since, until, q"
            }
            (false, true) => "give events or a filter, not both",
            _ if filter.code.as_deref() == Some(SPAM) => {
                "what is held as spam is let in by /api/v1/events/release or `frontdesk events release`"
            }
            _ if filter.status == Some(EventStatus::Pending) => {
                "pending events are mapped anyway; there is nothing to replay"
            }
            _ if self.cursor.is_some() && !self.dry_run => {
                "a cursor belongs to a dry run; a replay takes everything that the filter finds"
            }
            _ => return Ok(()),
        };
        Err(Problem::invalid(vec![Fault::new("", fault)]))
    }

    /// Whether the events that are named are there: nothing is done when one is not.
    ///
    /// # Errors
    /// 404 with the first that is unknown; a store that cannot be used.
    pub async fn find_named(&self, store: &dyn Store) -> Result<(), Problem> {
        for id in &self.events {
            store.event(*id).await?.ok_or_else(|| unknown(*id))?;
        }
        Ok(())
    }

    /// The events that are named, or else the filter.
    pub fn selection(&self) -> Selection {
        match self.events.as_slice() {
            [] => Selection::Found(self.filter()),
            events => Selection::Named(events.to_vec()),
        }
    }

    fn filter(&self) -> EventFilter {
        match &self.filter {
            Some(filter) => filter.clone().into(),
            None => self.beside(),
        }
    }

    /// The filter whose members stand beside `dry_run`.
    fn beside(&self) -> EventFilter {
        EventFilter {
            endpoint: self.endpoint.clone(),
            status: self.status,
            code: self.code.clone(),
            event_type: self.event_type.clone(),
            since: self.since,
            until: self.until,
            q: self.q.clone(),
            ..EventFilter::default()
        }
    }
}

impl From<ReplayFilter> for EventFilter {
    fn from(filter: ReplayFilter) -> Self {
        EventFilter {
            endpoint: filter.endpoint,
            status: filter.status,
            code: filter.code,
            event_type: filter.event_type,
            since: filter.since,
            until: filter.until,
            q: filter.q,
            ..EventFilter::default()
        }
    }
}

/// Makes pending what `request` finds.
///
/// # Errors
/// A store that cannot be used.
pub async fn queue(
    store: &dyn Store,
    request: &ReplayRequest,
    hand: &Hand,
) -> Result<Replayed, Problem> {
    let done = replay::queue(store, request.selection(), hand).await?;
    Ok(Replayed {
        queued: done.queued,
        found: done.found,
    })
}
