//! Who calls: the bearer token, its role, and what the role may do.

use std::future::{Ready, ready};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::AUTHORIZATION;
use actix_web::middleware::Next;
use actix_web::{FromRequest, HttpMessage, HttpRequest, ResponseError, web};

use crate::access::token::hash_of;
use crate::api::Api;
use crate::api::problem::Problem;
use crate::model::role::Role;
use crate::process::edit::Hand;

/// The caller of a request, once the token was believed.
#[derive(Debug, Clone)]
pub struct Caller {
    pub role: Role,
    /// The token's.
    pub name: String,
}

/// The caller, proven to be a manager or an admin; the token's name stands in what they do.
#[derive(Debug, Clone)]
pub struct Manager(pub Hand);

impl FromRequest for Manager {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(at_least(request, Role::Manager, "this needs manager or admin").map(Manager))
    }
}

/// The caller, proven to work leads: a rep, whose token has the rep's handle for a name, or a manager or admin.
#[derive(Debug, Clone)]
pub struct Worker(pub Hand);

impl FromRequest for Worker {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(at_least(request, Role::Rep, "this needs rep, manager or admin").map(Worker))
    }
}

/// The caller, whatever their role.
#[derive(Debug, Clone)]
pub struct Reader(pub Hand);

impl FromRequest for Reader {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(at_least(request, Role::Viewer, "this needs a role").map(Reader))
    }
}

fn at_least(request: &HttpRequest, least: Role, needed: &str) -> Result<Hand, Problem> {
    match request.extensions().get::<Caller>() {
        Some(caller) if caller.role >= least => hand(request, caller),
        Some(caller) => Err(Problem::role(format!(
            "a token with the role {} may read; {needed}",
            caller.role.as_str()
        ))),
        None => Err(missing()),
    }
}

/// A rep's token touches the rep's own records only.
fn hand(request: &HttpRequest, caller: &Caller) -> Result<Hand, Problem> {
    let api = state(request.app_data())?;
    Ok(Hand {
        name: caller.name.clone(),
        peer: (api.address_of)(request).to_string(),
        now: api.clock.now(),
        only: (caller.role == Role::Rep).then(|| caller.name.clone()),
    })
}

fn state(api: Option<&web::Data<Api>>) -> Result<&Api, Problem> {
    let api = api.map(|api| api.get_ref());
    api.ok_or_else(|| Problem::internal(&"the API was mounted without its state"))
}

/// Middleware in front of everything under /api/v1: no route answers, and no body is read, without a live token. The
/// answer is else 401 `token_missing` or `token_invalid`, or 503 when the store cannot be asked.
///
/// # Errors
/// Those of the routes behind it.
pub async fn authenticate(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let caller = match believe(&request).await {
        Ok(caller) => caller,
        Err(problem) => return Ok(request.into_response(problem.error_response())),
    };
    request.extensions_mut().insert(caller);
    Ok(next.call(request).await?.map_into_boxed_body())
}

async fn believe(request: &ServiceRequest) -> Result<Caller, Problem> {
    let api = state(request.app_data())?;
    let Some(token) = bearer(request.request()) else {
        return Err(missing());
    };
    // Asked each time: one row by its index, and whoever revokes a token, in this process or another, is obeyed at once.
    let known = api.store.token_by_hash(hash_of(token)).await?;
    known
        .and_then(|row| {
            let role = Role::parse(&row.role)?;
            let name = row.name;
            Some(Caller { role, name })
        })
        .ok_or_else(|| {
            Problem::unauthenticated(
                "token_invalid",
                "this token is unknown or was revoked; `frontdesk token create --name NAME` makes one",
            )
        })
}

fn missing() -> Problem {
    Problem::unauthenticated(
        "token_missing",
        "send the header `Authorization: Bearer TOKEN`; `frontdesk token create --name NAME` makes a token",
    )
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = header.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}
