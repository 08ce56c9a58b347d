//! /api/v1/leads/{id}/assignment and what goes with it: why a lead went where it went, and sending it elsewhere.

use actix_web::{Responder, web};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::Api;
use crate::api::auth::{Manager, Worker};
use crate::api::body::Document;
use crate::api::office::problem;
use crate::api::problem::Problem;
use crate::api::records::id_of;
use crate::api::view::Listed;
use crate::assign::explain::why_not;
use crate::model::field::Kind;
use crate::model::trace::Trace;
use crate::process::decide::amend::{Accept, HandOver};
use crate::store::DecisionRow;
use crate::store::desk::Standing;

/// A decision on a lead.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssignmentView {
    /// The rep's handle; null when nobody could take it.
    pub owner: Option<String>,
    /// The rule that matched; null when a step before the rules decided, or a person.
    pub rule: Option<String>,
    pub rule_set_version: u64,
    /// A sentence.
    pub reason: String,
    /// Why not the other rules and people, a sentence each.
    pub why_not: Vec<String>,
    /// Values seen, each rule's conditions, each candidate's gate, turns before and after.
    #[schema(value_type = Object)]
    pub trace: Trace,
    /// 1 for the first assignment of the lead.
    pub epoch: u32,
    /// The event that brought the lead.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub event: Option<Uuid>,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Of the last decision, while the lead waits for somebody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting: Option<WaitingView>,
    /// Of the last decision, when it has to be accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accept: Option<AcceptView>,
}

/// A lead that waits.
#[derive(Debug, Serialize, ToSchema)]
pub struct WaitingView {
    /// The targets, in the order in which they were asked: `team:iberia|rep:boss`.
    pub waits_for: String,
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
}

/// A lead that has to be accepted.
#[derive(Debug, Serialize, ToSchema)]
pub struct AcceptView {
    /// Then it goes to somebody else.
    #[schema(value_type = String, format = DateTime)]
    pub due: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub accepted: Option<Timestamp>,
    /// Reps who had it before and did not accept it in time.
    pub passed: Vec<String>,
}

/// Who is to have the lead.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandOverBody {
    /// A rep's handle. Absent: the rules look for somebody else than who has it.
    #[serde(default)]
    pub rep: Option<String>,
    /// Why; it stands in the decision.
    #[serde(default)]
    pub reason: String,
}

impl From<DecisionRow> for AssignmentView {
    fn from(row: DecisionRow) -> Self {
        AssignmentView {
            owner: row.owner,
            rule: row.rule,
            rule_set_version: row.rule_set_version,
            reason: row.reason,
            why_not: why_not(&row.trace),
            trace: row.trace,
            epoch: row.epoch,
            event: row.event,
            at: row.at,
            waiting: None,
            accept: None,
        }
    }
}

impl AssignmentView {
    fn standing(self, standing: Standing) -> Self {
        AssignmentView {
            waiting: standing.waiting.map(|waiting| WaitingView {
                waits_for: waiting.route,
                since: waiting.since,
            }),
            accept: standing.offer.map(|offer| AcceptView {
                due: offer.due,
                accepted: offer.accepted,
                passed: offer.passed,
            }),
            ..self
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
    view(&api, id).await.map(web::Json)
}

/// Every decision on the lead, the last first.
#[utoipa::path(
    get,
    path = "/api/v1/leads/{id}/assignments",
    tag = "assignment",
    operation_id = "list_assignments",
    params(("id" = String, Path, description = "The lead's id.")),
    responses(
        (status = 200, body = Listed<AssignmentView>),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn list(api: web::Data<Api>, id: web::Path<String>) -> Result<impl Responder, Problem> {
    let id = id_of("lead", &id)?;
    let decisions = api.store.decisions(id).await?;
    if decisions.is_empty() {
        return Err(undecided(&api, id).await);
    }
    Ok(web::Json(Listed {
        items: decisions.into_iter().map(AssignmentView::from).collect(),
        next: None,
    }))
}

/// Hands the lead to a rep, or gives it back to the rules. What is handed over stays there whatever senders tell later.
#[utoipa::path(
    post,
    path = "/api/v1/leads/{id}/assign",
    tag = "assignment",
    operation_id = "assign_lead",
    params(("id" = String, Path, description = "The lead's id.")),
    request_body = HandOverBody,
    responses(
        (status = 200, body = AssignmentView),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`not_a_rep`, `no_change`, `nobody_else`, `too_often`, `deleted`", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn assign(
    api: web::Data<Api>,
    Manager(hand): Manager,
    id: web::Path<String>,
    body: Document,
) -> Result<impl Responder, Problem> {
    let id = id_of("lead", &id)?;
    let body: HandOverBody = body.read()?;
    let wish = HandOver {
        to: body.rep,
        by: hand.name.clone(),
        reason: body.reason,
    };
    api.processing
        .office()
        .hand_over(id, wish, &hand)
        .await
        .map_err(problem)?;
    view(&api, id).await.map(web::Json)
}

/// Accepts the lead: it is being worked and stays with its rep. A rep's token carries the rep's handle as its name; a
/// manager accepts in the rep's place.
#[utoipa::path(
    post,
    path = "/api/v1/leads/{id}/accept",
    tag = "assignment",
    operation_id = "accept_lead",
    params(("id" = String, Path, description = "The lead's id.")),
    responses(
        (status = 200, body = AssignmentView),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`not_yours`, `closed`, `deleted`", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn accept(
    api: web::Data<Api>,
    Worker(hand): Worker,
    id: web::Path<String>,
) -> Result<impl Responder, Problem> {
    let id = id_of("lead", &id)?;
    let accept = Accept {
        rep: hand.only.clone(),
        by: hand.name.clone(),
        epoch: None,
    };
    api.processing
        .office()
        .accept(id, accept, &hand)
        .await
        .map_err(problem)?;
    view(&api, id).await.map(web::Json)
}

/// The last decision on a lead, with where it stands.
async fn view(api: &Api, id: Uuid) -> Result<AssignmentView, Problem> {
    let Some(decision) = api.store.decision(id).await? else {
        return Err(undecided(api, id).await);
    };
    let standing = api.store.standing(id).await?.unwrap_or_default();
    Ok(AssignmentView::from(decision).standing(standing))
}

async fn undecided(api: &Api, id: Uuid) -> Problem {
    match api.store.record(Kind::Lead, id).await {
        Ok(Some(_)) => Problem::not_found(format!(
            "nothing was decided on lead {id}: a lead that is closed when it arrives is not assigned"
        )),
        Ok(None) => Problem::not_found(format!("there is no lead {id}")),
        Err(error) => error.into(),
    }
}
