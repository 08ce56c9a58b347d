//! What waits for the writer: appends, because a sender waits for each of them; what a person or another room waits for;
//! and settlements, of which thousands may wait and nobody for any one of them.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::store::sqlite::books::Books;
use crate::store::sqlite::fault::{Done, Fault};
use crate::store::{Result, StoreError};

/// Bytes of waiting appends before new ones are refused: memory stays bounded when the disk does not keep up.
const MOST_WAITING: usize = 48 * 1024 * 1024;

/// A piece of writing. It may run several times, each in a fresh transaction, until one is committed.
pub(super) trait Job: Send {
    /// Does it, within the transaction.
    fn run(&mut self, books: &mut Books) -> Done<()>;

    /// After the commit: whether there is now something for the workers.
    fn made_work(&self) -> bool {
        false
    }

    /// Called in a transaction of its own when `run` broke a constraint even alone. `Err` to answer with the fault.
    fn give_up(&mut self, _books: &mut Books, reason: &str) -> Done<()> {
        Err(Fault::Refused(reason.to_owned()))
    }

    /// The transaction is on disk, or nothing of the job is.
    fn finish(self: Box<Self>, end: Result<()>);
}

/// A job that answers with the value of a function.
pub(super) struct Call<T, F> {
    work: F,
    value: Option<T>,
    reply: oneshot::Sender<Result<T>>,
}

impl<T, F> Call<T, F>
where
    T: Send,
    F: FnMut(&mut Books) -> Done<T> + Send,
{
    pub(super) fn new(work: F) -> (Self, oneshot::Receiver<Result<T>>) {
        let (reply, answer) = oneshot::channel();
        let call = Call {
            work,
            value: None,
            reply,
        };
        (call, answer)
    }
}

impl<T, F> Job for Call<T, F>
where
    T: Send,
    F: FnMut(&mut Books) -> Done<T> + Send,
{
    fn run(&mut self, books: &mut Books) -> Done<()> {
        self.value = Some((self.work)(books)?);
        Ok(())
    }

    fn finish(self: Box<Self>, end: Result<()>) {
        let answer = match (end, self.value) {
            (Ok(()), Some(value)) => Ok(value),
            (Ok(()), None) => Err(StoreError::Corrupt("a write gave no answer".to_owned())),
            (Err(error), _) => Err(error),
        };
        // A caller that went away has no use for the answer.
        drop(self.reply.send(answer));
    }
}

/// The three lines before the writer.
pub(super) struct Queue {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Default)]
struct State {
    appends: VecDeque<(Box<dyn Job>, usize)>,
    writes: VecDeque<Box<dyn Job>>,
    settlements: VecDeque<Box<dyn Job>>,
    bytes: usize,
    closed: bool,
    /// What the writer sleeps for: only then it has to be woken.
    sleep: Option<Sleep>,
    /// Committed groups on their way to disk, and the appends in them.
    under_way: usize,
    unanswered: usize,
}

impl State {
    fn has_work(&self) -> bool {
        !(self.appends.is_empty() && self.writes.is_empty() && self.settlements.is_empty())
    }
}

/// What ends the writer's sleep.
#[derive(Debug, Clone, Copy)]
enum Sleep {
    AnyWork,
    /// So many appends.
    Appends(usize),
}

/// Why the writer woke up.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Woken {
    Work,
    Idle,
    Closed,
}

impl Queue {
    pub(super) fn new() -> Self {
        Queue {
            state: Mutex::new(State::default()),
            wake: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lines up an append of about `bytes`.
    pub(super) fn append(&self, job: Box<dyn Job>, bytes: usize) -> Result<()> {
        let mut state = self.lock();
        if state.closed {
            return Err(closed());
        }
        if state.bytes + bytes > MOST_WAITING && !state.appends.is_empty() {
            return Err(StoreError::Unavailable(
                "the disk does not keep up with what arrives".to_owned(),
            ));
        }
        state.bytes += bytes;
        state.appends.push_back((job, bytes));
        let wakes = match state.sleep {
            Some(Sleep::AnyWork) => true,
            Some(Sleep::Appends(enough)) => state.appends.len() >= enough,
            None => false,
        };
        self.wake(state, wakes);
        Ok(())
    }

    /// Lines up settlements and amendments.
    pub(super) fn settle(&self, jobs: Vec<Box<dyn Job>>) -> Result<()> {
        self.line_up(|state| state.settlements.extend(jobs))
    }

    /// Lines up anything else.
    pub(super) fn write(&self, job: Box<dyn Job>) -> Result<()> {
        self.line_up(|state| state.writes.push_back(job))
    }

    fn line_up(&self, push: impl FnOnce(&mut State)) -> Result<()> {
        let mut state = self.lock();
        if state.closed {
            return Err(closed());
        }
        push(&mut state);
        let wakes = matches!(state.sleep, Some(Sleep::AnyWork));
        self.wake(state, wakes);
        Ok(())
    }

    fn wake(&self, mut state: MutexGuard<'_, State>, wakes: bool) {
        if wakes {
            // Once is enough.
            state.sleep = None;
            drop(state);
            self.wake.notify_one();
        }
    }

    /// Waits for work, at most `at_most`.
    pub(super) fn wait(&self, at_most: Duration) -> Woken {
        let mut state = self.lock();
        state.sleep = Some(Sleep::AnyWork);
        let waited = self
            .wake
            .wait_timeout_while(state, at_most, |state| !state.has_work() && !state.closed);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.sleep = None;
        if state.has_work() {
            Woken::Work
        } else if state.closed {
            Woken::Closed
        } else {
            Woken::Idle
        }
    }

    /// Whether an append waits, now or within `at_most`.
    pub(super) fn wait_for_append(&self, at_most: Duration) -> bool {
        let mut state = self.lock();
        state.sleep = Some(Sleep::Appends(1));
        let waited = self.wake.wait_timeout_while(state, at_most, |state| {
            state.appends.is_empty() && !state.closed
        });
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.sleep = None;
        !state.appends.is_empty()
    }

    /// Waits until `enough` appends wait or no more than `most` groups are on their way to disk.
    pub(super) fn wait_for_appends_or_disk(&self, enough: usize, most: usize) {
        let mut state = self.lock();
        state.sleep = Some(Sleep::Appends(enough));
        let waited = self.wake.wait_while(state, |state| {
            state.appends.len() < enough && state.under_way > most
        });
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        state.sleep = None;
    }

    /// Waits until no more than `most` groups are on their way to disk.
    pub(super) fn wait_for_disk(&self, most: usize) {
        let state = self.lock();
        drop(self.wake.wait_while(state, |state| state.under_way > most));
    }

    /// Committed groups on their way to disk.
    pub(super) fn under_way(&self) -> usize {
        self.lock().under_way
    }

    /// Appends that wait, here or in a group on its way to disk.
    pub(super) fn unanswered(&self) -> usize {
        let state = self.lock();
        state.appends.len() + state.unanswered
    }

    /// A group with so many appends sets out for the disk.
    pub(super) fn sets_out(&self, appends: usize) {
        let mut state = self.lock();
        state.under_way += 1;
        state.unanswered += appends;
    }

    /// A group is there, or lost.
    pub(super) fn arrives(&self, appends: usize) {
        let mut state = self.lock();
        state.under_way = state.under_way.saturating_sub(1);
        state.unanswered = state.unanswered.saturating_sub(appends);
        drop(state);
        self.wake.notify_all();
    }

    pub(super) fn waiting_appends(&self) -> usize {
        self.lock().appends.len()
    }

    pub(super) fn waiting_settlements(&self) -> usize {
        self.lock().settlements.len()
    }

    pub(super) fn next_write(&self) -> Option<Box<dyn Job>> {
        self.lock().writes.pop_front()
    }

    pub(super) fn next_settlement(&self) -> Option<Box<dyn Job>> {
        self.lock().settlements.pop_front()
    }

    /// Waiting appends, at most `most` of them.
    pub(super) fn take_appends(&self, most: usize) -> Vec<Box<dyn Job>> {
        let mut state = self.lock();
        let take = state.appends.len().min(most);
        let taken: Vec<_> = state.appends.drain(..take).collect();
        state.bytes -= taken.iter().map(|(_, bytes)| bytes).sum::<usize>();
        drop(state);
        taken.into_iter().map(|(job, _)| job).collect()
    }

    /// Everything that waits, to be told the same.
    pub(super) fn drain(&self) -> Vec<Box<dyn Job>> {
        let mut state = self.lock();
        state.bytes = 0;
        let mut jobs: Vec<_> = state.appends.drain(..).map(|(job, _)| job).collect();
        jobs.extend(state.writes.drain(..));
        jobs.extend(state.settlements.drain(..));
        jobs
    }

    /// Nothing new is taken; what waits is still done.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.wake.notify_all();
    }
}

pub(super) fn closed() -> StoreError {
    StoreError::Unavailable("the store is closed".to_owned())
}
