//! Tokens of the API: made (shown once), listed, revoked.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde_json::{Value, json};

use crate::access::token::{API, fresh, hash_of};
use crate::console::Console;
use crate::console::fault::Fault;
use crate::console::form::Form;
use crate::console::frame::Frame;
use crate::console::page;
use crate::console::places::{Group, Place, Who, get, post};
use crate::console::visitor::Insider;
use crate::model::role::Role;
use crate::store::TokenRow;

pub const PLACES: &[Place] = &[
    get("/tokens", Who::Admins, |route| route.to(show)).named(Group::House, "tokens"),
    post("/tokens", Who::Admins, |route| route.to(add)),
    post("/tokens/revoke", Who::Admins, |route| route.to(revoke)),
];

/// Characters of a token's name at most.
const LONGEST: usize = 100;

#[derive(Template)]
#[template(path = "tokens.html")]
struct Page<'v> {
    f: Frame<'v>,
    tokens: Vec<TokenRow>,
    roles: [Role; 4],
    /// A token that was just made; shown this once.
    token: Option<String>,
    public_url: &'v str,
    wrong: Option<String>,
}

async fn show(console: web::Data<Console>, insider: Insider) -> Result<HttpResponse, Fault> {
    page::shown(&of(&console, &insider).await?)
}

/// Live ones first, the newest first.
async fn of<'v>(console: &'v Console, insider: &'v Insider) -> Result<Page<'v>, Fault> {
    let mut tokens = console.store.tokens().await?;
    tokens.reverse();
    tokens.sort_by_key(|token| token.revoked_at.is_some());
    Ok(Page {
        f: Frame::new(insider, "tokens"),
        tokens,
        roles: Role::ALL,
        token: None,
        public_url: &console.public_url,
        wrong: None,
    })
}

async fn add(
    console: web::Data<Console>,
    insider: Insider,
    form: Form,
) -> Result<HttpResponse, Fault> {
    let name = form.text("name");
    let role = Role::parse(form.text("role")).ok_or(Fault::Missing)?;
    let live = console.store.tokens().await?;
    let taken = live
        .iter()
        .any(|token| token.name == name && token.revoked_at.is_none());
    let length = name.chars().count();
    let fault = match (1..=LONGEST).contains(&length) {
        false => Some("tokens-name-help"),
        true => taken.then_some("tokens-taken"),
    };
    if let Some(key) = fault {
        return page::refused(&Page {
            wrong: Some(insider.words.say(key)),
            ..of(&console, &insider).await?
        });
    }
    let token = format!("{API}{}", fresh()?);
    let row = TokenRow {
        name: name.to_owned(),
        role: role.as_str().to_owned(),
        hash: hash_of(&token),
        created_at: insider.now,
        revoked_at: None,
    };
    console.store.add_token(row).await?;
    let log = insider.hand().log("token.added", format!("token/{name}"));
    let log = log.changing(Value::Null, json!({"role": role.as_str()}));
    console.store.note(log).await?;
    page::shown(&Page {
        token: Some(token),
        ..of(&console, &insider).await?
    })
}

async fn revoke(
    console: web::Data<Console>,
    insider: Insider,
    form: Form,
) -> Result<HttpResponse, Fault> {
    let name = form.text("name");
    let revoked = console.store.revoke_token(name.to_owned(), insider.now);
    if !revoked.await? {
        return Err(Fault::Missing);
    }
    let log = insider.hand().log("token.revoked", format!("token/{name}"));
    console.store.note(log).await?;
    Ok(page::onward("/tokens?done=token-revoked"))
}
