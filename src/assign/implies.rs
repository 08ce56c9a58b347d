//! Whether one condition is a part of another, as far as it can be told from how they are written.

use std::cmp::Ordering;

use serde_json::Value;

use crate::assign::comparison::{Compare, is_negated};
use crate::assign::field_path::{Family, FieldPath};
use crate::assign::operand::{Limit, Looked, text_of};
use crate::assign::regions::countries;
use crate::model::rules::{Comparison, Condition, Operator};

/// Whether `wider` holds whenever `narrow` does. `false` where it cannot be told.
pub fn implies(narrow: &Condition, wider: &Condition) -> bool {
    if narrow == wider {
        return true;
    }
    match (narrow, wider) {
        (_, Condition::All(group)) => group.all.iter().all(|it| implies(narrow, it)),
        (Condition::Any(group), _) => group.any.iter().all(|it| implies(it, wider)),
        (Condition::All(group), Condition::Any(wide)) => {
            wide.any.iter().any(|it| implies(narrow, it))
                || group.all.iter().any(|it| implies(it, wider))
        }
        (Condition::All(group), _) => group.all.iter().any(|it| implies(it, wider)),
        (_, Condition::Any(group)) => group.any.iter().any(|it| implies(narrow, it)),
        (Condition::Not(narrow), Condition::Not(wider)) => implies(&wider.not, &narrow.not),
        (Condition::Compare(narrow), Condition::Compare(wider)) => compared(narrow, wider),
        _ => false,
    }
}

/// Two conditions of a group that can never hold together.
pub fn contradiction(condition: &Condition) -> Option<(&Comparison, &Comparison)> {
    let group = match condition {
        Condition::All(group) => &group.all,
        Condition::Any(group) => {
            let mut all = group.any.iter().map(contradiction);
            return all
                .next()
                .flatten()
                .filter(|_| group.any.iter().all(|it| contradiction(it).is_some()));
        }
        _ => return None,
    };
    let mut compared = Vec::new();
    for member in group {
        match member {
            Condition::Compare(comparison) => compared.push(comparison),
            other => {
                if let Some(found) = contradiction(other) {
                    return Some(found);
                }
            }
        }
    }
    let mut pairs = compared
        .iter()
        .flat_map(|one| compared.iter().map(move |other| (*one, *other)));
    pairs.find(|(one, other)| excludes(one, other))
}

/// Whether the values that `one` asks for are none that `other` allows.
fn excludes(one: &Comparison, other: &Comparison) -> bool {
    let Some((path, values)) = alternatives(one) else {
        return false;
    };
    let is_same = FieldPath::parse(&other.field).is_ok_and(|it| it == path);
    let Ok(compare) = Compare::compile(other) else {
        return false;
    };
    is_same
        && path.is_single()
        && !depends_on_now(other.op)
        && !values.iter().any(|value| compare.holds_for(value))
}

fn compared(narrow: &Comparison, wider: &Comparison) -> bool {
    let (Ok(path), Ok(other)) = (
        FieldPath::parse(&narrow.field),
        FieldPath::parse(&wider.field),
    ) else {
        return false;
    };
    if path != other || depends_on_now(narrow.op) || depends_on_now(wider.op) {
        return false;
    }
    if wider.op == Operator::Exists {
        return !is_negated(narrow.op);
    }
    if is_negated(wider.op) && !path.is_single() {
        return false;
    }
    let Ok(compare) = Compare::compile(wider) else {
        return false;
    };
    if let Some((_, values)) = alternatives(narrow) {
        return values.iter().all(|value| compare.holds_for(value));
    }
    match narrow.op {
        Operator::Gt | Operator::Gte | Operator::Lt | Operator::Lte => {
            bounded(narrow, wider, &compare)
        }
        Operator::Between => {
            let convex = matches!(
                wider.op,
                Operator::Gt | Operator::Gte | Operator::Lt | Operator::Lte | Operator::Between
            );
            let limits = narrow.value.as_array();
            convex && limits.is_some_and(|limits| limits.iter().all(|it| compare.holds_for(it)))
        }
        Operator::StartsWith => begins(narrow, wider),
        _ => false,
    }
}

/// Open ranges in the same direction.
fn bounded(narrow: &Comparison, wider: &Comparison, compare: &Compare) -> bool {
    let is_lower = |op: Operator| matches!(op, Operator::Gt | Operator::Gte);
    let is_upper = |op: Operator| matches!(op, Operator::Lt | Operator::Lte);
    let same_way =
        (is_lower(narrow.op) && is_lower(wider.op)) || (is_upper(narrow.op) && is_upper(wider.op));
    let excludes_limit = matches!(narrow.op, Operator::Gt | Operator::Lt);
    let same_limit = Limit::of(&wider.value)
        .is_ok_and(|limit| limit.compare(&Looked::new(&narrow.value)) == Some(Ordering::Equal));
    same_way && (compare.holds_for(&narrow.value) || (excludes_limit && same_limit))
}

fn begins(narrow: &Comparison, wider: &Comparison) -> bool {
    let text = |value: &Value| text_of(value).unwrap_or_default().to_lowercase();
    let (narrow, wide) = (text(&narrow.value), text(&wider.value));
    match wider.op {
        Operator::StartsWith => narrow.starts_with(&wide),
        Operator::Contains => narrow.contains(&wide),
        _ => false,
    }
}

/// The values of which a comparison asks for one.
fn alternatives(comparison: &Comparison) -> Option<(FieldPath, Vec<Value>)> {
    let path = FieldPath::parse(&comparison.field).ok()?;
    let written = match (comparison.op, &comparison.value) {
        (Operator::Eq, value) => std::slice::from_ref(value),
        (Operator::In, Value::Array(values)) => values.as_slice(),
        _ => return None,
    };
    if path.family() != Family::Country {
        return Some((path, written.to_vec()));
    }
    let codes = written
        .iter()
        .map(countries)
        .collect::<Result<Vec<_>, _>>()
        .ok()?;
    Some((path, codes.concat().into_iter().map(Value::from).collect()))
}

fn depends_on_now(op: Operator) -> bool {
    matches!(op, Operator::WithinDays | Operator::NotWithinDays)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{contradiction, implies};
    use crate::model::rules::Condition;

    fn condition(value: Value) -> Condition {
        serde_json::from_value(value).unwrap()
    }

    fn compare(field: &str, op: &str, value: Value) -> Value {
        json!({"field": field, "op": op, "value": value})
    }

    #[test]
    fn narrower_conditions_imply_wider_ones() {
        let country = |op: &str, value: Value| compare("contact.address.country", op, value);
        let budget = |op: &str, value: Value| compare("budget", op, value);
        let spain = country("eq", json!("ES"));
        for (narrow, wider, expected) in [
            (spain.clone(), country("in", json!(["PT", "es"])), true),
            (spain.clone(), country("in", json!(["EU"])), true),
            (
                country("eq", json!("DACH")),
                country("in", json!(["EU"])),
                false,
            ),
            (country("in", json!(["ES", "FR"])), spain.clone(), false),
            (spain.clone(), country("exists", Value::Null), true),
            (spain.clone(), country("ne", json!("PT")), true),
            (country("ne", json!("PT")), spain.clone(), false),
            (
                json!({"all": [spain, budget("gt", json!(5))]}),
                spain.clone(),
                true,
            ),
            (
                spain.clone(),
                json!({"all": [spain, budget("gt", json!(5))]}),
                false,
            ),
            (
                spain.clone(),
                json!({"any": [budget("gt", json!(5)), spain]}),
                true,
            ),
            (
                json!({"any": [spain, country("eq", json!("PT"))]}),
                country("in", json!(["IBERIA"])),
                true,
            ),
            (budget("gt", json!(10)), budget("gte", json!(10)), true),
            (budget("gte", json!(10)), budget("gt", json!(10)), false),
            (budget("gt", json!(10)), budget("gt", json!("10.0")), true),
            (budget("lt", json!(10)), budget("gt", json!(5)), false),
            (
                budget("between", json!([6, 9])),
                budget("gt", json!(5)),
                true,
            ),
            (
                budget("eq", json!(7)),
                budget("between", json!([5, 9])),
                true,
            ),
            (
                compare("contact.tags", "contains", json!("vip")),
                compare("contact.tags", "ne", json!("x")),
                false,
            ),
            (
                compare("title", "starts_with", json!("Sofa bed")),
                compare("title", "contains", json!("sofa")),
                true,
            ),
            (
                json!({"not": country("in", json!(["ES", "PT"]))}),
                json!({"not": spain}),
                true,
            ),
            (
                json!({"expr": "lead.test"}),
                json!({"expr": "lead.test"}),
                true,
            ),
        ] {
            let found = implies(&condition(narrow.clone()), &condition(wider.clone()));
            assert_eq!(found, expected, "{narrow} => {wider}");
        }
    }

    #[test]
    fn what_can_never_hold_is_found() {
        let country = |op: &str, value: Value| compare("contact.address.country", op, value);
        for (all, expected) in [
            (
                json!([country("eq", json!("ES")), country("eq", json!("PT"))]),
                true,
            ),
            (
                json!([country("eq", json!("ES")), country("in", json!(["EU"]))]),
                false,
            ),
            (
                json!([
                    country("eq", json!("ES")),
                    country("not_exists", Value::Null)
                ]),
                true,
            ),
            (
                json!([
                    compare("contact.tags", "eq", json!("a")),
                    compare("contact.tags", "eq", json!("b"))
                ]),
                false,
            ),
            (
                json!([
                    compare("budget", "eq", json!(5)),
                    compare("budget", "gt", json!(9))
                ]),
                true,
            ),
        ] {
            let found = contradiction(&condition(json!({"all": all}))).is_some();
            assert_eq!(found, expected, "{all}");
        }
    }
}
