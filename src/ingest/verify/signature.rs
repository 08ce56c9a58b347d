//! Signatures as declared: which header, what is signed, how it is written, how old it may be.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::Value;

use crate::ingest::rejection::Rejection;
use crate::ingest::verify::entries::Entries;
use crate::ingest::verify::key::BASE64;
use crate::ingest::verify::keys::Key;
use crate::ingest::verify::reading::{Reading, decoded_url, field, sorted_form};
use crate::ingest::verify::stamp;
use crate::model::request::Headers;
use crate::model::said::{self, Phrase};
use crate::phrase;
use crate::said;
use crate::source::declaration::{Encoding, Signature, SignatureKind, SignedPart};

/// A declared scheme with its keys.
#[derive(Debug)]
pub struct SignatureScheme {
    declared: Signature,
    /// With the positions of their secrets.
    keys: Vec<(usize, Key)>,
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
    /// The body as a document, for schemes that sign fields of it.
    pub document: Option<&'a Value>,
}

impl Signable<'_> {
    /// The bytes of one part.
    pub fn part<'a>(&'a self, part: &'a SignedPart, secret: &'a [u8]) -> Cow<'a, [u8]> {
        let owned = |text: Cow<'a, str>| match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        };
        match part {
            SignedPart::Literal(text) => Cow::Borrowed(text.as_bytes()),
            SignedPart::Body => Cow::Borrowed(self.body),
            SignedPart::BodyBase64 => Cow::Owned(STANDARD.encode(self.body).into_bytes()),
            SignedPart::Secret => Cow::Borrowed(secret),
            SignedPart::Field(path) => owned(field(self.document, path).unwrap_or_default()),
            SignedPart::SortedForm => Cow::Owned(sorted_form(self.body)),
            SignedPart::Id => Cow::Borrowed(self.id.as_bytes()),
            SignedPart::Timestamp => Cow::Borrowed(self.timestamp.as_bytes()),
            SignedPart::Method => Cow::Borrowed(self.method.as_bytes()),
            SignedPart::Url => Cow::Borrowed(self.url.as_bytes()),
            SignedPart::UrlDecoded => owned(decoded_url(self.url)),
            SignedPart::Header(name) => {
                Cow::Borrowed(self.headers.get(name).unwrap_or_default().as_bytes())
            }
        }
    }

    /// All parts after one another.
    pub fn message(&self, signed: &[SignedPart], secret: &[u8]) -> Vec<u8> {
        let parts: Vec<_> = signed.iter().map(|part| self.part(part, secret)).collect();
        parts.concat()
    }
}

/// Whether a scheme signs fields of the body.
pub fn needs_document(declared: &Signature) -> bool {
    let is_field = |part: &SignedPart| matches!(part, SignedPart::Field(_));
    declared.signed.iter().any(is_field)
}

impl SignatureScheme {
    /// Reads the secrets; those that are no keys are left out, `None` when that is all.
    pub fn compile<'a>(
        mut declared: Signature,
        secrets: impl Iterator<Item = &'a str>,
    ) -> Option<Self> {
        let stamps = declared
            .timestamp
            .iter_mut()
            .flat_map(|spec| &mut spec.headers);
        let given = declared.given.iter_mut().map(|(name, _)| name);
        let names = declared.headers.iter_mut().chain(&mut declared.id_headers);
        names
            .chain(stamps)
            .chain(given)
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
        (!keys.is_empty()).then_some(SignatureScheme { declared, keys })
    }

    /// Names under which the signature may come.
    pub fn headers(&self) -> &[String] {
        &self.declared.headers
    }

    /// `hmac`, for the verdict.
    pub fn name(&self) -> &'static str {
        match self.declared.kind {
            SignatureKind::Hmac(_) => "hmac",
            SignatureKind::Digest(_) => "digest",
            SignatureKind::Ed25519 => "ed25519",
            SignatureKind::Rsa => "rsa",
        }
    }

    pub fn missing(&self) -> Rejection {
        Rejection::SignatureMissing(said!(
            "signature-missing",
            "the header {names} with the signature is missing",
            names = said::either(&self.declared.headers)
        ))
    }

    /// Which secret made the signature; `None` when the request has no signature of this scheme.
    ///
    /// `url` is the public URL without its query.
    pub fn verify(
        &self,
        reading: &Reading<'_>,
        url: &str,
        now: Timestamp,
    ) -> Option<Result<usize, Rejection>> {
        let declared = &self.declared;
        let headers = &reading.request.headers;
        let meant = |(name, value): &(String, String)| {
            headers.get(name).is_some_and(|told| told.trim() == value)
        };
        if !declared.given.iter().all(meant) {
            return None;
        }
        let found = present(&declared.headers, headers);
        if found.is_empty() {
            return None;
        }
        let mut refused = None;
        for signature in found {
            match self.check(reading, url, now, signature) {
                Ok(position) => return Some(Ok(position)),
                Err(rejection) => {
                    refused.get_or_insert(rejection);
                }
            }
        }
        refused.map(Err)
    }

    fn check(
        &self,
        reading: &Reading<'_>,
        url: &str,
        now: Timestamp,
        (name, header): (&str, &str),
    ) -> Result<usize, Rejection> {
        let declared = &self.declared;
        let request = reading.request;
        let entries = Entries::read(declared, name, header)?;
        let timestamp = match &declared.timestamp {
            Some(spec) => {
                let text = match entries.timestamp {
                    Some(text) => text,
                    None => needed(
                        &spec.headers,
                        &request.headers,
                        phrase!("part-timestamp", "timestamp"),
                    )?,
                };
                stamp::check(spec, text, now)?;
                text
            }
            None => "",
        };
        let id = match declared.signed.contains(&SignedPart::Id) {
            true => needed(
                &declared.id_headers,
                &request.headers,
                phrase!("part-id", "id"),
            )?,
            false => "",
        };
        let document = match needs_document(declared) {
            true => reading.document(),
            false => None,
        };
        let what = Signable {
            id,
            timestamp,
            method: &request.method,
            url: &with_query(url, &request.query),
            headers: &request.headers,
            body: &request.body,
            document,
        };
        check_fields(declared, &what)?;
        let presented: Vec<_> = entries
            .signatures
            .iter()
            .filter_map(|text| decode(declared.encoding, text))
            .collect();
        for (position, key) in &self.keys {
            if key.made_any(declared, &what, &presented) {
                return Ok(*position);
            }
        }
        Err(mismatch(declared, name, presented.is_empty()))
    }
}

/// A signed field must be there: two requests without it would have one signature.
fn check_fields(declared: &Signature, what: &Signable<'_>) -> Result<(), Rejection> {
    for part in &declared.signed {
        if let SignedPart::Field(path) = part
            && field(what.document, path).is_none()
        {
            return Err(Rejection::SignatureMismatch(said!(
                "field-signed",
                "the signature covers the field {path}, which the body does not have",
                path = path
            )));
        }
    }
    Ok(())
}

fn mismatch(declared: &Signature, name: &str, unreadable: bool) -> Rejection {
    Rejection::SignatureMismatch(if unreadable {
        let how = match declared.encoding {
            Encoding::Hex => phrase!("hex", "hexadecimal"),
            Encoding::Base64 => phrase!("base64", "base64"),
        };
        said!(
            "signature-not",
            "the signature in {name} is not {how}",
            name = name,
            how = how
        )
    } else {
        said!(
            "signature-other",
            "the signature in {name} was not made with this endpoint's secret over this request: the secret differs, \
             or something between the sender and the gateway changed the body",
            name = name
        )
    })
}

/// Those of `names` that the request has: a sender that rotates keys may send two.
fn present<'a>(names: &'a [String], headers: &'a Headers) -> Vec<(&'a str, &'a str)> {
    names
        .iter()
        .filter_map(|name| headers.get(name).map(|value| (name.as_str(), value)))
        .collect()
}

fn needed<'a>(
    names: &'a [String],
    headers: &'a Headers,
    what: Phrase,
) -> Result<&'a str, Rejection> {
    names
        .iter()
        .find_map(|name| headers.get(name))
        .ok_or_else(|| {
            Rejection::SignatureMissing(said!(
                "part-missing",
                "the header {names} with the signed {what} is missing",
                names = said::either(names),
                what = what
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
