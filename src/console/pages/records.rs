//! Contacts, leads, orders and tickets: lists to filter and search. A rep is shown their own leads and nothing else.

use std::collections::HashMap;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use crate::console::Console;
use crate::console::card::{self, Reading};
use crate::console::fault::Fault;
use crate::console::frame::Frame;
use crate::console::page;
use crate::console::places::{Group, Place, Who, get};
use crate::console::visitor::Insider;
use crate::model::desk::Desk;
use crate::model::field::{FieldType, Kind};
use crate::model::page::PageRequest;
use crate::model::record::Record;
use crate::store::RecordFilter;

pub const PLACES: &[Place] = &[
    get("/contacts", Who::Readers, |route| route.to(show)).named(Group::Records, "contacts"),
    get("/leads", Who::SignedIn, |route| route.to(show)).named(Group::Records, "leads"),
    get("/orders", Who::Readers, |route| route.to(show)).named(Group::Records, "orders"),
    get("/tickets", Who::Readers, |route| route.to(show)).named(Group::Records, "tickets"),
];

/// Records on a page.
const LINES: usize = 50;

/// Which records, and from where.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Query {
    q: String,
    status: String,
    owner: String,
    cursor: String,
}

#[derive(Template)]
#[template(path = "records.html")]
struct Page<'v> {
    f: Frame<'v>,
    kind: Kind,
    query: &'v Query,
    /// The words a status may be; empty for kinds without one.
    statuses: &'static [&'static str],
    /// The reps to filter by, handle and name; empty where there is nothing to choose.
    owners: Vec<(String, String)>,
    /// Messages over the columns between the name and the time.
    columns: &'static [&'static str],
    lines: Vec<Line>,
    /// Query of the older page.
    next: Option<String>,
    is_open: bool,
}

/// A record as it is listed.
struct Line {
    id: Uuid,
    title: String,
    /// A second line under the title.
    detail: String,
    status: Option<String>,
    tone: &'static str,
    cells: Vec<String>,
    at: Timestamp,
    is_test: bool,
}

async fn show(
    console: web::Data<Console>,
    insider: Insider,
    request: HttpRequest,
    query: web::Query<Query>,
) -> Result<HttpResponse, Fault> {
    let kind = card::kind_of(request.path()).ok_or(Fault::Missing)?;
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let statuses = statuses(kind);
    let status = given(&query.status);
    if let Some(word) = status.as_deref().filter(|word| !statuses.contains(word)) {
        return Err(Fault::no_status(word, statuses));
    }
    let only = insider.account.only().map(str::to_owned);
    let filter = RecordFilter {
        email: None,
        status,
        owner: only.clone().or_else(|| given(&query.owner)),
        since: None,
        q: given(&query.q),
    };
    let request = PageRequest {
        limit: LINES,
        cursor: given(&query.cursor),
    };
    let found = console.store.records(kind, filter, request).await?;
    let contacts = contacts_of(&console, &found.items).await?;
    let desk = console.store.desk().await?;
    let reading = Reading::new(&console, &insider, &desk);
    let lines = found.items.iter().map(|record| {
        let contact = card::link(record, "contact").and_then(|id| contacts.get(&id));
        line(reading, record, contact)
    });
    page::shown(&Page {
        kind,
        query: &query,
        statuses,
        owners: match only {
            None if kind.field("owner").is_some() => owners(&desk),
            _ => Vec::new(),
        },
        columns: columns(kind),
        lines: lines.collect(),
        next: found.next.map(|cursor| older(&query, &cursor)),
        is_open: [&query.q, &query.status, &query.owner]
            .iter()
            .all(|it| it.is_empty()),
        f: Frame::new(&insider, kind.plural()),
    })
}

/// The contacts that records belong to, by id.
pub async fn contacts_of(
    console: &Console,
    records: &[Record],
) -> Result<HashMap<Uuid, Record>, Fault> {
    let mut ids: Vec<(Kind, Uuid)> = records
        .iter()
        .filter_map(|record| card::link(record, "contact"))
        .map(|id| (Kind::Contact, id))
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let found = console.store.records_by_id(ids).await?;
    Ok(found
        .into_iter()
        .map(|record| (record.id, record))
        .collect())
}

/// Whom leads are of, as far as it is known.
pub async fn names_of(console: &Console, leads: &[Record]) -> Result<HashMap<Uuid, String>, Fault> {
    let contacts = contacts_of(console, leads).await?;
    let named = leads.iter().map(|lead| {
        let contact = card::link(lead, "contact").and_then(|id| contacts.get(&id));
        (lead.id, card::title(lead, contact))
    });
    Ok(named.collect())
}

fn owners(desk: &Desk) -> Vec<(String, String)> {
    let reps = desk.reps.iter();
    reps.map(|rep| (rep.handle.clone(), rep.name.clone()))
        .collect()
}

/// The words a record's status may be.
pub fn statuses(kind: Kind) -> &'static [&'static str] {
    match kind.field("status").map(|field| &field.of) {
        Some(FieldType::OneOf(words)) => words,
        _ => &[],
    }
}

fn columns(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Contact => &["email", "phone", "company"],
        Kind::Lead => &["source", "owner"],
        Kind::Order => &["contact", "total"],
        Kind::Ticket => &["contact", "priority", "owner"],
    }
}

fn line(reading: Reading<'_>, record: &Record, contact: Option<&Record>) -> Line {
    let text = |name: &str| match record.fields.get(name) {
        Some(value) => reading.flat(record.kind, name, value),
        None => String::new(),
    };
    let whose = || contact.map_or_else(String::new, |contact| card::title(contact, None));
    let (detail, cells) = match record.kind {
        Kind::Contact => (
            text("job_title"),
            vec![text("email"), text("phone"), text("company")],
        ),
        Kind::Lead => (
            card::about(record).unwrap_or_default(),
            vec![text("source"), text("owner")],
        ),
        Kind::Order => {
            let total = format!("{} {}", text("total"), text("currency"));
            (String::new(), vec![whose(), total.trim().to_owned()])
        }
        Kind::Ticket => (
            text("category"),
            vec![whose(), text("priority"), text("owner")],
        ),
    };
    let status = card::text(record, "status");
    Line {
        id: record.id,
        title: card::title(record, contact),
        detail,
        tone: status.as_deref().map_or("", card::tone),
        status,
        cells,
        at: record.created_at,
        is_test: record.fields.get("test").is_some_and(|it| it == true),
    }
}

fn older(query: &Query, cursor: &str) -> String {
    let mut text = form_urlencoded::Serializer::new(String::new());
    for (name, value) in [
        ("q", &query.q),
        ("status", &query.status),
        ("owner", &query.owner),
    ] {
        if !value.trim().is_empty() {
            text.append_pair(name, value.trim());
        }
    }
    text.append_pair("cursor", cursor);
    text.finish()
}
