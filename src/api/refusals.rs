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
    pub detail: String,
    /// Name → values; secrets and signatures are masked.
    pub headers: BTreeMap<String, Vec<String>>,
    /// The beginning of the body, at most 4 KiB.
    pub body: String,
    /// `utf-8` or `base64`.
    pub body_encoding: &'static str,
}

impl From<Refusal> for RefusalView {
    fn from(refusal: Refusal) -> Self {
        let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in refusal.headers {
            headers.entry(name).or_default().push(value);
        }
        let (body, body_encoding) = mask::body(refusal.body);
        RefusalView {
            id: refusal.id,
            endpoint: refusal.endpoint,
            at: refusal.at,
            peer: refusal.peer,
            code: refusal.code,
            detail: refusal.detail,
            headers,
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
