//! How well the mappings of an endpoint fit what comes.

use crate::console::Console;
use crate::console::fault::Fault;
use crate::console::words::Words;
use crate::process::health::fold::Tally;
use crate::process::health::keep::{MAPPING, RHYTHM};
use crate::process::health::observe::type_names;
use crate::process::health::report::{Fit, fit};
use crate::process::health::rhythm::Rhythm;

/// What was seen of one endpoint.
#[derive(Default)]
pub struct Health {
    pub rhythm: Option<Rhythm>,
    pub events: Vec<EventHealth>,
}

/// How well the mapping of one kind of event fits.
pub struct EventHealth {
    pub event: String,
    pub seen: u64,
    pub learned: bool,
    /// `body.lines.sku`, how often of a hundred, of which kind.
    pub unused: Vec<(String, u64, String)>,
    pub stopped: Vec<String>,
    pub retyped: Vec<(String, String, String)>,
    pub against_schema: Vec<(String, String, String)>,
    /// Fields that come much less often than they did.
    pub fallen: Vec<String>,
}

impl EventHealth {
    /// Nothing to do.
    pub fn is_well(&self) -> bool {
        self.stopped.is_empty()
            && self.retyped.is_empty()
            && self.against_schema.is_empty()
            && self.fallen.is_empty()
    }
}

/// What was seen of an endpoint.
///
/// # Errors
/// The store's.
pub async fn of(console: &Console, words: Words, endpoint: &str) -> Result<Health, Fault> {
    let rhythms = console.store.observations(RHYTHM.to_owned()).await?;
    let rhythm = rhythms.into_iter().find(|it| it.name == endpoint);
    let recipes = console.processing.recipes().current();
    let tallies = console.store.observations(MAPPING.to_owned()).await?;
    let tallies = tallies
        .into_iter()
        .filter_map(|it| serde_json::from_value::<Tally>(it.document).ok())
        .filter(|tally| tally.endpoint == endpoint);
    let events = tallies.filter_map(|tally| {
        let fit = fit(&tally, recipes.source(&tally.source)?);
        Some(event(words, &tally, fit))
    });
    Ok(Health {
        rhythm: rhythm.and_then(|it| serde_json::from_value(it.document).ok()),
        events: events.collect(),
    })
}

fn event(words: Words, tally: &Tally, fit: Fit) -> EventHealth {
    let named = |types| {
        let names = type_names(types).into_iter();
        let names = names.map(|name| words.word("json-type", name));
        names.collect::<Vec<_>>().join(", ")
    };
    EventHealth {
        event: tally.event.clone(),
        seen: tally.events,
        learned: tally.is_learned(),
        unused: fit
            .unused
            .into_iter()
            .map(|it| (it.place, percent(it.share), named(it.types)))
            .collect(),
        stopped: fit.stopped.into_iter().map(|it| it.place).collect(),
        retyped: fit
            .retyped
            .into_iter()
            .map(|(place, it)| (place, named(it.from), named(it.to)))
            .collect(),
        against_schema: fit
            .against_schema
            .into_iter()
            .map(|it| (it.place, named(it.types), named(it.allowed)))
            .collect(),
        fallen: fit
            .fields
            .into_iter()
            .filter(|field| field.fallen.is_some())
            .map(|field| field.field)
            .collect(),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share from 0 to 1, of a hundred"
)]
fn percent(share: f64) -> u64 {
    (share.clamp(0.0, 1.0) * 100.0).round() as u64
}
