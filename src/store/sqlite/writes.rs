//! What a decision says, written down.

use uuid::Uuid;

use crate::model::change::Review;
use crate::model::field::Kind;
use crate::model::said::kept;
use crate::store::desk::DeskWrites;
use crate::store::sqlite::account;
use crate::store::sqlite::books::Books;
use crate::store::sqlite::desk_rows;
use crate::store::sqlite::fault::{Done, Fault};
use crate::store::sqlite::held::{Loaded, Wanted};
use crate::store::sqlite::sheet::Sheet;
use crate::store::sqlite::value::{micros, signed};
use crate::store::{DecisionRow, LAST_EPOCH, Writes};

/// Epochs of one lead: the lower part of a decision's number.
const EPOCHS: i64 = LAST_EPOCH as i64 + 1;

/// Writes it all; `seen` is what the decision was shown, and what it had asked for.
pub(super) fn write(books: &mut Books, writes: &Writes, seen: (&Loaded, &Wanted)) -> Done<()> {
    let mut sheet = Sheet::new(seen);
    sheet.write(books, writes)?;
    for decision in &writes.decisions {
        write_decision(books, &mut sheet, decision)?;
    }
    for review in &writes.reviews {
        write_review(books, review)?;
    }
    books.desk.take_turns(&books.conn, &writes.turns)?;
    write_desk(books, &mut sheet, &writes.desk)
}

fn write_desk(books: &mut Books, sheet: &mut Sheet<'_>, desk: &DeskWrites) -> Done<()> {
    books.desk.give(&books.conn, &desk.given)?;
    for company in &desk.companies {
        desk_rows::write_company(&books.conn, company)?;
    }
    for (lead, waiting) in &desk.waiting {
        let at = sheet.place(books, Kind::Lead, *lead)?;
        desk_rows::write_waiting(books, (at.seq, *lead), waiting.as_ref())?;
    }
    for (lead, offer) in &desk.offers {
        let at = sheet.place(books, Kind::Lead, *lead)?;
        desk_rows::write_offer(&books.conn, (at.seq, *lead), offer.as_ref())?;
    }
    Ok(())
}

fn write_decision(books: &mut Books, sheet: &mut Sheet<'_>, row: &DecisionRow) -> Done<()> {
    let lead = sheet.place(books, Kind::Lead, row.lead)?;
    let epoch = i64::from(row.epoch);
    if epoch >= EPOCHS {
        return Err(Fault::Refused(format!(
            "lead {} was assigned too often",
            row.lead
        )));
    }
    books
        .conn
        .prepare_cached(
            "INSERT INTO decision
                (seat, id, owner, rule, rule_set, reason, trace, account, event, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, '', ?7, ?8, ?9)",
        )?
        .execute(rusqlite::params![
            lead.seq * EPOCHS + epoch,
            row.id.as_bytes(),
            row.owner,
            row.rule,
            signed(row.rule_set_version),
            row.reason,
            account::pack(&row.facts, &row.trace)?,
            row.event.as_ref().map(Uuid::as_bytes),
            micros(row.at),
        ])?;
    books.tally.add("decisions", 1);
    Ok(())
}

/// Numbers of the decisions on a lead: first and last possible.
pub(super) fn seats(lead: i64) -> (i64, i64) {
    (lead * EPOCHS, lead * EPOCHS + EPOCHS - 1)
}

/// The epoch in a decision's number.
pub(super) fn epoch_of(seat: i64) -> u32 {
    u32::try_from(seat % EPOCHS).unwrap_or(0)
}

fn write_review(books: &Books, review: &Review) -> Done<()> {
    books
        .conn
        .prepare_cached(
            "INSERT INTO review (id, kind, record_id, other_id, reason, event, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(rusqlite::params![
            review.id.as_bytes(),
            review.kind as u8,
            review.record.as_bytes(),
            review.other.as_bytes(),
            kept::write(&review.reason),
            review.event.as_bytes(),
            micros(review.at),
        ])?;
    Ok(())
}
