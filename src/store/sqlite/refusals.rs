//! Refusals: the newest are kept.

use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

use crate::model::event::Refusal;
use crate::model::page::{Page, PageRequest};
use crate::model::said::kept;
use crate::store::meters::Outcome;
use crate::store::sqlite::books::Books;
use crate::store::sqlite::fault::Done;
use crate::store::sqlite::raw;
use crate::store::sqlite::value::{blob, id, maybe_json, micros, text, time};
use crate::store::sqlite::walk::{self, Listing, rows};

pub(super) const ALL: &str = "SELECT seq FROM refusal WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2";
pub(super) const OF_ONE: &str =
    "SELECT seq FROM refusal WHERE endpoint = ?3 AND seq < ?1 ORDER BY seq DESC LIMIT ?2";

/// Keeps a refusal, and the newest `most` of them.
pub(super) fn keep(books: &mut Books, refusal: &Refusal, most: i64) -> Done<()> {
    let conn = &books.conn;
    conn.prepare_cached(
        "INSERT INTO refusal (id, endpoint, at, peer, code, detail, headers, body, diagnosis)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute((
        refusal.id.as_bytes(),
        &refusal.endpoint,
        micros(refusal.at),
        &refusal.peer,
        &refusal.code,
        kept::write(&refusal.detail),
        raw::write_headers(&refusal.headers),
        &refusal.body,
        serde_json::to_string(&refusal.diagnosis)?,
    ))?;
    // Anybody can ask for any name: strangers are counted together.
    let endpoint = match refusal.code.as_str() {
        "unknown_endpoint" => "",
        _ => &refusal.endpoint,
    };
    books.meter.count(refusal.at, endpoint, Outcome::Refused);
    let newest = conn.last_insert_rowid();
    conn.prepare_cached("DELETE FROM refusal WHERE seq <= ?1")?
        .execute([newest - most])?;
    Ok(())
}

/// Refusals, newest first.
pub(super) fn list(
    conn: &Connection,
    endpoint: Option<&str>,
    page: &PageRequest,
) -> Done<Page<Refusal>> {
    let list = Listing::of('r', endpoint);
    let [start] = list.start(page)?.unwrap_or([i64::MAX]);
    let mut all = conn.prepare_cached(ALL)?;
    let mut of_one = conn.prepare_cached(OF_ONE)?;
    walk::page(
        walk::limit(page.limit),
        start,
        |before, n| {
            let seq = |row: &rusqlite::Row<'_>| row.get(0);
            let keys: rusqlite::Result<Vec<i64>> = match endpoint {
                Some(name) => of_one.query_map((before, rows(n), name), seq)?.collect(),
                None => all.query_map((before, rows(n)), seq)?.collect(),
            };
            Ok(keys?)
        },
        |seq| refusal(conn, seq),
        |seq| list.cursor(&[seq]),
    )
}

/// One refusal, while it is kept.
pub(super) fn by_id(conn: &Connection, id: Uuid) -> Done<Option<Refusal>> {
    let mut select = conn.prepare_cached("SELECT seq FROM refusal WHERE id = ?1")?;
    let seq = select
        .query_row([id.as_bytes()], |row| row.get(0))
        .optional()?;
    seq.map_or(Ok(None), |seq| refusal(conn, seq))
}

fn refusal(conn: &Connection, seq: i64) -> Done<Option<Refusal>> {
    let mut select = conn.prepare_cached(
        "SELECT id, endpoint, at, peer, code, detail, headers, body, diagnosis
         FROM refusal WHERE seq = ?1",
    )?;
    let mut found = select.query([seq])?;
    let Some(row) = found.next()? else {
        return Ok(None);
    };
    Ok(Some(Refusal {
        id: id(row, 0)?,
        endpoint: text(row, 1)?.to_owned(),
        at: time(row, 2)?,
        peer: text(row, 3)?.to_owned(),
        code: text(row, 4)?.to_owned(),
        detail: kept::read(text(row, 5)?),
        diagnosis: maybe_json(row, 8)?.unwrap_or_default(),
        headers: raw::read_headers(blob(row, 6)?)?.0,
        body: blob(row, 7)?.to_vec(),
    }))
}
