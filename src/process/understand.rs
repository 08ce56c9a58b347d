//! What an event says: its part of the request opened again, validated, and mapped to drafts of records.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::expr::payload;
use crate::expr::scope::Scope;
use crate::model::event::Violation;
use crate::model::record::Draft;
use crate::model::request::RawRequest;
use crate::model::said::Said;
use crate::payload::{ParseError, redact};
use crate::process::map::{MapError, map};
use crate::process::recipe::{EventRecipe, FetchRecipe, Recipe};
use crate::said;
use crate::source::envelope::{self, EnvelopeError, Part, Unnamed};

/// A request read again: its document and the events it holds.
#[derive(Debug)]
pub struct Opened {
    pub body: Arc<Json>,
    pub parts: Vec<Part>,
}

/// Why a stored request cannot be read any more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Body(#[from] ParseError),
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
}

impl OpenError {
    /// The sentence about it.
    pub fn said(&self) -> Said {
        match self {
            OpenError::Body(error) => error.said(),
            OpenError::Envelope(error) => error.said(),
        }
    }
}

/// What became of one part.
#[derive(Debug)]
pub enum Understood<'a> {
    /// Of no interest, and why.
    Ignored(Said),
    /// The request does not say which event it is, and should.
    Unnamed(&'a Unnamed),
    /// Not what the schema called `schema` says.
    Violates {
        schema: &'a str,
        violations: Vec<Violation>,
    },
    /// The answer of the sender's API is not what its schema says.
    AnswerViolates {
        schema: &'a str,
        violations: Vec<Violation>,
    },
    /// It only names its subject: the sender's API has to be asked.
    Thin {
        event: &'a EventRecipe,
        /// Position of the fetch in `EventRecipe::fetches`.
        fetch: usize,
        names: Scope,
    },
    /// A field cannot be made of it.
    Faulty(MapError),
    /// At least one.
    Records(Vec<Draft>),
}

/// Parses a request and finds its events.
///
/// # Errors
/// A body that does not parse, or an envelope that cannot be read.
pub fn open(recipe: &Recipe, request: &RawRequest) -> Result<Opened, OpenError> {
    let content_type = request.headers.get("content-type");
    let mut body = crate::payload::parse(&recipe.formats, content_type, &request.body)?;
    for field in &recipe.hidden {
        redact::take(&mut body, field);
    }
    let body = Arc::new(body);
    let names = envelope::names(
        request,
        Arc::clone(&body),
        recipe.region.as_deref(),
        &recipe.tables,
    );
    let parts = recipe.envelope.open(&names)?;
    Ok(Opened { body, parts })
}

/// Validates and maps one part. `fetched` is what the sender's API answered, as far as it was asked already.
pub fn understand<'a>(
    recipe: &'a Recipe,
    body: &Json,
    part: &'a Part,
    fetched: Option<&Json>,
) -> Understood<'a> {
    if let Some(unnamed) = &part.unnamed {
        return Understood::Unnamed(unnamed);
    }
    let event = part.spec.and_then(|spec| recipe.events.get(spec));
    let Some(event) = event else {
        return Understood::Ignored(said!(
            "file-no-event",
            "{file} has no [[event]] for \"{event}\"",
            file = &recipe.file,
            event = &part.event_type
        ));
    };
    if event.ignore {
        return Understood::Ignored(said!(
            "file-ignores",
            "{file} ignores \"{event}\"",
            file = &recipe.file,
            event = &event.name
        ));
    }
    if let Some(schema) = &event.schema {
        let violations = violations(recipe, schema, body, part);
        if !violations.is_empty() {
            return Understood::Violates { schema, violations };
        }
    }
    let mut names = part.names.clone();
    if let Some(answers) = fetched.filter(|_| !event.fetches.is_empty()) {
        names = names.with("fetched", payload::of_json(Arc::new(answers.clone())));
    }
    for (position, fetch) in event.fetches.iter().enumerate() {
        match fetch.answer(fetched) {
            // There was none to be had.
            Some(Json::Null) if fetch.optional => {}
            Some(answer) => {
                if let Some(schema) = &fetch.schema {
                    let violations = recipe.schemas.violations(schema, answer);
                    if !violations.is_empty() {
                        return Understood::AnswerViolates { schema, violations };
                    }
                }
            }
            None if is_wanted(recipe, fetch, &names) => {
                return Understood::Thin {
                    event,
                    fetch: position,
                    names,
                };
            }
            None => {}
        }
    }
    match map(recipe, event, &names) {
        Err(error) => Understood::Faulty(error),
        Ok(drafts) if drafts.is_empty() => Understood::Ignored(said!(
            "file-no-record",
            "{file} makes no record of this \"{event}\"",
            file = &recipe.file,
            event = &part.event_type
        )),
        Ok(drafts) => Understood::Records(drafts),
    }
}

impl FetchRecipe {
    /// Its own answer among all that were given.
    fn answer<'f>(&self, fetched: Option<&'f Json>) -> Option<&'f Json> {
        match &self.name {
            None => fetched,
            Some(name) => fetched?.get(name),
        }
    }

    /// What stands in the place of an answer that is not to be had, where the event can go on without.
    pub fn without(&self) -> Option<Json> {
        self.optional.then_some(Json::Null)
    }

    /// All answers, with its own added.
    pub fn with_answer(&self, fetched: Option<Json>, answer: Json) -> Json {
        let Some(name) = &self.name else {
            return answer;
        };
        let mut all = match fetched {
            Some(Json::Object(all)) => all,
            _ => serde_json::Map::new(),
        };
        all.insert(name.clone(), answer);
        Json::Object(all)
    }
}

/// Whether the sender's API has to be asked. A condition that fails is no reason not to.
fn is_wanted(recipe: &Recipe, fetch: &FetchRecipe, names: &Scope) -> bool {
    let Some(when) = &fetch.when else {
        return true;
    };
    let names = names.with("settings", recipe.settings.as_value());
    when.is_true(&names).unwrap_or(true)
}

fn violations(recipe: &Recipe, schema: &str, body: &Json, part: &Part) -> Vec<Violation> {
    match &part.item {
        None => recipe.schemas.violations(schema, body),
        Some(item) => {
            let item = payload::to_json(item).unwrap_or_default();
            recipe.schemas.violations(schema, &item)
        }
    }
}
