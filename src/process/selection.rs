//! Which events somebody means, found page by page so that a million of them need no memory.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::model::event::Event;
use crate::model::page::PageRequest;
use crate::process::edit::Hand;
use crate::store::users::Told;
use crate::store::{EventFilter, Inbox, StoreError};

/// Events looked at in one go.
const PAGE: usize = 200;
/// Filters end before a time; what arrived just now belongs to it.
const MOMENT: SignedDuration = SignedDuration::from_millis(1);

/// Events by their ids, or all that a filter finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    Named(Vec<Uuid>),
    Found(EventFilter),
}

impl Selection {
    /// Without what arrives from now on.
    #[must_use]
    pub fn until(self, now: Timestamp) -> Self {
        match self {
            Selection::Named(events) => Selection::Named(events),
            Selection::Found(filter) => Selection::Found(EventFilter {
                until: filter.until.or(now.checked_add(MOMENT).ok()),
                ..filter
            }),
        }
    }

    /// What the log says of it when `hand` did something to its events.
    pub fn told(&self, what: &'static str, hand: &Hand) -> Told {
        let (selection, hand) = (self.clone(), hand.clone());
        Arc::new(move |events| match &selection {
            Selection::Named(ids) if ids.len() == 1 => {
                let id = ids.first().copied().unwrap_or_default();
                hand.log(what, format!("event/{id}"))
            }
            Selection::Named(_) => {
                let log = hand.log(what, "inbox");
                log.changing(Value::Null, json!({"events": events}))
            }
            Selection::Found(filter) => {
                let after = json!({"filter": address(filter), "events": events});
                hand.log(what, "inbox").changing(Value::Null, after)
            }
        })
    }

    /// Its events; `cursor` is where an earlier walk stopped.
    pub fn pages(self, cursor: Option<String>) -> Pages {
        Pages {
            selection: self,
            cursor,
            ended: false,
        }
    }
}

/// A filter as it stands in an address of the API: `endpoint=shop&status=failed`.
fn address(filter: &EventFilter) -> String {
    let fields = [
        ("endpoint", filter.endpoint.clone()),
        ("source", filter.source.clone()),
        ("status", filter.status.map(|it| it.as_str().to_owned())),
        ("code", filter.code.clone()),
        ("type", filter.event_type.clone()),
        ("since", filter.since.map(|at| at.to_string())),
        ("until", filter.until.map(|at| at.to_string())),
        ("q", filter.q.clone()),
        ("text", filter.text.clone()),
    ];
    let mut address = form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields {
        if let Some(value) = value {
            address.append_pair(name, &value);
        }
    }
    address.finish()
}

/// The pages of a selection.
#[derive(Debug)]
pub struct Pages {
    selection: Selection,
    cursor: Option<String>,
    ended: bool,
}

impl Pages {
    /// Where the next page begins.
    pub fn cursor(self) -> Option<String> {
        self.cursor
    }

    /// The next page; `None` after the last. Of what a filter finds, only events that are `wanted`.
    ///
    /// # Errors
    /// A store that cannot be read, a cursor that is none.
    pub async fn next(
        &mut self,
        inbox: &(impl Inbox + ?Sized),
        wanted: impl Fn(&Event) -> bool,
    ) -> Result<Option<Vec<Uuid>>, StoreError> {
        if self.ended {
            return Ok(None);
        }
        let filter = match &mut self.selection {
            Selection::Named(events) => {
                self.ended = true;
                return Ok(Some(std::mem::take(events)));
            }
            Selection::Found(filter) => filter.clone(),
        };
        let request = PageRequest {
            limit: PAGE,
            cursor: self.cursor.take(),
        };
        let page = inbox.events(filter, request).await?;
        self.ended = page.next.is_none();
        self.cursor = page.next;
        let found = page.items.iter().filter(|event| wanted(event));
        Ok(Some(found.map(|event| event.id).collect()))
    }
}
