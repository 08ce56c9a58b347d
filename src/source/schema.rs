//! JSON Schemas of a source, compiled.

use std::collections::BTreeMap;

use jsonschema::{ValidationError, Validator};
use serde_json::Value;

use crate::model::event::Violation;
use crate::model::problem::Problem;
use crate::model::said::Said;
use crate::source::declaration::Source;
use crate::source::violation;

/// Violations listed at most.
const MAX_VIOLATIONS: usize = 20;

/// The validators of one source by schema name.
#[derive(Debug)]
pub struct Schemas(BTreeMap<String, (Validator, Value)>);

impl Schemas {
    /// Compiles every schema of a source. Formats are checked; nothing is ever loaded from the network.
    ///
    /// # Errors
    /// Every schema that does not compile.
    pub fn compile(source: &Source) -> Result<Self, Vec<Problem>> {
        let mut validators = BTreeMap::new();
        let mut problems = Vec::new();
        for (name, schema) in &source.schemas {
            match compile(schema) {
                Ok(validator) => {
                    validators.insert(name.clone(), (validator, schema.clone()));
                }
                Err(message) => problems.push(Problem {
                    file: format!("schemas/{}/{name}.json", source.name),
                    line: 0,
                    message: message.into(),
                }),
            }
        }
        if problems.is_empty() {
            Ok(Schemas(validators))
        } else {
            Err(problems)
        }
    }

    /// What is wrong with `document`; empty when nothing is, or when there is no such schema.
    pub fn violations(&self, name: &str, document: &Value) -> Vec<Violation> {
        let Some((validator, schema)) = self.0.get(name) else {
            return Vec::new();
        };
        if validator.is_valid(document) {
            return Vec::new();
        }
        validator
            .iter_errors(document)
            .take(MAX_VIOLATIONS)
            .map(|error| violated(schema, &error))
            .collect()
    }
}

/// Compiles one schema. Formats are checked; nothing is ever loaded from the network.
///
/// # Errors
/// A sentence about the schema.
pub fn compile(schema: &Value) -> Result<Validator, String> {
    jsonschema::options()
        .should_validate_formats(true)
        .build(schema)
        .map_err(|error| format!("is not a valid JSON Schema: {error}"))
}

/// One violation. The schema object around the failed keyword may say the sentence itself (`x-message`, and in another
/// language `x-message-es`), and the place to point to (`x-path`).
fn violated(schema: &Value, error: &ValidationError<'_>) -> Violation {
    let place = error.schema_path().to_string();
    let around = place.rsplit_once('/');
    let around = around.and_then(|(object, _keyword)| schema.pointer(object));
    let path = around.and_then(|object| object.get("x-path")?.as_str());
    Violation {
        path: path.map_or_else(|| error.instance_path().to_string(), str::to_owned),
        message: around
            .and_then(own_words)
            .unwrap_or_else(|| violation::said(error)),
    }
}

fn own_words(object: &Value) -> Option<Said> {
    let mut said = Said::from(object.get("x-message")?.as_str()?);
    for (name, text) in object.as_object()? {
        if let (Some(language), Some(text)) = (name.strip_prefix("x-message-"), text.as_str()) {
            said.tell(language, text.to_owned());
        }
    }
    Some(said)
}
