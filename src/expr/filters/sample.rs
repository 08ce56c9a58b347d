//! Variety for sample events.

use minijinja::{Error, State, Value};

use crate::expr::filters::{cannot, text_of};
use crate::said;

/// Longest number that `digits` makes.
const MAX_DIGITS: usize = 30;

/// `pick(['Ana', 'Bob'])`: an entry of the list that changes with the sample's count `n`. Lists of different lengths
/// take different turns.
pub fn pick(state: &State, list: &Value) -> Result<Value, Error> {
    let count = state
        .lookup("n")
        .and_then(|n| n.as_usize())
        .ok_or_else(|| {
            cannot(said!(
                "filter-no-sample",
                "pick(…) is for samples, which count `n`"
            ))
        })?;
    match list.len() {
        Some(len) if len > 0 => list.get_item_by_index(count % len),
        _ => Ok(Value::UNDEFINED),
    }
}

/// `digits(15)`: a number of that many digits made of a text, the same for the same text; for ids of samples.
pub fn digits(value: &Value, count: usize) -> Value {
    let Some(text) = text_of(value) else {
        return Value::UNDEFINED;
    };
    let count = count.min(MAX_DIGITS);
    // FNV-1a, 64 bits: spread, not secrecy.
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut number = String::with_capacity(count);
    while number.len() < count {
        for byte in text.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        let digit = if number.is_empty() {
            hash % 9 + 1
        } else {
            hash % 10
        };
        number.push(char::from(b'0' + u8::try_from(digit).unwrap_or_default()));
        hash = hash.rotate_left(29);
    }
    Value::from(number)
}
