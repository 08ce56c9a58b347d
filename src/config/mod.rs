//! The configuration: defaults, then the file, then the environment; read and checked once.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// A text that is never printed.
pub use secrecy::SecretString;

/// Everything the operator decided.
#[derive(Debug)]
pub struct Config {
    pub server: Server,
    pub store: StoreConfig,
    pub catalog: CatalogConfig,
    pub outbound: Outbound,
    pub log: Log,
    pub endpoints: Vec<Endpoint>,
    /// File the endpoints came from, as shown in messages.
    pub file: String,
}

#[derive(Debug, Clone)]
pub struct Server {
    /// `127.0.0.1:8080`
    pub listen: String,
    /// Without a slash at the end. Signatures that cover the URL use it; it is shown to people.
    pub public_url: String,
    /// HTTP worker threads; 0: one per core.
    pub threads: usize,
    /// Proxies whose `Forwarded` and `X-Forwarded-For` count: addresses or networks (`10.0.0.0/8`).
    pub trusted_proxies: Vec<Network>,
    /// For the whole body to arrive.
    pub body_timeout: Duration,
    /// For requests in flight when told to stop.
    pub shutdown_timeout: Duration,
    /// Default cap of a body, in bytes.
    pub max_body: usize,
}

/// An address with a prefix length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    pub address: IpAddr,
    pub prefix: u8,
}

#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// `sqlite:frontdesk.db`
    pub url: String,
    /// Raw requests are kept this long.
    pub keep_bodies: Duration,
    /// De-duplication keys are kept this long.
    pub keep_keys: Duration,
    /// Settled events and the change feed are kept this long.
    pub keep_history: Duration,
    /// Refusals kept, the newest.
    pub refusals: u64,
}

#[derive(Debug, Clone, Default)]
pub struct CatalogConfig {
    /// Folder with `mappings/`, `schemas/`, `samples/` that add to the built-in ones and override them by name.
    pub path: Option<PathBuf>,
}

#[derive(Debug, Clone, Default)]
pub struct Outbound {
    /// Private addresses that fetches may call.
    pub allow: Vec<Network>,
}

#[derive(Debug, Clone)]
pub struct Log {
    /// `info`, or a filter such as `frontdesk=debug`.
    pub level: String,
    pub format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

/// `[[endpoint]]`
#[derive(Debug)]
pub struct Endpoint {
    pub name: String,
    pub source: String,
    /// Any may match; in the order written.
    pub secrets: Vec<SecretString>,
    /// `verify = "none"` was said out loud.
    pub unverified: bool,
    pub settings: BTreeMap<String, SecretString>,
    pub rate_limit: Option<Rate>,
    pub rate_limit_per_address: Option<Rate>,
    /// Default region of phones: `ES`.
    pub region: Option<String>,
    /// In bytes; the server's when absent.
    pub max_body: Option<usize>,
    /// Networks that may post; empty: all.
    pub allow_addresses: Vec<Network>,
    /// `Origin`s that may post from a browser; empty: all.
    pub allow_origins: Vec<String>,
    /// Where a plain HTML form is sent after success (303).
    pub thank_you: Option<String>,
    /// `on_invalid`, when the endpoint says so itself.
    pub accept_invalid: Option<bool>,
    /// Line of the endpoint in the file, for messages.
    pub line: u32,
}

/// A token bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub per_second: u32,
    pub burst: u32,
}
