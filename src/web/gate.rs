//! One endpoint as the web sees it: its intake, its limits and its counters.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::http::header::{HeaderMap, HeaderValue, ORIGIN};
use metrics::{Counter, Histogram, counter, histogram};

use crate::ingest::intake::Intake;
use crate::ingest::refusal::Budget;
use crate::ingest::rejection::Rejection;
use crate::model::event::{Appended, EventStatus, SPAM};
use crate::telemetry;
use crate::web::cors;
use crate::web::limit::Limits;

/// Refusals of one endpoint that are recorded in a second.
const RECORDED: u32 = 20;

/// How long a sender should wait while an endpoint is paused.
const PAUSE: Duration = Duration::from_secs(300);

/// What became of an event: its status, and why it is not pending.
pub type Ended = (EventStatus, Option<&'static str>);

/// An endpoint.
#[derive(Debug)]
pub struct Gate {
    pub intake: Arc<Intake>,
    pub refusals: Budget,
    limits: Limits,
    paused: AtomicBool,
    meters: Meters,
}

struct Meters {
    accepted: Counter,
    duplicate: Counter,
    quarantined: Counter,
    spam: Counter,
    ignored: Counter,
    duration: Histogram,
}

impl std::fmt::Debug for Meters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Meters")
    }
}

impl Gate {
    pub fn new(intake: Arc<Intake>) -> Self {
        let door = &intake.door;
        let events = |outcome: &'static str| counter!(telemetry::EVENTS, "endpoint" => intake.endpoint.clone(), "outcome" => outcome);
        Gate {
            limits: Limits::new(door.rate_limit, door.rate_limit_per_address),
            meters: Meters {
                accepted: events("accepted"),
                duplicate: events("duplicate"),
                quarantined: events("quarantined"),
                spam: events("spam"),
                ignored: events("ignored"),
                duration: histogram!(telemetry::RECEIVE, "endpoint" => intake.endpoint.clone()),
            },
            refusals: Budget::new(RECORDED),
            paused: AtomicBool::new(false),
            intake,
        }
    }

    /// What can be decided before the body is read: limits first, for they are cheapest, then the lists.
    ///
    /// # Errors
    /// `Paused`, `RateLimited`, `AddressDenied` or `OriginDenied`.
    pub fn admit(&self, peer: IpAddr, headers: &HeaderMap) -> Result<(), Rejection> {
        if self.paused.load(Ordering::Relaxed) {
            return Err(Rejection::Paused(PAUSE));
        }
        self.limits.check(peer)?;
        let door = &self.intake.door;
        let networks = &door.allow_addresses;
        if !networks.is_empty() && !networks.iter().any(|network| network.contains(peer)) {
            return Err(Rejection::AddressDenied(peer.to_string()));
        }
        cors::check(headers, &door.allow_origins)
    }

    /// Takes nothing, or again.
    pub fn pause(&self, paused: bool) {
        self.paused.store(paused, Ordering::Relaxed);
    }

    /// The origin of a script that may read this endpoint's answers: only where anybody may post.
    pub fn script_origin(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let door = &self.intake.door;
        let may =
            self.intake.verifier.is_open() && cors::check(headers, &door.allow_origins).is_ok();
        headers.get(ORIGIN).filter(|_| may).cloned()
    }

    pub fn count(&self, appended: Appended, (status, code): Ended) {
        let counter = match (appended, status) {
            (Appended::Duplicate(_), _) => &self.meters.duplicate,
            (Appended::New(_), EventStatus::Quarantined) if code == Some(SPAM) => &self.meters.spam,
            (Appended::New(_), EventStatus::Quarantined) => &self.meters.quarantined,
            (Appended::New(_), EventStatus::Ignored) => &self.meters.ignored,
            (Appended::New(_), _) => &self.meters.accepted,
        };
        counter.increment(1);
    }

    pub fn took(&self, duration: Duration) {
        self.meters.duration.record(duration);
    }
}
