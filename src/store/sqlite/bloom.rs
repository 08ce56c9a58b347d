//! Keys that nobody holds, known without a look into their table: nearly all that is looked up is new, and to find that a
//! big table has no such key costs the writer more than to write it.
//!
//! A Bloom filter: what it does not hold is certainly not in the table. It is told of each new key at once; those of an
//! older run are read from the table step by step, and until that is done every key may be there.

use fastbloom::BloomFilter;
use rusqlite::Connection;

use crate::store::sqlite::fault::Done;

/// Keys are hashes already.
pub(super) type Key = [u8; 16];

/// Four mebibytes: of three million keys one new one in thirty is looked up in vain, of ten million one in five.
const BITS: usize = 32 << 20;
/// Bits of a key. Each more is another miss of the cache.
const HASHES: u32 = 2;

pub(super) struct Bloom {
    bits: BloomFilter,
    /// It holds all keys of the table.
    is_whole: bool,
    /// What is left to read.
    rest: Option<Rest>,
}

/// The keys of a table after one.
struct Rest {
    select: &'static str,
    after: Key,
}

impl Bloom {
    /// Of a table whose keys after `?1` this statement selects, in order, `?2` of them.
    pub(super) fn new(select: &'static str) -> Self {
        Bloom {
            bits: BloomFilter::with_num_bits(BITS).hashes(HASHES),
            is_whole: false,
            rest: Some(Rest {
                select,
                after: Key::default(),
            }),
        }
    }

    /// Of a table that somebody else writes: every key may be there.
    pub(super) fn idle() -> Self {
        Bloom {
            bits: BloomFilter::with_num_bits(1).hashes(1),
            is_whole: false,
            rest: None,
        }
    }

    pub(super) fn may_hold(&self, key: &Key) -> bool {
        !self.is_whole || self.bits.contains_hash(hash(key))
    }

    pub(super) fn put(&mut self, key: &Key) {
        self.bits.insert_hash(hash(key));
    }

    /// Reads on in the table, `most` keys; `false` when no more are left.
    pub(super) fn learn(&mut self, conn: &Connection, most: i64) -> Done<bool> {
        let Some(rest) = &mut self.rest else {
            return Ok(false);
        };
        let mut count = 0;
        let mut select = conn.prepare_cached(rest.select)?;
        let mut rows = select.query((rest.after, most))?;
        while let Some(row) = rows.next()? {
            rest.after = row.get(0)?;
            self.bits.insert_hash(hash(&rest.after));
            count += 1;
        }
        if count < most {
            self.rest = None;
            self.is_whole = true;
        }
        Ok(self.rest.is_some())
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

    #[test]
    fn whatever_the_table_holds_may_be_there_and_hardly_anything_else() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch("CREATE TABLE t (key BLOB PRIMARY KEY) WITHOUT ROWID")
            .unwrap();
        for n in 0..1000 {
            conn.execute("INSERT INTO t VALUES (?1)", [key(n)]).unwrap();
        }
        let mut bloom = Bloom::new("SELECT key FROM t WHERE key > ?1 ORDER BY key LIMIT ?2");
        let mut steps = 0;
        while bloom.learn(&conn, 100).unwrap() {
            assert!(bloom.may_hold(&key(5000)), "not all of the table is known");
            bloom.put(&key(2000 + steps));
            steps += 1;
        }
        assert_eq!(steps, 10);
        let told = (0..1000).chain(2000..2010);
        assert!(told.into_iter().all(|n| bloom.may_hold(&key(n))));
        let in_vain = (5000..15_000).filter(|n| bloom.may_hold(&key(*n)));
        assert!(in_vain.count() < 10);
    }

    #[test]
    fn of_a_table_that_others_write_every_key_may_be_there() {
        let conn = Connection::open_in_memory().unwrap();
        let mut bloom = Bloom::idle();
        assert!(!bloom.learn(&conn, 100).unwrap());
        assert!(bloom.may_hold(&key(1)));
    }
}
