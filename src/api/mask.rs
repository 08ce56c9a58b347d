//! What people see of a request: secrets and signatures are covered, whoever asks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Stands where a secret was.
const COVER: &str = "***";

/// Parts of names that give a secret away, whatever the source.
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

/// Names of headers and query parameters that carry secrets or signatures of a source, in lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecretPlaces(pub Vec<String>);

impl SecretPlaces {
    fn covers(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        self.0.contains(&name) || TELLING.iter().any(|part| name.contains(part))
    }
}

/// The value of a header as people may see it.
pub fn header(name: &str, value: &str, secrets: &SecretPlaces) -> String {
    if secrets.covers(name) {
        COVER.to_owned()
    } else {
        value.to_owned()
    }
}

/// A query string as people may see it.
pub fn query(query: &str, secrets: &SecretPlaces) -> String {
    query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, _)) if secrets.covers(name) => format!("{name}={COVER}"),
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
    use super::{SecretPlaces, body, header, query};

    #[test]
    fn covers_what_proves_the_sender() {
        let secrets = SecretPlaces(vec!["x-shop-proof".to_owned(), "k".to_owned()]);
        for (name, expected) in [
            ("x-shop-proof", "***"),
            ("X-Hub-Signature-256", "***"),
            ("authorization", "***"),
            ("cookie", "***"),
            ("x-goog-channel-token", "***"),
            ("content-type", "v"),
            ("x-shopify-topic", "v"),
        ] {
            assert_eq!(header(name, "v", &secrets), expected, "{name}");
        }
        assert_eq!(
            query("k=1&page=2&api_key=3&flag", &secrets),
            "k=***&page=2&api_key=***&flag"
        );
    }

    #[test]
    fn bodies_that_are_not_text_are_base64() {
        assert_eq!(body(b"{}".to_vec()), ("{}".to_owned(), "utf-8"));
        assert_eq!(body(vec![0xff, 0x00]), ("/wA=".to_owned(), "base64"));
    }
}
