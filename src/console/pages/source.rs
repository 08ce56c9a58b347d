//! One endpoint: how its sender is connected, its secrets, a sample to watch, how well its mapping fits.

use actix_web::{HttpResponse, web};
use askama::Template;
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::console::Console;
use crate::console::board::Standing;
use crate::console::fault::Fault;
use crate::console::form::Form;
use crate::console::frame::Frame;
use crate::console::page;
use crate::console::pages::source_health::{self, Health};
use crate::console::pages::sources::{self, Setting, faults, origins, settings, url, wrong};
use crate::console::places::{Place, Who, get, post};
use crate::console::prose::{self, Piece, Run};
use crate::console::visitor::Insider;
use crate::model::id::new_id;
use crate::model::said::Said;
use crate::source::declaration::Source;
use crate::source::{fresh, guide};
use crate::store::endpoints::{EndpointChange, EndpointRow, SecretRow};

pub const PLACES: &[Place] = &[
    get("/sources/{name}", Who::Readers, |route| route.to(show)),
    post("/sources/{name}/secrets", Who::Managers, |route| {
        route.to(add_secret)
    }),
    post("/sources/{name}/secrets/{id}/end", Who::Managers, |route| {
        route.to(end_secret)
    }),
    post("/sources/{name}/settings", Who::Managers, |route| {
        route.to(set)
    }),
    post("/sources/{name}/pause", Who::Managers, |route| {
        route.to(pause)
    }),
    post("/sources/{name}/delete", Who::Managers, |route| {
        route.to(delete)
    }),
];

/// How long the old secrets live on beside a new one, in days.
const OVERLAPS: [i64; 4] = [0, 1, 7, 30];
/// Characters at the end of a secret that tell it from others.
const TELLING: usize = 3;
/// Shorter ones are covered whole.
const LONG: usize = 16;

#[derive(Template)]
#[template(path = "source.html")]
struct Page<'v> {
    f: Frame<'v>,
    standing: &'v Standing,
    source: Option<&'v Source>,
    url: String,
    /// How its sender is told of it, piece by piece.
    steps: Vec<Piece>,
    secret_help: Option<Vec<Piece>>,
    proof: String,
    secrets: Vec<Secret>,
    /// A secret that was just made: it is shown this once.
    shown_once: Option<String>,
    is_ours: bool,
    overlaps: [i64; 4],
    settings: Vec<Setting>,
    origins: String,
    samples: Vec<String>,
    health: Health,
    problems: Vec<String>,
}

impl Page<'_> {
    /// Secrets that a sender may still use.
    fn living(&self) -> usize {
        self.secrets.iter().filter(|secret| secret.is_live).count()
    }
}

/// A secret as it is shown.
struct Secret {
    id: Option<Uuid>,
    masked: String,
    added_at: Option<Timestamp>,
    ends_at: Option<Timestamp>,
    is_live: bool,
}

async fn show(
    console: web::Data<Console>,
    insider: Insider,
    name: web::Path<String>,
) -> Result<HttpResponse, Fault> {
    let standings = console.board.standings();
    let standing = standings.iter().find(|it| it.endpoint.name == *name);
    let standing = standing.ok_or(Fault::Missing)?;
    page::shown(&of(&console, &insider, standing, Vec::new()).await?)
}

async fn of<'v>(
    console: &'v Console,
    insider: &'v Insider,
    standing: &'v Standing,
    problems: Vec<String>,
) -> Result<Page<'v>, Fault> {
    let endpoint = &standing.endpoint;
    let source = console.catalog.get(&endpoint.source);
    let stored = |name: &str| {
        let name = name.strip_prefix("setting.").unwrap_or(name);
        let row = standing.row.as_ref()?;
        row.settings.get(name).cloned()
    };
    let told = |said: &Said| prose::read(&insider.words.said(said));
    Ok(Page {
        url: url(console, &endpoint.name),
        steps: source.map(|it| told(&it.help)).unwrap_or_default(),
        secret_help: source.and_then(|it| it.secret.as_ref()).map(told),
        proof: source.map_or_else(String::new, |it| insider.words.said(&guide::in_short(it))),
        secrets: secrets(standing, insider.now),
        shown_once: None,
        is_ours: source.is_some_and(fresh::is_ours_to_make),
        overlaps: OVERLAPS,
        settings: match source {
            Some(source) => settings(source, |name| stored(name).unwrap_or_default())?,
            None => Vec::new(),
        },
        origins: endpoint.allow_origins.join("\n"),
        samples: source.map(samples).unwrap_or_default(),
        health: source_health::of(console, insider.words, &endpoint.name).await?,
        problems,
        source,
        standing,
        f: Frame::new(insider, "sources"),
    })
}

/// What the samples are called.
pub fn samples(source: &Source) -> Vec<String> {
    let names = source
        .samples
        .iter()
        .map(|sample| match sample.name == sample.event {
            true => sample.event.clone(),
            false => format!("{} ({})", sample.event, sample.name),
        });
    names.collect()
}

fn secrets(standing: &Standing, now: Timestamp) -> Vec<Secret> {
    match &standing.row {
        Some(row) => {
            let shown = row.secrets.iter().map(|secret| Secret {
                id: Some(secret.id),
                masked: masked(&secret.text),
                added_at: Some(secret.added_at),
                ends_at: secret.ends_at,
                is_live: secret.is_live(now),
            });
            shown.collect()
        }
        None => {
            let endpoint = &standing.endpoint;
            let live = endpoint.secrets.iter().map(|secret| (secret, true));
            let retired = endpoint
                .retired_secrets
                .iter()
                .map(|secret| (secret, false));
            let shown = live.chain(retired).map(|(secret, is_live)| Secret {
                id: None,
                masked: masked(secret.expose_secret()),
                added_at: None,
                ends_at: None,
                is_live,
            });
            shown.collect()
        }
    }
}

/// Enough to tell it from another one.
fn masked(secret: &str) -> String {
    let length = secret.chars().count();
    let end: String = match length >= LONG {
        true => secret.chars().skip(length - TELLING).collect(),
        false => String::new(),
    };
    format!("••••••••{end}")
}

/// An endpoint that is kept in the store; those of the file are changed there.
fn row(console: &Console, name: &str) -> Result<EndpointRow, Fault> {
    let standings = console.board.standings();
    let standing = standings.iter().find(|it| it.endpoint.name == name);
    standing.and_then(|it| it.row.clone()).ok_or(Fault::Missing)
}

async fn add_secret(
    console: web::Data<Console>,
    insider: Insider,
    name: web::Path<String>,
    form: Form,
) -> Result<HttpResponse, Fault> {
    let row = row(&console, &name)?;
    let source = console.catalog.get(&row.source).ok_or(Fault::Missing)?;
    let Some(text) = sources::secret(source, &form)? else {
        let needed = insider.words.say("source-secret-needed");
        return again(&console, &insider, &name, vec![needed]).await;
    };
    let days: i64 = form.text("days").parse().unwrap_or(7);
    let days = OVERLAPS
        .into_iter()
        .find(|known| *known == days)
        .unwrap_or(7);
    let others_end = insider.now + SignedDuration::from_hours(24 * days);
    let secret = SecretRow {
        id: new_id(insider.now),
        text: text.clone(),
        added_at: insider.now,
        ends_at: None,
    };
    let change = EndpointChange::AddSecret { secret, others_end };
    let mut after = row.clone();
    change.clone().apply(&mut after);
    let problems = faults(&console, &insider, &after);
    if !problems.is_empty() {
        return again(&console, &insider, &name, problems).await;
    }
    let log = insider.hand().log("endpoint.secret-added", subject(&name));
    let log = log.changing(Value::Null, json!({"old_end_after_days": days}));
    change_endpoint(&console, &name, change, log).await?;
    shown_with(&console, &insider, &name, text).await
}

/// The page of an endpoint with a secret on it that was just made: it is shown here and nowhere else.
pub async fn shown_with(
    console: &Console,
    insider: &Insider,
    name: &str,
    secret: String,
) -> Result<HttpResponse, Fault> {
    let standings = console.board.standings();
    let standing = standings.iter().find(|it| it.endpoint.name == name);
    let standing = standing.ok_or(Fault::Missing)?;
    page::shown(&Page {
        shown_once: Some(secret),
        ..of(console, insider, standing, Vec::new()).await?
    })
}

async fn end_secret(
    console: web::Data<Console>,
    insider: Insider,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Fault> {
    let (name, id) = path.into_inner();
    let id: Uuid = id.parse().map_err(|_| Fault::Missing)?;
    let row = row(&console, &name)?;
    let mut live = row.secrets.iter().filter(|it| it.is_live(insider.now));
    if !live.any(|it| it.id != id) {
        return Err(Fault::InUse(insider.words.say("source-last-secret").into()));
    }
    let change = EndpointChange::EndSecret {
        id,
        at: insider.now,
    };
    let log = insider.hand().log("endpoint.secret-ended", subject(&name));
    change_endpoint(&console, &name, change, log).await?;
    Ok(page::onward(&format!("/sources/{name}?done=secret-ended")))
}

async fn set(
    console: web::Data<Console>,
    insider: Insider,
    name: web::Path<String>,
    form: Form,
) -> Result<HttpResponse, Fault> {
    let row = row(&console, &name)?;
    let source = console.catalog.get(&row.source).ok_or(Fault::Missing)?;
    let mut given = row.settings.clone();
    for setting in settings(source, |name| form.text(name).to_owned())? {
        let typed = form.text(&format!("setting.{}", setting.name));
        match typed {
            // A secret that was not typed again stays.
            "" if setting.secret => {}
            "" => drop(given.remove(&setting.name)),
            typed => drop(given.insert(setting.name, typed.to_owned())),
        }
    }
    let change = EndpointChange::Settings {
        settings: given,
        region: form.maybe("region").map(str::to_uppercase),
        allow_origins: origins(&form),
        thank_you: form.maybe("thank_you").map(str::to_owned),
    };
    let mut after = row.clone();
    change.clone().apply(&mut after);
    let mut problems = wrong(&insider, &after);
    if problems.is_empty() {
        problems = faults(&console, &insider, &after);
    }
    if !problems.is_empty() {
        return again(&console, &insider, &name, problems).await;
    }
    let log = insider.hand().log("endpoint.changed", subject(&name));
    let log = log.changing(plain(&row), plain(&after));
    change_endpoint(&console, &name, change, log).await?;
    Ok(page::onward(&format!(
        "/sources/{name}?done=endpoint-changed"
    )))
}

/// What the log says of an endpoint: nothing of its settings' values, which may be secrets.
fn plain(row: &EndpointRow) -> Value {
    json!({
        "region": row.region,
        "allow_origins": row.allow_origins,
        "thank_you": row.thank_you,
        "settings": row.settings.keys().collect::<Vec<_>>(),
    })
}

async fn again(
    console: &Console,
    insider: &Insider,
    name: &str,
    problems: Vec<String>,
) -> Result<HttpResponse, Fault> {
    let standings = console.board.standings();
    let standing = standings.iter().find(|it| it.endpoint.name == name);
    let standing = standing.ok_or(Fault::Missing)?;
    page::refused(&of(console, insider, standing, problems).await?)
}

async fn change_endpoint(
    console: &Console,
    name: &str,
    change: EndpointChange,
    log: crate::store::users::AuditRow,
) -> Result<(), Fault> {
    let store = &console.store;
    if !store.change_endpoint(name.to_owned(), change, log).await? {
        return Err(Fault::Missing);
    }
    Ok(console.board.refresh().await?)
}

async fn pause(
    console: web::Data<Console>,
    insider: Insider,
    name: web::Path<String>,
    form: Form,
) -> Result<HttpResponse, Fault> {
    let standings = console.board.standings();
    if !standings.iter().any(|it| it.endpoint.name == *name) {
        return Err(Fault::Missing);
    }
    let (since, what, done) = match form.text("pause") {
        "off" => (None, "endpoint.resumed", "resumed"),
        _ => (Some(insider.now), "endpoint.paused", "paused"),
    };
    let log = insider.hand().log(what, subject(&name));
    console.store.pause(name.clone(), since, log).await?;
    console.board.refresh().await?;
    Ok(page::onward(&format!("/sources/{name}?done={done}")))
}

async fn delete(
    console: web::Data<Console>,
    insider: Insider,
    name: web::Path<String>,
) -> Result<HttpResponse, Fault> {
    row(&console, &name)?;
    let log = insider.hand().log("endpoint.deleted", subject(&name));
    console.store.delete_endpoint(name.clone(), log).await?;
    console.board.refresh().await?;
    Ok(page::onward("/sources?done=endpoint-deleted"))
}

fn subject(name: &str) -> String {
    format!("endpoint/{name}")
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn secrets_are_covered() {
        assert_eq!(masked("short"), "••••••••");
        assert_eq!(masked("a-much-longer-secret"), "••••••••ret");
    }
}
