//! Numbers to count and compare with. Money goes through `decimal`.

use minijinja::value::ValueKind;
use minijinja::{Error, Value};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::expr::filters::{cannot, money, shown, text_of};
use crate::expr::payload::Exact;
use crate::said;

/// `float`: a number to compare with, from any number or its text.
pub fn float(value: &Value) -> Result<Value, Error> {
    if value.kind() == ValueKind::Number {
        return Ok(f64::try_from(value.clone()).map_or(Value::UNDEFINED, Value::from));
    }
    let Some(text) = text_of(value) else {
        return Ok(Value::UNDEFINED);
    };
    if let Ok(number) = text.parse::<f64>()
        && number.is_finite()
    {
        return Ok(Value::from(number));
    }
    money::parse(&text)
        .and_then(|decimal| decimal.parse().ok())
        .map(|number: f64| Value::from(number))
        .ok_or_else(|| no_number("float", &text))
}

/// `int`: a whole number; what stands after the decimal point is cut off.
pub fn int(value: &Value) -> Result<Value, Error> {
    if value.is_integer() {
        return Ok(value.clone());
    }
    let Some(text) = text_of(value) else {
        return Ok(Value::UNDEFINED);
    };
    if let Ok(number) = text.parse::<i64>() {
        return Ok(Value::from(number));
    }
    if let Ok(number) = text.parse::<i128>() {
        return Ok(Value::from(number));
    }
    money::parse(&text)
        .and_then(|decimal| decimal.parse::<Decimal>().ok())
        .and_then(|decimal| decimal.trunc().to_i128())
        .map(|number| i64::try_from(number).map_or_else(|_| Value::from(number), Value::from))
        .ok_or_else(|| no_number("int", &text))
}

fn no_number(filter: &str, text: &str) -> Error {
    cannot(said!(
        "filter-no-number",
        "{filter}: {text} is not a number",
        filter = filter,
        text = shown(text)
    ))
}

/// `is number`: a JSON number, whole or not.
pub fn is_number(value: &Value) -> bool {
    value.is_number() || value.downcast_object_ref::<Exact>().is_some()
}
