//! Bodies as documents: what a content type promises, parsed into one JSON shape.

pub mod json;

use serde_json::Value;

/// A body format that a source may accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Json,
    /// `application/x-www-form-urlencoded`
    Form,
    /// `multipart/form-data`
    Multipart,
}

/// Why a body is not a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// The content type is none that the source sends.
    #[error("{0}")]
    UnsupportedMediaType(String),
    /// The body is not what its content type says.
    #[error("{0}")]
    Malformed(String),
}

/// Parses `body` as its content type says; without one, as the first of `accepts`.
///
/// # Errors
/// A content type that is not in `accepts`, or a body that does not parse, with the place.
pub fn parse(
    accepts: &[Format],
    content_type: Option<&str>,
    body: &[u8],
) -> Result<Value, ParseError> {
    match pick(accepts, content_type)? {
        Format::Json => json::parse(body),
        Format::Form | Format::Multipart => Err(ParseError::UnsupportedMediaType(
            "form bodies are not understood yet".to_owned(),
        )),
    }
}

fn pick(accepts: &[Format], _content_type: Option<&str>) -> Result<Format, ParseError> {
    accepts.first().copied().ok_or_else(|| {
        ParseError::UnsupportedMediaType("the source accepts no body at all".to_owned())
    })
}
