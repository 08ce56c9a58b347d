//! What makes a second delivery of an event a duplicate.

use std::time::Duration;

use crate::model::dedupe::{DedupeClaim, DedupeKey};
use crate::source::envelope::Part;

/// Claims the event: by the parts its source declares, else by the sender's id, else by the body for `window`.
///
/// Two endpoints never share a key. The first part keeps the three kinds of keys apart.
pub fn claim(endpoint: &str, part: &Part, body: &[u8], window: Option<Duration>) -> DedupeClaim {
    let endpoint = endpoint.as_bytes();
    if !part.dedupe.is_empty() {
        let declared = part.dedupe.iter().map(String::as_bytes);
        return DedupeClaim {
            key: DedupeKey::of([endpoint, b"parts".as_slice()].into_iter().chain(declared)),
            window: None,
        };
    }
    match &part.id {
        Some(id) => by_id(endpoint, id),
        None => by_body(endpoint, part.index, body, window),
    }
}

/// Claims a request whose body cannot be read: by the sender's id where the headers tell it, for two deliveries may well
/// have the same broken body.
pub fn of_unread(
    endpoint: &str,
    id: Option<&str>,
    body: &[u8],
    window: Option<Duration>,
) -> DedupeClaim {
    match id {
        Some(id) => of_this_body(by_id(endpoint.as_bytes(), id), body),
        None => by_body(endpoint.as_bytes(), 0, body, window),
    }
}

/// The claim of an event that is not valid: it holds for this very body, so that the same id with a mended body is news,
/// and an unchanged retry is not.
pub fn of_this_body(claim: DedupeClaim, body: &[u8]) -> DedupeClaim {
    DedupeClaim {
        key: DedupeKey::of([b"invalid".as_slice(), &claim.key.0, body]),
        window: claim.window,
    }
}

fn by_id(endpoint: &[u8], id: &str) -> DedupeClaim {
    DedupeClaim {
        key: DedupeKey::of([endpoint, b"id", id.as_bytes()]),
        window: None,
    }
}

/// Claims an event of which only the body is known.
pub fn by_body(endpoint: &[u8], index: u32, body: &[u8], window: Option<Duration>) -> DedupeClaim {
    DedupeClaim {
        key: DedupeKey::of([endpoint, b"body", &index.to_le_bytes(), body]),
        window,
    }
}
