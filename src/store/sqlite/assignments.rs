//! Rules, people and decisions.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};
use uuid::Uuid;

use crate::model::field::Kind;
use crate::model::people::{Rep, Team};
use crate::model::rules::{RuleSet, Target};
use crate::store::sqlite::SqliteStore;
use crate::store::sqlite::books::Books;
use crate::store::sqlite::desk;
use crate::store::sqlite::fault::{Done, Fault};
use crate::store::sqlite::record_row;
use crate::store::sqlite::value::{id, json, maybe_id, micros, signed, text, time, unsigned};
use crate::store::sqlite::writes::{epoch_of, seats};
use crate::store::{Assignments, DecisionRow, Desk, Result, StoreError};

#[async_trait]
impl Assignments for SqliteStore {
    async fn desk(&self) -> Result<Desk> {
        self.readers.read(desk::load).await
    }

    async fn put_rep(&self, rep: Rep) -> Result<()> {
        self.write(move |books| {
            books.desk.change(&books.conn)?;
            let sql = "INSERT INTO rep (handle, body) VALUES (?1, ?2)
                 ON CONFLICT (handle) DO UPDATE SET body = excluded.body";
            let body = serde_json::to_string(&rep)?;
            books
                .conn
                .prepare_cached(sql)?
                .execute((&rep.handle, body))?;
            Ok(())
        })
        .await
    }

    async fn delete_rep(&self, handle: String) -> Result<bool> {
        self.write(move |books| delete_rep(books, &handle)).await
    }

    async fn put_team(&self, team: Team) -> Result<()> {
        self.write(move |books| put_team(books, &team)).await
    }

    async fn delete_team(&self, handle: String) -> Result<bool> {
        self.write(move |books| delete_team(books, &handle)).await
    }

    async fn publish_rules(&self, rules: RuleSet, at: Timestamp) -> Result<RuleSet> {
        self.write(move |books| publish(books, &rules, at)).await
    }

    async fn decision(&self, lead: Uuid) -> Result<Option<DecisionRow>> {
        self.readers.read(move |conn| decision(conn, lead)).await
    }
}

fn in_use(sentence: String) -> Fault {
    Fault::Answer(StoreError::InUse(sentence))
}

fn missing(sentence: String) -> Fault {
    Fault::Answer(StoreError::Missing(sentence))
}

/// The members are looked for here, where nobody removes one between the look and the write.
fn put_team(books: &mut Books, team: &Team) -> Done<()> {
    let desk = books.desk.get(&books.conn)?;
    for member in &team.members {
        if !is_rep(desk, &member.rep) {
            return Err(missing(format!(
                "there is no rep {:?}; add it first",
                member.rep
            )));
        }
    }
    books.desk.change(&books.conn)?;
    let sql = "INSERT INTO team (handle, body) VALUES (?1, ?2)
         ON CONFLICT (handle) DO UPDATE SET body = excluded.body";
    books
        .conn
        .prepare_cached(sql)?
        .execute((&team.handle, serde_json::to_string(team)?))?;
    Ok(())
}

fn is_rep(desk: &Desk, handle: &str) -> bool {
    desk.reps.iter().any(|rep| rep.handle == handle)
}

/// Whoever the rules assign to is there.
fn check_targets(desk: &Desk, rules: &RuleSet) -> Done<()> {
    for rule in &rules.rules {
        let absent = match &rule.assign {
            Target::Rep(target) if !is_rep(desk, &target.rep) => format!("rep {:?}", target.rep),
            Target::Team(target) if !desk.teams.iter().any(|it| it.handle == target.team) => {
                format!("team {:?}", target.team)
            }
            _ => continue,
        };
        return Err(missing(format!(
            "the rule \"{}\" assigns to the {absent}, which is not there; add it first",
            rule.name
        )));
    }
    Ok(())
}

fn delete_rep(books: &mut Books, handle: &str) -> Done<bool> {
    let desk = books.desk.get(&books.conn)?;
    let has = |team: &&Team| team.members.iter().any(|member| member.rep == handle);
    if let Some(team) = desk.teams.iter().find(has) {
        return Err(in_use(format!(
            "{handle} is a member of the team {}: take them out of it first",
            team.handle
        )));
    }
    for rule in &desk.rules.rules {
        if matches!(&rule.assign, Target::Rep(target) if target.rep == handle) {
            return Err(in_use(format!(
                "the rule \"{}\" assigns to {handle}: change the rule first",
                rule.name
            )));
        }
    }
    remove(
        books,
        handle,
        "DELETE FROM rep WHERE handle = ?1",
        "DELETE FROM turn WHERE rep = ?1",
    )
}

fn delete_team(books: &mut Books, handle: &str) -> Done<bool> {
    let desk = books.desk.get(&books.conn)?;
    for rule in &desk.rules.rules {
        if matches!(&rule.assign, Target::Team(target) if target.team == handle) {
            return Err(in_use(format!(
                "the rule \"{}\" assigns to the team {handle}: change the rule first",
                rule.name
            )));
        }
    }
    remove(
        books,
        handle,
        "DELETE FROM team WHERE handle = ?1",
        "DELETE FROM turn WHERE team = ?1",
    )
}

fn remove(books: &mut Books, handle: &str, one: &str, turns: &str) -> Done<bool> {
    books.desk.change(&books.conn)?;
    let removed = books.conn.execute(one, [handle])?;
    if removed > 0 {
        books.conn.execute(turns, [handle])?;
    }
    Ok(removed > 0)
}

fn publish(books: &mut Books, rules: &RuleSet, at: Timestamp) -> Done<RuleSet> {
    let desk = books.desk.get(&books.conn)?;
    let current = desk.rules.version;
    if rules.version != current {
        return Err(Fault::Answer(StoreError::Stale {
            expected: rules.version,
            current,
        }));
    }
    check_targets(desk, rules)?;
    books.desk.change(&books.conn)?;
    let published = RuleSet {
        version: current + 1,
        ..rules.clone()
    };
    books
        .conn
        .prepare_cached("INSERT INTO rule_set (version, at, body) VALUES (?1, ?2, ?3)")?
        .execute((
            signed(published.version),
            micros(at),
            serde_json::to_string(&published)?,
        ))?;
    Ok(published)
}

fn decision(conn: &Connection, lead: Uuid) -> Done<Option<DecisionRow>> {
    let Some(seq) = record_row::find(conn, Kind::Lead, lead)? else {
        return Ok(None);
    };
    let (first, last) = seats(seq);
    let mut select = conn.prepare_cached(
        "SELECT seat, id, owner, rule, rule_set, reason, trace, event, at FROM decision
         WHERE seat BETWEEN ?1 AND ?2 ORDER BY seat DESC LIMIT 1",
    )?;
    let read = |row: &Row<'_>| Ok(read_decision(lead, row));
    let found = select.query_row([first, last], read).optional()?;
    found.transpose()
}

fn read_decision(lead: Uuid, row: &Row<'_>) -> Done<DecisionRow> {
    Ok(DecisionRow {
        id: id(row, 1)?,
        lead,
        epoch: epoch_of(row.get(0)?),
        owner: row.get(2)?,
        rule: row.get(3)?,
        rule_set_version: unsigned(row.get(4)?),
        reason: text(row, 5)?.to_owned(),
        trace: json(row, 6)?,
        event: maybe_id(row, 7)?,
        at: time(row, 8)?,
    })
}
