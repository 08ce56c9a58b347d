//! Events as others see them, with their raw requests.

use rusqlite::{Connection, OptionalExtension, Row};
use uuid::Uuid;

use crate::model::event::{Claimed, Event, EventStatus};
use crate::model::request::RawRequest;
use crate::store::sqlite::event_row::status;
use crate::store::sqlite::fault::Done;
use crate::store::sqlite::flight::Fresh;
use crate::store::sqlite::raw;
use crate::store::sqlite::stream;
use crate::store::sqlite::value::{
    blob, id, json, kept_said, kept_violations, maybe_json, maybe_time, text, time,
};

macro_rules! select_event {
    ($where:literal) => {
        concat!(
            "SELECT e.id, e.request_id, e.part, s.endpoint, s.source,
                coalesce(e.event_type, s.event_type), e.delivery_id, e.event_time, e.received_at,
                coalesce(a.status, 0), a.reason, a.violations, coalesce(a.attempts, 0), a.settled_at,
                s.scheme, s.secret, e.seq, e.request, a.code, e.notes, e.stream, a.event IS NULL,
                a.due IS NOT NULL
             FROM event e LEFT JOIN stream s ON s.id = e.stream
                LEFT JOIN event_state a ON a.event = e.seq WHERE ",
            $where
        )
    };
}

/// An event with its number and that of the event that holds its request.
pub(super) struct Stored {
    pub(super) seq: i64,
    pub(super) request: i64,
    pub(super) fresh: Option<Fresh>,
    pub(super) event: Event,
}

fn read(row: &Row<'_>) -> Done<Stored> {
    let status = status(row.get(9)?)?;
    let is_fresh: bool = row.get(21)?;
    let fresh = Fresh {
        stream: row.get(20)?,
        received_at: row.get(8)?,
    };
    let event = Event {
        id: id(row, 0)?,
        request: id(row, 1)?,
        part: u32::try_from(row.get::<_, i64>(2)?).ok(),
        endpoint: text(row, 3)?.to_owned(),
        source: text(row, 4)?.to_owned(),
        event_type: text(row, 5)?.to_owned(),
        delivery_id: row.get(6)?,
        event_time: maybe_time(row, 7)?,
        received_at: time(row, 8)?,
        status,
        reason: kept_said(row, 10)?,
        violations: kept_violations(row, 11)?,
        code: row.get(18)?,
        notes: maybe_json(row, 19)?.unwrap_or_default(),
        attempts: row.get(12)?,
        processed_at: maybe_time(row, 13)?.filter(|_| status != EventStatus::Pending),
        came_again: row.get(22)?,
        verdict: stream::verdict(row, 14)?,
    };
    Ok(Stored {
        seq: row.get(16)?,
        request: row.get(17)?,
        fresh: is_fresh.then_some(fresh),
        event,
    })
}

pub(super) fn by_seq(conn: &Connection, seq: i64) -> Done<Option<Stored>> {
    let mut select = conn.prepare_cached(select_event!("e.seq = ?1"))?;
    let found = select.query_row([seq], |row| Ok(read(row))).optional()?;
    found.transpose()
}

pub(super) fn by_id(conn: &Connection, event: Uuid) -> Done<Option<Stored>> {
    let mut select = conn.prepare_cached(select_event!("e.id = ?1"))?;
    let found = select
        .query_row([event.as_bytes()], |row| Ok(read(row)))
        .optional()?;
    found.transpose()
}

/// The request an event came in, while retention keeps it.
pub(super) fn raw_request(conn: &Connection, stored: &Stored) -> Done<Option<RawRequest>> {
    let mut select = conn.prepare_cached(
        "SELECT method, query, peer, codec, headers, body FROM event WHERE seq = ?1 AND events > 0",
    )?;
    let mut rows = select.query([stored.request])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    Ok(Some(RawRequest {
        id: stored.event.request,
        endpoint: stored.event.endpoint.clone(),
        method: text(row, 0)?.to_owned(),
        query: text(row, 1)?.to_owned(),
        headers: raw::read_headers(blob(row, 4)?)?,
        body: raw::unpack(row.get(3)?, blob(row, 5)?)?,
        peer: raw::read_peer(blob(row, 2)?)?,
        received_at: stored.event.received_at,
    }))
}

/// An event with all a worker needs.
pub(super) fn claimed(conn: &Connection, stored: Stored) -> Done<Claimed> {
    let raw = raw_request(conn, &stored)?;
    let mut select = conn.prepare_cached("SELECT answer FROM fetched WHERE event = ?1")?;
    let mut rows = select.query([stored.seq])?;
    let fetched = match rows.next()? {
        Some(row) => Some(json(row, 0)?),
        None => None,
    };
    Ok(Claimed {
        event: stored.event,
        raw,
        fetched,
    })
}
