//! The inbox.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use crate::model::event::{
    Appended, Arrival, Claimed, Event, EventStatus, NewEvent, PutOff, Refusal,
};
use crate::model::page::{Page, PageRequest};
use crate::model::request::RawRequest;
use crate::model::said::{Said, kept};
use crate::said;
use crate::store::sqlite::SqliteStore;
use crate::store::sqlite::append::Append;
use crate::store::sqlite::audit;
use crate::store::sqlite::books::Books;
use crate::store::sqlite::event_list;
use crate::store::sqlite::event_read;
use crate::store::sqlite::event_row::{self, Held, Settling};
use crate::store::sqlite::fault::{Done, Fault};
use crate::store::sqlite::flight::Hand;
use crate::store::sqlite::handout::Handout;
use crate::store::sqlite::identify;
use crate::store::sqlite::number;
use crate::store::sqlite::queue::{Job, closed};
use crate::store::sqlite::refusals;
use crate::store::sqlite::settle::Settle;
use crate::store::sqlite::value::{signed, timestamp, unsigned};
use crate::store::users::Told;
use crate::store::{Backlog, EventFilter, Inbox, Result, Settled, Settlement};

/// Events of a replay in one transaction.
const REPLAY_STEP: usize = 500;

#[async_trait]
impl Inbox for SqliteStore {
    async fn append(&self, arrival: Arrival) -> Result<Vec<Appended>> {
        self.as_gateway()?;
        let (append, answer) = Append::new(arrival, self.flight.clone());
        let bytes = append.bytes();
        self.queue.append(Box::new(append), bytes)?;
        let reply = answer.await.map_err(|_| closed())?;
        reply.answers
    }

    async fn refuse(&self, refusal: Refusal) -> Result<()> {
        let most = signed(self.refusals);
        self.write(move |books| refusals::keep(books, &refusal, most))
            .await
    }

    async fn claim(&self, limit: usize, now: Timestamp) -> Result<Vec<Claimed>> {
        self.as_gateway()?;
        let _one_at_a_time = self.flight.claiming.lock().await;
        let claim = self.flight.begin_claim(limit);
        let flight = self.flight.clone();
        let handout = self
            .readers
            .read(move |conn| Handout::read(conn, &flight, claim, now))
            .await?;
        // One damaged row must not keep the others from being processed.
        for unreadable in handout.unreadable {
            let (seq, reason) = (unreadable.seq, unreadable.reason);
            tracing::error!(event.seq = seq, %reason, "event.unreadable");
            let reason = said!(
                "event-unreadable",
                "what is stored of this event cannot be read: {cause}",
                cause = reason
            );
            match self.set_aside(seq, reason, now).await {
                Ok(()) => self.flight.forget(seq),
                Err(error) => {
                    tracing::error!(event.seq = seq, %error, "event.not_set_aside");
                    if unreadable.is_fresh {
                        self.flight.turn_down(seq);
                    }
                }
            }
        }
        let next_due = handout.next_due.map(timestamp).transpose();
        let next_due = next_due.map_err(Fault::into_error)?;
        self.flight.set_next_due(
            next_due.map(|next| Duration::try_from(next.duration_since(now)).unwrap_or_default()),
        );
        for seq in handout.gone {
            self.flight.forget(seq);
        }
        let mine = |(hand, claimed): (Hand, Claimed)| {
            self.flight.take(claimed.event.id, hand).then_some(claimed)
        };
        let mut taken: Vec<Claimed> = handout.events.into_iter().filter_map(mine).collect();
        if let Some((upto, is_end)) = handout.looked_at {
            self.flight.looked_at(upto, is_end);
        }
        let shelved = self.flight.take_shelved(limit.saturating_sub(taken.len()));
        for event in shelved {
            let id = event.id;
            match event.into_claimed() {
                Ok(claimed) => taken.push(claimed),
                // From the file it may be readable.
                Err(_) => self.flight.release(&[id]),
            }
        }
        Ok(taken)
    }

    async fn wait_for_work(&self, at_most: Duration) {
        self.flight.wait(at_most).await;
    }

    async fn settle(&self, settlements: Vec<Settlement>) -> Vec<Result<Settled>> {
        let (mut jobs, mut answers): (Vec<Box<dyn Job>>, Vec<_>) = (Vec::new(), Vec::new());
        for settlement in settlements {
            let (job, answer) = Settle::new(settlement, self.flight.clone());
            jobs.push(Box::new(job));
            answers.push(answer);
        }
        if let Err(error) = self.as_gateway().and_then(|()| self.queue.settle(jobs)) {
            return answers.iter().map(|_| Err(error.clone())).collect();
        }
        // The last one first: it wakes this task once, and the others are there by then.
        let mut settled = Vec::with_capacity(answers.len());
        for answer in answers.into_iter().rev() {
            let outcome = answer.await.map(|reply| reply.outcome);
            settled.push(outcome.unwrap_or_else(|_| Err(closed())));
        }
        settled.reverse();
        settled
    }

    async fn put_off(&self, event: Uuid, due: Timestamp, how: PutOff, reason: Said) -> Result<()> {
        let flight = self.flight.clone();
        self.write(move |books| {
            let at = event_row::find(&books.conn, &flight, event)?;
            match at.filter(event_row::At::is_pending) {
                Some(at) => event_row::put_off(&books.conn, &at, due, how, &kept::write(&reason)),
                None => Ok(()),
            }
        })
        .await?;
        self.flight.done(event);
        self.flight.wake();
        Ok(())
    }

    async fn conclude(
        &self,
        event: Uuid,
        status: EventStatus,
        reason: Said,
        at: Timestamp,
    ) -> Result<()> {
        let flight = self.flight.clone();
        self.write(move |books| {
            let found = event_row::find(&books.conn, &flight, event)?;
            let Some(found) = found.filter(event_row::At::is_pending) else {
                return Ok(());
            };
            let reason = kept::write(&reason);
            let end = Settling {
                status,
                code: None,
                reason: Some(reason.as_str()).filter(|reason| !reason.is_empty()),
                violations: None,
                at,
                changes: (0, 0),
            };
            event_row::settle(books, &found, &end)
        })
        .await?;
        self.flight.done(event);
        Ok(())
    }

    async fn identify(&self, event: Uuid, first: NewEvent) -> Result<Appended> {
        let identified = loop {
            let first = first.clone();
            let identified = self.write(move |books| identify::identify(books, event, &first));
            match identified.await? {
                Some(identified) => break identified,
                None => self.sweep().await?,
            }
        };
        self.flight.release(&[event]);
        Ok(identified)
    }

    async fn release(&self, events: Vec<Uuid>) {
        self.flight.release(&events);
    }

    async fn event(&self, id: Uuid) -> Result<Option<Event>> {
        self.readers
            .read(move |conn| Ok(event_read::by_id(conn, id)?.map(|stored| stored.event)))
            .await
    }

    async fn raw_request(&self, event: Uuid) -> Result<Option<RawRequest>> {
        self.readers
            .read(move |conn| match event_read::by_id(conn, event)? {
                Some(stored) => event_read::raw_request(conn, &stored),
                None => Ok(None),
            })
            .await
    }

    async fn peek(&self, id: Uuid) -> Result<Option<Claimed>> {
        self.readers
            .read(move |conn| match event_read::by_id(conn, id)? {
                Some(stored) => Ok(Some(event_read::claimed(conn, stored)?)),
                None => Ok(None),
            })
            .await
    }

    async fn events(&self, filter: EventFilter, page: PageRequest) -> Result<Page<Event>> {
        let fresh_from = self.flight.fresh_from();
        self.readers
            .walk(move |conn| event_list::events(conn, fresh_from, &filter, &page))
            .await
    }

    async fn refusals(&self, endpoint: Option<String>, page: PageRequest) -> Result<Page<Refusal>> {
        self.readers
            .walk(move |conn| refusals::list(conn, endpoint.as_deref(), &page))
            .await
    }

    async fn refusal(&self, id: Uuid) -> Result<Option<Refusal>> {
        self.readers
            .read(move |conn| refusals::by_id(conn, id))
            .await
    }

    async fn replay(&self, events: Vec<Uuid>, told: Option<Told>) -> Result<u64> {
        self.make_pending(events, Held::Not, told).await
    }

    async fn admit(&self, events: Vec<Uuid>, told: Option<Told>) -> Result<u64> {
        self.make_pending(events, Held::AsSpam, told).await
    }

    async fn backlog(&self) -> Result<Backlog> {
        let fresh_from = self.flight.fresh_from();
        self.readers
            .read(move |conn| {
                Ok(Backlog {
                    pending: unsigned(number::get(conn, "pending")?),
                    oldest: event_list::oldest_pending(conn, fresh_from)?
                        .map(timestamp)
                        .transpose()?,
                })
            })
            .await
    }
}

impl SqliteStore {
    async fn make_pending(&self, events: Vec<Uuid>, held: Held, told: Option<Told>) -> Result<u64> {
        let mut replayed = 0;
        for step in events.chunks(REPLAY_STEP) {
            let (step, told) = (step.to_vec(), told.clone());
            replayed += self
                .write(move |books| {
                    let count = replay(books, &step, held)?;
                    let log = told.as_ref().filter(|_| count > 0).map(|told| told(count));
                    audit::write_all(&books.conn, &log)?;
                    Ok(count)
                })
                .await?;
            self.flight.wake();
        }
        Ok(replayed)
    }
}

fn replay(books: &mut Books, events: &[Uuid], held: Held) -> Done<u64> {
    let mut replayed = 0;
    for event in events {
        let flight = books.flight.clone();
        let at = event_row::find(&books.conn, &flight, *event)?;
        if let Some(at) = at.filter(|at| !at.is_pending()) {
            replayed += u64::from(event_row::replay(books, at.seq, held)?);
        }
    }
    Ok(replayed)
}
