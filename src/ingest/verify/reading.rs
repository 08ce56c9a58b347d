//! A request looked into before it is believed: only what a scheme needs to tell whether it may be.

use std::borrow::Cow;
use std::cell::OnceCell;

use serde_json::Value;

use crate::model::request::RawRequest;
use crate::payload::{self, Formats, ParseError, form};

/// A request whose body is parsed at most once, and only when a scheme asks for a field of it.
#[derive(Debug)]
pub struct Reading<'a> {
    pub request: &'a RawRequest,
    formats: &'a Formats,
    document: OnceCell<Result<Value, ParseError>>,
}

impl<'a> Reading<'a> {
    pub fn new(request: &'a RawRequest, formats: &'a Formats) -> Self {
        Reading {
            request,
            formats,
            document: OnceCell::new(),
        }
    }

    /// The body as a document; `None` when it is none.
    pub fn document(&self) -> Option<&Value> {
        let parse = || {
            let content_type = self.request.headers.get("content-type");
            payload::parse(self.formats, content_type, &self.request.body)
        };
        self.document.get_or_init(parse).as_ref().ok()
    }

    /// The document for whoever comes next, where it was asked for.
    pub fn into_document(self) -> Option<Result<Value, ParseError>> {
        self.document.into_inner()
    }
}

/// The text of a field of a document; `None` when it has none.
pub fn field<'d>(document: Option<&'d Value>, path: &str) -> Option<Cow<'d, str>> {
    match payload::redact::lookup(document?, path)? {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        _ => None,
    }
}

/// The fields of an urlencoded form, sorted by name, names and values after one another.
pub fn sorted_form(body: &[u8]) -> Vec<u8> {
    let mut fields: Vec<_> = form::pairs(body)
        .map(|pair| {
            let (name, value) = form::split(pair);
            (form::decode(name), form::decode(value))
        })
        .collect();
    fields.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut sorted = Vec::with_capacity(body.len());
    for (name, value) in fields {
        sorted.extend_from_slice(&name);
        sorted.extend_from_slice(&value);
    }
    sorted
}

/// Escapes that HubSpot undoes in the URL before it signs it (its "Validating requests", signature v3).
const ESCAPES: &[(&str, char)] = &[
    ("3A", ':'),
    ("2F", '/'),
    ("3F", '?'),
    ("40", '@'),
    ("21", '!'),
    ("24", '$'),
    ("27", '\''),
    ("28", '('),
    ("29", ')'),
    ("2A", '*'),
    ("2C", ','),
    ("3B", ';'),
];

/// A URL with those escapes undone.
pub fn decoded_url(url: &str) -> Cow<'_, str> {
    if !url.contains('%') {
        return Cow::Borrowed(url);
    }
    let mut decoded = String::with_capacity(url.len());
    let mut rest = url;
    while let Some((before, after)) = rest.split_once('%') {
        decoded.push_str(before);
        let code = after.get(..2).unwrap_or_default();
        let known = ESCAPES
            .iter()
            .find(|(escape, _)| escape.eq_ignore_ascii_case(code));
        match known {
            Some((_, character)) => {
                decoded.push(*character);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                decoded.push('%');
                rest = after;
            }
        }
    }
    decoded.push_str(rest);
    Cow::Owned(decoded)
}

#[cfg(test)]
mod tests {
    use super::{decoded_url, sorted_form};

    #[test]
    fn sorts_forms() {
        for (body, expected) in [("b=2&a=1%20x&c", "a1 xb2c"), ("a=2&a=1", "a2a1"), ("", "")] {
            assert_eq!(sorted_form(body.as_bytes()), expected.as_bytes());
        }
    }

    #[test]
    fn decodes_urls() {
        for (url, expected) in [
            ("https://h/x?a=b", "https://h/x?a=b"),
            (
                "https://h/x?u=https%3A%2f%2Fy&s=%20%",
                "https://h/x?u=https://y&s=%20%",
            ),
        ] {
            assert_eq!(decoded_url(url), expected);
        }
    }
}
