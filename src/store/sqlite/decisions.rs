//! Decisions and what follows them: amendments, lines, offers, the past.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, Row};
use uuid::Uuid;

use crate::model::desk::Line;
use crate::model::field::Kind;
use crate::store::desk::{Amended, Amendment, Decisions, Past, Standing, Stretch};
use crate::store::sqlite::fault::Done;
use crate::store::sqlite::past;
use crate::store::sqlite::queue::{Call, Job, closed};
use crate::store::sqlite::record_row;
use crate::store::sqlite::ties::{self, Orders};
use crate::store::sqlite::value::{id, maybe_id, micros, signed, text, time, unsigned};
use crate::store::sqlite::view::View;
use crate::store::sqlite::walk::rows;
use crate::store::sqlite::writes::{epoch_of, seats};
use crate::store::sqlite::{SqliteStore, account, amend, desk};
use crate::store::{DecisionRow, HeldOwned, Result};

#[async_trait]
impl Decisions for SqliteStore {
    async fn decision(&self, lead: Uuid) -> Result<Option<DecisionRow>> {
        let found = self.readers.read(move |conn| decisions(conn, lead, 1));
        Ok(found.await?.pop())
    }

    async fn decisions(&self, lead: Uuid) -> Result<Vec<DecisionRow>> {
        self.readers
            .read(move |conn| decisions(conn, lead, i64::MAX))
            .await
    }

    async fn standing(&self, lead: Uuid) -> Result<Option<Standing>> {
        self.readers
            .read(move |conn| {
                let seq = record_row::find(conn, Kind::Lead, lead)?;
                seq.map(|seq| ties::whole(conn, seq)).transpose()
            })
            .await
    }

    async fn held_lead(&self, lead: Uuid) -> Result<Option<HeldOwned>> {
        self.readers.read(move |conn| held_lead(conn, lead)).await
    }

    async fn amend(&self, amendments: Vec<Amendment>) -> Result<Vec<Amended>> {
        self.as_gateway()?;
        let mut jobs: Vec<Box<dyn Job>> = Vec::with_capacity(amendments.len());
        let mut answers = Vec::with_capacity(amendments.len());
        for amendment in amendments {
            let (call, answer) = Call::new(move |books| amend::run(books, &amendment));
            jobs.push(Box::new(call));
            answers.push(answer);
        }
        self.queue.settle(jobs)?;
        let mut amended = Vec::with_capacity(answers.len());
        for answer in answers {
            amended.push(answer.await.unwrap_or_else(|_| Err(closed()))?);
        }
        Ok(amended)
    }

    async fn lines(&self) -> Result<Vec<Line>> {
        self.readers.read(desk::lines).await
    }

    async fn waiting(&self, route: String, limit: usize) -> Result<Vec<(Uuid, Timestamp)>> {
        self.readers
            .read(move |conn| {
                let mut select = conn.prepare_cached(OLDEST_WAITING)?;
                let mut found = select.query((&route, rows(limit)))?;
                let mut leads = Vec::new();
                while let Some(row) = found.next()? {
                    leads.push((id(row, 0)?, time(row, 1)?));
                }
                Ok(leads)
            })
            .await
    }

    async fn waiting_for_other(&self, version: u64, limit: usize) -> Result<Vec<Uuid>> {
        self.readers
            .read(move |conn| leads(conn, WAITING_FOR_OTHER, signed(version), limit))
            .await
    }

    async fn overdue(&self, now: Timestamp, limit: usize) -> Result<Vec<Uuid>> {
        self.readers
            .read(move |conn| leads(conn, OVERDUE, micros(now), limit))
            .await
    }

    async fn past(&self, stretch: Stretch) -> Result<Vec<Past>> {
        self.readers
            .walk(move |conn| past::leads(conn, stretch))
            .await
    }
}

pub(super) const OLDEST_WAITING: &str =
    "SELECT lead_id, since FROM waiting WHERE route = ?1 ORDER BY since, lead_id LIMIT ?2";
pub(super) const WAITING_FOR_OTHER: &str =
    "SELECT lead_id FROM waiting WHERE version < ?1 ORDER BY version, lead_id LIMIT ?2";
pub(super) const OVERDUE: &str =
    "SELECT lead_id FROM offer WHERE accepted IS NULL AND due <= ?1 ORDER BY due, lead_id LIMIT ?2";

fn leads(conn: &Connection, sql: &str, limit: i64, most: usize) -> Done<Vec<Uuid>> {
    let mut select = conn.prepare_cached(sql)?;
    let mut found = select.query((limit, rows(most)))?;
    let mut leads = Vec::new();
    while let Some(row) = found.next()? {
        leads.push(id(row, 0)?);
    }
    Ok(leads)
}

fn decisions(conn: &Connection, lead: Uuid, most: i64) -> Done<Vec<DecisionRow>> {
    let Some(seq) = record_row::find(conn, Kind::Lead, lead)? else {
        return Ok(Vec::new());
    };
    let (first, last) = seats(seq);
    let mut select = conn.prepare_cached(
        "SELECT seat, id, owner, rule, rule_set, reason, event, at, account, trace, facts
         FROM decision
         WHERE seat BETWEEN ?1 AND ?2 ORDER BY seat DESC LIMIT ?3",
    )?;
    let mut found = select.query([first, last, most])?;
    let mut decisions = Vec::new();
    while let Some(row) = found.next()? {
        decisions.push(read(lead, row)?);
    }
    Ok(decisions)
}

fn read(lead: Uuid, row: &Row<'_>) -> Done<DecisionRow> {
    let (facts, trace) = account::read(row, 8)?;
    Ok(DecisionRow {
        id: id(row, 1)?,
        lead,
        epoch: epoch_of(row.get(0)?),
        owner: row.get(2)?,
        rule: row.get(3)?,
        rule_set_version: unsigned(row.get(4)?),
        reason: text(row, 5)?.to_owned(),
        trace,
        facts: Arc::new(facts),
        event: maybe_id(row, 6)?,
        at: time(row, 7)?,
    })
}

fn held_lead(conn: &Connection, lead: Uuid) -> Done<Option<HeldOwned>> {
    let desk = desk::load(conn)?;
    let orders = |contact| past::orders_of(conn, contact);
    let orders: Orders<'_> = desk.rules.asks_for_orders().then_some(&orders);
    let found = amend::load(&View::of_reader(conn), lead, orders)?;
    Ok(found.map(|(loaded, ties)| HeldOwned {
        matches: Vec::new(),
        records: loaded.records,
        desk,
        ties,
    }))
}
