//! Endpoints made in the console, and pauses.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};

use crate::said;
use crate::store::endpoints::{EndpointChange, EndpointRow, Endpoints};
use crate::store::sqlite::SqliteStore;
use crate::store::sqlite::audit;
use crate::store::sqlite::fault::{Done, Fault};
use crate::store::sqlite::value::{json, micros, text, time};
use crate::store::users::AuditRow;
use crate::store::{Result, StoreError};

#[async_trait]
impl Endpoints for SqliteStore {
    async fn endpoints(&self) -> Result<Vec<EndpointRow>> {
        self.readers
            .read(|conn| {
                let mut select = conn.prepare_cached("SELECT body FROM endpoint ORDER BY name")?;
                let mut rows = select.query([])?;
                let mut endpoints = Vec::new();
                while let Some(row) = rows.next()? {
                    endpoints.push(json(row, 0)?);
                }
                Ok(endpoints)
            })
            .await
    }

    async fn add_endpoint(&self, row: EndpointRow, log: AuditRow) -> Result<()> {
        self.write(move |books| {
            if find(&books.conn, &row.name)?.is_some() {
                let sentence = said!(
                    "endpoint-taken",
                    "there is an endpoint called {name} already",
                    name = &row.name
                );
                return Err(Fault::Answer(StoreError::InUse(sentence)));
            }
            put(&books.conn, &row)?;
            audit::write(&books.conn, &log)
        })
        .await
    }

    async fn change_endpoint(
        &self,
        name: String,
        change: EndpointChange,
        log: AuditRow,
    ) -> Result<bool> {
        self.write(move |books| {
            let Some(mut row) = find(&books.conn, &name)? else {
                return Ok(false);
            };
            change.clone().apply(&mut row);
            put(&books.conn, &row)?;
            audit::write(&books.conn, &log)?;
            Ok(true)
        })
        .await
    }

    async fn delete_endpoint(&self, name: String, log: AuditRow) -> Result<bool> {
        self.write(move |books| {
            let conn = &books.conn;
            let removed = conn
                .prepare_cached("DELETE FROM endpoint WHERE name = ?1")?
                .execute([&name])?;
            if removed == 0 {
                return Ok(false);
            }
            conn.prepare_cached("DELETE FROM pause WHERE endpoint = ?1")?
                .execute([&name])?;
            audit::write(conn, &log)?;
            Ok(true)
        })
        .await
    }

    async fn pauses(&self) -> Result<Vec<(String, Timestamp)>> {
        self.readers
            .read(|conn| {
                let mut select = conn.prepare_cached("SELECT endpoint, since FROM pause")?;
                let mut rows = select.query([])?;
                let mut pauses = Vec::new();
                while let Some(row) = rows.next()? {
                    pauses.push((text(row, 0)?.to_owned(), time(row, 1)?));
                }
                Ok(pauses)
            })
            .await
    }

    async fn pause(&self, name: String, since: Option<Timestamp>, log: AuditRow) -> Result<()> {
        self.write(move |books| {
            let conn = &books.conn;
            match since {
                Some(since) => conn
                    .prepare_cached(
                        "INSERT INTO pause (endpoint, since) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                    )?
                    .execute((&name, micros(since)))?,
                None => conn
                    .prepare_cached("DELETE FROM pause WHERE endpoint = ?1")?
                    .execute([&name])?,
            };
            audit::write(conn, &log)
        })
        .await
    }
}

fn find(conn: &Connection, name: &str) -> Done<Option<EndpointRow>> {
    let mut select = conn.prepare_cached("SELECT body FROM endpoint WHERE name = ?1")?;
    let found = select
        .query_row([name], |row| Ok(json(row, 0)))
        .optional()?;
    found.transpose()
}

fn put(conn: &Connection, row: &EndpointRow) -> Done<()> {
    conn.prepare_cached(
        "INSERT INTO endpoint (name, body) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET body = excluded.body",
    )?
    .execute((&row.name, serde_json::to_string(row)?))?;
    Ok(())
}
