//! The decision on one event, pure: what it tells and what is held in, everything to write out.
//!
//! Contacts come first, so that the others can link to them. A record that was matched keeps its contact unless later
//! news names another by a strong key; a contact without one is taken for the contact its order, lead or ticket has
//! already, so that an update which knows only a name does not make a stranger.

pub mod amend;
mod board;
pub mod cause;
mod ownership;
pub mod plan;
pub mod rules;
pub mod subject;

use std::borrow::Cow;

use serde_json::Value;
use uuid::Uuid;

use crate::merge;
use crate::merge::diff;
use crate::merge::matching::{self, Known};
use crate::model::change::{Change, Review};
use crate::model::desk::Ledger;
use crate::model::event::EventStatus;
use crate::model::field::Kind;
use crate::model::id::Series;
use crate::model::identity::IdentityKey;
use crate::model::people::Turn;
use crate::model::record::{Draft, Fields, Record};
use crate::process::decide::board::{Board, Piece};
use crate::process::decide::cause::Cause;
use crate::process::decide::plan::{Item, Plan};
use crate::store::desk::DeskWrites;
use crate::store::{DecisionRow, Held, RecordWrite, Writes};

/// Says what `plan` writes, given what is `held`. The same for the same arguments, however often it is asked.
pub fn decide(plan: &Plan, held: &Held<'_>) -> Writes {
    let mut deciding = Deciding::new(&plan.cause, &plan.items, held);
    for kind in Kind::ALL {
        for item in plan.items.iter().filter(|item| item.draft.kind == kind) {
            deciding.settle(item);
        }
    }
    deciding.finish()
}

/// A contact of the event, for the others to link to.
#[derive(Debug, Clone, Copy)]
struct Party {
    id: Uuid,
    /// Named by the sender's id or an e-mail address.
    is_strong: bool,
}

struct Deciding<'a> {
    cause: &'a Cause,
    items: &'a [Item],
    held: &'a Held<'a>,
    board: Board<'a>,
    ids: Series,
    /// As it is after the leads so far.
    ledger: Cow<'a, Ledger>,
    /// The turns in it that are to be stored.
    spent: Vec<Turn>,
    desk: DeskWrites,
    reviews: Vec<Review>,
    decisions: Vec<DecisionRow>,
    /// The first contact of the event.
    contact: Option<Party>,
    /// The first order of the event.
    order: Option<Uuid>,
}

impl<'a> Deciding<'a> {
    fn new(cause: &'a Cause, items: &'a [Item], held: &'a Held<'a>) -> Self {
        Deciding {
            cause,
            items,
            held,
            board: Board::new(held),
            ids: Series::new(cause.first_id),
            ledger: Cow::Borrowed(&held.desk.ledger),
            spent: Vec::new(),
            desk: DeskWrites::default(),
            reviews: Vec::new(),
            decisions: Vec::new(),
            contact: None,
            order: None,
        }
    }

    fn settle(&mut self, item: &'a Item) {
        let id = match item.draft.kind {
            Kind::Contact => self.find_contact(item),
            Kind::Lead | Kind::Order | Kind::Ticket => self.find(item),
        };
        let Some(id) = id else {
            return;
        };
        let draft = self.believed(&item.draft);
        let origin = &self.cause.origin;
        self.board
            .change(id, |known| merge::merge(known, &draft, origin));
        match item.draft.kind {
            Kind::Contact => {
                self.contact.get_or_insert(Party {
                    id,
                    is_strong: is_strong(&item.keys),
                });
            }
            Kind::Lead => {
                self.link_contact(id);
                self.complete_lead(id);
                self.assign(id);
            }
            Kind::Order => {
                // Whose event names an order need not be who ordered.
                if !item.draft.existing {
                    self.link_contact(id);
                }
                self.order.get_or_insert(id);
            }
            Kind::Ticket => {
                self.link_contact(id);
                self.link_order(id);
            }
        }
    }

    /// A lead or a ticket belongs to a rep or to nobody: a sender's word for somebody else would keep it from all reps.
    fn believed(&self, draft: &'a Draft) -> Cow<'a, Draft> {
        let is_owned = matches!(draft.kind, Kind::Lead | Kind::Ticket);
        let Some(owner) = draft.text("owner").filter(|_| is_owned) else {
            return Cow::Borrowed(draft);
        };
        let roster = self.cause.rules.roster(self.held.desk);
        if roster.rep(owner).is_some() {
            return Cow::Borrowed(draft);
        }
        let mut draft = draft.clone();
        draft.fields.remove("owner");
        draft.lines.remove("owner");
        Cow::Owned(draft)
    }

    /// The contact that a draft speaks of, made when it is new; `None` when it speaks of nobody.
    fn find_contact(&mut self, item: &'a Item) -> Option<Uuid> {
        let found = matching::find(&item.draft, &item.keys, &self.board);
        let id = match found.record.or_else(|| self.contact_by_link(item)) {
            Some(id) => id,
            None if speaks_of_somebody(item) && !item.draft.existing => self.create(&item.draft),
            None => return None,
        };
        if let Some(conflict) = found.conflict {
            self.review(id, conflict, &item.draft);
        }
        self.board.claim(id, found.claims);
        Some(id)
    }

    /// Without a strong key of its own, the contact is the one that the event's known records are linked to.
    fn contact_by_link(&self, item: &Item) -> Option<Uuid> {
        if is_strong(&item.keys) {
            return None;
        }
        let linked = self
            .items
            .iter()
            .filter(|other| other.draft.kind != Kind::Contact)
            .flat_map(|other| &other.keys)
            .filter_map(|key| self.board.holder(key))
            .find_map(|record| link(&self.board.record(record)?.fields, "contact"))?;
        self.board.record(linked)?;
        let is_other = matching::is_other_family(&item.draft, linked, &self.board);
        (!is_other).then_some(linked)
    }

    /// The lead, order or ticket that a draft speaks of, made when it is new. There is nothing to delete in a record
    /// that nobody could name again.
    fn find(&mut self, item: &'a Item) -> Option<Uuid> {
        let found = matching::find(&item.draft, &item.keys, &self.board);
        let id = match found.record {
            Some(id) => id,
            None if item.draft.existing => return None,
            None if item.draft.deleted && !is_strong(&item.keys) => return None,
            None => self.create(&item.draft),
        };
        self.board.claim(id, found.claims);
        Some(id)
    }

    fn create(&mut self, draft: &Draft) -> Uuid {
        let id = self.ids.next_id();
        self.board.create(draft, id, self.cause.now);
        id
    }

    /// Links a record to the event's contact, unless it has one and this one is only guessed.
    fn link_contact(&mut self, id: Uuid) {
        let Some(party) = self.contact else {
            return;
        };
        let linked = self
            .board
            .record(id)
            .and_then(|it| link(&it.fields, "contact"));
        if linked.is_some_and(|linked| linked != party.id && !party.is_strong) {
            return;
        }
        let value = Value::from(party.id.to_string());
        self.board.write(id, "contact", &value, &self.cause.origin);
    }

    fn link_order(&mut self, ticket: Uuid) {
        if let Some(order) = self.order {
            let value = Value::from(order.to_string());
            self.board
                .write(ticket, "order", &value, &self.cause.origin);
        }
    }

    /// Asks a human once: not again for an address or number that the contact shows already.
    fn review(&mut self, id: Uuid, conflict: matching::Conflict, draft: &Draft) {
        let shown = self
            .board
            .stored(id)
            .and_then(|it| it.fields.get(conflict.field));
        if shown.is_some() && shown.and_then(Value::as_str) == draft.text(conflict.field) {
            return;
        }
        self.reviews.push(Review {
            id: self.ids.next_id(),
            kind: Kind::Contact,
            record: id,
            other: conflict.other,
            reason: conflict.reason,
            event: self.cause.origin.event,
            at: self.cause.now,
        });
    }

    fn finish(mut self) -> Writes {
        let pieces = std::mem::replace(&mut self.board, Board::new(self.held)).into_pieces();
        let mut records = Vec::with_capacity(pieces.len());
        let mut changes = Vec::with_capacity(pieces.len());
        for piece in pieces {
            if let Some((write, change)) = self.close(piece) {
                records.push(write);
                changes.extend(change);
            }
        }
        Writes {
            code: None,
            status: EventStatus::Processed,
            reason: None,
            violations: Vec::new(),
            at: self.cause.now,
            records,
            changes,
            reviews: self.reviews,
            decisions: self.decisions,
            turns: self.spent,
            desk: self.desk,
        }
    }

    /// The write of one record, and its row of the change feed when people see a change.
    fn close(&mut self, piece: Piece<'_>) -> Option<(RecordWrite, Option<Change>)> {
        let sealed = diff::seal(piece.before, piece.now, self.cause.now);
        let (record, difference) = match (sealed, piece.before) {
            (Some(sealed), _) => sealed,
            // Nothing that counts was told, but the record is now known by another key.
            (None, Some(before)) if !piece.claimed.is_empty() => {
                let version = before.version + 1;
                (
                    Record {
                        version,
                        ..before.clone()
                    },
                    None,
                )
            }
            (None, _) => return None,
        };
        let change = difference.map(|difference| Change {
            id: self.ids.next_id(),
            kind: record.kind,
            record: record.id,
            version: record.version,
            what: difference.what,
            event: self.cause.event,
            source: self.cause.origin.source.clone(),
            at: self.cause.now,
            changed: difference.fields,
            snapshot: Fields::new(),
        });
        let keys = piece.claimed;
        Some((RecordWrite { record, keys }, change))
    }
}

/// Whether a contact is named by more than a phone number.
fn is_strong(keys: &[IdentityKey]) -> bool {
    keys.iter().any(IdentityKey::is_strong)
}

/// Whether a contact draft is about a person or company, and not only about a language or a country.
fn speaks_of_somebody(item: &Item) -> bool {
    let named = ["given_name", "family_name", "full_name", "company", "phone"]
        .iter()
        .any(|name| {
            item.draft
                .text(name)
                .is_some_and(|it| !it.trim().is_empty())
        });
    let known_by_key = |key: &IdentityKey| !matches!(key, IdentityKey::Told { .. });
    item.keys.iter().any(known_by_key) || (named && !item.draft.deleted)
}

/// The record that a link field names.
fn link(fields: &Fields, name: &str) -> Option<Uuid> {
    fields.get(name)?.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests;
