//! What was turned away, why, and what to do about it.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::console::Console;
use crate::console::fault::Fault;
use crate::console::frame::Frame;
use crate::console::page;
use crate::console::places::{Place, Who, get};
use crate::console::visitor::Insider;
use crate::model::event::Refusal;
use crate::model::page::PageRequest;

pub const PLACES: &[Place] = &[get("/refusals", Who::Readers, |route| route.to(show))];

/// Refusals on a page.
const LINES: usize = 50;

/// Of which endpoint, and from where.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    endpoint: String,
    cursor: String,
}

#[derive(Template)]
#[template(path = "refusals.html")]
struct Page<'v> {
    f: Frame<'v>,
    query: &'v Query,
    refusals: Vec<Line>,
    next: Option<String>,
}

/// A refusal as it is shown.
struct Line {
    refusal: Refusal,
    body: String,
}

impl Line {
    fn of(refusal: Refusal) -> Self {
        Line {
            body: String::from_utf8_lossy(&refusal.body).into_owned(),
            refusal,
        }
    }
}

async fn show(
    console: web::Data<Console>,
    insider: Insider,
    query: web::Query<Query>,
) -> Result<HttpResponse, Fault> {
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let request = PageRequest {
        limit: LINES,
        cursor: given(&query.cursor),
    };
    let found = console
        .store
        .refusals(given(&query.endpoint), request)
        .await?;
    let next = found.next.map(|cursor| {
        form_urlencoded::Serializer::new(String::new())
            .append_pair("endpoint", &query.endpoint)
            .append_pair("cursor", &cursor)
            .finish()
    });
    page::shown(&Page {
        f: Frame::new(&insider, "inbox"),
        query: &query,
        refusals: found.items.into_iter().map(Line::of).collect(),
        next,
    })
}
