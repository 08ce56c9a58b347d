//! Amendments: work on one stored lead, shown and written as a settlement's is.

use std::panic::{AssertUnwindSafe, catch_unwind};

use uuid::Uuid;

use crate::model::field::Kind;
use crate::store::desk::{Amended, Amendment, Declined};
use crate::store::sqlite::audit;
use crate::store::sqlite::books::Books;
use crate::store::sqlite::fault::{Done, Fault};
use crate::store::sqlite::held::{self, Loaded, Wanted};
use crate::store::sqlite::lookup::RecordRef;
use crate::store::sqlite::record_row;
use crate::store::sqlite::ties::{self, Orders};
use crate::store::sqlite::view::View;
use crate::store::sqlite::writes;
use crate::store::{Held, Ties};

/// Runs one amendment within the transaction.
pub(super) fn run(books: &mut Books, amendment: &Amendment) -> Done<Amended> {
    let asks_for_orders = books.desk.asks_for_orders(&books.conn)?;
    let orders = |contact| books.entries.orders_of(&books.conn, contact);
    let orders: Orders<'_> = asks_for_orders.then_some(&orders);
    let view = View::of_writer(&books.conn, &books.touches);
    let Some((mut loaded, ties)) = load(&view, amendment.lead, orders)? else {
        return Ok(Amended::Unknown);
    };
    let held = Held {
        matches: Vec::new(),
        records: std::mem::take(&mut loaded.records),
        desk: books.desk.get(&books.conn)?,
        ties,
    };
    let decide = &amendment.decide;
    let decided = catch_unwind(AssertUnwindSafe(|| decide(&held)));
    let written = match decided {
        Ok(Ok(writes)) => writes,
        Ok(Err(declined)) => return Ok(Amended::Declined(declined)),
        Err(_) => {
            let sentence = "a defect of the gateway stopped this; the log has the place";
            return Ok(Amended::Declined(Declined::new("defect", sentence)));
        }
    };
    let log = amendment.log.as_ref().map(|log| log(&held));
    loaded.records = held.records;
    let wanted = Wanted::new(Vec::new());
    writes::write(books, &written, (&loaded, &wanted))?;
    audit::write_all(&books.conn, &log)?;
    Ok(Amended::Written)
}

/// The lead with its contact, and where it stands.
pub(super) fn load(
    view: &View<'_>,
    lead: Uuid,
    orders: Orders<'_>,
) -> Done<Option<(Loaded, Ties)>> {
    let kind = Kind::Lead;
    let Some(seq) = record_row::find(view, kind, lead)? else {
        return Ok(None);
    };
    let loaded = held::load_place(view, RecordRef { kind, seq })?;
    let mut ties = ties::load(view, &[], &loaded, orders)?;
    for (id, standing) in &mut ties.standings {
        if *id == lead {
            *standing = ties::whole(view, seq)?;
        }
    }
    match loaded.records.is_empty() {
        true => Err(Fault::Corrupt(format!("lead {lead} cannot be read"))),
        false => Ok(Some((loaded, ties))),
    }
}
