//! What the documents of an event say about its mapping, held against the declaration as it now is.

use jiff::Timestamp;
use serde_json::Value as Json;

use crate::model::said::{self, Said};
use crate::process::health::fold::{Place, Retyped, Tally};
use crate::process::health::observe::{TYPES, Types, type_names};
use crate::process::health::uses::{Uses, is_within};
use crate::said;
use crate::source::declaration::Source;

/// Lists are cut here.
const MOST: usize = 100;
/// Samples before a place that never came is told of.
const ENOUGH: u64 = 50;
/// Shares: what comes as often is expected, what comes more seldom than that part of it has stopped.
const EXPECTED: f64 = 0.5;
const STOPPED: f64 = 0.5;
/// Fields named in an alarm.
const NAMED: usize = 5;

/// How well one mapping fits one kind of event.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fit {
    /// Places that hold something and that no formula reads, the most frequent first.
    pub unused: Vec<Unused>,
    /// Places that formulas read, that used to come and come no more.
    pub stopped: Vec<Stopped>,
    /// Places that formulas read and that never came. Of alternatives (`a or b`) that is in order.
    pub never: Vec<String>,
    /// Places whose values became of another kind.
    pub retyped: Vec<(String, Retyped)>,
    /// Places that hold what the schema does not allow.
    pub against_schema: Vec<AgainstSchema>,
    /// Fields of records, with how often they come.
    pub fields: Vec<FieldFit>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Unused {
    pub place: String,
    /// Of the events that have it, from 0 to 1.
    pub share: f64,
    pub types: Types,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Stopped {
    pub place: String,
    pub usual: f64,
    pub last: f64,
    pub seen: Timestamp,
}

#[derive(Debug, Clone, PartialEq)]
pub struct AgainstSchema {
    pub place: String,
    pub types: Types,
    pub allowed: Types,
}

#[derive(Debug, Clone, PartialEq)]
pub struct FieldFit {
    pub field: String,
    /// In the mapping file.
    pub line: u32,
    pub usual: f64,
    pub last: f64,
    pub fallen: Option<Timestamp>,
}

/// Holds what was seen against what `source` declares.
pub fn fit(tally: &Tally, source: &Source) -> Fit {
    let uses = Uses::of(source, &tally.event);
    let mut fit = Fit::default();
    for (name, place) in &tally.places {
        fit.look_at(name, place, &uses);
    }
    fit.unused
        .sort_by(|one, other| other.share.total_cmp(&one.share));
    fit.unused.truncate(MOST);
    if tally.samples >= ENOUGH {
        let came = |used: &String| {
            let mut places = tally.places.keys();
            places.any(|place| is_within(place, used) || is_within(used, place))
        };
        let observed = |used: &&String| {
            ["body.", "item.", "fetched."]
                .iter()
                .any(|root| used.starts_with(root))
        };
        let never = uses
            .places
            .iter()
            .filter(observed)
            .filter(|used| !came(used));
        fit.never = never.take(MOST).cloned().collect();
    }
    fit.against_schema = against_schema(tally, source);
    for (name, made) in &uses.fields {
        if let Some(rate) = tally.fields.get(name) {
            fit.fields.push(FieldFit {
                field: name.clone(),
                line: made.line,
                usual: rate.usual,
                last: rate.last,
                fallen: rate.fallen,
            });
        }
    }
    fit
}

impl Fit {
    fn look_at(&mut self, name: &str, place: &Place, uses: &Uses) {
        // What only holds other places is no field of its own.
        let is_leaf = place.types & !(bit("array") | bit("object") | bit("null")) != 0;
        if !uses.reads(name) {
            if is_leaf {
                self.unused.push(Unused {
                    place: name.to_owned(),
                    share: place.rate.usual.max(place.rate.last),
                    types: place.types,
                });
            }
            return;
        }
        if place.rate.usual >= EXPECTED && place.rate.last < STOPPED * place.rate.usual {
            self.stopped.push(Stopped {
                place: name.to_owned(),
                usual: place.rate.usual,
                last: place.rate.last,
                seen: place.seen,
            });
        }
        if let Some(retyped) = place.retyped {
            self.retyped.push((name.to_owned(), retyped));
        }
    }
}

fn bit(name: &str) -> Types {
    let mut types = TYPES.iter();
    types
        .find(|(known, _)| *known == name)
        .map_or(0, |(_, bit)| *bit)
}

fn against_schema(tally: &Tally, source: &Source) -> Vec<AgainstSchema> {
    let mut found = Vec::new();
    for spec in source.events.iter().filter(|spec| spec.name == tally.event) {
        let root = if source.split.is_some() {
            "item"
        } else {
            "body"
        };
        let answers = spec.fetches.iter().map(|fetch| {
            let root = fetch
                .name
                .as_ref()
                .map_or_else(|| "fetched".to_owned(), |name| format!("fetched.{name}"));
            (root, fetch.schema.as_ref())
        });
        for (root, schema) in [(root.to_owned(), spec.schema.as_ref())]
            .into_iter()
            .chain(answers)
        {
            let Some(schema) = schema.and_then(|name| source.schemas.get(name)) else {
                continue;
            };
            for (place, known) in &tally.places {
                let Some(path) = place
                    .strip_prefix(&root)
                    .and_then(|rest| rest.strip_prefix('.'))
                else {
                    continue;
                };
                let steps: Vec<&str> = path.split('.').collect();
                let allowed = types_at(schema, &steps);
                // A list is looked through: its items stand at the same place.
                if allowed != 0 && known.types & !(allowed | bit("array")) != 0 {
                    found.push(AgainstSchema {
                        place: place.clone(),
                        types: known.types,
                        allowed,
                    });
                }
            }
        }
    }
    found.truncate(MOST);
    found
}

/// The kinds that a schema allows at a path, through lists and alternatives; 0 when it says nothing.
fn types_at(schema: &Json, steps: &[&str]) -> Types {
    let inner = |key: &str| schema.get(key).map_or(0, |schema| types_at(schema, steps));
    let any = |key: &str| {
        let list = schema.get(key).and_then(Json::as_array);
        list.into_iter()
            .flatten()
            .fold(0, |types, schema| types | types_at(schema, steps))
    };
    let around = inner("items") | any("anyOf") | any("oneOf") | any("allOf");
    let here = match steps.split_first() {
        None => named(schema.get("type")),
        Some((step, rest)) => {
            let member = schema
                .get("properties")
                .and_then(|members| members.get(*step));
            member.map_or(0, |schema| types_at(schema, rest))
        }
    };
    here | around
}

fn named(types: Option<&Json>) -> Types {
    let of = |word: &str| match word {
        "integer" => bit("number"),
        // A blank text counts as nothing here.
        "string" => bit("string") | bit("null"),
        other => bit(other),
    };
    match types {
        Some(Json::String(word)) => of(word),
        Some(Json::Array(words)) => words
            .iter()
            .filter_map(Json::as_str)
            .fold(0, |types, word| types | of(word)),
        _ => 0,
    }
}

/// What an operator must know of a mapping that does not fit any more; `None` when it does.
pub fn complaint(tally: &Tally, source: &Source) -> Option<Said> {
    let uses = Uses::of(source, &tally.event);
    let fallen = tally.fallen(|name| uses.fields.contains_key(name));
    let since = fallen.iter().filter_map(|(_, rate)| rate.fallen).min()?;
    let named = fallen.iter().take(NAMED).map(|(name, rate)| {
        let line = uses.fields.get(*name).map_or(0, |made| made.line);
        said!(
            "field-fell",
            "{name} ({now} of events, {before} before; {place})",
            name = *name,
            now = percent(rate.last),
            before = percent(rate.usual),
            place = format!("{}:{line}", source.file)
        )
    });
    let more = match fallen.len().saturating_sub(NAMED) {
        0 => None,
        more => Some(said!("and-more", "{count} more", count = more)),
    };
    Some(said!(
        "alarm-fields",
        "\"{event}\" events of endpoint \"{endpoint}\" fill less since {since}: {fields}. Did the sender rename a field? \
         GET /api/v1/health/mappings shows what comes instead; mend the mapping and replay",
        event = &tally.event,
        endpoint = &tally.endpoint,
        since = since,
        fields = said::together(named.chain(more))
    ))
}

fn percent(rate: f64) -> String {
    format!("{:.0} %", rate * 100.0)
}

/// The kinds by name, as the API tells them.
pub fn words(types: Types) -> Vec<String> {
    type_names(types).into_iter().map(str::to_owned).collect()
}
