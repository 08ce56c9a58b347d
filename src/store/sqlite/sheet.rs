//! The records of one settlement on their way into their tables, and the changes that tell of them.
//!
//! The numbers of the changes are known before anything is written, so each row is written once, with the end of its
//! timeline in it; and a record's fields are put into JSON once, for its row and for the snapshot of its change.

use uuid::Uuid;

use crate::model::change::Change;
use crate::model::field::Kind;
use crate::model::identity::IdentityKey;
use crate::model::record::Record;
use crate::store::sqlite::books::Books;
use crate::store::sqlite::change_row::{self, Link};
use crate::store::sqlite::fault::{Done, Fault};
use crate::store::sqlite::held::{Loaded, Place, Wanted};
use crate::store::sqlite::lookup::{self, Identity, RecordRef};
use crate::store::sqlite::provenance;
use crate::store::sqlite::record_row::{self, Writing};
use crate::store::sqlite::touches::Touch;
use crate::store::sqlite::value::{micros, signed};
use crate::store::sqlite::view::View;
use crate::store::sqlite::words;
use crate::store::{RecordWrite, Writes};

/// What a settlement writes or names, by id.
pub(super) struct Sheet<'l> {
    loaded: &'l Loaded,
    wanted: &'l Wanted,
    lines: Vec<Line>,
    /// What its records have claimed.
    claimed: Vec<Identity>,
}

/// One record.
struct Line {
    id: Uuid,
    kind: Kind,
    /// Where it stands; `None` until it is inserted.
    at: Option<RecordRef>,
    contact: Option<i64>,
    /// The last change of its timeline, those of this settlement included.
    last: i64,
    /// Its row says so, or a touch.
    filed: bool,
    /// Its fields as JSON, once they are written.
    fields: Option<String>,
}

/// The changes before a change: in its record's timeline, and the contact with the one in the contact's.
struct Before {
    record: i64,
    contact: Option<i64>,
}

impl<'l> Sheet<'l> {
    pub(super) fn new((loaded, wanted): (&'l Loaded, &'l Wanted)) -> Self {
        Sheet {
            loaded,
            wanted,
            lines: Vec::with_capacity(loaded.places.len() + 2),
            claimed: Vec::new(),
        }
    }

    /// Writes the records, contacts first, so that what belongs to them finds them; then the changes.
    pub(super) fn write(&mut self, books: &mut Books, writes: &Writes) -> Done<()> {
        for write in &writes.records {
            self.begin(&write.record);
        }
        let mut befores = Vec::with_capacity(writes.changes.len());
        for (change, seq) in writes.changes.iter().zip(books.last.change + 1..) {
            befores.push(self.link(books, writes, change, seq)?);
        }
        let is_contact = |write: &&RecordWrite| write.record.kind == Kind::Contact;
        for write in writes.records.iter().filter(is_contact) {
            self.write_record(books, write, writes)?;
        }
        for write in writes.records.iter().filter(|write| !is_contact(write)) {
            self.write_record(books, write, writes)?;
        }
        for line in self.lines.iter().filter(|line| !line.filed) {
            set_last(books, line.at()?, line.last)?;
        }
        for (change, before) in writes.changes.iter().zip(befores) {
            self.write_change(books, change, &before)?;
        }
        Ok(())
    }

    /// Where a record stands.
    pub(super) fn place(&mut self, books: &Books, kind: Kind, id: Uuid) -> Done<RecordRef> {
        self.line(books, kind, id)?.at()
    }

    /// Opens the line of a record that is new.
    fn begin(&mut self, record: &Record) {
        if record.version == 1 && self.loaded.find(record.id).is_none() {
            self.lines.push(Line {
                id: record.id,
                kind: record.kind,
                at: None,
                contact: None,
                last: 0,
                filed: true,
                fields: None,
            });
        }
    }

    /// The line of a record, which is looked for among what was loaded and then in its table.
    fn line(&mut self, books: &Books, kind: Kind, id: Uuid) -> Done<&mut Line> {
        let known = self.lines.iter().position(|line| line.id == id);
        let nth = match known {
            Some(nth) => nth,
            None => {
                let place = match self.loaded.find(id) {
                    Some((place, _)) => place,
                    None => find(books, kind, id)?.ok_or_else(|| missing(kind, id))?,
                };
                self.lines.push(Line {
                    id,
                    kind,
                    at: Some(place.at),
                    contact: place.contact,
                    last: place.last,
                    filed: true,
                    fields: None,
                });
                self.lines.len() - 1
            }
        };
        self.lines.get_mut(nth).ok_or_else(|| missing(kind, id))
    }

    /// Puts change number `seq` at the end of the timelines it belongs to.
    fn link(&mut self, books: &Books, writes: &Writes, change: &Change, seq: i64) -> Done<Before> {
        let written = writes
            .records
            .iter()
            .find(|it| it.record.id == change.record);
        let Some(write) = written else {
            return Err(Fault::Refused(format!(
                "a change of {} {}, which is not written",
                change.kind.as_str(),
                change.record
            )));
        };
        let record = self.line(books, change.kind, change.record)?.push(seq);
        let contact = match record_row::contact_id(&write.record) {
            Some(id) => Some(self.line(books, Kind::Contact, id)?.push(seq)),
            None => None,
        };
        Ok(Before { record, contact })
    }

    fn write_record(
        &mut self,
        books: &mut Books,
        write: &RecordWrite,
        writes: &Writes,
    ) -> Done<()> {
        let record = &write.record;
        let contact = match record_row::contact_id(record) {
            Some(id) => Some(self.place(books, Kind::Contact, id)?.seq),
            None => None,
        };
        let loaded = self.loaded;
        let line = self.line(books, record.kind, record.id)?;
        let unseen;
        let old = match (line.at, loaded.find(record.id)) {
            (None, _) => None,
            (Some(_), Some((_, old))) => Some(old),
            // A record that the decision was not shown.
            (Some(at), None) => {
                unseen = View::of_writer(&books.conn, &books.touches).load(at)?;
                unseen.as_ref().map(|stored| &stored.record)
            }
        };
        let is_told = writes.changes.iter().any(|it| it.record == record.id);
        if let (Some(at), Some(old), false) = (line.at, old, is_told)
            && is_touch(old, record)
        {
            touch(books, at.seq, record, line.last);
            line.filed = true;
            return self.claim_all(books, &write.keys, at);
        }
        let fields = serde_json::to_string(&record.fields)?;
        let writing = Writing {
            record,
            fields: &fields,
            contact,
            last: line.last,
            updated_at: match old {
                Some(old) if old.updated_at == record.updated_at => micros(old.updated_at),
                _ => books.stamp(writes.at),
            },
        };
        books.desk.count_open(&books.conn, old, record)?;
        if record.kind == Kind::Lead {
            let old = old.map(|old| &old.fields);
            books.meter.lead(old, record, writes.at);
        }
        let at = match (line.at, old) {
            (Some(at), Some(old)) => {
                replace(books, (at, line.contact, old), &writing)?;
                at
            }
            _ => insert(books, &writing)?,
        };
        line.at = Some(at);
        line.contact = contact;
        line.filed = true;
        line.fields = Some(fields);
        self.claim_all(books, &write.keys, at)
    }

    fn claim_all(&mut self, books: &mut Books, keys: &[IdentityKey], at: RecordRef) -> Done<()> {
        for key in keys {
            self.claim(books, self.wanted.hash_of(key), at)?;
        }
        Ok(())
    }

    /// Claims a key that nobody holds.
    fn claim(&mut self, books: &mut Books, key: Identity, at: RecordRef) -> Done<()> {
        if self.loaded.taken.contains(&key) || self.claimed.contains(&key) {
            return Ok(());
        }
        let was_free = self.loaded.free.contains(&key);
        if was_free || books.entries.holder(&books.conn, &key)?.is_none() {
            books.entries.claim(key, at);
            self.claimed.push(key);
        }
        Ok(())
    }

    fn write_change(&mut self, books: &mut Books, change: &Change, before: &Before) -> Done<()> {
        let line = self.line(books, change.kind, change.record)?;
        books.last.change += 1;
        let link = Link {
            seq: books.last.change,
            record: line.at()?.seq,
            before: before.record,
            contact: line.contact.zip(before.contact),
            snapshot: line.fields.as_deref().unwrap_or_default(),
        };
        change_row::insert(&books.conn, change, &link)?;
        books.tally.add("changes", 1);
        Ok(())
    }
}

impl Line {
    fn at(&self) -> Done<RecordRef> {
        self.at.ok_or_else(|| missing(self.kind, self.id))
    }

    /// Makes a change the last of the timeline; the last one before it is the answer.
    fn push(&mut self, change: i64) -> i64 {
        self.filed = false;
        std::mem::replace(&mut self.last, change)
    }
}

fn missing(kind: Kind, id: Uuid) -> Fault {
    Fault::Refused(format!("{} {id} is not there", kind.as_str()))
}

/// Whether all that is new of a contact is its version, its provenance and the end of its timeline.
fn is_touch(old: &Record, new: &Record) -> bool {
    new.kind == Kind::Contact
        && old.updated_at == new.updated_at
        && old.deleted_at == new.deleted_at
        && old.fields == new.fields
}

/// `last` is the last change of the contact's timeline.
fn touch(books: &mut Books, seq: i64, contact: &Record, last: i64) {
    let touch = Touch {
        version: signed(contact.version),
        last,
        provenance: provenance::pack(&contact.meta).into(),
    };
    books.touches.put(seq, touch);
}

/// Makes `last` the last change of the timeline of a record that is not written otherwise.
fn set_last(books: &mut Books, at: RecordRef, last: i64) -> Done<()> {
    if at.kind != Kind::Contact {
        return record_row::set_last(&books.conn, at, last);
    }
    if let Some(stored) = View::of_writer(&books.conn, &books.touches).load(at)? {
        touch(books, at.seq, &stored.record, last);
    }
    Ok(())
}

fn find(books: &Books, kind: Kind, id: Uuid) -> Done<Option<Place>> {
    let Some(seq) = record_row::find(&books.conn, kind, id)? else {
        return Ok(None);
    };
    let at = RecordRef { kind, seq };
    let stored = View::of_writer(&books.conn, &books.touches).load(at)?;
    Ok(stored.map(|stored| Place {
        at,
        contact: stored.contact,
        last: stored.last,
    }))
}

fn insert(books: &mut Books, writing: &Writing<'_>) -> Done<RecordRef> {
    let kind = writing.record.kind;
    let seq = record_row::insert(&books.conn, writing)?;
    for word in words::of(kind, &writing.record.fields) {
        let key = lookup::entry(lookup::word_exactly(kind, &word), seq);
        books.entries.post(key);
    }
    if let Some(contact) = writing.contact {
        let key = lookup::entry(lookup::links(contact, kind), seq);
        books.entries.post(key);
    }
    books.tally.add_record(kind);
    Ok(RecordRef { kind, seq })
}

/// Replaces `old`, which stands at a place and belongs to a contact.
fn replace(
    books: &mut Books,
    (at, old_contact, old): (RecordRef, Option<i64>, &Record),
    writing: &Writing<'_>,
) -> Done<()> {
    let RecordRef { kind, seq } = at;
    record_row::replace(&books.conn, (seq, old_contact, old), writing)?;
    for word in words::added(kind, &old.fields, &writing.record.fields) {
        let key = lookup::entry(lookup::word_exactly(kind, &word), seq);
        books.entries.post(key);
    }
    let moved_to = writing
        .contact
        .filter(|contact| Some(*contact) != old_contact);
    if let Some(contact) = moved_to {
        let key = lookup::entry(lookup::links(contact, kind), seq);
        books.entries.post(key);
    }
    Ok(())
}
