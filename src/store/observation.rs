//! What the gateway learns of its traffic: how much came, and small documents that pure functions revise.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

use crate::model::said::Said;
use crate::store::Result;

/// Traffic, and what was learned from it.
#[async_trait]
pub trait Observations: Send + Sync {
    /// The number of the last event that was written down; 0 before the first.
    async fn last_event(&self) -> Result<u64>;

    /// What came by the events numbered above `after`, up to `upto`; streams without any are left out.
    async fn traffic(&self, after: u64, upto: u64) -> Result<Vec<Traffic>>;

    /// Revises documents, each shown as it stands, in one transaction. Returns them as they are afterwards, in order;
    /// `None` for one that was forgotten.
    async fn revise(&self, revisions: Vec<Revision>) -> Result<Vec<Option<Value>>>;

    /// The documents of one subject, by name.
    async fn observations(&self, subject: String) -> Result<Vec<Observation>>;
}

/// The events of one type at one endpoint, counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traffic {
    pub endpoint: String,
    /// Empty where the types are too many to be counted apart.
    pub event_type: String,
    pub received: u64,
    /// Of these, in quarantine by now; what the spam gate holds is not meant.
    pub quarantined: u64,
    pub newest: Timestamp,
    /// Why the newest of those is there.
    pub reason: Option<Said>,
}

/// A change of one document.
pub struct Revision {
    /// What the document is about: `mapping`, `rhythm`, …
    pub subject: &'static str,
    /// Of what: unique within the subject.
    pub name: String,
    pub at: Timestamp,
    /// Pure: shown the document, says what it becomes; `None` forgets it. May be called again when a commit has to be
    /// repeated.
    pub revise: Box<dyn Fn(Option<Value>) -> Option<Value> + Send>,
}

/// A document as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    pub name: String,
    pub document: Value,
    pub at: Timestamp,
}
