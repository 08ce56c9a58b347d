//! What is done to a record with one press: a lock, a note, a status, taking a lead on.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;

use crate::console::Console;
use crate::console::card;
use crate::console::drafting;
use crate::console::fault::Fault;
use crate::console::form::Form;
use crate::console::page;
use crate::console::pages::record::find;
use crate::console::places::{Place, Who, post};
use crate::console::visitor::Insider;
use crate::model::field::Kind;
use crate::process::decide::amend::{Accept, HandOver};
use crate::process::edit::fields::{self, FieldEdit, Lock};
use crate::process::edit::{EditError, note};
use crate::said;

pub const PLACES: &[Place] = &[
    post("/contacts/{id}/lock", Who::Managers, |route| route.to(lock)),
    post("/contacts/{id}/notes", Who::Managers, |route| {
        route.to(add_note)
    }),
    post("/leads/{id}/lock", Who::Managers, |route| route.to(lock)),
    post("/leads/{id}/notes", Who::Workers, |route| {
        route.to(add_note)
    }),
    post("/leads/{id}/status", Who::Workers, |route| {
        route.to(set_status)
    }),
    post("/leads/{id}/accept", Who::Workers, |route| route.to(accept)),
    post("/leads/{id}/hand-over", Who::Managers, |route| {
        route.to(hand_over)
    }),
    post("/orders/{id}/lock", Who::Managers, |route| route.to(lock)),
    post("/orders/{id}/notes", Who::Managers, |route| {
        route.to(add_note)
    }),
    post("/tickets/{id}/lock", Who::Managers, |route| route.to(lock)),
    post("/tickets/{id}/notes", Who::Managers, |route| {
        route.to(add_note)
    }),
];

/// Why an edit was not done, as a page says it.
pub fn told(error: EditError) -> Fault {
    match error {
        EditError::Unknown => Fault::Missing,
        EditError::Invalid(wrong) => match wrong.into_iter().next() {
            Some((_, first)) => Fault::Senseless(first),
            None => Fault::Internal,
        },
        EditError::Refused(refusal) => Fault::Refused(refusal.code, refusal.sentence),
        EditError::Store(error) => error.into(),
    }
}

async fn lock(
    console: web::Data<Console>,
    insider: Insider,
    request: HttpRequest,
    id: web::Path<String>,
    form: Form,
) -> Result<HttpResponse, Fault> {
    let kind = card::kind_of(request.path()).ok_or(Fault::Missing)?;
    let record = find(&console, &insider, kind, &id).await?;
    let (lock, done) = match form.text("lock") {
        "off" => (Lock::Off, "unlocked"),
        _ => (Lock::On, "locked"),
    };
    let store = console.store.as_ref();
    let field = form.text("field");
    let subject = (kind, record.id);
    let made = fields::lock(store, &insider.hand(), subject, field, lock).await;
    match made {
        Err(EditError::Refused(refusal)) if refusal.code == "no_change" => {}
        made => made.map_err(told)?,
    }
    let plural = kind.plural();
    Ok(page::onward(&format!(
        "/{plural}/{}?done={done}",
        record.id
    )))
}

async fn add_note(
    console: web::Data<Console>,
    insider: Insider,
    request: HttpRequest,
    id: web::Path<String>,
    form: Form,
) -> Result<HttpResponse, Fault> {
    let kind = card::kind_of(request.path()).ok_or(Fault::Missing)?;
    let record = find(&console, &insider, kind, &id).await?;
    let here = format!("/{}/{}", kind.plural(), record.id);
    let text = form.text("text");
    if text.is_empty() {
        return Ok(page::onward(&here));
    }
    let store = console.store.as_ref();
    let made = note::add(store, &insider.hand(), (kind, record.id), text).await;
    made.map_err(told)?;
    Ok(page::onward(&format!("{here}?done=noted")))
}

async fn set_status(
    console: web::Data<Console>,
    insider: Insider,
    id: web::Path<String>,
    form: Form,
) -> Result<HttpResponse, Fault> {
    let lead = find(&console, &insider, Kind::Lead, &id).await?;
    let edit = FieldEdit {
        field: "status".to_owned(),
        value: Value::from(form.text("status")),
        was: None,
    };
    let store = console.store.as_ref();
    let subject = (Kind::Lead, lead.id);
    let made = fields::change(store, &insider.hand(), subject, vec![edit]).await;
    match made {
        Err(EditError::Refused(refusal)) if refusal.code == "no_change" => {}
        made => made.map_err(told)?,
    }
    Ok(page::onward(&format!("/leads/{}?done=status", lead.id)))
}

/// The rep takes the lead on; a manager does it in their place.
async fn accept(
    console: web::Data<Console>,
    insider: Insider,
    id: web::Path<String>,
) -> Result<HttpResponse, Fault> {
    let lead = find(&console, &insider, Kind::Lead, &id).await?;
    // Who is no rep takes it on for its owner.
    let done = match insider.account.only() {
        Some(_) => "accepted",
        None => "accepted-for-owner",
    };
    let accept = Accept {
        by: insider.account.name().to_owned(),
        rep: insider.account.only().map(str::to_owned),
        epoch: None,
    };
    let office = console.processing.office();
    let accepted = office.accept(lead.id, accept, &insider.hand()).await;
    accepted.map_err(drafting::fault)?;
    Ok(page::onward(&format!("/leads/{}?done={done}", lead.id)))
}

/// To another rep, or back to the rules, with a reason.
async fn hand_over(
    console: web::Data<Console>,
    insider: Insider,
    id: web::Path<String>,
    form: Form,
) -> Result<HttpResponse, Fault> {
    let lead = find(&console, &insider, Kind::Lead, &id).await?;
    let wish = HandOver {
        to: form.maybe("rep").map(str::to_owned),
        by: insider.account.name().to_owned(),
        reason: form.text("reason").to_owned(),
    };
    if wish.reason.is_empty() {
        let why = said!("reason-blank", "say why: whoever gets the lead reads it");
        return Err(Fault::Senseless(why));
    }
    let office = console.processing.office();
    let handed = office.hand_over(lead.id, wish, &insider.hand()).await;
    handed.map_err(drafting::fault)?;
    Ok(page::onward(&format!(
        "/leads/{}?done=handed-over",
        lead.id
    )))
}
