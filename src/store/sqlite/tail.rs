//! The table `tail`: entries of the lookup tree that are not swept yet, one row a commit.

use std::ops::ControlFlow;

use rusqlite::Connection;

use crate::store::sqlite::fault::{Done, Fault};
use crate::store::sqlite::lookup::IDENTITY;
use crate::store::sqlite::value::blob;

/// Shows every entry that is not swept yet, in the order of commits.
pub(super) fn scan_tail(
    conn: &Connection,
    mut see: impl FnMut(&[u8], i64) -> ControlFlow<()>,
) -> Done<()> {
    let mut select = conn.prepare_cached("SELECT entries FROM tail ORDER BY seq")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let mut entries = blob(row, 0)?;
        while !entries.is_empty() {
            let (key, value) = read_entry(&mut entries)?;
            if see(key, value).is_break() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Length, key, and for identities the value.
pub(super) fn write_entry(row: &mut Vec<u8>, key: &[u8], value: i64) {
    let length = u32::try_from(key.len()).unwrap_or(u32::MAX);
    row.extend_from_slice(&length.to_le_bytes());
    row.extend_from_slice(key);
    if key.first() == Some(&IDENTITY) {
        row.extend_from_slice(&value.to_le_bytes());
    }
}

fn read_entry<'e>(entries: &mut &'e [u8]) -> Done<(&'e [u8], i64)> {
    let cut_short = || Fault::Corrupt("a tail row that is cut short".to_owned());
    let (length, rest) = entries.split_first_chunk().ok_or_else(cut_short)?;
    let length = u32::from_le_bytes(*length) as usize;
    let (key, rest) = rest.split_at_checked(length).ok_or_else(cut_short)?;
    if key.first() != Some(&IDENTITY) {
        *entries = rest;
        return Ok((key, 0));
    }
    let (value, rest) = rest.split_first_chunk().ok_or_else(cut_short)?;
    *entries = rest;
    Ok((key, i64::from_le_bytes(*value)))
}
