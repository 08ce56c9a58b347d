//! Why a request is turned away: a stable code and a sentence, never the signature that was expected.

use std::time::Duration;

use crate::model::event::Violation;
use crate::payload::ParseError;
use crate::payload::encoding::DecodeError;

/// One variant per code of the contract.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("{0}")]
    MalformedBody(String),
    #[error("{0}")]
    SignatureMissing(String),
    #[error("{0}")]
    SignatureMismatch(String),
    #[error("{0}")]
    TimestampOutOfRange(String),
    #[error("{0}")]
    KeyInvalid(String),
    #[error("the address {0} is not on this endpoint's list")]
    AddressDenied(String),
    #[error("the origin {0:?} is not on this endpoint's list")]
    OriginDenied(String),
    #[error(
        "there is no endpoint of this name; look at the URL that the gateway's `sources` command shows"
    )]
    UnknownEndpoint,
    /// With the methods that are allowed: `POST, GET`.
    #[error("webhooks are taken by POST; this address is set up and waits for them (allowed: {0})")]
    MethodNotAllowed(String),
    #[error("the body did not arrive within {0:?}")]
    BodyTimeout(Duration),
    #[error("the connection ended before the body was complete")]
    BodyIncomplete,
    /// With the cap in bytes.
    #[error("the body is larger than the {0} bytes this endpoint takes")]
    BodyTooLarge(usize),
    #[error("{0}")]
    UnsupportedMediaType(String),
    /// A file that is not taken, or not so large.
    #[error(transparent)]
    File(ParseError),
    #[error(
        "the body is not what this source sends; it is kept, and can be replayed once the mapping is mended"
    )]
    SchemaViolation(Vec<Violation>),
    #[error("too many requests; try again in {} s", .0.as_secs())]
    RateLimited(Duration),
    #[error("the gateway cannot write events down right now; nothing was accepted, send it again in {} s", .0.as_secs())]
    StoreUnavailable(Duration),
    #[error("this endpoint is paused; nothing was accepted, send it again in {} s", .0.as_secs())]
    Paused(Duration),
    #[error("the gateway failed; nothing was accepted, send it again")]
    Internal,
}

impl Rejection {
    /// The stable code of the contract.
    pub fn code(&self) -> &'static str {
        match self {
            Rejection::MalformedBody(_) | Rejection::BodyIncomplete => "malformed_body",
            Rejection::SignatureMissing(_) => "signature_missing",
            Rejection::SignatureMismatch(_) => "signature_mismatch",
            Rejection::TimestampOutOfRange(_) => "timestamp_out_of_range",
            Rejection::KeyInvalid(_) => "key_invalid",
            Rejection::AddressDenied(_) => "address_denied",
            Rejection::OriginDenied(_) => "origin_denied",
            Rejection::UnknownEndpoint => "unknown_endpoint",
            Rejection::MethodNotAllowed(_) => "method_not_allowed",
            Rejection::BodyTimeout(_) => "body_timeout",
            Rejection::BodyTooLarge(_) | Rejection::File(ParseError::FileTooLarge { .. }) => {
                "body_too_large"
            }
            Rejection::UnsupportedMediaType(_) | Rejection::File(_) => "unsupported_media_type",
            Rejection::SchemaViolation(_) => "schema_violation",
            Rejection::RateLimited(_) => "rate_limited",
            Rejection::StoreUnavailable(_) => "store_unavailable",
            Rejection::Paused(_) => "endpoint_paused",
            Rejection::Internal => "internal_error",
        }
    }
}

impl Rejection {
    /// The field that is to blame, by its JSON pointer, where one is.
    pub fn field(&self) -> Option<String> {
        match self {
            Rejection::SchemaViolation(violations) => {
                let pointer = violations.first().map(|violation| violation.path.clone());
                pointer.filter(|pointer| !pointer.is_empty())
            }
            Rejection::File(
                ParseError::FileRefused(field) | ParseError::FileTooLarge { field, .. },
            ) => Some(format!("/{field}")),
            _ => None,
        }
    }
}

impl From<ParseError> for Rejection {
    fn from(error: ParseError) -> Self {
        match error {
            ParseError::UnsupportedMediaType(sentence) => Rejection::UnsupportedMediaType(sentence),
            ParseError::Malformed(sentence) => Rejection::MalformedBody(sentence),
            ParseError::FileRefused(_) | ParseError::FileTooLarge { .. } => Rejection::File(error),
        }
    }
}

impl From<DecodeError> for Rejection {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::Unsupported(_) => Rejection::UnsupportedMediaType(error.to_string()),
            DecodeError::Malformed(_) => Rejection::MalformedBody(error.to_string()),
            DecodeError::TooLarge(cap) => Rejection::BodyTooLarge(cap),
        }
    }
}
