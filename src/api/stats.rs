//! /api/v1/stats: how much there is.

use actix_web::{HttpRequest, Responder, web};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::Api;
use crate::api::problem::Problem;
use crate::api::query::Query;

/// Rows and bytes, and what waits.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatsView {
    pub events: u64,
    pub contacts: u64,
    pub leads: u64,
    pub orders: u64,
    pub tickets: u64,
    pub decisions: u64,
    pub changes: u64,
    /// Of the database with its log.
    pub bytes: u64,
    /// Events that wait to be processed.
    pub backlog: u64,
    /// When the oldest of them was received.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub oldest_pending: Option<Timestamp>,
}

/// Sizes of the store and the backlog of the inbox.
#[utoipa::path(
    get,
    path = "/api/v1/stats",
    tag = "gateway",
    operation_id = "show_stats",
    responses((status = 200, body = StatsView))
)]
pub async fn show(api: web::Data<Api>, request: HttpRequest) -> Result<impl Responder, Problem> {
    Query::of(&request, &[])?;
    let stats = api.store.stats().await?;
    let backlog = api.store.backlog().await?;
    Ok(web::Json(StatsView {
        events: stats.events,
        contacts: stats.contacts,
        leads: stats.leads,
        orders: stats.orders,
        tickets: stats.tickets,
        decisions: stats.decisions,
        changes: stats.changes,
        bytes: stats.bytes,
        backlog: backlog.pending,
        oldest_pending: backlog.oldest,
    }))
}
