//! Believing a sender: the only place that makes a `VerifiedRequest`.

pub mod entries;
pub mod jwt;
pub mod key;
pub mod keys;
pub mod pem;
pub mod reading;
pub mod scheme;
pub mod signature;
pub mod stamp;

use std::sync::Arc;

use jiff::Timestamp;
use minijinja::Value as Formed;
use serde_json::Value;

use crate::config::Endpoint;
use crate::expr::Formula;
use crate::expr::payload::of_json;
use crate::expr::scope::Scope;
use crate::ingest::mask::Masks;
use crate::ingest::rejection::Rejection;
use crate::ingest::verify::reading::Reading;
use crate::ingest::verify::scheme::Scheme;
use crate::model::event::Verdict;
use crate::model::request::RawRequest;
use crate::model::said::Said;
use crate::payload::{Formats, ParseError};
use crate::said;
use crate::source::declaration::Source;
use crate::source::envelope;
use crate::source::settings::Settings;

/// A request whose sender proved itself (or whose endpoint says out loud that nobody has to).
#[derive(Debug)]
pub struct VerifiedRequest {
    request: RawRequest,
    verdict: Verdict,
    document: Option<Result<Value, ParseError>>,
}

impl VerifiedRequest {
    /// The request, who vouches for it, and its body as a document where a scheme had to look into it.
    pub fn into_parts(self) -> (RawRequest, Verdict, Option<Result<Value, ParseError>>) {
        (self.request, self.verdict, self.document)
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
    /// In order; the first that holds proves the sender. Empty: nothing is asked.
    schemes: Vec<Scheme>,
    /// Of the request as a whole, as it is written and as it is run.
    check: Option<(String, Formula)>,
    settings: Settings,
    /// The public URL as registered at the sender, without a query.
    url: String,
    formats: Formats,
}

impl Verifier {
    /// Decodes the endpoint's secrets for each of the source's schemes; `settings` are for the source's own check.
    ///
    /// # Errors
    /// A sentence about an endpoint that could tell nobody apart: no scheme, or no secret that is a key of one.
    pub fn compile(
        source: &Source,
        endpoint: &Endpoint,
        url: String,
        settings: Settings,
    ) -> Result<Self, Said> {
        let secrets = endpoint.secrets.as_slice();
        let declared = match endpoint.unverified {
            true => [].iter(),
            false => source.verify.iter(),
        };
        let schemes: Vec<_> = declared
            .filter_map(|scheme| Scheme::compile(scheme, secrets))
            .collect();
        if schemes.is_empty() && !endpoint.unverified {
            return Err(said!(
                "no-key",
                "none of its secrets is a key as {source} has them, so nothing could be verified; say verify = \"none\" if \
                 anybody may post here",
                source = source.title.clone()
            ));
        }
        let check = match &source.check {
            Some(expr) if !schemes.is_empty() => {
                let formula = Formula::compile(&expr.text);
                let formula = formula.map_err(|error| {
                    said!("check-formula", "verify.check: {why}", why = *error.0)
                })?;
                Some((expr.text.clone(), formula))
            }
            _ => None,
        };
        Ok(Verifier {
            schemes,
            check,
            settings,
            url,
            formats: source.body.formats.clone(),
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
            scheme.mask(&mut masks);
        }
        masks
    }

    /// Fields of the body that hold keys.
    pub fn key_fields(&self) -> impl Iterator<Item = &String> {
        self.schemes.iter().filter_map(Scheme::key_field)
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
        let reading = Reading::new(&request, &self.formats);
        let judged = self
            .judge(&reading, now)
            .and_then(|verdict| self.check(&reading).map(|()| verdict));
        let document = reading.into_document();
        match judged {
            Ok(verdict) => Ok(VerifiedRequest {
                request,
                verdict,
                document,
            }),
            Err(rejection) => Err(Box::new(Unproven { request, rejection })),
        }
    }

    /// The first scheme that holds. When none does, what was wrong with the first that the request has all for, else
    /// with the first that it has something for.
    fn judge(&self, reading: &Reading<'_>, now: Timestamp) -> Result<Verdict, Rejection> {
        let Some(first) = self.schemes.first() else {
            return Ok(Verdict {
                scheme: "none".to_owned(),
                secret: None,
            });
        };
        let (mut refused, mut incomplete) = (None, None);
        for scheme in &self.schemes {
            match scheme.ask(reading, &self.url, now) {
                None => {}
                Some(Ok(secret)) => {
                    return Ok(Verdict {
                        scheme: scheme.name().to_owned(),
                        secret: Some(secret),
                    });
                }
                Some(Err(rejection @ Rejection::SignatureMissing(_))) => {
                    incomplete.get_or_insert(rejection);
                }
                Some(Err(rejection)) => {
                    refused.get_or_insert(rejection);
                }
            }
        }
        Err(refused.or(incomplete).unwrap_or_else(|| first.missing()))
    }

    /// The source's own check. A body that is no document cannot be checked, and is nothing to act upon either.
    fn check(&self, reading: &Reading<'_>) -> Result<(), Rejection> {
        let Some((text, formula)) = &self.check else {
            return Ok(());
        };
        let Some(document) = reading.document() else {
            return Ok(());
        };
        let request = reading.request;
        let names = Scope::new([
            ("body", of_json(Arc::new(document.clone()))),
            ("header", envelope::header_value(&request.headers)),
            ("query", envelope::query_value(&request.query)),
            ("endpoint", Formed::from(request.endpoint.as_str())),
            ("method", Formed::from(request.method.as_str())),
            ("settings", self.settings.as_value()),
        ]);
        match formula.is_true(&names) {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(Rejection::SignatureMismatch(said!(
                "own-check",
                "the request is signed, but does not pass this source's own check: {check}",
                check = text
            ))),
        }
    }
}
