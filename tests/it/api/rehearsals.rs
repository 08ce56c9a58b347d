//! Rules that are only played with: previews, and tests with one lead.

use serde_json::{Value, json};

use crate::api::desk::Desk;

/// A team of two, and rules for it.
async fn open() -> Desk {
    let desk = Desk::open().await;
    for handle in ["ana", "rui"] {
        let rep = json!({"handle": handle, "name": handle});
        assert_eq!(desk.post("/api/v1/reps", rep).await.status, 201);
    }
    let members = json!([{"rep": "ana"}, {"rep": "rui"}]);
    let team = json!({"handle": "iberia", "name": "Iberia", "members": members});
    assert_eq!(desk.post("/api/v1/teams", team).await.status, 201);
    desk
}

/// To a rep by this condition, and else to the team.
fn rules(when: Value) -> Value {
    json!([
        {"name": "Big", "when": when, "assign": {"rep": "rui"}},
        {"name": "Everyone else", "when": null, "assign": {"team": "iberia", "strategy": "round_robin"}},
    ])
}

fn big() -> Value {
    json!({"field": "lead.budget", "op": "gt", "value": 10_000})
}

#[actix_web::test]
async fn a_draft_needs_no_version_until_it_is_published() {
    let desk = open().await;
    let draft = json!({"rules": rules(big())});
    let preview = desk.post("/api/v1/rules/preview", draft.clone()).await;
    assert_eq!(preview.status, 200, "{preview:?}");
    let test = json!({"fields": {"lead": {"budget": "20000"}}, "rules": draft});
    let test = desk.post("/api/v1/rules/test", test).await;
    assert_eq!(test.body["owner"], "rui", "{test:?}");
    let published = desk.put("/api/v1/rules", draft).await;
    assert_eq!((published.status, published.code()), (422, "invalid"));
    assert_eq!(published.body["violations"][0]["path"], "/version");
    let published = json!({"version": 0, "rules": rules(big())});
    let published = desk.put("/api/v1/rules", published).await;
    assert_eq!(published.status, 200, "{published:?}");
    assert!(published.body["rules"][1].get("when").is_none());
}

#[actix_web::test]
async fn a_test_lead_leaves_the_turns_as_they_are() {
    let desk = open().await;
    let set = json!({"version": 0, "rules": rules(big())});
    desk.put("/api/v1/rules", set).await;
    for (is_test, spends) in [(true, false), (false, true)] {
        let fields = json!({"fields": {"lead": {"test": is_test}}});
        let answer = desk.post("/api/v1/rules/test", fields).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let after = answer.body["trace"]["turns"]["after"].as_array().unwrap();
        assert_eq!(!after.is_empty(), spends, "{answer:?}");
        let reason = answer.body["reason"].as_str().unwrap();
        assert_eq!(reason.contains("no turn was spent"), is_test, "{reason}");
    }
}

/// Subscriptions call it `record`, rules `lead`; both are understood.
#[actix_web::test]
async fn a_lead_is_a_record_too() {
    let desk = open().await;
    for when in [
        json!({"field": "record.budget", "op": "gt", "value": 10_000}),
        json!({"expr": "record.budget | float > 10000"}),
        json!({"expr": "record.budget | float > 10000 and not lead.test"}),
    ] {
        for (budget, owner) in [("20000", "rui"), ("1", "ana")] {
            let test = json!({
                "fields": {"lead": {"budget": budget}},
                "rules": {"rules": rules(when.clone())},
            });
            let answer = desk.post("/api/v1/rules/test", test).await;
            assert_eq!(answer.body["owner"], owner, "{when}: {answer:?}");
        }
    }
    let odd = json!({"expr": "record.budgte | float > 10000"});
    let odd = json!({"rules": rules(odd)});
    let refused = desk.post("/api/v1/rules/preview", odd).await;
    assert_eq!((refused.status, refused.code()), (422, "invalid"));
}
