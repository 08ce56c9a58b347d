//! JSON bodies.

use serde_json::Value;

use crate::payload::ParseError;

/// Parses strictly (RFC 8259); numbers keep their text, members their order; of a repeated key the last counts.
///
/// # Errors
/// `Malformed` with line and column.
pub fn parse(body: &[u8]) -> Result<Value, ParseError> {
    serde_json::from_slice(body)
        .map_err(|error| ParseError::Malformed(format!("the body is not valid JSON: {error}")))
}
