//! The playground: paste a body, see the records it becomes, edit the mapping, see that change. Nothing is kept.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::console::Console;
use crate::console::card;
use crate::console::fault::Fault;
use crate::console::form::Form;
use crate::console::frame::Frame;
use crate::console::page;
use crate::console::places::{Place, Who, get, post};
use crate::console::visitor::Insider;
use crate::model::id::new_id;
use crate::model::request::{Headers, RawRequest};
use crate::process::preview::{TryReport, try_body};
use crate::process::recipe::Recipe;
use crate::said;
use crate::source::declaration::Source;

pub const PLACES: &[Place] = &[
    get("/sources/playground", Who::Managers, |route| route.to(show)),
    post("/sources/playground", Who::Managers, |route| {
        route.to(try_it)
    }),
];

/// Characters of a mapping, and of a body, at most.
const LONGEST: usize = 512 * 1024;

/// What to begin with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Query {
    source: String,
    /// The number of a sample.
    sample: usize,
}

#[derive(Template)]
#[template(path = "playground.html")]
struct Page<'v> {
    f: Frame<'v>,
    /// Name and title of every source.
    sources: Vec<(&'v str, String)>,
    source: String,
    file: String,
    samples: Vec<String>,
    headers: String,
    body: String,
    mapping: String,
    region: String,
    tried: Tried,
}

/// What became of it.
#[derive(Default)]
struct Tried {
    /// What is wrong with the mapping, or why the body cannot be read.
    problems: Vec<String>,
    violations: Vec<String>,
    event: Option<String>,
    ignored: u64,
    records: Vec<Shown>,
}

/// A record it would become.
struct Shown {
    kind: &'static str,
    needs_fetch: bool,
    deleted: bool,
    fields: Vec<(String, Vec<String>)>,
}

async fn show(
    console: web::Data<Console>,
    insider: Insider,
    query: web::Query<Query>,
) -> Result<HttpResponse, Fault> {
    let first = || console.catalog.sources().next();
    let source = match query.source.as_str() {
        "" => console.catalog.get("contact_form").or_else(first),
        name => console.catalog.get(name),
    };
    let source = source.ok_or(Fault::Missing)?;
    let mut headers = String::new();
    let mut body = String::new();
    if let Some(sample) = source.samples.get(query.sample) {
        let id = new_id(insider.now);
        let rendered = sample.render(1, insider.now, id);
        let rendered = rendered.map_err(|error| Fault::Senseless(*error.0))?;
        headers = format!("content-type: {}\n", rendered.content_type);
        for (name, value) in &rendered.headers {
            headers.push_str(&format!("{name}: {value}\n"));
        }
        body = rendered.body;
    }
    let mapping = console
        .catalog
        .text(&source.name)
        .unwrap_or_default()
        .to_owned();
    let typed = Typed {
        headers,
        body,
        mapping,
        region: String::new(),
    };
    let tried = run(&console, &insider, source, &typed);
    page::shown(&of(&console, &insider, source, typed, tried))
}

/// What was typed.
struct Typed {
    headers: String,
    body: String,
    mapping: String,
    region: String,
}

fn of<'v>(
    console: &'v Console,
    insider: &'v Insider,
    source: &Source,
    typed: Typed,
    tried: Tried,
) -> Page<'v> {
    let sources = console.catalog.sources();
    Page {
        sources: sources
            .map(|it| (it.name.as_str(), insider.words.said(&it.title)))
            .collect(),
        source: source.name.clone(),
        file: source.file.clone(),
        samples: crate::console::pages::source::samples(source),
        headers: typed.headers,
        body: typed.body,
        mapping: typed.mapping,
        region: typed.region,
        tried,
        f: Frame::new(insider, "sources"),
    }
}

async fn try_it(
    console: web::Data<Console>,
    insider: Insider,
    form: Form,
) -> Result<HttpResponse, Fault> {
    let source = console
        .catalog
        .get(form.text("source"))
        .ok_or(Fault::Missing)?;
    let typed = Typed {
        headers: form.exact("headers").to_owned(),
        body: form.exact("body").replace("\r\n", "\n"),
        mapping: form.exact("mapping").replace("\r\n", "\n"),
        region: form.text("region").to_uppercase(),
    };
    if typed.mapping.len() > LONGEST || typed.body.len() > LONGEST {
        return Err(Fault::Senseless(said!(
            "too-many-bytes",
            "mapping and body have {most} bytes at most",
            most = LONGEST
        )));
    }
    let tried = run(&console, &insider, source, &typed);
    page::shown(&of(&console, &insider, source, typed, tried))
}

/// Compiles the mapping as it was typed and runs the body through it.
fn run(console: &Console, insider: &Insider, source: &Source, typed: &Typed) -> Tried {
    let wrong = |problems: Vec<String>| Tried {
        problems,
        ..Tried::default()
    };
    let told = |problems: Vec<crate::model::problem::Problem>| {
        let problems = problems.iter().map(|it| insider.words.said(&it.said()));
        wrong(problems.collect())
    };
    let edited = match console.catalog.reread(&source.name, &typed.mapping) {
        Ok(edited) => edited,
        Err(problems) => return told(problems),
    };
    let region = Some(typed.region.as_str()).filter(|it| !it.is_empty());
    let recipe = match Recipe::of_source(&edited, region) {
        Ok(recipe) => recipe,
        Err(problems) => return told(problems),
    };
    if typed.body.trim().is_empty() {
        return Tried::default();
    }
    match try_body(&recipe, &request(insider, typed), &[]) {
        Ok(report) => tried(insider, report),
        Err(error) => wrong(vec![insider.words.said(&error.said())]),
    }
}

fn request(insider: &Insider, typed: &Typed) -> RawRequest {
    let lines = typed
        .headers
        .lines()
        .filter_map(|line| line.split_once(':'));
    let headers = lines.map(|(name, value)| (name.trim().to_lowercase(), value.trim().to_owned()));
    RawRequest {
        id: new_id(insider.now),
        endpoint: "playground".to_owned(),
        method: "POST".to_owned(),
        query: String::new(),
        headers: Headers(headers.collect()),
        body: typed.body.clone().into_bytes(),
        peer: insider.peer,
        received_at: insider.now,
    }
}

fn tried(insider: &Insider, report: TryReport) -> Tried {
    let violations = report.violations.into_iter();
    let records = report.records.into_iter().map(|record| Shown {
        kind: record.kind.as_str(),
        needs_fetch: record.needs_fetch,
        deleted: record.deleted,
        fields: record
            .fields
            .into_iter()
            .map(|(name, value)| (name.into(), card::lines(insider.words, &value)))
            .collect(),
    });
    Tried {
        problems: Vec::new(),
        violations: violations
            .map(|it| insider.words.said(&it.said()))
            .collect(),
        event: report.event,
        ignored: report.ignored as u64,
        records: records.collect(),
    }
}
