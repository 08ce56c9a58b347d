//! Thin events on their way: asked for a few at a time, fairly between endpoints, put off when it does not work.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use tokio::sync::{Semaphore, SemaphorePermit};
use uuid::Uuid;

use crate::config::Outbound;
use crate::model::event::{Claimed, EventStatus, PutOff};
use crate::model::said::Said;
use crate::phrase;
use crate::process::fetch::client::{Client, Limits};
use crate::process::fetch::pause::Pauses;
use crate::process::fetch::retry::{Next, Trouble, next};
use crate::process::fetch::{Outcome, Response, classify};
use crate::process::plan::{Conclusion, Planned, conclude};
use crate::process::worker::batch::{Facts, Ready, Thin};
use crate::process::worker::{Processing, report};
use crate::said;
use crate::store::Alarm;

/// Calls at once, over all endpoints.
const CALLS: usize = 32;
/// Calls at once of one endpoint, so that one slow API does not hold up the others.
const CALLS_PER_ENDPOINT: usize = 8;
/// Events that may wait for their call in memory; the others wait in the store.
const WAITING: usize = 2048;
/// How long an event waits in the store for room in memory.
const ROOM: Duration = Duration::from_secs(15);

/// The bounds of all fetches, and what is known of the APIs.
pub struct Fetches {
    client: Client,
    pauses: Pauses,
    calls: Semaphore,
    waiting: Semaphore,
    by_endpoint: Mutex<BTreeMap<String, Arc<Semaphore>>>,
}

impl Fetches {
    pub fn new(outbound: &Outbound, limits: Limits) -> Self {
        Fetches {
            client: Client::new(&outbound.allow, limits),
            pauses: Pauses::default(),
            calls: Semaphore::new(CALLS),
            waiting: Semaphore::new(WAITING),
            by_endpoint: Mutex::default(),
        }
    }

    fn turns_of(&self, endpoint: &str) -> Arc<Semaphore> {
        let mut all = self
            .by_endpoint
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let turns = all
            .entry(endpoint.to_owned())
            .or_insert_with(|| Arc::new(Semaphore::new(CALLS_PER_ENDPOINT)));
        Arc::clone(turns)
    }
}

impl Processing {
    /// Hands thin events to tasks of their own, which end by themselves.
    pub(super) fn start_fetches(self: &Arc<Self>, events: Vec<Thin>) {
        if events.is_empty() {
            return;
        }
        let mut tasks = self.thin();
        for thin in events {
            let processing = Arc::clone(self);
            tasks.spawn(async move { processing.fetch(thin).await });
        }
    }

    /// Asks as often as the event's mapping wants to, one call after the other.
    async fn fetch(&self, thin: Thin) {
        let Ok(room) = self.fetches.waiting.try_acquire() else {
            let due = after(self.clock.now(), ROOM);
            self.put_off(
                &thin.claimed,
                due,
                PutOff::Waiting,
                &said!("fetch-turn", "waits for its turn to be fetched"),
            )
            .await;
            return;
        };
        let mut stopping = self.stopping.subscribe();
        let mut next = Some(thin);
        while let Some(thin) = next {
            let response = tokio::select! {
                response = self.ask(&thin) => response,
                _ = stopping.wait_for(|stopping| *stopping) => None,
            };
            next = match response {
                Some(Asked::Paused(until, reason)) => {
                    self.put_off(&thin.claimed, until, PutOff::Waiting, &reason)
                        .await;
                    None
                }
                Some(Asked::Response(response)) => self.answered(thin, response).await,
                None => {
                    self.store.release(vec![thin.claimed.event.id]).await;
                    None
                }
            };
        }
        drop(room);
    }

    /// Waits for a turn and calls, unless the API is left alone for now. `None` when there are no turns any more.
    async fn ask(&self, thin: &Thin) -> Option<Asked> {
        let endpoint = &thin.claimed.event.endpoint;
        let turns = self.fetches.turns_of(endpoint);
        let _own: SemaphorePermit<'_> = turns.acquire().await.ok()?;
        let _any = self.fetches.calls.acquire().await.ok()?;
        if let Some((until, reason)) = self.fetches.pauses.paused(endpoint, self.clock.now()) {
            return Some(Asked::Paused(until, reason));
        }
        Some(Asked::Response(self.fetches.client.ask(&thin.call).await))
    }

    /// What comes after a response; the event again when its next call is known.
    async fn answered(&self, thin: Thin, response: Response) -> Option<Thin> {
        let endpoint = thin.claimed.event.endpoint.clone();
        let Some(fetch) = thin.call.place.of(&thin.recipe) else {
            self.store.release(vec![thin.claimed.event.id]).await;
            return None;
        };
        match classify(fetch, &thin.call.names, response) {
            Outcome::Answer(answer) => {
                report::fetched(&endpoint, "answered");
                if self.fetches.pauses.answered(&endpoint) {
                    self.clear_alarms(&endpoint).await;
                }
                self.go_on(thin, answer).await
            }
            Outcome::Trouble(trouble, reason) => {
                report::fetched(&endpoint, word(trouble));
                if trouble == Trouble::Rejected
                    && let Some(nothing) = fetch.without()
                {
                    return self.go_on(thin, nothing).await;
                }
                self.troubled(&thin.claimed, trouble, reason).await;
                None
            }
        }
    }

    /// Settles with the answer, or says what is to be asked next.
    async fn go_on(&self, mut thin: Thin, answer: Json) -> Option<Thin> {
        let before = thin.claimed.fetched.take();
        thin.claimed.fetched = match thin.call.place.of(&thin.recipe) {
            Some(fetch) => Some(fetch.with_answer(before, answer)),
            None => Some(answer),
        };
        let context = self.context();
        let planned = catch_unwind(AssertUnwindSafe(|| {
            self.plan_watched(&thin.recipe, &thin.claimed, &thin.opened, &context)
        }))
        .unwrap_or_else(|_| Planned::Conclude(Conclusion::defect()));
        let mut facts = Facts::of(&thin.claimed);
        let keeps_answer = planned.keeps_answer();
        let mut settlement = match planned {
            Planned::Settle(settlement) => settlement,
            Planned::Conclude(conclusion) => {
                facts.code = Some(conclusion.code);
                conclude(facts.event, conclusion, context.now)
            }
            Planned::NeedsFetch(call) if call.place != thin.call.place => {
                return Some(Thin { call, ..thin });
            }
            // It cannot ask for what it holds.
            Planned::NeedsFetch(_) => conclude(facts.event, Conclusion::defect(), context.now),
        };
        settlement.fetched = thin.claimed.fetched.filter(|_| keeps_answer);
        self.settle(vec![Ready { settlement, facts }]).await;
        None
    }

    async fn troubled(&self, claimed: &Claimed, trouble: Trouble, reason: Said) {
        let event = &claimed.event;
        let now = self.clock.now();
        self.fetches
            .pauses
            .failed(&event.endpoint, trouble, &reason, now);
        if let Some(alarm) = alarm(&event.endpoint, trouble, &reason, now)
            && let Err(error) = self.store.raise_alarm(alarm).await
        {
            tracing::error!(%error, "alarm.not_raised");
        }
        match next(trouble, event.attempts, jitter(event.id, event.attempts)) {
            Next::Again(wait) => {
                let how = match trouble {
                    Trouble::Token | Trouble::Forbidden => PutOff::Waiting,
                    Trouble::Busy(_) | Trouble::Down | Trouble::Rejected => PutOff::Tried,
                };
                self.put_off(claimed, after(now, wait), how, &reason).await;
            }
            Next::GiveUp => {
                let mut facts = Facts::of(claimed);
                facts.code = Some("fetch_failed");
                let given_up = Conclusion {
                    status: EventStatus::Failed,
                    code: "fetch_failed",
                    reason: said!(
                        "given-up",
                        "{reason}; given up after {tries} tries",
                        reason = reason,
                        tries = event.attempts + 1
                    ),
                    violations: Vec::new(),
                };
                let settlement = conclude(event.id, given_up, now);
                self.settle(vec![Ready { settlement, facts }]).await;
            }
        }
    }

    async fn put_off(&self, claimed: &Claimed, due: Timestamp, how: PutOff, reason: &Said) {
        let event = &claimed.event;
        tracing::debug!(event.id = %event.id, endpoint = %event.endpoint, %due, "event.put_off");
        let put = self.store.put_off(event.id, due, how, reason.clone()).await;
        if let Err(error) = put {
            tracing::error!(%error, event.id = %event.id, "event.not_put_off");
            self.store.release(vec![event.id]).await;
        }
    }

    async fn clear_alarms(&self, endpoint: &str) {
        for trouble in [Trouble::Token, Trouble::Forbidden] {
            let Some(key) = alarm_key(endpoint, trouble) else {
                continue;
            };
            if let Err(error) = self.store.clear_alarm(key).await {
                tracing::error!(%error, "alarm.not_cleared");
            }
        }
    }
}

enum Asked {
    Response(Response),
    Paused(Timestamp, Said),
}

fn word(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::Token => "token",
        Trouble::Forbidden => "forbidden",
        Trouble::Busy(_) => "busy",
        Trouble::Down => "down",
        Trouble::Rejected => "rejected",
    }
}

fn alarm_key(endpoint: &str, trouble: Trouble) -> Option<String> {
    match trouble {
        Trouble::Token => Some(format!("fetch-token/{endpoint}")),
        Trouble::Forbidden => Some(format!("fetch-address/{endpoint}")),
        Trouble::Busy(_) | Trouble::Down | Trouble::Rejected => None,
    }
}

fn alarm(endpoint: &str, trouble: Trouble, reason: &Said, now: Timestamp) -> Option<Alarm> {
    let what = match trouble {
        Trouble::Token => phrase!("put-token", "Put a fresh token there"),
        _ => phrase!("mend-that", "Mend that"),
    };
    Some(Alarm {
        key: alarm_key(endpoint, trouble)?,
        message: said!(
            "alarm-fetch",
            "Events of endpoint \"{endpoint}\" wait: {reason}. {what} and restart; they are kept, and go on by themselves",
            endpoint = endpoint,
            reason = reason.clone(),
            what = what
        ),
        since: now,
        last: now,
        count: 1,
    })
}

fn after(now: Timestamp, wait: Duration) -> Timestamp {
    SignedDuration::try_from(wait)
        .ok()
        .and_then(|wait| now.checked_add(wait).ok())
        .unwrap_or(now)
}

/// From 0 to 1, different for every event and try, and no randomness: the id's own random bits.
fn jitter(event: Uuid, attempts: u32) -> f64 {
    let [.., a, b] = event.into_bytes();
    let bits = u16::from_be_bytes([a, b]).wrapping_mul(0x9e37)
        ^ attempts
            .to_be_bytes()
            .iter()
            .fold(0, |sum, byte| sum ^ u16::from(*byte).wrapping_mul(0x6d2b));
    f64::from(bits) / f64::from(u16::MAX)
}
