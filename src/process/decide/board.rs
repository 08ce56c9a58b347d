//! The records of one event while they are decided: what is held, what became of it, which keys were claimed.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::merge::matching::{Known, Person};
use crate::model::identity::IdentityKey;
use crate::model::record::{Draft, Origin, Record};
use crate::store::Held;

/// Records by id, each as it was and as it now is. An event has a handful, so they are searched one by one.
pub struct Board<'a> {
    held: &'a Held<'a>,
    pieces: Vec<Piece<'a>>,
}

/// One record on the board.
pub struct Piece<'a> {
    pub id: Uuid,
    /// `None`: not stored yet.
    pub before: Option<&'a Record>,
    pub now: Cow<'a, Record>,
    /// Keys that nobody held before.
    pub claimed: Vec<IdentityKey>,
}

impl<'a> Board<'a> {
    pub fn new(held: &'a Held<'a>) -> Self {
        Board {
            held,
            pieces: Vec::new(),
        }
    }

    /// A record as it now is.
    pub fn record(&self, id: Uuid) -> Option<&Record> {
        match self.pieces.iter().find(|piece| piece.id == id) {
            Some(piece) => Some(&piece.now),
            None => self.stored(id),
        }
    }

    /// A record as it was before the event.
    pub fn stored(&self, id: Uuid) -> Option<&'a Record> {
        self.held.records.iter().find(|record| record.id == id)
    }

    /// Puts a record that is about to be made on the board.
    pub fn create(&mut self, draft: &Draft, id: Uuid, now: Timestamp) {
        self.pieces.push(Piece {
            id,
            before: None,
            now: Cow::Owned(crate::merge::unwritten(draft, id, now)),
            claimed: Vec::new(),
        });
    }

    /// Applies one step to a record. A record that the store did not show is left alone.
    pub fn change(&mut self, id: Uuid, step: impl FnOnce(Cow<'a, Record>) -> Cow<'a, Record>) {
        if let Some(index) = self.place(id) {
            let piece = self.pieces.remove(index);
            let now = step(piece.now);
            self.pieces.insert(index, Piece { now, ..piece });
        }
    }

    /// Where a record lies on the board; it is put there when it is stored.
    fn place(&mut self, id: Uuid) -> Option<usize> {
        let known = self.pieces.iter().position(|piece| piece.id == id);
        if known.is_some() {
            return known;
        }
        let before = self.stored(id)?;
        self.pieces.push(Piece {
            id,
            before: Some(before),
            now: Cow::Borrowed(before),
            claimed: Vec::new(),
        });
        Some(self.pieces.len() - 1)
    }

    /// Claims the keys that nobody holds yet.
    pub fn claim(&mut self, id: Uuid, keys: Vec<IdentityKey>) {
        let free: Vec<IdentityKey> = keys
            .into_iter()
            .filter(|key| self.holder(key).is_none())
            .collect();
        let place = self.place(id);
        if let Some(piece) = place.and_then(|index| self.pieces.get_mut(index)) {
            piece.claimed.extend(free);
        }
    }

    /// Writes one field for the desk.
    pub fn write(&mut self, id: Uuid, field: &str, value: &Value, origin: &Origin) {
        self.change(id, |known| crate::merge::write(known, field, value, origin));
    }

    pub fn into_pieces(self) -> Vec<Piece<'a>> {
        self.pieces
    }
}

impl Known for Board<'_> {
    fn holder(&self, key: &IdentityKey) -> Option<Uuid> {
        let held = self.held.matches.iter().find(|(taken, _)| taken == key);
        if let Some((_, holder)) = held {
            return Some(*holder);
        }
        let claimed = self.pieces.iter().find(|piece| piece.claimed.contains(key));
        claimed.map(|piece| piece.id)
    }

    fn person(&self, contact: Uuid) -> Person<'_> {
        let record = self.record(contact);
        record.map_or_else(Person::default, Person::of)
    }
}
