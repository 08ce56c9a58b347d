//! Dry runs: what a body would become, and what a replay would change. Nothing is written.

use std::collections::VecDeque;

use serde::Serialize;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::merge::names::put_together;
use crate::model::change::{Change, ChangeKind, FieldChange};
use crate::model::event::{Claimed, EventStatus, Violation};
use crate::model::field::{FIRST_STATUS, Kind};
use crate::model::record::{Draft, Fields};
use crate::model::request::RawRequest;
use crate::model::said::Said;
use crate::process::map::map_known;
use crate::process::plan::{Context, Planned, plan};
use crate::process::recipe::{EventRecipe, Recipe};
use crate::process::recipes::Recipes;
use crate::process::understand::{OpenError, Understood, open, understand};
use crate::said;
use crate::source::envelope::Part;
use crate::store::{HeldOwned, RecordWrite, Records, Settlement, StoreError};

/// What a request would become, in the shape of the contract's `try`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TryReport {
    pub source: String,
    /// Of a batch: the type that all its events share, else null.
    pub event: Option<String>,
    /// Null in a batch of several.
    pub delivery_id: Option<String>,
    /// Filled when something would be quarantined: paths lead into the body, or into the record that a mapping could not
    /// make (`/order/total`).
    pub violations: Vec<Violation>,
    /// Parts that are understood and of no interest.
    pub ignored: usize,
    /// In the order of the events' own times; none when something is wrong, for a person wants to see that first.
    pub records: Vec<TryRecord>,
}

/// One record as it would be if nothing was known of it before: what the gateway itself completes is complete, but ids of
/// its own, owners and links, which only a store can tell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TryRecord {
    pub kind: Kind,
    /// Of the record's event; absent where the request is one event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery_id: Option<String>,
    pub fields: Fields,
    /// How the sender knew it before this event, where the event says that this changed.
    #[serde(skip_serializing_if = "Fields::is_empty")]
    pub previous: Fields,
    /// The event only names it; the rest has to be fetched from the sender's API.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub needs_fetch: bool,
    /// The event says that the sender deleted it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
    /// The event only names it for the others to link to: it is not made when it is not known.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub existing: bool,
}

/// What a replay would change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EventDiff {
    pub event: Uuid,
    /// What the event would be afterwards; `pending` when it has to be fetched first.
    pub status: EventStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Said>,
    /// Records that would change; those that would stay as they are are left out.
    pub records: Vec<RecordDiff>,
}

/// One record's difference.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RecordDiff {
    pub kind: Kind,
    /// Null when the record would be new.
    pub id: Option<Uuid>,
    pub what: Vec<ChangeKind>,
    pub changes: Vec<FieldChange>,
}

/// Runs a request through a recipe. `fetched` are answers of the sender's API for its thin events: one with the `id` of
/// an event belongs to that event, the others are given out in the order of the events and of their fetches.
///
/// # Errors
/// A body that does not parse, or an envelope that cannot be read.
pub fn try_body(
    recipe: &Recipe,
    request: &RawRequest,
    fetched: &[Json],
) -> Result<TryReport, OpenError> {
    let opened = open(recipe, request)?;
    let mut parts: Vec<&Part> = opened.parts.iter().collect();
    parts.sort_by_key(|part| part.time.unwrap_or(request.received_at));
    let mut answers = Answers::new(recipe, &parts, fetched);
    let mut report = TryReport {
        event: shared_type(&parts),
        delivery_id: match parts.as_slice() {
            [part] => part.id.clone(),
            _ => None,
        },
        ..TryReport::empty(&recipe.source)
    };
    for part in parts {
        let mut known: Option<Json> = None;
        loop {
            let understood = understand(recipe, &opened.body, part, known.as_ref());
            if let Understood::Thin { event, fetch, .. } = &understood
                && let Some(fetch) = event.fetches.get(*fetch)
                && let Some(answer) = answers.take(part).cloned().or_else(|| fetch.without())
            {
                known = Some(fetch.with_answer(known.take(), answer));
                continue;
            }
            report.add(recipe, part, understood);
            break;
        }
    }
    if !report.violations.is_empty() {
        report.records.clear();
    }
    Ok(report)
}

/// The answers of the sender's API that a dry run was given.
struct Answers<'f> {
    /// By the position of the part they belong to.
    own: Vec<(u32, &'f Json)>,
    rest: VecDeque<&'f Json>,
}

impl<'f> Answers<'f> {
    fn new(recipe: &Recipe, parts: &[&Part], fetched: &'f [Json]) -> Self {
        let is_thin = |part: &&&Part| {
            let event = part.spec.and_then(|spec| recipe.events.get(spec));
            event.is_some_and(|event| !event.fetches.is_empty())
        };
        let mut own: Vec<(u32, &Json)> = Vec::new();
        let mut rest = VecDeque::new();
        for answer in fetched {
            let id = answer.get("id").map(|id| match id.as_str() {
                Some(text) => text.to_owned(),
                None => id.to_string(),
            });
            let part = parts.iter().filter(is_thin).find(|part| {
                id.is_some() && part.id == id && own.iter().all(|(of, _)| *of != part.index)
            });
            match part {
                Some(part) => own.push((part.index, answer)),
                None => rest.push_back(answer),
            }
        }
        Answers { own, rest }
    }

    /// The next answer for a part: its own first.
    fn take(&mut self, part: &Part) -> Option<&'f Json> {
        match self.own.iter().position(|(of, _)| *of == part.index) {
            Some(at) => Some(self.own.remove(at).1),
            None => self.rest.pop_front(),
        }
    }
}

fn shared_type(parts: &[&Part]) -> Option<String> {
    let (first, rest) = parts.split_first()?;
    rest.iter()
        .all(|part| part.event_type == first.event_type)
        .then(|| first.event_type.clone())
}

impl TryReport {
    /// Of a request that holds no events.
    pub fn empty(source: &str) -> Self {
        TryReport {
            source: source.to_owned(),
            event: None,
            delivery_id: None,
            violations: Vec::new(),
            ignored: 0,
            records: Vec::new(),
        }
    }

    fn add(&mut self, recipe: &Recipe, part: &Part, understood: Understood<'_>) {
        match understood {
            Understood::Ignored(_) => self.ignored += 1,
            Understood::Violates { violations, .. }
            | Understood::AnswerViolates { violations, .. } => self.violations.extend(violations),
            Understood::Unnamed(unnamed) => self.violations.push(Violation {
                path: String::new(),
                message: match unnamed.is_outside {
                    true => said!(
                        "name-by-header",
                        "{why}; give the header that names it with --header",
                        why = unnamed.said()
                    ),
                    false => unnamed.said(),
                },
            }),
            Understood::Faulty(error) => self.violations.push(Violation {
                path: error.pointer(),
                message: error.said(),
            }),
            Understood::Records(drafts) => {
                let records = drafts
                    .into_iter()
                    .map(|draft| TryRecord::whole(part, draft));
                self.records.extend(records);
            }
            Understood::Thin { event, names, .. } => {
                let mut drafts = map_known(recipe, event, &names);
                if drafts.is_empty() {
                    drafts.extend(unknown(event));
                }
                self.records
                    .extend(drafts.into_iter().map(|draft| TryRecord {
                        needs_fetch: true,
                        ..TryRecord::of(part, draft)
                    }));
            }
        }
    }
}

/// The record that the event is about, when not even an id of it is known.
fn unknown(event: &EventRecipe) -> Option<Draft> {
    event.records.last().map(|record| Draft::new(record.kind))
}

impl TryRecord {
    /// As it would be stored of a first event.
    fn whole(part: &Part, mut draft: Draft) -> Self {
        if !draft.deleted {
            complete(draft.kind, &mut draft.fields);
        }
        TryRecord::of(part, draft)
    }

    fn of(part: &Part, draft: Draft) -> Self {
        let in_batch = part.item.is_some();
        TryRecord {
            kind: draft.kind,
            event: in_batch.then(|| part.event_type.clone()),
            delivery_id: part.id.clone().filter(|_| in_batch),
            fields: draft.fields,
            previous: draft.previous,
            needs_fetch: false,
            deleted: draft.deleted,
            existing: draft.existing,
        }
    }
}

/// What a new record is given by the gateway itself: a whole name put together, the status that leads begin with.
fn complete(kind: Kind, fields: &mut Fields) {
    match kind {
        Kind::Contact if !fields.contains_key("full_name") => {
            if let Some(full) = put_together(fields) {
                fields.insert("full_name", Json::from(full));
            }
        }
        Kind::Lead if !fields.contains_key("status") => {
            fields.insert("status", Json::from(FIRST_STATUS));
        }
        Kind::Contact | Kind::Lead | Kind::Order | Kind::Ticket => {}
    }
}

impl RecordDiff {
    /// A creation tells its fields in the record alone.
    fn of(change: Change, records: &[RecordWrite]) -> Self {
        let is_new = change.what.contains(&ChangeKind::Created);
        let written = records.iter().find(|it| it.record.id == change.record);
        let changes = match written.filter(|_| is_new) {
            Some(write) => write
                .record
                .fields
                .iter()
                .map(|(field, to)| FieldChange {
                    field: field.to_owned(),
                    from: Json::Null,
                    to: to.clone(),
                })
                .collect(),
            None => change.changed,
        };
        RecordDiff {
            kind: change.kind,
            id: (!is_new).then_some(change.record),
            what: change.what,
            changes,
        }
    }
}

/// What a replay of `claimed` would change, given what the store holds now.
///
/// # Errors
/// The store's.
pub async fn foresee(
    store: &dyn Records,
    recipes: &Recipes,
    claimed: &Claimed,
    context: &Context,
) -> Result<EventDiff, StoreError> {
    let event = &claimed.event;
    let ended = |status: EventStatus, reason: Said| EventDiff {
        event: event.id,
        status,
        reason: Some(reason),
        records: Vec::new(),
    };
    let Some(recipe) = recipes.of_event(&event.endpoint, &event.source) else {
        let reason = said!(
            "no-source",
            "there is no source \"{source}\" any more",
            source = &event.source
        );
        return Ok(ended(EventStatus::Quarantined, reason));
    };
    match plan(&recipe, claimed, context) {
        Planned::Settle(settlement) => {
            let held = store.held(settlement.wanted.clone()).await?;
            Ok(diff(&settlement, &held))
        }
        Planned::Conclude(conclusion) => Ok(ended(conclusion.status, conclusion.reason)),
        Planned::NeedsFetch(_) => Ok(ended(
            EventStatus::Pending,
            said!(
                "fetched-first",
                "will be fetched from the sender's API first"
            ),
        )),
    }
}

/// What a settlement would change in what is held.
pub fn diff(settlement: &Settlement, held: &HeldOwned) -> EventDiff {
    let writes = (settlement.decide)(&held.as_held());
    let changes = writes.changes.into_iter();
    let records = changes.map(|change| RecordDiff::of(change, &writes.records));
    let records = records.collect();
    EventDiff {
        event: settlement.event,
        status: writes.status,
        reason: writes.reason,
        records,
    }
}
