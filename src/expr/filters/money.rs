//! Amounts: decimal texts, never binary floats.

use std::borrow::Cow;

use minijinja::{Error, Value};
use rust_decimal::Decimal;

use crate::expr::filters::{cannot, list, shown, text_of};
use crate::said;

/// Digits that a decimal holds exactly.
const MAX_DIGITS: usize = 28;

/// Currencies without minor units (ISO 4217).
const NO_DIGITS: &[&str] = &[
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND",
    "VUV", "XAF", "XOF", "XPF",
];

/// Currencies of a thousand minor units (ISO 4217).
const THREE_DIGITS: &[&str] = &["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];

/// Currencies of ten thousand minor units (ISO 4217).
const FOUR_DIGITS: &[&str] = &["CLF", "UYW"];

/// `decimal`: the amount as a decimal text, with as many decimals as the sender wrote: `398.00`.
pub fn decimal(value: &Value) -> Result<Value, Error> {
    let Some(text) = text_of(value) else {
        return Ok(Value::UNDEFINED);
    };
    match parse(&text) {
        Some(amount) => Ok(Value::from(&*amount)),
        None => Err(no_amount("decimal", &text)),
    }
}

/// `is decimal`: whether `decimal` can read it.
pub fn is_decimal(value: &Value) -> bool {
    text_of(value).is_some_and(|text| parse(&text).is_some())
}

/// `minor_units('EUR')`: an amount that was sent in cents: 1050 → `10.50`. The digits follow the currency, or are told:
/// `minor_units('ISK', 2)`. Without a currency nobody can say how many there are.
pub fn minor_units(
    value: &Value,
    currency: Option<&Value>,
    digits: Option<u32>,
) -> Result<Value, Error> {
    let Some(text) = text_of(value) else {
        return Ok(Value::UNDEFINED);
    };
    let digits = match (digits, currency.and_then(text_of)) {
        (Some(digits), _) => digits,
        (None, Some(currency)) => digits_of(&currency),
        (None, None) => {
            return Err(cannot(said!(
                "filter-no-currency",
                "minor_units: {text} came without its currency, which says how many digits are decimals",
                text = shown(&text)
            )));
        }
    };
    let amount = text
        .parse()
        .ok()
        .and_then(|units| Decimal::try_from_i128_with_scale(units, digits).ok());
    match amount {
        Some(amount) => Ok(Value::from(amount.to_string())),
        None => Err(cannot(said!(
            "filter-no-units",
            "minor_units: {text} is not a whole number of minor units",
            text = shown(&text)
        ))),
    }
}

/// `plus(amount)`: the exact sum; a blank side counts as nothing.
pub fn plus(value: &Value, other: &Value) -> Result<Value, Error> {
    calculate("plus", value, other, Decimal::checked_add)
}

/// `minus(amount)`: the exact difference; a blank side counts as nothing.
pub fn minus(value: &Value, other: &Value) -> Result<Value, Error> {
    calculate("minus", value, other, Decimal::checked_sub)
}

/// `times(number)`: the exact product; nothing when a side is blank.
pub fn times(value: &Value, other: &Value) -> Result<Value, Error> {
    match (exact("times", value)?, exact("times", other)?) {
        (Some(left), Some(right)) => told("times", left.checked_mul(right)),
        _ => Ok(Value::UNDEFINED),
    }
}

/// `sum_of('amount')`: the exact sum of what stands at a dotted path in every entry of a list; nothing for an empty list.
pub fn sum_of(value: &Value, path: &str) -> Result<Value, Error> {
    let mut sum = None;
    for amount in list::gathered(value, path) {
        if let Some(amount) = exact("sum_of", &amount)? {
            sum = match sum {
                None => Some(amount),
                Some(sum) => Some(Decimal::checked_add(sum, amount).ok_or_else(too_large)?),
            };
        }
    }
    Ok(sum.map_or(Value::UNDEFINED, |sum| Value::from(sum.to_string())))
}

/// `currency`: ISO 4217 in upper case; nothing when it is not three letters.
pub fn currency(value: &Value) -> Value {
    match text_of(value) {
        Some(code)
            if code.len() == 3 && code.bytes().all(|letter| letter.is_ascii_alphabetic()) =>
        {
            Value::from(code.to_ascii_uppercase())
        }
        _ => Value::UNDEFINED,
    }
}

/// Reads an amount: `398.00`, `1,234.50`, `1.234,50 €`, `1 234,50`, `1'234`, `-3`, `1e3`. A single comma before exactly
/// three digits (`1,234`) is ambiguous and not read. `None` when it is no amount, or has more digits than are exact.
pub fn parse(text: &str) -> Option<Cow<'_, str>> {
    let text = text.trim();
    if is_plain(text) {
        return Some(Cow::Borrowed(text));
    }
    if let Some(number) = text.find(['e', 'E']).and_then(|at| text.get(..at))
        && !number.is_empty()
        && number
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b"+-.".contains(&byte))
    {
        return Decimal::from_scientific(text).ok().map(written);
    }
    let (negative, digits) = unsigned(text);
    let number = ungrouped(digits)?;
    let mut amount = Decimal::from_str_exact(&number).ok()?;
    amount.set_sign_negative(negative && !amount.is_zero());
    Some(written(amount))
}

/// Already what `decimal` would write.
fn is_plain(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    digits.len() <= MAX_DIGITS
        && all_digits(whole)
        && all_digits(fraction)
        && (whole == "0" || !whole.starts_with('0'))
        && (digits.len() == text.len() || digits.bytes().any(|byte| (b'1'..=b'9').contains(&byte)))
}

/// Without a sign and without a currency at either end: `-€ 5` → (true, `5`).
fn unsigned(text: &str) -> (bool, &str) {
    let bare = without_currency(text);
    match bare.strip_prefix(['-', '−']) {
        Some(digits) => (true, without_currency(digits)),
        None => (
            false,
            without_currency(bare.strip_prefix('+').unwrap_or(bare)),
        ),
    }
}

fn without_currency(text: &str) -> &str {
    let signs = |c: char| c.is_whitespace() || "€$£¥₹₽₺₩₪₫฿₴".contains(c);
    let code = |code: &str| code.len() == 3 && code.bytes().all(|c| c.is_ascii_uppercase());
    let text = text.trim_matches(signs);
    let text = match text.split_at_checked(3) {
        Some((first, rest)) if code(first) => rest,
        _ => text,
    };
    let text = match text
        .len()
        .checked_sub(3)
        .and_then(|at| text.split_at_checked(at))
    {
        Some((rest, last)) if code(last) => rest,
        _ => text,
    };
    text.trim_matches(signs)
}

/// Without grouping, and with a point before the decimals.
fn ungrouped(digits: &str) -> Option<String> {
    let digits: String = digits
        .chars()
        .map(|c| {
            if c.is_whitespace() || c == '\'' || c == '’' {
                ' '
            } else {
                c
            }
        })
        .collect();
    let (whole, fraction, group) = parted(&digits)?;
    let whole = join_groups(whole, group)?;
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(&whole) || !all_digits(fraction) {
        return None;
    }
    match (whole.as_str(), fraction) {
        ("", "") => None,
        ("", fraction) => Some(format!("0.{fraction}")),
        (whole, "") => Some(whole.to_owned()),
        (whole, fraction) => Some(format!("{whole}.{fraction}")),
    }
}

/// What stands before and after the decimal mark, and the mark between groups of digits.
fn parted(digits: &str) -> Option<(&str, &str, char)> {
    let cut = |at: usize| Some((digits.get(..at)?, digits.get(at + 1..)?));
    let many = |mark: char| digits.matches(mark).count() > 1;
    let spaced = digits.contains(' ');
    match (digits.rfind(','), digits.rfind('.')) {
        (None, None) => Some((digits, "", ' ')),
        (Some(comma), Some(point)) if !spaced => {
            let (whole, fraction) = cut(comma.max(point))?;
            Some((whole, fraction, if comma < point { ',' } else { '.' }))
        }
        (Some(_), Some(_)) => None,
        (Some(_), None) if many(',') => Some((digits, "", ',')),
        (None, Some(_)) if many('.') => Some((digits, "", '.')),
        (Some(comma), None) => {
            let (whole, fraction) = cut(comma)?;
            let ambiguous =
                fraction.len() == 3 && !spaced && whole.bytes().any(|byte| byte != b'0');
            (!ambiguous).then_some((whole, fraction, ' '))
        }
        (None, Some(point)) => {
            let (whole, fraction) = cut(point)?;
            Some((whole, fraction, ' '))
        }
    }
}

/// `1.234.567` → `1234567`; `None` when a group has not three digits.
fn join_groups(whole: &str, mark: char) -> Option<String> {
    if !whole.contains(mark) {
        return Some(whole.to_owned());
    }
    let groups: Vec<&str> = whole.split(mark).collect();
    let (first, others) = groups.split_first()?;
    let fits = (1..=3).contains(&first.len()) && others.iter().all(|group| group.len() == 3);
    fits.then(|| groups.concat())
}

fn written(amount: Decimal) -> Cow<'static, str> {
    Cow::Owned(amount.to_string())
}

fn calculate(
    filter: &str,
    value: &Value,
    other: &Value,
    operation: fn(Decimal, Decimal) -> Option<Decimal>,
) -> Result<Value, Error> {
    match (exact(filter, value)?, exact(filter, other)?) {
        (Some(left), Some(right)) => told(filter, operation(left, right)),
        (Some(left), None) => Ok(Value::from(left.to_string())),
        (None, Some(right)) => told(filter, operation(Decimal::ZERO, right)),
        (None, None) => Ok(Value::UNDEFINED),
    }
}

fn exact(filter: &str, value: &Value) -> Result<Option<Decimal>, Error> {
    let Some(text) = text_of(value) else {
        return Ok(None);
    };
    parse(&text)
        .and_then(|amount| Decimal::from_str_exact(&amount).ok())
        .map(Some)
        .ok_or_else(|| no_amount(filter, &text))
}

fn told(filter: &str, amount: Option<Decimal>) -> Result<Value, Error> {
    amount
        .map(|amount| Value::from(amount.to_string()))
        .ok_or_else(|| {
            cannot(said!(
                "filter-too-large",
                "{filter}: the result is too large",
                filter = filter
            ))
        })
}

fn too_large() -> Error {
    cannot(said!(
        "filter-sum-too-large",
        "sum_of: the sum is too large"
    ))
}

fn no_amount(filter: &str, text: &str) -> Error {
    cannot(said!(
        "filter-no-amount",
        "{filter}: {text} is not an amount that can be read one way only",
        filter = filter,
        text = shown(text)
    ))
}

fn digits_of(currency: &str) -> u32 {
    let code = currency.to_ascii_uppercase();
    let code = code.as_str();
    if NO_DIGITS.contains(&code) {
        0
    } else if THREE_DIGITS.contains(&code) {
        3
    } else if FOUR_DIGITS.contains(&code) {
        4
    } else {
        2
    }
}
