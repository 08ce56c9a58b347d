//! Sessions and one-time links.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};
use uuid::Uuid;

use crate::store::sqlite::fault::Done;
use crate::store::sqlite::value::{id, maybe_id, micros, text, time};
use crate::store::users::{LinkRow, SessionRow};

/// Opens one; what has ended by itself is forgotten.
pub(super) fn open(conn: &Connection, session: &SessionRow) -> Done<()> {
    conn.prepare_cached("DELETE FROM session WHERE ends_at <= ?1")?
        .execute([micros(session.opened_at)])?;
    conn.prepare_cached(
        "INSERT INTO session (hash, user, awaits_code, opened_at, seen_at, ends_at, agent, peer)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute((
        session.hash,
        session.user.as_bytes(),
        session.awaits_code,
        micros(session.opened_at),
        micros(session.seen_at),
        micros(session.ends_at),
        &session.agent,
        &session.peer,
    ))?;
    Ok(())
}

pub(super) fn find(conn: &Connection, hash: &[u8; 32]) -> Done<Option<SessionRow>> {
    let mut select = conn.prepare_cached(
        "SELECT hash, user, awaits_code, opened_at, seen_at, ends_at, agent, peer FROM session
         WHERE hash = ?1",
    )?;
    let found = select.query_row([hash], |row| Ok(read(row))).optional()?;
    found.transpose()
}

pub(super) fn of_user(conn: &Connection, user: Uuid) -> Done<Vec<SessionRow>> {
    let mut select = conn.prepare_cached(
        "SELECT hash, user, awaits_code, opened_at, seen_at, ends_at, agent, peer FROM session
         WHERE user = ?1 ORDER BY seen_at DESC",
    )?;
    let mut rows = select.query([user.as_bytes()])?;
    let mut sessions = Vec::new();
    while let Some(row) = rows.next()? {
        sessions.push(read(row)?);
    }
    Ok(sessions)
}

fn read(row: &Row<'_>) -> Done<SessionRow> {
    Ok(SessionRow {
        hash: row.get(0)?,
        user: id(row, 1)?,
        awaits_code: row.get(2)?,
        opened_at: time(row, 3)?,
        seen_at: time(row, 4)?,
        ends_at: time(row, 5)?,
        agent: text(row, 6)?.to_owned(),
        peer: text(row, 7)?.to_owned(),
    })
}

pub(super) fn touch(conn: &Connection, hash: &[u8; 32], at: Timestamp) -> Done<()> {
    conn.prepare_cached("UPDATE session SET seen_at = ?2 WHERE hash = ?1")?
        .execute((hash, micros(at)))?;
    Ok(())
}

pub(super) fn end(conn: &Connection, hash: &[u8; 32]) -> Done<bool> {
    let ended = conn
        .prepare_cached("DELETE FROM session WHERE hash = ?1")?
        .execute([hash])?;
    Ok(ended > 0)
}

/// Ends every session of a user, and the links that would open a new one.
pub(super) fn end_all(conn: &Connection, user: Uuid) -> Done<()> {
    conn.prepare_cached("DELETE FROM session WHERE user = ?1")?
        .execute([user.as_bytes()])?;
    conn.prepare_cached("DELETE FROM link WHERE user = ?1")?
        .execute([user.as_bytes()])?;
    Ok(())
}

pub(super) fn add_link(conn: &Connection, link: &LinkRow) -> Done<()> {
    let user = link.user.as_ref().map(Uuid::as_bytes);
    conn.prepare_cached("DELETE FROM link WHERE user IS ?1")?
        .execute([user])?;
    conn.prepare_cached("INSERT INTO link (hash, user, ends_at) VALUES (?1, ?2, ?3)")?
        .execute((link.hash, user, micros(link.ends_at)))?;
    Ok(())
}

pub(super) fn link(conn: &Connection, hash: &[u8; 32], now: Timestamp) -> Done<Option<LinkRow>> {
    let mut select = conn
        .prepare_cached("SELECT hash, user, ends_at FROM link WHERE hash = ?1 AND ends_at > ?2")?;
    let mut rows = select.query((hash, micros(now)))?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    Ok(Some(LinkRow {
        hash: row.get(0)?,
        user: maybe_id(row, 1)?,
        ends_at: time(row, 2)?,
    }))
}

pub(super) fn remove_link(conn: &Connection, hash: &[u8; 32]) -> Done<()> {
    conn.prepare_cached("DELETE FROM link WHERE hash = ?1")?
        .execute([hash])?;
    Ok(())
}
