//! Letting in what the spam gate holds: a row, no call, as a replay is. For whoever may decide it.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use uuid::Uuid;

use crate::model::event::SPAM;
use crate::model::page::PageRequest;
use crate::store::{EventFilter, Inbox, StoreError};

/// Events looked at in one go.
const PAGE: usize = 200;
/// Filters end before a time; what arrived just now belongs to it.
const MOMENT: SignedDuration = SignedDuration::from_millis(1);

/// Which events are to be let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    Named(Vec<Uuid>),
    /// All that are held and pass the filter; its status and code do not count.
    All(EventFilter),
}

/// What a release did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Released {
    /// Events that were made pending.
    pub released: u64,
    /// Events that were found, those that are not held any more included.
    pub found: u64,
}

/// Lets events in, page by page, so that many need no memory. What arrives meanwhile is left alone, and so is whatever
/// is not held as spam.
///
/// # Errors
/// A store that cannot be used.
pub async fn release(
    inbox: &dyn Inbox,
    wanted: Wanted,
    now: Timestamp,
) -> Result<Released, StoreError> {
    let filter = match wanted {
        Wanted::Named(events) => {
            let found = events.len() as u64;
            let released = inbox.admit(events, now).await?;
            return Ok(Released { released, found });
        }
        Wanted::All(filter) => EventFilter {
            status: None,
            code: Some(SPAM.to_owned()),
            until: filter.until.or(now.checked_add(MOMENT).ok()),
            ..filter
        },
    };
    let mut done = Released {
        released: 0,
        found: 0,
    };
    let mut cursor = None;
    loop {
        let request = PageRequest {
            limit: PAGE,
            cursor,
        };
        let page = inbox.events(filter.clone(), request).await?;
        let events: Vec<Uuid> = page.items.iter().map(|event| event.id).collect();
        done.found += events.len() as u64;
        done.released += inbox.admit(events, now).await?;
        cursor = page.next;
        if cursor.is_none() {
            return Ok(done);
        }
    }
}
