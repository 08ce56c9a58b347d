//! API tokens.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::Row;

use crate::said;
use crate::store::sqlite::SqliteStore;
use crate::store::sqlite::fault::{Done, Fault};
use crate::store::sqlite::value::{maybe_time, micros, text, time};
use crate::store::{Result, StoreError, TokenRow, Tokens};

#[async_trait]
impl Tokens for SqliteStore {
    async fn add_token(&self, token: TokenRow) -> Result<()> {
        self.write(move |books| {
            let live = books
                .conn
                .prepare_cached("SELECT 1 FROM token WHERE name = ?1 AND revoked_at IS NULL")?
                .exists([&token.name])?;
            if live && token.revoked_at.is_none() {
                return Err(Fault::Answer(StoreError::InUse(said!(
                    "token-taken",
                    "there is a live token named {name}: revoke it first, or choose another name",
                    name = &token.name
                ))));
            }
            books
                .conn
                .prepare_cached(
                    "INSERT INTO token (name, role, hash, created_at, revoked_at)
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute((
                    &token.name,
                    &token.role,
                    token.hash,
                    micros(token.created_at),
                    token.revoked_at.map(micros),
                ))?;
            Ok(())
        })
        .await
    }

    async fn token_by_hash(&self, hash: [u8; 32]) -> Result<Option<TokenRow>> {
        // Every call asks this: a single statement needs no snapshot that is begun and ended.
        self.readers
            .walk(move |conn| {
                let mut select = conn.prepare_cached(
                    "SELECT name, role, hash, created_at, revoked_at FROM token
                     WHERE hash = ?1 AND revoked_at IS NULL",
                )?;
                let mut rows = select.query([hash])?;
                rows.next()?.map(read).transpose()
            })
            .await
    }

    async fn tokens(&self) -> Result<Vec<TokenRow>> {
        self.readers
            .read(|conn| {
                let mut select = conn.prepare_cached(
                    "SELECT name, role, hash, created_at, revoked_at FROM token ORDER BY seq",
                )?;
                let mut rows = select.query([])?;
                let mut tokens = Vec::new();
                while let Some(row) = rows.next()? {
                    tokens.push(read(row)?);
                }
                Ok(tokens)
            })
            .await
    }

    async fn revoke_token(&self, name: String, at: Timestamp) -> Result<bool> {
        self.write(move |books| {
            let revoked = books
                .conn
                .prepare_cached(
                    "UPDATE token SET revoked_at = ?2 WHERE name = ?1 AND revoked_at IS NULL",
                )?
                .execute((&name, micros(at)))?;
            Ok(revoked > 0)
        })
        .await
    }
}

fn read(row: &Row<'_>) -> Done<TokenRow> {
    Ok(TokenRow {
        name: text(row, 0)?.to_owned(),
        role: text(row, 1)?.to_owned(),
        hash: row.get(2)?,
        created_at: time(row, 3)?,
        revoked_at: maybe_time(row, 4)?,
    })
}
