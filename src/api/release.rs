//! Releases: events that the spam gate holds are let in, one by one or all that a filter finds.

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
use crate::api::query;
use crate::api::records::id_of;
use crate::api::replay::Queued;
use crate::model::event::{EventStatus, SPAM};
use crate::process::release::release;
use crate::process::selection::Selection;
use crate::store::EventFilter;

/// Lets one event in that is held as spam.
#[utoipa::path(
    post,
    path = "/api/v1/events/{id}/release",
    tag = "events",
    operation_id = "release_event",
    params(("id" = String, Path, description = "The event's id.")),
    responses(
        (status = 202, body = Queued),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`not_held` or `body_gone`", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn one(
    api: web::Data<Api>,
    Manager(hand): Manager,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = id_of("event", &id)?;
    let event = api.store.event(id).await?.ok_or_else(|| unknown(id))?;
    if event.code.as_deref() != Some(SPAM) {
        let status = event.status.as_str();
        return Err(Problem::conflict(
            "not_held",
            format!("this event is {status} and not held as spam; there is nothing to release"),
        ));
    }
    let done = release(api.store.as_ref(), Selection::Named(vec![id]), &hand).await?;
    if done.released == 0 {
        return Err(Problem::conflict(
            "body_gone",
            "the request was removed by retention, or somebody else released it just now",
        ));
    }
    let queued = Queued {
        event: id,
        status: EventStatus::Pending,
    };
    Ok(HttpResponse::Accepted().json(queued))
}

/// Which events to release, of those that are held as spam; all that are given must hold, and one must be given.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ReleaseRequest {
    /// These events, and no filter.
    #[schema(value_type = Vec<String>)]
    pub events: Vec<Uuid>,
    pub endpoint: Option<String>,
    /// The sender's word: `submission`.
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
}

/// What a release did.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReleasedView {
    /// Events that were made pending.
    pub released: u64,
    /// Events that were found, those that are not held any more included.
    pub found: u64,
}

/// Lets in all that a filter finds among the events that are held as spam.
#[utoipa::path(
    post,
    path = "/api/v1/events/release",
    tag = "events",
    operation_id = "release_events",
    request_body = ReleaseRequest,
    responses(
        (status = 202, body = ReleasedView),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn many(
    api: web::Data<Api>,
    Manager(hand): Manager,
    body: Document,
) -> Result<HttpResponse, Problem> {
    let wanted = body.read::<ReleaseRequest>()?.selection()?;
    let done = release(api.store.as_ref(), wanted, &hand).await?;
    Ok(HttpResponse::Accepted().json(ReleasedView {
        released: done.released,
        found: done.found,
    }))
}

impl ReleaseRequest {
    /// A release of everything that was ever held is a mistake.
    ///
    /// # Errors
    /// 422 with a sentence.
    pub fn selection(self) -> Result<Selection, Problem> {
        let filter = EventFilter {
            endpoint: self.endpoint,
            event_type: self.event_type,
            since: self.since,
            until: self.until,
            ..EventFilter::default()
        };
        let fault = match (self.events.is_empty(), filter == EventFilter::default()) {
            (false, true) => return Ok(Selection::Named(self.events)),
            (true, false) => return Ok(Selection::Found(filter)),
            (true, true) => {
                "say which events: give at least one of events, endpoint, type, since, until"
            }
            (false, false) => "give events or a filter, not both",
        };
        Err(Problem::invalid(vec![Fault::new("", fault)]))
    }
}
