//! `[verify.hmac]`, `[verify.digest]`, `[verify.ed25519]`, `[verify.rsa]`: what is signed, with what, and where it stands.

use std::time::Duration;

use crate::config::document::{Table, Text};
use crate::config::value;
use crate::source::declaration::{
    Encoding, KeyForm, Signature, SignatureKind, SignatureList, SignedPart, TimeUnit, TimestampSpec,
};
use crate::{phrase, said};

/// Bytes that an encoded key has at least, unless its scheme asks for more.
const KEY_LEAST: usize = 8;

/// The parts that `signed` knows.
const PARTS: &str = "{body}, {body:base64}, {secret}, {field:NAME}, {form:sorted}, {id}, {timestamp}, {method}, {url}, {url:decoded} and {header:NAME}";

pub fn read(table: &Table<'_>, kind: SignatureKind) -> Signature {
    let encoding = word(
        table,
        "encoding",
        &[("hex", Encoding::Hex), ("base64", Encoding::Base64)],
    );
    let headers = self::headers(table, "header");
    if headers.is_empty() {
        table.problem(
            table.line,
            said!(
                "load-no-header",
                "`{key}` is missing: where the signature comes",
                key = table.path("header")
            ),
        );
    }
    let signed = table.required_text("signed");
    let signature = Signature {
        kind,
        encoding: encoding.unwrap_or(Encoding::Hex),
        headers,
        prefix: text(table, "prefix"),
        signed: signed
            .map(|text| template(table, &text))
            .unwrap_or_default(),
        key: key_form(table, kind),
        key_prefixes: texts(table, "key_prefix"),
        key_least: key_least(table, kind),
        list: list(table),
        id_headers: self::headers(table, "id"),
        timestamp: timestamp(table),
        given: given(table),
    };
    check_parts(table, &signature);
    table.finish();
    signature
}

/// A public key has one form; only a shared secret may come in several.
fn key_form(table: &Table<'_>, kind: SignatureKind) -> KeyForm {
    let words: &[(&str, KeyForm)] = match kind {
        SignatureKind::Rsa => return KeyForm::Text,
        SignatureKind::Ed25519 => return KeyForm::Base64,
        SignatureKind::Hmac(_) | SignatureKind::Digest(_) => &[
            ("text", KeyForm::Text),
            ("base64", KeyForm::Base64),
            ("hex", KeyForm::Hex),
            ("html", KeyForm::Html),
        ],
    };
    table
        .text("key")
        .and_then(|text| one_of(table, &text, "key", words))
        .unwrap_or(KeyForm::Text)
}

/// Only a shared secret can be made as short as somebody likes.
fn key_least(table: &Table<'_>, kind: SignatureKind) -> usize {
    if !matches!(kind, SignatureKind::Hmac(_) | SignatureKind::Digest(_)) {
        return 0;
    }
    let bytes = table.number("key_least");
    let bytes = bytes.and_then(|bytes| usize::try_from(bytes).ok());
    bytes.unwrap_or(KEY_LEAST)
}

/// Parts of the signed text must come from somewhere.
fn check_parts(table: &Table<'_>, signature: &Signature) {
    let listed = signature
        .list
        .as_ref()
        .is_some_and(|list| list.timestamp.is_some());
    let line = table.line_of("signed");
    for part in &signature.signed {
        match part {
            SignedPart::Id if signature.id_headers.is_empty() => {
                table.problem(
                    line,
                    phrase!(
                        "load-signed-id",
                        "`signed` uses {id}, but `id` names no header for it"
                    ),
                );
            }
            SignedPart::Timestamp
                if !listed
                    && signature
                        .timestamp
                        .as_ref()
                        .is_none_or(|time| time.headers.is_empty()) =>
            {
                table.problem(
                    line,
                    phrase!("load-signed-time", "`signed` uses {timestamp}, but neither the timestamp's table nor the list says where it stands"),
                );
            }
            _ => {}
        }
    }
    let keyed = signature.signed.contains(&SignedPart::Secret);
    match signature.kind {
        SignatureKind::Digest(_) if !keyed => table.problem(
            line,
            phrase!(
                "load-signed-secret",
                "`signed` lacks {secret}: a plain hash without it could be made by anybody"
            ),
        ),
        SignatureKind::Digest(_) => {}
        _ if keyed => table.problem(
            line,
            phrase!(
                "load-signed-digest",
                "`signed` uses {secret}, which is for [verify.digest] alone"
            ),
        ),
        _ => {}
    }
    let covers = |part: &SignedPart| {
        matches!(
            part,
            SignedPart::Body | SignedPart::BodyBase64 | SignedPart::SortedForm
        )
    };
    let uncovered = table.bool("unsigned_body").unwrap_or(false);
    if !signature.signed.is_empty() && !uncovered && !signature.signed.iter().any(covers) {
        table.problem(
            line,
            phrase!("load-signed-body", "`signed` lacks {body}, so anybody could change what is signed; where the sender does so, say `unsigned_body = true`"),
        );
    }
}

fn list(table: &Table<'_>) -> Option<SignatureList> {
    let inner = table.table("list")?;
    let list = SignatureList {
        separator: inner.required_text("separator")?.value,
        assign: inner.required_text("assign")?.value,
        signature: inner.required_text("signature")?.value,
        timestamp: inner.text("timestamp").map(|text| text.value),
    };
    inner.finish();
    Some(list)
}

fn timestamp(table: &Table<'_>) -> Option<TimestampSpec> {
    let inner = table.table("timestamp")?;
    let unit = word(
        &inner,
        "unit",
        &[
            ("seconds", TimeUnit::Seconds),
            ("milliseconds", TimeUnit::Milliseconds),
            ("rfc3339", TimeUnit::Rfc3339),
            ("http_date", TimeUnit::HttpDate),
        ],
    );
    let tolerance = match inner.text("tolerance") {
        None => Duration::from_secs(300),
        Some(text) => match value::duration(&text.value) {
            Ok(tolerance) => tolerance,
            Err(error) => {
                inner.problem(text.line, error);
                Duration::from_secs(300)
            }
        },
    };
    let headers = headers(&inner, "header");
    inner.finish();
    Some(TimestampSpec {
        headers,
        unit: unit?,
        tolerance,
    })
}

/// `[verify.digest.given]`: header = value.
fn given(table: &Table<'_>) -> Vec<(String, String)> {
    let Some(inner) = table.table("given") else {
        return Vec::new();
    };
    inner
        .keys()
        .into_iter()
        .filter_map(|(name, _)| Some((name.to_lowercase(), inner.text(&name)?.value)))
        .collect()
}

/// `{id}.{timestamp}.{body}`
fn template(table: &Table<'_>, text: &Text) -> Vec<SignedPart> {
    let mut parts = Vec::new();
    let mut rest = text.value.as_str();
    while let Some((before, after)) = rest.split_once('{') {
        if !before.is_empty() {
            parts.push(SignedPart::Literal(before.to_owned()));
        }
        let Some((name, tail)) = after.split_once('}') else {
            table.problem(
                text.line,
                phrase!("load-signed-brace", "`signed` has a { without a }"),
            );
            return parts;
        };
        match part(name) {
            Some(part) => parts.push(part),
            None => table.problem(
                text.line,
                said!(
                    "load-signed-part",
                    "`signed` knows {parts}, not {part}",
                    parts = PARTS,
                    part = format!("{{{name}}}")
                ),
            ),
        }
        rest = tail;
    }
    if !rest.is_empty() {
        parts.push(SignedPart::Literal(rest.to_owned()));
    }
    parts
}

fn part(name: &str) -> Option<SignedPart> {
    Some(match name {
        "body" => SignedPart::Body,
        "body:base64" => SignedPart::BodyBase64,
        "secret" => SignedPart::Secret,
        "form:sorted" => SignedPart::SortedForm,
        "id" => SignedPart::Id,
        "timestamp" => SignedPart::Timestamp,
        "method" => SignedPart::Method,
        "url" => SignedPart::Url,
        "url:decoded" => SignedPart::UrlDecoded,
        other => match other.split_once(':')? {
            ("header", header) => SignedPart::Header(header.to_lowercase()),
            ("field", path) => SignedPart::Field(path.to_owned()),
            _ => return None,
        },
    })
}

/// Names of headers, in lower case.
pub fn headers(table: &Table<'_>, key: &str) -> Vec<String> {
    texts(table, key)
        .into_iter()
        .map(|text| text.to_lowercase())
        .collect()
}

fn texts(table: &Table<'_>, key: &str) -> Vec<String> {
    let texts = table.texts(key).unwrap_or_default();
    texts.into_iter().map(|text| text.value).collect()
}

fn text(table: &Table<'_>, key: &str) -> String {
    table.text(key).map(|text| text.value).unwrap_or_default()
}

/// A word that must be there and be one of these.
pub fn word<T: Copy>(table: &Table<'_>, key: &str, words: &[(&str, T)]) -> Option<T> {
    let text = table.required_text(key)?;
    one_of(table, &text, key, words)
}

fn one_of<T: Copy>(table: &Table<'_>, text: &Text, key: &str, words: &[(&str, T)]) -> Option<T> {
    let found = words.iter().find(|(word, _)| *word == text.value);
    if found.is_none() {
        let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        table.problem(
            text.line,
            said!(
                "load-one-of",
                "`{key}` is one of {names}, not \"{value}\"",
                key = table.path(key),
                names = names.join(", "),
                value = &text.value
            ),
        );
    }
    found.map(|(_, value)| *value)
}
