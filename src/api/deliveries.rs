//! /api/v1/deliveries: what was sent on to destinations.

use actix_web::{HttpRequest, Responder, web};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::Api;
use crate::api::problem::Problem;
use crate::api::query::Query;
use crate::api::view::Listed;

/// One change on its way to one destination.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryView {
    #[schema(value_type = String, format = "uuid")]
    pub id: Uuid,
    pub destination: String,
    /// The change of `/api/v1/changes` that it tells of.
    #[schema(value_type = String, format = "uuid")]
    pub change: Uuid,
}

/// Deliveries, newest first. A gateway without destinations delivers nothing, so the list is empty; what there would be
/// to deliver stands in `/api/v1/changes`.
#[utoipa::path(
    get,
    path = "/api/v1/deliveries",
    tag = "gateway",
    operation_id = "list_deliveries",
    params(
        ("limit" = Option<usize>, Query, description = "1 to 200; 50 when absent."),
        ("cursor" = Option<String>, Query, description = "`next` of the page before."),
        ("since" = Option<String>, Query, description = "Made at or after this time (RFC 3339), or this date, which begins at midnight UTC."),
        ("q" = Option<String>, Query, description = "Words that the destination's name holds."),
    ),
    responses(
        (status = 200, body = Listed<DeliveryView>),
        (status = 400, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn list(_: web::Data<Api>, request: HttpRequest) -> Result<impl Responder, Problem> {
    let query = Query::of(&request, &["since", "q"])?;
    query.page()?;
    query.time("since")?;
    Ok(web::Json(Listed::<DeliveryView> {
        items: Vec::new(),
        next: None,
    }))
}
