//! Events that cannot be read end, so that nobody tries them for ever, and lose what may be damaged of them.

use jiff::Timestamp;
use rusqlite::Connection;

use crate::model::event::EventStatus;
use crate::model::said::{Said, kept};
use crate::store::Result;
use crate::store::sqlite::SqliteStore;
use crate::store::sqlite::books::Books;
use crate::store::sqlite::event_row::{self, At, Settling};
use crate::store::sqlite::fault::{Done, Fault};
use crate::store::sqlite::value::{micros, timestamp};

impl SqliteStore {
    /// Ends a pending event that cannot be read.
    pub(super) async fn set_aside(&self, seq: i64, reason: Said, now: Timestamp) -> Result<()> {
        let ended = self.write(move |books| end(books, seq, &reason, now));
        let Some(at) = ended.await? else {
            return Ok(());
        };
        // In a transaction of its own: SQLite commits none in which it met a damaged page.
        let cleared = self.write(move |books| clear(&books.conn, seq, at.received_at));
        if let Err(error) = cleared.await {
            tracing::warn!(event.seq = seq, %error, "event.not_cleared");
        }
        Ok(())
    }
}

/// Says where the event stood, with a time that can be read.
fn end(books: &mut Books, seq: i64, reason: &Said, now: Timestamp) -> Done<Option<At>> {
    let found = event_row::find_by_seq(&books.conn, seq)?;
    let Some(mut at) = found.filter(At::is_pending) else {
        return Ok(None);
    };
    if timestamp(at.received_at).is_err() {
        at.received_at = micros(now);
    }
    let reason = kept::write(reason);
    let end = Settling {
        status: EventStatus::Failed,
        code: Some("unreadable"),
        reason: Some(&reason),
        violations: None,
        at: now,
        changes: (0, 0),
    };
    event_row::end(books, &at, &end)?;
    match event_row::count(books, &at, &end) {
        // Of a stream that is lost nothing can be counted.
        Ok(()) | Err(Fault::Corrupt(_)) => Ok(Some(at)),
        Err(fault) => Err(fault),
    }
}

/// Takes from an event what keeps it from being shown. Only where there is any: to write the row anew, all of it has to be
/// read.
fn clear(conn: &Connection, seq: i64, received_at: i64) -> Done<()> {
    conn.prepare_cached(
        "UPDATE event SET notes = NULL, received_at = ?2
         WHERE seq = ?1 AND (notes IS NOT NULL OR received_at <> ?2)",
    )?
    .execute([seq, received_at])?;
    Ok(())
}
