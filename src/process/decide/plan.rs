//! What an event wants to do, before it is shown what is known.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::merge::identity;
use crate::model::event::Event;
use crate::model::field::Kind;
use crate::model::identity::IdentityKey;
use crate::model::record::{Draft, Fields, Origin};
use crate::process::decide::cause::Cause;
use crate::process::decide::rules::Rules;

/// An event understood: its drafts with their keys, and the event itself.
#[derive(Debug)]
pub struct Plan {
    pub cause: Cause,
    pub items: Vec<Item>,
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
        scope: &str,
        drafts: Vec<Draft>,
        made: Made,
        rules: Arc<Rules>,
    ) -> Self {
        let mut items: Vec<Item> = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let mut keys = identity::keys(&draft, &event.source, scope);
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
        // Only leads are assigned.
        let has_lead = items.iter().any(|item| item.draft.kind == Kind::Lead);
        let facts = match has_lead {
            true => Arc::new(facts(event, scope)),
            false => Arc::default(),
        };
        let at = event.event_time.unwrap_or(event.received_at);
        Plan {
            cause: Cause {
                origin: Origin {
                    event: event.id,
                    source: event.source.clone(),
                    at_ms: at.as_millisecond(),
                },
                event: Some(event.id),
                facts,
                now: made.now,
                first_id: made.first_id,
                rules,
            },
            items,
        }
    }

    /// The keys whose records the decision must see.
    pub fn wanted(&self) -> Vec<IdentityKey> {
        self.items
            .iter()
            .flat_map(|item| item.keys.iter().cloned())
            .collect()
    }
}

/// What rules can ask of an event.
fn facts(event: &Event, scope: &str) -> Fields {
    let mut fields = Fields::new();
    let mut put = |name: &str, value: &str| {
        fields.insert(name, Value::from(value));
    };
    put("type", &event.event_type);
    put("source", &event.source);
    put("endpoint", &event.endpoint);
    put("scope", scope);
    if let Some(id) = &event.delivery_id {
        put("delivery_id", id);
    }
    let time = event.event_time.unwrap_or(event.received_at);
    put("time", &time.to_string());
    put("received_at", &event.received_at.to_string());
    fields
}

/// The moment of a plan, and its first id.
#[derive(Debug, Clone, Copy)]
pub struct Made {
    pub now: Timestamp,
    pub first_id: Uuid,
}
