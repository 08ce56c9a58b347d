//! Answers that say no: problem+json (RFC 9457) with a stable `code`, made in one table.

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use serde_json::Value;

use crate::store::StoreError;

/// Why a call cannot be answered. Shown to the caller as it stands: `detail` is a sentence that helps.
#[derive(Debug, Clone, Serialize, thiserror::Error, utoipa::ToSchema)]
#[error("{detail}")]
pub struct Problem {
    /// `about:blank`: the code says it all.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The status, in words.
    pub title: String,
    pub status: u16,
    /// Stable; programs may rely on it.
    pub code: &'static str,
    /// What is wrong and what to do.
    pub detail: String,
    /// What is wrong, place by place (JSON pointers into the body).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<Fault>,
    /// With `stale_version`: the rule set as it now is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<Value>,
}

/// One thing that is wrong with a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Fault {
    /// JSON pointer into the body: `/members/0/rep`.
    pub path: String,
    pub message: String,
}

impl Fault {
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Fault {
            path: path.into(),
            message: message.into(),
        }
    }
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Problem {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            code,
            detail: detail.into(),
            violations: Vec::new(),
            current: None,
        }
    }

    /// 400: a query parameter that does not exist or has no meaning.
    pub fn parameter(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// 400: the body is not JSON.
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed_body", detail)
    }

    /// 401: no token, or none that is alive.
    pub fn unauthenticated(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, detail)
    }

    /// 403: the token's role may not do this.
    pub fn role(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "role_denied", detail)
    }

    /// 404
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", detail)
    }

    /// 405
    pub fn method(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
    }

    /// 409
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// 413
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
    }

    /// 415
    pub fn media_type(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            detail,
        )
    }

    /// 422: JSON, but not what is asked for.
    pub fn invalid(faults: Vec<Fault>) -> Self {
        let detail = match faults.as_slice() {
            [] => "the body is not valid".to_owned(),
            [only] if only.path.is_empty() => only.message.clone(),
            [only] => format!("{}: {}", only.path, only.message),
            many => format!(
                "{} things are wrong with the body; see violations",
                many.len()
            ),
        };
        Problem {
            violations: faults,
            ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail)
        }
    }

    /// 500: a defect of ours. The cause goes to the log, not to the caller.
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(cause = %cause, "api.failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_error",
            "the gateway could not answer; the log says why",
        )
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Unavailable(cause) => {
                tracing::warn!(cause = %cause, "api.store_unavailable");
                Problem::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "store_unavailable",
                    "the store cannot be used right now; nothing was changed, try again shortly",
                )
            }
            StoreError::Stale { .. } => Problem::conflict("stale_version", error.to_string()),
            StoreError::InUse(sentence) => Problem::conflict("in_use", sentence.clone()),
            StoreError::Missing(sentence) => {
                Problem::invalid(vec![Fault::new("", sentence.clone())])
            }
            StoreError::BadCursor => Problem::parameter(
                "invalid_cursor",
                "this cursor was not made by this list with these filters; leave it out to begin at the start",
            ),
            StoreError::Corrupt(_) => Problem::internal(&error),
        }
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let status = self.status_code();
        let mut answer = HttpResponse::build(status);
        answer.insert_header((CONTENT_TYPE, "application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            answer.insert_header((WWW_AUTHENTICATE, "Bearer"));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            answer.insert_header((RETRY_AFTER, "2"));
        }
        answer.body(serde_json::to_string(self).unwrap_or_default())
    }
}
