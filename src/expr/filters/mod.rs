//! The house's filters, tests and functions, the same in every formula; `docs/declarations.md` explains each.
//!
//! What is blank comes out as nothing. A text filter takes a number as its text, and a list as its first entry that
//! is not blank. What cannot be read is an error where a wrong value would do harm (numbers, times), and nothing where
//! it would only be noise (e-mail addresses, countries, currencies); phones keep what was sent.

pub mod amount;
pub mod country;
pub mod digest;
pub mod email;
pub mod html;
pub mod list;
pub mod money;
pub mod named;
pub mod number;
pub mod person;
pub mod phone;
pub mod sample;
pub mod text;
pub mod time;

use std::borrow::Cow;

use minijinja::value::ValueKind;
use minijinja::{Environment, Error, ErrorKind, Value};

use crate::expr::is_blank;
use crate::expr::payload::Exact;
use crate::model::said::Said;

pub use time::to_timestamp;

/// Every filter of the language: MiniJinja's own that fit, and the house's.
pub const FILTERS: &[&str] = &[
    "abs",
    "amount",
    "base64_decode",
    "bool",
    "capitalize",
    "chain",
    "country",
    "currency",
    "date",
    "decimal",
    "default",
    "digits",
    "email",
    "extract",
    "first",
    "float",
    "gather",
    "get",
    "hmac_sha256",
    "html",
    "int",
    "items",
    "join",
    "json",
    "last",
    "length",
    "list",
    "lookup",
    "lower",
    "map",
    "max",
    "min",
    "minor_units",
    "minus",
    "named",
    "phone",
    "pick",
    "plus",
    "query_param",
    "regex_replace",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "select",
    "selectattr",
    "sort",
    "split",
    "split_name",
    "string",
    "sum_of",
    "time",
    "times",
    "title",
    "tojson",
    "trim",
    "unique",
    "upper",
    "zip",
];

/// Every test: what may follow `is`, or stand in `selectattr`.
pub const TESTS: &[&str] = &[
    "blank",
    "decimal",
    "defined",
    "divisibleby",
    "endingwith",
    "eq",
    "even",
    "false",
    "ge",
    "gt",
    "in",
    "iterable",
    "le",
    "lt",
    "mapping",
    "matching",
    "ne",
    "none",
    "number",
    "odd",
    "sequence",
    "startingwith",
    "string",
    "true",
    "undefined",
];

/// Every function.
pub const FUNCTIONS: &[&str] = &["dict", "pick", "range"];

/// Adds the house's words to an environment that has MiniJinja's.
pub fn register(environment: &mut Environment<'static>) {
    environment.add_filter("amount", amount::amount);
    environment.add_filter("base64_decode", text::base64_decode);
    environment.add_filter("country", country::country);
    environment.add_filter("currency", money::currency);
    environment.add_filter("date", time::time);
    environment.add_filter("decimal", money::decimal);
    environment.add_filter("digits", sample::digits);
    environment.add_filter("email", email::email);
    environment.add_filter("extract", text::extract);
    environment.add_filter("float", number::float);
    environment.add_filter("gather", list::gather);
    environment.add_filter("get", list::get);
    environment.add_filter("hmac_sha256", digest::hmac_sha256);
    environment.add_filter("html", html::html);
    environment.add_filter("int", number::int);
    environment.add_filter("json", text::json);
    environment.add_filter("lookup", named::lookup);
    environment.add_filter("lower", text::lower);
    environment.add_filter("minor_units", money::minor_units);
    environment.add_filter("minus", money::minus);
    environment.add_filter("named", named::named);
    environment.add_filter("phone", phone::phone);
    environment.add_filter("pick", list::pick);
    environment.add_filter("plus", money::plus);
    environment.add_filter("query_param", text::query_param);
    environment.add_filter("regex_replace", text::regex_replace);
    environment.add_filter("split", list::split);
    environment.add_filter("split_name", person::split_name);
    environment.add_filter("string", text::string);
    environment.add_filter("sum_of", money::sum_of);
    environment.add_filter("time", time::time);
    environment.add_filter("times", money::times);
    environment.add_filter("tojson", text::tojson);
    environment.add_filter("trim", text::trim);
    environment.add_filter("upper", text::upper);
    environment.add_test("blank", is_blank);
    environment.add_test("decimal", money::is_decimal);
    environment.add_test("matching", text::is_matching);
    environment.add_test("number", number::is_number);
    environment.add_function("pick", sample::pick);
}

/// The text of a value, without spaces at its ends; `None` when it is blank or has no text (an object). An element of
/// XML that has attributes is an object with a `#text`.
pub fn text_of(value: &Value) -> Option<Cow<'_, str>> {
    if let Some(text) = value.as_str() {
        let text = text.trim();
        return (!text.is_empty()).then_some(Cow::Borrowed(text));
    }
    if value.is_undefined() || value.is_none() {
        return None;
    }
    if let Some(exact) = value.downcast_object_ref::<Exact>() {
        return Some(Cow::Owned(exact.0.clone()));
    }
    match value.kind() {
        ValueKind::Bool => Some(Cow::Borrowed(if value.is_true() {
            "true"
        } else {
            "false"
        })),
        ValueKind::Number => Some(Cow::Owned(value.to_string())),
        ValueKind::Seq => value
            .try_iter()
            .ok()?
            .find_map(|item| text_of(&item).map(|text| Cow::Owned(text.into_owned()))),
        ValueKind::Map => {
            let text = value.get_attr("#text").ok()?;
            text_of(&text).map(|text| Cow::Owned(text.into_owned()))
        }
        _ => None,
    }
}

/// An error of a filter, in the words of the person who wrote the formula.
pub(super) fn cannot(sentence: Said) -> Error {
    Error::new(ErrorKind::InvalidOperation, sentence.to_string()).with_source(sentence)
}

/// A text for an error message, cut short: payloads may be long, and personal.
fn shown(text: &str) -> String {
    let mut start: String = text.chars().take(20).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    format!("{start:?}")
}

#[cfg(test)]
mod tests;
