//! Why a page cannot be shown. The gate makes a page of it, in the reader's language.

use std::time::Duration;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};

use crate::access::NoRandomness;
use crate::console::words::Words;
use crate::model::said::Said;
use crate::said;
use crate::store::{BAD_CURSOR, StoreError};

/// What went wrong, as the person at the other end has to know it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Fault {
    /// Nobody has signed in, or the session has ended.
    #[error("not signed in; a browser is led to /sign-in")]
    SignedOut,
    #[error("the role does not allow it")]
    Denied,
    /// The form does not come from a page of ours, or from an ended session.
    #[error("the form is not one of this session")]
    Stale,
    #[error("there is no such page or thing")]
    Missing,
    /// A form or an address that no page of ours makes.
    #[error("the request makes no sense: {0}")]
    Senseless(Said),
    #[error("too many tries")]
    TooMany(Duration),
    /// Something else depends on it; the sentence says what.
    #[error("{0}")]
    InUse(Said),
    /// A rule of the desk or of records says no: its code and sentence.
    #[error("{1}")]
    Refused(&'static str, String),
    #[error("the store cannot be used")]
    Unavailable,
    /// A defect of ours; the log has the cause.
    #[error("internal")]
    Internal,
}

impl Fault {
    /// A defect of ours. The cause goes to the log, not to the reader.
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(cause = %cause, "console.failed");
        Fault::Internal
    }

    /// The list cannot be filtered by such a status.
    pub fn no_status(word: &str, known: &[&str]) -> Self {
        Fault::Senseless(said!(
            "no-status",
            "there is no status {word}; there are {words}",
            word = word,
            words = known.join(", ")
        ))
    }

    /// Names the messages `fault-NAME` and `fault-NAME-help`.
    pub fn name(&self) -> &'static str {
        match self {
            Fault::SignedOut => "signed-out",
            Fault::Denied => "denied",
            Fault::Stale => "stale",
            Fault::Missing => "missing",
            Fault::Senseless(_) => "senseless",
            Fault::TooMany(_) => "too-many",
            Fault::InUse(_) | Fault::Refused(..) => "in-use",
            Fault::Unavailable => "unavailable",
            Fault::Internal => "internal",
        }
    }

    /// Particulars for people, where there are any.
    pub fn particulars(&self, words: Words) -> Option<String> {
        match self {
            Fault::Senseless(said) | Fault::InUse(said) => Some(words.said(said)),
            Fault::Refused(code, sentence) => Some(words.refused(code, sentence)),
            _ => None,
        }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(cause) => {
                tracing::warn!(cause = %cause, "console.store_unavailable");
                Fault::Unavailable
            }
            StoreError::InUse(sentence) | StoreError::Missing(sentence) => Fault::InUse(sentence),
            StoreError::Stale { .. } => Fault::Refused("stale_version", error.to_string()),
            StoreError::BadCursor => Fault::Senseless(BAD_CURSOR.into()),
            StoreError::Corrupt(_) => Fault::internal(&error),
        }
    }
}

impl From<NoRandomness> for Fault {
    fn from(error: NoRandomness) -> Self {
        Fault::internal(&error)
    }
}

impl ResponseError for Fault {
    fn status_code(&self) -> StatusCode {
        match self {
            Fault::SignedOut => StatusCode::UNAUTHORIZED,
            Fault::Denied | Fault::Stale => StatusCode::FORBIDDEN,
            Fault::Missing => StatusCode::NOT_FOUND,
            Fault::Senseless(_) => StatusCode::BAD_REQUEST,
            Fault::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Fault::InUse(_) | Fault::Refused(..) => StatusCode::CONFLICT,
            Fault::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Fault::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Empty: the gate, which knows the reader, writes the page.
    fn error_response(&self) -> HttpResponse<BoxBody> {
        HttpResponse::new(self.status_code())
    }
}
