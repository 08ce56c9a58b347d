//! What workers are given next: events that come again and fresh ones in turns, so that a replay of a million events does
//! not hold up what comes in.

use jiff::Timestamp;
use rusqlite::Connection;

use crate::model::event::{Claimed, EventStatus};
use crate::store::sqlite::event_list;
use crate::store::sqlite::event_read::{self, Stored};
use crate::store::sqlite::fault::{Done, Fault};
use crate::store::sqlite::flight::{Claim, Hand, InFlight};
use crate::store::sqlite::fresh;
use crate::store::sqlite::value::micros;

/// Bodies of one claim, together: each part of a batch brings its request along.
const MOST_BYTES: usize = 4 << 20;

/// An event that cannot be read, and why.
pub(super) struct Unreadable {
    pub(super) seq: i64,
    pub(super) is_fresh: bool,
    pub(super) reason: String,
}

/// Pending events that nobody has.
#[derive(Default)]
pub(super) struct Handout {
    pub(super) events: Vec<(Hand, Claimed)>,
    pub(super) unreadable: Vec<Unreadable>,
    /// Not what they were taken for any more.
    pub(super) gone: Vec<i64>,
    /// What is fresh up to this number is among them, and whether that is all there is.
    pub(super) looked_at: Option<(i64, bool)>,
    /// When the next event that is put off is due.
    pub(super) next_due: Option<i64>,
    bytes: usize,
}

impl Handout {
    /// Reads what a claim asks for.
    pub(super) fn read(
        conn: &Connection,
        flight: &InFlight,
        claim: Claim,
        now: Timestamp,
    ) -> Done<Self> {
        let limit = claim.from_file;
        // Any of those in flight may be among them.
        let (again, next_due) = event_list::due(conn, micros(now), limit + claim.in_flight)?;
        let again = again.into_iter().map(|(_, seq)| seq);
        let mut again = again.filter(|seq| flight.is_free(*seq));
        let mut fresh = claim.returned;
        let looked_at = match claim.cursor {
            Some(cursor) => {
                let (new, upto) = fresh::after(conn, cursor, limit)?;
                let is_end = new.len() < limit;
                fresh.extend(new);
                Some((upto, is_end))
            }
            None => None,
        };
        let mut fresh = fresh.into_iter();
        let mut handout = Handout {
            next_due,
            ..Handout::default()
        };
        for turn in 0.. {
            if handout.events.len() >= limit || handout.bytes > MOST_BYTES {
                break;
            }
            let (mut old, mut new) = (
                || Some((again.next()?, false)),
                || Some((fresh.next()?, true)),
            );
            let next = match turn % 2 {
                0 => old().or_else(new),
                _ => new().or_else(old),
            };
            let Some((seq, is_fresh)) = next else { break };
            handout.add(conn, seq, is_fresh)?;
        }
        if fresh.len() == 0 {
            handout.looked_at = looked_at;
        }
        Ok(handout)
    }

    /// What was fresh and is not any more comes again by itself when it should.
    fn add(&mut self, conn: &Connection, seq: i64, is_fresh: bool) -> Done<()> {
        let read = event_read::by_seq(conn, seq).and_then(|stored| {
            let is_wanted = |stored: &Stored| match is_fresh {
                true => stored.fresh.is_some(),
                false => stored.event.status == EventStatus::Pending,
            };
            let Some(stored) = stored.filter(is_wanted) else {
                return Ok(None);
            };
            let hand = Hand {
                seq,
                fresh: stored.fresh,
            };
            Ok(Some((hand, event_read::claimed(conn, stored)?)))
        });
        match read {
            Ok(Some((hand, claimed))) => {
                self.bytes += claimed.raw.as_ref().map_or(0, |raw| raw.body.len());
                self.events.push((hand, claimed));
            }
            Ok(None) => self.gone.push(seq),
            Err(Fault::Corrupt(reason)) => self.unreadable.push(Unreadable {
                seq,
                is_fresh,
                reason,
            }),
            Err(fault) => return Err(fault),
        }
        Ok(())
    }
}
