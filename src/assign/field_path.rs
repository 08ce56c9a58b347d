//! The fields a condition can look at.

use serde_json::Value;

use crate::assign::{EVENT_FIELDS, Subject};
use crate::model::field::{Field, FieldType, Kind};
use crate::model::record::is_blank;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Root {
    Lead,
    Contact,
    Event,
}

/// A dotted path: `contact.address.country`, `lead.custom.size`, `budget`, `answers.answer`.
#[derive(Debug, PartialEq, Eq)]
pub struct FieldPath {
    root: Root,
    steps: Vec<String>,
}

/// What stands at a path.
#[derive(Debug, PartialEq)]
pub struct Seen<'a> {
    pub values: Vec<&'a Value>,
    /// The field is a list of texts, such as `tags`: `contains` then asks for an entry, not for a part of a text.
    pub is_list: bool,
}

impl FieldPath {
    /// Reads a path and checks it against the fields that records have.
    ///
    /// # Errors
    /// A sentence that names the unknown field.
    pub fn parse(path: &str) -> Result<Self, String> {
        let mut steps: Vec<String> = path.split('.').map(|it| it.trim().to_owned()).collect();
        let root = match steps.first().map(String::as_str) {
            Some("lead") => Some(Root::Lead),
            Some("contact") if steps.len() > 1 => Some(Root::Contact),
            Some("event") => Some(Root::Event),
            _ => None,
        };
        if root.is_some() {
            steps.remove(0);
        }
        let found = FieldPath {
            root: root.unwrap_or(Root::Lead),
            steps,
        };
        if found.is_known() {
            Ok(found)
        } else {
            Err(format!(
                "there is no field \"{path}\": write lead.…, contact.… or event.… and a field of \
                 that record, such as contact.address.country"
            ))
        }
    }

    fn is_known(&self) -> bool {
        let Some((first, rest)) = self.steps.split_first() else {
            return false;
        };
        let kind = match self.root {
            Root::Event => return rest.is_empty() && EVENT_FIELDS.contains(&first.as_str()),
            Root::Lead => Kind::Lead,
            Root::Contact => Kind::Contact,
        };
        kind.field(first).is_some_and(|field| has(field, rest))
    }

    /// The values at the path. A list on the way gives those of all its entries; what is blank is left out.
    pub fn look<'a>(&self, subject: &Subject<'a>) -> Seen<'a> {
        let mut seen = Seen {
            values: Vec::new(),
            is_list: false,
        };
        let fields = match self.root {
            Root::Lead => Some(subject.lead),
            Root::Contact => subject.contact,
            Root::Event => Some(subject.event),
        };
        let first = self.steps.split_first();
        if let (Some(fields), Some((first, rest))) = (fields, first)
            && let Some(value) = fields.get(first)
        {
            gather(value, rest, &mut seen);
        }
        seen
    }
}

fn has(field: &Field, steps: &[String]) -> bool {
    match (&field.of, steps.split_first()) {
        (_, None) | (FieldType::Free, Some(_)) => true,
        (FieldType::Object(parts) | FieldType::Objects(parts), Some((first, rest))) => parts
            .iter()
            .find(|part| part.name == first)
            .is_some_and(|part| has(part, rest)),
        _ => false,
    }
}

fn gather<'a>(value: &'a Value, steps: &[String], seen: &mut Seen<'a>) {
    match (value, steps.split_first()) {
        (Value::Null, _) => {}
        (Value::Array(items), None) => {
            seen.is_list = true;
            seen.values.extend(items.iter().filter(|it| !is_blank(it)));
        }
        (Value::Array(items), Some(_)) => {
            for item in items {
                gather(item, steps, seen);
            }
        }
        (_, None) if is_blank(value) => {}
        (_, None) => seen.values.push(value),
        (Value::Object(members), Some((first, rest))) => {
            if let Some(value) = members.get(first) {
                gather(value, rest, seen);
            }
        }
        (_, Some(_)) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::FieldPath;

    #[test]
    fn a_path_names_a_field_that_exists() {
        for path in [
            "lead.status",
            "status",
            "contact",
            "contact.email",
            "contact.address.country",
            "contact.custom.size.of.shoe",
            "contact.consent.state",
            "answers.answer",
            "attribution.utm_source",
            "event.endpoint",
            "event.type",
        ] {
            assert!(FieldPath::parse(path).is_ok(), "{path}");
        }
        for path in [
            "",
            "lead",
            "lead.",
            "event",
            "event.nothing",
            "event.type.more",
            "contact.adress",
            "contact.address.planet",
            "lead.status.more",
            "order.total",
            "email",
        ] {
            let sentence = FieldPath::parse(path).unwrap_err();
            assert!(sentence.contains(&format!("\"{path}\"")), "{sentence}");
        }
    }
}
