//! /api/v1/reviews: possible duplicates that wait for a human.

use actix_web::{HttpRequest, Responder, web};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::Api;
use crate::api::problem::Problem;
use crate::api::query::Query;
use crate::api::view::Listed;
use crate::model::change::Review;
use crate::model::field::Kind;

/// Two records that may be one: their strong keys disagree.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewView {
    #[schema(value_type = String, format = "uuid")]
    pub id: Uuid,
    #[schema(value_type = String)]
    pub kind: Kind,
    /// The record the event was applied to.
    #[schema(value_type = String, format = "uuid")]
    pub record: Uuid,
    /// The record that holds the other key.
    #[schema(value_type = String, format = "uuid")]
    pub other: Uuid,
    pub reason: String,
    #[schema(value_type = String, format = "uuid")]
    pub event: Uuid,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

impl From<Review> for ReviewView {
    fn from(review: Review) -> Self {
        ReviewView {
            id: review.id,
            kind: review.kind,
            record: review.record,
            other: review.other,
            reason: review.reason.into(),
            event: review.event,
            at: review.at,
        }
    }
}

/// Possible duplicates, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/reviews",
    tag = "records",
    operation_id = "list_reviews",
    params(
        ("limit" = Option<usize>, Query, description = "1 to 200; 50 when absent."),
        ("cursor" = Option<String>, Query, description = "`next` of the page before."),
    ),
    responses(
        (status = 200, body = Listed<ReviewView>),
        (status = 400, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn list(api: web::Data<Api>, request: HttpRequest) -> Result<impl Responder, Problem> {
    let query = Query::of(&request, &[])?;
    let page = api.store.reviews(query.page()?).await?;
    Ok(web::Json(Listed::of(page, ReviewView::from)))
}
