//! Names of all metrics.

/// Settled events; labels `endpoint` and `outcome` (`processed`, `quarantined`, `failed`, `ignored`).
pub const EVENTS: &str = "frontdesk_events_total";

/// Calls of senders' APIs; labels `endpoint` and `outcome` (`answered`, `token`, `forbidden`, `busy`, `down`,
/// `rejected`).
pub const FETCHES: &str = "frontdesk_fetches_total";
