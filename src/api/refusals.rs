//! /api/v1/refusals: what was turned away, and why.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, Responder, web};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::Api;
use crate::api::mask;
use crate::api::problem::Problem;
use crate::api::query::Query;
use crate::api::records::id_of;
use crate::api::view::Listed;
use crate::model::event::Refusal;

/// A request that was turned away. Kept at a bounded rate, and only the newest.
#[derive(Debug, Serialize, ToSchema)]
pub struct RefusalView {
    #[schema(value_type = String, format = "uuid")]
    pub id: Uuid,
    pub endpoint: String,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    pub peer: String,
    /// The code the sender was given: `signature_mismatch`.
    pub code: String,
    /// What the sender was told.
    pub detail: String,
    /// What most likely was the matter, as far as it can be told: `{"name", "message"}`. The sender was not told.
    pub diagnosis: Vec<Diagnosed>,
    /// Name → values; secrets and signatures are masked.
    pub headers: BTreeMap<String, Vec<String>>,
    /// The beginning of the body, at most 4 KiB.
    pub body: String,
    /// `utf-8` or `base64`.
    pub body_encoding: &'static str,
}

/// One thing that explains a refusal.
#[derive(Debug, Serialize, ToSchema)]
pub struct Diagnosed {
    /// A stable word: `body_changed`, `other_endpoint`.
    pub name: String,
    /// A sentence.
    pub message: String,
}

impl From<Refusal> for RefusalView {
    fn from(refusal: Refusal) -> Self {
        let diagnosis = refusal.diagnosis.into_iter().map(|note| Diagnosed {
            name: note.name,
            message: note.message.into(),
        });
        let (body, body_encoding) = mask::body(refusal.body);
        RefusalView {
            id: refusal.id,
            endpoint: refusal.endpoint,
            at: refusal.at,
            peer: refusal.peer,
            code: refusal.code,
            detail: refusal.detail.into(),
            diagnosis: diagnosis.collect(),
            headers: mask::headers(refusal.headers),
            body,
            body_encoding,
        }
    }
}

/// Refusals, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/refusals",
    tag = "events",
    operation_id = "list_refusals",
    params(
        ("limit" = Option<usize>, Query, description = "1 to 200; 50 when absent."),
        ("cursor" = Option<String>, Query, description = "`next` of the page before."),
        ("endpoint" = Option<String>, Query, description = "Name of an endpoint, as it was asked for."),
    ),
    responses(
        (status = 200, body = Listed<RefusalView>),
        (status = 400, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn list(api: web::Data<Api>, request: HttpRequest) -> Result<impl Responder, Problem> {
    let query = Query::of(&request, &["endpoint"])?;
    let page = api
        .store
        .refusals(query.text("endpoint"), query.page()?)
        .await?;
    Ok(web::Json(Listed::of(page, RefusalView::from)))
}

/// One refusal: what the sender was told, and what most likely was the matter.
#[utoipa::path(
    get,
    path = "/api/v1/refusals/{id}",
    tag = "events",
    operation_id = "show_refusal",
    params(("id" = String, Path, description = "The refusal's id.")),
    responses(
        (status = 200, body = RefusalView),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn show(api: web::Data<Api>, id: web::Path<String>) -> Result<impl Responder, Problem> {
    let id = id_of("refusal", &id)?;
    let refusal = api.store.refusal(id).await?.ok_or_else(|| {
        Problem::not_found(format!(
            "there is no refusal {id}; only the newest are kept"
        ))
    })?;
    Ok(web::Json(RefusalView::from(refusal)))
}
