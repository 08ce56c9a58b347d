//! One event telling of one record: every write asks the clock first.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::Bound;

use compact_str::format_compact;
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::merge::{ASSIGNMENT, Hold, names};
use crate::model::field::Kind;
use crate::model::record::{FieldMeta, FieldName, Meta, Origin, Record, is_blank};

/// A record in the middle of an event. It is copied only when something changes.
pub struct Telling<'a, 'o> {
    record: Cow<'a, Record>,
    origin: &'o Origin,
    /// Where `origin` stands among the record's origins, once it owns something.
    index: Option<u32>,
}

impl<'a, 'o> Telling<'a, 'o> {
    pub fn new(known: Cow<'a, Record>, origin: &'o Origin) -> Self {
        let index = known
            .meta
            .origins
            .iter()
            .position(|known| known == origin)
            .and_then(|index| u32::try_from(index).ok());
        Telling {
            record: known,
            origin,
            index,
        }
    }

    pub fn kind(&self) -> Kind {
        self.record.kind
    }

    pub fn origin(&self) -> &'o Origin {
        self.origin
    }

    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The origin of a field's clock.
    pub fn origin_of(&self, meta: &FieldMeta) -> Option<&Origin> {
        self.record.meta.origins.get(meta.origin as usize)
    }

    /// The event is a sign of life, or of death.
    pub fn live(&mut self, deleted: bool) {
        if !self.wins(Meta::LIFE) {
            return;
        }
        let at = Timestamp::from_millisecond(self.origin.at_ms).unwrap_or_default();
        let deleted_at = deleted.then_some(at);
        if self.record.deleted_at != deleted_at {
            self.record.to_mut().deleted_at = deleted_at;
        }
        self.own(Meta::LIFE, 0);
    }

    /// A field as a whole.
    pub fn set(&mut self, name: &str, value: &Value, line: u32) {
        if !self.wins(name) {
            return;
        }
        if self.record.fields.get(name) != Some(value) {
            let fields = &mut self.record.to_mut().fields;
            fields.insert(name, value.clone());
        }
        self.own(name, line);
    }

    /// A field as a whole, by hand: nothing stands above that. A blank erases.
    pub fn force(&mut self, name: &str, value: &Value, hold: Hold) {
        let fields = &mut self.record.to_mut().fields;
        match is_blank(value) {
            true => drop(fields.remove(name)),
            false => drop(fields.insert(name, value.clone())),
        }
        let meta = FieldMeta {
            origin: self.here(),
            locked: hold == Hold::Locked,
            ..FieldMeta::default()
        };
        self.put_meta(name, meta);
    }

    /// A blank that erases.
    pub fn clear(&mut self, name: &str) {
        if !self.wins(name) {
            return;
        }
        if self.record.fields.contains_key(name) {
            self.record.to_mut().fields.remove(name);
        }
        self.own(name, 0);
    }

    /// A lead's status: what the desk and its reps reached counts more than the time of a message.
    pub fn set_stage(&mut self, name: &str, stage: &str, line: u32) {
        let held = self.record.fields.text(name);
        match rank(Some(stage)).cmp(&rank(held)) {
            Ordering::Less => return,
            Ordering::Equal if !self.wins(name) => return,
            Ordering::Greater if self.is_locked(name) => return,
            Ordering::Equal | Ordering::Greater => {}
        }
        if held != Some(stage) {
            let fields = &mut self.record.to_mut().fields;
            fields.insert(name, Value::from(stage));
        }
        self.own(name, line);
    }

    /// A member of an object that is merged member by member.
    pub fn set_member(&mut self, name: &str, member: &str, value: &Value, line: u32) {
        let key = format_compact!("{name}.{member}");
        if !self.wins(name) || !self.wins(&key) {
            return;
        }
        let held = self.record.fields.get(name).and_then(|it| it.get(member));
        if held != Some(value) {
            let fields = &mut self.record.to_mut().fields;
            fields.change(name, Value::Object(Map::new()), |object| {
                if let Value::Object(members) = object {
                    members.insert(member.to_owned(), value.clone());
                }
            });
        }
        self.own(&key, line);
    }

    /// An entry of a list that is united.
    pub fn add(&mut self, name: &str, item: &str, line: u32) {
        let key = format_compact!("{name}.{item}");
        if !self.wins(name) || !self.wins(&key) {
            return;
        }
        let held = self.record.fields.get(name).and_then(Value::as_array);
        let place = held.map_or(Err(0), |items| {
            items.binary_search_by(|held| held.as_str().unwrap_or_default().cmp(item))
        });
        if let Err(place) = place {
            let fields = &mut self.record.to_mut().fields;
            fields.change(name, Value::Array(Vec::new()), |list| {
                if let Value::Array(items) = list {
                    items.insert(place, Value::from(item));
                }
            });
        }
        self.own(&key, line);
    }

    /// Erases what is older in an object or list merged part by part.
    pub fn clear_members(&mut self, name: &str) {
        if !self.wins(name) {
            return;
        }
        let prefix = format!("{name}.");
        let older: Vec<FieldName> = self
            .record
            .meta
            .fields
            .range::<str, _>((Bound::Included(prefix.as_str()), Bound::Unbounded))
            .take_while(|(key, _)| key.starts_with(&prefix))
            .filter(|(key, _)| self.wins(key))
            .map(|(key, _)| key.clone())
            .collect();
        for key in older {
            let record = self.record.to_mut();
            record.meta.fields.remove(&key);
            let part = key.get(prefix.len()..).unwrap_or_default();
            match record.fields.get_mut(name) {
                Some(Value::Object(members)) => {
                    members.shift_remove(part);
                }
                Some(Value::Array(items)) => items.retain(|item| item.as_str() != Some(part)),
                _ => {}
            }
        }
        if self.record.fields.get(name).is_some_and(is_blank) {
            self.record.to_mut().fields.remove(name);
        }
        self.own(name, 0);
    }

    /// A field of which the value was weighed already: consent.
    pub fn replace(&mut self, name: &str, value: Value) {
        if self.record.fields.get(name) != Some(&value) {
            let fields = &mut self.record.to_mut().fields;
            fields.insert(name, value);
        }
    }

    /// Takes a field away, whoever told of it.
    pub fn remove(&mut self, name: &str) {
        if self.record.fields.contains_key(name) {
            self.record.to_mut().fields.remove(name);
        }
    }

    /// Whether a hand holds the field.
    pub fn is_locked(&self, key: &str) -> bool {
        self.record
            .meta
            .fields
            .get(key)
            .is_some_and(|meta| meta.locked)
    }

    /// Whether this event is later news for `key` than what is known: by time, then by the event's id. An event
    /// processed again may replace its own words; the desk's decision stands above the event that caused it.
    pub fn wins(&self, key: &str) -> bool {
        let Some(meta) = self.record.meta.fields.get(key) else {
            return true;
        };
        if meta.locked {
            return false;
        }
        let Some(held) = self.origin_of(meta) else {
            return true;
        };
        is_later(self.origin, held)
    }

    /// Makes this event the owner of `key`.
    pub fn own(&mut self, key: &str, line: u32) {
        let meta = FieldMeta {
            origin: self.here(),
            line,
            ..FieldMeta::default()
        };
        self.put_meta(key, meta);
    }

    /// Stores a clock as it is given.
    pub fn put_meta(&mut self, key: &str, meta: FieldMeta) {
        match self.record.meta.fields.get(key) {
            Some(held) if *held == meta => {}
            Some(_) => {
                if let Some(held) = self.record.to_mut().meta.fields.get_mut(key) {
                    *held = meta;
                }
            }
            None => {
                let fields = &mut self.record.to_mut().meta.fields;
                fields.insert(key.into(), meta);
            }
        }
    }

    /// Forgets a clock.
    pub fn drop_meta(&mut self, key: &str) {
        if self.record.meta.fields.contains_key(key) {
            self.record.to_mut().meta.fields.remove(key);
        }
    }

    /// Index of this event among the origins; it is added when it owns nothing yet.
    pub fn here(&mut self) -> u32 {
        if let Some(index) = self.index {
            return index;
        }
        let origins = &mut self.record.to_mut().meta.origins;
        // The same event told at another time, under a mended mapping: its old clock goes with its old words.
        let same = origins.iter_mut().position(|known| {
            known.event == self.origin.event && known.source == self.origin.source
        });
        let index = match same {
            Some(index) => {
                if let Some(known) = origins.get_mut(index) {
                    known.at_ms = self.origin.at_ms;
                }
                index
            }
            None => {
                origins.push(self.origin.clone());
                origins.len() - 1
            }
        };
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        self.index = Some(index);
        index
    }

    /// The record as it now is, with its name put together and without origins that own nothing.
    pub fn done(mut self) -> Cow<'a, Record> {
        if let Cow::Borrowed(_) = self.record {
            return self.record;
        }
        let record = self.record.to_mut();
        if record.kind == Kind::Contact {
            names::derive_full(record);
        }
        compact(&mut record.meta);
        self.record
    }
}

/// The total order of news; see `Telling::wins`.
pub fn is_later(news: &Origin, held: &Origin) -> bool {
    if news.event == held.event {
        return news.source == ASSIGNMENT || held.source != ASSIGNMENT;
    }
    (news.at_ms, news.event) > (held.at_ms, held.event)
}

/// How far a lead is: the stages of the desk come before all that people reach.
fn rank(stage: Option<&str>) -> u8 {
    match stage {
        None => 0,
        Some("new") => 1,
        Some("assigned") => 2,
        Some(_) => 3,
    }
}

/// Drops origins that own nothing and sorts the others by time, so that equal records look equal.
fn compact(meta: &mut Meta) {
    let mut owns = vec![false; meta.origins.len()];
    for field in meta.fields.values() {
        if let Some(it) = owns.get_mut(field.origin as usize) {
            *it = true;
        }
    }
    let sorted = meta
        .origins
        .is_sorted_by(|a, b| (a.at_ms, a.event, &a.source) <= (b.at_ms, b.event, &b.source));
    if sorted && owns.iter().all(|it| *it) {
        return;
    }
    let mut kept: Vec<(usize, Origin)> = std::mem::take(&mut meta.origins)
        .into_iter()
        .enumerate()
        .filter(|(index, _)| owns.get(*index).copied().unwrap_or(false))
        .collect();
    kept.sort_by(|(_, a), (_, b)| {
        (a.at_ms, a.event, &a.source).cmp(&(b.at_ms, b.event, &b.source))
    });
    let mut moved = vec![0_u32; owns.len()];
    for (new, (old, _)) in (0_u32..).zip(&kept) {
        if let Some(place) = moved.get_mut(*old) {
            *place = new;
        }
    }
    for field in meta.fields.values_mut() {
        field.origin = moved.get(field.origin as usize).copied().unwrap_or(0);
    }
    meta.origins = kept.into_iter().map(|(_, origin)| origin).collect();
}
