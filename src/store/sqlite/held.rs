//! What a set of keys matches: the records a decision is shown.

use std::collections::HashMap;

use uuid::Uuid;

use crate::model::field::Kind;
use crate::model::identity::IdentityKey;
use crate::model::record::Record;
use crate::store::sqlite::fault::Done;
use crate::store::sqlite::joins;
use crate::store::sqlite::lookup::{self, Identity, RecordRef};
use crate::store::sqlite::record_row::Stored;
use crate::store::sqlite::tail::{self, Told};
use crate::store::sqlite::view::View;

/// The keys whose records a decision wants to see, hashed before the writer has to.
pub(super) struct Wanted {
    keys: Vec<IdentityKey>,
    hashes: Vec<Identity>,
}

impl Wanted {
    pub(super) fn new(keys: Vec<IdentityKey>) -> Self {
        Wanted {
            hashes: keys.iter().map(lookup::identity).collect(),
            keys,
        }
    }

    pub(super) fn keys(&self) -> &[IdentityKey] {
        &self.keys
    }

    /// The hash of any key; mostly it is one of these.
    pub(super) fn hash_of(&self, key: &IdentityKey) -> Identity {
        let nth = self.keys.iter().position(|wanted| wanted == key);
        let hash = nth.and_then(|nth| self.hashes.get(nth)).copied();
        hash.unwrap_or_else(|| lookup::identity(key))
    }
}

/// Matches and records as `Held` has them, with the places of the records.
#[derive(Default)]
pub(super) struct Loaded {
    pub(super) matches: Vec<(IdentityKey, Uuid)>,
    pub(super) records: Vec<Record>,
    /// Where each record stands.
    pub(super) places: Vec<Place>,
    /// Wanted keys that nobody holds, and those that somebody does.
    pub(super) free: Vec<Identity>,
    pub(super) taken: Vec<Identity>,
}

/// Where a record stands, the contact it belongs to, and the last change of its timeline.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) at: RecordRef,
    pub(super) contact: Option<i64>,
    pub(super) last: i64,
}

impl Loaded {
    /// The record with this id, when it was loaded.
    pub(super) fn find(&self, id: Uuid) -> Option<(Place, &Record)> {
        let nth = self.records.iter().position(|record| record.id == id)?;
        Some((*self.places.get(nth)?, self.records.get(nth)?))
    }

    /// The record at a place, which is loaded when it was not.
    pub(super) fn take(&mut self, view: &View<'_>, at: RecordRef) -> Done<Option<Record>> {
        if let Some(record) = self.at(at) {
            return Ok(Some(record.clone()));
        }
        let Some(stored) = view.load(at)? else {
            return Ok(None);
        };
        let record = stored.record.clone();
        self.add(at, stored);
        Ok(Some(record))
    }

    /// The id of the record at a place, or of the contact that it was joined with, which is loaded when it was not.
    fn include(&mut self, view: &View<'_>, at: RecordRef) -> Done<Option<Uuid>> {
        if let Some(record) = self.at(at) {
            return Ok(Some(record.id));
        }
        let Some(stored) = view.load(at)? else {
            return Ok(None);
        };
        if stored.record.deleted_at.is_some() && at.kind == Kind::Contact {
            let seq = joins::standing(view, at.seq)?;
            if seq != at.seq {
                return self.include(view, RecordRef { seq, ..at });
            }
        }
        let id = stored.record.id;
        self.add(at, stored);
        Ok(Some(id))
    }

    fn at(&self, at: RecordRef) -> Option<&Record> {
        let nth = self.places.iter().position(|known| known.at == at)?;
        self.records.get(nth)
    }

    fn add(&mut self, at: RecordRef, stored: Stored) {
        self.places.push(Place {
            at,
            contact: stored.contact,
            last: stored.last,
        });
        self.records.push(stored.record);
    }
}

/// Loads what `wanted` matches; `holder` looks a key up.
pub(super) fn load(
    view: &View<'_>,
    wanted: &Wanted,
    mut holder: impl FnMut(&Identity) -> Done<Option<RecordRef>>,
) -> Done<Loaded> {
    let mut loaded = Loaded::default();
    for (key, hash) in wanted.keys.iter().zip(&wanted.hashes) {
        let Some(place) = holder(hash)? else {
            loaded.free.push(*hash);
            continue;
        };
        loaded.taken.push(*hash);
        if let Some(id) = loaded.include(view, place)? {
            loaded.matches.push((key.clone(), id));
        }
    }
    let contacts: Vec<i64> = loaded
        .places
        .iter()
        .filter_map(|place| place.contact)
        .collect();
    for seq in contacts {
        let kind = Kind::Contact;
        loaded.include(view, RecordRef { kind, seq })?;
    }
    Ok(loaded)
}

/// Loads one record and the contact it belongs to.
pub(super) fn load_place(view: &View<'_>, place: RecordRef) -> Done<Loaded> {
    let mut loaded = Loaded::default();
    loaded.include(view, place)?;
    let contact = loaded.places.iter().find_map(|place| place.contact);
    if let Some(seq) = contact {
        let kind = Kind::Contact;
        loaded.include(view, RecordRef { kind, seq })?;
    }
    Ok(loaded)
}

/// What `wanted` matches, from a reader's snapshot.
pub(super) fn load_from_snapshot(view: &View<'_>, wanted: Vec<IdentityKey>) -> Done<Loaded> {
    let wanted = Wanted::new(wanted);
    let mut in_tail: HashMap<Identity, i64> = HashMap::new();
    tail::scan(view, |told| {
        if let Told::Identity(key, record) = told
            && wanted.hashes.contains(key)
        {
            in_tail.insert(*key, record);
        }
    })?;
    load(view, &wanted, |key| {
        let value = match in_tail.get(key) {
            Some(value) => Some(*value),
            None => lookup::holder(view, key)?,
        };
        value.map(RecordRef::from_value).transpose()
    })
}

/// The number of the contact that is known by a key, from a reader's snapshot.
pub(super) fn contact_of(view: &View<'_>, key: IdentityKey) -> Done<Option<i64>> {
    let loaded = load_from_snapshot(view, vec![key])?;
    let mut places = loaded.places.iter().map(|place| place.at);
    let contact = places.find(|at| at.kind == Kind::Contact);
    Ok(contact.map(|at| at.seq))
}
