//! What went wrong inside, sorted by what has to be done about it.

use rusqlite::ErrorCode;

use crate::store::StoreError;

/// The cause of a failed piece of work.
#[derive(Debug)]
pub(super) enum Fault {
    /// Disk full, read-only, locked, I/O error: nobody can write now.
    Unavailable(String),
    /// This one piece of work breaks a constraint: the others are innocent.
    Refused(String),
    /// Stored data cannot be read.
    Corrupt(String),
    /// Nothing went wrong and nothing was written: this is the answer.
    Answer(StoreError),
}

pub(super) type Done<T> = std::result::Result<T, Fault>;

impl Fault {
    pub(super) fn corrupt(what: &str, error: impl std::fmt::Display) -> Self {
        Fault::Corrupt(format!("{what}: {error}"))
    }

    /// What the caller is told.
    pub(super) fn into_error(self) -> StoreError {
        match self {
            Fault::Unavailable(reason) => StoreError::Unavailable(reason),
            Fault::Refused(reason) | Fault::Corrupt(reason) => StoreError::Corrupt(reason),
            Fault::Answer(error) => error,
        }
    }

    /// What is wrong, for people.
    pub(super) fn into_reason(self) -> String {
        match self {
            Fault::Unavailable(reason) | Fault::Refused(reason) | Fault::Corrupt(reason) => reason,
            Fault::Answer(error) => error.to_string(),
        }
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error as E;
        let text = error.to_string();
        match error {
            E::SqliteFailure(failure, _) => match failure.code {
                ErrorCode::ConstraintViolation
                | ErrorCode::TypeMismatch
                | ErrorCode::TooBig
                | ErrorCode::ParameterOutOfRange
                | ErrorCode::Unknown => Fault::Refused(text),
                ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Fault::Corrupt(text),
                _ => Fault::Unavailable(text),
            },
            E::FromSqlConversionFailure(..)
            | E::IntegralValueOutOfRange(..)
            | E::Utf8Error(..)
            | E::InvalidColumnType(..)
            | E::QueryReturnedNoRows => Fault::Corrupt(text),
            _ => Fault::Refused(text),
        }
    }
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        Fault::corrupt("stored JSON", error)
    }
}
