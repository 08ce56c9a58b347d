//! New identities and postings on their way into their tables: the writer's view.
//!
//! Both are swept (see `sweep`), and the log of both is the table `tail`. They are frozen together; a row of the log
//! goes when what it holds of either is in its table.

use std::collections::{BTreeMap, HashMap};

use rusqlite::Connection;

use crate::model::field::Kind;
use crate::store::sqlite::bloom::Bloom;
use crate::store::sqlite::familiar::Familiar;
use crate::store::sqlite::fault::Done;
use crate::store::sqlite::lookup::{
    self, Identity, Posting, RecordRef, after_prefix, number_at_end,
};
use crate::store::sqlite::postings::tree_numbers;
use crate::store::sqlite::sweep::{Entry, Sweep};
use crate::store::sqlite::tail::{self, Told};
use crate::store::sqlite::ties::MOST_ORDERS;
use crate::store::sqlite::walk::merge;

/// Entries in memory before they are swept: two generations of this size are some ten megabytes, and a search looks through
/// those that are not swept in some milliseconds.
const GENERATION: usize = 64 * 1024;

const IDENTITIES_AFTER: &str = "SELECT key FROM identity WHERE key > ?1 ORDER BY key LIMIT ?2";

pub(super) struct Entries {
    /// Keys as numbers, in the order of their bytes: a number is hashed and compared at once.
    identities: Sweep<HashMap<u128, Entry<i64>>>,
    postings: Sweep<BTreeMap<Posting, Entry<()>>>,
    known: Bloom,
    familiar: Familiar,
    /// This transaction's row of `tail`.
    row: Vec<u8>,
    /// The last row of `tail` that is on disk, and with this transaction's.
    last: i64,
    written: i64,
}

impl Entries {
    /// Reads back what is not in the tables yet.
    pub(super) fn load(conn: &Connection) -> Done<Self> {
        let last = conn.query_row("SELECT max(seq) FROM tail", [], |row| row.get(0));
        let last = last.map(Option::<i64>::unwrap_or_default)?;
        let (mut identities, mut postings) = (HashMap::new(), BTreeMap::new());
        let mut known = Bloom::new(IDENTITIES_AFTER);
        tail::scan(conn, |told| match told {
            Told::Identity(key, value) => {
                known.put(key);
                identities.insert(u128::from_be_bytes(*key), Entry { value, log: 0 });
            }
            Told::Posting(key) => {
                postings.insert(key.into(), Entry { value: (), log: 0 });
            }
        })?;
        Ok(Entries {
            identities: Sweep::new(identities, 0),
            postings: Sweep::new(postings, 0),
            known,
            familiar: Familiar::default(),
            row: Vec::new(),
            last,
            written: last,
        })
    }

    /// For a process that settles nothing: it holds no entries and sweeps none.
    pub(super) fn idle() -> Self {
        Entries {
            identities: Sweep::new(HashMap::new(), 0),
            postings: Sweep::new(BTreeMap::new(), 0),
            known: Bloom::idle(),
            familiar: Familiar::default(),
            row: Vec::new(),
            last: 0,
            written: 0,
        }
    }

    /// The record that holds an identity.
    pub(super) fn holder(&mut self, conn: &Connection, key: &Identity) -> Done<Option<RecordRef>> {
        if !self.known.may_hold(key) {
            return Ok(None);
        }
        let young = || self.identities.get(&u128::from_be_bytes(*key)).copied();
        let value = match self.familiar.get(key).or_else(young) {
            Some(value) => Some(value),
            None => {
                let value = lookup::holder(conn, key)?;
                self.familiar.meet(key, value);
                value
            }
        };
        value.map(RecordRef::from_value).transpose()
    }

    /// Learns of identities in the table, some at a time; `false` when all are known.
    pub(super) fn learn(&mut self, conn: &Connection, most: i64) -> bool {
        self.known.learn(conn, most)
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
        for key in self.postings.between(prefix, &*end) {
            numbers.push(number_at_end(key)?);
        }
        Ok(merge(numbers, most, true))
    }

    /// The newest orders of a contact.
    pub(super) fn orders_of(&self, conn: &Connection, contact: i64) -> Done<Vec<i64>> {
        let prefix = lookup::links(contact, Kind::Order);
        self.numbers_under(conn, &prefix, MOST_ORDERS)
    }

    pub(super) fn claim(&mut self, key: Identity, record: RecordRef) {
        tail::write_identity(&mut self.row, &key, record.to_value());
        self.known.put(&key);
        let key = u128::from_be_bytes(key);
        self.identities.put(key, record.to_value(), self.last + 1);
    }

    pub(super) fn post(&mut self, key: Posting) {
        tail::write_posting(&mut self.row, &key);
        self.postings.put(key, (), self.last + 1);
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

    /// Moves the share of a transaction, or `at_least` entries of the frozen generation, into the tables.
    pub(super) fn sweep(&mut self, conn: &Connection, at_least: usize) -> Done<()> {
        let share = self.identities.share().max(at_least);
        let (slice, identities_end) = self.identities.slice(share);
        let mut insert = conn.prepare_cached(
            "INSERT INTO identity (key, record) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        )?;
        for (key, record) in slice {
            insert.execute((key.to_be_bytes(), record))?;
        }
        let share = self.postings.share().max(at_least);
        let (slice, postings_end) = self.postings.slice(share);
        let mut insert =
            conn.prepare_cached("INSERT INTO posting (key) VALUES (?1) ON CONFLICT DO NOTHING")?;
        for (key, ()) in slice {
            insert.execute([&key[..]])?;
        }
        let end = identities_end.max(postings_end);
        if let Some(end) = end.filter(|_| !self.identities.waits() && !self.postings.waits()) {
            conn.prepare_cached("DELETE FROM tail WHERE seq <= ?1")?
                .execute([end])?;
        }
        Ok(())
    }

    pub(super) fn keep(&mut self) {
        self.last = self.written;
        self.identities.keep();
        self.postings.keep();
        if self.known.is_worn() {
            let unswept = self.identities.keys();
            self.known.begin(unswept.map(|key| key.to_be_bytes()));
        }
        self.freeze(GENERATION);
    }

    pub(super) fn undo(&mut self) {
        self.row.clear();
        self.written = self.last;
        self.identities.undo(self.last);
        self.postings.undo(self.last);
    }

    /// Between transactions: begins to sweep everything.
    pub(super) fn freeze_all(&mut self) {
        self.freeze(0);
    }

    /// Freezes both when one holds `at_least` entries and neither is frozen.
    fn freeze(&mut self, at_least: usize) {
        let is_full = self.identities.len() >= at_least || self.postings.len() >= at_least;
        if is_full && !self.is_frozen() {
            self.identities.freeze(0, self.last);
            self.postings.freeze(0, self.last);
        }
    }

    /// The last row of `tail`.
    pub(super) fn last(&self) -> i64 {
        self.last
    }

    pub(super) fn is_frozen(&self) -> bool {
        self.identities.is_frozen() || self.postings.is_frozen()
    }

    /// Entries of rows of `tail` up to `row` wait in memory.
    pub(super) fn is_behind(&self, row: i64) -> bool {
        self.identities.is_behind(row) || self.postings.is_behind(row)
    }
}
