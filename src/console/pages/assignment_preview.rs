//! What the draft would do, before it does: leads of the past played by it; and publishing it.

use std::collections::HashMap;

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use uuid::Uuid;

use crate::console::Console;
use crate::console::drafting::{self, Working};
use crate::console::fault::Fault;
use crate::console::form::Form;
use crate::console::frame::Frame;
use crate::console::page;
use crate::console::pages::assignment::{Line, lines};
use crate::console::pages::records::names_of;
use crate::console::places::{Place, Who, get, post};
use crate::console::rule_words;
use crate::console::visitor::Insider;
use crate::console::words::Words;
use crate::model::field::Kind;
use crate::process::office::preview::{MovedLead, Preview, RepShare};
use crate::process::office::rules::Signature;

pub const PLACES: &[Place] = &[
    get("/assignment/preview", Who::Managers, |route| route.to(show)),
    post("/assignment/publish", Who::Managers, |route| {
        route.to(publish)
    }),
];

/// Days that can be chosen.
const DAYS: [u32; 4] = [7, 30, 90, 365];
/// Leads that are listed at most.
const LISTED: usize = 50;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Query {
    days: Option<u32>,
}

#[derive(Template)]
#[template(path = "assignment_preview.html")]
struct Page<'v> {
    f: Frame<'v>,
    working: Working,
    days: u32,
    /// What the draft does differently.
    changes: Vec<String>,
    /// Rules that cannot be published, and what concerns all of them.
    broken: Vec<Line>,
    problems: Vec<String>,
    played: Option<Played>,
}

/// A preview as it is shown.
struct Played {
    /// Kind and sentence of each.
    findings: Vec<(&'static str, String)>,
    preview: Preview,
    reps: Vec<Share>,
    moves: Vec<Move>,
}

struct Share {
    name: String,
    share: RepShare,
    change: String,
}

struct Move {
    lead: MovedLead,
    /// Whose it is.
    name: String,
    from: Option<String>,
    to: Option<String>,
}

impl Page<'_> {
    fn choices(&self) -> [u32; 4] {
        DAYS
    }

    fn wide(&self, days: &u32) -> u64 {
        u64::from(*days)
    }

    fn can_publish(&self) -> bool {
        self.working.draft.is_some() && self.played.is_some() && !self.working.is_behind()
    }
}

async fn show(
    console: web::Data<Console>,
    insider: Insider,
    query: web::Query<Query>,
) -> Result<HttpResponse, Fault> {
    let working = Working::of(&console).await?;
    let days = query.days.unwrap_or(30).clamp(1, 366);
    let office = console.processing.office();
    let problems = office.problems(&working.rules).await;
    let problems = problems.map_err(drafting::fault)?;
    let played = match problems.is_empty() {
        true => {
            let filled = console.processing.recipes().current().filled();
            let preview = office.preview(working.rules.clone(), days, filled).await;
            let preview = preview.map_err(drafting::fault)?;
            let moved = preview.moves.iter().take(LISTED);
            let moved = moved.map(|moved| (Kind::Lead, moved.lead)).collect();
            let moved = console.store.records_by_id(moved).await?;
            let names = names_of(&console, &moved).await?;
            Some(played(insider.words, &working, preview, &names))
        }
        false => None,
    };
    let (mut rules, problems) = lines(&insider, &working, problems);
    rules.retain(|rule| !rule.problems.is_empty());
    page::shown(&Page {
        f: Frame::new(&insider, "assignment"),
        changes: rule_words::differences(
            insider.words,
            &working.desk,
            &working.desk.rules,
            &working.rules,
        ),
        broken: rules,
        problems,
        played,
        days,
        working,
    })
}

fn played(
    words: Words,
    working: &Working,
    preview: Preview,
    names: &HashMap<Uuid, String>,
) -> Played {
    let name = |handle: &Option<String>| {
        let handle = handle.as_deref()?;
        Some(rule_words::rep(&working.desk, handle).to_owned())
    };
    let reps = preview.reps.iter().map(|share| Share {
        name: rule_words::rep(&working.desk, &share.rep).to_owned(),
        change: signed(share.before, share.after),
        share: share.clone(),
    });
    let moves = preview.moves.iter().take(LISTED).map(|lead| Move {
        from: name(&lead.from),
        to: name(&lead.to),
        name: names.get(&lead.lead).cloned().unwrap_or_default(),
        lead: lead.clone(),
    });
    let findings = preview.findings.iter();
    let findings = findings.map(|it| (it.kind(), rule_words::finding(words, &working.desk, it)));
    Played {
        findings: findings.collect(),
        reps: reps.collect(),
        moves: moves.collect(),
        preview,
    }
}

/// `+3`, `−2`, or `=`.
fn signed(before: usize, after: usize) -> String {
    match (after.checked_sub(before), before.checked_sub(after)) {
        (Some(0), _) => "=".to_owned(),
        (Some(more), _) => format!("+{more}"),
        (None, fewer) => format!("−{}", fewer.unwrap_or_default()),
    }
}

async fn publish(
    console: web::Data<Console>,
    insider: Insider,
    form: Form,
) -> Result<HttpResponse, Fault> {
    let working = Working::of(&console).await?;
    working.check(&insider, &form)?;
    if working.draft.is_none() {
        return Err(Fault::Missing);
    }
    let signature = Signature {
        hand: insider.hand(),
        note: form.text("note").to_owned(),
    };
    let office = console.processing.office();
    let published = office.publish_draft(signature).await;
    published.map_err(drafting::fault)?;
    Ok(page::onward("/assignment?done=rules-published"))
}
