//! Who is at the other end: their session, language, time zone and taste.

use std::future::{Ready, ready};
use std::net::IpAddr;
use std::ops::Deref;
use std::rc::Rc;

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::http::header::{ACCEPT_LANGUAGE, COOKIE, HeaderMap};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use uuid::Uuid;

use crate::access::token;
use crate::console::Console;
use crate::console::fault::Fault;
use crate::console::session::{self, Standing};
use crate::console::words::{Language, Words};
use crate::model::role::Role;
use crate::process::edit::Hand;
use crate::store::users::UserRow;

/// The reader's time zone, written by a module of ours.
pub const ZONE: &str = "frontdesk_zone";
/// Dark or light, when the reader chose.
pub const THEME: &str = "frontdesk_theme";
/// The language, when the reader chose.
pub const LANGUAGE: &str = "frontdesk_language";

/// Somebody who looks at a page.
pub struct Visitor {
    /// Set once they have signed in.
    pub account: Option<Account>,
    /// Their password was right; the one-time code is still to come.
    pub pending: Option<Account>,
    pub words: Words,
    pub zone: TimeZone,
    pub theme: Theme,
    /// What each of their forms carries; empty before they sign in.
    pub csrf: String,
    /// Path and query of this page; `/` when it is no page.
    pub address: String,
    /// The path that was asked for, whether it is a page or not.
    pub path: String,
    pub peer: IpAddr,
    pub now: Timestamp,
}

/// A user with a session.
#[derive(Clone)]
pub struct Account {
    pub user: UserRow,
    pub role: Role,
    /// Hash of the session's token.
    pub session: [u8; 32],
}

impl Account {
    /// The rep whose leads are all they may see; `None` for those who see everything. A rep's account that names no rep
    /// sees nobody's.
    pub fn only(&self) -> Option<&str> {
        match self.role {
            Role::Rep => Some(self.user.rep.as_deref().unwrap_or_default()),
            Role::Viewer | Role::Manager | Role::Admin => None,
        }
    }

    pub fn id(&self) -> Uuid {
        self.user.id
    }

    pub fn name(&self) -> &str {
        &self.user.name
    }
}

impl Visitor {
    /// The hand that does what a visitor asks for, under a name.
    pub fn hand(&self, name: &str) -> Hand {
        Hand {
            name: name.to_owned(),
            peer: self.peer.to_string(),
            now: self.now,
            only: None,
        }
    }
}

/// How a page looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// As the system does.
    System,
    Light,
    Dark,
}

impl Theme {
    pub const ALL: [Theme; 3] = [Theme::System, Theme::Light, Theme::Dark];

    pub fn as_str(self) -> &'static str {
        match self {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.as_str() == word)
    }
}

/// Finds out who sent a request.
///
/// # Errors
/// The store cannot be read.
pub async fn of(console: &Console, request: &HttpRequest) -> Result<Visitor, Fault> {
    let headers = request.headers();
    let now = console.clock.now();
    let token = cookie(headers, session::cookie_name(console.is_secure()));
    let standing = match &token {
        Some(token) => session::find(console, token, now).await?,
        None => Standing::None,
    };
    let (account, pending) = match standing {
        Standing::Open(account) => (Some(*account), None),
        Standing::AwaitsCode(account) => (None, Some(*account)),
        Standing::None => (None, None),
    };
    let known = account.is_some() || pending.is_some();
    let csrf = token.filter(|_| known);
    Ok(Visitor {
        words: Words::of(language(headers, account.as_ref())),
        zone: zone(headers),
        theme: cookie(headers, THEME)
            .and_then(|word| Theme::parse(&word))
            .unwrap_or(Theme::System),
        csrf: csrf.map_or_else(String::new, |token| token::derived(&token, "csrf")),
        address: match request.method() {
            &Method::GET => request.uri().to_string(),
            _ => "/".to_owned(),
        },
        path: request.path().to_owned(),
        peer: (console.address_of)(request),
        account,
        pending,
        now,
    })
}

fn language(headers: &HeaderMap, account: Option<&Account>) -> Language {
    let chosen = account.and_then(|account| account.user.language.clone());
    let chosen = chosen.or_else(|| cookie(headers, LANGUAGE));
    if let Some(language) = chosen.and_then(|code| Language::parse(&code)) {
        return language;
    }
    let asked = headers.get(ACCEPT_LANGUAGE);
    let asked = asked.and_then(|value| value.to_str().ok());
    Language::of_browser(asked.unwrap_or_default())
}

fn zone(headers: &HeaderMap) -> TimeZone {
    let name = cookie(headers, ZONE);
    name.and_then(|name| TimeZone::get(&name).ok())
        .unwrap_or(TimeZone::UTC)
}

/// The value of a cookie.
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers
        .get_all(COOKIE)
        .filter_map(|line| line.to_str().ok());
    lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

/// The visitor of a request, in a handler.
#[derive(Clone)]
pub struct Guest(Rc<Visitor>);

impl Deref for Guest {
    type Target = Visitor;

    fn deref(&self) -> &Visitor {
        &self.0
    }
}

impl FromRequest for Guest {
    type Error = Fault;
    type Future = Ready<Result<Self, Fault>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(visitor(request).map(Guest))
    }
}

/// The visitor of a request who has signed in, in a handler.
#[derive(Clone)]
pub struct Insider {
    visitor: Rc<Visitor>,
    pub account: Account,
}

impl Deref for Insider {
    type Target = Visitor;

    fn deref(&self) -> &Visitor {
        &self.visitor
    }
}

impl FromRequest for Insider {
    type Error = Fault;
    type Future = Ready<Result<Self, Fault>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(visitor(request).and_then(|visitor| {
            let account = visitor.account.clone().ok_or(Fault::SignedOut)?;
            Ok(Insider { visitor, account })
        }))
    }
}

impl Insider {
    /// Who does it. A rep touches their own records only.
    pub fn hand(&self) -> Hand {
        Hand {
            only: self.account.only().map(str::to_owned),
            ..self.visitor.hand(self.account.name())
        }
    }
}

fn visitor(request: &HttpRequest) -> Result<Rc<Visitor>, Fault> {
    let visitor = request.extensions().get::<Rc<Visitor>>().cloned();
    visitor.ok_or_else(|| Fault::internal(&"a place without the gate before it"))
}
