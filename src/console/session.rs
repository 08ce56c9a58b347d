//! Sessions: a random token in a cookie, its hash in the store.

use actix_web::http::header::HeaderValue;
use jiff::{SignedDuration, Timestamp};

use crate::access::token;
use crate::console::Console;
use crate::console::fault::Fault;
use crate::console::visitor::{Account, Visitor};
use crate::store::users::{SessionRow, UserRow};

/// For the one-time code to be typed after the password.
const CODE: SignedDuration = SignedDuration::from_mins(5);
/// A session's last use is noted this often.
const NOTED: SignedDuration = SignedDuration::from_mins(1);
/// Characters of a browser's name that are kept.
const AGENT: usize = 200;

/// What a token is worth.
pub enum Standing {
    None,
    AwaitsCode(Box<Account>),
    Open(Box<Account>),
}

/// How far somebody got in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    AwaitsCode,
    Open,
}

/// The session behind a token, while it lives. Its use is noted.
///
/// # Errors
/// The store cannot be read.
pub async fn find(console: &Console, token: &str, now: Timestamp) -> Result<Standing, Fault> {
    let hash = token::hash_of(token);
    let Some((session, user)) = console.store.session(hash).await? else {
        return Ok(Standing::None);
    };
    let idle = SignedDuration::try_from(console.idle).unwrap_or(SignedDuration::MAX);
    let unused = now.duration_since(session.seen_at);
    if now >= session.ends_at || unused >= idle || user.disabled_at.is_some() {
        return Ok(Standing::None);
    }
    if unused >= NOTED {
        console.store.touch_session(hash, now).await?;
    }
    let account = Box::new(Account {
        role: user.role,
        user,
        session: hash,
    });
    Ok(match session.awaits_code {
        true => Standing::AwaitsCode(account),
        false => Standing::Open(account),
    })
}

/// Opens a session; the cookie that carries it.
///
/// # Errors
/// The store cannot be written, or the system has no randomness.
pub async fn open(
    console: &Console,
    visitor: &Visitor,
    user: &UserRow,
    stage: Stage,
    agent: &str,
) -> Result<HeaderValue, Fault> {
    let token = token::fresh()?;
    let lifetime = match stage {
        Stage::AwaitsCode => CODE,
        Stage::Open => SignedDuration::try_from(console.lifetime).unwrap_or(SignedDuration::MAX),
    };
    let session = SessionRow {
        hash: token::hash_of(&token),
        user: user.id,
        awaits_code: stage == Stage::AwaitsCode,
        opened_at: visitor.now,
        seen_at: visitor.now,
        ends_at: visitor.now.checked_add(lifetime).unwrap_or(Timestamp::MAX),
        agent: agent.chars().take(AGENT).collect(),
        peer: visitor.peer.to_string(),
    };
    let log = match stage {
        Stage::AwaitsCode => None,
        Stage::Open => Some(
            visitor
                .hand(&user.name)
                .log("session.opened", format!("user/{}", user.name)),
        ),
    };
    console.store.open_session(session, log).await?;
    cookie(console, &token)
}

/// The cookie that ends a session in the browser.
///
/// # Errors
/// Never in fact: the value is ours.
pub fn gone(console: &Console) -> Result<HeaderValue, Fault> {
    let secure = console.is_secure();
    let name = cookie_name(secure);
    header(&format!(
        "{name}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax{}",
        marked(secure)
    ))
}

fn cookie(console: &Console, token: &str) -> Result<HeaderValue, Fault> {
    let secure = console.is_secure();
    let name = cookie_name(secure);
    header(&format!(
        "{name}={token}; Path=/; HttpOnly; SameSite=Lax{}",
        marked(secure)
    ))
}

/// A cookie that only remembers a taste; scripts may read it.
///
/// # Errors
/// The value is not ours.
pub fn taste(console: &Console, name: &str, value: &str) -> Result<HeaderValue, Fault> {
    let marked = marked(console.is_secure());
    header(&format!(
        "{name}={value}; Path=/; Max-Age=31536000; SameSite=Lax{marked}"
    ))
}

fn marked(secure: bool) -> &'static str {
    if secure { "; Secure" } else { "" }
}

fn header(text: &str) -> Result<HeaderValue, Fault> {
    HeaderValue::from_str(text).map_err(|error| Fault::internal(&error))
}

/// Over TLS the name itself keeps the cookie to this host and to TLS.
pub fn cookie_name(secure: bool) -> &'static str {
    if secure {
        "__Host-frontdesk"
    } else {
        "frontdesk"
    }
}
