//! Events in the hands of workers: kept in memory only, so that a crash makes them pending again.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use uuid::Uuid;

/// What is claimed, and who waits for more.
#[derive(Default)]
pub(super) struct InFlight {
    /// One claim at a time: two would be given the same events.
    pub(super) claiming: tokio::sync::Mutex<()>,
    state: Mutex<State>,
    work: Notify,
}

#[derive(Default)]
struct State {
    taken: HashMap<Uuid, i64>,
    numbers: HashSet<i64>,
    /// Given back since the running claim began: what it read may still show them as pending.
    recent: HashSet<i64>,
    next_due: Option<Instant>,
}

impl InFlight {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A claim begins: what was given back before is shown rightly by what it reads.
    pub(super) fn begin_claim(&self) -> usize {
        let mut state = self.lock();
        state.recent.clear();
        state.numbers.len()
    }

    pub(super) fn is_free(&self, seq: i64) -> bool {
        let state = self.lock();
        !state.numbers.contains(&seq) && !state.recent.contains(&seq)
    }

    /// `false` when it is taken or was given back meanwhile.
    pub(super) fn take(&self, event: Uuid, seq: i64) -> bool {
        let mut state = self.lock();
        if state.recent.contains(&seq) || !state.numbers.insert(seq) {
            return false;
        }
        state.taken.insert(event, seq);
        true
    }

    /// The number of an event that is in flight.
    pub(super) fn seq(&self, event: Uuid) -> Option<i64> {
        self.lock().taken.get(&event).copied()
    }

    /// After the commit that settled it or put it off.
    pub(super) fn done(&self, event: Uuid) {
        let mut state = self.lock();
        if let Some(seq) = state.taken.remove(&event) {
            state.numbers.remove(&seq);
            state.recent.insert(seq);
        }
    }

    /// Given back unchanged: the next claim may have it.
    pub(super) fn release(&self, events: &[Uuid]) {
        for event in events {
            self.done(*event);
        }
        self.wake();
    }

    pub(super) fn set_next_due(&self, due: Option<Duration>) {
        self.lock().next_due = due.map(|due| Instant::now() + due);
    }

    /// Somebody should look for work.
    pub(super) fn wake(&self) {
        self.work.notify_one();
    }

    pub(super) async fn wait(&self, at_most: Duration) {
        let until_due = self
            .lock()
            .next_due
            .map(|due| due.saturating_duration_since(Instant::now()));
        let at_most = until_due.map_or(at_most, |due| due.min(at_most));
        // The back-stop and the call lead to the same look.
        drop(tokio::time::timeout(at_most, self.work.notified()).await);
    }
}
