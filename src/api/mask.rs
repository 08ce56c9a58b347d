//! What people see of a request: whatever may be a secret or a signature is covered, whoever asks.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::payload::mask::{self, MASK, is_telling};

/// Headers as people may see them: name → values.
pub fn headers(pairs: Vec<(String, String)>) -> BTreeMap<String, Vec<String>> {
    let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in pairs {
        let shown = match is_telling(&name) {
            true => MASK.to_owned(),
            false => value,
        };
        headers.entry(name).or_default().push(shown);
    }
    headers
}

/// A query string as people may see it.
pub fn query(query: &str) -> String {
    mask::query(query, is_telling)
}

/// A body as JSON can carry it, and how: `utf-8` or `base64`.
pub fn body(bytes: Vec<u8>) -> (String, &'static str) {
    match String::from_utf8(bytes) {
        Ok(text) => (text, "utf-8"),
        Err(error) => (STANDARD.encode(error.as_bytes()), "base64"),
    }
}

#[cfg(test)]
mod tests {
    use super::{body, headers};

    #[test]
    fn covers_what_may_be_a_secret() {
        let pairs = [("x-key", "a"), ("x-topic", "b"), ("x-topic", "c")];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let shown = headers(pairs.into());
        assert_eq!(shown["x-key"], ["***"]);
        assert_eq!(shown["x-topic"], ["b", "c"]);
    }

    #[test]
    fn bodies_that_are_not_text_are_base64() {
        assert_eq!(body(b"{}".to_vec()), ("{}".to_owned(), "utf-8"));
        assert_eq!(body(vec![0xff, 0x00]), ("/wA=".to_owned(), "base64"));
    }
}
