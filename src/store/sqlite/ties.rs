//! What a decision is shown besides the records: where leads stand, who has a company's leads, what a contact ordered.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension};

use crate::model::desk::{Company, PastOrder};
use crate::model::field::Kind;
use crate::model::identity::IdentityKey;
use crate::store::Ties;
use crate::store::desk::{Offer, Standing, Waiting};
use crate::store::sqlite::account;
use crate::store::sqlite::fault::Done;
use crate::store::sqlite::held::Loaded;
use crate::store::sqlite::value::{json, maybe_id, maybe_time, text, time, timestamp, unsigned};
use crate::store::sqlite::writes::{epoch_of, seats};

/// Orders of a contact that are looked at, the newest.
pub(super) const MOST_ORDERS: usize = 1_000;

/// Finds the orders of a contact, when the rules ask for them.
pub(super) type Orders<'o> = Option<&'o dyn Fn(i64) -> Done<Vec<i64>>>;

/// The ties of what was loaded for `wanted`.
pub(super) fn load(
    conn: &Connection,
    wanted: &[IdentityKey],
    loaded: &Loaded,
    orders: Orders<'_>,
) -> Done<Ties> {
    let mut ties = Ties {
        companies: companies(conn, wanted, loaded)?,
        ..Ties::default()
    };
    for (record, place) in loaded.records.iter().zip(&loaded.places) {
        match (record.kind, orders) {
            (Kind::Lead, _) => ties.standings.push((record.id, brief(conn, place.at.seq)?)),
            (Kind::Contact, Some(orders)) => {
                let orders = past_orders(conn, orders(place.at.seq)?)?;
                ties.orders.push((record.id, orders));
            }
            _ => {}
        }
    }
    Ok(ties)
}

/// Epoch and place in a line.
fn brief(conn: &Connection, lead: i64) -> Done<Standing> {
    let (first, last) = seats(lead);
    let mut select = conn.prepare_cached(
        "SELECT seat FROM decision WHERE seat BETWEEN ?1 AND ?2 ORDER BY seat DESC LIMIT 1",
    )?;
    let seat = select
        .query_row([first, last], |row| row.get(0))
        .optional()?;
    Ok(Standing {
        epoch: seat.map_or(0, epoch_of),
        waiting: waiting(conn, lead)?,
        ..Standing::default()
    })
}

/// All that is known of where a lead stands.
pub(super) fn whole(conn: &Connection, lead: i64) -> Done<Standing> {
    let (first, last) = seats(lead);
    let mut standing = brief(conn, lead)?;
    let mut select = conn.prepare_cached(
        "SELECT event, account, trace, facts FROM decision
         WHERE seat BETWEEN ?1 AND ?2 ORDER BY seat DESC LIMIT 1",
    )?;
    let mut rows = select.query([first, last])?;
    if let Some(row) = rows.next()? {
        standing.event = maybe_id(row, 0)?;
        standing.facts = Arc::new(account::facts(row, 1)?);
    }
    standing.offer = offer(conn, lead)?;
    Ok(standing)
}

fn waiting(conn: &Connection, lead: i64) -> Done<Option<Waiting>> {
    let mut select =
        conn.prepare_cached("SELECT route, since, version FROM waiting WHERE lead = ?1")?;
    let mut rows = select.query([lead])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    Ok(Some(Waiting {
        route: text(row, 0)?.to_owned(),
        since: time(row, 1)?,
        version: unsigned(row.get(2)?),
    }))
}

fn offer(conn: &Connection, lead: i64) -> Done<Option<Offer>> {
    let mut select = conn.prepare_cached(
        "SELECT rep, team, epoch, day, due, accepted, passed FROM offer WHERE lead = ?1",
    )?;
    let mut rows = select.query([lead])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    Ok(Some(Offer {
        rep: text(row, 0)?.to_owned(),
        team: text(row, 1)?.to_owned(),
        epoch: row.get(2)?,
        day: row.get(3)?,
        due: time(row, 4)?,
        accepted: maybe_time(row, 5)?,
        passed: json(row, 6)?,
    }))
}

/// The companies of the addresses that are wanted and of the contacts that were found.
fn companies(conn: &Connection, wanted: &[IdentityKey], loaded: &Loaded) -> Done<Vec<Company>> {
    let wanted = wanted.iter().filter_map(|key| match key {
        IdentityKey::Email(address) => Some(address.as_str()),
        _ => None,
    });
    let known = loaded
        .records
        .iter()
        .filter(|record| record.kind == Kind::Contact);
    let known = known.filter_map(|contact| contact.fields.get("email")?.as_str());
    let mut domains: Vec<String> = Vec::new();
    for (_, domain) in wanted
        .chain(known)
        .filter_map(|address| address.rsplit_once('@'))
    {
        let domain = domain.to_lowercase();
        if !domains.contains(&domain) {
            domains.push(domain);
        }
    }
    let mut select = conn.prepare_cached("SELECT owner FROM company WHERE domain = ?1")?;
    let mut companies = Vec::new();
    for domain in domains {
        let owner = select.query_row([&domain], |row| row.get(0)).optional()?;
        companies.extend(owner.map(|owner| Company { domain, owner }));
    }
    Ok(companies)
}

/// Orders by their numbers, as far as conditions ask.
pub(super) fn past_orders(conn: &Connection, seqs: Vec<i64>) -> Done<Vec<PastOrder>> {
    let mut select = conn.prepare_cached(
        "SELECT status, coalesce(json_extract(fields, '$.total'), ''),
            coalesce(json_extract(fields, '$.currency'), ''),
            json_extract(fields, '$.placed_at'), created_at
         FROM purchase WHERE seq = ?1 AND deleted_at IS NULL",
    )?;
    let mut orders = Vec::with_capacity(seqs.len());
    for seq in seqs {
        let mut rows = select.query([seq])?;
        let Some(row) = rows.next()? else {
            continue;
        };
        let placed: Option<String> = row.get(3)?;
        let placed = placed.and_then(|text| text.parse().ok());
        orders.push(PastOrder {
            status: text(row, 0)?.to_owned(),
            total: text(row, 1)?.to_owned(),
            currency: text(row, 2)?.to_owned(),
            placed_at: placed.map_or_else(|| timestamp(row.get(4)?), Ok)?,
        });
    }
    Ok(orders)
}
