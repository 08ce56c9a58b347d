//! The console's users, their sessions and links.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};
use uuid::Uuid;

use crate::model::page::{Page, PageRequest};
use crate::model::role::Role;
use crate::store::sqlite::SqliteStore;
use crate::store::sqlite::audit;
use crate::store::sqlite::fault::{Done, Fault};
use crate::store::sqlite::sessions;
use crate::store::sqlite::value::{id, maybe_time, micros, text, time};
use crate::store::users::{
    AuditFilter, AuditRow, LinkRow, LinkUse, SessionRow, UserChange, UserRow, Users,
};
use crate::store::{Result, StoreError};

macro_rules! select_user {
    ($where:literal) => {
        concat!(
            "SELECT id, name, role, rep, password, totp, totp_step, language, disabled_at, created_at
             FROM user ",
            $where
        )
    };
}

#[async_trait]
impl Users for SqliteStore {
    async fn add_user(&self, user: UserRow, log: AuditRow) -> Result<()> {
        self.write(move |books| {
            insert(&books.conn, &user)?;
            audit::write(&books.conn, &log)
        })
        .await
    }

    async fn user(&self, id: Uuid) -> Result<Option<UserRow>> {
        self.readers.read(move |conn| by_id(conn, id)).await
    }

    async fn user_by_name(&self, name: String) -> Result<Option<UserRow>> {
        self.readers
            .read(move |conn| {
                let mut select = conn.prepare_cached(select_user!("WHERE name = ?1"))?;
                let found = select.query_row([name], |row| Ok(read(row))).optional()?;
                found.transpose()
            })
            .await
    }

    async fn users(&self) -> Result<Vec<UserRow>> {
        self.readers
            .read(|conn| {
                let mut select = conn.prepare_cached(select_user!("ORDER BY name"))?;
                let mut rows = select.query([])?;
                let mut users = Vec::new();
                while let Some(row) = rows.next()? {
                    users.push(read(row)?);
                }
                Ok(users)
            })
            .await
    }

    async fn change_user(&self, id: Uuid, change: UserChange, log: AuditRow) -> Result<bool> {
        self.write(move |books| {
            let conn = &books.conn;
            let Some(user) = by_id(conn, id)? else {
                return Ok(false);
            };
            apply(conn, &user, &change)?;
            audit::write(conn, &log)?;
            Ok(true)
        })
        .await
    }

    async fn use_code(&self, user: Uuid, step: i64) -> Result<bool> {
        self.write(move |books| {
            let used = books
                .conn
                .prepare_cached("UPDATE user SET totp_step = ?2 WHERE id = ?1 AND totp_step < ?2")?
                .execute((user.as_bytes(), step))?;
            Ok(used > 0)
        })
        .await
    }

    async fn open_session(&self, session: SessionRow, log: Option<AuditRow>) -> Result<()> {
        self.write(move |books| {
            sessions::open(&books.conn, &session)?;
            audit::write_all(&books.conn, &log)
        })
        .await
    }

    async fn session(&self, hash: [u8; 32]) -> Result<Option<(SessionRow, UserRow)>> {
        self.readers
            .read(move |conn| {
                let Some(session) = sessions::find(conn, &hash)? else {
                    return Ok(None);
                };
                let user = by_id(conn, session.user)?;
                Ok(user.map(|user| (session, user)))
            })
            .await
    }

    async fn touch_session(&self, hash: [u8; 32], at: Timestamp) -> Result<()> {
        self.write(move |books| sessions::touch(&books.conn, &hash, at))
            .await
    }

    async fn end_session(&self, hash: [u8; 32], log: Option<AuditRow>) -> Result<bool> {
        self.write(move |books| {
            let ended = sessions::end(&books.conn, &hash)?;
            if ended {
                audit::write_all(&books.conn, &log)?;
            }
            Ok(ended)
        })
        .await
    }

    async fn sessions(&self, user: Uuid) -> Result<Vec<SessionRow>> {
        self.readers
            .read(move |conn| sessions::of_user(conn, user))
            .await
    }

    async fn add_link(&self, link: LinkRow, log: Option<AuditRow>) -> Result<()> {
        self.write(move |books| {
            sessions::add_link(&books.conn, &link)?;
            audit::write_all(&books.conn, &log)
        })
        .await
    }

    async fn link(&self, hash: [u8; 32], now: Timestamp) -> Result<Option<LinkRow>> {
        self.readers
            .read(move |conn| sessions::link(conn, &hash, now))
            .await
    }

    async fn use_link(&self, link: LinkUse, now: Timestamp, log: AuditRow) -> Result<bool> {
        self.write(move |books| {
            let used = use_link(&books.conn, &link, now)?;
            if used {
                audit::write(&books.conn, &log)?;
            }
            Ok(used)
        })
        .await
    }

    async fn note(&self, log: AuditRow) -> Result<()> {
        self.write(move |books| audit::write(&books.conn, &log))
            .await
    }

    async fn audit(&self, filter: AuditFilter, page: PageRequest) -> Result<Page<AuditRow>> {
        self.readers
            .walk(move |conn| audit::list(conn, &filter, &page))
            .await
    }
}

fn by_id(conn: &Connection, id: Uuid) -> Done<Option<UserRow>> {
    let mut select = conn.prepare_cached(select_user!("WHERE id = ?1"))?;
    let found = select
        .query_row([id.as_bytes()], |row| Ok(read(row)))
        .optional()?;
    found.transpose()
}

fn read(row: &Row<'_>) -> Done<UserRow> {
    let role = text(row, 2)?;
    Ok(UserRow {
        id: id(row, 0)?,
        name: text(row, 1)?.to_owned(),
        role: Role::parse(role).ok_or_else(|| Fault::Corrupt(format!("the role {role}")))?,
        rep: row.get(3)?,
        password: row.get(4)?,
        totp: row.get(5)?,
        totp_step: row.get(6)?,
        language: row.get(7)?,
        disabled_at: maybe_time(row, 8)?,
        created_at: time(row, 9)?,
    })
}

fn insert(conn: &Connection, user: &UserRow) -> Done<()> {
    let taken = conn
        .prepare_cached("SELECT 1 FROM user WHERE name = ?1")?
        .exists([&user.name])?;
    if taken {
        return Err(in_use(format!(
            "there is a user named {} already: choose another name",
            user.name
        )));
    }
    conn.prepare_cached(
        "INSERT INTO user (id, name, role, rep, password, totp, totp_step, language, disabled_at,
            created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(rusqlite::params![
        user.id.as_bytes(),
        user.name,
        user.role.as_str(),
        user.rep,
        user.password,
        user.totp,
        user.totp_step,
        user.language,
        user.disabled_at.map(micros),
        micros(user.created_at),
    ])?;
    Ok(())
}

fn in_use(sentence: String) -> Fault {
    Fault::Answer(StoreError::InUse(sentence.into()))
}

/// One column of one user.
fn set(conn: &Connection, sql: &str, user: &UserRow, value: impl rusqlite::ToSql) -> Done<()> {
    conn.prepare_cached(sql)?
        .execute((user.id.as_bytes(), value))?;
    Ok(())
}

fn apply(conn: &Connection, user: &UserRow, change: &UserChange) -> Done<()> {
    match change {
        UserChange::Password(password) => set_password(conn, user.id, password)?,
        UserChange::Role { role, rep } => {
            if user.role == Role::Admin && *role != Role::Admin {
                keep_an_admin(conn, user)?;
            }
            let role = role.as_str();
            set(conn, "UPDATE user SET role = ?2 WHERE id = ?1", user, role)?;
            set(conn, "UPDATE user SET rep = ?2 WHERE id = ?1", user, rep)?;
        }
        UserChange::Disabled(at) => {
            if at.is_some() && user.role == Role::Admin {
                keep_an_admin(conn, user)?;
            }
            let sql = "UPDATE user SET disabled_at = ?2 WHERE id = ?1";
            set(conn, sql, user, at.map(micros))?;
            sessions::end_all(conn, user.id)?;
        }
        UserChange::Totp(secret) => {
            let step = secret.as_ref().map_or(0, |(_, step)| *step);
            let secret = secret.as_ref().map(|(secret, _)| secret);
            set(
                conn,
                "UPDATE user SET totp = ?2 WHERE id = ?1",
                user,
                secret,
            )?;
            let sql = "UPDATE user SET totp_step = ?2 WHERE id = ?1";
            set(conn, sql, user, step)?;
        }
        UserChange::Language(language) => {
            let sql = "UPDATE user SET language = ?2 WHERE id = ?1";
            set(conn, sql, user, language)?;
        }
    }
    Ok(())
}

/// Somebody else must be able to let people in.
fn keep_an_admin(conn: &Connection, user: &UserRow) -> Done<()> {
    let another = conn
        .prepare_cached(
            "SELECT 1 FROM user WHERE role = 'admin' AND disabled_at IS NULL
             AND password IS NOT NULL AND id <> ?1",
        )?
        .exists([user.id.as_bytes()])?;
    if another {
        return Ok(());
    }
    Err(in_use(format!(
        "{} is the last admin: make another one first",
        user.name
    )))
}

fn set_password(conn: &Connection, user: Uuid, password: &str) -> Done<()> {
    conn.prepare_cached("UPDATE user SET password = ?2 WHERE id = ?1")?
        .execute((user.as_bytes(), password))?;
    sessions::end_all(conn, user)
}

fn use_link(conn: &Connection, link: &LinkUse, now: Timestamp) -> Done<bool> {
    let (LinkUse::Password { hash, .. } | LinkUse::FirstAdmin { hash, .. }) = link;
    let Some(found) = sessions::link(conn, hash, now)? else {
        return Ok(false);
    };
    match (link, found.user) {
        (LinkUse::Password { password, .. }, Some(user)) => set_password(conn, user, password)?,
        (LinkUse::FirstAdmin { user, .. }, None) => {
            if conn.prepare_cached("SELECT 1 FROM user")?.exists([])? {
                return Ok(false);
            }
            insert(conn, user)?;
        }
        _ => return Ok(false),
    }
    sessions::remove_link(conn, hash)?;
    Ok(true)
}
