//! Requests that are turned away: counted always, recorded and logged while the budget lasts.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;
use jiff::Timestamp;
use metrics::counter;

use crate::ingest::refusal::{self, Budget};
use crate::ingest::rejection::Rejection;
use crate::model::event::Refusal;
use crate::model::request::Headers;
use crate::said;
use crate::store::Inbox;
use crate::telemetry;
use crate::web::gate::Gate;

/// Refusals of endpoints that do not exist, recorded in a second.
const STRANGERS: u32 = 5;
/// For a refusal to be recorded: its sender waits, but not for a store that hangs.
const RECORDING: Duration = Duration::from_secs(2);

/// Where refusals go.
pub struct Refusals {
    inbox: Arc<dyn Inbox>,
    strangers: Budget,
}

impl Refusals {
    pub fn new(inbox: Arc<dyn Inbox>) -> Self {
        Refusals {
            inbox,
            strangers: Budget::new(STRANGERS),
        }
    }

    /// Notes a refusal of an endpoint; `record` is made only when it is kept.
    pub async fn note(
        &self,
        gate: &Gate,
        rejection: &Rejection,
        now: Timestamp,
        record: impl FnOnce() -> Refusal,
    ) {
        count(&gate.intake.endpoint, rejection);
        if let Some(left_out) = gate.refusals.take(now) {
            self.keep(record(), left_out).await;
        }
    }

    /// Notes a request to an endpoint that does not exist. Anybody can make up names, so they are no labels of a metric.
    pub async fn note_stranger(
        &self,
        rejection: &Rejection,
        now: Timestamp,
        record: impl FnOnce() -> Refusal,
    ) {
        count("unknown", rejection);
        if let Some(left_out) = self.strangers.take(now) {
            self.keep(record(), left_out).await;
        }
    }

    async fn keep(&self, mut refusal: Refusal, left_out: u64) {
        tracing::info!(
            endpoint = refusal.endpoint,
            code = refusal.code,
            left_out,
            "event.refused"
        );
        if left_out > 0 {
            refusal.detail = said!(
                "left-out",
                "{detail} (before it, {count} more were not recorded)",
                detail = refusal.detail,
                count = left_out
            );
        }
        match tokio::time::timeout(RECORDING, self.inbox.refuse(refusal)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(cause = %error, "refusal.not_stored"),
            Err(_) => tracing::warn!(cause = "the store is too slow", "refusal.not_stored"),
        }
    }
}

/// Counts a request that is turned away.
pub fn count(endpoint: &str, rejection: &Rejection) {
    counter!(telemetry::REFUSALS, "endpoint" => endpoint.to_owned(), "code" => rejection.code())
        .increment(1);
}

/// The record of a request whose body was not looked at.
pub fn unread(
    endpoint: &str,
    request: &HttpRequest,
    peer: IpAddr,
    rejection: &Rejection,
    now: Timestamp,
) -> Refusal {
    let headers = headers(request.headers());
    refusal::unread(endpoint, &peer.to_string(), &headers, rejection, now)
}

/// Headers as the rooms below know them; names are in lower case already.
pub fn headers(map: &HeaderMap) -> Headers {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Headers(
        map.iter()
            .map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes())))
            .collect(),
    )
}
