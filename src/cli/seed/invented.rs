//! Bodies of events that never happened, all alike and each a little different.

use jiff::Timestamp;
use serde_json::{Value, json};

/// What an event tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invented {
    Lead,
    Order,
    Ticket,
    /// Somebody looked at a page, which is of no interest.
    View,
}

const GIVEN: [&str; 8] = ["Ana", "Luis", "Marie", "Jonas", "Inês", "Pau", "Eva", "Tom"];
const FAMILY: [&str; 8] = [
    "Ruiz", "Sousa", "Keller", "Brandt", "Costa", "Serra", "Lang", "Webb",
];
const COUNTRIES: [&str; 6] = ["ES", "PT", "FR", "DE", "IT", "GB"];
const ORDERS: [&str; 4] = ["pending", "paid", "fulfilled", "cancelled"];
const TICKETS: [&str; 3] = ["new", "open", "solved"];
const PRIORITIES: [&str; 4] = ["low", "normal", "high", "urgent"];

impl Invented {
    /// The event's type.
    pub fn name(self) -> &'static str {
        match self {
            Invented::Lead => "lead.created",
            Invented::Order => "order.created",
            Invented::Ticket => "ticket.created",
            Invented::View => "page.viewed",
        }
    }

    /// The body of the event number `n`.
    pub fn body(self, n: u64, at: Timestamp) -> Value {
        let data = match self {
            Invented::Lead => lead(n),
            Invented::Order => order(n, at),
            Invented::Ticket => ticket(n),
            Invented::View => json!({"page": n % 500, "visitor": n % 40_000}),
        };
        json!({"type": self.name(), "timestamp": at.to_string(), "data": data})
    }
}

fn lead(n: u64) -> Value {
    json!({
        "external_id": format!("seed-{n}"),
        "message": format!("Please call me about order {n}."),
        "budget": (n % 40_000).to_string(),
        "campaign": format!("campaign-{}", n % 50),
        "contact": person(n),
    })
}

fn order(n: u64, at: Timestamp) -> Value {
    let total = format!("{}.90", n % 900 + 10);
    json!({
        "external_id": format!("seed-{n}"),
        "number": format!("#{n}"),
        "status": pick(&ORDERS, n / 5),
        "currency": "EUR",
        "total": total,
        "placed_at": at.to_string(),
        "contact": person(n - 1),
    })
}

fn ticket(n: u64) -> Value {
    json!({
        "external_id": format!("seed-{n}"),
        "subject": format!("Where is order {n}?"),
        "status": pick(&TICKETS, n / 5),
        "priority": pick(&PRIORITIES, n / 5),
        "contact": person(n - 2),
    })
}

/// A person of their own for nearly every lead; some come again, and order, and ask.
fn person(n: u64) -> Value {
    let person = n - n % 7;
    json!({
        "given_name": pick(&GIVEN, n),
        "family_name": pick(&FAMILY, n / 8),
        "email": format!("person{person}@example.com"),
        "company": format!("Company {}", n % 5_000),
        "address": {"country": pick(&COUNTRIES, n / 3)},
    })
}

fn pick<'w>(from: &[&'w str], n: u64) -> &'w str {
    let nth = usize::try_from(n).unwrap_or(0) % from.len().max(1);
    from.get(nth).copied().unwrap_or_default()
}
