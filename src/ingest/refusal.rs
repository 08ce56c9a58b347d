//! The record of a refusal, and how many of them are kept.

use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};

use jiff::Timestamp;

use crate::ingest::intake::Intake;
use crate::ingest::mask::Masks;
use crate::ingest::rejection::Rejection;
use crate::model::event::Refusal;
use crate::model::id::new_id;
use crate::model::request::{Headers, RawRequest};
use crate::payload;

/// Bytes of a refused body that are kept.
const BODY: usize = 4 * 1024;
/// Characters of an endpoint's name that are kept: anybody can ask for any name.
const NAME: usize = 100;

/// The record of a request that was turned away before its body was read.
pub fn unread(
    endpoint: &str,
    peer: &str,
    headers: &Headers,
    rejection: &Rejection,
    at: Timestamp,
) -> Refusal {
    Refusal {
        id: new_id(at),
        endpoint: endpoint.chars().take(NAME).collect(),
        at,
        peer: peer.to_owned(),
        code: rejection.code().to_owned(),
        detail: rejection.said(),
        diagnosis: Vec::new(),
        headers: Masks::default().of_refusal(headers),
        body: Vec::new(),
    }
}

/// The record of a request that was read and turned away, with what was the matter. Where the source puts secrets into
/// bodies, they are removed; if that fails, no body is kept. `others` are the gateway's other endpoints.
pub fn read<'a>(
    intake: &'a Intake,
    request: &'a RawRequest,
    rejection: &'a Rejection,
    others: impl Iterator<Item = &'a Intake>,
) -> Refusal {
    let peer = request.peer.to_string();
    let mut refusal = unread(
        &request.endpoint,
        &peer,
        &request.headers,
        rejection,
        request.received_at,
    );
    refusal.headers = intake.masks.of_refusal(&request.headers);
    refusal.body = kept_body(intake, request);
    refusal.body.truncate(BODY);
    let others = others.map(|other| &other.explainer);
    let now = request.received_at;
    refusal.diagnosis = intake.explainer.explain(request, rejection, others, now);
    refusal
}

fn kept_body(intake: &Intake, request: &RawRequest) -> Vec<u8> {
    if intake.redact.is_empty() {
        return request.body.get(..BODY).unwrap_or(&request.body).to_vec();
    }
    let content_type = request.headers.get("content-type");
    match payload::parse(&intake.formats, content_type, &request.body) {
        Ok(mut document) => payload::redact::redact(
            &intake.formats,
            content_type,
            request.body.clone(),
            &mut document,
            &intake.redact,
        ),
        Err(_) => Vec::new(),
    }
}

/// Bounds how many refusals are recorded in a second, so that a flood of bad requests costs no disk.
#[derive(Debug)]
pub struct Budget {
    per_second: u32,
    second: AtomicI64,
    used: AtomicU32,
    left_out: AtomicU64,
}

impl Budget {
    pub const fn new(per_second: u32) -> Self {
        Budget {
            per_second,
            second: AtomicI64::new(0),
            used: AtomicU32::new(0),
            left_out: AtomicU64::new(0),
        }
    }

    /// Whether a refusal at `now` is recorded; if so, how many were left out since the last one that was.
    pub fn take(&self, now: Timestamp) -> Option<u64> {
        let second = now.as_second();
        if self.second.swap(second, Ordering::Relaxed) != second {
            self.used.store(0, Ordering::Relaxed);
        }
        if self.used.fetch_add(1, Ordering::Relaxed) < self.per_second {
            return Some(self.left_out.swap(0, Ordering::Relaxed));
        }
        self.left_out.fetch_add(1, Ordering::Relaxed);
        None
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::Budget;

    #[test]
    fn a_flood_is_counted_not_kept() {
        let budget = Budget::new(2);
        let at = |second| Timestamp::from_second(second).unwrap();
        let taken: Vec<_> = [5, 5, 5, 5, 6, 6, 6, 7]
            .map(|second| budget.take(at(second)))
            .into();
        assert_eq!(
            taken,
            [
                Some(0),
                Some(0),
                None,
                None,
                Some(2),
                Some(0),
                None,
                Some(1)
            ]
        );
    }
}
