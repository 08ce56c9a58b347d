//! The first page: what goes on.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::console::Console;
use crate::console::fault::Fault;
use crate::console::frame::Frame;
use crate::console::page;
use crate::console::places::{Group, Place, Who, get};
use crate::console::visitor::Insider;
use crate::store::StoreStats;

pub const PLACES: &[Place] =
    &[get("/", Who::SignedIn, |route| route.to(show)).named(Group::Desk, "overview")];

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview<'v> {
    f: Frame<'v>,
    stats: StoreStats,
    pending: u64,
}

async fn show(console: web::Data<Console>, insider: Insider) -> Result<HttpResponse, Fault> {
    page::shown(&Overview {
        f: Frame::new(&insider, "overview"),
        stats: console.store.stats().await?,
        pending: console.store.backlog().await?.pending,
    })
}
