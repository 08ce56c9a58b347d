//! The desk: people, rules, and whose turn it is; cached by the writer.

use std::collections::BTreeSet;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension};
use serde::de::DeserializeOwned;

use crate::model::rules::RuleSet;
use crate::store::sqlite::fault::{Done, Fault};
use crate::store::sqlite::value::{json, text};
use crate::store::{Desk, Turn};

/// Reads the desk as it now is.
pub(super) fn load(conn: &Connection) -> Done<Desk> {
    Ok(Desk {
        rules: Arc::new(rules(conn)?),
        reps: documents(conn, "SELECT body FROM rep ORDER BY handle")?,
        teams: documents(conn, "SELECT body FROM team ORDER BY handle")?,
        turns: turns(conn)?,
    })
}

/// The current rule set; version 0 without rules before the first was published.
pub(super) fn rules(conn: &Connection) -> Done<RuleSet> {
    let mut select =
        conn.prepare_cached("SELECT body, version FROM rule_set ORDER BY version DESC LIMIT 1")?;
    let found = select
        .query_row([], |row| Ok(json::<RuleSet>(row, 0)))
        .optional()?;
    found.unwrap_or_else(|| {
        Ok(RuleSet {
            version: 0,
            keep_owner: true,
            rules: Vec::new(),
        })
    })
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

/// The writer's copy. Turns that settlements take are written once a transaction.
#[derive(Default)]
pub(super) struct DeskCache {
    desk: Option<Desk>,
    /// SQLite's count of other connections' commits when the copy was read.
    data_version: i64,
    /// Places in `desk.turns` that are not written yet.
    unwritten: BTreeSet<usize>,
    /// The copy holds what this transaction wrote.
    touched: bool,
}

impl DeskCache {
    /// At the beginning of a transaction: forgets the copy when another process wrote.
    pub(super) fn notice(&mut self, conn: &Connection) -> Done<()> {
        let version = conn
            .prepare_cached("PRAGMA data_version")?
            .query_row([], |row| row.get(0))?;
        if version != self.data_version {
            self.desk = None;
            self.data_version = version;
        }
        Ok(())
    }

    pub(super) fn get(&mut self, conn: &Connection) -> Done<&Desk> {
        match &mut self.desk {
            Some(desk) => Ok(desk),
            none => Ok(none.insert(load(conn)?)),
        }
    }

    pub(super) fn take_turns(&mut self, conn: &Connection, turns: &[Turn]) -> Done<()> {
        if turns.is_empty() {
            return Ok(());
        }
        self.get(conn)?;
        let Some(desk) = &mut self.desk else {
            return Err(Fault::Corrupt("the desk was not read".to_owned()));
        };
        self.touched = true;
        for turn in turns {
            let place = desk
                .turns
                .iter()
                .position(|known| known.team == turn.team && known.rep == turn.rep);
            let place = place.unwrap_or(desk.turns.len());
            match desk.turns.get_mut(place) {
                Some(known) => known.clone_from(turn),
                None => desk.turns.push(turn.clone()),
            }
            self.unwritten.insert(place);
        }
        Ok(())
    }

    pub(super) fn write_turns(&mut self, conn: &Connection) -> Done<()> {
        let Some(desk) = &self.desk else {
            return Ok(());
        };
        for place in &self.unwritten {
            let Some(turn) = desk.turns.get(*place) else {
                continue;
            };
            conn.prepare_cached(
                "INSERT INTO turn (team, rep, taken, last) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (team, rep) DO UPDATE SET taken = excluded.taken, last = excluded.last",
            )?
            .execute((&turn.team, &turn.rep, turn.taken, turn.last))?;
        }
        self.unwritten.clear();
        Ok(())
    }

    /// Before this transaction changes people or rules itself.
    pub(super) fn change(&mut self, conn: &Connection) -> Done<()> {
        self.write_turns(conn)?;
        self.desk = None;
        self.touched = true;
        Ok(())
    }

    pub(super) fn keep(&mut self) {
        self.touched = false;
    }

    pub(super) fn undo(&mut self) {
        self.unwritten.clear();
        if std::mem::take(&mut self.touched) {
            self.desk = None;
        }
    }
}
