//! Pages for people: sign-in, the frame around every page, and one page a file.
//!
//! Reading order: `places` (every route as data), `gate` (who is let in), `visitor` (who is there), `frame` and `words`
//! (what every page has), then `pages`.

pub mod assets;
pub mod board;
pub mod card;
pub mod chart;
pub mod door;
pub mod drafting;
pub mod fault;
pub mod figures;
pub mod form;
pub mod formula;
pub mod frame;
pub mod gate;
pub mod number;
pub mod page;
pub mod pages;
pub mod places;
pub mod prose;
pub mod qr;
pub mod rows;
pub mod rule_words;
pub mod session;
pub mod stream;
pub mod traffic;
pub mod verdict;
pub mod visitor;
pub mod week;
pub mod when;
pub mod words;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpRequest, web};
use tokio::sync::watch;

use crate::clock::Clock;
use crate::config::Config;
use crate::console::board::Board;
use crate::console::door::Door;
use crate::console::words::Words;
use crate::process::worker::Processing;
use crate::source::catalog::Catalog;
use crate::store::Store;

/// Whose address a request came from, as far as the trusted proxies tell.
pub type AddressOf = Box<dyn Fn(&HttpRequest) -> IpAddr + Send + Sync>;

/// What the pages work with.
pub struct Console {
    pub store: Arc<dyn Store>,
    pub clock: Clock,
    /// For dry runs: how events are mapped now.
    pub processing: Arc<Processing>,
    /// What senders are known, and by which formulas they are mapped.
    pub catalog: Arc<Catalog>,
    pub door: Door,
    /// The endpoints, and putting them to work.
    pub board: Arc<dyn Board>,
    /// Without a slash at the end.
    pub public_url: String,
    /// How long a session lasts without being used, and at all.
    pub idle: Duration,
    pub lifetime: Duration,
    address_of: AddressOf,
    stopping: watch::Sender<bool>,
}

impl Console {
    /// The console over a store.
    pub fn new(
        config: &Config,
        catalog: Arc<Catalog>,
        store: Arc<dyn Store>,
        processing: Arc<Processing>,
        clock: Clock,
        (board, address_of): (Arc<dyn Board>, AddressOf),
    ) -> Self {
        Console {
            store,
            clock,
            processing,
            catalog,
            door: Door::default(),
            board,
            public_url: config.server.public_url.clone(),
            idle: config.console.idle,
            lifetime: config.console.lifetime,
            address_of,
            stopping: watch::Sender::new(false),
        }
    }

    /// The endpoints' names, those of the config file first.
    pub fn endpoints(&self) -> Vec<String> {
        let standings = self.board.standings();
        let names = standings.iter().map(|it| it.endpoint.name.clone());
        names.collect()
    }

    /// The sources of the endpoints: name and title.
    pub fn sources(&self, words: Words) -> Vec<(String, String)> {
        let standings = self.board.standings();
        let names = standings.iter().map(|it| it.endpoint.source.clone());
        let names: BTreeSet<String> = names.collect();
        let named = names.into_iter().map(|name| {
            let title = self.title_of(words, &name);
            (name, title)
        });
        named.collect()
    }

    /// What a source is called; its name where it is not known any more.
    pub fn title_of(&self, words: Words, source: &str) -> String {
        let known = self.catalog.get(source);
        known.map_or_else(|| source.to_owned(), |known| words.said(&known.title))
    }

    /// Whether people come in over TLS: then cookies are kept to it.
    pub fn is_secure(&self) -> bool {
        self.public_url.starts_with("https://")
    }

    /// Tells when the streams that are open have to end.
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }

    /// Ends the streams that are open, so that the server can stop.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }
}

/// Mounts every place.
pub fn configure(config: &mut web::ServiceConfig, console: web::Data<Console>) {
    config.app_data(console);
    places::register(config);
}
