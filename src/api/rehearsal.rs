//! /api/v1/rules/preview and /rules/test: what rules would do.

use actix_web::{HttpRequest, Responder, web};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use crate::api::Api;
use crate::api::auth::Manager;
use crate::api::body::Document;
use crate::api::office::problem;
use crate::api::problem::{Fault, Problem};
use crate::api::query::Query;
use crate::assign::explain::why_not;
use crate::model::record::Fields;
use crate::model::rules::RuleSet;
use crate::model::trace::Trace;
use crate::process::office::explain::{Pasted, Which};
use crate::process::office::preview::Preview;

/// Days that a preview looks back when the caller does not say, and at most.
const DAYS: u64 = 30;
const MOST_DAYS: u64 = 366;

/// One lead to test rules with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TestOfRules {
    /// A stored lead, taken as it came; or else `fields`.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "uuid")]
    pub lead: Option<Uuid>,
    #[serde(default)]
    pub fields: Option<MadeUp>,
    /// As of when: shifts differ by the hour. Now when absent.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub at: Option<Timestamp>,
    /// The rules to test; the current ones when absent.
    #[serde(default)]
    #[schema(value_type = Option<UnversionedRuleSet>)]
    pub rules: Option<Value>,
}

/// The schema of rules that are only played with: a rule set whose version may be left out.
pub struct UnversionedRuleSet;

impl PartialSchema for UnversionedRuleSet {
    fn schema() -> RefOr<Schema> {
        let mut schema = RuleSet::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            object.required.retain(|name| name != "version");
        }
        schema
    }
}

impl ToSchema for UnversionedRuleSet {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        RuleSet::schemas(schemas);
    }
}

/// A lead that is made up, by the names that conditions use.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MadeUp {
    #[schema(value_type = Object)]
    pub lead: Fields,
    #[schema(value_type = Option<Object>)]
    pub contact: Option<Fields>,
    #[schema(value_type = Object)]
    pub event: Fields,
    #[schema(value_type = Object)]
    pub company: Fields,
    #[schema(value_type = Object)]
    pub orders: Fields,
}

/// Who would get it, and why.
#[derive(Debug, Serialize, ToSchema)]
pub struct TestAnswer {
    /// Null when nobody could take it.
    pub owner: Option<String>,
    pub rule: Option<String>,
    pub reason: String,
    /// The targets it would wait for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<String>,
    /// Why not the other rules and people, a sentence each.
    pub why_not: Vec<String>,
    #[schema(value_type = Object)]
    pub trace: Trace,
}

/// Plays the leads of the last days by the current rules and by a draft. Nothing is written.
#[utoipa::path(
    post,
    path = "/api/v1/rules/preview",
    tag = "assignment",
    operation_id = "preview_rules",
    params(("days" = Option<u64>, Query, description = "How far to look back, 1 to 366; 30 when absent.")),
    request_body = UnversionedRuleSet,
    responses(
        (status = 200, body = Preview),
        (status = 422, description = "The draft could not be published.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn preview(
    api: web::Data<Api>,
    _: Manager,
    request: HttpRequest,
    body: Document,
) -> Result<impl Responder, Problem> {
    let query = Query::of(&request, &["days"])?;
    let days = query.number("days", 1..=MOST_DAYS)?.unwrap_or(DAYS);
    let days = u32::try_from(days).unwrap_or(u32::MAX);
    let office = api.processing.office();
    let draft = office.read_unversioned(body.0).map_err(problem)?;
    let filled = api.processing.recipes().current().filled();
    let preview = office.preview(draft, days, filled).await;
    Ok(web::Json(preview.map_err(problem)?))
}

/// Says what rules would do with one lead. Nothing is written, and no turn is spent.
#[utoipa::path(
    post,
    path = "/api/v1/rules/test",
    tag = "assignment",
    operation_id = "test_rules",
    request_body = TestOfRules,
    responses(
        (status = 200, body = TestAnswer),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn test(
    api: web::Data<Api>,
    _: Manager,
    body: Document,
) -> Result<impl Responder, Problem> {
    let asked: TestOfRules = body.read()?;
    let office = api.processing.office();
    let rules = asked.rules.map(|rules| office.read_unversioned(rules));
    let rules = rules.transpose().map_err(problem)?;
    let which = match (asked.lead, asked.fields) {
        (Some(lead), None) => Which::Stored(lead),
        (None, Some(fields)) => Which::Pasted(Box::new(Pasted {
            lead: fields.lead,
            contact: fields.contact,
            event: fields.event,
            company: fields.company,
            orders: fields.orders,
        })),
        _ => {
            let message = "say either which lead, or the fields of one";
            return Err(Problem::invalid(vec![Fault::new("/lead", message)]));
        }
    };
    let found = office.explain(which, rules, asked.at).await;
    let found = found.map_err(problem)?;
    Ok(web::Json(TestAnswer {
        owner: found.owner,
        rule: found.rule,
        reason: found.reason,
        waits_for: found.route,
        why_not: why_not(&found.trace),
        trace: found.trace,
    }))
}
