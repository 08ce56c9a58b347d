//! /api/v1/rules: who gets which lead, as one versioned document.

use actix_web::{HttpRequest, Responder, web};

use crate::api::Api;
use crate::api::auth::Manager;
use crate::api::body::Document;
use crate::api::problem::Problem;
use crate::api::query::Query;
use crate::api::rule_set;
use crate::model::rules::RuleSet;
use crate::store::StoreError;

/// The current rule set.
#[utoipa::path(
    get,
    path = "/api/v1/rules",
    tag = "assignment",
    operation_id = "show_rules",
    responses((status = 200, body = RuleSet))
)]
pub async fn show(api: web::Data<Api>, request: HttpRequest) -> Result<impl Responder, Problem> {
    Query::of(&request, &[])?;
    let desk = api.store.desk().await?;
    Ok(web::Json(desk.rules))
}

/// Publishes the next version. `version` is the one it was made from; the answer carries the new one.
#[utoipa::path(
    put,
    path = "/api/v1/rules",
    tag = "assignment",
    operation_id = "put_rules",
    request_body = RuleSet,
    responses(
        (status = 200, body = RuleSet),
        (status = 409, description = "`stale_version`, with the current rule set", body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn put(
    api: web::Data<Api>,
    _: Manager,
    body: Document,
) -> Result<impl Responder, Problem> {
    let rules = rule_set::read(body.0)?;
    let desk = api.store.desk().await?;
    if rules.version != desk.rules.version {
        return Err(stale(rules.version, &desk.rules));
    }
    rule_set::check(&rules, &desk)?;
    let expected = rules.version;
    match api.store.publish_rules(rules, api.clock.now()).await {
        Ok(published) => Ok(web::Json(published)),
        Err(StoreError::Stale { .. }) => {
            let now = api.store.desk().await?;
            Err(stale(expected, &now.rules))
        }
        Err(error) => Err(error.into()),
    }
}

fn stale(expected: u64, current: &RuleSet) -> Problem {
    Problem {
        current: serde_json::to_value(current).ok(),
        ..Problem::conflict(
            "stale_version",
            format!(
                "the draft was made from version {expected}, the current one is {}; look at `current` and send the draft again with its version",
                current.version
            ),
        )
    }
}
