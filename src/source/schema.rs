//! JSON Schemas of a source, compiled.

use std::collections::BTreeMap;

use jsonschema::Validator;
use serde_json::Value;

use crate::model::event::Violation;
use crate::model::problem::Problem;
use crate::source::declaration::Source;

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
                    message,
                }),
            }
        }
        if problems.is_empty() {
            Ok(Schemas(validators))
        } else {
            Err(problems)
        }
    }

    /// What is wrong with `document`; empty when nothing is, or when there is no such schema. A schema may say the
    /// sentence itself (`x-message`), and the place to point to (`x-path`).
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
            .map(|error| {
                let place = error.schema_path().to_string();
                let said = |word: &str| said(schema, &place, word);
                Violation {
                    path: said("x-path").unwrap_or_else(|| error.instance_path().to_string()),
                    message: said("x-message")
                        .unwrap_or_else(|| error.masked().to_string())
                        .into(),
                }
            })
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

/// A text that the schema object of the failed keyword holds: the object around the keyword at `place`.
fn said(schema: &Value, place: &str, word: &str) -> Option<String> {
    let (object, _keyword) = place.rsplit_once('/')?;
    let text = schema.pointer(object)?.get(word)?.as_str()?;
    Some(text.to_owned())
}
