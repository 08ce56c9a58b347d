//! The records and their history.

use async_trait::async_trait;
use rusqlite::Connection;
use uuid::Uuid;

use crate::model::change::{Change, Review};
use crate::model::field::Kind;
use crate::model::identity::IdentityKey;
use crate::model::page::{Page, PageRequest};
use crate::model::record::Record;
use crate::model::said::kept;
use crate::store::sqlite::SqliteStore;
use crate::store::sqlite::change_row;
use crate::store::sqlite::desk;
use crate::store::sqlite::event_row;
use crate::store::sqlite::fault::Done;
use crate::store::sqlite::held;
use crate::store::sqlite::lookup::RecordRef;
use crate::store::sqlite::past;
use crate::store::sqlite::record_list;
use crate::store::sqlite::record_row;
use crate::store::sqlite::ties::{self, Orders};
use crate::store::sqlite::timeline;
use crate::store::sqlite::value::{id, kind, text, time};
use crate::store::sqlite::view::View;
use crate::store::sqlite::walk::{self, Listing, rows};
use crate::store::{HeldOwned, RecordFilter, Records, Result, Touched};

#[async_trait]
impl Records for SqliteStore {
    async fn record(&self, kind: Kind, id: Uuid) -> Result<Option<Record>> {
        self.readers
            .read(move |conn| {
                let Some(seq) = record_row::find(conn, kind, id)? else {
                    return Ok(None);
                };
                let stored = View::of_reader(conn).load(RecordRef { kind, seq })?;
                Ok(stored.map(|stored| stored.record))
            })
            .await
    }

    async fn records(
        &self,
        kind: Kind,
        filter: RecordFilter,
        page: PageRequest,
    ) -> Result<Page<Record>> {
        self.readers
            .walk(move |conn| record_list::records(conn, kind, &filter, &page))
            .await
    }

    async fn timeline(&self, record: Uuid, page: PageRequest) -> Result<Page<Change>> {
        self.readers
            .walk(move |conn| timeline::timeline(conn, record, &page))
            .await
    }

    async fn changes(&self, page: PageRequest) -> Result<Page<Change>> {
        self.readers.walk(move |conn| changes(conn, &page)).await
    }

    async fn touched(&self, event: Uuid) -> Result<Vec<Touched>> {
        self.readers.read(move |conn| touched(conn, event)).await
    }

    async fn held(&self, wanted: Vec<IdentityKey>) -> Result<HeldOwned> {
        self.readers
            .read(move |conn| {
                let view = View::of_reader(conn);
                let loaded = held::load_from_snapshot(&view, wanted.clone())?;
                let desk = desk::load(conn)?;
                let orders = |contact| past::orders_of(conn, contact);
                let orders: Orders<'_> = desk.rules.asks_for_orders().then_some(&orders);
                let ties = ties::load(conn, &wanted, &loaded, orders)?;
                Ok(HeldOwned {
                    matches: loaded.matches,
                    records: loaded.records,
                    desk,
                    ties,
                })
            })
            .await
    }

    async fn reviews(&self, page: PageRequest) -> Result<Page<Review>> {
        self.readers.walk(move |conn| reviews(conn, &page)).await
    }
}

/// The cursor stands after the last item even at the end, so that a reader goes on from there later.
fn changes(conn: &Connection, page: &PageRequest) -> Done<Page<Change>> {
    let list = Listing::of('f', ());
    let [start] = list.start(page)?.unwrap_or([0]);
    let limit = rows(walk::limit(page.limit));
    let mut select = conn.prepare_cached(change_row::FEED)?;
    let mut found = select.query([start, limit])?;
    let mut items = Vec::new();
    let mut next = None;
    while let Some(row) = found.next()? {
        items.push(change_row::read(row)?);
        next = Some(list.cursor(&[row.get(10)?]));
    }
    Ok(Page { items, next })
}

fn touched(conn: &Connection, event: Uuid) -> Done<Vec<Touched>> {
    let mut ranges = Vec::new();
    let mut select = conn.prepare_cached(
        "SELECT b.changes FROM event e JOIN settled_before b ON b.event = e.seq WHERE e.id = ?1
         ORDER BY b.changes",
    )?;
    for changes in select.query_map([event.as_bytes()], |row| row.get::<_, i64>(0))? {
        ranges.push(changes?);
    }
    let mut select = conn.prepare_cached(
        "SELECT s.changes FROM event e JOIN event_state s ON s.event = e.seq WHERE e.id = ?1",
    )?;
    for changes in select.query_map([event.as_bytes()], |row| row.get::<_, i64>(0))? {
        ranges.push(changes?);
    }
    ranges.dedup();
    let mut touched = Vec::new();
    for range in ranges {
        let (first, count) = event_row::range(range);
        touched.extend(change_row::touched(conn, first, count)?);
    }
    Ok(touched)
}

fn reviews(conn: &Connection, page: &PageRequest) -> Done<Page<Review>> {
    let list = Listing::of('v', ());
    let [start] = list.start(page)?.unwrap_or([i64::MAX]);
    let mut keys =
        conn.prepare_cached("SELECT seq FROM review WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2")?;
    walk::page(
        walk::limit(page.limit),
        start,
        |below, n| {
            let found = keys.query_map([below, rows(n)], |row| row.get(0))?;
            Ok(found.collect::<rusqlite::Result<_>>()?)
        },
        |seq| review(conn, seq),
        |seq| list.cursor(&[seq]),
    )
}

fn review(conn: &Connection, seq: i64) -> Done<Option<Review>> {
    let mut select = conn.prepare_cached(
        "SELECT id, kind, record_id, other_id, reason, event, at FROM review WHERE seq = ?1",
    )?;
    let mut rows = select.query([seq])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    Ok(Some(Review {
        id: id(row, 0)?,
        kind: kind(row.get(1)?)?,
        record: id(row, 2)?,
        other: id(row, 3)?,
        reason: kept::read(text(row, 4)?),
        event: id(row, 5)?,
        at: time(row, 6)?,
    }))
}
