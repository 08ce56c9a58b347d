//! Secrets that senders put into bodies, removed before anything is stored.

use serde_json::Value;

use crate::payload::content_type::{ContentType, pick};
use crate::payload::tree::path;
use crate::payload::{Format, Formats, form, multipart, xml};

/// Removes the fields (dotted paths) from `document` and from the body it was parsed from. A body without them is
/// handed back byte for byte; a JSON body with them is written anew.
pub fn redact(
    formats: &Formats,
    content_type: Option<&str>,
    body: Vec<u8>,
    document: &mut Value,
    fields: &[String],
) -> Vec<u8> {
    let mut found = false;
    for field in fields {
        found |= take(document, field).is_some();
    }
    if !found {
        return body;
    }
    let declared = ContentType::of(content_type);
    match pick(&formats.accepts, &declared, &body) {
        Ok(Format::Form) => without_pairs(&body, fields),
        Ok(Format::Xml) => xml::without(&body, fields),
        Ok(Format::Multipart) => without_parts(&body, declared.boundary.as_deref(), fields),
        Ok(Format::Json) | Err(_) => document.to_string().into_bytes(),
    }
}

/// The field at a dotted path, found as `redact` would find it.
pub fn lookup<'a>(document: &'a Value, field: &str) -> Option<&'a Value> {
    document.get(field).or_else(|| {
        let (head, rest) = field.split_once('.')?;
        lookup(document.get(head)?, rest)
    })
}

/// Takes the field at a dotted path out of the document; `None` when it is not there.
pub fn take(document: &mut Value, field: &str) -> Option<Value> {
    let object = document.as_object_mut()?;
    if let Some(value) = object.shift_remove(field) {
        return Some(value);
    }
    let (head, rest) = field.split_once('.')?;
    take(object.get_mut(head)?, rest)
}

fn without_pairs(body: &[u8], fields: &[String]) -> Vec<u8> {
    let kept: Vec<_> = form::pairs(body)
        .filter(|pair| {
            let name = form::decode(form::split(pair).0);
            !is_one_of(&String::from_utf8_lossy(&name), fields)
        })
        .collect();
    kept.join(&b'&')
}

fn without_parts(body: &[u8], boundary: Option<&str>, fields: &[String]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(body.len());
    let mut from = 0;
    for part in multipart::parts(body, boundary).unwrap_or_default() {
        if is_one_of(&part.name, fields) {
            kept.extend_from_slice(body.get(from..part.span.start).unwrap_or_default());
            from = part.span.end;
        }
    }
    kept.extend_from_slice(body.get(from..).unwrap_or_default());
    kept
}

/// Whether a form's name is one of the fields, or lies inside one.
fn is_one_of(name: &str, fields: &[String]) -> bool {
    let (base, inner) = path(name);
    let dotted = inner
        .iter()
        .fold(base.to_owned(), |dotted, part| dotted + "." + part);
    fields.iter().any(|field| {
        dotted
            .strip_prefix(field.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::redact;
    use crate::payload::Format::{Form, Json, Multipart, Xml};
    use crate::payload::{Formats, parse};

    fn check(content_type: &str, body: &str, fields: &[&str], expected: &str) {
        let formats = &Formats {
            accepts: vec![Json, Form, Multipart, Xml],
            json_in: Vec::new(),
            max_file: None,
        };
        let fields: Vec<_> = fields.iter().map(|field| (*field).to_owned()).collect();
        let mut document = parse(formats, Some(content_type), body.as_bytes()).unwrap();
        let kept = redact(
            formats,
            Some(content_type),
            body.into(),
            &mut document,
            &fields,
        );
        assert_eq!(String::from_utf8_lossy(&kept), expected);
        assert_eq!(parse(formats, Some(content_type), &kept).unwrap(), document);
    }

    #[test]
    fn removes_fields() {
        let json = "application/json";
        check(
            json,
            r#"{"key": "s", "n": 1.50}"#,
            &["key"],
            r#"{"n":1.50}"#,
        );
        check(json, r#"{ "n": 1.50 }"#, &["key"], r#"{ "n": 1.50 }"#);
        check(
            json,
            r#"{"a":{"key":"s","b":2},"key":1}"#,
            &["a.key"],
            r#"{"a":{"b":2},"key":1}"#,
        );
        check(json, r#"{"a.key":"s","a":1}"#, &["a.key"], r#"{"a":1}"#);
        check(json, r#"[1]"#, &["key"], "[1]");
        let form = "application/x-www-form-urlencoded";
        check(form, "a=1&k%65y=s&b=%7e", &["key"], "a=1&b=%7e");
        check(form, "a[key]=s&a[b]=1", &["a.key"], "a[b]=1");
        check(
            form,
            "key=s&\r\na[key]=s&a[b]=1",
            &["key", "a.key"],
            "a[b]=1",
        );
        let xml = "text/xml";
        let kept = "<?xml version='1.0'?><a x=\"1\"><b>1</b></a>";
        let body = "<?xml version='1.0'?><a x=\"1\"><n:key>s<i/></n:key><b>1</b></a>";
        check(xml, body, &["a.key"], kept);
        check(
            xml,
            "<a><key/><key>s</key><b/></a>",
            &["a.key"],
            "<a><b/></a>",
        );
        let multipart = "multipart/form-data; boundary=X";
        let part =
            |name: &str| format!("--X\r\nContent-Disposition: form-data; name={name}\r\n\r\nv\r\n");
        let (key, other) = (part("key"), part("other"));
        check(
            multipart,
            &format!("{other}{key}--X--"),
            &["key"],
            &format!("{other}--X--"),
        );
    }
}
