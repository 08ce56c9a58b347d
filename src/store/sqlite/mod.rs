//! The embedded store: one SQLite file, one writer thread, a syncer, a few readers, a checkpointer.
//!
//! Reading order: `queue`, `writer` and `syncer` (group commit), `append` with `claims` and `sweep` (exactly once, cheaply),
//! `settle` with `held` and `writes`, then the lists.

mod account;
mod alarms;
mod amend;
mod append;
mod assignments;
mod audit;
mod bloom;
mod books;
mod change_row;
mod checkpoint;
mod claims;
mod connect;
mod decisions;
mod desk;
mod desk_cache;
mod desk_rows;
mod edits;
mod endpoints;
mod entries;
mod event_list;
mod event_read;
mod event_row;
pub mod failpoint;
mod familiar;
mod fault;
mod files;
mod flight;
mod fresh;
mod group;
mod handout;
mod held;
mod identify;
mod inbox;
mod joins;
mod lookup;
mod maintenance;
mod mend;
mod meter;
mod migrate;
mod notes;
mod number;
mod observations;
mod open;
mod open_lead;
mod past;
#[cfg(test)]
mod plans;
mod postings;
mod provenance;
mod purge;
mod queue;
mod raw;
mod readers;
mod record_filter;
mod record_list;
mod record_row;
mod record_words;
mod records;
mod refusals;
mod right_of_way;
mod rulebook;
mod sessions;
mod set_aside;
mod settle;
mod sheet;
mod shelf;
mod stream;
mod sweep;
mod syncer;
mod tail;
mod ties;
mod timeline;
mod tokens;
mod touches;
mod users;
mod value;
mod view;
mod walk;
mod words;
mod writer;
mod writes;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use crate::store::sqlite::books::Books;
use crate::store::sqlite::failpoint::FailPoints;
use crate::store::sqlite::fault::Done;
use crate::store::sqlite::flight::InFlight;
use crate::store::sqlite::queue::{Call, Queue, closed};
use crate::store::sqlite::readers::Readers;
use crate::store::{Result, Store, StoreError, StoreRole};

/// The store in one file.
pub struct SqliteStore {
    path: PathBuf,
    role: StoreRole,
    refusals: u64,
    queue: Arc<Queue>,
    readers: Arc<Readers>,
    flight: Arc<InFlight>,
    fail: Arc<FailPoints>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Store for SqliteStore {}

impl SqliteStore {
    /// Where tests make the writer fail.
    pub fn fail_points(&self) -> &FailPoints {
        &self.fail
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs `work` in the writer's next transaction; returns after its commit.
    async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&mut Books) -> Done<T> + Send + 'static,
    {
        let (call, answer) = Call::new(work);
        self.queue.write(Box::new(call))?;
        answered(answer).await
    }

    /// Appends, claims and settlements belong to the one process that runs the gateway.
    fn as_gateway(&self) -> Result<()> {
        match self.role {
            StoreRole::Gateway => Ok(()),
            StoreRole::Companion => Err(StoreError::Unavailable(
                "only the running gateway takes and processes events".to_owned(),
            )),
        }
    }

    fn take_threads(&self) -> Vec<JoinHandle<()>> {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *threads)
    }
}

impl Drop for SqliteStore {
    /// What was queued is still written, by the writer's own time.
    fn drop(&mut self) {
        self.queue.close();
    }
}

/// The writer's answer; it always gives one unless it is gone.
async fn answered<T>(answer: oneshot::Receiver<Result<T>>) -> Result<T> {
    answer.await.unwrap_or_else(|_| Err(closed()))
}
