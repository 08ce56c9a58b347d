//! Records, timelines and the feed.

use frontdesk::model::change::ChangeKind;
use frontdesk::model::field::Kind;
use frontdesk::model::identity::IdentityKey;
use frontdesk::model::page::PageRequest;
use frontdesk::model::record::Record;
use frontdesk::store::{
    EventFilter, PurgeBefore, RecordFilter, RecordWrite, Settlement, StoreError, Writes,
};
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use crate::store::Stand;
use crate::store::made::{
    all, arrival, at, change, done, first, lead_form, nothing, record, writing,
};

/// Writes records by way of a fresh event each.
async fn put(stand: &Stand, records: &[Record], what: ChangeKind) {
    for record in records {
        let key = format!("{} {}", record.id, record.version);
        let arrival = arrival(&[&key], record.updated_at);
        let event = arrival.events[0].id;
        stand.store.append(arrival).await.unwrap();
        let writes = Writes {
            records: vec![RecordWrite {
                record: record.clone(),
                keys: Vec::new(),
            }],
            changes: vec![change(record, what, Some(event), record.updated_at)],
            ..nothing(record.updated_at)
        };
        let settlement = Settlement {
            event,
            wanted: Vec::new(),
            fetched: None,
            decide: Box::new(move |_| writes.clone()),
        };
        let settled = done(stand.store.settle(vec![settlement]).await);
        assert_eq!(settled[0].records, [(record.kind, record.id)]);
    }
}

async fn sweep(stand: &Stand) {
    let nothing_old = PurgeBefore {
        bodies: at(-99),
        keys: at(-99),
        history: at(-99),
    };
    stand.store.purge(nothing_old).await.unwrap();
}

async fn listed(stand: &Stand, kind: Kind, filter: &RecordFilter) -> Vec<Uuid> {
    let list = |page| stand.store.records(kind, filter.clone(), page);
    all(4, list).await.iter().map(|record| record.id).collect()
}

pub async fn records_are_listed_by_every_filter(stand: Stand) {
    let contacts: Vec<Record> = (0..5)
        .map(|n| {
            let value =
                json!({"email": format!("c{n}@example.com"), "full_name": format!("Person {n}")});
            record(Kind::Contact, value, at(n))
        })
        .collect();
    put(&stand, &contacts, ChangeKind::Created).await;
    let leads: Vec<Record> = (0..40_i64)
        .map(|n| {
            let nth = n as usize;
            let mut value = json!({
                "status": (["new", "working", "lost"][nth % 3]),
                "contact": contacts[nth % 5].id.to_string(),
            });
            if n % 4 > 0 {
                value["owner"] = json!(["ana", "rui", "bob"][nth % 4 - 1]);
            }
            record(Kind::Lead, value, at(100 + n))
        })
        .collect();
    put(&stand, &leads, ChangeKind::Created).await;
    for swept in [false, true] {
        for email in [None, Some("C3@example.com "), Some("nobody@example.com")] {
            for status in [None, Some("new"), Some("junk")] {
                for owner in [None, Some("ana"), Some("nobody")] {
                    for since in [None, Some(120)] {
                        for q in [None, Some("person")] {
                            let filter = RecordFilter {
                                email: email.map(str::to_owned),
                                status: status.map(str::to_owned),
                                owner: owner.map(str::to_owned),
                                since: since.map(at),
                                q: q.map(str::to_owned),
                            };
                            let mut expected: Vec<Uuid> = leads
                                .iter()
                                .zip(0_usize..)
                                .filter(|(lead, n)| {
                                    let is =
                                        |name: &str| lead.fields.get(name).and_then(|v| v.as_str());
                                    email.is_none_or(|text| text.starts_with("C3") && n % 5 == 3)
                                        && status.is_none_or(|text| is("status") == Some(text))
                                        && owner.is_none_or(|text| is("owner") == Some(text))
                                        && since.is_none_or(|since| lead.updated_at >= at(since))
                                })
                                .map(|(lead, _)| lead.id)
                                .collect();
                            if since.is_none() {
                                expected.reverse();
                            }
                            let got = listed(&stand, Kind::Lead, &filter).await;
                            assert_eq!(got, expected, "{filter:?}, swept: {swept}");
                        }
                    }
                }
            }
        }
        sweep(&stand).await;
    }
}

pub async fn words_find_records_and_what_belongs_to_contacts(stand: Stand) {
    let ana = record(
        Kind::Contact,
        json!({"given_name": "Ana", "family_name": "Ruiz-Gómez", "email": "ana@ejemplo.es",
            "phone": "+34600111222", "company": "Café \"Sol\" S.L."}),
        at(0),
    );
    let bob = record(
        Kind::Contact,
        json!({"full_name": "Bob Anders", "company": "A\"B\\C Ltd"}),
        at(1),
    );
    let order = record(
        Kind::Order,
        json!({"number": "#1001", "external_id": "55", "contact": ana.id.to_string()}),
        at(2),
    );
    let ticket = record(
        Kind::Ticket,
        json!({"subject": "Where is my (second) parcel?", "contact": bob.id.to_string()}),
        at(3),
    );
    let all = [ana.clone(), bob.clone(), order.clone(), ticket.clone()];
    put(&stand, &all, ChangeKind::Created).await;
    for swept in [false, true] {
        for (kind, q, expected) in [
            (Kind::Contact, "an", vec![bob.id, ana.id]),
            (Kind::Contact, "ana", vec![ana.id]),
            (Kind::Contact, "ANA RUIZ", vec![ana.id]),
            (Kind::Contact, "ruiz-góm ana@", vec![ana.id]),
            (Kind::Contact, "ana bob", vec![]),
            (Kind::Contact, "a\"b\\c bob", vec![bob.id]),
            (Kind::Contact, "a\"c bob", vec![]),
            (Kind::Contact, "+34600", vec![ana.id]),
            (Kind::Contact, "600 11 12 22", vec![ana.id]),
            (Kind::Contact, "gomez", vec![]),
            (Kind::Contact, "RUIZ-gomez cafe", vec![ana.id]),
            (Kind::Contact, "ejemplo.es", vec![ana.id]),
            (Kind::Order, "+34 600 111 222", vec![order.id]),
            (Kind::Contact, "sol", vec![ana.id]),
            (Kind::Contact, "uiz", vec![]),
            (Kind::Contact, "  ", vec![]),
            (Kind::Contact, " \"?\" ", vec![]),
            (Kind::Order, "#1001", vec![order.id]),
            (Kind::Order, "100", vec![order.id]),
            (Kind::Order, "ana 1001", vec![order.id]),
            (Kind::Order, "bob", vec![]),
            (Kind::Ticket, "second parcel", vec![ticket.id]),
            (Kind::Ticket, "anders", vec![ticket.id]),
            (Kind::Lead, "ana", vec![]),
        ] {
            let filter = RecordFilter {
                q: Some(q.to_owned()),
                ..RecordFilter::default()
            };
            assert_eq!(
                listed(&stand, kind, &filter).await,
                expected,
                "{q}, swept: {swept}"
            );
        }
        sweep(&stand).await;
    }
    // A name that changed is found by the new one only.
    let mut renamed = bob.clone();
    renamed.fields = json!({"full_name": "Robert Miles"})
        .as_object()
        .unwrap()
        .clone()
        .into();
    renamed.version = 2;
    put(&stand, &[renamed], ChangeKind::Updated).await;
    for (q, expected) in [("robert", vec![bob.id]), ("bob", vec![])] {
        let filter = RecordFilter {
            q: Some(q.to_owned()),
            ..RecordFilter::default()
        };
        assert_eq!(
            listed(&stand, Kind::Contact, &filter).await,
            expected,
            "{q}"
        );
    }
}

pub async fn a_contact_is_listed_by_every_address_it_is_known_by(stand: Stand) {
    let email = |address: &str| IdentityKey::Email(address.to_owned());
    let contact = |n: i64, shown: &str, keys: Vec<IdentityKey>| {
        (record(Kind::Contact, json!({"email": shown}), at(n)), keys)
    };
    let ana = contact(
        0,
        "ana@new.example",
        vec![email("ana@new.example"), email("ana@old.example")],
    );
    let twin = contact(1, "ana@old.example", Vec::new());
    let (ana_id, twin_id) = (ana.0.id, twin.0.id);
    let lead = record(Kind::Lead, json!({"contact": ana_id.to_string()}), at(2));
    let lead_id = lead.id;
    let arrival = arrival(&["told"], at(3));
    let event = arrival.events[0].id;
    stand.store.append(arrival).await.unwrap();
    let settlement = writing(event, vec![ana, twin, (lead, Vec::new())], at(3));
    done(stand.store.settle(vec![settlement]).await);
    for swept in [false, true] {
        for (kind, address, expected) in [
            (Kind::Contact, "ana@new.example", vec![ana_id]),
            (Kind::Contact, " ANA@old.example", vec![twin_id, ana_id]),
            (Kind::Contact, "eva@old.example", vec![]),
            (Kind::Lead, "ana@old.example", vec![lead_id]),
        ] {
            for since in [None, Some(at(0))] {
                let filter = RecordFilter {
                    email: Some(address.to_owned()),
                    since,
                    ..RecordFilter::default()
                };
                let mut got = listed(&stand, kind, &filter).await;
                if since.is_some() {
                    got.reverse();
                }
                assert_eq!(got, expected, "{filter:?}, swept: {swept}");
            }
        }
        sweep(&stand).await;
    }
}

pub async fn long_words_are_told_apart(stand: Stand) {
    let long = |end: &str| format!("{}.{end}@sales.example.com", "muñoz".repeat(12));
    let contact = |n: i64, address: &str| {
        record(
            Kind::Contact,
            json!({"email": address, "company": "x".repeat(300)}),
            at(n),
        )
    };
    let ana = contact(0, &long("ana"));
    let bea = contact(1, &long("bea"));
    let lead = record(Kind::Lead, json!({"contact": bea.id.to_string()}), at(2));
    put(
        &stand,
        &[ana.clone(), bea.clone(), lead.clone()],
        ChangeKind::Created,
    )
    .await;
    for swept in [false, true] {
        for (kind, address, expected) in [
            (Kind::Contact, long("ana"), vec![ana.id]),
            (Kind::Contact, long("bea"), vec![bea.id]),
            (Kind::Contact, long("eva"), vec![]),
            (Kind::Lead, long("ana"), vec![]),
            (Kind::Lead, long("bea"), vec![lead.id]),
        ] {
            for by_email in [true, false] {
                let text = Some(address.clone());
                let filter = RecordFilter {
                    email: text.clone().filter(|_| by_email),
                    q: text.filter(|_| !by_email),
                    ..RecordFilter::default()
                };
                let got = listed(&stand, kind, &filter).await;
                assert_eq!(got, expected, "{filter:?}, swept: {swept}");
            }
        }
        for (q, expected) in [
            (long("a"), vec![]),
            ("muñoz".repeat(12), vec![bea.id, ana.id]),
            (format!("{}.a", "muñoz".repeat(12)), vec![ana.id]),
            ("x".repeat(299), vec![bea.id, ana.id]),
            ("x".repeat(301), vec![]),
        ] {
            let filter = RecordFilter {
                q: Some(q),
                ..RecordFilter::default()
            };
            let got = listed(&stand, Kind::Contact, &filter).await;
            assert_eq!(got, expected, "{filter:?}, swept: {swept}");
        }
        sweep(&stand).await;
    }
}

pub async fn deleted_records_are_left_out_but_known(stand: Stand) {
    let mut lead = record(Kind::Lead, json!({"status": "new", "owner": "ana"}), at(0));
    let other = record(Kind::Lead, json!({"status": "new", "owner": "ana"}), at(1));
    put(&stand, &[lead.clone(), other.clone()], ChangeKind::Created).await;
    lead.version = 2;
    lead.deleted_at = Some(at(5));
    lead.updated_at = at(5);
    put(&stand, &[lead.clone()], ChangeKind::Deleted).await;
    for filter in [
        RecordFilter::default(),
        RecordFilter {
            owner: Some("ana".to_owned()),
            ..RecordFilter::default()
        },
        RecordFilter {
            since: Some(at(0)),
            ..RecordFilter::default()
        },
    ] {
        assert_eq!(listed(&stand, Kind::Lead, &filter).await, [other.id]);
    }
    assert_eq!(
        stand.store.record(Kind::Lead, lead.id).await.unwrap(),
        Some(lead.clone())
    );
    assert_eq!(
        stand.store.record(Kind::Order, lead.id).await.unwrap(),
        None
    );
}

pub async fn records_are_listed_by_update_for_those_who_follow(stand: Stand) {
    let mut contacts: Vec<Record> = (0..12)
        .map(|n| {
            record(
                Kind::Contact,
                json!({"external_id": n.to_string()}),
                at(n / 2),
            )
        })
        .collect();
    put(&stand, &contacts, ChangeKind::Created).await;
    for nth in [3, 0, 7] {
        contacts[nth].version = 2;
        contacts[nth].updated_at = at(100 - nth as i64);
        put(&stand, &contacts[nth..=nth], ChangeKind::Updated).await;
    }
    let ids =
        |places: &[usize]| -> Vec<Uuid> { places.iter().map(|nth| contacts[*nth].id).collect() };
    for (since, expected) in [
        (0, vec![1, 2, 4, 5, 6, 8, 9, 10, 11, 3, 0, 7]),
        (2, vec![4, 5, 6, 8, 9, 10, 11, 3, 0, 7]),
        (95, vec![3, 0, 7]),
        (99, vec![0, 7]),
    ] {
        let filter = RecordFilter {
            since: Some(at(since)),
            ..RecordFilter::default()
        };
        assert_eq!(
            listed(&stand, Kind::Contact, &filter).await,
            ids(&expected),
            "since {since}"
        );
    }
}

pub async fn followers_miss_no_update_whatever_its_time(stand: Stand) {
    let follow = async |since: Timestamp, cursor: Option<String>| {
        let filter = RecordFilter {
            since: Some(since),
            ..RecordFilter::default()
        };
        let page = PageRequest { limit: 4, cursor };
        stand.store.records(Kind::Lead, filter, page).await.unwrap()
    };
    let mut seen: Vec<Uuid> = Vec::new();
    let mut since = at(0);
    let mut written = Vec::new();
    // Planned in one order, written in another, and some at the same moment.
    for planned in [50, 20, 20, 60, 59, 1, 60, 60, 61, 7] {
        let lead = record(Kind::Lead, json!({"status": "new"}), at(planned));
        written.push(lead.id);
        put(&stand, &[lead], ChangeKind::Created).await;
        let got = follow(since, None).await.items;
        let news = got.iter().filter(|lead| !seen.contains(&lead.id));
        let news: Vec<(Uuid, Timestamp)> = news.map(|lead| (lead.id, lead.updated_at)).collect();
        for (id, updated_at) in news {
            assert!(updated_at > since, "later than what was seen");
            seen.push(id);
            since = updated_at;
        }
        assert_eq!(seen, written);
    }
}

pub async fn a_contacts_timeline_tells_of_its_leads(stand: Stand) {
    let store = &stand.store;
    let mut told: Vec<(Uuid, Kind)> = Vec::new();
    for n in 0..7_i64 {
        let arrival = arrival(&[&n.to_string()], at(n));
        let event = arrival.events[0].id;
        store.append(arrival).await.unwrap();
        let address = ["ana@example.com", "bea@example.com"][usize::from(n == 3)];
        let form = lead_form(event, address, &n.to_string(), at(n));
        let settled = done(store.settle(vec![form]).await);
        if n != 3 {
            told.extend(settled[0].records.iter().map(|(kind, id)| (*id, *kind)));
        }
        if n == 4 {
            sweep(&stand).await;
        }
    }
    told.reverse();
    let contact = told[1].0;
    let timeline = all(3, |page| store.timeline(contact, page)).await;
    let got: Vec<(Uuid, Kind)> = timeline.iter().map(|one| (one.record, one.kind)).collect();
    assert_eq!(got, told);
    assert_eq!(timeline[0].what, [ChangeKind::Created]);
    assert_eq!(timeline[0].snapshot["owner"], "ana");
    assert_eq!(timeline[0].changed[0].field, "status");
    let of_lead = all(3, |page| store.timeline(told[0].0, page)).await;
    assert_eq!(of_lead.len(), 1);
    assert_eq!(of_lead[0], timeline[0]);
    let of_nobody = all(3, |page| store.timeline(Uuid::nil(), page)).await;
    assert!(of_nobody.is_empty());
}

pub async fn the_feed_goes_on_where_a_reader_stopped(stand: Stand) {
    let store = &stand.store;
    let mut seen = Vec::new();
    let mut cursor = None;
    let mut written = Vec::new();
    for round in 0..4_i64 {
        for n in 0..round {
            let contact = record(Kind::Contact, json!({"external_id": n.to_string()}), at(n));
            written.push(contact.id);
            put(&stand, &[contact], ChangeKind::Created).await;
        }
        loop {
            let page = PageRequest {
                limit: 2,
                cursor: cursor.clone(),
            };
            let got = store.changes(page).await.unwrap();
            seen.extend(got.items.iter().map(|change| change.record));
            match got.next {
                Some(next) => cursor = Some(next),
                None => break,
            }
        }
        assert_eq!(seen, written, "round {round}");
    }
}

pub async fn strange_cursors_are_refused(stand: Stand) {
    let store = &stand.store;
    for n in 0..3 {
        let arrival = arrival(&[&n.to_string()], at(n));
        let event = arrival.events[0].id;
        store.append(arrival).await.unwrap();
        let contact = record(Kind::Contact, json!({}), at(n));
        let settlement = writing(event, vec![(contact, Vec::new())], at(n));
        done(store.settle(vec![settlement]).await);
    }
    let events = store
        .events(EventFilter::default(), first(1))
        .await
        .unwrap();
    let records = RecordFilter::default;
    let contacts = store
        .records(Kind::Contact, records(), first(1))
        .await
        .unwrap();
    for cursor in [
        "",
        "nonsense",
        "e",
        contacts.next.as_ref().unwrap(),
        "e00ff",
    ] {
        let page = || PageRequest {
            limit: 1,
            cursor: Some(cursor.to_owned()),
        };
        let refused = store.events(EventFilter::default(), page()).await;
        assert!(matches!(refused, Err(StoreError::BadCursor)), "{cursor}");
        let refused = store.changes(page()).await;
        assert!(matches!(refused, Err(StoreError::BadCursor)), "{cursor}");
        let refused = store.timeline(Uuid::nil(), page()).await;
        assert!(matches!(refused, Err(StoreError::BadCursor)), "{cursor}");
    }
    let of_events = || PageRequest {
        limit: 1,
        cursor: events.next.clone(),
    };
    let refused = store.records(Kind::Contact, records(), of_events()).await;
    assert!(matches!(refused, Err(StoreError::BadCursor)));
    // The same list by another filter is another list.
    let of_website = EventFilter {
        endpoint: Some("website".to_owned()),
        ..EventFilter::default()
    };
    let refused = store.events(of_website, of_events()).await;
    assert!(matches!(refused, Err(StoreError::BadCursor)));
    let goes_on = store.events(EventFilter::default(), of_events()).await;
    assert_eq!(goes_on.unwrap().items.len(), 1);
    let of_contacts = PageRequest {
        limit: 1,
        cursor: contacts.next.clone(),
    };
    for (kind, owner) in [(Kind::Lead, None), (Kind::Contact, Some("ana"))] {
        let filter = RecordFilter {
            owner: owner.map(str::to_owned),
            ..records()
        };
        let refused = store.records(kind, filter, of_contacts.clone()).await;
        assert!(
            matches!(refused, Err(StoreError::BadCursor)),
            "{kind:?} {owner:?}"
        );
    }
}
