//! The first page: what goes on, up to the second.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use askama::Template;
use jiff::{SignedDuration, Timestamp};

use crate::console::Console;
use crate::console::chart::{self, Bar, Stack};
use crate::console::fault::Fault;
use crate::console::figures::{self, Figures};
use crate::console::frame::Frame;
use crate::console::page;
use crate::console::places::{Group, Place, Who, get};
use crate::console::rule_words;
use crate::console::stream;
use crate::console::visitor::Insider;
use crate::console::when;
use crate::console::words::Words;
use crate::store::meters::{LeadDay, Minute, Outcome};
use crate::store::{Alarm, StoreStats};

pub const PLACES: &[Place] = &[
    get("/", Who::SignedIn, |route| route.to(show)).named(Group::Desk, "overview"),
    get("/live/overview", Who::SignedIn, |route| route.to(live)),
];

/// Minutes in the chart.
const MINUTES: i64 = 60;
/// Days that leads are told of.
const DAYS: i64 = 30;
/// Height of the chart's bars.
const HEIGHT: f64 = 120.0;
/// Width and height of an endpoint's line.
const SPARK: (f64, f64) = (120.0, 20.0);

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview<'v> {
    f: Frame<'v>,
    now: Now,
}

/// The part that is sent again when it changes.
#[derive(Template)]
#[template(path = "overview_live.html")]
struct Live<'v> {
    f: Frame<'v>,
    now: Now,
}

/// Everything the page shows.
struct Now {
    /// What a rep does not see.
    gateway: Option<Gateway>,
    leads: Figures,
    days: u64,
}

struct Gateway {
    stats: StoreStats,
    pending: u64,
    /// How long the oldest pending event has waited.
    oldest: Option<String>,
    /// Each with what it is in the reader's language.
    alarms: Vec<(String, Alarm)>,
    bars: Vec<Bar>,
    most: u64,
    endpoints: Vec<Endpoint>,
    total: Counts,
}

/// What came to one endpoint in the last hour.
struct Endpoint {
    name: String,
    counts: Counts,
    /// Accepted events of each minute, as a line.
    line: String,
}

#[derive(Default, Clone, Copy)]
struct Counts {
    accepted: u64,
    refused: u64,
    quarantined: u64,
    processed: u64,
    failed: u64,
}

impl Counts {
    fn add(&mut self, minute: &Minute) {
        let count = minute.count;
        match minute.outcome {
            Outcome::Accepted => self.accepted += count,
            Outcome::Refused => self.refused += count,
            Outcome::Quarantined => self.quarantined += count,
            Outcome::Processed => self.processed += count,
            Outcome::Failed => self.failed += count,
            Outcome::Ignored => {}
        }
    }
}

async fn show(console: web::Data<Console>, insider: Insider) -> Result<HttpResponse, Fault> {
    page::shown(&Overview {
        now: now(&console, &insider).await?,
        f: Frame::new(&insider, "overview"),
    })
}

async fn live(console: web::Data<Console>, insider: Insider) -> HttpResponse {
    stream::of(console, insider, part)
}

async fn part(console: web::Data<Console>, insider: Insider) -> Result<String, Fault> {
    let live = Live {
        now: now(&console, &insider).await?,
        f: Frame::new(&insider, "overview"),
    };
    live.render().map_err(|error| Fault::internal(&error))
}

async fn now(console: &Console, insider: &Insider) -> Result<Now, Fault> {
    let at = console.clock.now();
    let only = insider.account.only();
    let since = at.checked_sub(SignedDuration::from_hours(24 * DAYS));
    let days = console
        .store
        .lead_days(since.unwrap_or(Timestamp::MIN))
        .await?;
    let own = days
        .into_iter()
        .filter(|day| only.is_none_or(|rep| day.owner == rep));
    let own: Vec<LeadDay> = own.collect();
    let desk = console.store.desk().await?;
    let mut leads = figures::of(insider.words, &own, (at, DAYS));
    for leads in &mut leads.by_source {
        leads.name = console.title_of(insider.words, &leads.name);
    }
    for leads in &mut leads.by_rep {
        leads.name = rule_words::rep(&desk, &leads.name).to_owned();
    }
    Ok(Now {
        gateway: match only {
            Some(_) => None,
            None => Some(gateway(console, insider, at).await?),
        },
        leads,
        days: DAYS.unsigned_abs(),
    })
}

async fn gateway(console: &Console, insider: &Insider, at: Timestamp) -> Result<Gateway, Fault> {
    let backlog = console.store.backlog().await?;
    let alarms = console.store.alarms().await?;
    let last = at.as_second().div_euclid(60);
    let first = last - MINUTES + 1;
    let since = Timestamp::from_second(first * 60).unwrap_or(Timestamp::MIN);
    let minutes = console.store.minutes(since).await?;
    let mut endpoints: BTreeMap<&str, (Counts, BTreeMap<i64, u64>)> = BTreeMap::new();
    let mut per_minute: BTreeMap<i64, Counts> =
        (first..=last).map(|m| (m, Counts::default())).collect();
    let mut total = Counts::default();
    for minute in &minutes {
        let nth = minute.at.as_second().div_euclid(60);
        let (counts, accepted) = endpoints.entry(&minute.endpoint).or_default();
        counts.add(minute);
        if minute.outcome == Outcome::Accepted {
            *accepted.entry(nth).or_default() += minute.count;
        }
        per_minute.entry(nth).or_default().add(minute);
        total.add(minute);
    }
    let stacks: Vec<Stack> = per_minute
        .iter()
        .map(|(minute, counts)| stack(insider, *minute, counts))
        .collect();
    let (bars, most) = chart::stacked(&stacks, HEIGHT);
    let waited = |oldest: Timestamp| {
        let waited = at.duration_since(oldest).as_millis();
        when::length(u64::try_from(waited).unwrap_or(0))
    };
    Ok(Gateway {
        stats: console.store.stats().await?,
        pending: backlog.pending,
        oldest: backlog.oldest.map(waited),
        alarms: alarms
            .into_iter()
            .map(|alarm| (heading(insider.words, &alarm), alarm))
            .collect(),
        bars,
        most,
        endpoints: endpoints
            .into_iter()
            .map(|(name, (counts, accepted))| {
                let of = |minute| accepted.get(&minute).copied().unwrap_or(0);
                let minutes: Vec<u64> = (first..=last).map(of).collect();
                Endpoint {
                    name: name.to_owned(),
                    counts,
                    line: chart::line(&minutes, SPARK),
                }
            })
            .collect(),
        total,
    })
}

/// What an alarm is about, by the cause in its key.
fn heading(words: Words, alarm: &Alarm) -> String {
    let (cause, what) = alarm.key.split_once('/').unwrap_or((&alarm.key, ""));
    let key = format!("alarm-{cause}");
    match words.knows(&key) {
        true => words.with(&key, "what", what),
        false => words.say("alarm-other"),
    }
}

/// One minute of the chart.
fn stack(insider: &Insider, minute: i64, counts: &Counts) -> Stack {
    let at = Timestamp::from_second(minute * 60).unwrap_or(Timestamp::MIN);
    let clock = at
        .to_zoned_datetime(insider.zone.clone())
        .strftime("%H:%M")
        .to_string();
    let words = insider.words;
    let accepted = counts.accepted.to_string();
    let refused = counts.refused.to_string();
    let quarantined = counts.quarantined.to_string();
    Stack {
        title: words.with_all(
            "overview-bar",
            &[
                ("time", &clock),
                ("accepted", &accepted),
                ("refused", &refused),
                ("quarantined", &quarantined),
            ],
        ),
        parts: vec![
            ("accepted", counts.accepted),
            ("quarantined", counts.quarantined),
            ("refused", counts.refused),
        ],
    }
}
