//! In front of every place: who comes, whether they may, whether the form is theirs; and what every answer carries.

use std::rc::Rc;

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderMap, HeaderName, HeaderValue,
    LOCATION, ORIGIN, REFERRER_POLICY, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpResponse, ResponseError, web};

use crate::access::token;
use crate::console::Console;
use crate::console::fault::Fault;
use crate::console::form::Form;
use crate::console::pages::fault;
use crate::console::places::{self, Place, Verb, Who};
use crate::console::visitor::{self, Visitor};
use crate::model::role::Role;

/// Only what is ours may load, run or be sent to; nobody may frame us.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Lets a request through to its place, or answers why not.
///
/// # Errors
/// Those of actix.
pub async fn admit(
    place: &'static Place,
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let Some(console) = request.app_data::<web::Data<Console>>().cloned() else {
        let fault = Fault::internal(&"the console was mounted without its state");
        return Ok(request.error_response(fault));
    };
    let visitor = match visitor::of(&console, request.request()).await {
        Ok(visitor) => Rc::new(visitor),
        Err(fault) => return Ok(request.error_response(fault)),
    };
    request.extensions_mut().insert(Rc::clone(&visitor));
    let entered = enter(place, &console, &visitor, &mut request).await;
    let response = match entered {
        Ok(()) => next.call(request).await?,
        // Not `into_response`, which would forget the fault.
        Err(fault) => request.error_response(fault),
    };
    Ok(finished(&visitor, response))
}

/// The role first, so that nothing of a form is read for somebody who may not send it.
async fn enter(
    place: &Place,
    console: &Console,
    visitor: &Visitor,
    request: &mut ServiceRequest,
) -> Result<(), Fault> {
    let role = visitor.account.as_ref().map(|account| account.role);
    match role {
        role if place.who.admits(role) => {}
        None => return Err(Fault::SignedOut),
        Some(_) => return Err(Fault::Denied),
    }
    if place.verb == Verb::Get {
        return Ok(());
    }
    if is_foreign(request.headers(), console) {
        return Err(Fault::Stale);
    }
    let body = request
        .extract::<web::Bytes>()
        .await
        .map_err(|error| Fault::Senseless(error.to_string().into()))?;
    let form = Form::read(&body);
    let session = !visitor.csrf.is_empty();
    if (session || place.who != Who::Anyone) && !token::same(form.exact("csrf"), &visitor.csrf) {
        return Err(Fault::Stale);
    }
    request.extensions_mut().insert(form);
    Ok(())
}

/// Whether a browser says that another site made it send this.
fn is_foreign(headers: &HeaderMap, console: &Console) -> bool {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text(&HeaderName::from_static("sec-fetch-site")) {
        return !matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text(&ORIGIN) else {
        return false;
    };
    let host = origin.split_once("://").map(|(_, host)| host);
    host != text(&HOST) && origin != console.public_url
}

/// What every answer carries; and a page for one that failed.
fn finished(visitor: &Visitor, response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let fault = response.response().error();
    let fault = fault.and_then(|error| error.as_error::<Fault>()).cloned();
    let mut response = match fault {
        None => response,
        Some(fault) => {
            let (request, _) = response.into_parts();
            let answer = explained(visitor, (request.method(), request.headers()), &fault);
            ServiceResponse::new(request, answer)
        }
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// Whether a browser asks for something to read.
pub fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

/// A page that says what is wrong. Whoever has to sign in first is taken there, and comes back afterwards.
fn explained(
    visitor: &Visitor,
    (method, headers): (&Method, &HeaderMap),
    fault: &Fault,
) -> HttpResponse {
    let status = fault.status_code();
    let wants_page = wants_page(headers);
    if matches!(fault, Fault::SignedOut) && wants_page {
        let mut query = form_urlencoded::Serializer::new(String::new());
        match method {
            &Method::GET => query.append_pair("to", &visitor.address),
            // Somebody was in the middle of something.
            _ => {
                let to = places::page_above(&visitor.path, Some(Role::Admin));
                query
                    .append_pair("to", to)
                    .append_pair("done", "session-was-over")
            }
        };
        return HttpResponse::SeeOther()
            .insert_header((LOCATION, format!("/sign-in?{}", query.finish())))
            .finish();
    }
    let mut answer = HttpResponse::build(status);
    if let Fault::TooMany(wait) = fault {
        answer.insert_header((RETRY_AFTER, wait.as_secs()));
    }
    if !wants_page {
        return answer
            .content_type("text/plain; charset=utf-8")
            .body(fault.to_string());
    }
    answer
        .content_type("text/html; charset=utf-8")
        .body(fault::page(visitor, fault))
}
