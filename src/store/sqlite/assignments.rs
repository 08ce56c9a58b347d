//! People.

use async_trait::async_trait;

use crate::model::desk::Desk;
use crate::model::people::{Rep, Team};
use crate::model::rules::{OnNoneEligible, Rule, Target};
use crate::model::said::Said;
use crate::said;
use crate::store::sqlite::SqliteStore;
use crate::store::sqlite::audit;
use crate::store::sqlite::books::Books;
use crate::store::sqlite::desk;
use crate::store::sqlite::fault::{Done, Fault};
use crate::store::sqlite::open_lead;
use crate::store::users::AuditRow;
use crate::store::{Assignments, Result, StoreError};

#[async_trait]
impl Assignments for SqliteStore {
    async fn desk(&self) -> Result<Desk> {
        self.readers.read(desk::load).await
    }

    async fn put_rep(&self, rep: Rep, log: Option<AuditRow>) -> Result<()> {
        self.write(move |books| {
            books.desk.change(&books.conn)?;
            let sql = "INSERT INTO rep (handle, body) VALUES (?1, ?2)
                 ON CONFLICT (handle) DO UPDATE SET body = excluded.body";
            let body = serde_json::to_string(&rep)?;
            books
                .conn
                .prepare_cached(sql)?
                .execute((&rep.handle, body))?;
            open_lead::count(&books.conn, &rep.handle)?;
            audit::write_all(&books.conn, &log)
        })
        .await
    }

    async fn delete_rep(&self, handle: String, log: Option<AuditRow>) -> Result<bool> {
        self.write(move |books| {
            let removed = delete_rep(books, &handle)?;
            if removed {
                audit::write_all(&books.conn, &log)?;
            }
            Ok(removed)
        })
        .await
    }

    async fn put_team(&self, team: Team, log: Option<AuditRow>) -> Result<()> {
        self.write(move |books| {
            put_team(books, &team)?;
            audit::write_all(&books.conn, &log)
        })
        .await
    }

    async fn delete_team(&self, handle: String, log: Option<AuditRow>) -> Result<bool> {
        self.write(move |books| {
            let removed = delete_team(books, &handle)?;
            if removed {
                audit::write_all(&books.conn, &log)?;
            }
            Ok(removed)
        })
        .await
    }
}

fn in_use(sentence: Said) -> Fault {
    Fault::Answer(StoreError::InUse(sentence))
}

pub(super) fn missing(sentence: Said) -> Fault {
    Fault::Answer(StoreError::Missing(sentence))
}

/// The members are looked for here, where nobody removes one between the look and the write.
fn put_team(books: &mut Books, team: &Team) -> Done<()> {
    let desk = books.desk.get(&books.conn)?;
    for member in &team.members {
        if !is_rep(desk, &member.rep) {
            let sentence = said!(
                "no-rep",
                "there is no rep \"{rep}\"; add it first",
                rep = &member.rep
            );
            return Err(missing(sentence));
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

pub(super) fn is_rep(desk: &Desk, handle: &str) -> bool {
    desk.reps.iter().any(|rep| rep.handle == handle)
}

fn delete_rep(books: &mut Books, handle: &str) -> Done<bool> {
    let desk = books.desk.get(&books.conn)?;
    let has = |team: &&Team| team.members.iter().any(|member| member.rep == handle);
    if let Some(team) = desk.teams.iter().find(has) {
        return Err(in_use(said!(
            "rep-in-team",
            "{rep} is a member of the team {team}: take them out of it first",
            rep = handle,
            team = &team.handle
        )));
    }
    if let Some(rule) = desk.rules.rules.iter().find(|rule| names_rep(rule, handle)) {
        return Err(in_use(said!(
            "rep-in-rule",
            "the rule \"{rule}\" assigns to {rep}: change the rule first",
            rule = &rule.name,
            rep = handle
        )));
    }
    let beside = [
        "DELETE FROM turn WHERE rep = ?1",
        "DELETE FROM load WHERE rep = ?1",
        "DELETE FROM given WHERE rep = ?1",
    ];
    remove(books, handle, "DELETE FROM rep WHERE handle = ?1", &beside)
}

fn names_rep(rule: &Rule, handle: &str) -> bool {
    matches!(&rule.assign, Target::Rep(target) if target.rep == handle)
        || matches!(&rule.on_none_eligible, OnNoneEligible::Rep(target) if target.rep == handle)
}

fn delete_team(books: &mut Books, handle: &str) -> Done<bool> {
    let desk = books.desk.get(&books.conn)?;
    for rule in &desk.rules.rules {
        if matches!(&rule.assign, Target::Team(target) if target.team == handle) {
            return Err(in_use(said!(
                "team-in-rule",
                "the rule \"{rule}\" assigns to the team {team}: change the rule first",
                rule = &rule.name,
                team = handle
            )));
        }
    }
    let beside = ["DELETE FROM turn WHERE team = ?1"];
    remove(books, handle, "DELETE FROM team WHERE handle = ?1", &beside)
}

fn remove(books: &mut Books, handle: &str, one: &str, beside: &[&str]) -> Done<bool> {
    books.desk.change(&books.conn)?;
    let removed = books.conn.execute(one, [handle])?;
    if removed == 0 {
        return Ok(false);
    }
    for sql in beside {
        books.conn.execute(sql, [handle])?;
    }
    Ok(true)
}
