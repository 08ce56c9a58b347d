//! Settlements: what a decision sees, and that each counts once.

use std::collections::BTreeSet;

use frontdesk::model::change::ChangeKind;
use frontdesk::model::event::{Appended, EventStatus};
use frontdesk::model::field::Kind;
use frontdesk::model::id::new_id;
use frontdesk::model::said::Said;
use frontdesk::model::trace::Trace;
use frontdesk::store::{DecisionRow, Held, RecordFilter, RecordWrite, Settled, Settlement, Writes};
use futures_util::future::join_all;
use serde_json::json;
use uuid::Uuid;

use crate::store::Stand;
use crate::store::made::traced;
use crate::store::made::{
    all, arrival, at, change, done, email, first, lead_form, lead_key, nothing, record, writing,
};

async fn appended(stand: &Stand, keys: &[&str]) -> Vec<Uuid> {
    let appended = stand.store.append(arrival(keys, at(0))).await.unwrap();
    let new = appended.into_iter().map(|it| match it {
        Appended::New(id) => id,
        Appended::Duplicate(id) => panic!("{id} was there before"),
    });
    new.collect()
}

pub async fn a_settlement_counts_once(stand: Stand) {
    let store = &stand.store;
    let ids = appended(&stand, &["a"]).await;
    let settle = || store.settle(vec![lead_form(ids[0], "ana@example.com", "1", at(1))]);
    let first_time = done(settle().await);
    assert_eq!(first_time[0].status, EventStatus::Processed);
    let kinds: Vec<Kind> = first_time[0]
        .records
        .iter()
        .map(|(kind, _)| *kind)
        .collect();
    assert_eq!(kinds, [Kind::Contact, Kind::Lead]);
    for _ in 0..3 {
        assert_eq!(done(settle().await), first_time, "the stored outcome");
    }
    assert_eq!(store.desk().await.unwrap().ledger.turns()[0].taken, 1);
    let stats = store.stats().await.unwrap();
    assert_eq!(
        (stats.contacts, stats.leads, stats.decisions, stats.changes),
        (1, 1, 1, 2)
    );
    assert_eq!(store.backlog().await.unwrap().pending, 0);
}

pub async fn a_decision_sees_what_its_keys_match(stand: Stand) {
    let store = &stand.store;
    let ids = appended(&stand, &["a", "b", "c"]).await;
    done(
        store
            .settle(vec![lead_form(ids[0], "ana@example.com", "1", at(1))])
            .await,
    );
    let mut gone = record(Kind::Lead, json!({"status": "lost"}), at(2));
    gone.deleted_at = Some(at(2));
    let writes = vec![(gone.clone(), vec![lead_key("gone")])];
    done(store.settle(vec![writing(ids[1], writes, at(2))]).await);

    let wanted = vec![email("new@example.com"), lead_key("1"), lead_key("gone")];
    let by_reader = store.held(wanted.clone()).await.unwrap();
    let seen = |held: &Held<'_>| {
        let keys: Vec<_> = held.matches.iter().map(|(key, _)| key.clone()).collect();
        let mut records: Vec<(Kind, bool)> = held
            .records
            .iter()
            .map(|record| (record.kind, record.deleted_at.is_some()))
            .collect();
        records.sort();
        (keys, records)
    };
    let expected = (
        vec![lead_key("1"), lead_key("gone")],
        // The contact of the lead is shown as well.
        vec![
            (Kind::Contact, false),
            (Kind::Lead, false),
            (Kind::Lead, true),
        ],
    );
    assert_eq!(seen(&by_reader.as_held()), expected);
    let gone_id = gone.id;
    let settlement = Settlement {
        event: ids[2],
        wanted,
        fetched: Some(json!({"id": "1"})),
        decide: Box::new(move |held| {
            assert_eq!(seen(held), expected);
            assert_eq!(held.matches[1].1, gone_id);
            nothing(at(3))
        }),
    };
    let settled = done(store.settle(vec![settlement]).await);
    assert_eq!(
        settled[0].status,
        EventStatus::Processed,
        "the decision saw it all"
    );
    let peeked = store.peek(ids[2]).await.unwrap().unwrap();
    assert_eq!(peeked.fetched, Some(json!({"id": "1"})));
}

pub async fn a_taken_key_stays_where_it_is(stand: Stand) {
    let store = &stand.store;
    let ids = appended(&stand, &["a", "b"]).await;
    let ana = record(Kind::Contact, json!({"given_name": "Ana"}), at(1));
    let bea = record(Kind::Contact, json!({"given_name": "Bea"}), at(2));
    for (event, contact, keys) in [
        (ids[0], &ana, vec![email("a@example.com")]),
        (
            ids[1],
            &bea,
            vec![email("a@example.com"), email("b@example.com")],
        ),
    ] {
        let settlement = writing(event, vec![(contact.clone(), keys)], at(3));
        done(store.settle(vec![settlement]).await);
    }
    let held = store
        .held(vec![email("a@example.com"), email("b@example.com")])
        .await
        .unwrap();
    let expected = vec![
        (email("a@example.com"), ana.id),
        (email("b@example.com"), bea.id),
    ];
    assert_eq!(held.matches, expected);
}

pub async fn a_broken_settlement_does_not_spoil_the_others(stand: Stand) {
    let store = &stand.store;
    let ids = appended(&stand, &["a", "b", "c", "d", "e", "f", "g"]).await;
    let broken = |event, writes: Writes| Settlement {
        event,
        wanted: Vec::new(),
        fetched: None,
        decide: Box::new(move |_| writes.clone()),
    };
    let lead = record(Kind::Lead, json!({}), at(1));
    let decision = DecisionRow {
        id: new_id(at(1)),
        lead: lead.id,
        epoch: 1,
        owner: None,
        rule: None,
        rule_set_version: 0,
        reason: "nobody".to_owned(),
        trace: Trace::of(&json!({})),
        facts: std::sync::Arc::default(),
        event: None,
        at: at(1),
    };
    let mut missing = record(Kind::Lead, json!({}), at(1));
    missing.version = 2;
    let write = |record| RecordWrite {
        record,
        keys: Vec::new(),
    };
    let twice = Writes {
        records: vec![write(lead.clone())],
        decisions: vec![decision.clone(), decision],
        ..nothing(at(1))
    };
    let absent = Writes {
        records: vec![write(missing.clone())],
        ..nothing(at(1))
    };
    let dangling = Writes {
        changes: vec![change(&missing, ChangeKind::Updated, None, at(1))],
        ..nothing(at(1))
    };
    let settled = done(
        store
            .settle(vec![
                lead_form(ids[0], "ana@example.com", "1", at(1)),
                broken(ids[1], twice),
                lead_form(ids[2], "ana@example.com", "2", at(2)),
                broken(ids[3], absent),
                broken(ids[4], dangling),
                Settlement {
                    event: ids[5],
                    wanted: Vec::new(),
                    fetched: None,
                    decide: Box::new(|_| panic!("a defect in a decision, as this test wants it")),
                },
                lead_form(ids[6], "bea@example.com", "3", at(3)),
            ])
            .await,
    );
    let statuses: Vec<EventStatus> = settled.iter().map(|settled| settled.status).collect();
    let (good, bad) = (EventStatus::Processed, EventStatus::Failed);
    assert_eq!(statuses, [good, bad, good, bad, bad, bad, good]);
    for (event, settled) in ids.iter().zip(&settled) {
        assert_eq!(settled.event, *event);
        let stored = store.event(*event).await.unwrap().unwrap();
        assert_eq!(
            stored.reason.is_some(),
            settled.status == bad,
            "{:?}",
            stored.reason
        );
    }
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.contacts, stats.leads, stats.decisions), (2, 3, 3));
    assert_eq!(store.desk().await.unwrap().ledger.turns()[0].taken, 3);
    let contacts = store
        .records(Kind::Contact, RecordFilter::default(), first(9))
        .await
        .unwrap();
    let versions: Vec<u64> = contacts
        .items
        .iter()
        .map(|contact| contact.version)
        .collect();
    assert_eq!(versions, [1, 2]);
}

pub async fn a_replayed_event_keeps_what_it_touched_before(stand: Stand) {
    let store = &stand.store;
    let ids = appended(&stand, &["a"]).await;
    let mut touched: Vec<(Kind, Uuid)> = Vec::new();
    for n in 1..=3 {
        let form = lead_form(ids[0], "ana@example.com", &n.to_string(), at(n));
        let settled: Vec<Settled> = done(store.settle(vec![form]).await);
        touched.extend(&settled[0].records);
        let listed = store.touched(ids[0]).await.unwrap();
        let listed: Vec<_> = listed.iter().map(|one| (one.kind, one.record)).collect();
        assert_eq!(listed, touched);
        assert_eq!(store.replay(vec![ids[0]], None).await.unwrap(), 1);
    }
    let conclude = store.conclude(ids[0], EventStatus::Ignored, Said::default(), at(9));
    conclude.await.unwrap();
    assert_eq!(store.touched(ids[0]).await.unwrap().len(), 6);
}

pub async fn turns_are_spent_once_each_under_parallel_settlements(stand: Stand) {
    let store = &stand.store;
    let keys: Vec<String> = (0..120).map(|n| n.to_string()).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let ids = appended(&stand, &keys).await;
    // Each event is settled twice, by different workers.
    let settle = |chunk: &[Uuid]| {
        let forms = chunk.iter().map(|id| {
            let address = format!("{}@example.com", id.as_bytes()[15] % 7);
            lead_form(*id, &address, &id.to_string(), at(1))
        });
        store.settle(forms.collect())
    };
    let workers = ids.chunks(11).chain(ids.chunks(17)).map(settle);
    for settled in join_all(workers).await {
        assert!(
            done(settled)
                .iter()
                .all(|one| one.status == EventStatus::Processed)
        );
    }
    assert_eq!(store.desk().await.unwrap().ledger.turns()[0].taken, 120);
    let leads = all(50, |page| {
        store.records(Kind::Lead, RecordFilter::default(), page)
    })
    .await;
    assert_eq!(leads.len(), 120);
    let mut spent = BTreeSet::new();
    for lead in leads {
        let decision = store.decision(lead.id).await.unwrap().unwrap();
        spent.insert(traced(&decision)["turn"].as_i64().unwrap());
    }
    assert_eq!(spent, (1..=120).collect());
}
