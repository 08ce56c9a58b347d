//! /api/v1/rules/versions and /rules/rollback: what the rules were.

use actix_web::{HttpRequest, Responder, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::Api;
use crate::api::auth::Manager;
use crate::api::body::Document;
use crate::api::office::problem;
use crate::api::problem::Problem;
use crate::api::query::Query;
use crate::api::rules::stale_or;
use crate::api::view::Listed;
use crate::model::rules::{Imprint, RuleSet};
use crate::process::office::rules::Signature;

/// A version in the list.
#[derive(Debug, Serialize, ToSchema)]
pub struct VersionView {
    pub version: u64,
    #[serde(flatten)]
    pub imprint: Imprint,
    /// Names of the rules, in order.
    pub rules: Vec<String>,
}

/// A version, whole.
#[derive(Debug, Serialize, ToSchema)]
pub struct VersionDetail {
    #[serde(flatten)]
    pub rules: RuleSet,
    #[serde(flatten)]
    pub imprint: Imprint,
}

/// What one version does differently from another.
#[derive(Debug, Serialize, ToSchema)]
pub struct DiffView {
    pub from: u64,
    pub to: u64,
    /// Sentences; none when both do the same.
    pub changes: Vec<String>,
}

/// Which version is to be published once more.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rollback {
    /// The version whose rules come back.
    pub to: u64,
    /// The current version, when the caller wants to be sure; 409 when it is another one.
    #[serde(default)]
    pub version: Option<u64>,
    #[serde(default)]
    pub note: String,
}

/// Versions of the rules, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/rules/versions",
    tag = "assignment",
    operation_id = "list_rule_versions",
    params(
        ("limit" = Option<usize>, Query, description = "1 to 200; 50 when absent."),
        ("cursor" = Option<String>, Query, description = "`next` of the page before."),
    ),
    responses((status = 200, body = Listed<VersionView>))
)]
pub async fn list(api: web::Data<Api>, request: HttpRequest) -> Result<impl Responder, Problem> {
    let query = Query::of(&request, &[])?;
    let page = api.processing.office().versions(query.page()?).await;
    let view = |(set, imprint): (RuleSet, Imprint)| VersionView {
        version: set.version,
        imprint,
        rules: set.rules.into_iter().map(|rule| rule.name).collect(),
    };
    Ok(web::Json(Listed::of(page.map_err(problem)?, view)))
}

/// One version.
#[utoipa::path(
    get,
    path = "/api/v1/rules/versions/{n}",
    tag = "assignment",
    operation_id = "show_rule_version",
    params(("n" = u64, Path, description = "The version's number.")),
    responses(
        (status = 200, body = VersionDetail),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn show(api: web::Data<Api>, n: web::Path<String>) -> Result<impl Responder, Problem> {
    let version = api.processing.office().version(number(&n)?).await;
    let (rules, imprint) = version.map_err(problem)?;
    Ok(web::Json(VersionDetail { rules, imprint }))
}

/// What a version does differently from another, in sentences.
#[utoipa::path(
    get,
    path = "/api/v1/rules/versions/{n}/diff",
    tag = "assignment",
    operation_id = "diff_rule_versions",
    params(
        ("n" = u64, Path, description = "The later version."),
        ("from" = Option<u64>, Query, description = "The earlier version; the one before when absent. 0 is the one without rules."),
    ),
    responses(
        (status = 200, body = DiffView),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn diff(
    api: web::Data<Api>,
    request: HttpRequest,
    n: web::Path<String>,
) -> Result<impl Responder, Problem> {
    let to = number(&n)?;
    let query = Query::of(&request, &["from"])?;
    let from = query.number("from", 0..=u64::MAX)?;
    let from = from.unwrap_or_else(|| to.saturating_sub(1));
    let changes = api.processing.office().difference(from, to).await;
    let changes = changes.map_err(problem)?;
    Ok(web::Json(DiffView { from, to, changes }))
}

/// Publishes the rules of an earlier version as the next one.
#[utoipa::path(
    post,
    path = "/api/v1/rules/rollback",
    tag = "assignment",
    operation_id = "roll_back_rules",
    request_body = Rollback,
    responses(
        (status = 200, body = RuleSet),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`stale_version`, with the current rule set", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "It names people who are gone.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn roll_back(
    api: web::Data<Api>,
    Manager(hand): Manager,
    body: Document,
) -> Result<impl Responder, Problem> {
    let wanted: Rollback = body.read()?;
    let signature = Signature {
        hand,
        note: wanted.note,
    };
    let office = api.processing.office();
    match office.roll_back(wanted.to, wanted.version, signature).await {
        Ok(published) => Ok(web::Json(published)),
        Err(error) => Err(stale_or(&api, error).await),
    }
}

fn number(text: &str) -> Result<u64, Problem> {
    let wrong = || Problem::not_found(format!("{text:?} is not the number of a version"));
    text.parse().map_err(|_| wrong())
}
