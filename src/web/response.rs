//! The one table: rejection → status, code and sentence, as `application/problem+json` (RFC 9457).

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, LOCATION, RETRY_AFTER};
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::ingest::handshake::Answer;
use crate::ingest::rejection::Rejection;
use crate::payload::ParseError;
use crate::source::declaration::Reply;

/// The status of a rejection. `busy` is what the sender must hear when the store cannot be used.
pub fn status(rejection: &Rejection, busy: u16) -> StatusCode {
    match rejection {
        Rejection::MalformedBody(_) | Rejection::BodyIncomplete => StatusCode::BAD_REQUEST,
        Rejection::SignatureMissing(_)
        | Rejection::SignatureMismatch(_)
        | Rejection::TimestampOutOfRange(_)
        | Rejection::KeyInvalid(_) => StatusCode::UNAUTHORIZED,
        Rejection::AddressDenied(_) | Rejection::OriginDenied(_) => StatusCode::FORBIDDEN,
        Rejection::UnknownEndpoint => StatusCode::NOT_FOUND,
        Rejection::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
        Rejection::BodyTimeout(_) => StatusCode::REQUEST_TIMEOUT,
        Rejection::BodyTooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
        Rejection::File(ParseError::FileTooLarge { .. }) => StatusCode::PAYLOAD_TOO_LARGE,
        Rejection::UnsupportedMediaType(_) | Rejection::File(_) => {
            StatusCode::UNSUPPORTED_MEDIA_TYPE
        }
        Rejection::SchemaViolation(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Rejection::RateLimited(_) => StatusCode::TOO_MANY_REQUESTS,
        Rejection::StoreUnavailable(_) | Rejection::Paused(_) => {
            StatusCode::from_u16(busy).unwrap_or(StatusCode::SERVICE_UNAVAILABLE)
        }
        Rejection::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The answer to a request that is turned away; `event` is given when it is kept all the same.
pub fn refused(rejection: &Rejection, busy: u16, event: Option<Uuid>) -> HttpResponse {
    let status = status(rejection, busy);
    let mut answer = HttpResponse::build(status);
    let mut more = Map::new();
    match rejection {
        Rejection::MethodNotAllowed(methods) => {
            answer.insert_header((ALLOW, methods.as_str()));
        }
        Rejection::RateLimited(after)
        | Rejection::StoreUnavailable(after)
        | Rejection::Paused(after) => {
            answer.insert_header((RETRY_AFTER, after.as_secs()));
            more.insert("retry_after".to_owned(), json!(after.as_secs()));
        }
        Rejection::Internal => {
            answer.insert_header((RETRY_AFTER, BUSY.as_secs()));
        }
        Rejection::SchemaViolation(violations) => {
            more.insert("violations".to_owned(), json!(violations));
        }
        _ => {}
    }
    if let Some(event) = event {
        more.insert("event".to_owned(), json!(event));
    }
    problem(
        answer,
        status,
        rejection.code(),
        &rejection.to_string(),
        more,
    )
}

/// The same in the words its sender insists on.
pub fn busy(said: &Reply, rejection: &Rejection, busy: u16) -> HttpResponse {
    let mut answer = HttpResponse::build(status(rejection, busy));
    if let Rejection::RateLimited(after)
    | Rejection::StoreUnavailable(after)
    | Rejection::Paused(after) = rejection
    {
        answer.insert_header((RETRY_AFTER, after.as_secs()));
    }
    answer
        .content_type(said.content_type.as_str())
        .body(said.body.clone())
}

/// How long a sender should wait when the gateway cannot take anything.
pub const BUSY: Duration = Duration::from_secs(5);

/// Nothing is mounted at `path`.
pub fn not_found(path: &str) -> HttpResponse {
    let status = StatusCode::NOT_FOUND;
    let shown: String = path.chars().take(200).collect();
    let detail =
        format!("there is nothing at {shown}; webhooks go to /hooks/NAME, programs to /api/v1");
    problem(
        HttpResponse::build(status),
        status,
        "not_found",
        &detail,
        Map::new(),
    )
}

/// The process runs but cannot do its work.
pub fn not_ready(why: &str) -> HttpResponse {
    let status = StatusCode::SERVICE_UNAVAILABLE;
    let mut answer = HttpResponse::build(status);
    answer.insert_header((RETRY_AFTER, BUSY.as_secs()));
    problem(answer, status, "not_ready", why, Map::new())
}

fn problem(
    mut answer: HttpResponseBuilder,
    status: StatusCode,
    code: &str,
    detail: &str,
    more: Map<String, Value>,
) -> HttpResponse {
    let mut document = Map::new();
    document.insert("type".to_owned(), json!("about:blank"));
    document.insert("title".to_owned(), json!(status.canonical_reason()));
    document.insert("status".to_owned(), json!(status.as_u16()));
    document.insert("code".to_owned(), json!(code));
    document.insert("detail".to_owned(), json!(detail));
    document.extend(more);
    answer
        .content_type("application/problem+json")
        .body(Value::Object(document).to_string())
}

/// What became of an accepted request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Accepted,
    /// Every event of it was known.
    Duplicate,
}

/// `{"status": "accepted", "event": "…"}`: the first event that the status is about; with all `events` when there are several.
pub fn accepted(standing: Standing, event: Uuid, events: &[Uuid]) -> HttpResponse {
    let status = match standing {
        Standing::Accepted => "accepted",
        Standing::Duplicate => "duplicate",
    };
    let body = if events.len() > 1 {
        json!({"status": status, "event": event, "events": events}).to_string()
    } else {
        format!(r#"{{"status":"{status}","event":"{event}"}}"#)
    };
    HttpResponse::Ok()
        .content_type("application/json")
        .body(body)
}

/// What this source's sender insists to hear. The event's id is told beside it.
pub fn said(said: &Reply, event: Option<Uuid>) -> HttpResponse {
    let status = StatusCode::from_u16(said.status).unwrap_or(StatusCode::OK);
    let mut answer = HttpResponse::build(status);
    if let Some(event) = event {
        answer.insert_header((EVENT, event.to_string()));
    }
    if said.body.is_empty() {
        return answer.finish();
    }
    answer
        .content_type(said.content_type.as_str())
        .body(said.body.clone())
}

/// The header with the event's id, where the body is the sender's own.
const EVENT: &str = "frontdesk-event";

/// Sends the visitor of a plain form to a page.
pub fn see(page: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, page))
        .finish()
}

/// A handshake's answer.
pub fn handshake(answer: Answer) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = HttpResponse::build(status);
    for (name, value) in answer.headers {
        response.insert_header((name, value));
    }
    response.content_type(answer.content_type).body(answer.body)
}
