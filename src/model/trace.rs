//! The trace of a decision: a JSON document, written once when it is decided and carried as text.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// A JSON document as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace(String);

impl Trace {
    /// Writes facts down; those that have no JSON form become null.
    pub fn of(facts: &impl Serialize) -> Self {
        let text = serde_json::to_string(facts);
        Trace(text.unwrap_or_else(|_| "null".to_owned()))
    }

    /// Takes a document that is JSON already.
    pub fn written(text: String) -> Self {
        Trace(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for Trace {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let document: &RawValue =
            serde_json::from_str(&self.0).map_err(serde::ser::Error::custom)?;
        document.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Trace {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let document = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Trace(document.get().to_owned()))
    }
}
