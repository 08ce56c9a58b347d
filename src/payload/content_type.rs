//! The content type: what it promises, and which format of a source that is.

use crate::model::said::{Said, either};
use crate::payload::{Format, ParseError};
use crate::said;

/// The parts of a `Content-Type` header that matter here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContentType {
    /// Lower case, without parameters; empty when the header is absent.
    pub media_type: String,
    pub charset: Option<String>,
    pub boundary: Option<String>,
}

impl ContentType {
    /// Reads a header leniently: case does not matter, unknown parameters are passed over.
    pub fn of(header: Option<&str>) -> Self {
        let header = header.unwrap_or_default();
        let (media_type, parameters) = header.split_once(';').unwrap_or((header, ""));
        let mut read = ContentType {
            media_type: media_type.trim().to_ascii_lowercase(),
            ..ContentType::default()
        };
        for (name, value) in Parameters(parameters) {
            if name.eq_ignore_ascii_case("charset") {
                read.charset = Some(value);
            } else if name.eq_ignore_ascii_case("boundary") {
                read.boundary = Some(value);
            }
        }
        read
    }

    fn format(&self) -> Option<Format> {
        match self.media_type.as_str() {
            "application/json" | "text/json" => Some(Format::Json),
            "application/x-www-form-urlencoded" => Some(Format::Form),
            "multipart/form-data" => Some(Format::Multipart),
            "application/xml" | "text/xml" => Some(Format::Xml),
            other if other.ends_with("+json") => Some(Format::Json),
            other if other.ends_with("+xml") => Some(Format::Xml),
            _ => None,
        }
    }
}

/// Picks the format of a body among those a source accepts.
///
/// Senders are sloppy, so JSON and XML are recognised by their first character where they are accepted and the header is
/// absent, says `text/plain` or bytes, or (the default of many tools) names a form, in which no name can begin so.
///
/// # Errors
/// `UnsupportedMediaType`, naming what would be accepted.
pub fn pick(accepts: &[Format], declared: &ContentType, body: &[u8]) -> Result<Format, ParseError> {
    let seen = looks_like(body).filter(|format| accepts.contains(format));
    match (declared.format(), seen) {
        (Some(Format::Form), Some(seen)) if accepts.contains(&Format::Form) => Ok(seen),
        (Some(Format::Form), Some(Format::Xml)) => Ok(Format::Xml),
        (Some(format), _) if accepts.contains(&format) => Ok(format),
        (None, Some(seen)) if is_vague(&declared.media_type) => Ok(seen),
        (None, _) if declared.media_type.is_empty() => accepts.first().copied().ok_or_else(|| {
            ParseError::UnsupportedMediaType(said!(
                "no-body-taken",
                "the source accepts no body at all"
            ))
        }),
        _ => Err(ParseError::UnsupportedMediaType(refusal(accepts, declared))),
    }
}

fn is_vague(media_type: &str) -> bool {
    matches!(media_type, "" | "text/plain" | "application/octet-stream")
}

fn looks_like(body: &[u8]) -> Option<Format> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace())?;
    match first {
        b'{' | b'[' => Some(Format::Json),
        b'<' => Some(Format::Xml),
        _ => None,
    }
}

fn refusal(accepts: &[Format], declared: &ContentType) -> Said {
    let named = accepts.iter().map(|format| format.media_type().to_owned());
    let named: Vec<String> = named.collect();
    let shown: String = declared.media_type.chars().take(80).collect();
    said!(
        "content-type-unknown",
        "the content type {shown} is not understood here; send {accepted}",
        shown = format!("{shown:?}"),
        accepted = either(&named)
    )
}

/// `; charset=utf-8; boundary="a b"` as pairs; also used for `Content-Disposition`.
#[derive(Debug)]
pub struct Parameters<'a>(pub &'a str);

impl<'a> Iterator for Parameters<'a> {
    type Item = (&'a str, String);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self
            .0
            .trim_start_matches(|c: char| c == ';' || c.is_ascii_whitespace());
        let (name, rest) = rest.split_once('=')?;
        let Some(quoted) = rest.trim_start().strip_prefix('"') else {
            let end = rest.find(';').unwrap_or(rest.len());
            let (value, rest) = rest.split_at(end);
            self.0 = rest;
            return Some((name.trim(), value.trim().to_owned()));
        };
        let mut value = String::new();
        let mut characters = quoted.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.0 = quoted.get(at + 1..).unwrap_or_default();
                    return Some((name.trim(), value));
                }
                // Only a quote or a backslash is escaped: browsers of old send `C:\path` as it is.
                '\\' if quoted
                    .get(at + 1..)
                    .is_some_and(|next| next.starts_with(['"', '\\'])) =>
                {
                    value.extend(characters.next().map(|(_, escaped)| escaped));
                }
                other => value.push(other),
            }
        }
        self.0 = "";
        Some((name.trim(), value))
    }
}

#[cfg(test)]
mod tests {
    use super::{ContentType, pick};
    use crate::payload::Format::{self, Form, Json, Multipart, Xml};

    fn check(accepts: &[Format], header: Option<&str>, body: &str, expected: Option<Format>) {
        let picked = pick(accepts, &ContentType::of(header), body.as_bytes());
        assert_eq!(picked.ok(), expected, "{header:?} {body}");
    }

    #[test]
    fn picks_a_format() {
        let all = &[Form, Multipart, Json];
        let json = &[Json];
        for (accepts, header, body, expected) in [
            (&all[..], Some("application/json"), "{}", Some(Json)),
            (
                all,
                Some("Application/JSON ; Charset=UTF-8"),
                "{}",
                Some(Json),
            ),
            (all, Some("application/cloudevents+json"), "{}", Some(Json)),
            (
                all,
                Some("application/x-www-form-urlencoded"),
                "a=1",
                Some(Form),
            ),
            (
                all,
                Some("application/x-www-form-urlencoded"),
                " {\"a\":1}",
                Some(Json),
            ),
            (
                all,
                Some("multipart/form-data; boundary=x"),
                "--x",
                Some(Multipart),
            ),
            (all, None, "a=1", Some(Form)),
            (all, None, "{\"a\":1}", Some(Json)),
            (all, Some("text/plain"), "[1]", Some(Json)),
            (all, Some("text/plain"), "hello", None),
            (all, Some("text/xml"), "{}", None),
            (json, None, "", Some(Json)),
            (json, Some(""), "{}", Some(Json)),
            (json, Some("application/x-www-form-urlencoded"), "{}", None),
            (json, Some("multipart/form-data; boundary=x"), "{}", None),
            (&[], None, "{}", None),
            (&[Xml], Some("text/xml; charset=utf-8"), "<a/>", Some(Xml)),
            (&[Xml], Some("application/soap+xml"), "<a/>", Some(Xml)),
            (&[Xml], Some("text/plain"), "\n<a/>", Some(Xml)),
            (
                &[Xml],
                Some("application/x-www-form-urlencoded"),
                "<a/>",
                Some(Xml),
            ),
            (&[Xml], Some("application/json"), "<a/>", None),
        ] {
            check(accepts, header, body, expected);
        }
    }

    #[test]
    fn reads_parameters() {
        let read = ContentType::of(Some(
            r#"multipart/form-data; boundary="a \"b\";c" ; charset=latin1; odd"#,
        ));
        assert_eq!(read.media_type, "multipart/form-data");
        assert_eq!(read.boundary.as_deref(), Some("a \"b\";c"));
        assert_eq!(read.charset.as_deref(), Some("latin1"));
    }
}
