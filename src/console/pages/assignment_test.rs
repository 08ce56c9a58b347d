//! One lead, tried: who would get it, by the current rules and by the draft. Nothing is written.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::console::Console;
use crate::console::drafting::{self, Working};
use crate::console::fault::Fault;
use crate::console::frame::Frame;
use crate::console::page;
use crate::console::pages::records::names_of;
use crate::console::places::{Place, Who, get};
use crate::console::rule_words;
use crate::console::verdict::{self, Verdict};
use crate::console::visitor::Insider;
use crate::model::field::Kind;
use crate::model::page::PageRequest;
use crate::model::record::Record;
use crate::model::rules::RuleSet;
use crate::process::office::OfficeError;
use crate::process::office::explain::Which;
use crate::store::RecordFilter;

pub const PLACES: &[Place] = &[get("/assignment/test", Who::Managers, |route| {
    route.to(show)
})];

/// Leads that can be chosen.
const LEADS: usize = 50;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Query {
    lead: String,
}

#[derive(Template)]
#[template(path = "assignment_test.html")]
struct Page<'v> {
    f: Frame<'v>,
    /// Id and name of the newest.
    leads: Vec<(String, String)>,
    lead: String,
    /// By the current rules, and by the draft when there is one.
    answers: Vec<Answer>,
    /// Why the draft cannot be tried.
    broken: Vec<String>,
}

/// What rules would do.
struct Answer {
    is_draft: bool,
    owner: Option<String>,
    verdict: Verdict,
}

async fn show(
    console: web::Data<Console>,
    insider: Insider,
    query: web::Query<Query>,
) -> Result<HttpResponse, Fault> {
    let working = Working::of(&console).await?;
    let request = PageRequest {
        limit: LEADS,
        cursor: None,
    };
    let lead = query.lead.trim().to_owned();
    let is_id = lead.parse::<Uuid>().is_ok();
    let filter = RecordFilter {
        q: Some(lead.clone()).filter(|lead| !lead.is_empty() && !is_id),
        ..RecordFilter::default()
    };
    let newest = console.store.records(Kind::Lead, filter, request).await?;
    let (mut answers, mut broken) = (Vec::new(), Vec::new());
    if let Ok(id) = lead.parse::<Uuid>() {
        answers.push(ask(&console, &insider, &working, (id, None)).await?);
        if working.draft.is_some() {
            match try_draft(&console, &insider, &working, id).await? {
                Ok(answer) => answers.push(answer),
                Err(problems) => broken = problems,
            }
        }
    }
    let names = names_of(&console, &newest.items).await?;
    let named = newest.items.iter().map(|lead| {
        let whose = names.get(&lead.id).map_or("", String::as_str);
        (lead.id.to_string(), format!("{whose} · {}", name_of(lead)))
    });
    page::shown(&Page {
        f: Frame::new(&insider, "assignment"),
        leads: named.collect(),
        lead,
        answers,
        broken,
    })
}

async fn ask(
    console: &Console,
    insider: &Insider,
    working: &Working,
    (id, rules): (Uuid, Option<RuleSet>),
) -> Result<Answer, Fault> {
    let is_draft = rules.is_some();
    let office = console.processing.office();
    let found = office.explain(Which::Stored(id), rules, None).await;
    let found = found.map_err(drafting::fault)?;
    let owner = found.owner.as_deref();
    Ok(Answer {
        is_draft,
        owner: owner.map(|owner| rule_words::rep(&working.desk, owner).to_owned()),
        verdict: verdict::of(insider.words, &working.desk, &found.trace),
    })
}

/// By the draft; or what keeps it from being tried.
async fn try_draft(
    console: &Console,
    insider: &Insider,
    working: &Working,
    id: Uuid,
) -> Result<Result<Answer, Vec<String>>, Fault> {
    let rules = working.rules.clone();
    let office = console.processing.office();
    match office.problems(&rules).await {
        Ok(problems) if problems.is_empty() => {
            let answer = ask(console, insider, working, (id, Some(rules))).await?;
            Ok(Ok(answer))
        }
        Ok(problems) => {
            let said = problems.iter().map(|it| insider.words.said(&it.message));
            Ok(Err(said.collect()))
        }
        Err(OfficeError::Store(error)) => Err(error.into()),
        Err(other) => Err(drafting::fault(other)),
    }
}

/// What a lead can be told by.
pub fn name_of(lead: &Record) -> String {
    let text = |field: &str| lead.fields.get(field).and_then(Value::as_str);
    let names = ["title", "form_name", "campaign", "message", "source"];
    let name = names.into_iter().find_map(text).unwrap_or_default();
    let short: String = name.chars().take(60).collect();
    let at = lead.created_at.strftime("%Y-%m-%d %H:%M");
    format!("{short} · {at}")
}
