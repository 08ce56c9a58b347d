//! The desk as it stands in rows: people, rules, the ledger.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension};
use serde::de::DeserializeOwned;

use crate::model::desk::{Desk, Ledger, Line, Load};
use crate::model::people::Turn;
use crate::model::rules::RuleSet;
use crate::store::sqlite::fault::Done;
use crate::store::sqlite::value::{id, json, maybe_time, text, time, unsigned};

/// Reads the desk as it now is.
pub(super) fn load(conn: &Connection) -> Done<Desk> {
    Ok(Desk {
        rules: Arc::new(rules(conn)?),
        reps: Arc::new(documents(conn, "SELECT body FROM rep ORDER BY handle")?),
        teams: Arc::new(documents(conn, "SELECT body FROM team ORDER BY handle")?),
        ledger: Ledger::new(turns(conn)?, loads(conn)?, lines(conn)?),
    })
}

/// The current rule set; version 0 without rules before the first was published.
pub(super) fn rules(conn: &Connection) -> Done<RuleSet> {
    let mut select =
        conn.prepare_cached("SELECT body, version FROM rule_set ORDER BY version DESC LIMIT 1")?;
    let found = select
        .query_row([], |row| Ok(json::<RuleSet>(row, 0)))
        .optional()?;
    found.unwrap_or_else(|| Ok(RuleSet::none()))
}

fn documents<T: DeserializeOwned>(conn: &Connection, sql: &str) -> Done<Vec<T>> {
    let mut select = conn.prepare_cached(sql)?;
    let mut rows = select.query([])?;
    let mut documents = Vec::new();
    while let Some(row) = rows.next()? {
        documents.push(json(row, 0)?);
    }
    Ok(documents)
}

fn turns(conn: &Connection) -> Done<Vec<Turn>> {
    let mut select =
        conn.prepare_cached("SELECT team, rep, taken, last FROM turn ORDER BY team, rep")?;
    let mut rows = select.query([])?;
    let mut turns = Vec::new();
    while let Some(row) = rows.next()? {
        turns.push(Turn {
            team: text(row, 0)?.to_owned(),
            rep: text(row, 1)?.to_owned(),
            taken: row.get(2)?,
            last: row.get(3)?,
        });
    }
    Ok(turns)
}

fn loads(conn: &Connection) -> Done<Vec<Load>> {
    let mut loads: Vec<Load> = Vec::new();
    let mut select = conn.prepare_cached("SELECT rep, open, last FROM load ORDER BY rep")?;
    let mut days =
        conn.prepare_cached("SELECT day, count FROM given WHERE rep = ?1 ORDER BY day")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let rep = text(row, 0)?.to_owned();
        let given = days.query_map([&rep], |row| Ok((row.get(0)?, row.get(1)?)))?;
        loads.push(Load {
            open: row.get(1)?,
            last: maybe_time(row, 2)?,
            days: given.collect::<Result<_, _>>()?,
            rep,
        });
    }
    Ok(loads)
}

/// Every line with its head.
pub(super) fn lines(conn: &Connection) -> Done<Vec<Line>> {
    let mut select =
        conn.prepare_cached("SELECT route, count(*) FROM waiting GROUP BY route ORDER BY route")?;
    let mut rows = select.query([])?;
    let mut lines = Vec::new();
    while let Some(row) = rows.next()? {
        let (route, count) = (text(row, 0)?, unsigned(row.get(1)?));
        lines.extend(line(conn, route, count)?);
    }
    Ok(lines)
}

/// A line of so many leads; `None` when nobody waits there.
pub(super) fn line(conn: &Connection, route: &str, count: u64) -> Done<Option<Line>> {
    let mut select = conn.prepare_cached(
        "SELECT lead_id, since FROM waiting WHERE route = ?1 ORDER BY since, lead_id LIMIT 1",
    )?;
    let mut rows = select.query([route])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    Ok(Some(Line {
        route: route.to_owned(),
        count: count.max(1),
        head: id(row, 0)?,
        since: time(row, 1)?,
    }))
}
