//! Decisions from the outside: rules, people and a lead in, an owner and a reason out.

use std::sync::Arc;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::assign::compile::compile;
use crate::assign::explain::why_not;
use crate::assign::roster::Roster;
use crate::assign::{Decision, People, Subject, Tie, assign};
use crate::model::desk::{Given, Ledger, Line};
use crate::model::record::Fields;

/// Whom a decision is made for, and what was given so far.
struct Desk {
    reps: Value,
    teams: Value,
    rules: Value,
    ledger: Ledger,
    now: Timestamp,
}

/// Ana (two shares) and Rui work for Iberia, the boss takes the rest; `away` are inactive.
fn desk(away: &[&str]) -> Desk {
    let reps = ["ana", "rui", "boss"]
        .map(|handle| json!({"handle": handle, "name": handle, "active": !away.contains(&handle)}));
    Desk {
        reps: json!(reps),
        teams: json!([{"handle": "iberia", "name": "Iberia", "members": [{"rep": "ana", "weight": 2}, {"rep": "rui"}]}]),
        rules: json!([
            {"name": "Spain", "when": {"all": [
                {"field": "contact.address.country", "op": "eq", "value": "ES"},
                {"not": {"field": "event.endpoint", "op": "eq", "value": "jobs"}},
            ]}, "assign": {"team": "iberia"}},
            {"name": "Big", "when": {"expr": "lead.budget | float > 10000"}, "assign": {"rep": "boss"}},
            {"name": "Everyone else", "assign": {"rep": "rui"}},
        ]),
        ledger: Ledger::default(),
        now: at("2026-11-25T10:00:00Z"),
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

impl Desk {
    /// A contact's `owner` is what a sender says.
    fn decide(&mut self, lead: Value, contact: Value) -> Decision {
        let told = contact["owner"]
            .as_str()
            .map(|owner| Tie { owner, since: None });
        self.decide_tied(lead, contact.clone(), |subject| subject.ties.contact = told)
    }

    /// Decides, and books what was given.
    fn decide_tied<'a>(
        &mut self,
        lead: Value,
        contact: Value,
        tie: impl FnOnce(&mut Subject<'a>),
    ) -> Decision {
        let set = match &self.rules {
            Value::Array(rules) => json!({"version": 3, "rules": rules}),
            set => set.clone(),
        };
        let rules = compile(&serde_json::from_value(set).unwrap()).unwrap();
        let roster = Roster::new(
            Arc::new(serde_json::from_value(self.reps.clone()).unwrap()),
            Arc::new(serde_json::from_value(self.teams.clone()).unwrap()),
        );
        // What a subject borrows lives as long as the test: a few small documents.
        let fields = |value: Value| -> &'a Fields {
            Box::leak(Box::new(serde_json::from_value(value).unwrap()))
        };
        let event = json!({"source": "meta", "endpoint": "ads", "time": "2026-11-25T09:59:00Z"});
        let mut subject = Subject {
            contact: Some(fields(contact)),
            ..Subject::new(fields(lead), fields(event), self.now)
        };
        tie(&mut subject);
        let people = People {
            roster: &roster,
            ledger: &self.ledger,
        };
        let decision = assign(&rules, &people, &subject);
        for turn in &decision.turns {
            self.ledger.put_turn(turn);
        }
        if let (Some(owner), Some(day)) = (&decision.owner, decision.day) {
            self.give(owner, day, 1);
        }
        decision
    }

    fn give(&mut self, rep: &str, day: i32, count: i64) {
        let given = Given {
            rep: rep.to_owned(),
            day,
            count,
            at: Some(self.now),
        };
        self.ledger.give(&given);
        self.ledger.open(rep, count);
    }

    /// One line a candidate: `rep` or `rep: gate`.
    fn gates(&mut self) -> Vec<String> {
        let decision = self.decide(json!({}), spain());
        let candidates = trace(&decision)["rules"][0]["candidates"].clone();
        let line = |candidate: &Value| match candidate["gate"].as_str() {
            Some(gate) => format!("{}: {gate}", candidate["rep"].as_str().unwrap()),
            None => candidate["rep"].as_str().unwrap().to_owned(),
        };
        candidates.as_array().unwrap().iter().map(line).collect()
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
        "Rule \"Spain\" matched, but nobody of team iberia is eligible (ana is inactive; rui is inactive). Rule \
         \"Everyone else\" matched, but rui is inactive. Nobody else could take it, so it waits for the first of them.",
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
        assert_eq!(trace(&test)["turns"]["after"], json!([]));
        let told = trace(&real)["turns"]["after"].clone();
        assert!(!told.as_array().unwrap().is_empty(), "{told}");
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
            "at": "2026-11-25T10:00:00Z",
            "keep_owner": {"owner": "gone", "of": "lead", "gate": "not a rep", "gate_is": "not_a_rep", "kept": false},
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
                "target": {"team": "iberia"},
                "strategy": "round_robin",
                "candidates": [
                    {"rep": "ana", "weight": 2, "gate": null},
                    {"rep": "rui", "weight": 1, "gate": "inactive", "gate_is": "inactive"},
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

#[test]
fn gates_are_asked_in_order_and_say_when_they_open() {
    let mut desk = desk(&[]);
    let gates = |desk: &mut Desk, rep: Value, now: &str| {
        let mut ana = json!({"handle": "ana", "name": "Ana", "time_zone": "Europe/Madrid"});
        ana.as_object_mut()
            .unwrap()
            .extend(rep.as_object().unwrap().clone());
        desk.reps =
            json!([ana, {"handle": "rui", "name": "Rui"}, {"handle": "boss", "name": "Boss"}]);
        desk.now = at(now);
        desk.ledger = Ledger::default();
        // The 25th of November 2026 is a Wednesday, and day 20782 since 1970.
        for day in [20_780, 20_781, 20_782] {
            desk.give("ana", day, 2);
        }
        desk.gates()[0].clone()
    };
    let hours = json!({"wed": ["09:00-13:00", "15:00-18:00"], "fri": ["10:00-24:00"]});
    let noon = "2026-11-25T11:00:00Z";
    for (rep, now, expected) in [
        (json!({}), noon, "ana"),
        (
            json!({"active": false, "caps": {"open": 1}}),
            noon,
            "ana: inactive",
        ),
        (json!({"hours": hours}), noon, "ana"),
        (
            json!({"hours": hours}),
            "2026-11-25T13:30:00Z",
            "ana: outside working hours, opens at Wed 2026-11-25 15:00 (Europe/Madrid)",
        ),
        (
            json!({"hours": hours}),
            "2026-11-25T17:00:00Z",
            "ana: outside working hours, opens at Fri 2026-11-27 10:00 (Europe/Madrid)",
        ),
        (json!({"hours": hours}), "2026-11-27T22:59:59Z", "ana"),
        (
            json!({"hours": hours, "holidays": ["2026-11-25", "2026-11-27"]}),
            noon,
            "ana: on holiday, opens at Wed 2026-12-02 09:00 (Europe/Madrid)",
        ),
        (
            json!({"out_of_office": [{"from": "2026-11-24", "to": "2026-11-26"}], "hours": {"mon": ["09:00-10:00"]}}),
            noon,
            "ana: out of office until Fri 2026-11-27 00:00 (Europe/Madrid)",
        ),
        (
            json!({"out_of_office": [{"from": "2026-11-25T12:00:00Z", "to": "2026-11-25T13:00:00Z"}]}),
            noon,
            "ana",
        ),
        (
            json!({"caps": {"per_day": 2, "per_week": 3, "open": 1}}),
            noon,
            "ana: at cap 2/2 today",
        ),
        (
            json!({"caps": {"per_day": 3, "per_week": 6, "open": 1}}),
            noon,
            "ana: at cap 6/6 this week",
        ),
        (
            json!({"caps": {"per_week": 7, "open": 5}}),
            noon,
            "ana: at cap 6/5 open",
        ),
        (
            json!({"caps": {"per_day": 1}}),
            "2026-11-25T23:00:00Z",
            "ana",
        ),
    ] {
        assert_eq!(
            gates(&mut desk, rep.clone(), now),
            expected,
            "{rep} at {now}"
        );
    }
}

#[test]
fn a_team_may_work_around_the_clock_and_a_rule_ask_for_skills() {
    let mut desk = desk(&[]);
    let closed = json!({"mon": ["09:00-10:00"]});
    desk.reps = json!([
        {"handle": "ana", "name": "Ana", "hours": closed, "skills": ["French", "VIP"]},
        {"handle": "rui", "name": "Rui", "hours": closed, "skills": ["french"]},
    ]);
    desk.teams[0]["hours"] = json!("ignore");
    desk.rules =
        json!([{"name": "All", "assign": {"team": "iberia", "skills": ["vip", "FRENCH"]}}]);
    assert_eq!(desk.gates(), ["ana", "rui: without the skill vip"]);
}

#[test]
fn the_fewest_open_and_the_fewest_of_the_period_are_found() {
    let mut desk = desk(&[]);
    desk.teams[0]["strategy"] = json!("fewest_open");
    let owner = |desk: &mut Desk| {
        let decision = desk.decide(json!({}), spain());
        (
            decision.owner.clone().unwrap(),
            trace(&decision)["rules"][0].clone(),
        )
    };
    desk.give("ana", 20_782, 3);
    desk.give("rui", 20_782, 2);
    // Three of ana's two shares are less than two of one.
    let (rep, rule) = owner(&mut desk);
    assert_eq!(rep, "ana");
    assert_eq!(
        rule["candidates"],
        json!([
        {"rep": "ana", "weight": 2, "count": 3, "gate": null}, {"rep": "rui", "weight": 1, "count": 2, "gate": null}])
    );
    let (rep, rule) = owner(&mut desk);
    assert_eq!(
        rep, "ana",
        "as many for their share: nobody waited longer, so by handle: {rule}"
    );
    assert!(rule["tie_break"].is_string(), "{rule}");
    assert_eq!(owner(&mut desk).0, "rui");
    // By the week: what was given before Monday does not count.
    desk.teams[0]["strategy"] = json!("fewest_in_period");
    desk.ledger = Ledger::default();
    desk.give("rui", 20_779, 9);
    desk.give("ana", 20_780, 1);
    let (rep, rule) = owner(&mut desk);
    assert_eq!(
        (rep.as_str(), &rule["candidates"][1]["count"]),
        ("rui", &json!(0))
    );
    desk.teams[0]["period"] = json!("month");
    assert_eq!(owner(&mut desk).1["candidates"][1]["count"], json!(10));
    desk.teams[0]["period"] = json!("day");
    assert_eq!(owner(&mut desk).1["candidates"][0]["count"], json!(1));
}

#[test]
fn when_nobody_is_eligible_the_rule_says_what_happens() {
    let check = |policy: Value, away: &[&str], owner: Option<&str>, route: Option<&str>| {
        let mut desk = desk(away);
        desk.rules[0]["on_none_eligible"] = policy.clone();
        let decision = desk.decide(json!({}), spain());
        assert_eq!(
            (decision.owner.as_deref(), decision.route.as_deref()),
            (owner, route),
            "{policy}"
        );
        assert_eq!(
            desk.decide(json!({"test": true}), spain()).route,
            None,
            "test leads never wait"
        );
    };
    check(json!("next_rule"), &["ana"], Some("rui"), None);
    check(json!("park"), &["ana"], Some("rui"), None);
    check(json!("park"), &["ana", "rui"], None, Some("team:iberia"));
    check(json!({"rep": "boss"}), &["ana", "rui"], Some("boss"), None);
    check(
        json!({"rep": "boss"}),
        &["ana", "rui", "boss"],
        None,
        Some("team:iberia|rep:rui"),
    );
    check(
        json!("next_rule"),
        &["ana", "rui"],
        None,
        Some("team:iberia|rep:rui"),
    );
}

#[test]
fn newer_leads_do_not_overtake_those_who_wait() {
    let mut desk = desk(&[]);
    let line = |n: u128, hour: &str| Line {
        route: "team:iberia|rep:rui".to_owned(),
        count: 2,
        head: Uuid::from_u128(n),
        since: at(hour),
    };
    desk.ledger
        .put_line("team:iberia|rep:rui", Some(line(7, "2026-11-25T08:00:00Z")));
    let behind = desk.decide(json!({}), spain());
    assert_eq!(
        (behind.owner, behind.route.as_deref()),
        (None, Some("team:iberia"))
    );
    assert!(behind.turns.is_empty(), "no turn is spent on waiting");
    assert!(
        behind
            .reason
            .ends_with("older leads wait for the same people, so it waits its turn."),
        "{}",
        behind.reason
    );
    assert_eq!(
        trace(&desk.decide(json!({}), spain()))["rules"][0]["behind"],
        2
    );
    let waits = |since: &str, n: u128| Some((at(since), Uuid::from_u128(n)));
    for (own, owner) in [
        (waits("2026-11-25T08:00:00Z", 7), Some("ana")),
        (waits("2026-11-25T07:00:00Z", 9), Some("rui")),
        (waits("2026-11-25T09:00:00Z", 1), None),
    ] {
        let decision = desk.decide_tied(json!({}), spain(), |subject| subject.waiting = own);
        assert_eq!(decision.owner.as_deref(), owner, "{own:?}");
    }
    let other = desk.decide(json!({"budget": "20000"}), json!({}));
    assert_eq!(
        other.owner.as_deref(),
        Some("boss"),
        "nobody waits for the boss"
    );
    assert_eq!(
        desk.decide(json!({"test": true}), spain()).owner.as_deref(),
        Some("ana")
    );
}

#[test]
fn contacts_and_companies_find_their_rep_again_where_the_rules_say_so() {
    let set = |more: Value| {
        let mut set = json!({"version": 3, "rules": [{"name": "All", "assign": {"rep": "boss"}}]});
        set.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        set
    };
    let since = |days: &str| {
        Some(Tie {
            owner: "ana",
            since: Some(at(days)),
        })
    };
    let told = Some(Tie {
        owner: "rui",
        since: None,
    });
    let company = Some(("ana", "acme.example"));
    for (more, contact, company, expected, sentence) in [
        (
            json!({}),
            since("2026-11-20T00:00:00Z"),
            company,
            "boss",
            "Rule \"All\" matched: it goes to boss.",
        ),
        (
            json!({"last_owner_days": 7}),
            since("2026-11-20T00:00:00Z"),
            None,
            "ana",
            "ana had the contact's last lead within 7 days.",
        ),
        (
            json!({"last_owner_days": 3}),
            since("2026-11-20T00:00:00Z"),
            None,
            "boss",
            "Rule \"All\" matched: it goes to boss.",
        ),
        (
            json!({}),
            told,
            None,
            "rui",
            "rui owns the contact already and is active.",
        ),
        (
            json!({"keep_owner": false}),
            told,
            None,
            "boss",
            "Rule \"All\" matched: it goes to boss.",
        ),
        (
            json!({"company_owner": true}),
            None,
            company,
            "ana",
            "ana has the leads of the contact's company.",
        ),
        (
            json!({"company_owner": true}),
            told,
            company,
            "rui",
            "rui owns the contact already and is active.",
        ),
    ] {
        let mut desk = desk(&[]);
        desk.rules = set(more.clone());
        let decision = desk.decide_tied(json!({}), json!({}), |subject| {
            subject.ties.contact = contact;
            subject.ties.company = company;
        });
        assert_eq!(
            (decision.owner.as_deref(), decision.reason.as_str()),
            (Some(expected), sentence),
            "{more}"
        );
        assert_eq!(
            decision.day,
            Some(20_782),
            "a kept owner was given a lead, too"
        );
    }
    let mut away = desk(&["rui"]);
    away.reps[0]["out_of_office"] = json!([{"from": "2026-11-01", "to": "2026-11-30"}]);
    away.rules = set(json!({"last_owner_days": 9, "company_owner": true}));
    let decision = away.decide_tied(json!({"owner": "rui"}), json!({}), |subject| {
        subject.ties.contact = since("2026-11-20T00:00:00Z");
        subject.ties.company = company;
    });
    assert_eq!(decision.owner.as_deref(), Some("boss"));
    assert_eq!(
        decision.reason,
        "rui owned the lead but is inactive. ana had the contact's last lead but is out of office until Tue 2026-12-01 \
         00:00 (UTC). ana has the leads of the contact's company but is out of office until Tue 2026-12-01 00:00 (UTC). \
         Rule \"All\" matched: it goes to boss."
    );
}

#[test]
fn who_let_a_lead_pass_does_not_get_it_again() {
    let mut desk = desk(&[]);
    let passed = vec!["ana".to_owned()];
    let decision = desk.decide_tied(json!({"owner": "ana"}), spain(), |subject| {
        subject.passed = Box::leak(passed.into_boxed_slice());
    });
    assert_eq!(decision.owner.as_deref(), Some("rui"));
    assert_eq!(
        why_not(&decision.trace),
        ["ana was passed over in rule \"Spain\": passed over, having had it before."]
    );
}

#[test]
fn conditions_see_the_company_the_orders_and_the_time_of_week() {
    let mut desk = desk(&[]);
    desk.rules = json!([
        {"name": "Acme", "when": {"field": "company.domain", "op": "eq", "value": "acme.example"}, "assign": {"rep": "ana"}},
        {"name": "Regulars", "when": {"any": [{"field": "orders.count", "op": "gte", "value": 3},
            {"expr": "orders.total | float > 1000"}]}, "assign": {"rep": "rui"}},
        {"name": "Office", "when": {"field": "event.time", "op": "during", "value":
            {"zone": "Europe/Madrid", "hours": {"wed": ["09:00-11:00"]}}}, "assign": {"rep": "boss"}},
        {"name": "Rest", "assign": {"rep": "rui"}},
    ]);
    let acme: &'static Fields = Box::leak(Box::new(
        serde_json::from_value(json!({"domain": "acme.example"})).unwrap(),
    ));
    let orders: &'static Fields = Box::leak(Box::new(
        serde_json::from_value(json!({"count": 1, "total": "1000.01"})).unwrap(),
    ));
    let rule = |decision: Decision| decision.rule.unwrap();
    assert_eq!(
        rule(desk.decide_tied(json!({}), json!({}), |subject| subject.company = acme)),
        "Acme"
    );
    assert_eq!(
        rule(desk.decide_tied(json!({}), json!({}), |subject| subject.orders = orders)),
        "Regulars"
    );
    assert_eq!(rule(desk.decide(json!({}), json!({}))), "Office");
}

proptest! {
    /// At whatever moment, across the changes of the clocks: nobody off shift ever gets a lead, somebody on shift does,
    /// and while nobody comes or goes each of equal weight has their share, off by two turns at most.
    #[test]
    fn shifts_decide_who_is_asked_and_turns_stay_even_between_them(
        start in 0_i64..366 * 24,
        steps in prop::collection::vec(0_i64..180, 30..120),
        zones in prop::collection::vec(0_usize..4, 2..5),
        from in prop::collection::vec(0_u16..12, 5),
    ) {
        let names = ["Europe/Madrid", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"];
        let block = |from: u16| format!("{:02}:30-{:02}:00", from, from + 10);
        let week = |from: u16| {
            let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
            Value::Object(days.iter().map(|day| ((*day).to_owned(), json!([block(from)]))).collect())
        };
        let handles: Vec<String> = (0..zones.len()).map(|nth| format!("rep-{nth}")).collect();
        let mut desk = desk(&[]);
        desk.reps = zones.iter().zip(&handles).zip(&from).map(|((zone, handle), from)| {
            json!({"handle": handle, "name": handle, "time_zone": names[*zone], "hours": week(*from)})
        }).collect();
        let members: Vec<Value> = handles.iter().map(|handle| json!({"rep": handle})).collect();
        desk.teams = json!([{"handle": "iberia", "name": "Iberia", "members": members}]);
        desk.rules = json!([{"name": "All", "assign": {"team": "iberia"}, "on_none_eligible": "park"}]);
        desk.now = at("2026-01-01T00:00:00Z") + jiff::SignedDuration::from_hours(start);
        let on_shift = |desk: &Desk, nth: usize| {
            let zone = jiff::tz::TimeZone::get(names[zones[nth]]).unwrap();
            let clock = desk.now.to_zoned_datetime(zone.clone());
            let day = clock.date();
            // Where the clocks jump over a beginning, the shift begins where they go on.
            let instant = |hour: u16, minute: i8| {
                zone.to_timestamp(day.at(i8::try_from(hour).unwrap(), minute, 0, 0)).unwrap()
            };
            instant(from[nth], 30) <= desk.now && desk.now < instant(from[nth] + 10, 0)
        };
        let mut present: Vec<usize> = Vec::new();
        let mut got: Vec<i64> = Vec::new();
        for step in steps {
            desk.now += jiff::SignedDuration::from_mins(step);
            let now_present: Vec<usize> = (0..handles.len()).filter(|nth| on_shift(&desk, *nth)).collect();
            if now_present != present {
                present = now_present;
                got = vec![0; handles.len()];
            }
            let decision = desk.decide(json!({}), json!({}));
            match decision.owner {
                Some(owner) => {
                    let nth = handles.iter().position(|it| *it == owner).unwrap();
                    prop_assert!(present.contains(&nth), "{owner} is off shift at {}", desk.now);
                    got[nth] += 1;
                }
                None => prop_assert!(present.is_empty(), "somebody was there at {}", desk.now),
            }
            // Who comes on shift may bring a turn along, and one is the strategy's.
            let (count, given) = (present.len() as i64, got.iter().sum::<i64>());
            for nth in &present {
                prop_assert!((got[*nth] * count - given).abs() <= 2 * count, "{got:?} of {present:?}");
            }
        }
    }
}
