//! Fields written by hand: checked like a sender's, kept whatever senders tell later, until somebody lets go of them.

use std::borrow::Cow;
use std::sync::Arc;

use minijinja::Value as Formula;
use serde_json::Value;
use uuid::Uuid;

use crate::expr::filters::country;
use crate::expr::payload::of_json;
use crate::expr::scope::Scope;
use crate::merge::{by_hand, identity};
use crate::model::event::Violation;
use crate::model::field::{CONSENT_STATES, Field, FieldType, Kind};
use crate::model::id::new_id;
use crate::model::identity::IdentityKey;
use crate::model::record::{Draft, Record, is_blank};
use crate::model::said::{Said, Word};
use crate::process::coerce::coerce;
use crate::process::edit::paper::{Paper, Remark, may_touch};
use crate::process::edit::{EditError, Hand, Result, make};
use crate::said;
use crate::store::Store;
use crate::store::edits::{Decided, Edit, Refusal, Shown, Wanted};

/// Characters of a text at most.
const LONGEST: usize = 20_000;

/// One field as somebody wants it.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldEdit {
    /// `phone`; a part of it: `custom.size`, `consent.email`.
    pub field: String,
    /// Blank to erase.
    pub value: Value,
    /// What stood there when they began; something else there now is a refusal. `None`: whatever stands there.
    pub was: Option<Value>,
}

/// Writes fields of a record.
///
/// # Errors
/// `Unknown`; `Invalid` with what is wrong; `Refused` with `key_taken`, `changed_meanwhile`, `no_change`, `not_yours`,
/// `deleted`
pub async fn change(
    store: &dyn Store,
    hand: &Hand,
    (kind, id): (Kind, Uuid),
    edits: Vec<FieldEdit>,
) -> Result<()> {
    let record = store.record(kind, id).await?.ok_or(EditError::Unknown)?;
    let edits = checked(store, &record, edits).await?;
    let keys = keys(kind, &edits);
    let wanted = Wanted {
        records: vec![(kind, id)],
        keys,
        ..Wanted::default()
    };
    let (hand, first_id) = (hand.clone(), new_id(hand.now));
    let decide = Box::new(move |shown: &Shown| write(&hand, first_id, shown, &edits));
    make(store, Edit { wanted, decide }).await
}

/// Each edit with its value in the shape of its field.
async fn checked(
    store: &dyn Store,
    record: &Record,
    edits: Vec<FieldEdit>,
) -> Result<Vec<FieldEdit>> {
    let names = region(record);
    let mut wrong = Vec::new();
    let mut good = Vec::new();
    for edit in edits {
        match shaped(record.kind, &edit.field, edit.value, &names) {
            Ok(value) => good.push(FieldEdit { value, ..edit }),
            Err(sentence) => wrong.push((edit.field, sentence)),
        }
    }
    let owner = good.iter().find(|edit| edit.field == "owner");
    if let Some(handle) = owner.and_then(|edit| edit.value.as_str()) {
        let desk = store.desk().await?;
        if !desk.reps.iter().any(|rep| rep.handle == handle) {
            let sentence = said!(
                "no-rep",
                "there is no rep \"{rep}\"; add it first",
                rep = handle
            );
            wrong.push(("owner".to_owned(), sentence));
        }
    }
    match wrong.is_empty() {
        true => Ok(good),
        false => Err(EditError::Invalid(wrong)),
    }
}

/// Numbers without a country's prefix are read as those of the country that the record names.
fn region(record: &Record) -> Scope {
    let country = record
        .fields
        .get("address")
        .and_then(|it| it.get("country"));
    let country = country.and_then(Value::as_str).unwrap_or_default();
    Scope::new([("region", Formula::from(country))])
}

/// The value as the field holds it; null to erase.
fn shaped(
    kind: Kind,
    field: &str,
    value: Value,
    names: &Scope,
) -> std::result::Result<Value, Said> {
    let (name, part) = by_hand::parts(field);
    let known = kind
        .field(name)
        .filter(|_| by_hand::is_editable(kind, field));
    let Some(known) = known else {
        return Err(said!(
            "no-such-field",
            "a {kind} has no {field} to write",
            kind = Word::Term("kind".into(), kind.as_str().to_owned()),
            field = field
        ));
    };
    if value
        .as_str()
        .is_some_and(|it| it.chars().count() > LONGEST)
    {
        let most = LONGEST;
        return Err(said!(
            "too-long",
            "it has more than {most} characters",
            most = most
        ));
    }
    if name == "consent" {
        let is_state = value
            .as_str()
            .is_some_and(|it| CONSENT_STATES.contains(&it));
        let states = CONSENT_STATES.join(", ");
        let sentence = || said!("no-state", "it is one of {states}", states = states);
        return is_state.then_some(value).ok_or_else(sentence);
    }
    if is_blank(&value) {
        return match name {
            "status" => Err(said!("blank-status", "a status cannot be left blank")),
            _ => Ok(Value::Null),
        };
    }
    if part.is_some() {
        return Ok(value);
    }
    let formula = of_json(Arc::new(value));
    let shaped = coerce(&known.of, &formula, names);
    let shaped = shaped.map_err(|misfit| Violation::new(misfit.path, misfit.sentence).said())?;
    let shaped = shaped.unwrap_or(Value::Null);
    fits(known, &shaped)?;
    Ok(shaped)
}

/// Whether a value may be written by hand. A sender's word is kept as it came, when nothing better can be made of it; a
/// person can be asked.
fn fits(field: &Field, value: &Value) -> std::result::Result<(), Said> {
    if let (FieldType::Object(fields), Value::Object(members)) = (&field.of, value) {
        let mut members = fields
            .iter()
            .filter_map(|it| Some((it, members.get(it.name)?)));
        return members.try_for_each(|(field, value)| fits(field, value));
    }
    let Some(text) = value.as_str() else {
        return Ok(());
    };
    match &field.of {
        FieldType::Email if !text.contains('@') => Err(said!(
            "no-address",
            "\"{email}\" is not an e-mail address",
            email = text
        )),
        FieldType::Phone if !identity::is_e164(text) => Err(said!(
            "no-prefix",
            "{text} is not a number with its country's prefix, such as +34 600 111 222",
            text = text
        )),
        FieldType::Country if country::alpha2(text).is_none() => Err(said!(
            "unknown-country",
            "{text} is not a country that is known",
            text = text
        )),
        FieldType::Text if field.name == "language" && !is_language(text) => Err(said!(
            "no-language",
            "{text} is not a language's code, such as es or pt-BR",
            text = text
        )),
        FieldType::Text if field.name == "website" && !is_website(text) => Err(said!(
            "no-website",
            "{text} is not the address of a website, such as https://example.com",
            text = text
        )),
        _ => Ok(()),
    }
}

/// A language and what narrows it, as BCP 47 writes them.
fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let is_of = |part: &str, lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&part.len()) && part.bytes().all(|it| it.is_ascii_alphanumeric())
    };
    parts.next().is_some_and(|first| is_of(first, 2..=3)) && parts.all(|part| is_of(part, 1..=8))
}

/// With or without its scheme, as people write it.
fn is_website(text: &str) -> bool {
    let https = text.strip_prefix("https://");
    let rest = https.or_else(|| text.strip_prefix("http://"));
    let rest = rest.unwrap_or(text);
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (name, port) = host.split_once(':').unwrap_or((host, "80"));
    let is_name = |it: &str| {
        it.contains('.') && !it.starts_with('.') && !it.ends_with('.') && !it.contains("..")
    };
    is_name(name) && port.parse::<u16>().is_ok() && !text.contains(char::is_whitespace)
}

/// The keys that a contact would be found by.
fn keys(kind: Kind, edits: &[FieldEdit]) -> Vec<IdentityKey> {
    let mut draft = Draft::new(kind);
    for edit in edits
        .iter()
        .filter(|it| matches!(&*it.field, "email" | "phone"))
    {
        draft.fields.insert(&edit.field, edit.value.clone());
    }
    identity::keys(&draft, "", "")
}

fn write(hand: &Hand, first_id: Uuid, shown: &Shown, edits: &[FieldEdit]) -> Decided {
    let before = only(shown)?;
    may_touch(hand, before)?;
    let kind = before.kind.as_str();
    let subject = format!("{kind}/{}", before.id);
    let mut paper = Paper::new(hand, first_id, &format!("{kind}.edited"), subject);
    let origin = paper.origin();
    let mut after = Cow::Borrowed(before);
    for edit in edits {
        let stands = value(before, &edit.field);
        if edit.was.as_ref().is_some_and(|was| was != stands) {
            let sentence = format!("somebody else changed {} meanwhile", edit.field);
            return Err(Refusal::new("changed_meanwhile", sentence));
        }
        let mut origin = origin.clone();
        if edit.field.starts_with("consent.") {
            // Whoever writes it down: it is one source, which can lift what it said before.
            "console".clone_into(&mut origin.source);
        }
        after = by_hand::edit(after, &edit.field, &edit.value, &origin);
    }
    if *after == *before {
        return Err(Refusal::new(
            "no_change",
            "nothing is different from what stands there",
        ));
    }
    let keys = claims(before, shown)?;
    let changed = paper.put(before, after, keys, Remark::default()).to_vec();
    paper.tell_changes(&changed);
    Ok(paper.done())
}

/// The keys that are free. An address that is somebody else's means that the two are one person, or a slip.
fn claims(before: &Record, shown: &Shown) -> std::result::Result<Vec<IdentityKey>, Refusal> {
    let other = shown
        .holders
        .iter()
        .find(|(_, holder)| *holder != before.id);
    let other = other.filter(|(key, _)| matches!(key, IdentityKey::Email(_)));
    if let Some((_, other)) = other {
        return Err(Refusal {
            other: Some(*other),
            ..Refusal::new(
                "key_taken",
                "another contact has this address: if they are one person, merge the two",
            )
        });
    }
    Ok(shown.free_keys())
}

/// What stands in a field, or in a part of it.
fn value<'r>(record: &'r Record, field: &str) -> &'r Value {
    let (name, part) = by_hand::parts(field);
    let whole = record.fields.get(name);
    let found = match part {
        None => whole,
        Some(channel) if name == "consent" => {
            let entries = whole.and_then(Value::as_array);
            let is_of = |it: &&Value| it.get("channel").and_then(Value::as_str) == Some(channel);
            let entry = entries.and_then(|it| it.iter().find(is_of));
            entry.and_then(|it| it.get("state"))
        }
        Some(part) => whole.and_then(|it| it.get(part)),
    };
    found.unwrap_or(&Value::Null)
}

/// Locks a field as it is, or lets go of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    On,
    Off,
}

/// Locks a field as it stands, or lets later news into it again.
///
/// # Errors
/// `Unknown`; `Refused` with `no_change`, `not_yours`, `deleted`
pub async fn lock(
    store: &dyn Store,
    hand: &Hand,
    (kind, id): (Kind, Uuid),
    field: &str,
    lock: Lock,
) -> Result<()> {
    if lock == Lock::On && !by_hand::is_editable(kind, field) {
        return Err(EditError::Unknown);
    }
    let wanted = Wanted {
        records: vec![(kind, id)],
        ..Wanted::default()
    };
    let (hand, first_id, field) = (hand.clone(), new_id(hand.now), field.to_owned());
    let decide = Box::new(move |shown: &Shown| write_lock(&hand, first_id, shown, (&field, lock)));
    make(store, Edit { wanted, decide }).await
}

fn write_lock(hand: &Hand, first_id: Uuid, shown: &Shown, (field, lock): (&str, Lock)) -> Decided {
    let before = only(shown)?;
    may_touch(hand, before)?;
    let kind = before.kind.as_str();
    let what = match lock {
        Lock::On => format!("{kind}.locked"),
        Lock::Off => format!("{kind}.unlocked"),
    };
    let subject = format!("{kind}/{}", before.id);
    let mut paper = Paper::new(hand, first_id, &what, subject);
    let after = match lock {
        Lock::On => {
            let origin = paper.origin();
            by_hand::edit(Cow::Borrowed(before), field, value(before, field), &origin)
        }
        Lock::Off => by_hand::unlock(Cow::Borrowed(before), field),
    };
    if *after == *before {
        return Err(Refusal::new("no_change", "it is so already"));
    }
    paper.put(before, after, Vec::new(), Remark::default());
    let told = serde_json::Map::from_iter([("field".to_owned(), Value::from(field))]);
    paper.tell(serde_json::Map::new(), told);
    Ok(paper.done())
}

/// The one record that was asked for.
fn only(shown: &Shown) -> std::result::Result<&Record, Refusal> {
    let first = shown.records.first();
    first.ok_or_else(|| Refusal::new("deleted", "it is not there any more"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::shaped;
    use crate::expr::scope::Scope;
    use crate::model::field::Kind;

    fn check(kind: Kind, field: &str, typed: Value, expected: Result<Value, &str>) {
        let names = Scope::new([("region", minijinja::Value::from("ES"))]);
        let found = shaped(kind, field, typed, &names);
        match expected {
            Ok(value) => assert_eq!(found, Ok(value), "{field}"),
            Err(words) => assert!(
                found.clone().is_err_and(|it| it.english.contains(words)),
                "{found:?}"
            ),
        }
    }

    #[test]
    fn what_is_typed_is_read_as_a_senders_word_is() {
        check(
            Kind::Contact,
            "email",
            json!(" Ana@Example.com "),
            Ok(json!("ana@example.com")),
        );
        check(Kind::Contact, "email", json!("ana"), Err("not an e-mail"));
        check(
            Kind::Contact,
            "phone",
            json!("600 111 222"),
            Ok(json!("+34600111222")),
        );
        check(Kind::Contact, "phone", json!("12"), Err("prefix"));
        check(Kind::Contact, "company", json!("  "), Ok(Value::Null));
        check(
            Kind::Contact,
            "tags",
            json!(["a", "", "a"]),
            Ok(json!(["a"])),
        );
        check(
            Kind::Contact,
            "consent.email",
            json!("withdrawn"),
            Ok(json!("withdrawn")),
        );
        check(
            Kind::Contact,
            "consent.email",
            json!("maybe"),
            Err("one of"),
        );
        check(
            Kind::Contact,
            "external_id",
            json!("1"),
            Err("no external_id"),
        );
        check(Kind::Lead, "status", json!("working"), Ok(json!("working")));
        check(Kind::Lead, "status", json!("asleep"), Err("none of"));
        check(Kind::Lead, "status", json!(""), Err("blank"));
        check(Kind::Lead, "budget", json!("12.50"), Ok(json!("12.50")));
        check(Kind::Lead, "nonsense", json!("x"), Err("no nonsense"));
        let address = json!({"city": "Cádiz", "country": "Spain", "street2": ""});
        let read = json!({"city": "Cádiz", "country": "ES"});
        check(Kind::Contact, "address", address, Ok(read));
    }

    #[test]
    fn what_no_sender_would_mean_is_refused() {
        let nowhere = json!({"city": "x", "country": "Narnia"});
        check(Kind::Contact, "address", nowhere, Err("Narnia"));
        let unreal = json!({"city": "x", "country": "XX"});
        check(Kind::Contact, "address", unreal, Err("not a country"));
        check(Kind::Contact, "language", json!("klingon"), Err("language"));
        check(
            Kind::Contact,
            "language",
            json!("pt-BR"),
            Ok(json!("pt-BR")),
        );
        for website in ["not a url", "javascript:alert(1)", "example", "a.b:x"] {
            check(Kind::Contact, "website", json!(website), Err("website"));
        }
        for website in [
            "example.com",
            "https://example.com/a?b=c",
            "http://shop.example:8080",
        ] {
            check(Kind::Contact, "website", json!(website), Ok(json!(website)));
        }
        check(Kind::Contact, "phone", json!("+"), Err("prefix"));
    }
}
