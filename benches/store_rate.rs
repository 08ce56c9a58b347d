//! How fast the embedded store is: `cargo bench --bench store_rate -- [SECONDS [EVENTS [BYTES]]]`.
//!
//! Appends by 64 tasks of leads (400 B) and orders (5 kB), alone and with workers that settle what arrives, in an
//! empty store and in one of EVENTS events. A settlement is that of a lead of a known person: the contact is updated,
//! a lead, a decision and two changes are written, a turn is taken.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use frontdesk::clock::Clock;
use frontdesk::model::change::{Change, ChangeKind, FieldChange};
use frontdesk::model::dedupe::{DedupeClaim, DedupeKey};
use frontdesk::model::event::{Arrival, Claimed, EventStatus, NewEvent, Verdict};
use frontdesk::model::field::Kind;
use frontdesk::model::id::new_id;
use frontdesk::model::identity::IdentityKey;
use frontdesk::model::people::Turn;
use frontdesk::model::record::{FieldMeta, Fields, Meta, Origin, Record};
use frontdesk::model::request::{Headers, RawRequest};
use frontdesk::model::trace::Trace;
use frontdesk::store::desk::DeskWrites;
use frontdesk::store::{
    self, DecisionRow, Held, RecordWrite, Settlement, Store, StoreOptions, StoreRole, Writes,
};
use serde_json::{Value, json};

const SENDERS: u64 = 64;
const CUSTOMERS: u64 = 5000;
const BATCH: usize = 128;

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<u64> = std::env::args()
        .skip(1)
        .filter_map(|argument| argument.parse().ok())
        .collect();
    let seconds = arguments.first().copied().unwrap_or(5);
    let events = arguments.get(1).copied().unwrap_or(1_000_000);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let bodies = match arguments.get(2) {
        Some(bytes) => vec![usize::try_from(*bytes)?],
        None => vec![400, 5000],
    };
    runtime.block_on(run(Duration::from_secs(seconds), events, &bodies))
}

async fn run(time: Duration, events: u64, bodies: &[usize]) -> Result<(), Failure> {
    let dir = match std::path::Path::new("target") {
        target if target.is_dir() => tempfile::tempdir_in(target)?,
        _ => tempfile::tempdir()?,
    };
    for body in bodies.iter().copied() {
        let store = open(&dir.path().join(format!("{body}.db"))).await?;
        let load = Load::new(store, body);
        say(format_args!("\nbodies of {body} B"))?;
        measure(&load, "empty store", time).await?;
        if events > 0 {
            let filled = fill(&load, events).await?;
            say(format_args!(
                "{:<44}{filled:>9.0}/s",
                format!("filling to {events} events")
            ))?;
            measure(&load, "full store", time).await?;
        }
        load.store.close().await;
    }
    Ok(())
}

async fn open(path: &Path) -> Result<Arc<dyn Store>, Failure> {
    Ok(store::open(StoreOptions {
        url: format!("sqlite:{}", path.display()),
        refusals: 1000,
        role: StoreRole::Gateway,
    })
    .await?)
}

async fn measure(load: &Arc<Load>, what: &str, time: Duration) -> Result<(), Failure> {
    let seconds = time.as_secs_f64();
    let meter = Meter::start()?;
    let appends = load.send(time).await?;
    let rates = [("appended", appends)];
    meter
        .report(
            load,
            &format!("{what}: appends alone"),
            appends * seconds,
            &rates,
        )
        .await?;

    let left = load.store.backlog().await?.pending;
    let meter = Meter::start()?;
    let (settled, took) = load.work(WorkUntil::Settled(left.min(200_000))).await?;
    let rates = [("settled", settled as f64 / took.as_secs_f64())];
    meter
        .report(
            load,
            &format!("{what}: settling alone"),
            settled as f64,
            &rates,
        )
        .await?;

    let worker = {
        let load = load.clone();
        tokio::spawn(async move { load.work(WorkUntil::After(time)).await })
    };
    let meter = Meter::start()?;
    let appends = load.send(time).await?;
    let (settled, took) = worker.await??;
    let rate = settled as f64 / took.as_secs_f64();
    let rates = [("appended", appends), ("settled", rate)];
    let done = appends * seconds + settled as f64;
    meter
        .report(load, &format!("{what}: both"), done, &rates)
        .await
}

/// Fills the store to so many events, settling them on the way.
async fn fill(load: &Arc<Load>, events: u64) -> Result<f64, Failure> {
    let have = load.store.stats().await?.events;
    let wanted = events.saturating_sub(have);
    let started = Instant::now();
    let worker = {
        let load = load.clone();
        let all = load.store.backlog().await?.pending + wanted;
        tokio::spawn(async move { load.work(WorkUntil::Settled(all)).await })
    };
    let left = Arc::new(AtomicU64::new(wanted));
    let mut senders = tokio::task::JoinSet::new();
    for _ in 0..SENDERS {
        let (load, left) = (load.clone(), left.clone());
        senders.spawn(async move {
            while left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                    left.checked_sub(1)
                })
                .is_ok()
            {
                load.append().await?;
            }
            Ok::<(), Failure>(())
        });
    }
    while let Some(sender) = senders.join_next().await {
        sender??;
    }
    worker.await??;
    Ok(wanted as f64 / started.elapsed().as_secs_f64())
}

enum WorkUntil {
    Settled(u64),
    After(Duration),
}

struct Load {
    store: Arc<dyn Store>,
    body: usize,
    clock: Clock,
    next: AtomicU64,
    /// How long each append took, in microseconds.
    waited: std::sync::Mutex<Vec<u32>>,
}

impl Load {
    fn new(store: Arc<dyn Store>, body: usize) -> Arc<Self> {
        Arc::new(Load {
            store,
            body,
            clock: Clock::System,
            next: AtomicU64::new(1),
            waited: std::sync::Mutex::default(),
        })
    }

    /// Appends from all senders for a while; how many a second were acknowledged.
    async fn send(self: &Arc<Self>, time: Duration) -> Result<f64, Failure> {
        let stop = Arc::new(AtomicBool::new(false));
        let started = Instant::now();
        let mut senders = tokio::task::JoinSet::new();
        for _ in 0..SENDERS {
            let (load, stop) = (self.clone(), stop.clone());
            senders.spawn(async move {
                let mut waited = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let started = Instant::now();
                    load.append().await?;
                    waited.push(u32::try_from(started.elapsed().as_micros())?);
                }
                Ok::<_, Failure>(waited)
            });
        }
        tokio::time::sleep(time).await;
        stop.store(true, Ordering::Relaxed);
        let mut waited = Vec::new();
        while let Some(sender) = senders.join_next().await {
            waited.append(&mut sender??);
        }
        let rate = waited.len() as f64 / started.elapsed().as_secs_f64();
        waited.sort_unstable();
        *self.waited.lock().map_err(|_| "a sender panicked")? = waited;
        Ok(rate)
    }

    async fn append(&self) -> Result<(), Failure> {
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        self.store.append(self.arrival(n)).await?;
        Ok(())
    }

    fn arrival(&self, n: u64) -> Arrival {
        let now = self.clock.now();
        let id = (n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).to_be_bytes();
        Arrival {
            request: RawRequest {
                id: new_id(now),
                endpoint: "lead-ads".to_owned(),
                method: "POST".to_owned(),
                query: String::new(),
                headers: Headers::from([
                    ("host", "hooks.example.com"),
                    ("content-type", "application/json"),
                    ("content-length", "400"),
                    ("user-agent", "Webhooks/1.0"),
                    ("x-hub-signature-256", "sha256=****"),
                    ("accept", "*/*"),
                ]),
                body: body(self.body, n),
                peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
                received_at: now,
            },
            source: "meta".to_owned(),
            verdict: Verdict {
                scheme: "hmac".to_owned(),
                secret: Some(0),
            },
            events: vec![NewEvent {
                id: new_id(now),
                part: Some(0),
                event_type: "leadgen".to_owned(),
                delivery_id: Some(hex::encode(id)),
                event_time: Some(now),
                dedupe: DedupeClaim {
                    key: DedupeKey::of([b"lead-ads".as_slice(), &id]),
                    window: None,
                },
                status: EventStatus::Pending,
                code: None,
                notes: Vec::new(),
                reason: None,
                violations: Vec::new(),
            }],
        }
    }

    /// Claims and settles; how many, and how long it took.
    async fn work(&self, until: WorkUntil) -> Result<(u64, Duration), Failure> {
        let started = Instant::now();
        let mut settled = 0;
        let mut planned = self.plan().await?;
        loop {
            match until {
                WorkUntil::Settled(enough) if settled >= enough => break,
                WorkUntil::After(time) if started.elapsed() >= time => break,
                _ => {}
            }
            if planned.is_empty() {
                self.store.wait_for_work(Duration::from_millis(100)).await;
                planned = self.plan().await?;
                continue;
            }
            settled += planned.len() as u64;
            // The next batch is prepared while this one is written.
            let (written, next) = tokio::join!(self.store.settle(planned), self.plan());
            written.into_iter().collect::<Result<Vec<_>, _>>()?;
            planned = next?;
        }
        let took = started.elapsed();
        if !planned.is_empty() {
            let events = planned.iter().map(|settlement| settlement.event).collect();
            self.store.release(events).await;
        }
        Ok((settled, took))
    }

    async fn plan(&self) -> Result<Vec<Settlement>, Failure> {
        let claimed = self.store.claim(BATCH, self.clock.now()).await?;
        Ok(claimed
            .iter()
            .map(|claimed| self.settlement(claimed))
            .collect())
    }

    fn settlement(&self, claimed: &Claimed) -> Settlement {
        let now = self.clock.now();
        let event = claimed.event.id;
        let customer = event.as_u128() as u64 % CUSTOMERS;
        let address = format!("customer{customer}@example.com");
        let by_email = IdentityKey::Email(address.clone());
        let lead_key = IdentityKey::External {
            kind: Kind::Lead,
            source: "meta".to_owned(),
            scope: "lead-ads".to_owned(),
            // As the platform counts its leads; delivery ids come in no order.
            id: event.as_u128().to_string(),
        };
        let wanted = vec![lead_key.clone(), by_email.clone()];
        let decide = move |held: &Held<'_>| {
            let known = held.matches.iter().find(|(key, _)| *key == by_email);
            let known = known.and_then(|(_, id)| held.records.iter().find(|one| one.id == *id));
            let mut contact = match known {
                Some(known) => Record {
                    version: known.version + 1,
                    ..known.clone()
                },
                None => record(Kind::Contact, contact_fields(&address), event, now),
            };
            contact.updated_at = now;
            contact.fields.insert(
                "language",
                json!(if contact.version % 2 == 0 { "es" } else { "pt" }),
            );
            let lead = record(Kind::Lead, lead_fields(&contact, event), event, now);
            let mut turn = held.desk.ledger.turns().first().cloned().unwrap_or(Turn {
                team: "iberia".to_owned(),
                rep: "ana".to_owned(),
                taken: 0,
                last: 0,
            });
            turn.taken += 1;
            Writes {
                status: EventStatus::Processed,
                code: None,
                reason: None,
                violations: Vec::new(),
                at: now,
                changes: vec![
                    change(&contact, ChangeKind::Updated, event, now),
                    change(&lead, ChangeKind::Created, event, now),
                ],
                reviews: Vec::new(),
                decisions: vec![decision(&lead, event, now)],
                turns: vec![turn],
                desk: DeskWrites::default(),
                records: vec![
                    RecordWrite {
                        record: contact,
                        keys: vec![by_email.clone()],
                    },
                    RecordWrite {
                        record: lead,
                        keys: vec![lead_key.clone()],
                    },
                ],
            }
        };
        Settlement {
            event,
            wanted,
            fetched: None,
            decide: Box::new(decide),
        }
    }
}

fn body(size: usize, n: u64) -> Vec<u8> {
    let mut text = format!(
        "{{\"id\": {n}, \"customer\": \"customer{}@example.com\"",
        n % CUSTOMERS
    );
    let mut field = 0;
    while text.len() + 60 < size {
        field += 1;
        text.push_str(&format!(
            ", \"field_{field}\": \"{:016x}\", \"note\": \"as the shop has it\"",
            (n + field).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ));
    }
    text.push('}');
    text.into_bytes()
}

fn fields(value: Value) -> Fields {
    match value {
        Value::Object(fields) => fields.into(),
        _ => Fields::new(),
    }
}

fn contact_fields(address: &str) -> Fields {
    fields(json!({
        "given_name": "Ana", "family_name": "Ruiz", "full_name": "Ana Ruiz", "email": address,
        "phone": "+34600111222", "company": "Example", "language": "es",
        "address": {"city": "Madrid", "country": "ES"},
    }))
}

fn lead_fields(contact: &Record, event: uuid::Uuid) -> Fields {
    fields(json!({
        "external_id": event.as_u128().to_string(), "title": "Lead ad", "status": "assigned", "source": "meta",
        "campaign": "Autumn", "form_name": "Request a quote", "contact": contact.id.to_string(),
        "owner": "ana", "product_interest": "roof", "budget": "12000.00",
    }))
}

fn record(kind: Kind, fields: Fields, event: uuid::Uuid, at: jiff::Timestamp) -> Record {
    let owned = FieldMeta {
        origin: 0,
        line: 12,
        locked: false,
        ..FieldMeta::default()
    };
    Record {
        id: new_id(at),
        kind,
        meta: Meta {
            origins: vec![Origin {
                event,
                source: "meta".to_owned(),
                at_ms: at.as_millisecond(),
            }],
            fields: fields
                .keys()
                .map(|name| (name.into(), owned.clone()))
                .collect(),
        },
        fields,
        version: 1,
        created_at: at,
        updated_at: at,
        deleted_at: None,
    }
}

fn change(record: &Record, what: ChangeKind, event: uuid::Uuid, at: jiff::Timestamp) -> Change {
    Change {
        id: new_id(at),
        kind: record.kind,
        record: record.id,
        version: record.version,
        what: vec![what],
        event: Some(event),
        source: "meta".to_owned(),
        at,
        changed: vec![FieldChange {
            field: "language".to_owned(),
            from: json!("pt"),
            to: json!("es"),
        }],
        snapshot: record.fields.clone(),
    }
}

/// What rules can ask of the event.
fn facts(event: uuid::Uuid) -> Fields {
    let facts = json!({"type": "lead.created", "source": "meta", "endpoint": "lead-ads", "scope": "lead-ads",
        "delivery_id": event.to_string(), "time": "2026-11-24T08:00:00Z", "received_at": "2026-11-24T08:00:00Z"});
    facts.as_object().cloned().unwrap_or_default().into()
}

fn decision(lead: &Record, event: uuid::Uuid, at: jiff::Timestamp) -> DecisionRow {
    DecisionRow {
        id: new_id(at),
        lead: lead.id,
        epoch: 1,
        owner: Some("ana".to_owned()),
        rule: Some("Spain".to_owned()),
        rule_set_version: 1,
        reason: "the rule \"Spain\" matched; it was ana's turn in the team iberia".to_owned(),
        trace: Trace::of(
            &json!({"rules": [{"rule": "Spain", "matched": true, "saw": {"contact.address.country": "ES"}}],
            "candidates": [{"rep": "ana", "taken": 17}, {"rep": "rui", "taken": 18}]}),
        ),
        facts: std::sync::Arc::new(facts(event)),
        event: Some(event),
        at,
    }
}

/// What one measurement did.
struct Meter {
    before: Spent,
}

impl Meter {
    fn start() -> Result<Self, Failure> {
        Ok(Meter { before: spent()? })
    }

    /// `done` is how many events were handled, by appending or settling, and at what rates.
    async fn report(
        self,
        load: &Load,
        what: &str,
        done: f64,
        rates: &[(&str, f64)],
    ) -> Result<(), Failure> {
        let stats = load.store.stats().await?;
        let rates: Vec<String> = rates
            .iter()
            .map(|(name, rate)| format!("{rate:>7.0}/s {name}"))
            .collect();
        let now = spent()?;
        let micros: Vec<String> = now
            .cpu
            .iter()
            .zip(self.before.cpu)
            .map(|(now, before)| {
                let micros = now.saturating_sub(before).as_secs_f64() * 1e6;
                format!("{:.1}", micros / done.max(1.0))
            })
            .collect();
        let waited = std::mem::take(&mut *load.waited.lock().map_err(|_| "a sender panicked")?);
        let waited: Vec<String> = [0.5, 0.99, 1.0]
            .iter()
            .filter_map(|part| {
                waited.get(((waited.len() as f64 * part) as usize).saturating_sub(1))
            })
            .map(|micros| format!("{:.1}", f64::from(*micros) / 1e3))
            .collect();
        let written = now.written.saturating_sub(self.before.written) as f64 / done.max(1.0);
        say(format_args!(
            "{what:<32}{:<38} µs each (writer/checkpoints/others) {:<16} {written:>6.0} B each  ms p50/p99/max {:<15} {} MB resident, {} MB on disk, {} events",
            rates.join(" "),
            micros.join("/"),
            waited.join("/"),
            resident()? / 1_000_000,
            stats.bytes / 1_000_000,
            stats.events,
        ))
    }
}

/// CPU time of the writer, the checkpointer and the other threads so far, as the machine may be busy with something
/// else; and the bytes that were written.
#[derive(Clone, Copy)]
struct Spent {
    cpu: [Duration; 3],
    written: u64,
}

fn spent() -> Result<Spent, Failure> {
    let mut spent = Spent {
        cpu: [Duration::ZERO; 3],
        written: 0,
    };
    for task in std::fs::read_dir("/proc/self/task")? {
        let task = task?.path();
        let nth = match std::fs::read_to_string(task.join("comm"))?.trim() {
            "store-writer" => 0,
            "store-checkpoin" => 1,
            _ => 2,
        };
        let on_cpu = std::fs::read_to_string(task.join("schedstat"))?;
        let on_cpu = on_cpu.split_whitespace().next().map_or(Ok(0), str::parse)?;
        if let Some(time) = spent.cpu.get_mut(nth) {
            *time += Duration::from_nanos(on_cpu);
        }
    }
    let io = std::fs::read_to_string("/proc/self/io")?;
    let written = io.lines().find_map(|line| line.strip_prefix("wchar: "));
    spent.written = written.map_or(Ok(0), str::parse)?;
    Ok(spent)
}

/// Bytes of memory this process has, as Linux counts them.
fn resident() -> Result<u64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(kilobytes.map_or(Ok(0), str::parse::<u64>)? * 1024)
}

fn say(line: std::fmt::Arguments<'_>) -> Result<(), Failure> {
    writeln!(std::io::stdout().lock(), "{line}")?;
    Ok(())
}
