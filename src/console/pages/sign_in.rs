//! Signing in with name and password, then with a one-time code where there is one; signing out.

use actix_web::http::header::{HeaderMap, USER_AGENT};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::access::code;
use crate::console::Console;
use crate::console::fault::Fault;
use crate::console::form::Form;
use crate::console::frame::Frame;
use crate::console::page;
use crate::console::places::{Place, Who, get, post};
use crate::console::session::{self, Stage};
use crate::console::visitor::{Account, Guest, Insider};

pub const PLACES: &[Place] = &[
    get("/sign-in", Who::Anyone, |route| route.to(show)),
    post("/sign-in", Who::Anyone, |route| route.to(password)),
    get("/sign-in/code", Who::Anyone, |route| route.to(show_code)),
    post("/sign-in/code", Who::Anyone, |route| route.to(code)),
    post("/sign-out", Who::SignedIn, |route| route.to(leave)),
];

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn<'v> {
    f: Frame<'v>,
    name: &'v str,
    to: &'v str,
    /// Name or password was wrong.
    wrong: bool,
    /// Nobody can sign in yet.
    nobody: bool,
}

#[derive(Template)]
#[template(path = "sign_in_code.html")]
struct Code<'v> {
    f: Frame<'v>,
    to: &'v str,
    wrong: bool,
}

/// Where to go afterwards.
#[derive(Deserialize)]
pub struct To {
    #[serde(default)]
    to: String,
}

async fn show(
    console: web::Data<Console>,
    guest: Guest,
    query: web::Query<To>,
) -> Result<HttpResponse, Fault> {
    let to = page::own(&query.to);
    if guest.account.is_some() {
        return Ok(page::onward(to));
    }
    page::shown(&SignIn {
        f: Frame::new(&guest, ""),
        name: "",
        to,
        wrong: false,
        nobody: console.store.users().await?.is_empty(),
    })
}

async fn password(
    console: web::Data<Console>,
    guest: Guest,
    request: HttpRequest,
    form: Form,
) -> Result<HttpResponse, Fault> {
    let name = form.text("name").to_lowercase();
    let to = page::own(form.text("to"));
    console.door.knock(guest.peer, &name)?;
    let user = console.store.user_by_name(name.clone()).await?;
    let stored = user.as_ref().and_then(|user| user.password.clone());
    let right = console.door.matches(form.exact("password"), stored).await?;
    let user = user.filter(|user| right && user.disabled_at.is_none());
    let Some(user) = user else {
        tracing::info!(peer = %guest.peer, "console.sign_in_refused");
        return page::refused(&SignIn {
            f: Frame::new(&guest, ""),
            name: &name,
            to,
            wrong: true,
            nobody: false,
        });
    };
    let (stage, next) = match user.totp {
        Some(_) => (Stage::AwaitsCode, with_to("/sign-in/code", to)),
        None => (Stage::Open, to.to_owned()),
    };
    let cookie = session::open(&console, &guest, &user, stage, agent(request.headers())).await?;
    Ok(page::onward_with(&next, [cookie]))
}

async fn show_code(guest: Guest, query: web::Query<To>) -> Result<HttpResponse, Fault> {
    let to = page::own(&query.to);
    if guest.pending.is_none() {
        return Ok(page::onward(&with_to("/sign-in", to)));
    }
    page::shown(&Code {
        f: Frame::new(&guest, ""),
        to,
        wrong: false,
    })
}

async fn code(
    console: web::Data<Console>,
    guest: Guest,
    request: HttpRequest,
    form: Form,
) -> Result<HttpResponse, Fault> {
    let to = page::own(form.text("to"));
    let Some(account) = &guest.pending else {
        return Ok(page::onward(&with_to("/sign-in", to)));
    };
    console.door.knock(guest.peer, account.name())?;
    if !take_code(&console, &guest, account, form.text("code")).await? {
        return page::refused(&Code {
            f: Frame::new(&guest, ""),
            to,
            wrong: true,
        });
    }
    console.store.end_session(account.session, None).await?;
    let agent = agent(request.headers());
    let cookie = session::open(&console, &guest, &account.user, Stage::Open, agent).await?;
    Ok(page::onward_with(to, [cookie]))
}

/// Whether a code is right and was not used before; it is used then.
async fn take_code(
    console: &Console,
    guest: &Guest,
    account: &Account,
    typed: &str,
) -> Result<bool, Fault> {
    let user = &account.user;
    let Some(secret) = &user.totp else {
        return Ok(true);
    };
    let Some(step) = code::check(secret, typed, guest.now, user.totp_step) else {
        return Ok(false);
    };
    Ok(console.store.use_code(user.id, step).await?)
}

async fn leave(console: web::Data<Console>, insider: Insider) -> Result<HttpResponse, Fault> {
    let account = &insider.account;
    let log = insider
        .hand()
        .log("session.ended", format!("user/{}", account.name()));
    console
        .store
        .end_session(account.session, Some(log))
        .await?;
    Ok(page::onward_with("/sign-in", [session::gone(&console)?]))
}

/// The path, and where to go afterwards unless that is where everybody goes.
fn with_to(path: &str, to: &str) -> String {
    if to == "/" {
        return path.to_owned();
    }
    let to: String = form_urlencoded::byte_serialize(to.as_bytes()).collect();
    format!("{path}?to={to}")
}

/// The browser, as it calls itself.
pub fn agent(headers: &HeaderMap) -> &str {
    let agent = headers.get(USER_AGENT);
    agent
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}
