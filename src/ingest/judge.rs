//! The events of a payload, each with what is to be done about it.

use jiff::Timestamp;

use crate::expr::payload::to_json;
use crate::ingest::intake::Intake;
use crate::ingest::payload::Payload;
use crate::model::event::{EventStatus, NewEvent, Violation};
use crate::model::said::Said;
use crate::said;
use crate::source::envelope::{EnvelopeError, Heading, Part};
use crate::source::{arrival, dedupe};

/// What is to be done about an event.
#[derive(Debug)]
pub struct Finding {
    status: EventStatus,
    /// Why it is quarantined, as a stable word.
    code: Option<&'static str>,
    /// Why it is not pending.
    reason: Option<Said>,
    violations: Vec<Violation>,
}

impl Finding {
    fn pending() -> Self {
        Finding {
            status: EventStatus::Pending,
            code: None,
            reason: None,
            violations: Vec::new(),
        }
    }

    fn ignored(reason: Said) -> Self {
        Finding {
            status: EventStatus::Ignored,
            code: None,
            reason: Some(reason),
            violations: Vec::new(),
        }
    }

    /// Waits for a mended mapping and a replay.
    pub fn quarantined(code: &'static str, reason: Said, violations: Vec<Violation>) -> Self {
        Finding {
            status: EventStatus::Quarantined,
            code: Some(code),
            reason: Some(reason),
            violations,
        }
    }

    /// The event with what is to be done about it.
    fn about(self, event: NewEvent) -> NewEvent {
        NewEvent {
            status: self.status,
            code: self.code,
            reason: self.reason,
            violations: self.violations,
            ..event
        }
    }

    /// Quarantined with one violation of the body as a whole.
    fn unusable(code: &'static str, reason: Said) -> Self {
        let violation = Violation {
            path: String::new(),
            message: reason.clone(),
        };
        Finding::quarantined(code, reason, vec![violation])
    }
}

/// Opens the payload's envelope and judges each part. A payload without parts, or with an envelope that cannot be read,
/// is one event all the same: nothing is dropped silently.
pub fn judge(intake: &Intake, payload: &Payload, now: Timestamp) -> Vec<NewEvent> {
    let body = &*payload.identity();
    let parts = match intake.envelope.open(&payload.names(intake)) {
        Ok(parts) => parts,
        Err(error) => return vec![whole(intake, body, unopened(&error), now)],
    };
    if parts.is_empty() {
        let empty = Finding::ignored(said!("no-events", "the request holds no events"));
        return vec![whole(intake, body, empty, now)];
    }
    let mut events: Vec<NewEvent> = parts
        .iter()
        .map(|part| {
            let finding = look_at(intake, payload, part);
            let claim = dedupe::claim(&intake.endpoint, part, body, intake.window);
            finding.about(arrival::event(part, claim, now))
        })
        .collect();
    if let Some(gate) = &intake.spam {
        gate.sift(
            &mut events,
            &parts,
            &payload.traces,
            payload.request.peer,
            now,
        );
    }
    events
}

/// The one event of a request whose events are not known.
fn whole(intake: &Intake, body: &[u8], finding: Finding, now: Timestamp) -> NewEvent {
    let claim = dedupe::by_body(intake.endpoint.as_bytes(), 0, body, intake.window);
    finding.about(arrival::whole(&Heading::default(), claim, now))
}

/// The one event of a request whose body cannot be read: the headers may still tell its name and id.
pub fn unread(
    intake: &Intake,
    body: &[u8],
    heading: &Heading,
    finding: Finding,
    now: Timestamp,
) -> NewEvent {
    let claim = dedupe::of_unread(&intake.endpoint, heading.id.as_deref(), body, intake.window);
    finding.about(arrival::whole(heading, claim, now))
}

fn look_at(intake: &Intake, payload: &Payload, part: &Part) -> Finding {
    if let Some(unnamed) = &part.unnamed {
        return Finding::unusable("event_unnamed", unnamed.said());
    }
    let Some(head) = part.spec.and_then(|spec| intake.events.get(spec)) else {
        return Finding::ignored(match part.event_type.as_str() {
            "" => said!("no-type", "the event has no type that this source knows"),
            name => said!(
                "no-such-event",
                "no [[event]] of the source is called {name}",
                name = format!("{:?}", arrival::cut(name))
            ),
        });
    };
    if head.ignore {
        return Finding::ignored(said!(
            "of-no-interest",
            "the source declares this event to be of no interest"
        ));
    }
    let Some(schema) = &head.schema else {
        return Finding::pending();
    };
    let violations = match part.item.as_ref().map(to_json) {
        None => intake.schemas.violations(schema, &payload.document),
        Some(item) => intake.schemas.violations(schema, &item.unwrap_or_default()),
    };
    match violations.is_empty() {
        true => Finding::pending(),
        false => Finding::quarantined(
            "schema_violation",
            said!(
                "schema-unmatched",
                "the body does not match the schema {schema}",
                schema = format!("{schema:?}")
            ),
            violations,
        ),
    }
}

/// The mapping may be mended and the event replayed.
fn unopened(error: &EnvelopeError) -> Finding {
    Finding::unusable("envelope_failed", error.said())
}
