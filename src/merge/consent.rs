//! Consent: every source's last word per channel, and whose word stands.
//!
//! A withdrawal stands until the source that was told of it is told otherwise, later: no form's default, and no other
//! source's idea, brings it back. `unknown` never stands over a known state. Among the rest the latest word stands.

use std::cmp::Ordering;
use std::ops::Bound;

use serde_json::{Value, json};

use crate::merge::telling::{Telling, is_later};
use crate::model::field::CONSENT_STATES;
use crate::model::record::FieldMeta;

const FIELD: &str = "consent";

/// What one source last said.
struct Word {
    source: String,
    state: String,
    meta: FieldMeta,
}

/// Merges one `{channel, state}`.
pub fn tell(telling: &mut Telling<'_, '_>, entry: &Value, line: u32) {
    let channel = entry.get("channel").and_then(Value::as_str);
    let state = entry.get("state").and_then(Value::as_str);
    let (Some(channel), Some(state)) = (channel, state) else {
        return;
    };
    let key = format!("{FIELD}.{channel}");
    if !CONSENT_STATES.contains(&state) || telling.is_locked(FIELD) || telling.is_locked(&key) {
        return;
    }
    let mut words = words(telling, channel, &key);
    let own = words
        .iter()
        .position(|word| word.source == telling.origin().source);
    if let Some(held) = own.and_then(|index| words.get(index))
        && !replaces(telling, state, held)
    {
        return;
    }
    let word = Word {
        source: telling.origin().source.clone(),
        state: state.to_owned(),
        meta: FieldMeta {
            origin: telling.here(),
            line,
            ..FieldMeta::default()
        },
    };
    match own.and_then(|index| words.get_mut(index)) {
        Some(held) => *held = word,
        None => words.push(word),
    }
    store(telling, channel, &key, words);
}

/// Whether a source's new word stands over its own earlier one.
fn replaces(telling: &Telling<'_, '_>, state: &str, held: &Word) -> bool {
    match (state != "unknown").cmp(&(held.state != "unknown")) {
        Ordering::Less => false,
        Ordering::Greater => true,
        Ordering::Equal => telling
            .origin_of(&held.meta)
            .is_none_or(|origin| is_later(telling.origin(), origin)),
    }
}

/// The words of all sources about a channel: the one that stands, and those behind it.
fn words(telling: &Telling<'_, '_>, channel: &str, key: &str) -> Vec<Word> {
    let meta = &telling.record().meta;
    let word = |meta: &FieldMeta, state: &str| {
        telling.origin_of(meta).map(|origin| Word {
            source: origin.source.clone(),
            state: state.to_owned(),
            meta: meta.clone(),
        })
    };
    let mut words = Vec::new();
    if let (Some(meta), Some(state)) = (meta.fields.get(key), standing(telling, channel)) {
        words.extend(word(meta, state));
    }
    let behind = format!("{key}@");
    for (_, meta) in meta
        .fields
        .range::<str, _>((Bound::Included(behind.as_str()), Bound::Unbounded))
        .take_while(|(key, _)| key.starts_with(&behind))
    {
        words.extend(word(meta, meta.behind.as_deref().unwrap_or("unknown")));
    }
    words
}

fn standing<'a>(telling: &'a Telling<'_, '_>, channel: &str) -> Option<&'a str> {
    let entries = telling.record().fields.get(FIELD)?.as_array()?;
    let entry = entries.iter().find(|entry| is_of(entry, channel))?;
    entry.get("state")?.as_str()
}

fn is_of(entry: &Value, channel: &str) -> bool {
    entry.get("channel").and_then(Value::as_str) == Some(channel)
}

/// Writes the word that stands into the field and the others behind it.
fn store(telling: &mut Telling<'_, '_>, channel: &str, key: &str, mut words: Vec<Word>) {
    let weight = |word: &Word| {
        let rank = match word.state.as_str() {
            "withdrawn" => 2,
            "unknown" => 0,
            _ => 1,
        };
        let clock = telling
            .origin_of(&word.meta)
            .map(|origin| (origin.at_ms, origin.event));
        (rank, clock)
    };
    words.sort_by_cached_key(weight);
    let Some(standing) = words.pop() else {
        return;
    };
    telling.drop_meta(&format!("{key}@{}", standing.source));
    show(telling, channel, &standing.state);
    telling.put_meta(
        key,
        FieldMeta {
            behind: None,
            ..standing.meta
        },
    );
    for word in words {
        let meta = FieldMeta {
            behind: Some(word.state),
            ..word.meta
        };
        telling.put_meta(&format!("{key}@{}", word.source), meta);
    }
}

/// Puts a channel's state into the list, which is sorted by channel.
fn show(telling: &mut Telling<'_, '_>, channel: &str, state: &str) {
    let mut entries = match telling.record().fields.get(FIELD) {
        Some(Value::Array(entries)) => entries.clone(),
        _ => Vec::new(),
    };
    entries.retain(|entry| !is_of(entry, channel));
    entries.push(json!({"channel": channel, "state": state}));
    entries.sort_by_cached_key(|entry| entry.get("channel").map(Value::to_string));
    telling.replace(FIELD, Value::Array(entries));
}
