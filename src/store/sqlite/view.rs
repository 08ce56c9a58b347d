//! Records as they now are: their rows, and of contacts the touches that are not in the rows yet.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::ops::Deref;

use rusqlite::Connection;

use crate::model::field::Kind;
use crate::store::sqlite::fault::Done;
use crate::store::sqlite::lookup::RecordRef;
use crate::store::sqlite::record_row::{self, Stored};
use crate::store::sqlite::touches::{self, Touch, Touches};

/// A connection, with the touches that what it reads is to be seen with.
pub(super) struct View<'v> {
    conn: &'v Connection,
    touches: Source<'v>,
}

enum Source<'v> {
    /// The writer's.
    Memory(&'v Touches),
    /// A reader's: the whole log, once a contact is asked for.
    Log(OnceCell<HashMap<i64, Touch>>),
}

impl<'v> View<'v> {
    /// What the writer sees within its transaction.
    pub(super) fn of_writer(conn: &'v Connection, touches: &'v Touches) -> Self {
        View {
            conn,
            touches: Source::Memory(touches),
        }
    }

    /// What a reader sees: of each contact what it was when it was first asked, or later.
    pub(super) fn of_reader(conn: &'v Connection) -> Self {
        View {
            conn,
            touches: Source::Log(OnceCell::new()),
        }
    }

    /// The record at a place.
    pub(super) fn load(&self, place: RecordRef) -> Done<Option<Stored>> {
        // Before the row: what is swept meanwhile is in the one or the other.
        let touch = self.touch(place)?;
        record_row::load_seen_with(self.conn, place, touch)
    }

    /// The last change of a record's timeline; 0 when it has none.
    pub(super) fn last(&self, place: RecordRef) -> Done<i64> {
        let touch = self.touch(place)?;
        let in_row = record_row::last_in_row(self.conn, place)?;
        Ok(touch.map_or(in_row, |touch| touch.last.max(in_row)))
    }

    fn touch(&self, place: RecordRef) -> Done<Option<&Touch>> {
        if place.kind != Kind::Contact {
            return Ok(None);
        }
        let log = match &self.touches {
            Source::Memory(touches) => return Ok(touches.get(place.seq)),
            Source::Log(log) => log,
        };
        if let Some(read) = log.get() {
            return Ok(read.get(&place.seq));
        }
        let read = touches::unswept(self.conn)?;
        Ok(log.get_or_init(|| read).get(&place.seq))
    }
}

impl Deref for View<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.conn
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;
    use proptest::prelude::{Just, Strategy, prop, prop_oneof, proptest};
    use rusqlite::Connection;
    use uuid::Uuid;

    use super::View;
    use crate::model::field::Kind;
    use crate::model::record::{FieldMeta, Fields, Meta, Origin, Record};
    use crate::store::sqlite::lookup::RecordRef;
    use crate::store::sqlite::provenance;
    use crate::store::sqlite::record_row::{self, Writing};
    use crate::store::sqlite::touches::{Touch, Touches};
    use crate::store::sqlite::value::{micros, signed};
    use crate::store::sqlite::{connect, migrate};

    const CONTACTS: i64 = 4;

    /// A step in the life of a store.
    #[derive(Debug, Clone)]
    enum Step {
        /// An event told nothing new of a contact.
        Touch(i64),
        /// Something did not change the contact itself, only its timeline.
        Lengthen(i64),
        /// The row is written.
        Write(i64),
        Commit {
            sweep: usize,
        },
        RollBack {
            sweep: usize,
        },
        Freeze,
        Crash,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let contact = || 1..=CONTACTS;
        let step = prop_oneof![
            5 => contact().prop_map(Step::Touch),
            1 => contact().prop_map(Step::Lengthen),
            2 => contact().prop_map(Step::Write),
            3 => (0..4_usize).prop_map(|sweep| Step::Commit { sweep }),
            1 => (0..4_usize).prop_map(|sweep| Step::RollBack { sweep }),
            2 => Just(Step::Freeze),
            1 => Just(Step::Crash),
        ];
        prop::collection::vec(step, 0..60)
    }

    /// Each contact, with the last change of its timeline.
    type Truth = BTreeMap<i64, (Record, i64)>;

    fn place(seq: i64) -> RecordRef {
        let kind = Kind::Contact;
        RecordRef { kind, seq }
    }

    /// The next version, owned by an event of its own.
    fn told(record: &mut Record, change: i64) {
        let event = Uuid::from_u64_pair(7, change.unsigned_abs());
        record.version += 1;
        record.meta = Meta {
            origins: vec![Origin {
                event,
                source: "form".to_owned(),
                at_ms: change,
            }],
            fields: BTreeMap::from([("email".into(), FieldMeta::default())]),
        };
    }

    fn touch(record: &Record, last: i64) -> Touch {
        Touch {
            version: signed(record.version),
            last,
            provenance: provenance::pack(&record.meta).into(),
        }
    }

    fn create(conn: &Connection) -> Truth {
        let mut truth = Truth::new();
        for seq in 1..=CONTACTS {
            let record = Record {
                id: Uuid::from_u64_pair(1, seq.unsigned_abs()),
                kind: Kind::Contact,
                fields: Fields::new(),
                meta: Meta::default(),
                version: 1,
                created_at: Timestamp::UNIX_EPOCH,
                updated_at: Timestamp::UNIX_EPOCH,
                deleted_at: None,
            };
            let writing = Writing {
                record: &record,
                fields: "{}",
                contact: None,
                last: 0,
                updated_at: 0,
            };
            assert_eq!(record_row::insert(conn, &writing).unwrap(), seq);
            truth.insert(seq, (record, 0));
        }
        truth
    }

    fn check(view: &View<'_>, truth: &Truth) {
        for (seq, (record, last)) in truth {
            let stored = view.load(place(*seq)).unwrap().unwrap();
            assert_eq!((&stored.record, stored.last), (record, *last));
            assert_eq!(view.last(place(*seq)).unwrap(), *last);
        }
    }

    fn live(steps: Vec<Step>) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("test.db");
        let conn = connect::creator(&path).unwrap();
        migrate::run(&conn).unwrap();
        let mut truth = create(&conn);
        let mut kept = truth.clone();
        let mut touches = Touches::load(&conn).unwrap();
        let reader = connect::reader(&path).unwrap();
        let begin = || conn.execute_batch("BEGIN IMMEDIATE").unwrap();
        begin();
        for (step, change) in steps.into_iter().zip(1..) {
            let is_at_rest = kept == truth;
            match step {
                Step::Touch(seq) => {
                    let (record, last) = truth.get_mut(&seq).unwrap();
                    told(record, change);
                    *last = change;
                    touches.put(seq, touch(record, change));
                }
                Step::Lengthen(seq) => {
                    let (record, last) = truth.get_mut(&seq).unwrap();
                    *last = change;
                    touches.put(seq, touch(record, change));
                }
                Step::Write(seq) => {
                    let (record, last) = truth.get_mut(&seq).unwrap();
                    let old = record.clone();
                    told(record, change);
                    record.updated_at = Timestamp::from_microsecond(change).unwrap();
                    *last = change;
                    let writing = Writing {
                        record,
                        fields: "{}",
                        contact: None,
                        last: change,
                        updated_at: micros(record.updated_at),
                    };
                    record_row::replace(&conn, (seq, None, &old), &writing).unwrap();
                }
                Step::Commit { sweep } => {
                    touches.write(&conn).unwrap();
                    touches.sweep(&conn, sweep).unwrap();
                    conn.execute_batch("COMMIT").unwrap();
                    touches.keep();
                    kept.clone_from(&truth);
                    begin();
                }
                Step::RollBack { sweep } => {
                    touches.write(&conn).unwrap();
                    touches.sweep(&conn, sweep).unwrap();
                    conn.execute_batch("ROLLBACK").unwrap();
                    touches.undo();
                    truth.clone_from(&kept);
                    begin();
                }
                // Between transactions only.
                Step::Freeze if is_at_rest => touches.freeze_all(),
                Step::Freeze => {}
                Step::Crash => {
                    conn.execute_batch("ROLLBACK").unwrap();
                    touches = Touches::load(&conn).unwrap();
                    truth.clone_from(&kept);
                    begin();
                }
            }
            check(&View::of_writer(&conn, &touches), &truth);
            check(&View::of_reader(&reader), &kept);
        }
    }

    proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
        #[test]
        fn everybody_sees_the_last_word_wherever_it_stands(steps in steps()) {
            live(steps);
        }
    }
}
