//! Rule sets in versions, and the draft.

use async_trait::async_trait;
use rusqlite::{Connection, Row};

use crate::model::desk::Desk;
use crate::model::page::{Page, PageRequest};
use crate::model::rules::{Draft, Imprint, OnNoneEligible, RuleSet, Target};
use crate::said;
use crate::store::desk::Rulebook;
use crate::store::sqlite::SqliteStore;
use crate::store::sqlite::assignments::{is_rep, missing};
use crate::store::sqlite::audit;
use crate::store::sqlite::books::Books;
use crate::store::sqlite::fault::{Done, Fault};
use crate::store::sqlite::value::{json, micros, signed, text, time, unsigned};
use crate::store::sqlite::walk::{self, Listing, rows};
use crate::store::users::AuditRow;
use crate::store::{Result, StoreError};

#[async_trait]
impl Rulebook for SqliteStore {
    async fn publish_rules(
        &self,
        rules: RuleSet,
        imprint: Imprint,
        draft: Option<u64>,
        log: Option<AuditRow>,
    ) -> Result<RuleSet> {
        self.write(move |books| {
            draft.map_or(Ok(()), |revision| is_draft(&books.conn, revision))?;
            let published = publish(books, &rules, &imprint)?;
            if draft.is_some() {
                delete_draft(&books.conn)?;
            }
            audit::write_all(&books.conn, &log)?;
            Ok(published)
        })
        .await
    }

    async fn rule_set(&self, version: u64) -> Result<Option<(RuleSet, Imprint)>> {
        self.readers
            .read(move |conn| rule_set(conn, signed(version)))
            .await
    }

    async fn rule_sets(&self, page: PageRequest) -> Result<Page<(RuleSet, Imprint)>> {
        self.readers.read(move |conn| rule_sets(conn, &page)).await
    }

    async fn draft(&self) -> Result<Option<Draft>> {
        self.readers.read(draft).await
    }

    async fn put_draft(&self, draft: Draft, log: Option<AuditRow>) -> Result<Draft> {
        self.write(move |books| {
            let kept = put_draft(books, &draft)?;
            audit::write_all(&books.conn, &log)?;
            Ok(kept)
        })
        .await
    }

    async fn delete_draft(&self, log: Option<AuditRow>) -> Result<bool> {
        self.write(move |books| {
            let is_gone = delete_draft(&books.conn)?;
            if is_gone {
                audit::write_all(&books.conn, &log)?;
            }
            Ok(is_gone)
        })
        .await
    }
}

fn publish(books: &mut Books, rules: &RuleSet, imprint: &Imprint) -> Done<RuleSet> {
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
        .prepare_cached(
            "INSERT INTO rule_set (version, at, body, author, note) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute((
            signed(published.version),
            micros(imprint.at),
            serde_json::to_string(&published)?,
            &imprint.author,
            &imprint.note,
        ))?;
    Ok(published)
}

/// The draft that is to be published is the one that is kept, and not another that somebody saved meanwhile.
fn is_draft(conn: &Connection, revision: u64) -> Done<()> {
    let current = draft(conn)?.map_or(0, |draft| draft.revision);
    match current == revision {
        true => Ok(()),
        false => Err(Fault::Answer(StoreError::Stale {
            expected: revision,
            current,
        })),
    }
}

/// Whether there was one.
fn delete_draft(conn: &Connection) -> Done<bool> {
    let mut delete = conn.prepare_cached("DELETE FROM rule_draft")?;
    Ok(delete.execute([])? > 0)
}

/// Whoever the rules assign to is there, where nobody removes one between the look and the write.
fn check_targets(desk: &Desk, rules: &RuleSet) -> Done<()> {
    for rule in &rules.rules {
        let rep = match (&rule.assign, &rule.on_none_eligible) {
            (Target::Rep(target), _) if !is_rep(desk, &target.rep) => Some(&target.rep),
            (_, OnNoneEligible::Rep(target)) if !is_rep(desk, &target.rep) => Some(&target.rep),
            _ => None,
        };
        let absent = match (rep, &rule.assign) {
            (Some(rep), _) => said!("a-rep", "rep \"{rep}\"", rep = rep),
            (_, Target::Team(target)) if !desk.teams.iter().any(|it| it.handle == target.team) => {
                said!("a-team", "team \"{team}\"", team = &target.team)
            }
            _ => continue,
        };
        return Err(missing(said!(
            "target-gone",
            "the rule \"{rule}\" assigns to the {whom}, which is not there; add it first",
            rule = &rule.name,
            whom = absent
        )));
    }
    Ok(())
}

pub(super) const NEWEST_RULES: &str =
    "SELECT version FROM rule_set WHERE version < ?1 ORDER BY version DESC LIMIT ?2";

fn rule_sets(conn: &Connection, page: &PageRequest) -> Done<Page<(RuleSet, Imprint)>> {
    let list = Listing::of('b', ());
    let [start] = list.start(page)?.unwrap_or([i64::MAX]);
    let mut keys = conn.prepare_cached(NEWEST_RULES)?;
    walk::page(
        walk::limit(page.limit),
        start,
        |below, n| {
            let found = keys.query_map([below, rows(n)], |row| row.get(0))?;
            Ok(found.collect::<rusqlite::Result<_>>()?)
        },
        |version| rule_set(conn, version),
        |version| list.cursor(&[version]),
    )
}

fn rule_set(conn: &Connection, version: i64) -> Done<Option<(RuleSet, Imprint)>> {
    let mut select =
        conn.prepare_cached("SELECT body, author, at, note FROM rule_set WHERE version = ?1")?;
    let mut rows = select.query([version])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    Ok(Some((json(row, 0)?, imprint(row)?)))
}

/// From the columns 1 to 3: author, at, note.
fn imprint(row: &Row<'_>) -> Done<Imprint> {
    Ok(Imprint {
        author: text(row, 1)?.to_owned(),
        at: time(row, 2)?,
        note: text(row, 3)?.to_owned(),
    })
}

fn draft(conn: &Connection) -> Done<Option<Draft>> {
    let mut select =
        conn.prepare_cached("SELECT body, author, saved_at, revision FROM rule_draft")?;
    let mut rows = select.query([])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    Ok(Some(Draft {
        rules: json(row, 0)?,
        author: text(row, 1)?.to_owned(),
        saved_at: time(row, 2)?,
        revision: unsigned(row.get(3)?),
    }))
}

fn put_draft(books: &mut Books, new: &Draft) -> Done<Draft> {
    let current = draft(&books.conn)?.map_or(0, |draft| draft.revision);
    if new.revision != current {
        return Err(Fault::Answer(StoreError::Stale {
            expected: new.revision,
            current,
        }));
    }
    let kept = Draft {
        revision: current + 1,
        ..new.clone()
    };
    books
        .conn
        .prepare_cached(
            "INSERT OR REPLACE INTO rule_draft (one, revision, author, saved_at, body)
             VALUES (1, ?1, ?2, ?3, ?4)",
        )?
        .execute((
            signed(kept.revision),
            &kept.author,
            micros(kept.saved_at),
            serde_json::to_string(&kept.rules)?,
        ))?;
    Ok(kept)
}
