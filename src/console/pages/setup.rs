//! One-time links: the first admin, and people who choose their own password.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::access::{password, token};
use crate::console::Console;
use crate::console::fault::Fault;
use crate::console::form::Form;
use crate::console::frame::Frame;
use crate::console::page;
use crate::console::pages::sign_in::agent;
use crate::console::places::{Place, Who, get, post};
use crate::console::session::{self, Stage};
use crate::console::visitor::Guest;
use crate::model::id::new_id;
use crate::model::role::Role;
use crate::model::user;
use crate::store::Store;
use crate::store::users::{AuditRow, LinkRow, LinkUse, UserRow};

pub const PLACES: &[Place] = &[
    get("/setup/{token}", Who::Anyone, |route| route.to(show)),
    post("/setup/{token}", Who::Anyone, |route| route.to(choose)),
];

/// The first admin's link is good for a day, others for a week.
const FIRST: SignedDuration = SignedDuration::from_hours(24);
const INVITED: SignedDuration = SignedDuration::from_hours(7 * 24);

#[derive(Template)]
#[template(path = "setup.html")]
struct Setup<'v> {
    f: Frame<'v>,
    /// Whose password it will be; `None`: the first admin, who says their name.
    user: Option<String>,
    name: &'v str,
    shortest: u64,
    /// The message that says what is wrong.
    wrong: Option<String>,
}

/// The path of a link for the first admin, when nobody can sign in yet.
///
/// # Errors
/// The store cannot be used, or the system has no randomness.
pub async fn first_link(store: &dyn Store, now: Timestamp) -> Result<Option<String>, Fault> {
    if !store.users().await?.is_empty() {
        return Ok(None);
    }
    let token = token::fresh()?;
    store.add_link(link(&token, None, now), None).await?;
    Ok(Some(path(&token)))
}

/// The path of a link with which a user chooses a password.
///
/// # Errors
/// As `first_link`.
pub async fn link_for(
    store: &dyn Store,
    user: Uuid,
    now: Timestamp,
    log: AuditRow,
) -> Result<String, Fault> {
    let token = token::fresh()?;
    store
        .add_link(link(&token, Some(user), now), Some(log))
        .await?;
    Ok(path(&token))
}

fn path(token: &str) -> String {
    format!("/setup/{token}")
}

fn link(token: &str, user: Option<Uuid>, now: Timestamp) -> LinkRow {
    let good = if user.is_some() { INVITED } else { FIRST };
    LinkRow {
        hash: token::hash_of(token),
        user,
        ends_at: now.checked_add(good).unwrap_or(Timestamp::MAX),
    }
}

/// The link and its user, while both are good.
async fn find(
    console: &Console,
    guest: &Guest,
    token: &str,
) -> Result<(LinkRow, Option<UserRow>), Fault> {
    let hash = token::hash_of(token);
    let link = console.store.link(hash, guest.now).await?;
    let link = link.ok_or(Fault::Missing)?;
    let user = match link.user {
        Some(id) => Some(console.store.user(id).await?.ok_or(Fault::Missing)?),
        None => None,
    };
    Ok((link, user))
}

async fn show(
    console: web::Data<Console>,
    guest: Guest,
    token: web::Path<String>,
) -> Result<HttpResponse, Fault> {
    let (_, user) = find(&console, &guest, &token).await?;
    page::shown(&form(&guest, user.as_ref(), "", None))
}

fn form<'v>(
    guest: &'v Guest,
    user: Option<&UserRow>,
    name: &'v str,
    wrong: Option<&str>,
) -> Setup<'v> {
    Setup {
        f: Frame::new(guest, ""),
        user: user.map(|user| user.name.clone()),
        name,
        shortest: password::SHORTEST as u64,
        wrong: wrong.map(|key| guest.words.say(key)),
    }
}

async fn choose(
    console: web::Data<Console>,
    guest: Guest,
    request: HttpRequest,
    token: web::Path<String>,
    sent: Form,
) -> Result<HttpResponse, Fault> {
    console.door.knock(guest.peer, "a link")?;
    let (link, user) = find(&console, &guest, &token).await?;
    let name = sent.text("name").to_lowercase();
    let fault = match &user {
        None if !user::is_name(&name) => Some("fault-name"),
        _ => unfit(&sent),
    };
    if let Some(key) = fault {
        return page::refused(&form(&guest, user.as_ref(), &name, Some(key)));
    }
    let stored = console.door.hash(sent.exact("password")).await?;
    let hash = link.hash;
    let (purpose, user, what) = match user {
        Some(user) => {
            let purpose = LinkUse::Password {
                hash,
                password: stored,
            };
            (purpose, user, "user.password")
        }
        None => {
            let user = admin(&guest, &name, stored);
            let purpose = LinkUse::FirstAdmin {
                hash,
                user: user.clone(),
            };
            (purpose, user, "user.added")
        }
    };
    let log = guest
        .hand(&user.name)
        .log(what, format!("user/{}", user.name));
    if !console.store.use_link(purpose, guest.now, log).await? {
        return Err(Fault::Missing);
    }
    if user.totp.is_some() || user.disabled_at.is_some() {
        return Ok(page::onward("/sign-in?done=password"));
    }
    let agent = agent(request.headers());
    let cookie = session::open(&console, &guest, &user, Stage::Open, agent).await?;
    Ok(page::onward_with("/", [cookie]))
}

/// The message that says why a new password will not do.
pub fn unfit(form: &Form) -> Option<&'static str> {
    let chosen = form.exact("password");
    if chosen != form.exact("again") {
        return Some("fault-not-again");
    }
    match password::judge(chosen) {
        Ok(()) => None,
        Err(password::Weak::Short) => Some("fault-short"),
        Err(password::Weak::Long) => Some("fault-long"),
        Err(password::Weak::Common) => Some("fault-common"),
    }
}

fn admin(guest: &Guest, name: &str, password: String) -> UserRow {
    UserRow {
        id: new_id(guest.now),
        name: name.to_owned(),
        role: Role::Admin,
        rep: None,
        password: Some(password),
        totp: None,
        totp_step: 0,
        language: None,
        disabled_at: None,
        created_at: guest.now,
    }
}
