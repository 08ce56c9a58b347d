//! Signatures by HMAC, as declared: which header, what is signed, how it is written, how old it may be.

use std::borrow::Cow;

use base64::Engine;
use hmac::{Hmac as Mac1, KeyInit, Mac};
use jiff::Timestamp;
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use subtle::{Choice, ConstantTimeEq};

use crate::ingest::rejection::Rejection;
use crate::ingest::verify::entries::Entries;
use crate::ingest::verify::key::BASE64;
use crate::ingest::verify::stamp;
use crate::model::request::{Headers, RawRequest};
use crate::source::declaration::{Algorithm, Encoding, Hmac, KeyForm, SignedPart};

/// A declared scheme with its keys.
#[derive(Debug)]
pub struct HmacScheme {
    declared: Hmac,
    /// With the positions of their secrets.
    keys: Vec<(usize, Key)>,
}

/// A key, already fed to the hash: copying it is cheaper than starting over.
#[derive(Clone)]
pub enum Key {
    Sha1(Mac1<Sha1>),
    Sha256(Mac1<Sha256>),
    Sha512(Mac1<Sha512>),
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

/// What a signature may cover.
#[derive(Debug)]
pub struct Signable<'a> {
    pub id: &'a str,
    pub timestamp: &'a str,
    pub method: &'a str,
    pub url: &'a str,
    pub headers: &'a Headers,
    pub body: &'a [u8],
}

impl Signable<'_> {
    fn part<'a>(&'a self, part: &'a SignedPart) -> &'a [u8] {
        match part {
            SignedPart::Literal(text) => text.as_bytes(),
            SignedPart::Body => self.body,
            SignedPart::Id => self.id.as_bytes(),
            SignedPart::Timestamp => self.timestamp.as_bytes(),
            SignedPart::Method => self.method.as_bytes(),
            SignedPart::Url => self.url.as_bytes(),
            SignedPart::Header(name) => self.headers.get(name).unwrap_or_default().as_bytes(),
        }
    }
}

impl Key {
    /// Reads a secret as the scheme declares it.
    ///
    /// # Errors
    /// A sentence when it does not decode. It does not repeat the secret.
    pub fn read(declared: &Hmac, secret: &str) -> Result<Self, String> {
        let text = secret.strip_prefix(&declared.key_prefix).unwrap_or(secret);
        let bytes = match declared.key {
            KeyForm::Text => text.as_bytes().to_vec(),
            KeyForm::Base64 => BASE64
                .decode(text.trim())
                .map_err(|_| "is not base64, which this source's secrets are".to_owned())?,
            KeyForm::Hex => hex::decode(text.trim())
                .map_err(|_| "is not hexadecimal, which this source's secrets are".to_owned())?,
        };
        if bytes.is_empty() {
            return Err("is empty".to_owned());
        }
        let refused = |_| "cannot be used as a key".to_owned();
        Ok(match declared.algorithm {
            Algorithm::Sha1 => Key::Sha1(Mac1::new_from_slice(&bytes).map_err(refused)?),
            Algorithm::Sha256 => Key::Sha256(Mac1::new_from_slice(&bytes).map_err(refused)?),
            Algorithm::Sha512 => Key::Sha512(Mac1::new_from_slice(&bytes).map_err(refused)?),
        })
    }

    /// The signature's bytes over the declared parts.
    pub fn sign(&self, signed: &[SignedPart], what: &Signable<'_>) -> Vec<u8> {
        fn over<M: Mac>(mut mac: M, signed: &[SignedPart], what: &Signable<'_>) -> Vec<u8> {
            for part in signed {
                mac.update(what.part(part));
            }
            mac.finalize().into_bytes().to_vec()
        }
        match self {
            Key::Sha1(mac) => over(mac.clone(), signed, what),
            Key::Sha256(mac) => over(mac.clone(), signed, what),
            Key::Sha512(mac) => over(mac.clone(), signed, what),
        }
    }
}

impl HmacScheme {
    /// Reads the secrets; those that do not decode are left out, `None` when that is all.
    pub fn compile<'a>(mut declared: Hmac, secrets: impl Iterator<Item = &'a str>) -> Option<Self> {
        let stamps = declared
            .timestamp
            .iter_mut()
            .flat_map(|spec| &mut spec.headers);
        let names = declared.headers.iter_mut().chain(&mut declared.id_headers);
        names
            .chain(stamps)
            .for_each(|name| name.make_ascii_lowercase());
        for part in &mut declared.signed {
            if let SignedPart::Header(name) = part {
                name.make_ascii_lowercase();
            }
        }
        let keys: Vec<_> = secrets
            .enumerate()
            .filter_map(|(position, secret)| Some((position, Key::read(&declared, secret).ok()?)))
            .collect();
        (!keys.is_empty()).then_some(HmacScheme { declared, keys })
    }

    /// Names under which the signature may come.
    pub fn headers(&self) -> &[String] {
        &self.declared.headers
    }

    pub fn missing(&self) -> Rejection {
        Rejection::SignatureMissing(format!(
            "the header {} with the signature is missing",
            self.declared.headers.join(" or ")
        ))
    }

    /// Which secret made the signature; `None` when the request has no signature header.
    ///
    /// `url` is the public URL without its query.
    pub fn verify(
        &self,
        request: &RawRequest,
        url: &str,
        now: Timestamp,
    ) -> Option<Result<usize, Rejection>> {
        let declared = &self.declared;
        let (name, header) = first(&declared.headers, &request.headers)?;
        Some(self.check(request, url, now, (name, header)))
    }

    fn check(
        &self,
        request: &RawRequest,
        url: &str,
        now: Timestamp,
        (name, header): (&str, &str),
    ) -> Result<usize, Rejection> {
        let declared = &self.declared;
        let entries = Entries::read(declared, name, header)?;
        let timestamp = match &declared.timestamp {
            Some(spec) => {
                let text = match entries.timestamp {
                    Some(text) => text,
                    None => needed(&spec.headers, &request.headers, "timestamp")?,
                };
                stamp::check(spec, text, now)?;
                text
            }
            None => "",
        };
        let id = match declared.signed.contains(&SignedPart::Id) {
            true => needed(&declared.id_headers, &request.headers, "id")?,
            false => "",
        };
        let what = Signable {
            id,
            timestamp,
            method: &request.method,
            url: &with_query(url, &request.query),
            headers: &request.headers,
            body: &request.body,
        };
        let presented: Vec<_> = entries
            .signatures
            .iter()
            .filter_map(|text| decode(declared.encoding, text))
            .collect();
        for (position, key) in &self.keys {
            let expected = key.sign(&declared.signed, &what);
            let matches = presented.iter().fold(Choice::from(0), |any, signature| {
                any | expected.as_slice().ct_eq(signature)
            });
            if matches.into() {
                return Ok(*position);
            }
        }
        Err(mismatch(declared, name, presented.is_empty()))
    }
}

fn mismatch(declared: &Hmac, name: &str, unreadable: bool) -> Rejection {
    Rejection::SignatureMismatch(if unreadable {
        let encoding = match declared.encoding {
            Encoding::Hex => "hexadecimal",
            Encoding::Base64 => "base64",
        };
        format!("the signature in {name} is not {encoding}")
    } else {
        format!(
            "the signature in {name} was not made with this endpoint's secret over this request: the secret differs, \
             or something between the sender and the gateway changed the body"
        )
    })
}

/// The first of `names` that the request has.
fn first<'a>(names: &'a [String], headers: &'a Headers) -> Option<(&'a str, &'a str)> {
    names
        .iter()
        .find_map(|name| headers.get(name).map(|value| (name.as_str(), value)))
}

fn needed<'a>(names: &'a [String], headers: &'a Headers, what: &str) -> Result<&'a str, Rejection> {
    first(names, headers)
        .map(|(_, value)| value)
        .ok_or_else(|| {
            let names = names.join(" or ");
            Rejection::SignatureMissing(format!(
                "the header {names} with the signed {what} is missing"
            ))
        })
}

fn with_query<'a>(url: &'a str, query: &str) -> Cow<'a, str> {
    match query {
        "" => Cow::Borrowed(url),
        query => Cow::Owned(format!("{url}?{query}")),
    }
}

fn decode(encoding: Encoding, text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    match encoding {
        Encoding::Hex => hex::decode(text).ok(),
        Encoding::Base64 => BASE64.decode(text).ok(),
    }
    .filter(|bytes| !bytes.is_empty())
}
