//! What makes a decision necessary, and all that it must not ask the world for.

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use crate::model::record::{Fields, Origin};
use crate::process::decide::rules::Rules;

/// An event, or somebody's hand.
#[derive(Debug, Clone)]
pub struct Cause {
    /// The event, its source and its own time: the clock of everything it tells.
    pub origin: Origin,
    /// `None` when no event does it.
    pub event: Option<Uuid>,
    /// What rules can ask of the event that brought the lead: `assign::field_path::EVENT_FIELDS`.
    pub facts: Arc<Fields>,
    /// When the decision is made.
    pub now: Timestamp,
    /// A fresh id that all ids of this decision follow, so that a repeated one makes the same ones.
    pub first_id: Uuid,
    pub rules: Arc<Rules>,
}
