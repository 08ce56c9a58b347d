//! One contact, lead, order or ticket: what it says and who told it, what happened to it, what can be done.

use std::collections::HashMap;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::console::Console;
use crate::console::card::{self, Reading};
use crate::console::fault::Fault;
use crate::console::formula;
use crate::console::frame::Frame;
use crate::console::page;
use crate::console::pages::records::{contacts_of, statuses};
use crate::console::places::{Place, Who, get};
use crate::console::verdict;
use crate::console::visitor::Insider;
use crate::merge::by_hand;
use crate::model::change::{Change, ChangeKind, FieldChange};
use crate::model::desk::Desk;
use crate::model::field::Kind;
use crate::model::page::PageRequest;
use crate::model::record::Record;
use crate::store::DecisionRow;
use crate::store::edits::{JoinRow, NoteRow};

pub const PLACES: &[Place] = &[
    get("/contacts/{id}", Who::Readers, |route| route.to(show)),
    get("/leads/{id}", Who::SignedIn, |route| route.to(show)),
    get("/orders/{id}", Who::Readers, |route| route.to(show)),
    get("/tickets/{id}", Who::Readers, |route| route.to(show)),
];

/// Changes on a page of the timeline.
const CHANGES: usize = 20;
/// Leads, orders and tickets shown with their contact, of each kind.
const LINKED: usize = 10;

/// Where the timeline goes on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Query {
    before: String,
}

#[derive(Template)]
#[template(path = "record.html")]
struct Page<'v> {
    f: Frame<'v>,
    record: &'v Record,
    title: String,
    status: Option<String>,
    tone: &'static str,
    statuses: &'static [&'static str],
    fields: Vec<Field>,
    /// Those who may write: what they see depends on it.
    may_edit: bool,
    may_work: bool,
    /// The lead waits to be accepted.
    is_fresh: bool,
    /// Whom the lead could be handed to: handle and name.
    reps: Vec<(String, String)>,
    contact: Option<Person>,
    order: Option<(Uuid, String)>,
    linked: Vec<Linked>,
    decision: Option<DecisionRow>,
    /// What came of that, in a sentence.
    why: String,
    joins: Vec<Merged>,
    /// Its sender deleted it; it was not taken into another contact.
    is_deleted: bool,
    notes: Vec<NoteRow>,
    steps: Vec<Step>,
    /// Cursor of the older part of the timeline.
    older: Option<String>,
}

/// A field with where it came from.
struct Field {
    name: String,
    /// Names it in an address.
    query: String,
    lines: Vec<String>,
    locked: bool,
    editable: bool,
    origin: Option<Origin>,
}

/// Where a value came from.
struct Origin {
    source: String,
    event: Uuid,
    at: Option<Timestamp>,
    by_hand: bool,
    /// The formula, and where that stands.
    formula: Option<(String, String)>,
}

/// The contact of a lead, order or ticket, as far as a rep needs it.
struct Person {
    id: Uuid,
    name: String,
    email: Option<String>,
    phone: Option<String>,
    company: Option<String>,
    is_gone: bool,
}

/// A lead, order or ticket of a contact.
struct Linked {
    kind: Kind,
    id: Uuid,
    title: String,
    status: Option<String>,
    tone: &'static str,
    at: Timestamp,
}

/// A merge that the contact was part of.
struct Merged {
    row: JoinRow,
    /// The other contact of the two.
    other: Uuid,
    name: String,
    was_kept: bool,
}

/// A change in the timeline.
struct Step {
    kind: Kind,
    record: Uuid,
    /// It is about another record: a lead of this contact.
    is_other: bool,
    what: Vec<&'static str>,
    tone: &'static str,
    who: String,
    event: Option<Uuid>,
    at: Timestamp,
    changed: Vec<Difference>,
}

/// A field before and after.
struct Difference {
    field: String,
    before: String,
    after: String,
    /// The record that it now names.
    link: Option<String>,
}

async fn show(
    console: web::Data<Console>,
    insider: Insider,
    request: HttpRequest,
    id: web::Path<String>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Fault> {
    let kind = card::kind_of(request.path()).ok_or(Fault::Missing)?;
    let record = find(&console, &insider, kind, &id).await?;
    let before = Some(query.before.clone()).filter(|it| !it.is_empty());
    page::shown(&of(&console, &insider, &record, before).await?)
}

/// A record that the reader may see. Somebody else's lead is not there for a rep.
pub async fn find(
    console: &Console,
    insider: &Insider,
    kind: Kind,
    id: &str,
) -> Result<Record, Fault> {
    let id: Uuid = id.parse().map_err(|_| Fault::Missing)?;
    let record = console
        .store
        .record(kind, id)
        .await?
        .ok_or(Fault::Missing)?;
    match insider.account.only() {
        Some(rep) if card::text(&record, "owner").as_deref() != Some(rep) => Err(Fault::Missing),
        _ => Ok(record),
    }
}

async fn of<'v>(
    console: &Console,
    insider: &'v Insider,
    record: &'v Record,
    before: Option<String>,
) -> Result<Page<'v>, Fault> {
    let f = Frame::new(insider, record.kind.plural());
    let contacts = contacts_of(console, std::slice::from_ref(record)).await?;
    let contact = contacts.into_values().next();
    let desk = console.store.desk().await?;
    let reading = Reading::new(console, insider, &desk);
    let timeline = PageRequest {
        limit: CHANGES,
        cursor: before,
    };
    let timeline = console.store.timeline(record.id, timeline).await?;
    let is_alive = record.deleted_at.is_none();
    let plural = record.kind.plural();
    let may_edit = is_alive && f.may_post(&format!("/{plural}/{{id}}/edit"));
    let may_work = is_alive && f.may_post(&format!("/{plural}/{{id}}/notes"));
    let status = card::text(record, "status");
    let joins = joins(console, record).await?;
    let is_taken = |join: &Merged| !join.was_kept && join.row.undone_at.is_none();
    let decision = match record.kind {
        Kind::Lead => console.store.decision(record.id).await?,
        _ => None,
    };
    Ok(Page {
        is_deleted: !is_alive && !joins.iter().any(is_taken),
        title: card::title(record, contact.as_ref()),
        tone: status.as_deref().map_or("", card::tone),
        is_fresh: matches!(status.as_deref(), None | Some("new" | "assigned")),
        status,
        statuses: statuses(record.kind),
        fields: fields(reading, record),
        may_edit,
        may_work,
        reps: match record.kind {
            Kind::Lead if may_edit => reps(&desk, record),
            _ => Vec::new(),
        },
        order: order(console, record).await?,
        linked: linked(console, record).await?,
        why: match &decision {
            Some(row) => verdict::of(insider.words, &desk, &row.trace).summary,
            None => String::new(),
        },
        decision,
        joins,
        notes: console.store.notes(record.kind, record.id).await?,
        steps: timeline
            .items
            .into_iter()
            .map(|change| step(reading, record, change))
            .collect(),
        older: timeline.next,
        contact: contact.map(person),
        record,
        f,
    })
}

/// The active reps besides the lead's owner.
fn reps(desk: &Desk, lead: &Record) -> Vec<(String, String)> {
    let owner = card::text(lead, "owner");
    let others = desk
        .reps
        .iter()
        .filter(|rep| rep.active && owner.as_ref() != Some(&rep.handle))
        .map(|rep| (rep.handle.clone(), rep.name.clone()));
    others.collect()
}

fn person(contact: Record) -> Person {
    Person {
        id: contact.id,
        name: card::title(&contact, None),
        email: card::text(&contact, "email"),
        phone: card::text(&contact, "phone"),
        company: card::text(&contact, "company"),
        is_gone: contact.deleted_at.is_some(),
    }
}

async fn order(console: &Console, record: &Record) -> Result<Option<(Uuid, String)>, Fault> {
    let Some(id) = card::link(record, "order") else {
        return Ok(None);
    };
    let order = console.store.record(Kind::Order, id).await?;
    Ok(order.map(|order| (id, card::title(&order, None))))
}

async fn linked(console: &Console, record: &Record) -> Result<Vec<Linked>, Fault> {
    if record.kind != Kind::Contact {
        return Ok(Vec::new());
    }
    let found = console.store.linked(record.id, LINKED).await?;
    let shown = found.into_iter().map(|record| {
        let status = card::text(&record, "status");
        Linked {
            kind: record.kind,
            id: record.id,
            title: match record.kind {
                Kind::Lead => card::about(&record),
                _ => None,
            }
            .unwrap_or_else(|| card::title(&record, None)),
            tone: status.as_deref().map_or("", card::tone),
            status,
            at: record.created_at,
        }
    });
    Ok(shown.collect())
}

async fn joins(console: &Console, record: &Record) -> Result<Vec<Merged>, Fault> {
    if record.kind != Kind::Contact {
        return Ok(Vec::new());
    }
    let rows = console.store.joins(record.id).await?;
    let other = |row: &JoinRow| match row.kept == record.id {
        true => row.other,
        false => row.kept,
    };
    let ids = rows.iter().map(|row| (Kind::Contact, other(row)));
    let names = console.store.records_by_id(ids.collect()).await?;
    let names: HashMap<Uuid, String> = names
        .iter()
        .map(|contact| (contact.id, card::title(contact, None)))
        .collect();
    let shown = rows.into_iter().map(|row| {
        let other = other(&row);
        Merged {
            other,
            name: names.get(&other).cloned().unwrap_or_default(),
            was_kept: row.kept == record.id,
            row,
        }
    });
    Ok(shown.collect())
}

/// The fields in the registry's order, parts that are merged one by one on lines of their own; links have their cards.
fn fields(reading: Reading<'_>, record: &Record) -> Vec<Field> {
    let mut shown = Vec::new();
    for known in record.kind.fields() {
        if matches!(known.name, "contact" | "order") {
            continue;
        }
        let names = parts_of(record, known.name);
        for name in names {
            let value = formula::value(&record.fields, &name);
            let locked = record
                .meta
                .fields
                .get(name.as_str())
                .is_some_and(|meta| meta.locked);
            let lines = match value {
                Some(value) => reading.field(record.kind, &name, value),
                None if locked => vec!["–".to_owned()],
                None => continue,
            };
            shown.push(Field {
                lines,
                locked,
                editable: by_hand::is_editable(record.kind, &name),
                origin: origin(reading, record, &name),
                query: form_urlencoded::Serializer::new(String::new())
                    .append_pair("field", &name)
                    .finish(),
                name,
            });
        }
    }
    shown
}

/// A field, or the members of one that is merged member by member.
fn parts_of(record: &Record, name: &str) -> Vec<String> {
    match record.fields.get(name) {
        Some(Value::Object(members)) if matches!(name, "custom" | "attribution") => members
            .keys()
            .map(|member| format!("{name}.{member}"))
            .collect(),
        _ => vec![name.to_owned()],
    }
}

/// Where a value came from: of a list that is united, its newest entry.
fn origin(reading: Reading<'_>, record: &Record, name: &str) -> Option<Origin> {
    let meta = &record.meta;
    let prefix = format!("{name}.");
    let newest = || {
        let parts = meta
            .fields
            .iter()
            .filter(|(key, _)| key.starts_with(&prefix));
        let at = |field: &crate::model::record::FieldMeta| {
            meta.origins.get(field.origin as usize).map(|it| it.at_ms)
        };
        parts.map(|(_, field)| field).max_by_key(|field| at(field))
    };
    let field = meta.fields.get(name).or_else(newest)?;
    let origin = meta.origins.get(field.origin as usize)?;
    let source = reading.console.catalog.get(&origin.source);
    let by_hand = field.line == 0 && (field.locked || source.is_none());
    let formula = source.filter(|_| field.line > 0).and_then(|source| {
        let text = formula::at(source, (record.kind, name), field.line)?;
        Some((text, format!("{}:{}", source.file, field.line)))
    });
    Some(Origin {
        source: match by_hand {
            true => origin.source.clone(),
            false => reading.console.title_of(reading.words, &origin.source),
        },
        event: origin.event,
        at: Timestamp::from_millisecond(origin.at_ms).ok(),
        by_hand,
        formula,
    })
}

fn step(reading: Reading<'_>, record: &Record, change: Change) -> Step {
    let hidden = [ChangeKind::Updated];
    let many = change.what.len() > 1;
    let what = change
        .what
        .iter()
        .filter(|what| !(many && hidden.contains(what)))
        .map(|what| word(*what));
    Step {
        kind: change.kind,
        record: change.record,
        is_other: change.record != record.id,
        what: what.collect(),
        tone: match change.what.first() {
            Some(ChangeKind::Created) => "good",
            Some(ChangeKind::Deleted) => "bad",
            Some(ChangeKind::Noted) => "warn",
            _ => "",
        },
        who: reading.console.title_of(reading.words, &change.source),
        event: change.event,
        at: change.at,
        changed: change
            .changed
            .into_iter()
            .map(|it| difference(reading, change.kind, it))
            .collect(),
    }
}

/// What names another record is a link to it, and not its number.
fn difference(reading: Reading<'_>, kind: Kind, change: FieldChange) -> Difference {
    let words = reading.words;
    let plural = match &*change.field {
        "contact" | "merged_from" | "merged_into" | "unmerged_from" => Some("contacts"),
        "order" => Some("orders"),
        _ => None,
    };
    match (plural, change.to.as_str()) {
        (Some(plural), Some(id)) => Difference {
            before: card::short(words, &Value::Null),
            after: words.say("record-this"),
            link: Some(format!("/{plural}/{id}")),
            field: change.field,
        },
        _ => Difference {
            before: card::cut(reading.flat(kind, &change.field, &change.from)),
            after: card::cut(reading.flat(kind, &change.field, &change.to)),
            link: None,
            field: change.field,
        },
    }
}

/// The message `change-WORD`.
fn word(what: ChangeKind) -> &'static str {
    match what {
        ChangeKind::Created => "created",
        ChangeKind::Updated => "updated",
        ChangeKind::StatusChanged => "status",
        ChangeKind::Assigned => "assigned",
        ChangeKind::Deleted => "deleted",
        ChangeKind::Noted => "noted",
        ChangeKind::Merged => "merged",
        ChangeKind::Unmerged => "unmerged",
    }
}
