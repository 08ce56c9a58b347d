//! Who may sign in: added with a one-time link, given a role, shut out.

use actix_web::{HttpResponse, web};
use askama::Template;
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use crate::console::Console;
use crate::console::fault::Fault;
use crate::console::form::Form;
use crate::console::frame::Frame;
use crate::console::page;
use crate::console::pages::setup;
use crate::console::places::{Group, Place, Who, get, post};
use crate::console::visitor::Insider;
use crate::model::id::new_id;
use crate::model::role::Role;
use crate::model::user::is_name;
use crate::store::users::{UserChange, UserRow};

pub const PLACES: &[Place] = &[
    get("/users", Who::Admins, |route| route.to(show)).named(Group::House, "users"),
    post("/users", Who::Admins, |route| route.to(add)),
    post("/users/{id}/role", Who::Admins, |route| {
        route.to(change_role)
    }),
    post("/users/{id}/link", Who::Admins, |route| route.to(link)),
    post("/users/{id}/codes-off", Who::Admins, |route| {
        route.to(codes_off)
    }),
    post("/users/{id}/disable", Who::Admins, |route| {
        route.to(disable)
    }),
    post("/users/{id}/enable", Who::Admins, |route| route.to(enable)),
];

#[derive(Template)]
#[template(path = "users.html")]
struct Page<'v> {
    f: Frame<'v>,
    users: Vec<Line>,
    /// The reps there are: handle and name.
    reps: Vec<(String, String)>,
    roles: [Role; 4],
    /// A link that was just made, for whom; shown this once.
    link: Option<(String, String)>,
    /// What was typed, when it was not accepted.
    typed: &'v str,
    wrong: Option<String>,
}

/// A user as they are shown.
struct Line {
    user: UserRow,
    last_seen: Option<Timestamp>,
    is_self: bool,
}

async fn show(console: web::Data<Console>, insider: Insider) -> Result<HttpResponse, Fault> {
    page::shown(&of(&console, &insider).await?)
}

async fn of<'v>(console: &Console, insider: &'v Insider) -> Result<Page<'v>, Fault> {
    let mut users = Vec::new();
    for user in console.store.users().await? {
        let sessions = console.store.sessions(user.id).await?;
        users.push(Line {
            last_seen: sessions.first().map(|session| session.seen_at),
            is_self: user.id == insider.account.id(),
            user,
        });
    }
    let desk = console.store.desk().await?;
    let reps = desk
        .reps
        .iter()
        .map(|rep| (rep.handle.clone(), rep.name.clone()));
    Ok(Page {
        f: Frame::new(insider, "users"),
        users,
        reps: reps.collect(),
        roles: Role::ALL,
        link: None,
        typed: "",
        wrong: None,
    })
}

async fn add(
    console: web::Data<Console>,
    insider: Insider,
    form: Form,
) -> Result<HttpResponse, Fault> {
    let name = form.text("name").to_lowercase();
    let role = Role::parse(form.text("role")).ok_or(Fault::Missing)?;
    let rep = form.maybe("rep").map(str::to_owned);
    let fault = match (is_name(&name), role, &rep) {
        (false, ..) => Some("fault-name"),
        (true, Role::Rep, None) => Some("users-which-rep"),
        _ => None,
    };
    let taken = console.store.user_by_name(name.clone()).await?.is_some();
    let fault = fault.or(taken.then_some("users-taken"));
    if let Some(key) = fault {
        return page::refused(&Page {
            typed: &name,
            wrong: Some(insider.words.say(key)),
            ..of(&console, &insider).await?
        });
    }
    let user = UserRow {
        id: new_id(insider.now),
        name: name.clone(),
        role,
        rep,
        password: None,
        totp: None,
        totp_step: 0,
        language: None,
        disabled_at: None,
        created_at: insider.now,
    };
    let log = insider.hand().log("user.added", subject(&user));
    let log = log.changing(serde_json::Value::Null, standing(&user));
    let id = user.id;
    console.store.add_user(user, log).await?;
    invite(&console, &insider, id).await
}

async fn link(
    console: web::Data<Console>,
    insider: Insider,
    id: web::Path<String>,
) -> Result<HttpResponse, Fault> {
    let user = find(&console, &id).await?;
    invite(&console, &insider, user.id).await
}

/// The page with a fresh link on it: the link is shown here and nowhere else.
async fn invite(console: &Console, insider: &Insider, id: Uuid) -> Result<HttpResponse, Fault> {
    let user = console.store.user(id).await?.ok_or(Fault::Missing)?;
    let log = insider.hand().log("user.invited", subject(&user));
    let path = setup::link_for(console.store.as_ref(), id, insider.now, log).await?;
    page::shown(&Page {
        link: Some((user.name, format!("{}{path}", console.public_url))),
        ..of(console, insider).await?
    })
}

async fn change_role(
    console: web::Data<Console>,
    insider: Insider,
    id: web::Path<String>,
    form: Form,
) -> Result<HttpResponse, Fault> {
    let user = find(&console, &id).await?;
    let role = Role::parse(form.text("role")).ok_or(Fault::Missing)?;
    let rep = form.maybe("rep").map(str::to_owned);
    if role == Role::Rep && rep.is_none() {
        return page::refused(&Page {
            wrong: Some(insider.words.say("users-which-rep")),
            ..of(&console, &insider).await?
        });
    }
    let after = UserRow {
        role,
        rep: rep.clone(),
        ..user.clone()
    };
    let log = insider.hand().log("user.role", subject(&user));
    let log = log.changing(standing(&user), standing(&after));
    let change = UserChange::Role { role, rep };
    console.store.change_user(user.id, change, log).await?;
    Ok(page::onward("/users?done=user-changed"))
}

async fn codes_off(
    console: web::Data<Console>,
    insider: Insider,
    id: web::Path<String>,
) -> Result<HttpResponse, Fault> {
    alter(
        &console,
        &insider,
        &id,
        "user.codes-off",
        UserChange::Totp(None),
    )
    .await
}

async fn disable(
    console: web::Data<Console>,
    insider: Insider,
    id: web::Path<String>,
) -> Result<HttpResponse, Fault> {
    let change = UserChange::Disabled(Some(insider.now));
    alter(&console, &insider, &id, "user.disabled", change).await
}

async fn enable(
    console: web::Data<Console>,
    insider: Insider,
    id: web::Path<String>,
) -> Result<HttpResponse, Fault> {
    alter(
        &console,
        &insider,
        &id,
        "user.enabled",
        UserChange::Disabled(None),
    )
    .await
}

async fn alter(
    console: &Console,
    insider: &Insider,
    id: &str,
    what: &str,
    change: UserChange,
) -> Result<HttpResponse, Fault> {
    let user = find(console, id).await?;
    let log = insider.hand().log(what, subject(&user));
    console.store.change_user(user.id, change, log).await?;
    Ok(page::onward("/users?done=user-changed"))
}

async fn find(console: &Console, id: &str) -> Result<UserRow, Fault> {
    let id: Uuid = id.parse().map_err(|_| Fault::Missing)?;
    console.store.user(id).await?.ok_or(Fault::Missing)
}

fn subject(user: &UserRow) -> String {
    format!("user/{}", user.name)
}

/// What the log says of a user's standing.
fn standing(user: &UserRow) -> serde_json::Value {
    json!({"role": user.role.as_str(), "rep": user.rep})
}
