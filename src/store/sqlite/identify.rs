//! An event that stood for a whole request becomes the first of the events that the request holds.

use uuid::Uuid;

use crate::model::event::{Appended, EventStatus, NewEvent};
use crate::model::said::kept;
use crate::said;
use crate::store::sqlite::append::{Holder, holder_of};
use crate::store::sqlite::books::Books;
use crate::store::sqlite::claims::{self, delivery_hash};
use crate::store::sqlite::event_read;
use crate::store::sqlite::event_row::{self, At, Settling};
use crate::store::sqlite::fault::{Done, Fault};
use crate::store::sqlite::stream::Stream;
use crate::store::sqlite::value::{micros, timestamp, unless_empty};

/// Gives a pending event its place, type, id and key; ends it when another event holds that key. `None`: it has to take
/// the key from what waits in memory, which is to be swept first.
pub(super) fn identify(books: &mut Books, event: Uuid, first: &NewEvent) -> Done<Option<Appended>> {
    let flight = books.flight.clone();
    let found = event_row::find(&books.conn, &flight, event)?;
    let Some(at) = found.filter(At::is_pending) else {
        return Ok(Some(Appended::New(event)));
    };
    if let Some(other) = other_holder(books, &at, first)? {
        end(books, &at, other)?;
        return Ok(Some(Appended::Duplicate(other)));
    }
    if !books.claims.is_swept(at.seq, &first.dedupe.key.0) {
        return Ok(None);
    }
    write(books, &at, first)?;
    Ok(Some(Appended::New(event)))
}

fn other_holder(books: &Books, at: &At, first: &NewEvent) -> Done<Option<Uuid>> {
    let Some(seq) = books.claims.holder(&books.conn, &first.dedupe.key.0)? else {
        return Ok(None);
    };
    if seq == at.seq {
        return Ok(None);
    }
    let holder: Option<Holder> = holder_of(books, seq)?;
    let received_at = timestamp(at.received_at)?;
    let live =
        holder.filter(|holder| !holder.is_invalid && holder.is_live(&first.dedupe, received_at));
    Ok(live.map(|holder| holder.id))
}

fn end(books: &mut Books, at: &At, other: Uuid) -> Done<()> {
    let reason = said!(
        "known-event",
        "the request could be opened now, and what it tells came in again meanwhile, as event {other}",
        other = other.to_string()
    );
    let reason = kept::write(&reason);
    let end = Settling {
        status: EventStatus::Ignored,
        code: None,
        reason: Some(&reason),
        violations: None,
        at: timestamp(at.received_at)?,
        changes: (0, 0),
    };
    event_row::settle(books, at, &end)
}

fn write(books: &mut Books, at: &At, first: &NewEvent) -> Done<()> {
    let stored = event_read::by_seq(&books.conn, at.seq)?
        .ok_or_else(|| Fault::Refused("the event is not there any more".to_owned()))?;
    let stream = Stream {
        endpoint: stored.event.endpoint,
        source: stored.event.source,
        event_type: Some(first.event_type.clone()),
        verdict: stored.event.verdict,
    };
    let place = books.streams.place(&books.conn, &stream)?;
    let own_type = place.own_type.then_some(&first.event_type);
    let conn = &books.conn;
    if let Some(delivery) = &stored.event.delivery_id {
        claims::forget_delivery(conn, delivery, at.seq)?;
    }
    conn.prepare_cached(
        "DELETE FROM claim WHERE event = ?1 AND key = (SELECT claim FROM event WHERE seq = ?1)",
    )?
    .execute([at.seq])?;
    conn.prepare_cached("UPDATE event_state SET stream = ?2 WHERE event = ?1")?
        .execute([at.seq, place.stream])?;
    conn.prepare_cached(
        "UPDATE event SET part = ?2, stream = ?3, event_type = ?4, delivery_id = ?5, event_time = ?6,
            claim = ?7, notes = ?8
         WHERE seq = ?1",
    )?
    .execute((
        at.seq,
        first.part,
        place.stream,
        own_type,
        &first.delivery_id,
        first.event_time.map(micros),
        first.dedupe.key.0,
        unless_empty(&first.notes),
    ))?;
    let delivery = first.delivery_id.as_deref().map(delivery_hash);
    books
        .claims
        .put_at_once(conn, first.dedupe.key.0, delivery, at.seq)
}
