//! kill -9 at random moments under load: what was acknowledged is there once, with one effect and one turn spent.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::process::{Gateway, call, command, lead, seed_team, signed, write_config};

const SENDERS: usize = 8;

/// What the senders know: deliveries nobody has acknowledged yet, and the ids of the events that were.
#[derive(Default)]
struct Ledger {
    unanswered: Vec<u64>,
    acknowledged: BTreeMap<u64, String>,
}

#[test]
fn acknowledged_events_survive_kill_9_and_take_effect_once() {
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path(), "");
    let token = command(
        folder.path(),
        &["token", "create", "--name", "t", "--role", "admin"],
    );
    {
        let mut gateway = Gateway::start(folder.path());
        seed_team(&gateway, &token);
        assert_eq!(gateway.terminate(), Some(0));
    }
    let (gateway, acknowledged) = kill_under_load(folder.path(), 20);
    gateway.drain(&token);
    verify(&gateway, &token, &acknowledged);
}

#[test]
fn turns_stay_within_their_share_through_kill_9_and_eight_writers() {
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path(), "");
    let token = command(
        folder.path(),
        &["token", "create", "--name", "t", "--role", "admin"],
    );
    let weights: BTreeMap<&str, i64> = BTreeMap::from([("ana", 5), ("eva", 3), ("rui", 1)]);
    {
        let mut gateway = Gateway::start(folder.path());
        seed_team(&gateway, &token);
        let members: Vec<_> = weights
            .iter()
            .map(|(rep, weight)| serde_json::json!({"rep": rep, "weight": weight}))
            .collect();
        let team = serde_json::json!({"name": "All", "members": members});
        gateway.api(&token, "PUT", "/api/v1/teams/all", &team.to_string());
        assert_eq!(gateway.terminate(), Some(0));
    }
    let (gateway, acknowledged) = kill_under_load(folder.path(), 8);
    gateway.drain(&token);
    let turns = turns(&gateway, &token);
    assert_eq!(turns.len(), acknowledged.len(), "one turn a lead");
    let mut got: BTreeMap<&str, i64> = BTreeMap::new();
    let all: i64 = weights.values().sum();
    for (expected, (turn, owner)) in (1..).zip(&turns) {
        assert_eq!(*turn, expected, "no turn is lost, none is spent twice");
        *got.entry(owner).or_default() += 1;
        for (rep, weight) in &weights {
            let off = got.get(rep).copied().unwrap_or(0) * all - turn * weight;
            assert!(
                off.abs() < all,
                "{rep} is off by {off}/{all} after turn {turn}"
            );
        }
    }
}

/// The turns that decisions took, by their numbers, and whose they were.
fn turns(gateway: &Gateway, token: &str) -> BTreeMap<i64, String> {
    let mut turns = BTreeMap::new();
    let mut cursor = String::new();
    loop {
        let page = gateway.api(
            token,
            "GET",
            &format!("/api/v1/leads?limit=200{cursor}"),
            "",
        );
        for item in page["items"].as_array().unwrap() {
            let path = format!("/api/v1/leads/{}/assignment", item["id"].as_str().unwrap());
            let decision = gateway.api(token, "GET", &path, "");
            let owner = decision["owner"].as_str().unwrap();
            let rows = decision["trace"]["turns"]["after"].as_array().unwrap();
            let own = rows.iter().find(|row| row["rep"] == owner).unwrap();
            let taken = turns.insert(own["last"].as_i64().unwrap(), owner.to_owned());
            assert_eq!(taken, None, "two leads took the same turn");
        }
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return turns,
        }
    }
}

/// Kills the gateway at uneven moments while many send; then one that takes what was not acknowledged, and all that was.
fn kill_under_load(folder: &std::path::Path, rounds: u64) -> (Gateway, BTreeMap<u64, String>) {
    let ledger = Arc::new(Mutex::new(Ledger::default()));
    let next = Arc::new(AtomicU64::new(0));
    for round in 0..rounds {
        let mut gateway = Gateway::start(folder);
        let stop = Arc::new(AtomicBool::new(false));
        let senders: Vec<_> = (0..SENDERS)
            .map(|_| {
                let (ledger, next, stop) =
                    (Arc::clone(&ledger), Arc::clone(&next), Arc::clone(&stop));
                let address = gateway.address;
                std::thread::spawn(move || send(address, &ledger, &next, &stop))
            })
            .collect();
        // Uneven moments: some before the first commit, some in the middle of a backlog.
        std::thread::sleep(Duration::from_millis(15 + (round * 7919) % 331));
        gateway.kill();
        stop.store(true, Ordering::SeqCst);
        for sender in senders {
            sender.join().unwrap();
        }
    }
    let gateway = Gateway::start(folder);
    let pending = std::mem::take(&mut ledger.lock().unwrap().unanswered);
    for n in pending {
        deliver(gateway.address, n, &ledger).unwrap();
    }
    let acknowledged = std::mem::take(&mut ledger.lock().unwrap().acknowledged);
    (gateway, acknowledged)
}

/// Sends fresh deliveries until the gateway is gone; the one without an answer will be sent again.
fn send(
    address: std::net::SocketAddr,
    ledger: &Mutex<Ledger>,
    next: &AtomicU64,
    stop: &AtomicBool,
) {
    while !stop.load(Ordering::SeqCst) {
        let again = ledger.lock().unwrap().unanswered.pop();
        let n = again.unwrap_or_else(|| next.fetch_add(1, Ordering::SeqCst));
        if deliver(address, n, ledger).is_err() {
            ledger.lock().unwrap().unanswered.push(n);
            return;
        }
    }
}

fn deliver(address: std::net::SocketAddr, n: u64, ledger: &Mutex<Ledger>) -> std::io::Result<()> {
    let body = lead(n);
    let answer = call(
        address,
        "POST",
        "/hooks/crm",
        &signed(&format!("msg_{n}"), &body),
        &body,
    )?;
    if answer.status == 503 {
        return Err(std::io::Error::other("not now"));
    }
    assert_eq!(answer.status, 200, "{answer:?}");
    let event = answer.json()["event"].as_str().unwrap().to_owned();
    ledger.lock().unwrap().acknowledged.insert(n, event);
    Ok(())
}

fn verify(gateway: &Gateway, token: &str, acknowledged: &BTreeMap<u64, String>) {
    assert!(
        acknowledged.len() > 100,
        "only {} deliveries: no load",
        acknowledged.len()
    );
    let sent = acknowledged.len() as u64;
    let stats = gateway.api(token, "GET", "/api/v1/stats", "");
    assert_eq!(stats["events"].as_u64(), Some(sent), "each event once");
    assert_eq!(
        stats["leads"].as_u64(),
        Some(sent),
        "each record effect once"
    );
    assert_eq!(
        stats["decisions"].as_u64(),
        Some(sent),
        "each decision once"
    );
    for (n, event) in acknowledged {
        let event = gateway.api(token, "GET", &format!("/api/v1/events/{event}"), "");
        assert_eq!(event["status"], "processed", "delivery {n}: {event}");
    }
    // Equal weights, never anybody away: the three differ by one at most, or a turn was lost or spent twice.
    let mut owners: BTreeMap<String, u64> = BTreeMap::new();
    let mut cursor = String::new();
    loop {
        let page = gateway.api(
            token,
            "GET",
            &format!("/api/v1/leads?limit=200{cursor}"),
            "",
        );
        for item in page["items"].as_array().unwrap() {
            let owner = item["fields"]["owner"].as_str().unwrap().to_owned();
            *owners.entry(owner).or_default() += 1;
        }
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(owners.values().sum::<u64>(), sent);
    let (least, most) = (
        owners.values().min().unwrap(),
        owners.values().max().unwrap(),
    );
    assert!(owners.len() == 3 && most - least <= 1, "turns: {owners:?}");
}

#[test]
fn the_same_delivery_fifty_times_at_once_is_one_event() {
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path(), "");
    let token = command(
        folder.path(),
        &["token", "create", "--name", "t", "--role", "admin"],
    );
    let gateway = Gateway::start(folder.path());
    seed_team(&gateway, &token);
    let body = lead(1);
    let headers = signed("msg_same", &body);
    let address = gateway.address;
    let answers: Vec<_> = (0..50)
        .map(|_| {
            let (headers, body) = (headers.clone(), body.clone());
            std::thread::spawn(move || {
                call(address, "POST", "/hooks/crm", &headers, &body).unwrap()
            })
        })
        .collect::<Vec<_>>()
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .collect();
    assert!(
        answers.iter().all(|answer| answer.status == 200),
        "{answers:?}"
    );
    let accepted = answers
        .iter()
        .filter(|a| a.json()["status"] == "accepted")
        .count();
    assert_eq!(accepted, 1, "one is new, the others are duplicates");
    let first = answers[0].json()["event"].clone();
    assert!(answers.iter().all(|answer| answer.json()["event"] == first));
    gateway.drain(&token);
    let stats = gateway.api(&token, "GET", "/api/v1/stats", "");
    assert_eq!(stats["events"], 1);
    assert_eq!(stats["leads"], 1);
    assert_eq!(stats["decisions"], 1);
}

#[test]
fn a_full_disk_is_503_and_heals_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let Some(_mounted) = SmallDisk::mount(&disk) else {
        eprintln!("NOT RUN: mounting a small disk takes root; run as root or in a container");
        return;
    };
    write_config(folder.path(), "");
    let config = folder.path().join("frontdesk.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(
        &config,
        text.replace("sqlite:frontdesk.db", "sqlite:disk/frontdesk.db"),
    )
    .unwrap();
    let token = command(
        folder.path(),
        &["token", "create", "--name", "t", "--role", "admin"],
    );
    let gateway = Gateway::start(folder.path());
    seed_team(&gateway, &token);
    deliver_one(&gateway, 1, 200);
    let ballast = disk.join("ballast");
    fill(&ballast);
    let mut refused = 0;
    let mut accepted = vec![1];
    for n in 2..400 {
        let answer = attempt(&gateway, n);
        match answer.status {
            200 => accepted.push(n),
            503 => {
                assert!(
                    answer.head.to_ascii_lowercase().contains("retry-after:"),
                    "{answer:?}"
                );
                assert_eq!(answer.json()["code"], "store_unavailable");
                refused += 1;
                if refused > 5 {
                    break;
                }
            }
            other => panic!("{other}: {answer:?}"),
        }
    }
    assert!(refused > 0, "the disk never filled");
    std::fs::remove_file(&ballast).unwrap();
    let healed = (0..100).any(|round| {
        std::thread::sleep(Duration::from_millis(50));
        let ok = attempt(&gateway, 1000 + round).status == 200;
        if ok {
            accepted.push(1000 + round);
        }
        ok
    });
    assert!(healed, "still refusing with room on the disk");
    gateway.drain(&token);
    let stats = gateway.api(&token, "GET", "/api/v1/stats", "");
    assert_eq!(
        stats["events"].as_u64(),
        Some(accepted.len() as u64),
        "what was acknowledged, and nothing else"
    );
}

fn attempt(gateway: &Gateway, n: u64) -> crate::process::Answer {
    let body = lead(n);
    gateway
        .call(
            "POST",
            "/hooks/crm",
            &signed(&format!("msg_{n}"), &body),
            &body,
        )
        .unwrap()
}

fn deliver_one(gateway: &Gateway, n: u64, expected: u16) {
    let answer = attempt(gateway, n);
    assert_eq!(answer.status, expected, "{answer:?}");
}

/// Takes all the room that is left.
fn fill(ballast: &std::path::Path) {
    use std::io::Write;
    let mut file = std::fs::File::create(ballast).unwrap();
    while file.write_all(&[0; 16 * 1024]).is_ok() {}
    while file.write_all(&[0; 512]).is_ok() {}
}

/// A file system of 8 MB, unmounted when dropped.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    fn mount(at: &std::path::Path) -> Option<Self> {
        std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"])
            .arg(at)
            .status()
            .is_ok_and(|status| status.success())
            .then(|| SmallDisk(at.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(
            std::process::Command::new("umount")
                .arg("-l")
                .arg(&self.0)
                .status(),
        );
    }
}
