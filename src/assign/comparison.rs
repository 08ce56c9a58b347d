//! One comparison: a field, an operator, a value.
//!
//! Texts are compared without regard to case (`matches` as its pattern says). Where both sides look like numbers they
//! are compared as decimals, so `"10.50"` equals `10.5`; a text that begins with a zero, such as a postal code, does
//! not look like a number. `gt`, `gte`, `lt`, `lte` compare numbers with numbers and times with times, and are false
//! for anything else. Of a list, some entry must fit. What is absent fits only `not_exists`, `ne` and `not_in`.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::str::FromStr;

use jiff::Timestamp;
use regex::Regex;
use rust_decimal::Decimal;
use serde_json::Value;

use crate::assign::Subject;
use crate::assign::field_path::{FieldPath, Seen};
use crate::assign::trace::ConditionTrace;
use crate::model::rules::{Comparison, Operator};

/// A comparison ready to be asked.
#[derive(Debug)]
pub struct Compare {
    path: FieldPath,
    test: Test,
    /// `ne`, `not_in`, `not_exists`: the opposite of the test.
    negated: bool,
    /// As it was written, for the trace.
    written: Comparison,
}

#[derive(Debug)]
enum Test {
    Exists,
    Equals(Operand),
    OneOf(Vec<Operand>),
    Contains(Operand),
    StartsWith(String),
    Matches(Regex),
    Ordered(Limit, fn(Ordering) -> bool),
}

/// A value to compare with: its text in lower case, and its number when it looks like one.
#[derive(Debug)]
struct Operand {
    text: String,
    number: Option<Decimal>,
}

#[derive(Debug)]
enum Limit {
    Number(Decimal),
    Time(Timestamp),
}

impl Compare {
    /// Compiles a comparison.
    ///
    /// # Errors
    /// A sentence: unknown field, or a value that the operator cannot use.
    pub fn compile(written: &Comparison) -> Result<Self, String> {
        let path = FieldPath::parse(&written.field)?;
        let (test, negated) = test(written.op, &written.value)
            .map_err(|why| format!("{} {}: {why}", written.field, word(written.op)))?;
        Ok(Compare {
            path,
            test,
            negated,
            written: written.clone(),
        })
    }

    /// The result and its line of the trace.
    pub fn ask<'t>(&'t self, subject: &Subject<'t>) -> (bool, ConditionTrace<'t>) {
        let seen = self.path.look(subject);
        let result = self.test.fits(&seen) != self.negated;
        let trace = ConditionTrace::Compare {
            field: &self.written.field,
            op: word(self.written.op),
            value: &self.written.value,
            seen,
            result,
        };
        (result, trace)
    }
}

fn test(op: Operator, value: &Value) -> Result<(Test, bool), String> {
    let test = match op {
        Operator::Exists | Operator::NotExists => {
            if !value.is_null() && *value != Value::Bool(true) {
                return Err("takes no value; leave it out".to_owned());
            }
            Test::Exists
        }
        Operator::Eq | Operator::Ne => Test::Equals(operand(value)?),
        Operator::In | Operator::NotIn => Test::OneOf(operands(value)?),
        Operator::Contains => Test::Contains(operand(value)?),
        Operator::StartsWith => Test::StartsWith(operand(value)?.text),
        Operator::Matches => {
            let pattern = value
                .as_str()
                .ok_or("the value must be a pattern in quotes")?;
            Test::Matches(Regex::new(pattern).map_err(|error| {
                let error = error.to_string();
                let cause = error.lines().last().unwrap_or_default();
                format!("the pattern is not valid: {cause}")
            })?)
        }
        Operator::Gt => Test::Ordered(limit(value)?, Ordering::is_gt),
        Operator::Gte => Test::Ordered(limit(value)?, Ordering::is_ge),
        Operator::Lt => Test::Ordered(limit(value)?, Ordering::is_lt),
        Operator::Lte => Test::Ordered(limit(value)?, Ordering::is_le),
    };
    let negated = matches!(op, Operator::Ne | Operator::NotIn | Operator::NotExists);
    Ok((test, negated))
}

fn operand(value: &Value) -> Result<Operand, String> {
    let text = text_of(value).filter(|text| !text.trim().is_empty());
    let text = text.ok_or("the value must be a text, a number, true or false")?;
    Ok(Operand {
        number: number_of(value),
        text: text.to_lowercase(),
    })
}

fn operands(value: &Value) -> Result<Vec<Operand>, String> {
    let items = value.as_array().filter(|items| !items.is_empty());
    let items = items.ok_or("the value must be a list with at least one entry")?;
    items.iter().map(operand).collect()
}

fn limit(value: &Value) -> Result<Limit, String> {
    if let Some(number) = number_of(value) {
        return Ok(Limit::Number(number));
    }
    let time = value.as_str().and_then(time_of).map(Limit::Time);
    time.ok_or_else(|| {
        "the value must be a number or a time such as 2026-01-31T09:00:00Z".to_owned()
    })
}

impl Test {
    fn fits(&self, seen: &Seen<'_>) -> bool {
        let some = |fits: &dyn Fn(&Value) -> bool| seen.values.iter().any(|value| fits(value));
        match self {
            Test::Exists => !seen.values.is_empty(),
            Test::Equals(operand) => some(&|value| operand.equals(value)),
            Test::OneOf(operands) => some(&|value| operands.iter().any(|it| it.equals(value))),
            Test::Contains(operand) if seen.is_list => some(&|value| operand.equals(value)),
            Test::Contains(operand) => {
                some(&|value| lower(value).is_some_and(|text| text.contains(&operand.text)))
            }
            Test::StartsWith(start) => {
                some(&|value| lower(value).is_some_and(|text| text.starts_with(start)))
            }
            Test::Matches(pattern) => {
                some(&|value| text_of(value).is_some_and(|text| pattern.is_match(&text)))
            }
            Test::Ordered(limit, wanted) => {
                some(&|value| limit.compare(value).is_some_and(*wanted))
            }
        }
    }
}

impl Operand {
    fn equals(&self, value: &Value) -> bool {
        if let Some(number) = self.number
            && let Some(other) = number_of(value)
        {
            return number == other;
        }
        lower(value).is_some_and(|text| text == self.text)
    }
}

impl Limit {
    /// How the value compares to the limit.
    fn compare(&self, value: &Value) -> Option<Ordering> {
        match self {
            Limit::Number(limit) => number_of(value).map(|number| number.cmp(limit)),
            Limit::Time(limit) => value.as_str().and_then(time_of).map(|time| time.cmp(limit)),
        }
    }
}

fn text_of(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(true) => Some(Cow::Borrowed("true")),
        Value::Bool(false) => Some(Cow::Borrowed("false")),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn lower(value: &Value) -> Option<Cow<'_, str>> {
    let text = text_of(value)?;
    let is_lower = |it: u8| it.is_ascii() && !it.is_ascii_uppercase();
    if text.bytes().all(is_lower) {
        return Some(text);
    }
    Some(Cow::Owned(text.to_lowercase()))
}

fn number_of(value: &Value) -> Option<Decimal> {
    match value {
        Value::Number(number) => {
            let text = number.to_string();
            Decimal::from_str(&text)
                .or_else(|_| Decimal::from_scientific(&text))
                .ok()
        }
        Value::String(text) => {
            let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
            match digits {
                [b'0', b'0'..=b'9', ..] | [] => None,
                [b'0'..=b'9', ..] => Decimal::from_str(text).ok(),
                _ => None,
            }
        }
        _ => None,
    }
}

/// A time, or the beginning of a day in UTC.
fn time_of(text: &str) -> Option<Timestamp> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    let day = text.parse::<jiff::civil::Date>().ok()?;
    jiff::tz::TimeZone::UTC
        .to_timestamp(day.at(0, 0, 0, 0))
        .ok()
}

/// The operator as it is written in a rule.
pub fn word(op: Operator) -> &'static str {
    match op {
        Operator::Eq => "eq",
        Operator::Ne => "ne",
        Operator::In => "in",
        Operator::NotIn => "not_in",
        Operator::Contains => "contains",
        Operator::StartsWith => "starts_with",
        Operator::Matches => "matches",
        Operator::Gt => "gt",
        Operator::Gte => "gte",
        Operator::Lt => "lt",
        Operator::Lte => "lte",
        Operator::Exists => "exists",
        Operator::NotExists => "not_exists",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Compare;
    use crate::assign::Subject;
    use crate::model::record::Fields;

    fn fields(value: Value) -> Fields {
        serde_json::from_value(value).unwrap()
    }

    fn compare(field: &str, op: &str, value: Value) -> Result<Compare, String> {
        let written = json!({"field": field, "op": op, "value": value});
        Compare::compile(&serde_json::from_value(written).unwrap())
    }

    fn check(field: &str, op: &str, value: Value, expected: bool) {
        let lead = fields(json!({
            "budget": "10500.00", "title": "Sofá GRANDE", "test": true, "message": " ",
            "answers": [{"question": "Size?", "answer": "Extra large"}, {"question": "When?", "answer": "May"}],
            "custom": {"score": 7, "seen_at": "2026-03-01T10:00:00Z", "id": "9007199254740993"},
        }));
        let contact = fields(json!({
            "email": "ana@example.com", "tags": ["VIP", "wholesale"], "phone": "+34600111222",
            "address": {"country": "ES", "postal_code": "08001"},
        }));
        let event = fields(json!({"source": "meta", "endpoint": "lead-ads", "type": "leadgen"}));
        let subject = Subject {
            lead: &lead,
            contact: Some(&contact),
            event: &event,
        };
        let compare = compare(field, op, value.clone()).unwrap();
        let (result, trace) = compare.ask(&subject);
        let trace = serde_json::to_value(&trace).unwrap();
        assert_eq!(result, expected, "{field} {op} {value}: {trace}");
        assert_eq!(trace["result"], json!(expected));
    }

    #[test]
    fn texts_are_compared_without_case() {
        check("contact.address.country", "eq", json!("es"), true);
        check("contact.address.country", "ne", json!("PT"), true);
        check("contact.address.country", "in", json!(["PT", "es"]), true);
        check(
            "contact.address.country",
            "not_in",
            json!(["PT", "FR"]),
            true,
        );
        check("title", "contains", json!("grande"), true);
        check("title", "starts_with", json!("SOFÁ"), true);
        check("contact.phone", "starts_with", json!("+34"), true);
        check(
            "contact.email",
            "matches",
            json!("@example\\.(com|org)$"),
            true,
        );
        check("title", "matches", json!("grande"), false);
        check("title", "matches", json!("(?i)grande"), true);
    }

    #[test]
    fn numbers_are_compared_as_decimals_where_both_look_like_numbers() {
        check("budget", "eq", json!(10500), true);
        check("budget", "eq", json!("10500.0"), true);
        check("budget", "gt", json!("9999"), true);
        check("budget", "gte", json!(10500.00), true);
        check("budget", "lt", json!(1e5), true);
        check("budget", "lte", json!(10499.99), false);
        check("custom.score", "in", json!(["7"]), true);
        check("custom.id", "eq", json!("9007199254740992"), false);
        check("contact.address.postal_code", "eq", json!("8001"), false);
        check("contact.address.postal_code", "eq", json!("08001"), true);
        check("title", "gt", json!(1), false);
        check("lead.test", "eq", json!(true), true);
        check("lead.test", "eq", json!("true"), true);
    }

    #[test]
    fn times_are_compared_with_times() {
        check("custom.seen_at", "gt", json!("2026-02-28"), true);
        check(
            "custom.seen_at",
            "lt",
            json!("2026-03-01T09:00:00-02:00"),
            true,
        );
        check("custom.seen_at", "gt", json!(5), false);
    }

    #[test]
    fn of_a_list_some_entry_must_fit() {
        check("contact.tags", "contains", json!("vip"), true);
        check("contact.tags", "contains", json!("whole"), false);
        check("contact.tags", "starts_with", json!("whole"), true);
        check("contact.tags", "eq", json!("vip"), true);
        check("contact.tags", "ne", json!("vip"), false);
        check("contact.tags", "in", json!(["x", "wholesale"]), true);
        check("answers.answer", "contains", json!("large"), true);
        check("answers.question", "eq", json!("when?"), true);
    }

    #[test]
    fn what_is_absent_fits_only_the_negations() {
        check("campaign", "exists", Value::Null, false);
        check("message", "exists", Value::Null, false);
        check("campaign", "not_exists", Value::Null, true);
        check("budget", "exists", Value::Null, true);
        check("contact.tags", "exists", Value::Null, true);
        check("campaign", "eq", json!("x"), false);
        check("campaign", "ne", json!("x"), true);
        check("campaign", "not_in", json!(["x"]), true);
        check("campaign", "contains", json!("x"), false);
        check("campaign", "lt", json!(5), false);
        check("event.endpoint", "eq", json!("lead-ads"), true);
        check("event.scope", "exists", Value::Null, false);
    }

    #[test]
    fn a_value_the_operator_cannot_use_is_refused_with_a_sentence() {
        let check = |op: &str, value: Value, expected: &str| {
            let sentence = compare("title", op, value).unwrap_err();
            assert!(sentence.contains(expected), "{sentence}");
        };
        check("eq", Value::Null, "title eq: the value must be a text");
        check("eq", json!(["a"]), "must be a text");
        check("contains", json!(""), "must be a text");
        check("in", json!("ES"), "must be a list");
        check("in", json!([]), "at least one");
        check("matches", json!("(["), "pattern is not valid: ");
        check("matches", json!(5), "pattern in quotes");
        check("gt", json!("much"), "number or a time");
        check("exists", json!("yes"), "takes no value");
    }
}
