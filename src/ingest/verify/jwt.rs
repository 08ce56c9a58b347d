//! JSON Web Tokens with a shared secret (RFC 7519, HS256), as senders of webhooks use them.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::ingest::rejection::Rejection;
use crate::ingest::verify::stamp::length;
use crate::model::request::RawRequest;
use crate::model::said::{self, Phrase, Said};
use crate::payload::json;
use crate::phrase;
use crate::said;
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
        f.debug_struct("JwtScheme")
            .field("declared", declared)
            .finish_non_exhaustive()
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
        Rejection::SignatureMissing(said!(
            "token-missing",
            "the header {names} with the signed token is missing",
            names = said::either(&self.declared.headers)
        ))
    }

    /// Which secret signed the token; `None` when the request has none.
    pub fn verify(&self, request: &RawRequest, now: Timestamp) -> Option<Result<usize, Rejection>> {
        let header = self
            .declared
            .headers
            .iter()
            .find_map(|name| request.headers.get(name))?;
        // `Authorization` may carry another scheme's proof.
        let token = Token::read(header)?;
        Some(self.check(&token, request, now))
    }

    fn check(
        &self,
        token: &Token<'_>,
        request: &RawRequest,
        now: Timestamp,
    ) -> Result<usize, Rejection> {
        let refused = |phrase: Phrase| Rejection::SignatureMismatch(phrase.into());
        // Only one algorithm is taken: a token must not choose how it is checked (RFC 8725 §3.1).
        match token.algorithm() {
            Some("HS256") => {}
            Some(_) => {
                return Err(refused(phrase!(
                    "token-not-hs256",
                    "the token is not signed with HS256"
                )));
            }
            None => {
                return Err(refused(phrase!(
                    "token-none",
                    "the token is not a JSON Web Token"
                )));
            }
        }
        let mut found = None;
        for (position, key) in self.keys.iter().enumerate() {
            if token.is_signed_by(key) {
                found.get_or_insert(position);
            }
        }
        let position = found.ok_or_else(|| {
            refused(phrase!(
                "token-foreign",
                "the token was not signed with this endpoint's secret"
            ))
        })?;
        self.check_claims(&token.claims, request, now)?;
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
            return Err(Rejection::SignatureMismatch(said!(
                "token-issuer",
                "the token's issuer is not {issuer}",
                issuer = format!("{issuer:?}")
            )));
        }
        if let Some(name) = &self.declared.body_claim {
            let hash = hex::encode(Sha256::digest(&request.body));
            let told = text(name).unwrap_or_default().to_ascii_lowercase();
            if !bool::from(hash.as_bytes().ct_eq(told.as_bytes())) {
                return Err(Rejection::SignatureMismatch(said!(
                    "token-other-body",
                    "the token was made for another body: its claim {name} is not this body's SHA-256",
                    name = name
                )));
            }
        }
        if let Some(end) = claims.get("exp").and_then(Value::as_i64)
            && end.saturating_add(LEEWAY) < now.as_second()
        {
            return Err(Rejection::TimestampOutOfRange(said!(
                "token-expired",
                "the token has expired"
            )));
        }
        Ok(())
    }
}

/// A token as it stands in a header, before anybody believed it.
pub struct Token<'t> {
    signed: &'t str,
    signature: Vec<u8>,
    head: Value,
    claims: Value,
}

impl<'t> Token<'t> {
    /// Reads what follows `Bearer ` or `JWT `, or stands alone; `None` when it has not the three parts of a token. Parts
    /// that are no documents say nothing.
    pub fn read(header: &'t str) -> Option<Self> {
        let token = bare(header);
        if token.split('.').count() != 3 {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (head, claims) = signed.split_once('.')?;
        Some(Token {
            signed,
            signature: URL_SAFE_NO_PAD.decode(signature).unwrap_or_default(),
            head: document(head).unwrap_or_default(),
            claims: document(claims).unwrap_or_default(),
        })
    }

    /// What it says that it is signed with.
    pub fn algorithm(&self) -> Option<&str> {
        self.head.get("alg").and_then(Value::as_str)
    }

    /// The text of a claim.
    pub fn claim(&self, name: &str) -> Option<&str> {
        self.claims.get(name).and_then(Value::as_str)
    }

    /// Whether this key signed it, with HS256.
    pub fn is_signed_by(&self, key: &[u8]) -> bool {
        tag(key, self.signed).is_some_and(|tag| tag.ct_eq(&self.signature).into())
    }

    /// How long ago it ended, in words; `None` when it did not.
    pub fn ended(&self, now: Timestamp) -> Option<Said> {
        let end = self.claims.get("exp").and_then(Value::as_i64)?;
        let ago = now.as_second().checked_sub(end)?;
        let ago = u64::try_from(ago).ok().filter(|ago| *ago > 0)?;
        Some(length(Duration::from_secs(ago)))
    }
}

/// A token as the sender would make it.
pub fn sign(declared: &Jwt, secret: &str, body: &[u8]) -> String {
    let mut claims = serde_json::Map::new();
    if let Some(issuer) = &declared.issuer {
        claims.insert("iss".to_owned(), Value::from(issuer.as_str()));
    }
    if let Some(name) = &declared.body_claim {
        claims.insert(name.clone(), Value::from(hex::encode(Sha256::digest(body))));
    }
    let encoded = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let head = encoded(serde_json::json!({"alg": "HS256", "typ": "JWT"}));
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
    json::parse(std::str::from_utf8(&bytes).ok()?).ok()
}

fn tag(key: &[u8], signed: &str) -> Option<Vec<u8>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(signed.as_bytes());
    Some(mac.finalize().into_bytes().to_vec())
}
