//! Leads of the past with what a decision on them would be shown, for previews.

use std::collections::HashMap;

use rusqlite::Connection;

use crate::model::desk::PastOrder;
use crate::model::field::Kind;
use crate::model::record::{Fields, Record};
use crate::store::desk::{Past, Stretch};
use crate::store::sqlite::account;
use crate::store::sqlite::fault::Done;
use crate::store::sqlite::lookup::{self, RecordRef};
use crate::store::sqlite::postings::Postings;
use crate::store::sqlite::record_list::newest_sql;
use crate::store::sqlite::ties::{MOST_ORDERS, past_orders};
use crate::store::sqlite::view::View;
use crate::store::sqlite::walk::rows;
use crate::store::sqlite::writes::seats;

/// A contact with its orders, read once for all its leads.
type Known = (Record, Vec<PastOrder>);

/// Leads on which something was decided, oldest first.
pub(super) fn leads(conn: &Connection, stretch: Stretch) -> Done<Vec<Past>> {
    let view = View::of_reader(conn);
    let mut newest = conn.prepare_cached(newest_sql(Kind::Lead))?;
    let seqs = newest.query_map([i64::MAX, rows(stretch.limit)], |row| row.get(0))?;
    let mut found: Vec<(i64, Option<i64>, Record, Fields)> = Vec::new();
    for seq in seqs {
        let seq: i64 = seq?;
        let kind = Kind::Lead;
        let Some(stored) = view.load(RecordRef { kind, seq })? else {
            continue;
        };
        if stored.record.created_at < stretch.since {
            break;
        }
        if let Some(facts) = facts(conn, seq)?.filter(|_| stored.record.deleted_at.is_none()) {
            found.push((seq, stored.contact, stored.record, facts));
        }
    }
    let contacts: Vec<i64> = found
        .iter()
        .filter_map(|(_, contact, ..)| *contact)
        .collect();
    let contacts = known(&view, contacts, stretch.with_orders)?;
    found.reverse();
    let past = found.into_iter().map(|(_, contact, lead, facts)| {
        let known = contact.and_then(|contact| contacts.get(&contact));
        Past {
            lead,
            contact: known.map(|(contact, _)| contact.clone()),
            facts,
            orders: known.map(|(_, orders)| orders.clone()).unwrap_or_default(),
        }
    });
    Ok(past.collect())
}

/// What rules could ask of the event that brought a lead; `None` when nothing was decided on it.
fn facts(conn: &Connection, lead: i64) -> Done<Option<Fields>> {
    let (first, last) = seats(lead);
    let mut select = conn.prepare_cached(
        "SELECT account, trace, facts FROM decision
         WHERE seat BETWEEN ?1 AND ?2 ORDER BY seat LIMIT 1",
    )?;
    let mut found = select.query([first, last])?;
    match found.next()? {
        Some(row) => Ok(Some(account::facts(row, 0)?)),
        None => Ok(None),
    }
}

fn known(view: &View<'_>, mut contacts: Vec<i64>, orders: bool) -> Done<HashMap<i64, Known>> {
    contacts.sort_unstable();
    contacts.dedup();
    let linked = match orders {
        true => {
            let prefixes = contacts.iter().map(|it| lookup::links(*it, Kind::Order));
            Postings::open(view, prefixes.collect())?
        }
        false => Vec::new(),
    };
    let mut known = HashMap::with_capacity(contacts.len());
    for (nth, seq) in contacts.into_iter().enumerate() {
        let kind = Kind::Contact;
        let Some(stored) = view.load(RecordRef { kind, seq })? else {
            continue;
        };
        let orders = match linked.get(nth) {
            Some(linked) => past_orders(view, linked.below(view, i64::MAX, MOST_ORDERS)?)?,
            None => Vec::new(),
        };
        known.insert(seq, (stored.record, orders));
    }
    Ok(known)
}

/// The orders of one contact, newest first.
pub(super) fn orders_of(conn: &Connection, contact: i64) -> Done<Vec<i64>> {
    let linked = Postings::open(conn, vec![lookup::links(contact, Kind::Order)])?;
    match linked.first() {
        Some(linked) => linked.below(conn, i64::MAX, MOST_ORDERS),
        None => Ok(Vec::new()),
    }
}
