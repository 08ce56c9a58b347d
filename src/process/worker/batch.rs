//! One batch: planned on a thread of its own, settled in one go.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use uuid::Uuid;

use crate::model::event::Claimed;
use crate::process::fetch::FetchCall;
use crate::process::plan::{Conclusion, Context, Planned, conclude, open_claimed, plan_part};
use crate::process::recipe::Recipe;
use crate::process::recipes::Recipes;
use crate::process::understand::Opened;
use crate::process::worker::{Processing, STORE_PAUSE, report};
use crate::store::{Settlement, StoreError};

/// A batch after planning.
#[derive(Default)]
pub struct Sorted {
    pub settle: Vec<Ready>,
    pub fetch: Vec<Thin>,
}

/// An event that can be settled.
pub struct Ready {
    pub settlement: Settlement,
    pub facts: Facts,
}

/// An event that has to be fetched first.
pub struct Thin {
    pub claimed: Claimed,
    pub recipe: Arc<Recipe>,
    pub call: FetchCall,
}

/// What logs and metrics say of an event; nothing of its content.
#[derive(Debug, Clone)]
pub struct Facts {
    pub event: Uuid,
    pub endpoint: String,
    pub event_type: String,
    /// Why it ends without records.
    pub code: Option<&'static str>,
}

impl Processing {
    /// Takes a batch as far as it goes: settled, or handed to the fetches.
    pub(super) async fn process(self: &Arc<Self>, claimed: Vec<Claimed>) {
        let ids: Vec<Uuid> = claimed.iter().map(|claimed| claimed.event.id).collect();
        let recipes = self.recipes.current();
        let context = self.context();
        let planned =
            tokio::task::spawn_blocking(move || plan_batch(&recipes, claimed, &context)).await;
        match planned {
            Ok(sorted) => {
                self.start_fetches(sorted.fetch);
                self.settle(sorted.settle).await;
            }
            Err(error) => {
                tracing::error!(%error, "batch.not_planned");
                self.store.release(ids).await;
            }
        }
    }

    /// Settles; what the store cannot take now is given back and comes again.
    pub(super) async fn settle(&self, ready: Vec<Ready>) {
        if ready.is_empty() {
            return;
        }
        let mut facts = Vec::with_capacity(ready.len());
        let mut settlements = Vec::with_capacity(ready.len());
        for ready in ready {
            facts.push(ready.facts);
            settlements.push(ready.settlement);
        }
        match self.store.settle(settlements).await {
            Ok(settled) => report::settled(&facts, &settled),
            Err(error) => self.not_settled(&facts, &error).await,
        }
    }

    async fn not_settled(&self, facts: &[Facts], error: &StoreError) {
        tracing::error!(%error, events = facts.len(), "events.not_settled");
        // Not at once: an event that is given back is claimed again at once.
        tokio::time::sleep(STORE_PAUSE).await;
        self.store
            .release(facts.iter().map(|facts| facts.event).collect())
            .await;
    }
}

/// Plans a batch. A request that holds many of its events is opened once.
pub fn plan_batch(recipes: &Recipes, batch: Vec<Claimed>, context: &Context) -> Sorted {
    let mut sorted = Sorted::default();
    let mut last: Option<Request> = None;
    for claimed in batch {
        let mut facts = Facts::of(&claimed);
        let event = &claimed.event;
        let Some(recipe) = recipes.of_event(&event.endpoint, &event.source) else {
            let gone = Conclusion::quarantined(
                "source_gone",
                format!(
                    "there is no source \"{}\" any more: put mappings/{0}.toml back and replay",
                    event.source
                ),
            );
            facts.code = Some(gone.code);
            let settlement = conclude(event.id, gone, context.now);
            sorted.settle.push(Ready { settlement, facts });
            continue;
        };
        let planned = catch_unwind(AssertUnwindSafe(|| {
            plan_one(&recipe, &claimed, &mut last, context)
        }))
        .unwrap_or_else(|_| Planned::Conclude(Conclusion::defect()));
        match planned {
            Planned::Settle(settlement) => sorted.settle.push(Ready { settlement, facts }),
            Planned::Conclude(conclusion) => {
                facts.code = Some(conclusion.code);
                let settlement = conclude(facts.event, conclusion, context.now);
                sorted.settle.push(Ready { settlement, facts });
            }
            Planned::NeedsFetch(call) => sorted.fetch.push(Thin {
                claimed,
                recipe,
                call,
            }),
        }
    }
    sorted
}

/// The request that was opened last.
struct Request {
    id: Uuid,
    recipe: Arc<Recipe>,
    opened: Result<Opened, Conclusion>,
}

fn plan_one(
    recipe: &Arc<Recipe>,
    claimed: &Claimed,
    last: &mut Option<Request>,
    context: &Context,
) -> Planned {
    let id = claimed.event.request;
    let same = |request: &Request| request.id == id && Arc::ptr_eq(&request.recipe, recipe);
    let request = match last.take().filter(same) {
        Some(request) => last.insert(request),
        None => last.insert(Request {
            id,
            recipe: Arc::clone(recipe),
            opened: open_claimed(recipe, claimed),
        }),
    };
    match &request.opened {
        Ok(opened) => plan_part(recipe, claimed, opened, context),
        Err(conclusion) => Planned::Conclude(conclusion.clone()),
    }
}

impl Facts {
    pub fn of(claimed: &Claimed) -> Self {
        Facts {
            event: claimed.event.id,
            endpoint: claimed.event.endpoint.clone(),
            event_type: claimed.event.event_type.clone(),
            code: None,
        }
    }
}
