//! /api/v1/alarms: what an operator must see until it is over.

use actix_web::{HttpRequest, Responder, web};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::Api;
use crate::api::problem::Problem;
use crate::api::query::Query;
use crate::api::view::Listed;
use crate::store::Alarm;

/// A standing alarm.
#[derive(Debug, Serialize, ToSchema)]
pub struct AlarmView {
    /// Names the cause: `fetch-token/lead-ads`.
    pub key: String,
    /// What is wrong, since when it matters, what to do.
    pub message: String,
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub last: Timestamp,
    pub count: u64,
}

impl From<Alarm> for AlarmView {
    fn from(alarm: Alarm) -> Self {
        AlarmView {
            key: alarm.key,
            message: alarm.message.into(),
            since: alarm.since,
            last: alarm.last,
            count: alarm.count,
        }
    }
}

/// The alarms that stand now.
#[utoipa::path(
    get,
    path = "/api/v1/alarms",
    tag = "gateway",
    operation_id = "list_alarms",
    responses((status = 200, body = Listed<AlarmView>))
)]
pub async fn list(api: web::Data<Api>, request: HttpRequest) -> Result<impl Responder, Problem> {
    Query::of(&request, &[])?;
    let alarms = api.store.alarms().await?;
    Ok(web::Json(Listed {
        items: alarms.into_iter().map(AlarmView::from).collect(),
        next: None,
    }))
}
