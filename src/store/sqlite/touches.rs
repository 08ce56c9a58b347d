//! Contacts that were told of again, and nothing new: the writer's view.
//!
//! Most events of somebody known change no field of the contact, only its version, the clocks of its fields and the end
//! of its timeline. Contacts come in no order, so each such event would write a page of the log for its contact alone. A
//! touch is held in memory instead and swept into the row later (see `sweep`), where it meets the others of the contact
//! and those of its neighbours; the log of touches is the table `touch`, one row a commit. Readers look at both (`view`).
//!
//! Versions and ends of timelines only grow. So a touch counts only while it is later than the row: whatever is written
//! into a row makes the touches before it void, wherever they still stand.

use std::collections::HashMap;

use rusqlite::Connection;

use crate::store::sqlite::fault::{Done, Fault};
use crate::store::sqlite::sweep::{Entry, Sweep};
use crate::store::sqlite::value::blob;

/// Bytes of the log before it is swept: two generations of this size at most are read, in a few milliseconds, by whoever
/// reads a contact while it is never quiet.
const GENERATION: usize = 2 << 20;

/// What the row of a contact does not say yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Touch {
    pub(super) version: i64,
    /// The last change of the timeline.
    pub(super) last: i64,
    /// See `provenance`.
    pub(super) provenance: Box<[u8]>,
}

impl Touch {
    /// Whether it is later than a row with this version and end of its timeline.
    pub(super) fn is_later(&self, version: i64, last: i64) -> bool {
        (self.version, self.last) > (version, last)
    }
}

/// Touches by the number of their contact.
pub(super) struct Touches {
    contacts: Sweep<HashMap<i64, Entry<Touch>>>,
    /// This transaction's row of the log.
    row: Vec<u8>,
    /// The last row of the log that is on disk, and with this transaction's.
    last: i64,
    written: i64,
    /// Bytes of the young generation in the log, and those of this transaction.
    bytes: usize,
    added: usize,
}

impl Touches {
    /// Reads back what is not in the rows yet.
    pub(super) fn load(conn: &Connection) -> Done<Self> {
        let last = conn.query_row("SELECT max(seq) FROM touch", [], |row| row.get(0));
        let last = last.map(Option::<i64>::unwrap_or_default)?;
        let bytes = "SELECT coalesce(sum(length(entries)), 0) FROM touch";
        let bytes = conn.query_row(bytes, [], |row| row.get::<_, i64>(0))?;
        let unswept = unswept(conn)?.into_iter();
        let contacts = unswept
            .map(|(contact, value)| (contact, Entry { value, log: last }))
            .collect();
        Ok(Touches {
            contacts: Sweep::new(contacts, 0),
            row: Vec::new(),
            last,
            written: last,
            bytes: usize::try_from(bytes).unwrap_or(usize::MAX),
            added: 0,
        })
    }

    /// For a process that settles nothing.
    pub(super) fn idle() -> Self {
        Touches {
            contacts: Sweep::new(HashMap::new(), 0),
            row: Vec::new(),
            last: 0,
            written: 0,
            bytes: 0,
            added: 0,
        }
    }

    /// The last touch of a contact, which may be earlier than its row.
    pub(super) fn get(&self, contact: i64) -> Option<&Touch> {
        self.contacts.get(&contact)
    }

    pub(super) fn put(&mut self, contact: i64, touch: Touch) {
        write_entry(&mut self.row, contact, &touch);
        self.contacts.put(contact, touch, self.last + 1);
    }

    /// Writes the transaction's row of the log and its share of the frozen generation: once, at the commit.
    pub(super) fn write(&mut self, conn: &Connection) -> Done<()> {
        if !self.row.is_empty() {
            self.written = self.last + 1;
            self.added = self.row.len();
            conn.prepare_cached("INSERT INTO touch (seq, entries) VALUES (?1, ?2)")?
                .execute((self.written, &self.row))?;
            self.row.clear();
        }
        self.sweep(conn, 0)
    }

    /// Moves the share of a transaction, or touches of `at_least` contacts of the frozen generation, into the rows.
    pub(super) fn sweep(&mut self, conn: &Connection, at_least: usize) -> Done<()> {
        let share = self.contacts.share().max(at_least);
        let (slice, end) = self.contacts.slice(share);
        let mut update = conn.prepare_cached(
            "UPDATE contact SET version = ?2, last = ?3, provenance = ?4
             WHERE seq = ?1 AND (version, last) < (?2, ?3)",
        )?;
        for (contact, touch) in slice {
            update.execute((contact, touch.version, touch.last, &touch.provenance))?;
        }
        if let Some(end) = end {
            conn.prepare_cached("DELETE FROM touch WHERE seq <= ?1")?
                .execute([end])?;
        }
        Ok(())
    }

    pub(super) fn keep(&mut self) {
        self.last = self.written;
        self.bytes += std::mem::take(&mut self.added);
        self.contacts.keep();
        if self.bytes >= GENERATION {
            self.freeze_all();
        }
    }

    pub(super) fn undo(&mut self) {
        self.row.clear();
        self.added = 0;
        self.written = self.last;
        self.contacts.undo(self.last);
    }

    /// Between transactions: begins to sweep everything.
    pub(super) fn freeze_all(&mut self) {
        if !self.contacts.is_frozen() {
            self.contacts.freeze(0, self.last);
            self.bytes = 0;
        }
    }

    pub(super) fn is_frozen(&self) -> bool {
        self.contacts.is_frozen()
    }
}

/// The last touch of each contact that the log holds.
pub(super) fn unswept(conn: &Connection) -> Done<HashMap<i64, Touch>> {
    let mut select = conn.prepare_cached("SELECT entries FROM touch ORDER BY seq DESC")?;
    let mut rows = select.query([])?;
    let mut last = HashMap::new();
    while let Some(row) = rows.next()? {
        let mut entries = blob(row, 0)?;
        let mut of_row = Vec::new();
        while !entries.is_empty() {
            of_row.push(read_entry(&mut entries)?);
        }
        for (contact, version, end, provenance) in of_row.into_iter().rev() {
            last.entry(contact).or_insert_with(|| Touch {
                version,
                last: end,
                provenance: provenance.into(),
            });
        }
    }
    Ok(last)
}

/// The number of the contact, its version, the end of its timeline, and its provenance with its length in front.
fn write_entry(row: &mut Vec<u8>, contact: i64, touch: &Touch) {
    row.extend_from_slice(&contact.to_le_bytes());
    row.extend_from_slice(&touch.version.to_le_bytes());
    row.extend_from_slice(&touch.last.to_le_bytes());
    let length = i64::try_from(touch.provenance.len()).unwrap_or(i64::MAX);
    row.extend_from_slice(&length.to_le_bytes());
    row.extend_from_slice(&touch.provenance);
}

fn read_entry<'e>(entries: &mut &'e [u8]) -> Done<(i64, i64, i64, &'e [u8])> {
    let mut take = || {
        let (number, rest) = entries.split_first_chunk()?;
        *entries = rest;
        Some(i64::from_le_bytes(*number))
    };
    let numbers = (take(), take(), take(), take());
    let (Some(contact), Some(version), Some(last), Some(length)) = numbers else {
        return Err(cut_short());
    };
    let length = usize::try_from(length).map_err(|_| cut_short())?;
    let (provenance, rest) = entries.split_at_checked(length).ok_or_else(cut_short)?;
    *entries = rest;
    Ok((contact, version, last, provenance))
}

fn cut_short() -> Fault {
    Fault::Corrupt("a row of touches that is cut short".to_owned())
}
