//! Lists of records: which index leads, and what each row still has to pass.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension};

use crate::model::field::Kind;
use crate::model::page::{Page, PageRequest};
use crate::model::record::Record;
use crate::store::RecordFilter;
use crate::store::sqlite::fault::Done;
use crate::store::sqlite::lookup::{self, RecordRef};
use crate::store::sqlite::postings::Postings;
use crate::store::sqlite::record_filter::{Address, Passing};
use crate::store::sqlite::record_row::per_kind;
use crate::store::sqlite::record_words::{MOST_CONTACTS, collect};
use crate::store::sqlite::value::micros;
use crate::store::sqlite::view::View;
use crate::store::sqlite::walk::{self, Listing, merge, rows};
use crate::store::sqlite::words;

/// Records that pass the filter; newest first, or with `since` the longest unchanged first.
pub(super) fn records(
    conn: &Connection,
    kind: Kind,
    filter: &RecordFilter,
    page: &PageRequest,
) -> Done<Page<Record>> {
    let view = View::of_reader(conn);
    let filter = Passing::new(&view, filter)?;
    if filter.passes_nothing() {
        return Ok(Page {
            items: Vec::new(),
            next: None,
        });
    }
    if let Some(since) = filter.filter.since {
        return by_update(&view, kind, &filter, micros(since), page);
    }
    let list = Listing::of('n', (kind, filter.filter));
    let [start] = list.start(page)?.unwrap_or([i64::MAX]);
    let lead = Lead::choose(conn, kind, &filter)?;
    walk::page_within(
        filter.most_seen(),
        walk::limit(page.limit),
        start,
        |below, n| lead.below(conn, kind, below, n),
        |seq| filter.load(&view, RecordRef { kind, seq }),
        |seq| list.cursor(&[seq]),
    )
}

fn by_update(
    view: &View<'_>,
    kind: Kind,
    filter: &Passing<'_>,
    since: i64,
    page: &PageRequest,
) -> Done<Page<Record>> {
    let list = Listing::of('u', (kind, filter.filter));
    let start: (i64, i64) = list.start(page)?.unwrap_or([since, i64::MIN]).into();
    let mut select = view.prepare_cached(updated_sql(kind))?;
    walk::page_within(
        filter.most_seen(),
        walk::limit(page.limit),
        start,
        |after, n| {
            let keys = select.query_map((after.0, after.1, rows(n)), |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
            Ok(keys.collect::<Result<_, _>>()?)
        },
        |(_, seq)| filter.load(view, RecordRef { kind, seq }),
        |(updated_at, seq)| list.cursor(&[updated_at, seq]),
    )
}

pub(super) const fn updated_sql(kind: Kind) -> &'static str {
    per_kind!(
        kind,
        "SELECT updated_at, seq FROM ",
        " WHERE (updated_at, seq) > (?1, ?2) ORDER BY updated_at, seq LIMIT ?3"
    )
}

pub(super) const fn newest_sql(kind: Kind) -> &'static str {
    per_kind!(
        kind,
        "SELECT seq FROM ",
        " WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2"
    )
}

pub(super) const fn filed_sql(kind: Kind) -> &'static str {
    per_kind!(
        kind,
        "SELECT seq FROM ",
        " WHERE owner = ?3 AND status = ?4 AND seq < ?1 ORDER BY seq DESC LIMIT ?2"
    )
}

pub(super) const fn next_owner_sql(kind: Kind) -> &'static str {
    per_kind!(
        kind,
        "SELECT owner FROM ",
        " WHERE owner > ?1 ORDER BY owner LIMIT 1"
    )
}

pub(super) const fn next_status_sql(kind: Kind) -> &'static str {
    per_kind!(
        kind,
        "SELECT status FROM ",
        " WHERE owner = ?1 AND status > ?2 ORDER BY status LIMIT 1"
    )
}

/// What leads through the list.
enum Lead {
    /// The order of creation.
    All,
    /// Owner and status, each pair a range of the index.
    Filed(Vec<(String, String)>),
    /// Ranges of the postings.
    Postings(Vec<Postings>),
    /// Collected beforehand.
    Collected(BTreeSet<i64>),
}

impl Lead {
    fn choose(conn: &Connection, kind: Kind, filter: &Passing<'_>) -> Done<Self> {
        if let Some(email) = &filter.email {
            return Lead::by_email(conn, kind, email);
        }
        if let Some(collected) = collect(conn, kind, &filter.words)? {
            return Ok(Lead::Collected(collected));
        }
        let RecordFilter { owner, status, .. } = filter.filter;
        if owner.is_none() && status.is_none() {
            return Ok(Lead::All);
        }
        Ok(Lead::Filed(filed_pairs(
            conn,
            kind,
            owner.as_deref(),
            status.as_deref(),
        )?))
    }

    /// The contacts that show an address, and the one that is known by it; or what belongs to them.
    fn by_email(conn: &Connection, kind: Kind, email: &Address) -> Done<Self> {
        let prefix = lookup::word_exactly(Kind::Contact, &words::whole(&email.text));
        let mut contacts: BTreeSet<i64> = email.holder.into_iter().collect();
        for postings in Postings::open(conn, vec![prefix])? {
            contacts.extend(postings.below(conn, i64::MAX, MOST_CONTACTS)?);
        }
        if kind == Kind::Contact {
            return Ok(Lead::Collected(contacts));
        }
        let links = contacts.into_iter();
        let links = links.map(|contact| lookup::links(contact, kind));
        Ok(Lead::Postings(Postings::open(conn, links.collect())?))
    }

    fn below(&self, conn: &Connection, kind: Kind, below: i64, n: usize) -> Done<Vec<i64>> {
        let seq = |row: &rusqlite::Row<'_>| row.get(0);
        let mut keys: Vec<i64> = Vec::new();
        match self {
            Lead::All => {
                let mut select = conn.prepare_cached(newest_sql(kind))?;
                keys = select
                    .query_map((below, rows(n)), seq)?
                    .collect::<Result<_, _>>()?;
            }
            Lead::Filed(pairs) => {
                let mut select = conn.prepare_cached(filed_sql(kind))?;
                for (owner, status) in pairs {
                    for key in select.query_map((below, rows(n), owner, status), seq)? {
                        keys.push(key?);
                    }
                }
            }
            Lead::Postings(all) => {
                for postings in all {
                    keys.extend(postings.below(conn, below, n)?);
                }
            }
            Lead::Collected(all) => keys.extend(all.range(..below).rev().take(n)),
        }
        Ok(merge(keys, n, true))
    }
}

/// The pairs of owner and status that exist and pass: few, so each is looked at on its own.
fn filed_pairs(
    conn: &Connection,
    kind: Kind,
    owner: Option<&str>,
    status: Option<&str>,
) -> Done<Vec<(String, String)>> {
    let owners = match owner {
        Some(owner) => vec![owner.to_owned()],
        None => {
            let mut owners = vec![String::new()];
            let mut select = conn.prepare_cached(next_owner_sql(kind))?;
            while let Some(owner) = select
                .query_row([owners.last()], |row| row.get(0))
                .optional()?
            {
                owners.push(owner);
            }
            owners
        }
    };
    if let Some(status) = status {
        let pair = |owner| (owner, status.to_owned());
        return Ok(owners.into_iter().map(pair).collect());
    }
    let mut pairs = Vec::new();
    let mut select = conn.prepare_cached(next_status_sql(kind))?;
    for owner in owners {
        let mut last = String::new();
        pairs.push((owner.clone(), last.clone()));
        while let Some(status) = select
            .query_row((&owner, &last), |row| row.get(0))
            .optional()?
        {
            last = status;
            pairs.push((owner.clone(), last.clone()));
        }
    }
    Ok(pairs)
}
