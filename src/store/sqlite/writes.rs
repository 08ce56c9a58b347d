//! What a decision says, written down.

use uuid::Uuid;

use crate::model::change::{Change, Review};
use crate::model::field::Kind;
use crate::model::record::Record;
use crate::store::sqlite::books::Books;
use crate::store::sqlite::change_row::{self, Link};
use crate::store::sqlite::fault::{Done, Fault};
use crate::store::sqlite::heads::Heads;
use crate::store::sqlite::held::Loaded;
use crate::store::sqlite::lookup::{self, RecordRef};
use crate::store::sqlite::record_row;
use crate::store::sqlite::value::{micros, signed};
use crate::store::sqlite::words;
use crate::store::{DecisionRow, RecordWrite, Writes};

/// Epochs of one lead; the number of a decision has ten bits for them.
const EPOCHS: i64 = 1024;

/// Records written or looked up in this settlement.
struct Places<'l> {
    loaded: &'l Loaded,
    written: Vec<(Uuid, RecordRef, Option<i64>)>,
    heads: Heads,
}

pub(super) fn write(books: &mut Books, writes: &Writes, loaded: &Loaded) -> Done<()> {
    let mut places = Places {
        loaded,
        written: Vec::with_capacity(writes.records.len()),
        heads: Heads::default(),
    };
    // Contacts first, so that what belongs to them finds them.
    let (contacts, others): (Vec<_>, Vec<_>) = writes
        .records
        .iter()
        .partition(|write| write.record.kind == Kind::Contact);
    for write in contacts.into_iter().chain(others) {
        write_record(books, &mut places, write)?;
    }
    for change in &writes.changes {
        write_change(books, &mut places, change)?;
    }
    places.heads.write(&books.conn)?;
    for decision in &writes.decisions {
        write_decision(books, &mut places, decision)?;
    }
    for review in &writes.reviews {
        write_review(books, review)?;
    }
    books.desk.take_turns(&books.conn, &writes.turns)
}

impl Places<'_> {
    fn find(&mut self, books: &Books, kind: Kind, id: Uuid) -> Done<(RecordRef, Option<i64>)> {
        let written = self.written.iter().find(|(known, ..)| *known == id);
        if let Some((_, place, contact)) = written {
            return Ok((*place, *contact));
        }
        if let Some((place, contact, _)) = self.loaded.find(id) {
            return Ok((place, contact));
        }
        let Some(seq) = record_row::find(&books.conn, kind, id)? else {
            return Err(Fault::Refused(format!(
                "{} {id} is not there",
                kind.as_str()
            )));
        };
        let place = RecordRef { kind, seq };
        let contact = record_row::load(&books.conn, place)?.and_then(|stored| stored.contact);
        self.written.push((id, place, contact));
        Ok((place, contact))
    }
}

fn write_record(books: &mut Books, places: &mut Places<'_>, write: &RecordWrite) -> Done<()> {
    let record = &write.record;
    let contact = match record_row::contact_id(record) {
        Some(id) => Some(places.find(books, Kind::Contact, id)?.0.seq),
        None => None,
    };
    let rewritten = places.written.iter().any(|(id, ..)| *id == record.id);
    let place = match places.loaded.find(record.id) {
        Some((place, old_contact, old)) if !rewritten => {
            replace(books, (place.seq, old_contact, old), record, contact)?;
            place
        }
        _ if record.version == 1 => {
            let place = insert(books, record, contact)?;
            places.heads.begin(place);
            place
        }
        _ => replace_unseen(books, record, contact)?,
    };
    for key in &write.keys {
        claim(books, places.loaded, lookup::identity(key), place)?;
    }
    places.written.push((record.id, place, contact));
    Ok(())
}

/// Claims a key that nobody holds.
fn claim(books: &mut Books, loaded: &Loaded, key: lookup::Key, place: RecordRef) -> Done<()> {
    let is_free = if loaded.free.contains(&key) {
        // Free before this settlement; another of its records may have claimed it.
        !books.lookup.is_new(&key)
    } else {
        !loaded.taken.contains(&key) && books.lookup.holder(&books.conn, &key)?.is_none()
    };
    if is_free {
        books.lookup.put(key, place.to_value());
    }
    Ok(())
}

fn insert(books: &mut Books, record: &Record, contact: Option<i64>) -> Done<RecordRef> {
    let kind = record.kind;
    let seq = record_row::insert(&books.conn, record, contact)?;
    for word in words::of(kind, &record.fields) {
        let key = lookup::entry(lookup::word_exactly(kind, &word), seq);
        books.lookup.put(key, 0);
    }
    if let Some(contact) = contact {
        books
            .lookup
            .put(lookup::entry(lookup::links(contact, kind), seq), 0);
    }
    books.tally.add_record(kind);
    Ok(RecordRef { kind, seq })
}

fn replace(
    books: &mut Books,
    (seq, old_contact, old): (i64, Option<i64>, &Record),
    record: &Record,
    contact: Option<i64>,
) -> Done<()> {
    let kind = record.kind;
    record_row::replace(&books.conn, (seq, old_contact, old), record, contact)?;
    for word in words::added(kind, &old.fields, &record.fields) {
        let key = lookup::entry(lookup::word_exactly(kind, &word), seq);
        books.lookup.put(key, 0);
    }
    if let Some(contact) = contact.filter(|contact| Some(*contact) != old_contact) {
        books
            .lookup
            .put(lookup::entry(lookup::links(contact, kind), seq), 0);
    }
    Ok(())
}

/// Replaces a record that the decision was not shown.
fn replace_unseen(books: &mut Books, record: &Record, contact: Option<i64>) -> Done<RecordRef> {
    let kind = record.kind;
    let missing = || Fault::Refused(format!("{} {} is not there", kind.as_str(), record.id));
    let seq = record_row::find(&books.conn, kind, record.id)?.ok_or_else(missing)?;
    let place = RecordRef { kind, seq };
    let old = record_row::load(&books.conn, place)?.ok_or_else(missing)?;
    replace(books, (seq, old.contact, &old.record), record, contact)?;
    Ok(place)
}

fn write_change(books: &mut Books, places: &mut Places<'_>, change: &Change) -> Done<()> {
    let (place, contact) = places.find(books, change.kind, change.record)?;
    books.last.change += 1;
    let seq = books.last.change;
    let link = Link {
        seq,
        record: place.seq,
        before: places.heads.push(&books.conn, place, seq)?,
        contact: match contact {
            Some(contact) => {
                let kind = Kind::Contact;
                let head = RecordRef { kind, seq: contact };
                Some((contact, places.heads.push(&books.conn, head, seq)?))
            }
            None => None,
        },
    };
    change_row::insert(&books.conn, change, &link)?;
    books.tally.add("changes", 1);
    Ok(())
}

fn write_decision(books: &mut Books, places: &mut Places<'_>, row: &DecisionRow) -> Done<()> {
    let (lead, _) = places.find(books, Kind::Lead, row.lead)?;
    let epoch = i64::from(row.epoch);
    if epoch >= EPOCHS {
        return Err(Fault::Refused(format!(
            "lead {} was assigned too often",
            row.lead
        )));
    }
    books
        .conn
        .prepare_cached(
            "INSERT INTO decision (seat, id, owner, rule, rule_set, reason, trace, event, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(rusqlite::params![
            lead.seq * EPOCHS + epoch,
            row.id.as_bytes(),
            row.owner,
            row.rule,
            signed(row.rule_set_version),
            row.reason,
            serde_json::to_string(&row.trace)?,
            row.event.as_ref().map(Uuid::as_bytes),
            micros(row.at),
        ])?;
    books.tally.add("decisions", 1);
    Ok(())
}

/// Numbers of the decisions on a lead: first and last possible.
pub(super) fn seats(lead: i64) -> (i64, i64) {
    (lead * EPOCHS, lead * EPOCHS + EPOCHS - 1)
}

/// The epoch in a decision's number.
pub(super) fn epoch_of(seat: i64) -> u32 {
    u32::try_from(seat % EPOCHS).unwrap_or(0)
}

fn write_review(books: &Books, review: &Review) -> Done<()> {
    books
        .conn
        .prepare_cached(
            "INSERT INTO review (id, kind, record_id, other_id, reason, event, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(rusqlite::params![
            review.id.as_bytes(),
            review.kind as u8,
            review.record.as_bytes(),
            review.other.as_bytes(),
            review.reason,
            review.event.as_bytes(),
            micros(review.at),
        ])?;
    Ok(())
}
