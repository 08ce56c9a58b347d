//! One way to prove oneself, with the endpoint's keys.

use jiff::Timestamp;
use secrecy::ExposeSecret;

use crate::config::SecretString;
use crate::ingest::mask::Masks;
use crate::ingest::rejection::Rejection;
use crate::ingest::verify::jwt::JwtScheme;
use crate::ingest::verify::key::{self, Keys};
use crate::ingest::verify::reading::Reading;
use crate::ingest::verify::signature::SignatureScheme;
use crate::said;
use crate::source::declaration::{KeyPlace, Verify};

/// A scheme of the source.
#[derive(Debug)]
pub enum Scheme {
    Signature(Box<SignatureScheme>),
    Jwt(JwtScheme),
    Key(KeyPlace, Keys),
    Basic(Keys),
    Bearer(Keys),
}

impl Scheme {
    /// `None` when not one of the secrets is a key of this scheme.
    pub fn compile(declared: &Verify, secrets: &[SecretString]) -> Option<Self> {
        if secrets.is_empty() {
            return None;
        }
        let secrets = secrets.iter().map(ExposeSecret::expose_secret);
        Some(match declared {
            Verify::Signature(declared) => Scheme::Signature(Box::new(SignatureScheme::compile(
                (**declared).clone(),
                secrets,
            )?)),
            Verify::Jwt(declared) => Scheme::Jwt(JwtScheme::new(declared, secrets)),
            Verify::Key(place) => Scheme::Key(lower(place), Keys::of(secrets)),
            Verify::Basic => Scheme::Basic(Keys::of(secrets)),
            Verify::Bearer => Scheme::Bearer(Keys::of(secrets)),
        })
    }

    /// `hmac`, for the verdict.
    pub fn name(&self) -> &'static str {
        match self {
            Scheme::Signature(signature) => signature.name(),
            Scheme::Jwt(_) => "jwt",
            Scheme::Key(..) => "key",
            Scheme::Basic(_) => "basic",
            Scheme::Bearer(_) => "bearer",
        }
    }

    /// Which secret the request proves to know; `None` when it carries nothing for this scheme.
    pub fn ask(
        &self,
        reading: &Reading<'_>,
        url: &str,
        now: Timestamp,
    ) -> Option<Result<usize, Rejection>> {
        let request = reading.request;
        match self {
            Scheme::Signature(signature) => signature.verify(reading, url, now),
            Scheme::Jwt(jwt) => jwt.verify(request, now),
            Scheme::Key(place, keys) => {
                let presented = key::find(place, reading)?;
                Some(keys.check(presented.as_bytes()))
            }
            Scheme::Basic(keys) => Some(keys.check(&key::basic(request)?)),
            Scheme::Bearer(keys) => Some(keys.check(key::bearer(request)?.as_bytes())),
        }
    }

    /// Adds the places of its secrets and signatures.
    pub fn mask(&self, masks: &mut Masks) {
        match self {
            Scheme::Signature(signature) => masks.headers.extend_from_slice(signature.headers()),
            Scheme::Jwt(jwt) => masks.headers.extend_from_slice(jwt.headers()),
            Scheme::Key(KeyPlace::Header(name), _) => masks.headers.push(name.clone()),
            Scheme::Key(KeyPlace::Query(name), _) => masks.query.push(name.clone()),
            Scheme::Key(KeyPlace::Field(_), _) | Scheme::Basic(_) | Scheme::Bearer(_) => {}
        }
    }

    /// The field of the body that holds its key.
    pub fn key_field(&self) -> Option<&String> {
        match self {
            Scheme::Key(KeyPlace::Field(path), _) => Some(path),
            _ => None,
        }
    }

    /// What a request without any proof lacks.
    pub fn missing(&self) -> Rejection {
        match self {
            Scheme::Signature(signature) => signature.missing(),
            Scheme::Jwt(jwt) => jwt.missing(),
            Scheme::Key(KeyPlace::Header(name), _) => Rejection::KeyInvalid(said!(
                "key-header",
                "the header {name} with the key is missing",
                name = name
            )),
            Scheme::Key(KeyPlace::Query(name), _) => Rejection::KeyInvalid(said!(
                "key-query",
                "the query parameter {name} with the key is missing",
                name = name
            )),
            Scheme::Key(KeyPlace::Field(path), _) => Rejection::KeyInvalid(said!(
                "key-field",
                "the field {path} with the key is missing in the body",
                path = path
            )),
            Scheme::Basic(_) => Rejection::KeyInvalid(said!(
                "key-basic",
                "the header Authorization with Basic credentials is missing"
            )),
            Scheme::Bearer(_) => Rejection::KeyInvalid(said!(
                "key-bearer",
                "the header Authorization with a Bearer token is missing"
            )),
        }
    }
}

fn lower(place: &KeyPlace) -> KeyPlace {
    match place {
        KeyPlace::Header(name) => KeyPlace::Header(name.to_ascii_lowercase()),
        other => other.clone(),
    }
}
