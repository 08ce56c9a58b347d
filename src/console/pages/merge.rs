//! Two contacts that are one: who the other is, how the one would look, the merge, and undoing it; and the contacts
//! that the gateway itself is not sure about.

use std::collections::{BTreeSet, HashMap};

use actix_web::{HttpResponse, web};
use askama::Template;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::console::Console;
use crate::console::card::{self, Reading};
use crate::console::fault::Fault;
use crate::console::form::Form;
use crate::console::frame::Frame;
use crate::console::page;
use crate::console::pages::record::find;
use crate::console::pages::record_acts::told;
use crate::console::places::{Place, Who, get, post};
use crate::console::visitor::Insider;
use crate::model::change::Review;
use crate::model::field::Kind;
use crate::model::page::PageRequest;
use crate::model::record::Record;
use crate::process::edit::join::{self, Foreseen};
use crate::store::RecordFilter;

pub const PLACES: &[Place] = &[
    get("/contacts/{id}/merge", Who::Managers, |route| {
        route.to(show)
    }),
    post("/contacts/{id}/merge", Who::Managers, |route| {
        route.to(merge)
    }),
    post("/merges/{id}/undo", Who::Managers, |route| route.to(undo)),
    get("/duplicates", Who::Readers, |route| route.to(duplicates)),
];

/// Contacts that a search offers.
const OFFERED: usize = 20;
/// Possible duplicates on a page.
const LINES: usize = 50;

/// Who the other one is, or how to find them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Query {
    other: String,
    q: String,
}

#[derive(Template)]
#[template(path = "merge.html")]
struct Page<'v> {
    f: Frame<'v>,
    contact: Person,
    q: &'v str,
    /// What the search found.
    found: Vec<Person>,
    /// The look at the merge, once the other one was chosen.
    look: Option<Look>,
}

/// A contact to choose.
struct Person {
    id: Uuid,
    name: String,
    email: String,
    phone: String,
    company: String,
}

/// How the one contact would look.
struct Look {
    other: Person,
    lines: Vec<Line>,
    leads: u64,
    orders: u64,
    tickets: u64,
}

/// A field in which the two differ.
struct Line {
    field: String,
    kept: String,
    other: String,
    becomes: String,
    /// Which of the two would stand there, when one may be chosen.
    choice: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "duplicates.html")]
struct Duplicates<'v> {
    f: Frame<'v>,
    lines: Vec<Pair>,
    next: Option<String>,
}

/// Two contacts that may be one.
struct Pair {
    one: Person,
    other: Person,
    reason: String,
    at: Timestamp,
}

impl Person {
    fn of(record: &Record) -> Self {
        let text = |name: &str| card::text(record, name).unwrap_or_default();
        Person {
            id: record.id,
            name: card::title(record, None),
            email: text("email"),
            phone: text("phone"),
            company: text("company"),
        }
    }
}

async fn show(
    console: web::Data<Console>,
    insider: Insider,
    id: web::Path<String>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Fault> {
    let contact = find(&console, &insider, Kind::Contact, &id).await?;
    let look = match query.other.trim() {
        "" => None,
        other => {
            let other: Uuid = other.parse().map_err(|_| Fault::Missing)?;
            let store = console.store.as_ref();
            let seen = join::foresee(store, &insider.hand(), contact.id, other).await;
            let desk = store.desk().await?;
            let reading = Reading::new(&console, &insider, &desk);
            Some(look(reading, &seen.map_err(told)?))
        }
    };
    let found = match look {
        None => search(&console, &contact, &query.q).await?,
        Some(_) => Vec::new(),
    };
    page::shown(&Page {
        f: Frame::new(&insider, "contacts"),
        contact: Person::of(&contact),
        q: &query.q,
        found,
        look,
    })
}

/// Contacts that words find; without words, those that share the family name or the company.
async fn search(console: &Console, contact: &Record, q: &str) -> Result<Vec<Person>, Fault> {
    let guess = || {
        ["family_name", "full_name", "company"]
            .iter()
            .find_map(|it| card::text(contact, it))
    };
    let q = match q.trim() {
        "" => guess(),
        q => Some(q.to_owned()),
    };
    let Some(q) = q else {
        return Ok(Vec::new());
    };
    let filter = RecordFilter {
        q: Some(q),
        ..RecordFilter::default()
    };
    let request = PageRequest {
        limit: OFFERED,
        cursor: None,
    };
    let found = console
        .store
        .records(Kind::Contact, filter, request)
        .await?;
    let others = found.items.iter().filter(|it| it.id != contact.id);
    Ok(others.map(Person::of).collect())
}

fn look(reading: Reading<'_>, seen: &Foreseen) -> Look {
    let shown = |name: &str, value: &Value| card::cut(reading.flat(Kind::Contact, name, value));
    let lines = seen.fields.iter().map(|meeting| Line {
        field: meeting.field.clone(),
        kept: shown(&meeting.field, &meeting.kept),
        other: shown(&meeting.field, &meeting.other),
        becomes: shown(&meeting.field, &meeting.becomes),
        choice: meeting
            .is_choice()
            .then(|| match meeting.becomes == meeting.kept {
                true => "kept",
                false => "other",
            }),
    });
    let count = |kind| seen.moved.iter().filter(|it| it.kind == kind).count() as u64;
    Look {
        other: Person::of(&seen.other),
        lines: lines.collect(),
        leads: count(Kind::Lead),
        orders: count(Kind::Order),
        tickets: count(Kind::Ticket),
    }
}

async fn merge(
    console: web::Data<Console>,
    insider: Insider,
    id: web::Path<String>,
    form: Form,
) -> Result<HttpResponse, Fault> {
    let contact = find(&console, &insider, Kind::Contact, &id).await?;
    let other: Uuid = form.text("other").parse().map_err(|_| Fault::Missing)?;
    let store = console.store.as_ref();
    let hand = insider.hand();
    let seen = join::foresee(store, &hand, contact.id, other)
        .await
        .map_err(told)?;
    // What was chosen against what would stand there.
    let mut picks = BTreeSet::new();
    let desk = store.desk().await?;
    for line in look(Reading::new(&console, &insider, &desk), &seen).lines {
        let wanted = form.text(&format!("take.{}", line.field)).to_owned();
        if line
            .choice
            .is_some_and(|stands| !wanted.is_empty() && wanted != stands)
        {
            picks.insert(line.field);
        }
    }
    let made = join::join(store, &hand, (contact.id, other), picks).await;
    made.map_err(told)?;
    Ok(page::onward(&format!(
        "/contacts/{}?done=merged",
        contact.id
    )))
}

async fn undo(
    console: web::Data<Console>,
    insider: Insider,
    id: web::Path<String>,
) -> Result<HttpResponse, Fault> {
    let id: Uuid = id.parse().map_err(|_| Fault::Missing)?;
    let undone = join::undo(console.store.as_ref(), &insider.hand(), id).await;
    let row = undone.map_err(told)?;
    Ok(page::onward(&format!(
        "/contacts/{}?done=unmerged",
        row.kept
    )))
}

/// From where the list goes on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Cursor {
    cursor: String,
}

async fn duplicates(
    console: web::Data<Console>,
    insider: Insider,
    query: web::Query<Cursor>,
) -> Result<HttpResponse, Fault> {
    let request = PageRequest {
        limit: LINES,
        cursor: Some(query.cursor.clone()).filter(|it| !it.is_empty()),
    };
    let found = console.store.reviews(request).await?;
    let ids = found
        .items
        .iter()
        .flat_map(|review| [review.record, review.other]);
    let ids = ids.map(|id| (Kind::Contact, id)).collect();
    let contacts = console.store.records_by_id(ids).await?;
    let alive = contacts.iter().filter(|it| it.deleted_at.is_none());
    let alive: HashMap<Uuid, &Record> = alive.map(|it| (it.id, it)).collect();
    let pair = |review: Review| {
        Some(Pair {
            one: Person::of(alive.get(&review.record)?),
            other: Person::of(alive.get(&review.other)?),
            reason: insider.words.said(&review.reason),
            at: review.at,
        })
    };
    page::shown(&Duplicates {
        f: Frame::new(&insider, "contacts"),
        lines: found.items.into_iter().filter_map(pair).collect(),
        next: found.next.map(|cursor| format!("cursor={cursor}")),
    })
}
