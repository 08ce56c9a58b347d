//! What of an event a person wrote, as its mapping says: the e-mail address, and the texts that spam would stand in.

use serde_json::Value;

use crate::expr::Formula;
use crate::expr::payload::to_json;
use crate::expr::scope::Scope;
use crate::model::field::Kind;
use crate::model::problem::Problem;
use crate::source::declaration::{EventSpec, FieldSpec, FieldValue, Source};
use crate::source::envelope;

/// Fields that people write freely. Addresses of websites are not among them: a link is what is asked for there.
const WRITTEN: &[(Kind, &[&str])] = &[
    (
        Kind::Contact,
        &[
            "full_name",
            "given_name",
            "family_name",
            "company",
            "job_title",
        ],
    ),
    (
        Kind::Lead,
        &["title", "message", "product_interest", "answers"],
    ),
    (Kind::Ticket, &["subject", "description"]),
];

/// How deep answers may nest.
const MAX_DEPTH: usize = 8;

/// The formulas of one `[[event]]`.
#[derive(Debug)]
pub struct EventTexts {
    email: Option<Formula>,
    written: Vec<Formula>,
}

/// The texts of every event of a source, in order.
///
/// # Errors
/// Formulas that do not compile, with their lines.
pub fn compile(source: &Source) -> Result<Vec<EventTexts>, Vec<Problem>> {
    let mut problems = Vec::new();
    let texts = source
        .events
        .iter()
        .map(|event| of_event(event, &source.file, &mut problems))
        .collect();
    match problems.is_empty() {
        true => Ok(texts),
        false => Err(problems),
    }
}

fn of_event(event: &EventSpec, file: &str, problems: &mut Vec<Problem>) -> EventTexts {
    let mut texts = EventTexts {
        email: None,
        written: Vec::new(),
    };
    for record in &event.records {
        let names = WRITTEN.iter().find(|(kind, _)| *kind == record.kind);
        for field in &record.fields {
            if record.kind == Kind::Contact && field.name == "email" {
                if let FieldValue::Formula(expr) = &field.value {
                    texts.email = envelope::compile(file, expr, problems);
                }
            } else if names.is_some_and(|(_, names)| names.contains(&field.name.as_str())) {
                formulas(field, file, problems, &mut texts.written);
            }
        }
    }
    texts
}

fn formulas(field: &FieldSpec, file: &str, problems: &mut Vec<Problem>, found: &mut Vec<Formula>) {
    match &field.value {
        FieldValue::Formula(expr) | FieldValue::Each { from: expr, .. } => {
            found.extend(envelope::compile(file, expr, problems));
        }
        FieldValue::Object(parts) => {
            for part in parts {
                formulas(part, file, problems, found);
            }
        }
        FieldValue::Entries(entries) => {
            for part in entries.iter().flatten() {
                formulas(part, file, problems, found);
            }
        }
    }
}

impl EventTexts {
    /// The address, as it was written. A formula that fails is for the mapping to complain about.
    pub fn email(&self, names: &Scope) -> Option<String> {
        self.email.as_ref()?.text(names).ok().flatten()
    }

    /// Every text that was written, each once: a name may fill several fields.
    pub fn all(&self, names: &Scope) -> Vec<String> {
        let mut texts = Vec::new();
        for formula in &self.written {
            let value = formula.eval(names).ok().and_then(|value| to_json(&value));
            if let Some(value) = value {
                gather(value, 0, &mut texts);
            }
        }
        texts.sort();
        texts.dedup();
        texts
    }
}

fn gather(value: Value, depth: usize, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text),
        Value::Array(items) if depth < MAX_DEPTH => {
            for item in items {
                gather(item, depth + 1, texts);
            }
        }
        Value::Object(members) if depth < MAX_DEPTH => {
            for (_, member) in members {
                gather(member, depth + 1, texts);
            }
        }
        _ => {}
    }
}
