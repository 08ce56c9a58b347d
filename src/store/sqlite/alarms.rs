//! Alarms.

use async_trait::async_trait;

use crate::model::said::kept;
use crate::store::sqlite::SqliteStore;
use crate::store::sqlite::value::{micros, signed, text, time, unsigned};
use crate::store::{Alarm, Alarms, Result};

#[async_trait]
impl Alarms for SqliteStore {
    async fn raise_alarm(&self, alarm: Alarm) -> Result<()> {
        self.write(move |books| {
            books
                .conn
                .prepare_cached(
                    "INSERT INTO alarm (key, message, since, last, count)
                     VALUES (?1, ?2, ?3, ?4, ?5)
                     ON CONFLICT (key) DO UPDATE SET message = excluded.message,
                        last = excluded.last, count = count + excluded.count",
                )?
                .execute((
                    &alarm.key,
                    kept::write(&alarm.message),
                    micros(alarm.since),
                    micros(alarm.last),
                    signed(alarm.count),
                ))?;
            Ok(())
        })
        .await
    }

    async fn clear_alarm(&self, key: String) -> Result<()> {
        self.write(move |books| {
            books
                .conn
                .prepare_cached("DELETE FROM alarm WHERE key = ?1")?
                .execute([&key])?;
            Ok(())
        })
        .await
    }

    async fn alarms(&self) -> Result<Vec<Alarm>> {
        self.readers
            .read(|conn| {
                let mut select = conn.prepare_cached(
                    "SELECT key, message, since, last, count FROM alarm ORDER BY key",
                )?;
                let mut rows = select.query([])?;
                let mut alarms = Vec::new();
                while let Some(row) = rows.next()? {
                    alarms.push(Alarm {
                        key: text(row, 0)?.to_owned(),
                        message: kept::read(text(row, 1)?),
                        since: time(row, 2)?,
                        last: time(row, 3)?,
                        count: unsigned(row.get(4)?),
                    });
                }
                Ok(alarms)
            })
            .await
    }
}
