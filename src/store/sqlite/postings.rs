//! What stands under a prefix in the table `posting`: swept or still in the tail.

use std::collections::{BTreeSet, HashMap};

use rusqlite::Connection;

use crate::store::sqlite::fault::Done;
use crate::store::sqlite::lookup::{self, Posting, after_prefix, entry, number_at_end};
use crate::store::sqlite::tail::{self, Told};
use crate::store::sqlite::walk::{self, merge};

pub(super) const BELOW: &str =
    "SELECT key FROM posting WHERE key >= ?1 AND key < ?2 ORDER BY key DESC LIMIT ?3";

/// The numbers under one prefix.
#[derive(Debug)]
pub(super) struct Postings {
    prefix: Vec<u8>,
    tail: BTreeSet<i64>,
}

impl Postings {
    /// One for each prefix; the tail is read once.
    pub(super) fn open(conn: &Connection, prefixes: Vec<Vec<u8>>) -> Done<Vec<Self>> {
        let mut all: Vec<Postings> = prefixes
            .into_iter()
            .map(|prefix| Postings {
                prefix,
                tail: BTreeSet::new(),
            })
            .collect();
        let mut by_prefix: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
        for (nth, postings) in all.iter().enumerate() {
            by_prefix
                .entry(postings.prefix.clone())
                .or_default()
                .push(nth);
        }
        let lengths: BTreeSet<usize> = by_prefix.keys().map(Vec::len).collect();
        let mut bad = Ok(());
        tail::scan(conn, |told| {
            let Told::Posting(key) = told else {
                return;
            };
            let beginnings = lengths.iter().filter_map(|length| key.get(..*length));
            for nth in beginnings
                .filter_map(|start| by_prefix.get(start))
                .flatten()
            {
                match (all.get_mut(*nth), number_at_end(key)) {
                    (Some(postings), Ok(number)) => drop(postings.tail.insert(number)),
                    (_, Err(fault)) => bad = Err(fault),
                    (None, _) => {}
                }
            }
        })?;
        bad.map(|()| all)
    }

    /// Numbers below `below`, greatest first. The prefix must leave nothing but the number.
    pub(super) fn below(&self, conn: &Connection, below: i64, limit: usize) -> Done<Vec<i64>> {
        let end = match below {
            i64::MAX => after_prefix(&self.prefix),
            below => entry(self.prefix.clone(), below).into_vec(),
        };
        let mut numbers = tree_numbers(conn, &self.prefix, &end, limit)?;
        numbers.extend(self.tail.range(..below).rev().take(limit));
        Ok(merge(numbers, limit, true))
    }

    /// Every number under a prefix that may be the beginning of longer words; `None` when they are too many.
    pub(super) fn all(&self, conn: &Connection, most: usize) -> Done<Option<BTreeSet<i64>>> {
        let end = after_prefix(&self.prefix);
        let numbers = tree_numbers(conn, &self.prefix, &end, most + 1)?;
        let found = numbers.len();
        let mut all: BTreeSet<i64> = numbers.into_iter().collect();
        all.extend(&self.tail);
        Ok((found <= most && all.len() <= most).then_some(all))
    }
}

/// Makes the words of an older file findable without their accents.
pub(super) fn add_without_accents(conn: &Connection) -> Done<()> {
    let mut folded: Vec<Posting> = Vec::new();
    let mut select = conn.prepare("SELECT key FROM posting")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        folded.extend(lookup::without_accents(
            row.get_ref(0)?.as_blob().unwrap_or_default(),
        ));
    }
    tail::scan(conn, |told| {
        if let Told::Posting(key) = told {
            folded.extend(lookup::without_accents(key));
        }
    })?;
    let mut insert =
        conn.prepare("INSERT INTO posting (key) VALUES (?1) ON CONFLICT DO NOTHING")?;
    for key in folded {
        insert.execute([&key[..]])?;
    }
    Ok(())
}

/// The numbers at the end of the tree's keys in a range, greatest first.
pub(super) fn tree_numbers(
    conn: &Connection,
    from: &[u8],
    end: &[u8],
    limit: usize,
) -> Done<Vec<i64>> {
    let mut select = conn.prepare_cached(BELOW)?;
    let mut rows = select.query((from, end, walk::rows(limit)))?;
    let mut numbers = Vec::new();
    while let Some(row) = rows.next()? {
        numbers.push(number_at_end(
            row.get_ref(0)?.as_blob().unwrap_or_default(),
        )?);
    }
    Ok(numbers)
}
