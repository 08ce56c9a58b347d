//! Receiving one request, as a list of steps: unpack → verify → parse → open the envelope → judge each event.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::expr::payload::to_json;
use crate::expr::scope::Scope;
use crate::ingest::dedupe;
use crate::ingest::handshake::Answer;
use crate::ingest::intake::Intake;
use crate::ingest::rejection::Rejection;
use crate::ingest::verify::{Unproven, VerifiedRequest};
use crate::model::event::{Arrival, EventStatus, NewEvent, Verdict, Violation};
use crate::model::id::new_id;
use crate::model::request::{Headers, RawRequest};
use crate::payload::{self, encoding, redact};
use crate::source::envelope::{self, EnvelopeError, Part};

/// Characters of a sender's words that are kept as an event's type and id.
const WORD: usize = 255;

/// A request as the web took it, before anybody believed it.
#[derive(Debug)]
pub struct Incoming {
    /// Upper case.
    pub method: String,
    /// As sent, without `?`.
    pub query: String,
    pub headers: Headers,
    /// As sent, still in its content encoding.
    pub body: Vec<u8>,
    pub peer: IpAddr,
}

/// What becomes of a request.
#[derive(Debug)]
pub enum Received {
    /// A set-up request with its answer: nothing to keep.
    Handshake(Answer),
    /// To be appended to the inbox.
    Events(Box<Kept>),
    /// Turned away, with the request for the record.
    Refused(Rejection, Box<RawRequest>),
}

/// An arrival, and what the sender hears once it is written down.
#[derive(Debug)]
pub struct Kept {
    pub arrival: Arrival,
    /// `None`: accepted. Else the request is authentic and kept in quarantine, and this is what is wrong with it.
    pub complaint: Option<Rejection>,
}

/// Receives a request at `now`. Pure: writes nothing and waits for nothing.
pub fn receive(intake: &Intake, incoming: Incoming, now: Timestamp) -> Received {
    let (request, unpacked) = unpack(intake, incoming, now);
    if let Err(rejection) = unpacked {
        return Received::Refused(rejection, Box::new(request));
    }
    if request.method != "POST" {
        return greet(intake, request);
    }
    let verified = match intake.verifier.verify(request, now) {
        Ok(verified) => verified,
        Err(unproven) => return greet_unproven(intake, *unproven),
    };
    let payload = match Payload::parse(intake, verified) {
        Ok(payload) => payload,
        Err(unread) => return keep_unread(intake, *unread, now),
    };
    if intake.handshakes.has_post()
        && let Some(answer) = intake
            .handshakes
            .answer(&payload.request, Some(&payload.document))
    {
        return answered(answer, payload.request);
    }
    let events = match intake.envelope.open(&payload.names(intake)) {
        Ok(parts) => judge(intake, &payload, &parts, now),
        Err(error) => vec![unopened(intake, &payload, &error, now)],
    };
    Received::Events(Box::new(payload.keep(intake, events)))
}

/// Undoes the content encoding.
fn unpack(
    intake: &Intake,
    incoming: Incoming,
    now: Timestamp,
) -> (RawRequest, Result<(), Rejection>) {
    let mut request = RawRequest {
        id: new_id(now),
        endpoint: intake.endpoint.clone(),
        method: incoming.method,
        query: incoming.query,
        headers: incoming.headers,
        body: incoming.body,
        peer: incoming.peer,
        received_at: now,
    };
    let packed = request.headers.get("content-encoding");
    let unpacked = match encoding::decode(packed, &request.body, intake.door.max_body) {
        Ok(None) => Ok(()),
        Ok(Some(body)) => {
            request.body = body;
            Ok(())
        }
        Err(error) => Err(error.into()),
    };
    (request, unpacked)
}

/// Answers a request that is no POST.
fn greet(intake: &Intake, request: RawRequest) -> Received {
    match intake.handshakes.answer(&request, None) {
        Some(answer) => answered(answer, request),
        None => {
            let rejection = Rejection::MethodNotAllowed(intake.handshakes.allowed());
            Received::Refused(rejection, Box::new(request))
        }
    }
}

/// Some senders do not sign their set-up POST: an unproven one is looked into for a handshake, and for nothing else.
fn greet_unproven(intake: &Intake, unproven: Unproven) -> Received {
    let Unproven { request, rejection } = unproven;
    if intake.handshakes.has_post() {
        let content_type = request.headers.get("content-type");
        let body = payload::parse(&intake.accepts, content_type, &request.body)
            .ok()
            .map(Arc::new);
        if let Some(answer) = intake.handshakes.answer(&request, body.as_ref()) {
            return answered(answer, request);
        }
    }
    Received::Refused(rejection, Box::new(request))
}

fn answered(answer: Result<Answer, Rejection>, request: RawRequest) -> Received {
    match answer {
        Ok(answer) => Received::Handshake(answer),
        Err(rejection) => Received::Refused(rejection, Box::new(request)),
    }
}

/// A verified request whose body is a document, with secrets and signatures masked.
struct Payload {
    request: RawRequest,
    verdict: Verdict,
    document: Arc<Value>,
}

/// A verified request whose body is none.
struct Unread {
    request: RawRequest,
    verdict: Verdict,
    rejection: Rejection,
}

impl Payload {
    fn parse(intake: &Intake, verified: VerifiedRequest) -> Result<Self, Box<Unread>> {
        let (mut request, verdict) = verified.into_parts();
        intake.masks.apply(&mut request);
        let content_type = request.headers.get("content-type");
        let mut document = match payload::parse(&intake.accepts, content_type, &request.body) {
            Ok(document) => document,
            Err(error) => {
                return Err(Box::new(Unread {
                    request,
                    verdict,
                    rejection: error.into(),
                }));
            }
        };
        if !intake.redact.is_empty() {
            let body = std::mem::take(&mut request.body);
            let fields = &intake.redact;
            let content_type = request.headers.get("content-type");
            request.body =
                redact::redact(&intake.accepts, content_type, body, &mut document, fields);
        }
        Ok(Payload {
            request,
            verdict,
            document: Arc::new(document),
        })
    }

    fn names(&self, intake: &Intake) -> Scope {
        let document = Arc::clone(&self.document);
        envelope::names(
            &self.request,
            document,
            intake.region.as_deref(),
            &intake.tables,
        )
    }

    /// With a complaint when not one of the events is usable.
    fn keep(self, intake: &Intake, events: Vec<NewEvent>) -> Kept {
        let usable = |event: &NewEvent| event.status != EventStatus::Quarantined;
        let complaint = match intake.accept_invalid || events.iter().any(usable) {
            true => None,
            false => {
                let violations = events.iter().flat_map(|event| event.violations.clone());
                Some(Rejection::SchemaViolation(violations.collect()))
            }
        };
        Kept {
            arrival: Arrival {
                request: self.request,
                source: intake.source.clone(),
                verdict: self.verdict,
                events,
            },
            complaint,
        }
    }
}

/// An authentic body that does not parse is kept, for the sender may never send it again; one that anybody could have
/// sent is not.
fn keep_unread(intake: &Intake, unread: Unread, now: Timestamp) -> Received {
    let Unread {
        mut request,
        verdict,
        rejection,
    } = unread;
    if intake.verifier.is_open() {
        return Received::Refused(rejection, Box::new(request));
    }
    let event = NewEvent {
        id: new_id(now),
        part: 0,
        event_type: String::new(),
        delivery_id: None,
        event_time: None,
        dedupe: dedupe::by_body(intake.endpoint.as_bytes(), 0, &request.body, intake.window),
        status: EventStatus::Quarantined,
        reason: Some(rejection.to_string()),
        violations: Vec::new(),
    };
    if !intake.redact.is_empty() {
        request.body = Vec::new();
    }
    let arrival = Arrival {
        request,
        source: intake.source.clone(),
        verdict,
        events: vec![event],
    };
    let complaint = (!intake.accept_invalid).then_some(rejection);
    Received::Events(Box::new(Kept { arrival, complaint }))
}

/// The events of a payload, each with what is to be done about it.
fn judge(intake: &Intake, payload: &Payload, parts: &[Part], now: Timestamp) -> Vec<NewEvent> {
    if parts.is_empty() {
        let ignored = (
            EventStatus::Ignored,
            Some("the request holds no events".to_owned()),
        );
        return vec![lone(intake, payload, now, ignored, Vec::new())];
    }
    parts
        .iter()
        .map(|part| {
            let (status, reason, violations) = verdict_on(intake, payload, part);
            let body = &payload.request.body;
            NewEvent {
                id: new_id(now),
                part: part.index,
                event_type: cut(&part.event_type),
                delivery_id: part.id.as_deref().map(cut),
                event_time: part.time,
                dedupe: dedupe::claim(&intake.endpoint, part, body, intake.window),
                status,
                reason,
                violations,
            }
        })
        .collect()
}

fn verdict_on(
    intake: &Intake,
    payload: &Payload,
    part: &Part,
) -> (EventStatus, Option<String>, Vec<Violation>) {
    let Some(head) = part.spec.and_then(|spec| intake.events.get(spec)) else {
        let reason = match part.event_type.as_str() {
            "" => "the event has no type that this source knows".to_owned(),
            name => format!("no [[event]] of the source is called {:?}", cut(name)),
        };
        return (EventStatus::Ignored, Some(reason), Vec::new());
    };
    if head.ignore {
        let reason = "the source declares this event to be of no interest".to_owned();
        return (EventStatus::Ignored, Some(reason), Vec::new());
    }
    let Some(schema) = &head.schema else {
        return (EventStatus::Pending, None, Vec::new());
    };
    let violations = match part.item.as_ref().map(to_json) {
        None => intake.schemas.violations(schema, &payload.document),
        Some(item) => intake.schemas.violations(schema, &item.unwrap_or_default()),
    };
    if violations.is_empty() {
        return (EventStatus::Pending, None, violations);
    }
    let reason = format!("the body does not match the schema {schema:?}");
    (EventStatus::Quarantined, Some(reason), violations)
}

/// An envelope that cannot be read: the mapping may be mended and the event replayed.
fn unopened(intake: &Intake, payload: &Payload, error: &EnvelopeError, now: Timestamp) -> NewEvent {
    let quarantined = (EventStatus::Quarantined, Some(error.to_string()));
    let violation = Violation {
        path: String::new(),
        message: error.to_string(),
    };
    lone(intake, payload, now, quarantined, vec![violation])
}

/// The one event of a request whose events are not known.
fn lone(
    intake: &Intake,
    payload: &Payload,
    now: Timestamp,
    (status, reason): (EventStatus, Option<String>),
    violations: Vec<Violation>,
) -> NewEvent {
    let endpoint = intake.endpoint.as_bytes();
    NewEvent {
        id: new_id(now),
        part: 0,
        event_type: String::new(),
        delivery_id: None,
        event_time: None,
        dedupe: dedupe::by_body(endpoint, 0, &payload.request.body, intake.window),
        status,
        reason,
        violations,
    }
}

fn cut(word: &str) -> String {
    word.chars().take(WORD).collect()
}
