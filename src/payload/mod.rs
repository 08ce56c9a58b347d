//! Bodies as documents: what a content type promises, parsed into one JSON shape.

pub mod content_type;
pub mod encoding;
pub mod form;
pub mod json;
pub mod multipart;
pub mod redact;
pub mod tree;

use std::borrow::Cow;

use serde_json::Value;

use crate::payload::content_type::ContentType;

/// A body format that a source may accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Json,
    /// `application/x-www-form-urlencoded`
    Form,
    /// `multipart/form-data`
    Multipart,
}

impl Format {
    /// The media type a sender should name.
    pub fn media_type(self) -> &'static str {
        match self {
            Format::Json => "application/json",
            Format::Form => "application/x-www-form-urlencoded",
            Format::Multipart => "multipart/form-data",
        }
    }
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
    let declared = ContentType::of(content_type);
    match content_type::pick(accepts, &declared, body)? {
        Format::Json => json::parse(&text(body, declared.charset.as_deref())?),
        Format::Form => form::parse(body, declared.charset.as_deref()),
        Format::Multipart => multipart::parse(body, declared.boundary.as_deref()),
    }
}

/// `body` as text. UTF-8 is believed whenever the bytes are UTF-8, for many senders declare another charset from
/// habit; only other bytes are read in the declared charset.
///
/// # Errors
/// Bytes that are neither, with the position of the first.
pub fn text<'a>(body: &'a [u8], charset: Option<&str>) -> Result<Cow<'a, str>, ParseError> {
    let invalid = match std::str::from_utf8(body) {
        Ok(text) => return Ok(Cow::Borrowed(text)),
        Err(error) => error.valid_up_to(),
    };
    let declared = charset
        .and_then(|label| encoding_rs::Encoding::for_label(label.as_bytes()))
        .filter(|encoding| encoding.is_ascii_compatible() && *encoding != encoding_rs::UTF_8);
    declared
        .and_then(|encoding| encoding.decode_without_bom_handling_and_without_replacement(body))
        .ok_or_else(|| {
            ParseError::Malformed(format!(
                "the body is not valid UTF-8: the byte at position {invalid} is wrong; send UTF-8 or declare the \
                 charset in the content type"
            ))
        })
}

/// Names that the JSON library gives a meaning of its own; no sender has a use for them.
fn is_reserved(name: &str) -> bool {
    name.starts_with("$serde_json::private::")
}
