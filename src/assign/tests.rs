//! Decisions from the outside: rules, people and a lead in, an owner and a reason out.

use serde_json::{Value, json};

use crate::assign::compile::compile;
use crate::assign::{Decision, People, Subject, assign};
use crate::model::people::{Rep, Team, Turn};
use crate::model::record::Fields;

struct Desk {
    reps: Vec<Rep>,
    teams: Vec<Team>,
    turns: Vec<Turn>,
    rules: Value,
}

/// Ana (two shares) and Rui work for Iberia, the boss takes the rest; `away` are inactive.
fn desk(away: &[&str]) -> Desk {
    let reps = ["ana", "rui", "boss"].map(|handle| {
        serde_json::from_value(
            json!({"handle": handle, "name": handle, "active": !away.contains(&handle)}),
        )
        .unwrap()
    });
    let iberia = json!({"handle": "iberia", "name": "Iberia", "members": [{"rep": "ana", "weight": 2}, {"rep": "rui"}]});
    Desk {
        reps: reps.to_vec(),
        teams: vec![serde_json::from_value(iberia).unwrap()],
        turns: Vec::new(),
        rules: json!([
            {"name": "Spain", "when": {"all": [
                {"field": "contact.address.country", "op": "eq", "value": "ES"},
                {"not": {"field": "event.endpoint", "op": "eq", "value": "jobs"}},
            ]}, "assign": {"team": "iberia"}},
            {"name": "Big", "when": {"expr": "lead.budget | float > 10000"}, "assign": {"rep": "boss"}},
            {"name": "Everyone else", "assign": {"rep": "rui"}},
        ]),
    }
}

impl Desk {
    fn decide(&mut self, lead: Value, contact: Value) -> Decision {
        let set = json!({"version": 3, "rules": self.rules});
        let rules = compile(&serde_json::from_value(set).unwrap()).unwrap();
        let fields = |value: Value| -> Fields { serde_json::from_value(value).unwrap() };
        let people = People {
            reps: &self.reps,
            teams: &self.teams,
            turns: &self.turns,
        };
        let (lead, contact) = (fields(lead), fields(contact));
        let event = fields(json!({"source": "meta", "endpoint": "ads"}));
        let subject = Subject {
            lead: &lead,
            contact: Some(&contact),
            event: &event,
        };
        let decision = assign(&rules, &people, &subject);
        for turn in &decision.turns {
            self.turns
                .retain(|it| (&it.team, &it.rep) != (&turn.team, &turn.rep));
            self.turns.push(turn.clone());
        }
        decision
    }
}

fn trace(decision: &Decision) -> Value {
    serde_json::from_str(decision.trace.as_str()).unwrap()
}

fn spain() -> Value {
    json!({"address": {"country": "ES"}})
}

#[test]
fn the_first_matching_rule_decides_and_says_so() {
    let check = |away: &[&str],
                 lead: Value,
                 contact: Value,
                 owner: Option<&str>,
                 rule: Option<&str>,
                 reason: &str| {
        let decision = desk(away).decide(lead, contact);
        assert_eq!(
            (
                decision.owner.as_deref(),
                decision.rule.as_deref(),
                decision.reason.as_str()
            ),
            (owner, rule, reason)
        );
        assert_eq!(decision.rule_set_version, 3);
    };
    check(
        &[],
        json!({}),
        spain(),
        Some("ana"),
        Some("Spain"),
        "Rule \"Spain\" matched: it is ana's turn in team iberia.",
    );
    check(
        &["ana"],
        json!({}),
        spain(),
        Some("rui"),
        Some("Spain"),
        "Rule \"Spain\" matched: it is rui's turn in team iberia.",
    );
    check(
        &[],
        json!({"budget": "10000.01"}),
        json!({}),
        Some("boss"),
        Some("Big"),
        "Rule \"Big\" matched: it goes to boss.",
    );
    check(
        &[],
        json!({}),
        json!({}),
        Some("rui"),
        Some("Everyone else"),
        "Rule \"Everyone else\" matched: it goes to rui.",
    );
    check(
        &["boss"],
        json!({"budget": "10000.01"}),
        json!({}),
        Some("rui"),
        Some("Everyone else"),
        "Rule \"Big\" matched, but boss is inactive. Rule \"Everyone else\" matched: it goes to rui.",
    );
    check(
        &["ana", "rui"],
        json!({}),
        spain(),
        None,
        None,
        "Rule \"Spain\" matched, but nobody of team iberia is eligible. Rule \"Everyone else\" matched, but rui is \
         inactive. No other rule has anybody for it, so nobody owns it.",
    );
    check(
        &[],
        json!({"owner": "boss"}),
        spain(),
        Some("boss"),
        None,
        "boss owns the lead already and is active.",
    );
    check(
        &[],
        json!({}),
        json!({"owner": "boss"}),
        Some("boss"),
        None,
        "boss owns the contact already and is active.",
    );
    check(
        &["boss"],
        json!({"owner": "boss"}),
        json!({}),
        Some("rui"),
        Some("Everyone else"),
        "boss owned the lead but is inactive. Rule \"Everyone else\" matched: it goes to rui.",
    );
}

#[test]
fn without_rules_nobody_owns_it() {
    let mut desk = desk(&[]);
    desk.rules = json!([]);
    let decision = desk.decide(json!({}), json!({}));
    assert_eq!(decision.owner, None);
    assert_eq!(
        decision.reason,
        "There are no assignment rules yet, so nobody owns it."
    );
}

#[test]
fn turns_are_spent_by_share_and_not_by_test_leads() {
    let mut desk = desk(&[]);
    let mut owners = String::new();
    for lead in 0..6 {
        let test = desk.decide(json!({"test": true}), spain());
        let real = desk.decide(json!({"test": false}), spain());
        assert_eq!(test.owner, real.owner, "lead {lead}");
        assert!(test.turns.is_empty());
        assert!(
            test.reason.ends_with("no turn was spent."),
            "{}",
            test.reason
        );
        owners.push_str(&real.owner.unwrap());
    }
    assert_eq!(owners, "anaruianaanaruiana");
}

#[test]
fn the_trace_answers_why_and_why_not() {
    let mut desk = desk(&["rui"]);
    desk.decide(json!({}), spain());
    let decision = desk.decide(json!({"owner": "gone"}), spain());
    assert_eq!(
        trace(&decision),
        json!({
            "rule_set_version": 3,
            "keep_owner": {"owner": "gone", "of": "lead", "gate": "not a rep", "kept": false},
            "turns": {
                "team": "iberia",
                "before": [{"rep": "ana", "taken": 1, "last": 1}],
                "after": [{"rep": "ana", "taken": 2, "last": 2}],
            },
            "rules": [{
                "name": "Spain",
                "when": {"result": true, "all": [
                    {"field": "contact.address.country", "op": "eq", "value": "ES", "seen": "ES", "result": true},
                    {"result": true, "not": {"field": "event.endpoint", "op": "eq", "value": "jobs", "seen": "ads", "result": false}},
                ]},
                "matched": true,
                "target": {"team": "iberia", "strategy": "round_robin"},
                "candidates": [
                    {"rep": "ana", "weight": 2, "gate": null},
                    {"rep": "rui", "weight": 1, "gate": "inactive"},
                ],
                "chosen": "ana",
            }],
        })
    );
    let other = desk.decide(json!({}), json!({"address": {"country": "PT"}}));
    assert_eq!(
        trace(&other)["rules"][0],
        json!({
            "name": "Spain",
            "when": {"result": false, "all": [
                {"field": "contact.address.country", "op": "eq", "value": "ES", "seen": "PT", "result": false},
                {"result": true, "not": {"field": "event.endpoint", "op": "eq", "value": "jobs", "seen": "ads", "result": false}},
            ]},
            "matched": false,
        })
    );
}

#[test]
fn a_formula_that_fails_does_not_match_and_says_why() {
    let mut desk = desk(&[]);
    desk.rules = json!([
        {"name": "Odd", "when": {"expr": "('much' | decimal | float) > 5"}, "assign": {"rep": "boss"}},
        {"name": "Rest", "assign": {"rep": "ana"}},
    ]);
    let decision = desk.decide(json!({}), json!({}));
    assert_eq!(decision.owner.as_deref(), Some("ana"));
    assert!(
        trace(&decision)["rules"][0]["when"]["error"].is_string(),
        "{}",
        trace(&decision)
    );
}
