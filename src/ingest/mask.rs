//! Secrets and signatures out of what is kept.

use crate::model::request::{Headers, RawRequest};
use crate::payload::mask::{self, MASK, is_telling};

/// Headers that always carry a secret.
const SECRET: &[&str] = &["authorization", "proxy-authorization", "cookie"];

/// The places of an endpoint's secrets in a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Masks {
    /// In lower case.
    pub headers: Vec<String>,
    /// Query parameters.
    pub query: Vec<String>,
}

impl Masks {
    /// Masks a request that will be kept: what the source's scheme uses, and what is always secret. A name that only
    /// sounds like a secret stays, for a mapping may need such a header.
    pub fn apply(&self, request: &mut RawRequest) {
        for (name, value) in &mut request.headers.0 {
            if SECRET.contains(&name.as_str()) || self.headers.contains(name) {
                MASK.clone_into(value);
            }
        }
        if !self.query.is_empty() {
            let is_secret = |name: &str| self.query.iter().any(|secret| secret == name);
            request.query = mask::query(&request.query, is_secret);
        }
    }

    /// The headers of a request that was turned away: whatever may be a secret is masked.
    pub fn of_refusal(&self, headers: &Headers) -> Vec<(String, String)> {
        headers
            .0
            .iter()
            .map(
                |(name, value)| match is_telling(name) || self.headers.contains(name) {
                    true => (name.clone(), MASK.to_owned()),
                    false => (name.clone(), value.clone()),
                },
            )
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Masks;
    use crate::model::request::Headers;

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
