//! What merging promises, told as events in a row and as properties.

use std::borrow::Cow;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::merge::diff::{difference, seal};
use crate::merge::{merge, unwritten, write};
use crate::model::change::ChangeKind;
use crate::model::field::Kind;
use crate::model::record::{Draft, Meta, Origin, Record};

/// One event: its number, its source, its time, what it says.
#[derive(Debug, Clone)]
struct Told {
    origin: Origin,
    draft: Draft,
}

fn told(kind: Kind, event: u128, source: &str, at_ms: i64, fields: Value) -> Told {
    let mut draft = Draft::new(kind);
    draft.fields = serde_json::from_value(fields).unwrap();
    Told {
        origin: Origin {
            event: Uuid::from_u128(event),
            source: source.to_owned(),
            at_ms,
        },
        draft,
    }
}

fn contact(event: u128, source: &str, at_ms: i64, fields: Value) -> Told {
    told(Kind::Contact, event, source, at_ms, fields)
}

fn clearing(mut told: Told, fields: &[&str]) -> Told {
    told.draft.clears = fields.iter().map(|it| (*it).to_owned()).collect();
    told
}

fn deleting(mut told: Told) -> Told {
    told.draft.deleted = true;
    told
}

/// The record after the events, in this order of arrival.
fn after<'a>(events: impl IntoIterator<Item = &'a Told>) -> Record {
    let mut record: Option<Record> = None;
    for told in events {
        let known = match &record {
            Some(known) => Cow::Borrowed(known),
            None => Cow::Owned(unwritten(&told.draft, Uuid::nil(), Timestamp::UNIX_EPOCH)),
        };
        let next = merge(known, &told.draft, &told.origin);
        let sealed = seal(record.as_ref(), next, Timestamp::UNIX_EPOCH);
        if let Some((next, _)) = sealed {
            record = Some(next);
        }
    }
    record.unwrap()
}

/// Every order of arrival of `events` ends in `expected` and in the same clocks.
fn check(events: &[Told], expected: Value) {
    let mut metas: Vec<Meta> = Vec::new();
    permute(&mut events.to_vec(), 0, &mut |events| {
        let record = after(events);
        let order: Vec<u128> = events.iter().map(|it| it.origin.event.as_u128()).collect();
        assert_eq!(Value::from(record.fields), expected, "arrived as {order:?}");
        metas.push(record.meta);
    });
    assert!(metas.windows(2).all(|pair| pair[0] == pair[1]), "{metas:?}");
}

fn permute(events: &mut Vec<Told>, from: usize, visit: &mut impl FnMut(&[Told])) {
    if from == events.len() {
        visit(events);
        return;
    }
    for index in from..events.len() {
        events.swap(from, index);
        permute(events, from + 1, visit);
        events.swap(from, index);
    }
}

#[test]
fn later_news_wins_field_by_field_and_older_news_fills_blanks() {
    check(
        &[
            contact(
                1,
                "shopify",
                10,
                json!({"email": "a@example.com", "phone": "+34600000001"}),
            ),
            contact(2, "shopify", 30, json!({"email": "b@example.com"})),
            contact(
                3,
                "meta",
                20,
                json!({"phone": "+34600000003", "company": "Acme"}),
            ),
        ],
        json!({"email": "b@example.com", "phone": "+34600000003", "company": "Acme"}),
    );
}

#[test]
fn of_two_events_of_one_moment_the_later_id_wins() {
    check(
        &[
            contact(1, "shopify", 10, json!({"company": "One"})),
            contact(2, "shopify", 10, json!({"company": "Two"})),
        ],
        json!({"company": "Two"}),
    );
}

#[test]
fn blanks_never_erase_unless_the_mapping_says_so() {
    check(
        &[
            contact(
                1,
                "shopify",
                10,
                json!({"company": "Acme", "phone": "+34600000001"}),
            ),
            contact(
                2,
                "shopify",
                20,
                json!({"company": " ", "phone": null, "tags": [], "address": {"city": ""}}),
            ),
        ],
        json!({"company": "Acme", "phone": "+34600000001"}),
    );
    check(
        &[
            contact(
                1,
                "shopify",
                10,
                json!({"company": "Acme", "phone": "+34600000001"}),
            ),
            clearing(
                contact(
                    2,
                    "shopify",
                    20,
                    json!({"company": "", "phone": "+34600000002"}),
                ),
                &["company", "phone"],
            ),
            contact(3, "shopify", 15, json!({"company": "Between"})),
        ],
        json!({"phone": "+34600000002"}),
    );
}

#[test]
fn an_address_is_one_thing() {
    check(
        &[
            contact(
                1,
                "shopify",
                10,
                json!({"address": {"city": "Madrid", "postal_code": "28001"}}),
            ),
            contact(
                2,
                "meta",
                20,
                json!({"address": {"city": "Lisboa", "country": "PT"}}),
            ),
        ],
        json!({"address": {"city": "Lisboa", "country": "PT"}}),
    );
}

#[test]
fn free_fields_figures_and_attribution_are_merged_member_by_member() {
    check(
        &[
            contact(
                1,
                "shopify",
                10,
                json!({"custom": {"size": "M", "pet": "cat"}, "stats": {"orders_count": 1, "currency": "EUR"}}),
            ),
            contact(
                2,
                "meta",
                20,
                json!({"custom": {"size": "L", "pet": ""}, "stats": {"orders_count": 2}}),
            ),
        ],
        json!({"custom": {"size": "L", "pet": "cat"}, "stats": {"orders_count": 2, "currency": "EUR"}}),
    );
    check(
        &[
            told(
                Kind::Lead,
                1,
                "meta",
                10,
                json!({"attribution": {"utm_source": "ig", "gclid": "g"}}),
            ),
            told(
                Kind::Lead,
                2,
                "meta",
                20,
                json!({"attribution": {"utm_source": "fb"}}),
            ),
        ],
        json!({"attribution": {"utm_source": "fb", "gclid": "g"}}),
    );
    check(
        &[
            contact(
                1,
                "shopify",
                10,
                json!({"custom": {"size": "M", "pet": "cat"}}),
            ),
            clearing(
                contact(2, "shopify", 20, json!({"custom": {"size": "L"}})),
                &["custom"],
            ),
            contact(
                3,
                "shopify",
                15,
                json!({"custom": {"pet": "dog", "late": "yes"}}),
            ),
        ],
        json!({"custom": {"size": "L"}}),
    );
}

#[test]
fn tags_unite_and_stay_sorted() {
    check(
        &[
            contact(1, "shopify", 10, json!({"tags": ["vip", "wholesale"]})),
            contact(2, "mailchimp", 20, json!({"tags": ["newsletter", "vip"]})),
        ],
        json!({"tags": ["newsletter", "vip", "wholesale"]}),
    );
    check(
        &[
            contact(1, "shopify", 10, json!({"tags": ["vip", "wholesale"]})),
            clearing(
                contact(2, "shopify", 20, json!({"tags": ["vip"]})),
                &["tags"],
            ),
            contact(3, "mailchimp", 30, json!({"tags": ["newsletter"]})),
        ],
        json!({"tags": ["newsletter", "vip"]}),
    );
    check(
        &[
            told(
                Kind::Order,
                1,
                "shopify",
                10,
                json!({"coupons": ["SPRING"]}),
            ),
            told(
                Kind::Order,
                2,
                "shopify",
                20,
                json!({"coupons": ["AUTUMN"]}),
            ),
        ],
        json!({"coupons": ["AUTUMN"]}),
    );
}

#[test]
fn a_full_name_is_put_together_and_does_not_grow_stale() {
    check(
        &[contact(
            1,
            "shopify",
            10,
            json!({"given_name": "Ana", "family_name": "Ruiz"}),
        )],
        json!({"given_name": "Ana", "family_name": "Ruiz", "full_name": "Ana Ruiz"}),
    );
    check(
        &[
            contact(1, "meta", 10, json!({"full_name": "Ana R."})),
            contact(2, "meta", 20, json!({"given_name": "Ana"})),
        ],
        json!({"given_name": "Ana", "full_name": "Ana R."}),
    );
    check(
        &[
            contact(1, "meta", 10, json!({"full_name": "Ana R."})),
            contact(2, "shopify", 20, json!({"family_name": "Ruiz"})),
            contact(3, "shopify", 30, json!({"given_name": "Anna"})),
        ],
        json!({"given_name": "Anna", "family_name": "Ruiz", "full_name": "Anna Ruiz"}),
    );
    check(
        &[
            contact(
                1,
                "shopify",
                10,
                json!({"given_name": "Ana", "family_name": "Ruiz"}),
            ),
            contact(2, "meta", 20, json!({"full_name": "Doña Ana"})),
        ],
        json!({"given_name": "Ana", "family_name": "Ruiz", "full_name": "Doña Ana"}),
    );
}

#[test]
fn a_withdrawal_stands_until_its_own_source_lifts_it() {
    let email = |state: &str| json!({"consent": [{"channel": "email", "state": state}]});
    let withdrawn = contact(1, "mailchimp", 10, email("withdrawn"));
    let form = contact(2, "contact_form", 20, email("granted"));
    check(&[withdrawn.clone(), form.clone()], email("withdrawn"));
    check(
        &[
            withdrawn.clone(),
            form.clone(),
            contact(3, "mailchimp", 30, email("granted")),
        ],
        email("granted"),
    );
    check(
        &[
            withdrawn.clone(),
            form.clone(),
            contact(3, "mailchimp", 5, email("granted")),
        ],
        email("withdrawn"),
    );
    check(
        &[
            withdrawn.clone(),
            contact(3, "mailchimp", 30, email("unknown")),
        ],
        email("withdrawn"),
    );
    check(
        &[
            withdrawn,
            form,
            contact(3, "klaviyo", 15, email("withdrawn")),
            contact(4, "mailchimp", 30, email("pending")),
        ],
        email("withdrawn"),
    );
}

#[test]
fn consent_is_kept_per_channel_and_unknown_says_nothing() {
    check(
        &[
            contact(
                1,
                "meta",
                10,
                json!({"consent": [{"channel": "sms", "state": "granted"}, {"channel": "email", "state": "pending"}]}),
            ),
            contact(
                2,
                "shopify",
                20,
                json!({"consent": [{"channel": "sms", "state": "unknown"}, {"channel": "email", "state": "granted"}]}),
            ),
            clearing(contact(3, "shopify", 30, json!({})), &["consent"]),
        ],
        json!({"consent": [{"channel": "email", "state": "granted"}, {"channel": "sms", "state": "granted"}]}),
    );
}

#[test]
fn a_lead_is_not_pushed_back_to_the_desk() {
    let lead =
        |event, at, status: &str| told(Kind::Lead, event, "meta", at, json!({"status": status}));
    check(
        &[lead(1, 10, "working"), lead(2, 20, "new")],
        json!({"status": "working"}),
    );
    check(
        &[lead(1, 10, "assigned"), lead(2, 20, "new")],
        json!({"status": "assigned"}),
    );
    check(
        &[
            lead(1, 10, "qualified"),
            lead(2, 20, "assigned"),
            lead(3, 15, "lost"),
        ],
        json!({"status": "lost"}),
    );
}

#[test]
fn what_the_desk_wrote_survives_its_event_told_again() {
    let first = told(
        Kind::Lead,
        1,
        "meta",
        10,
        json!({"status": "new", "owner": "gone"}),
    );
    let desk = Origin {
        source: super::ASSIGNMENT.to_owned(),
        ..first.origin.clone()
    };
    let record = after([&first]);
    let record = write(Cow::Borrowed(&record), "owner", &json!("ana"), &desk);
    let record = write(record, "status", &json!("assigned"), &desk).into_owned();
    let again = merge(Cow::Borrowed(&record), &first.draft, &first.origin);
    assert_eq!(
        Value::from(again.into_owned().fields),
        json!({"status": "assigned", "owner": "ana"})
    );
    let later = told(
        Kind::Lead,
        2,
        "hubspot",
        20,
        json!({"owner": "rui", "status": "working"}),
    );
    let moved = merge(Cow::Borrowed(&record), &later.draft, &later.origin).into_owned();
    assert_eq!(
        Value::from(moved.fields),
        json!({"status": "working", "owner": "rui"})
    );
    assert_eq!(
        moved
            .meta
            .origins
            .iter()
            .map(|it| it.source.as_str())
            .collect::<Vec<_>>(),
        ["hubspot"]
    );
}

#[test]
fn a_tombstone_is_lifted_only_by_later_news() {
    let gone = deleting(contact(2, "shopify", 20, json!({"external_id": "17"})));
    let before = contact(
        1,
        "shopify",
        10,
        json!({"external_id": "17", "company": "Acme"}),
    );
    let back = contact(3, "shopify", 30, json!({"external_id": "17"}));
    let deleted_at = Some(Timestamp::from_millisecond(20).unwrap());
    assert_eq!(after([&before, &gone]).deleted_at, deleted_at);
    assert_eq!(after([&gone, &before]).deleted_at, deleted_at);
    assert_eq!(after([&gone, &back, &before]).deleted_at, None);
    assert_eq!(after([&back, &gone]).deleted_at, None);
    check(
        &[before, gone, back],
        json!({"external_id": "17", "company": "Acme"}),
    );
}

#[test]
fn a_locked_field_is_left_alone() {
    let mut record = after([&contact(
        1,
        "console",
        10,
        json!({"company": "Acme", "tags": ["vip"]}),
    )]);
    for key in ["company", "tags.vip"] {
        record.meta.fields.get_mut(key).unwrap().locked = true;
    }
    let news = clearing(
        contact(
            2,
            "shopify",
            20,
            json!({"company": "Other", "tags": ["new"]}),
        ),
        &["tags"],
    );
    let merged = merge(Cow::Borrowed(&record), &news.draft, &news.origin).into_owned();
    assert_eq!(
        Value::from(merged.fields),
        json!({"company": "Acme", "tags": ["new", "vip"]})
    );
}

#[test]
fn an_event_told_again_under_a_mended_mapping_replaces_its_own_words() {
    let record = after([
        &contact(1, "shopify", 10, json!({"company": "Wrong"})),
        &contact(1, "shopify", 5, json!({"company": "Right"})),
    ]);
    assert_eq!(Value::from(record.fields), json!({"company": "Right"}));
    assert_eq!(record.meta.origins.len(), 1);
    assert_eq!(record.meta.origins[0].at_ms, 5);
}

#[test]
fn nothing_is_copied_or_written_when_nothing_changes() {
    let newer = contact(2, "shopify", 20, json!({"company": "Acme"}));
    let record = after([&newer]);
    let older = contact(1, "shopify", 10, json!({"company": "Old"}));
    for told in [&older, &newer] {
        let merged = merge(Cow::Borrowed(&record), &told.draft, &told.origin);
        assert!(seal(Some(&record), merged, Timestamp::UNIX_EPOCH).is_none());
    }
}

#[test]
fn the_same_value_told_later_moves_only_the_clock() {
    let record = after([&contact(1, "shopify", 10, json!({"company": "Acme"}))]);
    let again = contact(2, "shopify", 20, json!({"company": "Acme"}));
    let merged = merge(Cow::Borrowed(&record), &again.draft, &again.origin);
    let (sealed, difference) = seal(Some(&record), merged, Timestamp::MAX).unwrap();
    assert_eq!(difference, None);
    assert_eq!((sealed.version, sealed.updated_at), (2, record.updated_at));
    assert_eq!(sealed.meta.origins, [again.origin]);
}

#[test]
fn a_difference_has_the_words_of_subscriptions() {
    use ChangeKind::{Assigned, Created, Deleted, StatusChanged, Updated};
    let lead = |event, fields| told(Kind::Lead, event, "meta", 10 * event as i64, fields);
    let new = after([&lead(1, json!({"status": "new"}))]);
    let owned = after([&lead(1, json!({"status": "assigned", "owner": "ana"}))]);
    let gone = after([
        &lead(1, json!({"status": "new"})),
        &deleting(lead(2, json!({}))),
    ]);
    let check = |before: Option<&Record>, after: &Record, expected: &[ChangeKind]| {
        let what = difference(before, after)
            .map(|it| it.what)
            .unwrap_or_default();
        assert_eq!(what, expected);
    };
    check(None, &new, &[Created]);
    check(None, &owned, &[Created, Assigned]);
    check(Some(&new), &owned, &[Updated, StatusChanged, Assigned]);
    check(Some(&new), &gone, &[Deleted]);
    check(Some(&gone), &new, &[Created]);
    check(None, &gone, &[]);
    check(Some(&gone), &gone, &[]);
    check(Some(&new), &new, &[]);
}

fn any_told() -> impl Strategy<Value = (i64, &'static str, bool, Vec<String>, Value)> {
    let text = || {
        prop_oneof![
            Just(Value::Null),
            Just(json!("")),
            "[ab]".prop_map(Value::from)
        ]
    };
    let tags = prop::collection::vec(prop_oneof![Just("x"), Just("y"), Just("z")], 0..3);
    let state = prop::sample::select(crate::model::field::CONSENT_STATES);
    let consent = prop::option::of((prop::sample::select(vec!["email", "sms"]), state));
    let clears = prop::collection::vec(
        prop::sample::select(vec![
            "company",
            "given_name",
            "family_name",
            "full_name",
            "custom",
            "tags",
            "consent",
            "address",
        ]),
        0..2,
    );
    let fields = (
        text(),
        text(),
        text(),
        text(),
        text(),
        text(),
        tags,
        consent,
    );
    (
        0..6_i64,
        prop::sample::select(vec!["form", "shop", "mail"]),
        prop::bool::weighted(0.15),
        clears,
        fields,
    )
        .prop_map(|(at, source, deleted, clears, it)| {
            let mut fields = json!({
                "company": it.0, "given_name": it.1, "family_name": it.2, "full_name": it.3,
                "custom": {"a": it.4, "b": it.5}, "address": {"city": it.4}, "tags": it.6,
            });
            if let Some((channel, state)) = it.7 {
                fields["consent"] = json!([{"channel": channel, "state": state}]);
            }
            let clears = clears.into_iter().map(str::to_owned).collect();
            (at, source, deleted, clears, fields)
        })
}

proptest! {
    /// Whatever the order of arrival, repetitions included, the record is the same: fields, clocks, tombstone.
    #[test]
    fn order_of_arrival_does_not_matter(
        events in prop::collection::vec(any_told(), 1..7),
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let events: Vec<Told> = (1..)
            .zip(events)
            .map(|(event, (at, source, deleted, clears, fields))| {
                let mut told = contact(event, source, at, fields);
                told.draft.deleted = deleted;
                told.draft.clears = clears;
                told
            })
            .collect();
        let one = after(&events);
        // Some events twice and early, then all of them backwards.
        let shuffled = order.iter().map(|it| it.get(&events)).chain(events.iter().rev());
        let other = after(shuffled);
        prop_assert_eq!(&one.fields, &other.fields);
        prop_assert_eq!(&one.meta, &other.meta);
        prop_assert_eq!(one.deleted_at, other.deleted_at);
        // Every clock has its origin, every origin its clock.
        let owned: std::collections::BTreeSet<u32> = one.meta.fields.values().map(|it| it.origin).collect();
        prop_assert_eq!(owned.into_iter().collect::<Vec<_>>(), (0..one.meta.origins.len() as u32).collect::<Vec<_>>());
    }

    /// A lead's stage, too.
    #[test]
    fn a_stage_does_not_depend_on_arrival(
        stages in prop::collection::vec((0..4_i64, prop::sample::select(crate::model::field::LEAD_STATUSES)), 1..6),
    ) {
        let events: Vec<Told> = (1..)
            .zip(stages)
            .map(|(event, (at, status))| told(Kind::Lead, event, "meta", at, json!({"status": status})))
            .collect();
        let (one, other) = (after(&events), after(events.iter().rev()));
        prop_assert_eq!(one.fields, other.fields);
        prop_assert_eq!(one.meta, other.meta);
    }
}
