//! The compiled rules and people, kept until others take their place.

use std::sync::{Arc, Mutex, PoisonError};

use crate::assign::compile::{Compiled, compile};
use crate::assign::roster::Roster;
use crate::model::desk::Desk;
use crate::model::event::Violation;
use crate::model::rules::RuleSet;

/// Why a stored rule set cannot be used.
pub type Problems = Arc<Vec<Violation>>;

type Outcome = Result<Arc<Compiled>, Problems>;

/// Desks that are remembered: the writer's, and that of whoever looks on.
const REMEMBERED: usize = 2;

/// Compiles what a desk says once and remembers it.
#[derive(Debug, Default)]
pub struct Rules {
    rules: Mutex<Vec<(Arc<RuleSet>, Outcome)>>,
    rosters: Mutex<Vec<Arc<Roster>>>,
}

impl Rules {
    /// The compiled form of a desk's rule set, told apart by identity: two drafts may share a version.
    ///
    /// # Errors
    /// The problems of a set that cannot be compiled, such as one published by another version of the gateway.
    pub fn compiled(&self, set: &Arc<RuleSet>) -> Outcome {
        let mut known = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, outcome)) = known.iter().find(|(known, _)| Arc::ptr_eq(known, set)) {
            return outcome.clone();
        }
        let outcome = compile(set).map(Arc::new).map_err(Arc::new);
        known.truncate(REMEMBERED - 1);
        known.insert(0, (Arc::clone(set), outcome.clone()));
        outcome
    }

    /// The people of a desk.
    pub fn roster(&self, desk: &Desk) -> Arc<Roster> {
        let mut known = self.rosters.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(roster) = known.iter().find(|it| it.is_of(&desk.reps, &desk.teams)) {
            return Arc::clone(roster);
        }
        let roster = Roster::new(Arc::clone(&desk.reps), Arc::clone(&desk.teams));
        let roster = Arc::new(roster);
        known.truncate(REMEMBERED - 1);
        known.insert(0, Arc::clone(&roster));
        roster
    }
}
