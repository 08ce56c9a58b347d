//! An event: one thing that happened at the sender, part of one request.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::model::dedupe::DedupeClaim;
use crate::model::request::RawRequest;
use crate::model::said::Said;
use crate::said;

/// Where an event stands. The numbers are stored: never renumber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum EventStatus {
    /// Accepted and written down; a worker will take it.
    Pending = 0,
    /// Its records are written.
    Processed = 1,
    /// Verified, but not valid or not mappable: waits for a mended mapping and a replay.
    Quarantined = 2,
    /// Gave up after retries (a fetch that never succeeded): waits for a replay.
    Failed = 3,
    /// Understood and of no interest.
    Ignored = 4,
}

impl EventStatus {
    pub const ALL: [EventStatus; 5] = [
        EventStatus::Pending,
        EventStatus::Processed,
        EventStatus::Quarantined,
        EventStatus::Failed,
        EventStatus::Ignored,
    ];

    /// The word of the API.
    pub fn as_str(self) -> &'static str {
        match self {
            EventStatus::Pending => "pending",
            EventStatus::Processed => "processed",
            EventStatus::Quarantined => "quarantined",
            EventStatus::Failed => "failed",
            EventStatus::Ignored => "ignored",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// Why the sender was believed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Verdict {
    /// The scheme that proved the sender: `hmac`, `key`, `basic`, `bearer`, `none`, …
    pub scheme: String,
    /// Which of the endpoint's secrets matched, counted from 0 in the order of the config.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<usize>,
}

/// One violated rule of a schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// JSON pointer into the body: `/email`.
    pub path: String,
    pub message: Said,
}

impl Violation {
    pub fn new(path: impl Into<String>, message: impl Into<Said>) -> Self {
        Violation {
            path: path.into(),
            message: message.into(),
        }
    }

    /// Place and message as one sentence.
    pub fn said(&self) -> Said {
        match self.path.as_str() {
            "" => self.message.clone(),
            path => said!(
                "violation",
                "{path} {why}",
                path = path,
                why = self.message.clone()
            ),
        }
    }
}

/// The code of events that the spam gate holds: only a release lets them in.
pub const SPAM: &str = "spam";

/// Something that was noticed, for people: about an event when it was received, or about a refused request.
/// This is how a store keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// A stable word: `honeypot`, `links`, `event_time`, `body_changed`.
    pub name: String,
    /// What it adds to the suspicion of spam; 0 when it has nothing to do with it.
    #[serde(default)]
    pub score: u32,
    /// A sentence.
    #[serde(with = "crate::model::said::kept")]
    pub message: Said,
}

impl Note {
    /// A note that raises no suspicion.
    pub fn new(name: &str, message: impl Into<Said>) -> Self {
        Note {
            name: name.to_owned(),
            score: 0,
            message: message.into(),
        }
    }
}

/// An event about to be appended to the inbox.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// UUID v7.
    pub id: Uuid,
    /// Position in the request's batch, from 0; `None` when it stands for a request whose events are not known.
    pub part: Option<u32>,
    /// The sender's word: `orders/create`.
    pub event_type: String,
    /// The sender's id of this event, where it has one.
    pub delivery_id: Option<String>,
    /// When it happened, by the sender's clock.
    pub event_time: Option<Timestamp>,
    pub dedupe: DedupeClaim,
    /// `Pending`, `Quarantined` or `Ignored`.
    pub status: EventStatus,
    /// Why it is quarantined, as a stable word: `spam`, `schema_violation`.
    pub code: Option<&'static str>,
    /// Why it is not pending, in a sentence.
    pub reason: Option<Said>,
    pub violations: Vec<Violation>,
    pub notes: Vec<Note>,
}

impl NewEvent {
    /// It is not what its sender and we agreed on: it holds its key against its own body alone, for the same id with
    /// another body may be what was meant.
    pub fn is_invalid(&self) -> bool {
        let is_quarantined = self.status == EventStatus::Quarantined;
        is_quarantined && (self.part.is_none() || !self.violations.is_empty())
    }
}

/// A verified request with its events: appended in one commit.
#[derive(Debug, Clone)]
pub struct Arrival {
    pub request: RawRequest,
    /// Name of the source the endpoint speaks.
    pub source: String,
    pub verdict: Verdict,
    pub events: Vec<NewEvent>,
}

/// What the inbox made of one event of an arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// The id it has now: the one that was made for it, or one a little later.
    New(Uuid),
    /// The id of the event that claimed the key first.
    Duplicate(Uuid),
}

/// An event as the inbox holds it.
#[derive(Debug, Clone)]
pub struct Event {
    pub id: Uuid,
    /// The request it came in.
    pub request: Uuid,
    /// Position in the request's batch, from 0; `None` while it stands for a request whose events are not known.
    pub part: Option<u32>,
    pub endpoint: String,
    pub source: String,
    pub event_type: String,
    pub delivery_id: Option<String>,
    pub event_time: Option<Timestamp>,
    pub received_at: Timestamp,
    pub status: EventStatus,
    /// Why it is quarantined or failed, as a stable word: `spam`, `schema_violation`, `mapping_failed`.
    pub code: Option<String>,
    /// Why it is not processed, in a sentence.
    pub reason: Option<Said>,
    pub violations: Vec<Violation>,
    /// What was noticed when it was received.
    pub notes: Vec<Note>,
    /// How often processing was tried and put off.
    pub attempts: u32,
    pub processed_at: Option<Timestamp>,
    /// It was put off, replayed or released: what lies between its receipt and its end was not all work.
    pub came_again: bool,
    pub verdict: Verdict,
}

impl Event {
    /// Milliseconds from its receipt to its end; nothing while it is pending, and when it came again.
    pub fn took_ms(&self) -> Option<u64> {
        let ended = self.processed_at.filter(|_| !self.came_again)?;
        let took = ended.duration_since(self.received_at).as_millis();
        // A clock that was set back in between says nothing.
        u64::try_from(took).ok()
    }
}

/// An event taken by a worker, with what it needs to be understood.
#[derive(Debug, Clone)]
pub struct Claimed {
    pub event: Event,
    /// `None` when retention has removed the raw request.
    pub raw: Option<RawRequest>,
    /// The answer of the sender's API of an earlier try, for thin events.
    pub fetched: Option<Value>,
}

/// Why an event is put off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutOff {
    /// It waits for its turn, or for somebody to mend a token: no try was spent.
    Waiting,
    /// A try failed and is counted.
    Tried,
}

/// A request that was turned away, kept for the operator at a bounded rate.
#[derive(Debug, Clone)]
pub struct Refusal {
    pub id: Uuid,
    /// The endpoint's name as it was asked for, at most 100 characters.
    pub endpoint: String,
    pub at: Timestamp,
    pub peer: String,
    /// The stable code of the contract: `signature_mismatch`.
    pub code: String,
    /// What was wrong, in the sentence that the caller heard.
    pub detail: Said,
    /// What most likely was the matter, for the operator alone.
    pub diagnosis: Vec<Note>,
    /// Headers with secrets and signatures masked.
    pub headers: Vec<(String, String)>,
    /// The beginning of the body, at most 4 KiB.
    pub body: Vec<u8>,
}
