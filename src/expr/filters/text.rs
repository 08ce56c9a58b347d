//! Text: case, trimming, patterns, JSON inside a field, parameters of an address.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, RwLock};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use minijinja::{Error, Value};
use regex::Regex;

use crate::expr::filters::{cannot, shown, text_of};
use crate::expr::payload;
use crate::said;

/// Patterns come from declarations, so they are few; the bound is for templates that build them.
const MAX_PATTERNS: usize = 1_000;

static PATTERNS: LazyLock<RwLock<HashMap<String, Arc<Regex>>>> = LazyLock::new(RwLock::default);

/// `lower`: in lower case, without spaces at the ends.
pub fn lower(value: &Value) -> Value {
    text_of(value).map_or(Value::UNDEFINED, |text| {
        if text.chars().any(char::is_uppercase) {
            Value::from(text.to_lowercase())
        } else {
            Value::from(&*text)
        }
    })
}

/// `upper`: in upper case, without spaces at the ends.
pub fn upper(value: &Value) -> Value {
    text_of(value).map_or(Value::UNDEFINED, |text| Value::from(text.to_uppercase()))
}

/// `trim`: without spaces at the ends.
pub fn trim(value: &Value) -> Value {
    text_of(value).map_or(Value::UNDEFINED, |text| Value::from(&*text))
}

/// `string`: a number or truth as text; a text as it is, spaces and all.
pub fn string(value: &Value) -> Value {
    if value.as_str().is_some() {
        return value.clone();
    }
    trim(value)
}

/// `json`: what the JSON text in a field says; nothing when the field is blank.
pub fn json(value: &Value) -> Result<Value, Error> {
    let Some(text) = text_of(value) else {
        return Ok(Value::UNDEFINED);
    };
    match serde_json::from_str(&text) {
        Ok(document) => Ok(payload::of_json(Arc::new(document))),
        Err(error) => Err(cannot(said!(
            "filter-no-json",
            "json: the field is not valid JSON: {error}",
            line = error.line(),
            column = error.column(),
            error = error.to_string()
        ))),
    }
}

/// `base64_decode`: the text that base64 (plain or for URLs, padded or not) holds; nothing when the field is blank.
pub fn base64_decode(value: &Value) -> Result<Value, Error> {
    let Some(text) = text_of(value) else {
        return Ok(Value::UNDEFINED);
    };
    let plain: String = text
        .chars()
        .filter(|letter| !letter.is_whitespace() && *letter != '=')
        .map(|letter| match letter {
            '-' => '+',
            '_' => '/',
            letter => letter,
        })
        .collect();
    let bytes = STANDARD_NO_PAD.decode(plain).map_err(|_| {
        cannot(said!(
            "filter-no-base64",
            "base64_decode: the field is not base64"
        ))
    })?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Value::from(text)),
        Err(_) => Err(cannot(said!(
            "filter-no-text",
            "base64_decode: the field holds no text but other bytes"
        ))),
    }
}

/// `tojson`: the value as JSON text, numbers exact; for texts that are bodies of requests.
pub fn tojson(value: &Value) -> Result<String, Error> {
    if value.is_undefined() {
        return Ok("null".to_owned());
    }
    payload::to_json(value)
        .map(|json| json.to_string())
        .ok_or_else(|| {
            cannot(said!(
                "filter-no-form",
                "tojson: a {kind} has no JSON form",
                kind = value.kind().to_string()
            ))
        })
}

/// `query_param('utm_source')`: a parameter of an address, or of a bare query string.
pub fn query_param(value: &Value, name: &str) -> Value {
    let Some(text) = text_of(value) else {
        return Value::UNDEFINED;
    };
    let query = match text.split_once('?') {
        Some((_, query)) => query,
        None if text.contains("://") || text.starts_with('/') => return Value::UNDEFINED,
        None => &text,
    };
    let query = query.split('#').next().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes())
        .find(|(key, found)| key == name && !found.trim().is_empty())
        .map_or(Value::UNDEFINED, |(_, found)| Value::from(found.trim()))
}

/// `is matching('^a')`: whether the pattern is found anywhere in the text.
pub fn is_matching(value: &Value, pattern: &str) -> Result<bool, Error> {
    match text_of(value) {
        Some(text) => Ok(compiled(pattern)?.is_match(&text)),
        None => Ok(false),
    }
}

/// `extract('#(\d+)')`: what the first group of the pattern matches, or the whole match; nothing without a match.
pub fn extract(value: &Value, pattern: &str) -> Result<Value, Error> {
    let Some(text) = text_of(value) else {
        return Ok(Value::UNDEFINED);
    };
    let pattern = compiled(pattern)?;
    let found = pattern
        .captures(&text)
        .and_then(|groups| groups.get(1).or_else(|| groups.get(0)))
        .map(|found| found.as_str().trim());
    Ok(found.map_or(Value::UNDEFINED, Value::from))
}

/// `regex_replace('\s+', ' ')`: every match replaced; `$1` in the replacement is the first group.
pub fn regex_replace(value: &Value, pattern: &str, replacement: &str) -> Result<Value, Error> {
    match text_of(value) {
        Some(text) => Ok(Value::from(
            &*compiled(pattern)?.replace_all(&text, replacement),
        )),
        None => Ok(Value::UNDEFINED),
    }
}

/// A pattern, compiled once.
///
/// # Errors
/// What is wrong with the pattern.
pub fn compiled(pattern: &str) -> Result<Arc<Regex>, Error> {
    if let Ok(patterns) = PATTERNS.read()
        && let Some(found) = patterns.get(pattern)
    {
        return Ok(Arc::clone(found));
    }
    let regex = Regex::new(pattern).map_err(|error| {
        cannot(said!(
            "filter-no-pattern",
            "the pattern {pattern} is wrong: {error}",
            pattern = shown(pattern),
            error = error.to_string()
        ))
    })?;
    let regex = Arc::new(regex);
    if let Ok(mut patterns) = PATTERNS.write() {
        if patterns.len() >= MAX_PATTERNS {
            patterns.clear();
        }
        patterns.insert(pattern.to_owned(), Arc::clone(&regex));
    }
    Ok(regex)
}
