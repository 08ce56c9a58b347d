//! Streams: endpoint, source, event type and verdict of an event as one number.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension, Row};

use crate::model::event::Verdict;
use crate::store::sqlite::fault::Done;
use crate::store::sqlite::value::{text, unsigned};

/// Beyond so many, events of new types name their type themselves: a sender who invents types cannot make lists slow.
const MOST: usize = 4096;

/// What a stream of events has in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Stream {
    pub(super) endpoint: String,
    pub(super) source: String,
    /// `None`: the event names its own.
    pub(super) event_type: Option<String>,
    pub(super) verdict: Verdict,
}

/// The writer's memory of them.
#[derive(Default)]
pub(super) struct Streams {
    known: HashMap<Stream, i64>,
    /// The one an event came in last: most come in streams, and comparing is faster than hashing.
    latest: Option<(Stream, i64)>,
    /// Number → endpoint, of streams whose events were settled.
    endpoints: HashMap<i64, String>,
    /// Known since this transaction only.
    new: Vec<Stream>,
    /// How many there are, once somebody asked.
    count: Option<usize>,
    /// Types beyond the most there may be, which were asked for lately: they are not looked for again.
    unnamed: HashSet<Stream>,
}

/// Where an event belongs.
pub(super) struct Place {
    pub(super) stream: i64,
    /// The event has to name its type.
    pub(super) own_type: bool,
}

impl Streams {
    /// The number of the stream, which is made when it is new.
    pub(super) fn place(&mut self, conn: &Connection, stream: &Stream) -> Done<Place> {
        if let Some((latest, id)) = &self.latest
            && latest == stream
        {
            return Ok(Place {
                stream: *id,
                own_type: false,
            });
        }
        if let Some(id) = self.known.get(stream) {
            self.latest = Some((stream.clone(), *id));
            return Ok(Place {
                stream: *id,
                own_type: false,
            });
        }
        if self.unnamed.contains(stream) {
            return self.nameless(conn, stream);
        }
        if let Some(id) = find(conn, stream)? {
            self.remember(stream, id);
            return Ok(Place {
                stream: id,
                own_type: false,
            });
        }
        if stream.event_type.is_some() && self.count(conn)? >= MOST {
            if self.unnamed.len() >= MOST {
                self.unnamed.clear();
            }
            self.unnamed.insert(stream.clone());
            return self.nameless(conn, stream);
        }
        conn.execute(
            "INSERT INTO stream (endpoint, source, event_type, scheme, secret)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            (
                &stream.endpoint,
                &stream.source,
                &stream.event_type,
                &stream.verdict.scheme,
                secret(stream),
            ),
        )?;
        let id = conn.last_insert_rowid();
        self.count = self.count.map(|count| count + 1);
        self.remember(stream, id);
        Ok(Place {
            stream: id,
            own_type: false,
        })
    }

    /// Where an event belongs that has to name its type.
    fn nameless(&mut self, conn: &Connection, stream: &Stream) -> Done<Place> {
        let nameless = Stream {
            event_type: None,
            ..stream.clone()
        };
        let place = self.place(conn, &nameless)?;
        Ok(Place {
            own_type: true,
            ..place
        })
    }

    fn count(&mut self, conn: &Connection) -> Done<usize> {
        if let Some(count) = self.count {
            return Ok(count);
        }
        let count: i64 = conn.query_row("SELECT count(*) FROM stream", [], |row| row.get(0))?;
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        self.count = Some(count);
        Ok(count)
    }

    /// The endpoint of a stream.
    pub(super) fn endpoint(&mut self, conn: &Connection, stream: i64) -> Done<&str> {
        let place = match self.endpoints.entry(stream) {
            Entry::Occupied(place) => return Ok(place.into_mut().as_str()),
            Entry::Vacant(place) => place,
        };
        let mut select = conn.prepare_cached("SELECT endpoint FROM stream WHERE id = ?1")?;
        let endpoint = select.query_row([stream], |row| row.get(0))?;
        Ok(place.insert(endpoint).as_str())
    }

    fn remember(&mut self, stream: &Stream, id: i64) {
        self.known.insert(stream.clone(), id);
        self.new.push(stream.clone());
    }

    pub(super) fn keep(&mut self) {
        self.new.clear();
    }

    pub(super) fn undo(&mut self) {
        self.endpoints.clear();
        self.latest = None;
        self.count = None;
        for stream in self.new.drain(..) {
            self.known.remove(&stream);
        }
    }
}

/// The streams a list has to look at.
pub(super) fn matching(
    conn: &Connection,
    endpoint: Option<&str>,
    source: Option<&str>,
    event_type: Option<&str>,
) -> Done<Vec<i64>> {
    let mut select = conn.prepare_cached(
        "SELECT id FROM stream
         WHERE (?1 IS NULL OR endpoint = ?1)
           AND (?2 IS NULL OR source = ?2)
           AND (?3 IS NULL OR event_type IS NULL OR event_type = ?3)",
    )?;
    let ids = select.query_map((endpoint, source, event_type), |row| row.get(0))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

/// The verdict in two columns from `column` on.
pub(super) fn verdict(row: &Row<'_>, column: usize) -> Done<Verdict> {
    let secret: Option<i64> = row.get(column + 1)?;
    Ok(Verdict {
        scheme: text(row, column)?.to_owned(),
        secret: secret.and_then(|secret| usize::try_from(unsigned(secret)).ok()),
    })
}

fn find(conn: &Connection, stream: &Stream) -> Done<Option<i64>> {
    Ok(conn
        .query_row(
            "SELECT id FROM stream WHERE endpoint = ?1 AND source = ?2 AND event_type IS ?3
                AND scheme = ?4 AND secret IS ?5",
            (
                &stream.endpoint,
                &stream.source,
                &stream.event_type,
                &stream.verdict.scheme,
                secret(stream),
            ),
            |row| row.get(0),
        )
        .optional()?)
}

fn secret(stream: &Stream) -> Option<i64> {
    stream
        .verdict
        .secret
        .map(|secret| i64::try_from(secret).unwrap_or(i64::MAX))
}
