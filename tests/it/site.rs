//! A listening server with a stand-in for its inbox, spoken to over real sockets.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use async_trait::async_trait;
use frontdesk::clock::Clock;
use frontdesk::ingest::spam::stamp::StampKey;
use frontdesk::model::dedupe::DedupeKey;
use frontdesk::model::event::{
    Appended, Arrival, Claimed, Event, EventStatus, NewEvent, PutOff, Refusal,
};
use frontdesk::model::page::{Page, PageRequest};
use frontdesk::model::request::RawRequest;
use frontdesk::model::said::Said;
use frontdesk::source::declaration::Source;
use frontdesk::store::users::Told;
use frontdesk::store::{Backlog, EventFilter, Inbox, Result, Settled, Settlement, StoreError};
use frontdesk::telemetry;
use frontdesk::web::hooks::{Hooks, Readiness};
use frontdesk::web::serve::{Mount, serve};
use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::made::{built_in, configured, intake_of};

/// An inbox that remembers what it is given, and can be broken.
#[derive(Default)]
pub struct Desk {
    pub arrivals: Mutex<Vec<Arrival>>,
    pub refusals: Mutex<Vec<Refusal>>,
    claimed: Mutex<HashMap<DedupeKey, Uuid>>,
    pub broken: AtomicBool,
}

fn unused<T>() -> Result<T> {
    Err(StoreError::Unavailable("not part of this test".to_owned()))
}

#[async_trait]
impl Inbox for Desk {
    async fn append(&self, arrival: Arrival) -> Result<Vec<Appended>> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("disk full".to_owned()));
        }
        let mut claimed = self.claimed.lock().unwrap();
        let answers = arrival.events.iter().map(|event| {
            let first = *claimed.entry(event.dedupe.key).or_insert(event.id);
            match first == event.id {
                true => Appended::New(first),
                false => Appended::Duplicate(first),
            }
        });
        let answers = answers.collect();
        self.arrivals.lock().unwrap().push(arrival);
        Ok(answers)
    }

    async fn refuse(&self, refusal: Refusal) -> Result<()> {
        self.refusals.lock().unwrap().push(refusal);
        Ok(())
    }

    async fn claim(&self, _: usize, _: Timestamp) -> Result<Vec<Claimed>> {
        unused()
    }
    async fn wait_for_work(&self, _: Duration) {}
    async fn identify(&self, _: Uuid, _: NewEvent) -> Result<Appended> {
        unused()
    }
    async fn settle(&self, _: Vec<Settlement>) -> Vec<Result<Settled>> {
        vec![unused()]
    }
    async fn put_off(&self, _: Uuid, _: Timestamp, _: PutOff, _: Said) -> Result<()> {
        unused()
    }
    async fn conclude(&self, _: Uuid, _: EventStatus, _: Said, _: Timestamp) -> Result<()> {
        unused()
    }
    async fn release(&self, _: Vec<Uuid>) {}
    async fn event(&self, _: Uuid) -> Result<Option<Event>> {
        unused()
    }
    async fn raw_request(&self, _: Uuid) -> Result<Option<RawRequest>> {
        unused()
    }
    async fn peek(&self, _: Uuid) -> Result<Option<Claimed>> {
        unused()
    }
    async fn events(&self, _: EventFilter, _: PageRequest) -> Result<Page<Event>> {
        unused()
    }
    async fn refusals(&self, _: Option<String>, _: PageRequest) -> Result<Page<Refusal>> {
        unused()
    }
    async fn refusal(&self, _: Uuid) -> Result<Option<Refusal>> {
        unused()
    }
    async fn replay(&self, _: Vec<Uuid>, _: Option<Told>) -> Result<u64> {
        unused()
    }
    async fn admit(&self, _: Vec<Uuid>, _: Option<Told>) -> Result<u64> {
        unused()
    }
    async fn backlog(&self) -> Result<Backlog> {
        unused()
    }
}

#[async_trait]
impl Readiness for Desk {
    async fn ready(&self) -> std::result::Result<(), String> {
        match self.broken.load(Ordering::SeqCst) {
            true => Err("the store cannot be written: disk full".to_owned()),
            false => Ok(()),
        }
    }
}

/// A listening server; stopped when dropped.
pub struct Site {
    pub desk: Arc<Desk>,
    address: SocketAddr,
    handle: ServerHandle,
    clock: Clock,
}

impl Site {
    /// With endpoints by name: their source and the lines of their table.
    pub fn start(endpoints: &[(&str, &Source, &str)]) -> Site {
        let server = "threads = 1\nbody_timeout = \"300ms\"\ntrusted_proxies = [\"127.0.0.1\"]";
        let settings = configured(server, "").server;
        let intakes: Vec<_> = endpoints
            .iter()
            .map(|(name, source, lines)| {
                let mut intake = intake_of(name, source, lines);
                if let Some(gate) = &mut intake.spam {
                    gate.use_key(StampKey::new(&[7; 32]).unwrap());
                }
                Arc::new(intake)
            })
            .collect();
        let desk = Arc::new(Desk::default());
        let metrics = telemetry::install_metrics().unwrap();
        let clock = Clock::fixed("2026-03-01T12:00:00Z".parse().unwrap());
        let inbox: Arc<dyn Inbox> = Arc::<Desk>::clone(&desk);
        let ready: Arc<dyn Readiness> = Arc::<Desk>::clone(&desk);
        let hooks = Arc::new(Hooks::new(
            intakes,
            &settings,
            inbox,
            clock.clone(),
            (ready, metrics),
        ));
        let (tell, hear) = mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let mount: Mount =
                    Box::new(move |config| frontdesk::web::configure(config, Arc::clone(&hooks)));
                let serving = serve(&settings, vec![mount]).unwrap();
                tell.send((serving.addresses[0], serving.server)).unwrap();
                serving.ended.await.unwrap().unwrap();
            });
        });
        let (address, handle) = hear.recv().unwrap();
        Site {
            desk,
            address,
            handle,
            clock,
        }
    }

    /// Lets time pass.
    pub fn pass(&self, seconds: i64) {
        let Clock::Fixed(now) = &self.clock else {
            panic!("the clock stands still");
        };
        now.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    /// The events that were appended last.
    pub fn last_events(&self) -> Vec<NewEvent> {
        let arrivals = self.desk.arrivals.lock().unwrap();
        arrivals.last().unwrap().events.clone()
    }

    /// Sends bytes as they are and reads until the server closes.
    pub fn raw(&self, bytes: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        // A server that has answered may have closed before everything was sent.
        let _sent = stream.write_all(bytes);
        let mut answer = Vec::new();
        let _closed = stream.read_to_end(&mut answer);
        Answer::read(&answer)
    }

    pub fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut bytes = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            bytes.push_str(&format!("{name}: {value}\r\n"));
        }
        let mut bytes = (bytes + "\r\n").into_bytes();
        bytes.extend_from_slice(body);
        self.raw(&bytes)
    }

    pub fn post(&self, endpoint: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.call("POST", &format!("/hooks/{endpoint}"), headers, body)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// In lower case.
    pub head: String,
    pub body: String,
}

impl Answer {
    fn read(bytes: &[u8]) -> Answer {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text
            .split_once("\r\n\r\n")
            .unwrap_or_else(|| panic!("no answer: {text:?}"));
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_ascii_lowercase(),
            body: body.to_owned(),
        }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    pub fn check_problem(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert!(
            self.head.contains("content-type: application/problem+json"),
            "{self:?}"
        );
        let problem = self.json();
        assert_eq!(problem["status"], status);
        assert_eq!(problem["code"], code);
        assert_eq!(problem["type"], "about:blank");
        assert!(problem["title"].as_str().is_some() && problem["detail"].as_str().is_some());
    }
}

pub const OPEN: &str = "verify = \"none\"";
pub const JSON: (&str, &str) = ("content-type", "application/json");
pub const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// A site with one form that anybody may post; `lines` stand in its table.
pub fn open_form(name: &str, lines: &str) -> Site {
    let lines = format!("{OPEN}\n{lines}");
    Site::start(&[(name, &built_in("contact_form"), &lines)])
}
