//! /api/v1/rules: who gets which lead, as one versioned document.

use actix_web::{HttpRequest, Responder, web};
use serde_json::Value;

use crate::api::Api;
use crate::api::auth::Manager;
use crate::api::body::Document;
use crate::api::office::problem;
use crate::api::problem::{Fault, Problem};
use crate::api::query::Query;
use crate::model::rules::RuleSet;
use crate::process::office::OfficeError;
use crate::process::office::rules::Signature;

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

/// Publishes the next version. `version` is the one it was made from; the answer carries the new one. A `note` beside
/// the rules is kept with the version.
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
    Manager(hand): Manager,
    mut body: Document,
) -> Result<impl Responder, Problem> {
    let signature = Signature {
        hand,
        note: take_note(&mut body.0)?,
    };
    let office = api.processing.office();
    let rules = office.read_rules(body.0).map_err(problem)?;
    match office.publish(rules, signature).await {
        Ok(published) => Ok(web::Json(published)),
        Err(error) => Err(stale_or(&api, error).await),
    }
}

/// The note beside a document, taken out of it.
fn take_note(body: &mut Value) -> Result<String, Problem> {
    let members = body.as_object_mut();
    match members.and_then(|members| members.shift_remove("note")) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(note)) => Ok(note),
        Some(_) => Err(Problem::invalid(vec![Fault::new(
            "/note",
            "a note is a text",
        )])),
    }
}

/// A stale version is answered with the current rules.
pub(super) async fn stale_or(api: &Api, error: OfficeError) -> Problem {
    let OfficeError::Stale { expected, .. } = error else {
        return problem(error);
    };
    match api.store.desk().await {
        Ok(now) => stale(expected, &now.rules),
        Err(error) => error.into(),
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
