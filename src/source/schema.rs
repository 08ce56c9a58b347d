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
pub struct Schemas(BTreeMap<String, Validator>);

impl Schemas {
    /// Compiles every schema of a source. Formats are checked; nothing is ever loaded from the network.
    ///
    /// # Errors
    /// Every schema that does not compile.
    pub fn compile(source: &Source) -> Result<Self, Vec<Problem>> {
        let mut validators = BTreeMap::new();
        let mut problems = Vec::new();
        for (name, schema) in &source.schemas {
            match jsonschema::options()
                .should_validate_formats(true)
                .build(schema)
            {
                Ok(validator) => {
                    validators.insert(name.clone(), validator);
                }
                Err(error) => problems.push(Problem {
                    file: format!("schemas/{}/{name}.json", source.name),
                    line: 0,
                    message: format!("is not a valid JSON Schema: {error}"),
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
        let Some(validator) = self.0.get(name) else {
            return Vec::new();
        };
        if validator.is_valid(document) {
            return Vec::new();
        }
        validator
            .iter_errors(document)
            .take(MAX_VIOLATIONS)
            .map(|error| Violation {
                path: error.instance_path().to_string(),
                message: error.masked().to_string(),
            })
            .collect()
    }
}
