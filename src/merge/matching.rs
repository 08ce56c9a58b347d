//! Which record a draft speaks of.

use std::borrow::Cow;

use uuid::Uuid;

use crate::merge::names;
use crate::model::identity::IdentityKey;
use crate::model::record::{Draft, Fields, Record};
use crate::model::said::Said;
use crate::said;

/// What is known about keys and people.
pub trait Known {
    /// The record that holds a key.
    fn holder(&self, key: &IdentityKey) -> Option<Uuid>;
    /// What a contact says of the person.
    fn person(&self, contact: Uuid) -> Person<'_>;
}

/// What tells people apart who share a phone number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Person<'p> {
    pub family_name: Option<&'p str>,
    /// The whole name.
    pub name: Option<Cow<'p, str>>,
    pub email: Option<&'p str>,
    /// A sender's id of the person, and which source it is from.
    pub id: Option<(&'p str, &'p str)>,
}

impl<'p> Person<'p> {
    /// Whom a contact speaks of.
    pub fn of(contact: &'p Record) -> Self {
        let id = contact.fields.text("external_id");
        let told = contact.meta.fields.get("external_id");
        let origin = told.and_then(|told| contact.meta.origins.get(told.origin as usize));
        Person {
            id: id.zip(origin).map(|(id, origin)| (&*origin.source, id)),
            ..Person::told(&contact.fields)
        }
    }

    fn told(fields: &'p Fields) -> Self {
        let text = |name: &str| {
            let text = fields.text(name).map(str::trim);
            text.filter(|text| !text.is_empty())
        };
        let put_together = || names::put_together(fields).map(Cow::Owned);
        let full = text("full_name").map(Cow::Borrowed);
        Person {
            family_name: text("family_name"),
            name: full.or_else(put_together),
            email: text("email"),
            id: None,
        }
    }
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// `None`: nobody yet, so a new record.
    pub record: Option<Uuid>,
    /// Another record that a strong key points at.
    pub conflict: Option<Conflict>,
    /// The keys the record may claim: those that are free or its own already.
    pub claims: Vec<IdentityKey>,
}

/// Two keys of one draft belong to two records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    pub other: Uuid,
    /// The field of the draft that names the other record.
    pub field: &'static str,
    /// A sentence without personal data.
    pub reason: Said,
}

/// Finds the record of `draft` by its `keys`, strongest first: the sender's id, the e-mail address, and the phone
/// number unless it may be shared by several people. A key that another record holds stays there.
pub fn find(draft: &Draft, keys: &[IdentityKey], known: &impl Known) -> Match {
    let held: Vec<(&IdentityKey, Option<Uuid>)> =
        keys.iter().map(|key| (key, known.holder(key))).collect();
    let strong = held
        .iter()
        .filter(|(key, _)| !matches!(key, IdentityKey::Phone(_)))
        .find_map(|(_, holder)| *holder);
    let record = strong.or_else(|| {
        held.iter()
            .filter_map(|(_, holder)| *holder)
            .find(|contact| likeness((draft, keys), *contact, known) == Likeness::Same)
    });
    let conflict = conflict((draft, keys), record, &held, known);
    let claims = held
        .into_iter()
        .filter(|(_, holder)| holder.is_none() || *holder == record)
        .map(|(key, _)| key.clone())
        .collect();
    Match {
        record,
        conflict,
        claims,
    }
}

/// The strongest key that points elsewhere. A phone number only counts when the names allow that the two contacts are
/// one person: a number that a family or an office shares is no question for anybody.
fn conflict(
    told: (&Draft, &[IdentityKey]),
    record: Option<Uuid>,
    held: &[(&IdentityKey, Option<Uuid>)],
    known: &impl Known,
) -> Option<Conflict> {
    held.iter().find_map(|(key, holder)| {
        let other = holder.filter(|other| Some(*other) != record)?;
        match key {
            IdentityKey::Email(_) => Some(Conflict {
                other,
                field: "email",
                reason: said!(
                    "twin-email",
                    "The sender's id belongs to this contact, the e-mail address to the other one: the event was applied \
                     to this one, and the address stays a key of the other."
                ),
            }),
            IdentityKey::Phone(_) if likeness(told, other, known) != Likeness::Other => {
                let reason = match record {
                    Some(_) => said!(
                        "twin-phone",
                        "This contact was found by its id or e-mail address, and the phone number is the other one's: they may \
                         be one person. The event was applied to this one, and the number stays a key of the other."
                    ),
                    None => said!(
                        "twin-phone-new",
                        "The phone number is the other contact's, and the e-mail address or the sender's id is not: they may be \
                         one person, or two who share a telephone. A contact of its own was made, and the number stays a key of \
                         the other."
                    ),
                };
                Some(Conflict {
                    other,
                    field: "phone",
                    reason,
                })
            }
            _ => None,
        }
    })
}

/// Whether a draft and a contact have family names that are really different.
pub fn is_other_family(draft: &Draft, contact: Uuid, known: &impl Known) -> bool {
    names::conflict(draft.text("family_name"), known.person(contact).family_name)
}

/// Whether a draft and a contact with the same phone number speak of one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Likeness {
    Same,
    /// A human has to say.
    Perhaps,
    Other,
}

/// Names that differ tell people apart. With another e-mail address it takes names that agree to be the same person: an
/// office has one number, and whoever knows somebody's number must not come into their contact by it. Whom one sender
/// has under two ids a human has to say.
fn likeness(
    (draft, keys): (&Draft, &[IdentityKey]),
    contact: Uuid,
    known: &impl Known,
) -> Likeness {
    let (one, other) = (Person::told(&draft.fields), known.person(contact));
    let names = (one.name.as_deref(), other.name.as_deref());
    let is_other_family = names::conflict(one.family_name, other.family_name);
    if is_other_family || names::are_strangers(names.0, names.1) {
        return Likeness::Other;
    }
    let has_other_address = match (one.email, other.email) {
        (Some(one), Some(other)) => !one.eq_ignore_ascii_case(other),
        _ => false,
    };
    let has_other_id = keys.iter().any(|key| match (key, other.id) {
        (IdentityKey::External { source, id, .. }, Some(known)) => {
            *source == known.0 && *id != known.1
        }
        _ => false,
    });
    match has_other_id || (has_other_address && !names::agree(names.0, names.1)) {
        true => Likeness::Perhaps,
        false => Likeness::Same,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::{Known, Person, find};
    use crate::merge::identity;
    use crate::model::field::Kind;
    use crate::model::identity::IdentityKey;
    use crate::model::record::Draft;

    /// Contact 1 has the sender's id 17, 2 an e-mail address, 3 a phone number and the name Ruiz.
    struct Three;

    impl Known for Three {
        fn holder(&self, key: &IdentityKey) -> Option<Uuid> {
            match key {
                IdentityKey::External { id, .. } if id == "17" => Some(Uuid::from_u128(1)),
                IdentityKey::Email(address) if address == "two@example.com" => {
                    Some(Uuid::from_u128(2))
                }
                IdentityKey::Phone(number) if number == "+34600000003" => Some(Uuid::from_u128(3)),
                _ => None,
            }
        }

        fn person(&self, contact: Uuid) -> Person<'_> {
            match contact.as_u128() {
                3 => Person {
                    family_name: Some("Ruíz"),
                    name: Some("Ana Ruíz".into()),
                    email: Some("ana@example.com"),
                    id: Some(("shopify", "33")),
                },
                _ => Person::default(),
            }
        }
    }

    /// `expected`: the record, the other record of a conflict, the number of claimed keys.
    fn check(fields: Value, expected: (Option<u128>, Option<u128>, usize)) {
        let mut draft = Draft::new(Kind::Contact);
        draft.fields = serde_json::from_value(fields.clone()).unwrap();
        let found = find(&draft, &identity::keys(&draft, "shopify", "shop"), &Three);
        assert_eq!(
            (
                found.record.map(|it| it.as_u128()),
                found.conflict.map(|it| it.other.as_u128()),
                found.claims.len()
            ),
            expected,
            "{fields}"
        );
    }

    #[test]
    fn the_strongest_key_decides() {
        check(json!({}), (None, None, 0));
        check(json!({"email": "new@example.com"}), (None, None, 1));
        check(json!({"external_id": "17"}), (Some(1), None, 1));
        check(json!({"email": "two@example.com"}), (Some(2), None, 1));
        check(
            json!({"external_id": "99", "email": "two@example.com", "phone": "+34600000009"}),
            (Some(2), None, 3),
        );
        check(
            json!({"external_id": "17", "email": "new@example.com"}),
            (Some(1), None, 2),
        );
    }

    #[test]
    fn strong_keys_that_disagree_are_for_a_human() {
        check(
            json!({"external_id": "17", "email": "two@example.com"}),
            (Some(1), Some(2), 1),
        );
    }

    #[test]
    fn a_phone_number_counts_unless_it_is_shared() {
        check(json!({"phone": "+34600000003"}), (Some(3), None, 1));
        check(
            json!({"phone": "+34600000003", "family_name": "RUIZ"}),
            (Some(3), None, 1),
        );
        check(
            json!({"phone": "+34600000003", "family_name": "Roca", "email": "roca@example.com"}),
            (None, None, 1),
        );
    }

    #[test]
    fn a_phone_number_with_another_address_takes_names_that_agree() {
        let check = |name: Value, expected: (Option<u128>, Option<u128>, usize)| {
            let mut fields = json!({"phone": "+34600000003", "email": "new@example.com"});
            if let (Some(fields), Value::Object(name)) = (fields.as_object_mut(), name) {
                fields.extend(name);
            }
            check(fields, expected);
        };
        check(json!({"full_name": "Ana Ruiz"}), (Some(3), None, 2));
        check(json!({"given_name": "Ana"}), (None, Some(3), 1));
        check(json!({}), (None, Some(3), 1));
        check(json!({"full_name": "Eva Ruiz"}), (None, Some(3), 1));
        check(json!({"full_name": "Hal Moe"}), (None, None, 1));
    }

    #[test]
    fn whom_a_sender_has_under_two_ids_is_not_one_person_by_a_phone_number() {
        let told =
            |id: &str| json!({"phone": "+34600000003", "full_name": "Ana Ruiz", "external_id": id});
        check(told("44"), (None, Some(3), 1));
        check(told("33"), (Some(3), None, 2));
    }

    #[test]
    fn a_phone_number_of_somebody_else_is_a_question_unless_the_names_answer_it() {
        check(
            json!({"email": "two@example.com", "phone": "+34600000003"}),
            (Some(2), Some(3), 1),
        );
        check(
            json!({"email": "two@example.com", "phone": "+34600000003", "family_name": "Roca"}),
            (Some(2), None, 1),
        );
    }
}
