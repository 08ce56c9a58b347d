//! The values of comparisons: texts without regard to case, numbers as decimals, times, postal codes.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::cmp::Ordering;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use serde_json::Value;

use crate::model::said::Said;
use crate::said;

/// A value to compare with: its text in lower case, and its number when it looks like one.
#[derive(Debug)]
pub struct Operand {
    pub text: String,
    number: Option<Decimal>,
}

impl Operand {
    /// # Errors
    /// A sentence, for what is no text, number or truth.
    pub fn of(value: &Value) -> Result<Self, Said> {
        let text = text_of(value).filter(|text| !text.trim().is_empty());
        let text = text.ok_or_else(|| {
            said!(
                "wants-scalar",
                "the value must be a text, a number, true or false"
            )
        })?;
        Ok(Operand {
            number: number_of(value),
            text: text.to_lowercase(),
        })
    }

    /// The entries of a list.
    ///
    /// # Errors
    /// A sentence, for what is no list or has an entry that cannot be compared with.
    pub fn list(value: &Value) -> Result<Vec<Self>, Said> {
        items(value)?.iter().map(Operand::of).collect()
    }

    pub fn equals(&self, value: &Looked<'_>) -> bool {
        if let Some(number) = self.number
            && let Some(other) = value.number()
        {
            return number == other;
        }
        value.lower().is_some_and(|text| *text == *self.text)
    }
}

/// The entries of a value that must be a list.
///
/// # Errors
/// A sentence.
pub fn items(value: &Value) -> Result<&[Value], Said> {
    let items = value.as_array().filter(|items| !items.is_empty());
    let items = items.ok_or_else(|| {
        said!(
            "wants-list",
            "the value must be a list with at least one entry"
        )
    })?;
    Ok(items)
}

/// A value of a lead that many comparisons look at: what it is as a text, a number and a time is worked out once.
#[derive(Debug)]
pub struct Looked<'a> {
    pub value: &'a Value,
    lower: OnceCell<Option<Cow<'a, str>>>,
    number: OnceCell<Option<Decimal>>,
    time: OnceCell<Option<Timestamp>>,
}

impl<'a> Looked<'a> {
    pub fn new(value: &'a Value) -> Self {
        Looked {
            value,
            lower: OnceCell::new(),
            number: OnceCell::new(),
            time: OnceCell::new(),
        }
    }

    /// The text in lower case.
    pub fn lower(&self) -> Option<&str> {
        self.lower.get_or_init(|| lower(self.value)).as_deref()
    }

    pub fn number(&self) -> Option<Decimal> {
        *self.number.get_or_init(|| number_of(self.value))
    }

    pub fn time(&self) -> Option<Timestamp> {
        let read = || self.value.as_str().and_then(time_of);
        *self.time.get_or_init(read)
    }
}

/// Something that is more or less than others of its kind.
#[derive(Debug)]
pub enum Limit {
    Number(Decimal),
    Time(Timestamp),
}

impl Limit {
    /// # Errors
    /// A sentence, for what is neither a number nor a time.
    pub fn of(value: &Value) -> Result<Self, Said> {
        if let Some(number) = number_of(value) {
            return Ok(Limit::Number(number));
        }
        let time = value.as_str().and_then(time_of).map(Limit::Time);
        time.ok_or_else(|| {
            said!(
                "wants-limit",
                "the value must be a number or a time such as 2026-01-31T09:00:00Z"
            )
        })
    }

    /// The lower and the upper limit.
    ///
    /// # Errors
    /// A sentence, for what is no pair of limits in order.
    pub fn pair(value: &Value) -> Result<[Self; 2], Said> {
        let wanted = said!(
            "wants-pair",
            "the value must be a list of two limits, the lower one first"
        );
        let [from, to] = items(value)? else {
            return Err(wanted);
        };
        match (Limit::of(from)?, Limit::of(from)?.compare(&Looked::new(to))) {
            (from, Some(Ordering::Greater | Ordering::Equal)) => Ok([from, Limit::of(to)?]),
            _ => Err(wanted),
        }
    }

    /// How the value compares to the limit.
    pub fn compare(&self, value: &Looked<'_>) -> Option<Ordering> {
        match self {
            Limit::Number(limit) => value.number().map(|number| number.cmp(limit)),
            Limit::Time(limit) => value.time().map(|time| time.cmp(limit)),
        }
    }
}

/// Postal codes: those that begin so, or a range of beginnings of the same length.
#[derive(Debug)]
pub struct PostalRange {
    from: String,
    to: String,
}

impl PostalRange {
    /// From `28`, `28000-28999` or `SW1..SW9`. A code that has a hyphen itself, such as `00-950`, is not taken for a
    /// range, because its parts differ in length.
    ///
    /// # Errors
    /// A sentence.
    pub fn of(value: &Value) -> Result<Self, Said> {
        let text = text_of(value).filter(|text| !plain(text).is_empty());
        let text = text.ok_or_else(|| {
            said!(
                "wants-postal",
                "the value must be postal codes such as \"28\" or \"28000-28999\""
            )
        })?;
        let alike = |(from, to): (&str, &str)| {
            let (from, to) = (plain(from), plain(to));
            (from.len() == to.len() && !from.is_empty()).then_some((from, to))
        };
        let dots = text.split_once("..").and_then(alike);
        let (from, to) = match dots.or_else(|| text.split_once('-').and_then(alike)) {
            Some(range) => range,
            None => (plain(&text), plain(&text)),
        };
        match from <= to {
            true => Ok(PostalRange { from, to }),
            false => Err(said!(
                "range-backwards",
                "the range \"{text}\" ends before it begins",
                text = &*text
            )),
        }
    }

    pub fn holds(&self, value: &Value) -> bool {
        let code = text_of(value).map(|text| plain(&text)).unwrap_or_default();
        let beginning = code.get(..self.from.len());
        beginning.is_some_and(|it| *self.from <= *it && *it <= *self.to)
    }
}

/// Letters and digits in upper case.
fn plain(text: &str) -> String {
    let kept = text.chars().filter(|letter| letter.is_ascii_alphanumeric());
    kept.map(|letter| letter.to_ascii_uppercase()).collect()
}

/// What a scalar looks like in a comparison of texts.
pub fn text_of(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(true) => Some(Cow::Borrowed("true")),
        Value::Bool(false) => Some(Cow::Borrowed("false")),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The text in lower case, copied only where it has to be.
fn lower(value: &Value) -> Option<Cow<'_, str>> {
    let text = text_of(value)?;
    let is_lower = |it: u8| it.is_ascii() && !it.is_ascii_uppercase();
    if text.bytes().all(is_lower) {
        return Some(text);
    }
    Some(Cow::Owned(text.to_lowercase()))
}

/// A number, or a text that looks like one and does not begin with a zero as a postal code does.
pub fn number_of(value: &Value) -> Option<Decimal> {
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
pub fn time_of(text: &str) -> Option<Timestamp> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    let day = text.parse::<Date>().ok()?;
    TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::PostalRange;

    #[test]
    fn postal_ranges() {
        for (range, code, expected) in [
            ("28", "28013", true),
            ("28", "08028", false),
            ("28000-28999", "28013", true),
            ("28000-28999", "29000", false),
            ("280-281", "28113", true),
            ("280-281", "2", false),
            ("SW1..SW3", "sw1a 1aa", true),
            ("SW1..SW3", "SW4 2BB", false),
            ("00-950", "00-950", true),
            ("00-950", "00950", true),
            ("00-950", "00-951", false),
            ("1000-001", "1000-001", true),
        ] {
            let range = PostalRange::of(&json!(range)).unwrap();
            assert_eq!(range.holds(&json!(code)), expected, "{range:?} {code}");
        }
        for wrong in [json!(""), json!("29-28"), json!(["28"]), json!(null)] {
            assert!(PostalRange::of(&wrong).is_err(), "{wrong}");
        }
    }
}
