//! The desk's office: what managers and reps do with rules and leads, the same for the API and the console, and the
//! rounds that nobody has to ask for.

pub mod explain;
pub mod hand;
pub mod links;
pub mod past;
pub mod people;
pub mod preview;
pub mod rounds;
pub mod rules;

use std::sync::Arc;

use tokio::sync::Notify;

use crate::clock::Clock;
use crate::model::event::Violation;
use crate::model::id::new_id;
use crate::model::record::Origin;
use crate::process::decide::cause::Cause;
use crate::process::decide::rules::Rules;
use crate::store::desk::Declined;
use crate::store::{Store, StoreError};

/// Why it was not done.
#[derive(Debug, Clone, thiserror::Error)]
pub enum OfficeError {
    /// What is wrong, each with its place as a JSON pointer.
    #[error("{} things are wrong", .0.len())]
    Invalid(Vec<Violation>),
    /// Somebody else was faster.
    #[error("version {expected} is stale, the current one is {current}")]
    Stale { expected: u64, current: u64 },
    /// There is no such thing; a sentence.
    #[error("{0}")]
    Unknown(String),
    #[error("{}", .0.sentence)]
    Declined(Declined),
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for OfficeError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale { expected, current } => OfficeError::Stale { expected, current },
            other => OfficeError::Store(other),
        }
    }
}

pub type Result<T> = std::result::Result<T, OfficeError>;

/// Wired once; the workers, the API and the console share it.
pub struct Office {
    store: Arc<dyn Store>,
    rules: Arc<Rules>,
    clock: Clock,
    /// A lead may wait for somebody who is there already.
    nudge: Notify,
}

impl Office {
    pub fn new(store: Arc<dyn Store>, rules: Arc<Rules>, clock: Clock) -> Self {
        Office {
            store,
            rules,
            clock,
            nudge: Notify::new(),
        }
    }

    /// What a decision made now by `source` is made with; of a lead that no event brings again.
    fn cause(&self, source: &str) -> Cause {
        let now = self.clock.now();
        let first_id = new_id(now);
        Cause {
            origin: Origin {
                event: new_id(now),
                source: source.to_owned(),
                at_ms: now.as_millisecond(),
            },
            event: None,
            facts: Arc::default(),
            now,
            first_id,
            rules: Arc::clone(&self.rules),
        }
    }
}
