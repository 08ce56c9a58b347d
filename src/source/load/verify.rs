//! `[verify.hmac]`, `[verify.key]`, `[verify.basic]`, `[verify.bearer]`.

use std::time::Duration;

use crate::config::document::{Table, Text};
use crate::config::value;
use crate::source::declaration::{
    Algorithm, Encoding, Hmac, KeyForm, KeyPlace, SignatureList, SignedPart, TimeUnit,
    TimestampSpec, Verify,
};

pub fn read(root: &Table<'_>) -> Vec<Verify> {
    let Some(section) = root.table("verify") else {
        return Vec::new();
    };
    let mut schemes = Vec::new();
    if section.keys().is_empty() {
        section.problem(
            section.line,
            "`[verify]` names no scheme; leave it out, or add [verify.hmac]",
        );
    }
    for table in section.tables("hmac") {
        schemes.push(Verify::Hmac(Box::new(hmac(&table))));
    }
    for table in section.tables("key") {
        schemes.extend(key(&table).map(Verify::Key));
    }
    for (kind, scheme) in [("basic", Verify::Basic), ("bearer", Verify::Bearer)] {
        if let Some(table) = section.table(kind) {
            table.finish();
            schemes.push(scheme);
        }
    }
    section.finish();
    schemes
}

fn hmac(table: &Table<'_>) -> Hmac {
    let algorithm = word(
        table,
        "algorithm",
        &[
            ("sha256", Algorithm::Sha256),
            ("sha1", Algorithm::Sha1),
            ("sha512", Algorithm::Sha512),
        ],
    );
    let encoding = word(
        table,
        "encoding",
        &[("hex", Encoding::Hex), ("base64", Encoding::Base64)],
    );
    let headers = headers(table, "header");
    if headers.is_empty() {
        table.problem(
            table.line,
            "`verify.hmac.header` is missing: where the signature comes",
        );
    }
    let key = match table.text("key") {
        None => KeyForm::Text,
        Some(text) => one_of(
            table,
            &text,
            "key",
            &[
                ("text", KeyForm::Text),
                ("base64", KeyForm::Base64),
                ("hex", KeyForm::Hex),
            ],
        )
        .unwrap_or(KeyForm::Text),
    };
    let signed = table.required_text("signed");
    let hmac = Hmac {
        algorithm: algorithm.unwrap_or(Algorithm::Sha256),
        encoding: encoding.unwrap_or(Encoding::Hex),
        headers,
        prefix: text(table, "prefix"),
        signed: signed
            .map(|text| template(table, &text))
            .unwrap_or_default(),
        key,
        key_prefix: text(table, "key_prefix"),
        list: list(table),
        id_headers: self::headers(table, "id"),
        timestamp: timestamp(table),
    };
    check_parts(table, &hmac);
    table.finish();
    hmac
}

/// Parts of the signed text must come from somewhere.
fn check_parts(table: &Table<'_>, hmac: &Hmac) {
    let listed = hmac
        .list
        .as_ref()
        .is_some_and(|list| list.timestamp.is_some());
    for part in &hmac.signed {
        match part {
            SignedPart::Id if hmac.id_headers.is_empty() => {
                table.problem(
                    table.line,
                    "`signed` uses {id}, but `id` names no header for it",
                );
            }
            SignedPart::Timestamp
                if !listed
                    && hmac
                        .timestamp
                        .as_ref()
                        .is_none_or(|time| time.headers.is_empty()) =>
            {
                table.problem(
                    table.line,
                    "`signed` uses {timestamp}, but neither [verify.hmac.timestamp] nor the list says where it stands",
                );
            }
            _ => {}
        }
    }
    if !hmac.signed.is_empty() && !hmac.signed.contains(&SignedPart::Body) {
        table.problem(
            table.line_of("signed"),
            "`signed` lacks {body}, so anybody could change what is signed",
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

fn key(table: &Table<'_>) -> Option<KeyPlace> {
    let header = table
        .text("header")
        .map(|text| KeyPlace::Header(text.value.to_lowercase()));
    let query = table.text("query").map(|text| KeyPlace::Query(text.value));
    let field = table.text("field").map(|text| KeyPlace::Field(text.value));
    table.finish();
    let places: Vec<KeyPlace> = [header, query, field].into_iter().flatten().collect();
    if let [place] = places.as_slice() {
        return Some(place.clone());
    }
    table.problem(
        table.line,
        "`[verify.key]` needs one of header, query and field",
    );
    None
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
            table.problem(text.line, "`signed` has a { without a }");
            return parts;
        };
        match name {
            "body" => parts.push(SignedPart::Body),
            "id" => parts.push(SignedPart::Id),
            "timestamp" => parts.push(SignedPart::Timestamp),
            "method" => parts.push(SignedPart::Method),
            "url" => parts.push(SignedPart::Url),
            other => match other.strip_prefix("header:") {
                Some(header) => parts.push(SignedPart::Header(header.to_lowercase())),
                None => table.problem(
                    text.line,
                    format!(
                        "`signed` knows {{body}}, {{id}}, {{timestamp}}, {{method}}, {{url}} and {{header:NAME}}, not {{{other}}}"
                    ),
                ),
            },
        }
        rest = tail;
    }
    if !rest.is_empty() {
        parts.push(SignedPart::Literal(rest.to_owned()));
    }
    parts
}

fn headers(table: &Table<'_>, key: &str) -> Vec<String> {
    table
        .texts(key)
        .unwrap_or_default()
        .into_iter()
        .map(|text| text.value.to_lowercase())
        .collect()
}

fn text(table: &Table<'_>, key: &str) -> String {
    table.text(key).map(|text| text.value).unwrap_or_default()
}

/// A word that must be there and be one of these.
fn word<T: Copy>(table: &Table<'_>, key: &str, words: &[(&str, T)]) -> Option<T> {
    let text = table.required_text(key)?;
    one_of(table, &text, key, words)
}

fn one_of<T: Copy>(table: &Table<'_>, text: &Text, key: &str, words: &[(&str, T)]) -> Option<T> {
    let found = words.iter().find(|(word, _)| *word == text.value);
    if found.is_none() {
        let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        table.problem(
            text.line,
            format!(
                "`{}` is one of {}, not \"{}\"",
                table.path(key),
                names.join(", "),
                text.value
            ),
        );
    }
    found.map(|(_, value)| *value)
}
