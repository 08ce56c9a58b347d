//! A signature that does not fit: what it would fit.

use jiff::Timestamp;

use crate::ingest::explain::search::Search;
use crate::ingest::explain::{Case, Explained, bodies, secrets, shape, urls};
use crate::ingest::rejection::Rejection;
use crate::ingest::verify::signature::{Signable, SignatureScheme, needs_document};
use crate::ingest::verify::stamp;
use crate::model::event::Note;
use crate::model::request::Headers;
use crate::model::said::{self, Phrase, Said};
use crate::phrase;
use crate::said;
use crate::source::declaration::{
    Algorithm, Signature, SignatureKind, SignedPart, TimeUnit, TimestampSpec,
};

/// Bodies beyond this size are not written anew.
const MENDED: usize = 64 * 1024;

/// What was the matter; `None` when the request has no signature of this scheme.
pub fn explain(case: &Case<'_>, declared: &Signature) -> Option<Explained> {
    let headers = &case.request().headers;
    let is_given = |(name, value): &(String, String)| {
        headers.get(name).is_some_and(|told| told.trim() == value)
    };
    if !declared.given.iter().all(is_given) {
        return None;
    }
    let (name, header) = declared
        .headers
        .iter()
        .find_map(|name| Some((name, headers.get(name)?)))?;
    let shape = shape::look(declared, name, header);
    let mut notes = shape.notes;
    let timestamp = shape
        .timestamp
        .or_else(|| {
            first(
                headers,
                declared
                    .timestamp
                    .as_ref()
                    .map_or(&[], |spec| &spec.headers),
            )
        })
        .unwrap_or_default();
    if let Some(spec) = &declared.timestamp {
        notes.extend(clock(case, spec, &timestamp));
    }
    let id = first(headers, &declared.id_headers).unwrap_or_default();
    notes.extend(missing_parts(declared, &id, &timestamp));
    let is_meant = shape.is_declared;
    let is_keyed = has_key(case, declared);
    if shape.presented.is_empty() {
        return Some(Explained {
            is_meant,
            is_keyed,
            notes,
        });
    }
    let url = urls::with_query(&case.own.url, &case.request().query);
    let what = Signable {
        id: &id,
        timestamp: &timestamp,
        method: &case.request().method,
        url: &url,
        headers,
        body: &case.request().body,
        document: match needs_document(declared) {
            true => case.reading.document(),
            false => None,
        },
    };
    let search = Search::new(shape.presented);
    let found = Attempts {
        case,
        declared,
        search: &search,
        what,
    }
    .all();
    notes.push(match found {
        Some(note) => note,
        None if is_meant && !is_keyed => no_key(declared, name),
        None if search.was_thorough() => Note::new(
            "unexplained",
            said!(
                "unexplained",
                "nothing that was tried makes the signature fit: most likely the sender has another secret"
            ),
        ),
        None => Note::new(
            "unexplained",
            said!(
                "too-large-to-try",
                "the body is too large to try much: compare the secrets first"
            ),
        ),
    });
    Some(Explained {
        is_meant,
        is_keyed,
        notes,
    })
}

struct Attempts<'a> {
    case: &'a Case<'a>,
    declared: &'a Signature,
    search: &'a Search,
    what: Signable<'a>,
}

impl Attempts<'_> {
    /// The first attempt that fits, likely ones first.
    fn all(&self) -> Option<Note> {
        self.as_it_is()
            .or_else(|| self.spelled_otherwise())
            .or_else(|| self.foreign())
            .or_else(|| self.other_urls())
            .or_else(|| self.mended_bodies())
            .or_else(|| self.other_parts())
            .or_else(|| self.other_algorithms())
    }

    /// With every secret of this endpoint: what is different is told by the caller.
    fn with_own(&self, declared: &Signature, what: &Signable<'_>) -> bool {
        self.case
            .secrets()
            .any(|secret| self.search.fits(declared, secret, what))
    }

    fn as_it_is(&self) -> Option<Note> {
        let fits = self.with_own(self.declared, &self.what);
        let sentence = match self.case.rejection {
            Rejection::TimestampOutOfRange(_) => phrase!(
                "right-but-time",
                "the signature is right: only its time is not. An old request was sent again, or a clock is wrong"
            ),
            _ => phrase!(
                "right-but-form",
                "the signature itself is right: only the way it is written is not what this source sends"
            ),
        };
        fits.then(|| Note::new("right_otherwise", sentence))
    }

    fn spelled_otherwise(&self) -> Option<Note> {
        for secret in self.case.secrets() {
            for (declared, spelled, sentence) in secrets::spellings(self.declared, secret) {
                if self.search.fits(&declared, &spelled, &self.what) {
                    return Some(Note::new("secret_spelling", sentence));
                }
            }
        }
        None
    }

    fn foreign(&self) -> Option<Note> {
        self.case
            .foreign()
            .find(|(secret, _)| self.search.fits(self.declared, secret, &self.what))
            .map(|(_, foreign)| foreign.made_it())
    }

    fn other_urls(&self) -> Option<Note> {
        let covers = |part: &SignedPart| matches!(part, SignedPart::Url | SignedPart::UrlDecoded);
        if !self.declared.signed.iter().any(covers) {
            return None;
        }
        let request = self.case.request();
        let signed = urls::variants(&self.case.own.url, &request.query, &request.headers)
            .into_iter()
            .find(|url| {
                self.with_own(
                    self.declared,
                    &Signable {
                        url: url.as_str(),
                        ..self.what
                    },
                )
            })?;
        Some(Note::new(
            "url",
            said!(
                "other-url",
                "it was signed for the URL {signed}, and {expected} is expected: correct it at the sender, or \
                 server.public_url",
                signed = signed,
                expected = self.what.url
            ),
        ))
    }

    fn mended_bodies(&self) -> Option<Note> {
        let body = self.what.body;
        if body.len() > MENDED {
            return None;
        }
        let charset = self.case.request().headers.get("content-type");
        bodies::variants(body, charset)
            .into_iter()
            .find(|(_, body)| self.with_own(self.declared, &Signable { body: body.as_slice(), ..self.what }))
            .map(|(how, _)| {
                Note::new(
                    "body_changed",
                    said!(
                        "body-changed",
                        "it was made for this body {how}: something between the sender and the gateway wrote the body anew",
                        how = how
                    ),
                )
            })
    }

    /// What else may have been signed: the body alone, or without what stands around it.
    fn other_parts(&self) -> Option<Note> {
        let only = |signed: Vec<SignedPart>| Signature {
            signed,
            ..self.declared.clone()
        };
        let secret =
            matches!(self.declared.kind, SignatureKind::Digest(_)).then_some(SignedPart::Secret);
        let body: Vec<SignedPart> = secret.into_iter().chain([SignedPart::Body]).collect();
        let stamped = vec![
            SignedPart::Timestamp,
            SignedPart::Literal(".".to_owned()),
            SignedPart::Body,
        ];
        [
            (body, phrase!("parts-body", "the body alone")),
            (
                stamped,
                phrase!("parts-stamped", "the time, a point and the body"),
            ),
        ]
        .into_iter()
        .filter(|(signed, _)| *signed != self.declared.signed)
        .find(|(signed, _)| self.with_own(&only(signed.clone()), &self.what))
        .map(|(_, parts)| {
            Note::new(
                "signed_parts",
                said!(
                    "other-parts",
                    "it covers {parts}, which is not what this source signs",
                    parts = parts
                ),
            )
        })
    }

    fn other_algorithms(&self) -> Option<Note> {
        let is_own = |kind: SignatureKind| kind == self.declared.kind;
        let kinds = [Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512];
        let kinds = kinds.map(|algorithm| match self.declared.kind {
            SignatureKind::Hmac(_) => Some(SignatureKind::Hmac(algorithm)),
            SignatureKind::Digest(_) => Some(SignatureKind::Digest(algorithm)),
            SignatureKind::Ed25519 | SignatureKind::Rsa => None,
        });
        let found = kinds
            .into_iter()
            .flatten()
            .filter(|kind| !is_own(*kind))
            .find(|kind| {
                let declared = Signature {
                    kind: *kind,
                    ..self.declared.clone()
                };
                self.with_own(&declared, &self.what)
            })?;
        let name = match found {
            SignatureKind::Hmac(Algorithm::Sha1) | SignatureKind::Digest(Algorithm::Sha1) => {
                "SHA-1"
            }
            SignatureKind::Hmac(Algorithm::Sha512) | SignatureKind::Digest(Algorithm::Sha512) => {
                "SHA-512"
            }
            _ => "SHA-256",
        };
        Some(Note::new(
            "algorithm",
            said!(
                "other-algorithm",
                "it was made with {name}, which is not what this source signs with",
                name = name
            ),
        ))
    }
}

/// Whether one of the endpoint's secrets can be a key of this scheme.
fn has_key(case: &Case<'_>, declared: &Signature) -> bool {
    SignatureScheme::compile(declared.clone(), case.secrets()).is_some()
}

fn no_key(declared: &Signature, name: &str) -> Note {
    let kind = match declared.kind {
        SignatureKind::Hmac(_) | SignatureKind::Digest(_) => {
            phrase!("key-shared", "a secret that the sender shares")
        }
        SignatureKind::Ed25519 | SignatureKind::Rsa => {
            phrase!("key-public", "the sender's public key")
        }
    };
    let scheme = match &declared.list {
        Some(list) => said!(
            "a-named-signature",
            "a {name} signature",
            name = &list.signature
        ),
        None => phrase!("a-signature", "a signature").into(),
    };
    Note::new(
        "key_kind",
        said!(
            "key-kind",
            "{name} holds {scheme}, which is checked with {kind}: no secret of this endpoint is one",
            name = name,
            scheme = scheme,
            kind = kind
        ),
    )
}

/// What is signed but not there.
fn missing_parts(declared: &Signature, id: &str, timestamp: &str) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut note = |what: Phrase, names: &[String]| {
        let sentence = said!(
            "part-missing",
            "the header {names} with the signed {what} is missing",
            names = said::either(names),
            what = what
        );
        notes.push(Note::new("signed_parts", sentence));
    };
    if declared.signed.contains(&SignedPart::Id) && id.is_empty() {
        note(phrase!("part-id", "id"), &declared.id_headers);
    }
    let stamped = declared.timestamp.as_ref();
    if let Some(spec) = stamped.filter(|spec| timestamp.is_empty() && !spec.headers.is_empty()) {
        note(phrase!("part-time", "time"), &spec.headers);
    }
    notes
}

/// How far the clocks are apart, or how else the time is written.
fn clock(case: &Case<'_>, spec: &TimestampSpec, text: &str) -> Option<Note> {
    if text.is_empty() || stamp::check(spec, text, case.now).is_ok() {
        return None;
    }
    let units = [
        (TimeUnit::Seconds, phrase!("in-seconds", "seconds")),
        (
            TimeUnit::Milliseconds,
            phrase!("in-milliseconds", "milliseconds"),
        ),
        (TimeUnit::Rfc3339, phrase!("in-rfc3339", "RFC 3339")),
        (TimeUnit::HttpDate, phrase!("in-http-date", "an HTTP date")),
    ];
    let near = |unit: TimeUnit| {
        let other = TimestampSpec {
            unit,
            ..spec.clone()
        };
        stamp::check(&other, text, case.now).is_ok()
    };
    if let Some((_, unit)) = units
        .iter()
        .find(|(unit, _)| *unit != spec.unit && near(*unit))
    {
        let sentence = said!(
            "time-written",
            "the signed time is written in {unit}, which is not how this source writes it",
            unit = *unit
        );
        return Some(Note::new("clock", sentence));
    }
    let signed = stamp::read_time(spec.unit, text)?;
    Some(Note::new("clock", off_by(signed, case.now)))
}

fn off_by(signed: Timestamp, now: Timestamp) -> Said {
    let off = now.duration_since(signed);
    let length = stamp::length(off.unsigned_abs());
    match off.is_negative() {
        true => said!(
            "clock-ahead",
            "the sender's clock is {length} ahead of ours, or ours is behind",
            length = length
        ),
        false => said!(
            "clock-late",
            "the request was signed {length} ago: it was sent again late, or one of the clocks is wrong",
            length = length
        ),
    }
}

fn first(headers: &Headers, names: &[String]) -> Option<String> {
    names
        .iter()
        .find_map(|name| headers.get(name))
        .map(str::to_owned)
}
