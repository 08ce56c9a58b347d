//! Signing as a sender would: the inverse of `verify`, from the same declaration.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::Value;

use crate::ingest::verify::jwt;
use crate::ingest::verify::keys;
use crate::ingest::verify::signature::{Signable, needs_document};
use crate::ingest::verify::stamp::write_time;
use crate::model::request::Headers;
use crate::model::said::{Phrase, Said};
use crate::payload;
use crate::said;
use crate::source::declaration::{Encoding, KeyPlace, Signature, Source, Verify};

/// A request before it is signed.
#[derive(Debug)]
pub struct Unsigned<'a> {
    /// Upper case.
    pub method: &'a str,
    /// The public URL as the sender knows it, with its query.
    pub url: &'a str,
    /// Headers it has already, for schemes that sign some of them.
    pub headers: &'a Headers,
    pub body: &'a [u8],
    /// The sender's id of the delivery.
    pub id: &'a str,
    pub now: Timestamp,
}

/// What proves the sender.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signed {
    /// To be added to the request's.
    pub headers: Headers,
    /// A parameter to be added to the URL's query, already encoded: `token=s3cret`.
    pub query: Option<String>,
    /// The body to send instead, for sources whose key stands in it.
    pub body: Option<Vec<u8>>,
}

/// Why a request cannot be signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.said())]
pub enum SignError {
    Secret(Phrase),
    Body,
    Time(String),
}

impl SignError {
    /// The sentence about it.
    pub fn said(&self) -> Said {
        match self {
            SignError::Secret(why) => said!("sign-secret", "the secret {why}", why = *why),
            SignError::Body => said!(
                "sign-body",
                "the key of this source stands in the body, which is not a JSON object"
            ),
            SignError::Time(why) => said!(
                "sign-time",
                "the time cannot be written as this source writes it: {why}",
                why = why
            ),
        }
    }
}

/// Signs with the first scheme of the source that the secret can sign for; a source without any needs nothing.
///
/// # Errors
/// A secret that is no key of any of them, or a body that cannot take the key.
pub fn sign(source: &Source, secret: &str, request: &Unsigned<'_>) -> Result<Signed, SignError> {
    let mut refused = None;
    for scheme in &source.verify {
        match sign_as(source, scheme, secret, request) {
            Ok(signed) => return Ok(signed),
            Err(error) => {
                refused.get_or_insert(error);
            }
        }
    }
    refused.map_or_else(|| Ok(Signed::default()), Err)
}

/// Signs with one scheme of the source.
///
/// # Errors
/// A secret that is no key of it, or a body that cannot take the key.
pub fn sign_as(
    source: &Source,
    scheme: &Verify,
    secret: &str,
    request: &Unsigned<'_>,
) -> Result<Signed, SignError> {
    let mut signed = Signed::default();
    match scheme {
        Verify::Signature(declared) => {
            signed.headers = signature(source, declared, secret, request)?;
        }
        Verify::Jwt(declared) => {
            let token = jwt::sign(declared, secret, request.body);
            let name = declared.headers.first().map_or("", String::as_str);
            let value = match name {
                "authorization" => format!("Bearer {token}"),
                _ => token,
            };
            signed.headers = Headers(vec![(name.to_owned(), value)]);
        }
        Verify::Key(KeyPlace::Header(name)) => {
            signed.headers = Headers(vec![(name.to_ascii_lowercase(), secret.to_owned())]);
        }
        Verify::Key(KeyPlace::Query(name)) => {
            let query = form_urlencoded::Serializer::new(String::new())
                .append_pair(name, secret)
                .finish();
            signed.query = Some(query);
        }
        Verify::Key(KeyPlace::Field(path)) => {
            signed.body = Some(with_key(request.body, path, secret)?);
        }
        Verify::Basic => {
            signed.headers = authorization(&format!("Basic {}", STANDARD.encode(secret)));
        }
        Verify::Bearer => signed.headers = authorization(&format!("Bearer {secret}")),
    }
    Ok(signed)
}

fn authorization(value: &str) -> Headers {
    Headers::from([("authorization", value)])
}

fn signature(
    source: &Source,
    declared: &Signature,
    secret: &str,
    request: &Unsigned<'_>,
) -> Result<Headers, SignError> {
    let timestamp = match &declared.timestamp {
        Some(spec) => write_time(spec.unit, request.now).map_err(SignError::Time)?,
        None => String::new(),
    };
    let document = match needs_document(declared) {
        true => {
            let content_type = request.headers.get("content-type");
            payload::parse(&source.body.formats, content_type, request.body).ok()
        }
        false => None,
    };
    let what = Signable {
        id: request.id,
        timestamp: &timestamp,
        method: request.method,
        url: request.url,
        headers: request.headers,
        body: request.body,
        document: document.as_ref(),
    };
    let tag = keys::sign(declared, secret, &what).map_err(SignError::Secret)?;
    let signature = match declared.encoding {
        Encoding::Hex => hex::encode(tag),
        Encoding::Base64 => STANDARD.encode(tag),
    };
    let signature = format!("{}{signature}", declared.prefix);
    let value = match &declared.list {
        None => signature,
        Some(list) => {
            let entry = |name: &str, value: &str| format!("{name}{}{value}", list.assign);
            let stamp = list.timestamp.iter().map(|name| entry(name, &timestamp));
            let entries: Vec<_> = stamp.chain([entry(&list.signature, &signature)]).collect();
            entries.join(&list.separator)
        }
    };
    let stamped = declared
        .timestamp
        .iter()
        .flat_map(|spec| spec.headers.first());
    let headers = [
        (declared.headers.first(), value),
        (declared.id_headers.first(), request.id.to_owned()),
    ];
    Ok(Headers(
        headers
            .into_iter()
            .filter_map(|(name, value)| Some((name?.to_ascii_lowercase(), value)))
            .chain(stamped.map(|name| (name.to_ascii_lowercase(), timestamp.clone())))
            .chain(declared.given.iter().cloned())
            .collect(),
    ))
}

fn with_key(body: &[u8], path: &str, secret: &str) -> Result<Vec<u8>, SignError> {
    let mut document: Value = serde_json::from_slice(body).map_err(|_| SignError::Body)?;
    let mut place = &mut document;
    for part in path.split('.') {
        let object = place.as_object_mut().ok_or(SignError::Body)?;
        place = object
            .entry(part)
            .or_insert_with(|| Value::Object(serde_json::Map::new()));
    }
    *place = Value::from(secret);
    Ok(document.to_string().into_bytes())
}
