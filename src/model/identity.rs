//! The keys by which an incoming record finds the one that is already known.

use uuid::Uuid;

use crate::model::field::Kind;

/// A match key. Its text form is stored and unique: one key belongs to one record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdentityKey {
    /// The sender's id. `scope` keeps two shops' order 17 apart: the account at the source, by default the endpoint.
    External {
        kind: Kind,
        source: String,
        scope: String,
        id: String,
    },
    /// Of a contact; trimmed and lower-case.
    Email(String),
    /// Of a contact; E.164.
    Phone(String),
    /// Of a record that nothing else identifies: the event that told it, and which of its records of the kind. A replay
    /// finds it by this, and nobody else does.
    Told {
        kind: Kind,
        event: Uuid,
        place: usize,
    },
}

impl IdentityKey {
    /// Whether it names one record and no other: the sender's id, or an address. A number may be a family's.
    pub fn is_strong(&self) -> bool {
        matches!(self, IdentityKey::External { .. } | IdentityKey::Email(_))
    }

    /// The stored form: a letter for the type, then the parts with a separator that cannot stand in them.
    pub fn to_text(&self) -> String {
        match self {
            IdentityKey::External {
                kind,
                source,
                scope,
                id,
            } => format!(
                "x\u{1f}{}\u{1f}{source}\u{1f}{scope}\u{1f}{id}",
                *kind as u8
            ),
            IdentityKey::Email(address) => format!("e\u{1f}{address}"),
            IdentityKey::Phone(number) => format!("p\u{1f}{number}"),
            IdentityKey::Told { kind, event, place } => {
                format!(
                    "t\u{1f}{}\u{1f}{}\u{1f}{place}",
                    *kind as u8,
                    event.simple()
                )
            }
        }
    }
}
