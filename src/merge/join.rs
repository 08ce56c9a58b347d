//! Two contacts become one, and two again.
//!
//! The contact that is kept is told everything that the other was told, each field with the clock it had: so the
//! result is what would stand there had all those events been known to be of one person. Whoever merges may choose
//! otherwise, field by field; that is an edit by hand.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::merge::by_hand;
use crate::merge::policy::Policy;
use crate::merge::telling::Telling;
use crate::merge::{consent, tell};
use crate::model::record::{FieldMeta, Meta, Origin, Record};

/// The contact that is kept, after it was told what `other` knows. `picks` names the fields of which `origin`, who
/// merges, wants the other value than would stand there.
pub fn join(kept: &Record, other: &Record, picks: &BTreeSet<String>, origin: &Origin) -> Record {
    let mut joined = Cow::Borrowed(kept);
    for (key, meta) in &other.meta.fields {
        let Some(told_by) = other.meta.origins.get(meta.origin as usize) else {
            continue;
        };
        let mut telling = Telling::new(joined, told_by);
        retell(&mut telling, other, key, meta);
        joined = telling.done();
    }
    let mut joined = joined.into_owned();
    for (name, value) in &other.fields {
        if !joined.fields.contains_key(name) && !other.meta.fields.contains_key(name) {
            joined.fields.insert(name.clone(), value.clone());
        }
    }
    for name in picks {
        let stands = joined.fields.get(name);
        let values = [kept.fields.get(name), other.fields.get(name)];
        if let Some(wanted) = values.into_iter().flatten().find(|it| Some(*it) != stands) {
            let edited = by_hand::edit(Cow::Owned(joined), name, wanted, origin);
            joined = edited.into_owned();
        }
    }
    joined
}

/// Tells one thing again that another contact was told.
fn retell(telling: &mut Telling<'_, '_>, other: &Record, key: &str, meta: &FieldMeta) {
    if key == Meta::LIFE {
        return telling.live(false);
    }
    let (name, part) = by_hand::parts(key);
    let field = other.fields.get(name);
    let value = match (Policy::of(telling.kind(), name), part) {
        (Policy::Members, Some(member)) => field
            .and_then(|it| it.get(member))
            .map(|value| json!({member: value})),
        (Policy::Union, Some(item)) => field.map(|_| json!([item])),
        (Policy::Consent, Some(part)) => {
            let channel = part.split('@').next().unwrap_or_default();
            let state = match &meta.behind {
                Some(state) => Some(Value::from(state.as_str())),
                None => standing(field, channel),
            };
            let entry = json!({"channel": channel, "state": state});
            return consent::tell(telling, &entry, meta.line);
        }
        _ => field.cloned(),
    };
    // What a hand holds here stays; what a hand holds there stands above what only senders told here.
    let is_held = telling.is_locked(key) || telling.is_locked(name);
    match value {
        Some(value) if !meta.locked || is_held => tell(telling, name, &value, meta.line),
        Some(_) | None if meta.locked && !is_held => hold(telling, other, key),
        _ => {}
    }
}

/// Takes over what a hand wrote into the other contact.
fn hold(telling: &mut Telling<'_, '_>, other: &Record, key: &str) {
    let (name, part) = by_hand::parts(key);
    let field = other.fields.get(name);
    let value = match part {
        Some(part) => field.and_then(|it| it.get(part)),
        None => field,
    };
    by_hand::force(telling, key, value.unwrap_or(&Value::Null));
}

fn standing(field: Option<&Value>, channel: &str) -> Option<Value> {
    let entries = field?.as_array()?;
    let entry = entries
        .iter()
        .find(|entry| entry.get("channel").and_then(Value::as_str) == Some(channel))?;
    entry.get("state").cloned()
}

/// The kept contact as it is to be after its merge is undone: what the merge changed and nobody changed since is as it
/// was `before`; what came later stays.
pub fn part(now: &Record, before: &Record, after: &Record) -> Record {
    let mut parted = now.clone();
    let names: BTreeSet<&String> = before.fields.keys().chain(after.fields.keys()).collect();
    for name in names {
        if now.fields.get(name) != after.fields.get(name) {
            continue;
        }
        match before.fields.get(name) {
            Some(value) => drop(parted.fields.insert(name.clone(), value.clone())),
            None => drop(parted.fields.shift_remove(name)),
        }
    }
    let (was, then, is) = (clocks(before), clocks(after), clocks(now));
    let keys: BTreeSet<&String> = was.keys().chain(is.keys()).copied().collect();
    let mut meta = Meta::default();
    for key in keys {
        let is_untouched = is.get(key) == then.get(key);
        let chosen = if is_untouched {
            was.get(key)
        } else {
            is.get(key)
        };
        if let Some((origin, field)) = chosen {
            put(&mut meta, key, origin, field);
        }
    }
    parted.meta = meta;
    parted
}

/// Each clock with its origin.
fn clocks(record: &Record) -> BTreeMap<&String, (&Origin, FieldMeta)> {
    let mut clocks = BTreeMap::new();
    for (key, field) in &record.meta.fields {
        if let Some(origin) = record.meta.origins.get(field.origin as usize) {
            let bare = FieldMeta {
                origin: 0,
                ..field.clone()
            };
            clocks.insert(key, (origin, bare));
        }
    }
    clocks
}

fn put(meta: &mut Meta, key: &str, origin: &Origin, field: &FieldMeta) {
    let known = meta.origins.iter().position(|known| known == origin);
    let place = known.unwrap_or_else(|| {
        meta.origins.push(origin.clone());
        meta.origins.len() - 1
    });
    let field = FieldMeta {
        origin: u32::try_from(place).unwrap_or(u32::MAX),
        ..field.clone()
    };
    meta.fields.insert(key.to_owned(), field);
}
