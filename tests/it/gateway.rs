//! A gateway in this process: a throw-away store, a port of its own, a clock that stands still.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use frontdesk::access::token::hash_of;
use frontdesk::app::{Running, start};
use frontdesk::clock::Clock;
use frontdesk::config::{Config, Endpoint};
use frontdesk::ingest::sign::{Unsigned, sign};
use frontdesk::model::request::Headers;
use frontdesk::source::catalog::Catalog;
use frontdesk::store::TokenRow;
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde_json::Value;

use crate::process::{Answer, call};

const TOKEN: &str = "fd_whole";

/// When all of it happens.
pub fn now() -> Timestamp {
    "2026-11-24T09:00:00Z".parse().unwrap()
}

/// The application with its workers.
pub struct TestGateway {
    pub running: Running,
    pub address: SocketAddr,
    config: Config,
    catalog: Arc<Catalog>,
    clock: Clock,
    folder: tempfile::TempDir,
}

impl TestGateway {
    /// Starts one; `endpoints` is the part of the config that makes the test.
    pub async fn start(endpoints: &str) -> Self {
        let gateway = Self::open(tempfile::tempdir().unwrap(), endpoints).await;
        let token = TokenRow {
            name: "whole".to_owned(),
            role: "admin".to_owned(),
            hash: hash_of(TOKEN),
            created_at: now(),
            revoked_at: None,
        };
        gateway.running.store.add_token(token).await.unwrap();
        gateway
    }

    /// Starts one in a folder where others ran before.
    pub async fn open(folder: tempfile::TempDir, endpoints: &str) -> Self {
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\n[store]\nurl = \"sqlite:whole.db\"\n{endpoints}"
        );
        let config = load(&text, folder.path());
        let catalog = Arc::new(Catalog::load(&config.catalog).unwrap());
        let clock = Clock::fixed(now());
        let running = start(&config, Arc::clone(&catalog), clock.clone())
            .await
            .unwrap();
        TestGateway {
            address: running.address,
            running,
            config,
            catalog,
            clock,
            folder,
        }
    }

    /// One request; the test's thread waits for the answer, the gateway has threads of its own.
    pub async fn call(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let (address, method, path) = (self.address, method.to_owned(), path.to_owned());
        let (headers, body) = (headers.to_owned(), body.to_owned());
        tokio::task::spawn_blocking(move || call(address, &method, &path, &headers, &body))
            .await
            .unwrap()
            .unwrap()
    }

    /// A call of the API that must work; its JSON.
    pub async fn api(&self, method: &str, path: &str, body: &str) -> Value {
        let headers =
            format!("authorization: Bearer {TOKEN}\r\ncontent-type: application/json\r\n");
        let answer = self.call(method, path, &headers, body).await;
        assert!(answer.status < 300, "{method} {path}: {answer:?}");
        answer.json()
    }

    /// Posts `body` to an endpoint as its sender would.
    pub async fn deliver(&self, endpoint: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let endpoint = self.endpoint(endpoint);
        let source = self.catalog.get(&endpoint.source).unwrap();
        let own = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let mut headers = Headers(own.collect());
        if let Some(secret) = endpoint.secrets.first() {
            let url = format!("{}/hooks/{}", self.config.server.public_url, endpoint.name);
            let request = Unsigned {
                method: "POST",
                url: &url,
                headers: &headers,
                body: body.as_bytes(),
                id: "whole",
                now: now(),
            };
            let signed = sign(source, secret.expose_secret(), &request).unwrap();
            headers.0.extend(signed.headers.0);
        }
        let lines: String = headers
            .0
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        self.call("POST", &format!("/hooks/{}", endpoint.name), &lines, body)
            .await
    }

    fn endpoint(&self, name: &str) -> &Endpoint {
        let mut endpoints = self.config.endpoints.iter();
        endpoints.find(|endpoint| endpoint.name == name).unwrap()
    }

    /// Waits until nothing is pending.
    pub async fn drain(&self) {
        while self.running.store.backlog().await.unwrap().pending > 0 {
            self.running.processing.drain().await.unwrap();
            self.running
                .store
                .wait_for_work(Duration::from_millis(5))
                .await;
        }
    }

    /// Moves the gateway's clock, and lets the desk look round.
    pub async fn set_clock(&self, to: &str) {
        let to: Timestamp = to.parse().unwrap();
        if let Clock::Fixed(clock) = &self.clock {
            clock.store(to.as_millisecond(), Ordering::SeqCst);
        }
        self.running.processing.office().round().await.unwrap();
    }

    /// The items of a list.
    pub async fn items(&self, list: &str) -> Vec<Value> {
        let page = self.api("GET", &format!("/api/v1/{list}"), "").await;
        page["items"].as_array().unwrap().clone()
    }

    /// Stops it; fails when work is left. Its folder is gone with the answer.
    pub async fn stop(self) -> tempfile::TempDir {
        let backlog = self.running.store.backlog().await.unwrap();
        assert_eq!(backlog.pending, 0, "work is left");
        self.running.stop().await;
        self.folder
    }
}

fn load(text: &str, folder: &Path) -> Config {
    Config::from_text(
        "whole.toml",
        text,
        &std::collections::BTreeMap::new(),
        folder,
    )
    .unwrap()
}
