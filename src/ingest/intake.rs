//! An endpoint with its source, compiled when the gateway starts: what receiving needs, keys decoded once.

use std::sync::Arc;
use std::time::Duration;

use minijinja::Value;

use crate::config::{Endpoint, Network, Rate, Server};
use crate::ingest::explain::Explainer;
use crate::ingest::handshake::Handshakes;
use crate::ingest::mask::Masks;
use crate::ingest::spam::SpamGate;
use crate::ingest::verify::Verifier;
use crate::model::problem::Problem;
use crate::payload::Formats;
use crate::source::declaration::{Reply, Source};
use crate::source::domains::Domains;
use crate::source::envelope::{self, Envelope};
use crate::source::schema::Schemas;
use crate::source::settings::Settings;

/// One endpoint.
#[derive(Debug)]
pub struct Intake {
    /// The last part of `/hooks/{endpoint}`.
    pub endpoint: String,
    /// Name of the source it speaks.
    pub source: String,
    pub door: Door,
    pub verifier: Verifier,
    /// What says of a refused signature what was the matter.
    pub explainer: Explainer,
    /// Where anybody may post.
    pub spam: Option<SpamGate>,
    pub handshakes: Handshakes,
    pub envelope: Envelope,
    pub schemas: Schemas,
    /// One per `[[event]]`, in order.
    pub events: Vec<EventHead>,
    pub formats: Formats,
    /// Fields of the body that hold secrets, as dotted paths.
    pub redact: Vec<String>,
    pub masks: Masks,
    /// Default region of phones.
    pub region: Option<String>,
    /// The source's lookup tables, for formulas.
    pub tables: Value,
    /// For how long a body hash claims.
    pub window: Option<Duration>,
    /// 200 for events that go to quarantine.
    pub accept_invalid: bool,
}

/// What is decided before a request is looked into.
#[derive(Debug, Clone)]
pub struct Door {
    /// Largest body in bytes, as sent and unpacked.
    pub max_body: usize,
    pub rate_limit: Option<Rate>,
    pub rate_limit_per_address: Option<Rate>,
    /// Empty: all.
    pub allow_addresses: Vec<Network>,
    /// Empty: all.
    pub allow_origins: Vec<String>,
    /// Where a plain HTML form is sent after success.
    pub thank_you: Option<String>,
    /// And after a fault, unless it goes back to its own page.
    pub error_page: Option<String>,
    /// 503, or what this source's sender needs to hear to try again.
    pub busy_status: u16,
    /// What this source's sender needs to hear.
    pub said: Sayings,
}

/// Answers that a source's sender insists on, in place of the gateway's own.
#[derive(Debug, Clone, Default)]
pub struct Sayings {
    pub ok: Option<Reply>,
    pub ignored: Option<Reply>,
    pub invalid: Option<Reply>,
    /// With 429 and 503; the status is the contract's.
    pub busy: Option<Reply>,
}

/// What receiving needs to know of an `[[event]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventHead {
    pub schema: Option<String>,
    pub ignore: bool,
}

impl Intake {
    /// Compiles an endpoint.
    ///
    /// # Errors
    /// Everything that is wrong with the endpoint or its source: no way to tell senders apart, no secret that decodes,
    /// a formula or schema that does not compile.
    pub fn compile(
        endpoint: &Endpoint,
        source: &Source,
        server: &Server,
        disposable_mail: &Arc<Domains>,
    ) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let url = format!("{}/hooks/{}", server.public_url, endpoint.name);
        let settings = Settings::of(source, endpoint);
        let verifier =
            Verifier::compile(source, endpoint, url.clone(), settings.clone()).map_err(|message| {
                problems.push(Problem {
                    file: format!("[[endpoint]] {}", endpoint.name),
                    line: endpoint.line,
                    message,
                });
            });
        let secret = endpoint.secrets.first().cloned();
        let mut note = |found| problems.extend::<Vec<Problem>>(found);
        let handshakes = Handshakes::compile(source, settings, secret).map_err(&mut note);
        let envelope = Envelope::compile(source).map_err(&mut note);
        let schemas = Schemas::compile(source).map_err(&mut note);
        let spam = gate(endpoint, source, disposable_mail).map_err(&mut note);
        let (Ok(verifier), Ok(handshakes), Ok(envelope), Ok(schemas), Ok(spam)) =
            (verifier, handshakes, envelope, schemas, spam)
        else {
            return Err(problems);
        };
        let mut redact = source.body.redact.clone();
        redact.extend(verifier.key_fields().cloned());
        Ok(Intake {
            endpoint: endpoint.name.clone(),
            source: source.name.clone(),
            door: Door::of(endpoint, source, server),
            masks: verifier.masks(),
            explainer: Explainer::new(source, endpoint, url),
            verifier,
            spam,
            handshakes,
            envelope,
            schemas,
            events: heads(source),
            formats: Formats {
                max_file: endpoint.max_file,
                ..source.body.formats.clone()
            },
            redact,
            region: endpoint.region.clone(),
            tables: envelope::tables(source),
            window: source.delivery.window,
            accept_invalid: endpoint
                .accept_invalid
                .unwrap_or(source.answer.accept_invalid),
        })
    }
}

impl Door {
    fn of(endpoint: &Endpoint, source: &Source, server: &Server) -> Self {
        Door {
            max_body: endpoint.max_body.unwrap_or(server.max_body),
            rate_limit: endpoint.rate_limit,
            rate_limit_per_address: endpoint.rate_limit_per_address,
            allow_addresses: endpoint.allow_addresses.clone(),
            allow_origins: endpoint.allow_origins.clone(),
            thank_you: endpoint.thank_you.clone(),
            error_page: endpoint.error_page.clone(),
            busy_status: source.answer.busy_status,
            said: Sayings {
                ok: source.answer.ok.clone(),
                ignored: source.answer.ignored.clone(),
                invalid: source.answer.invalid.clone(),
                busy: source.answer.busy.clone(),
            },
        }
    }
}

fn heads(source: &Source) -> Vec<EventHead> {
    source
        .events
        .iter()
        .map(|event| EventHead {
            schema: event.schema.clone(),
            ignore: event.ignore,
        })
        .collect()
}

/// The spam gate, where nothing else stands in the way.
fn gate(
    endpoint: &Endpoint,
    source: &Source,
    disposable_mail: &Arc<Domains>,
) -> Result<Option<SpamGate>, Vec<Problem>> {
    if !endpoint.unverified {
        return Ok(None);
    }
    let settings = endpoint.spam.clone();
    SpamGate::compile(
        &endpoint.name,
        settings,
        source,
        Arc::clone(disposable_mail),
    )
    .map(Some)
}
