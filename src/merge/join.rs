//! Two contacts become one, and two again.
//!
//! The contact that is kept is told everything that the other was told, each field with the clock it had: so the
//! result is what would stand there had all those events been known to be of one person. Whoever merges may choose
//! otherwise, field by field; that is an edit by hand.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::merge::by_hand;
use crate::merge::policy::Policy;
use crate::merge::telling::Telling;
use crate::merge::{consent, tell};
use crate::model::record::{FieldMeta, FieldName, Meta, Origin, Record};

/// The contact that is kept, after it was told what `other` knows. `picks` names the fields of which `origin`, who
/// merges, wants the other value than would stand there.
pub fn join(kept: &Record, other: &Record, picks: &BTreeSet<String>, origin: &Origin) -> Record {
    let mut joined = Cow::Borrowed(kept);
    for (key, meta) in &other.meta.fields {
        let Some(told_by) = other.meta.origins.get(meta.origin as usize) else {
            continue;
        };
        let mut telling = Telling::new(joined, told_by);
        retell(&mut telling, other, key, meta);
        joined = telling.done();
    }
    let mut joined = joined.into_owned();
    for (name, value) in &other.fields {
        if !joined.fields.contains_key(name) && !other.meta.fields.contains_key(name) {
            joined.fields.insert(name, value.clone());
        }
    }
    for name in picks {
        let stands = joined.fields.get(name);
        let values = [kept.fields.get(name), other.fields.get(name)];
        if let Some(wanted) = values.into_iter().flatten().find(|it| Some(*it) != stands) {
            let edited = by_hand::edit(Cow::Owned(joined), name, wanted, origin);
            joined = edited.into_owned();
        }
    }
    joined
}

/// Tells one thing again that another contact was told.
fn retell(telling: &mut Telling<'_, '_>, other: &Record, key: &str, meta: &FieldMeta) {
    if key == Meta::LIFE {
        return telling.live(false);
    }
    let (name, part) = by_hand::parts(key);
    let field = other.fields.get(name);
    let policy = Policy::of(telling.kind(), name);
    // A clock without a value: somebody erased it.
    match (policy, part) {
        (Policy::Members | Policy::Union, None) if !meta.locked => {
            return telling.clear_members(name);
        }
        (Policy::Whole, None) if !meta.locked && field.is_none() => return telling.clear(name),
        _ => {}
    }
    let value = match (policy, part) {
        (Policy::Members, Some(member)) => field
            .and_then(|it| it.get(member))
            .map(|value| json!({member: value})),
        (Policy::Union, Some(item)) => field.map(|_| json!([item])),
        (Policy::Consent, Some(part)) => {
            let channel = part.split('@').next().unwrap_or_default();
            let state = match &meta.behind {
                Some(state) => Some(Value::from(state.as_str())),
                None => standing(field, channel),
            };
            let entry = json!({"channel": channel, "state": state});
            return consent::tell(telling, &entry, meta.line);
        }
        _ => field.cloned(),
    };
    // What a hand holds here stays; what a hand holds there stands above what only senders told here.
    let is_held = telling.is_locked(key) || telling.is_locked(name);
    match value {
        Some(value) if !meta.locked || is_held => tell(telling, name, &value, meta.line),
        Some(_) | None if meta.locked && !is_held => hold(telling, other, key),
        _ => {}
    }
}

/// Takes over what a hand wrote into the other contact.
fn hold(telling: &mut Telling<'_, '_>, other: &Record, key: &str) {
    let (name, part) = by_hand::parts(key);
    let field = other.fields.get(name);
    let value = match part {
        Some(part) => field.and_then(|it| it.get(part)),
        None => field,
    };
    by_hand::force(telling, key, value.unwrap_or(&Value::Null));
}

fn standing(field: Option<&Value>, channel: &str) -> Option<Value> {
    let entries = field?.as_array()?;
    let entry = entries
        .iter()
        .find(|entry| entry.get("channel").and_then(Value::as_str) == Some(channel))?;
    entry.get("state").cloned()
}

/// The kept contact as it is to be after its merge is undone: what the merge changed and nobody changed since is as it
/// was `before`; what came later stays.
pub fn part(now: &Record, before: &Record, after: &Record) -> Record {
    let mut parted = now.clone();
    let names: BTreeSet<&str> = before.fields.keys().chain(after.fields.keys()).collect();
    for name in names {
        if now.fields.get(name) != after.fields.get(name) {
            continue;
        }
        match before.fields.get(name) {
            Some(value) => drop(parted.fields.insert(name, value.clone())),
            None => drop(parted.fields.remove(name)),
        }
    }
    let (was, then, is) = (clocks(before), clocks(after), clocks(now));
    let keys: BTreeSet<&FieldName> = was.keys().chain(is.keys()).copied().collect();
    let mut meta = Meta::default();
    for key in keys {
        let is_untouched = is.get(key) == then.get(key);
        let chosen = if is_untouched {
            was.get(key)
        } else {
            is.get(key)
        };
        if let Some((origin, field)) = chosen {
            put(&mut meta, key, origin, field);
        }
    }
    parted.meta = meta;
    parted
}

/// Each clock with its origin.
fn clocks(record: &Record) -> BTreeMap<&FieldName, (&Origin, FieldMeta)> {
    let mut clocks = BTreeMap::new();
    for (key, field) in &record.meta.fields {
        if let Some(origin) = record.meta.origins.get(field.origin as usize) {
            let bare = FieldMeta {
                origin: 0,
                ..field.clone()
            };
            clocks.insert(key, (origin, bare));
        }
    }
    clocks
}

fn put(meta: &mut Meta, key: &str, origin: &Origin, field: &FieldMeta) {
    let known = meta.origins.iter().position(|known| known == origin);
    let place = known.unwrap_or_else(|| {
        meta.origins.push(origin.clone());
        meta.origins.len() - 1
    });
    let field = FieldMeta {
        origin: u32::try_from(place).unwrap_or(u32::MAX),
        ..field.clone()
    };
    meta.fields.insert(key.into(), field);
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::collections::BTreeSet;

    use jiff::Timestamp;
    use proptest::prelude::{Strategy, any, prop, proptest};
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::{join, part};
    use crate::merge::{by_hand, merge, unwritten};
    use crate::model::field::Kind;
    use crate::model::record::{Draft, Origin, Record};

    fn origin(event: u8) -> Origin {
        Origin {
            event: Uuid::from_u128(u128::from(event) + 1),
            source: format!("source-{}", event % 3),
            at_ms: i64::from(event),
        }
    }

    fn nobody(id: u128) -> Record {
        let draft = Draft::new(Kind::Contact);
        unwritten(&draft, Uuid::from_u128(id), Timestamp::UNIX_EPOCH)
    }

    fn told(known: Record, event: u8, fields: &Value) -> Record {
        let draft = Draft {
            fields: fields.as_object().unwrap().clone().into(),
            ..Draft::new(Kind::Contact)
        };
        merge(Cow::Owned(known), &draft, &origin(event)).into_owned()
    }

    /// A few fields of every policy.
    fn news() -> impl Strategy<Value = Value> {
        let word = prop::sample::select(vec!["a", "b", "c"]);
        let state = prop::sample::select(vec!["granted", "withdrawn", "denied"]);
        let (one, two, three) = (word.clone(), word.clone(), word.clone());
        (
            prop::option::of(one),
            prop::option::of(two),
            prop::option::of(three),
            word,
            state,
        )
            .prop_map(|(company, tag, member, email, state)| {
                json!({
                    "company": company,
                    "tags": tag.into_iter().collect::<Vec<_>>(),
                    "custom": {"size": member},
                    "email": email,
                    "consent": [{"channel": "email", "state": state}],
                })
            })
    }

    proptest! {
        #[test]
        fn one_contact_is_what_it_would_be_had_it_always_been_one(
            news in prop::collection::vec((any::<bool>(), any::<u8>(), news()), 0..8)
        ) {
            let (mut kept, mut other, mut one) = (nobody(1), nobody(2), nobody(1));
            for (to_kept, event, fields) in &news {
                match to_kept {
                    true => kept = told(kept, *event, fields),
                    false => other = told(other, *event, fields),
                }
                one = told(one, *event, fields);
            }
            let joined = join(&kept, &other, &BTreeSet::new(), &origin(255));
            // The same event told twice keeps its last words, of which a contact of its own knows only its own.
            let mut events: Vec<u8> = news.iter().map(|(_, event, _)| *event).collect();
            events.sort_unstable();
            events.dedup();
            if events.len() == news.len() {
                assert_eq!(joined.fields, one.fields);
            }
            let parted = part(&joined, &kept, &joined);
            assert_eq!(parted.fields, kept.fields);
        }
    }

    #[test]
    fn a_choice_is_an_edit_by_hand() {
        let kept = told(
            nobody(1),
            5,
            &json!({"company": "New", "email": "new@example.com"}),
        );
        let other = told(
            nobody(2),
            1,
            &json!({"company": "Old", "phone": "+34600000001"}),
        );
        let picks = BTreeSet::from(["company".to_owned()]);
        let joined = join(&kept, &other, &picks, &origin(9));
        assert_eq!(joined.fields["company"], "Old");
        assert_eq!(joined.fields["phone"], "+34600000001");
        assert!(joined.meta.fields["company"].locked);
        assert!(!joined.meta.fields["phone"].locked);
    }

    #[test]
    fn what_a_hand_wrote_in_either_stays() {
        let hand = |record: Record, value: &str| {
            by_hand::edit(Cow::Owned(record), "company", &json!(value), &origin(0)).into_owned()
        };
        let told_late = told(nobody(1), 9, &json!({"company": "News"}));
        let edited = hand(told(nobody(2), 1, &json!({"company": "Old"})), "By hand");
        let none = BTreeSet::new();
        let joined = join(&told_late, &edited, &none, &origin(9));
        assert_eq!(joined.fields["company"], "By hand");
        assert!(joined.meta.fields["company"].locked);
        let mine = hand(nobody(3), "Mine");
        let joined = join(&mine, &edited, &none, &origin(9));
        assert_eq!(joined.fields["company"], "Mine");
    }

    #[test]
    fn what_came_after_the_merge_stays_when_it_is_undone() {
        let kept = told(
            nobody(1),
            1,
            &json!({"company": "One", "email": "one@example.com"}),
        );
        let other = told(
            nobody(2),
            2,
            &json!({"company": "Two", "phone": "+34600000001"}),
        );
        let joined = join(&kept, &other, &BTreeSet::new(), &origin(9));
        let later = told(
            joined.clone(),
            10,
            &json!({"email": "later@example.com", "job_title": "Boss"}),
        );
        let parted = part(&later, &kept, &joined);
        let expected = json!({"company": "One", "email": "later@example.com", "job_title": "Boss"});
        assert_eq!(Value::from(parted.fields), expected);
        assert!(!parted.meta.fields.contains_key("phone"));
    }
}
