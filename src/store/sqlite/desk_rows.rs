//! Leads that wait and leads on offer, in rows.

use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

use crate::model::desk::Company;
use crate::store::desk::{Offer, Waiting};
use crate::store::sqlite::books::Books;
use crate::store::sqlite::fault::Done;
use crate::store::sqlite::value::{micros, signed};

/// Puts a lead into a line, moves it to another, or takes it out.
pub(super) fn write_waiting(
    books: &mut Books,
    (seq, lead): (i64, Uuid),
    waiting: Option<&Waiting>,
) -> Done<()> {
    let conn = &books.conn;
    let mut select = conn.prepare_cached("SELECT route FROM waiting WHERE lead = ?1")?;
    let before: Option<String> = select.query_row([seq], |row| row.get(0)).optional()?;
    let since = match (waiting, &before) {
        (Some(waiting), None) => behind_its_equals(conn, waiting)?,
        (Some(waiting), Some(_)) => micros(waiting.since),
        (None, _) => 0,
    };
    match waiting {
        Some(waiting) => conn
            .prepare_cached(
                "INSERT INTO waiting (lead, lead_id, route, since, version) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (lead) DO UPDATE SET route = excluded.route, since = excluded.since,
                    version = excluded.version",
            )?
            .execute((
                seq,
                lead.as_bytes(),
                &waiting.route,
                since,
                signed(waiting.version),
            ))?,
        None => conn
            .prepare_cached("DELETE FROM waiting WHERE lead = ?1")?
            .execute([seq])?,
    };
    let after = waiting.map(|waiting| waiting.route.as_str());
    if before.as_deref() == after {
        return Ok(());
    }
    for (route, change) in [(before.as_deref(), -1), (after, 1)] {
        if let Some(route) = route {
            books.desk.line_changed(conn, route, change)?;
        }
    }
    Ok(())
}

pub(super) const LAST_ALIKE: &str =
    "SELECT max(since) FROM waiting WHERE route = ?1 AND since >= ?2 AND since < ?2 + 1000";

/// Since when a lead that is new to a line waits: leads that came in one instant stand in the order of their arrival.
fn behind_its_equals(conn: &Connection, waiting: &Waiting) -> Done<i64> {
    let since = micros(waiting.since);
    let mut select = conn.prepare_cached(LAST_ALIKE)?;
    let last: Option<i64> = select.query_row((&waiting.route, since), |row| row.get(0))?;
    Ok(last.map_or(since, |last| last + 1))
}

pub(super) fn write_offer(
    conn: &Connection,
    (seq, lead): (i64, Uuid),
    offer: Option<&Offer>,
) -> Done<()> {
    let Some(offer) = offer else {
        conn.prepare_cached("DELETE FROM offer WHERE lead = ?1")?
            .execute([seq])?;
        return Ok(());
    };
    conn.prepare_cached(
        "INSERT INTO offer (lead, lead_id, rep, team, epoch, day, due, accepted, passed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (lead) DO UPDATE SET rep = excluded.rep, team = excluded.team,
            epoch = excluded.epoch, day = excluded.day, due = excluded.due,
            accepted = excluded.accepted, passed = excluded.passed",
    )?
    .execute(rusqlite::params![
        seq,
        lead.as_bytes(),
        offer.rep,
        offer.team,
        offer.epoch,
        offer.day,
        micros(offer.due),
        offer.accepted.map(micros),
        serde_json::to_string(&offer.passed)?,
    ])?;
    Ok(())
}

pub(super) fn write_company(conn: &Connection, company: &Company) -> Done<()> {
    conn.prepare_cached(
        "INSERT INTO company (domain, owner) VALUES (?1, ?2)
         ON CONFLICT (domain) DO UPDATE SET owner = excluded.owner",
    )?
    .execute((&company.domain, &company.owner))?;
    Ok(())
}
