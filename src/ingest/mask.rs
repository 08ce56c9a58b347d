//! Secrets and signatures out of what is kept.

use crate::model::request::{Headers, RawRequest};
use crate::payload::form;

/// What stands in the place of a secret.
pub const MASK: &str = "***";

/// Headers that always carry a secret.
const SECRET: &[&str] = &["authorization", "proxy-authorization", "cookie"];
/// Parts of names of headers that usually do; only refusals go by them, for a mapping may need such a header.
const SUSPECT: &[&str] = &["signature", "token", "secret", "key", "hmac", "password"];

/// The places of an endpoint's secrets in a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Masks {
    /// In lower case.
    pub headers: Vec<String>,
    /// Query parameters.
    pub query: Vec<String>,
}

impl Masks {
    /// Masks a request that will be kept: what the source's scheme uses, and what is always secret.
    pub fn apply(&self, request: &mut RawRequest) {
        for (name, value) in &mut request.headers.0 {
            if SECRET.contains(&name.as_str()) || self.headers.contains(name) {
                MASK.clone_into(value);
            }
        }
        if !self.query.is_empty() {
            request.query = self.masked_query(&request.query);
        }
    }

    fn masked_query(&self, query: &str) -> String {
        let pairs: Vec<_> = query
            .split('&')
            .map(|pair| {
                let (encoded, _) = form::split(pair.as_bytes());
                let name = form::decode(encoded);
                match pair.split_once('=') {
                    Some((before, _)) if self.query.iter().any(|q| q.as_bytes() == &*name) => {
                        format!("{before}={MASK}")
                    }
                    _ => pair.to_owned(),
                }
            })
            .collect();
        pairs.join("&")
    }

    /// The headers of a request that was turned away: whatever may be a secret is masked.
    pub fn of_refusal(&self, headers: &Headers) -> Vec<(String, String)> {
        let masked = |name: &String| {
            SECRET.contains(&name.as_str())
                || self.headers.contains(name)
                || SUSPECT.iter().any(|part| name.contains(part))
        };
        headers
            .0
            .iter()
            .map(|(name, value)| match masked(name) {
                true => (name.clone(), MASK.to_owned()),
                false => (name.clone(), value.clone()),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Masks;
    use crate::model::request::Headers;

    #[test]
    fn masks_queries() {
        let masks = Masks {
            headers: Vec::new(),
            query: vec!["token".to_owned()],
        };
        for (query, expected) in [
            ("", ""),
            ("a=1&token=s3cret&b", "a=1&token=***&b"),
            ("t%6Fken=s3cret&token", "t%6Fken=***&token"),
            ("tokens=1", "tokens=1"),
        ] {
            assert_eq!(masks.masked_query(query), expected);
        }
    }

    #[test]
    fn masks_what_refusals_carry() {
        let headers = Headers::from([
            ("Authorization", "Bearer x"),
            ("X-Hub-Signature-256", "sha256=00"),
            ("X-Api-Key", "k"),
            ("X-Custom", "c"),
            ("User-Agent", "curl"),
        ]);
        let masks = Masks {
            headers: vec!["x-custom".to_owned()],
            query: Vec::new(),
        };
        let kept: Vec<_> = masks
            .of_refusal(&headers)
            .into_iter()
            .map(|(_, value)| value)
            .collect();
        assert_eq!(kept, ["***", "***", "***", "***", "curl"]);
    }
}
