//! Which record a draft speaks of.

use uuid::Uuid;

use crate::merge::names;
use crate::model::identity::IdentityKey;
use crate::model::record::Draft;
use crate::model::said::Said;
use crate::said;

/// What is known about keys and people.
pub trait Known {
    /// The record that holds a key.
    fn holder(&self, key: &IdentityKey) -> Option<Uuid>;
    /// The family name of a contact.
    fn family_name(&self, contact: Uuid) -> Option<&str>;
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
/// number unless the family names say that it is shared. A key that another record holds stays there.
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
            .find(|contact| !is_other_family(draft, *contact, known))
    });
    let conflict = record.and_then(|record| conflict(draft, record, &held, known));
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
    draft: &Draft,
    record: Uuid,
    held: &[(&IdentityKey, Option<Uuid>)],
    known: &impl Known,
) -> Option<Conflict> {
    held.iter().find_map(|(key, holder)| {
        let other = holder.filter(|other| *other != record)?;
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
            IdentityKey::Phone(_) if !is_other_family(draft, other, known) => Some(Conflict {
                other,
                field: "phone",
                reason: said!(
                    "twin-phone",
                    "This contact was found by its id or e-mail address, and the phone number is the other one's: they may \
                     be one person. The event was applied to this one, and the number stays a key of the other."
                ),
            }),
            _ => None,
        }
    })
}

/// Whether a draft and a contact have family names that are really different.
pub fn is_other_family(draft: &Draft, contact: Uuid, known: &impl Known) -> bool {
    names::conflict(draft.text("family_name"), known.family_name(contact))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::{Known, find};
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

        fn family_name(&self, contact: Uuid) -> Option<&str> {
            (contact == Uuid::from_u128(3)).then_some("Ruíz")
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
