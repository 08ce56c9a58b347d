//! What each row of a list of records has to pass.

use std::collections::BTreeSet;

use rusqlite::Connection;

use crate::model::field::Kind;
use crate::model::fold::without_accents;
use crate::model::identity::IdentityKey;
use crate::model::record::{Fields, Record};
use crate::store::RecordFilter;
use crate::store::sqlite::fault::Done;
use crate::store::sqlite::held;
use crate::store::sqlite::lookup::RecordRef;
use crate::store::sqlite::record_row::{self, Stored};
use crate::store::sqlite::view::View;
use crate::store::sqlite::walk;
use crate::store::sqlite::words;

/// Rows that one page looks at for words, which takes longer than a look at a status.
const MOST_SEARCHED: usize = 2_000;

/// The filter as rows are held against it.
pub(super) struct Passing<'f> {
    pub(super) filter: &'f RecordFilter,
    pub(super) email: Option<Address>,
    pub(super) words: Vec<String>,
}

/// An e-mail address that is asked for.
pub(super) struct Address {
    pub(super) text: String,
    /// The contact that is known by it, whatever address it shows.
    pub(super) holder: Option<i64>,
}

impl Address {
    fn find(view: &View<'_>, text: &str) -> Done<Self> {
        let text = text.trim().to_lowercase();
        let holder = held::contact_of(view, IdentityKey::Email(text.clone()))?;
        Ok(Address { text, holder })
    }

    fn is_of(&self, contact: Option<i64>, fields: &Fields) -> bool {
        let shown = fields.text("email");
        let is_shown = shown.is_some_and(|shown| shown.trim().to_lowercase() == self.text);
        is_shown || (contact.is_some() && contact == self.holder)
    }
}

impl<'f> Passing<'f> {
    pub(super) fn new(view: &View<'_>, filter: &'f RecordFilter) -> Done<Self> {
        let email = filter.email.as_deref();
        Ok(Passing {
            filter,
            email: email.map(|text| Address::find(view, text)).transpose()?,
            words: filter.q.as_deref().map(words::of_query).unwrap_or_default(),
        })
    }

    /// Rows that one page looks at.
    pub(super) fn most_seen(&self) -> usize {
        match self.words.is_empty() {
            true => walk::MOST_SEEN,
            false => MOST_SEARCHED,
        }
    }

    /// Asked for words, of which nothing is left without blanks and punctuation: no record has them.
    pub(super) fn passes_nothing(&self) -> bool {
        self.filter.q.is_some() && self.words.is_empty()
    }

    /// The record at a place, when it passes.
    pub(super) fn load(&self, view: &View<'_>, place: RecordRef) -> Done<Option<Record>> {
        if !self.words.is_empty() && !self.may_pass(view, place)? {
            return Ok(None);
        }
        match view.load(place)? {
            Some(stored) if self.passes(view, place, &stored)? => Ok(Some(stored.record)),
            _ => Ok(None),
        }
    }

    /// Whether every word may stand somewhere in the text of the record or of its contact: a look that costs a fraction of
    /// reading both, for a search by common words looks at thousands.
    fn may_pass(&self, conn: &Connection, place: RecordRef) -> Done<bool> {
        let is_plain = |word: &&String| !word.contains(['"', '\\']);
        let mut missing: Vec<&String> = self.words.iter().filter(is_plain).collect();
        let mut look = |contact: Option<i64>, text: &str| {
            // What is escaped there is not to be found as it is written here.
            match text.contains('\\') {
                true => missing.clear(),
                false => {
                    let text = without_accents(text);
                    missing.retain(|word| !text.contains(word.as_str()));
                }
            }
            (contact, missing.is_empty())
        };
        let Some((contact, is_enough)) = record_row::peek(conn, place, &mut look)? else {
            return Ok(false);
        };
        if is_enough {
            return Ok(true);
        }
        let Some(seq) = contact else {
            return Ok(false);
        };
        let kind = Kind::Contact;
        let found = record_row::peek(conn, RecordRef { kind, seq }, &mut look)?;
        Ok(found.is_some_and(|(_, is_enough)| is_enough))
    }

    fn passes(&self, conn: &Connection, place: RecordRef, stored: &Stored) -> Done<bool> {
        let record = &stored.record;
        let (owner, status) = record_row::filed_under(&record.fields);
        let same =
            |wanted: &Option<String>, is: &str| wanted.as_ref().is_none_or(|text| text == is);
        if record.deleted_at.is_some()
            || !same(&self.filter.owner, owner)
            || !same(&self.filter.status, status)
        {
            return Ok(false);
        }
        if self.email.is_none() && self.words.is_empty() {
            return Ok(true);
        }
        let contact = match stored.contact {
            Some(seq) => {
                let kind = Kind::Contact;
                record_row::fields(conn, RecordRef { kind, seq })?
            }
            None => None,
        };
        let own = std::iter::once((record.kind, &record.fields));
        let all = || {
            own.clone()
                .chain(contact.as_ref().map(|it| (Kind::Contact, it)))
        };
        if let Some(email) = &self.email {
            let seq = match place.kind {
                Kind::Contact => Some(place.seq),
                Kind::Lead | Kind::Order | Kind::Ticket => stored.contact,
            };
            if !all().any(|(_, fields)| email.is_of(seq, fields)) {
                return Ok(false);
            }
        }
        let known: BTreeSet<String> = all()
            .flat_map(|(kind, fields)| words::of(kind, fields))
            .collect();
        Ok(self.words.iter().all(|word| {
            let first = known.range(word.clone()..).next();
            first.is_some_and(|known| known.starts_with(word.as_str()))
        }))
    }
}
