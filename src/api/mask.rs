//! What people see of a request: whatever may be a secret or a signature is covered, whoever asks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::ingest::mask::MASK;

/// Parts of names that give a secret away. What the source's own scheme uses was masked before it was stored.
const TELLING: [&str; 11] = [
    "authorization",
    "cookie",
    "signature",
    "hmac",
    "secret",
    "token",
    "password",
    "api-key",
    "api_key",
    "apikey",
    "auth-key",
];

fn covered(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    TELLING.iter().any(|part| name.contains(part))
}

/// The value of a header as people may see it.
pub fn header(name: &str, value: &str) -> String {
    if covered(name) {
        MASK.to_owned()
    } else {
        value.to_owned()
    }
}

/// A query string as people may see it.
pub fn query(query: &str) -> String {
    query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, _)) if covered(name) => format!("{name}={MASK}"),
            _ => pair.to_owned(),
        })
        .collect::<Vec<_>>()
        .join("&")
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
    use super::{body, header, query};

    #[test]
    fn covers_what_may_be_a_secret() {
        for (name, expected) in [
            ("X-Hub-Signature-256", "***"),
            ("authorization", "***"),
            ("cookie", "***"),
            ("x-goog-channel-token", "***"),
            ("content-type", "v"),
            ("x-shopify-topic", "v"),
        ] {
            assert_eq!(header(name, "v"), expected, "{name}");
        }
        assert_eq!(query("page=2&api_key=3&flag"), "page=2&api_key=***&flag");
        assert_eq!(query(""), "");
    }

    #[test]
    fn bodies_that_are_not_text_are_base64() {
        assert_eq!(body(b"{}".to_vec()), ("{}".to_owned(), "utf-8"));
        assert_eq!(body(vec![0xff, 0x00]), ("/wA=".to_owned(), "base64"));
    }
}
