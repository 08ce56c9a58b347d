//! /api/v1/changes: the change feed, oldest first, for programs that follow along.

use actix_web::{HttpRequest, Responder, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::Api;
use crate::api::problem::Problem;
use crate::api::query::Query;
use crate::api::view::{ChangeView, Listed};
use crate::model::change::Change;
use crate::model::record::Fields;

/// A change with the record as it was after it.
#[derive(Debug, Serialize, ToSchema)]
pub struct FeedItem {
    #[serde(flatten)]
    pub change: ChangeView,
    #[schema(value_type = Object)]
    pub fields: Fields,
}

impl From<Change> for FeedItem {
    fn from(mut change: Change) -> Self {
        FeedItem {
            fields: std::mem::take(&mut change.snapshot),
            change: change.into(),
        }
    }
}

/// Every change of every record, in the order of their commits, oldest first. Keep the last `next` to go on later.
#[utoipa::path(
    get,
    path = "/api/v1/changes",
    tag = "records",
    operation_id = "list_changes",
    params(
        ("limit" = Option<usize>, Query, description = "1 to 200; 50 when absent."),
        ("cursor" = Option<String>, Query, description = "`next` of the page before."),
    ),
    responses(
        (status = 200, body = Listed<FeedItem>),
        (status = 400, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn list(api: web::Data<Api>, request: HttpRequest) -> Result<impl Responder, Problem> {
    let query = Query::of(&request, &[])?;
    let page = api.store.changes(query.page()?).await?;
    Ok(web::Json(Listed::of(page, FeedItem::from)))
}
