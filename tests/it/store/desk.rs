//! Versions, drafts, counts, amendments, lines, offers, ties, the past.

use frontdesk::model::desk::{Company, Given};
use frontdesk::model::field::Kind;
use frontdesk::model::id::new_id;
use frontdesk::model::page::PageRequest;
use frontdesk::model::record::Record;
use frontdesk::model::rules::{Draft, RuleSet};
use frontdesk::model::trace::Trace;
use frontdesk::store::desk::{Amended, Amendment, Declined, DeskWrites, Offer, Stretch, Waiting};
use frontdesk::store::users::AuditFilter;
use frontdesk::store::{DecisionRow, RecordWrite, Settlement, Store, StoreError, Writes};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::console::site::log;
use crate::store::Stand;
use crate::store::made::{arrival, at, by, done, email, fields, first, nothing, record};

fn catch_all(version: u64, rule: &str) -> RuleSet {
    let set = json!({"version": version, "rules": [{"name": rule, "assign": {"rep": "ana"}}]});
    serde_json::from_value(set).unwrap()
}

async fn people(store: &dyn Store) {
    for handle in ["ana", "rui"] {
        let rep = json!({"handle": handle, "name": handle});
        store
            .put_rep(serde_json::from_value(rep).unwrap(), None)
            .await
            .unwrap();
    }
}

/// Settles a fresh event that writes these records, a decision on each lead among them, and `desk`.
async fn settle(store: &dyn Store, key: &str, records: Vec<Record>, desk: DeskWrites) {
    let arrival = arrival(&[key], at(0));
    let event = arrival.events[0].id;
    store.append(arrival).await.unwrap();
    let decision = |lead: &Record| DecisionRow {
        id: new_id(at(1)),
        lead: lead.id,
        epoch: 1,
        owner: None,
        rule: None,
        rule_set_version: 1,
        reason: "because".to_owned(),
        trace: Trace::of(&json!({})),
        facts: std::sync::Arc::new(fields(json!({"endpoint": "website"}))),
        event: Some(event),
        at: at(1),
    };
    let leads = records
        .iter()
        .filter(|record| record.kind == Kind::Lead && record.version == 1);
    let writes = Writes {
        decisions: leads.map(decision).collect(),
        records: records
            .into_iter()
            .map(|record| RecordWrite {
                record,
                keys: Vec::new(),
            })
            .collect(),
        desk,
        ..nothing(at(1))
    };
    let settlement = Settlement {
        event,
        wanted: Vec::new(),
        fetched: None,
        decide: Box::new(move |_| writes.clone()),
    };
    done(store.settle(vec![settlement]).await);
}

fn lead(owner: &str, status: &str) -> Record {
    record(Kind::Lead, json!({"owner": owner, "status": status}), at(1))
}

pub async fn versions_are_kept_with_who_made_them(stand: Stand) {
    let store = stand.store;
    people(&*store).await;
    for version in 0..3 {
        let set = catch_all(version, &format!("rule {version}"));
        store
            .publish_rules(set, by(i64::try_from(version).unwrap()), None, None)
            .await
            .unwrap();
    }
    let (set, imprint) = store.rule_set(2).await.unwrap().unwrap();
    assert_eq!((set, imprint), (catch_all(2, "rule 1"), by(1)));
    assert_eq!(store.rule_set(9).await.unwrap(), None);
    let page = store.rule_sets(first(2)).await.unwrap();
    let versions =
        |items: &[(RuleSet, _)]| -> Vec<u64> { items.iter().map(|(set, _)| set.version).collect() };
    assert_eq!(versions(&page.items), [3, 2]);
    let rest = PageRequest {
        limit: 2,
        cursor: page.next,
    };
    let rest = store.rule_sets(rest).await.unwrap();
    assert_eq!((versions(&rest.items), rest.next), (vec![1], None));
}

pub async fn a_draft_is_saved_by_one_at_a_time(stand: Stand) {
    let store = stand.store;
    let draft = |revision, rule: &str| Draft {
        rules: catch_all(4, rule),
        revision,
        author: "olga".to_owned(),
        saved_at: at(5),
    };
    assert_eq!(store.draft().await.unwrap(), None);
    assert_eq!(
        store.put_draft(draft(0, "a"), None).await.unwrap(),
        draft(1, "a")
    );
    assert_eq!(
        store.put_draft(draft(1, "b"), None).await.unwrap(),
        draft(2, "b")
    );
    let stale = store.put_draft(draft(1, "c"), None).await;
    assert_stale(&stale);
    assert_eq!(store.draft().await.unwrap(), Some(draft(2, "b")));
    assert!(store.delete_draft(None).await.unwrap());
    assert!(!store.delete_draft(None).await.unwrap());
}

/// Who had seen the first revision hears that there is a second.
fn assert_stale<T: std::fmt::Debug>(answer: &frontdesk::store::Result<T>) {
    let (expected, current) = match answer {
        Err(StoreError::Stale { expected, current }) => (*expected, *current),
        other => panic!("not stale: {other:?}"),
    };
    assert_eq!((expected, current), (1, 2));
}

pub async fn a_draft_that_is_published_is_gone_with_it(stand: Stand) {
    let store = stand.store;
    people(&*store).await;
    let draft = |revision| Draft {
        rules: catch_all(0, "a"),
        revision,
        author: "olga".to_owned(),
        saved_at: at(5),
    };
    store.put_draft(draft(0), None).await.unwrap();
    store.put_draft(draft(1), None).await.unwrap();
    let publish = |revision| store.publish_rules(catch_all(0, "a"), by(1), Some(revision), None);
    // Somebody saved it again: what they saved is neither published nor lost.
    let stale = publish(1).await;
    assert_stale(&stale);
    assert_eq!(store.desk().await.unwrap().rules.version, 0);
    assert_eq!(store.draft().await.unwrap(), Some(draft(2)));
    assert_eq!(publish(2).await.unwrap().version, 1);
    assert_eq!(store.draft().await.unwrap(), None);
    assert_eq!(store.desk().await.unwrap().rules.version, 1);
}

pub async fn what_was_given_and_what_is_open_is_counted(stand: Stand) {
    let store = stand.store;
    people(&*store).await;
    let open = async |rep: &str| {
        store
            .desk()
            .await
            .unwrap()
            .ledger
            .load(rep)
            .map_or(0, |load| load.open)
    };
    let mut one = lead("ana", "new");
    let test = record(
        Kind::Lead,
        json!({"owner": "ana", "status": "new", "test": true}),
        at(1),
    );
    let contact = record(Kind::Contact, json!({"owner": "ana"}), at(1));
    let leads = vec![
        one.clone(),
        lead("ana", "working"),
        lead("ana", "lost"),
        lead("eve", "new"),
        test,
        contact,
    ];
    settle(&*store, "a", leads, DeskWrites::default()).await;
    assert_eq!(
        (open("ana").await, open("eve").await),
        (2, 0),
        "nobody counts for who is no rep"
    );
    one.version = 2;
    one.fields.insert("owner", json!("rui"));
    settle(&*store, "b", vec![one.clone()], DeskWrites::default()).await;
    assert_eq!((open("ana").await, open("rui").await), (1, 1));
    one.version = 3;
    one.deleted_at = Some(at(9));
    settle(&*store, "c", vec![one], DeskWrites::default()).await;
    assert_eq!(open("rui").await, 0);
    let rep = serde_json::from_value(json!({"handle": "eve", "name": "Eve"})).unwrap();
    store.put_rep(rep, None).await.unwrap();
    assert_eq!(
        open("eve").await,
        1,
        "a new rep has what names them already"
    );

    let given = |day, count, second| Given {
        rep: "rui".to_owned(),
        day,
        count,
        at: (count > 0).then(|| at(second)),
    };
    let desk = |given| DeskWrites {
        given,
        ..DeskWrites::default()
    };
    settle(
        &*store,
        "d",
        Vec::new(),
        desk(vec![given(20_000, 1, 3), given(20_001, 1, 5)]),
    )
    .await;
    settle(
        &*store,
        "e",
        Vec::new(),
        desk(vec![given(20_001, 1, 7), given(20_000, -1, 0)]),
    )
    .await;
    let load = store
        .desk()
        .await
        .unwrap()
        .ledger
        .load("rui")
        .cloned()
        .unwrap();
    assert_eq!(
        (load.days, load.last),
        (vec![(20_000, 0), (20_001, 2)], Some(at(7)))
    );
    assert!(store.delete_rep("rui".to_owned(), None).await.unwrap());
    assert_eq!(store.desk().await.unwrap().ledger.load("rui"), None);
}

pub async fn amendments_see_and_write_one_lead(stand: Stand) {
    let store = stand.store;
    let contact = record(Kind::Contact, json!({"email": "ana@acme.example"}), at(1));
    let mut one = lead("", "new");
    one.fields.insert("contact", json!(contact.id.to_string()));
    let id = one.id;
    let company = Company {
        domain: "acme.example".to_owned(),
        owner: "rui".to_owned(),
    };
    let desk = DeskWrites {
        companies: vec![company.clone()],
        ..DeskWrites::default()
    };
    settle(&*store, "a", vec![contact.clone(), one.clone()], desk).await;
    let amend = |lead: Uuid, status: &'static str| {
        Amendment::new(lead, move |held| {
            let mut lead = held.records[0].clone();
            let standing = held.ties.standing(lead.id);
            assert_eq!(
                (standing.epoch, &standing.facts["endpoint"]),
                (1, &json!("website"))
            );
            assert_eq!(held.ties.owner_of("acme.example"), Some("rui"));
            assert_eq!(held.records[1].fields["email"], "ana@acme.example");
            if lead.fields["status"] == status {
                return Err(Declined::new("no_change", "it is so already"));
            }
            lead.version += 1;
            lead.fields.insert("status", json!(status));
            let write = RecordWrite {
                record: lead,
                keys: Vec::new(),
            };
            Ok(Writes {
                records: vec![write],
                ..nothing(at(3))
            })
        })
        .logged(move |held| {
            let before = held.records[0].fields["status"].clone();
            log("lead.amended").changing(before, json!(status))
        })
    };
    let unknown = amend(Uuid::nil(), "lost");
    let outcomes = store
        .amend(vec![amend(id, "working"), amend(id, "working"), unknown])
        .await
        .unwrap();
    let declined = Amended::Declined(Declined::new("no_change", "it is so already"));
    assert_eq!(outcomes, [Amended::Written, declined, Amended::Unknown]);
    let stored = store.record(Kind::Lead, id).await.unwrap().unwrap();
    assert_eq!(
        (stored.version, &stored.fields["status"]),
        (2, &json!("working"))
    );
    let logged = store.audit(AuditFilter::default(), first(9)).await.unwrap();
    assert_eq!(logged.items.len(), 1, "what is declined is no change");
    assert_eq!(logged.items[0].after, Some(json!("working")));
    let panics = Amendment::new(id, |_| panic!("a defect, as this test wants it"));
    let outcome = store.amend(vec![panics, amend(id, "lost")]).await.unwrap();
    assert!(
        matches!(&outcome[0], Amended::Declined(why) if why.code == "defect"),
        "{outcome:?}"
    );
    assert_eq!(outcome[1], Amended::Written, "the next one is not harmed");
    let held = store.held_lead(id).await.unwrap().unwrap();
    assert_eq!(
        (held.records.len(), held.ties.companies),
        (2, vec![company])
    );
    assert!(store.held_lead(Uuid::nil()).await.unwrap().is_none());
    assert_eq!(store.standing(id).await.unwrap().unwrap().epoch, 1);
    assert_eq!(store.decisions(id).await.unwrap().len(), 1);
}

pub async fn lines_keep_their_order(stand: Stand) {
    let store = stand.store;
    let leads: Vec<Record> = (0..4).map(|_| lead("", "new")).collect();
    let ids: Vec<Uuid> = leads.iter().map(|lead| lead.id).collect();
    let waits = |route: &str, second, version| {
        Some(Waiting {
            route: route.to_owned(),
            since: at(second),
            version,
        })
    };
    let desk = |waiting| DeskWrites {
        waiting,
        ..DeskWrites::default()
    };
    let all = vec![
        (ids[0], waits("team:a", 3, 1)),
        (ids[1], waits("team:a", 1, 2)),
        (ids[2], waits("team:b|rep:c", 2, 2)),
        (ids[3], waits("team:a", 9, 2)),
    ];
    settle(&*store, "a", leads, desk(all)).await;
    let lines = async || -> Vec<(String, u64, Uuid)> {
        let lines = store.lines().await.unwrap();
        let remembered = store.desk().await.unwrap().ledger;
        assert_eq!(remembered.lines(), lines);
        lines
            .into_iter()
            .map(|line| (line.route, line.count, line.head))
            .collect()
    };
    let line = |route: &str, count, head| (route.to_owned(), count, head);
    assert_eq!(
        lines().await,
        [line("team:a", 3, ids[1]), line("team:b|rep:c", 1, ids[2])]
    );
    let first = store.waiting("team:a".to_owned(), 2).await.unwrap();
    assert_eq!(first, [(ids[1], at(1)), (ids[0], at(3))]);
    assert_eq!(store.waiting_for_other(2, 9).await.unwrap(), [ids[0]]);
    assert_eq!(store.waiting_for_other(3, 9).await.unwrap().len(), 4);
    let moved = vec![
        (ids[1], None),
        (ids[0], waits("team:b|rep:c", 3, 2)),
        (ids[2], None),
        (ids[2], None),
    ];
    settle(&*store, "b", Vec::new(), desk(moved)).await;
    assert_eq!(
        lines().await,
        [line("team:a", 1, ids[3]), line("team:b|rep:c", 1, ids[0])]
    );
    assert_eq!(
        store.standing(ids[0]).await.unwrap().unwrap().waiting,
        waits("team:b|rep:c", 3, 2)
    );
    assert_eq!(store.standing(ids[1]).await.unwrap().unwrap().waiting, None);
    settle(
        &*store,
        "c",
        Vec::new(),
        desk(vec![(ids[0], None), (ids[3], None)]),
    )
    .await;
    assert_eq!(lines().await, []);
}

pub async fn offers_are_due_in_their_order(stand: Stand) {
    let store = stand.store;
    let leads: Vec<Record> = (0..3).map(|_| lead("ana", "assigned")).collect();
    let ids: Vec<Uuid> = leads.iter().map(|lead| lead.id).collect();
    let offer = |second, accepted| Offer {
        rep: "ana".to_owned(),
        team: "iberia".to_owned(),
        epoch: 1,
        day: 20_000,
        due: at(second),
        accepted,
        passed: vec!["rui".to_owned()],
    };
    let desk = |offers| DeskWrites {
        offers,
        ..DeskWrites::default()
    };
    let all = vec![
        (ids[0], Some(offer(30, None))),
        (ids[1], Some(offer(20, None))),
        (ids[2], Some(offer(10, Some(at(5))))),
    ];
    settle(&*store, "a", leads, desk(all)).await;
    assert_eq!(store.overdue(at(19), 9).await.unwrap(), Vec::<Uuid>::new());
    assert_eq!(store.overdue(at(30), 9).await.unwrap(), [ids[1], ids[0]]);
    assert_eq!(store.overdue(at(30), 1).await.unwrap(), [ids[1]]);
    assert_eq!(
        store.standing(ids[2]).await.unwrap().unwrap().offer,
        Some(offer(10, Some(at(5))))
    );
    settle(
        &*store,
        "b",
        Vec::new(),
        desk(vec![(ids[1], None), (ids[0], Some(offer(40, None)))]),
    )
    .await;
    assert_eq!(store.overdue(at(39), 9).await.unwrap(), Vec::<Uuid>::new());
    assert_eq!(store.standing(ids[1]).await.unwrap().unwrap().offer, None);
}

/// A contact with three orders, the first of them not even begun.
async fn shopper(store: &dyn Store, key: &str) -> Record {
    let contact = record(
        Kind::Contact,
        json!({"email": format!("{key}@acme.example")}),
        at(1),
    );
    let order = |status: &str, total: &str| {
        let order = json!({"status": status, "total": total, "currency": "EUR", "contact": contact.id.to_string()});
        record(Kind::Order, order, at(2))
    };
    let orders = [
        order("cart", "5.00"),
        order("paid", "10.00"),
        order("paid", "20.50"),
    ];
    let mut records = vec![contact.clone()];
    records.extend(orders);
    settle(
        store,
        &format!("orders of {key}"),
        records,
        DeskWrites::default(),
    )
    .await;
    contact
}

pub async fn ties_are_shown_to_decisions(stand: Stand) {
    let store = stand.store;
    people(&*store).await;
    let contact = shopper(&*store, "a").await;
    let mut one = lead("", "new");
    one.fields.insert("contact", json!(contact.id.to_string()));
    settle(&*store, "lead", vec![one.clone()], DeskWrites::default()).await;
    let totals = async || -> Vec<String> {
        let held = store.held_lead(one.id).await.unwrap().unwrap();
        let orders = held.ties.orders.into_iter().flat_map(|(_, orders)| orders);
        orders
            .map(|order| format!("{} {}", order.status, order.total))
            .collect()
    };
    assert_eq!(
        totals().await,
        Vec::<String>::new(),
        "nobody asks for orders"
    );
    let rules = json!({"version": 0, "rules": [
        {"name": "Regulars", "when": {"field": "orders.count", "op": "gt", "value": 1}, "assign": {"rep": "ana"}},
        {"name": "Rest", "assign": {"rep": "rui"}}]});
    store
        .publish_rules(serde_json::from_value(rules).unwrap(), by(1), None, None)
        .await
        .unwrap();
    assert_eq!(totals().await, ["paid 20.50", "paid 10.00", "cart 5.00"]);
    // The writer finds what is not swept yet, and what is.
    let seen = async || {
        let decide = Box::new(|held: &frontdesk::store::Held<'_>| {
            let orders: usize = held
                .ties
                .orders
                .iter()
                .map(|(_, orders)| orders.len())
                .sum();
            Err(Declined::new("seen", orders.to_string()))
        });
        match store
            .amend(vec![Amendment {
                lead: one.id,
                decide,
                log: None,
            }])
            .await
            .unwrap()
            .remove(0)
        {
            Amended::Declined(why) => why.sentence,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(seen().await, "3");
    let limits = frontdesk::store::PurgeBefore {
        bodies: at(-9),
        keys: at(-9),
        history: at(-9),
    };
    store.purge(limits).await.unwrap();
    assert_eq!(seen().await, "3");
    let desk = DeskWrites {
        companies: vec![Company {
            domain: "acme.example".to_owned(),
            owner: "ana".to_owned(),
        }],
        ..DeskWrites::default()
    };
    settle(&*store, "company", Vec::new(), desk).await;
    let held = store.held(vec![email("new@acme.example")]).await.unwrap();
    assert_eq!(
        held.ties.owner_of("acme.example"),
        Some("ana"),
        "also for an address nobody has yet"
    );
}

pub async fn the_past_is_told_oldest_first(stand: Stand) {
    let store = stand.store;
    let contact = shopper(&*store, "a").await;
    let mut leads = Vec::new();
    for n in 0..4 {
        let fields = json!({"title": n.to_string(), "contact": contact.id.to_string()});
        let one = record(Kind::Lead, fields, at(n * 10));
        settle(
            &*store,
            &n.to_string(),
            vec![one.clone()],
            DeskWrites::default(),
        )
        .await;
        leads.push(one);
    }
    let past = async |since, limit, with_orders| -> Vec<(Value, usize)> {
        let stretch = Stretch {
            since: at(since),
            limit,
            with_orders,
        };
        let past = store.past(stretch).await.unwrap();
        past.into_iter()
            .map(|past| {
                assert_eq!(past.contact.unwrap().id, contact.id);
                assert_eq!(past.facts, fields(json!({"endpoint": "website"})));
                (past.lead.fields["title"].clone(), past.orders.len())
            })
            .collect()
    };
    let told = |titles: &[&str], orders| -> Vec<(Value, usize)> {
        titles.iter().map(|title| (json!(title), orders)).collect()
    };
    assert_eq!(past(0, 9, false).await, told(&["0", "1", "2", "3"], 0));
    assert_eq!(past(10, 9, true).await, told(&["1", "2", "3"], 3));
    assert_eq!(past(0, 2, false).await, told(&["2", "3"], 0));
}
