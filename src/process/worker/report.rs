//! What logs and metrics say of processed events: reason codes, never content.

use std::collections::BTreeMap;

use metrics::counter;

use crate::model::event::EventStatus;
use crate::process::worker::batch::Facts;
use crate::store::Settled;
use crate::telemetry;

/// One line and one count per settled event.
pub fn settled(settled: &[(Facts, Settled)]) {
    let mut counts: BTreeMap<(&str, &'static str), u64> = BTreeMap::new();
    for (facts, settled) in settled {
        let status = settled.status.as_str();
        *counts.entry((&facts.endpoint, status)).or_default() += 1;
        let code = facts.code.unwrap_or("");
        match settled.status {
            EventStatus::Quarantined | EventStatus::Failed => tracing::warn!(
                event.id = %facts.event,
                endpoint = %facts.endpoint,
                "event.type" = %facts.event_type,
                status,
                code,
                "event.processed"
            ),
            EventStatus::Pending | EventStatus::Processed | EventStatus::Ignored => {
                tracing::debug!(
                    event.id = %facts.event,
                    endpoint = %facts.endpoint,
                    "event.type" = %facts.event_type,
                    status,
                    code,
                    records = settled.records.len(),
                    "event.processed"
                )
            }
        }
    }
    for ((endpoint, outcome), count) in counts {
        counter!(telemetry::EVENTS, "endpoint" => endpoint.to_owned(), "outcome" => outcome)
            .increment(count);
    }
}

/// One count per call of a sender's API.
pub fn fetched(endpoint: &str, outcome: &'static str) {
    counter!(telemetry::FETCHES, "endpoint" => endpoint.to_owned(), "outcome" => outcome)
        .increment(1);
}
