//! What is to be done with a claimed event: settle its records, ask the sender's API first, or end it without records.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::model::event::{Claimed, EventStatus, Violation};
use crate::model::id::new_id;
use crate::model::record::Draft;
use crate::model::said::{Said, together};
use crate::process::decide::decide;
use crate::process::decide::plan::{Made, Plan};
use crate::process::decide::rules::Rules;
use crate::process::fetch::{FetchCall, FetchPlace, call};
use crate::process::recipe::Recipe;
use crate::process::understand::{OpenError, Opened, Understood, open, understand};
use crate::said;
use crate::source::envelope::Part;
use crate::store::desk::DeskWrites;
use crate::store::{Held, Settlement, Writes};

/// The code of an event whose subject was fetched in vain.
const INVALID_ANSWER: &str = "answer_violation";

/// The next step of an event.
pub enum Planned {
    Settle(Settlement),
    NeedsFetch(FetchCall),
    Conclude(Conclusion),
}

/// What plans are made with, besides the recipe.
#[derive(Debug, Clone)]
pub struct Context {
    pub now: Timestamp,
    /// The compiled rules, shared by all plans of a process.
    pub rules: Arc<Rules>,
}

/// An end without records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conclusion {
    pub status: EventStatus,
    /// A stable word for logs: `mapping_failed`.
    pub code: &'static str,
    /// A sentence for people; it may show values of the event, so it is never logged.
    pub reason: Said,
    pub violations: Vec<Violation>,
}

/// Plans one event: opens its stored request, validates, maps.
pub fn plan(recipe: &Recipe, claimed: &Claimed, context: &Context) -> Planned {
    match open_claimed(recipe, claimed) {
        Ok(opened) => plan_part(recipe, claimed, &opened, context),
        Err(conclusion) => Planned::Conclude(conclusion),
    }
}

/// Opens the stored request of an event; a batch is opened once for all its events.
///
/// # Errors
/// The conclusion, when retention removed the request or it cannot be read.
pub fn open_claimed(recipe: &Recipe, claimed: &Claimed) -> Result<Opened, Conclusion> {
    let Some(request) = &claimed.raw else {
        return Err(Conclusion::quarantined(
            "body_expired",
            said!(
                "body-expired",
                "the request is older than store.keep_bodies and its body has been removed"
            ),
        ));
    };
    open(recipe, request).map_err(|error| {
        let reason = said!(
            "file-unopened",
            "{file}: {why}",
            file = &recipe.file,
            why = error.said()
        );
        match error {
            OpenError::Body(_) => Conclusion::quarantined("malformed_body", reason),
            OpenError::Envelope(_) => Conclusion::unusable("envelope_failed", reason),
        }
    })
}

/// One event of a request, and what it says.
#[derive(Debug)]
pub struct Look<'a> {
    pub part: &'a Part,
    pub understood: Understood<'a>,
}

/// Looks at one event of an opened request.
///
/// # Errors
/// The conclusion, when the event is not in its request any more.
pub fn look<'a>(
    recipe: &'a Recipe,
    claimed: &Claimed,
    opened: &'a Opened,
) -> Result<Look<'a>, Conclusion> {
    if opened.parts.is_empty() {
        return Err(Conclusion {
            status: EventStatus::Ignored,
            code: "ignored",
            reason: said!("no-events", "the request holds no events"),
            violations: Vec::new(),
        });
    }
    let position = usize::try_from(claimed.event.part.unwrap_or(0)).unwrap_or(usize::MAX);
    let Some(part) = opened.parts.get(position) else {
        return Err(Conclusion::quarantined(
            "part_missing",
            said!(
                "part-gone",
                "{file} finds {count} events in the request and not this one, number {nth}: [split] has changed",
                file = &recipe.file,
                count = opened.parts.len(),
                nth = position + 1
            ),
        ));
    };
    let understood = understand(recipe, &opened.body, part, claimed.fetched.as_ref());
    Ok(Look {
        part,
        understood: without_optional(recipe, opened, part, claimed.fetched.clone(), understood),
    })
}

/// Nothing can be fetched without an endpoint: an event that can do without goes on.
fn without_optional<'a>(
    recipe: &'a Recipe,
    opened: &'a Opened,
    part: &'a Part,
    mut fetched: Option<Json>,
    mut understood: Understood<'a>,
) -> Understood<'a> {
    while !recipe.configured
        && let Understood::Thin { event, fetch, .. } = &understood
        && let Some(fetch) = event.fetches.get(*fetch).filter(|fetch| fetch.optional)
    {
        fetched = Some(fetch.with_answer(fetched.take(), Json::Null));
        understood = understand(recipe, &opened.body, part, fetched.as_ref());
    }
    understood
}

/// Plans one event of an opened request.
pub fn plan_part(
    recipe: &Recipe,
    claimed: &Claimed,
    opened: &Opened,
    context: &Context,
) -> Planned {
    match look(recipe, claimed, opened) {
        Ok(look) => plan_look(recipe, claimed, look, context),
        Err(conclusion) => Planned::Conclude(conclusion),
    }
}

/// Plans an event that was looked at.
pub fn plan_look(recipe: &Recipe, claimed: &Claimed, look: Look<'_>, context: &Context) -> Planned {
    let Look { part, understood } = look;
    let event = &claimed.event;
    match understood {
        Understood::Records(drafts) => Planned::Settle(settlement(claimed, part, drafts, context)),
        Understood::Ignored(reason) => Planned::Conclude(Conclusion {
            status: EventStatus::Ignored,
            code: "ignored",
            reason,
            violations: Vec::new(),
        }),
        Understood::Violates { schema, violations } => Planned::Conclude(Conclusion::violating(
            "schema_violation",
            recipe,
            schema,
            violations,
        )),
        Understood::AnswerViolates { schema, violations } => Planned::Conclude(
            Conclusion::violating(INVALID_ANSWER, recipe, schema, violations),
        ),
        Understood::Unnamed(unnamed) => {
            Planned::Conclude(Conclusion::unusable("event_unnamed", unnamed.said()))
        }
        Understood::Faulty(error) => {
            Planned::Conclude(Conclusion::quarantined("mapping_failed", error.said()))
        }
        Understood::Thin { .. } if !recipe.configured => {
            Planned::Conclude(Conclusion::quarantined(
                "endpoint_gone",
                said!(
                    "endpoint-gone",
                    "the endpoint \"{endpoint}\" is not configured any more, and only its settings could fetch this \
                     event; configure it again and replay",
                    endpoint = &event.endpoint
                ),
            ))
        }
        Understood::Thin { fetch, names, .. } => {
            let place = FetchPlace {
                event: part.spec.unwrap_or(usize::MAX),
                fetch,
            };
            match call(recipe, place, &names) {
                Ok(call) => Planned::NeedsFetch(call),
                Err(error) => {
                    Planned::Conclude(Conclusion::quarantined("mapping_failed", error.said()))
                }
            }
        }
    }
}

fn violated(recipe: &Recipe, schema: &str, violations: &[Violation]) -> Said {
    said!(
        "schema-invalid",
        "not valid by {file}: {violations}",
        file = format!("schemas/{}/{schema}.json", recipe.source),
        violations = together(violations.iter().take(3).map(Violation::said))
    )
}

/// The event keeps its own time, so that a replay meets the clocks it left behind.
fn settlement(claimed: &Claimed, part: &Part, drafts: Vec<Draft>, context: &Context) -> Settlement {
    let event = &claimed.event;
    let scope = part.scope.as_deref().unwrap_or(&event.endpoint);
    let made = Made {
        now: context.now,
        first_id: new_id(context.now),
    };
    let plan = Plan::new(event, scope, drafts, made, Arc::clone(&context.rules));
    Settlement {
        event: event.id,
        wanted: plan.wanted(),
        fetched: None,
        decide: Box::new(move |held| guarded(&plan, held)),
    }
}

/// The decision runs inside the store's writer: a defect in it must end this event and nothing else.
fn guarded(plan: &Plan, held: &Held<'_>) -> Writes {
    catch_unwind(AssertUnwindSafe(|| decide(plan, held)))
        .unwrap_or_else(|_| Conclusion::defect().writes(plan.cause.now))
}

/// The settlement of an event that ends without records.
pub fn conclude(event: Uuid, conclusion: Conclusion, now: Timestamp) -> Settlement {
    Settlement {
        event,
        wanted: Vec::new(),
        fetched: None,
        decide: Box::new(move |_| conclusion.clone().writes(now)),
    }
}

impl Planned {
    /// Whether the answer of the sender's API can serve once more: not one that its schema refuses, or a replay would
    /// meet it again instead of asking anew.
    pub fn keeps_answer(&self) -> bool {
        !matches!(self, Planned::Conclude(conclusion) if conclusion.code == INVALID_ANSWER)
    }
}

impl Conclusion {
    pub fn quarantined(code: &'static str, reason: Said) -> Self {
        Conclusion {
            status: EventStatus::Quarantined,
            code,
            reason,
            violations: Vec::new(),
        }
    }

    /// As `quarantined`, with one violation of the body as a whole: what is said of the event when it arrives is said of it
    /// after a replay that finds no more.
    fn unusable(code: &'static str, reason: Said) -> Self {
        let violation = Violation {
            path: String::new(),
            message: reason.clone(),
        };
        Conclusion {
            violations: vec![violation],
            ..Conclusion::quarantined(code, reason)
        }
    }

    fn violating(
        code: &'static str,
        recipe: &Recipe,
        schema: &str,
        violations: Vec<Violation>,
    ) -> Self {
        Conclusion {
            violations: violations.clone(),
            ..Conclusion::quarantined(code, violated(recipe, schema, &violations))
        }
    }

    /// A panic of our own: visible, and contained.
    pub fn defect() -> Self {
        Conclusion::quarantined(
            "defect",
            said!(
                "defect",
                "a defect of the gateway stopped this event; the log has the place. Please report it, and replay the \
                 event after the next upgrade"
            ),
        )
    }

    fn writes(self, at: Timestamp) -> Writes {
        Writes {
            status: self.status,
            code: Some(self.code).filter(|_| self.status != EventStatus::Ignored),
            reason: Some(self.reason),
            violations: self.violations,
            at,
            records: Vec::new(),
            changes: Vec::new(),
            reviews: Vec::new(),
            decisions: Vec::new(),
            turns: Vec::new(),
            desk: DeskWrites::default(),
        }
    }
}
