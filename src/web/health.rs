//! `/healthz`, `/readyz` and `/metrics`, for machines that watch.

use actix_web::{HttpResponse, web};

use crate::web::hooks::Hooks;
use crate::web::response;

/// The process runs.
pub async fn healthz() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .body(r#"{"status":"ok"}"#)
}

/// The store is reachable and the workers run.
pub async fn readyz(hooks: web::Data<Hooks>) -> HttpResponse {
    match hooks.readiness.ready().await {
        Ok(()) => HttpResponse::Ok()
            .content_type("application/json")
            .body(r#"{"status":"ready"}"#),
        Err(why) => response::not_ready(&why),
    }
}

/// The metrics as Prometheus reads them (text format 0.0.4).
pub async fn metrics(hooks: web::Data<Hooks>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(hooks.metrics.render())
}
