//! Sample events, rendered: what `send` posts and the demo plays.

use std::collections::BTreeMap;

use jiff::Timestamp;
use minijinja::Value;
use uuid::Uuid;

use crate::expr::scope::Scope;
use crate::expr::{FormulaError, render};
use crate::said;
use crate::source::declaration::Sample;

/// A sample with its blanks filled in; not signed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    pub event: String,
    pub body: String,
    pub content_type: String,
    /// Header names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The answers of the sender's API, where the event is thin.
    pub fetched: Vec<String>,
}

impl Sample {
    /// Fills in the blanks: `n` counts the events of a run, `now` is their time and `uuid` is fresh for each.
    /// The same three give the same event.
    ///
    /// # Errors
    /// Which template fails, and why.
    pub fn render(&self, n: u64, now: Timestamp, uuid: Uuid) -> Result<Rendered, FormulaError> {
        let scope = Scope::new([
            ("n", Value::from(n)),
            ("now", Value::from(now.to_string())),
            ("unix", Value::from(now.as_second())),
            ("uuid", Value::from(uuid.to_string())),
        ]);
        let fill = |what: &str, template: &str| {
            render(template, &scope).map_err(|error| {
                FormulaError::from(said!(
                    "template-fails",
                    "the template of the {what} fails: {error}",
                    what = what,
                    error = *error.0
                ))
            })
        };
        let mut headers = BTreeMap::new();
        for (name, template) in &self.headers {
            headers.insert(name.clone(), fill(&format!("header {name}"), template)?);
        }
        Ok(Rendered {
            event: self.event.clone(),
            body: fill("body", &self.body)?,
            content_type: self.content_type.clone(),
            headers,
            fetched: self
                .fetched
                .iter()
                .map(|template| fill("fetched answer", template))
                .collect::<Result<_, _>>()?,
        })
    }
}
