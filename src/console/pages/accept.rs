//! The link in a rep's message: whoever has it takes the lead on, without signing in.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::console::Console;
use crate::console::fault::Fault;
use crate::console::form::Form;
use crate::console::frame::Frame;
use crate::console::page;
use crate::console::places::{Place, Who, get, post};
use crate::console::visitor::{Guest, Visitor};
use crate::process::office::OfficeError;

pub const PLACES: &[Place] = &[
    get("/accept/{token}", Who::Anyone, |route| route.to(show)),
    post("/accept/{token}", Who::Anyone, |route| route.to(accept)),
];

#[derive(Template)]
#[template(path = "accept.html")]
struct Page<'v> {
    f: Frame<'v>,
    /// Where the form goes; nowhere once that is done, or the link is worth nothing.
    token: Option<String>,
    done: bool,
}

/// Mail scanners follow links, so looking at it accepts nothing.
async fn show(
    console: web::Data<Console>,
    visitor: Guest,
    token: web::Path<String>,
) -> Result<HttpResponse, Fault> {
    let office = console.processing.office();
    let link = office.accept_link(&token).await;
    answer(&visitor, link.map(|_| Some(token.into_inner())))
}

async fn accept(
    console: web::Data<Console>,
    visitor: Guest,
    token: web::Path<String>,
    _: Form,
) -> Result<HttpResponse, Fault> {
    let office = console.processing.office();
    let accepted = office.accept_by_link(&token, &visitor.hand("link")).await;
    answer(&visitor, accepted.map(|_| None))
}

fn answer(
    visitor: &Visitor,
    link: Result<Option<String>, OfficeError>,
) -> Result<HttpResponse, Fault> {
    let page = |token: Option<String>, done| Page {
        f: Frame::new(visitor, ""),
        token,
        done,
    };
    match link {
        Ok(Some(token)) => page::shown(&page(Some(token), false)),
        Ok(None) => page::shown(&page(None, true)),
        Err(OfficeError::Store(error)) => Err(error.into()),
        Err(_) => page::refused(&page(None, false)),
    }
}
