//! JSON Web Tokens with a shared secret (RFC 7519, HS256), as senders of webhooks use them.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::ingest::rejection::Rejection;
use crate::model::request::RawRequest;
use crate::source::declaration::Jwt;

/// Seconds that clocks may differ where a token says when it ends.
const LEEWAY: i64 = 300;

/// A declared token with its keys.
pub struct JwtScheme {
    declared: Jwt,
    /// The secrets, as bytes.
    keys: Vec<Vec<u8>>,
}

impl fmt::Debug for JwtScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let declared = &self.declared;
        f.debug_struct("JwtScheme").field("declared", declared).finish_non_exhaustive()
    }
}

impl JwtScheme {
    pub fn new<'a>(declared: &Jwt, secrets: impl Iterator<Item = &'a str>) -> Self {
        JwtScheme {
            declared: declared.clone(),
            keys: secrets.map(|secret| secret.as_bytes().to_vec()).collect(),
        }
    }

    pub fn headers(&self) -> &[String] {
        &self.declared.headers
    }

    pub fn missing(&self) -> Rejection {
        Rejection::SignatureMissing(format!(
            "the header {} with the signed token is missing",
            self.declared.headers.join(" or ")
        ))
    }

    /// Which secret signed the token; `None` when the request has none.
    pub fn verify(&self, request: &RawRequest, now: Timestamp) -> Option<Result<usize, Rejection>> {
        let token = self
            .declared
            .headers
            .iter()
            .find_map(|name| request.headers.get(name))?;
        let token = bare(token);
        // `Authorization` may carry another scheme's proof.
        if token.split('.').count() != 3 {
            return None;
        }
        Some(self.check(token, request, now))
    }

    fn check(&self, token: &str, request: &RawRequest, now: Timestamp) -> Result<usize, Rejection> {
        let refused = |sentence: &str| Rejection::SignatureMismatch(sentence.to_owned());
        let unreadable = || refused("the token is not a JSON Web Token");
        let (signed, signature) = token.rsplit_once('.').ok_or_else(unreadable)?;
        let (head, claims) = signed.split_once('.').ok_or_else(unreadable)?;
        let signature = URL_SAFE_NO_PAD
            .decode(signature)
            .map_err(|_| unreadable())?;
        let head = document(head).ok_or_else(unreadable)?;
        // Only one algorithm is taken: a token must not choose how it is checked (RFC 8725 §3.1).
        if head.get("alg").and_then(Value::as_str) != Some("HS256") {
            return Err(refused("the token is not signed with HS256"));
        }
        let mut found = None;
        for (position, key) in self.keys.iter().enumerate() {
            if tag(key, signed).is_some_and(|tag| tag.ct_eq(&signature).into()) {
                found.get_or_insert(position);
            }
        }
        let position =
            found.ok_or_else(|| refused("the token was not signed with this endpoint's secret"))?;
        let claims = document(claims).ok_or_else(unreadable)?;
        self.check_claims(&claims, request, now)?;
        Ok(position)
    }

    fn check_claims(
        &self,
        claims: &Value,
        request: &RawRequest,
        now: Timestamp,
    ) -> Result<(), Rejection> {
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        if let Some(issuer) = &self.declared.issuer
            && text("iss") != Some(issuer)
        {
            return Err(Rejection::SignatureMismatch(format!(
                "the token's issuer is not {issuer:?}"
            )));
        }
        if let Some(name) = &self.declared.body_claim {
            let hash = hex::encode(Sha256::digest(&request.body));
            let told = text(name).unwrap_or_default().to_ascii_lowercase();
            if !bool::from(hash.as_bytes().ct_eq(told.as_bytes())) {
                return Err(Rejection::SignatureMismatch(format!(
                    "the token was made for another body: its claim {name} is not this body's SHA-256"
                )));
            }
        }
        if let Some(end) = claims.get("exp").and_then(Value::as_i64)
            && end.saturating_add(LEEWAY) < now.as_second()
        {
            return Err(Rejection::TimestampOutOfRange(
                "the token has expired".to_owned(),
            ));
        }
        Ok(())
    }
}

/// A token as the sender would make it.
pub fn sign(declared: &Jwt, secret: &str, body: &[u8]) -> String {
    let mut claims = serde_json::Map::new();
    if let Some(issuer) = &declared.issuer {
        claims.insert("iss".to_owned(), json!(issuer));
    }
    if let Some(name) = &declared.body_claim {
        claims.insert(name.clone(), json!(hex::encode(Sha256::digest(body))));
    }
    let encoded = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let head = encoded(json!({"alg": "HS256", "typ": "JWT"}));
    let signed = format!("{head}.{}", encoded(Value::Object(claims)));
    let signature = URL_SAFE_NO_PAD.encode(tag(secret.as_bytes(), &signed).unwrap_or_default());
    format!("{signed}.{signature}")
}

fn bare(header: &str) -> &str {
    let header = header.trim();
    match header.split_once(' ') {
        Some((scheme, token))
            if scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("jwt") =>
        {
            token.trim()
        }
        _ => header,
    }
}

fn document(part: &str) -> Option<Value> {
    let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn tag(key: &[u8], signed: &str) -> Option<Vec<u8>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(signed.as_bytes());
    Some(mac.finalize().into_bytes().to_vec())
}
