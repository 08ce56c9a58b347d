//! The desk at work over the whole gateway: people with hours and caps, leads that wait, leads to be accepted, rules
//! that are drafted, tried, published and taken back.

use frontdesk::access::token::hash_of;
use frontdesk::process::edit::Hand;
use frontdesk::store::TokenRow;
use serde_json::{Value, json};

use crate::gateway::{TestGateway, now};

const WEBSITE: &str = "[[endpoint]]\nname = \"website\"\nsource = \"contact_form\"\nverify = \"none\"\nregion = \"ES\"\n";

/// A desk of these people and rules. It is Tuesday the 24th of November 2026, 9:00 in UTC, 10:00 in Madrid.
async fn start(reps: Value, teams: Value, rules: Value) -> TestGateway {
    let gateway = TestGateway::start(WEBSITE).await;
    for rep in reps.as_array().unwrap() {
        gateway.api("POST", "/api/v1/reps", &rep.to_string()).await;
    }
    for team in teams.as_array().unwrap() {
        gateway
            .api("POST", "/api/v1/teams", &team.to_string())
            .await;
    }
    let set = json!({"version": 0, "rules": rules});
    gateway.api("PUT", "/api/v1/rules", &set.to_string()).await;
    gateway
}

/// Somebody fills in the form; the lead's id once it is processed.
async fn fill_in(gateway: &TestGateway, name: &str, more: &str) -> String {
    let body = format!("name={name}&email={name}%40acme.example&message=Hello{more}");
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let answer = gateway.deliver("website", &form, &body).await;
    assert_eq!(answer.json()["status"], "accepted", "{answer:?}");
    gateway.drain().await;
    let event = answer.json()["event"].as_str().unwrap().to_owned();
    let event = gateway
        .api("GET", &format!("/api/v1/events/{event}"), "")
        .await;
    let records = event["records"]
        .as_array()
        .unwrap_or_else(|| panic!("{event}"));
    let lead = records
        .iter()
        .find(|record| record["kind"] == "lead")
        .unwrap();
    lead["id"].as_str().unwrap().to_owned()
}

async fn why(gateway: &TestGateway, lead: &str) -> Value {
    gateway
        .api("GET", &format!("/api/v1/leads/{lead}/assignment"), "")
        .await
}

async fn owners(gateway: &TestGateway, leads: &[String]) -> Vec<Value> {
    let mut owners = Vec::new();
    for lead in leads {
        let lead = gateway
            .api("GET", &format!("/api/v1/leads/{lead}"), "")
            .await;
        owners.push(lead["fields"]["owner"].clone());
    }
    owners
}

/// A call that may be refused: status and body.
async fn call(
    gateway: &TestGateway,
    token: &str,
    method: &str,
    path: &str,
    body: &Value,
) -> (u16, Value) {
    let headers = format!("authorization: Bearer {token}\r\ncontent-type: application/json\r\n");
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let answer = gateway.call(method, path, &headers, &body).await;
    let json = if answer.body.is_empty() {
        Value::Null
    } else {
        answer.json()
    };
    (answer.status, json)
}

/// Whoever follows a link.
fn hand() -> Hand {
    Hand {
        name: "link".to_owned(),
        peer: String::new(),
        now: now(),
        only: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leads_wait_for_a_shift_and_are_served_oldest_first() {
    let hours = json!({"wed": ["09:00-18:00"]});
    let gateway = start(
        json!([{"handle": "ana", "name": "Ana", "time_zone": "Europe/Madrid", "hours": hours, "caps": {"per_day": 2}}]),
        json!([]),
        json!([{"name": "All", "assign": {"rep": "ana"}, "on_none_eligible": "park"}]),
    )
    .await;
    let mut leads = Vec::new();
    for (minute, name) in (50..).zip(["one", "two", "three"]) {
        gateway
            .set_clock(&format!("2026-11-24T09:{minute}:00Z"))
            .await;
        leads.push(fill_in(&gateway, name, "").await);
    }
    assert_eq!(
        owners(&gateway, &leads).await,
        [Value::Null, Value::Null, Value::Null]
    );
    let first = why(&gateway, &leads[0]).await;
    assert_eq!(
        first["reason"],
        "Rule \"All\" matched, but ana is outside working hours, opens at Wed 2026-11-25 09:00 (Europe/Madrid), so it \
         waits for them."
    );
    assert_eq!(first["waiting"]["waits_for"], "rep:ana");
    assert_eq!(
        first["why_not"],
        json!([
            "ana was passed over in rule \"All\": outside working hours, opens at Wed 2026-11-25 09:00 (Europe/Madrid)."
        ])
    );
    gateway.set_clock("2026-11-25T07:59:59Z").await;
    assert_eq!(owners(&gateway, &leads).await[0], Value::Null);
    gateway.set_clock("2026-11-25T08:00:00Z").await;
    assert_eq!(
        owners(&gateway, &leads).await,
        [json!("ana"), json!("ana"), Value::Null]
    );
    let served = why(&gateway, &leads[0]).await;
    assert_eq!(
        (&served["epoch"], &served["owner"], &served["waiting"]),
        (&json!(2), &json!("ana"), &Value::Null)
    );
    assert_eq!(served["event"], first["event"], "the event that brought it");
    // The day's cap is reached: a new lead goes behind the one that waits, and both wait for Wednesday next week.
    leads.push(fill_in(&gateway, "four", "").await);
    let fourth = why(&gateway, &leads[3]).await;
    assert!(
        fourth["reason"]
            .as_str()
            .unwrap()
            .contains("at cap 2/2 today"),
        "{fourth}"
    );
    gateway.set_clock("2026-12-02T08:00:00Z").await;
    assert_eq!(owners(&gateway, &leads).await, vec![json!("ana"); 4]);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leads_of_one_instant_are_served_in_the_order_of_their_arrival() {
    let gateway = start(
        json!([{"handle": "ana", "name": "Ana", "active": false}]),
        json!([]),
        json!([{"name": "All", "assign": {"rep": "ana"}, "on_none_eligible": "park"}]),
    )
    .await;
    // The clock stands still: only their arrival tells them apart, for ids of one instant have no order.
    let mut leads = Vec::new();
    for nth in 0..9 {
        leads.push(fill_in(&gateway, &format!("n{nth}"), "").await);
    }
    assert_eq!(owners(&gateway, &leads).await, vec![Value::Null; 9]);
    // On the first day already: a round of the gateway's own may serve leads before the clock is set.
    gateway.set_clock("2026-11-25T08:00:00Z").await;
    let ana = r#"{"name": "Ana", "caps": {"per_day": 3}}"#;
    gateway.api("PUT", "/api/v1/reps/ana", ana).await;
    for (served, day) in [(3, 25), (6, 26), (9, 27)] {
        gateway.set_clock(&format!("2026-11-{day}T09:00:00Z")).await;
        let mut expected = vec![json!("ana"); served];
        expected.resize(9, Value::Null);
        assert_eq!(owners(&gateway, &leads).await, expected, "on day {day}");
    }
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn caps_free_and_people_come_back_and_nobody_overtakes() {
    let gateway = start(
        json!([{"handle": "ana", "name": "Ana", "caps": {"open": 1}}, {"handle": "rui", "name": "Rui", "active": false},
            {"handle": "boss", "name": "Boss"}]),
        json!([{"handle": "all", "name": "All", "members": [{"rep": "ana"}, {"rep": "rui"}]}]),
        json!([{"name": "All", "assign": {"team": "all"}, "on_none_eligible": "park"}]),
    )
    .await;
    let mut leads = Vec::new();
    for (minute, name) in (0..).zip(["one", "two", "three"]) {
        gateway
            .set_clock(&format!("2026-11-24T09:0{minute}:00Z"))
            .await;
        leads.push(fill_in(&gateway, name, "").await);
    }
    assert_eq!(
        owners(&gateway, &leads).await,
        [json!("ana"), Value::Null, Value::Null]
    );
    let path = format!("/api/v1/leads/{}/assign", leads[0]);
    gateway.api("POST", &path, r#"{"rep": "boss"}"#).await;
    gateway.set_clock("2026-11-24T09:10:00Z").await;
    assert_eq!(
        owners(&gateway, &leads).await,
        [json!("boss"), json!("ana"), Value::Null]
    );
    gateway
        .api("PUT", "/api/v1/reps/rui", r#"{"name": "Rui"}"#)
        .await;
    gateway.set_clock("2026-11-24T09:20:00Z").await;
    leads.push(fill_in(&gateway, "four", "").await);
    let expected = [json!("boss"), json!("ana"), json!("rui"), json!("rui")];
    assert_eq!(owners(&gateway, &leads).await, expected);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_accepted_in_time_goes_on() {
    let sla = json!({"accept_minutes": 30});
    let hours = json!({"tue": ["10:00-10:20", "16:00-18:00"]});
    let gateway = start(
        json!([{"handle": "ana", "name": "Ana", "time_zone": "Europe/Madrid", "hours": hours}, {"handle": "rui", "name": "Rui"}]),
        json!([{"handle": "all", "name": "All", "members": [{"rep": "ana"}, {"rep": "rui"}], "sla": sla}]),
        json!([{"name": "All", "assign": {"team": "all"}}]),
    )
    .await;
    let ana = TokenRow {
        name: "ana".to_owned(),
        role: "rep".to_owned(),
        hash: hash_of("fd_ana"),
        created_at: now(),
        revoked_at: None,
    };
    gateway.running.store.add_token(ana).await.unwrap();
    let leads = [
        fill_in(&gateway, "one", "").await,
        fill_in(&gateway, "two", "").await,
    ];
    assert_eq!(owners(&gateway, &leads).await, ["ana", "rui"]);
    // Twenty minutes until the break, ten after it.
    assert_eq!(
        why(&gateway, &leads[0]).await["accept"]["due"],
        "2026-11-24T15:10:00Z"
    );
    assert_eq!(
        why(&gateway, &leads[1]).await["accept"]["due"],
        "2026-11-24T09:30:00Z"
    );
    let accept = |lead: &str| format!("/api/v1/leads/{lead}/accept");
    let others = call(&gateway, "fd_ana", "POST", &accept(&leads[1]), &Value::Null).await;
    assert_eq!((others.0, &others.1["code"]), (409, &json!("not_yours")));
    let office = gateway.running.processing.office();
    let link = office
        .accept_token(leads[1].parse().unwrap(), 1)
        .await
        .unwrap();
    gateway.set_clock("2026-11-24T15:09:00Z").await;
    assert_eq!(
        owners(&gateway, &leads).await,
        ["ana", "ana"],
        "rui let it pass"
    );
    let passed_on = why(&gateway, &leads[1]).await;
    assert_eq!(
        passed_on["reason"],
        "rui did not accept it within 30 working minutes. Rule \"All\" matched: it is ana's turn in team all."
    );
    assert_eq!(passed_on["accept"]["passed"], json!(["rui"]));
    let stale = office
        .accept_by_link(&link, &hand())
        .await
        .unwrap_err()
        .to_string();
    assert_eq!(
        stale,
        "the lead is ana's now, so it cannot be accepted with this"
    );
    let (status, accepted) =
        call(&gateway, "fd_ana", "POST", &accept(&leads[0]), &Value::Null).await;
    assert_eq!(
        (status, &accepted["accept"]["accepted"]),
        (200, &json!("2026-11-24T15:09:00Z"))
    );
    let again = call(&gateway, "fd_ana", "POST", &accept(&leads[0]), &Value::Null).await;
    assert_eq!(again.0, 200, "accepting twice is accepting once: {again:?}");
    let link = office
        .accept_token(leads[1].parse().unwrap(), 2)
        .await
        .unwrap();
    assert_eq!(
        office
            .accept_by_link(&link, &hand())
            .await
            .unwrap()
            .to_string(),
        leads[1]
    );
    gateway.set_clock("2026-11-25T15:00:00Z").await;
    assert_eq!(owners(&gateway, &leads).await, ["ana", "ana"]);
    for lead in &leads {
        let lead = gateway
            .api("GET", &format!("/api/v1/leads/{lead}"), "")
            .await;
        assert_eq!(lead["fields"]["status"], "working");
    }
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_manager_hands_over_with_a_reason_that_is_kept() {
    let gateway = start(
        json!([{"handle": "ana", "name": "Ana"}, {"handle": "rui", "name": "Rui"}]),
        json!([]),
        json!([{"name": "All", "assign": {"rep": "ana"}}]),
    )
    .await;
    let lead = fill_in(&gateway, "one", "").await;
    let path = format!("/api/v1/leads/{lead}/assign");
    let handed = gateway
        .api(
            "POST",
            &path,
            r#"{"rep": "rui", "reason": "Rui sold to them before"}"#,
        )
        .await;
    assert_eq!(
        (&handed["owner"], &handed["rule"]),
        (&json!("rui"), &Value::Null)
    );
    assert_eq!(
        handed["reason"],
        "whole handed it to rui: Rui sold to them before."
    );
    let record = gateway
        .api("GET", &format!("/api/v1/leads/{lead}"), "")
        .await;
    assert_eq!(
        (
            &record["fields"]["owner"],
            &record["provenance"]["owner"]["locked"]
        ),
        (&json!("rui"), &json!(true))
    );
    assert_eq!(record["timeline"][0]["source"], "whole");
    let history = gateway
        .api("GET", &format!("/api/v1/leads/{lead}/assignments"), "")
        .await;
    let told: Vec<(&Value, &Value)> = history["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (&it["epoch"], &it["owner"]))
        .collect();
    assert_eq!(
        told,
        [(&json!(2), &json!("rui")), (&json!(1), &json!("ana"))]
    );
    for (body, status, code) in [
        (json!({"rep": "eve"}), 409, "not_a_rep"),
        (json!({"rep": "rui"}), 409, "no_change"),
        (
            json!({"reason": "x".repeat(1001), "rep": "ana"}),
            422,
            "invalid",
        ),
        (json!({"to": "ana"}), 422, "invalid"),
    ] {
        let (is, answer) = call(&gateway, "fd_whole", "POST", &path, &body).await;
        assert_eq!(
            (is, answer["code"].as_str()),
            (status, Some(code)),
            "{body}: {answer}"
        );
    }
    let back = gateway.api("POST", &path, "{}").await;
    assert_eq!(back["owner"], "ana");
    let nowhere = "/api/v1/leads/0190a0b0-0000-7000-8000-000000000000/assign";
    assert_eq!(
        call(
            &gateway,
            "fd_whole",
            "POST",
            nowhere,
            &json!({"rep": "ana"})
        )
        .await
        .0,
        404
    );
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_are_drafted_tried_published_and_taken_back() {
    let spain = json!({"field": "contact.address.country", "op": "eq", "value": "ES"});
    let gateway = start(
        json!([{"handle": "ana", "name": "Ana"}, {"handle": "rui", "name": "Rui"}, {"handle": "boss", "name": "Boss"}]),
        json!([]),
        json!([{"name": "Spain", "when": spain, "assign": {"rep": "ana"}}, {"name": "Rest", "assign": {"rep": "boss"}}]),
    )
    .await;
    let mut leads = Vec::new();
    for (nth, country) in ["ES", "FR", "ES", "PT"].iter().enumerate() {
        leads.push(fill_in(&gateway, &format!("n{nth}"), &format!("&country={country}")).await);
    }
    let draft = json!({"version": 1, "rules": [
        {"name": "Portugal", "when": {"field": "contact.address.country", "op": "eq", "value": "PT"}, "assign": {"rep": "rui"}},
        {"name": "Spain", "when": spain, "assign": {"rep": "rui"}},
        {"name": "Late", "when": {"all": [spain, {"field": "lead.budget", "op": "gt", "value": 5}]}, "assign": {"rep": "ana"}},
        {"name": "Rest", "assign": {"rep": "boss"}}]});
    assert_eq!(
        call(
            &gateway,
            "fd_whole",
            "GET",
            "/api/v1/rules/draft",
            &Value::Null
        )
        .await
        .0,
        404
    );
    let saved = gateway
        .api("PUT", "/api/v1/rules/draft", &draft.to_string())
        .await;
    assert_eq!(
        (&saved["revision"], &saved["author"], &saved["problems"]),
        (&json!(1), &json!("whole"), &json!([]))
    );
    assert_eq!(
        saved["changes"][0],
        "Rule \"Portugal\" was added at place 1: when contact.address.country is PT, it goes to rui."
    );
    let stale = call(
        &gateway,
        "fd_whole",
        "PUT",
        "/api/v1/rules/draft?revision=0",
        &draft,
    )
    .await;
    assert_eq!((stale.0, &stale.1["code"]), (409, &json!("stale_draft")));

    let preview = gateway
        .api("POST", "/api/v1/rules/preview", &draft.to_string())
        .await;
    assert_eq!(preview["leads"], 4);
    assert_eq!(
        preview["reps"],
        json!([
            {"rep": "ana", "actual": 2, "before": 2, "after": 0},
            {"rep": "boss", "actual": 2, "before": 2, "after": 1},
            {"rep": "rui", "actual": 0, "before": 0, "after": 3},
        ])
    );
    assert_eq!(preview["moved"], 3);
    assert_eq!(preview["moves"][0]["lead"], json!(leads[3]));
    assert_eq!(
        (&preview["moves"][0]["from"], &preview["moves"][0]["to"]),
        (&json!("boss"), &json!("rui"))
    );
    assert_eq!(
        preview["uncaught"],
        json!({"count": 1, "newest": [leads[1]]})
    );
    assert_eq!(
        preview["rules"][1],
        json!({"rule": "Spain", "matched": 2, "decided": 2})
    );
    let findings: Vec<(&str, &str)> = preview["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["kind"].as_str().unwrap(), it["rule"].as_str().unwrap()))
        .collect();
    assert_eq!(findings, [("shadowed", "Late"), ("no_lead", "Late")]);
    assert_eq!(
        gateway.api("GET", "/api/v1/rules", "").await["version"],
        1,
        "nothing was published"
    );

    let test = json!({"lead": leads[0], "rules": draft});
    let found = gateway
        .api("POST", "/api/v1/rules/test", &test.to_string())
        .await;
    assert_eq!(
        (&found["owner"], &found["rule"]),
        (&json!("rui"), &json!("Spain"))
    );
    assert_eq!(
        found["why_not"],
        json!([
            "Rule \"Portugal\" did not match: contact.address.country is ES, and the rule asks that it is PT."
        ])
    );
    let pasted = json!({"fields": {"contact": {"address": {"country": "ES"}}}});
    let found = gateway
        .api("POST", "/api/v1/rules/test", &pasted.to_string())
        .await;
    assert_eq!(found["owner"], "ana", "by the current rules");

    let published = gateway
        .api(
            "POST",
            "/api/v1/rules/publish",
            r#"{"note": "Rui is back"}"#,
        )
        .await;
    assert_eq!(
        (&published["version"], &published["rules"][1]["name"]),
        (&json!(2), &json!("Spain"))
    );
    let none = call(
        &gateway,
        "fd_whole",
        "POST",
        "/api/v1/rules/publish",
        &json!({}),
    )
    .await;
    assert_eq!(none.0, 404, "the draft is gone: {none:?}");
    let diff = gateway
        .api("GET", "/api/v1/rules/versions/2/diff", "")
        .await;
    assert_eq!(
        (&diff["from"], &diff["changes"]),
        (&json!(1), &saved["changes"])
    );
    let back = gateway
        .api(
            "POST",
            "/api/v1/rules/rollback",
            r#"{"to": 1, "version": 2}"#,
        )
        .await;
    assert_eq!(
        (&back["version"], &back["rules"][0]["assign"]),
        (&json!(3), &json!({"rep": "ana"}))
    );
    let stale = call(
        &gateway,
        "fd_whole",
        "POST",
        "/api/v1/rules/rollback",
        &json!({"to": 1, "version": 2}),
    )
    .await;
    assert_eq!((stale.0, &stale.1["current"]["version"]), (409, &json!(3)));
    let versions = gateway.items("rules/versions").await;
    let told: Vec<Value> = versions
        .iter()
        .map(|it| json!([it["version"], it["author"], it["note"]]))
        .collect();
    assert_eq!(
        told,
        [
            json!([3, "whole", "back to version 1"]),
            json!([2, "whole", "Rui is back"]),
            json!([1, "whole", null])
        ]
    );
    assert_eq!(
        gateway.api("GET", "/api/v1/rules/versions/2", "").await["rules"][0]["name"],
        "Portugal"
    );
    assert_eq!(
        call(
            &gateway,
            "fd_whole",
            "GET",
            "/api/v1/rules/versions/9",
            &Value::Null
        )
        .await
        .0,
        404
    );
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_rules_reach_leads_that_wait() {
    let gateway = start(
        json!([{"handle": "ana", "name": "Ana", "active": false}, {"handle": "rui", "name": "Rui"}]),
        json!([]),
        json!([{"name": "All", "assign": {"rep": "ana"}}]),
    )
    .await;
    let leads = [
        fill_in(&gateway, "one", "").await,
        fill_in(&gateway, "two", "&country=PT").await,
    ];
    assert_eq!(owners(&gateway, &leads).await, [Value::Null, Value::Null]);
    let set = json!({"version": 1, "rules": [
        {"name": "Portugal", "when": {"field": "contact.address.country", "op": "eq", "value": "PT"}, "assign": {"rep": "rui"}},
        {"name": "All", "assign": {"rep": "ana"}}]});
    gateway.api("PUT", "/api/v1/rules", &set.to_string()).await;
    gateway.set_clock("2026-11-24T09:01:00Z").await;
    assert_eq!(
        owners(&gateway, &leads).await,
        [Value::Null, json!("rui")],
        "also from behind the first of its line"
    );
    gateway.stop().await;
}
