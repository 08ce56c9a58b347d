//! A source as its author declared it: `mappings/<name>.toml`, one to one, with lines for error messages.
//!
//! Nothing here is interpreted while a request waits: `ingest` and `process` compile it when the gateway starts.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::model::field::Kind;
use crate::model::said::Said;
use crate::payload::Formats;

/// A formula of the expression language, where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expr {
    pub text: String,
    /// Line in the declaring file, from 1.
    pub line: u32,
}

/// Everything about one sender.
#[derive(Debug, Clone)]
pub struct Source {
    /// The file's name without `.toml`.
    pub name: String,
    /// File as shown in messages: `mappings/shopify.toml`.
    pub file: String,
    /// `Shopify`.
    pub title: Said,
    /// Where to paste the URL, for people.
    pub help: Said,
    /// Where the secret is found, for people.
    pub secret: Option<Said>,
    /// The sender gives the secret: none can be made up here.
    pub gives_secret: bool,
    /// How the sender retries, for people.
    pub retries: Option<Said>,
    /// What surprises people who connect this sender, a sentence each.
    pub traps: Vec<Said>,
    /// Facts that are not verified.
    pub experimental: bool,
    /// What an endpoint of this source may or must set under `settings`.
    pub settings: BTreeMap<String, SettingSpec>,
    pub body: BodySpec,
    pub delivery: DeliverySpec,
    /// Handshakes in order; the first whose method and `when` fit answers.
    pub handshakes: Vec<Handshake>,
    /// Alternatives in order: the first that holds proves the sender. Empty: only `verify = "none"` endpoints.
    pub verify: Vec<Verify>,
    /// Must be true of a proven request too, over `body`, `header`, `query` and `settings`: a header that must repeat a
    /// field of the body, an account that must be one's own.
    pub check: Option<Expr>,
    pub split: Option<Split>,
    pub answer: AnswerPolicy,
    /// In order; the first whose name and `when` fit.
    pub events: Vec<EventSpec>,
    /// `[let]`: names for formulas, worked out at most once per event; later ones may read earlier ones.
    pub lets: Vec<(String, LetValue)>,
    /// `lookup('name')` tables of the mappings: key in lower case → value.
    pub lookups: BTreeMap<String, BTreeMap<String, String>>,
    /// Schema name → JSON Schema document, from `schemas/<source>/`.
    pub schemas: BTreeMap<String, Value>,
    /// Sample events, from `samples/<source>/`: used by `send`, the demo and the docs. The usual one is the first.
    pub samples: Vec<Sample>,
}

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingSpec {
    pub help: Said,
    pub required: bool,
    /// Never shown, never logged.
    pub secret: bool,
    /// URLs begin with it, so it must be such a beginning: `https://api.example.com/v2`.
    pub url: bool,
    pub default: Option<String>,
}

/// What a name under `[let]` stands for.
#[derive(Debug, Clone)]
pub enum LetValue {
    Formula(Expr),
    /// `answers = { from = "…", question = "…" }`: a list with one entry per item of `from`, called `item`.
    Each {
        from: Expr,
        parts: Vec<(String, Expr)>,
    },
}

/// Which bodies are understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodySpec {
    pub formats: Formats,
    /// Body fields that hold secrets: removed before anything is stored.
    pub redact: Vec<String>,
}

/// Where the envelope's facts stand. In a batch they are asked once per part, with `item` in scope.
#[derive(Debug, Clone)]
pub struct DeliverySpec {
    pub event: Expr,
    /// The sender's id of the event.
    pub id: Option<Expr>,
    /// When it happened.
    pub time: Option<Expr>,
    /// The account at the source that external ids belong to; the endpoint's name when absent.
    pub scope: Option<Expr>,
    /// What identifies the event for de-duplication; `id` when absent, the body's hash when that is blank.
    pub dedupe: Vec<Expr>,
    /// For how long a body hash claims (no id at all): `10m`.
    pub window: Option<Duration>,
}

/// An answer to a set-up request, which is not an event.
#[derive(Debug, Clone)]
pub struct Handshake {
    /// `GET`, `HEAD`, `OPTIONS` or `POST`.
    pub method: String,
    /// Over `query`, `header`, `body` (POST only) and `settings`; absent: always.
    pub when: Option<Expr>,
    /// Only for a sender that proved itself as for an event; else also for one that did not.
    pub verified: bool,
    /// Must be true, else 401 `key_invalid`: the sender is not who it says.
    pub check: Option<Expr>,
    pub status: u16,
    pub content_type: String,
    /// Text of the answer; absent: empty body.
    pub answer: Option<Expr>,
    /// JSON answer: member → formula.
    pub json: BTreeMap<String, Expr>,
    /// Headers of the answer.
    pub headers: BTreeMap<String, Expr>,
}

/// How a sender proves itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verify {
    Signature(Box<Signature>),
    Jwt(Jwt),
    Key(KeyPlace),
    Basic,
    Bearer,
}

/// `[verify.hmac]`, `[verify.digest]`, `[verify.ed25519]` and `[verify.rsa]`: a signature over parts of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    pub kind: SignatureKind,
    pub encoding: Encoding,
    /// Names (lower case) under which the signature may come, in order.
    pub headers: Vec<String>,
    /// Text before the signature: `sha256=`.
    pub prefix: String,
    /// What is signed, in order.
    pub signed: Vec<SignedPart>,
    pub key: KeyForm,
    /// The first of these that the secret begins with is removed before it is read: `whsec_`.
    pub key_prefixes: Vec<String>,
    /// Fewest bytes of a key that comes encoded.
    pub key_least: usize,
    /// Several signatures or values in one header.
    pub list: Option<SignatureList>,
    /// Headers that carry the signed id: `webhook-id`, `svix-id`.
    pub id_headers: Vec<String>,
    pub timestamp: Option<TimestampSpec>,
    /// Headers (lower case) and the values they must have for this scheme to be meant.
    pub given: Vec<(String, String)>,
}

/// How a signature is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureKind {
    Hmac(Algorithm),
    /// A plain hash, with the secret among what is hashed.
    Digest(Algorithm),
    /// The endpoint's secret is the public key.
    Ed25519,
    /// PKCS #1 v1.5 with SHA-256; the endpoint's secret is the public key in PEM.
    Rsa,
}

/// `[verify.jwt]`: a JSON Web Token (HS256) in a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jwt {
    /// Names (lower case) under which the token may come; `Bearer ` or `JWT ` before it is passed over.
    pub headers: Vec<String>,
    /// What the claim `iss` must be.
    pub issuer: Option<String>,
    /// The claim that holds the body's SHA-256 in hex.
    pub body_claim: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    Sha1,
    Sha256,
    Sha512,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Hex,
    Base64,
}

/// What the bytes of the key are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyForm {
    /// The secret's own UTF-8 bytes.
    Text,
    /// The same, once HTML's entities are undone: `&amp;` is `&`.
    Html,
    Base64,
    Hex,
}

/// A piece of the signed text; written as a template: `{id}.{timestamp}.{body}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignedPart {
    Literal(String),
    Body,
    /// The body in base64.
    BodyBase64,
    /// The endpoint's secret, for plain hashes.
    Secret,
    /// The text of a field of the body, by its dotted path.
    Field(String),
    /// The fields of a form, sorted by name: name and value after one another.
    SortedForm,
    Id,
    /// The text as sent, whatever its unit.
    Timestamp,
    Method,
    /// The public URL as registered, with the query as sent.
    Url,
    /// The same with some escapes undone, as HubSpot signs it.
    UrlDecoded,
    Header(String),
}

/// `v1,<sig> v1,<sig>` or `t=1,v1=<sig>,v1=<sig>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureList {
    /// Between entries: a space or a comma.
    pub separator: String,
    /// Between an entry's name and its value: `,` or `=`.
    pub assign: String,
    /// Names of the entries that are signatures of this scheme: `v1`.
    pub signature: String,
    /// Name of the entry that is the timestamp: `t`.
    pub timestamp: Option<String>,
}

/// The signed timestamp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimestampSpec {
    /// Names of the header; empty when it stands in the signature list.
    pub headers: Vec<String>,
    pub unit: TimeUnit,
    pub tolerance: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeUnit {
    Seconds,
    Milliseconds,
    Rfc3339,
    HttpDate,
}

/// `[verify.key]`: a plain key somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyPlace {
    Header(String),
    Query(String),
    /// Dotted path into the body.
    Field(String),
}

/// A request that holds many events: nested lists, outermost first.
#[derive(Debug, Clone)]
pub struct Split {
    /// Each a list; the first over `body`, the next over the previous `item`; in the end `item` is the part and
    /// `outer` the list of the enclosing items.
    pub each: Vec<Expr>,
}

/// What the sender is told, where the contract's defaults do harm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerPolicy {
    /// 503, or 429 for senders that give up on 5xx.
    pub busy_status: u16,
    /// `on_invalid = "accept"`: 200 for an event that goes to quarantine.
    pub accept_invalid: bool,
    /// Said of what is written down; else the contract's own answer.
    pub ok: Option<Reply>,
    /// Said when nothing of a request is of interest; else as `ok`.
    pub ignored: Option<Reply>,
    /// Said when a request is kept in quarantine; else the contract's refusal, or `ok` where it is accepted.
    pub invalid: Option<Reply>,
    /// Said with 429 and 503, whose status stays what it is; else the contract's refusal.
    pub busy: Option<Reply>,
}

/// An answer that a sender insists on: `[answer.ok]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub content_type: String,
    pub body: String,
}

/// One `[[event]]`.
#[derive(Debug, Clone)]
pub struct EventSpec {
    /// With `*` for anything: `orders/*`.
    pub name: String,
    pub line: u32,
    pub when: Option<Expr>,
    /// Name of a schema.
    pub schema: Option<String>,
    /// Of no interest: answered 200, kept as `ignored`.
    pub ignore: bool,
    /// In order: a later one reads the answers of the earlier ones.
    pub fetches: Vec<Fetch>,
    /// In order of the contract: contact first, so that the others can link to it.
    pub records: Vec<RecordSpec>,
    /// Lines where a sentence about the event may help people.
    pub help: Option<Said>,
}

/// A declared read of the sender's API, for events that only name their subject.
#[derive(Debug, Clone)]
pub struct Fetch {
    /// The answer is `fetched.NAME`; without a name, which only a single fetch may lack, it is `fetched`.
    pub name: Option<String>,
    /// Over the event, `settings` and the answers before; false where the event says enough by itself, or the endpoint
    /// has no token.
    pub when: Option<Expr>,
    pub method: FetchMethod,
    /// Formula for the URL.
    pub url: Expr,
    /// Header → formula; `settings` is in scope.
    pub headers: BTreeMap<String, Expr>,
    /// A POST's JSON body: member → formula.
    pub json: BTreeMap<String, Expr>,
    /// True when the answer says that the token is not valid any more: an alarm, not a defect of the event.
    pub token_error: Option<Expr>,
    /// JSON Schema (by name) of the answer.
    pub schema: Option<String>,
    /// Settings that hold the token, named in the alarm.
    pub token_setting: Option<String>,
    /// The event goes on without the answer when the API does not know the subject.
    pub optional: bool,
}

/// How an API is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FetchMethod {
    Get,
    /// For APIs that are asked by a document, such as GraphQL.
    Post,
}

/// One record of an event: `[event.contact]`.
#[derive(Debug, Clone)]
pub struct RecordSpec {
    pub kind: Kind,
    pub line: u32,
    /// The record is made only when this is true.
    pub when: Option<Expr>,
    /// True when the event says that the record was deleted.
    pub deleted: Option<Expr>,
    /// The event only names a record for its others to link to; it makes none.
    pub existing: bool,
    /// Fields whose blank clears what is known.
    pub clears: Vec<String>,
    pub fields: Vec<FieldSpec>,
    /// `[event.contact.previous]`: how the record was known before this event: `external_id`, `email`, `phone`.
    pub previous: Vec<FieldSpec>,
}

/// A field and how it is made.
#[derive(Debug, Clone)]
pub struct FieldSpec {
    pub name: String,
    pub line: u32,
    pub value: FieldValue,
}

#[derive(Debug, Clone)]
pub enum FieldValue {
    Formula(Expr),
    /// `[event.order.billing_address]`: part → formula.
    Object(Vec<FieldSpec>),
    /// `[event.order.each.line_items]`: one entry per item of `from`, called `item`.
    Each {
        from: Expr,
        fields: Vec<FieldSpec>,
    },
    /// `[[event.contact.consent]]`: entries written out one by one; an entry with a blank part is left out.
    Entries(Vec<Vec<FieldSpec>>),
}

/// A sample event.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The file's name without `.http`.
    pub name: String,
    /// The event's name.
    pub event: String,
    /// Body as a template: `{{ n }}` counts, `{{ now }}` is the time, `{{ uuid }}` is fresh.
    pub body: String,
    pub content_type: String,
    /// Header → template.
    pub headers: BTreeMap<String, String>,
    /// What the sender's API answers to the fetches, in their order, as templates, where the event is thin.
    pub fetched: Vec<String>,
}
