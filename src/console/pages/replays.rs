//! Replays and releases: the difference first, then the button.

use actix_web::{HttpResponse, web};
use askama::Template;
use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::console::Console;
use crate::console::card::Reading;
use crate::console::fault::Fault;
use crate::console::form::Form;
use crate::console::frame::Frame;
use crate::console::page;
use crate::console::pages::inbox::tone;
use crate::console::pages::inbox_filter::Query;
use crate::console::places::{Place, Who, get, post};
use crate::console::visitor::Insider;
use crate::model::event::{Event, EventStatus, SPAM};
use crate::process::preview::{EventDiff, RecordDiff};
use crate::process::release::release;
use crate::process::replay::{Effect, Foreseen, foreseen, queue};
use crate::process::selection::Selection;
use crate::store::EventFilter;

pub const PLACES: &[Place] = &[
    get("/inbox/replay", Who::Managers, |route| route.to(show_all)),
    post("/inbox/replay", Who::Managers, |route| route.to(replay_all)),
    post("/inbox/release", Who::Managers, |route| {
        route.to(release_all)
    }),
    get("/inbox/{id}/replay", Who::Managers, |route| {
        route.to(show_one)
    }),
    post("/inbox/{id}/replay", Who::Managers, |route| {
        route.to(replay_one)
    }),
    post("/inbox/{id}/release", Who::Managers, |route| {
        route.to(release_one)
    }),
];

#[derive(Template)]
#[template(path = "replay.html")]
struct Page<'v> {
    f: Frame<'v>,
    /// Where the form is sent: `/inbox/…/replay`.
    action: String,
    /// The filter, carried along by the form.
    fields: Vec<(&'static str, String)>,
    /// What is held as spam is let in, not replayed.
    held: bool,
    found: u64,
    changed: u64,
    /// Those that would be quarantined or fail again.
    stopped: u64,
    events: Vec<Line>,
    /// Query of the next page of the difference.
    next: Option<String>,
}

/// What would become of one event.
struct Line {
    id: Uuid,
    received_at: Timestamp,
    event_type: String,
    from: EventStatus,
    to: EventStatus,
    reason: String,
    records: Vec<Change>,
}

/// What would become of one record.
struct Change {
    kind: &'static str,
    id: Option<Uuid>,
    /// Field, before, after.
    fields: Vec<(String, String, String)>,
}

impl Line {
    fn of(reading: Reading<'_>, (event, diff): (Event, EventDiff)) -> Self {
        Line {
            id: event.id,
            received_at: event.received_at,
            event_type: event.event_type,
            from: event.status,
            to: diff.status,
            reason: diff
                .reason
                .map(|reason| reading.words.said(&reason))
                .unwrap_or_default(),
            records: diff
                .records
                .into_iter()
                .map(|record| Change::of(reading, record))
                .collect(),
        }
    }

    fn tone_now(&self) -> &'static str {
        tone(self.from)
    }

    fn tone_then(&self) -> &'static str {
        tone(self.to)
    }
}

impl Change {
    fn of(reading: Reading<'_>, diff: RecordDiff) -> Self {
        let fields = diff.changes.into_iter().map(|change| {
            let text = |value: &Value| reading.flat(diff.kind, &change.field, value);
            let (before, after) = (text(&change.from), text(&change.to));
            (change.field, before, after)
        });
        Change {
            kind: diff.kind.as_str(),
            id: diff.id,
            fields: fields.collect(),
        }
    }
}

/// A page of the difference. Events that would stay as they are are left out, but for those that would be stopped again.
fn shown<'v>(
    reading: Reading<'_>,
    insider: &'v Insider,
    query: &Query,
    (action, found): (String, Foreseen),
) -> Page<'v> {
    let count = found.events.len() as u64;
    let (mut changed, mut stopped) = (0, 0);
    let mut events = Vec::new();
    for pair in found.events {
        match Effect::of(&pair.0, &pair.1) {
            Effect::Changes => changed += 1,
            Effect::StopsAgain => stopped += 1,
            Effect::Nothing => continue,
        }
        events.push(Line::of(reading, pair));
    }
    let fields = query.fields().map(|(name, value)| (name, value.to_owned()));
    Page {
        f: Frame::new(insider, "inbox"),
        action,
        fields: fields
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .collect(),
        held: query.code.trim() == SPAM,
        found: count,
        changed,
        stopped,
        events,
        next: found.next.map(|cursor| query.address(Some(&cursor))),
    }
}

async fn foresee(
    console: &Console,
    wanted: Selection,
    cursor: Option<String>,
) -> Result<Foreseen, Fault> {
    let recipes = console.processing.recipes().current();
    let context = console.processing.context();
    let store = console.store.as_ref();
    Ok(foreseen(store, &recipes, &context, wanted, cursor).await?)
}

async fn show_one(
    console: web::Data<Console>,
    insider: Insider,
    id: web::Path<String>,
) -> Result<HttpResponse, Fault> {
    let event = find(&console, &id).await?;
    let found = foresee(&console, Selection::Named(vec![event.id]), None).await?;
    let action = format!("/inbox/{}/replay", event.id);
    let desk = console.store.desk().await?;
    let reading = Reading::new(&console, &insider, &desk);
    let found = (action, found);
    page::shown(&shown(reading, &insider, &Query::default(), found))
}

async fn show_all(
    console: web::Data<Console>,
    insider: Insider,
    query: web::Query<Query>,
) -> Result<HttpResponse, Fault> {
    let filter = narrow(&query, &insider)?;
    let cursor = query.page(1).cursor;
    let found = match query.code.trim() == SPAM {
        true => Foreseen::default(),
        false => foresee(&console, Selection::Found(filter), cursor).await?,
    };
    let desk = console.store.desk().await?;
    let reading = Reading::new(&console, &insider, &desk);
    let found = ("/inbox/replay".to_owned(), found);
    page::shown(&shown(reading, &insider, &query, found))
}

/// A replay of everything that ever came in is a mistake.
fn narrow(query: &Query, insider: &Insider) -> Result<EventFilter, Fault> {
    let filter = query.filter(&insider.zone)?;
    if query.is_open() {
        let words = insider.words.say("replay-narrow");
        return Err(Fault::Senseless(words.into()));
    }
    Ok(filter)
}

async fn replay_one(
    console: web::Data<Console>,
    insider: Insider,
    id: web::Path<String>,
) -> Result<HttpResponse, Fault> {
    let event = find(&console, &id).await?;
    let wanted = Selection::Named(vec![event.id]);
    let done = queue(console.store.as_ref(), wanted, &insider.hand()).await?;
    let said = if done.queued > 0 {
        "replayed-one"
    } else {
        "not-replayed"
    };
    Ok(page::onward(&format!("/inbox/{}?done={said}", event.id)))
}

async fn replay_all(
    console: web::Data<Console>,
    insider: Insider,
    form: Form,
) -> Result<HttpResponse, Fault> {
    let query = Query::of_form(&form);
    let filter = narrow(&query, &insider)?;
    let found = Selection::Found(filter);
    queue(console.store.as_ref(), found, &insider.hand()).await?;
    Ok(page::onward(&format!(
        "/inbox?{}&done=replayed",
        query.address(None)
    )))
}

async fn release_one(
    console: web::Data<Console>,
    insider: Insider,
    id: web::Path<String>,
) -> Result<HttpResponse, Fault> {
    let event = find(&console, &id).await?;
    let wanted = Selection::Named(vec![event.id]);
    let done = release(console.store.as_ref(), wanted, &insider.hand()).await?;
    let said = if done.released > 0 {
        "released"
    } else {
        "not-replayed"
    };
    Ok(page::onward(&format!("/inbox/{}?done={said}", event.id)))
}

async fn release_all(
    console: web::Data<Console>,
    insider: Insider,
    form: Form,
) -> Result<HttpResponse, Fault> {
    let query = Query::of_form(&form);
    let filter = narrow(&query, &insider)?;
    let found = Selection::Found(filter);
    release(console.store.as_ref(), found, &insider.hand()).await?;
    Ok(page::onward("/inbox?done=released"))
}

async fn find(console: &Console, id: &str) -> Result<Event, Fault> {
    let id: Uuid = id.parse().map_err(|_| Fault::Missing)?;
    console.store.event(id).await?.ok_or(Fault::Missing)
}
