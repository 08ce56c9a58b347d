//! The table `tail`: identities and postings that are not swept yet, one row a commit.
//!
//! A row is a series of entries: an identity is a 0, its key and the number of its record; a posting the length of
//! its key and the key.

use rusqlite::Connection;

use crate::store::sqlite::fault::{Done, Fault};
use crate::store::sqlite::lookup::Identity;
use crate::store::sqlite::value::blob;

/// One entry.
pub(super) enum Told<'e> {
    /// With the record that holds it.
    Identity(&'e Identity, i64),
    Posting(&'e [u8]),
}

/// Shows every entry that is not swept yet, in the order of commits.
pub(super) fn scan(conn: &Connection, mut see: impl FnMut(Told<'_>)) -> Done<()> {
    let mut select = conn.prepare_cached("SELECT entries FROM tail ORDER BY seq")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let mut entries = blob(row, 0)?;
        while !entries.is_empty() {
            see(read(&mut entries)?);
        }
    }
    Ok(())
}

pub(super) fn write_identity(row: &mut Vec<u8>, key: &Identity, record: i64) {
    row.extend_from_slice(&0_u16.to_le_bytes());
    row.extend_from_slice(key);
    row.extend_from_slice(&record.to_le_bytes());
}

/// Keys are never empty and never longer than a beginning of a word with what stands around it.
pub(super) fn write_posting(row: &mut Vec<u8>, key: &[u8]) {
    let length = u16::try_from(key.len()).unwrap_or(u16::MAX);
    row.extend_from_slice(&length.to_le_bytes());
    row.extend(key.iter().take(usize::from(length)));
}

fn read<'e>(entries: &mut &'e [u8]) -> Done<Told<'e>> {
    let cut_short = || Fault::Corrupt("a tail row that is cut short".to_owned());
    let (length, rest) = entries.split_first_chunk().ok_or_else(cut_short)?;
    let length = u16::from_le_bytes(*length);
    if length > 0 {
        let (key, rest) = rest
            .split_at_checked(usize::from(length))
            .ok_or_else(cut_short)?;
        *entries = rest;
        return Ok(Told::Posting(key));
    }
    let (key, rest) = rest.split_first_chunk().ok_or_else(cut_short)?;
    let (record, rest) = rest.split_first_chunk().ok_or_else(cut_short)?;
    *entries = rest;
    Ok(Told::Identity(key, i64::from_le_bytes(*record)))
}
