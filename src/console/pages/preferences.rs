//! Language and look: chosen anywhere, kept in a cookie, the language also with the account.

use actix_web::{HttpResponse, web};

use crate::console::Console;
use crate::console::fault::Fault;
use crate::console::form::Form;
use crate::console::page;
use crate::console::places::{Place, Who, post};
use crate::console::session::taste;
use crate::console::visitor::{Guest, LANGUAGE, THEME, Theme};
use crate::console::words::Language;
use crate::store::users::UserChange;

pub const PLACES: &[Place] = &[post("/preferences", Who::Anyone, |route| route.to(choose))];

async fn choose(
    console: web::Data<Console>,
    guest: Guest,
    form: Form,
) -> Result<HttpResponse, Fault> {
    let mut cookies = Vec::new();
    if let Some(theme) = Theme::parse(form.text("theme")) {
        cookies.push(taste(&console, THEME, theme.as_str())?);
    }
    if let Some(language) = Language::parse(form.text("language")) {
        cookies.push(taste(&console, LANGUAGE, language.code())?);
        if let Some(account) = &guest.account {
            let subject = format!("user/{}", account.name());
            let log = guest.hand(account.name()).log("user.language", subject);
            let change = UserChange::Language(Some(language.code().to_owned()));
            console.store.change_user(account.id(), change, log).await?;
        }
    }
    Ok(page::onward_with(page::own(form.text("to")), cookies))
}
