//! /api/v1/tickets

use actix_web::{HttpRequest, Responder, web};

use crate::api::problem::Problem;
use crate::api::view::{Listed, RecordDetail, RecordView};
use crate::api::{Api, records};
use crate::model::field::Kind;

/// Tickets, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/tickets",
    tag = "records",
    operation_id = "list_tickets",
    params(
        ("limit" = Option<usize>, Query, description = "1 to 200; 50 when absent."),
        ("cursor" = Option<String>, Query, description = "`next` of the page before. A search by common words may give short or empty pages before the last: the last has no `next`."),
        ("since" = Option<String>, Query, description = "Updated at or after this time (RFC 3339), or this date, which begins at midnight UTC; oldest update first."),
        ("q" = Option<String>, Query, description = "Words that begin words of the subject, or the contact's name, address or number; all must be found."),
        ("email" = Option<String>, Query, description = "An address of its contact, compared in lower case: the one it shows, or another that it is known by."),
        ("status" = Option<String>, Query, description = "One of the statuses."),
        ("owner" = Option<String>, Query, description = "A rep's handle."),
    ),
    responses(
        (status = 200, body = Listed<RecordView>),
        (status = 400, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn list(api: web::Data<Api>, request: HttpRequest) -> Result<impl Responder, Problem> {
    let filters = ["since", "q", "email", "status", "owner"];
    records::list(&api, &request, Kind::Ticket, &filters).await
}

/// One ticket, with where each field came from and what happened to it.
#[utoipa::path(
    get,
    path = "/api/v1/tickets/{id}",
    tag = "records",
    operation_id = "show_ticket",
    params(("id" = String, Path, description = "The ticket's id.")),
    responses(
        (status = 200, body = RecordDetail),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn show(api: web::Data<Api>, id: web::Path<String>) -> Result<impl Responder, Problem> {
    records::show(&api, Kind::Ticket, &id).await
}
