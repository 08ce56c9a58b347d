//! Counters by minute and by day: gathered in a transaction, added to their rows at its end.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;

use crate::model::record::{Fields, Record};
use crate::store::Result;
use crate::store::meters::{LeadDay, LeadStep, Meters, Minute, Outcome};
use crate::store::sqlite::SqliteStore;
use crate::store::sqlite::fault::{Done, Fault};
use crate::store::sqlite::value::{text, unsigned};

const MINUTE: i64 = 60;
const DAY: i64 = 24 * 60 * 60;

pub(super) const MINUTES: &str =
    "SELECT minute, endpoint, outcome, n FROM minute WHERE minute >= ?1 ORDER BY minute";
pub(super) const LEAD_DAYS: &str =
    "SELECT day, source, owner, step, n, seconds FROM lead_day WHERE day >= ?1 ORDER BY day";

/// What a transaction adds.
#[derive(Debug, Default)]
pub(super) struct Meter {
    minutes: BTreeMap<(i64, Outcome), BTreeMap<String, i64>>,
    days: BTreeMap<(i64, String, String, LeadStep), (i64, i64)>,
}

impl Meter {
    /// One more of this outcome at an endpoint.
    pub(super) fn count(&mut self, at: Timestamp, endpoint: &str, outcome: Outcome) {
        let minute = at.as_second().div_euclid(MINUTE);
        let endpoints = self.minutes.entry((minute, outcome)).or_default();
        match endpoints.get_mut(endpoint) {
            Some(count) => *count += 1,
            None => drop(endpoints.insert(endpoint.to_owned(), 1)),
        }
    }

    /// What this write of a lead says of its life. A platform's test leads do not count.
    pub(super) fn lead(&mut self, old: Option<&Fields>, record: &Record, at: Timestamp) {
        if record
            .fields
            .get("test")
            .and_then(serde_json::Value::as_bool)
            == Some(true)
        {
            return;
        }
        let before = old.map(|fields| word(fields, "status"));
        let now = word(&record.fields, "status");
        let waits = |status: &str| matches!(status, "" | "new" | "assigned");
        let mut steps = Vec::new();
        if before.is_none() {
            steps.push(LeadStep::Created);
        }
        if before.is_none_or(waits) && !waits(now) {
            steps.push(LeadStep::Answered);
        }
        if before != Some(now) {
            match now {
                "converted" => steps.push(LeadStep::Converted),
                "lost" | "unqualified" | "junk" => steps.push(LeadStep::Lost),
                _ => {}
            }
        }
        let seconds = at.duration_since(record.created_at).as_secs().max(0);
        for step in steps {
            let source = word(&record.fields, "source").to_owned();
            let owner = word(&record.fields, "owner").to_owned();
            let day = at.as_second().div_euclid(DAY);
            let sums = self.days.entry((day, source, owner, step)).or_default();
            sums.0 += 1;
            sums.1 += seconds;
        }
    }

    pub(super) fn write(&mut self, conn: &Connection) -> Done<()> {
        if !self.minutes.is_empty() {
            let mut add = conn.prepare_cached(
                "INSERT INTO minute (minute, endpoint, outcome, n) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (minute, endpoint, outcome) DO UPDATE SET n = n + excluded.n",
            )?;
            for ((minute, outcome), endpoints) in &self.minutes {
                for (endpoint, count) in endpoints {
                    add.execute((minute, endpoint, *outcome as u8, count))?;
                }
            }
        }
        if !self.days.is_empty() {
            let mut add = conn.prepare_cached(
                "INSERT INTO lead_day (day, source, owner, step, n, seconds)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (day, source, owner, step)
                 DO UPDATE SET n = n + excluded.n, seconds = seconds + excluded.seconds",
            )?;
            for ((day, source, owner, step), (count, seconds)) in &self.days {
                add.execute((day, source, owner, *step as u8, count, seconds))?;
            }
        }
        self.clear();
        Ok(())
    }

    pub(super) fn clear(&mut self) {
        self.minutes.clear();
        self.days.clear();
    }
}

fn word<'f>(fields: &'f Fields, name: &str) -> &'f str {
    let value = fields.get(name).and_then(serde_json::Value::as_str);
    value.unwrap_or_default()
}

#[async_trait]
impl Meters for SqliteStore {
    async fn minutes(&self, since: Timestamp) -> Result<Vec<Minute>> {
        self.readers
            .walk(move |conn| {
                let mut select = conn.prepare_cached(MINUTES)?;
                let mut rows = select.query([since.as_second().div_euclid(MINUTE)])?;
                let mut minutes = Vec::new();
                while let Some(row) = rows.next()? {
                    let outcome: i64 = row.get(2)?;
                    minutes.push(Minute {
                        at: begins(row.get(0)?, MINUTE)?,
                        endpoint: text(row, 1)?.to_owned(),
                        outcome: numbered(Outcome::ALL, outcome, |it| it as i64)?,
                        count: unsigned(row.get(3)?),
                    });
                }
                Ok(minutes)
            })
            .await
    }

    async fn lead_days(&self, since: Timestamp) -> Result<Vec<LeadDay>> {
        self.readers
            .walk(move |conn| {
                let mut select = conn.prepare_cached(LEAD_DAYS)?;
                let mut rows = select.query([since.as_second().div_euclid(DAY)])?;
                let mut days = Vec::new();
                while let Some(row) = rows.next()? {
                    let step: i64 = row.get(3)?;
                    days.push(LeadDay {
                        at: begins(row.get(0)?, DAY)?,
                        source: text(row, 1)?.to_owned(),
                        owner: text(row, 2)?.to_owned(),
                        step: numbered(LeadStep::ALL, step, |it| it as i64)?,
                        count: unsigned(row.get(4)?),
                        seconds: unsigned(row.get(5)?),
                    });
                }
                Ok(days)
            })
            .await
    }
}

fn begins(number: i64, length: i64) -> Done<Timestamp> {
    let since = SignedDuration::from_secs(number.saturating_mul(length));
    Timestamp::UNIX_EPOCH
        .checked_add(since)
        .map_err(|error| Fault::corrupt("a minute or day", error))
}

fn numbered<T: Copy, const N: usize>(
    all: [T; N],
    number: i64,
    number_of: impl Fn(T) -> i64,
) -> Done<T> {
    all.into_iter()
        .find(|it| number_of(*it) == number)
        .ok_or_else(|| Fault::Corrupt(format!("the number {number} of a counter")))
}
