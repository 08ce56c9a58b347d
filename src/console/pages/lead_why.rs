//! Why a lead went where it went, and why not elsewhere: every decision on it.

use actix_web::{HttpResponse, web};
use askama::Template;
use jiff::Timestamp;
use uuid::Uuid;

use crate::console::Console;
use crate::console::fault::Fault;
use crate::console::frame::Frame;
use crate::console::page;
use crate::console::pages::assignment_test::name_of;
use crate::console::places::{Place, Who, get};
use crate::console::rule_words;
use crate::console::verdict::{self, Verdict};
use crate::console::visitor::Insider;
use crate::console::words::Language;
use crate::model::field::Kind;

pub const PLACES: &[Place] = &[get("/leads/{id}/why", Who::SignedIn, |route| {
    route.to(show)
})];

#[derive(Template)]
#[template(path = "lead_why.html")]
struct Page<'v> {
    f: Frame<'v>,
    id: Uuid,
    name: String,
    owner: Option<String>,
    /// Since when it waits.
    waits: Option<Timestamp>,
    /// Until when it has to be accepted.
    due: Option<Timestamp>,
    decisions: Vec<Decision>,
}

/// A decision as it is shown.
struct Decision {
    number: u32,
    at: Timestamp,
    owner: Option<String>,
    version: u64,
    /// As it was written down when it was made, which is in English.
    reason: String,
    verdict: Verdict,
}

async fn show(
    console: web::Data<Console>,
    insider: Insider,
    id: web::Path<String>,
) -> Result<HttpResponse, Fault> {
    let id: Uuid = id.parse().map_err(|_| Fault::Missing)?;
    let lead = console.store.record(Kind::Lead, id).await?;
    let lead = lead.ok_or(Fault::Missing)?;
    let owner = lead.fields.text("owner");
    // A rep is not even told that somebody else's lead is there.
    if insider.account.only().is_some() && insider.account.only() != owner {
        return Err(Fault::Missing);
    }
    let desk = console.store.desk().await?;
    let name = |handle: &str| rule_words::rep(&desk, handle).to_owned();
    let standing = console.store.standing(id).await?.unwrap_or_default();
    let decisions = console.store.decisions(id).await?;
    let offer = standing.offer.filter(|offer| offer.accepted.is_none());
    page::shown(&Page {
        f: Frame::new(&insider, ""),
        id,
        name: name_of(&lead),
        owner: owner.map(name),
        waits: standing.waiting.map(|waiting| waiting.since),
        due: offer.map(|offer| offer.due),
        decisions: decisions
            .into_iter()
            .map(|row| Decision {
                number: row.epoch,
                at: row.at,
                owner: row.owner.as_deref().map(name),
                version: row.rule_set_version,
                verdict: verdict::of(insider.words, &desk, &row.trace),
                reason: row.reason,
            })
            .collect(),
    })
}
