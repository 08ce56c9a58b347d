//! Reading the sender's API for events that only name their subject: the call, and what its answer means.

pub mod client;
pub mod guard;
pub mod pause;
pub mod retry;

use std::fmt;
use std::time::Duration;

use minijinja::Value;
use secrecy::SecretString;
use serde_json::Value as Json;

use crate::expr::scope::Scope;
use crate::expr::{Formula, payload};
use crate::model::said::Said;
use crate::phrase;
use crate::process::fetch::retry::Trouble;
use crate::process::map::MapError;
use crate::process::recipe::{FetchRecipe, Recipe};
use crate::said;
use crate::source::declaration::FetchMethod;

/// Where a fetch is declared: positions in `Recipe::events` and `EventRecipe::fetches`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchPlace {
    pub event: usize,
    pub fetch: usize,
}

impl FetchPlace {
    /// The fetch that is declared there.
    pub fn of(self, recipe: &Recipe) -> Option<&FetchRecipe> {
        recipe.events.get(self.event)?.fetches.get(self.fetch)
    }
}

/// One read of the sender's API. URL, headers and body may carry a token, so none is ever printed.
pub struct FetchCall {
    pub place: FetchPlace,
    pub method: FetchMethod,
    pub url: SecretString,
    pub headers: Vec<(String, SecretString)>,
    /// JSON.
    pub body: Option<SecretString>,
    /// What the event's formulas read, for the formula that recognises a bad token.
    pub names: Scope,
}

impl fmt::Debug for FetchCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FetchCall").finish_non_exhaustive()
    }
}

/// What came back over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Response {
    Answered {
        status: u16,
        retry_after: Option<Duration>,
        body: Vec<u8>,
    },
    /// An answer that cannot be used, and would not be better the next time.
    Unusable(Said),
    /// Nothing did, and why.
    Unreachable(Said),
    /// The call was not made: the address may not be called.
    Refused(Said),
}

/// What a response means.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Answer(Json),
    /// A sentence without secrets.
    Trouble(Trouble, Said),
}

/// Works out the call of a thin event.
///
/// # Errors
/// A formula that fails, or a URL that comes out blank.
pub fn call(recipe: &Recipe, place: FetchPlace, names: &Scope) -> Result<FetchCall, MapError> {
    let fault = |line: u32, path: String, sentence: Said| MapError {
        file: recipe.file.clone(),
        line,
        path,
        sentence,
    };
    let Some(fetch) = place.of(recipe) else {
        let sentence = phrase!("fetch-gone", "is not declared any more");
        return Err(fault(0, "fetch".to_owned(), sentence.into()));
    };
    let names = names.with("settings", recipe.settings.as_value());
    let fault = |path: String, sentence: Said| fault(fetch.line, path, sentence);
    let text = |path: String, formula: &Formula| match formula.text(&names) {
        Ok(text) => Ok(text),
        Err(error) => Err(fault(path, *error.0)),
    };
    let Some(url) = text("fetch.url".to_owned(), &fetch.url)? else {
        let sentence = phrase!("fetch-blank", "is blank");
        return Err(fault("fetch.url".to_owned(), sentence.into()));
    };
    let mut headers = Vec::with_capacity(fetch.headers.len());
    for (name, formula) in &fetch.headers {
        if let Some(value) = text(format!("fetch.headers.{name}"), formula)? {
            headers.push((name.clone(), SecretString::from(value)));
        }
    }
    let mut members = serde_json::Map::new();
    for (name, formula) in &fetch.json {
        let value = formula
            .eval(&names)
            .map_err(|error| fault(format!("fetch.json.{name}"), *error.0))?;
        members.insert(name.clone(), payload::to_json(&value).unwrap_or_default());
    }
    Ok(FetchCall {
        place,
        method: fetch.method,
        url: SecretString::from(url),
        headers,
        body: (!members.is_empty()).then(|| SecretString::from(Json::Object(members).to_string())),
        names,
    })
}

/// Reads a response: the answer, or the kind of trouble and a sentence about it.
pub fn classify(fetch: &FetchRecipe, names: &Scope, response: Response) -> Outcome {
    let (status, retry_after, body) = match response {
        Response::Unusable(why) => return Outcome::Trouble(Trouble::Rejected, why),
        Response::Unreachable(why) => return Outcome::Trouble(Trouble::Down, why),
        Response::Refused(why) => return Outcome::Trouble(Trouble::Forbidden, why),
        Response::Answered {
            status,
            retry_after,
            body,
        } => (status, retry_after, body),
    };
    let document = serde_json::from_slice::<Json>(&body).ok();
    if matches!(status, 401 | 403) || is_token_error(fetch, names, status, document.as_ref()) {
        return Outcome::Trouble(Trouble::Token, token_sentence(fetch, status));
    }
    match (status, document) {
        (200..=299, Some(document)) => Outcome::Answer(document),
        (200..=299, None) => Outcome::Trouble(
            Trouble::Down,
            said!(
                "api-not-json",
                "the sender's API answered {status} with something that is not JSON",
                status = status
            ),
        ),
        (429, _) => Outcome::Trouble(
            Trouble::Busy(retry_after),
            said!(
                "api-too-many",
                "the sender's API answered 429: too many requests"
            ),
        ),
        (500..=599 | 408 | 425, _) => Outcome::Trouble(
            Trouble::Down,
            said!(
                "api-down",
                "the sender's API answered {status}",
                status = status
            ),
        ),
        (300..=399, _) => Outcome::Trouble(
            Trouble::Rejected,
            said!(
                "api-moved",
                "the sender's API answered {status}; redirects are not followed, so api_base must be its real address",
                status = status
            ),
        ),
        (404 | 410, _) => Outcome::Trouble(
            Trouble::Rejected,
            said!(
                "api-unknown",
                "the sender's API answered {status}: it does not know the subject of this event",
                status = status
            ),
        ),
        _ => Outcome::Trouble(
            Trouble::Rejected,
            said!(
                "api-no",
                "the sender's API answered {status} and would do so again",
                status = status
            ),
        ),
    }
}

/// Whether the declared formula says so. A formula that fails on this answer does not.
fn is_token_error(
    fetch: &FetchRecipe,
    names: &Scope,
    status: u16,
    document: Option<&Json>,
) -> bool {
    let Some(formula) = &fetch.token_error else {
        return false;
    };
    let fetched = document.map_or(Value::UNDEFINED, |document| {
        payload::of_json(std::sync::Arc::new(document.clone()))
    });
    let names = names
        .with("fetched", fetched)
        .with("status", Value::from(status));
    formula.is_true(&names).unwrap_or(false)
}

fn token_sentence(fetch: &FetchRecipe, status: u16) -> Said {
    let setting = fetch
        .token_setting
        .as_deref()
        .map_or_else(String::new, |name| format!(" (settings.{name})"));
    said!(
        "api-token",
        "the sender's API answered {status}: it does not accept the token{setting} any more",
        status = status,
        setting = setting
    )
}
