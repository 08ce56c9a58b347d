//! What people do with records, the same for the console and the API: fields by hand, notes, merges and undoing them.
//!
//! Each is one transaction of the store, in which a pure function of this room is shown the records and says what to
//! write: records, changes, the line of the log.

pub mod fields;
pub mod join;
pub mod note;
pub mod paper;

use jiff::Timestamp;

use crate::model::id::new_id;
use crate::model::said::Said;
use crate::store::edits::{Edit, Edited, Refusal};
use crate::store::users::AuditRow;
use crate::store::{Store, StoreError};

/// Who does it, from where and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hand {
    /// A user's name, or a token's.
    pub name: String,
    pub peer: String,
    pub now: Timestamp,
    /// The rep whose records are all they may touch; `None`: every record.
    pub only: Option<String>,
}

impl Hand {
    /// A line of the log: `lead.edited`, `lead/0190…`.
    pub fn log(&self, what: &str, subject: impl Into<String>) -> AuditRow {
        AuditRow {
            id: new_id(self.now),
            at: self.now,
            who: self.name.clone(),
            what: what.to_owned(),
            subject: subject.into(),
            before: None,
            after: None,
            peer: self.peer.clone(),
        }
    }
}

/// Why it was not done.
#[derive(Debug, Clone, thiserror::Error)]
pub enum EditError {
    /// There is no such record.
    #[error("it is not there")]
    Unknown,
    /// What cannot stand in which field: name and sentence.
    #[error("{} fields are wrong", .0.len())]
    Invalid(Vec<(String, Said)>),
    #[error("{}", .0.sentence)]
    Refused(Refusal),
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub type Result<T> = std::result::Result<T, EditError>;

/// Makes an edit.
async fn make(store: &dyn Store, edit: Edit) -> Result<()> {
    match store.edit(edit).await? {
        Edited::Written => Ok(()),
        Edited::Unknown => Err(EditError::Unknown),
        Edited::Refused(refusal) => Err(EditError::Refused(refusal)),
    }
}
