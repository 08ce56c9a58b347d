//! People who sign in to the console: their sessions, their one-time links, and the log of what they did.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::model::page::{Page, PageRequest};
use crate::model::role::Role;
use crate::store::Result;

/// The console's users. What changes one also writes what is known of the change, in one commit.
#[async_trait]
pub trait Users: Send + Sync {
    /// `InUse` when somebody has the name already.
    async fn add_user(&self, user: UserRow, log: AuditRow) -> Result<()>;

    async fn user(&self, id: Uuid) -> Result<Option<UserRow>>;

    /// Names are compared as they are written: lower case.
    async fn user_by_name(&self, name: String) -> Result<Option<UserRow>>;

    /// By name.
    async fn users(&self) -> Result<Vec<UserRow>>;

    /// `false` when there is no such user. `InUse` when nobody could administer any more.
    async fn change_user(&self, id: Uuid, change: UserChange, log: AuditRow) -> Result<bool>;

    /// Uses up the one-time code of a step; `false` when it, or a later one, was used before.
    async fn use_code(&self, user: Uuid, step: i64) -> Result<bool>;

    /// Opens a session and forgets those that have ended by themselves.
    async fn open_session(&self, session: SessionRow, log: Option<AuditRow>) -> Result<()>;

    /// A session and whose it is.
    async fn session(&self, hash: [u8; 32]) -> Result<Option<(SessionRow, UserRow)>>;

    /// Notes that a session was used.
    async fn touch_session(&self, hash: [u8; 32], at: Timestamp) -> Result<()>;

    /// Ends one; `false` when it had ended already.
    async fn end_session(&self, hash: [u8; 32], log: Option<AuditRow>) -> Result<bool>;

    /// The sessions of one user, the last used first.
    async fn sessions(&self, user: Uuid) -> Result<Vec<SessionRow>>;

    /// Keeps a one-time link; an earlier one for the same user, or for the first admin, ends.
    async fn add_link(&self, link: LinkRow, log: Option<AuditRow>) -> Result<()>;

    /// A link that has not been used and has not ended at `now`.
    async fn link(&self, hash: [u8; 32], now: Timestamp) -> Result<Option<LinkRow>>;

    /// Uses a link up, once: for its user the password is set and older sessions end; as the first admin `user` is added,
    /// if there is nobody yet. `false` when the link is not good any more.
    async fn use_link(&self, link: LinkUse, now: Timestamp, log: AuditRow) -> Result<bool>;

    /// Writes into the log what changed nothing in the store itself.
    async fn note(&self, log: AuditRow) -> Result<()>;

    /// The log, newest first.
    async fn audit(&self, filter: AuditFilter, page: PageRequest) -> Result<Page<AuditRow>>;
}

/// A user as stored. Not printable: it holds secrets.
#[derive(Clone)]
pub struct UserRow {
    pub id: Uuid,
    /// What they sign in with: a word or an e-mail address, in lower case.
    pub name: String,
    pub role: Role,
    /// The rep they are, by handle: whose leads are theirs.
    pub rep: Option<String>,
    /// In the PHC format; `None` until they have chosen one.
    pub password: Option<String>,
    /// Secret of their one-time codes, in base32.
    pub totp: Option<String>,
    /// Step of the last code that was used.
    pub totp_step: i64,
    /// `en` or `es`; `None`: what the browser asks for.
    pub language: Option<String>,
    pub disabled_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

/// What changes about a user.
#[derive(Clone)]
pub enum UserChange {
    /// A new password, in the PHC format; all sessions end.
    Password(String),
    Role {
        role: Role,
        rep: Option<String>,
    },
    /// Shut out (all sessions end), or let in again.
    Disabled(Option<Timestamp>),
    /// One-time codes on, with this secret and the step of the code that proved it, or off.
    Totp(Option<(String, i64)>),
    Language(Option<String>),
}

/// A session: only the hash of its token is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    pub hash: [u8; 32],
    pub user: Uuid,
    /// The password was right, the one-time code is still to come.
    pub awaits_code: bool,
    pub opened_at: Timestamp,
    pub seen_at: Timestamp,
    pub ends_at: Timestamp,
    /// The browser, as it calls itself.
    pub agent: String,
    pub peer: String,
}

/// A one-time link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkRow {
    pub hash: [u8; 32],
    /// Who may choose a password with it; `None`: the first admin, who is not there yet.
    pub user: Option<Uuid>,
    pub ends_at: Timestamp,
}

/// What a link is used for.
#[derive(Clone)]
pub enum LinkUse {
    Password { hash: [u8; 32], password: String },
    FirstAdmin { hash: [u8; 32], user: UserRow },
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditRow {
    pub id: Uuid,
    pub at: Timestamp,
    /// A user's name; `command` for the command line, `gateway` for itself.
    pub who: String,
    /// `user.added`, `event.opened`, …
    pub what: String,
    /// On what: `user/ana`, `event/0190…`.
    pub subject: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
    /// The address it was done from; empty for the command line.
    pub peer: String,
}

/// The line of the log about so many events, written in the commit that changes them.
pub type Told = Arc<dyn Fn(u64) -> AuditRow + Send + Sync>;

impl AuditRow {
    /// With what stood there before and stands there now; null is nothing.
    pub fn changing(self, before: Value, after: Value) -> Self {
        AuditRow {
            before: Some(before).filter(|value| !value.is_null()),
            after: Some(after).filter(|value| !value.is_null()),
            ..self
        }
    }
}

/// Which lines of the log; all that are given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct AuditFilter {
    pub who: Option<String>,
    pub subject: Option<String>,
    pub what: Option<String>,
}
