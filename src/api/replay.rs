//! Replays: events that are mapped once more, one by one or all that a filter finds.

use actix_web::{HttpResponse, web};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::Api;
use crate::api::auth::Manager;
use crate::api::body::Document;
use crate::api::events::unknown;
use crate::api::problem::{Fault, Problem};
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

/// Maps one event once more.
#[utoipa::path(
    post,
    path = "/api/v1/events/{id}/replay",
    tag = "events",
    operation_id = "replay_event",
    params(("id" = String, Path, description = "The event's id.")),
    responses(
        (status = 202, body = Queued),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`already_pending`, `held_as_spam` or `body_gone`", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn one(
    api: web::Data<Api>,
    Manager(hand): Manager,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = id_of("event", &id)?;
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
    let one = Selection::Named(vec![id]);
    if replay::queue(api.store.as_ref(), one, &hand).await?.queued == 0 {
        return Err(Problem::conflict(
            "already_pending",
            "the event waits for a worker already",
        ));
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
    #[schema(value_type = Option<String>, format = DateTime)]
    pub since: Option<Timestamp>,
    /// Received before.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<Timestamp>,
    /// A sender's delivery id.
    pub q: Option<String>,
    /// Change nothing; answer what would change, a page at a time.
    pub dry_run: bool,
    /// `next` of the page before; of dry runs alone.
    pub cursor: Option<String>,
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
    let store = api.store.as_ref();
    if request.dry_run {
        let recipes = api.processing.recipes().current();
        let diff = replay_diff::page(store, &recipes, &api.processing.context(), &request).await?;
        return Ok(HttpResponse::Ok().json(diff));
    }
    let replayed = queue(store, &request, &hand).await?;
    Ok(HttpResponse::Accepted().json(replayed))
}

impl ReplayRequest {
    /// A replay of everything, or of what waits anyway, is a mistake.
    ///
    /// # Errors
    /// 422 with a sentence.
    pub fn check(&self) -> Result<(), Problem> {
        let filtered = self.filter() != EventFilter::default();
        let fault = match (self.events.is_empty(), filtered) {
            (true, false) => {
                "say which events: give at least one of events, endpoint, status, code, type, since, until, q"
            }
            (false, true) => "give events or a filter, not both",
            _ if self.code.as_deref() == Some(SPAM) => {
                "what is held as spam is let in by /api/v1/events/release or `frontdesk events release`"
            }
            _ if self.status == Some(EventStatus::Pending) => {
                "pending events are mapped anyway; there is nothing to replay"
            }
            _ if self.cursor.is_some() && !self.dry_run => {
                "a cursor belongs to a dry run; a replay takes everything that the filter finds"
            }
            _ => return Ok(()),
        };
        Err(Problem::invalid(vec![Fault::new("", fault)]))
    }

    /// The events that are named, or else the filter.
    pub fn selection(&self) -> Selection {
        match self.events.as_slice() {
            [] => Selection::Found(self.filter()),
            events => Selection::Named(events.to_vec()),
        }
    }

    fn filter(&self) -> EventFilter {
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
