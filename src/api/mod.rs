//! `/api/v1`: records, events, replays, people and rules for programs; one noun a file.
//!
//! Every route stands in one table, so that the OpenAPI document can be held against it.

pub mod alarms;
pub mod assignment;
pub mod auth;
pub mod body;
pub mod changes;
pub mod contacts;
pub mod deliveries;
pub mod draft;
pub mod edits;
pub mod events;
pub mod health;
pub mod leads;
pub mod mask;
pub mod office;
pub mod openapi;
pub mod orders;
pub mod problem;
pub mod query;
pub mod records;
pub mod refusals;
pub mod rehearsal;
pub mod release;
pub mod replay;
pub mod replay_diff;
pub mod reps;
pub mod reviews;
pub mod rules;
pub mod stats;
pub mod teams;
pub mod tickets;
pub mod versions;
pub mod view;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::{HttpRequest, Route, web};

use crate::api::auth::authenticate;
use crate::api::problem::Problem;
use crate::clock::Clock;
use crate::process::worker::Processing;
use crate::source::declaration::Source;
use crate::store::Store;

/// Whose address a request came from, as far as the trusted proxies tell.
pub type AddressOf = Box<dyn Fn(&HttpRequest) -> IpAddr + Send + Sync>;

/// What the handlers work with.
pub struct Api {
    address_of: AddressOf,
    pub store: Arc<dyn Store>,
    pub clock: Clock,
    /// For dry runs: how events are mapped now.
    pub processing: Arc<Processing>,
    /// Source → its mapping file, as shown to people.
    mappings: BTreeMap<String, String>,
}

impl Api {
    /// The API over a store; `sources` explain the records, `address_of` tells the log who called.
    pub fn new<'a>(
        store: Arc<dyn Store>,
        processing: Arc<Processing>,
        clock: Clock,
        (sources, address_of): (impl IntoIterator<Item = &'a Source>, AddressOf),
    ) -> Self {
        let mappings = sources
            .into_iter()
            .map(|source| (source.name.clone(), source.file.clone()))
            .collect();
        Api {
            address_of,
            store,
            clock,
            processing,
            mappings,
        }
    }

    /// The mapping file of a source, as shown to people.
    fn mapping_file(&self, source: &str) -> Option<String> {
        self.mappings.get(source).cloned()
    }
}

/// A method and path, and who answers.
struct Place {
    method: Method,
    /// Below `/api/v1`.
    path: &'static str,
    route: fn(Route) -> Route,
}

const fn place(method: Method, path: &'static str, route: fn(Route) -> Route) -> Place {
    Place {
        method,
        path,
        route,
    }
}

/// Every route that takes a token. Of two paths that fit, the first counts.
static PLACES: &[Place] = &[
    place(Method::GET, "/contacts", |r| r.to(contacts::list)),
    place(Method::GET, "/contacts/{id}", |r| r.to(contacts::show)),
    place(Method::PATCH, "/contacts/{id}", |r| {
        r.to(edits::contact::patch)
    }),
    place(Method::GET, "/contacts/{id}/notes", |r| {
        r.to(edits::contact::notes)
    }),
    place(Method::POST, "/contacts/{id}/notes", |r| {
        r.to(edits::contact::add_note)
    }),
    place(Method::POST, "/contacts/{id}/merge", |r| r.to(edits::merge)),
    place(Method::POST, "/merges/{id}/undo", |r| r.to(edits::undo)),
    place(Method::GET, "/leads", |r| r.to(leads::list)),
    place(Method::GET, "/leads/{id}", |r| r.to(leads::show)),
    place(Method::PATCH, "/leads/{id}", |r| r.to(edits::lead::patch)),
    place(Method::GET, "/leads/{id}/notes", |r| {
        r.to(edits::lead::notes)
    }),
    place(Method::POST, "/leads/{id}/notes", |r| {
        r.to(edits::lead::add_note)
    }),
    place(Method::GET, "/leads/{id}/assignment", |r| {
        r.to(assignment::show)
    }),
    place(Method::GET, "/leads/{id}/assignments", |r| {
        r.to(assignment::list)
    }),
    place(Method::POST, "/leads/{id}/assign", |r| {
        r.to(assignment::assign)
    }),
    place(Method::POST, "/leads/{id}/accept", |r| {
        r.to(assignment::accept)
    }),
    place(Method::GET, "/orders", |r| r.to(orders::list)),
    place(Method::GET, "/orders/{id}", |r| r.to(orders::show)),
    place(Method::PATCH, "/orders/{id}", |r| r.to(edits::order::patch)),
    place(Method::GET, "/orders/{id}/notes", |r| {
        r.to(edits::order::notes)
    }),
    place(Method::POST, "/orders/{id}/notes", |r| {
        r.to(edits::order::add_note)
    }),
    place(Method::GET, "/tickets", |r| r.to(tickets::list)),
    place(Method::GET, "/tickets/{id}", |r| r.to(tickets::show)),
    place(Method::PATCH, "/tickets/{id}", |r| {
        r.to(edits::ticket::patch)
    }),
    place(Method::GET, "/tickets/{id}/notes", |r| {
        r.to(edits::ticket::notes)
    }),
    place(Method::POST, "/tickets/{id}/notes", |r| {
        r.to(edits::ticket::add_note)
    }),
    place(Method::GET, "/events", |r| r.to(events::list)),
    place(Method::POST, "/events/replay", |r| r.to(replay::many)),
    place(Method::POST, "/events/release", |r| r.to(release::many)),
    place(Method::GET, "/events/{id}", |r| r.to(events::show)),
    place(Method::POST, "/events/{id}/replay", |r| r.to(replay::one)),
    place(Method::POST, "/events/{id}/release", |r| r.to(release::one)),
    place(Method::GET, "/refusals", |r| r.to(refusals::list)),
    place(Method::GET, "/refusals/{id}", |r| r.to(refusals::show)),
    place(Method::GET, "/deliveries", |r| r.to(deliveries::list)),
    place(Method::GET, "/changes", |r| r.to(changes::list)),
    place(Method::GET, "/reviews", |r| r.to(reviews::list)),
    place(Method::GET, "/alarms", |r| r.to(alarms::list)),
    place(Method::GET, "/stats", |r| r.to(stats::show)),
    place(Method::GET, "/health/mappings", |r| r.to(health::mappings)),
    place(Method::GET, "/health/endpoints", |r| {
        r.to(health::endpoints)
    }),
    place(Method::GET, "/reps", |r| r.to(reps::list)),
    place(Method::POST, "/reps", |r| r.to(reps::add)),
    place(Method::GET, "/reps/{handle}", |r| r.to(reps::show)),
    place(Method::PUT, "/reps/{handle}", |r| r.to(reps::put)),
    place(Method::DELETE, "/reps/{handle}", |r| r.to(reps::delete)),
    place(Method::GET, "/teams", |r| r.to(teams::list)),
    place(Method::POST, "/teams", |r| r.to(teams::add)),
    place(Method::GET, "/teams/{handle}", |r| r.to(teams::show)),
    place(Method::PUT, "/teams/{handle}", |r| r.to(teams::put)),
    place(Method::DELETE, "/teams/{handle}", |r| r.to(teams::delete)),
    place(Method::GET, "/rules", |r| r.to(rules::show)),
    place(Method::PUT, "/rules", |r| r.to(rules::put)),
    place(Method::GET, "/rules/draft", |r| r.to(draft::show)),
    place(Method::PUT, "/rules/draft", |r| r.to(draft::put)),
    place(Method::DELETE, "/rules/draft", |r| r.to(draft::delete)),
    place(Method::POST, "/rules/publish", |r| r.to(draft::publish)),
    place(Method::POST, "/rules/preview", |r| r.to(rehearsal::preview)),
    place(Method::POST, "/rules/test", |r| r.to(rehearsal::test)),
    place(Method::GET, "/rules/versions", |r| r.to(versions::list)),
    place(Method::GET, "/rules/versions/{n}", |r| r.to(versions::show)),
    place(Method::GET, "/rules/versions/{n}/diff", |r| {
        r.to(versions::diff)
    }),
    place(Method::POST, "/rules/rollback", |r| {
        r.to(versions::roll_back)
    }),
];

/// Mounts `/api/v1` and `/openapi.json` (which needs no token: it holds nothing of anybody).
pub fn configure(api: web::Data<Api>) -> impl FnOnce(&mut web::ServiceConfig) {
    move |config| {
        let mut scope = web::scope("/api/v1")
            .app_data(api)
            .wrap(from_fn(authenticate));
        let mut paths: Vec<&str> = PLACES.iter().map(|place| place.path).collect();
        paths.dedup();
        for path in paths {
            scope = scope.service(resource(path));
        }
        scope = scope.default_service(web::to(nowhere));
        config
            .route("/openapi.json", web::get().to(openapi::show))
            .route("/api/v1/openapi.json", web::get().to(openapi::show))
            .service(scope);
    }
}

/// All methods of one path; any other is answered with those that exist.
fn resource(path: &'static str) -> actix_web::Resource {
    let here = PLACES.iter().filter(move |place| place.path == path);
    let mut resource = web::resource(path);
    let mut allowed = Vec::new();
    for place in here {
        allowed.push(place.method.as_str());
        resource = resource.route((place.route)(web::method(place.method.clone())));
        if place.method == Method::GET {
            resource = resource.route((place.route)(web::head()));
        }
    }
    let allowed = allowed.join(", ");
    resource.default_service(web::to(move |request: HttpRequest| {
        let detail = format!(
            "{} {} does not exist; there is {allowed}",
            request.method(),
            request.path()
        );
        std::future::ready(Err::<String, _>(Problem::method(detail)))
    }))
}

async fn nowhere(request: HttpRequest) -> Result<String, Problem> {
    Err(Problem::not_found(format!(
        "there is nothing at {}; /openapi.json lists what there is",
        request.path()
    )))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::PLACES;
    use super::openapi::document;

    #[test]
    fn every_route_is_in_the_openapi_document_and_nothing_else() {
        let routed: BTreeSet<String> = PLACES
            .iter()
            .map(|place| format!("{} /api/v1{}", place.method, place.path))
            .collect();
        let json = serde_json::to_value(document()).unwrap();
        let documented: BTreeSet<String> = json["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, methods)| {
                methods
                    .as_object()
                    .unwrap()
                    .keys()
                    .map(move |method| format!("{} {path}", method.to_uppercase()))
            })
            .collect();
        assert_eq!(routed, documented);
    }

    #[test]
    fn every_schema_that_the_document_names_is_in_it() {
        let text = serde_json::to_string(document()).unwrap();
        let json = serde_json::to_value(document()).unwrap();
        let named: BTreeSet<&str> = text
            .split("#/components/schemas/")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        assert!(named.contains("RecordDetail"), "{named:?}");
        for name in named {
            assert!(
                json["components"]["schemas"].get(name).is_some(),
                "{name} is missing"
            );
        }
    }
}
