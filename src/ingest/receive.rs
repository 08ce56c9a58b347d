//! Receiving one request, as a list of steps: unpack → verify → parse → judge each event.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;

use crate::ingest::handshake::{Answer, Trust};
use crate::ingest::intake::Intake;
use crate::ingest::judge::{self, Finding};
use crate::ingest::payload::{Payload, Unread};
use crate::ingest::rejection::Rejection;
use crate::ingest::verify::Unproven;
use crate::model::event::{Arrival, EventStatus, NewEvent, SPAM};
use crate::model::id::new_id;
use crate::model::request::{Headers, RawRequest};
use crate::payload::{self, encoding};
use crate::source::envelope;

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

/// Receives a request at `now`. Writes nothing and waits for nothing; only a spam gate remembers what it saw.
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
        && let Some(answer) =
            intake
                .handshakes
                .answer(&payload.request, Some(&payload.document), Trust::Proven)
    {
        return answered(answer, payload.request);
    }
    let events = judge::judge(intake, &payload, now);
    Received::Events(Box::new(keep(intake, payload, events)))
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

/// Answers a request that is no POST: a handshake, or a page that asks for a stamp.
fn greet(intake: &Intake, request: RawRequest) -> Received {
    if matches!(request.method.as_str(), "GET" | "HEAD")
        && let Some(gate) = &intake.spam
        && let Some(answer) = gate.stamp(
            &request.query,
            request.id.as_u64_pair().1,
            request.received_at,
        )
    {
        return Received::Handshake(answer);
    }
    match intake.handshakes.answer(&request, None, Trust::Unproven) {
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
        let body = payload::parse(&intake.formats, content_type, &request.body)
            .ok()
            .map(Arc::new);
        if let Some(answer) = intake
            .handshakes
            .answer(&request, body.as_ref(), Trust::Unproven)
        {
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

/// What the sender hears: a complaint when not one of the events is usable.
fn keep(intake: &Intake, payload: Payload, events: Vec<NewEvent>) -> Kept {
    let usable = |event: &NewEvent| event.status != EventStatus::Quarantined;
    let complaint = match intake.accept_invalid || events.iter().any(usable) {
        true => None,
        // A bot must not learn that it was seen through.
        false if events.iter().any(|event| event.code == Some(SPAM)) => None,
        false => {
            let violations = events.iter().flat_map(|event| event.violations.clone());
            Some(Rejection::SchemaViolation(violations.collect()))
        }
    };
    Kept {
        arrival: Arrival {
            request: payload.request,
            source: intake.source.clone(),
            verdict: payload.verdict,
            events,
        },
        complaint,
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
    let heading = intake.envelope.heading(&envelope::names(
        &request,
        Arc::default(),
        intake.region.as_deref(),
        &intake.tables,
    ));
    let finding = Finding::quarantined(rejection.code(), rejection.said(), Vec::new());
    let event = judge::unread(intake, &request.body, &heading, finding, now);
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
