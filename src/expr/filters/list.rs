//! Lists, and paths into them.

use minijinja::Value;
use minijinja::value::ValueKind;

use crate::expr::filters::{text, text_of};

/// `split(',')`: the pieces of a text, trimmed, without blank ones; a list passes.
pub fn split(value: &Value, separator: Option<&str>) -> Value {
    if value.kind() == ValueKind::Seq {
        return value.clone();
    }
    let Some(text) = text_of(value) else {
        return Value::UNDEFINED;
    };
    let trimmed = |piece: &str| {
        let piece = piece.trim();
        (!piece.is_empty()).then(|| Value::from(piece))
    };
    let pieces: Vec<Value> = match separator {
        Some(separator) if !separator.is_empty() => {
            text.split(separator).filter_map(trimmed).collect()
        }
        _ => text.split_whitespace().filter_map(trimmed).collect(),
    };
    Value::from(pieces)
}

/// `get('customer.default_address.city')`: what stands at a dotted path, for paths that are data; a number is a
/// position in a list.
pub fn get(value: &Value, path: &str) -> Value {
    let mut here = value.clone();
    for step in path.split('.') {
        here = step_into(&here, step);
    }
    here
}

/// `pick('name', 'email')`: the first entry of a list whose `name` is `email`, without regard to case.
pub fn pick(value: &Value, attribute: &str, wanted: &Value) -> Value {
    let (Ok(items), Some(wanted)) = (value.try_iter(), text_of(wanted)) else {
        return Value::UNDEFINED;
    };
    for item in items {
        let found = get(&item, attribute);
        if text_of(&found).is_some_and(|found| found.to_lowercase() == wanted.to_lowercase()) {
            return item;
        }
    }
    Value::UNDEFINED
}

/// `gather('transactions')`: what stands at a dotted path in every entry of a list, in one list; a list found there
/// gives its own entries.
pub fn gather(value: &Value, path: &str) -> Value {
    Value::from(gathered(value, path))
}

/// As `gather`.
pub fn gathered(value: &Value, path: &str) -> Vec<Value> {
    let mut here = entries(value);
    for step in path.split('.') {
        here = here
            .iter()
            .flat_map(|item| entries(&step_into(item, step)))
            .collect();
    }
    here
}

fn entries(value: &Value) -> Vec<Value> {
    if value.is_undefined() || value.is_none() {
        return Vec::new();
    }
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => {
            value.try_iter().map(Iterator::collect).unwrap_or_default()
        }
        _ => vec![value.clone()],
    }
}

fn step_into(value: &Value, step: &str) -> Value {
    match (value.kind(), step.parse::<usize>()) {
        (ValueKind::Seq, Ok(position)) => value.get_item_by_index(position),
        _ => value.get_attr(step),
    }
    .unwrap_or(Value::UNDEFINED)
}

/// The text of an answer that may be a list (`["A", "B"]` → `A, B`), a truth, or an object (its JSON).
pub fn answer_text(value: &Value) -> Option<String> {
    match value.kind() {
        ValueKind::Seq => {
            let texts: Vec<String> = value
                .try_iter()
                .ok()?
                .filter_map(|item| answer_text(&item))
                .collect();
            (!texts.is_empty()).then(|| texts.join(", "))
        }
        ValueKind::Map => match (file(value), text_of(value)) {
            (Some(file), _) => Some(file),
            (None, Some(text)) => Some(text.into_owned()),
            (None, None) => text::tojson(value).ok(),
        },
        _ => text_of(value).map(|text| text.into_owned()),
    }
}

/// A file as a form's body has it, `{"filename": …, "size": …}`, for people: `cv.pdf (81 KiB)`.
pub fn file(value: &Value) -> Option<String> {
    if value.kind() != ValueKind::Map || value.len() != Some(2) {
        return None;
    }
    let name = value.get_attr("filename").ok()?;
    let size = value
        .get_attr("size")
        .ok()
        .and_then(|size| u64::try_from(size).ok())?;
    let name = name.as_str()?.trim();
    Some(match size {
        0..1_024 => format!("{name} ({size} B)"),
        1_024..1_048_576 => format!("{name} ({} KiB)", size.div_ceil(1_024)),
        _ => format!("{name} ({} MiB)", size.div_ceil(1_048_576)),
    })
}
