//! What only the embedded store promises: one file, one gateway, and what it survives.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use frontdesk::model::change::ChangeKind;
use frontdesk::model::dedupe::DedupeKey;
use frontdesk::model::event::{Appended, EventStatus, Note};
use frontdesk::model::field::Kind;
use frontdesk::model::people::Rep;
use frontdesk::model::record::{FieldMeta, Meta, Origin, Record};
use frontdesk::model::rules::RuleSet;
use frontdesk::store::sqlite::SqliteStore;
use frontdesk::store::{
    self, Assignments, EventFilter, Held, Inbox, Maintenance, PurgeBefore, RecordFilter,
    RecordWrite, Records, Settlement, Store, StoreError, StoreOptions, StoreRole, TokenRow, Writes,
};
use futures_util::future::join_all;
use serde_json::json;
use uuid::Uuid;

use crate::store::made::{
    all, arrival, at, by, change, done, email, first, lead_form, new_event, nothing, record,
    unopened, windowed, writing,
};
use crate::store::options;

async fn gateway(dir: &Path) -> Arc<SqliteStore> {
    SqliteStore::open(options(dir, StoreRole::Gateway))
        .await
        .unwrap()
}

fn unavailable<T: std::fmt::Debug>(result: store::Result<T>) -> String {
    match result {
        Err(StoreError::Unavailable(sentence)) => sentence,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_cannot_be_opened_is_refused_with_a_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let newer = dir.path().join("newer.db");
    let conn = rusqlite::Connection::open(&newer).unwrap();
    conn.pragma_update(None, "user_version", 999).unwrap();
    drop(conn);
    let no_database = dir.path().join("text.db");
    std::fs::write(
        &no_database,
        "this is a letter, not a database; ".repeat(99),
    )
    .unwrap();
    for (url, word) in [
        ("postgres://user@host/db".to_owned(), "PostgreSQL"),
        ("mysql://host".to_owned(), "sqlite:PATH"),
        ("sqlite:".to_owned(), "sqlite:PATH"),
        ("sqlite:/nowhere/at/all.db".to_owned(), "/nowhere/at/all.db"),
        (format!("sqlite:{}", newer.display()), "version 999"),
    ] {
        let opened = store::open(StoreOptions {
            url,
            refusals: 1,
            role: StoreRole::Gateway,
        });
        let sentence = unavailable(opened.await.map(|_| ()));
        assert!(sentence.contains(word), "{sentence}");
    }
    let opened = store::open(StoreOptions {
        url: format!("sqlite:{}", no_database.display()),
        refusals: 1,
        role: StoreRole::Gateway,
    });
    assert!(matches!(
        opened.await.map(|_| ()),
        Err(StoreError::Corrupt(_))
    ));
}

#[tokio::test]
async fn one_gateway_at_a_time_uses_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let first = gateway(dir.path()).await;
    let second = SqliteStore::open(options(dir.path(), StoreRole::Gateway)).await;
    assert!(unavailable(second.map(|_| ())).contains("another gateway is running"));
    first.close().await;
    let third = gateway(dir.path()).await;
    // Dropping is enough: the lock goes with the writer, after its last commit.
    drop(third);
    drop(first);
    gateway(dir.path()).await;
}

#[tokio::test]
async fn nothing_is_promised_by_files_that_are_not_where_they_were() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let store = gateway(dir.path()).await;
    let taken = |key: &'static str| store.append(arrival(&[key], at(0)));
    taken("before").await.unwrap();

    std::fs::rename(path("test.db"), path("moved.db")).unwrap();
    let sentence = unavailable(taken("lost").await);
    assert!(sentence.contains("test.db is gone"), "{sentence}");
    unavailable(store.ping().await);
    std::fs::copy(path("moved.db"), path("test.db")).unwrap();
    let sentence = unavailable(taken("lost").await);
    assert!(sentence.contains("test.db was replaced"), "{sentence}");
    std::fs::rename(path("moved.db"), path("test.db")).unwrap();
    taken("put back").await.unwrap();

    std::fs::remove_file(path("test.db-wal")).unwrap();
    let sentence = unavailable(taken("lost").await);
    assert!(sentence.contains("test.db-wal is gone"), "{sentence}");
    store.close().await;
    drop(store);
    let store = gateway(dir.path()).await;
    for key in ["before", "put back"] {
        let answers = store.append(arrival(&[key], at(1))).await.unwrap();
        assert!(matches!(answers[..], [Appended::Duplicate(_)]), "{key}");
    }
}

#[tokio::test]
async fn a_damaged_table_ends_in_errors_and_not_in_a_loop() {
    for table in ["claim", "identity"] {
        let dir = tempfile::tempdir().unwrap();
        let store = gateway(dir.path()).await;
        store.append(arrival(&["a"], at(0))).await.unwrap();
        store.close().await;
        drop(store);
        damage(&dir.path().join("test.db"), table);
        let store = gateway(dir.path()).await;
        let all = async {
            for second in 0..3 {
                let key = format!("b{second}");
                // Answered, whatever it is.
                drop(store.append(arrival(&[&key], at(second))).await);
                drop(store.ping().await);
            }
            // Quiet for so long that it tidies up.
            tokio::time::sleep(Duration::from_millis(700)).await;
            store.close().await;
        };
        tokio::time::timeout(Duration::from_secs(20), all)
            .await
            .unwrap();
    }
}

/// Overwrites the first page of a table.
fn damage(path: &Path, table: &str) {
    let conn = rusqlite::Connection::open(path).unwrap();
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    let page: i64 = conn
        .query_row(
            "SELECT rootpage FROM sqlite_schema WHERE name = ?1",
            [table],
            |row| row.get(0),
        )
        .unwrap();
    let size: i64 = conn
        .query_row("PRAGMA page_size", [], |row| row.get(0))
        .unwrap();
    drop(conn);
    let mut bytes = std::fs::read(path).unwrap();
    let (page, size) = (page as usize, size as usize);
    bytes[(page - 1) * size..page * size].fill(0xee);
    std::fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn a_companion_reads_and_queues_beside_the_gateway() {
    let dir = tempfile::tempdir().unwrap();
    let companion = || store::open(options(dir.path(), StoreRole::Companion));
    // It may come first, and makes the file.
    let early = companion().await.unwrap();
    let token = TokenRow {
        name: "ci".to_owned(),
        role: "admin".to_owned(),
        hash: [7; 32],
        created_at: at(0),
        revoked_at: None,
    };
    early.add_token(token.clone()).await.unwrap();
    let gateway: Arc<dyn Store> = gateway(dir.path()).await;
    assert_eq!(gateway.token_by_hash([7; 32]).await.unwrap(), Some(token));

    let late = companion().await.unwrap();
    unavailable(late.append(arrival(&["a"], at(0))).await);
    unavailable(late.claim(1, at(0)).await.map(|_| ()));
    let settlement = writing(Uuid::nil(), Vec::new(), at(0));
    unavailable(late.settle(vec![settlement]).await.remove(0));

    let arrival = arrival(&["a", "b"], at(0));
    let ids: Vec<Uuid> = arrival.events.iter().map(|event| event.id).collect();
    gateway.append(arrival).await.unwrap();
    let form = |id: Uuid, n: &str| lead_form(id, "ana@example.com", n, at(1));
    done(gateway.settle(vec![form(ids[0], "1")]).await);
    assert_eq!(late.touched(ids[0]).await.unwrap().len(), 2);
    let held = late.held(vec![super::made::lead_key("1")]).await.unwrap();
    assert_eq!(
        held.records.len(),
        2,
        "what is not swept yet is seen as well"
    );

    assert_eq!(late.replay(vec![ids[0]], None).await.unwrap(), 1);
    let claimed = gateway.claim(9, at(2)).await.unwrap();
    assert_eq!(
        claimed.len(),
        2,
        "the gateway finds what the companion queued"
    );

    // The gateway's next decision is made with the companion's rules and people.
    late.publish_rules(RuleSet::none(), by(3), None, None)
        .await
        .unwrap();
    let rep: Rep = serde_json::from_value(json!({"handle": "rui", "name": "Rui"})).unwrap();
    late.put_rep(rep.clone(), None).await.unwrap();
    let mut settlement = writing(ids[1], Vec::new(), at(4));
    settlement.decide = Box::new(move |held| {
        assert_eq!(
            (held.desk.rules.version, &held.desk.reps[..]),
            (1, &[rep.clone()][..])
        );
        nothing(at(4))
    });
    let settled = done(gateway.settle(vec![settlement]).await);
    assert_eq!(settled[0].status, EventStatus::Processed);
}

#[tokio::test]
async fn keys_are_known_after_reopening_wherever_they_stand() {
    let dir = tempfile::tempdir().unwrap();
    let mut first: BTreeMap<String, Uuid> = BTreeMap::new();
    for round in 0..4_i64 {
        let store = gateway(dir.path()).await;
        for n in 0..40 {
            let key = format!("{}", n * 7 % 40 + round * 10);
            let arrival = windowed(&key, 100, at(round * 10));
            let id = arrival.events[0].id;
            let expected = match first.get(&key) {
                Some(first) => Appended::Duplicate(*first),
                None => Appended::New(id),
            };
            assert_eq!(
                store.append(arrival).await.unwrap(),
                [expected],
                "{key} in round {round}"
            );
            first.entry(key).or_insert(id);
            if n == 20 && round % 2 == 0 {
                sweep(&store).await;
            }
        }
        // A claim that is over is taken over, and that is known after reopening too.
        let again = windowed("3", 100, at(1000 * (round + 1)));
        let id = again.events[0].id;
        if round == 3 {
            assert_eq!(store.append(again).await.unwrap(), [Appended::New(id)]);
            first.insert("3".to_owned(), id);
        }
        store.close().await;
    }
    let store = gateway(dir.path()).await;
    for (key, id) in first {
        let again = store.append(arrival(&[&key], at(5000))).await.unwrap();
        assert_eq!(again, [Appended::Duplicate(id)], "{key}");
    }
}

/// More keys than are learnt after one commit.
#[tokio::test]
async fn a_store_that_has_just_been_opened_mistakes_nobody_for_a_stranger() {
    const MANY: usize = 700;
    let dir = tempfile::tempdir().unwrap();
    let store = gateway(dir.path()).await;
    let names: Vec<String> = (0..MANY).map(|n| n.to_string()).collect();
    let keys: Vec<&str> = names.iter().map(String::as_str).collect();
    let first = arrival(&keys, at(0));
    let ids: Vec<Uuid> = first.events.iter().map(|event| event.id).collect();
    store.append(first).await.unwrap();
    let form =
        |id: Uuid, n: usize, lead: &str| lead_form(id, &format!("c{n}@example.com"), lead, at(1));
    let forms = (0..MANY).map(|n| form(ids[n], n, &names[n]));
    done(store.settle(forms.collect()).await);
    sweep(&store).await;
    store.close().await;

    let store = gateway(dir.path()).await;
    for n in (0..MANY).step_by(70) {
        let again = store.append(arrival(&[keys[n]], at(2))).await.unwrap();
        assert_eq!(again, [Appended::Duplicate(ids[n])], "event {n}");
        let news = arrival(&[&format!("new {n}")], at(3));
        let id = news.events[0].id;
        assert_eq!(store.append(news).await.unwrap(), [Appended::New(id)]);
        done(store.settle(vec![form(id, n, &format!("new {n}"))]).await);
    }
    let stats = store.stats().await.unwrap();
    let news = MANY.div_ceil(70);
    assert_eq!(
        (stats.events, stats.contacts, stats.leads),
        ((MANY + news) as u64, MANY as u64, (MANY + news) as u64)
    );
}

/// An event that finds its place holds the new key alone, and against whoever came in later, swept or not.
#[tokio::test]
async fn a_key_that_was_taken_over_stays_so_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let store = gateway(dir.path()).await;
    let early = unopened("the body", b"{", at(0));
    let early_id = early.events[0].id;
    for arrival in [early, unopened("id", b"[", at(1))] {
        store.append(arrival).await.unwrap();
    }
    store.replay(vec![early_id], None).await.unwrap();
    store.claim(9, at(2)).await.unwrap();
    let place = store.identify(early_id, new_event("id", at(0))).await;
    assert_eq!(place.unwrap(), Appended::New(early_id));
    store.close().await;

    let store = gateway(dir.path()).await;
    let again = store.append(arrival(&["id"], at(3))).await.unwrap();
    assert_eq!(again, [Appended::Duplicate(early_id)]);
    sweep(&store).await;
    store.close().await;
    let raw = rusqlite::Connection::open(store.path()).unwrap();
    let claims = raw.query_row("SELECT count(*) FROM claim", [], |row| row.get(0));
    assert_eq!(claims, Ok(1), "the key it came with is gone");
}

#[tokio::test]
async fn keys_that_cannot_be_read_hold_up_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let store = gateway(dir.path()).await;
    let event = arrival(&["a"], at(0));
    let id = event.events[0].id;
    store.append(event).await.unwrap();
    sweep(&store).await;
    store.close().await;
    let raw = rusqlite::Connection::open(store.path()).unwrap();
    let damage = "INSERT INTO claim VALUES (x'01', 9); INSERT INTO identity VALUES (x'01', 9)";
    raw.execute_batch(damage).unwrap();
    drop((raw, store));

    let store = gateway(dir.path()).await;
    for second in 1..4 {
        let again = store.append(arrival(&["a"], at(second))).await.unwrap();
        assert_eq!(again, [Appended::Duplicate(id)]);
    }
    let form = lead_form(id, "ana@example.com", "1", at(4));
    done(store.settle(vec![form]).await);
}

async fn sweep(store: &SqliteStore) {
    let nothing_old = PurgeBefore {
        bodies: at(-99),
        keys: at(-99),
        history: at(-99),
    };
    store.purge(nothing_old).await.unwrap();
}

#[tokio::test]
async fn a_damaged_event_is_set_aside_and_holds_up_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let store = gateway(dir.path()).await;
    let mut ids = Vec::new();
    for key in ["a", "b", "c", "d"] {
        let arrival = arrival(&[key], at(0));
        ids.push(arrival.events[0].id);
        store.append(arrival).await.unwrap();
    }
    store.close().await;
    let raw = rusqlite::Connection::open(store.path()).unwrap();
    let damage =
        "UPDATE event SET codec = 9 WHERE seq = 2; UPDATE event SET notes = '[' WHERE seq = 3";
    raw.execute_batch(damage).unwrap();
    drop((raw, store));

    let store = gateway(dir.path()).await;
    // One of them cannot be set aside at once, for the disk fails: it is not forgotten.
    store.fail_points().arm("begin", 1);
    let claimed = store.claim(9, at(1)).await.unwrap();
    let claimed: Vec<Uuid> = claimed.iter().map(|claimed| claimed.event.id).collect();
    assert_eq!(claimed, [ids[0], ids[3]]);
    assert_eq!(store.backlog().await.unwrap().pending, 3);
    assert!(store.claim(9, at(2)).await.unwrap().is_empty());
    assert_eq!(store.backlog().await.unwrap().pending, 2);
    for id in &ids[1..3] {
        let event = store.event(*id).await.unwrap().unwrap();
        assert_eq!(event.status, EventStatus::Failed);
        assert_eq!(event.code.as_deref(), Some("unreadable"));
        assert!(event.reason.unwrap().english.contains("cannot be read"));
    }
    let settlements = claimed.iter().map(|id| writing(*id, Vec::new(), at(3)));
    done(store.settle(settlements.collect()).await);
    store.close().await;
    let store = gateway(dir.path()).await;
    assert!(store.claim(9, at(4)).await.unwrap().is_empty());
    assert_eq!(store.backlog().await.unwrap().pending, 0);
}

#[tokio::test]
async fn an_event_is_set_aside_whatever_is_damaged_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = gateway(dir.path()).await;
    let [mut torn, untimely, sound, lost] = ["a", "b", "c", "d"].map(|key| arrival(&[key], at(0)));
    torn.request.body = (0..2000_u32)
        .flat_map(|n| DedupeKey::of([&n.to_be_bytes()[..]]).0)
        .collect();
    torn.events[0].notes = vec![Note {
        name: "links".to_owned(),
        score: 1,
        message: "a link".into(),
    }];
    let body = torn.request.body.clone();
    let ids = [&torn, &untimely, &sound].map(|arrival| arrival.events[0].id);
    for arrival in [torn, untimely, sound, lost] {
        store.append(arrival).await.unwrap();
    }
    store.close().await;
    let raw = rusqlite::Connection::open(store.path()).unwrap();
    let damage = format!(
        "UPDATE event SET received_at = {} WHERE seq = 2; UPDATE event SET stream = 99 WHERE seq = 4",
        i64::MAX
    );
    raw.execute_batch(&damage).unwrap();
    raw.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    drop(raw);
    tear(store.path(), &body);

    let store = gateway(dir.path()).await;
    let claimed = store.claim(9, at(1)).await.unwrap();
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].event.id, ids[2]);
    assert_eq!(store.backlog().await.unwrap().pending, 1);
    for id in &ids[..2] {
        let event = store.event(*id).await.unwrap().unwrap();
        assert_eq!(event.code.as_deref(), Some("unreadable"));
    }
    let listed = all(2, |page| store.events(EventFilter::default(), page)).await;
    assert_eq!(listed.len(), 3, "what can be shown is");
}

/// Breaks the chain of pages that holds `body`.
fn tear(path: &Path, body: &[u8]) {
    let mut file = std::fs::read(path).unwrap();
    let size = u16::from_be_bytes([file[16], file[17]]);
    let page = file
        .chunks_exact_mut(usize::from(size))
        .find(|page| body.windows(32).any(|part| part == &page[4..36]))
        .unwrap();
    page[..4].fill(0xff);
    std::fs::write(path, file).unwrap();
}

/// In each moment there is one, wherever it stands: so each list has to show it.
#[tokio::test]
async fn an_event_is_listed_while_its_status_changes() {
    let dir = tempfile::tempdir().unwrap();
    let store = gateway(dir.path()).await;
    // Each has a stream of its own, so that a list takes its time.
    let arrivals = (0..100).map(|n| {
        let mut arrival = arrival(&[&n.to_string()], at(n));
        arrival.request.endpoint = format!("endpoint-{n}");
        store.append(arrival)
    });
    join_all(arrivals).await;
    let last = arrival(&["last"], at(1000));
    let id = last.events[0].id;
    store.append(last).await.unwrap();
    let status = EventStatus::Processed;
    store
        .conclude(id, status, "done".into(), at(1001))
        .await
        .unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let (path, stopped) = (store.path().to_owned(), stop.clone());
    let changes = std::thread::spawn(move || {
        let raw = rusqlite::Connection::open(path).unwrap();
        raw.execute_batch("PRAGMA synchronous = OFF").unwrap();
        while !stopped.load(Ordering::Relaxed) {
            raw.execute_batch("UPDATE event_state SET status = 1 - status")
                .unwrap();
        }
    });
    let mut missed = 0;
    for _ in 0..200 {
        let page = store.events(EventFilter::default(), first(3)).await;
        missed += usize::from(page.unwrap().items.iter().all(|event| event.id != id));
    }
    stop.store(true, Ordering::Relaxed);
    changes.join().unwrap();
    assert_eq!(missed, 0);
}

#[tokio::test]
async fn a_failing_disk_promises_nothing_and_is_recovered_from() {
    let dir = tempfile::tempdir().unwrap();
    let store = gateway(dir.path()).await;
    let mut ids = Vec::new();
    for key in ["a", "b"] {
        let arrival = arrival(&[key], at(0));
        ids.push(arrival.events[0].id);
        store.append(arrival).await.unwrap();
    }
    let form = |nth: usize| lead_form(ids[nth], "ana@example.com", &nth.to_string(), at(1));
    for point in ["begin", "commit"] {
        store.fail_points().arm(point, 3);
        unavailable(store.append(arrival(&["c"], at(2))).await);
        unavailable(store.settle(vec![form(0)]).await.remove(0));
        unavailable(store.ping().await);
        store.ping().await.unwrap();
    }
    let fresh = arrival(&["c"], at(3));
    let id = fresh.events[0].id;
    assert_eq!(
        store.append(fresh).await.unwrap(),
        [Appended::New(id)],
        "it was never there"
    );
    let again = store.append(arrival(&["a"], at(3))).await.unwrap();
    assert_eq!(again, [Appended::Duplicate(ids[0])], "it was always there");
    let settled = done(store.settle(vec![form(0), form(1), form(0)]).await);
    assert!(
        settled
            .iter()
            .all(|one| one.status == EventStatus::Processed)
    );
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.events, stats.contacts, stats.leads), (3, 1, 2));
}

/// Eight events that wait, and for each the form of a lead; the fifth breaks a constraint.
async fn eight(store: &SqliteStore) -> (Vec<Uuid>, impl Fn(usize) -> Settlement) {
    let arrival = arrival(&["0", "1", "2", "3", "4", "5", "6", "7"], at(0));
    let ids: Vec<Uuid> = arrival.events.iter().map(|event| event.id).collect();
    store.append(arrival).await.unwrap();
    let events = ids.clone();
    let form = move |nth: usize| {
        let mut form = lead_form(events[nth], "ana@example.com", &nth.to_string(), at(1));
        if nth == 4 {
            let decide = form.decide;
            form.decide = Box::new(move |held| {
                let mut writes = decide(held);
                writes.decisions.extend(writes.decisions.clone());
                writes
            });
        }
        form
    };
    (ids, form)
}

#[tokio::test]
async fn a_commit_that_is_refused_costs_nobody_else_the_outcome() {
    let dir = tempfile::tempdir().unwrap();
    let store = gateway(dir.path()).await;
    let (ids, form) = eight(&store).await;
    store.fail_points().arm("commit refused", 1);
    let settled = done(store.settle((0..8).map(&form).collect()).await);
    for (nth, (settled, id)) in settled.iter().zip(&ids).enumerate() {
        let expected = match nth {
            4 => EventStatus::Failed,
            _ => EventStatus::Processed,
        };
        assert_eq!((settled.event, settled.status), (*id, expected), "{nth}");
        let stored = store.event(*id).await.unwrap().unwrap();
        assert_eq!(stored.status, expected, "{nth}");
    }
    let desk = store.desk().await.unwrap();
    assert_eq!(desk.ledger.turns()[0].taken, 7);
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.leads, stats.decisions, stats.changes), (7, 7, 14));
}

#[tokio::test]
async fn while_every_commit_is_refused_everybody_is_answered() {
    let dir = tempfile::tempdir().unwrap();
    let store = gateway(dir.path()).await;
    store.fail_points().arm("commit refused", 100);
    for _ in 0..3 {
        let answer = store.append(arrival(&["a"], at(0))).await;
        assert!(matches!(answer, Err(StoreError::Corrupt(_))), "{answer:?}");
    }
    store.fail_points().arm("commit refused", 0);
    let answer = store.append(arrival(&["a"], at(1))).await.unwrap();
    assert!(matches!(answer[..], [Appended::New(_)]));
}

#[tokio::test]
async fn an_outcome_says_what_is_on_disk_and_what_is_not_is_settled_later() {
    for point in ["begin", "commit"] {
        let dir = tempfile::tempdir().unwrap();
        let store = gateway(dir.path()).await;
        let (ids, form) = eight(&store).await;
        store.fail_points().arm(point, 1);
        let outcomes = store.settle((0..8).map(&form).collect()).await;
        let failed = outcomes.iter().filter(|outcome| outcome.is_err()).count();
        assert!(failed > 0, "{point}");
        for (outcome, id) in outcomes.iter().zip(&ids) {
            let stored = store.event(*id).await.unwrap().unwrap().status;
            match outcome {
                Ok(settled) => assert_eq!(settled.status, stored),
                Err(StoreError::Unavailable(_)) => assert_eq!(stored, EventStatus::Pending),
                Err(other) => panic!("{other}"),
            }
        }
        // What the writer remembers is what the file says: no turn of the lost transaction, and no number.
        done(store.settle((0..8).map(&form).collect()).await);
        let desk = store.desk().await.unwrap();
        assert_eq!(desk.ledger.turns()[0].taken, 7, "{point}");
        let stats = store.stats().await.unwrap();
        assert_eq!((stats.contacts, stats.leads, stats.changes), (1, 7, 14));
        let contact = store
            .records(Kind::Contact, RecordFilter::default(), first(9))
            .await
            .unwrap();
        let timeline = all(5, |page| store.timeline(contact.items[0].id, page)).await;
        assert_eq!(timeline.len(), 14, "{point}");
    }
}

/// A lead of somebody known, of whom its event tells nothing new.
fn another_lead(event: Uuid, number: usize) -> Settlement {
    let by_email = email("ana@example.com");
    let wanted = vec![by_email.clone()];
    let decide = move |held: &Held<'_>| {
        let known = Record::clone(&held.records[0]);
        assert_eq!(held.matches, [(by_email.clone(), known.id)]);
        assert_eq!(known.version, 1 + number as u64);
        let contact = Record {
            version: known.version + 1,
            meta: told_by(event),
            ..known
        };
        let value = json!({"status": "new", "contact": contact.id.to_string()});
        let lead = record(Kind::Lead, value, at(9));
        Writes {
            changes: vec![change(&lead, ChangeKind::Created, Some(event), at(9))],
            records: [contact, lead]
                .map(|record| RecordWrite {
                    record,
                    keys: Vec::new(),
                })
                .into(),
            ..nothing(at(9))
        }
    };
    Settlement {
        event,
        wanted,
        fetched: None,
        decide: Box::new(decide),
    }
}

fn told_by(event: Uuid) -> Meta {
    Meta {
        origins: vec![Origin {
            event,
            source: "meta".to_owned(),
            at_ms: 9,
        }],
        fields: BTreeMap::from([("email".into(), FieldMeta::default())]),
    }
}

/// The one contact is what the last event made of it, in every list.
async fn is_told_by(store: &SqliteStore, event: Uuid, leads: usize) {
    let contacts = store.records(Kind::Contact, RecordFilter::default(), first(9));
    let contacts = contacts.await.unwrap().items;
    let [contact] = &contacts[..] else {
        panic!("{contacts:?}");
    };
    assert_eq!(contact.version, 1 + leads as u64);
    assert_eq!(contact.meta, told_by(event));
    assert_eq!(contact.updated_at, at(1));
    let alone = store.record(Kind::Contact, contact.id).await.unwrap();
    assert_eq!(alone.as_ref(), Some(contact));
    let held = store.held(vec![email("ana@example.com")]).await.unwrap();
    assert_eq!(held.records[0], *contact);
    let timeline = all(2, |page| store.timeline(contact.id, page)).await;
    assert_eq!(timeline.len(), 1 + leads);
}

#[tokio::test]
async fn a_contact_of_whom_nothing_new_is_told_is_shown_as_it_is_wherever_that_stands() {
    let dir = tempfile::tempdir().unwrap();
    let store = gateway(dir.path()).await;
    let mut ids = Vec::new();
    for key in ["a", "b", "c", "d", "e"] {
        let arrival = arrival(&[key], at(0));
        ids.push(arrival.events[0].id);
        store.append(arrival).await.unwrap();
    }
    let contact = record(Kind::Contact, json!({"email": "ana@example.com"}), at(1));
    let keys = vec![email("ana@example.com")];
    done(
        store
            .settle(vec![writing(ids[0], vec![(contact, keys)], at(1))])
            .await,
    );
    done(
        store
            .settle(vec![another_lead(ids[1], 0), another_lead(ids[2], 1)])
            .await,
    );
    is_told_by(&store, ids[2], 2).await;
    let touches = |store: &SqliteStore| {
        let raw = rusqlite::Connection::open(store.path()).unwrap();
        let count = "SELECT count(*) FROM touch";
        raw.query_row(count, [], |row| row.get::<_, i64>(0))
            .unwrap()
    };
    assert_eq!(touches(&store), 1, "told of in one commit");

    // As a crash would leave it: not in the contact's row, or already there.
    let crashed = tempfile::tempdir().unwrap();
    for file in ["test.db", "test.db-wal"] {
        std::fs::copy(dir.path().join(file), crashed.path().join(file)).unwrap();
    }
    let reopened = gateway(crashed.path()).await;
    is_told_by(&reopened, ids[2], 2).await;
    done(reopened.settle(vec![another_lead(ids[3], 2)]).await);
    is_told_by(&reopened, ids[3], 3).await;

    sweep(&store).await;
    assert_eq!(touches(&store), 0);
    is_told_by(&store, ids[2], 2).await;
    done(store.settle(vec![another_lead(ids[3], 2)]).await);
    // What is not committed leaves nothing behind.
    store.fail_points().arm("commit", 1);
    let lost = store.settle(vec![another_lead(ids[4], 3)]).await;
    assert!(matches!(lost[..], [Err(StoreError::Unavailable(_))]));
    is_told_by(&store, ids[3], 3).await;
    done(store.settle(vec![another_lead(ids[4], 3)]).await);
    is_told_by(&store, ids[4], 4).await;
}

#[tokio::test]
async fn after_a_failed_sync_everything_is_written_anew_before_more_is_promised() {
    let dir = tempfile::tempdir().unwrap();
    let store = gateway(dir.path()).await;
    let event = arrival(&["a"], at(0));
    let id = event.events[0].id;
    store.append(event).await.unwrap();
    let form = || vec![lead_form(id, "ana@example.com", "1", at(1))];
    store.fail_points().arm("sync", 2);
    unavailable(store.append(arrival(&["b"], at(2))).await);
    unavailable(store.settle(form()).await.remove(0));
    // Nobody was told that they are there; whoever asks again is told what is there, once it is on disk.
    let again = store.append(arrival(&["b"], at(3))).await.unwrap();
    assert!(matches!(again[..], [Appended::Duplicate(_)]), "{again:?}");
    let settled = done(store.settle(form()).await);
    assert_eq!(settled[0].status, EventStatus::Processed);
    // The database file has them, without its log.
    let alone = dir.path().join("alone.db");
    std::fs::copy(store.path(), &alone).unwrap();
    let raw = rusqlite::Connection::open(&alone).unwrap();
    let sql = "SELECT (SELECT count(*) FROM event), (SELECT count(*) FROM decision)";
    let found = raw.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)));
    assert_eq!(found.unwrap(), (2, 1));
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.events, stats.leads, stats.decisions), (2, 1, 1));
}

#[tokio::test]
async fn what_waits_is_found_after_a_restart_and_only_that() {
    let dir = tempfile::tempdir().unwrap();
    let store = gateway(dir.path()).await;
    let mut waiting = BTreeSet::new();
    // Enough for the mark in the file to follow more than once.
    for n in 0..25 {
        let keys: Vec<String> = (0..400).map(|part| format!("{n} {part}")).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let batch = arrival(&keys, at(n));
        for appended in store.append(batch).await.unwrap() {
            let Appended::New(id) = appended else {
                panic!("{appended:?}")
            };
            waiting.insert(id);
        }
    }
    for round in 0..13 {
        let claimed = store.claim(1000, at(30)).await.unwrap();
        let Some((first, others)) = claimed.split_first() else {
            break;
        };
        // Its worker gives it back, or is still at it when the gateway ends.
        if round % 2 == 0 {
            store.release(vec![first.event.id]).await;
        }
        let others = others.iter().map(|claimed| claimed.event.id);
        let settlements = others.map(|id| writing(id, Vec::new(), at(31)));
        for settled in done(store.settle(settlements.collect()).await) {
            waiting.remove(&settled.event);
        }
    }
    let waiting: Vec<Uuid> = waiting.into_iter().collect();
    assert!((3..10).contains(&waiting.len()), "{}", waiting.len());
    let shown = async |store: &Arc<SqliteStore>| {
        let filter = EventFilter {
            status: Some(EventStatus::Pending),
            ..EventFilter::default()
        };
        let events = all(3, |page| store.events(filter.clone(), page)).await;
        let mut shown: Vec<Uuid> = events.iter().map(|event| event.id).collect();
        shown.sort();
        shown
    };
    assert_eq!(shown(&store).await, waiting);
    let backlog = store.backlog().await.unwrap();
    store.close().await;
    drop(store);
    let store = gateway(dir.path()).await;
    assert_eq!(shown(&store).await, waiting);
    let again = store.backlog().await.unwrap();
    assert_eq!(
        (again.pending, again.oldest),
        (backlog.pending, backlog.oldest)
    );
    let claimed = store.claim(99, at(40)).await.unwrap();
    let claimed: Vec<Uuid> = claimed.iter().map(|claimed| claimed.event.id).collect();
    assert_eq!(claimed, waiting, "oldest first");
}

#[tokio::test]
async fn a_companion_leaves_the_gateways_keys_alone() {
    let dir = tempfile::tempdir().unwrap();
    let store = gateway(dir.path()).await;
    let (_, form) = eight(&store).await;
    done(store.settle((0..4).map(&form).collect()).await);
    let path = store.path().to_owned();
    store.close().await;
    // What waits to be swept cannot even be read: the gateway has to know, a companion has no business there.
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute("INSERT INTO tail (entries) VALUES (x'ff')", [])
        .unwrap();
    let opened = SqliteStore::open(options(dir.path(), StoreRole::Gateway)).await;
    assert!(matches!(opened.map(|_| ()), Err(StoreError::Corrupt(_))));
    let marks = || -> (i64, i64, i64) {
        let sql = "SELECT (SELECT count(*) FROM tail), (SELECT count(*) FROM posting),
            (SELECT n FROM number WHERE name = 'claims_swept')";
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        raw.query_row(sql, [], row).unwrap()
    };
    let before = marks();
    let companion = SqliteStore::open(options(dir.path(), StoreRole::Companion))
        .await
        .unwrap();
    companion.ping().await.unwrap();
    let ids = all(9, |page| companion.events(EventFilter::default(), page)).await;
    let ids = ids.iter().map(|event| event.id).collect();
    assert_eq!(companion.replay(ids, None).await.unwrap(), 4);
    let purge = PurgeBefore {
        bodies: at(99),
        keys: at(99),
        history: at(99),
    };
    unavailable(companion.purge(purge).await);
    companion.close().await;
    assert_eq!(marks(), before);
}

#[tokio::test]
async fn a_full_disk_promises_nothing_and_is_recovered_from() {
    let dir = tempfile::tempdir().unwrap();
    let store = gateway(dir.path()).await;
    store.append(arrival(&["first"], at(0))).await.unwrap();
    let large = |n: i64| {
        let mut arrival = arrival(&[&format!("large {n}")], at(n));
        arrival.request.body = (0..60_000_u32)
            .map(|byte| (byte.wrapping_mul(byte) >> 7) as u8)
            .collect();
        arrival
    };
    store.fail_points().fill_disk();
    let mut refused = 0;
    let mut taken = 1;
    for n in 0..8 {
        match store.append(large(n)).await {
            Ok(_) => taken += 1,
            Err(StoreError::Unavailable(_)) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(refused >= 7, "{refused} of 8 were refused");
    // Reading goes on.
    let listed = all(9, |page| store.events(EventFilter::default(), page)).await;
    assert_eq!(listed.len(), taken);
    store.fail_points().empty_disk();
    for n in 0..8 {
        store.append(large(n)).await.unwrap();
    }
    let listed = all(9, |page| store.events(EventFilter::default(), page)).await;
    assert_eq!(listed.len(), 9, "each once");
}

#[tokio::test]
async fn a_file_that_is_locked_for_a_while_is_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let store = gateway(dir.path()).await;
    let other = rusqlite::Connection::open(store.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let append = {
        let store = store.clone();
        tokio::spawn(async move { store.append(arrival(&["a"], at(0))).await })
    };
    // Reads do not wait.
    store
        .events(EventFilter::default(), super::made::first(1))
        .await
        .unwrap();
    assert!(!append.is_finished());
    other.execute_batch("COMMIT").unwrap();
    assert!(matches!(
        append.await.unwrap().unwrap()[..],
        [Appended::New(_)]
    ));
}

/// Walks all events, page by page, again and again, as exports do; says how many pages it read.
fn export(store: Arc<dyn Store>, stop: Arc<AtomicBool>) -> tokio::task::JoinHandle<usize> {
    tokio::spawn(async move {
        let mut pages = 0;
        while !stop.load(Ordering::Relaxed) {
            let mut page = first(200);
            loop {
                let got = store.events(EventFilter::default(), page.clone()).await;
                pages += 1;
                match got.unwrap().next {
                    Some(next) => page.cursor = Some(next),
                    None => break,
                }
            }
        }
        pages
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_stays_short_under_unbroken_load_while_exports_read() {
    let dir = tempfile::tempdir().unwrap();
    let store = gateway(dir.path()).await;
    let companion = store::open(options(dir.path(), StoreRole::Companion))
        .await
        .unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let exports = [
        export(companion, stop.clone()),
        export(store.clone(), stop.clone()),
    ];
    let body: Vec<u8> = (0..20_000_u32)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes())
        .collect();
    let log = dir.path().join("test.db-wal");
    let mut longest = 0;
    for round in 0..30 {
        let sends = (0..64).map(|n| {
            let mut arrival = arrival(&[&format!("{round} {n}")], at(round));
            arrival.request.body = body.clone();
            store.append(arrival)
        });
        for answer in join_all(sends).await {
            answer.unwrap();
        }
        longest = longest.max(std::fs::metadata(&log).unwrap().len());
    }
    stop.store(true, Ordering::Relaxed);
    for export in exports {
        let pages = export.await.unwrap();
        assert!(pages > 20, "{pages} pages are an export");
    }
    let written = store.stats().await.unwrap().bytes;
    assert!(written > 140_000_000, "{written} bytes are a load");
    assert!(
        longest <= 96 * 1024 * 1024,
        "the log was {longest} bytes long"
    );
}

/// The other process of the crash test: takes and settles leads until it is killed, and says so after each promise.
#[test]
#[ignore = "run by the crash test, in a process of its own"]
fn crash_child() {
    #[expect(
        clippy::disallowed_methods,
        reason = "how a test process is told its folder"
    )]
    let Ok(dir) = std::env::var("FRONTDESK_CRASH_TEST") else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = gateway(Path::new(&dir)).await;
        let have = store.stats().await.unwrap().events;
        let mut senders = tokio::task::JoinSet::new();
        for sender in 0..16_u64 {
            let store = store.clone();
            senders.spawn(async move {
                for n in 0.. {
                    let key = format!("{have} {sender} {n}");
                    let answers = store.append(arrival(&[&key], at(0))).await.unwrap();
                    let [Appended::New(id)] = answers[..] else {
                        panic!("{key} is no duplicate: {answers:?}");
                    };
                    println!("took|{key}|{id}");
                }
            });
        }
        let sweeping = store.clone();
        senders.spawn(async move {
            loop {
                sweep(&sweeping).await;
            }
        });
        loop {
            let claimed = store.claim(20, at(1)).await.unwrap();
            let forms = claimed.iter().map(|claimed| {
                let id = claimed.event.id;
                let address = format!("{}@example.com", id.as_u128() % 11);
                lead_form(id, &address, &id.to_string(), at(1))
            });
            for settled in done(store.settle(forms.collect()).await) {
                println!("settled|{}|", settled.event);
            }
            store.wait_for_work(Duration::from_millis(5)).await;
        }
    });
}

#[tokio::test]
async fn what_was_promised_survives_a_killed_process() {
    let dir = tempfile::tempdir().unwrap();
    let mut taken: BTreeMap<String, Uuid> = BTreeMap::new();
    let mut settled: Vec<Uuid> = Vec::new();
    for round in 0..6_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--ignored",
                "--exact",
                "store::sqlite::crash_child",
                "--nocapture",
            ])
            .env("FRONTDESK_CRASH_TEST", dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut promises = 0;
        let enough = 300 + round * 217;
        let mut killed = None;
        while let Some(Ok(line)) = lines.next() {
            // The last line may be cut off.
            let words: Vec<&str> = line.split('|').collect();
            match words[..] {
                ["took", key, id] => {
                    if let Ok(id) = Uuid::parse_str(id) {
                        assert_eq!(taken.insert(key.to_owned(), id), None);
                    }
                }
                ["settled", id, ""] => settled.push(Uuid::parse_str(id).unwrap()),
                _ => {}
            }
            promises += 1;
            if promises >= enough && killed.is_none() {
                child.kill().unwrap();
                killed = Some(Instant::now());
            }
        }
        child.wait().unwrap();
        assert!(
            killed.is_some(),
            "the process ended by itself in round {round}"
        );
        check_promises(dir.path(), &taken, &settled).await;
    }
}

async fn check_promises(dir: &Path, taken: &BTreeMap<String, Uuid>, settled: &[Uuid]) {
    let store: Arc<dyn Store> = gateway(dir).await;
    for (key, id) in taken {
        let again = store.append(arrival(&[key], at(2))).await.unwrap();
        assert_eq!(again, [Appended::Duplicate(*id)], "{key}");
    }
    for id in settled {
        let event = store.event(*id).await.unwrap().unwrap();
        assert_eq!(event.status, EventStatus::Processed);
    }
    let processed = EventFilter {
        status: Some(EventStatus::Processed),
        ..EventFilter::default()
    };
    let processed = all(200, |page| store.events(processed.clone(), page)).await;
    let leads = all(200, |page| {
        store.records(Kind::Lead, RecordFilter::default(), page)
    })
    .await;
    let desk = store.desk().await.unwrap();
    let spent: i64 = desk.ledger.turns().iter().map(|turn| turn.taken).sum();
    assert!(processed.len() >= settled.len());
    assert_eq!(leads.len(), processed.len(), "one lead an event");
    assert_eq!(spent, leads.len() as i64, "one turn a lead");
    let stats = store.stats().await.unwrap();
    assert_eq!(
        (stats.leads, stats.decisions),
        (leads.len() as u64, leads.len() as u64)
    );
    let every = all(200, |page| store.events(EventFilter::default(), page)).await;
    assert_eq!(stats.events, every.len() as u64);
    assert_eq!(
        store.backlog().await.unwrap().pending,
        stats.events - stats.leads
    );
    let contacts = all(200, |page| {
        store.records(Kind::Contact, RecordFilter::default(), page)
    })
    .await;
    assert!(contacts.len() <= 11, "one contact an address");
    store.close().await;
}
