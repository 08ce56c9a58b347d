//! Which formula of a declaration made a field: found again by its line.

use serde_json::Value;

use crate::model::field::Kind;
use crate::model::record::Fields;
use crate::source::declaration::{FieldSpec, FieldValue, Source};

/// The formula that stands at a line among the fields of a kind of record, and made the field of this name.
pub fn at(source: &Source, (kind, name): (Kind, &str), line: u32) -> Option<String> {
    let part = name.rsplit('.').next().unwrap_or(name);
    source
        .events
        .iter()
        .flat_map(|event| &event.records)
        .filter(|record| record.kind == kind)
        .find_map(|record| among(&record.fields, part, line))
}

fn among(fields: &[FieldSpec], part: &str, line: u32) -> Option<String> {
    fields.iter().find_map(|field| match &field.value {
        FieldValue::Formula(formula) => {
            (field.line == line || formula.line == line).then(|| formula.text.clone())
        }
        FieldValue::Object(parts) => match field.line == line {
            true => Some(of_part(parts, part).unwrap_or_else(|| together(parts))),
            false => among(parts, part, line),
        },
        FieldValue::Each { from, fields } => match field.line == line || from.line == line {
            true => Some(format!("{} → {}", from.text, together(fields))),
            false => among(fields, part, line),
        },
        FieldValue::Entries(entries) => match field.line == line {
            true => Some(
                entries
                    .iter()
                    .map(|entry| together(entry))
                    .collect::<Vec<_>>()
                    .join("; "),
            ),
            false => entries.iter().find_map(|entry| among(entry, part, line)),
        },
    })
}

/// The formula of one part of an object that stands on one line.
fn of_part(parts: &[FieldSpec], name: &str) -> Option<String> {
    let part = parts.iter().find(|part| part.name == name)?;
    match &part.value {
        FieldValue::Formula(formula) => Some(formula.text.clone()),
        _ => None,
    }
}

/// The parts of an object on one line.
fn together(fields: &[FieldSpec]) -> String {
    let parts: Vec<String> = fields
        .iter()
        .map(|field| match &field.value {
            FieldValue::Formula(formula) => format!("{} = {}", field.name, formula.text),
            FieldValue::Object(parts) => format!("{} = {{{}}}", field.name, together(parts)),
            FieldValue::Each { from, .. } => format!("{} = {} → …", field.name, from.text),
            FieldValue::Entries(_) => format!("{} = …", field.name),
        })
        .collect();
    parts.join(", ")
}

/// The value of a field, whose name may be dotted: `address.city`.
pub fn value<'f>(fields: &'f Fields, name: &str) -> Option<&'f Value> {
    below(name, &|name| fields.get(name))
}

fn below<'f>(name: &str, get: &dyn Fn(&str) -> Option<&'f Value>) -> Option<&'f Value> {
    if let Some(value) = get(name) {
        return Some(value);
    }
    let (head, rest) = name.split_once('.')?;
    match get(head)? {
        Value::Object(parts) => below(rest, &|name| parts.get(name)),
        list @ Value::Array(_) => Some(list),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::value;

    #[test]
    fn dotted_names_lead_inside() {
        let fields = json!({"custom": {"size": {"eu": 38}}, "email": "a@b", "tags": ["vip"]});
        let fields = fields.as_object().unwrap().clone().into();
        for (name, expected) in [
            ("email", Some(json!("a@b"))),
            ("custom.size.eu", Some(json!(38))),
            ("tags.vip", Some(json!(["vip"]))),
            ("email.x", None),
            ("*", None),
        ] {
            assert_eq!(value(&fields, name).cloned(), expected, "{name}");
        }
    }
}
