//! The outer wall: routes, limits and bodies on the way in, the one table of answers on the way out.

pub mod body;
pub mod cors;
pub mod form;
pub mod gate;
pub mod health;
pub mod hooks;
pub mod limit;
pub mod peer;
pub mod refusals;
pub mod response;
pub mod serve;

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};

use crate::web::hooks::Hooks;

/// Mounts `/hooks/{endpoint}`, `/healthz`, `/readyz`, `/metrics`, and the answer for everything that nothing else takes.
pub fn configure(config: &mut web::ServiceConfig, hooks: Arc<Hooks>) {
    // Each endpoint by its full path: a text is compared faster than a pattern, and most requests end here.
    for name in hooks.endpoints() {
        config.service(web::resource(format!("/hooks/{name}")).to(hooks::hook));
    }
    let paths = ["/hooks/{endpoint}", "/hooks/{endpoint}/"];
    config
        .app_data(web::Data::from(hooks))
        .service(web::resource(paths).to(hooks::hook))
        .route("/healthz", web::to(health::healthz))
        .route("/readyz", web::to(health::readyz))
        .route("/metrics", web::to(health::metrics))
        .default_service(web::to(nowhere));
}

async fn nowhere(request: HttpRequest) -> HttpResponse {
    response::not_found(request.path())
}
