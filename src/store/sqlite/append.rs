//! Appending: those events of a request that nobody has seen, each once, the first together with the request.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::model::dedupe::DedupeClaim;
use crate::model::event::{Appended, Arrival, Claimed, Event, EventStatus, NewEvent};
use crate::model::request::RawRequest;
use crate::model::said::kept;
use crate::store::Result;
use crate::store::meters::Outcome;
use crate::store::sqlite::books::Books;
use crate::store::sqlite::claims::delivery_hash;
use crate::store::sqlite::event_row::{self, Held, State};
use crate::store::sqlite::fault::{Done, Fault};
use crate::store::sqlite::flight::{Fresh, Hand, InFlight};
use crate::store::sqlite::queue::Job;
use crate::store::sqlite::raw::{self, Packed};
use crate::store::sqlite::stream::Stream;
use crate::store::sqlite::value::{
    blob, id, keep_violations, micros, time, timestamp, unless_empty,
};

/// An arrival on its way.
pub(super) struct Append {
    rows: Rows,
    answers: Vec<Appended>,
    wakes: bool,
    /// The last of its events that is fresh.
    fresh: Option<Hand>,
    flight: Arc<InFlight>,
    reply: oneshot::Sender<Reply>,
}

/// Events received or made so near to each other are put into the order of their commits, in microseconds.
const NEAR: i64 = 1_000_000;

/// The stored part of an event that stands for a request whose events are not known.
const WHOLE: i64 = -1;

/// An arrival in the form of its rows: made in the sender's task, so that the writer only writes.
struct Rows {
    request: Uuid,
    method: String,
    query: String,
    peer: Vec<u8>,
    received_at: Timestamp,
    /// The same as it is stored.
    at: i64,
    headers: Vec<u8>,
    body: Packed,
    events: Vec<Row>,
}

/// One answer an event; and the rows, to be dropped where they were made when no worker gets them.
pub(super) struct Reply {
    pub(super) answers: Result<Vec<Appended>>,
    _rows: Option<Rows>,
}

/// A fresh event that came alone in its request, on its way to a worker.
pub(super) struct Shelved {
    pub(super) id: Uuid,
    pub(super) hand: Hand,
    rows: Rows,
}

struct Row {
    event: NewEvent,
    stream: Stream,
    delivery: Option<i64>,
    reason: Option<String>,
    violations: Option<String>,
    notes: Option<String>,
}

impl Append {
    pub(super) fn new(arrival: Arrival, flight: Arc<InFlight>) -> (Self, oneshot::Receiver<Reply>) {
        let (reply, answer) = oneshot::channel();
        let Arrival {
            request,
            source,
            verdict,
            events,
        } = arrival;
        let row = |mut event: NewEvent| Row {
            stream: Stream {
                endpoint: request.endpoint.clone(),
                source: source.clone(),
                event_type: Some(std::mem::take(&mut event.event_type)),
                verdict: verdict.clone(),
            },
            delivery: event.delivery_id.as_deref().map(delivery_hash),
            reason: event.reason.as_ref().map(kept::write),
            violations: keep_violations(&event.violations),
            notes: unless_empty(&event.notes),
            event,
        };
        let events: Vec<Row> = events.into_iter().map(row).collect();
        let append = Append {
            answers: Vec::with_capacity(events.len()),
            rows: Rows {
                request: request.id,
                method: request.method,
                query: request.query,
                peer: raw::write_peer(request.peer),
                received_at: request.received_at,
                at: micros(request.received_at),
                headers: raw::write_headers(&request.headers.0),
                body: raw::pack(request.body),
                events,
            },
            wakes: false,
            fresh: None,
            flight,
            reply,
        };
        (append, answer)
    }

    /// Roughly what it takes of memory and disk.
    pub(super) fn bytes(&self) -> usize {
        self.rows.bytes()
    }

    /// Answers each event in order and claims the keys of the new ones.
    fn claim(&mut self, books: &mut Books) -> Done<()> {
        self.answers.clear();
        let base = books.last.event;
        // Of this request: their ids, and whether they are invalid.
        let mut fresh: Vec<(Uuid, bool)> = Vec::new();
        self.rows.at = in_order(&mut books.last.received_at, micros(self.rows.received_at));
        for row in &mut self.rows.events {
            let event = &mut row.event;
            let key = event.dedupe.key.0;
            let known = match books.claims.holder(&books.conn, &key)? {
                Some(seq) if seq > base => usize::try_from(seq - base - 1)
                    .ok()
                    .and_then(|nth| fresh.get(nth))
                    .filter(|(_, is_invalid)| !is_invalid || event.is_invalid())
                    .map(|(id, _)| *id),
                Some(seq) => match holder_of(books, seq)? {
                    Some(holder) if holder.is_live(&event.dedupe, self.rows.received_at) => {
                        let same = holder.is_known(&books.conn, &self.rows.body)?;
                        // Sent again as it was, and valid by what was mended since: it need not wait for a replay.
                        let is_mended = same && holder.is_invalid && !event.is_invalid();
                        if is_mended && event.status == EventStatus::Pending {
                            self.wakes |= event_row::replay(books, seq, Held::Not)?;
                        }
                        same.then_some(holder.id)
                    }
                    _ => None,
                },
                None => None,
            };
            if let Some(id) = known {
                self.answers.push(Appended::Duplicate(id));
                continue;
            }
            books.last.event += 1;
            event.id = id_in_order(&mut books.last.id, event.id);
            books.claims.put(key, row.delivery, books.last.event);
            fresh.push((event.id, event.is_invalid()));
            self.answers.push(Appended::New(event.id));
        }
        Ok(())
    }

    /// The new events, of which the first holds the request.
    fn write_events(&mut self, books: &mut Books, base: i64) -> Done<()> {
        let mut seq = base;
        let rows = self.rows.events.iter().zip(&self.answers);
        for (row, _) in rows.filter(|(_, answer)| matches!(answer, Appended::New(_))) {
            seq += 1;
            let event = &row.event;
            let stream = self.rows.write_event(row, books, (base + 1, seq))?;
            if self.rows.is_fresh(row, books) {
                let received_at = self.rows.at;
                let fresh = Some(Fresh {
                    stream,
                    received_at,
                });
                self.fresh = Some(Hand { seq, fresh });
            } else {
                self.rows.write_state(row, books, (seq, stream))?;
            }
            books.tally.add("events", 1);
            let outcome = match event.status {
                EventStatus::Quarantined => Outcome::Quarantined,
                EventStatus::Ignored => Outcome::Ignored,
                _ => Outcome::Accepted,
            };
            let endpoint = &row.stream.endpoint;
            books.meter.count(self.rows.received_at, endpoint, outcome);
            if event.status == EventStatus::Pending {
                books.tally.add("pending", 1);
                self.wakes = true;
            }
        }
        Ok(())
    }
}

impl Rows {
    /// Writes an event, with the request when it is the one that holds it, and says its stream.
    fn write_event(&self, row: &Row, books: &mut Books, (holder, seq): (i64, i64)) -> Done<i64> {
        let event = &row.event;
        let place = books.streams.place(&books.conn, &row.stream)?;
        let own_type = place.own_type.then_some(&row.stream.event_type);
        let held = (seq == holder).then_some(self);
        books
            .conn
            .prepare_cached(
                "INSERT INTO event (seq, id, request, request_id, part, stream, received_at,
                    event_time, claim, delivery_id, event_type, notes, events, method, query, peer,
                    codec, headers, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,
                    ?17, ?18, ?19)",
            )?
            .execute(rusqlite::params![
                seq,
                event.id.as_bytes(),
                holder,
                self.request.as_bytes(),
                event.part.map_or(WHOLE, i64::from),
                place.stream,
                self.at,
                event.event_time.map(micros),
                event.dedupe.key.0,
                event.delivery_id,
                own_type,
                row.notes,
                held.map(|_| books.last.event + 1 - holder),
                held.map(|rows| &rows.method),
                held.map(|rows| &rows.query),
                held.map(|rows| &rows.peer),
                held.map(|rows| rows.body.codec),
                held.map(|rows| &rows.headers),
                held.map(|rows| &rows.body.body),
            ])?;
        Ok(place.stream)
    }

    /// Whether there is nothing to say of where an event stands. One that came in before a fresh one by the clock is not
    /// fresh, be it of an older request that could be opened only now, be it that the clock was put back.
    fn is_fresh(&self, row: &Row, books: &mut Books) -> bool {
        let is_silent = row.event.status == EventStatus::Pending
            && (&row.reason, row.event.code, &row.violations) == (&None, None, &None);
        let is_fresh = is_silent && self.at >= books.last.fresh_at;
        if is_fresh {
            books.last.fresh_at = self.at;
        }
        is_fresh
    }

    /// Writes where an event stands.
    fn write_state(&self, row: &Row, books: &Books, (seq, stream): (i64, i64)) -> Done<()> {
        let event = &row.event;
        let state = State {
            status: event.status as i64,
            stream,
            received_at: self.at,
            reason: row.reason.as_deref(),
            code: event.code,
            violations: row.violations.as_deref(),
            ..State::default()
        };
        event_row::put(&books.conn, seq, &state)
    }

    fn bytes(&self) -> usize {
        self.headers.len() + self.body.body.len() + 512 * (1 + self.events.len())
    }
}

impl Shelved {
    pub(super) fn bytes(&self) -> usize {
        self.rows.bytes()
    }

    /// The event as its rows would give it.
    pub(super) fn into_claimed(self) -> Done<Claimed> {
        let mut rows = self.rows;
        let Some(Row { event, stream, .. }) = rows.events.pop() else {
            return Err(Fault::Corrupt("an arrival without events".to_owned()));
        };
        let received_at = timestamp(rows.at)?;
        Ok(Claimed {
            raw: Some(RawRequest {
                id: rows.request,
                endpoint: stream.endpoint.clone(),
                method: rows.method,
                query: rows.query,
                headers: raw::read_headers(&rows.headers)?,
                body: rows.body.unpack()?,
                peer: raw::read_peer(&rows.peer)?,
                received_at,
            }),
            event: Event {
                id: self.id,
                request: rows.request,
                part: event.part,
                endpoint: stream.endpoint,
                source: stream.source,
                event_type: stream.event_type.unwrap_or_default(),
                delivery_id: event.delivery_id,
                event_time: event.event_time.map(micros).map(timestamp).transpose()?,
                received_at,
                status: EventStatus::Pending,
                code: None,
                reason: None,
                violations: Vec::new(),
                notes: event.notes,
                attempts: 0,
                came_again: false,
                processed_at: None,
                verdict: stream.verdict,
            },
            fetched: None,
        })
    }
}

impl Job for Append {
    fn run(&mut self, books: &mut Books) -> Done<()> {
        let base = books.last.event;
        self.wakes = false;
        self.fresh = None;
        self.claim(books)?;
        self.write_events(books, base)
    }

    fn finish(self: Box<Self>, end: Result<()>) {
        let Append {
            rows,
            answers,
            fresh,
            flight,
            reply,
            ..
        } = *self;
        let answers = end.map(|()| answers);
        let fresh = fresh.filter(|hand| flight.is_shelved(hand.seq));
        let rows = match (fresh, answers.as_deref()) {
            (None, _) => Some(rows),
            (Some(hand), Ok([Appended::New(id)])) => {
                let id = *id;
                let unkept = flight.shelve(Shelved { id, hand, rows });
                unkept.map(|event| event.rows)
            }
            (Some(_), _) => {
                flight.close_shelf();
                Some(rows)
            }
        };
        drop(reply.send(Reply {
            answers,
            _rows: rows,
        }));
    }

    fn made_work(&self) -> bool {
        self.wakes
    }
}

/// The time of receipt, but none before the last event's: requests that came at the same moment are committed in any
/// order. So whoever lists events by time has seen all that were committed before, and the index of times grows at its
/// end. A clock that was put back is followed.
fn in_order(last: &mut i64, received_at: i64) -> i64 {
    let is_near = (0..NEAR).contains(&(*last - received_at));
    *last = if is_near { *last } else { received_at };
    *last
}

/// The id, likewise after the last one: of a UUID v7 the 12 bits behind the time may count (RFC 9562, 6.2), and what is
/// random in its second half stays.
fn id_in_order(last: &mut u64, id: Uuid) -> Uuid {
    const VERSION: u64 = 0x7000;
    let (high, low) = id.as_u64_pair();
    let millis = |high: u64| high >> 16;
    let is_near = u64::try_from(NEAR / 1000).is_ok_and(|near| millis(*last) < millis(high) + near);
    *last = match high <= *last && is_near {
        false => high,
        true if *last & 0xfff == 0xfff => (millis(*last) + 1) << 16 | VERSION,
        true => *last + 1,
    };
    Uuid::from_u64_pair(*last, low)
}

/// The event that holds a key.
pub(super) struct Holder {
    pub(super) id: Uuid,
    received_at: Timestamp,
    request: i64,
    /// It waits in quarantine because it is not what its sender and we agreed on.
    pub(super) is_invalid: bool,
}

/// The event with this number, while history keeps it.
pub(super) fn holder_of(books: &Books, seq: i64) -> Done<Option<Holder>> {
    let mut select = books.conn.prepare_cached(
        "SELECT e.id, e.received_at, e.request,
            s.status IS 2 AND (s.violations IS NOT NULL OR e.part < 0)
         FROM event e LEFT JOIN event_state s ON s.event = e.seq WHERE e.seq = ?1",
    )?;
    let found = select.query_row([seq], |row| {
        Ok((|| {
            Ok(Holder {
                id: id(row, 0)?,
                received_at: time(row, 1)?,
                request: row.get(2)?,
                is_invalid: row.get(3)?,
            })
        })())
    });
    found.optional()?.transpose()
}

impl Holder {
    /// Whether it still holds its key against an event that came in at a time.
    pub(super) fn is_live(&self, claim: &DedupeClaim, at: Timestamp) -> bool {
        let Some(window) = claim.window else {
            return true;
        };
        let age = at.duration_since(self.received_at);
        SignedDuration::try_from(window).map_or(true, |window| age < window)
    }

    /// Whether an event of its key is this one again. An invalid event holds its key against its own body alone: the
    /// same id with another body may be what was meant.
    fn is_known(&self, conn: &Connection, body: &Packed) -> Done<bool> {
        if !self.is_invalid {
            return Ok(true);
        }
        let mut select =
            conn.prepare_cached("SELECT codec, body FROM event WHERE seq = ?1 AND events > 0")?;
        let found = select.query_row([self.request], |row| {
            Ok((|| raw::is_same(body, row.get(0)?, blob(row, 1)?))())
        });
        Ok(found.optional()?.transpose()?.unwrap_or(false))
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::{NEAR, id_in_order, in_order};
    use crate::model::id::new_id;

    #[test]
    fn times_of_receipt_follow_the_order_of_commits() {
        let mut last = 0;
        let now = 1_795_000_000_000_000;
        assert_eq!(in_order(&mut last, now), now);
        assert_eq!(
            in_order(&mut last, now - 3_000),
            now,
            "came first, was committed later"
        );
        assert_eq!(in_order(&mut last, now + 5), now + 5);
        let put_back = now - NEAR - 5;
        assert_eq!(
            in_order(&mut last, put_back),
            put_back,
            "the clock was put back"
        );
    }

    #[test]
    fn ids_follow_the_order_of_commits_and_stay_v7() {
        let millis = |millis: i64| Timestamp::from_millisecond(1_795_000_000_000 + millis).unwrap();
        let mut last = 0;
        let mut before = Uuid::nil();
        for step in 0..20_000 {
            let made = new_id(millis(step % 7));
            let id = id_in_order(&mut last, made);
            assert!(id > before, "{id} after {before}");
            assert_eq!(id.get_version_num(), 7);
            assert_eq!(
                id.as_u64_pair().1,
                made.as_u64_pair().1,
                "what is random stays"
            );
            before = id;
        }
        let put_back = new_id(millis(-3_600_000));
        assert_eq!(
            id_in_order(&mut last, put_back),
            put_back,
            "the clock was put back"
        );
    }
}
