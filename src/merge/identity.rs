//! The keys a draft claims.

use crate::model::field::Kind;
use crate::model::identity::IdentityKey;
use crate::model::record::{Draft, Fields};

/// The keys of `draft`, strongest first: those it had before, where the sender says that they changed; the sender's id;
/// of a contact also the e-mail address and the phone number, the latter only in E.164, because a local number is many
/// people's.
///
/// `scope` is the account at the source that the sender's ids belong to.
pub fn keys(draft: &Draft, source: &str, scope: &str) -> Vec<IdentityKey> {
    let mut keys = Vec::with_capacity(3);
    for fields in [&draft.previous, &draft.fields] {
        for key in keys_of(draft.kind, fields, source, scope) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    keys
}

fn keys_of(kind: Kind, fields: &Fields, source: &str, scope: &str) -> Vec<IdentityKey> {
    let mut keys = Vec::with_capacity(3);
    if let Some(id) = said(fields, "external_id") {
        keys.push(IdentityKey::External {
            kind,
            source: source.to_owned(),
            scope: scope.to_owned(),
            id: id.to_owned(),
        });
    }
    if kind != Kind::Contact {
        return keys;
    }
    if let Some(address) = said(fields, "email").filter(|it| it.contains('@')) {
        keys.push(IdentityKey::Email(address.to_lowercase()));
    }
    if let Some(number) = said(fields, "phone").filter(|it| is_e164(it)) {
        keys.push(IdentityKey::Phone(number.to_owned()));
    }
    keys
}

fn said<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    let text = fields.get(name)?.as_str()?.trim();
    (!text.is_empty()).then_some(text)
}

/// A country code and a number, at most 15 digits, of which the first is no zero (ITU-T E.164, 6).
pub fn is_e164(number: &str) -> bool {
    number.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|it| it.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::keys;
    use crate::model::field::Kind;
    use crate::model::record::Draft;

    fn check(kind: Kind, fields: Value, expected: &[&str]) {
        let mut draft = Draft::new(kind);
        draft.fields = serde_json::from_value(fields).unwrap();
        let found: Vec<String> = keys(&draft, "shopify", "shop-1")
            .iter()
            .map(|key| key.to_text().replace('\u{1f}', "|"))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_draft_claims_what_identifies_it() {
        check(
            Kind::Contact,
            json!({"external_id": "17", "email": " Ana@Example.com ", "phone": "+34600111222"}),
            &[
                "x|0|shopify|shop-1|17",
                "e|ana@example.com",
                "p|+34600111222",
            ],
        );
        check(
            Kind::Contact,
            json!({"email": "not an address", "phone": "600 111 222"}),
            &[],
        );
        check(Kind::Contact, json!({"phone": "+34 ext"}), &[]);
        check(
            Kind::Order,
            json!({"external_id": "820982911946154508", "email": "a@b.example"}),
            &["x|2|shopify|shop-1|820982911946154508"],
        );
        check(Kind::Lead, json!({"external_id": " "}), &[]);
    }

    /// Known from before comes first: else a new address would look like a new person.
    #[test]
    fn a_change_of_identity_claims_both() {
        let mut draft = Draft::new(Kind::Contact);
        draft.fields =
            serde_json::from_value(json!({"external_id": "2", "email": "new@b.example"})).unwrap();
        draft.previous =
            serde_json::from_value(json!({"email": "old@b.example", "external_id": "2"})).unwrap();
        let found: Vec<String> = keys(&draft, "mailchimp", "list")
            .iter()
            .map(|key| key.to_text().replace('\u{1f}', "|"))
            .collect();
        assert_eq!(
            found,
            ["x|0|mailchimp|list|2", "e|old@b.example", "e|new@b.example"]
        );
    }
}
