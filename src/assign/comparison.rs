//! One comparison: a field, an operator, a value.
//!
//! Texts are compared without regard to case (`matches` as its pattern says). Where both sides look like numbers they
//! are compared as decimals, so `"10.50"` equals `10.5`; a text that begins with a zero, such as a postal code, does
//! not look like a number. `gt`, `gte`, `lt`, `lte`, `between` compare numbers with numbers and times with times, and
//! are false for anything else. Of a list, some entry must fit. What is absent fits only what is negated.

use std::cmp::Ordering;
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use regex::Regex;
use serde::Deserialize;
use serde_json::Value;

use crate::assign::condition::Facts;
use crate::assign::field_path::{Family, FieldPath, Seen};
use crate::assign::operand::{Limit, Looked, Operand, PostalRange, items, text_of};
use crate::assign::regions::countries;
use crate::assign::shift;
use crate::assign::trace::Text;
use crate::model::event::Violation;
use crate::model::hours::Week;
use crate::model::problem::did_you_mean;
use crate::model::rules::{Comparison, Operator};
use crate::model::said::{Said, Word};
use crate::model::strict;
use crate::{phrase, said};

/// A comparison ready to be asked.
#[derive(Debug)]
pub struct Compare {
    path: Arc<FieldPath>,
    test: Test,
    /// `ne`, `not_in`, `not_exists` and the like: the opposite of the test.
    negated: bool,
    /// As it was written, for the trace: `{"field": …, "op": …, "value": …, "seen":`.
    head: String,
}

#[derive(Debug)]
enum Test {
    Exists,
    Equals(Operand),
    OneOf(Vec<Operand>),
    AllOf(Vec<Operand>),
    Contains(Operand),
    StartsWith(String),
    EndsWith(String),
    Matches(Regex),
    Ordered(Limit, fn(Ordering) -> bool),
    Between([Limit; 2]),
    Postal(Vec<PostalRange>),
    During(Week, TimeZone),
    Within(SignedDuration),
}

/// The value of `during`: `{"zone": "Europe/Madrid", "hours": {"mon": ["09:00-18:00"]}}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TimeOfWeek {
    zone: String,
    hours: Week,
}

impl Compare {
    /// Compiles a comparison.
    ///
    /// # Errors
    /// A sentence: unknown field, an operator that does not fit it, or a value that the operator cannot use.
    pub fn compile(written: &Comparison) -> Result<Self, Said> {
        let path = FieldPath::parse(&written.field)?;
        let family = path.family();
        let wrong = |why: Said| {
            let (field, op) = (Word::Term("path".into(), path.full()), written.op.as_str());
            Said {
                english: format!("{} {op}: {why}", written.field),
                ..said!(
                    "comparison",
                    "{field} {op}: {why}",
                    field = field,
                    op = Word::Term("op".into(), op.to_owned()),
                    why = why
                )
            }
        };
        if !family.operators().contains(&written.op) {
            let fitting: Vec<&str> = family.operators().iter().map(|it| it.as_str()).collect();
            return Err(wrong(said!(
                "op-unfit",
                "the field is {family}, which can be asked with {ops}",
                family = family.name(),
                ops = fitting.join(", ")
            )));
        }
        let test = test(written.op, &written.value, family).map_err(wrong)?;
        Ok(Compare {
            path: Arc::new(path),
            test,
            negated: is_negated(written.op),
            head: head(written),
        })
    }

    /// The result; writes its line of the trace but for the result.
    pub fn ask<'t>(&'t self, facts: &Facts<'t>, text: &mut Text) -> bool {
        let seen = facts.look(&self.path);
        if text.is_read() {
            text.raw(&self.head).raw(seen.written());
        }
        self.fits(&seen, facts.now())
    }

    /// Whether it holds where the field has just this value.
    pub fn holds_for(&self, value: &Value) -> bool {
        let seen = Seen::one(value);
        self.fits(&seen, Timestamp::UNIX_EPOCH)
    }

    pub fn path(&self) -> &FieldPath {
        &self.path
    }

    /// Takes an equal path of the same rule set for its own, so that what stands there is looked up once a lead.
    pub fn share(&mut self, paths: &mut Vec<Arc<FieldPath>>) {
        match paths.iter().find(|known| **known == self.path) {
            Some(known) => self.path = Arc::clone(known),
            None => paths.push(Arc::clone(&self.path)),
        }
    }

    fn fits(&self, seen: &Seen<'_>, now: Timestamp) -> bool {
        self.test.fits(seen, now) != self.negated
    }
}

fn head(written: &Comparison) -> String {
    let mut text = Text::new(0);
    text.raw("{\"field\":").json(&written.field);
    text.member("op", written.op.as_str());
    text.member("value", &written.value).raw(",\"seen\":");
    text.into_string()
}

/// Whether an operator asks for the opposite of another.
pub fn is_negated(op: Operator) -> bool {
    matches!(
        op,
        Operator::Ne
            | Operator::NotIn
            | Operator::NotContains
            | Operator::NotMatches
            | Operator::NotInPostal
            | Operator::NotDuring
            | Operator::NotWithinDays
            | Operator::NotExists
    )
}

fn test(op: Operator, value: &Value, family: Family) -> Result<Test, Said> {
    Ok(match op {
        Operator::Eq | Operator::Ne | Operator::In | Operator::NotIn => {
            equality(op, value, family)?
        }
        Operator::Exists | Operator::NotExists => {
            if !value.is_null() && *value != Value::Bool(true) {
                return Err(said!("wants-nothing", "takes no value; leave it out"));
            }
            Test::Exists
        }
        Operator::Contains | Operator::NotContains => Test::Contains(Operand::of(value)?),
        Operator::ContainsAll => Test::AllOf(Operand::list(value)?),
        Operator::StartsWith => Test::StartsWith(Operand::of(value)?.text),
        Operator::EndsWith => Test::EndsWith(Operand::of(value)?.text),
        Operator::Matches | Operator::NotMatches => Test::Matches(pattern(value)?),
        Operator::Gt => Test::Ordered(limit(value, family)?, Ordering::is_gt),
        Operator::Gte => Test::Ordered(limit(value, family)?, Ordering::is_ge),
        Operator::Lt => Test::Ordered(limit(value, family)?, Ordering::is_lt),
        Operator::Lte => Test::Ordered(limit(value, family)?, Ordering::is_le),
        Operator::Between => {
            items(value)?
                .iter()
                .try_for_each(|it| limit(it, family).map(drop))?;
            Test::Between(Limit::pair(value)?)
        }
        Operator::InPostal | Operator::NotInPostal => Test::Postal(match value {
            Value::Array(_) => items(value)?
                .iter()
                .map(PostalRange::of)
                .collect::<Result<_, _>>()?,
            one => vec![PostalRange::of(one)?],
        }),
        Operator::During | Operator::NotDuring => time_of_week(value)?,
        Operator::WithinDays | Operator::NotWithinDays => {
            let days = value.as_u64().and_then(|days| i64::try_from(days).ok());
            let days = days.filter(|days| (1..=36_500).contains(days));
            let days = days
                .ok_or_else(|| said!("wants-days", "the value must be a number of days, from 1"))?;
            Test::Within(SignedDuration::from_hours(24 * days))
        }
    })
}

/// `eq`, `ne`, `in`, `not_in`: with values that the field can have.
fn equality(op: Operator, value: &Value, family: Family) -> Result<Test, Said> {
    let is_one = matches!(op, Operator::Eq | Operator::Ne);
    let written = match is_one {
        true => std::slice::from_ref(value),
        false => items(value)?,
    };
    let mut operands = Vec::with_capacity(written.len());
    for value in written {
        match family {
            Family::Country => {
                let codes = countries(value)?.into_iter().map(Value::from);
                for code in codes {
                    operands.push(Operand::of(&code)?);
                }
                continue;
            }
            Family::Words(words) => known_word(value, words)?,
            Family::Number => {
                limit(value, family)?;
            }
            Family::Bool if !matches!(text_of(value).as_deref(), Some("true" | "false")) => {
                return Err(said!("wants-bool", "the value must be true or false"));
            }
            _ => {}
        }
        operands.push(Operand::of(value)?);
    }
    Ok(match (is_one, operands.len()) {
        (true, 1) => Test::Equals(operands.remove(0)),
        _ => Test::OneOf(operands),
    })
}

fn known_word(value: &Value, words: &'static [&'static str]) -> Result<(), Said> {
    let word = value.as_str().unwrap_or_default();
    if words.iter().any(|known| known.eq_ignore_ascii_case(word)) {
        return Ok(());
    }
    let hint = did_you_mean(word, words.iter().copied());
    Err(said!(
        "never-value",
        "the field is never {value}{hint}",
        value = value.to_string(),
        hint = hint
    ))
}

fn limit(value: &Value, family: Family) -> Result<Limit, Said> {
    match (Limit::of(value)?, family) {
        (Limit::Time(_), Family::Number) => {
            Err(said!("wants-number", "the value must be a number"))
        }
        (Limit::Number(_), Family::Time) => Err(said!(
            "wants-time",
            "the value must be a time such as 2026-01-31T09:00:00Z"
        )),
        (limit, _) => Ok(limit),
    }
}

fn pattern(value: &Value) -> Result<Regex, Said> {
    let pattern = value
        .as_str()
        .ok_or_else(|| said!("wants-pattern", "the value must be a pattern in quotes"))?;
    Regex::new(pattern).map_err(|error| {
        let error = error.to_string();
        let cause = error.lines().last().unwrap_or_default();
        said!(
            "bad-pattern",
            "the pattern is not valid: {cause}",
            cause = cause
        )
    })
}

fn time_of_week(value: &Value) -> Result<Test, Said> {
    let wanted = |why: Said| {
        let form = r#"{"zone": "Europe/Madrid", "hours": {"mon": ["09:00-18:00"]}}"#;
        said!(
            "wants-week",
            "the value must be like {form}: {why}",
            form = form,
            why = why
        )
    };
    let read: Result<TimeOfWeek, Violation> = strict::read(value);
    let read = read.map_err(|misfit| wanted(misfit.said()))?;
    let zone = TimeZone::get(&read.zone);
    let zone = zone.map_err(|_| {
        said!(
            "no-zone",
            "\"{zone}\" is not an IANA time zone such as \"Europe/Madrid\"",
            zone = &read.zone
        )
    })?;
    if read.hours.is_empty() {
        return Err(wanted(phrase!("no-block", "no day has a block").into()));
    }
    Ok(Test::During(read.hours, zone))
}

impl Test {
    fn fits(&self, seen: &Seen<'_>, now: Timestamp) -> bool {
        let some = |fits: &dyn Fn(&Looked<'_>) -> bool| seen.values.iter().any(fits);
        let text = |fits: &dyn Fn(&str) -> bool| some(&|value| value.lower().is_some_and(fits));
        match self {
            Test::Exists => !seen.values.is_empty(),
            Test::Equals(operand) => some(&|value| operand.equals(value)),
            Test::OneOf(operands) => some(&|value| operands.iter().any(|it| it.equals(value))),
            Test::AllOf(operands) => operands.iter().all(|it| some(&|value| it.equals(value))),
            Test::Contains(operand) if seen.is_list => some(&|value| operand.equals(value)),
            Test::Contains(operand) => text(&|text| text.contains(&operand.text)),
            Test::StartsWith(start) => text(&|text| text.starts_with(start)),
            Test::EndsWith(end) => text(&|text| text.ends_with(end)),
            Test::Matches(pattern) => {
                some(&|it| text_of(it.value).is_some_and(|text| pattern.is_match(&text)))
            }
            Test::Ordered(limit, wanted) => {
                some(&|value| limit.compare(value).is_some_and(*wanted))
            }
            Test::Between([from, to]) => some(&|value| {
                from.compare(value).is_some_and(Ordering::is_ge)
                    && to.compare(value).is_some_and(Ordering::is_le)
            }),
            Test::Postal(ranges) => some(&|it| ranges.iter().any(|range| range.holds(it.value))),
            Test::During(week, zone) => {
                some(&|value| value.time().is_some_and(|at| shift::within(week, zone, at)))
            }
            Test::Within(days) => some(&|value| {
                let time = value.time();
                time.is_some_and(|at| at <= now && now.duration_since(at) <= *days)
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Compare;
    use crate::assign::Subject;
    use crate::assign::condition::Facts;
    use crate::assign::trace::Text;
    use crate::model::record::Fields;
    use crate::model::said::Said;

    fn fields(value: Value) -> Fields {
        serde_json::from_value(value).unwrap()
    }

    fn compare(field: &str, op: &str, value: Value) -> Result<Compare, Said> {
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
            contact: Some(&contact),
            ..Subject::new(&lead, &event, "2026-11-25T10:00:00Z".parse().unwrap())
        };
        let compare = compare(field, op, value.clone()).unwrap();
        let facts = Facts::new(&subject);
        let mut text = Text::new(0);
        let result = compare.ask(&facts, &mut text);
        text.raw("}");
        let trace: Value = serde_json::from_str(&text.into_string()).unwrap();
        assert_eq!(result, expected, "{trace}");
        assert_eq!(trace["field"], json!(field));
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
        check("custom.size", "lt", json!(5), false);
        check("event.endpoint", "eq", json!("lead-ads"), true);
        check("event.scope", "exists", Value::Null, false);
    }

    #[test]
    fn a_value_the_operator_cannot_use_is_refused_with_a_sentence() {
        let check = |op: &str, value: Value, expected: &str| {
            let sentence = compare("title", op, value).unwrap_err().english;
            assert!(sentence.contains(expected), "{sentence}");
        };
        check("eq", Value::Null, "title eq: the value must be a text");
        check("eq", json!(["a"]), "must be a text");
        check("contains", json!(""), "must be a text");
        check("in", json!("ES"), "must be a list");
        check("in", json!([]), "at least one");
        check("matches", json!("(["), "pattern is not valid: ");
        check("matches", json!(5), "pattern in quotes");
        check("exists", json!("yes"), "takes no value");
        check(
            "gt",
            json!(5),
            "the field is a text, which can be asked with eq",
        );
        for (field, op, value, expected) in [
            ("custom.size", "gt", json!("much"), "a number or a time"),
            ("budget", "gt", json!("2026-01-31"), "must be a number"),
            ("budget", "between", json!([5]), "two limits"),
            ("budget", "between", json!([5, 1]), "the lower one first"),
            ("status", "eq", json!("nwe"), "did you mean \"new\""),
            ("test", "eq", json!("perhaps"), "true or false"),
        ] {
            let sentence = compare(field, op, value).unwrap_err().english;
            assert!(sentence.contains(expected), "{sentence}");
        }
    }
}
