//! Handshakes: answers to set-up requests, which are not events.

use std::sync::Arc;

use minijinja::Value;
use secrecy::{ExposeSecret, SecretString};

use crate::expr::payload::{of_json, to_json};
use crate::expr::scope::Scope;
use crate::expr::{Formula, FormulaError};
use crate::ingest::rejection::Rejection;
use crate::model::problem::Problem;
use crate::model::request::RawRequest;
use crate::said;
use crate::source::declaration::{self, Expr, Source};
use crate::source::envelope;
use crate::source::settings::Settings;

/// What a set-up request is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub content_type: String,
    pub body: String,
    /// Name and value.
    pub headers: Vec<(String, String)>,
}

/// Whether the sender of a set-up request proved itself as for an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    Proven,
    Unproven,
}

/// The handshakes of an endpoint, compiled.
#[derive(Debug)]
pub struct Handshakes {
    list: Vec<Handshake>,
    settings: Settings,
    /// The endpoint's first secret, for answers that are signed with it.
    secret: Option<SecretString>,
}

#[derive(Debug)]
struct Handshake {
    method: String,
    verified: bool,
    when: Option<Formula>,
    check: Option<Formula>,
    status: u16,
    content_type: String,
    answer: Option<Formula>,
    json: Vec<(String, Formula)>,
    headers: Vec<(String, Formula)>,
}

impl Handshakes {
    /// Compiles a source's handshakes; `settings` and `secret` are in their formulas' scope.
    ///
    /// # Errors
    /// Every formula that does not compile, with its line.
    pub fn compile(
        source: &Source,
        settings: Settings,
        secret: Option<SecretString>,
    ) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let list = source
            .handshakes
            .iter()
            .map(|declared| Handshake::compile(declared, &source.file, &mut problems))
            .collect();
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Handshakes {
            list,
            settings,
            secret,
        })
    }

    /// Whether a POST can be one.
    pub fn has_post(&self) -> bool {
        self.list.iter().any(|handshake| handshake.method == "POST")
    }

    /// Whether a POST is a set-up request, whatever it would be answered.
    pub fn is_meant(
        &self,
        request: &RawRequest,
        body: &Arc<serde_json::Value>,
        trust: Trust,
    ) -> bool {
        let names = self.names(request, Some(body));
        self.fitting(request, trust)
            .any(|it| it.is_meant(&names).unwrap_or(false))
    }

    /// The methods an endpoint answers: `POST, GET`.
    pub fn allowed(&self) -> String {
        let mut methods = vec!["POST"];
        for handshake in &self.list {
            if !methods.contains(&handshake.method.as_str()) {
                methods.push(&handshake.method);
            }
        }
        methods.join(", ")
    }

    /// The answer of the first handshake that fits; `None` when none does. `body` is given for a POST that parses.
    /// `HEAD` is answered as `GET` where nothing else is declared.
    ///
    /// # Errors
    /// `KeyInvalid` when its check fails, `MalformedBody` when one of its formulas does.
    pub fn answer(
        &self,
        request: &RawRequest,
        body: Option<&Arc<serde_json::Value>>,
        trust: Trust,
    ) -> Option<Result<Answer, Rejection>> {
        let mut fitting = self.fitting(request, trust).peekable();
        fitting.peek()?;
        let names = self.names(request, body);
        for handshake in fitting {
            match handshake.is_meant(&names) {
                Ok(false) => {}
                Ok(true) => return Some(handshake.answer(&names)),
                Err(error) => return Some(Err(unanswerable(&error))),
            }
        }
        None
    }

    fn fitting(&self, request: &RawRequest, trust: Trust) -> impl Iterator<Item = &Handshake> {
        self.list
            .iter()
            .filter(move |it| it.fits(&request.method) && (trust == Trust::Proven || !it.verified))
    }

    fn names(&self, request: &RawRequest, body: Option<&Arc<serde_json::Value>>) -> Scope {
        let body = body.map_or(Value::UNDEFINED, |body| of_json(Arc::clone(body)));
        let secret = self.secret.as_ref().map(ExposeSecret::expose_secret);
        let secret = secret.map_or(Value::UNDEFINED, Value::from);
        Scope::new([
            ("query", envelope::query_value(&request.query)),
            ("header", envelope::header_value(&request.headers)),
            ("body", body),
            ("endpoint", Value::from(request.endpoint.as_str())),
            ("method", Value::from(request.method.as_str())),
            ("settings", self.settings.as_value()),
            ("secret", secret),
        ])
    }
}

impl Handshake {
    fn compile(declared: &declaration::Handshake, file: &str, problems: &mut Vec<Problem>) -> Self {
        let mut compile = |expr: &Expr| envelope::compile(file, expr, problems);
        let when = declared.when.as_ref().and_then(&mut compile);
        let check = declared.check.as_ref().and_then(&mut compile);
        let answer = declared.answer.as_ref().and_then(&mut compile);
        let mut named = |formulas: &std::collections::BTreeMap<String, Expr>| {
            formulas
                .iter()
                .filter_map(|(name, expr)| Some((name.clone(), compile(expr)?)))
                .collect()
        };
        Handshake {
            method: declared.method.to_ascii_uppercase(),
            verified: declared.verified,
            when,
            check,
            status: declared.status,
            content_type: declared.content_type.clone(),
            answer,
            json: named(&declared.json),
            headers: named(&declared.headers),
        }
    }

    fn fits(&self, method: &str) -> bool {
        self.method == method || (method == "HEAD" && self.method == "GET")
    }

    fn is_meant(&self, names: &Scope) -> Result<bool, FormulaError> {
        self.when
            .as_ref()
            .map_or(Ok(true), |when| when.is_true(names))
    }

    fn answer(&self, names: &Scope) -> Result<Answer, Rejection> {
        let passes = self
            .check
            .as_ref()
            .map_or(Ok(true), |check| check.is_true(names));
        if !passes.map_err(|error| unanswerable(&error))? {
            return Err(Rejection::KeyInvalid(said!(
                "set-up-token",
                "the token of the set-up request is not the one in this endpoint's settings"
            )));
        }
        self.compose(names).map_err(|error| unanswerable(&error))
    }

    fn compose(&self, names: &Scope) -> Result<Answer, FormulaError> {
        let mut body = String::new();
        if let Some(answer) = &self.answer {
            body = answer.text(names)?.unwrap_or_default();
        } else if !self.json.is_empty() {
            let mut object = serde_json::Map::new();
            for (name, formula) in &self.json {
                let value = to_json(&formula.eval(names)?);
                object.insert(name.clone(), value.unwrap_or_default());
            }
            body = serde_json::Value::Object(object).to_string();
        }
        let mut headers = Vec::with_capacity(self.headers.len());
        for (name, formula) in &self.headers {
            headers.extend(formula.text(names)?.map(|value| (name.clone(), value)));
        }
        Ok(Answer {
            status: self.status,
            content_type: self.content_type.clone(),
            body,
            headers,
        })
    }
}

fn unanswerable(error: &FormulaError) -> Rejection {
    Rejection::MalformedBody(said!(
        "set-up-failed",
        "the set-up request cannot be answered: {error}",
        error = (*error.0).clone()
    ))
}
