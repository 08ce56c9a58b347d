//! Upkeep.

use std::path::Path;

use async_trait::async_trait;

use crate::store::sqlite::SqliteStore;
use crate::store::sqlite::fault::Done;
use crate::store::sqlite::number;
use crate::store::sqlite::purge;
use crate::store::sqlite::value::unsigned;
use crate::store::{Maintenance, PurgeBefore, Purged, Result, StoreStats};

#[async_trait]
impl Maintenance for SqliteStore {
    async fn purge(&self, before: PurgeBefore) -> Result<Purged> {
        self.as_gateway()?;
        self.sweep().await?;
        let requests = self.purge_steps(before.bodies, purge::bodies).await?;
        let copies = self.purge_steps(before.bodies, purge::refused_bodies);
        let bodies = requests + copies.await?;
        let keys = self.purge_steps(before.keys, purge::keys).await?;
        let events = self.purge_steps(before.history, purge::events).await?;
        self.purge_steps(before.history, purge::changes).await?;
        Ok(Purged {
            bodies,
            keys,
            events,
        })
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
        let mut log = self.path.as_os_str().to_owned();
        log.push("-wal");
        let bytes = size(&self.path) + size(Path::new(&log));
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

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |file| file.len())
}
