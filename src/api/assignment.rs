//! /api/v1/leads/{id}/assignment: why a lead went where it went.

use actix_web::{Responder, web};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::Api;
use crate::api::problem::Problem;
use crate::api::records::id_of;
use crate::model::field::Kind;
use crate::model::trace::Trace;
use crate::store::DecisionRow;

/// The last decision on a lead.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssignmentView {
    /// The rep's handle; null when nobody could take it.
    pub owner: Option<String>,
    /// The rule that matched; null when a step before the rules decided.
    pub rule: Option<String>,
    pub rule_set_version: u64,
    /// A sentence.
    pub reason: String,
    /// Values seen, each rule's conditions, each candidate's gate, turns before and after.
    #[schema(value_type = Object)]
    pub trace: Trace,
    /// 1 for the first assignment of the lead.
    pub epoch: u32,
    /// The event that caused it.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub event: Option<Uuid>,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

impl From<DecisionRow> for AssignmentView {
    fn from(row: DecisionRow) -> Self {
        AssignmentView {
            owner: row.owner,
            rule: row.rule,
            rule_set_version: row.rule_set_version,
            reason: row.reason,
            trace: row.trace,
            epoch: row.epoch,
            event: row.event,
            at: row.at,
        }
    }
}

/// Why the lead has the owner it has.
#[utoipa::path(
    get,
    path = "/api/v1/leads/{id}/assignment",
    tag = "assignment",
    operation_id = "show_assignment",
    params(("id" = String, Path, description = "The lead's id.")),
    responses(
        (status = 200, body = AssignmentView),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn show(api: web::Data<Api>, id: web::Path<String>) -> Result<impl Responder, Problem> {
    let id = id_of("lead", &id)?;
    if let Some(decision) = api.store.decision(id).await? {
        return Ok(web::Json(AssignmentView::from(decision)));
    }
    Err(match api.store.record(Kind::Lead, id).await? {
        Some(_) => Problem::not_found(format!(
            "nothing was decided on lead {id}: test leads and leads with a sender's owner are not assigned"
        )),
        None => Problem::not_found(format!("there is no lead {id}")),
    })
}
