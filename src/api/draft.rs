//! /api/v1/rules/draft and /rules/publish: rules that nobody is assigned by yet.

use actix_web::{HttpRequest, HttpResponse, Responder, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::Api;
use crate::api::auth::Manager;
use crate::api::body::Document;
use crate::api::office::problem;
use crate::api::problem::{Fault, Problem};
use crate::api::query::Query;
use crate::api::rules::stale_or;
use crate::assign::diff::diff;
use crate::model::rules::{Draft, RuleSet};
use crate::process::office::OfficeError;
use crate::process::office::rules::Signature;

/// The draft, with what still keeps it from being published.
#[derive(Debug, Serialize, ToSchema)]
pub struct DraftView {
    #[serde(flatten)]
    pub draft: Draft,
    pub problems: Vec<Fault>,
    /// What it does differently from the current rules, in sentences.
    pub changes: Vec<String>,
}

/// Why something is published.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// Kept with the version.
    #[serde(default)]
    pub note: String,
}

/// The draft that is being worked on.
#[utoipa::path(
    get,
    path = "/api/v1/rules/draft",
    tag = "assignment",
    operation_id = "show_draft",
    responses(
        (status = 200, body = DraftView),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn show(api: web::Data<Api>, request: HttpRequest) -> Result<impl Responder, Problem> {
    Query::of(&request, &[])?;
    match api.processing.office().draft().await.map_err(problem)? {
        Some(draft) => Ok(web::Json(view(&api, draft).await?)),
        None => Err(none()),
    }
}

/// Saves the draft, finished or not.
#[utoipa::path(
    put,
    path = "/api/v1/rules/draft",
    tag = "assignment",
    operation_id = "put_draft",
    params(("revision" = Option<u64>, Query, description = "The revision it was made from; 409 when somebody saved another one meanwhile.")),
    request_body = RuleSet,
    responses(
        (status = 200, body = DraftView),
        (status = 409, description = "`stale_draft`, with the draft as it now is", body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn put(
    api: web::Data<Api>,
    Manager(hand): Manager,
    request: HttpRequest,
    body: Document,
) -> Result<impl Responder, Problem> {
    let query = Query::of(&request, &["revision"])?;
    let revision = query.number("revision", 0..=u64::MAX)?;
    let office = api.processing.office();
    let rules = office.read_rules(body.0).map_err(problem)?;
    match office.save_draft(rules, revision, &hand).await {
        Ok(draft) => Ok(web::Json(view(&api, draft).await?)),
        Err(OfficeError::Stale { .. }) => {
            let now = office.draft().await.map_err(problem)?;
            Err(Problem {
                current: serde_json::to_value(now).ok(),
                ..Problem::conflict(
                    "stale_draft",
                    "somebody else saved the draft meanwhile; look at `current` and save again with its revision",
                )
            })
        }
        Err(error) => Err(problem(error)),
    }
}

/// Throws the draft away.
#[utoipa::path(
    delete,
    path = "/api/v1/rules/draft",
    tag = "assignment",
    operation_id = "delete_draft",
    responses(
        (status = 204),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn delete(api: web::Data<Api>, Manager(hand): Manager) -> Result<HttpResponse, Problem> {
    match api
        .processing
        .office()
        .drop_draft(&hand)
        .await
        .map_err(problem)?
    {
        true => Ok(HttpResponse::NoContent().finish()),
        false => Err(none()),
    }
}

/// Publishes the draft as the next version. The body is `{}`, or says why: `{"note": "why"}`.
#[utoipa::path(
    post,
    path = "/api/v1/rules/publish",
    tag = "assignment",
    operation_id = "publish_draft",
    request_body = Note,
    responses(
        (status = 200, body = RuleSet),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`stale_version`, with the current rule set", body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn publish(
    api: web::Data<Api>,
    Manager(hand): Manager,
    body: Document,
) -> Result<impl Responder, Problem> {
    let Note { note } = body.read()?;
    let signature = Signature { hand, note };
    match api.processing.office().publish_draft(signature).await {
        Ok(published) => Ok(web::Json(published)),
        Err(error) => Err(stale_or(&api, error).await),
    }
}

async fn view(api: &Api, draft: Draft) -> Result<DraftView, Problem> {
    let desk = api.store.desk().await?;
    let problems = crate::assign::check::check(&draft.rules, &desk.reps, &desk.teams);
    let changes = diff(&desk.rules, &draft.rules);
    let changes = changes.iter().map(ToString::to_string).collect();
    let fault = |it: crate::model::event::Violation| Fault::new(it.path, it.message);
    Ok(DraftView {
        draft,
        problems: problems.into_iter().map(fault).collect(),
        changes,
    })
}

fn none() -> Problem {
    Problem::not_found("there is no draft; PUT /api/v1/rules/draft saves one")
}
