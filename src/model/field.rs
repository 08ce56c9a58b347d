//! The field registry: which fields a record of each kind may have, and of what type.
//!
//! The names are the public contract's. Loading a mapping, the API and the exports all read this table.

use serde::{Deserialize, Serialize};

/// The four kinds of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Kind {
    Contact = 0,
    Lead = 1,
    Order = 2,
    Ticket = 3,
}

impl Kind {
    pub const ALL: [Kind; 4] = [Kind::Contact, Kind::Lead, Kind::Order, Kind::Ticket];

    /// Singular, as in `{"kind": "contact"}`.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Contact => "contact",
            Kind::Lead => "lead",
            Kind::Order => "order",
            Kind::Ticket => "ticket",
        }
    }

    /// Plural, as in `/api/v1/contacts`.
    pub fn plural(self) -> &'static str {
        match self {
            Kind::Contact => "contacts",
            Kind::Lead => "leads",
            Kind::Order => "orders",
            Kind::Ticket => "tickets",
        }
    }

    /// From the singular or the plural.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == word || kind.plural() == word)
    }

    /// Every field a record of this kind may have.
    pub fn fields(self) -> &'static [Field] {
        match self {
            Kind::Contact => CONTACT,
            Kind::Lead => LEAD,
            Kind::Order => ORDER,
            Kind::Ticket => TICKET,
        }
    }

    /// The field called `name`.
    pub fn field(self, name: &str) -> Option<&'static Field> {
        self.fields().iter().find(|field| field.name == name)
    }
}

/// One field: its public name and what may stand in it.
#[derive(Debug)]
pub struct Field {
    pub name: &'static str,
    pub of: FieldType,
    /// Personal data: masked in logs, erased with the person.
    pub personal: bool,
}

/// The shape of a field's value in JSON.
#[derive(Debug)]
pub enum FieldType {
    /// Any non-empty text.
    Text,
    /// Trimmed and lower-case address.
    Email,
    /// E.164 where it could be parsed, else the text as sent.
    Phone,
    /// ISO 3166-1 alpha-2.
    Country,
    /// ISO 4217, upper case.
    Currency,
    /// Decimal string: never a JSON number.
    Money,
    /// Decimal string or JSON integer: a quantity.
    Number,
    /// RFC 3339 in UTC.
    Time,
    Bool,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// List of texts.
    Texts,
    /// Object with these fields.
    Object(&'static [Field]),
    /// List of objects with these fields.
    Objects(&'static [Field]),
    /// Object with free keys.
    Free,
    /// Id of another record; written by the gateway, not by a mapping.
    Link,
}

const fn field(name: &'static str, of: FieldType) -> Field {
    Field {
        name,
        of,
        personal: false,
    }
}

const fn personal(name: &'static str, of: FieldType) -> Field {
    Field {
        name,
        of,
        personal: true,
    }
}

use FieldType::{
    Bool, Country, Currency, Email, Free, Link, Money, Number, Object, Objects, OneOf, Phone, Text,
    Texts, Time,
};

static ADDRESS: &[Field] = &[
    personal("street1", Text),
    personal("street2", Text),
    personal("city", Text),
    personal("region", Text),
    personal("postal_code", Text),
    field("country", Country),
];

/// The states of consent, in the contract's words.
pub const CONSENT_STATES: &[&str] = &["granted", "pending", "denied", "withdrawn", "unknown"];

static CONTACT: &[Field] = &[
    field("external_id", Text),
    personal("given_name", Text),
    personal("family_name", Text),
    personal("full_name", Text),
    personal("email", Email),
    personal("phone", Phone),
    field("company", Text),
    field("job_title", Text),
    personal("address", Object(ADDRESS)),
    field("language", Text),
    field("website", Text),
    field("tags", Texts),
    field("segments", Texts),
    field(
        "consent",
        Objects(&[
            field("channel", OneOf(&["email", "sms", "phone", "post"])),
            field("state", OneOf(CONSENT_STATES)),
        ]),
    ),
    field("owner", Text),
    field("lifecycle", Text),
    field(
        "stats",
        Object(&[
            field("orders_count", Number),
            field("total_spent", Money),
            field("currency", Currency),
        ]),
    ),
    field("custom", Free),
];

/// The statuses of a lead.
pub const LEAD_STATUSES: &[&str] = &[
    "new",
    "assigned",
    "working",
    "qualified",
    "unqualified",
    "converted",
    "lost",
    "junk",
];

/// The status of a lead that begins without one.
pub const FIRST_STATUS: &str = "new";

/// The statuses of leads that nobody has to call any more.
pub const CLOSED_LEADS: &[&str] = &["unqualified", "converted", "lost", "junk"];

static LEAD: &[Field] = &[
    field("external_id", Text),
    field("title", Text),
    field("status", OneOf(LEAD_STATUSES)),
    field("source", Text),
    field("campaign", Text),
    field("form_name", Text),
    field("form_id", Text),
    personal("message", Text),
    field("product_interest", Text),
    field("budget", Money),
    personal(
        "answers",
        Objects(&[field("question", Text), personal("answer", Text)]),
    ),
    field(
        "attribution",
        Object(&[
            field("utm_source", Text),
            field("utm_medium", Text),
            field("utm_campaign", Text),
            field("utm_term", Text),
            field("utm_content", Text),
            field("gclid", Text),
            field("fbclid", Text),
            field("ad_id", Text),
            field("adset_id", Text),
            field("campaign_id", Text),
            field("form_id", Text),
            field("landing_url", Text),
            field("referrer", Text),
        ]),
    ),
    field("contact", Link),
    field("owner", Text),
    field("test", Bool),
    field("custom", Free),
];

/// The statuses of an order.
pub const ORDER_STATUSES: &[&str] = &[
    "cart",
    "pending",
    "paid",
    "processing",
    "fulfilled",
    "partially_refunded",
    "refunded",
    "cancelled",
    "failed",
];

static ORDER: &[Field] = &[
    field("external_id", Text),
    field("number", Text),
    field("status", OneOf(ORDER_STATUSES)),
    field("financial_status", Text),
    field("fulfillment_status", Text),
    field("currency", Currency),
    field("subtotal", Money),
    field("discount", Money),
    field("shipping", Money),
    field("tax", Money),
    field("total", Money),
    field("refunded", Money),
    field(
        "line_items",
        Objects(&[
            field("external_id", Text),
            field("sku", Text),
            field("name", Text),
            field("quantity", Number),
            field("unit_price", Money),
            field("total", Money),
        ]),
    ),
    personal("billing_address", Object(ADDRESS)),
    personal("shipping_address", Object(ADDRESS)),
    field("coupons", Texts),
    field(
        "tracking",
        Objects(&[
            field("carrier", Text),
            field("number", Text),
            field("url", Text),
        ]),
    ),
    field("checkout_url", Text),
    field("placed_at", Time),
    field("contact", Link),
    field("custom", Free),
];

/// The statuses of a ticket.
pub const TICKET_STATUSES: &[&str] = &["new", "open", "pending", "on_hold", "solved", "closed"];

static TICKET: &[Field] = &[
    field("external_id", Text),
    personal("subject", Text),
    personal("description", Text),
    field("status", OneOf(TICKET_STATUSES)),
    field("priority", OneOf(&["low", "normal", "high", "urgent"])),
    field("category", Text),
    field("channel", Text),
    field("contact", Link),
    field("order", Link),
    field("owner", Text),
    field("custom", Free),
];
