//! /api/v1/health: how well the mappings fit the traffic, and by which rhythm it comes.

use actix_web::{HttpRequest, Responder, web};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::Api;
use crate::api::problem::Problem;
use crate::api::query::Query;
use crate::api::view::Listed;
use crate::process::health::fold::Tally;
use crate::process::health::keep::{MAPPING, RHYTHM};
use crate::process::health::report::{Fit, fit, words};
use crate::process::health::rhythm::Rhythm;
use crate::process::recipes::Recipes;

/// One kind of event at one endpoint, and how well its mapping fits. Places are paths without positions:
/// `body.lines.sku` is the sku of every line. Shares are from 0 to 1.
#[derive(Debug, Serialize, ToSchema)]
pub struct MappingHealthView {
    pub endpoint: String,
    pub source: String,
    /// The name of the `[[event]]`: `orders/*`.
    pub event: String,
    /// The file that maps it.
    pub mapping: String,
    /// Events ever, and those that were looked at: all of few, a share of many.
    pub events: u64,
    pub samples: u64,
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// When it was last counted.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Whether enough was seen to tell what is usual.
    pub learned: bool,
    /// Come, and no formula reads them.
    pub unused: Vec<UnusedView>,
    /// Formulas read them, they used to come, and come no more.
    pub stopped: Vec<StoppedView>,
    /// Formulas read them, and they never came; of alternatives (`a or b`) that is in order.
    pub never: Vec<String>,
    /// Became of another kind.
    pub retyped: Vec<RetypedView>,
    /// Hold what the schema does not allow.
    pub against_schema: Vec<AgainstSchemaView>,
    /// The fields of records that are made, and how often.
    pub fields: Vec<FieldView>,
}

/// A place that no formula reads.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnusedView {
    pub place: String,
    pub share: f64,
    pub types: Vec<String>,
}

/// A place that came and comes no more.
#[derive(Debug, Serialize, ToSchema)]
pub struct StoppedView {
    pub place: String,
    pub usual: f64,
    pub last: f64,
    /// When it last came.
    #[schema(value_type = String, format = DateTime)]
    pub seen: Timestamp,
}

/// A place whose values became of another kind.
#[derive(Debug, Serialize, ToSchema)]
pub struct RetypedView {
    pub place: String,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    pub from: Vec<String>,
    pub to: Vec<String>,
}

/// A place that holds what the schema does not allow.
#[derive(Debug, Serialize, ToSchema)]
pub struct AgainstSchemaView {
    pub place: String,
    pub types: Vec<String>,
    pub allowed: Vec<String>,
}

/// A field of a record.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldView {
    /// `contact.email`
    pub field: String,
    /// Of the mapping file.
    pub line: u32,
    /// Of events, usually and in the last window of time.
    pub usual: f64,
    pub last: f64,
    /// Since when it comes much less often than it did; an alarm stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub fallen: Option<Timestamp>,
}

/// The rhythm of an endpoint.
#[derive(Debug, Serialize, ToSchema)]
pub struct EndpointHealthView {
    pub endpoint: String,
    /// Events since it is watched.
    pub events: u64,
    #[schema(value_type = String, format = DateTime)]
    pub first: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub last: Timestamp,
    pub per_week: f64,
    /// Events that should have come since the last one.
    pub missed: f64,
    /// Since when it has been silent against its habit; an alarm stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub silent: Option<Timestamp>,
}

/// How well the mappings fit what comes: unused, missing and changed fields, by endpoint and event.
#[utoipa::path(
    get,
    path = "/api/v1/health/mappings",
    tag = "gateway",
    operation_id = "list_mapping_health",
    params(("endpoint" = Option<String>, Query, description = "Of this endpoint alone.")),
    responses((status = 200, body = Listed<MappingHealthView>))
)]
pub async fn mappings(
    api: web::Data<Api>,
    request: HttpRequest,
) -> Result<impl Responder, Problem> {
    let query = Query::of(&request, &["endpoint"])?;
    let wanted = query.text("endpoint");
    let recipes = api.processing.recipes().current();
    let items = api
        .store
        .observations(MAPPING.to_owned())
        .await?
        .into_iter()
        .filter_map(|observation| serde_json::from_value::<Tally>(observation.document).ok())
        .filter(|tally| {
            wanted
                .as_ref()
                .is_none_or(|wanted| *wanted == tally.endpoint)
        })
        .filter_map(|tally| mapping_view(tally, &recipes))
        .collect();
    Ok(web::Json(Listed { items, next: None }))
}

/// When events come, and whether an endpoint is silent against its habit.
#[utoipa::path(
    get,
    path = "/api/v1/health/endpoints",
    tag = "gateway",
    operation_id = "list_endpoint_health",
    responses((status = 200, body = Listed<EndpointHealthView>))
)]
pub async fn endpoints(
    api: web::Data<Api>,
    request: HttpRequest,
) -> Result<impl Responder, Problem> {
    Query::of(&request, &[])?;
    let items = api
        .store
        .observations(RHYTHM.to_owned())
        .await?
        .into_iter()
        .filter_map(|observation| {
            let rhythm = serde_json::from_value(observation.document).ok()?;
            Some(endpoint_view(observation.name, &rhythm))
        })
        .collect();
    Ok(web::Json(Listed { items, next: None }))
}

/// `None` for a source that is gone.
fn mapping_view(tally: Tally, recipes: &Recipes) -> Option<MappingHealthView> {
    let source = recipes.source(&tally.source)?;
    let Fit {
        unused,
        stopped,
        never,
        retyped,
        against_schema,
        fields,
    } = fit(&tally, source);
    Some(MappingHealthView {
        learned: tally.is_learned(),
        mapping: source.file.clone(),
        endpoint: tally.endpoint,
        source: tally.source,
        event: tally.event,
        events: tally.events,
        samples: tally.samples,
        since: tally.since,
        at: tally.at,
        unused: unused
            .into_iter()
            .map(|unused| UnusedView {
                place: unused.place,
                share: unused.share,
                types: words(unused.types),
            })
            .collect(),
        stopped: stopped
            .into_iter()
            .map(|stopped| StoppedView {
                place: stopped.place,
                usual: stopped.usual,
                last: stopped.last,
                seen: stopped.seen,
            })
            .collect(),
        never,
        retyped: retyped
            .into_iter()
            .map(|(place, retyped)| RetypedView {
                place,
                at: retyped.at,
                from: words(retyped.from),
                to: words(retyped.to),
            })
            .collect(),
        against_schema: against_schema
            .into_iter()
            .map(|misfit| AgainstSchemaView {
                place: misfit.place,
                types: words(misfit.types),
                allowed: words(misfit.allowed),
            })
            .collect(),
        fields: fields
            .into_iter()
            .map(|field| FieldView {
                field: field.field,
                line: field.line,
                usual: field.usual,
                last: field.last,
                fallen: field.fallen,
            })
            .collect(),
    })
}

fn endpoint_view(endpoint: String, rhythm: &Rhythm) -> EndpointHealthView {
    EndpointHealthView {
        endpoint,
        events: rhythm.events,
        first: rhythm.first,
        last: rhythm.last,
        per_week: (rhythm.per_week() * 10.0).round() / 10.0,
        missed: (rhythm.missed() * 10.0).round() / 10.0,
        silent: rhythm.silent,
    }
}
