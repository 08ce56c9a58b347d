//! What people write into records themselves: it stands above all news, and stays until they let go of it.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::merge::policy::Policy;
use crate::merge::telling::Telling;
use crate::merge::{Hold, consent};
use crate::model::field::Kind;
use crate::model::record::{FieldMeta, Origin, Record, is_blank};

/// The record after somebody wrote one field, or one part of it (`custom.size`, `consent.email`). A blank erases.
///
/// A consent is told, not forced: a withdrawal that the person gave a sender stands until that sender lifts it.
pub fn edit<'a>(
    known: Cow<'a, Record>,
    field: &str,
    value: &Value,
    origin: &Origin,
) -> Cow<'a, Record> {
    let mut telling = Telling::new(known, origin);
    force(&mut telling, field, value);
    telling.done()
}

/// The same in the middle of a telling.
pub(super) fn force(telling: &mut Telling<'_, '_>, field: &str, value: &Value) {
    let (name, part) = parts(field);
    match (Policy::of(telling.kind(), name), part) {
        (Policy::Consent, Some(channel)) => {
            let entry = serde_json::json!({"channel": channel, "state": value});
            consent::tell(telling, &entry, 0);
        }
        (Policy::Members, Some(member)) => force_member(telling, name, member, value),
        (Policy::Union, None) => {
            forget_parts(telling, name);
            telling.force(name, value, Hold::Locked);
        }
        _ => telling.force(field, value, Hold::Locked),
    }
}

/// The record after somebody let go of a field: the value stays until news of it comes.
pub fn unlock<'a>(mut known: Cow<'a, Record>, field: &str) -> Cow<'a, Record> {
    let is_locked = |record: &Record| record.meta.fields.get(field).is_some_and(|it| it.locked);
    if is_locked(&known)
        && let Some(meta) = known.to_mut().meta.fields.get_mut(field)
    {
        meta.locked = false;
    }
    known
}

/// Whether people may write this field: it exists, and is neither a key nor a link nor told by the desk.
pub fn is_editable(kind: Kind, field: &str) -> bool {
    let (name, part) = parts(field);
    if kind.field(name).is_none() {
        return false;
    }
    match (Policy::of(kind, name), part) {
        (Policy::Members, Some(_)) => name == "custom",
        (Policy::Consent, Some(_)) => true,
        (Policy::Members | Policy::Consent, None) | (_, Some(_)) => false,
        // Whose a lead is, is the desk's to decide.
        (_, None) if (kind, name) == (Kind::Lead, "owner") => false,
        _ => !matches!(
            name,
            "external_id"
                | "source"
                | "contact"
                | "order"
                | "test"
                | "answers"
                | "line_items"
                | "tracking"
        ),
    }
}

/// A field and the part of it that is meant.
pub fn parts(field: &str) -> (&str, Option<&str>) {
    match field.split_once('.') {
        Some((name, part)) => (name, Some(part)),
        None => (field, None),
    }
}

fn force_member(telling: &mut Telling<'_, '_>, name: &str, member: &str, value: &Value) {
    let mut members = match telling.record().fields.get(name) {
        Some(Value::Object(members)) => members.clone(),
        _ => Map::new(),
    };
    match is_blank(value) {
        true => drop(members.shift_remove(member)),
        false => drop(members.insert(member.to_owned(), value.clone())),
    }
    match members.is_empty() {
        true => telling.remove(name),
        false => telling.replace(name, Value::Object(members)),
    }
    let meta = FieldMeta {
        origin: telling.here(),
        locked: true,
        ..FieldMeta::default()
    };
    telling.put_meta(&format!("{name}.{member}"), meta);
}

/// The clocks of the entries of a list that is now written as a whole.
fn forget_parts(telling: &mut Telling<'_, '_>, name: &str) {
    let prefix = format!("{name}.");
    let fields = &telling.record().meta.fields;
    let below = fields.keys().filter(|key| key.starts_with(&prefix));
    for key in below.cloned().collect::<Vec<_>>() {
        telling.drop_meta(&key);
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use jiff::Timestamp;
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::{edit, is_editable, unlock};
    use crate::merge::{merge, unwritten};
    use crate::model::field::Kind;
    use crate::model::record::{Draft, Origin, Record};

    fn origin(event: u128, source: &str, at_ms: i64) -> Origin {
        Origin {
            event: Uuid::from_u128(event),
            source: source.to_owned(),
            at_ms,
        }
    }

    fn draft(fields: Value) -> Draft {
        Draft {
            fields: serde_json::from_value(fields).unwrap(),
            ..Draft::new(Kind::Contact)
        }
    }

    fn told(known: Record, fields: Value, at: i64) -> Record {
        let origin = origin(u128::try_from(at).unwrap(), "shop", at);
        merge(Cow::Owned(known), &draft(fields), &origin).into_owned()
    }

    fn fresh() -> Record {
        unwritten(
            &Draft::new(Kind::Contact),
            Uuid::nil(),
            Timestamp::UNIX_EPOCH,
        )
    }

    /// Somebody edits one field; then the sender tells of it again, later.
    #[track_caller]
    fn check(before: Value, (field, value): (&str, Value), after: Value, expected: Value) {
        let record = told(fresh(), before, 1);
        let hand = origin(9, "ana", 2);
        let record = edit(Cow::Owned(record), field, &value, &hand).into_owned();
        let record = told(record, after.clone(), 3);
        assert_eq!(Value::from(record.fields.clone()), expected, "{field}");
        let free = unlock(Cow::Owned(record), field).into_owned();
        let record = told(free, after, 4);
        assert!(record.meta.fields.values().all(|meta| !meta.locked));
    }

    #[test]
    fn what_is_written_by_hand_stays() {
        check(
            json!({"company": "Old"}),
            ("company", json!("By hand")),
            json!({"company": "News"}),
            json!({"company": "By hand"}),
        );
        check(
            json!({"company": "Old", "phone": "+34600000001"}),
            ("company", json!("")),
            json!({"company": "News"}),
            json!({"phone": "+34600000001"}),
        );
        check(
            json!({"tags": ["a", "b"]}),
            ("tags", json!(["b", "vip"])),
            json!({"tags": ["a", "c"]}),
            json!({"tags": ["b", "vip"]}),
        );
        check(
            json!({"custom": {"size": "38", "colour": "red"}}),
            ("custom.size", json!("40")),
            json!({"custom": {"size": "42", "colour": "blue"}}),
            json!({"custom": {"size": "40", "colour": "blue"}}),
        );
        check(
            json!({"custom": {"size": "38"}, "company": "Old"}),
            ("custom.size", Value::Null),
            json!({"custom": {"size": "42"}}),
            json!({"company": "Old"}),
        );
    }

    #[test]
    fn a_withdrawal_stands_until_its_sender_lifts_it() {
        let consent = |record: &Record| {
            record.fields["consent"][0]["state"]
                .as_str()
                .map(str::to_owned)
        };
        let asked = json!({"consent": [{"channel": "email", "state": "granted"}]});
        let record = told(fresh(), asked.clone(), 1);
        let no = edit(
            Cow::Owned(record),
            "consent.email",
            &json!("withdrawn"),
            &origin(9, "console", 2),
        );
        assert_eq!(consent(&no).as_deref(), Some("withdrawn"));
        let later = told(no.into_owned(), asked, 3);
        assert_eq!(consent(&later).as_deref(), Some("withdrawn"));
        let lifted = edit(
            Cow::Owned(later),
            "consent.email",
            &json!("granted"),
            &origin(10, "console", 4),
        );
        assert_eq!(consent(&lifted).as_deref(), Some("granted"));
    }

    #[test]
    fn keys_and_links_are_nobodys_to_write() {
        for (kind, field, expected) in [
            (Kind::Contact, "phone", true),
            (Kind::Contact, "address", true),
            (Kind::Contact, "custom.size", true),
            (Kind::Contact, "consent.email", true),
            (Kind::Contact, "custom", false),
            (Kind::Contact, "consent", false),
            (Kind::Contact, "stats.total_spent", false),
            (Kind::Contact, "address.city", false),
            (Kind::Contact, "external_id", false),
            (Kind::Lead, "contact", false),
            (Kind::Lead, "status", true),
            (Kind::Lead, "owner", false),
            (Kind::Ticket, "owner", true),
            (Kind::Lead, "nonsense", false),
        ] {
            assert_eq!(is_editable(kind, field), expected, "{field}");
        }
    }
}
