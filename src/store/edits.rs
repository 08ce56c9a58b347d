//! What people do with records: edits by hand, notes, merges of two contacts and undoing them.

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use crate::model::change::Change;
use crate::model::field::Kind;
use crate::model::identity::IdentityKey;
use crate::model::record::Record;
use crate::store::users::AuditRow;
use crate::store::{RecordWrite, Result};

/// Contacts with more leads, orders or tickets of one kind than this are not merged.
pub const MOST_LINKED: usize = 1_000;

/// Work on stored records that no event causes. Each edit is one transaction: records, changes, notes, the log.
#[async_trait]
pub trait Edits: Send + Sync {
    async fn edit(&self, edit: Edit) -> Result<Edited>;

    /// What an edit would be shown now, without making it.
    async fn shown(&self, wanted: Wanted) -> Result<Option<Shown>>;

    /// Records by id; those that are not there are left out.
    async fn records_by_id(&self, ids: Vec<(Kind, Uuid)>) -> Result<Vec<Record>>;

    /// The leads, orders and tickets of a contact, newest first, `limit` of each kind at most.
    async fn linked(&self, contact: Uuid, limit: usize) -> Result<Vec<Record>>;

    /// The notes beside a record, newest first; of a contact also those of contacts that were merged into it.
    async fn notes(&self, kind: Kind, record: Uuid) -> Result<Vec<NoteRow>>;

    /// The merges a contact was part of, newest first.
    async fn joins(&self, contact: Uuid) -> Result<Vec<JoinRow>>;

    /// One merge.
    async fn join(&self, id: Uuid) -> Result<Option<JoinRow>>;
}

/// What an edit wants to see.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    pub records: Vec<(Kind, Uuid)>,
    /// Keys of which it wants to know who holds them.
    pub keys: Vec<IdentityKey>,
    /// A contact of which it wants the leads, orders and tickets.
    pub linked_to: Option<Uuid>,
    /// A merge, with what it moved.
    pub join: Option<Uuid>,
}

/// What the store shows to an edit.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// The wanted records, in the order they were asked for, tombstones included.
    pub records: Vec<Record>,
    /// The wanted keys.
    pub keys: Vec<IdentityKey>,
    /// For each of them that is taken, the record it belongs to.
    pub holders: Vec<(IdentityKey, Uuid)>,
    /// `MOST_LINKED` and one more of a kind at most.
    pub linked: Vec<Record>,
    /// There are or were more of a kind, so that some may be missing.
    pub too_many: bool,
    pub join: Option<Join>,
}

impl Shown {
    /// The wanted keys that nobody holds.
    pub fn free_keys(&self) -> Vec<IdentityKey> {
        let is_free = |key: &&IdentityKey| !self.holders.iter().any(|(held, _)| held == *key);
        self.keys.iter().filter(is_free).cloned().collect()
    }
}

/// An edit.
pub struct Edit {
    pub wanted: Wanted,
    /// Pure, as a settlement's.
    pub decide: Box<dyn Fn(&Shown) -> Decided + Send>,
}

/// What an edit says: what to write, or why nothing.
pub type Decided = std::result::Result<EditWrites, Refusal>;

/// What an edit writes.
#[derive(Debug, Clone)]
pub struct EditWrites {
    pub at: Timestamp,
    pub records: Vec<RecordWrite>,
    /// Each of a record among `records`.
    pub changes: Vec<Change>,
    pub note: Option<NoteRow>,
    pub join: Option<Join>,
    /// The merge that this one undoes.
    pub undone: Option<Uuid>,
    pub log: AuditRow,
}

/// Why an edit writes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Stable: `key_taken`, `changed_meanwhile`.
    pub code: &'static str,
    /// For people.
    pub sentence: String,
    /// The record that stands in the way.
    pub other: Option<Uuid>,
}

impl Refusal {
    pub fn new(code: &'static str, sentence: impl Into<String>) -> Self {
        Refusal {
            code,
            sentence: sentence.into(),
            other: None,
        }
    }
}

/// What became of an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edited {
    /// One of the wanted records, or the merge, is not there.
    Unknown,
    Refused(Refusal),
    Written,
}

/// A note that somebody wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteRow {
    pub id: Uuid,
    pub kind: Kind,
    pub record: Uuid,
    pub who: String,
    pub at: Timestamp,
    pub text: String,
}

/// Two contacts that became one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinRow {
    pub id: Uuid,
    /// The contact that was kept.
    pub kept: Uuid,
    /// The contact that was taken into it.
    pub other: Uuid,
    pub who: String,
    pub at: Timestamp,
    pub undone_at: Option<Timestamp>,
}

/// A merge with everything that undoing it takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Join {
    pub row: JoinRow,
    /// The kept contact before and after.
    pub before: Record,
    pub after: Record,
    /// Leads, orders and tickets that the merge moved, as they were.
    pub moved: Vec<Record>,
    /// The same as they now are; only shown, not written.
    pub moved_now: Vec<Record>,
}
