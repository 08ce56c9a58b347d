//! Traffic counted from the event rows, and the documents that are learned from it.

use std::collections::BTreeMap;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension};
use serde_json::Value;

use crate::model::event::{EventStatus, SPAM};
use crate::model::said::Said;
use crate::store::Result;
use crate::store::observation::{Observation, Observations, Revision, Traffic};
use crate::store::sqlite::SqliteStore;
use crate::store::sqlite::fault::Done;
use crate::store::sqlite::value::{
    json, kept_said, kept_violations, micros, signed, text, time, timestamp, unsigned,
};

/// Events counted by one statement, so that none holds a snapshot for long.
const STEP: i64 = 20_000;

#[async_trait]
impl Observations for SqliteStore {
    async fn last_event(&self) -> Result<u64> {
        self.readers
            .read(|conn| {
                let last: Option<i64> = conn
                    .prepare_cached("SELECT max(seq) FROM event")?
                    .query_row([], |row| row.get(0))?;
                Ok(unsigned(last.unwrap_or(0)))
            })
            .await
    }

    async fn traffic(&self, after: u64, upto: u64) -> Result<Vec<Traffic>> {
        self.readers
            .walk(move |conn| counted(conn, signed(after), signed(upto)))
            .await
    }

    async fn revise(&self, revisions: Vec<Revision>) -> Result<Vec<Option<Value>>> {
        self.write(move |books| {
            revisions
                .iter()
                .map(|revision| revised(&books.conn, revision))
                .collect()
        })
        .await
    }

    async fn observations(&self, subject: String) -> Result<Vec<Observation>> {
        self.readers
            .walk(move |conn| {
                let mut select = conn.prepare_cached(
                    "SELECT name, document, at FROM observation WHERE subject = ?1 ORDER BY name",
                )?;
                let mut rows = select.query([&subject])?;
                let mut found = Vec::new();
                while let Some(row) = rows.next()? {
                    found.push(Observation {
                        name: text(row, 0)?.to_owned(),
                        document: json(row, 1)?,
                        at: time(row, 2)?,
                    });
                }
                Ok(found)
            })
            .await
    }
}

fn revised(conn: &Connection, revision: &Revision) -> Done<Option<Value>> {
    let key = (revision.subject, &revision.name);
    let known = conn
        .prepare_cached("SELECT document FROM observation WHERE subject = ?1 AND name = ?2")?
        .query_row(key, |row| Ok(json(row, 0)))
        .optional()?
        .transpose()?;
    let document = (revision.revise)(known);
    match &document {
        Some(document) => conn
            .prepare_cached(
                "INSERT INTO observation (subject, name, document, at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (subject, name) DO UPDATE SET document = excluded.document, at = excluded.at",
            )?
            .execute((key.0, key.1, document.to_string(), micros(revision.at)))?,
        None => conn
            .prepare_cached("DELETE FROM observation WHERE subject = ?1 AND name = ?2")?
            .execute(key)?,
    };
    Ok(document)
}

/// Counts of one stream.
struct Count {
    received: i64,
    quarantined: i64,
    newest: i64,
    /// The last of the quarantined ones.
    refused: Option<i64>,
}

fn counted(conn: &Connection, after: i64, upto: i64) -> Done<Vec<Traffic>> {
    let mut streams: BTreeMap<i64, Count> = BTreeMap::new();
    // What the spam gate holds is understood well enough.
    let mut select = conn.prepare_cached(
        "SELECT e.stream, count(*), count(*) FILTER (WHERE s.status = ?3 AND s.code IS NOT ?4),
            max(e.received_at), max(e.seq) FILTER (WHERE s.status = ?3 AND s.code IS NOT ?4)
         FROM event e LEFT JOIN event_state s ON s.event = e.seq
         WHERE e.seq > ?1 AND e.seq <= ?2 GROUP BY e.stream",
    )?;
    let mut from = after;
    while from < upto {
        let to = from.saturating_add(STEP).min(upto);
        let mut rows = select.query((from, to, EventStatus::Quarantined as i64, SPAM))?;
        while let Some(row) = rows.next()? {
            let count = streams.entry(row.get(0)?).or_insert(Count {
                received: 0,
                quarantined: 0,
                newest: i64::MIN,
                refused: None,
            });
            count.received += row.get::<_, i64>(1)?;
            count.quarantined += row.get::<_, i64>(2)?;
            count.newest = count.newest.max(row.get(3)?);
            count.refused = row.get::<_, Option<i64>>(4)?.or(count.refused);
        }
        from = to;
    }
    let mut traffic: Vec<Traffic> = Vec::new();
    for (stream, count) in streams {
        let (endpoint, event_type) = conn
            .prepare_cached("SELECT endpoint, coalesce(event_type, '') FROM stream WHERE id = ?1")?
            .query_row([stream], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
            })?;
        let reason = match count.refused {
            Some(seq) => reason(conn, seq)?,
            None => None,
        };
        let found = Traffic {
            endpoint,
            event_type,
            received: unsigned(count.received),
            quarantined: unsigned(count.quarantined),
            newest: timestamp(count.newest)?,
            reason,
        };
        // Streams differ by the secret that proved them, too.
        let same = |known: &&mut Traffic| {
            known.endpoint == found.endpoint && known.event_type == found.event_type
        };
        match traffic.iter_mut().find(same) {
            Some(known) => {
                known.received += found.received;
                known.quarantined += found.quarantined;
                known.newest = known.newest.max(found.newest);
                known.reason = found.reason.or(known.reason.take());
            }
            None => traffic.push(found),
        }
    }
    Ok(traffic)
}

/// Its first violation where it has one, else the reason that stands beside it.
fn reason(conn: &Connection, event: i64) -> Done<Option<Said>> {
    let mut select =
        conn.prepare_cached("SELECT reason, violations FROM event_state WHERE event = ?1")?;
    let mut rows = select.query([event])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    Ok(match kept_violations(row, 1)?.first() {
        Some(violation) => Some(violation.said()),
        None => kept_said(row, 0)?,
    })
}
