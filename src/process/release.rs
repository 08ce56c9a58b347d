//! Letting in what the spam gate holds: a row, no call, as a replay is. For whoever may decide it.

use serde::Serialize;

use crate::model::event::SPAM;
use crate::process::edit::Hand;
use crate::process::selection::Selection;
use crate::store::{EventFilter, Inbox, StoreError};

/// What a release did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Released {
    /// Events that were made pending.
    pub released: u64,
    /// Events that were found, those that are not held any more included.
    pub found: u64,
}

/// Lets events in, of those that are held as spam; the status and code of a filter do not count. What arrives meanwhile
/// is left alone, and the log is written in the same commits.
///
/// # Errors
/// A store that cannot be used.
pub async fn release(
    inbox: &dyn Inbox,
    selection: Selection,
    hand: &Hand,
) -> Result<Released, StoreError> {
    let told = selection.told("event.released", hand);
    let held = match selection {
        Selection::Named(events) => Selection::Named(events),
        Selection::Found(filter) => Selection::Found(EventFilter {
            status: None,
            code: Some(SPAM.to_owned()),
            ..filter
        }),
    };
    let mut pages = held.until(hand.now).pages(None);
    let mut done = Released::default();
    while let Some(events) = pages.next(inbox, |_| true).await? {
        done.found += events.len() as u64;
        done.released += inbox.admit(events, Some(told.clone())).await?;
    }
    Ok(done)
}
