//! The log: who did what, on what, with what stood there before.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use serde_json::Value;

use crate::console::Console;
use crate::console::fault::Fault;
use crate::console::frame::Frame;
use crate::console::page;
use crate::console::places::{Group, Place, Who, get};
use crate::console::visitor::Insider;
use crate::model::field::Kind;
use crate::model::page::PageRequest;
use crate::store::users::{AuditFilter, AuditRow};

pub const PLACES: &[Place] =
    &[get("/audit", Who::Admins, |route| route.to(show)).named(Group::House, "audit")];

/// Lines on a page.
const LINES: usize = 50;

/// Which lines, and from where.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    who: String,
    what: String,
    subject: String,
    cursor: String,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct Page<'v> {
    f: Frame<'v>,
    query: &'v Query,
    lines: Vec<Line>,
    filtered: bool,
    /// Query of the next page.
    next: Option<String>,
}

struct Line {
    log: AuditRow,
    /// `role: viewer → admin`
    changes: Vec<String>,
    /// Where the subject is shown.
    page: Option<String>,
}

async fn show(
    console: web::Data<Console>,
    insider: Insider,
    query: web::Query<Query>,
) -> Result<HttpResponse, Fault> {
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let filter = AuditFilter {
        who: given(&query.who),
        subject: given(&query.subject),
        what: given(&query.what),
    };
    let request = PageRequest {
        limit: LINES,
        cursor: given(&query.cursor),
    };
    let filtered = filter != AuditFilter::default();
    let found = console.store.audit(filter, request).await?;
    let next = found.next.map(|cursor| {
        form_urlencoded::Serializer::new(String::new())
            .append_pair("who", &query.who)
            .append_pair("what", &query.what)
            .append_pair("subject", &query.subject)
            .append_pair("cursor", &cursor)
            .finish()
    });
    page::shown(&Page {
        f: Frame::new(&insider, "audit"),
        query: &query,
        lines: found.items.into_iter().map(line).collect(),
        filtered,
        next,
    })
}

fn line(log: AuditRow) -> Line {
    let changes = differences(log.before.as_ref(), log.after.as_ref());
    let page = page_of(&log.subject);
    Line { log, changes, page }
}

/// Where a subject is shown: `event/0192…` in the inbox.
fn page_of(subject: &str) -> Option<String> {
    let (what, id) = subject.split_once('/')?;
    let folder = match what {
        "event" => "inbox",
        "endpoint" => "sources",
        "rep" => "assignment/reps",
        "team" => "assignment/teams",
        what => Kind::parse(what)?.plural(),
    };
    Some(format!("/{folder}/{id}"))
}

/// What differs, member by member.
fn differences(before: Option<&Value>, after: Option<&Value>) -> Vec<String> {
    let empty = serde_json::Map::new();
    let members =
        |value: Option<&Value>| value.and_then(Value::as_object).unwrap_or(&empty).clone();
    let (before, after) = (members(before), members(after));
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort();
    names.dedup();
    let text = |value: Option<&Value>| match value {
        None | Some(Value::Null) => "–".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|name| match before.is_empty() {
            true => format!("{name}: {}", text(after.get(name))),
            false => format!(
                "{name}: {} → {}",
                text(before.get(name)),
                text(after.get(name))
            ),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{differences, page_of};

    #[test]
    fn subjects_lead_to_their_pages() {
        for (subject, page) in [
            ("event/7", Some("/inbox/7")),
            ("lead/7", Some("/leads/7")),
            ("rep/ana", Some("/assignment/reps/ana")),
            ("user/ana", None),
            ("rules", None),
        ] {
            assert_eq!(page_of(subject).as_deref(), page, "{subject}");
        }
    }

    #[test]
    fn differences_are_short() {
        for (before, after, expected) in [
            (Value::Null, json!({"role": "admin"}), "role: admin"),
            (
                json!({"role": "viewer", "rep": null}),
                json!({"role": "rep", "rep": "ana"}),
                "rep: – → ana, role: viewer → rep",
            ),
            (json!({"a": 1}), json!({"a": 1}), ""),
        ] {
            let found = differences(Some(&before), Some(&after)).join(", ");
            assert_eq!(found, expected);
        }
    }
}
