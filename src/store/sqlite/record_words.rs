//! From words to records.

use std::collections::BTreeSet;

use rusqlite::Connection;

use crate::model::field::Kind;
use crate::store::sqlite::fault::Done;
use crate::store::sqlite::lookup;
use crate::store::sqlite::postings::Postings;

/// Records that are collected and sorted for one word; a more frequent word is met by walking the list instead.
const MOST_COLLECTED: usize = 2_000;
/// Contacts with one address, or one word, whose records are collected.
pub(super) const MOST_CONTACTS: usize = 200;

/// The records that the rarest word leads to, directly or through their contact; `None` when every word is frequent.
pub(super) fn collect(
    conn: &Connection,
    kind: Kind,
    words: &[String],
) -> Done<Option<BTreeSet<i64>>> {
    if words.is_empty() {
        return Ok(None);
    }
    let own = words.iter().map(|word| lookup::word_prefix(kind, word));
    let own = Postings::open(conn, own.collect())?;
    let contacts = match kind {
        Kind::Contact => Vec::new(),
        _ => {
            let prefix = |word: &String| lookup::word_prefix(Kind::Contact, word);
            Postings::open(conn, words.iter().map(prefix).collect())?
        }
    };
    let mut rarest: Option<BTreeSet<i64>> = None;
    for (nth, postings) in own.iter().enumerate() {
        let Some(mut found) = postings.all(conn, MOST_COLLECTED)? else {
            continue;
        };
        if let Some(contacts) = contacts.get(nth) {
            match linked(conn, kind, contacts)? {
                Some(linked) => found.extend(linked),
                None => continue,
            }
        }
        if rarest
            .as_ref()
            .is_none_or(|rarest| found.len() < rarest.len())
        {
            rarest = Some(found);
        }
    }
    Ok(rarest)
}

/// What belongs to the contacts that have a word; `None` when it is too much.
fn linked(conn: &Connection, kind: Kind, contacts: &Postings) -> Done<Option<BTreeSet<i64>>> {
    let Some(contacts) = contacts.all(conn, MOST_CONTACTS)? else {
        return Ok(None);
    };
    let prefixes = contacts.iter().map(|contact| lookup::links(*contact, kind));
    let mut found = BTreeSet::new();
    for postings in Postings::open(conn, prefixes.collect())? {
        found.extend(postings.below(conn, i64::MAX, MOST_COLLECTED + 1)?);
        if found.len() > MOST_COLLECTED {
            return Ok(None);
        }
    }
    Ok(Some(found))
}
