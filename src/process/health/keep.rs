//! The keeper: folds what was watched into the documents, and raises and ends the alarms that follow from them.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::model::said::Said;
use crate::phrase;
use crate::process::health::fold::Tally;
use crate::process::health::report::complaint;
use crate::process::health::rhythm::Rhythm;
use crate::process::health::understood::Understood;
use crate::process::health::watch::{Counts, Subject};
use crate::process::recipes::Recipes;
use crate::process::worker::Processing;
use crate::said;
use crate::store::observation::{Revision, Traffic};
use crate::store::{Alarm, Store, StoreError};

/// Subjects of documents.
pub const MAPPING: &str = "mapping";
pub const RHYTHM: &str = "rhythm";

/// Between two counts of the traffic; the events counted are those of one look before, which are settled by then.
const COUNT: SignedDuration = SignedDuration::from_secs(60);
/// Between two writings of the rhythms, which change with every look.
const WRITE: SignedDuration = SignedDuration::from_mins(10);
/// Between two looks for documents of what is not configured any more.
const SWEEP: SignedDuration = SignedDuration::from_hours(1);

/// What begins the keys of the alarms that are kept here.
const FIELDS_ALARM: &str = "mapping/";
const SILENCE_ALARM: &str = "silence/";
const QUARANTINE_ALARM: &str = "quarantine/";

/// Its memory between two looks.
pub struct Keeper {
    store: Arc<dyn Store>,
    processing: Arc<Processing>,
    /// Alarms that stand, by key, and what they say.
    standing: BTreeMap<String, Said>,
    rhythms: BTreeMap<String, Rhythm>,
    /// By endpoint and type of event.
    streams: BTreeMap<(String, String), Understood>,
    /// Number of the last event that was counted, and of the last one at that time.
    counted: Option<(u64, u64)>,
    last_count: Option<Timestamp>,
    last_write: Option<Timestamp>,
    last_sweep: Option<Timestamp>,
}

impl Keeper {
    /// A keeper that goes on where the last one stopped.
    ///
    /// # Errors
    /// The store's.
    pub async fn open(
        store: Arc<dyn Store>,
        processing: Arc<Processing>,
    ) -> Result<Self, StoreError> {
        let mut standing = BTreeMap::new();
        let mut streams = BTreeMap::new();
        for alarm in store.alarms().await? {
            let kept = [FIELDS_ALARM, SILENCE_ALARM, QUARANTINE_ALARM];
            if !kept.iter().any(|prefix| alarm.key.starts_with(prefix)) {
                continue;
            }
            if let Some((endpoint, event_type)) = alarm
                .key
                .strip_prefix(QUARANTINE_ALARM)
                .and_then(|rest| rest.split_once('/'))
            {
                let stream = Understood::in_trouble(alarm.since);
                streams.insert((endpoint.to_owned(), event_type.to_owned()), stream);
            }
            standing.insert(alarm.key, alarm.message);
        }
        let mut rhythms = BTreeMap::new();
        for observation in store.observations(RHYTHM.to_owned()).await? {
            // A document of another version is learned anew.
            if let Ok(rhythm) = serde_json::from_value(observation.document) {
                rhythms.insert(observation.name, rhythm);
            }
        }
        Ok(Keeper {
            store,
            processing,
            standing,
            rhythms,
            streams,
            counted: None,
            last_count: None,
            last_write: None,
            last_sweep: None,
        })
    }

    /// Looks once: cheap when nothing happened.
    ///
    /// # Errors
    /// The store's; what was counted meanwhile is lost then, which only makes the next numbers smaller.
    pub async fn look(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let counts = self.processing.watch().take();
        self.fold(counts, now).await?;
        if is_due(self.last_count, COUNT, now) {
            self.last_count = Some(now);
            let traffic = self.count().await?;
            self.listen(&traffic, now).await?;
            self.judge(&traffic, now).await?;
        }
        if is_due(self.last_write, WRITE, now) {
            self.last_write = Some(now);
            self.write(now).await?;
        }
        if is_due(self.last_sweep, SWEEP, now) {
            self.last_sweep = Some(now);
            self.sweep(now).await?;
        }
        Ok(())
    }

    /// Folds counts into the documents of their events.
    async fn fold(
        &mut self,
        counts: BTreeMap<Subject, Counts>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if counts.is_empty() {
            return Ok(());
        }
        let revisions = counts
            .into_iter()
            .map(|(subject, counts)| Revision {
                subject: MAPPING,
                name: name_of(&subject.endpoint, &subject.event),
                at: now,
                revise: Box::new(move |known| {
                    let known = known.and_then(|document| tally_of(document, &subject));
                    let tally = known.unwrap_or_else(|| Tally::new(&subject, now));
                    serde_json::to_value(tally.fold(&counts, now)).ok()
                }),
            })
            .collect();
        let recipes = self.processing.recipes().current();
        for document in self.store.revise(revisions).await?.into_iter().flatten() {
            let Ok(tally) = serde_json::from_value::<Tally>(document) else {
                continue;
            };
            let source = recipes.source(&tally.source);
            let message = source.and_then(|source| complaint(&tally, source));
            let key = format!("{FIELDS_ALARM}{}", name_of(&tally.endpoint, &tally.event));
            self.settle(key, message, now).await?;
        }
        Ok(())
    }

    /// The traffic since the last count.
    async fn count(&mut self) -> Result<Vec<Traffic>, StoreError> {
        let last = self.store.last_event().await?;
        let (after, upto) = self.counted.unwrap_or((last, last));
        let traffic = match upto > after {
            true => self.store.traffic(after, upto).await?,
            false => Vec::new(),
        };
        self.counted = Some((upto, last));
        Ok(traffic)
    }

    /// Listens for silence.
    async fn listen(&mut self, traffic: &[Traffic], now: Timestamp) -> Result<(), StoreError> {
        let mut came: BTreeMap<&str, (u64, Timestamp)> = BTreeMap::new();
        for stream in traffic {
            let (received, newest) = came.entry(&stream.endpoint).or_insert((0, stream.newest));
            *received += stream.received;
            *newest = (*newest).max(stream.newest);
        }
        for endpoint in came.keys() {
            if !self.rhythms.contains_key(*endpoint) {
                self.rhythms
                    .insert((*endpoint).to_owned(), Rhythm::new(now));
            }
        }
        let mut messages = Vec::with_capacity(self.rhythms.len());
        for (endpoint, rhythm) in &mut self.rhythms {
            let (events, newest) = match came.get(endpoint.as_str()) {
                Some((events, newest)) => (*events, Some(*newest)),
                None => (0, None),
            };
            *rhythm = rhythm.clone().look(now, events, newest);
            let message = rhythm.silent.map(|since| silence(endpoint, rhythm, since));
            messages.push((format!("{SILENCE_ALARM}{endpoint}"), message));
        }
        for (key, message) in messages {
            self.settle_once(key, message, now).await?;
        }
        Ok(())
    }

    /// Sees whether what comes is understood.
    async fn judge(&mut self, traffic: &[Traffic], now: Timestamp) -> Result<(), StoreError> {
        for stream in traffic {
            let name = (stream.endpoint.clone(), stream.event_type.clone());
            if stream.quarantined == 0 && !self.streams.contains_key(&name) {
                continue;
            }
            let known = self.streams.remove(&name).unwrap_or_default();
            let known = known.look(stream.received, stream.quarantined, now);
            let key = format!(
                "{QUARANTINE_ALARM}{}",
                name_of(&stream.endpoint, &stream.event_type)
            );
            let message = known.troubled.map(|since| quarantine(stream, since));
            if !known.is_over() {
                self.streams.insert(name, known);
            }
            self.settle_once(key, message, now).await?;
        }
        Ok(())
    }

    /// Writes the rhythms down.
    async fn write(&self, now: Timestamp) -> Result<(), StoreError> {
        let revisions: Vec<Revision> = self
            .rhythms
            .iter()
            .filter_map(|(endpoint, rhythm)| {
                let document = serde_json::to_value(rhythm).ok()?;
                Some(replacement(RHYTHM, endpoint, Some(document), now))
            })
            .collect();
        if !revisions.is_empty() {
            self.store.revise(revisions).await?;
        }
        Ok(())
    }

    /// Forgets what is not configured any more, and ends its alarms.
    async fn sweep(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let recipes = self.processing.recipes().current();
        let mut gone = Vec::new();
        for observation in self.store.observations(MAPPING.to_owned()).await? {
            let known = serde_json::from_value::<Tally>(observation.document);
            if known.is_ok_and(|tally| is_configured(&recipes, &tally)) {
                continue;
            }
            self.settle(format!("{FIELDS_ALARM}{}", observation.name), None, now)
                .await?;
            gone.push(replacement(MAPPING, &observation.name, None, now));
        }
        let silent: Vec<String> = self
            .rhythms
            .keys()
            .filter(|endpoint| !recipes.has_endpoint(endpoint))
            .cloned()
            .collect();
        for endpoint in silent {
            self.rhythms.remove(&endpoint);
            self.settle(format!("{SILENCE_ALARM}{endpoint}"), None, now)
                .await?;
            gone.push(replacement(RHYTHM, &endpoint, None, now));
        }
        let strayed: Vec<(String, String)> = self
            .streams
            .keys()
            .filter(|(endpoint, _)| !recipes.has_endpoint(endpoint))
            .cloned()
            .collect();
        for stream in strayed {
            self.streams.remove(&stream);
            let key = format!("{QUARANTINE_ALARM}{}", name_of(&stream.0, &stream.1));
            self.settle(key, None, now).await?;
        }
        if !gone.is_empty() {
            self.store.revise(gone).await?;
        }
        Ok(())
    }

    /// As `settle`, but what an alarm said first stays: only its numbers would change.
    async fn settle_once(
        &mut self,
        key: String,
        message: Option<Said>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        match message {
            Some(_) if self.standing.contains_key(&key) => Ok(()),
            message => self.settle(key, message, now).await,
        }
    }

    /// Raises an alarm that says `message`, or ends it.
    async fn settle(
        &mut self,
        key: String,
        message: Option<Said>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if self.standing.get(&key) == message.as_ref() {
            return Ok(());
        }
        let Some(message) = message else {
            self.store.clear_alarm(key.clone()).await?;
            self.standing.remove(&key);
            return Ok(());
        };
        self.store
            .raise_alarm(Alarm {
                key: key.clone(),
                message: message.clone(),
                since: now,
                last: now,
                count: 1,
            })
            .await?;
        self.standing.insert(key, message);
        Ok(())
    }
}

fn is_due(last: Option<Timestamp>, every: SignedDuration, now: Timestamp) -> bool {
    last.is_none_or(|last| now.duration_since(last) >= every)
}

fn is_configured(recipes: &Recipes, tally: &Tally) -> bool {
    let declares = |source: &crate::source::declaration::Source| {
        source.events.iter().any(|event| event.name == tally.event)
    };
    recipes.has_endpoint(&tally.endpoint) && recipes.source(&tally.source).is_some_and(declares)
}

/// The document of an event; one of another source, or of another version, is begun anew.
fn tally_of(document: Value, subject: &Subject) -> Option<Tally> {
    let tally: Tally = serde_json::from_value(document).ok()?;
    (tally.source == subject.source).then_some(tally)
}

fn replacement(
    subject: &'static str,
    name: &str,
    document: Option<Value>,
    now: Timestamp,
) -> Revision {
    Revision {
        subject,
        name: name.to_owned(),
        at: now,
        revise: Box::new(move |_| document.clone()),
    }
}

/// Names of endpoints have no slash.
fn name_of(endpoint: &str, event: &str) -> String {
    format!("{endpoint}/{event}")
}

fn silence(endpoint: &str, rhythm: &Rhythm, since: Timestamp) -> Said {
    said!(
        "alarm-silence",
        "Nothing has come to endpoint \"{endpoint}\" since {since}, although by its own rhythm (about {usual} events a week) \
         about {missed} should have come. Look at the sender's list of deliveries: many switch a webhook off after \
         failures. The next event ends this alarm",
        endpoint = endpoint,
        since = since,
        usual = format!("{:.0}", rhythm.per_week()),
        missed = format!("{:.0}", rhythm.missed())
    )
}

fn quarantine(stream: &Traffic, since: Timestamp) -> Said {
    let reason = stream.reason.clone();
    said!(
        "alarm-quarantine",
        "Most \"{event}\" events of endpoint \"{endpoint}\" wait in quarantine since {since}: {reason}. Mend the sender or the \
         mapping and replay them: frontdesk events replay --status quarantined --endpoint {endpoint}",
        event = &stream.event_type,
        endpoint = &stream.endpoint,
        since = since,
        reason = reason.unwrap_or_else(|| phrase!("see-events", "see the events").into())
    )
}
