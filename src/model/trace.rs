//! The trace of a decision: a JSON document, written once when it is decided and carried as text.

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

/// A document that is stored and shown, and that nothing in the gateway looks into.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Trace(Box<RawValue>);

impl Trace {
    /// The document of `facts`; `null` for what has no JSON form.
    pub fn of(facts: &impl Serialize) -> Self {
        Trace(to_raw_value(facts).unwrap_or_else(|_| RawValue::NULL.to_owned()))
    }

    /// The JSON text.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }
}

impl PartialEq for Trace {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}
