//! A formula's value as the field registry wants it: blank is nothing, money stays a decimal text, ids stay exact.

use minijinja::Value;
use minijinja::value::ValueKind;
use serde_json::{Map, Value as Json};

use crate::expr::filters::{self, country, email, money, phone};
use crate::expr::scope::Scope;
use crate::expr::{is_blank, payload};
use crate::merge::identity;
use crate::model::field::{Field, FieldType};
use crate::model::problem::nearest;
use crate::model::said::{Said, Word};
use crate::{phrase, said};

/// Characters of a wrong value that are shown.
const SHOWN: usize = 40;

/// Why a value cannot stand in a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// Below the field: `[2].unit_price`; empty when the field itself is meant.
    pub path: String,
    pub sentence: Said,
}

type Coerced = Result<Option<Json>, Misfit>;

/// `value` in the shape of `of`; `None` when it says nothing. `names` has the `region` of phones.
///
/// # Errors
/// A value that no reading of the field's type fits.
pub fn coerce(of: &FieldType, value: &Value, names: &Scope) -> Coerced {
    if is_blank(value) {
        return Ok(None);
    }
    match of {
        FieldType::Text => Ok(text(value)?.map(Json::String)),
        FieldType::Email => Ok(text(&first(value))?.map(address)),
        FieldType::Phone => Ok(text(&first(value))?.map(|text| number_of(text, names))),
        FieldType::Country => Ok(text(&first(value))?.map(code)),
        FieldType::Currency => currency(value),
        FieldType::Money => amount(value),
        FieldType::Number => number(value),
        FieldType::Time => time(value),
        FieldType::Bool => truth(value),
        FieldType::OneOf(words) => one_of(words, value),
        FieldType::Texts => texts(value),
        FieldType::Object(fields) => object(fields, value, names),
        FieldType::Objects(fields) => objects(fields, value, names),
        FieldType::Free => Ok(payload::to_json(value).and_then(without_blanks)),
        FieldType::Link => Err(misfit(phrase!(
            "misfit-link",
            "is written by the gateway itself"
        ))),
    }
}

/// Trimmed text; numbers as they were written, so that an id above 2^53 keeps its digits. Several texts, such as the
/// boxes that were ticked, stand in one with commas.
fn text(value: &Value) -> Result<Option<String>, Misfit> {
    if let Some(text) = value.as_str() {
        return Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()));
    }
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => Ok(None),
        ValueKind::Number | ValueKind::Plain => Ok(Some(value.to_string())),
        ValueKind::Bool => Ok(Some(value.is_true().to_string())),
        ValueKind::Seq => {
            let mut found = Vec::new();
            for item in items(value) {
                if item.kind() == ValueKind::Seq {
                    return Err(misfit(phrase!(
                        "misfit-lists",
                        "a list of lists is not a text"
                    )));
                }
                found.extend(text(&item)?);
            }
            Ok((!found.is_empty()).then(|| found.join(", ")))
        }
        // An element of XML with attributes has a text beside them.
        ValueKind::Map => match filters::text_of(value) {
            Some(text) => Ok(Some(text.into_owned())),
            None => Err(no_text(value)),
        },
        _ => Err(no_text(value)),
    }
}

fn no_text(value: &Value) -> Misfit {
    misfit(said!(
        "misfit-text",
        "{value} is not a text",
        value = shown(value)
    ))
}

/// Of several values the first that says something.
fn first(value: &Value) -> Value {
    match value.kind() {
        ValueKind::Seq => items(value)
            .find(|item| !is_blank(item))
            .unwrap_or(Value::UNDEFINED),
        _ => value.clone(),
    }
}

/// What is no address stays as it was sent: it is nobody's key.
fn address(text: String) -> Json {
    Json::String(email::address(&text).unwrap_or_else(|| text.to_lowercase()))
}

/// E.164; what cannot be read as a number of the endpoint's region stays as it was sent.
fn number_of(text: String, names: &Scope) -> Json {
    if identity::is_e164(&text) {
        return Json::String(text);
    }
    let region = names.get("region").and_then(Value::as_str);
    Json::String(phone::e164(&text, region).unwrap_or(text))
}

/// Alpha-2; a country that is not known stays as it was sent.
fn code(text: String) -> Json {
    Json::String(country::alpha2(&text).map_or(text, str::to_owned))
}

fn currency(value: &Value) -> Coerced {
    let Some(code) = text(value)? else {
        return Ok(None);
    };
    if code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return Ok(Some(Json::String(code.to_ascii_uppercase())));
    }
    Err(misfit(said!(
        "misfit-currency",
        "{value} is not a currency code of three letters",
        value = shown(value)
    )))
}

fn amount(value: &Value) -> Coerced {
    if value.kind() == ValueKind::Number && !value.is_integer() {
        return Err(misfit(said!(
            "misfit-float",
            "{value} was computed as a binary float, which does not hold money; use `decimal`, `times` and the like",
            value = value.to_string()
        )));
    }
    let text = text(value)?.unwrap_or_default();
    match money::parse(&text) {
        Some(decimal) => Ok(Some(Json::String(decimal.into_owned()))),
        None => Err(misfit(said!(
            "misfit-amount",
            "{value} is not a decimal number",
            value = shown(value)
        ))),
    }
}

/// Whole numbers as JSON integers, others as decimal texts.
fn number(value: &Value) -> Coerced {
    let text = text(value)?.unwrap_or_default();
    let Some(decimal) = money::parse(&text) else {
        return Err(misfit(said!(
            "misfit-number",
            "{value} is not a number",
            value = shown(value)
        )));
    };
    let whole = decimal
        .split_once('.')
        .filter(|(_, fraction)| fraction.bytes().all(|digit| digit == b'0'))
        .map_or(&*decimal, |(whole, _)| whole);
    Ok(Some(match whole.parse::<i64>() {
        Ok(whole) => Json::from(whole),
        Err(_) => Json::String(decimal.into_owned()),
    }))
}

fn time(value: &Value) -> Coerced {
    match filters::to_timestamp(value) {
        Some(time) => Ok(Some(Json::String(time.to_string()))),
        None => Err(misfit(said!(
            "misfit-time",
            "{value} is not a time",
            value = shown(value)
        ))),
    }
}

/// Only what is true is said: an absent flag and a false one mean the same.
fn truth(value: &Value) -> Coerced {
    let truth = match value.kind() {
        ValueKind::Bool => Some(value.is_true()),
        _ => match text(value)?.unwrap_or_default().to_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Some(true),
            "false" | "no" | "off" | "0" => Some(false),
            _ => None,
        },
    };
    match truth {
        Some(truth) => Ok(truth.then_some(Json::Bool(true))),
        None => Err(misfit(said!(
            "misfit-truth",
            "{value} is neither true nor false",
            value = shown(value)
        ))),
    }
}

fn one_of(words: &[&str], value: &Value) -> Coerced {
    let Some(text) = text(value)? else {
        return Ok(None);
    };
    match words.iter().find(|word| word.eq_ignore_ascii_case(&text)) {
        Some(word) => Ok(Some(Json::from(*word))),
        None => {
            let hint: Said = match nearest(&text, words.iter().copied()) {
                Some(word) => said!("misfit-meant", "did you mean '{word}'?", word = word),
                None => phrase!("misfit-lookup", "translate it with `lookup`").into(),
            };
            Err(misfit(said!(
                "misfit-word",
                "{value} is none of {words}; {hint}",
                value = shown(value),
                words = words.join(", "),
                hint = hint
            )))
        }
    }
}

/// A list of texts without blanks, each once; a lone text is a list of one.
fn texts(value: &Value) -> Coerced {
    let mut found: Vec<Json> = Vec::new();
    for (index, item) in items(value).enumerate() {
        if is_blank(&item) {
            continue;
        }
        let text = text(&item).map_err(|misfit| misfit.below(&format!("[{index}]")))?;
        if let Some(text) = text.map(Json::String)
            && !found.contains(&text)
        {
            found.push(text);
        }
    }
    Ok((!found.is_empty()).then_some(Json::Array(found)))
}

fn objects(fields: &[Field], value: &Value, names: &Scope) -> Coerced {
    let mut found = Vec::new();
    for (index, item) in items(value).enumerate() {
        let entry =
            object(fields, &item, names).map_err(|misfit| misfit.below(&format!("[{index}]")))?;
        found.extend(entry);
    }
    Ok((!found.is_empty()).then_some(Json::Array(found)))
}

/// The known members of a map; what the registry does not name is left out.
fn object(fields: &[Field], value: &Value, names: &Scope) -> Coerced {
    if is_blank(value) {
        return Ok(None);
    }
    if value.kind() != ValueKind::Map {
        return Err(misfit(said!(
            "misfit-object",
            "{value} is not an object",
            value = shown(value)
        )));
    }
    let mut found = Map::new();
    let members = payload::members(value);
    for field in fields {
        let member = match &members {
            Some(members) => members.get(field.name),
            None => value.get_attr(field.name).ok(),
        };
        let Some(member) = member else { continue };
        let below = |misfit: Misfit| misfit.below(&format!(".{}", field.name));
        if let Some(json) = coerce(&field.of, &member, names).map_err(below)? {
            found.insert(field.name.to_owned(), json);
        }
    }
    Ok((!found.is_empty()).then_some(Json::Object(found)))
}

/// The items of a list, or the lone value itself.
fn items(value: &Value) -> Box<dyn Iterator<Item = Value> + '_> {
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => match value.try_iter() {
            Ok(items) => Box::new(items),
            Err(_) => Box::new(std::iter::empty()),
        },
        _ => Box::new(std::iter::once(value.clone())),
    }
}

/// Free JSON without its blank members; a list keeps its places.
fn without_blanks(json: Json) -> Option<Json> {
    match json {
        Json::Null => None,
        Json::String(text) => {
            let trimmed = text.trim();
            (!trimmed.is_empty()).then(|| Json::from(trimmed))
        }
        Json::Object(members) => {
            let members: Map<String, Json> = members
                .into_iter()
                .filter_map(|(name, member)| Some((name, without_blanks(member)?)))
                .collect();
            (!members.is_empty()).then_some(Json::Object(members))
        }
        Json::Array(items) => (!items.is_empty()).then_some(Json::Array(items)),
        Json::Bool(_) | Json::Number(_) => Some(json),
    }
}

fn misfit(sentence: impl Into<Said>) -> Misfit {
    Misfit {
        path: String::new(),
        sentence: sentence.into(),
    }
}

impl Misfit {
    /// The same, seen from one level above.
    #[must_use]
    pub fn below(mut self, step: &str) -> Self {
        self.path.insert_str(0, step);
        self
    }
}

/// The beginning of a value, in quotes where it is a text.
fn shown(value: &Value) -> Word {
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => phrase!("a-list", "a list").into(),
        ValueKind::Map => phrase!("an-object", "an object").into(),
        _ => {
            let text = value.to_string();
            let cut: String = text.chars().take(SHOWN).collect();
            let dots = if cut.len() < text.len() { "…" } else { "" };
            format!("'{cut}{dots}'").into()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use minijinja::Value;

    use super::coerce;
    use crate::expr::payload::of_json;
    use crate::expr::scope::Scope;
    use crate::model::field::{FieldType, Kind};

    fn names() -> Scope {
        Scope::new([("region", Value::from("ES"))])
    }

    /// `expected`: the JSON text of the value, `-` for nothing, or `! ` and the complaint.
    fn check(of: &FieldType, body: &str, expected: &str) {
        let value = of_json(Arc::new(serde_json::from_str(body).unwrap()));
        let found = match coerce(of, &value, &names()) {
            Ok(Some(json)) => json.to_string(),
            Ok(None) => "-".to_owned(),
            Err(misfit) => format!("! {}{}", misfit.path, misfit.sentence),
        };
        assert_eq!(found, expected, "{body} as {of:?}");
    }

    #[test]
    fn scalars() {
        use FieldType::{Bool, Country, Currency, Email, Money, Number, OneOf, Phone, Text};
        for (of, body, expected) in [
            (Text, r#""  Ana ""#, r#""Ana""#),
            (Text, r#""  ""#, "-"),
            (Text, "null", "-"),
            (Text, "820982911946154508", r#""820982911946154508""#),
            (Text, "18446744073709551616", r#""18446744073709551616""#),
            (Text, "1.50", r#""1.50""#),
            (Text, "true", r#""true""#),
            (Text, r#"["a", " ", 2]"#, r#""a, 2""#),
            (Text, "[[1]]", "! a list of lists is not a text"),
            (Text, r#"{"a": 1}"#, "! an object is not a text"),
            (Email, r#"" Ana@Example.COM ""#, r#""ana@example.com""#),
            (Email, r#""Ana <Ana@Example.com>""#, r#""ana@example.com""#),
            (
                Email,
                r#"["", "a@b.example", "c@d.example"]"#,
                r#""a@b.example""#,
            ),
            (Email, r#""Not An Address""#, r#""not an address""#),
            (Phone, r#""+34600111222""#, r#""+34600111222""#),
            (Phone, r#""600 111 222""#, r#""+34600111222""#),
            (Phone, r#""call me""#, r#""call me""#),
            (Money, r#""19.90""#, r#""19.90""#),
            (Money, "19.90", r#""19.90""#),
            (Money, "0", r#""0""#),
            (Money, "-3", r#""-3""#),
            (Money, "1.5e3", r#""1500""#),
            (Money, r#""1.234,50 €""#, r#""1234.50""#),
            (Money, r#""abc""#, "! 'abc' is not a decimal number"),
            (Money, r#""1,234""#, "! '1,234' is not a decimal number"),
            (Money, "[1]", r#""1""#),
            (Number, "3", "3"),
            (Number, r#""3""#, "3"),
            (Number, "2.0", "2"),
            (Number, "2.5", r#""2.5""#),
            (Number, r#""many""#, "! 'many' is not a number"),
            (Currency, r#""eur""#, r#""EUR""#),
            (
                Currency,
                r#""€""#,
                "! '€' is not a currency code of three letters",
            ),
            (Country, r#""es""#, r#""ES""#),
            (Country, r#""España""#, r#""ES""#),
            (Country, r#""Atlantis""#, r#""Atlantis""#),
            (Bool, "true", "true"),
            (Bool, "false", "-"),
            (Bool, r#""yes""#, "true"),
            (
                Bool,
                r#""perhaps""#,
                "! 'perhaps' is neither true nor false",
            ),
            (OneOf(&["new", "on_hold"]), r#""On_Hold""#, r#""on_hold""#),
            (
                OneOf(&["new", "on_hold"]),
                r#""lost""#,
                "! 'lost' is none of new, on_hold; translate it with `lookup`",
            ),
            (
                OneOf(&["new", "on_hold"]),
                r#""onhold""#,
                "! 'onhold' is none of new, on_hold; did you mean 'on_hold'?",
            ),
        ] {
            check(&of, body, expected);
        }
    }

    #[test]
    fn times_are_utc() {
        check(
            &FieldType::Time,
            r#""2021-12-31T19:00:00-05:00""#,
            r#""2022-01-01T00:00:00Z""#,
        );
        check(
            &FieldType::Time,
            r#""yesterday""#,
            "! 'yesterday' is not a time",
        );
    }

    #[test]
    fn lists_and_objects() {
        let of = |kind: Kind, name| &kind.field(name).unwrap().of;
        let tags = of(Kind::Contact, "tags");
        check(tags, r#"["a", " a ", "", null, 7]"#, r#"["a","7"]"#);
        check(tags, r#""vip""#, r#"["vip"]"#);
        check(tags, r#"[" "]"#, "-");
        check(tags, r#"["a", {}]"#, "! [1]an object is not a text");
        check(
            of(Kind::Order, "line_items"),
            r#"[{"sku": " x ", "quantity": "2", "other": 1}, {}, {"unit_price": 5.00}]"#,
            r#"[{"sku":"x","quantity":2},{"unit_price":"5.00"}]"#,
        );
        check(
            of(Kind::Order, "line_items"),
            r#"[{"sku": "x"}, {"unit_price": "free"}]"#,
            "! [1].unit_price'free' is not a decimal number",
        );
        check(
            of(Kind::Contact, "address"),
            r#"{"city": "Porto", "country": "pt", "street2": ""}"#,
            r#"{"city":"Porto","country":"PT"}"#,
        );
        check(of(Kind::Contact, "address"), r#"{"city": " "}"#, "-");
        check(
            of(Kind::Contact, "address"),
            r#""Rua 1""#,
            "! 'Rua 1' is not an object",
        );
        check(
            of(Kind::Contact, "custom"),
            r#"{"size": "M", "gone": "", "n": 1.10, "deep": {"x": null}}"#,
            r#"{"size":"M","n":1.10}"#,
        );
    }

    #[test]
    fn money_is_never_a_binary_float() {
        let misfit = coerce(&FieldType::Money, &Value::from(0.5), &names()).unwrap_err();
        assert!(misfit.sentence.contains("decimal"), "{}", misfit.sentence);
    }

    #[test]
    fn long_values_are_cut() {
        let long = json!("x".repeat(500));
        let misfit = coerce(&FieldType::Money, &of_json(Arc::new(long)), &names()).unwrap_err();
        assert!(misfit.sentence.chars().count() < 80, "{}", misfit.sentence);
    }
}
