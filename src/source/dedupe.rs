//! What makes a second delivery of an event a duplicate.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::Value;

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
        Some(id) => by_id(endpoint.as_bytes(), id),
        None => by_body(endpoint.as_bytes(), 0, body, window),
    }
}

/// What tells a body from others, where the sender has no id. Browsers write the same form differently each time (with a
/// fresh boundary, with a fresh stamp), so for an open form that is its content.
pub fn identity<'b>(is_open: bool, document: &Value, body: &'b [u8]) -> Cow<'b, [u8]> {
    match is_open {
        true => Cow::Owned(document.to_string().into_bytes()),
        false => Cow::Borrowed(body),
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
