//! What the gateway keeps, as traits: rows pass between rooms, and no room sees SQL or a driver's error.
//!
//! Every list is an indexed, cursor-paged query. The store decides nothing: `Inbox::settle` shows pure functions
//! what it holds and writes what they say, in one transaction.

pub mod desk;
pub mod edits;
pub mod endpoints;
pub mod meters;
pub mod observation;
pub mod sqlite;
pub mod users;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::model::change::{Change, FieldChange, Review};
use crate::model::desk::Desk;
use crate::model::event::{
    Appended, Arrival, Claimed, Event, EventStatus, NewEvent, PutOff, Refusal, Violation,
};
use crate::model::field::Kind;
use crate::model::identity::IdentityKey;
use crate::model::page::{Page, PageRequest};
use crate::model::people::{Rep, Team, Turn};
use crate::model::record::{Fields, Record};
use crate::model::request::RawRequest;
use crate::model::said::{Phrase, Said};
use crate::model::trace::Trace;
use crate::phrase;
use crate::store::desk::{Decisions, DeskWrites, Rulebook, Ties};
use crate::store::edits::Edits;
use crate::store::endpoints::Endpoints;
use crate::store::meters::Meters;
use crate::store::observation::Observations;
use crate::store::users::{AuditRow, Told, Users};

/// What is the matter with a cursor.
pub const BAD_CURSOR: Phrase = phrase!(
    "bad-cursor",
    "the cursor is not valid for this list and filter"
);

/// Why the store could not do it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// Disk full, read-only, locked, shut down: nothing was written. Try again later.
    #[error("the store cannot be used right now: {0}")]
    Unavailable(String),
    /// The rule set was changed by somebody else since `expected` was read.
    #[error("version {expected} is stale, the current one is {current}")]
    Stale { expected: u64, current: u64 },
    /// Something to be removed is still named by something else.
    #[error("{0}")]
    InUse(Said),
    /// Something to be written names what is not there.
    #[error("{0}")]
    Missing(Said),
    /// A cursor that this store did not make, or made for another list or another filter.
    #[error("{}", BAD_CURSOR.english)]
    BadCursor,
    /// What is stored cannot be read: a defect or a damaged file.
    #[error("stored data cannot be read: {0}")]
    Corrupt(String),
}

pub type Result<T> = std::result::Result<T, StoreError>;

/// Everything at once; the application holds one.
pub trait Store:
    Inbox
    + Records
    + Edits
    + Endpoints
    + Assignments
    + Rulebook
    + Decisions
    + Tokens
    + Users
    + Meters
    + Alarms
    + Observations
    + Maintenance
{
}

/// Opens the store that `options.url` names.
///
/// # Errors
/// `Unavailable` with a sentence: a second gateway, a file that a newer program wrote, a kind of store this program
/// does not have.
pub async fn open(options: StoreOptions) -> Result<Arc<dyn Store>> {
    if options.url.starts_with("postgres:") || options.url.starts_with("postgresql:") {
        return Err(StoreError::Unavailable(
            "store.url names PostgreSQL, which this version does not support: \
             write sqlite:PATH, for example sqlite:frontdesk.db"
                .to_owned(),
        ));
    }
    Ok(sqlite::SqliteStore::open(options).await?)
}

/// The inbox: from the sender's request to the settled event.
#[async_trait]
pub trait Inbox: Send + Sync {
    /// Writes the request and its events, each once. Returns after the commit that holds them is synced.
    ///
    /// One answer per event, in order: its id is the one it is stored with. Ids and times of receipt are put into the order
    /// of the commits where they are less than a second apart. An arrival whose events are all duplicates writes nothing.
    async fn append(&self, arrival: Arrival) -> Result<Vec<Appended>>;

    /// Keeps a refusal; the oldest are dropped beyond the configured number.
    async fn refuse(&self, refusal: Refusal) -> Result<()>;

    /// Takes up to `limit` pending events that are due at `now`: those that come again and new ones in turns, of each the
    /// oldest first. Nobody else gets them until they are settled, put off or released, or the process ends.
    async fn claim(&self, limit: usize, now: Timestamp) -> Result<Vec<Claimed>>;

    /// Waits until an append, a replay or an ended delay may have made work, at most `at_most`.
    async fn wait_for_work(&self, at_most: Duration);

    /// Each settlement in a transaction of its own right (they may share a commit): loads what it wants to see,
    /// lets it decide, writes what it says. One outcome per settlement, in order; an error says that nothing of this
    /// one is written, and says nothing of the others.
    async fn settle(&self, settlements: Vec<Settlement>) -> Vec<Result<Settled>>;

    /// Puts an event off until `due`; only `Tried` counts as one of its attempts.
    async fn put_off(&self, event: Uuid, due: Timestamp, how: PutOff, reason: Said) -> Result<()>;

    /// Ends an event without records.
    async fn conclude(
        &self,
        event: Uuid,
        status: EventStatus,
        reason: Said,
        at: Timestamp,
    ) -> Result<()>;

    /// Gives an event that stood for a whole request its place among the request's events, as its first one, and gives it
    /// back. When another event holds the key of that one, it ends as ignored, and that event is the answer.
    async fn identify(&self, event: Uuid, first: NewEvent) -> Result<Appended>;

    /// Gives claimed events back unchanged.
    async fn release(&self, events: Vec<Uuid>);

    async fn event(&self, id: Uuid) -> Result<Option<Event>>;

    /// The raw request of an event, while retention keeps it.
    async fn raw_request(&self, event: Uuid) -> Result<Option<RawRequest>>;

    /// An event with its raw request and fetched answer, as a worker would get it, without claiming it.
    async fn peek(&self, id: Uuid) -> Result<Option<Claimed>>;

    /// Newest first.
    async fn events(&self, filter: EventFilter, page: PageRequest) -> Result<Page<Event>>;

    /// Newest first.
    async fn refusals(&self, endpoint: Option<String>, page: PageRequest) -> Result<Page<Refusal>>;

    /// A refusal, while it is kept.
    async fn refusal(&self, id: Uuid) -> Result<Option<Refusal>>;

    /// Makes settled events pending again. Unknown ids, events that are pending already, those whose raw request
    /// retention has removed, and those that are held as spam are left alone and not counted. Each commit that changes
    /// some has a line of the log that tells how many.
    async fn replay(&self, events: Vec<Uuid>, told: Option<Told>) -> Result<u64>;

    /// Lets events in that are held as spam: makes them pending. All others are left alone and not counted; the log as
    /// for a replay.
    async fn admit(&self, events: Vec<Uuid>, told: Option<Told>) -> Result<u64>;

    /// Number of pending events, and when the oldest was received.
    async fn backlog(&self) -> Result<Backlog>;
}

/// What waits to be processed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    pub pending: u64,
    pub oldest: Option<Timestamp>,
}

/// Which events to list; all that are given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct EventFilter {
    pub endpoint: Option<String>,
    pub status: Option<EventStatus>,
    /// Why it is quarantined or failed: `spam`, `schema_violation`.
    pub code: Option<String>,
    pub event_type: Option<String>,
    /// Received at or after.
    pub since: Option<Timestamp>,
    /// Received before.
    pub until: Option<Timestamp>,
    /// An event id or a delivery id.
    pub q: Option<String>,
    pub source: Option<String>,
    /// One of these ids or, where there is none, a text in the body.
    pub text: Option<String>,
}

/// One event's way into the records.
pub struct Settlement {
    pub event: Uuid,
    /// Keys whose records `decide` must see.
    pub wanted: Vec<IdentityKey>,
    /// The answer of the sender's API to keep beside the event.
    pub fetched: Option<Value>,
    /// Pure: shown what the store holds, says what to write. May be called again when a commit has to be repeated.
    pub decide: Box<dyn Fn(&Held<'_>) -> Writes + Send>,
}

/// What the store shows to a decision.
pub struct Held<'a> {
    /// For each wanted key that is taken, the record it belongs to.
    pub matches: Vec<(IdentityKey, Uuid)>,
    /// Those records, tombstones included; and the records that matched leads, orders and tickets link to as `contact`.
    pub records: Vec<Record>,
    pub desk: &'a Desk,
    pub ties: Ties,
}

/// What one event writes.
#[derive(Debug, Clone)]
pub struct Writes {
    pub status: EventStatus,
    /// Why it is quarantined or failed, as a stable word.
    pub code: Option<&'static str>,
    /// Why it is not `Processed`, in a sentence.
    pub reason: Option<Said>,
    /// What its schema has against it.
    pub violations: Vec<Violation>,
    pub at: Timestamp,
    pub records: Vec<RecordWrite>,
    /// Each of a record among `records`, whose fields the store keeps as its snapshot.
    pub changes: Vec<Change>,
    pub reviews: Vec<Review>,
    pub decisions: Vec<DecisionRow>,
    /// Turns to store, each replacing the row of its team and rep.
    pub turns: Vec<Turn>,
    pub desk: DeskWrites,
}

/// A record to insert (version 1) or replace.
#[derive(Debug, Clone)]
pub struct RecordWrite {
    pub record: Record,
    /// Keys that the record claims. A key that another record holds stays there.
    pub keys: Vec<IdentityKey>,
}

/// The last epoch that a decision may have: nobody writes a lead, or replays its event, sixteen million times.
pub const LAST_EPOCH: u32 = (1 << 24) - 1;

/// An assignment decision: one per lead and epoch.
#[derive(Debug, Clone, PartialEq)]
pub struct DecisionRow {
    pub id: Uuid,
    pub lead: Uuid,
    /// 1 for the assignment of a lead that arrives, larger for each later one, up to `LAST_EPOCH`; (lead, epoch) is
    /// unique.
    pub epoch: u32,
    pub owner: Option<String>,
    /// Name of the rule that matched; `None` when a step before the rules decided.
    pub rule: Option<String>,
    pub rule_set_version: u64,
    /// A sentence.
    pub reason: String,
    /// Values seen, each rule's conditions, each candidate's gate, turns before and after.
    pub trace: Trace,
    /// What rules could ask of the event that brought the lead.
    pub facts: Arc<Fields>,
    /// That event.
    pub event: Option<Uuid>,
    pub at: Timestamp,
}

/// What became of a settlement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    pub event: Uuid,
    pub status: EventStatus,
    /// Records written: kind and id.
    pub records: Vec<(Kind, Uuid)>,
}

/// The records and their history.
#[async_trait]
pub trait Records: Send + Sync {
    async fn record(&self, kind: Kind, id: Uuid) -> Result<Option<Record>>;

    /// Newest first; with `since` by update time, oldest first. Tombstones are left out.
    async fn records(
        &self,
        kind: Kind,
        filter: RecordFilter,
        page: PageRequest,
    ) -> Result<Page<Record>>;

    /// The changes of one record, newest first; of a contact also those of its leads, orders and tickets.
    async fn timeline(&self, record: Uuid, page: PageRequest) -> Result<Page<Change>>;

    /// The change feed in commit order, oldest first. `next` stands after the last item even at the end of the feed,
    /// so that a reader can go on from there later; it is `None` only on an empty page.
    async fn changes(&self, page: PageRequest) -> Result<Page<Change>>;

    /// The records an event touched.
    async fn touched(&self, event: Uuid) -> Result<Vec<Touched>>;

    /// What a set of keys now matches: the read-only half of a settlement, for `try`, replays' diffs and previews.
    async fn held(&self, wanted: Vec<IdentityKey>) -> Result<HeldOwned>;

    /// Possible duplicates that wait for a human, newest first.
    async fn reviews(&self, page: PageRequest) -> Result<Page<Review>>;
}

/// `Held`, read outside a settlement.
#[derive(Debug, Clone)]
pub struct HeldOwned {
    pub matches: Vec<(IdentityKey, Uuid)>,
    pub records: Vec<Record>,
    pub desk: Desk,
    pub ties: Ties,
}

impl HeldOwned {
    pub fn as_held(&self) -> Held<'_> {
        Held {
            matches: self.matches.clone(),
            records: self.records.clone(),
            desk: &self.desk,
            ties: self.ties.clone(),
        }
    }
}

/// A record an event touched, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Touched {
    pub kind: Kind,
    pub record: Uuid,
    pub changed: Vec<FieldChange>,
}

/// Which records to list; all that are given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct RecordFilter {
    /// Of the record or of its contact; compared in lower case.
    pub email: Option<String>,
    pub status: Option<String>,
    pub owner: Option<String>,
    /// Updated at or after.
    pub since: Option<Timestamp>,
    /// Words that begin names, addresses, numbers, subjects; all must be found. Blanks and punctuation alone find
    /// nothing.
    pub q: Option<String>,
}

/// People, and the desk as a whole.
#[async_trait]
pub trait Assignments: Send + Sync {
    /// The desk as it now is.
    async fn desk(&self) -> Result<Desk>;

    /// The line of the log stands in the same commit, here and below.
    async fn put_rep(&self, rep: Rep, log: Option<AuditRow>) -> Result<()>;
    /// `InUse` while a team or a rule names the rep; `false` when there was none.
    async fn delete_rep(&self, handle: String, log: Option<AuditRow>) -> Result<bool>;
    /// `Missing` when a member is no rep.
    async fn put_team(&self, team: Team, log: Option<AuditRow>) -> Result<()>;
    /// `InUse` while a rule names the team; `false` when there was none.
    async fn delete_team(&self, handle: String, log: Option<AuditRow>) -> Result<bool>;
}

/// API tokens: only their hashes are kept.
#[async_trait]
pub trait Tokens: Send + Sync {
    async fn add_token(&self, token: TokenRow) -> Result<()>;
    /// The live token with this SHA-256.
    async fn token_by_hash(&self, hash: [u8; 32]) -> Result<Option<TokenRow>>;
    async fn tokens(&self) -> Result<Vec<TokenRow>>;
    /// `false` when there is no live token of that name.
    async fn revoke_token(&self, name: String, at: Timestamp) -> Result<bool>;
}

/// A token as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// Unique among live tokens.
    pub name: String,
    /// `admin`, `manager`, `rep` or `viewer`.
    pub role: String,
    pub hash: [u8; 32],
    pub created_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

/// Alarms: what an operator must see until it is over.
#[async_trait]
pub trait Alarms: Send + Sync {
    /// Raises or refreshes the alarm with this key.
    async fn raise_alarm(&self, alarm: Alarm) -> Result<()>;
    /// Ends it; nothing happens when it is not raised.
    async fn clear_alarm(&self, key: String) -> Result<()>;
    async fn alarms(&self) -> Result<Vec<Alarm>>;
}

/// One standing alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// Names the cause: `fetch-token/lead-ads`.
    pub key: String,
    /// A sentence for people: what is wrong, since when it matters, what to do.
    pub message: Said,
    pub since: Timestamp,
    pub last: Timestamp,
    pub count: u64,
}

/// Upkeep.
#[async_trait]
pub trait Maintenance: Send + Sync {
    /// Removes raw requests received before `bodies`, with the answers fetched for them and the bodies of refusals;
    /// de-duplication keys claimed before `keys`; settled events and changes before `history`. In small steps that
    /// never hold up the inbox. Returns what was removed.
    async fn purge(&self, before: PurgeBefore) -> Result<Purged>;

    /// The gateway's own key of this name, the same for ever; `fresh` becomes it when there is none yet.
    async fn own_key(&self, name: &'static str, fresh: [u8; 32]) -> Result<[u8; 32]>;

    /// Proves that the store can be written.
    async fn ping(&self) -> Result<()>;

    /// Rows and bytes, for `/metrics`, benchmarks and people.
    async fn stats(&self) -> Result<StoreStats>;

    /// Finishes what is queued and closes the files.
    async fn close(&self);
}

/// Limits of a purge.
#[derive(Debug, Clone, Copy)]
pub struct PurgeBefore {
    pub bodies: Timestamp,
    pub keys: Timestamp,
    pub history: Timestamp,
}

/// What a purge removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Purged {
    /// Raw requests, and bodies of refusals.
    pub bodies: u64,
    pub keys: u64,
    pub events: u64,
}

/// Sizes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreStats {
    pub events: u64,
    pub contacts: u64,
    pub leads: u64,
    pub orders: u64,
    pub tickets: u64,
    pub decisions: u64,
    pub changes: u64,
    /// Of the database file and its log.
    pub bytes: u64,
}

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// `sqlite:PATH`.
    pub url: String,
    /// Refusals kept.
    pub refusals: u64,
    /// Whether this process runs the workers: exactly one may, other processes only read and queue.
    pub role: StoreRole,
}

/// What the opener is going to do with the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreRole {
    /// Receives and processes; refused while another process does.
    Gateway,
    /// A command beside a running gateway.
    Companion,
}
