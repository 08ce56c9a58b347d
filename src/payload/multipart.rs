//! Multipart form bodies (RFC 7578).

use std::ops::Range;

use memchr::memmem;
use serde_json::{Value, json};

use crate::model::said::Said;
use crate::payload::content_type::{ContentType, Parameters};
use crate::payload::tree::Tree;
use crate::payload::{ParseError, text};
use crate::{phrase, said};

/// Bytes that the headers of one part may take.
const MAX_HEADERS: usize = 8 * 1024;
/// Parts that a body may have; the tree's cap of fields is lower or equal in effect.
const MAX_PARTS: usize = 2_000;

/// Parses the fields. A file is not kept: in its place stands `{"filename": …, "size": …}`. A file input that was left
/// empty is left out.
///
/// # Errors
/// `Malformed`: no boundary, a part without end or name, text that is not UTF-8 (nor the part's charset), too many
/// parts. `FileRefused`, `FileTooLarge`: a file beyond `max_file` bytes.
pub fn parse(
    body: &[u8],
    boundary: Option<&str>,
    max_file: Option<usize>,
) -> Result<Value, ParseError> {
    let mut tree = Tree::default();
    for part in parts(body, boundary)? {
        let value = match &part.filename {
            Some(name) if name.is_empty() && part.content.is_empty() => continue,
            Some(name) => {
                check_file(&part, max_file)?;
                json!({"filename": name, "size": part.content.len()})
            }
            None => Value::String(text(part.content, part.charset.as_deref())?.into_owned()),
        };
        tree.insert(&part.name, value)?;
    }
    Ok(tree.into_document())
}

fn check_file(part: &Part<'_>, max_file: Option<usize>) -> Result<(), ParseError> {
    let field = part.name.clone();
    match max_file {
        Some(0) => Err(ParseError::FileRefused(field)),
        Some(cap) if part.content.len() > cap => Err(ParseError::FileTooLarge { field, cap }),
        _ => Ok(()),
    }
}

/// One part of a body.
#[derive(Debug)]
pub struct Part<'a> {
    pub name: String,
    /// Given for files only.
    pub filename: Option<String>,
    pub charset: Option<String>,
    pub content: &'a [u8],
    /// From its delimiter up to the next one: what is cut out to remove it.
    pub span: Range<usize>,
}

/// The parts of a body in order.
///
/// # Errors
/// As `parse`.
pub fn parts<'a>(body: &'a [u8], boundary: Option<&str>) -> Result<Vec<Part<'a>>, ParseError> {
    let boundary = boundary
        .filter(|boundary| (1..=200).contains(&boundary.len()))
        .ok_or_else(|| {
            malformed(phrase!(
                "multipart-no-boundary",
                "the content type names no boundary between the parts"
            ))
        })?;
    let delimiter = format!("\r\n--{boundary}");
    let delimiter = delimiter.as_bytes();
    let mut parts = Vec::new();
    let mut found = first(body, delimiter).ok_or_else(|| {
        malformed(phrase!(
            "multipart-boundary-absent",
            "the boundary of the content type does not stand in the body"
        ))
    })?;
    while !found.last {
        if parts.len() >= MAX_PARTS {
            return Err(malformed(said!(
                "multipart-parts",
                "the form has more than {most} parts",
                most = MAX_PARTS
            )));
        }
        let next = next(body, found.end.saturating_sub(2), delimiter).ok_or_else(|| {
            malformed(phrase!(
                "multipart-cut",
                "the last part has no end: the body is cut short"
            ))
        })?;
        let inside = body.get(found.end..next.start).unwrap_or_default();
        parts.push(part(inside, found.start..next.start)?);
        found = next;
    }
    Ok(parts)
}

/// A delimiter line: where it starts, where what follows it starts, and whether it closes the body.
struct Delimiter {
    start: usize,
    end: usize,
    last: bool,
}

/// The body may begin with the first delimiter, or with a preamble.
fn first(body: &[u8], delimiter: &[u8]) -> Option<Delimiter> {
    let bare = delimiter.get(2..)?;
    if body.starts_with(bare)
        && let Some(found) = delimiter_at(body, 0, bare.len())
    {
        return Some(found);
    }
    next(body, 0, delimiter)
}

fn next(body: &[u8], from: usize, delimiter: &[u8]) -> Option<Delimiter> {
    memmem::find_iter(body.get(from..)?, delimiter)
        .find_map(|at| delimiter_at(body, from + at, delimiter.len()))
}

/// A delimiter is followed by `--` or by the end of its line; else it is text that only begins like one.
fn delimiter_at(body: &[u8], start: usize, length: usize) -> Option<Delimiter> {
    let after = body.get(start + length..)?;
    if after.starts_with(b"--") {
        return Some(Delimiter {
            start,
            end: start + length + 2,
            last: true,
        });
    }
    let spaces = after
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    after
        .get(spaces..)?
        .starts_with(b"\r\n")
        .then_some(Delimiter {
            start,
            end: start + length + spaces + 2,
            last: false,
        })
}

fn part(inside: &[u8], span: Range<usize>) -> Result<Part<'_>, ParseError> {
    let end = memmem::find(inside, b"\r\n\r\n")
        .filter(|end| *end <= MAX_HEADERS)
        .ok_or_else(|| {
            malformed(phrase!(
                "multipart-headers",
                "a part has no end of its headers"
            ))
        })?;
    let (head, content) = inside.split_at(end);
    let head = String::from_utf8_lossy(head);
    let mut name = None;
    let mut filename = None;
    let mut charset = None;
    for line in head.split("\r\n") {
        let (header, value) = line.split_once(':').unwrap_or((line, ""));
        if header.trim().eq_ignore_ascii_case("content-type") {
            charset = ContentType::of(Some(value)).charset;
        } else if header.trim().eq_ignore_ascii_case("content-disposition") {
            let (_form_data, parameters) = value.split_once(';').unwrap_or_default();
            for (parameter, value) in Parameters(parameters) {
                match parameter.to_ascii_lowercase().as_str() {
                    "name" => name = Some(unescape(&value)),
                    "filename" | "filename*" => filename = Some(unescape(&value)),
                    _ => {}
                }
            }
        }
    }
    Ok(Part {
        name: name.ok_or_else(|| {
            malformed(phrase!(
                "multipart-no-name",
                "a part has no name in its Content-Disposition"
            ))
        })?,
        filename,
        charset,
        content: content.get(4..).unwrap_or_default(),
        span,
    })
}

/// Browsers write a quote and a line's end in a name as `%22`, `%0D` and `%0A` (HTML, "multipart form data").
fn unescape(name: &str) -> String {
    name.replace("%22", "\"")
        .replace("%0D", "\r")
        .replace("%0A", "\n")
}

fn malformed(sentence: impl Into<Said>) -> ParseError {
    ParseError::Malformed(sentence.into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};
    use serde_json::{Value, json};

    use super::parse;

    fn check(body: &str, expected: Result<Value, &str>) {
        match (parse(body.as_bytes(), Some("XX"), None), expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{body}"),
            (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{error}"),
            (found, expected) => panic!("{body}: {found:?} instead of {expected:?}"),
        }
    }

    fn part(head: &str, content: &str) -> String {
        format!("--XX\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n")
    }

    #[test]
    fn reads_parts() {
        let end = "--XX--\r\n";
        let name = part("name=\"name\"", "Ada\r\n--XXL is no end");
        check(
            &format!("{name}{end}"),
            Ok(json!({"name": "Ada\r\n--XXL is no end"})),
        );
        check(
            &format!("preamble\r\n{name}--XX--epilogue"),
            Ok(json!({"name": "Ada\r\n--XXL is no end"})),
        );
        let nested = part("name=\"a[b]\"", "1") + &part("NAME=a[c]", "") + end;
        check(&nested, Ok(json!({"a": {"b": "1", "c": ""}})));
        let odd = part("name=\"say %22hi%22 \\\"x\\\"\"", "1") + end;
        check(&odd, Ok(json!({"say \"hi\" \"x\"": "1"})));
        let file = part(
            "name=cv; filename=\"C:\\cv.pdf\"\r\nContent-Type: application/pdf",
            "%PDF\u{0}",
        ) + end;
        check(
            &file,
            Ok(json!({"cv": {"filename": "C:\\cv.pdf", "size": 5}})),
        );
        let unused = part("name=\"cv\"; filename=\"\"", "") + end;
        check(&unused, Ok(json!({})));
        check(end, Ok(json!({})));
    }

    #[test]
    fn files_have_a_cap() {
        let file = part("name=cv; filename=cv.pdf", "%PDF!") + "--XX--";
        let unused = part("name=cv; filename=\"\"", "") + "--XX--";
        let parse = |body: &str, cap| parse(body.as_bytes(), Some("XX"), cap);
        for (body, cap, words) in [
            (&file, None, ""),
            (&file, Some(5), ""),
            (&file, Some(4), "the field cv has more than the 4 bytes"),
            (&file, Some(0), "takes no files: the field cv"),
            (&unused, Some(0), ""),
        ] {
            let said = parse(body, cap).map_or_else(|error| error.to_string(), |_| String::new());
            assert!(
                said.contains(words) && said.is_empty() == words.is_empty(),
                "{said}"
            );
        }
    }

    #[test]
    fn refuses_what_is_broken() {
        check("", Err("does not stand in the body"));
        check("a=1", Err("does not stand in the body"));
        check(&part("name=\"a\"", "1"), Err("has no end"));
        check("--XX\r\nno headers\r\n--XX--", Err("end of its headers"));
        check(
            "--XX\r\nContent-Type: text/plain\r\n\r\nx\r\n--XX--",
            Err("has no name"),
        );
        check(
            &(part("name=a", "").repeat(2_001) + "--XX--"),
            Err("more than 2000"),
        );
        assert!(parse(b"--XX--", None, None).is_err());
        assert!(
            parse(
                b"--XX\r\nContent-Disposition: form-data; name=a\r\n\r\n\xff\r\n--XX--",
                Some("XX"),
                None
            )
            .is_err()
        );
    }

    proptest! {
        #[test]
        fn round_trip(name in "[a-z]{1,8}", content in any::<String>()) {
            let body = part(&format!("name=\"{name}\""), &content) + "--XX--";
            let expected = if content.contains("\r\n--XX") { None } else { Some(json!({name: content})) };
            if let Some(expected) = expected {
                prop_assert_eq!(parse(body.as_bytes(), Some("XX"), None).unwrap(), expected);
            }
        }

        #[test]
        fn never_panics(pieces in proptest::collection::vec("(--XX|--|\r\n|name=a|Content-Disposition: form-data; |[ -~]{0,9}){0,9}", 0..9)) {
            let _answer = parse(pieces.concat().as_bytes(), Some("XX"), None);
        }
    }
}
