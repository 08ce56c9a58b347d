//! Replays: events are mapped once more, by a row and no call; and what that would change, looked at first.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::model::event::{Event, EventStatus, SPAM};
use crate::model::page::PageRequest;
use crate::process::plan::Context;
use crate::process::preview::{EventDiff, foresee};
use crate::process::recipes::Recipes;
use crate::process::release::Wanted;
use crate::store::{EventFilter, Inbox, Store, StoreError};

/// Events looked at in one go.
const PAGE: usize = 200;
/// Filters end before a time; what arrived just now belongs to it.
const MOMENT: SignedDuration = SignedDuration::from_millis(1);

/// What a replay did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replayed {
    /// Events that were made pending.
    pub queued: u64,
    /// Events that were found, those that are pending already included.
    pub found: u64,
}

/// Makes pending what is wanted, page by page, so that a million events need no memory. What arrives meanwhile is left
/// alone.
///
/// # Errors
/// A store that cannot be used.
pub async fn queue(
    inbox: &dyn Inbox,
    wanted: Wanted,
    now: Timestamp,
) -> Result<Replayed, StoreError> {
    let mut replayed = Replayed {
        queued: 0,
        found: 0,
    };
    let mut found = match wanted {
        Wanted::Named(events) => Found::new(Wanted::Named(events), None),
        Wanted::All(filter) => {
            let until = filter.until.or(now.checked_add(MOMENT).ok());
            Found::new(Wanted::All(EventFilter { until, ..filter }), None)
        }
    };
    while let Some(events) = found.next(inbox).await? {
        replayed.found += events.len() as u64;
        replayed.queued += inbox.replay(events, now).await?;
    }
    Ok(replayed)
}

/// One page of what a replay would change.
#[derive(Debug, Default)]
pub struct Foreseen {
    /// As they are, and what would become of them.
    pub events: Vec<(Event, EventDiff)>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// Whether an event would end otherwise, or change a record.
pub fn changes_anything(event: &Event, diff: &EventDiff) -> bool {
    event.status != diff.status || !diff.records.is_empty()
}

/// Foresees one page of what is wanted. Pending events are left out: they are mapped anyway. A filter is bound by no
/// time of its own: the next page is asked for later, by the same filter.
///
/// # Errors
/// A store that cannot be read, a cursor that is none.
pub async fn foreseen(
    store: &dyn Store,
    recipes: &Recipes,
    context: &Context,
    wanted: Wanted,
    cursor: Option<String>,
) -> Result<Foreseen, StoreError> {
    let mut found = Found::new(wanted, cursor);
    let mut foreseen = Foreseen::default();
    for id in found.next(store).await?.unwrap_or_default() {
        let Some(claimed) = store.peek(id).await? else {
            continue;
        };
        if claimed.event.status == EventStatus::Pending {
            continue;
        }
        let diff = foresee(store, recipes, &claimed, context).await?;
        foreseen.events.push((claimed.event, diff));
    }
    foreseen.next = found.cursor;
    Ok(foreseen)
}

/// The events that are wanted, a page at a time; a filter passes over those that are held as spam.
struct Found {
    named: Option<Vec<Uuid>>,
    filter: EventFilter,
    cursor: Option<String>,
    ended: bool,
}

impl Found {
    fn new(wanted: Wanted, cursor: Option<String>) -> Self {
        let (named, filter) = match wanted {
            Wanted::Named(events) => (Some(events), EventFilter::default()),
            Wanted::All(filter) => (None, filter),
        };
        Found {
            named,
            filter,
            cursor,
            ended: false,
        }
    }

    /// The next page; `None` after the last.
    async fn next<I: Inbox + ?Sized>(
        &mut self,
        inbox: &I,
    ) -> Result<Option<Vec<Uuid>>, StoreError> {
        if self.ended {
            return Ok(None);
        }
        if let Some(named) = self.named.take() {
            self.ended = true;
            return Ok(Some(named));
        }
        let page = PageRequest {
            limit: PAGE,
            cursor: self.cursor.take(),
        };
        let page = inbox.events(self.filter.clone(), page).await?;
        self.ended = page.next.is_none();
        self.cursor = page.next;
        let replayed = page
            .items
            .iter()
            .filter(|event| event.code.as_deref() != Some(SPAM));
        Ok(Some(replayed.map(|event| event.id).collect()))
    }
}
