//! Replays: events are mapped once more, by a row and no call; and what that would change, looked at first.

use crate::model::event::{Claimed, Event, EventStatus, SPAM};
use crate::process::edit::Hand;
use crate::process::plan::{Context, open_claimed};
use crate::process::preview::{EventDiff, foresee};
use crate::process::recipes::Recipes;
use crate::process::selection::Selection;
use crate::source::envelope::Part;
use crate::store::{Inbox, Store, StoreError};

/// Events of one request that are foreseen.
const MOST_PARTS: usize = 50;

/// What a replay did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replayed {
    /// Events that were made pending.
    pub queued: u64,
    /// Events that were found, those that are pending already included.
    pub found: u64,
}

/// Makes pending what is selected, for whoever asks, and logs it in the same commits. What arrives meanwhile is left
/// alone.
///
/// # Errors
/// A store that cannot be used.
pub async fn queue(
    inbox: &dyn Inbox,
    selection: Selection,
    hand: &Hand,
) -> Result<Replayed, StoreError> {
    let told = selection.told("event.replayed", hand);
    let mut replayed = Replayed {
        queued: 0,
        found: 0,
    };
    let mut pages = selection.until(hand.now).pages(None);
    while let Some(events) = pages.next(inbox, is_replayed).await? {
        replayed.found += events.len() as u64;
        replayed.queued += inbox.replay(events, Some(told.clone())).await?;
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

/// What a replay would do to an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It would end otherwise, or change a record.
    Changes,
    /// It would be quarantined or fail again.
    StopsAgain,
    Nothing,
}

impl Effect {
    pub fn of(event: &Event, diff: &EventDiff) -> Self {
        if event.status != diff.status || !diff.records.is_empty() {
            return Effect::Changes;
        }
        match diff.status {
            EventStatus::Quarantined | EventStatus::Failed => Effect::StopsAgain,
            _ => Effect::Nothing,
        }
    }
}

/// Foresees one page of what is selected. Pending events are left out: they are mapped anyway. A filter is bound by no
/// time of its own: the next page is asked for later, by the same filter.
///
/// # Errors
/// A store that cannot be read, a cursor that is none.
pub async fn foreseen(
    store: &dyn Store,
    recipes: &Recipes,
    context: &Context,
    selection: Selection,
    cursor: Option<String>,
) -> Result<Foreseen, StoreError> {
    let mut pages = selection.pages(cursor);
    let mut foreseen = Foreseen::default();
    let events = pages.next(store, is_replayed).await?;
    for id in events.unwrap_or_default() {
        let Some(claimed) = store.peek(id).await? else {
            continue;
        };
        if claimed.event.status == EventStatus::Pending {
            continue;
        }
        for claimed in events_of(recipes, claimed) {
            let diff = foresee(store, recipes, &claimed, context).await?;
            foreseen.events.push((claimed.event, diff));
        }
    }
    foreseen.next = pages.cursor();
    Ok(foreseen)
}

/// The event; or, when it stands for a whole request that can be opened now, the first of the request's events.
fn events_of(recipes: &Recipes, claimed: Claimed) -> Vec<Claimed> {
    let event = &claimed.event;
    let recipe = recipes.of_event(&event.endpoint, &event.source);
    let opened = recipe.filter(|_| event.part.is_none());
    let opened = opened.and_then(|recipe| open_claimed(&recipe, &claimed).ok());
    let Some(opened) = opened.filter(|opened| opened.parts.len() > 1) else {
        return vec![claimed];
    };
    let parts = opened.parts.iter().take(MOST_PARTS);
    let of_part = |part: &Part| {
        let mut claimed = claimed.clone();
        claimed.event.part = Some(part.index);
        claimed.event.event_type.clone_from(&part.event_type);
        claimed
    };
    parts.map(of_part).collect()
}

/// A replay is no release: a filter passes over what is held as spam.
fn is_replayed(event: &Event) -> bool {
    event.code.as_deref() != Some(SPAM)
}
