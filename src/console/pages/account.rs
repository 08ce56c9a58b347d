//! One's own account: password, one-time codes, sessions.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::access::password;
use crate::console::Console;
use crate::console::fault::Fault;
use crate::console::form::Form;
use crate::console::frame::Frame;
use crate::console::page;
use crate::console::pages::setup::unfit;
use crate::console::pages::sign_in::agent;
use crate::console::places::{Group, Place, Who, get, post};
use crate::console::session::{self, Stage};
use crate::console::visitor::Insider;
use crate::store::users::{SessionRow, UserChange};

pub const PLACES: &[Place] = &[
    get("/account", Who::SignedIn, |route| route.to(show)).named(Group::House, "account"),
    post("/account/password", Who::SignedIn, |route| {
        route.to(change_password)
    }),
    post("/account/sessions/end", Who::SignedIn, |route| {
        route.to(end_session)
    }),
];

#[derive(Template)]
#[template(path = "account.html")]
struct Page<'v> {
    f: Frame<'v>,
    name: &'v str,
    rep: Option<&'v str>,
    has_codes: bool,
    shortest: u64,
    sessions: Vec<Line>,
    wrong: Option<String>,
}

/// A session as it is shown.
struct Line {
    session: SessionRow,
    /// Ends it: not its hash, which nobody has to see.
    handle: String,
    is_this: bool,
}

async fn show(console: web::Data<Console>, insider: Insider) -> Result<HttpResponse, Fault> {
    page::shown(&of(&console, &insider, None).await?)
}

async fn of<'v>(
    console: &Console,
    insider: &'v Insider,
    wrong: Option<&str>,
) -> Result<Page<'v>, Fault> {
    let account = &insider.account;
    let sessions = console.store.sessions(account.id()).await?;
    let line = |session: SessionRow| Line {
        handle: handle(&session.hash),
        is_this: session.hash == account.session,
        session,
    };
    Ok(Page {
        f: Frame::new(insider, "account"),
        name: account.name(),
        rep: account.user.rep.as_deref(),
        has_codes: account.user.totp.is_some(),
        shortest: password::SHORTEST as u64,
        sessions: sessions.into_iter().filter(is_open).map(line).collect(),
        wrong: wrong.map(|key| insider.words.say(key)),
    })
}

fn is_open(session: &SessionRow) -> bool {
    !session.awaits_code
}

fn handle(hash: &[u8; 32]) -> String {
    hex::encode(hash.iter().take(8).copied().collect::<Vec<u8>>())
}

async fn change_password(
    console: web::Data<Console>,
    insider: Insider,
    request: HttpRequest,
    form: Form,
) -> Result<HttpResponse, Fault> {
    let account = &insider.account;
    console.door.knock(insider.peer, account.name())?;
    let stored = account.user.password.clone();
    let right = console.door.matches(form.exact("old"), stored).await?;
    let fault = match right {
        false => Some("fault-old-password"),
        true => unfit(&form),
    };
    if fault.is_some() {
        return page::refused(&of(&console, &insider, fault).await?);
    }
    let hash = console.door.hash(form.exact("password")).await?;
    let log = insider
        .hand()
        .log("user.password", format!("user/{}", account.name()));
    let change = UserChange::Password(hash);
    console.store.change_user(account.id(), change, log).await?;
    // All sessions have ended, this one too: it goes on as a new one.
    let agent = agent(request.headers());
    let cookie = session::open(&console, &insider, &account.user, Stage::Open, agent).await?;
    Ok(page::onward_with("/account?done=password", [cookie]))
}

async fn end_session(
    console: web::Data<Console>,
    insider: Insider,
    form: Form,
) -> Result<HttpResponse, Fault> {
    let account = &insider.account;
    let sessions = console.store.sessions(account.id()).await?;
    let wanted = form.text("session");
    let session = sessions
        .into_iter()
        .find(|session| handle(&session.hash) == wanted)
        .ok_or(Fault::Missing)?;
    let log = insider
        .hand()
        .log("session.ended", format!("user/{}", account.name()));
    console.store.end_session(session.hash, Some(log)).await?;
    Ok(page::onward("/account?done=session-ended"))
}
