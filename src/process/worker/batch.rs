//! One batch: planned on a thread of its own, settled in one go.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;
use uuid::Uuid;

use crate::model::event::Claimed;
use crate::model::field::Kind;
use crate::process::fetch::FetchCall;
use crate::process::plan::{Conclusion, Context, Planned, conclude, open_claimed};
use crate::process::recipe::Recipe;
use crate::process::recipes::Recipes;
use crate::process::understand::Opened;
use crate::process::worker::unfold::Folded;
use crate::process::worker::{Processing, STORE_PAUSE, report};
use crate::said;
use crate::store::Settlement;

/// A batch after planning.
#[derive(Default)]
pub struct Sorted {
    pub settle: Vec<Ready>,
    pub fetch: Vec<Thin>,
    pub unfold: Vec<Folded>,
}

/// An event that can be settled.
pub struct Ready {
    pub settlement: Settlement,
    pub facts: Facts,
}

/// An event that has to be fetched first. It waits without its raw request: what was read of that is shared by all
/// events of the request.
pub struct Thin {
    pub claimed: Claimed,
    pub recipe: Arc<Recipe>,
    pub opened: Arc<Opened>,
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
    ///
    /// All of it in one thread: a batch is hundreds of thousands of little pieces of memory, which are given back
    /// cheaply only where they were taken.
    pub(super) async fn process(self: &Arc<Self>, claimed: Vec<Claimed>) {
        let ids: Vec<Uuid> = claimed.iter().map(|claimed| claimed.event.id).collect();
        let processing = Arc::clone(self);
        let runtime = Handle::current();
        let processed = tokio::task::spawn_blocking(move || {
            let recipes = processing.recipes.current();
            let context = processing.context();
            let sorted = plan_batch(&recipes, claimed, &processing, &context);
            runtime.block_on(async {
                processing.start_fetches(sorted.fetch);
                processing.unfold(sorted.unfold).await;
                processing.settle(sorted.settle).await;
            });
        });
        if let Err(error) = processed.await {
            tracing::error!(%error, "batch.not_processed");
            self.store.release(ids).await;
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
        let outcomes = self.store.settle(settlements).await;
        let (mut settled, mut failed) = (Vec::with_capacity(facts.len()), Vec::new());
        for (facts, outcome) in facts.into_iter().zip(outcomes) {
            match outcome {
                Ok(outcome) => settled.push((facts, outcome)),
                Err(error) => failed.push((facts.event, error)),
            }
        }
        report::settled(&settled);
        let mut records = settled.iter().flat_map(|(_, settled)| &settled.records);
        if records.any(|(kind, _)| *kind == Kind::Lead) {
            self.office.nudge();
        }
        if let Some((_, error)) = failed.first() {
            tracing::error!(%error, events = failed.len(), "events.not_settled");
            // Not at once: an event that is given back is claimed again at once.
            tokio::time::sleep(STORE_PAUSE).await;
            self.store
                .release(failed.into_iter().map(|(event, _)| event).collect())
                .await;
        }
    }
}

/// Plans a batch. A request that holds many events is opened once, also across batches.
pub fn plan_batch(
    recipes: &Recipes,
    batch: Vec<Claimed>,
    processing: &Processing,
    context: &Context,
) -> Sorted {
    let mut sorted = Sorted::default();
    for mut claimed in batch {
        let mut facts = Facts::of(&claimed);
        let event = &claimed.event;
        let Some(recipe) = recipes.of_event(&event.endpoint, &event.source) else {
            let gone = Conclusion::quarantined(
                "source_gone",
                said!(
                    "source-gone",
                    "there is no source \"{source}\" any more: put {file} back and replay",
                    source = &event.source,
                    file = format!("mappings/{}.toml", event.source)
                ),
            );
            facts.code = Some(gone.code);
            let settlement = conclude(event.id, gone, context.now);
            sorted.settle.push(Ready { settlement, facts });
            continue;
        };
        let planned = catch_unwind(AssertUnwindSafe(|| {
            let opened = processing.requests.open(&recipe, &claimed);
            if let Ok(opened) = &opened
                && let Some(folded) = Folded::of(&recipe, &claimed, opened)
            {
                sorted.unfold.push(folded);
                return None;
            }
            let planned = match &opened {
                Ok(opened) => processing.plan_watched(&recipe, &claimed, opened, context),
                Err(conclusion) => Planned::Conclude(conclusion.clone()),
            };
            Some((planned, opened.ok()))
        }))
        .unwrap_or_else(|_| Some((Planned::Conclude(Conclusion::defect()), None)));
        let Some(planned) = planned else {
            continue;
        };
        let conclusion = match planned {
            (Planned::Settle(settlement), _) => {
                sorted.settle.push(Ready { settlement, facts });
                continue;
            }
            (Planned::NeedsFetch(call), Some(opened)) => {
                claimed.raw = None;
                sorted.fetch.push(Thin {
                    claimed,
                    recipe,
                    opened,
                    call,
                });
                continue;
            }
            (Planned::Conclude(conclusion), _) => conclusion,
            (Planned::NeedsFetch(_), None) => Conclusion::defect(),
        };
        facts.code = Some(conclusion.code);
        let settlement = conclude(facts.event, conclusion, context.now);
        sorted.settle.push(Ready { settlement, facts });
    }
    sorted
}

/// Requests kept open: the lanes take the events of a large batch by turns.
const KEPT_OPEN: usize = 4;

/// The requests that were opened last, so that a batch of thousands of events is not parsed for each of them.
#[derive(Default)]
pub struct Requests(Mutex<VecDeque<Request>>);

#[derive(Clone)]
struct Request {
    id: Uuid,
    recipe: Arc<Recipe>,
    opened: Arc<Opened>,
}

impl Requests {
    /// The request of an event, opened; only those of several events are kept.
    fn open(&self, recipe: &Arc<Recipe>, claimed: &Claimed) -> Result<Arc<Opened>, Conclusion> {
        let id = claimed.event.request;
        let known = {
            let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.iter()
                .find(|kept| kept.id == id && Arc::ptr_eq(&kept.recipe, recipe))
                .map(|kept| Arc::clone(&kept.opened))
        };
        if let Some(opened) = known {
            return Ok(opened);
        }
        let opened = Arc::new(open_claimed(recipe, claimed)?);
        if opened.parts.len() > 1 {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.truncate(KEPT_OPEN - 1);
            kept.push_front(Request {
                id,
                recipe: Arc::clone(recipe),
                opened: Arc::clone(&opened),
            });
        }
        Ok(opened)
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
