//! Secrets and signatures out of what is kept and what people see, by the names they go under.

use crate::payload::form;

/// What stands in the place of a secret.
pub const MASK: &str = "***";

/// Parts of names that give a secret away.
const TELLING: &[&str] = &[
    "authorization",
    "cookie",
    "signature",
    "hmac",
    "secret",
    "token",
    "password",
    "apikey",
];
/// Words that do so only when they stand alone: `x-api-key`, but not `keywords`.
const TELLING_WORDS: &[&str] = &["key", "sig", "auth"];

/// Whether a header or parameter of this name usually carries a secret.
pub fn is_telling(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    TELLING.iter().any(|part| name.contains(part))
        || name
            .split(|letter: char| !letter.is_ascii_alphanumeric())
            .any(|word| TELLING_WORDS.contains(&word))
}

/// A query string with the values of the parameters masked whose decoded name `is_secret`.
pub fn query(query: &str, is_secret: impl Fn(&str) -> bool) -> String {
    let pairs: Vec<_> = query
        .split('&')
        .map(|pair| {
            let (encoded, _) = form::split(pair.as_bytes());
            let name = form::decode(encoded);
            match pair.split_once('=') {
                Some((before, _)) if is_secret(&String::from_utf8_lossy(&name)) => {
                    format!("{before}={MASK}")
                }
                _ => pair.to_owned(),
            }
        })
        .collect();
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    use super::{is_telling, query};

    #[test]
    fn names_that_tell() {
        for (name, expected) in [
            ("X-Hub-Signature-256", true),
            ("authorization", true),
            ("Cookie", true),
            ("x-goog-channel-token", true),
            ("X-Api-Key", true),
            ("apikey", true),
            ("key", true),
            ("keywords", false),
            ("content-type", false),
            ("x-shopify-topic", false),
            ("author", false),
        ] {
            assert_eq!(is_telling(name), expected, "{name}");
        }
    }

    #[test]
    fn queries() {
        for (text, expected) in [
            ("", ""),
            ("a=1&token=s3cret&b", "a=1&token=***&b"),
            ("t%6Fken=s3cret&token", "t%6Fken=***&token"),
            ("page=2&api_key=3&flag", "page=2&api_key=***&flag"),
        ] {
            assert_eq!(query(text, is_telling), expected);
        }
    }
}
