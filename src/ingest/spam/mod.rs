//! The spam gate: what stands in the place of a signature where anybody may post. It holds, it never drops, and the
//! sender hears nothing of it.

mod callers;
mod fading;
mod links;
pub mod stamp;
mod texts;
mod used;

use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::config::spam::Spam;
use crate::expr::filters::email;
use crate::ingest::handshake::Answer;
use crate::ingest::spam::callers::Callers;
use crate::ingest::spam::stamp::{Stamp, StampKey};
use crate::ingest::spam::texts::EventTexts;
use crate::ingest::spam::used::Used;
use crate::model::event::{EventStatus, NewEvent, Note, SPAM};
use crate::model::problem::Problem;
use crate::model::request::caller_of;
use crate::model::said::{self, Said};
use crate::payload::redact;
use crate::said;
use crate::source::declaration::Source;
use crate::source::domains::Domains;
use crate::source::envelope::Part;

/// What each signal adds to the suspicion, beside those that are enough by themselves.
const FORGED: u32 = 60;
const REPLAYED: u32 = 60;
const EXPIRED: u32 = 30;
const UNSTAMPED: u32 = 10;
const ADDRESS: u32 = 40;
const DISPOSABLE: u32 = 60;
const LINK: u32 = 25;
/// A signal that is enough by itself, as long as nobody raises the bar.
const ENOUGH: u32 = 100;

/// The gate of one endpoint. It remembers callers and stamps, in memory and no more than it needs.
#[derive(Debug)]
pub struct SpamGate {
    endpoint: String,
    settings: Spam,
    /// One per `[[event]]`, in order.
    texts: Vec<EventTexts>,
    disposable_mail: Arc<Domains>,
    callers: Callers,
    used: Used,
    /// Without it nothing is stamped, and nothing asked for a stamp.
    key: Option<StampKey>,
}

/// What a form held of the gate's own fields.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Traces {
    /// The name of the field that people do not see and that was filled in.
    honeypot: Option<String>,
    stamp: Option<String>,
}

impl SpamGate {
    /// Compiles the gate of an endpoint of `source`.
    ///
    /// # Errors
    /// Formulas of the source's texts that do not compile.
    pub fn compile(
        endpoint: &str,
        settings: Spam,
        source: &Source,
        disposable_mail: Arc<Domains>,
    ) -> Result<Self, Vec<Problem>> {
        Ok(SpamGate {
            endpoint: endpoint.to_owned(),
            texts: texts::compile(source)?,
            disposable_mail,
            callers: Callers::new(settings.per_minute, settings.burst),
            used: Used::default(),
            key: None,
            settings,
        })
    }

    /// Lets the gate stamp forms.
    pub fn use_key(&mut self, key: StampKey) {
        self.key = Some(key);
    }

    /// The answer to a form's page that asks for a stamp (`?stamp`, `?stamp=text`, `?stamp=js`); `None` when the query
    /// asks for none.
    pub fn stamp(&self, query: &str, fresh: u64, now: Timestamp) -> Option<Answer> {
        let key = self.key.as_ref()?;
        let stamp = Stamp::new(fresh, now).write(key, &self.endpoint);
        stamp::answer(query, &self.endpoint, &self.settings, &stamp)
    }

    /// Takes the gate's own fields out of a form: they are no answers of the visitor.
    pub fn take_traces(&self, document: &mut Value) -> Traces {
        let mut traces = Traces::default();
        for name in &self.settings.honeypot {
            let filled = redact::take(document, name).is_some_and(|value| !is_empty(&value));
            if filled {
                traces.honeypot.get_or_insert_with(|| name.clone());
            }
        }
        let stamp = redact::take(document, &self.settings.stamp);
        traces.stamp = stamp.and_then(|stamp| Some(stamp.as_str()?.trim().to_owned()));
        traces.stamp = traces.stamp.filter(|stamp| !stamp.is_empty());
        traces
    }

    /// Weighs the events that would be processed, and holds those that look like spam. Events that are not valid are
    /// kept anyway, and do not use up a stamp: their sender may correct the form and send it again.
    pub fn sift(
        &self,
        events: &mut [NewEvent],
        parts: &[Part],
        traces: &Traces,
        peer: IpAddr,
        now: Timestamp,
    ) {
        let mut of_request: Option<Vec<Note>> = None;
        for (event, part) in events.iter_mut().zip(parts) {
            if event.status != EventStatus::Pending {
                continue;
            }
            let signals = of_request.get_or_insert_with(|| self.of_request(traces, peer, now));
            let mut signals = signals.clone();
            signals.extend(self.of_event(part));
            let sum = signals
                .iter()
                .fold(0, |sum: u32, signal| sum.saturating_add(signal.score));
            if sum >= self.settings.hold_at {
                event.status = EventStatus::Quarantined;
                event.code = Some(SPAM);
                event.reason = Some(held(&signals, sum));
            }
            event.notes.extend(signals);
        }
    }

    fn of_request(&self, traces: &Traces, peer: IpAddr, now: Timestamp) -> Vec<Note> {
        let mut signals = Vec::new();
        if let Some(field) = &traces.honeypot {
            signals.push(signal(
                "honeypot",
                ENOUGH,
                said!(
                    "spam-honeypot",
                    "the field {field}, which people do not see, is filled in",
                    field = field
                ),
            ));
        }
        if let Some(key) = &self.key {
            signals.extend(self.of_stamp(key, traces.stamp.as_deref(), now));
        }
        if self.callers.is_over(caller_of(peer), now) {
            signals.push(signal(
                "address",
                ADDRESS,
                said!(
                    "spam-address",
                    "this address sends more than {most} forms a minute",
                    most = self.settings.per_minute
                ),
            ));
        }
        signals
    }

    fn of_stamp(&self, key: &StampKey, stamp: Option<&str>, now: Timestamp) -> Vec<Note> {
        let Some(text) = stamp else {
            return vec![match self.settings.require_stamp {
                true => signal(
                    "stamp_missing",
                    ENOUGH,
                    said!(
                        "spam-stamp-asked",
                        "the form has no stamp, which this endpoint asks for"
                    ),
                ),
                false => signal(
                    "stamp_missing",
                    UNSTAMPED,
                    said!("spam-no-stamp", "the form has no stamp"),
                ),
            }];
        };
        let Some(stamp) = Stamp::read(text, key, &self.endpoint) else {
            let sentence = said!(
                "spam-stamp-forged",
                "the stamp is none that this endpoint gave out"
            );
            return vec![signal("stamp_forged", FORGED, sentence)];
        };
        let mut signals = Vec::new();
        let age = stamp.age(now);
        if age < self.settings.min_fill {
            signals.push(signal(
                "too_fast",
                ENOUGH,
                said!(
                    "spam-too-fast",
                    "the form was filled in within {age} s, people need {least} s at least",
                    age = age.as_secs(),
                    least = self.settings.min_fill.as_secs()
                ),
            ));
        } else if age > self.settings.max_age {
            signals.push(signal(
                "stamp_expired",
                EXPIRED,
                said!(
                    "spam-stamp-old",
                    "the stamp is {hours} hours old",
                    hours = age.as_secs() / 3600
                ),
            ));
        }
        if !self.used.is_first(&stamp, self.settings.max_age, now) {
            let sentence = said!("spam-stamp-used", "the stamp was used before");
            signals.push(signal("stamp_replayed", REPLAYED, sentence));
        }
        signals
    }

    fn of_event(&self, part: &Part) -> Vec<Note> {
        let mut signals = Vec::new();
        let Some(texts) = part.spec.and_then(|spec| self.texts.get(spec)) else {
            return signals;
        };
        if self.settings.disposable_mail
            && let Some(address) = texts.email(&part.names)
            && let Some(domain) = email::address(&address).as_deref().and_then(domain)
            && self.disposable_mail.contains(domain)
        {
            signals.push(signal(
                "disposable_mail",
                DISPOSABLE,
                said!(
                    "spam-throw-away",
                    "{domain} is a throw-away mail service",
                    domain = domain
                ),
            ));
        }
        let found: usize = texts
            .all(&part.names)
            .iter()
            .map(|text| links::count(text))
            .sum();
        let over = u32::try_from(found)
            .unwrap_or(u32::MAX)
            .saturating_sub(self.settings.max_links);
        if over > 0 {
            signals.push(signal(
                "links",
                over.saturating_mul(LINK).min(ENOUGH),
                said!(
                    "spam-links",
                    "the texts hold {found} links, {most} are allowed",
                    found = found,
                    most = self.settings.max_links
                ),
            ));
        }
        signals
    }
}

fn signal(name: &str, score: u32, message: Said) -> Note {
    Note {
        name: name.to_owned(),
        score,
        message,
    }
}

fn held(signals: &[Note], sum: u32) -> Said {
    let signals = signals.iter().map(|signal| signal.message.clone());
    said!(
        "spam-held",
        "held as spam with a score of {sum}: {signals}; a release lets it in",
        sum = sum,
        signals = said::together(signals)
    )
}

/// `ana@example.com` → `example.com`
fn domain(address: &str) -> Option<&str> {
    address.rsplit_once('@').map(|(_, domain)| domain)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.iter().all(is_empty),
        Value::Null => true,
        _ => false,
    }
}
