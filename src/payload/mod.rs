//! Bodies as documents: what a content type promises, parsed into one JSON shape.

mod complaint;
pub mod content_type;
pub mod encoding;
pub mod form;
pub mod json;
pub mod mask;
pub mod multipart;
pub mod redact;
pub mod tree;
pub mod xml;

use std::borrow::Cow;

use serde_json::Value;

use crate::model::said::Said;
use crate::payload::content_type::ContentType;
use crate::said;

/// A body format that a source may accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Json,
    /// `application/x-www-form-urlencoded`
    Form,
    /// `multipart/form-data`
    Multipart,
    /// `text/xml` and the like
    Xml,
}

/// How bodies of a source are read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Formats {
    /// In order of preference; the content type picks, and the first is taken when there is none.
    pub accepts: Vec<Format>,
    /// Fields of a form whose text is a JSON document; the document takes the text's place.
    pub json_in: Vec<String>,
    /// Bytes that a file in a form may have; 0 refuses every file.
    pub max_file: Option<usize>,
}

impl Format {
    /// The media type a sender should name.
    pub fn media_type(self) -> &'static str {
        match self {
            Format::Json => "application/json",
            Format::Form => "application/x-www-form-urlencoded",
            Format::Multipart => "multipart/form-data",
            Format::Xml => "text/xml",
        }
    }
}

/// Why a body is not a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.said())]
pub enum ParseError {
    /// The content type is none that the source sends.
    UnsupportedMediaType(Said),
    /// The body is not what its content type says.
    Malformed(Said),
    /// A form holds a file where none is taken.
    FileRefused(String),
    /// A form holds a larger file than may be.
    FileTooLarge { field: String, cap: usize },
}

impl ParseError {
    /// The sentence about it.
    pub fn said(&self) -> Said {
        match self {
            ParseError::UnsupportedMediaType(said) | ParseError::Malformed(said) => said.clone(),
            ParseError::FileRefused(field) => said!(
                "file-refused",
                "this form takes no files: the field {field} holds one",
                field = field
            ),
            ParseError::FileTooLarge { field, cap } => said!(
                "file-too-large",
                "the file in the field {field} has more than the {most} bytes that are allowed",
                field = field,
                most = *cap
            ),
        }
    }
}

/// Parses `body` as its content type says; without one, as the first of the formats.
///
/// # Errors
/// A content type that is not accepted, or a body that does not parse, with the place.
pub fn parse(
    formats: &Formats,
    content_type: Option<&str>,
    body: &[u8],
) -> Result<Value, ParseError> {
    let declared = ContentType::of(content_type);
    let charset = declared.charset.as_deref();
    let mut document = match content_type::pick(&formats.accepts, &declared, body)? {
        Format::Json => return json::parse(&text(body, charset)?),
        Format::Xml => return xml::parse(&text(body, charset.or_else(|| xml::charset(body)))?),
        Format::Form => form::parse(body, charset)?,
        Format::Multipart => {
            multipart::parse(body, declared.boundary.as_deref(), formats.max_file)?
        }
    };
    for field in &formats.json_in {
        unfold(&mut document, field)?;
    }
    Ok(document)
}

/// Puts the JSON document that a field's text is in its place; a blank field stays.
fn unfold(document: &mut Value, field: &str) -> Result<(), ParseError> {
    let Some(slot) = document.get_mut(field) else {
        return Ok(());
    };
    if let Some(text) = slot.as_str().filter(|text| !text.trim().is_empty()) {
        *slot = json::parse(text).map_err(|error| {
            ParseError::Malformed(said!(
                "field-json",
                "the field {field} should hold JSON: {why}",
                field = field,
                why = error.said()
            ))
        })?;
    }
    Ok(())
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
        .ok_or_else(|| ParseError::Malformed(not_utf8(body, invalid)))
}

fn not_utf8(body: &[u8], invalid: usize) -> Said {
    match body {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => said!(
            "body-utf16",
            "the body is UTF-16, which is not taken; send UTF-8"
        ),
        _ => said!(
            "body-not-utf8",
            "the body is not valid UTF-8: the byte at position {position} is wrong; send UTF-8 or declare the charset in \
             the content type",
            position = invalid
        ),
    }
}

/// Names that the JSON library gives a meaning of its own; no sender has a use for them.
fn is_reserved(name: &str) -> bool {
    name.starts_with("$serde_json::private::")
}
