//! What a replay would change: the dry run, a page at a time.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::problem::Problem;
use crate::api::replay::ReplayRequest;
use crate::api::view::FieldChangeView;
use crate::model::change::ChangeKind;
use crate::model::event::{Event, EventStatus};
use crate::model::field::Kind;
use crate::process::plan::Context;
use crate::process::preview::{EventDiff, RecordDiff};
use crate::process::recipes::Recipes;
use crate::process::replay::{self, Effect};
use crate::store::Store;

/// What a replay would change. Nothing was changed.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct ReplayDiff {
    /// Always true.
    pub dry_run: bool,
    /// Events on this page that would be mapped once more.
    pub found: u64,
    /// Those of them that would end otherwise, or would change a record.
    pub changed: u64,
    /// Those that would be quarantined or fail again.
    pub stopped: u64,
    pub events: Vec<EventDiffView>,
    /// Send it as `cursor` to see what the next events would change; null on the last page.
    pub next: Option<String>,
}

/// What would become of one event.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventDiffView {
    #[schema(value_type = String, format = "uuid")]
    pub event: Uuid,
    pub endpoint: String,
    #[serde(rename = "type")]
    pub event_type: String,
    /// As it is.
    #[schema(value_type = String)]
    pub from: EventStatus,
    /// As it would be; `pending` when the sender's API has to be asked first.
    #[schema(value_type = String)]
    pub to: EventStatus,
    /// Why it would not be processed.
    pub reason: Option<String>,
    /// Records that would change.
    pub records: Vec<RecordDiffView>,
    #[serde(skip)]
    #[schema(ignore)]
    pub effect: Effect,
}

/// What would become of one record.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecordDiffView {
    #[schema(value_type = String)]
    pub kind: Kind,
    /// Null when it would be new.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub id: Option<Uuid>,
    #[schema(value_type = Vec<String>)]
    pub what: Vec<ChangeKind>,
    pub changes: Vec<FieldChangeView>,
}

impl EventDiffView {
    fn of(event: Event, diff: EventDiff) -> Self {
        EventDiffView {
            effect: Effect::of(&event, &diff),
            event: event.id,
            endpoint: event.endpoint,
            event_type: event.event_type,
            from: event.status,
            to: diff.status,
            reason: diff.reason.map(String::from),
            records: diff.records.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<RecordDiff> for RecordDiffView {
    fn from(diff: RecordDiff) -> Self {
        RecordDiffView {
            kind: diff.kind,
            id: diff.id,
            what: diff.what,
            changes: diff.changes.into_iter().map(Into::into).collect(),
        }
    }
}

/// Foresees one page of what `request` finds. Pending events are left out: they are mapped anyway.
///
/// # Errors
/// A store that cannot be read.
pub async fn page(
    store: &dyn Store,
    recipes: &Recipes,
    context: &Context,
    request: &ReplayRequest,
) -> Result<ReplayDiff, Problem> {
    let (selection, cursor) = (request.selection(), request.cursor.clone());
    let foreseen = replay::foreseen(store, recipes, context, selection, cursor).await?;
    let mut diff = ReplayDiff {
        dry_run: true,
        next: foreseen.next,
        ..ReplayDiff::default()
    };
    for (event, would) in foreseen.events {
        let view = EventDiffView::of(event, would);
        diff.found += 1;
        diff.changed += u64::from(view.effect == Effect::Changes);
        diff.stopped += u64::from(view.effect == Effect::StopsAgain);
        diff.events.push(view);
    }
    Ok(diff)
}
