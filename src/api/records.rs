//! What contacts, leads, orders and tickets have in common: the list and the single record.

use actix_web::{HttpRequest, web};
use uuid::Uuid;

use crate::api::Api;
use crate::api::problem::Problem;
use crate::api::query::Query;
use crate::api::view::{Listed, RecordDetail, RecordView, last_event, provenance};
use crate::model::field::{FieldType, Kind};
use crate::model::page::PageRequest;
use crate::store::RecordFilter;

/// Changes shown with a single record.
const TIMELINE: usize = 100;

/// Answers a list; `filters` are the parameters this kind knows.
pub async fn list(
    api: &Api,
    request: &HttpRequest,
    kind: Kind,
    filters: &[&str],
) -> Result<web::Json<Listed<RecordView>>, Problem> {
    let query = Query::of(request, filters)?;
    let filter = RecordFilter {
        email: query.text("email").map(|email| email.trim().to_lowercase()),
        status: query.one_of("status", statuses(kind))?,
        owner: query.text("owner"),
        since: query.time("since")?,
        q: query.text("q"),
    };
    let page = api.store.records(kind, filter, query.page()?).await?;
    Ok(web::Json(Listed::of(page, RecordView::from)))
}

/// Answers a single record.
pub async fn show(api: &Api, kind: Kind, id: &str) -> Result<web::Json<RecordDetail>, Problem> {
    let id = id_of(kind.as_str(), id)?;
    let record = api
        .store
        .record(kind, id)
        .await?
        .ok_or_else(|| Problem::not_found(format!("there is no {} {id}", kind.as_str())))?;
    let newest = PageRequest {
        limit: TIMELINE,
        cursor: None,
    };
    let timeline = api.store.timeline(id, newest).await?;
    Ok(web::Json(RecordDetail {
        deleted_at: record.deleted_at,
        provenance: provenance(&record, |source| api.mapping_file(source)),
        last_event: last_event(&record),
        timeline: timeline.items.into_iter().map(Into::into).collect(),
        record: record.into(),
    }))
}

/// An id out of a path.
pub fn id_of(what: &str, text: &str) -> Result<Uuid, Problem> {
    text.parse()
        .map_err(|_| Problem::not_found(format!("{text:?} is not the id of a {what}")))
}

/// The words a record's status may be.
fn statuses(kind: Kind) -> &'static [&'static str] {
    match kind.field("status").map(|field| &field.of) {
        Some(FieldType::OneOf(words)) => words,
        _ => &[],
    }
}
