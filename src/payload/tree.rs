//! Form fields as a document: `a[b][c]=x` becomes `{"a": {"b": {"c": "x"}}}`, as PHP reads it.

use serde_json::{Map, Value};

use crate::payload::{ParseError, is_reserved};
use crate::said;

/// Fields a form may have.
const MAX_FIELDS: usize = 2_000;
/// Brackets a name may have.
const MAX_DEPTH: usize = 16;

/// A document that grows field by field.
///
/// `a[]`, and names that stand more than once, make lists. A name that stands both for a text and for a group keeps
/// the text in the group under the empty name, so that nothing is lost.
#[derive(Debug, Default)]
pub struct Tree {
    root: Map<String, Value>,
    fields: usize,
}

impl Tree {
    /// Adds a field.
    ///
    /// # Errors
    /// `Malformed` when there are too many fields or brackets.
    pub fn insert(&mut self, name: &str, value: Value) -> Result<(), ParseError> {
        self.fields += 1;
        if self.fields > MAX_FIELDS {
            return Err(ParseError::Malformed(said!(
                "form-fields",
                "the form has more than {most} fields",
                most = MAX_FIELDS
            )));
        }
        let (base, path) = path(name);
        if path.len() > MAX_DEPTH {
            return Err(ParseError::Malformed(said!(
                "form-brackets",
                "a field's name has more than {most} brackets",
                most = MAX_DEPTH
            )));
        }
        if is_reserved(base) || path.iter().any(|part| is_reserved(part)) {
            return Err(ParseError::Malformed(said!(
                "form-reserved",
                "a field has a reserved name"
            )));
        }
        place(self.root.entry(base).or_insert(Value::Null), &path, value);
        Ok(())
    }

    pub fn into_document(self) -> Value {
        Value::Object(self.root)
    }
}

/// `a[b][]` → `a` and `["b", ""]`; a name whose brackets do not close is taken as it is.
pub fn path(name: &str) -> (&str, Vec<&str>) {
    let whole = (name, Vec::new());
    let Some(open) = name.find('[').filter(|open| *open > 0) else {
        return whole;
    };
    let (base, mut rest) = name.split_at(open);
    let mut path = Vec::new();
    while !rest.is_empty() {
        let Some((part, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'))
        else {
            return whole;
        };
        path.push(part);
        rest = after;
    }
    (base, path)
}

/// Puts `value` at `path` below `slot`; a fresh slot is null.
fn place(slot: &mut Value, path: &[&str], value: Value) {
    let Some((head, rest)) = path.split_first() else {
        match slot {
            Value::Null => *slot = value,
            Value::Array(list) => list.push(value),
            Value::Object(group) => place(group.entry("").or_insert(Value::Null), &[], value),
            _ => *slot = Value::Array(vec![slot.take(), value]),
        }
        return;
    };
    let at = index(slot, head);
    match (&mut *slot, at) {
        (Value::Null, Some(0)) => *slot = Value::Array(Vec::new()),
        (Value::Array(_), Some(_)) | (Value::Object(_), _) => {}
        _ => *slot = Value::Object(regroup(slot.take())),
    }
    match slot {
        Value::Array(list) => {
            let at = at.unwrap_or(list.len());
            if at >= list.len() {
                list.push(Value::Null);
            }
            if let Some(item) = list.get_mut(at) {
                place(item, rest, value);
            }
        }
        Value::Object(group) => {
            let name = if head.is_empty() {
                group.len().to_string()
            } else {
                (*head).to_owned()
            };
            place(group.entry(name).or_insert(Value::Null), rest, value);
        }
        _ => {}
    }
}

/// The position in a list that `head` means: an existing one, or the next; `None` when it is a name.
fn index(slot: &Value, head: &str) -> Option<usize> {
    let length = match slot {
        Value::Array(list) => list.len(),
        Value::Null => 0,
        _ => return None,
    };
    if head.is_empty() {
        return Some(length);
    }
    head.parse().ok().filter(|at| *at <= length)
}

/// What stood there, as a group: items by their position, a text under the empty name.
fn regroup(old: Value) -> Map<String, Value> {
    match old {
        Value::Null => Map::new(),
        Value::Array(list) => list
            .into_iter()
            .enumerate()
            .map(|(at, item)| (at.to_string(), item))
            .collect(),
        text => Map::from_iter([(String::new(), text)]),
    }
}
