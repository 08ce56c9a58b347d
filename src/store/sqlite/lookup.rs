//! What records are found by, and how its keys are written.
//!
//! | table | key | stands for |
//! |---|---|---|
//! | `identity` | hash of an identity key | the record in the value |
//! | `posting` | `s`, kind, beginning of a word, 0, record | a record that has the word |
//! | `posting` | `c`, contact, kind, record | a lead, order or ticket of a contact |
//!
//! Records are numbers of six bytes, big end first, so that they sort. The keys come in no order, so settlements write
//! them into the table `tail`, one row a commit; see `entries` for how they reach the tables. Readers look at both.

use rusqlite::{Connection, OptionalExtension};
use sha2::{Digest, Sha256};
use smallvec::SmallVec;

use crate::model::field::Kind;
use crate::model::fold;
use crate::model::identity::IdentityKey;
use crate::store::sqlite::bloom::Key;
use crate::store::sqlite::fault::{Done, Fault};
use crate::store::sqlite::value;
use crate::store::sqlite::words;

const WORD: u8 = b's';
const LINK: u8 = b'c';

/// Bytes of a number in a key.
const NUMBER: usize = 6;

/// 128 bits of SHA-256: short, and compared without a look elsewhere.
pub(super) type Identity = Key;

/// A key of the table `posting`; a link fits in without an allocation.
pub(super) type Posting = SmallVec<[u8; 24]>;

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

pub(super) fn identity(key: &IdentityKey) -> Identity {
    let mut short = [0; 16];
    for (to, from) in short.iter_mut().zip(Sha256::digest(key.to_text())) {
        *to = from;
    }
    short
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

/// The key of a word with accents as it is without them.
pub(super) fn without_accents(key: &[u8]) -> Option<Posting> {
    let (word, number) = key.split_last_chunk::<NUMBER>()?;
    let [WORD, kind, word @ .., 0] = word else {
        return None;
    };
    let word = str::from_utf8(word).ok().filter(|word| !word.is_ascii())?;
    let mut folded = vec![WORD, *kind];
    folded.extend_from_slice(fold::without_accents(word).as_bytes());
    folded.push(0);
    folded.extend_from_slice(number);
    Some(folded.into())
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
pub(super) fn entry(mut prefix: Vec<u8>, number: i64) -> Posting {
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
        None => Err(Fault::Corrupt("a posting that is too short".to_owned())),
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

/// The record that holds an identity, as far as it is swept.
pub(super) fn holder(conn: &Connection, key: &Identity) -> Done<Option<i64>> {
    Ok(conn
        .prepare_cached("SELECT record FROM identity WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()?)
}
