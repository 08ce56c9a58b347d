//! What happened and how much of it, by minute and by day: read without counting rows.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::store::Result;

/// Counters that are written in the transactions they count.
#[async_trait]
pub trait Meters: Send + Sync {
    /// Every minute in which something happened, from `since` on, oldest first.
    async fn minutes(&self, since: Timestamp) -> Result<Vec<Minute>>;

    /// What became of leads on each day from `since` on, oldest first.
    async fn lead_days(&self, since: Timestamp) -> Result<Vec<LeadDay>>;
}

/// One outcome at one endpoint in one minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Minute {
    /// Where it begins.
    pub at: Timestamp,
    /// Empty for endpoints that do not exist.
    pub endpoint: String,
    pub outcome: Outcome,
    pub count: u64,
}

/// What became of a request or an event. The numbers are stored: never renumber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Outcome {
    /// A new event, accepted.
    Accepted = 0,
    /// A request that was turned away and recorded; a flood is recorded at a bounded rate.
    Refused = 1,
    /// When it arrived, or when it was to be mapped.
    Quarantined = 2,
    Processed = 3,
    Failed = 4,
    Ignored = 5,
}

impl Outcome {
    pub const ALL: [Outcome; 6] = [
        Outcome::Accepted,
        Outcome::Refused,
        Outcome::Quarantined,
        Outcome::Processed,
        Outcome::Failed,
        Outcome::Ignored,
    ];
}

/// One step of leads from one source with one owner on one day (UTC).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeadDay {
    /// Where the day begins.
    pub at: Timestamp,
    pub source: String,
    /// A rep's handle; empty when nobody.
    pub owner: String,
    pub step: LeadStep,
    pub count: u64,
    /// From the leads' creation to this step, added up.
    pub seconds: u64,
}

/// A step in the life of a lead. The numbers are stored: never renumber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum LeadStep {
    Created = 0,
    /// Somebody began to work on it, or decided about it.
    Answered = 1,
    Converted = 2,
    /// Lost, unqualified or junk.
    Lost = 3,
}

impl LeadStep {
    pub const ALL: [LeadStep; 4] = [
        LeadStep::Created,
        LeadStep::Answered,
        LeadStep::Converted,
        LeadStep::Lost,
    ];
}
