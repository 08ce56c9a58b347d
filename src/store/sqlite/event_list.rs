//! Lists of events, and the oldest pending ones.
//!
//! One index serves them all: status, stream, time of receipt. A list looks into it once for each status and stream
//! it may show and merges what it finds, so no filter makes it read more than a page from each. Fresh events are not in it
//! (see `fresh`): a list that shows pending ones looks at all of them.

use rusqlite::{Connection, OptionalExtension, ToSql};
use uuid::Uuid;

use crate::model::event::{Event, EventStatus};
use crate::model::page::{Page, PageRequest};
use crate::store::EventFilter;
use crate::store::sqlite::claims::delivery_hash;
use crate::store::sqlite::event_read::{self, Stored};
use crate::store::sqlite::event_row::{self, STORED};
use crate::store::sqlite::fault::Done;
use crate::store::sqlite::fresh;
use crate::store::sqlite::number;
use crate::store::sqlite::readers::snapshot;
use crate::store::sqlite::stream;
use crate::store::sqlite::value::micros;
use crate::store::sqlite::walk::{self, Listing, merge, rows};

/// Time of receipt and number: the order of lists.
pub(super) type Key = (i64, i64);

/// Bodies that one page reads.
const MOST_BODIES: usize = 1000;
/// Events with one delivery id that are looked at.
const SAME_DELIVERY: i64 = 1000;

pub(super) const NEWEST: &str =
    "SELECT received_at, event FROM event_state INDEXED BY event_state_list
     WHERE status = ?1 AND stream = ?2 AND (received_at, event) < (?3, ?4)
     ORDER BY received_at DESC, event DESC LIMIT ?5";
pub(super) const NEWEST_OF_CODE: &str =
    "SELECT received_at, event FROM event_state INDEXED BY event_state_code
     WHERE code = ?1 AND stream = ?2 AND (received_at, event) < (?3, ?4)
     ORDER BY received_at DESC, event DESC LIMIT ?5";
pub(super) const OLDEST: &str =
    "SELECT received_at, event FROM event_state INDEXED BY event_state_list
     WHERE status = 0 AND stream = ?1 ORDER BY received_at, event LIMIT ?2";
pub(super) const NEXT_STREAM: &str = "SELECT stream FROM event_state INDEXED BY event_state_list
     WHERE status = ?1 AND stream > ?2 ORDER BY stream LIMIT 1";
pub(super) const DUE: &str =
    "SELECT due, received_at, event FROM event_state INDEXED BY event_state_due
     WHERE status = 5 ORDER BY due LIMIT ?1";

pub(super) const SWEPT_DELIVERIES: &str =
    "SELECT event FROM delivery WHERE hash = ?1 ORDER BY event DESC LIMIT ?2";
/// What is not swept yet is read row by row: its number is bounded.
pub(super) const FRESH_DELIVERIES: &str =
    "SELECT seq FROM event WHERE seq > ?1 AND delivery_id = ?2 ORDER BY seq DESC LIMIT ?3";

/// Events that pass the filter, newest first. No event up to `fresh_from` is fresh, as far as this process knows.
pub(super) fn events(
    conn: &Connection,
    fresh_from: i64,
    filter: &EventFilter,
    page: &PageRequest,
) -> Done<Page<Event>> {
    let end = match filter.until {
        Some(until) => (micros(until), i64::MIN),
        None => (i64::MAX, i64::MAX),
    };
    let list = Listing::of('e', filter);
    let start = list.start(page)?.unwrap_or([i64::MAX, i64::MAX]);
    let start: Key = end.min(start.into());
    let looked_for = Looked::read(conn, filter)?;
    let since = filter.since.map_or(i64::MIN, micros);
    let statuses = filter.status.map_or(&STORED[..], event_row::numbers);
    let shows_pending = statuses.contains(&(EventStatus::Pending as i64));
    walk::page_within(
        looked_for.most_seen(),
        walk::limit(page.limit),
        start,
        |after, n| match &looked_for.named {
            Some(keys) => Ok(keys
                .iter()
                .filter(|key| **key < after)
                .take(n)
                .copied()
                .collect()),
            // On one snapshot: what goes from one status or stream to another meanwhile would be missed.
            None => snapshot(conn, || {
                let streams = stream::matching(
                    conn,
                    filter.endpoint.as_deref(),
                    filter.source.as_deref(),
                    filter.event_type.as_deref(),
                )?;
                if let Some(code) = &filter.code {
                    return newest(conn, NEWEST_OF_CODE, &[code], &streams, (since, after), n);
                }
                let mut keys = match shows_pending {
                    true => fresh::newest(conn, fresh_from, &streams, (since, after), n)?,
                    false => Vec::new(),
                };
                keys.extend(newest(conn, NEWEST, statuses, &streams, (since, after), n)?);
                Ok(merge(keys, n, true))
            }),
        },
        |(_, seq)| {
            let found = event_read::by_seq(conn, seq)?;
            let found = found.filter(|stored| passes(filter, &stored.event));
            match (found, &looked_for.text) {
                (Some(stored), Some(text)) => {
                    let says = body_says(conn, &stored, text)?;
                    Ok(says.then_some(stored.event))
                }
                (found, _) => Ok(found.map(|stored| stored.event)),
            }
        },
        |(received_at, seq)| list.cursor(&[received_at, seq]),
    )
}

/// What was looked for, as far as no index tells it.
struct Looked {
    /// Events with one of the ids.
    named: Option<Vec<Key>>,
    /// In lower case.
    text: Option<String>,
}

impl Looked {
    fn read(conn: &Connection, filter: &EventFilter) -> Done<Self> {
        let named = |q: &str| named(conn, q.trim());
        if let Some(q) = &filter.q {
            let named = Some(named(q)?);
            return Ok(Looked { named, text: None });
        }
        let Some(text) = &filter.text else {
            return Ok(Looked {
                named: None,
                text: None,
            });
        };
        let found = named(text)?;
        Ok(match found.is_empty() {
            true => Looked {
                named: None,
                text: Some(text.trim().to_lowercase()),
            },
            false => Looked {
                named: Some(found),
                text: None,
            },
        })
    }

    /// Bodies are unpacked and read, so one page looks at fewer of them.
    fn most_seen(&self) -> usize {
        match self.text {
            Some(_) => MOST_BODIES,
            None => walk::MOST_SEEN,
        }
    }
}

/// Whether a body has a text, as it came or as the values of a form.
fn body_says(conn: &Connection, stored: &Stored, text: &str) -> Done<bool> {
    let Some(raw) = event_read::raw_request(conn, stored)? else {
        return Ok(false);
    };
    let has = |body: &str| body.to_lowercase().contains(text);
    let plain = String::from_utf8_lossy(&raw.body);
    let is_form = || {
        let kind = raw.headers.get("content-type").unwrap_or_default();
        kind.starts_with("application/x-www-form-urlencoded")
    };
    let values = || form_urlencoded::parse(&raw.body).any(|(_, value)| has(&value));
    Ok(has(&plain) || (is_form() && values()))
}

/// The newest events between two times of each stream and status, or code, by `sql`.
fn newest(
    conn: &Connection,
    sql: &str,
    words: &[impl ToSql],
    streams: &[i64],
    (since, before): (i64, Key),
    n: usize,
) -> Done<Vec<Key>> {
    let mut keys = Vec::new();
    let mut select = conn.prepare_cached(sql)?;
    for word in words {
        for stream in streams {
            let rows = select.query_map((word, stream, before.0, before.1, rows(n)), |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
            for key in rows {
                let key: Key = key?;
                if key.0 < since {
                    break;
                }
                keys.push(key);
            }
        }
    }
    Ok(merge(keys, n, true))
}

fn passes(filter: &EventFilter, event: &Event) -> bool {
    let same = |wanted: &Option<String>, is: &str| wanted.as_ref().is_none_or(|text| text == is);
    same(&filter.endpoint, &event.endpoint)
        && same(&filter.source, &event.source)
        && same(&filter.event_type, &event.event_type)
        && (filter.code.is_none() || filter.code == event.code)
        && filter.status.is_none_or(|status| status == event.status)
        && filter.since.is_none_or(|since| event.received_at >= since)
        && filter.until.is_none_or(|until| event.received_at < until)
}

/// Events that have `q` as id or delivery id, newest first.
fn named(conn: &Connection, q: &str) -> Done<Vec<Key>> {
    let mut found: Vec<Stored> = Vec::new();
    if let Ok(id) = Uuid::try_parse(q) {
        found.extend(event_read::by_id(conn, id)?);
    }
    let mut swept = conn.prepare_cached(SWEPT_DELIVERIES)?;
    let mut fresh = conn.prepare_cached(FRESH_DELIVERIES)?;
    let mark = number::get(conn, "claims_swept")?;
    let mut seqs: Vec<i64> = swept
        .query_map([delivery_hash(q), SAME_DELIVERY], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for seq in fresh.query_map((mark, q, SAME_DELIVERY), |row| row.get(0))? {
        seqs.push(seq?);
    }
    for seq in seqs {
        let stored = event_read::by_seq(conn, seq)?;
        found.extend(stored.filter(|stored| stored.event.delivery_id.as_deref() == Some(q)));
    }
    let keys = found
        .iter()
        .map(|stored| (micros(stored.event.received_at), stored.seq))
        .collect();
    Ok(merge(keys, usize::MAX, true))
}

/// The streams that have events of this stored status.
fn streams_with(conn: &Connection, status: i64) -> Done<Vec<i64>> {
    let mut streams = Vec::new();
    let mut select = conn.prepare_cached(NEXT_STREAM)?;
    let mut last = i64::MIN;
    while let Some(next) = select
        .query_row([status, last], |row| row.get(0))
        .optional()?
    {
        streams.push(next);
        last = next;
    }
    Ok(streams)
}

/// Pending events that are not fresh, oldest first, with those whose delay is over at `now`; and when the next delay ends.
pub(super) fn due(conn: &Connection, now: i64, most: usize) -> Done<(Vec<Key>, Option<i64>)> {
    let mut keys: Vec<Key> = Vec::new();
    let mut select = conn.prepare_cached(OLDEST)?;
    for stream in streams_with(conn, EventStatus::Pending as i64)? {
        let found = select.query_map([stream, rows(most)], |row| Ok((row.get(0)?, row.get(1)?)))?;
        for key in found {
            keys.push(key?);
        }
    }
    let mut next = None;
    let mut select = conn.prepare_cached(DUE)?;
    let mut waiting = select.query([rows(most) + 1])?;
    while let Some(row) = waiting.next()? {
        let due: i64 = row.get(0)?;
        if due > now {
            next = Some(due);
            break;
        }
        keys.push((row.get(1)?, row.get(2)?));
    }
    Ok((merge(keys, usize::MAX, false), next))
}

/// When the oldest pending event was received.
pub(super) fn oldest_pending(conn: &Connection, fresh_from: i64) -> Done<Option<i64>> {
    let mut oldest: Option<i64> = fresh::oldest(conn, fresh_from)?;
    let mut select = conn.prepare_cached(
        "SELECT received_at FROM event_state INDEXED BY event_state_list
         WHERE status = ?1 AND stream = ?2 ORDER BY received_at LIMIT 1",
    )?;
    for status in event_row::numbers(EventStatus::Pending) {
        for stream in streams_with(conn, *status)? {
            let first: i64 = select.query_row([*status, stream], |row| row.get(0))?;
            oldest = Some(oldest.map_or(first, |oldest| oldest.min(first)));
        }
    }
    Ok(oldest)
}
