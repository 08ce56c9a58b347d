//! Keys that nobody holds, known without a look into their table: nearly all that is looked up is new, and to find that a
//! big table has no such key costs the writer more than to write it.
//!
//! A Bloom filter: what it does not hold is certainly not in the table. It is told of each new key at once. Those that stand
//! in the table when the books are opened are learnt step by step, and until that is done every key may be there.
//!
//! It holds every key it was ever told of, be it purged since or rolled back. So once it is worn, the next one is begun: it
//! learns beside the old one and then takes its place.

use fastbloom::BloomFilter;
use rusqlite::Connection;

use crate::store::sqlite::fault::Done;

/// Keys are hashes already.
pub(super) type Key = [u8; 16];

/// Four mebibytes: when it was told of three million keys, one new one in thirty is looked up in vain, of ten million one in
/// five.
const BITS: usize = 32 << 20;
/// Bits of a key. Each more is another miss of the cache.
const HASHES: u32 = 2;
/// New keys after which a filter is worn.
const WORN: usize = 8 << 20;

pub(super) struct Bloom {
    /// Selects the keys after `?1` of the table, in order, `?2` of them.
    select: &'static str,
    /// Holds all keys. While there is none, every key may be there.
    whole: Option<BloomFilter>,
    next: Option<Next>,
    /// New keys since the last one was begun.
    told: usize,
}

/// A filter that is still learning.
struct Next {
    bits: BloomFilter,
    /// The last key of the table that it knows.
    after: Key,
}

impl Bloom {
    /// Of a table whose keys `select` gives.
    pub(super) fn new(select: &'static str) -> Self {
        let mut bloom = Bloom::idle();
        bloom.select = select;
        bloom.begin([]);
        bloom
    }

    /// Of a table that somebody else writes: every key may be there.
    pub(super) fn idle() -> Self {
        Bloom {
            select: "",
            whole: None,
            next: None,
            told: 0,
        }
    }

    pub(super) fn may_hold(&self, key: &Key) -> bool {
        let whole = self.whole.as_ref();
        whole.is_none_or(|bits| bits.contains_hash(hash(key)))
    }

    pub(super) fn put(&mut self, key: &Key) {
        self.told += 1;
        let next = self.next.as_mut().map(|next| &mut next.bits);
        for bits in self.whole.iter_mut().chain(next) {
            bits.insert_hash(hash(key));
        }
    }

    /// It was told of so many keys that it is worth beginning anew.
    pub(super) fn is_worn(&self) -> bool {
        self.told >= WORN && self.next.is_none()
    }

    #[cfg(test)]
    pub(super) fn wear_out(&mut self) {
        self.told = WORN;
    }

    /// Begins to learn anew what is in the table; `others` are the keys that are only on their way there.
    pub(super) fn begin(&mut self, others: impl IntoIterator<Item = Key>) {
        let mut bits = BloomFilter::with_num_bits(BITS).hashes(HASHES);
        for key in others {
            bits.insert_hash(hash(&key));
        }
        self.told = 0;
        self.next = Some(Next {
            bits,
            after: Key::default(),
        });
    }

    /// Learns of the next keys in the table, `most` of them; `false` when nothing is left to learn. Between transactions:
    /// one that is rolled back may have hidden a key.
    ///
    /// A table that cannot be read is no reason to write nothing: then the old filter goes on, and where there is none every
    /// key is looked up.
    pub(super) fn learn(&mut self, conn: &Connection, most: i64) -> bool {
        let Some(mut next) = self.next.take() else {
            return false;
        };
        match next.read_on(conn, self.select, most) {
            Ok(true) => self.next = Some(next),
            Ok(false) => self.whole = Some(next.bits),
            Err(fault) => {
                let reason = fault.into_reason();
                tracing::error!(%reason, "store.keys_not_learnt");
            }
        }
        self.next.is_some()
    }
}

impl Next {
    /// `false` when it knows all keys.
    fn read_on(&mut self, conn: &Connection, select: &str, most: i64) -> Done<bool> {
        let mut count = 0;
        let mut select = conn.prepare_cached(select)?;
        let mut rows = select.query((self.after, most))?;
        while let Some(row) = rows.next()? {
            self.after = row.get(0)?;
            self.bits.insert_hash(hash(&self.after));
            count += 1;
        }
        Ok(count == most)
    }
}

fn hash(key: &Key) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *key;
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;
    use sha2::{Digest, Sha256};

    use super::{Bloom, Key};

    fn key(n: u32) -> Key {
        *Sha256::digest(n.to_be_bytes()).first_chunk().unwrap()
    }

    /// A table of the keys from 0 to 999, and its filter.
    fn thousand() -> (Connection, Bloom) {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch("CREATE TABLE t (key BLOB PRIMARY KEY) WITHOUT ROWID")
            .unwrap();
        for n in 0..1000 {
            conn.execute("INSERT INTO t VALUES (?1)", [key(n)]).unwrap();
        }
        let bloom = Bloom::new("SELECT key FROM t WHERE key > ?1 ORDER BY key LIMIT ?2");
        (conn, bloom)
    }

    /// How many of these keys may be there.
    fn held(bloom: &Bloom, keys: impl Iterator<Item = u32>) -> usize {
        keys.filter(|n| bloom.may_hold(&key(*n))).count()
    }

    #[test]
    fn whatever_the_table_holds_may_be_there_and_hardly_anything_else() {
        let (conn, mut bloom) = thousand();
        let mut steps = 0;
        while bloom.learn(&conn, 100) {
            assert!(bloom.may_hold(&key(5000)), "not all of the table is known");
            bloom.put(&key(2000 + steps));
            steps += 1;
        }
        assert_eq!(steps, 10);
        assert_eq!(held(&bloom, (0..1000).chain(2000..2010)), 1010);
        assert!(held(&bloom, 5000..15_000) < 10);
    }

    #[test]
    fn a_new_filter_knows_what_is_there_and_not_what_was() {
        let (conn, mut bloom) = thousand();
        while bloom.learn(&conn, 1000) {}
        conn.execute("DELETE FROM t WHERE key >= x'80'", [])
            .unwrap();
        let stay: Vec<u32> = (0..1000).filter(|n| key(*n)[0] < 0x80).collect();
        bloom.put(&key(2000));
        bloom.begin([key(2000)]);
        bloom.put(&key(2001));
        while bloom.learn(&conn, 100) {
            assert!(held(&bloom, 5000..15_000) < 10, "the old one is asked");
            bloom.put(&key(2002));
        }
        let there = stay.iter().copied().chain(2000..2003);
        assert_eq!(held(&bloom, there), stay.len() + 3);
        assert!(held(&bloom, 0..1000) < stay.len() + 10);
    }

    #[test]
    fn of_a_table_that_cannot_be_read_every_key_may_be_there() {
        let (conn, mut bloom) = thousand();
        conn.execute("INSERT INTO t VALUES (x'ff')", []).unwrap();
        while bloom.learn(&conn, 100) {}
        assert!(bloom.may_hold(&key(5000)));
        assert!(!bloom.learn(&conn, 100));
    }

    #[test]
    fn of_a_table_that_others_write_every_key_may_be_there() {
        let conn = Connection::open_in_memory().unwrap();
        let mut bloom = Bloom::idle();
        assert!(!bloom.learn(&conn, 100));
        assert!(bloom.may_hold(&key(1)));
    }
}
