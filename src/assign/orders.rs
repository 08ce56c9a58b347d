//! What a contact ordered, as conditions ask of it.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::model::desk::PastOrder;
use crate::model::record::Fields;

/// Statuses of orders that came to nothing, or not yet to anything.
const NOTHING: [&str; 3] = ["cart", "cancelled", "failed"];

/// `field_path::ORDERS_FIELDS` of a contact's orders, newest first. The total is that of the orders in the currency of
/// the newest one: amounts of different currencies do not add up.
pub fn fields(orders: &[PastOrder]) -> Fields {
    let counted = orders
        .iter()
        .filter(|order| !NOTHING.contains(&order.status.as_str()));
    let counted: Vec<&PastOrder> = counted.collect();
    let mut fields = Fields::new();
    fields.insert("count", json!(counted.len()));
    let Some(newest) = counted.iter().max_by_key(|order| order.placed_at) else {
        return fields;
    };
    let same = counted
        .iter()
        .filter(|order| order.currency == newest.currency);
    let total: Decimal = same
        .filter_map(|order| order.total.parse::<Decimal>().ok())
        .sum();
    fields.insert("total", Value::from(total.to_string()));
    fields.insert("last_at", Value::from(newest.placed_at.to_string()));
    if !newest.currency.is_empty() {
        fields.insert("currency", Value::from(newest.currency.as_str()));
    }
    fields
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::fields;
    use crate::model::desk::PastOrder;

    fn order(status: &str, total: &str, currency: &str, placed_at: &str) -> PastOrder {
        PastOrder {
            status: status.to_owned(),
            total: total.to_owned(),
            currency: currency.to_owned(),
            placed_at: placed_at.parse().unwrap(),
        }
    }

    #[test]
    fn orders_are_counted_and_added_up() {
        let orders = [
            order("paid", "10.50", "EUR", "2026-03-02T00:00:00Z"),
            order("fulfilled", "99.00", "USD", "2026-03-01T00:00:00Z"),
            order("cart", "500.00", "EUR", "2026-03-03T00:00:00Z"),
            order("paid", "0.25", "EUR", "2026-02-01T00:00:00Z"),
        ];
        assert_eq!(
            Value::from(fields(&orders)),
            json!({"count": 3, "total": "10.75", "last_at": "2026-03-02T00:00:00Z", "currency": "EUR"})
        );
        assert_eq!(Value::from(fields(&[])), json!({"count": 0}));
    }
}
