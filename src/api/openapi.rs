//! The OpenAPI document, derived from the handlers.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_TYPE;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use crate::api::{
    alarms, assignment, changes, contacts, deliveries, draft, edits, events, health, leads, orders,
    refusals, rehearsal, release, replay, reps, reviews, rules, stats, teams, tickets, versions,
};
use crate::model::rules::{AllOf, AnyOf, Comparison, Expression, NotOf, Operator};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Frontdesk",
        description = "Records that webhooks became, the events they came from, and who gets which lead. \
            Errors are application/problem+json with a stable `code`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(
        contacts::list,
        contacts::show,
        edits::contact::patch,
        edits::contact::notes,
        edits::contact::add_note,
        edits::merge,
        edits::undo,
        edits::lead::patch,
        edits::lead::notes,
        edits::lead::add_note,
        edits::order::patch,
        edits::order::notes,
        edits::order::add_note,
        edits::ticket::patch,
        edits::ticket::notes,
        edits::ticket::add_note,
        leads::list,
        leads::show,
        assignment::show,
        assignment::list,
        assignment::assign,
        assignment::accept,
        orders::list,
        orders::show,
        tickets::list,
        tickets::show,
        events::list,
        events::show,
        replay::one,
        replay::many,
        release::one,
        release::many,
        refusals::list,
        refusals::show,
        deliveries::list,
        changes::list,
        reviews::list,
        alarms::list,
        stats::show,
        health::mappings,
        health::endpoints,
        reps::list,
        reps::add,
        reps::show,
        reps::put,
        reps::delete,
        teams::list,
        teams::add,
        teams::show,
        teams::put,
        teams::delete,
        rules::show,
        rules::put,
        draft::show,
        draft::put,
        draft::delete,
        draft::publish,
        rehearsal::preview,
        rehearsal::test,
        versions::list,
        versions::show,
        versions::diff,
        versions::roll_back,
    ),
    // A condition holds conditions, so the derivation stops there and is told what comes next.
    components(schemas(AllOf, AnyOf, NotOf, Expression, Comparison, Operator)),
    modifiers(&Bearer),
    security(("token" = [])),
    tags(
        (name = "records", description = "Contacts, leads, orders and tickets, and what happened to them"),
        (name = "events", description = "The inbox: what arrived, what was refused, replays and releases"),
        (name = "assignment", description = "Reps, teams, rules, and why a lead went where it went"),
        (name = "gateway", description = "The gateway itself"),
    )
)]
struct Document;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("Made by `frontdesk token create --name NAME`."))
            .build();
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("token", SecurityScheme::Http(scheme));
    }
}

/// The document.
pub fn document() -> &'static utoipa::openapi::OpenApi {
    static DOCUMENT: LazyLock<utoipa::openapi::OpenApi> = LazyLock::new(Document::openapi);
    &DOCUMENT
}

/// `GET /openapi.json`
pub async fn show() -> HttpResponse {
    static JSON: LazyLock<String> =
        LazyLock::new(|| serde_json::to_string_pretty(document()).unwrap_or_default());
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/json"))
        .body(JSON.as_str())
}
