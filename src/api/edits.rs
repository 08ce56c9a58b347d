//! What programs do with records for people: fields by hand, notes, merges and undoing them.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::{HttpResponse, Responder, web};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::Api;
use crate::api::auth::{Manager, Worker};
use crate::api::body::Document;
use crate::api::problem::{Fault, Problem};
use crate::api::records;
use crate::api::records::id_of;
use crate::api::view::Listed;
use crate::model::field::Kind;
use crate::process::edit::fields::{FieldEdit, Lock};
use crate::process::edit::join::{self, Foreseen};
use crate::process::edit::{EditError, Hand, fields, note};
use crate::store::edits::NoteRow;

/// Fields to write by hand, and fields to let go of.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RecordPatch {
    /// By their names; parts as `custom.size` and `consent.email`. Null erases. What is written is locked: later events
    /// leave it alone.
    #[schema(value_type = Object)]
    pub fields: Map<String, Value>,
    /// Fields that later news may replace again.
    pub unlock: Vec<String>,
}

/// A note to write.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoteBody {
    pub text: String,
}

/// A note beside a record.
#[derive(Debug, Serialize, ToSchema)]
pub struct NoteView {
    #[schema(value_type = String, format = "uuid")]
    pub id: Uuid,
    pub who: String,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    pub text: String,
}

impl From<NoteRow> for NoteView {
    fn from(note: NoteRow) -> Self {
        NoteView {
            id: note.id,
            who: note.who,
            at: note.at,
            text: note.text,
        }
    }
}

/// Which contact is taken in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MergeBody {
    #[schema(value_type = String, format = "uuid")]
    pub other: Uuid,
    /// Field → `kept` or `other`, where both say something; else later news stands.
    #[serde(default)]
    pub take: BTreeMap<String, Side>,
    /// Says what would become, and changes nothing.
    #[serde(default)]
    pub dry_run: bool,
}

/// One of the two contacts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    Kept,
    Other,
}

/// A merge, or what it would be.
#[derive(Debug, Serialize, ToSchema)]
pub struct MergeView {
    /// Names it, to undo it; null of a dry run.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub merge: Option<Uuid>,
    /// Fields in which the two differed.
    pub fields: Vec<MeetingView>,
    /// Leads, orders and tickets that moved.
    pub moved: usize,
}

/// A field in which two contacts differ.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeetingView {
    pub field: String,
    #[schema(value_type = Object)]
    pub kept: Value,
    #[schema(value_type = Object)]
    pub other: Value,
    #[schema(value_type = Object)]
    pub becomes: Value,
}

/// The two contacts of a merge that was undone.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnmergedView {
    #[schema(value_type = String, format = "uuid")]
    pub kept: Uuid,
    #[schema(value_type = String, format = "uuid")]
    pub other: Uuid,
}

/// The handlers of one kind; only their paths differ, and who may write notes: reps do beside their own leads.
macro_rules! of_kind {
    ($module:ident, $kind:expr, $noter:ident, $record:literal, $notes:literal, $patch:literal, $list:literal, $add:literal) => {
        pub mod $module {
            use super::*;

            /// Writes fields by hand, each of which is then locked, and unlocks fields.
            #[utoipa::path(
                patch,
                path = $record,
                tag = "records",
                operation_id = $patch,
                params(("id" = String, Path, description = "The record's id.")),
                request_body = RecordPatch,
                responses(
                    (status = 200, body = crate::api::view::RecordDetail),
                    (status = 404, body = Problem, content_type = "application/problem+json"),
                    (status = 409, description = "`key_taken`, `no_change`, `deleted`", body = Problem, content_type = "application/problem+json"),
                    (status = 422, body = Problem, content_type = "application/problem+json"),
                )
            )]
            pub async fn patch(
                api: web::Data<Api>,
                Manager(hand): Manager,
                id: web::Path<String>,
                body: Document,
            ) -> Result<impl Responder, Problem> {
                edit(&api, &hand, $kind, &id, body.read()?).await?;
                records::show(&api, $kind, &id).await
            }

            /// The notes beside a record, newest first.
            #[utoipa::path(
                get,
                path = $notes,
                tag = "records",
                operation_id = $list,
                params(("id" = String, Path, description = "The record's id.")),
                responses((status = 200, body = Listed<NoteView>))
            )]
            pub async fn notes(
                api: web::Data<Api>,
                id: web::Path<String>,
            ) -> Result<impl Responder, Problem> {
                let id = id_of($kind.as_str(), &id)?;
                let notes = api.store.notes($kind, id).await?;
                let items = notes.into_iter().map(NoteView::from).collect();
                Ok(web::Json(Listed { items, next: None }))
            }

            /// Writes a note beside a record.
            #[utoipa::path(
                post,
                path = $notes,
                tag = "records",
                operation_id = $add,
                params(("id" = String, Path, description = "The record's id.")),
                request_body = NoteBody,
                responses(
                    (status = 201, description = "The note is kept."),
                    (status = 404, body = Problem, content_type = "application/problem+json"),
                    (status = 422, body = Problem, content_type = "application/problem+json"),
                )
            )]
            pub async fn add_note(
                api: web::Data<Api>,
                $noter(hand): $noter,
                id: web::Path<String>,
                body: Document,
            ) -> Result<HttpResponse, Problem> {
                let body: NoteBody = body.read()?;
                let subject = ($kind, id_of($kind.as_str(), &id)?);
                let made = note::add(api.store.as_ref(), &hand, subject, &body.text).await;
                made.map_err(problem)?;
                Ok(HttpResponse::Created().finish())
            }
        }
    };
}

of_kind!(
    contact,
    Kind::Contact,
    Manager,
    "/api/v1/contacts/{id}",
    "/api/v1/contacts/{id}/notes",
    "edit_contact",
    "list_contact_notes",
    "add_contact_note"
);
of_kind!(
    lead,
    Kind::Lead,
    Worker,
    "/api/v1/leads/{id}",
    "/api/v1/leads/{id}/notes",
    "edit_lead",
    "list_lead_notes",
    "add_lead_note"
);
of_kind!(
    order,
    Kind::Order,
    Manager,
    "/api/v1/orders/{id}",
    "/api/v1/orders/{id}/notes",
    "edit_order",
    "list_order_notes",
    "add_order_note"
);
of_kind!(
    ticket,
    Kind::Ticket,
    Manager,
    "/api/v1/tickets/{id}",
    "/api/v1/tickets/{id}/notes",
    "edit_ticket",
    "list_ticket_notes",
    "add_ticket_note"
);

async fn edit(
    api: &Api,
    hand: &Hand,
    kind: Kind,
    id: &str,
    patch: RecordPatch,
) -> Result<(), Problem> {
    let subject = (kind, id_of(kind.as_str(), id)?);
    let store = api.store.as_ref();
    let edits = patch.fields.into_iter().map(|(field, value)| FieldEdit {
        field,
        value,
        was: None,
    });
    let edits: Vec<FieldEdit> = edits.collect();
    if edits.is_empty() && patch.unlock.is_empty() {
        let fault = Fault::new("", "say what to change: give `fields`, `unlock` or both");
        return Err(Problem::invalid(vec![fault]));
    }
    if !edits.is_empty() {
        let made = fields::change(store, hand, subject, edits).await;
        made.map_err(problem)?;
    }
    for field in patch.unlock {
        let made = fields::lock(store, hand, subject, &field, Lock::Off).await;
        match made {
            Err(EditError::Refused(refusal)) if refusal.code == "no_change" => {}
            made => made.map_err(problem)?,
        }
    }
    Ok(())
}

/// Merges another contact into this one: `dry_run` first shows what it would become.
#[utoipa::path(
    post,
    path = "/api/v1/contacts/{id}/merge",
    tag = "records",
    operation_id = "merge_contacts",
    params(("id" = String, Path, description = "The contact that is kept.")),
    request_body = MergeBody,
    responses(
        (status = 200, body = MergeView),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`same`, `too_many`, `deleted`", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn merge(
    api: web::Data<Api>,
    Manager(hand): Manager,
    id: web::Path<String>,
    body: Document,
) -> Result<impl Responder, Problem> {
    let kept = id_of("contact", &id)?;
    let body: MergeBody = body.read()?;
    let store = api.store.as_ref();
    let seen = join::foresee(store, &hand, kept, body.other).await;
    let seen = seen.map_err(problem)?;
    let picks = picks(&seen, &body.take)?;
    let merge = match body.dry_run {
        true => None,
        false => {
            let joined = join::join(store, &hand, (kept, body.other), picks).await;
            Some(joined.map_err(problem)?)
        }
    };
    Ok(web::Json(MergeView {
        merge,
        moved: seen.moved.len(),
        fields: seen
            .fields
            .into_iter()
            .map(|it| MeetingView {
                field: it.field,
                kept: it.kept,
                other: it.other,
                becomes: it.becomes,
            })
            .collect(),
    }))
}

/// The fields of which the value is wanted that would not stand there.
fn picks(seen: &Foreseen, take: &BTreeMap<String, Side>) -> Result<BTreeSet<String>, Problem> {
    let mut picks = BTreeSet::new();
    for (field, side) in take {
        let meeting = seen.fields.iter().find(|it| it.field == *field);
        let Some(meeting) = meeting.filter(|it| it.is_choice()) else {
            let fault = Fault::new(
                format!("/take/{field}"),
                "the two do not differ in this field, or it cannot be chosen",
            );
            return Err(Problem::invalid(vec![fault]));
        };
        let wanted = match side {
            Side::Kept => &meeting.kept,
            Side::Other => &meeting.other,
        };
        if *wanted != meeting.becomes {
            picks.insert(field.clone());
        }
    }
    Ok(picks)
}

/// Undoes a merge: the two contacts are two again; what came since then stays with the kept one.
#[utoipa::path(
    post,
    path = "/api/v1/merges/{id}/undo",
    tag = "records",
    operation_id = "undo_merge",
    params(("id" = String, Path, description = "The merge's id.")),
    responses(
        (status = 200, body = UnmergedView),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`undone_already`, `later_merge`", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn undo(
    api: web::Data<Api>,
    Manager(hand): Manager,
    id: web::Path<String>,
) -> Result<impl Responder, Problem> {
    let id = id_of("merge", &id)?;
    let undone = join::undo(api.store.as_ref(), &hand, id).await;
    let row = undone.map_err(problem)?;
    Ok(web::Json(UnmergedView {
        kept: row.kept,
        other: row.other,
    }))
}

fn problem(error: EditError) -> Problem {
    match error {
        EditError::Unknown => Problem::not_found("there is no such record or merge"),
        EditError::Invalid(wrong) => {
            let faults = wrong
                .into_iter()
                .map(|(field, sentence)| Fault::new(format!("/fields/{field}"), sentence));
            Problem::invalid(faults.collect())
        }
        EditError::Refused(refusal) => {
            let other = refusal.other.map(|other| format!(": {other}"));
            let sentence = refusal.sentence + &other.unwrap_or_default();
            Problem::conflict(refusal.code, sentence)
        }
        EditError::Store(error) => error.into(),
    }
}
