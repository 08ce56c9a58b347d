//! Events in the hands of workers: kept in memory only, so that a crash makes them pending again.
//!
//! Fresh events, which nobody has touched yet, are claimed in the order of their numbers, each once: up to the *cursor*
//! all are in somebody's hands, settled or given back.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use uuid::Uuid;

use crate::store::sqlite::append::Shelved;
use crate::store::sqlite::shelf::Shelf;

/// What is claimed, and who waits for more.
#[derive(Default)]
pub(super) struct InFlight {
    /// One claim at a time: two would be given the same events.
    pub(super) claiming: tokio::sync::Mutex<()>,
    state: Mutex<State>,
    /// The last fresh event that was committed.
    newest: AtomicI64,
    /// The shelf is closed, as it is in a burst: then nobody has to ask for the lock.
    is_shelf_closed: AtomicBool,
    work: Notify,
}

/// A claimed event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hand {
    pub(super) seq: i64,
    /// It was fresh when it was claimed.
    pub(super) fresh: Option<Fresh>,
}

/// What the first thing that becomes of an event has to write down.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fresh {
    pub(super) stream: i64,
    /// In microseconds since 1970.
    pub(super) received_at: i64,
}

/// What a claim begins with.
pub(super) struct Claim {
    pub(super) in_flight: usize,
    /// So many events are to be read from the file; the others are taken off the shelf.
    pub(super) from_file: usize,
    /// Where fresh events begin that nobody has claimed, when the shelf does not have them.
    pub(super) cursor: Option<i64>,
    /// Fresh ones that were given back.
    pub(super) returned: Vec<i64>,
}

#[derive(Default)]
struct State {
    taken: HashMap<Uuid, Hand>,
    numbers: HashSet<i64>,
    /// Given back since the running claim began: what it read may still show them as pending.
    recent: HashSet<i64>,
    cursor: i64,
    /// Up to the cursor: seen while they were fresh, and nothing has become of them.
    open: BTreeSet<i64>,
    /// Those of them that nobody has.
    returned: BTreeSet<i64>,
    /// Those behind the cursor, as long as workers keep up with them.
    shelf: Shelf<Shelved>,
    next_due: Option<Instant>,
}

impl InFlight {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// At the start: claims begin behind this number.
    pub(super) fn set_cursor(&self, seq: i64) {
        self.lock().cursor = seq;
    }

    /// No event up to this number is fresh.
    pub(super) fn fresh_from(&self) -> i64 {
        let state = self.lock();
        state.open.first().map_or(state.cursor, |first| first - 1)
    }

    /// A claim of so many begins: what was given back before is shown rightly by what it reads.
    pub(super) fn begin_claim(&self, limit: usize) -> Claim {
        let mut state = self.lock();
        state.recent.clear();
        let cursor = state.cursor;
        let rest = self.newest.load(Ordering::SeqCst) - cursor;
        let is_near = usize::try_from(rest).unwrap_or(0) <= limit;
        let on_shelf = state.shelf.ready(is_near);
        // Before the claim reads: whoever finds it closed has committed what the claim will see.
        self.note_shelf(&state);
        Claim {
            in_flight: state.numbers.len(),
            from_file: match on_shelf {
                Some(on_shelf) => limit - on_shelf.min(limit / 2),
                None => limit,
            },
            cursor: on_shelf.is_none().then_some(cursor),
            returned: state.returned.iter().copied().collect(),
        }
    }

    /// Fresh events that nobody has claimed, as far as they were committed since the start.
    pub(super) fn unclaimed(&self) -> usize {
        let cursor = self.lock().cursor;
        usize::try_from(self.newest.load(Ordering::SeqCst) - cursor).unwrap_or(0)
    }

    pub(super) fn is_free(&self, seq: i64) -> bool {
        let state = self.lock();
        !state.numbers.contains(&seq) && !state.recent.contains(&seq)
    }

    /// `false` when it is taken or was given back meanwhile.
    pub(super) fn take(&self, event: Uuid, hand: Hand) -> bool {
        self.lock().take(event, hand)
    }

    /// The file was read for fresh events up to this number: they are taken. `is_end` when there were no more.
    pub(super) fn looked_at(&self, upto: i64, is_end: bool) {
        let mut state = self.lock();
        state.cursor = state.cursor.max(upto);
        state.shelf.caught_up(is_end.then_some(upto));
        self.note_shelf(&state);
    }

    /// Fresh events up to this number are on disk. `true` when the last of them is to be kept in memory.
    pub(super) fn is_shelved(&self, upto: i64) -> bool {
        self.newest.fetch_max(upto, Ordering::SeqCst);
        !self.is_shelf_closed.load(Ordering::SeqCst)
    }

    /// The next fresh event is on disk. It comes back when it is not to be kept in memory after all.
    pub(super) fn shelve(&self, event: Shelved) -> Option<Shelved> {
        let mut state = self.lock();
        if event.hand.seq <= state.cursor {
            return Some(event);
        }
        let unkept = state.shelf.put((event.hand.seq, event.bytes()), event);
        self.note_shelf(&state);
        unkept
    }

    /// Fresh events may be on disk that are not kept in memory.
    pub(super) fn close_shelf(&self) {
        let mut state = self.lock();
        state.shelf.close();
        self.note_shelf(&state);
    }

    fn note_shelf(&self, state: &State) {
        let is_closed = state.shelf.is_closed();
        self.is_shelf_closed.store(is_closed, Ordering::SeqCst);
    }

    /// Takes the next events off the shelf.
    pub(super) fn take_shelved(&self, most: usize) -> Vec<Shelved> {
        let mut state = self.lock();
        let mut taken = Vec::with_capacity(most);
        while taken.len() < most
            && let Some(event) = state.shelf.take()
        {
            if state.take(event.id, event.hand) {
                taken.push(event);
            }
        }
        taken
    }

    /// Is not fresh any more.
    pub(super) fn forget(&self, seq: i64) {
        let mut state = self.lock();
        state.returned.remove(&seq);
        state.open.remove(&seq);
    }

    /// A fresh event that nobody can take now: the next claim tries again.
    pub(super) fn turn_down(&self, seq: i64) {
        let mut state = self.lock();
        state.open.insert(seq);
        state.returned.insert(seq);
    }

    /// An event that is in flight.
    pub(super) fn hand(&self, event: Uuid) -> Option<Hand> {
        self.lock().taken.get(&event).copied()
    }

    /// After the commit that settled it or put it off.
    pub(super) fn done(&self, event: Uuid) {
        let mut state = self.lock();
        if let Some(hand) = state.give_back(event) {
            state.open.remove(&hand.seq);
        }
    }

    /// Given back unchanged: the next claim may have it.
    pub(super) fn release(&self, events: &[Uuid]) {
        let mut state = self.lock();
        for event in events {
            if let Some(hand) = state.give_back(*event)
                && hand.fresh.is_some()
            {
                state.returned.insert(hand.seq);
            }
        }
        drop(state);
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

impl State {
    fn take(&mut self, event: Uuid, hand: Hand) -> bool {
        if self.recent.contains(&hand.seq) || !self.numbers.insert(hand.seq) {
            return false;
        }
        if hand.fresh.is_some() {
            self.open.insert(hand.seq);
            self.cursor = self.cursor.max(hand.seq);
        }
        self.returned.remove(&hand.seq);
        self.taken.insert(event, hand);
        true
    }

    fn give_back(&mut self, event: Uuid) -> Option<Hand> {
        let hand = self.taken.remove(&event)?;
        self.numbers.remove(&hand.seq);
        self.recent.insert(hand.seq);
        Some(hand)
    }
}
