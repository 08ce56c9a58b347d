//! One-time codes: switched on by proving that the app shows the right one, switched off with the password.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::access::code;
use crate::console::Console;
use crate::console::fault::Fault;
use crate::console::form::Form;
use crate::console::frame::Frame;
use crate::console::page;
use crate::console::places::{Place, Who, get, post};
use crate::console::qr::{self, Drawing};
use crate::console::visitor::Insider;
use crate::store::users::UserChange;

pub const PLACES: &[Place] = &[
    get("/account/two-step", Who::SignedIn, |route| route.to(show)),
    post("/account/two-step", Who::SignedIn, |route| {
        route.to(switch_on)
    }),
    post("/account/two-step/off", Who::SignedIn, |route| {
        route.to(switch_off)
    }),
];

#[derive(Template)]
#[template(path = "two_step.html")]
struct Page<'v> {
    f: Frame<'v>,
    secret: &'v str,
    /// The secret in groups of four, to be typed.
    grouped: String,
    uri: String,
    /// The same to be scanned.
    qr: Option<Drawing>,
    has_codes: bool,
    wrong: Option<String>,
}

fn of<'v>(insider: &'v Insider, secret: &'v str, wrong: Option<&str>) -> Page<'v> {
    let letters: Vec<char> = secret.chars().collect();
    let groups: Vec<String> = letters
        .chunks(4)
        .map(|group| group.iter().collect())
        .collect();
    let uri = code::uri(secret, insider.account.name());
    Page {
        f: Frame::new(insider, "account"),
        grouped: groups.join(" "),
        qr: qr::of(&uri),
        uri,
        secret,
        has_codes: insider.account.user.totp.is_some(),
        wrong: wrong.map(|key| insider.words.say(key)),
    }
}

async fn show(insider: Insider) -> Result<HttpResponse, Fault> {
    let secret = code::fresh_secret()?;
    page::shown(&of(&insider, &secret, None))
}

/// The secret comes back with the form: it is nobody's before a code has proved that the app has it.
async fn switch_on(
    console: web::Data<Console>,
    insider: Insider,
    form: Form,
) -> Result<HttpResponse, Fault> {
    let account = &insider.account;
    console.door.knock(insider.peer, account.name())?;
    let secret = form.text("secret");
    if account.user.totp.is_some() {
        return Err(Fault::Stale);
    }
    let proved = code::check(secret, form.text("code"), insider.now, 0);
    let Some(step) = proved.filter(|_| secret.len() == 32) else {
        return page::refused(&of(&insider, secret, Some("fault-code")));
    };
    let log = insider
        .hand()
        .log("user.codes-on", format!("user/{}", account.name()));
    let change = UserChange::Totp(Some((secret.to_owned(), step)));
    console.store.change_user(account.id(), change, log).await?;
    Ok(page::onward("/account?done=codes-on"))
}

async fn switch_off(
    console: web::Data<Console>,
    insider: Insider,
    form: Form,
) -> Result<HttpResponse, Fault> {
    let account = &insider.account;
    console.door.knock(insider.peer, account.name())?;
    let stored = account.user.password.clone();
    if !console.door.matches(form.exact("password"), stored).await? {
        let secret = code::fresh_secret()?;
        return page::refused(&of(&insider, &secret, Some("fault-old-password")));
    }
    let log = insider
        .hand()
        .log("user.codes-off", format!("user/{}", account.name()));
    let change = UserChange::Totp(None);
    console.store.change_user(account.id(), change, log).await?;
    Ok(page::onward("/account?done=codes-off"))
}
