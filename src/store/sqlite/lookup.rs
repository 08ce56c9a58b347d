//! One B-tree for everything whose keys come in no order: identities, words and links.
//!
//! | first byte | rest of the key | stands for |
//! |---|---|---|
//! | `i` | text of an identity key | the record in the value |
//! | `s` | kind, beginning of a word, 0, record | a record that has the word |
//! | `c` | contact, kind, record | a lead, order or ticket of a contact |
//!
//! Records are numbers of six bytes, big end first, so that they sort. Settlements write their entries
//! into the table `tail`, one row a commit; see `sweep` for how they reach the tree and why. Readers look at both.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use rusqlite::{Connection, OptionalExtension};

use crate::model::field::Kind;
use crate::model::identity::IdentityKey;
use crate::store::sqlite::fault::{Done, Fault};
use crate::store::sqlite::postings::tree_numbers;
use crate::store::sqlite::sweep::{Entry, Sweep};
use crate::store::sqlite::tail::{scan_tail, write_entry};
use crate::store::sqlite::value;
use crate::store::sqlite::walk::merge;
use crate::store::sqlite::words;

/// Entries in memory before they are swept.
const GENERATION: usize = 64 * 1024;

pub(super) const IDENTITY: u8 = b'i';
const WORD: u8 = b's';
const LINK: u8 = b'c';

/// Bytes of a number in a key.
const NUMBER: usize = 6;

pub(super) type Key = Box<[u8]>;

/// The writer's view.
pub(super) struct Lookup {
    sweep: Sweep<Key>,
    /// This transaction's row of `tail`.
    row: Vec<u8>,
    /// The last row of `tail` that is on disk, and with this transaction's.
    last: i64,
    written: i64,
}

impl Lookup {
    pub(super) fn load(conn: &Connection) -> Done<Self> {
        let last = conn.query_row("SELECT max(seq) FROM tail", [], |row| row.get(0));
        let last = last.map(Option::<i64>::unwrap_or_default)?;
        let mut young = BTreeMap::new();
        scan_tail(conn, |key, value| {
            young.insert(key.into(), Entry { value, log: 0 });
            ControlFlow::Continue(())
        })?;
        Ok(Lookup {
            sweep: Sweep::new(young, 0),
            row: Vec::new(),
            last,
            written: last,
        })
    }

    /// For a process that settles nothing: it holds no entries and sweeps none.
    pub(super) fn idle() -> Self {
        Lookup {
            sweep: Sweep::new(BTreeMap::new(), 0),
            row: Vec::new(),
            last: 0,
            written: 0,
        }
    }

    /// The record that holds an identity.
    pub(super) fn holder(&self, conn: &Connection, key: &[u8]) -> Done<Option<RecordRef>> {
        let value = match self.sweep.get(key) {
            Some(value) => Some(value),
            None => in_tree(conn, key)?,
        };
        value.map(RecordRef::from_value).transpose()
    }

    /// Put lately, by this transaction for example.
    pub(super) fn is_new(&self, key: &[u8]) -> bool {
        self.sweep.get(key).is_some()
    }

    /// The numbers under a prefix that leaves nothing but the number, greatest first, `most` of them.
    pub(super) fn numbers_under(
        &self,
        conn: &Connection,
        prefix: &[u8],
        most: usize,
    ) -> Done<Vec<i64>> {
        let end = after_prefix(prefix);
        let mut numbers = tree_numbers(conn, prefix, &end, most)?;
        for key in self.sweep.between(prefix, &*end) {
            numbers.push(number_at_end(key)?);
        }
        Ok(merge(numbers, most, true))
    }

    pub(super) fn put(&mut self, key: Key, value: i64) {
        write_entry(&mut self.row, &key, value);
        self.sweep.put(key, value, self.last + 1);
    }

    /// Writes the transaction's row of `tail` and its share of the frozen generation: once, at the commit.
    pub(super) fn write(&mut self, conn: &Connection) -> Done<()> {
        if !self.row.is_empty() {
            self.written = self.last + 1;
            conn.prepare_cached("INSERT INTO tail (seq, entries) VALUES (?1, ?2)")?
                .execute((self.written, &self.row))?;
            self.row.clear();
        }
        self.sweep(conn, 0)
    }

    /// Moves the share of a transaction, or `at_least` entries of the frozen generation, into the tree.
    pub(super) fn sweep(&mut self, conn: &Connection, at_least: usize) -> Done<()> {
        let share = self.sweep.share().max(at_least);
        let (slice, mark) = self.sweep.slice(share);
        let mut insert = conn.prepare_cached(
            "INSERT INTO lookup (key, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        )?;
        for (key, value) in slice {
            insert.execute((&key, value))?;
        }
        if let Some(mark) = mark {
            conn.prepare_cached("DELETE FROM tail WHERE seq <= ?1")?
                .execute([mark])?;
        }
        Ok(())
    }

    pub(super) fn keep(&mut self) {
        self.last = self.written;
        self.sweep.keep();
        self.sweep.freeze(GENERATION, self.last);
    }

    pub(super) fn undo(&mut self) {
        self.row.clear();
        self.written = self.last;
        self.sweep.undo(self.last);
    }

    /// Between transactions: begins to sweep everything.
    pub(super) fn freeze_all(&mut self) {
        self.sweep.freeze(0, self.last);
    }

    /// The last row of `tail`.
    pub(super) fn last(&self) -> i64 {
        self.last
    }

    pub(super) fn is_frozen(&self) -> bool {
        self.sweep.is_frozen()
    }

    /// Entries of rows of `tail` up to `row` wait in memory.
    pub(super) fn is_behind(&self, row: i64) -> bool {
        self.sweep.is_behind(row)
    }
}

/// A record by its place: the table of its kind and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RecordRef {
    pub(super) kind: Kind,
    pub(super) seq: i64,
}

impl RecordRef {
    pub(super) fn to_value(self) -> i64 {
        self.seq << 3 | self.kind as i64
    }

    pub(super) fn from_value(value: i64) -> Done<Self> {
        Ok(RecordRef {
            kind: value::kind(value & 7)?,
            seq: value >> 3,
        })
    }
}

pub(super) fn identity(key: &IdentityKey) -> Key {
    let text = key.to_text();
    let mut bytes = Vec::with_capacity(text.len() + 1);
    bytes.push(IDENTITY);
    bytes.extend_from_slice(text.as_bytes());
    bytes.into()
}

/// What all words that begin so have in front.
pub(super) fn word_prefix(kind: Kind, word: &str) -> Vec<u8> {
    let beginning = words::beginning(word);
    let mut bytes = Vec::with_capacity(beginning.len() + 3 + NUMBER);
    bytes.extend_from_slice(&[WORD, kind as u8]);
    bytes.extend_from_slice(beginning.as_bytes());
    bytes
}

/// What the records with exactly this word have in front, and those whose longer words begin alike.
pub(super) fn word_exactly(kind: Kind, word: &str) -> Vec<u8> {
    let mut bytes = word_prefix(kind, word);
    bytes.push(0);
    bytes
}

/// What the links of a contact to records of a kind have in front.
pub(super) fn links(contact: i64, kind: Kind) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(2 + 2 * NUMBER);
    bytes.push(LINK);
    push_number(&mut bytes, contact);
    bytes.push(kind as u8);
    bytes
}

/// A prefix with the number it leads to.
pub(super) fn entry(mut prefix: Vec<u8>, number: i64) -> Key {
    push_number(&mut prefix, number);
    prefix.into()
}

fn push_number(bytes: &mut Vec<u8>, number: i64) {
    let [_, _, number @ ..] = number.to_be_bytes();
    bytes.extend_from_slice(&number);
}

/// The number at the end of a key.
pub(super) fn number_at_end(key: &[u8]) -> Done<i64> {
    match key.last_chunk::<6>() {
        Some([a, b, c, d, e, f]) => Ok(i64::from_be_bytes([0, 0, *a, *b, *c, *d, *e, *f])),
        None => Err(Fault::Corrupt("a lookup key that is too short".to_owned())),
    }
}

/// The first key that is greater than every key with this prefix.
pub(super) fn after_prefix(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return end;
        }
    }
    vec![u8::MAX; 8]
}

pub(super) fn in_tree(conn: &Connection, key: &[u8]) -> Done<Option<i64>> {
    Ok(conn
        .prepare_cached("SELECT value FROM lookup WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()?)
}
