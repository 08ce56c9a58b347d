//! Settling: shows a decision what the store holds and writes what it says.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::model::event::EventStatus;
use crate::model::field::Kind;
use crate::model::said::kept;
use crate::store::sqlite::books::Books;
use crate::store::sqlite::event_row::{self, At, Settling};
use crate::store::sqlite::fault::{Done, Fault};
use crate::store::sqlite::flight::InFlight;
use crate::store::sqlite::held::{self, Loaded, Wanted};
use crate::store::sqlite::queue::Job;
use crate::store::sqlite::ties::{self, Orders};
use crate::store::sqlite::value::{self, timestamp};
use crate::store::sqlite::view::View;
use crate::store::sqlite::writes;
use crate::store::{Held, Result, Settled, Settlement, StoreError, Writes};

/// One settlement on its way.
pub(super) struct Settle {
    event: Uuid,
    plan: Plan,
    flight: Arc<InFlight>,
    outcome: Option<Settled>,
    reply: oneshot::Sender<Reply>,
}

/// What whoever asked has made. It goes back to be dropped there: memory is cheapest to give back where it was taken.
struct Plan {
    wanted: Wanted,
    fetched: Option<Value>,
    decide: Box<dyn Fn(&Held<'_>) -> Writes + Send>,
}

/// The outcome, with what is left to drop.
pub(super) struct Reply {
    pub(super) outcome: Result<Settled>,
    _plan: Plan,
}

impl Settle {
    pub(super) fn new(
        settlement: Settlement,
        flight: Arc<InFlight>,
    ) -> (Self, oneshot::Receiver<Reply>) {
        let (reply, answer) = oneshot::channel();
        let job = Settle {
            event: settlement.event,
            plan: Plan {
                wanted: Wanted::new(settlement.wanted),
                fetched: settlement.fetched,
                decide: settlement.decide,
            },
            flight,
            outcome: None,
            reply,
        };
        (job, answer)
    }

    /// Where the event stands while it is pending; else the outcome is what became of it.
    fn pending(&mut self, books: &Books) -> Done<Option<At>> {
        let event = self.event;
        self.outcome = match event_row::find(&books.conn, &self.flight, event)? {
            Some(at) if at.is_pending() => return Ok(Some(at)),
            Some(at) => Some(stored_outcome(books, event, &at)?),
            None => Some(failed(event)),
        };
        Ok(None)
    }

    fn decide(&self, books: &mut Books) -> Done<(Writes, Loaded)> {
        let view = View::of_writer(&books.conn, &books.touches);
        let mut loaded = held::load(&view, &self.plan.wanted, |key| {
            books.entries.holder(&books.conn, key)
        })?;
        let asks_for_orders = books.desk.asks_for_orders(&books.conn)?;
        let orders = |contact| books.entries.orders_of(&books.conn, contact);
        let orders: Orders<'_> = asks_for_orders.then_some(&orders);
        let ties = ties::load(&books.conn, self.plan.wanted.keys(), &loaded, orders)?;
        let held = Held {
            matches: std::mem::take(&mut loaded.matches),
            records: std::mem::take(&mut loaded.records),
            desk: books.desk.get(&books.conn)?,
            ties,
        };
        let decide = &self.plan.decide;
        let Ok(writes) = catch_unwind(AssertUnwindSafe(|| decide(&held))) else {
            return Err(Fault::Refused("the decision panicked".to_owned()));
        };
        loaded.records = held.records;
        Ok((writes, loaded))
    }
}

impl Job for Settle {
    fn run(&mut self, books: &mut Books) -> Done<()> {
        let Some(at) = self.pending(books)? else {
            return Ok(());
        };
        let (writes, loaded) = self.decide(books)?;
        if writes.status == EventStatus::Pending {
            return Err(Fault::Refused(
                "a settlement that settles nothing".to_owned(),
            ));
        }
        if let Some(answer) = &self.plan.fetched {
            event_row::keep_fetched(&books.conn, at.seq, answer)?;
        }
        let first_change = books.last.change + 1;
        writes::write(books, &writes, (&loaded, &self.plan.wanted))?;
        let reason = writes.reason.as_ref().map(kept::write);
        let violations = value::keep_violations(&writes.violations);
        let end = Settling {
            status: writes.status,
            code: writes.code,
            reason: reason.as_deref(),
            violations: violations.as_deref(),
            at: writes.at,
            changes: (first_change, books.last.change + 1 - first_change),
        };
        event_row::settle(books, &at, &end)?;
        self.outcome = Some(Settled {
            event: self.event,
            status: writes.status,
            records: writes
                .records
                .iter()
                .map(|write| (write.record.kind, write.record.id))
                .collect(),
        });
        Ok(())
    }

    /// The event ends as failed, and says why, instead of coming back for ever.
    fn give_up(&mut self, books: &mut Books, reason: &str) -> Done<()> {
        let Some(at) = self.pending(books)? else {
            return Ok(());
        };
        let end = Settling {
            status: EventStatus::Failed,
            code: Some("not_stored"),
            reason: Some(reason),
            violations: None,
            at: timestamp(at.received_at)?,
            changes: (0, 0),
        };
        event_row::settle(books, &at, &end)?;
        self.outcome = Some(failed(self.event));
        Ok(())
    }

    fn finish(self: Box<Self>, end: Result<()>) {
        let Settle {
            plan,
            flight,
            outcome,
            reply,
            ..
        } = *self;
        let outcome = match (end, outcome) {
            (Ok(()), Some(outcome)) => {
                flight.done(outcome.event);
                Ok(outcome)
            }
            (Ok(()), None) => Err(StoreError::Corrupt(
                "a settlement gave no outcome".to_owned(),
            )),
            (Err(error), _) => Err(error),
        };
        let _plan = plan;
        drop(reply.send(Reply { outcome, _plan }));
    }
}

/// An event that cannot be settled, or is not there any more.
fn failed(event: Uuid) -> Settled {
    Settled {
        event,
        status: EventStatus::Failed,
        records: Vec::new(),
    }
}

/// What an earlier settlement of the event wrote.
fn stored_outcome(books: &Books, event: Uuid, at: &At) -> Done<Settled> {
    let (first, count) = at.changes();
    let mut select = books.conn.prepare_cached(
        "SELECT DISTINCT kind, record_id FROM change WHERE seq >= ?1 AND seq < ?2 ORDER BY seq",
    )?;
    let mut rows = select.query([first, first + count])?;
    let mut records: Vec<(Kind, Uuid)> = Vec::new();
    while let Some(row) = rows.next()? {
        let record = (value::kind(row.get(0)?)?, value::id(row, 1)?);
        if !records.contains(&record) {
            records.push(record);
        }
    }
    Ok(Settled {
        event,
        status: at.status,
        records,
    })
}
