//! Phone numbers in E.164.

use minijinja::{State, Value};
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, Region};

use crate::expr::filters::{country, text_of};

/// Longest text that is tried; an E.164 number has 15 digits.
const MAX_LEN: usize = 60;

/// `phone` or `phone('ES')`: E.164 when it can be a number of that country, else the text as sent. Without a country
/// the endpoint's `region` counts.
pub fn phone(state: &State, value: &Value, region: Option<&Value>) -> Value {
    of_region(value, country::of_or_region(state, region))
}

/// As `phone`, of a country by its alpha-2 code.
pub fn of_region(value: &Value, region: Option<&str>) -> Value {
    let Some(text) = text_of(value) else {
        return Value::UNDEFINED;
    };
    match e164(&text, region) {
        Some(number) => Value::from(number),
        None => Value::from(&*text),
    }
}

/// The number in E.164 (`+34600111222`), read as a number of `region` (any form `country` knows) when it does not
/// begin with `+`. A possible number is enough: numbers made up for examples are not valid ones.
pub fn e164(text: &str, region: Option<&str>) -> Option<String> {
    let text = text.trim();
    let text = text.strip_prefix("tel:").unwrap_or(text);
    if text.len() > MAX_LEN {
        return None;
    }
    let region = region
        .and_then(country::alpha2)
        .and_then(|code| Region::from_code(code).ok());
    let number = PHONE_NUMBER_UTIL.parse(text, region).ok()?;
    if !PHONE_NUMBER_UTIL.is_possible_number(&number) {
        return None;
    }
    Some(
        PHONE_NUMBER_UTIL
            .format(&number, PhoneNumberFormat::E164)
            .into_owned(),
    )
}
