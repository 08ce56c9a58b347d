//! The inbox: each event once, each to one worker.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use frontdesk::model::dedupe::DedupeKey;
use frontdesk::model::event::{
    Appended, Arrival, EventStatus, Note, PutOff, Refusal, SPAM, Violation,
};
use frontdesk::model::id::new_id;
use frontdesk::model::page::PageRequest;
use frontdesk::model::request::Headers;
use frontdesk::model::said::Said;
use frontdesk::said;
use frontdesk::store::users::{AuditFilter, AuditRow, Told};
use frontdesk::store::{EventFilter, Store};
use futures_util::future::join_all;
use jiff::Timestamp;
use uuid::Uuid;

use crate::store::made::{all, arrival, at, done, first, unopened, windowed, writing};
use crate::store::{REFUSALS, Stand};

pub async fn each_delivery_is_taken_once(stand: Stand) {
    let store = stand.store;
    let mut taken: Vec<(String, Uuid)> = Vec::new();
    let batches: [&[&str]; 7] = [
        &["a"],
        &["a"],
        &["b", "c", "b"],
        &["c", "d", "a", "d"],
        &["b", "a"],
        &[],
        &["e"],
    ];
    for (keys, second) in batches.into_iter().zip(0..) {
        let arrival = arrival(keys, at(second));
        let ids: Vec<Uuid> = arrival.events.iter().map(|event| event.id).collect();
        let mut expected = Vec::new();
        for (key, id) in keys.iter().zip(&ids) {
            match taken.iter().find(|(known, _)| known == key) {
                Some((_, first)) => expected.push(Appended::Duplicate(*first)),
                None => {
                    taken.push(((*key).to_owned(), *id));
                    expected.push(Appended::New(*id));
                }
            }
        }
        assert_eq!(store.append(arrival).await.unwrap(), expected, "{keys:?}");
    }
    let listed = all(2, |page| store.events(EventFilter::default(), page)).await;
    let listed: BTreeSet<Uuid> = listed.iter().map(|event| event.id).collect();
    assert_eq!(listed, taken.iter().map(|(_, id)| *id).collect());
    assert_eq!(store.stats().await.unwrap().events, 5);
}

pub async fn the_same_delivery_fifty_times_at_once_is_one_event(stand: Stand) {
    let store = &stand.store;
    let answers = join_all((0..50).map(|_| store.append(arrival(&["once"], at(0))))).await;
    let answers: Vec<Appended> = answers.into_iter().flat_map(Result::unwrap).collect();
    let new: Vec<Uuid> = answers
        .iter()
        .filter_map(|answer| match answer {
            Appended::New(id) => Some(*id),
            Appended::Duplicate(_) => None,
        })
        .collect();
    assert_eq!(new.len(), 1);
    let duplicates = answers
        .iter()
        .filter(|answer| **answer == Appended::Duplicate(new[0]));
    assert_eq!(duplicates.count(), 49);
    assert_eq!(store.claim(100, at(1)).await.unwrap().len(), 1);
}

pub async fn a_claim_older_than_its_window_is_taken_over(stand: Stand) {
    let store = stand.store;
    let mut holder = None;
    for (second, taken_over) in [
        (0, true),
        (59, false),
        (60, true),
        (119, false),
        (-500, false),
        (120, true),
        (1000, true),
    ] {
        let arrival = windowed("form", 60, at(second));
        let id = arrival.events[0].id;
        let expected = match taken_over {
            true => Appended::New(id),
            false => Appended::Duplicate(holder.unwrap()),
        };
        assert_eq!(
            store.append(arrival).await.unwrap(),
            [expected],
            "at {second}"
        );
        if taken_over {
            holder = Some(id);
        }
    }
    let forever = store
        .append(arrival(&["form"], at(9_999_999)))
        .await
        .unwrap();
    assert_eq!(forever, [Appended::Duplicate(holder.unwrap())]);
}

/// An arrival of one event that is not valid.
fn invalid(key: &str, body: &[u8], second: i64) -> Arrival {
    let mut arrival = arrival(&[key], at(second));
    arrival.request.body = body.to_vec();
    arrival.events[0].status = EventStatus::Quarantined;
    arrival.events[0].violations = vec![Violation::new("/email", "is missing")];
    arrival
}

/// An arrival of one event that is valid.
fn valid(key: &str, body: &[u8], second: i64) -> Arrival {
    let mut arrival = arrival(&[key], at(second));
    arrival.request.body = body.to_vec();
    arrival
}

pub async fn an_invalid_event_holds_its_key_against_its_own_body(stand: Stand) {
    let store = stand.store;
    let long = b"{\"email\": \"\", \"message\": \"hello\"}".repeat(200);
    let first = invalid("k", &long, 0);
    let held = first.events[0].id;
    assert_eq!(store.append(first).await.unwrap(), [Appended::New(held)]);
    let again = store.append(invalid("k", &long, 1)).await.unwrap();
    assert_eq!(again, [Appended::Duplicate(held)], "an unchanged retry");
    let meant = valid("k", b"{\"email\": \"ana@example.com\"}", 2);
    let news = meant.events[0].id;
    assert_eq!(store.append(meant).await.unwrap(), [Appended::New(news)]);
    for late in [valid("k", b"{}", 3), invalid("k", &long, 4)] {
        let answer = store.append(late).await.unwrap();
        assert_eq!(
            answer,
            [Appended::Duplicate(news)],
            "the valid one holds it"
        );
    }
    let mut batch = arrival(&["b", "b", "b"], at(5));
    batch.events[0].status = EventStatus::Quarantined;
    batch.events[0].violations = vec![Violation::new("/email", "is missing")];
    let ids: Vec<Uuid> = batch.events.iter().map(|event| event.id).collect();
    assert_eq!(
        store.append(batch).await.unwrap(),
        [
            Appended::New(ids[0]),
            Appended::New(ids[1]),
            Appended::Duplicate(ids[1])
        ],
        "the first of a batch is none"
    );
}

pub async fn an_invalid_event_that_comes_again_and_is_valid_goes_on(stand: Stand) {
    let store = stand.store;
    let first = invalid("k", b"{}", 0);
    let held = first.events[0].id;
    store.append(first).await.unwrap();
    assert!(store.claim(9, at(1)).await.unwrap().is_empty());
    // The schema was mended; the sender tries again.
    let again = store.append(valid("k", b"{}", 2)).await.unwrap();
    assert_eq!(again, [Appended::Duplicate(held)]);
    let claimed = store.claim(9, at(3)).await.unwrap();
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].event.id, held);
    assert!(claimed[0].event.violations.is_empty(), "they are of old");
    done(store.settle(vec![writing(held, Vec::new(), at(4))]).await);
    let late = store.append(valid("k", b"{}", 5)).await.unwrap();
    assert_eq!(late, [Appended::Duplicate(held)]);
    assert!(store.claim(9, at(6)).await.unwrap().is_empty());
    assert_eq!(store.stats().await.unwrap().events, 1);
}

/// An arrival of one event that stands for its request, and waits.
fn whole(key: &str, second: i64) -> Arrival {
    let mut arrival = arrival(&[key], at(second));
    arrival.events[0].part = None;
    arrival.events[0].event_type = String::new();
    arrival.events[0].delivery_id = None;
    arrival
}

pub async fn an_event_that_stood_for_a_request_finds_its_place(stand: Stand) {
    let store = stand.store;
    let arrival = whole("the body", 0);
    let id = arrival.events[0].id;
    store.append(arrival).await.unwrap();
    let claimed = store.claim(9, at(1)).await.unwrap();
    assert_eq!(claimed[0].event.part, None);
    let first = valid("first", b"", 0).events.remove(0);
    let place = store.identify(id, first.clone()).await.unwrap();
    assert_eq!(place, Appended::New(id));
    let claimed = store.claim(9, at(2)).await.unwrap();
    let event = &claimed[0].event;
    assert_eq!((event.id, event.part), (id, Some(0)));
    assert_eq!(event.event_type, first.event_type);
    assert_eq!(event.delivery_id, first.delivery_id);
    let again = store.append(valid("first", b"", 3)).await.unwrap();
    assert_eq!(again, [Appended::Duplicate(id)], "it holds the key now");
    let by_delivery = EventFilter {
        q: first.delivery_id,
        ..EventFilter::default()
    };
    let found = all(9, |page| store.events(by_delivery.clone(), page)).await;
    assert_eq!(found.len(), 1);
}

pub async fn an_event_whose_place_is_taken_ends(stand: Stand) {
    let store = stand.store;
    let arrival = whole("the body", 0);
    let id = arrival.events[0].id;
    store.append(arrival).await.unwrap();
    let retry = valid("first", b"", 1);
    let other = retry.events[0].id;
    store.append(retry).await.unwrap();
    let first = valid("first", b"", 0).events.remove(0);
    let place = store.identify(id, first).await.unwrap();
    assert_eq!(place, Appended::Duplicate(other));
    let ended = store.event(id).await.unwrap().unwrap();
    assert_eq!(ended.status, EventStatus::Ignored);
    assert!(ended.reason.unwrap().contains(&other.to_string()));
    assert_eq!(store.backlog().await.unwrap().pending, 1);
}

pub async fn of_two_requests_with_one_key_one_is_processed(stand: Stand) {
    let store = stand.store;
    let (early, late) = (unopened("id", b"{", at(0)), unopened("id", b"[", at(1)));
    let (one, other) = (early.events[0].id, late.events[0].id);
    assert_eq!(store.append(early).await.unwrap(), [Appended::New(one)]);
    let answer = store.append(late).await.unwrap();
    assert_eq!(answer, [Appended::New(other)], "it may be what was meant");
    let first = valid("id", b"", 0).events.remove(0);
    for (id, place) in [(one, Appended::New(one)), (other, Appended::Duplicate(one))] {
        store.replay(vec![id], None).await.unwrap();
        store.claim(9, at(2)).await.unwrap();
        assert_eq!(store.identify(id, first.clone()).await.unwrap(), place);
    }
    let ended = store.event(other).await.unwrap().unwrap();
    assert_eq!(ended.status, EventStatus::Ignored);
    let again = store.append(valid("id", b"", 3)).await.unwrap();
    assert_eq!(again, [Appended::Duplicate(one)]);
}

pub async fn a_raw_request_comes_back_as_it_was(stand: Stand) {
    let store = stand.store;
    let json = "{\"title\": \"the same again\"}, ".repeat(400).into_bytes();
    let noise: Vec<u8> = (0..600_u32)
        .flat_map(|n| DedupeKey::of([&n.to_be_bytes()[..]]).0)
        .collect();
    for (n, body) in [Vec::new(), b"a=b".to_vec(), json, noise, vec![0; 300_000]]
        .into_iter()
        .enumerate()
    {
        let mut arrival = arrival(&[&n.to_string()], at(n as i64));
        arrival.request.body = body;
        arrival.request.query = "hub.mode=subscribe&x=%20".to_owned();
        arrival.request.headers = Headers::from([("X-One", "1"), ("x-one", ""), ("x-ü", "é")]);
        arrival.request.peer = "2001:db8::7".parse().unwrap();
        arrival.events[0].violations = vec![
            Violation::new("/email", "is missing"),
            // With what it is made of, so that a page can say it in another language.
            Violation::new("/id", said!("gone", "{what} is gone", what = "the id")),
        ];
        let (sent, event) = (arrival.request.clone(), arrival.events[0].clone());
        store.append(arrival).await.unwrap();
        let raw = store.raw_request(event.id).await.unwrap().unwrap();
        assert_eq!(raw.body, sent.body);
        assert_eq!(raw.headers, sent.headers);
        assert_eq!(
            (
                raw.id,
                raw.endpoint,
                raw.method,
                raw.query,
                raw.peer,
                raw.received_at
            ),
            (
                sent.id,
                sent.endpoint,
                sent.method,
                sent.query,
                sent.peer,
                sent.received_at
            )
        );
        let stored = store.event(event.id).await.unwrap().unwrap();
        assert_eq!(stored.violations, event.violations);
        assert_eq!(stored.delivery_id, event.delivery_id);
        assert_eq!(stored.request, sent.id);
        assert_eq!(
            (stored.verdict.scheme.as_str(), stored.verdict.secret),
            ("hmac", Some(1))
        );
        let peeked = store.peek(event.id).await.unwrap().unwrap();
        assert_eq!(peeked.raw.unwrap().body, sent.body);
    }
    let unknown = new_id(at(0));
    assert!(store.event(unknown).await.unwrap().is_none());
    assert!(store.raw_request(unknown).await.unwrap().is_none());
    assert!(store.peek(unknown).await.unwrap().is_none());
}

pub async fn an_event_is_claimed_by_one_worker_oldest_first(stand: Stand) {
    let store = &stand.store;
    let mut ids = Vec::new();
    for second in 0..40 {
        let mut arrival = arrival(&[&second.to_string()], at(second));
        arrival.request.endpoint = format!("endpoint-{}", second % 3);
        ids.push(arrival.events[0].id);
        store.append(arrival).await.unwrap();
    }
    let one = store.claim(10, at(100)).await.unwrap();
    let one: Vec<Uuid> = one.iter().map(|claimed| claimed.event.id).collect();
    assert_eq!(one, ids[..10]);
    let claims = join_all((0..6).map(|_| store.claim(7, at(100)))).await;
    let mut claimed: Vec<Uuid> = one.clone();
    for claim in claims {
        claimed.extend(claim.unwrap().iter().map(|claimed| claimed.event.id));
    }
    claimed.sort();
    assert_eq!(claimed, ids, "each event once");
    assert!(store.claim(10, at(100)).await.unwrap().is_empty());

    store.release(vec![ids[3], ids[20]]).await;
    done(
        store
            .settle(vec![writing(ids[0], Vec::new(), at(100))])
            .await,
    );
    let again = store.claim(10, at(100)).await.unwrap();
    let again: Vec<Uuid> = again.iter().map(|claimed| claimed.event.id).collect();
    assert_eq!(
        again,
        [ids[3], ids[20]],
        "what was released, not what was settled"
    );
}

/// A store may hand out from memory what it has just written: it has to be the same.
pub async fn what_is_handed_out_is_what_is_stored(stand: Stand) {
    let store = stand.store;
    let moment = |n: i64| Timestamp::new(1_800_000_000 + n, 123_456_789).unwrap();
    let mut ids: BTreeSet<Uuid> = BTreeSet::new();
    for round in 0..4 {
        // A worker who has taken everything waits for more.
        assert!(store.claim(50, at(1000)).await.unwrap().is_empty());
        let n = |nth: i64| round * 10 + nth;
        let sent = |nth: i64| arrival(&[&n(nth).to_string()], moment(n(nth)));
        let mut plain = sent(0);
        plain.events[0].event_time = Some(moment(-5));
        plain.events[0].notes = vec![Note::new(
            "seen",
            said!("gone", "{what} is gone", what = "the id"),
        )];
        let mut long = sent(1);
        long.request.body = "{\"title\": \"the same again\"}, ".repeat(400).into_bytes();
        long.request.query = "a=b".to_owned();
        long.request.peer = "2001:db8::7".parse().unwrap();
        long.request.headers = Headers::from([("x-one", "1"), ("x-one", ""), ("x-ü", "é")]);
        let mut unnamed = sent(2);
        unnamed.events[0].delivery_id = None;
        unnamed.events[0].part = None;
        unnamed.verdict.secret = None;
        let mut ignored = sent(3);
        ignored.events[0].status = EventStatus::Ignored;
        let batch = arrival(&[&n(4).to_string(), &n(5).to_string()], moment(n(4)));
        let put_back = arrival(&[&n(6).to_string()], moment(n(0) - 3600));
        for arrival in [plain, long, unnamed, ignored, batch, put_back, sent(7)] {
            let is_pending = arrival.events[0].status == EventStatus::Pending;
            for answer in store.append(arrival).await.unwrap() {
                let Appended::New(id) = answer else {
                    panic!("{answer:?}");
                };
                if is_pending {
                    ids.insert(id);
                }
            }
        }
        // Some of them are given back once.
        let given_back = claim_as_stored(&store, 5).await.split_off(1);
        store.release(given_back.clone()).await;
        let mut seen = BTreeSet::new();
        loop {
            let claimed = claim_as_stored(&store, 2).await;
            if claimed.is_empty() {
                break;
            }
            for id in &claimed {
                assert!(seen.insert(*id), "each once");
            }
        }
        assert!(given_back.iter().all(|id| seen.contains(id)));
        assert_eq!(
            seen.len(),
            ids.len() - 1,
            "all but the one that was not given back"
        );
        let settlements = std::mem::take(&mut ids).into_iter();
        let settlements = settlements.map(|id| writing(id, Vec::new(), at(1000)));
        done(store.settle(settlements.collect()).await);
    }
    assert_eq!(store.backlog().await.unwrap().pending, 0);
}

/// Claims, and compares with what is stored.
async fn claim_as_stored(store: &Arc<dyn Store>, limit: usize) -> Vec<Uuid> {
    let mut ids = Vec::new();
    for claimed in store.claim(limit, at(1000)).await.unwrap() {
        let id = claimed.event.id;
        let stored = store.peek(id).await.unwrap().unwrap();
        let is_same = format!("{claimed:?}") == format!("{stored:?}");
        assert!(is_same, "{:?} is {:?}", claimed.event, stored.event);
        ids.push(id);
    }
    ids
}

pub async fn an_event_put_off_comes_back_when_it_is_due(stand: Stand) {
    let store = stand.store;
    let arrival = arrival(&["thin"], at(0));
    let id = arrival.events[0].id;
    store.append(arrival).await.unwrap();
    for (attempt, (now, due)) in [(1, 10), (10, 30)].into_iter().enumerate() {
        let claimed = store.claim(5, at(now)).await.unwrap();
        assert_eq!(claimed.len(), 1, "due at {now}");
        assert_eq!(claimed[0].event.attempts, attempt as u32);
        store
            .put_off(id, at(due), PutOff::Tried, "the API said 503".into())
            .await
            .unwrap();
        assert!(store.claim(5, at(due - 1)).await.unwrap().is_empty());
        let event = store.event(id).await.unwrap().unwrap();
        assert_eq!(event.status, EventStatus::Pending);
        assert_eq!(event.reason.as_deref(), Some("the API said 503"));
    }
    let backlog = store.backlog().await.unwrap();
    assert_eq!((backlog.pending, backlog.oldest), (1, Some(at(0))));
    assert_eq!(store.claim(5, at(30)).await.unwrap().len(), 1);
    done(store.settle(vec![writing(id, Vec::new(), at(31))]).await);
    let event = store.event(id).await.unwrap().unwrap();
    assert_eq!(
        (event.status, event.reason, event.attempts),
        (EventStatus::Processed, None, 2)
    );
    assert_eq!(event.processed_at, Some(at(31)));
    store
        .put_off(id, at(99), PutOff::Tried, "too late".into())
        .await
        .unwrap();
    assert_eq!(
        store.event(id).await.unwrap().unwrap().status,
        EventStatus::Processed,
        "a settled event is not put off"
    );
}

pub async fn an_append_wakes_a_waiting_worker(stand: Stand) {
    let store = stand.store;
    let long = Duration::from_secs(600);
    let waiting = {
        let store = store.clone();
        tokio::spawn(async move { store.wait_for_work(long).await })
    };
    store.append(arrival(&["a"], at(0))).await.unwrap();
    waiting.await.unwrap();
    assert_eq!(store.claim(1, at(0)).await.unwrap().len(), 1);
    // A delay that is over ends the wait as well.
    let id = store
        .events(EventFilter::default(), first(1))
        .await
        .unwrap()
        .items[0]
        .id;
    store
        .put_off(
            id,
            at(0) + Duration::from_millis(5),
            PutOff::Tried,
            Said::default(),
        )
        .await
        .unwrap();
    assert!(store.claim(1, at(0)).await.unwrap().is_empty());
    store.wait_for_work(long).await;
    store.wait_for_work(long).await;
}

pub async fn concluded_events_are_replayed_when_asked(stand: Stand) {
    let store = stand.store;
    let arrival = arrival(&["a", "b", "c"], at(0));
    let ids: Vec<Uuid> = arrival.events.iter().map(|event| event.id).collect();
    store.append(arrival).await.unwrap();
    store.claim(2, at(0)).await.unwrap();
    for (id, status) in ids
        .iter()
        .zip([EventStatus::Quarantined, EventStatus::Failed])
    {
        store
            .conclude(*id, status, "no e-mail".into(), at(5))
            .await
            .unwrap();
        let event = store.event(*id).await.unwrap().unwrap();
        assert_eq!(
            (event.status, event.reason.as_deref()),
            (status, Some("no e-mail"))
        );
        assert_eq!(event.processed_at, Some(at(5)));
        assert_eq!(event.took_ms(), Some(5_000));
    }
    store
        .conclude(ids[0], EventStatus::Ignored, Said::default(), at(9))
        .await
        .unwrap();
    let first = store.event(ids[0]).await.unwrap().unwrap();
    assert_eq!(
        first.status,
        EventStatus::Quarantined,
        "an ended event stays as it ended"
    );
    assert_eq!(store.backlog().await.unwrap().pending, 1);

    let unknown = new_id(at(0));
    let replayed = store
        .replay(vec![ids[0], ids[1], ids[2], unknown, ids[0]], None)
        .await;
    assert_eq!(
        replayed.unwrap(),
        2,
        "neither the pending nor the unknown one"
    );
    let claimed = store.claim(9, at(10)).await.unwrap();
    let claimed: BTreeSet<Uuid> = claimed.iter().map(|claimed| claimed.event.id).collect();
    assert_eq!(claimed, ids.iter().copied().collect());
    assert_eq!(store.backlog().await.unwrap().pending, 3);
    let (ended, why) = (EventStatus::Processed, Said::default());
    store.conclude(ids[0], ended, why, at(60)).await.unwrap();
    let again = store.event(ids[0]).await.unwrap().unwrap();
    assert_eq!((again.came_again, again.took_ms()), (true, None));
}

/// Ten events, of which the spam gate holds every other, and their ids.
async fn half_held(stand: &Stand) -> Vec<Uuid> {
    let mut ids = Vec::new();
    for n in 0..10_i64 {
        let mut arrival = arrival(&[&n.to_string()], at(n));
        let event = &mut arrival.events[0];
        event.status = EventStatus::Quarantined;
        event.code = Some(match n % 2 {
            0 => SPAM,
            _ => "schema_violation",
        });
        event.notes = vec![Note {
            name: "links".to_owned(),
            score: 25,
            message: format!("number {n}").into(),
        }];
        ids.push(event.id);
        stand.store.append(arrival).await.unwrap();
    }
    ids
}

pub async fn what_is_held_as_spam_is_let_in_and_never_replayed(stand: Stand) {
    let store = &stand.store;
    let ids = half_held(&stand).await;
    let event = store.event(ids[0]).await.unwrap().unwrap();
    assert_eq!(event.code.as_deref(), Some(SPAM));
    assert_eq!(&*event.notes[0].message, "number 0");
    assert_eq!(store.replay(ids.clone(), None).await.unwrap(), 5);
    let unknown = new_id(at(0));
    let named = vec![ids[0], ids[1], ids[2], unknown, ids[0]];
    assert_eq!(
        store.admit(named, None).await.unwrap(),
        2,
        "neither what is pending, nor what nobody knows, nor one twice"
    );
    assert_eq!(store.backlog().await.unwrap().pending, 7);
    for (id, held) in [(ids[0], false), (ids[1], false), (ids[4], true)] {
        let event = store.event(id).await.unwrap().unwrap();
        assert_eq!(event.code.as_deref() == Some(SPAM), held, "{event:?}");
        assert_eq!(event.status == EventStatus::Quarantined, held);
        assert_eq!(event.notes.len(), 1, "what was noticed stays");
    }
}

pub async fn a_replay_is_logged_in_the_commit_that_does_it(stand: Stand) {
    let store = &stand.store;
    let ids = half_held(&stand).await;
    let told: Told = Arc::new(|events| AuditRow {
        id: new_id(at(20)),
        at: at(20),
        who: "olga".to_owned(),
        what: "event.replayed".to_owned(),
        subject: "inbox".to_owned(),
        before: None,
        after: Some(events.into()),
        peer: String::new(),
    });
    for _ in 0..2 {
        store
            .replay(ids.clone(), Some(Arc::clone(&told)))
            .await
            .unwrap();
    }
    store.admit(vec![ids[0], ids[2]], Some(told)).await.unwrap();
    let log = store.audit(AuditFilter::default(), first(9)).await.unwrap();
    let counts: Vec<_> = log.items.into_iter().map(|row| row.after).collect();
    assert_eq!(
        counts,
        [Some(2.into()), Some(5.into())],
        "nothing is said of what changed nothing"
    );
}

pub async fn events_are_listed_by_their_code(stand: Stand) {
    let store = &stand.store;
    let ids = half_held(&stand).await;
    let check = async |code: &str, status: Option<EventStatus>, expected: &[usize]| {
        let filter = EventFilter {
            code: Some(code.to_owned()),
            status,
            ..EventFilter::default()
        };
        let got = all(2, |page| store.events(filter.clone(), page)).await;
        let got: Vec<Uuid> = got.iter().map(|event| event.id).collect();
        let expected: Vec<Uuid> = expected.iter().map(|n| ids[*n]).collect();
        assert_eq!(got, expected, "{code} {status:?}");
    };
    check(SPAM, None, &[8, 6, 4, 2, 0]).await;
    check(SPAM, Some(EventStatus::Quarantined), &[8, 6, 4, 2, 0]).await;
    check(SPAM, Some(EventStatus::Failed), &[]).await;
    check("schema_violation", None, &[9, 7, 5, 3, 1]).await;
    check("nothing", None, &[]).await;
    store.admit(vec![ids[4]], None).await.unwrap();
    check(SPAM, None, &[8, 6, 2, 0]).await;
}

/// Sixty events over endpoints, types, statuses and time.
async fn sixty(stand: &Stand) {
    for n in 0..60_i64 {
        let mut arrival = arrival(&[&n.to_string()], at(n / 2));
        arrival.request.endpoint = ["website", "shop", "ads"][n as usize % 3].to_owned();
        let event = &mut arrival.events[0];
        event.event_type = ["lead", "order"][n as usize % 2].to_owned();
        event.status = match n % 7 {
            0 => EventStatus::Quarantined,
            1 => EventStatus::Ignored,
            _ => EventStatus::Pending,
        };
        stand.store.append(arrival).await.unwrap();
    }
    for claimed in stand.store.claim(25, at(100)).await.unwrap() {
        let settlement = writing(claimed.event.id, Vec::new(), at(100));
        done(stand.store.settle(vec![settlement]).await);
    }
    for claimed in stand.store.claim(5, at(100)).await.unwrap() {
        let id = claimed.event.id;
        stand
            .store
            .put_off(id, at(500), PutOff::Tried, "later".into())
            .await
            .unwrap();
    }
}

pub async fn events_are_listed_by_every_filter(stand: Stand) {
    sixty(&stand).await;
    let store = &stand.store;
    let everything = all(200, |page| store.events(EventFilter::default(), page)).await;
    assert_eq!(everything.len(), 60);
    assert!(everything.is_sorted_by(|a, b| a.received_at >= b.received_at));
    let endpoints = [None, Some("shop"), Some("ads"), Some("nowhere")];
    let types = [None, Some("lead"), Some("refund")];
    let statuses = [None].into_iter().chain(EventStatus::ALL.map(Some));
    let times = [
        (None, None),
        (Some(7), None),
        (None, Some(12)),
        (Some(5), Some(22)),
    ];
    for status in statuses {
        for endpoint in endpoints {
            for event_type in types {
                for (since, until) in times {
                    let filter = EventFilter {
                        endpoint: endpoint.map(str::to_owned),
                        status,
                        code: None,
                        event_type: event_type.map(str::to_owned),
                        since: since.map(at),
                        until: until.map(at),
                        q: None,
                        source: None,
                        text: None,
                    };
                    let got = all(7, |page| store.events(filter.clone(), page)).await;
                    let got: Vec<Uuid> = got.iter().map(|event| event.id).collect();
                    let expected: Vec<Uuid> = everything
                        .iter()
                        .filter(|event| {
                            endpoint.is_none_or(|endpoint| endpoint == event.endpoint)
                                && event_type.is_none_or(|word| word == event.event_type)
                                && status.is_none_or(|status| status == event.status)
                                && since.is_none_or(|since| event.received_at >= at(since))
                                && until.is_none_or(|until| event.received_at < at(until))
                        })
                        .map(|event| event.id)
                        .collect();
                    assert_eq!(got, expected, "{filter:?}");
                }
            }
        }
    }
}

pub async fn events_are_found_by_id_and_delivery_id(stand: Stand) {
    let store = stand.store;
    let mut ids = Vec::new();
    for (second, key) in [(0, "a"), (1, "b"), (2, "c")] {
        let mut arrival = arrival(&[key], at(second));
        arrival.events[0].delivery_id = Some(["same", "other"][second as usize / 2].to_owned());
        ids.push(arrival.events[0].id);
        store.append(arrival).await.unwrap();
    }
    let purge_nothing = frontdesk::store::PurgeBefore {
        bodies: at(-9),
        keys: at(-9),
        history: at(-9),
    };
    for swept in [false, true] {
        let check = async |q: &str, endpoint: Option<&str>, expected: &[Uuid]| {
            let filter = EventFilter {
                q: Some(q.to_owned()),
                endpoint: endpoint.map(str::to_owned),
                ..EventFilter::default()
            };
            let got = all(1, |page| store.events(filter.clone(), page)).await;
            let got: Vec<Uuid> = got.iter().map(|event| event.id).collect();
            assert_eq!(got, expected, "{q} in {endpoint:?}, swept: {swept}");
        };
        check(&ids[0].to_string(), None, &[ids[0]]).await;
        check(" same ", None, &[ids[1], ids[0]]).await;
        check("same", Some("website"), &[ids[1], ids[0]]).await;
        check("same", Some("shop"), &[]).await;
        check("other", None, &[ids[2]]).await;
        check("sam", None, &[]).await;
        check(&new_id(at(0)).to_string(), None, &[]).await;
        store.purge(purge_nothing).await.unwrap();
    }
}

pub async fn what_waits_is_listed_whatever_became_of_its_neighbours_and_the_clock(stand: Stand) {
    let store = &stand.store;
    // The clock is put back twice; every third event is settled, every fifth put off.
    let seconds = (0..20).chain(-30..-10).chain(5..25);
    let mut ids = Vec::new();
    for (n, second) in seconds.enumerate() {
        let mut arrival = arrival(&[&n.to_string()], at(second));
        arrival.request.endpoint = ["shop", "ads"][n % 2].to_owned();
        let appended = store.append(arrival).await.unwrap();
        let [Appended::New(id)] = appended[..] else {
            panic!("{appended:?}")
        };
        ids.push(id);
    }
    let backlog = store.backlog().await.unwrap();
    assert_eq!(backlog.pending, 60);
    for id in ids.iter().step_by(3) {
        done(store.settle(vec![writing(*id, Vec::new(), at(50))]).await);
    }
    for id in ids.iter().skip(1).step_by(5) {
        let put_off = store.put_off(*id, at(900), PutOff::Tried, "later".into());
        put_off.await.unwrap();
    }
    let mut expected = Vec::new();
    for (n, id) in ids.iter().enumerate() {
        let event = store.event(*id).await.unwrap().unwrap();
        assert_eq!(event.status == EventStatus::Pending, n % 3 > 0, "event {n}");
        expected.push((event.received_at, n, event));
    }
    expected.sort_by_key(|(received_at, n, _)| (*received_at, *n));
    expected.reverse();
    for endpoint in [None, Some("shop"), Some("ads")] {
        for status in [None, Some(EventStatus::Pending)] {
            for (since, until) in [
                (None, None),
                (Some(-20), Some(10)),
                (Some(3), None),
                (None, Some(-15)),
            ] {
                let filter = EventFilter {
                    endpoint: endpoint.map(str::to_owned),
                    status,
                    since: since.map(at),
                    until: until.map(at),
                    ..EventFilter::default()
                };
                let got = all(4, |page| store.events(filter.clone(), page)).await;
                let got: Vec<Uuid> = got.iter().map(|event| event.id).collect();
                let passes = expected.iter().map(|(_, _, event)| event).filter(|event| {
                    endpoint.is_none_or(|endpoint| endpoint == event.endpoint)
                        && status.is_none_or(|status| status == event.status)
                        && since.is_none_or(|since| event.received_at >= at(since))
                        && until.is_none_or(|until| event.received_at < at(until))
                });
                let expected: Vec<Uuid> = passes.map(|event| event.id).collect();
                assert_eq!(got, expected, "{filter:?}");
            }
        }
    }
    let mut claimed = BTreeSet::new();
    loop {
        let got = store.claim(7, at(60)).await.unwrap();
        if got.is_empty() {
            break;
        }
        claimed.extend(got.iter().map(|claimed| claimed.event.id));
    }
    let free = |n: usize| !n.is_multiple_of(3) && n % 5 != 1;
    let expected = ids.iter().enumerate().filter(|(n, _)| free(*n));
    assert_eq!(
        claimed,
        expected.map(|(_, id)| *id).collect::<BTreeSet<_>>()
    );
    assert_eq!(store.backlog().await.unwrap().pending, 40);
}

pub async fn a_replay_of_many_does_not_hold_up_what_comes_in(stand: Stand) {
    let store = &stand.store;
    let mut old = Vec::new();
    for n in 0..30 {
        let arrival = arrival(&[&n.to_string()], at(n));
        old.push(arrival.events[0].id);
        store.append(arrival).await.unwrap();
    }
    while !store.claim(9, at(40)).await.unwrap().is_empty() {}
    let settlements = old.iter().map(|id| writing(*id, Vec::new(), at(40)));
    done(store.settle(settlements.collect()).await);
    assert_eq!(store.replay(old.clone(), None).await.unwrap(), 30);
    let mut new = Vec::new();
    for n in 0..6 {
        let arrival = arrival(&[&format!("new {n}")], at(50 + n));
        new.push(arrival.events[0].id);
        store.append(arrival).await.unwrap();
    }
    let mut claimed = Vec::new();
    for _ in 0..2 {
        let got = store.claim(6, at(60)).await.unwrap();
        claimed.extend(got.iter().map(|claimed| claimed.event.id));
    }
    assert!(
        new.iter().all(|id| claimed.contains(id)),
        "the new ones in two claims"
    );
    assert_eq!(claimed.len(), 12);
    let rest = store.claim(99, at(60)).await.unwrap();
    claimed.extend(rest.iter().map(|claimed| claimed.event.id));
    let all: BTreeSet<Uuid> = old.into_iter().chain(new).collect();
    assert_eq!(
        (claimed.len(), claimed.into_iter().collect::<BTreeSet<_>>()),
        (36, all)
    );
}

pub async fn pages_are_stable_while_events_arrive(stand: Stand) {
    sixty(&stand).await;
    let store = &stand.store;
    let before = all(200, |page| store.events(EventFilter::default(), page)).await;
    let mut seen = Vec::new();
    let mut page = first(9);
    for second in 0.. {
        let got = store
            .events(EventFilter::default(), page.clone())
            .await
            .unwrap();
        seen.extend(got.items.iter().map(|event| event.id));
        let key = format!("meanwhile {second}");
        store
            .append(arrival(&[&key], at(1000 + second)))
            .await
            .unwrap();
        match got.next {
            Some(next) => page.cursor = Some(next),
            None => break,
        }
    }
    assert_eq!(
        seen,
        before.iter().map(|event| event.id).collect::<Vec<_>>()
    );
}

pub async fn the_newest_refusals_are_kept(stand: Stand) {
    let store = &stand.store;
    for n in 0..35 {
        let refusal = Refusal {
            id: new_id(at(n)),
            endpoint: ["shop", "website"][n as usize % 2].to_owned(),
            at: at(n),
            peer: "127.0.0.1".to_owned(),
            code: "signature_mismatch".to_owned(),
            detail: format!("number {n}").into(),
            diagnosis: vec![Note::new("clock", format!("note {n}"))],
            headers: vec![("x-a".to_owned(), "***".to_owned())],
            body: vec![n as u8; 10],
        };
        store.refuse(refusal).await.unwrap();
    }
    let check = async |endpoint: Option<&str>, expected: Vec<i64>| {
        let list = |page: PageRequest| store.refusals(endpoint.map(str::to_owned), page);
        let got = all(3, list).await;
        let numbers: Vec<i64> = got
            .iter()
            .map(|refusal| refusal.at.as_second() - at(0).as_second())
            .collect();
        assert_eq!(numbers, expected, "{endpoint:?}");
        for refusal in got {
            assert_eq!(refusal.headers, [("x-a".to_owned(), "***".to_owned())]);
            assert_eq!(refusal.body.len(), 10);
        }
    };
    let oldest = 35 - REFUSALS as i64;
    check(None, (oldest..35).rev().collect()).await;
    check(
        Some("shop"),
        (oldest..35).rev().filter(|n| n % 2 == 0).collect(),
    )
    .await;
    check(Some("nowhere"), Vec::new()).await;
    let newest = store
        .refusals(None, first(1))
        .await
        .unwrap()
        .items
        .remove(0);
    let one = store.refusal(newest.id).await.unwrap().unwrap();
    assert_eq!((&one.detail, one.at), (&newest.detail, at(34)));
    assert_eq!(one.diagnosis, [Note::new("clock", "note 34")]);
    assert!(store.refusal(new_id(at(0))).await.unwrap().is_none());
    // What was refused is no event.
    let events = store
        .events(EventFilter::default(), first(9))
        .await
        .unwrap();
    assert!(events.items.is_empty());
}
