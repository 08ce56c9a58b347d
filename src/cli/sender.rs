//! A sender of samples: signs as the real one would, posts, and reads the answer.

use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde_json::Value;
use uuid::Uuid;

use crate::config::Endpoint;
use crate::ingest::sign::{Unsigned, sign};
use crate::model::request::Headers;
use crate::source::declaration::Source;
use crate::tls;

/// For the gateway to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// One endpoint as its sender sees it.
#[derive(Debug, Clone, Copy)]
pub struct Way<'a> {
    pub source: &'a Source,
    pub endpoint: &'a Endpoint,
    /// The URL as registered at the sender; some sign it.
    pub registered: &'a str,
}

/// What is to be posted, before it is signed.
#[derive(Debug, Clone)]
pub struct Message {
    pub body: Vec<u8>,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
}

/// Ready to be posted; posting it twice is what a retry is.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub body: Vec<u8>,
    pub headers: Vec<(String, String)>,
    /// To be added to the URL.
    pub query: Option<String>,
}

/// What the gateway said.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    /// Null when it is not JSON.
    pub body: Value,
}

impl Answer {
    pub fn is_success(&self) -> bool {
        // A form may be sent on to a thank-you page.
        (200..400).contains(&self.status)
    }

    /// `accepted`, `duplicate`, or the code of the refusal.
    pub fn word(&self) -> &str {
        let text = |name: &str| self.body.get(name).and_then(Value::as_str);
        match text("code") {
            Some(code) => code,
            None => text("status").unwrap_or(if self.is_success() {
                "accepted"
            } else {
                "refused"
            }),
        }
    }
}

/// Signs `message` with the endpoint's first secret. `id` is the delivery's.
///
/// # Errors
/// A secret that is no key of the source's scheme.
pub fn signed(
    way: &Way<'_>,
    message: Message,
    id: &str,
    now: Timestamp,
) -> anyhow::Result<Delivery> {
    let Message { body, headers } = message;
    let secret = way
        .endpoint
        .secrets
        .first()
        .filter(|_| !way.endpoint.unverified);
    let Some(secret) = secret else {
        return Ok(Delivery {
            body,
            headers,
            query: None,
        });
    };
    let headers = Headers(headers);
    let proof = sign(
        way.source,
        secret.expose_secret(),
        &Unsigned {
            method: "POST",
            url: way.registered,
            headers: &headers,
            body: &body,
            id,
            now,
        },
    )?;
    let mut headers = headers.0;
    headers.retain(|(name, _)| proof.headers.get(name).is_none());
    headers.extend(proof.headers.0);
    Ok(Delivery {
        body: proof.body.unwrap_or(body),
        headers,
        query: proof.query,
    })
}

/// A client for `post`.
///
/// # Errors
/// When TLS cannot be set up.
pub fn client() -> anyhow::Result<reqwest::Client> {
    tls::install();
    reqwest::Client::builder()
        .user_agent(concat!("frontdesk-send/", env!("CARGO_PKG_VERSION")))
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .context("setting up HTTP")
}

/// Posts a delivery to `url`.
///
/// # Errors
/// When nobody answers there.
pub async fn post(
    client: &reqwest::Client,
    url: &str,
    delivery: Delivery,
) -> anyhow::Result<Answer> {
    let url = match &delivery.query {
        Some(query) => format!("{url}?{query}"),
        None => url.to_owned(),
    };
    let mut request = client.post(&url);
    for (name, value) in &delivery.headers {
        request = request.header(name, value);
    }
    let answer = request
        .body(delivery.body)
        .send()
        .await
        .with_context(|| format!("nobody answers at {url}; does `frontdesk serve` run?"))?;
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap_or_default();
    Ok(Answer {
        status,
        body: serde_json::from_str(&text).unwrap_or_default(),
    })
}

/// A fresh id for a delivery.
///
/// # Errors
/// When the system has no randomness.
pub fn fresh_id() -> anyhow::Result<Uuid> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).context("no randomness")?;
    Ok(uuid::Builder::from_random_bytes(bytes).into_uuid())
}
