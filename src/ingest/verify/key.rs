//! Plain keys: compared as hashes in constant time, so that neither length nor content shows.

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use sha2::{Digest, Sha256};
use subtle::{ConditionallySelectable, ConstantTimeEq};

use crate::ingest::rejection::Rejection;
use crate::ingest::verify::reading::{Reading, field};
use crate::model::request::RawRequest;
use crate::payload::form;
use crate::said;
use crate::source::declaration::KeyPlace;

/// Base64 with or without padding: senders' libraries differ.
pub const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The live keys of an endpoint, hashed.
pub struct Keys(Vec<[u8; 32]>);

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(…)")
    }
}

impl Keys {
    pub fn of<'a>(secrets: impl Iterator<Item = &'a str>) -> Self {
        Keys(
            secrets
                .map(|secret| Sha256::digest(secret).into())
                .collect(),
        )
    }

    /// Which of the keys was presented.
    ///
    /// # Errors
    /// `KeyInvalid` when none was.
    pub fn check(&self, presented: &[u8]) -> Result<usize, Rejection> {
        let presented: [u8; 32] = Sha256::digest(presented).into();
        let mut found = u64::MAX;
        for (position, key) in (0_u64..).zip(&self.0) {
            found.conditional_assign(&position, key.ct_eq(&presented));
        }
        usize::try_from(found)
            .ok()
            .filter(|position| *position < self.0.len())
            .ok_or_else(|| {
                Rejection::KeyInvalid(said!(
                    "key-not-ours",
                    "the key is none of this endpoint's secrets"
                ))
            })
    }
}

/// The key as the request presents it; `None` when it is not there.
pub fn find<'a>(place: &KeyPlace, reading: &'a Reading<'_>) -> Option<Cow<'a, str>> {
    match place {
        KeyPlace::Header(name) => reading.request.headers.get(name).map(Cow::Borrowed),
        KeyPlace::Query(name) => form::pairs(reading.request.query.as_bytes()).find_map(|pair| {
            let (encoded, value) = form::split(pair);
            (form::decode(encoded) == name.as_bytes()).then(|| {
                String::from_utf8_lossy(&form::decode(value))
                    .into_owned()
                    .into()
            })
        }),
        KeyPlace::Field(path) => field(reading.document(), path),
    }
}

/// `user:password` of RFC 7617.
pub fn basic(request: &RawRequest) -> Option<Vec<u8>> {
    BASE64.decode(credentials(request, "basic")?).ok()
}

/// The token of RFC 6750.
pub fn bearer(request: &RawRequest) -> Option<&str> {
    credentials(request, "bearer")
}

fn credentials<'a>(request: &'a RawRequest, scheme: &str) -> Option<&'a str> {
    let (named, credentials) = request
        .headers
        .get("authorization")?
        .trim()
        .split_once(' ')?;
    named
        .eq_ignore_ascii_case(scheme)
        .then(|| credentials.trim())
}
