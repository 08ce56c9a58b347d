//! Where a test makes the writer fail as a broken or full disk would.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use crate::store::sqlite::fault::{Done, Fault};

/// The point that is armed and how often it still fails; and the pages the database may have.
#[derive(Debug, Default)]
pub struct FailPoints {
    armed: Mutex<Option<(String, u64)>>,
    pages: AtomicU32,
}

/// Nobody limits the file.
const UNLIMITED: u32 = 0;

impl FailPoints {
    /// Makes `point` (`begin`, `commit`, `sync`) fail the next `times` times, as a disk does; `commit refused` as a broken
    /// constraint does.
    pub fn arm(&self, point: &str, times: u64) {
        *self.armed.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((point.to_owned(), times));
    }

    /// The disk is full: the file does not grow any more.
    pub fn fill_disk(&self) {
        self.pages.store(1, Ordering::Relaxed);
    }

    /// There is room again.
    pub fn empty_disk(&self) {
        self.pages.store(u32::MAX - 1, Ordering::Relaxed);
    }

    pub(super) fn check(&self, point: &str) -> Done<()> {
        let mut armed = self.armed.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((name, times)) = armed.as_mut().filter(|(_, times)| *times > 0) else {
            return Ok(());
        };
        let how = name.strip_prefix(point);
        let reason = || format!("the failure point {point}");
        let fault = match how {
            Some("") => Fault::Unavailable(reason()),
            Some(" refused") => Fault::Refused(reason()),
            _ => return Ok(()),
        };
        *times -= 1;
        Err(fault)
    }

    /// SQLite takes a limit below the size of the file as that size.
    pub(super) fn limit(&self, conn: &Connection) -> Done<()> {
        let pages = self.pages.load(Ordering::Relaxed);
        if pages != UNLIMITED {
            conn.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?;
        }
        Ok(())
    }
}
