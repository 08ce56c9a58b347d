//! The endpoints of the file and of the store together: compiled, put to work without a restart, and shown to the console.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::clock::Clock;
use crate::config::{Endpoint, Server};
use crate::console::board::{Board, Standing, Unsent};
use crate::ingest::intake::Intake;
use crate::ingest::receive::{Incoming, Received, receive};
use crate::ingest::sign::{Unsigned, sign};
use crate::ingest::spam::stamp::StampKey;
use crate::model::event::Appended;
use crate::model::id::new_id;
use crate::model::request::Headers;
use crate::model::said::Said;
use crate::process::recipes::Recipes;
use crate::process::worker::Processing;
use crate::said;
use crate::source::catalog::Catalog;
use crate::source::declaration::Sample;
use crate::source::endpoints;
use crate::store::endpoints::EndpointRow;
use crate::store::{Store, StoreError};
use crate::web::hooks::Hooks;

/// What the board stands on.
pub struct Ground {
    pub server: Server,
    pub catalog: Arc<Catalog>,
    pub store: Arc<dyn Store>,
    pub processing: Arc<Processing>,
    pub hooks: Arc<Hooks>,
    pub stamps: Option<StampKey>,
    pub clock: Clock,
}

/// All endpoints.
pub struct Switchboard {
    ground: Ground,
    /// Those of the file.
    filed: Vec<(Endpoint, Arc<Intake>)>,
    standings: RwLock<Arc<Vec<Standing>>>,
    kept: Mutex<Kept>,
}

/// What was compiled of the store's endpoints, by name.
#[derive(Default)]
struct Kept {
    compiled: HashMap<String, Compiled>,
    paused: HashSet<String>,
}

/// One endpoint of the store.
#[derive(Clone)]
struct Compiled {
    row: EndpointRow,
    /// Which of its secrets were live.
    live: Vec<Uuid>,
    intake: Result<Arc<Intake>, Vec<Said>>,
}

impl Switchboard {
    /// A board that knows the endpoints of the file; `refresh` adds those of the store.
    pub fn new(ground: Ground, filed: Vec<(Endpoint, Arc<Intake>)>) -> Self {
        Switchboard {
            ground,
            filed,
            standings: RwLock::default(),
            kept: Mutex::default(),
        }
    }

    /// Compiles an endpoint of the store, unless it is as it was.
    fn compile(&self, row: EndpointRow, known: Option<&Compiled>, now: Timestamp) -> Compiled {
        let live = row.secrets.iter().filter(|secret| secret.is_live(now));
        let live: Vec<Uuid> = live.map(|secret| secret.id).collect();
        if let Some(known) = known.filter(|known| known.row == row && known.live == live) {
            return known.clone();
        }
        let endpoint = endpoint_of(&row, now);
        let intake = self.intake(&endpoint);
        Compiled { row, live, intake }
    }

    fn intake(&self, endpoint: &Endpoint) -> Result<Arc<Intake>, Vec<Said>> {
        let problems = self.problems_of(endpoint);
        if !problems.is_empty() {
            return Err(problems);
        }
        let catalog = &self.ground.catalog;
        let Some(source) = catalog.get(&endpoint.source) else {
            let source = &endpoint.source;
            return Err(vec![said!(
                "source-absent",
                "there is no source {source}",
                source = source
            )]);
        };
        let server = &self.ground.server;
        let compiled = Intake::compile(endpoint, source, server, catalog.disposable_mail());
        let mut intake =
            compiled.map_err(|found| found.into_iter().map(|it| it.message).collect::<Vec<_>>())?;
        if let (Some(gate), Some(key)) = (&mut intake.spam, &self.ground.stamps) {
            gate.use_key(key.clone());
        }
        Ok(Arc::new(intake))
    }

    fn problems_of(&self, endpoint: &Endpoint) -> Vec<Said> {
        let mut problems = endpoints::problems(endpoint, &self.ground.catalog);
        if self
            .filed
            .iter()
            .any(|(filed, _)| filed.name == endpoint.name)
        {
            let name = &endpoint.name;
            problems.push(said!(
                "endpoint-in-file",
                "frontdesk.toml has an endpoint called {name} too, which is the one in use",
                name = name
            ));
        }
        problems
    }

    /// Puts what is compiled to work.
    fn install(&self, kept: &Kept, recompile: bool) {
        let ground = &self.ground;
        let of_store = kept.compiled.values();
        let working = of_store.filter_map(|it| it.intake.as_ref().ok().map(Arc::clone));
        let filed = self.filed.iter().map(|(_, intake)| Arc::clone(intake));
        ground.hooks.install(filed.chain(working), &kept.paused);
        if !recompile {
            return;
        }
        let now = ground.clock.now();
        let working = kept.compiled.values().filter(|it| it.intake.is_ok());
        let all: Vec<Endpoint> = self
            .filed
            .iter()
            .map(|(endpoint, _)| endpoint.clone())
            .chain(working.map(|it| endpoint_of(&it.row, now)))
            .collect();
        match Recipes::compile(Arc::clone(&ground.catalog), &all) {
            Ok(recipes) => ground.processing.recipes().replace(recipes),
            // Every source was compiled when the catalog was loaded: events go on by the source's defaults.
            Err(problems) => tracing::error!(?problems, "endpoints.not_compiled"),
        }
    }

    fn show(&self, kept: &Kept, pauses: &HashMap<String, Timestamp>, now: Timestamp) {
        let mut shown: Vec<Standing> = Vec::new();
        for (endpoint, _) in &self.filed {
            shown.push(Standing {
                paused: pauses.get(&endpoint.name).copied(),
                endpoint: endpoint.clone(),
                row: None,
                problems: Vec::new(),
            });
        }
        let mut rows: Vec<&Compiled> = kept.compiled.values().collect();
        rows.sort_by(|a, b| a.row.name.cmp(&b.row.name));
        for compiled in rows {
            shown.push(Standing {
                endpoint: endpoint_of(&compiled.row, now),
                paused: pauses.get(&compiled.row.name).copied(),
                problems: compiled.intake.as_ref().err().cloned().unwrap_or_default(),
                row: Some(compiled.row.clone()),
            });
        }
        let mut standings = self
            .standings
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *standings = Arc::new(shown);
    }
}

/// The endpoint as the rest of the house knows it: secrets that have ended are retired ones.
fn endpoint_of(row: &EndpointRow, now: Timestamp) -> Endpoint {
    let secrets = |live: bool| {
        let wanted = row.secrets.iter().filter(move |it| it.is_live(now) == live);
        wanted
            .map(|it| SecretString::from(it.text.as_str()))
            .collect()
    };
    let setting =
        |(name, value): (&String, &String)| (name.clone(), SecretString::from(value.as_str()));
    Endpoint {
        secrets: secrets(true),
        retired_secrets: secrets(false),
        unverified: row.unverified,
        settings: row.settings.iter().map(setting).collect(),
        region: row.region.clone(),
        allow_origins: row.allow_origins.clone(),
        thank_you: row.thank_you.clone(),
        ..Endpoint::new(&row.name, &row.source)
    }
}

#[async_trait]
impl Board for Switchboard {
    fn standings(&self) -> Arc<Vec<Standing>> {
        let standings = self
            .standings
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&standings)
    }

    async fn refresh(&self) -> Result<(), StoreError> {
        let mut kept = self.kept.lock().await;
        let store = &self.ground.store;
        let (rows, pauses) = (store.endpoints().await?, store.pauses().await?);
        let now = self.ground.clock.now();
        let mut fresh = Kept {
            compiled: HashMap::new(),
            paused: pauses.iter().map(|(name, _)| name.clone()).collect(),
        };
        let mut recompile = rows.len() != kept.compiled.len();
        for row in rows {
            let known = kept.compiled.get(&row.name);
            let compiled = self.compile(row, known, now);
            let is_same =
                known.is_some_and(|it| it.row == compiled.row && it.live == compiled.live);
            recompile |= !is_same;
            fresh.compiled.insert(compiled.row.name.clone(), compiled);
        }
        if recompile || fresh.paused != kept.paused {
            self.install(&fresh, recompile);
        }
        self.show(&fresh, &pauses.into_iter().collect(), now);
        *kept = fresh;
        Ok(())
    }

    fn problems(&self, row: &EndpointRow) -> Vec<Said> {
        let endpoint = endpoint_of(row, self.ground.clock.now());
        match self.intake(&endpoint) {
            Ok(_) => Vec::new(),
            Err(problems) => problems,
        }
    }

    async fn send_sample(&self, endpoint: &str, nth: usize) -> Result<Uuid, Unsent> {
        let intake = self.ground.hooks.intake(endpoint).ok_or(Unsent::Missing)?;
        let standings = self.standings();
        let standing = standings.iter().find(|it| it.endpoint.name == endpoint);
        let standing = standing.ok_or(Unsent::Missing)?;
        let source = self
            .ground
            .catalog
            .get(&intake.source)
            .ok_or(Unsent::Missing)?;
        let sample = source.samples.get(nth).ok_or(Unsent::Missing)?;
        let now = self.ground.clock.now();
        let incoming = self.incoming(standing, sample, now)?;
        let kept = match receive(&intake, incoming, now) {
            Received::Events(kept) => kept,
            Received::Refused(rejection, _) => return Err(Unsent::Refused(rejection.said())),
            Received::Handshake(_) => {
                return Err(Unsent::Refused(said!(
                    "sample-set-up",
                    "this sample is a set-up request, which leaves no event"
                )));
            }
        };
        let appended = self.ground.store.append(kept.arrival).await?;
        let first = appended.first().map(|appended| match appended {
            Appended::New(id) | Appended::Duplicate(id) => *id,
        });
        first.ok_or(Unsent::Missing)
    }
}

impl Switchboard {
    /// The sample as its sender would post it.
    fn incoming(
        &self,
        standing: &Standing,
        sample: &Sample,
        now: Timestamp,
    ) -> Result<Incoming, Unsent> {
        let endpoint = &standing.endpoint;
        let source = self
            .ground
            .catalog
            .get(&endpoint.source)
            .ok_or(Unsent::Missing)?;
        let id = new_id(now);
        // So that a second sample makes another event than the first.
        let n = id.as_u128() % 1_000_000;
        let n = u64::try_from(n).unwrap_or(1);
        let rendered = sample.render(n, now, id);
        let rendered = rendered.map_err(|error| Unsent::Refused(*error.0))?;
        let mut headers = vec![("content-type".to_owned(), rendered.content_type)];
        headers.extend(rendered.headers);
        let mut incoming = Incoming {
            method: "POST".to_owned(),
            query: String::new(),
            headers: Headers(headers),
            body: rendered.body.into_bytes(),
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        };
        let secret = endpoint.secrets.first().filter(|_| !endpoint.unverified);
        let Some(secret) = secret else {
            return Ok(incoming);
        };
        let url = format!("{}/hooks/{}", self.ground.server.public_url, endpoint.name);
        let unsigned = Unsigned {
            method: "POST",
            url: &url,
            headers: &incoming.headers,
            body: &incoming.body,
            id: &id.to_string(),
            now,
        };
        let signed = sign(source, secret.expose_secret(), &unsigned);
        let signed = signed.map_err(|error| Unsent::Refused(error.said()))?;
        incoming
            .headers
            .0
            .retain(|(name, _)| signed.headers.get(name).is_none());
        incoming.headers.0.extend(signed.headers.0);
        incoming.query = signed.query.unwrap_or_default();
        if let Some(body) = signed.body {
            incoming.body = body;
        }
        Ok(incoming)
    }
}
