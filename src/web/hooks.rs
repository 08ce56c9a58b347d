//! `/hooks/{endpoint}`: from an HTTP request to `ingest::receive` and the inbox, and back to an answer.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use actix_web::{HttpRequest, HttpResponse, web};
use async_trait::async_trait;
use metrics_exporter_prometheus::PrometheusHandle;
use uuid::Uuid;

use crate::clock::Clock;
use crate::config::{Network, Server};
use crate::ingest::intake::Intake;
use crate::ingest::receive::{Incoming, Kept, Received, receive};
use crate::ingest::refusal;
use crate::ingest::rejection::Rejection;
use crate::model::event::{Appended, EventStatus};
use crate::source::declaration::Reply;
use crate::store::{Inbox, StoreError};
use crate::web::gate::{Ended, Gate};
use crate::web::refusals::{self, Refusals, headers, unread};
use crate::web::response::{self, BUSY, Standing};
use crate::web::{body, cors, form, peer};

/// Whether the gateway can do its work.
#[async_trait]
pub trait Readiness: Send + Sync {
    /// Store reachable, workers running.
    ///
    /// # Errors
    /// A sentence: what is not ready.
    async fn ready(&self) -> Result<(), String>;
}

/// Endpoints by name.
type Gates = HashMap<String, Arc<Gate>>;

/// What the handlers work with.
pub struct Hooks {
    /// Replaced as a whole when an endpoint changes, while requests go on with the old ones.
    gates: RwLock<Arc<Gates>>,
    inbox: Arc<dyn Inbox>,
    clock: Clock,
    trusted_proxies: Vec<Network>,
    body_timeout: Duration,
    refusals: Refusals,
    pub readiness: Arc<dyn Readiness>,
    pub metrics: PrometheusHandle,
}

impl Hooks {
    /// The hooks of all endpoints. Install the metrics first: counters made before count nothing.
    pub fn new(
        intakes: impl IntoIterator<Item = Arc<Intake>>,
        server: &Server,
        inbox: Arc<dyn Inbox>,
        clock: Clock,
        (readiness, metrics): (Arc<dyn Readiness>, PrometheusHandle),
    ) -> Self {
        Hooks {
            gates: RwLock::new(Arc::new(gates(intakes, &Gates::new()))),
            refusals: Refusals::new(Arc::clone(&inbox)),
            inbox,
            clock,
            trusted_proxies: server.trusted_proxies.clone(),
            body_timeout: server.body_timeout,
            readiness,
            metrics,
        }
    }

    /// The names of all endpoints.
    pub fn endpoints(&self) -> Vec<String> {
        self.gates().keys().cloned().collect()
    }

    /// Puts these endpoints in the place of those there are. One whose intake is the same keeps its counters and limits.
    pub fn install(
        &self,
        intakes: impl IntoIterator<Item = Arc<Intake>>,
        paused: &HashSet<String>,
    ) {
        let fresh = gates(intakes, &self.gates());
        for (name, gate) in &fresh {
            gate.pause(paused.contains(name));
        }
        *self.gates.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh);
    }

    /// What an endpoint receives with.
    pub fn intake(&self, endpoint: &str) -> Option<Arc<Intake>> {
        let gates = self.gates();
        gates.get(endpoint).map(|gate| Arc::clone(&gate.intake))
    }

    fn gates(&self) -> Arc<Gates> {
        Arc::clone(&self.gates.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn gates(intakes: impl IntoIterator<Item = Arc<Intake>>, known: &Gates) -> Gates {
    let mut gates = Gates::new();
    for intake in intakes {
        let same = known.get(&intake.endpoint);
        let same = same.filter(|gate| Arc::ptr_eq(&gate.intake, &intake));
        let name = intake.endpoint.clone();
        let gate = same.map_or_else(|| Arc::new(Gate::new(intake)), Arc::clone);
        gates.insert(name, gate);
    }
    gates
}

/// Takes any method; the handshakes of the source decide what is answered to others than `POST`.
pub async fn hook(
    request: HttpRequest,
    mut payload: web::Payload,
    hooks: web::Data<Hooks>,
) -> HttpResponse {
    let started = Instant::now();
    let peer = peer::of(&request, &hooks.trusted_proxies);
    let name = endpoint(&request);
    let gates = hooks.gates();
    let Some(gate) = gates.get(name) else {
        let answer = hooks.turn_stranger_away(&request, peer, name).await;
        return body::answer_unread(answer, payload);
    };
    let mut answer = match gate.admit(peer, request.headers()) {
        Ok(()) => hooks.take(gate, &request, &mut payload, peer).await,
        Err(rejection) => hooks.turn_away(gate, &request, peer, &rejection).await,
    };
    cors::permit(gate.script_origin(request.headers()), &mut answer);
    gate.took(started.elapsed());
    // The visitor of a form is sent to a page where a program would be refused.
    match answer.status().is_client_error() || answer.status().is_redirection() {
        true => body::answer_unread(answer, payload),
        false => answer,
    }
}

/// The endpoint that a path names.
fn endpoint(request: &HttpRequest) -> &str {
    match request.match_info().get("endpoint") {
        Some(name) => name,
        None => request.path().trim_start_matches("/hooks/"),
    }
}

impl Hooks {
    /// An admitted request: read → receive → append → answer.
    async fn take(
        &self,
        gate: &Gate,
        request: &HttpRequest,
        payload: &mut web::Payload,
        peer: IpAddr,
    ) -> HttpResponse {
        if gate.intake.verifier.is_open()
            && let Some(answer) = cors::preflight(request)
        {
            return answer;
        }
        let cap = gate.intake.door.max_body;
        let body = match body::read(payload, request.headers(), cap, self.body_timeout).await {
            Ok(body) => body,
            Err(rejection) => return self.turn_away(gate, request, peer, &rejection).await,
        };
        let incoming = Incoming {
            method: request.method().as_str().to_owned(),
            query: request.query_string().to_owned(),
            headers: headers(request.headers()),
            body,
            peer,
        };
        let now = self.clock.now();
        // A defect met by one request must not cost the connection, let alone the process.
        let received = catch_unwind(AssertUnwindSafe(|| receive(&gate.intake, incoming, now)));
        match received {
            Ok(Received::Handshake(answer)) => {
                tracing::info!(
                    endpoint = gate.intake.endpoint,
                    status = answer.status,
                    "handshake.answered"
                );
                response::handshake(answer)
            }
            Ok(Received::Events(kept)) => self.append(gate, request, *kept).await,
            Ok(Received::Refused(rejection, raw)) => {
                let gates = self.gates();
                let others = gates.values().map(|gate| &*gate.intake);
                let record = || refusal::read(&gate.intake, &raw, &rejection, others);
                self.refusals.note(gate, &rejection, now, record).await;
                self.say(gate, request, &rejection, None)
            }
            Err(_panic) => {
                tracing::error!(endpoint = gate.intake.endpoint, "event.panicked");
                self.turn_away(gate, request, peer, &Rejection::Internal)
                    .await
            }
        }
    }

    /// Writes an arrival down, then answers: never the other way round.
    async fn append(&self, gate: &Gate, request: &HttpRequest, kept: Kept) -> HttpResponse {
        let Kept { arrival, complaint } = kept;
        let ends: Vec<Ended> = arrival
            .events
            .iter()
            .map(|event| (event.status, event.code))
            .collect();
        let appended = match self.inbox.append(arrival).await {
            Ok(appended) => appended,
            Err(error) => return self.busy(gate, request, &error),
        };
        for (appended, end) in appended.iter().zip(&ends) {
            gate.count(*appended, *end);
        }
        let ids: Vec<Uuid> = appended.iter().map(id).collect();
        let new = appended.iter().find(|it| matches!(it, Appended::New(_)));
        let standing = match new {
            Some(_) => Standing::Accepted,
            None => Standing::Duplicate,
        };
        // Of a batch that is known in part, the sender is told of what is accepted now.
        let event = new.or(appended.first()).map(id);
        tracing::debug!(
            endpoint = gate.intake.endpoint,
            source = gate.intake.source,
            event.id = event.map(tracing::field::display),
            events = ids.len(),
            duplicate = standing == Standing::Duplicate,
            "event.received"
        );
        if let Some(complaint) = complaint {
            return self.complain(gate, request, &complaint, event);
        }
        match (said(gate, &ends), &gate.intake.door.thank_you) {
            (_, Some(page)) if form::wants_page(request) => response::see(page),
            (Some(said), _) => response::said(said, event),
            (None, _) => response::accepted(standing, event.unwrap_or_default(), &ids),
        }
    }

    /// What is wrong with a request that is kept all the same, in the words its sender needs.
    fn complain(
        &self,
        gate: &Gate,
        request: &HttpRequest,
        complaint: &Rejection,
        event: Option<Uuid>,
    ) -> HttpResponse {
        refusals::count(&gate.intake.endpoint, complaint);
        match &gate.intake.door.said.invalid {
            Some(said) => response::said(said, event),
            None => self.say(gate, request, complaint, event),
        }
    }

    /// The store cannot take it: nothing was promised, the sender shall come again.
    fn busy(&self, gate: &Gate, request: &HttpRequest, error: &StoreError) -> HttpResponse {
        let rejection = Rejection::StoreUnavailable(BUSY);
        refusals::count(&gate.intake.endpoint, &rejection);
        if gate.refusals.take(self.clock.now()).is_some() {
            tracing::warn!(endpoint = gate.intake.endpoint, cause = %error, "event.not_stored");
        }
        self.say(gate, request, &rejection, None)
    }

    /// Says no: to a visitor by a page, to a sender in its own words, to everybody else by the contract.
    fn say(
        &self,
        gate: &Gate,
        request: &HttpRequest,
        rejection: &Rejection,
        event: Option<Uuid>,
    ) -> HttpResponse {
        let door = &gate.intake.door;
        if gate.intake.verifier.is_open()
            && form::wants_page(request)
            && let Some(page) = form::error_page(door, request, rejection)
        {
            return response::see(&page);
        }
        match (rejection, &door.said.busy) {
            (
                Rejection::RateLimited(_) | Rejection::StoreUnavailable(_) | Rejection::Paused(_),
                Some(said),
            ) => response::busy(said, rejection, door.busy_status),
            _ => response::refused(rejection, door.busy_status, event),
        }
    }

    /// Refuses a request whose body was not looked at.
    async fn turn_away(
        &self,
        gate: &Gate,
        request: &HttpRequest,
        peer: IpAddr,
        rejection: &Rejection,
    ) -> HttpResponse {
        let now = self.clock.now();
        let record = || unread(&gate.intake.endpoint, request, peer, rejection, now);
        self.refusals.note(gate, rejection, now, record).await;
        self.say(gate, request, rejection, None)
    }

    async fn turn_stranger_away(
        &self,
        request: &HttpRequest,
        peer: IpAddr,
        name: &str,
    ) -> HttpResponse {
        let now = self.clock.now();
        let rejection = Rejection::UnknownEndpoint;
        let record = || unread(name, request, peer, &rejection, now);
        self.refusals.note_stranger(&rejection, now, record).await;
        response::refused(&rejection, 503, None)
    }
}

/// What the sender insists to hear of events that ended so.
fn said<'g>(gate: &'g Gate, ends: &[Ended]) -> Option<&'g Reply> {
    let said = &gate.intake.door.said;
    let is_ignored = |end: &Ended| end.0 == EventStatus::Ignored;
    match ends.iter().all(is_ignored) {
        true => said.ignored.as_ref().or(said.ok.as_ref()),
        false => said.ok.as_ref(),
    }
}

fn id(appended: &Appended) -> Uuid {
    match appended {
        Appended::New(id) | Appended::Duplicate(id) => *id,
    }
}
