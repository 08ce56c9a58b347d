//! Requests whose events were not known when they came in, and are now that the mapping was mended.

use crate::model::event::{Arrival, Claimed, NewEvent};
use crate::process::recipe::Recipe;
use crate::process::understand::Opened;
use crate::process::worker::{Processing, STORE_PAUSE};
use crate::source::{arrival, dedupe};
use crate::store::StoreError;

/// An event that stood for a whole request.
pub struct Folded {
    claimed: Claimed,
    /// What it is itself, and the others of its request.
    first: NewEvent,
    others: Vec<NewEvent>,
}

impl Folded {
    /// `None` for an event that knows its place, and for a request that holds no events.
    pub fn of(recipe: &Recipe, claimed: &Claimed, opened: &Opened) -> Option<Self> {
        let raw = claimed
            .raw
            .as_ref()
            .filter(|_| claimed.event.part.is_none())?;
        let body = dedupe::identity(recipe.is_open, &opened.body, &raw.body);
        let mut events = opened.parts.iter().map(|part| {
            let claim = dedupe::claim(&raw.endpoint, part, &body, recipe.window);
            arrival::event(part, claim, raw.received_at)
        });
        Some(Folded {
            first: events.next()?,
            others: events.collect(),
            claimed: claimed.clone(),
        })
    }
}

impl Processing {
    /// The events of each request come in like any others, as of when the request did, and those that came in meanwhile
    /// are duplicates. The event that stood for them goes last, and is their first: so whatever ends this halfway, it
    /// begins again.
    pub(super) async fn unfold(&self, requests: Vec<Folded>) {
        for folded in requests {
            let event = folded.claimed.event.id;
            if let Err(error) = self.unfold_one(folded).await {
                tracing::error!(event.id = %event, %error, "event.not_unfolded");
                tokio::time::sleep(STORE_PAUSE).await;
                self.store.release(vec![event]).await;
            }
        }
    }

    async fn unfold_one(&self, folded: Folded) -> Result<(), StoreError> {
        let Claimed { event, raw, .. } = folded.claimed;
        if let Some(request) = raw.filter(|_| !folded.others.is_empty()) {
            let arrival = Arrival {
                request,
                source: event.source,
                verdict: event.verdict,
                events: folded.others,
            };
            self.store.append(arrival).await?;
        }
        self.store.identify(event.id, folded.first).await?;
        Ok(())
    }
}
