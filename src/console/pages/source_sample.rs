//! A sample, sent as its sender would send it, and watched on its way into the records.

use actix_web::{HttpResponse, web};
use askama::Template;
use uuid::Uuid;

use crate::console::Console;
use crate::console::board::Unsent;
use crate::console::fault::Fault;
use crate::console::form::Form;
use crate::console::frame::Frame;
use crate::console::page;
use crate::console::pages::event::{Step, Touched, steps, touched};
use crate::console::places::{Place, Who, get, post};
use crate::console::stream;
use crate::console::visitor::Insider;
use crate::model::event::EventStatus;

pub const PLACES: &[Place] = &[
    post("/sources/{name}/sample", Who::Managers, |route| {
        route.to(send)
    }),
    get("/sources/{name}/sample/{event}", Who::Readers, |route| {
        route.to(show)
    }),
    get("/live/sample/{event}", Who::Readers, |route| route.to(live)),
];

#[derive(Template)]
#[template(path = "sample.html")]
struct Page<'v> {
    f: Frame<'v>,
    name: &'v str,
    event: Uuid,
    way: Way,
}

/// The part that is sent again until it has arrived.
#[derive(Template)]
#[template(path = "sample_live.html")]
struct Live<'v> {
    f: Frame<'v>,
    way: Way,
}

/// How far it has come.
struct Way {
    steps: Vec<Step>,
    records: Vec<Touched>,
    has_arrived: bool,
}

async fn send(
    console: web::Data<Console>,
    insider: Insider,
    name: web::Path<String>,
    form: Form,
) -> Result<HttpResponse, Fault> {
    let nth = form.text("sample").parse().unwrap_or(0);
    let sent = console.board.send_sample(&name, nth).await;
    let event = sent.map_err(|unsent| match unsent {
        Unsent::Missing => Fault::Missing,
        Unsent::Refused(sentence) => Fault::InUse(sentence),
        Unsent::Store(error) => error.into(),
    })?;
    let log = insider
        .hand()
        .log("endpoint.sample", format!("endpoint/{name}"));
    console.store.note(log).await?;
    Ok(page::onward(&format!("/sources/{name}/sample/{event}")))
}

async fn show(
    console: web::Data<Console>,
    insider: Insider,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Fault> {
    let (name, event) = path.into_inner();
    let event: Uuid = event.parse().map_err(|_| Fault::Missing)?;
    page::shown(&Page {
        way: way(&console, &insider, event).await?,
        name: &name,
        event,
        f: Frame::new(&insider, "sources"),
    })
}

async fn way(console: &Console, insider: &Insider, id: Uuid) -> Result<Way, Fault> {
    let event = console.store.event(id).await?.ok_or(Fault::Missing)?;
    let records = touched(console, insider, id).await?;
    Ok(Way {
        steps: steps(insider, &event, None, &records),
        has_arrived: event.status != EventStatus::Pending,
        records,
    })
}

async fn live(
    console: web::Data<Console>,
    insider: Insider,
    event: web::Path<String>,
) -> Result<HttpResponse, Fault> {
    let event: Uuid = event.parse().map_err(|_| Fault::Missing)?;
    console.store.event(event).await?.ok_or(Fault::Missing)?;
    Ok(stream::of(console, insider, move |console, insider| {
        part(console, insider, event)
    }))
}

async fn part(console: web::Data<Console>, insider: Insider, event: Uuid) -> Result<String, Fault> {
    let live = Live {
        way: way(&console, &insider, event).await?,
        f: Frame::new(&insider, "sources"),
    };
    live.render().map_err(|error| Fault::internal(&error))
}
