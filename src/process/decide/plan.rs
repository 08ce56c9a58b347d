//! What an event wants to do, before it is shown what is known.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::merge::identity;
use crate::model::event::Event;
use crate::model::identity::IdentityKey;
use crate::model::record::{Draft, Fields, Origin};
use crate::process::decide::rules::Rules;

/// An event understood: its drafts with their keys, and all that a decision must not ask the world for.
#[derive(Debug)]
pub struct Plan {
    /// The event, its source and its own time: the clock of everything it tells.
    pub origin: Origin,
    pub event_type: String,
    pub endpoint: String,
    pub delivery_id: Option<String>,
    /// The account at the source that the sender's ids belong to.
    pub scope: String,
    pub items: Vec<Item>,
    /// When the decision is made.
    pub now: Timestamp,
    /// A fresh id that all ids of this plan follow, so that a repeated decision makes the same ones.
    pub first_id: Uuid,
    pub rules: Arc<Rules>,
}

/// A draft and the keys it is found by, strongest first.
#[derive(Debug)]
pub struct Item {
    pub draft: Draft,
    pub keys: Vec<IdentityKey>,
}

impl Plan {
    /// The plan of an event that was mapped to `drafts`. An event without a time of its own counts as of when it was
    /// received. `first_id` is fresh: `model::id::new_id(now)`.
    pub fn new(
        event: &Event,
        scope: String,
        drafts: Vec<Draft>,
        made: Made,
        rules: Arc<Rules>,
    ) -> Self {
        let mut items: Vec<Item> = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let mut keys = identity::keys(&draft, &event.source, &scope);
            if !keys.iter().any(IdentityKey::is_strong) {
                let earlier = items.iter().filter(|item| item.draft.kind == draft.kind);
                keys.push(IdentityKey::Told {
                    kind: draft.kind,
                    event: event.id,
                    place: earlier.count(),
                });
            }
            items.push(Item { draft, keys });
        }
        Plan {
            origin: Origin {
                event: event.id,
                source: event.source.clone(),
                at_ms: event
                    .event_time
                    .unwrap_or(event.received_at)
                    .as_millisecond(),
            },
            event_type: event.event_type.clone(),
            endpoint: event.endpoint.clone(),
            delivery_id: event.delivery_id.clone(),
            scope,
            items,
            now: made.now,
            first_id: made.first_id,
            rules,
        }
    }

    /// The keys whose records the decision must see.
    pub fn wanted(&self) -> Vec<IdentityKey> {
        self.items
            .iter()
            .flat_map(|item| item.keys.iter().cloned())
            .collect()
    }

    /// What rules can ask of the event: `assign::EVENT_FIELDS`.
    pub fn event_fields(&self) -> Fields {
        let mut fields = Fields::new();
        let mut put = |name: &str, value: &str| {
            fields.insert(name.to_owned(), Value::from(value));
        };
        put("type", &self.event_type);
        put("source", &self.origin.source);
        put("endpoint", &self.endpoint);
        put("scope", &self.scope);
        if let Some(id) = &self.delivery_id {
            put("delivery_id", id);
        }
        if let Ok(time) = Timestamp::from_millisecond(self.origin.at_ms) {
            put("time", &time.to_string());
        }
        fields
    }
}

/// The moment of a plan, and its first id.
#[derive(Debug, Clone, Copy)]
pub struct Made {
    pub now: Timestamp,
    pub first_id: Uuid,
}
