//! Edits: shown stored records, written as a settlement is.

use std::panic::{AssertUnwindSafe, catch_unwind};

use async_trait::async_trait;
use rusqlite::Connection;
use uuid::Uuid;

use crate::model::event::EventStatus;
use crate::model::field::Kind;
use crate::model::record::Record;
use crate::store::desk::DeskWrites;
use crate::store::edits::{
    Edit, EditWrites, Edited, Edits, JoinRow, MOST_LINKED, NoteRow, Refusal, Shown, Wanted,
};
use crate::store::sqlite::SqliteStore;
use crate::store::sqlite::audit;
use crate::store::sqlite::books::Books;
use crate::store::sqlite::fault::{Done, Fault};
use crate::store::sqlite::held::{self, Loaded};
use crate::store::sqlite::joins;
use crate::store::sqlite::lookup::{self, RecordRef};
use crate::store::sqlite::notes;
use crate::store::sqlite::postings::Postings;
use crate::store::sqlite::record_row;
use crate::store::sqlite::view::View;
use crate::store::sqlite::writes;
use crate::store::{Result, Writes};

#[async_trait]
impl Edits for SqliteStore {
    async fn edit(&self, edit: Edit) -> Result<Edited> {
        self.as_gateway()?;
        self.write(move |books| run(books, &edit)).await
    }

    async fn shown(&self, wanted: Wanted) -> Result<Option<Shown>> {
        self.readers
            .read(move |conn| {
                let view = View::of_reader(conn);
                let holders = held::load_from_snapshot(&view, wanted.keys.clone())?;
                let shown = show(&view, &wanted, |contact, kind| {
                    links(conn, contact, kind, MOST_LINKED + 1)
                })?;
                Ok(shown.map(|(shown, _)| Shown {
                    holders: holders.matches,
                    ..shown
                }))
            })
            .await
    }

    async fn records_by_id(&self, ids: Vec<(Kind, Uuid)>) -> Result<Vec<Record>> {
        self.readers
            .read(move |conn| {
                let view = View::of_reader(conn);
                let mut records = Vec::with_capacity(ids.len());
                for (kind, id) in &ids {
                    if let Some(seq) = record_row::find(conn, *kind, *id)? {
                        let kind = *kind;
                        let stored = view.load(RecordRef { kind, seq })?;
                        records.extend(stored.map(|stored| stored.record));
                    }
                }
                Ok(records)
            })
            .await
    }

    async fn linked(&self, contact: Uuid, limit: usize) -> Result<Vec<Record>> {
        self.readers
            .read(move |conn| linked(conn, contact, limit))
            .await
    }

    async fn notes(&self, kind: Kind, record: Uuid) -> Result<Vec<NoteRow>> {
        self.readers
            .read(move |conn| notes::of_record(conn, kind, record))
            .await
    }

    async fn joins(&self, contact: Uuid) -> Result<Vec<JoinRow>> {
        self.readers
            .read(move |conn| joins::of_contact(conn, contact))
            .await
    }

    async fn join(&self, id: Uuid) -> Result<Option<JoinRow>> {
        self.readers
            .read(move |conn| Ok(joins::by_id(&View::of_reader(conn), id)?.map(|join| join.row)))
            .await
    }
}

/// Numbers of the records of a kind that belong, or belonged, to a contact, newest first.
fn links(conn: &Connection, contact: i64, kind: Kind, limit: usize) -> Done<Vec<i64>> {
    let mut numbers = Vec::new();
    for postings in Postings::open(conn, vec![lookup::links(contact, kind)])? {
        numbers.extend(postings.below(conn, i64::MAX, limit)?);
    }
    Ok(numbers)
}

fn linked(conn: &Connection, contact: Uuid, limit: usize) -> Done<Vec<Record>> {
    let view = View::of_reader(conn);
    let mut records = Vec::new();
    let Some(seq) = record_row::find(conn, Kind::Contact, contact)? else {
        return Ok(records);
    };
    for kind in [Kind::Lead, Kind::Order, Kind::Ticket] {
        // Some may have moved to another contact since.
        let mut of_kind = Vec::new();
        for seq in links(conn, seq, kind, limit.saturating_mul(2))? {
            let stored = view.load(RecordRef { kind, seq })?;
            let record = stored.map(|stored| stored.record);
            of_kind.extend(record.filter(|record| {
                record_row::contact_id(record) == Some(contact) && record.deleted_at.is_none()
            }));
        }
        of_kind.truncate(limit);
        records.extend(of_kind);
    }
    Ok(records)
}

/// Runs one edit within the transaction.
fn run(books: &mut Books, edit: &Edit) -> Done<Edited> {
    let linked = |contact: i64, kind: Kind| {
        let prefix = lookup::links(contact, kind);
        let (conn, most) = (&books.conn, MOST_LINKED + 1);
        books.entries.numbers_under(conn, &prefix, most)
    };
    let view = View::of_writer(&books.conn, &books.touches);
    let Some((mut shown, loaded)) = show(&view, &edit.wanted, linked)? else {
        return Ok(Edited::Unknown);
    };
    for key in &edit.wanted.keys {
        let holder = books.entries.holder(&books.conn, &lookup::identity(key))?;
        if let Some(id) = holder.map(|at| id_at(&view, at)).transpose()? {
            shown.holders.extend(id.map(|id| (key.clone(), id)));
        }
    }
    let decide = &edit.decide;
    let decided = catch_unwind(AssertUnwindSafe(|| decide(&shown)));
    match decided {
        Ok(Ok(written)) => {
            write(books, written, &loaded)?;
            Ok(Edited::Written)
        }
        Ok(Err(refusal)) => Ok(Edited::Refused(refusal)),
        Err(_) => {
            let sentence = "a defect of the gateway stopped this; the log has the place";
            Ok(Edited::Refused(Refusal::new("defect", sentence)))
        }
    }
}

/// The contact that a key leads to by now.
fn id_at(view: &View<'_>, at: RecordRef) -> Done<Option<Uuid>> {
    let seq = match at.kind {
        Kind::Contact => joins::standing(view, at.seq)?,
        _ => at.seq,
    };
    let stored = view.load(RecordRef { seq, ..at })?;
    Ok(stored.map(|stored| stored.record.id))
}

fn write(books: &mut Books, written: EditWrites, loaded: &Loaded) -> Done<()> {
    let EditWrites {
        at,
        records,
        changes,
        note,
        join,
        undone,
        log,
    } = written;
    let writes = Writes {
        // Status, code and reason are an event's; there is none.
        status: EventStatus::Processed,
        code: None,
        reason: None,
        violations: Vec::new(),
        at,
        records,
        changes,
        reviews: Vec::new(),
        decisions: Vec::new(),
        turns: Vec::new(),
        desk: DeskWrites::default(),
    };
    let asked = held::Wanted::new(Vec::new());
    writes::write(books, &writes, (loaded, &asked))?;
    if let Some(note) = note {
        let seq = record_row::find(&books.conn, note.kind, note.record)?;
        let seq = seq.ok_or_else(|| Fault::Refused("a note beside nothing".to_owned()))?;
        let kind = note.kind;
        notes::write(&books.conn, RecordRef { kind, seq }, &note)?;
    }
    if let Some(join) = join {
        joins::write(&books.conn, &join)?;
    }
    if let Some(join) = undone {
        joins::undo(&books.conn, join, at)?;
    }
    audit::write(&books.conn, &log)
}

/// What an edit is shown, besides who holds its keys; `None` when something of it is not there.
fn show(
    view: &View<'_>,
    wanted: &Wanted,
    linked: impl Fn(i64, Kind) -> Done<Vec<i64>>,
) -> Done<Option<(Shown, Loaded)>> {
    let mut loaded = Loaded::default();
    let mut shown = Shown {
        keys: wanted.keys.clone(),
        ..Shown::default()
    };
    for (kind, id) in &wanted.records {
        let Some(seq) = record_row::find(view, *kind, *id)? else {
            return Ok(None);
        };
        let record = loaded.take(view, RecordRef { kind: *kind, seq })?;
        shown.records.extend(record);
    }
    if let Some(contact) = wanted.linked_to {
        let Some(seq) = record_row::find(view, Kind::Contact, contact)? else {
            return Ok(None);
        };
        for kind in [Kind::Lead, Kind::Order, Kind::Ticket] {
            let numbers = linked(seq, kind)?;
            // What was linked once counts: the list is cut there, and what is behind it would be overlooked.
            shown.too_many |= numbers.len() > MOST_LINKED;
            for number in numbers {
                let record = loaded.take(view, RecordRef { kind, seq: number })?;
                let is_still = |record: &Record| record_row::contact_id(record) == Some(contact);
                shown.linked.extend(record.filter(is_still));
            }
        }
    }
    if let Some(id) = wanted.join {
        shown.join = joins::by_id(view, id)?;
        if shown.join.is_none() {
            return Ok(None);
        }
    }
    Ok(Some((shown, loaded)))
}
