//! Upkeep.

use std::path::Path;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension};

use crate::store::sqlite::SqliteStore;
use crate::store::sqlite::fault::Done;
use crate::store::sqlite::files;
use crate::store::sqlite::number;
use crate::store::sqlite::purge;
use crate::store::sqlite::value::unsigned;
use crate::store::{Maintenance, PurgeBefore, Purged, Result, StoreStats};

#[async_trait]
impl Maintenance for SqliteStore {
    async fn purge(&self, before: PurgeBefore) -> Result<Purged> {
        self.as_gateway()?;
        self.sweep().await?;
        let kept = self.purge_steps(before.bodies, purge::kept_bodies).await?;
        let requests = kept + self.purge_steps(before.bodies, purge::bodies).await?;
        let copies = self.purge_steps(before.bodies, purge::refused_bodies);
        let bodies = requests + copies.await?;
        let keys = self.purge_steps(before.keys, purge::keys).await?;
        let events = self.purge_steps(before.history, purge::events).await?;
        self.purge_steps(before.history, purge::changes).await?;
        self.purge_steps(before.history, purge::minutes).await?;
        Ok(Purged {
            bodies,
            keys,
            events,
        })
    }

    async fn own_key(&self, name: &'static str, fresh: [u8; 32]) -> Result<[u8; 32]> {
        if let Some(key) = self.readers.read(move |conn| known_key(conn, name)).await? {
            return Ok(key);
        }
        self.write(move |books| {
            let conn = &books.conn;
            conn.prepare_cached(
                "INSERT INTO own_key (name, key) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            )?
            .execute((name, fresh))?;
            Ok(known_key(conn, name)?.unwrap_or(fresh))
        })
        .await
    }

    async fn ping(&self) -> Result<()> {
        self.write(|books| {
            books
                .conn
                .prepare_cached("UPDATE number SET n = n + 1 WHERE name = 'pings'")?
                .execute([])?;
            Ok(())
        })
        .await
    }

    async fn stats(&self) -> Result<StoreStats> {
        let bytes = size(&self.path) + size(&files::log_path(&self.path));
        self.readers
            .read(move |conn| {
                let count = |name: &str| -> Done<u64> { Ok(unsigned(number::get(conn, name)?)) };
                Ok(StoreStats {
                    events: count("events")?,
                    contacts: count("contact")?,
                    leads: count("lead")?,
                    orders: count("order")?,
                    tickets: count("ticket")?,
                    decisions: count("decisions")?,
                    changes: count("changes")?,
                    bytes,
                })
            })
            .await
    }

    async fn close(&self) {
        self.queue.close();
        let threads = self.take_threads();
        let joined = tokio::task::spawn_blocking(move || {
            for thread in threads {
                thread.thread().unpark();
                if thread.join().is_err() {
                    tracing::error!("store.thread_panicked");
                }
            }
        });
        if joined.await.is_err() {
            tracing::error!("store.close_failed");
        }
        self.readers.close();
    }
}

fn known_key(conn: &Connection, name: &str) -> Done<Option<[u8; 32]>> {
    let mut select = conn.prepare_cached("SELECT key FROM own_key WHERE name = ?1")?;
    Ok(select.query_row([name], |row| row.get(0)).optional()?)
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |file| file.len())
}
