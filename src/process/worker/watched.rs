//! Plans that are watched: what an event holds and what became of it, for the health of its mapping.

use serde_json::Value as Json;

use crate::expr::payload;
use crate::model::event::Claimed;
use crate::process::health::observe::{Seen, observe};
use crate::process::health::watch::Subject;
use crate::process::plan::{Context, Look, Planned, look, plan_look};
use crate::process::recipe::Recipe;
use crate::process::understand::{Opened, Understood};
use crate::process::worker::Processing;

impl Processing {
    /// Plans one event of an opened request, and counts what it shows.
    pub(super) fn plan_watched(
        &self,
        recipe: &Recipe,
        claimed: &Claimed,
        opened: &Opened,
        context: &Context,
    ) -> Planned {
        match look(recipe, claimed, opened) {
            Ok(look) => {
                self.watch_event(recipe, claimed, opened, &look);
                plan_look(recipe, claimed, look, context)
            }
            Err(conclusion) => Planned::Conclude(conclusion),
        }
    }

    /// An event that is of no interest, or that has still to be fetched, shows nothing.
    fn watch_event(&self, recipe: &Recipe, claimed: &Claimed, opened: &Opened, look: &Look<'_>) {
        let event = look.part.spec.and_then(|spec| recipe.events.get(spec));
        let Some(event) = event.filter(|event| !event.ignore) else {
            return;
        };
        if matches!(look.understood, Understood::Thin { .. }) {
            return;
        }
        let subject = Subject {
            endpoint: claimed.event.endpoint.clone(),
            source: recipe.source.clone(),
            event: event.name.clone(),
        };
        self.watch.note(&subject, || shown(claimed, opened, look));
    }
}

fn shown(claimed: &Claimed, opened: &Opened, look: &Look<'_>) -> Seen {
    let item: Option<Json> = look.part.item.as_ref().and_then(payload::to_json);
    let mut documents: Vec<(&str, &Json)> = vec![match &item {
        Some(item) => ("item", item),
        None => ("body", &opened.body),
    }];
    documents.extend(claimed.fetched.as_ref().map(|answer| ("fetched", answer)));
    match &look.understood {
        Understood::Records(drafts) => observe(&documents, drafts),
        _ => observe(&documents, &[]),
    }
}
