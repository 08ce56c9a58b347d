//! De-duplication: which event holds a key. The insert decides, and it costs hardly anything (see `sweep`).
//!
//! One process with one writer thread appends, so a lookup in memory and then in the table `claim` is the truth, and
//! the second arrival of one commit sees the first. The log of the sweep is the event rows themselves: each holds
//! the key it claimed. The mark is the number `claims_swept`: keys of events up to it are in the table, keys of
//! later events are read back at open.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension};

use crate::store::sqlite::bloom::{Bloom, Key};
use crate::store::sqlite::fault::Done;
use crate::store::sqlite::number;
use crate::store::sqlite::sweep::{Entry, Sweep};

/// Keys in memory before they are swept: two generations of this size are some ten megabytes. The larger they are, the
/// more of their keys are neighbours.
const GENERATION: usize = 64 * 1024;

const KEYS_AFTER: &str = "SELECT key FROM claim WHERE key > ?1 ORDER BY key LIMIT ?2";
const INSERT: &str = "INSERT INTO claim (key, event) VALUES (?1, ?2)
     ON CONFLICT (key) DO UPDATE SET event = excluded.event";
const INSERT_DELIVERY: &str =
    "INSERT INTO delivery (hash, event) VALUES (?1, ?2) ON CONFLICT DO NOTHING";

/// The newest keys and delivery ids.
pub(super) struct Claims {
    /// Keys as numbers, in the order of their bytes: a number is hashed and compared at once.
    keys: Sweep<HashMap<u128, Entry<i64>>>,
    deliveries: Sweep<HashMap<(i64, i64), Entry<()>>>,
    known: Bloom,
}

impl Claims {
    /// Reads back what is not in the tables yet.
    pub(super) fn load(conn: &Connection) -> Done<Self> {
        let mark = number::get(conn, "claims_swept")?;
        let mut keys = HashMap::new();
        let mut deliveries = HashMap::new();
        let mut known = Bloom::new(KEYS_AFTER);
        let mut rows =
            conn.prepare("SELECT seq, claim, delivery_id FROM event WHERE seq > ?1 ORDER BY seq")?;
        let mut rows = rows.query([mark])?;
        while let Some(row) = rows.next()? {
            let seq: i64 = row.get(0)?;
            let key: Key = row.get(1)?;
            known.put(&key);
            keys.insert(u128::from_be_bytes(key), Entry::at(seq));
            if let Some(id) = row.get_ref(2)?.as_str_or_null().unwrap_or_default() {
                let entry = Entry {
                    value: (),
                    log: seq,
                };
                deliveries.insert((delivery_hash(id), seq), entry);
            }
        }
        Ok(Claims {
            keys: Sweep::new(keys, mark),
            deliveries: Sweep::new(deliveries, mark),
            known,
        })
    }

    /// For a process that takes no events: it knows no keys and sweeps none.
    pub(super) fn idle() -> Self {
        Claims {
            keys: Sweep::new(HashMap::new(), 0),
            deliveries: Sweep::new(HashMap::new(), 0),
            known: Bloom::idle(),
        }
    }

    /// The event that holds `key`.
    pub(super) fn holder(&self, conn: &Connection, key: &Key) -> Done<Option<i64>> {
        if !self.known.may_hold(key) {
            return Ok(None);
        }
        if let Some(seq) = self.keys.get(&u128::from_be_bytes(*key)) {
            return Ok(Some(*seq));
        }
        Ok(conn
            .prepare_cached("SELECT event FROM claim WHERE key = ?1")?
            .query_row([key], |row| row.get(0))
            .optional()?)
    }

    /// Learns of keys in the table, some at a time; `false` when all are known.
    pub(super) fn learn(&mut self, conn: &Connection, most: i64) -> bool {
        self.known.learn(conn, most)
    }

    pub(super) fn put(&mut self, key: Key, delivery: Option<i64>, event: i64) {
        self.known.put(&key);
        self.keys.put(u128::from_be_bytes(key), event, event);
        if let Some(hash) = delivery {
            self.deliveries.put((hash, event), (), event);
        }
    }

    /// Whether the table alone says who holds `key`, and which key `event` holds: nothing in memory will be swept over it,
    /// and no row is read back at open that says otherwise.
    pub(super) fn is_swept(&self, event: i64, key: &Key) -> bool {
        !self.keys.is_behind(event) && self.keys.get(&u128::from_be_bytes(*key)).is_none()
    }

    /// Gives a key to an event, whoever holds it, when both are swept. In memory an older event could not take a key
    /// over: after a crash keys are read back from the event rows, of which the newest has its way.
    pub(super) fn put_at_once(
        &mut self,
        conn: &Connection,
        key: Key,
        delivery: Option<i64>,
        event: i64,
    ) -> Done<()> {
        self.known.put(&key);
        conn.prepare_cached(INSERT)?.execute((key, event))?;
        if let Some(hash) = delivery {
            conn.prepare_cached(INSERT_DELIVERY)?
                .execute([hash, event])?;
        }
        Ok(())
    }

    /// Writes this transaction's share of the frozen generation, or `at_least` keys.
    pub(super) fn sweep(&mut self, conn: &Connection, at_least: usize) -> Done<()> {
        let share = self.deliveries.share().max(at_least);
        self.sweep_deliveries(conn, share)?;
        // The mark belongs to the keys; deliveries must not be behind it.
        let share = self.keys.share().max(at_least);
        let (slice, mark) = self.keys.slice(share);
        let mut insert = conn.prepare_cached(INSERT)?;
        for (key, event) in slice {
            insert.execute((key.to_be_bytes(), event))?;
        }
        if let Some(mark) = mark {
            while self.sweep_deliveries(conn, 1024)? {}
            number::set(conn, "claims_swept", mark)?;
        }
        Ok(())
    }

    /// `false` when there was nothing left to write.
    fn sweep_deliveries(&mut self, conn: &Connection, most: usize) -> Done<bool> {
        let (slice, _) = self.deliveries.slice(most);
        let mut insert = conn.prepare_cached(INSERT_DELIVERY)?;
        for ((hash, event), ()) in slice {
            insert.execute([hash, event])?;
        }
        Ok(!slice.is_empty())
    }

    pub(super) fn keep(&mut self, last_event: i64) {
        self.keys.keep();
        self.deliveries.keep();
        if self.known.is_worn() {
            let unswept = self.keys.keys();
            self.known.begin(unswept.map(|key| key.to_be_bytes()));
        }
        if self.keys.is_frozen() {
            return;
        }
        self.keys.freeze(GENERATION, last_event);
        if self.keys.is_frozen() {
            self.deliveries.freeze(0, last_event);
        }
    }

    pub(super) fn undo(&mut self, last_event: i64) {
        self.keys.undo(last_event);
        self.deliveries.undo(last_event);
    }

    /// Between transactions: begins to sweep everything.
    pub(super) fn freeze_all(&mut self, last_event: i64) {
        if !self.keys.is_frozen() {
            self.keys.freeze(0, last_event);
            self.deliveries.freeze(0, last_event);
        }
    }

    /// A generation is to be swept.
    pub(super) fn is_frozen(&self) -> bool {
        self.keys.is_frozen()
    }

    /// Keys of events up to `event` wait in memory.
    pub(super) fn is_behind(&self, event: i64) -> bool {
        self.keys.is_behind(event)
    }
}

/// Of an event that is swept.
pub(super) fn forget_delivery(conn: &Connection, id: &str, event: i64) -> Done<()> {
    conn.prepare_cached("DELETE FROM delivery WHERE hash = ?1 AND event = ?2")?
        .execute([delivery_hash(id), event])?;
    Ok(())
}

/// FNV-1a: stored, so it must never change.
pub(super) fn delivery_hash(id: &str) -> i64 {
    let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    i64::from_ne_bytes(hash.to_ne_bytes())
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::Claims;
    use crate::store::sqlite::migrate;

    #[test]
    fn a_new_filter_knows_the_keys_that_are_not_swept() {
        let conn = Connection::open_in_memory().unwrap();
        migrate::run(&conn).unwrap();
        let mut claims = Claims::load(&conn).unwrap();
        let (swept, young) = ([1; 16], [2; 16]);
        claims.put(swept, None, 1);
        claims.keep(1);
        claims.freeze_all(1);
        claims.sweep(&conn, 1).unwrap();
        claims.keep(1);
        claims.put(young, None, 2);
        claims.keep(2);
        assert!(!claims.learn(&conn, 9));
        claims.known.wear_out();
        claims.keep(2);
        assert!(claims.learn(&conn, 1), "it learns anew");
        while claims.learn(&conn, 1) {}
        let holder = |key| claims.holder(&conn, &key).unwrap();
        assert_eq!(
            [swept, young, [3; 16]].map(holder),
            [Some(1), Some(2), None]
        );
    }
}
