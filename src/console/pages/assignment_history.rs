//! Every version there was: who made it, why, what was different; and the way back.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::console::Console;
use crate::console::drafting::{self, Working};
use crate::console::fault::Fault;
use crate::console::form::Form;
use crate::console::frame::Frame;
use crate::console::page;
use crate::console::pages::assignment::{Line, lines};
use crate::console::places::{Place, Who, get, post};
use crate::console::rule_words;
use crate::console::visitor::Insider;
use crate::model::page::PageRequest;
use crate::model::rules::Imprint;
use crate::process::office::rules::Signature;

pub const PLACES: &[Place] = &[
    get("/assignment/history", Who::Readers, |route| {
        route.to(history)
    }),
    get("/assignment/history/{version}", Who::Readers, |route| {
        route.to(version)
    }),
    post(
        "/assignment/history/{version}/back",
        Who::Managers,
        |route| route.to(back),
    ),
];

/// Versions on a page.
const LINES: usize = 20;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Query {
    cursor: String,
}

#[derive(Template)]
#[template(path = "assignment_history.html")]
struct HistoryPage<'v> {
    f: Frame<'v>,
    versions: Vec<Version>,
    current: u64,
    next: Option<String>,
}

/// A version as it is listed.
struct Version {
    number: u64,
    imprint: Imprint,
    /// From the one before.
    changes: Vec<String>,
}

#[derive(Template)]
#[template(path = "assignment_version.html")]
struct VersionPage<'v> {
    f: Frame<'v>,
    number: u64,
    imprint: Imprint,
    rules: Vec<Line>,
    /// From the current version to this one: what going back would do.
    changes: Vec<String>,
    is_current: bool,
    current: u64,
}

async fn history(
    console: web::Data<Console>,
    insider: Insider,
    query: web::Query<Query>,
) -> Result<HttpResponse, Fault> {
    let office = console.processing.office();
    let request = PageRequest {
        limit: LINES,
        cursor: Some(query.cursor.clone()).filter(|cursor| !cursor.is_empty()),
    };
    let found = office.versions(request).await.map_err(drafting::fault)?;
    let desk = console.store.desk().await?;
    let mut versions = Vec::new();
    for (rules, imprint) in found.items {
        let before = office.rules_of(rules.version.saturating_sub(1)).await;
        let before = before.map_err(drafting::fault)?;
        versions.push(Version {
            number: rules.version,
            imprint,
            changes: rule_words::differences(insider.words, &desk, &before, &rules),
        });
    }
    page::shown(&HistoryPage {
        f: Frame::new(&insider, "assignment"),
        current: desk.rules.version,
        versions,
        next: found.next,
    })
}

async fn version(
    console: web::Data<Console>,
    insider: Insider,
    number: web::Path<String>,
) -> Result<HttpResponse, Fault> {
    let number: u64 = number.parse().map_err(|_| Fault::Missing)?;
    let office = console.processing.office();
    let (rules, imprint) = office.version(number).await.map_err(drafting::fault)?;
    let desk = console.store.desk().await?;
    let current = desk.rules.version;
    let changes = rule_words::differences(insider.words, &desk, &desk.rules, &rules);
    let working = Working {
        rules,
        draft: None,
        desk,
    };
    let (rules, _) = lines(&insider, &working, Vec::new());
    page::shown(&VersionPage {
        f: Frame::new(&insider, "assignment"),
        number,
        imprint,
        rules,
        changes,
        is_current: number == current,
        current,
    })
}

async fn back(
    console: web::Data<Console>,
    insider: Insider,
    number: web::Path<String>,
    form: Form,
) -> Result<HttpResponse, Fault> {
    let number: u64 = number.parse().map_err(|_| Fault::Missing)?;
    let current: u64 = form.text("current").parse().map_err(|_| Fault::Missing)?;
    let signature = Signature {
        hand: insider.hand(),
        note: form.text("note").to_owned(),
    };
    let office = console.processing.office();
    let published = office.roll_back(number, Some(current), signature).await;
    published.map_err(drafting::fault)?;
    Ok(page::onward("/assignment?done=rules-rolled-back"))
}
