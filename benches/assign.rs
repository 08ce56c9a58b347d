//! What a decision and a preview cost: `cargo bench --bench assign`.
//!
//! A hundred rules, two hundred reps with hours and caps in one team, the ninetieth rule matching; and ten thousand
//! leads of a month played by two rule sets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark that cannot be set up has nothing to measure"
)]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use frontdesk::assign::compile::{Compiled, compile};
use frontdesk::assign::roster::Roster;
use frontdesk::assign::simulate::{PastContact, PastLead, simulate};
use frontdesk::assign::{People, Subject, assign};
use frontdesk::model::desk::{Given, Ledger};
use frontdesk::model::record::Fields;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

/// As in the gateway itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const RULES: usize = 100;
const REPS: usize = 200;
const LEADS: u32 = 10_000;

fn fields(value: Value) -> Fields {
    serde_json::from_value(value).unwrap()
}

fn now() -> Timestamp {
    "2026-11-25T10:00:00Z".parse().unwrap()
}

/// Rules that each ask for a country and a budget, and a catch-all; all for the same team.
fn rules(strategy: &str) -> Compiled {
    let team = json!({"team": "all", "strategy": strategy});
    let mut rules: Vec<Value> = (1..RULES)
        .map(|nth| {
            json!({"name": format!("Rule {nth}"), "when": {"all": [
                {"field": "contact.address.country", "op": "in", "value": ["ES", "PT"]},
                {"field": "lead.budget", "op": "between", "value": [nth * 1000, nth * 1000 + 999]},
            ]}, "assign": team, "on_none_eligible": "park"})
        })
        .collect();
    rules.push(json!({"name": "Rest", "assign": team}));
    let set = json!({"version": 1, "rules": rules});
    compile(&serde_json::from_value(set).unwrap()).unwrap()
}

fn roster() -> Roster {
    let hours = json!({"mon": ["08:00-20:00"], "tue": ["08:00-20:00"], "wed": ["08:00-20:00"], "thu": ["08:00-20:00"],
        "fri": ["08:00-20:00"]});
    let zones = ["Europe/Madrid", "Europe/Lisbon", "America/New_York"];
    let reps: Vec<Value> = (0..REPS)
        .map(|nth| {
            json!({"handle": format!("rep-{nth:03}"), "name": "Rep", "hours": hours, "caps": {"per_day": 1000, "open": 100_000},
                "time_zone": zones.get(nth % 3)})
        })
        .collect();
    let members: Vec<Value> = reps
        .iter()
        .zip(1..)
        .map(|(rep, nth)| json!({"rep": rep["handle"], "weight": 1 + nth % 3}))
        .collect();
    let teams = json!([{"handle": "all", "name": "All", "members": members}]);
    Roster::new(
        Arc::new(serde_json::from_value(json!(reps)).unwrap()),
        Arc::new(serde_json::from_value(teams).unwrap()),
    )
}

/// A ledger in the middle of a month.
fn ledger(rules: &Compiled, roster: &Roster) -> Ledger {
    let mut ledger = Ledger::default();
    let (lead, event) = (Fields::new(), Fields::new());
    for _ in 0..4 * REPS {
        let subject = Subject::new(&lead, &event, now());
        let people = People {
            roster,
            ledger: &ledger,
        };
        let decision = assign(rules, &people, &subject);
        for turn in &decision.turns {
            ledger.put_turn(turn);
        }
        if let Some((rep, day)) = decision.owner.zip(decision.day) {
            let (count, at) = (1, Some(now()));
            ledger.give(&Given {
                rep,
                day,
                count,
                at,
            });
        }
    }
    ledger
}

fn decisions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decision of 100 rules and 200 reps");
    let lead = fields(json!({"title": "Quote", "budget": "90500.00", "source": "meta"}));
    let contact = fields(json!({"email": "ana@acme.example", "address": {"country": "ES"}}));
    let event = fields(json!({"endpoint": "lead-ads", "source": "meta", "type": "leadgen"}));
    let roster = roster();
    for strategy in ["round_robin", "fewest_open", "fewest_in_period"] {
        let rules = rules(strategy);
        let ledger = ledger(&rules, &roster);
        let people = People {
            roster: &roster,
            ledger: &ledger,
        };
        let subject = Subject {
            contact: Some(&contact),
            ..Subject::new(&lead, &event, now())
        };
        group.bench_function(strategy, |b| {
            b.iter(|| assign(black_box(&rules), &people, black_box(&subject)));
        });
    }
    group.finish();
}

/// Leads of thirty days, a fifth of them from somebody who came before.
fn leads() -> Vec<PastLead> {
    let start = now() - SignedDuration::from_hours(30 * 24);
    (0..LEADS)
        .map(|nth| PastLead {
            id: Uuid::from_u128(u128::from(nth)),
            at: start + SignedDuration::from_secs(i64::from(nth) * 259),
            lead: fields(json!({"status": "new", "budget": (nth % 120_000 * 17).to_string()})),
            contact: Some(PastContact {
                id: Uuid::from_u128(u128::from(nth % 8_000)),
                fields: fields(
                    json!({"email": format!("c{nth}@acme.example"), "address": {"country": "ES"}}),
                ),
                owner: None,
            }),
            event: fields(json!({"endpoint": "lead-ads"})),
            orders: Fields::new(),
            closed: None,
        })
        .collect()
}

fn previews(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("preview of 10000 leads");
    group.sample_size(10);
    let (roster, leads) = (roster(), leads());
    let (before, after) = (rules("round_robin"), rules("fewest_open"));
    group.bench_function("both rule sets", |b| {
        b.iter(|| {
            let before = simulate(&before, &roster, &leads, now());
            let after = simulate(&after, &roster, &leads, now());
            black_box((before, after))
        });
    });
    group.finish();
}

criterion_group!(benches, decisions, previews);
criterion_main!(benches);
