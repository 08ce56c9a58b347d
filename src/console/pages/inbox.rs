//! The inbox: every event, newest first, as they come in.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::console::Console;
use crate::console::fault::Fault;
use crate::console::frame::Frame;
use crate::console::page;
use crate::console::pages::inbox_filter::Query;
use crate::console::places::{Group, Place, Who, get};
use crate::console::stream;
use crate::console::visitor::Insider;
use crate::console::when;
use crate::model::event::{Event, EventStatus, SPAM};

pub const PLACES: &[Place] = &[
    get("/inbox", Who::Readers, |route| route.to(show)).named(Group::Desk, "inbox"),
    get("/live/inbox", Who::Readers, |route| route.to(live)),
];

/// Why events are quarantined, failed or ignored; each has a message `code-WORD`.
pub const CODES: [&str; 14] = [
    SPAM,
    "schema_violation",
    "mapping_failed",
    "malformed_body",
    "event_unnamed",
    "envelope_failed",
    "part_missing",
    "fetch_failed",
    "answer_violation",
    "body_expired",
    "endpoint_gone",
    "source_gone",
    "not_stored",
    "defect",
];

/// Events on a page.
const LINES: usize = 50;

#[derive(Template)]
#[template(path = "inbox.html")]
struct Inbox<'v> {
    f: Frame<'v>,
    query: &'v Query,
    statuses: [&'static str; 5],
    codes: [&'static str; 14],
    endpoints: Vec<String>,
    /// Name and title.
    sources: Vec<(String, String)>,
    lines: Vec<Line>,
    /// Query of the older page.
    next: Option<String>,
    /// Query of this filter without a cursor.
    here: String,
    /// The first page follows what comes in.
    follows: bool,
}

/// The part that is sent again when something came in.
#[derive(Template)]
#[template(path = "inbox_live.html")]
struct Live<'v> {
    f: Frame<'v>,
    query: &'v Query,
    lines: Vec<Line>,
    next: Option<String>,
}

/// An event as it is listed.
pub struct Line {
    pub event: Event,
    /// From receipt to the end, where that says something.
    pub took: Option<String>,
}

impl Line {
    pub fn of(event: Event) -> Self {
        Line {
            took: event.took_ms().map(when::length),
            event,
        }
    }

    /// The colour of its status.
    pub fn tone(&self) -> &'static str {
        tone(self.event.status)
    }
}

/// The colour of a status.
pub fn tone(status: EventStatus) -> &'static str {
    match status {
        EventStatus::Processed => "good",
        EventStatus::Quarantined => "warn",
        EventStatus::Failed => "bad",
        EventStatus::Pending | EventStatus::Ignored => "",
    }
}

async fn show(
    console: web::Data<Console>,
    insider: Insider,
    query: web::Query<Query>,
) -> Result<HttpResponse, Fault> {
    let (lines, next) = find(&console, &insider, &query).await?;
    page::shown(&Inbox {
        f: Frame::new(&insider, "inbox"),
        query: &query,
        statuses: EventStatus::ALL.map(EventStatus::as_str),
        codes: CODES,
        endpoints: console.endpoints(),
        sources: console.sources(insider.words),
        lines,
        next,
        here: query.address(None),
        follows: query.cursor.is_empty(),
    })
}

async fn find(
    console: &Console,
    insider: &Insider,
    query: &Query,
) -> Result<(Vec<Line>, Option<String>), Fault> {
    let filter = query.filter(&insider.zone)?;
    let found = console.store.events(filter, query.page(LINES)).await?;
    let next = found.next.map(|cursor| query.address(Some(&cursor)));
    Ok((found.items.into_iter().map(Line::of).collect(), next))
}

async fn live(
    console: web::Data<Console>,
    insider: Insider,
    query: web::Query<Query>,
) -> Result<HttpResponse, Fault> {
    let query = query.into_inner();
    query.filter(&insider.zone)?;
    Ok(stream::of(console, insider, move |console, insider| {
        part(console, insider, query.clone())
    }))
}

async fn part(
    console: web::Data<Console>,
    insider: Insider,
    query: Query,
) -> Result<String, Fault> {
    let (lines, next) = find(&console, &insider, &query).await?;
    let live = Live {
        f: Frame::new(&insider, "inbox"),
        query: &query,
        lines,
        next,
    };
    live.render().map_err(|error| Fault::internal(&error))
}
