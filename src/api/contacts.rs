//! /api/v1/contacts

use actix_web::{HttpRequest, Responder, web};

use crate::api::problem::Problem;
use crate::api::view::{Listed, RecordDetail, RecordView};
use crate::api::{Api, records};
use crate::model::field::Kind;

/// Contacts, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/contacts",
    tag = "records",
    operation_id = "list_contacts",
    params(
        ("limit" = Option<usize>, Query, description = "1 to 200; 50 when absent."),
        ("cursor" = Option<String>, Query, description = "`next` of the page before. A search by common words may give short or empty pages before the last: the last has no `next`."),
        ("since" = Option<String>, Query, description = "Updated at or after this time (RFC 3339), or this date, which begins at midnight UTC; oldest update first."),
        ("q" = Option<String>, Query, description = "Words that begin names, companies, addresses, their domains or numbers, with or without accents; all must be found. A telephone number may be in groups and without its country code."),
        ("email" = Option<String>, Query, description = "An address, compared in lower case: the one it shows, or another that it is known by."),
        ("owner" = Option<String>, Query, description = "A rep's handle."),
    ),
    responses(
        (status = 200, body = Listed<RecordView>),
        (status = 400, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn list(api: web::Data<Api>, request: HttpRequest) -> Result<impl Responder, Problem> {
    let filters = ["since", "q", "email", "owner"];
    records::list(&api, &request, Kind::Contact, &filters).await
}

/// One contact, with where each field came from and what happened to it.
#[utoipa::path(
    get,
    path = "/api/v1/contacts/{id}",
    tag = "records",
    operation_id = "show_contact",
    params(("id" = String, Path, description = "The contact's id.")),
    responses(
        (status = 200, body = RecordDetail),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn show(api: web::Data<Api>, id: web::Path<String>) -> Result<impl Responder, Problem> {
    records::show(&api, Kind::Contact, &id).await
}
