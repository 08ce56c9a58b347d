//! Stamps: when a form was handed out, signed, so that the time it took to fill in can be told without keeping anything.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::config::spam::Spam;
use crate::ingest::handshake::Answer;
use crate::payload::form;

/// Bytes of the signature: enough that nobody finds one by trying.
const TAG: usize = 16;
/// How far the clocks of two gateways may differ.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// What stamps are signed with. It never prints.
#[derive(Clone)]
pub struct StampKey(Hmac<Sha256>);

impl std::fmt::Debug for StampKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StampKey(…)")
    }
}

impl StampKey {
    /// A key of these random bytes.
    pub fn new(bytes: &[u8; 32]) -> Option<Self> {
        Hmac::new_from_slice(bytes).ok().map(StampKey)
    }

    fn tag(&self, endpoint: &str, facts: &[u8]) -> [u8; TAG] {
        let mut mac = self.0.clone();
        mac.update(endpoint.as_bytes());
        mac.update(&[0]);
        mac.update(facts);
        let mut tag = [0; TAG];
        for (to, from) in tag.iter_mut().zip(mac.finalize().into_bytes()) {
            *to = from;
        }
        tag
    }
}

/// A stamp that this gateway made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Milliseconds since 1970.
    at_ms: i64,
    /// Tells stamps of one moment apart.
    pub nonce: u64,
}

impl Stamp {
    /// A stamp of `now`; `nonce` is random.
    pub fn new(nonce: u64, now: Timestamp) -> Self {
        Stamp {
            at_ms: now.as_millisecond(),
            nonce,
        }
    }

    /// As it stands in a form.
    pub fn write(&self, key: &StampKey, endpoint: &str) -> String {
        let facts = self.facts();
        let tag = key.tag(endpoint, &facts);
        URL_SAFE_NO_PAD.encode([facts.as_slice(), tag.as_slice()].concat())
    }

    /// Reads a stamp; `None` when it is none of this endpoint's.
    pub fn read(text: &str, key: &StampKey, endpoint: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (facts, tag) = bytes.split_first_chunk::<16>()?;
        let is_ours: bool = key.tag(endpoint, facts).as_slice().ct_eq(tag).into();
        let (at, nonce) = facts.split_first_chunk::<8>()?;
        let stamp = Stamp {
            at_ms: i64::from_be_bytes(*at),
            nonce: u64::from_be_bytes(*nonce.first_chunk::<8>()?),
        };
        is_ours.then_some(stamp)
    }

    /// How long ago it was made. One from the future is older than anything, unless clocks may differ so much.
    pub fn age(&self, now: Timestamp) -> Duration {
        let made = Timestamp::from_millisecond(self.at_ms).unwrap_or(Timestamp::MIN);
        let age = now.duration_since(made);
        if age < -SKEW {
            return Duration::MAX;
        }
        Duration::try_from(age).unwrap_or_default()
    }

    fn facts(&self) -> [u8; 16] {
        let mut facts = [0; 16];
        let bytes = self
            .at_ms
            .to_be_bytes()
            .into_iter()
            .chain(self.nonce.to_be_bytes());
        for (to, from) in facts.iter_mut().zip(bytes) {
            *to = from;
        }
        facts
    }
}

/// A stamp as the page wants it: JSON (`?stamp`), the bare text (`?stamp=text`), or a script that puts it into every
/// form of the page that posts to this endpoint (`?stamp=js`). `None` when the query names no stamp.
pub fn answer(query: &str, endpoint: &str, settings: &Spam, stamp: &str) -> Option<Answer> {
    let asked = form::pairs(query.as_bytes()).find_map(|pair| {
        let (name, value) = form::split(pair);
        (name == b"stamp").then(|| form::decode(value).into_owned())
    })?;
    let (content_type, body) = match asked.as_slice() {
        b"text" => ("text/plain; charset=utf-8", stamp.to_owned()),
        b"js" => (
            "text/javascript; charset=utf-8",
            script(endpoint, settings, stamp),
        ),
        _ => {
            let document = json!({
                "field": settings.stamp,
                "stamp": stamp,
                "min_seconds": settings.min_fill.as_secs(),
                "expires_in": settings.max_age.as_secs(),
            });
            ("application/json", document.to_string())
        }
    };
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Some(Answer {
        status: 200,
        content_type: content_type.to_owned(),
        body,
        headers: vec![
            header("cache-control", "no-store"),
            // The page of the form is another origin's, and may ask that everything on it agrees to that.
            header("cross-origin-resource-policy", "cross-origin"),
            header("x-content-type-options", "nosniff"),
        ],
    })
}

/// Strings of JSON are strings of JavaScript, but for `<`, which could end the script that they stand in.
fn script(endpoint: &str, settings: &Spam, stamp: &str) -> String {
    let text = |text: &str| json!(text).to_string().replace('<', "\\u003c");
    format!(
        r#"(function () {{
  var path = {path}, name = {name}, stamp = {stamp};
  function put() {{
    document.querySelectorAll("form").forEach(function (form) {{
      var action = (form.getAttribute("action") || "").split(/[?#]/)[0].replace(/\/$/, "");
      if (action.slice(-path.length) !== path) return;
      var input = form.querySelector("input[name=" + JSON.stringify(name) + "]");
      if (!input) {{
        input = document.createElement("input");
        input.type = "hidden";
        input.name = name;
        form.appendChild(input);
      }}
      input.value = stamp;
    }});
  }}
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", put);
  else put();
}})();
"#,
        path = text(&format!("/hooks/{endpoint}")),
        name = text(&settings.stamp),
        stamp = text(stamp),
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::{SignedDuration, Timestamp};
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::{Stamp, StampKey};

    fn key(byte: u8) -> StampKey {
        StampKey::new(&[byte; 32]).unwrap()
    }

    #[test]
    fn a_stamp_is_one_endpoints_and_one_gateways() {
        let now: Timestamp = "2026-03-01T12:00:00.5Z".parse().unwrap();
        let stamp = Stamp::new(7, now);
        let text = stamp.write(&key(1), "website");
        assert_eq!(Stamp::read(&text, &key(1), "website"), Some(stamp));
        assert_eq!(Stamp::read(&text, &key(2), "website"), None);
        assert_eq!(Stamp::read(&text, &key(1), "shop"), None);
        let mut changed = text.clone().into_bytes();
        for at in 0..changed.len() {
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let other = String::from_utf8(changed.clone()).unwrap();
            assert_eq!(Stamp::read(&other, &key(1), "website"), None, "{other}");
            changed[at] = text.as_bytes()[at];
        }
        for (after, age) in [
            (SignedDuration::from_secs(90), Duration::from_secs(90)),
            (SignedDuration::from_secs(-90), Duration::ZERO),
            (SignedDuration::from_hours(-1), Duration::MAX),
        ] {
            assert_eq!(stamp.age(now + after), age);
        }
    }

    proptest! {
        #[test]
        fn texts_of_others_are_no_stamps(text in "[A-Za-z0-9_=-]{0,60}", bytes in any::<Vec<u8>>()) {
            prop_assert_eq!(Stamp::read(&text, &key(1), "website"), None);
            let encoded = String::from_utf8_lossy(&bytes).into_owned();
            prop_assert_eq!(Stamp::read(&encoded, &key(1), "website"), None);
        }
    }
}
