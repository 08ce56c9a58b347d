//! What an event changed: the row of the change feed that destinations will read.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::model::field::Kind;
use crate::model::record::Fields;
use crate::model::said::Said;

/// What happened to a record, in the words subscriptions use (`lead.created`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    Created,
    Updated,
    StatusChanged,
    Assigned,
    Deleted,
    /// Somebody wrote a note beside it.
    Noted,
    /// Two contacts became one: this one, or this one was taken into the other.
    Merged,
    /// A merge was undone.
    Unmerged,
}

/// One record changed by one event (or one edit): written in the transaction of the record.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub id: Uuid,
    pub kind: Kind,
    pub record: Uuid,
    /// The record's version after the change: orders the feed per record.
    pub version: u64,
    pub what: Vec<ChangeKind>,
    /// The event that caused it; `None` for an edit by hand.
    pub event: Option<Uuid>,
    /// The source's name, or who edited.
    pub source: String,
    pub at: Timestamp,
    /// The fields that an update changed, with what stood there before; empty when the record was created or deleted,
    /// because then the snapshot says all.
    pub changed: Vec<FieldChange>,
    /// The record as it now is. Empty on the way to the store, which has it from the record written beside.
    pub snapshot: Fields,
}

/// A field before and after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldChange {
    pub field: String,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub from: Value,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub to: Value,
}

/// Two records that may be one person: strong keys disagree, so a human decides.
#[derive(Debug, Clone, PartialEq)]
pub struct Review {
    pub id: Uuid,
    pub kind: Kind,
    /// The record the event was applied to.
    pub record: Uuid,
    /// The record that holds the other key.
    pub other: Uuid,
    /// A sentence: which key disagrees.
    pub reason: Said,
    pub event: Uuid,
    pub at: Timestamp,
}
