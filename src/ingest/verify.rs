//! Believing a sender: the only place that makes a `VerifiedRequest`.

pub mod entries;
pub mod hmac;
pub mod key;
pub mod stamp;

use jiff::Timestamp;
use secrecy::ExposeSecret;

use crate::config::{Endpoint, SecretString};
use crate::ingest::mask::Masks;
use crate::ingest::rejection::Rejection;
use crate::ingest::verify::hmac::HmacScheme;
use crate::ingest::verify::key::Keys;
use crate::model::event::Verdict;
use crate::model::request::RawRequest;
use crate::payload::Format;
use crate::source::declaration::{KeyPlace, Source, Verify};

/// A request whose sender proved itself (or whose endpoint says out loud that nobody has to).
#[derive(Debug)]
pub struct VerifiedRequest {
    request: RawRequest,
    verdict: Verdict,
}

impl VerifiedRequest {
    pub fn into_parts(self) -> (RawRequest, Verdict) {
        (self.request, self.verdict)
    }
}

/// A request that nobody vouches for, and why.
#[derive(Debug)]
pub struct Unproven {
    pub request: RawRequest,
    pub rejection: Rejection,
}

/// What an endpoint asks of its senders, with the keys decoded.
#[derive(Debug)]
pub struct Verifier {
    /// In order; the first whose signature or key is present decides. Empty: nothing is asked.
    schemes: Vec<Scheme>,
    /// The public URL as registered at the sender, without a query.
    url: String,
    accepts: Vec<Format>,
}

#[derive(Debug)]
enum Scheme {
    Hmac(Box<HmacScheme>),
    Key(KeyPlace, Keys),
    Basic(Keys),
    Bearer(Keys),
}

impl Verifier {
    /// Decodes the endpoint's secrets for each of the source's schemes.
    ///
    /// # Errors
    /// A sentence about an endpoint that could tell nobody apart: no scheme, or no secret that is a key of one.
    pub fn compile(source: &Source, endpoint: &Endpoint, url: String) -> Result<Self, String> {
        let secrets = endpoint.secrets.as_slice();
        let schemes: Vec<_> = match endpoint.unverified {
            true => Vec::new(),
            false => source
                .verify
                .iter()
                .filter_map(|it| Scheme::compile(it, secrets))
                .collect(),
        };
        if schemes.is_empty() && !endpoint.unverified {
            return Err(format!(
                "none of its secrets is a key as {} has them, so nothing could be verified; say verify = \"none\" if \
                 anybody may post here",
                source.title
            ));
        }
        Ok(Verifier {
            schemes,
            url,
            accepts: source.body.accepts.clone(),
        })
    }

    /// Whether anybody may post.
    pub fn is_open(&self) -> bool {
        self.schemes.is_empty()
    }

    /// Where this endpoint's senders put secrets and signatures.
    pub fn masks(&self) -> Masks {
        let mut masks = Masks::default();
        for scheme in &self.schemes {
            match scheme {
                Scheme::Hmac(hmac) => masks.headers.extend_from_slice(hmac.headers()),
                Scheme::Key(KeyPlace::Header(name), _) => masks.headers.push(name.clone()),
                Scheme::Key(KeyPlace::Query(name), _) => masks.query.push(name.clone()),
                Scheme::Key(KeyPlace::Field(_), _) | Scheme::Basic(_) | Scheme::Bearer(_) => {}
            }
        }
        masks
    }

    /// Fields of the body that hold keys.
    pub fn key_fields(&self) -> impl Iterator<Item = &String> {
        self.schemes.iter().filter_map(|scheme| match scheme {
            Scheme::Key(KeyPlace::Field(path), _) => Some(path),
            _ => None,
        })
    }

    /// Lets a request through, or says which check failed.
    ///
    /// # Errors
    /// The request with its rejection: `signature_missing`, `signature_mismatch`, `timestamp_out_of_range` or
    /// `key_invalid`.
    pub fn verify(
        &self,
        request: RawRequest,
        now: Timestamp,
    ) -> Result<VerifiedRequest, Box<Unproven>> {
        match self.judge(&request, now) {
            Ok(verdict) => Ok(VerifiedRequest { request, verdict }),
            Err(rejection) => Err(Box::new(Unproven { request, rejection })),
        }
    }

    fn judge(&self, request: &RawRequest, now: Timestamp) -> Result<Verdict, Rejection> {
        for scheme in &self.schemes {
            if let Some(answer) = self.ask(scheme, request, now) {
                return answer;
            }
        }
        match self.schemes.first() {
            Some(first) => Err(first.missing()),
            None => Ok(Verdict {
                scheme: "none".to_owned(),
                secret: None,
            }),
        }
    }

    /// What a scheme says; `None` when the request carries nothing for it.
    fn ask(
        &self,
        scheme: &Scheme,
        request: &RawRequest,
        now: Timestamp,
    ) -> Option<Result<Verdict, Rejection>> {
        let (name, found) = match scheme {
            Scheme::Hmac(hmac) => ("hmac", hmac.verify(request, &self.url, now)?),
            Scheme::Key(place, keys) => {
                let presented = key::find(place, request, &self.accepts)?;
                ("key", keys.check(presented.as_bytes()))
            }
            Scheme::Basic(keys) => ("basic", keys.check(&key::basic(request)?)),
            Scheme::Bearer(keys) => ("bearer", keys.check(key::bearer(request)?.as_bytes())),
        };
        Some(found.map(|secret| Verdict {
            scheme: name.to_owned(),
            secret: Some(secret),
        }))
    }
}

impl Scheme {
    /// `None` when not one of the secrets is a key of this scheme.
    fn compile(declared: &Verify, secrets: &[SecretString]) -> Option<Self> {
        if secrets.is_empty() {
            return None;
        }
        let secrets = secrets.iter().map(ExposeSecret::expose_secret);
        Some(match declared {
            Verify::Hmac(declared) => Scheme::Hmac(Box::new(HmacScheme::compile(
                (**declared).clone(),
                secrets,
            )?)),
            Verify::Key(place) => Scheme::Key(lower(place), Keys::of(secrets)),
            Verify::Basic => Scheme::Basic(Keys::of(secrets)),
            Verify::Bearer => Scheme::Bearer(Keys::of(secrets)),
        })
    }

    fn missing(&self) -> Rejection {
        match self {
            Scheme::Hmac(hmac) => hmac.missing(),
            Scheme::Key(KeyPlace::Header(name), _) => {
                Rejection::KeyInvalid(format!("the header {name} with the key is missing"))
            }
            Scheme::Key(KeyPlace::Query(name), _) => Rejection::KeyInvalid(format!(
                "the query parameter {name} with the key is missing"
            )),
            Scheme::Key(KeyPlace::Field(path), _) => Rejection::KeyInvalid(format!(
                "the field {path} with the key is missing in the body"
            )),
            Scheme::Basic(_) => Rejection::KeyInvalid(
                "the header Authorization with Basic credentials is missing".to_owned(),
            ),
            Scheme::Bearer(_) => Rejection::KeyInvalid(
                "the header Authorization with a Bearer token is missing".to_owned(),
            ),
        }
    }
}

fn lower(place: &KeyPlace) -> KeyPlace {
    match place {
        KeyPlace::Header(name) => KeyPlace::Header(name.to_ascii_lowercase()),
        other => other.clone(),
    }
}
