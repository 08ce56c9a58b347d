//! The writer's copy of the desk. What settlements change in the ledger is written once a transaction.

use std::collections::BTreeSet;

use rusqlite::Connection;

use crate::model::desk::{Desk, Given};
use crate::model::people::Turn;
use crate::model::record::Record;
use crate::store::sqlite::desk::{line, load};
use crate::store::sqlite::fault::{Done, Fault};
use crate::store::sqlite::open_lead::owner_of_open;
use crate::store::sqlite::value::micros;

/// Days of `given` that are kept: a month, and the month of whoever looks from another zone.
const DAYS_KEPT: i32 = 62;

#[derive(Default)]
pub(super) struct DeskCache {
    desk: Option<Desk>,
    /// The rules of the copy look at what contacts ordered.
    asks_for_orders: bool,
    /// SQLite's count of other connections' commits when the copy was read.
    data_version: i64,
    unwritten: Unwritten,
    /// The copy holds what this transaction wrote.
    touched: bool,
}

/// Parts of the ledger that are newer in the copy than in the rows.
#[derive(Default)]
struct Unwritten {
    /// By team and rep.
    turns: BTreeSet<(String, String)>,
    loads: BTreeSet<String>,
    days: BTreeSet<(String, i32)>,
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
        Ok(self.copy(conn)?)
    }

    /// Whether the rules look at what contacts ordered.
    pub(super) fn asks_for_orders(&mut self, conn: &Connection) -> Done<bool> {
        self.copy(conn)?;
        Ok(self.asks_for_orders)
    }

    fn copy(&mut self, conn: &Connection) -> Done<&mut Desk> {
        if self.desk.is_none() {
            let desk = load(conn)?;
            self.asks_for_orders = desk.rules.asks_for_orders();
            self.desk = Some(desk);
        }
        let copy = self.desk.as_mut();
        copy.ok_or_else(|| Fault::Corrupt("the desk was not read".to_owned()))
    }

    pub(super) fn take_turns(&mut self, conn: &Connection, turns: &[Turn]) -> Done<()> {
        for turn in turns {
            self.copy(conn)?.ledger.put_turn(turn);
            let key = (turn.team.clone(), turn.rep.clone());
            self.unwritten.turns.insert(key);
            self.touched = true;
        }
        Ok(())
    }

    pub(super) fn give(&mut self, conn: &Connection, all: &[Given]) -> Done<()> {
        for given in all {
            self.copy(conn)?.ledger.give(given);
            self.unwritten.loads.insert(given.rep.clone());
            self.unwritten.days.insert((given.rep.clone(), given.day));
            self.touched = true;
        }
        Ok(())
    }

    /// Counts the open leads of reps when a record is written over another.
    pub(super) fn count_open(
        &mut self,
        conn: &Connection,
        old: Option<&Record>,
        new: &Record,
    ) -> Done<()> {
        let (before, after) = (old.and_then(owner_of_open), owner_of_open(new));
        if before == after {
            return Ok(());
        }
        for (owner, change) in [(before, -1), (after, 1)] {
            let Some(owner) = owner else {
                continue;
            };
            let desk = self.copy(conn)?;
            if desk.reps.iter().any(|rep| rep.handle == owner) {
                desk.ledger.open(owner, change);
                self.unwritten.loads.insert(owner.to_owned());
                self.touched = true;
            }
        }
        Ok(())
    }

    /// A lead joined the line of a route, or left it; the row is written.
    pub(super) fn line_changed(&mut self, conn: &Connection, route: &str, change: i64) -> Done<()> {
        let desk = self.copy(conn)?;
        let lines = desk.ledger.lines().iter();
        let known = lines.into_iter().find(|line| line.route == route);
        let count = known.map_or(0, |line| line.count);
        let now = line(conn, route, count.saturating_add_signed(change))?;
        desk.ledger.put_line(route, now);
        self.touched = true;
        Ok(())
    }

    /// Writes what changed in the ledger.
    pub(super) fn write(&mut self, conn: &Connection) -> Done<()> {
        let Some(desk) = &self.desk else {
            return Ok(());
        };
        let ledger = &desk.ledger;
        let unwritten = std::mem::take(&mut self.unwritten);
        for (team, rep) in &unwritten.turns {
            if let Some(turn) = ledger.turn(team, rep) {
                conn.prepare_cached(
                    "INSERT INTO turn (team, rep, taken, last) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (team, rep) DO UPDATE SET taken = excluded.taken, last = excluded.last",
                )?
                .execute((team, rep, turn.taken, turn.last))?;
            }
        }
        for load in unwritten.loads.iter().filter_map(|rep| ledger.load(rep)) {
            conn.prepare_cached(
                "INSERT INTO load (rep, open, last) VALUES (?1, ?2, ?3)
                 ON CONFLICT (rep) DO UPDATE SET open = excluded.open, last = excluded.last",
            )?
            .execute((&load.rep, load.open, load.last.map(micros)))?;
        }
        for (rep, day) in &unwritten.days {
            let days = ledger
                .load(rep)
                .map_or(&[][..], |load| load.days.as_slice());
            let count = days.iter().find(|(given, _)| given == day);
            write_day(conn, rep, *day, count.map_or(0, |(_, count)| *count))?;
        }
        Ok(())
    }

    /// Before this transaction changes people or rules itself.
    pub(super) fn change(&mut self, conn: &Connection) -> Done<()> {
        self.write(conn)?;
        self.desk = None;
        self.touched = true;
        Ok(())
    }

    pub(super) fn keep(&mut self) {
        self.touched = false;
    }

    pub(super) fn undo(&mut self) {
        self.unwritten = Unwritten::default();
        if std::mem::take(&mut self.touched) {
            self.desk = None;
        }
    }
}

fn write_day(conn: &Connection, rep: &str, day: i32, count: i64) -> Done<()> {
    conn.prepare_cached(
        "INSERT INTO given (rep, day, count) VALUES (?1, ?2, ?3)
         ON CONFLICT (rep, day) DO UPDATE SET count = excluded.count",
    )?
    .execute((rep, day, count))?;
    conn.prepare_cached("DELETE FROM given WHERE rep = ?1 AND day < ?2")?
        .execute((rep, day - DAYS_KEPT))?;
    Ok(())
}
