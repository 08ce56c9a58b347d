//! Sources: the endpoints that there are, and making a new one.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use askama::Template;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::json;

use crate::console::Console;
use crate::console::fault::Fault;
use crate::console::form::Form;
use crate::console::frame::Frame;
use crate::console::page;
use crate::console::pages::source;
use crate::console::places::{Group, Place, Who, get, post};
use crate::console::prose::Run;
use crate::console::visitor::Insider;
use crate::model::id::new_id;
use crate::model::said::Said;
use crate::process::health::keep::RHYTHM;
use crate::process::health::rhythm::Rhythm;
use crate::source::declaration::Source;
use crate::source::fresh;
use crate::store::endpoints::{EndpointRow, SecretRow};
use crate::store::meters::Outcome;

pub const PLACES: &[Place] = &[
    get("/sources", Who::Readers, |route| route.to(show)).named(Group::Rules, "sources"),
    get("/sources/new", Who::Managers, |route| route.to(choose)),
    post("/sources/new", Who::Managers, |route| route.to(add)),
];

#[derive(Template)]
#[template(path = "sources.html")]
struct Page<'v> {
    f: Frame<'v>,
    lines: Vec<Line>,
}

/// An endpoint as it is listed.
struct Line {
    name: String,
    title: String,
    url: String,
    is_filed: bool,
    paused: Option<Timestamp>,
    is_broken: bool,
    last: Option<Timestamp>,
    silent: Option<Timestamp>,
}

/// Which source a new endpoint speaks.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Query {
    source: String,
}

#[derive(Template)]
#[template(path = "source_new.html")]
struct New<'v> {
    f: Frame<'v>,
    /// Name and title of every source, to choose from.
    sources: Vec<(&'v str, String)>,
    chosen: Option<Chosen<'v>>,
    problems: Vec<String>,
}

/// The form of one source, as it was typed.
struct Chosen<'v> {
    source: &'v Source,
    /// Its sender proves itself.
    is_proven: bool,
    /// We make the secret up, unless the sender gives one.
    is_ours: bool,
    name: String,
    region: String,
    origins: String,
    thank_you: String,
    settings: Vec<Setting>,
}

/// A setting to fill in.
pub struct Setting {
    pub name: String,
    pub help: Said,
    pub required: bool,
    /// Covered while it is typed, and never shown again.
    pub secret: bool,
    pub value: String,
}

async fn show(console: web::Data<Console>, insider: Insider) -> Result<HttpResponse, Fault> {
    let rhythms = console.store.observations(RHYTHM.to_owned()).await?;
    let rhythms: BTreeMap<String, Rhythm> = rhythms
        .into_iter()
        .filter_map(|it| Some((it.name, serde_json::from_value(it.document).ok()?)))
        .collect();
    let lately = lately(&console).await?;
    let standings = console.board.standings();
    let lines = standings.iter().map(|standing| {
        let endpoint = &standing.endpoint;
        let rhythm = rhythms.get(&endpoint.name);
        Line {
            title: console.title_of(insider.words, &endpoint.source),
            url: url(&console, &endpoint.name),
            is_filed: standing.row.is_none(),
            paused: standing.paused,
            is_broken: !standing.problems.is_empty(),
            last: rhythm
                .map(|it| it.last)
                .max(lately.get(&endpoint.name).copied()),
            silent: rhythm.and_then(|it| it.silent),
            name: endpoint.name.clone(),
        }
    });
    page::shown(&Page {
        lines: lines.collect(),
        f: Frame::new(&insider, "sources"),
    })
}

/// The last minute of the last hour in which something was accepted, by endpoint: the rhythm is written down later.
async fn lately(console: &Console) -> Result<BTreeMap<String, Timestamp>, Fault> {
    let now = console.clock.now();
    let since = now
        .checked_sub(SignedDuration::from_hours(1))
        .unwrap_or(now);
    let mut lately: BTreeMap<String, Timestamp> = BTreeMap::new();
    for minute in console.store.minutes(since).await? {
        if minute.outcome == Outcome::Accepted {
            let last = lately.entry(minute.endpoint).or_insert(minute.at);
            *last = minute.at.max(*last);
        }
    }
    Ok(lately)
}

/// Where an endpoint's sender posts to.
pub fn url(console: &Console, endpoint: &str) -> String {
    format!("{}/hooks/{endpoint}", console.public_url)
}

async fn choose(
    console: web::Data<Console>,
    insider: Insider,
    query: web::Query<Query>,
) -> Result<HttpResponse, Fault> {
    let chosen = match query.source.as_str() {
        "" => None,
        name => {
            let source = console.catalog.get(name).ok_or(Fault::Missing)?;
            let mut chosen = chosen(source, &Form::default())?;
            chosen.name = free_name(&console, source);
            Some(chosen)
        }
    };
    page::shown(&new(&console, &insider, chosen, Vec::new()))
}

fn new<'v>(
    console: &'v Console,
    insider: &'v Insider,
    chosen: Option<Chosen<'v>>,
    problems: Vec<String>,
) -> New<'v> {
    let sources = console.catalog.sources();
    New {
        sources: sources
            .map(|it| (it.name.as_str(), insider.words.said(&it.title)))
            .collect(),
        chosen,
        problems,
        f: Frame::new(insider, "sources"),
    }
}

fn chosen<'v>(source: &'v Source, form: &Form) -> Result<Chosen<'v>, Fault> {
    Ok(Chosen {
        is_proven: !source.verify.is_empty(),
        is_ours: fresh::is_ours_to_make(source),
        name: form.text("name").to_owned(),
        region: form.text("region").to_owned(),
        origins: form.text("origins").to_owned(),
        thank_you: form.text("thank_you").to_owned(),
        settings: settings(source, |name| form.text(name).to_owned())?,
        source,
    })
}

/// The settings of a source; `typed` is what stands in `setting.NAME`. What its sender repeats is ours to make up.
pub fn settings(source: &Source, typed: impl Fn(&str) -> String) -> Result<Vec<Setting>, Fault> {
    let mut settings = Vec::new();
    for (name, spec) in &source.settings {
        let value = match typed(&format!("setting.{name}")) {
            typed if !typed.is_empty() => typed,
            _ if name == "verify_token" => fresh::word()?,
            _ => spec.default.clone().unwrap_or_default(),
        };
        settings.push(Setting {
            name: name.clone(),
            help: spec.help.clone(),
            required: spec.required,
            secret: spec.secret && name != "verify_token",
            value,
        });
    }
    Ok(settings)
}

/// `shopify`, or `shopify-2` when that is taken.
fn free_name(console: &Console, source: &Source) -> String {
    let base = source.name.replace('_', "-");
    let standings = console.board.standings();
    let is_taken = |name: &str| standings.iter().any(|it| it.endpoint.name == name);
    let others = (2..100).map(|n| format!("{base}-{n}"));
    let mut all = std::iter::once(base.clone()).chain(others);
    all.find(|name| !is_taken(name)).unwrap_or(base)
}

async fn add(
    console: web::Data<Console>,
    insider: Insider,
    form: Form,
) -> Result<HttpResponse, Fault> {
    let source = console
        .catalog
        .get(form.text("source"))
        .ok_or(Fault::Missing)?;
    let (row, problems) = row(&console, &insider, source, &form)?;
    if !problems.is_empty() {
        let chosen = chosen(source, &form)?;
        return page::refused(&new(&console, &insider, Some(chosen), problems));
    }
    let name = row.name.clone();
    let fresh = row.secrets.first().map(|secret| secret.text.clone());
    let fresh = fresh.filter(|_| form.maybe("secret").is_none());
    let log = insider
        .hand()
        .log("endpoint.added", format!("endpoint/{name}"));
    let log = log.changing(serde_json::Value::Null, json!({"source": source.name}));
    console.store.add_endpoint(row, log).await?;
    console.board.refresh().await?;
    match fresh {
        Some(secret) => source::shown_with(&console, &insider, &name, secret).await,
        None => Ok(page::onward(&format!(
            "/sources/{name}?done=endpoint-added"
        ))),
    }
}

/// The endpoint that the form describes, and what is wrong with it.
fn row(
    console: &Console,
    insider: &Insider,
    source: &Source,
    form: &Form,
) -> Result<(EndpointRow, Vec<String>), Fault> {
    let words = insider.words;
    let mut problems = Vec::new();
    let name = form.text("name").to_lowercase();
    if !is_name(&name) {
        problems.push(words.say("source-wrong-name"));
    }
    let standings = console.board.standings();
    if standings.iter().any(|it| it.endpoint.name == name) {
        problems.push(words.say("source-taken"));
    }
    let unverified = source.verify.is_empty();
    if unverified && form.text("open") != "yes" {
        problems.push(words.say("source-say-open"));
    }
    let secret = secret(source, form)?;
    if secret.is_none() && !unverified {
        problems.push(words.say("source-secret-needed"));
    }
    let secrets = secret.filter(|_| !unverified).map(|text| SecretRow {
        id: new_id(insider.now),
        text,
        added_at: insider.now,
        ends_at: None,
    });
    let given = settings(source, |name| form.text(name).to_owned())?;
    let row = EndpointRow {
        name,
        source: source.name.clone(),
        unverified,
        secrets: secrets.into_iter().collect(),
        settings: given
            .into_iter()
            .filter(|it| !it.value.is_empty())
            .map(|it| (it.name, it.value))
            .collect(),
        region: form.maybe("region").map(str::to_uppercase),
        allow_origins: origins(form),
        thank_you: form.maybe("thank_you").map(str::to_owned),
        created_at: insider.now,
    };
    problems.extend(wrong(insider, &row));
    if problems.is_empty() {
        problems = faults(console, insider, &row);
    }
    Ok((row, problems))
}

/// The secret that was typed, or a fresh one; `None` when only the sender can give it.
pub fn secret(source: &Source, form: &Form) -> Result<Option<String>, Fault> {
    Ok(match form.maybe("secret") {
        Some(secret) => Some(secret.to_owned()),
        None if fresh::is_ours_to_make(source) => Some(fresh::secret(source)?),
        None => None,
    })
}

/// One origin a line, as browsers name them.
pub fn origins(form: &Form) -> Vec<String> {
    let lines = form.text("origins").split_whitespace();
    lines
        .map(|it| it.trim_end_matches('/').to_lowercase())
        .collect()
}

/// What keeps an endpoint from working, in the reader's language.
pub fn faults(console: &Console, insider: &Insider, row: &EndpointRow) -> Vec<String> {
    let found = console.board.problems(row);
    found.iter().map(|said| insider.words.said(said)).collect()
}

/// What can be seen without compiling anything.
pub fn wrong(insider: &Insider, row: &EndpointRow) -> Vec<String> {
    let words = insider.words;
    let mut problems = Vec::new();
    let is_url = |text: &str| text.starts_with("https://") || text.starts_with("http://");
    let is_region =
        |text: &String| text.len() == 2 && text.bytes().all(|it| it.is_ascii_uppercase());
    if row.region.as_ref().is_some_and(|text| !is_region(text)) {
        problems.push(words.say("source-wrong-region"));
    }
    let host = |origin: &str| {
        origin
            .split_once("://")
            .map_or("", |(_, host)| host)
            .to_owned()
    };
    let is_origin =
        |origin: &String| is_url(origin) && !host(origin).is_empty() && !host(origin).contains('/');
    if !row.allow_origins.iter().all(is_origin) {
        problems.push(words.say("source-wrong-origin"));
    }
    let is_page = |text: &String| is_url(text) && text.bytes().all(|it| it.is_ascii_graphic());
    if row.thank_you.as_ref().is_some_and(|text| !is_page(text)) {
        problems.push(words.say("source-wrong-page"));
    }
    problems
}

/// The name becomes a part of the URL.
fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    (1..=64).contains(&name.len())
        && name.chars().all(fits)
        && name != "new"
        && name != "playground"
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn names_fit_into_urls() {
        for (name, expected) in [
            ("shop", true),
            ("shop-2_es", true),
            ("", false),
            ("Shop", false),
            ("a/b", false),
            ("new", false),
        ] {
            assert_eq!(is_name(name), expected, "{name}");
        }
    }
}
