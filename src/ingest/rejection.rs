//! Why a request is turned away: a stable code and a sentence, never the signature that was expected.

use std::time::Duration;

use crate::model::event::Violation;
use crate::model::said::Said;
use crate::payload::ParseError;
use crate::payload::encoding::DecodeError;
use crate::said;

/// One variant per code of the contract.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.said())]
pub enum Rejection {
    MalformedBody(Said),
    SignatureMissing(Said),
    SignatureMismatch(Said),
    TimestampOutOfRange(Said),
    KeyInvalid(Said),
    AddressDenied(String),
    OriginDenied(String),
    UnknownEndpoint,
    /// With the methods that are allowed: `POST, GET`.
    MethodNotAllowed(String),
    BodyTimeout(Duration),
    BodyIncomplete,
    /// With the cap in bytes.
    BodyTooLarge(usize),
    UnsupportedMediaType(Said),
    /// A file that is not taken, or not so large.
    File(ParseError),
    SchemaViolation(Vec<Violation>),
    RateLimited(Duration),
    StoreUnavailable(Duration),
    Paused(Duration),
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
    /// The sentence that the sender hears.
    pub fn said(&self) -> Said {
        match self {
            Rejection::MalformedBody(said)
            | Rejection::SignatureMissing(said)
            | Rejection::SignatureMismatch(said)
            | Rejection::TimestampOutOfRange(said)
            | Rejection::KeyInvalid(said)
            | Rejection::UnsupportedMediaType(said) => said.clone(),
            Rejection::AddressDenied(address) => said!(
                "address-denied",
                "the address {address} is not on this endpoint's list",
                address = address
            ),
            Rejection::OriginDenied(origin) => said!(
                "origin-denied",
                "the origin {origin} is not on this endpoint's list",
                origin = format!("{origin:?}")
            ),
            Rejection::UnknownEndpoint => said!(
                "unknown-endpoint",
                "there is no endpoint of this name; the gateway's `check` command and its console show the URL of each"
            ),
            Rejection::MethodNotAllowed(methods) => said!(
                "method-not-allowed",
                "webhooks are taken by POST; this address is set up and waits for them (allowed: {methods})",
                methods = methods
            ),
            Rejection::BodyTimeout(time) => said!(
                "body-timeout",
                "the body did not arrive within {time}",
                time = format!("{time:?}")
            ),
            Rejection::BodyIncomplete => said!(
                "body-incomplete",
                "the connection ended before the body was complete"
            ),
            Rejection::BodyTooLarge(most) => said!(
                "body-too-large",
                "the body is larger than the {most} bytes this endpoint takes",
                most = *most
            ),
            Rejection::File(error) => error.said(),
            Rejection::SchemaViolation(_) => said!(
                "schema-violated",
                "the body is not what this source sends; it is kept, and can be replayed once the mapping is mended"
            ),
            Rejection::RateLimited(after) => said!(
                "rate-limited",
                "too many requests; try again in {seconds} s",
                seconds = after.as_secs()
            ),
            Rejection::StoreUnavailable(after) => said!(
                "not-written",
                "the gateway cannot write events down right now; nothing was accepted, send it again in {seconds} s",
                seconds = after.as_secs()
            ),
            Rejection::Paused(after) => said!(
                "paused",
                "this endpoint is paused; nothing was accepted, send it again in {seconds} s",
                seconds = after.as_secs()
            ),
            Rejection::Internal => said!(
                "gateway-failed",
                "the gateway failed; nothing was accepted, send it again"
            ),
        }
    }

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
            ParseError::UnsupportedMediaType(said) => Rejection::UnsupportedMediaType(said),
            ParseError::Malformed(said) => Rejection::MalformedBody(said),
            ParseError::FileRefused(_) | ParseError::FileTooLarge { .. } => Rejection::File(error),
        }
    }
}

impl From<DecodeError> for Rejection {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::Unsupported(_) => Rejection::UnsupportedMediaType(error.said()),
            DecodeError::Malformed(_) => Rejection::MalformedBody(error.said()),
            DecodeError::TooLarge(cap) => Rejection::BodyTooLarge(cap),
        }
    }
}
