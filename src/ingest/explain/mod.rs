//! Why nobody vouches for a request, as far as can be told: for the operator alone, and never the expected signature.
//!
//! It asks what the proof would be right for: another spelling of the secret, another endpoint's, a retired one, the body
//! as it may have been before somebody wrote it anew, another URL. One thing is changed at a time, and the work is
//! bounded, so that a flood of bad signatures costs no more than its refusals do.

mod bodies;
mod key;
mod search;
mod secrets;
mod shape;
mod signature;
mod token;
mod urls;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use crate::config::Endpoint;
use crate::ingest::rejection::Rejection;
use crate::ingest::verify::reading::Reading;
use crate::model::event::Note;
use crate::model::request::RawRequest;
use crate::payload::Formats;
use crate::payload::mask::is_telling;
use crate::said;
use crate::source::declaration::{Source, Verify};

/// Secrets of other endpoints that are looked at.
const NEIGHBOURS: usize = 50;
/// Names of headers that are repeated.
const NAMES: usize = 8;

/// What one endpoint knows of its proofs.
#[derive(Debug)]
pub struct Explainer {
    endpoint: String,
    schemes: Vec<Verify>,
    secrets: Vec<SecretString>,
    retired: Vec<SecretString>,
    /// The public URL without a query.
    url: String,
    formats: Formats,
}

/// A request that nobody vouches for, and what it is held against.
struct Case<'a> {
    own: &'a Explainer,
    /// Name of the endpoint, and a secret of it.
    neighbours: Vec<(&'a str, &'a str)>,
    reading: Reading<'a>,
    rejection: &'a Rejection,
    now: Timestamp,
}

/// What was the matter with one scheme's proof.
struct Explained {
    /// The proof has the shape of this scheme's.
    is_meant: bool,
    /// A secret of the endpoint can check it.
    is_keyed: bool,
    notes: Vec<Note>,
}

impl Explained {
    fn meant(notes: Vec<Note>) -> Option<Self> {
        Some(Explained {
            is_meant: true,
            is_keyed: true,
            notes,
        })
    }
}

impl Explainer {
    pub fn new(source: &Source, endpoint: &Endpoint, url: String) -> Self {
        let schemes = match endpoint.unverified {
            true => Vec::new(),
            false => source.verify.clone(),
        };
        Explainer {
            endpoint: endpoint.name.clone(),
            schemes,
            secrets: endpoint.secrets.clone(),
            retired: endpoint.retired_secrets.clone(),
            url,
            formats: source.body.formats.clone(),
        }
    }

    /// What most likely was the matter with a request that was refused; empty for a refusal that is no matter of proof.
    /// `others` are the other endpoints: senders are given the wrong one's secret now and then.
    pub fn explain<'a>(
        &'a self,
        request: &'a RawRequest,
        rejection: &'a Rejection,
        others: impl Iterator<Item = &'a Explainer>,
        now: Timestamp,
    ) -> Vec<Note> {
        let of_proof = matches!(
            rejection,
            Rejection::SignatureMissing(_)
                | Rejection::SignatureMismatch(_)
                | Rejection::TimestampOutOfRange(_)
                | Rejection::KeyInvalid(_)
        );
        if !of_proof {
            return Vec::new();
        }
        let neighbours = others
            .filter(|other| other.endpoint != self.endpoint)
            .flat_map(|other| {
                let secrets = other.secrets.iter().map(ExposeSecret::expose_secret);
                secrets.map(|secret| (other.endpoint.as_str(), secret))
            });
        let case = Case {
            own: self,
            neighbours: neighbours.take(NEIGHBOURS).collect(),
            reading: Reading::new(request, &self.formats),
            rejection,
            now,
        };
        case.explain()
    }
}

impl Case<'_> {
    fn explain(&self) -> Vec<Note> {
        let mut found: Vec<Explained> = self
            .own
            .schemes
            .iter()
            .filter_map(|scheme| match scheme {
                Verify::Signature(declared) => signature::explain(self, declared),
                Verify::Jwt(declared) => token::explain(self, declared),
                Verify::Key(_) | Verify::Basic | Verify::Bearer => key::explain(self, scheme),
            })
            .collect();
        // Where one scheme is plainly meant, what the others miss is of no interest.
        if found.iter().any(|it| it.is_meant) {
            found.retain(|it| it.is_meant);
        }
        // A header may hold signatures of several schemes; where one can be checked, the others say nothing more.
        if found.iter().any(|it| it.is_keyed) {
            found.retain(|it| it.is_keyed);
        }
        if found.is_empty() {
            let elsewhere = key::elsewhere(self);
            return std::iter::once(self.nothing()).chain(elsewhere).collect();
        }
        let mut notes: Vec<Note> = Vec::new();
        for note in found.into_iter().flat_map(|it| it.notes) {
            // Two schemes may miss the same.
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
        notes
    }

    /// The request carries no proof at all.
    fn nothing(&self) -> Note {
        let headers = &self.request().headers.0;
        let names: Vec<&str> = headers
            .iter()
            .map(|(name, _)| name.as_str())
            .filter(|name| is_telling(name) && *name != "cookie")
            .take(NAMES)
            .collect();
        let sentence = match names.as_slice() {
            [] => said!(
                "proof-none",
                "the request has no header that looks like a proof: no secret is set at the sender, or a proxy between \
                 drops the header"
            ),
            names => said!(
                "proof-other",
                "the request has none of the headers that this source sends, but it has {names}: is it sent by another \
                 platform, or by another version of this one?",
                names = names.join(", ")
            ),
        };
        Note::new("proof_missing", sentence)
    }

    fn request(&self) -> &RawRequest {
        self.reading.request
    }

    /// The endpoint's own secrets.
    fn secrets(&self) -> impl Iterator<Item = &str> {
        self.own.secrets.iter().map(ExposeSecret::expose_secret)
    }

    /// Secrets that prove nothing here, and whose they are.
    fn foreign(&self) -> impl Iterator<Item = (&str, Foreign<'_>)> {
        let retired = self.own.retired.iter();
        let retired = retired.map(|secret| (secret.expose_secret(), Foreign::Retired));
        let neighbours = self.neighbours.iter();
        let neighbours = neighbours.map(|(name, secret)| (*secret, Foreign::Neighbour(name)));
        retired.chain(neighbours)
    }
}

/// Whose a secret is that proves nothing here.
enum Foreign<'a> {
    /// An old one of this endpoint.
    Retired,
    /// Another endpoint's.
    Neighbour(&'a str),
}

impl Foreign<'_> {
    /// A signature was made with it.
    fn made_it(&self) -> Note {
        match self {
            Foreign::Retired => Note::new(
                "retired_secret",
                said!(
                    "made-retired",
                    "it was made with a retired secret: the sender still uses the old one"
                ),
            ),
            Foreign::Neighbour(name) => Note::new(
                "other_endpoint",
                said!(
                    "made-other",
                    "it was made with a secret of the endpoint {name}: the sender posts to the wrong URL, or was given \
                     the wrong secret",
                    name = *name
                ),
            ),
        }
    }

    /// It is the key that was sent.
    fn is_key(&self) -> Note {
        match self {
            Foreign::Retired => Note::new(
                "retired_secret",
                said!(
                    "key-retired",
                    "the key is a retired secret: the sender still uses the old one"
                ),
            ),
            Foreign::Neighbour(name) => Note::new(
                "other_endpoint",
                said!(
                    "key-other",
                    "the key is a secret of the endpoint {name}: the sender posts to the wrong URL, or was given the \
                     wrong secret",
                    name = *name
                ),
            ),
        }
    }
}
