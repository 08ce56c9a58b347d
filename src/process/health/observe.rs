//! What one event shows: the places of its payload that hold something, and the fields that came out.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::model::record::Draft;

/// Values looked at in one payload; a huge one is known well enough by then.
const MOST_VALUES: usize = 4_000;
/// Items of one list that are looked at.
const MOST_ITEMS: usize = 20;
/// How deep, and how long a place may be.
const DEEPEST: usize = 12;
const LONGEST: usize = 200;

/// Kinds of JSON values, as bits.
pub type Types = u8;

/// The bits by name.
pub const TYPES: [(&str, Types); 6] = [
    ("null", 1),
    ("boolean", 2),
    ("number", 4),
    ("string", 8),
    ("array", 16),
    ("object", 32),
];

/// Names of the kinds in a set.
pub fn type_names(types: Types) -> Vec<&'static str> {
    let is_in = |(_, bit): &&(&str, Types)| types & bit != 0;
    TYPES.iter().filter(is_in).map(|(name, _)| *name).collect()
}

/// One event, seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Place (`body.lines.sku`, without positions) → the kinds of its values.
    pub places: BTreeMap<String, Types>,
    /// Fields of records that have a value: `contact.address.city`.
    pub fields: Vec<String>,
}

/// Looks at the documents of an event, each under the name that formulas give it, and at what became of them.
pub fn observe(documents: &[(&str, &Json)], drafts: &[Draft]) -> Seen {
    let mut seen = Seen::default();
    let mut left = MOST_VALUES;
    for (root, document) in documents {
        let mut place = (*root).to_owned();
        walk(document, &mut place, 0, &mut left, &mut seen.places);
    }
    for draft in drafts {
        for (name, value) in &draft.fields {
            field(
                format!("{}.{name}", draft.kind.as_str()),
                value,
                &mut seen.fields,
            );
        }
    }
    seen.fields.sort();
    seen.fields.dedup();
    seen
}

fn field(name: String, value: &Json, fields: &mut Vec<String>) {
    match value {
        Json::Object(parts) => {
            for (part, value) in parts {
                field(format!("{name}.{part}"), value, fields);
            }
        }
        _ => fields.push(name),
    }
}

fn walk(
    value: &Json,
    place: &mut String,
    depth: usize,
    left: &mut usize,
    places: &mut BTreeMap<String, Types>,
) {
    if *left == 0 || depth > DEEPEST || place.len() > LONGEST {
        return;
    }
    *left -= 1;
    if depth > 0 {
        note(value, place, places);
    }
    match value {
        Json::Object(members) => {
            let end = place.len();
            for (name, member) in members {
                place.push('.');
                place.push_str(name);
                walk(member, place, depth + 1, left, places);
                place.truncate(end);
            }
        }
        Json::Array(items) => {
            for item in items.iter().take(MOST_ITEMS) {
                walk(item, place, depth.max(1), left, places);
            }
        }
        _ => {}
    }
}

fn note(value: &Json, place: &str, places: &mut BTreeMap<String, Types>) {
    let bit = bit(value);
    match places.get_mut(place) {
        Some(types) => *types |= bit,
        None => {
            places.insert(place.to_owned(), bit);
        }
    }
}

/// A blank text counts as nothing, as it does for fields.
fn bit(value: &Json) -> Types {
    match value {
        Json::Null => 1,
        Json::String(text) if text.trim().is_empty() => 1,
        Json::Bool(_) => 2,
        Json::Number(_) => 4,
        Json::String(_) => 8,
        Json::Array(_) => 16,
        Json::Object(_) => 32,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{observe, type_names};
    use crate::model::field::Kind;
    use crate::model::record::Draft;

    #[test]
    fn what_an_event_shows() {
        let body = json!({"id": 1, "to": {"name": "Ana", "fax": null, "note": " "}, "tags": ["a", 2],
            "lines": [{"sku": "x"}, {"sku": 7}]});
        let mut draft = Draft::new(Kind::Contact);
        draft.fields = serde_json::from_value(
            json!({"full_name": "Ana", "address": {"city": "Vigo"}, "tags": ["a"]}),
        )
        .unwrap();
        let seen = observe(
            &[("body", &body), ("fetched", &json!([{"a": true}]))],
            &[draft],
        );
        let places: Vec<_> = seen
            .places
            .iter()
            .map(|(place, types)| format!("{place} {}", type_names(*types).join("|")))
            .collect();
        assert_eq!(
            places,
            [
                "body.id number",
                "body.lines array|object",
                "body.lines.sku number|string",
                "body.tags number|string|array",
                "body.to object",
                "body.to.fax null",
                "body.to.name string",
                "body.to.note null",
                "fetched object",
                "fetched.a boolean",
            ]
        );
        assert_eq!(
            seen.fields,
            ["contact.address.city", "contact.full_name", "contact.tags"]
        );
    }

    #[test]
    fn a_payload_without_end_is_looked_at_for_a_while() {
        let mut deep = json!(1);
        for _ in 0..100 {
            deep = json!({ "a": deep });
        }
        let wide: serde_json::Map<_, _> =
            (0..10_000).map(|n| (format!("k{n}"), json!(n))).collect();
        assert_eq!(
            observe(&[("body", &deep)], &[]).places.len(),
            super::DEEPEST
        );
        let wide = serde_json::Value::Object(wide);
        assert!(observe(&[("body", &wide)], &[]).places.len() < super::MOST_VALUES);
    }
}
