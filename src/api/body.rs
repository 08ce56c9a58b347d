//! Bodies of calls: JSON with a cap, and sentences instead of a parser's words.

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::api::problem::{Fault, Problem};
use crate::model::strict;

/// Bytes of a body at most: a rule set of some thousand rules.
const MAX_BODY: usize = 1024 * 1024;

/// A JSON document; what it must hold is for the handler to say.
#[derive(Debug)]
pub struct Document(pub Value);

impl Document {
    /// The document as `T`.
    ///
    /// # Errors
    /// 422 `invalid` with the first thing that does not fit.
    pub fn read<T: DeserializeOwned>(self) -> Result<T, Problem> {
        strict::read(&self.0)
            .map_err(|misfit| Problem::invalid(vec![Fault::new(misfit.path, misfit.message)]))
    }
}

/// A JSON document that may be left out; `null` leaves it out, too.
#[derive(Debug)]
pub struct Optional(Option<Document>);

impl Optional {
    /// The document as `T`, or what `T` is without any.
    ///
    /// # Errors
    /// As `Document::read`.
    pub fn read<T: DeserializeOwned + Default>(self) -> Result<T, Problem> {
        self.0.map_or_else(|| Ok(T::default()), Document::read)
    }
}

impl FromRequest for Document {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (promised, payload) = (promised(request), payload.take());
        Box::pin(async move {
            check_promise(promised)?;
            parse(&collect(payload).await?)
        })
    }
}

impl FromRequest for Optional {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (promised, payload) = (promised(request), payload.take());
        Box::pin(async move {
            let bytes = collect(payload).await?;
            // Some clients name a type though they send nothing.
            if bytes.is_empty() {
                return Ok(Optional(None));
            }
            check_promise(promised)?;
            let document = parse(&bytes)?;
            Ok(Optional(Some(document).filter(|it| !it.0.is_null())))
        })
    }
}

/// The content type of the body, as its sender names it.
fn promised(request: &HttpRequest) -> Option<String> {
    let header = request.headers().get(CONTENT_TYPE)?;
    Some(header.to_str().unwrap_or_default().to_owned())
}

fn check_promise(promised: Option<String>) -> Result<(), Problem> {
    match promised.filter(|promised| !is_json(promised)) {
        None => Ok(()),
        Some(promised) => Err(Problem::media_type(format!(
            "send JSON with `Content-Type: application/json`, not {promised:?}"
        ))),
    }
}

fn parse(bytes: &[u8]) -> Result<Document, Problem> {
    serde_json::from_slice(bytes)
        .map(Document)
        .map_err(|error| Problem::malformed(format!("the body is not JSON: {error}")))
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    essence == "application/json" || essence.ends_with("+json")
}

async fn collect(mut payload: Payload) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk =
            chunk.map_err(|_| Problem::malformed("the body broke off before it was complete"))?;
        if bytes.len() + chunk.len() > MAX_BODY {
            return Err(Problem::too_large(format!(
                "a body may have {MAX_BODY} bytes"
            )));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
