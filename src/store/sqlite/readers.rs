//! Readers: a few connections that never hold up the writer.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::store::sqlite::connect;
use crate::store::sqlite::fault::{Done, Fault};
use crate::store::sqlite::queue::closed;
use crate::store::{Result, StoreError};

/// Reads at the same time.
const CONNECTIONS: usize = 4;

/// Read-only connections, lent out one query at a time.
pub(super) struct Readers {
    path: PathBuf,
    free: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn new(path: PathBuf) -> Self {
        Readers {
            path,
            free: Mutex::new(Vec::new()),
            permits: Arc::new(Semaphore::new(CONNECTIONS)),
        }
    }

    /// Runs `work` on one snapshot: for what is short and has to fit together. A snapshot keeps the log from being
    /// reset.
    pub(super) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Connection) -> Done<T> + Send + 'static,
    ) -> Result<T> {
        self.walk(move |conn| snapshot(conn, || work(conn))).await
    }

    /// Runs `work`, each statement on a snapshot of its own, off the async threads: for pages and whatever else takes a
    /// while. Rows may change between two statements.
    pub(super) async fn walk<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Connection) -> Done<T> + Send + 'static,
    ) -> Result<T> {
        let permits = Arc::clone(&self.permits);
        let permit = permits.acquire_owned().await.map_err(|_| closed())?;
        let readers = self.clone();
        match tokio::task::spawn_blocking(move || readers.run(work, permit)).await {
            Ok(done) => done.map_err(Fault::into_error),
            Err(error) => Err(StoreError::Unavailable(format!(
                "a read was cut off: {error}"
            ))),
        }
    }

    /// The permit is held until the work is done, whether anybody still waits for it or not.
    fn run<T>(
        &self,
        work: impl FnOnce(&Connection) -> Done<T>,
        _permit: OwnedSemaphorePermit,
    ) -> Done<T> {
        let free = self.lock().pop();
        let conn = match free {
            Some(conn) => conn,
            None => connect::reader(&self.path)?,
        };
        let done = work(&conn);
        // A connection that could not end its snapshot would hold the log: it is dropped instead.
        if conn.is_autocommit() && !matches!(done, Err(Fault::Unavailable(_))) {
            self.lock().push(conn);
        }
        done
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// No more reads; the connections are closed.
    pub(super) fn close(&self) {
        self.permits.close();
        self.lock().clear();
    }
}

/// Runs a short part of a walk on one snapshot, for statements that have to fit together.
pub(super) fn snapshot<T>(conn: &Connection, work: impl FnOnce() -> Done<T>) -> Done<T> {
    conn.prepare_cached("BEGIN")?.execute([])?;
    let done = work();
    // No COMMIT: it fails when the work met a damaged page, however well it got over that.
    conn.prepare_cached("ROLLBACK")?.execute([])?;
    done
}
