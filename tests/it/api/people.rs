//! Reps, teams and rules: made, changed, kept from breaking.

use actix_web::http::Method;
use serde_json::{Value, json};

use crate::api::desk::{ADMIN, Desk};

async fn seed(desk: &Desk) {
    for handle in ["ana", "rui"] {
        let answer = desk
            .post("/api/v1/reps", json!({"handle": handle, "name": handle}))
            .await;
        assert_eq!(answer.status, 201, "{answer:?}");
        assert_eq!(answer.location, Some(format!("/api/v1/reps/{handle}")));
    }
    let members = json!([{"rep": "ana", "weight": 2}, {"rep": "rui"}]);
    let team = json!({"handle": "iberia", "name": "Iberia", "members": members});
    assert_eq!(desk.post("/api/v1/teams", team).await.status, 201);
}

fn rules(version: &Value, rules: Value) -> Value {
    json!({"version": version, "rules": rules})
}

#[actix_web::test]
async fn reps_and_teams_live_their_lives() {
    let desk = Desk::open().await;
    seed(&desk).await;
    let ana = desk.get("/api/v1/reps/ana").await.body;
    assert_eq!(
        ana,
        json!({"handle": "ana", "name": "ana", "active": true, "time_zone": "UTC"})
    );
    let again = desk
        .post("/api/v1/reps", json!({"handle": "ana", "name": "x"}))
        .await;
    assert_eq!((again.status, again.code()), (409, "already_exists"));
    let changed = json!({"name": "Ana Ruiz", "email": "ana@example.com", "active": false, "time_zone": "Europe/Madrid"});
    let answer = desk.put("/api/v1/reps/ana", changed).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(desk.get("/api/v1/reps/ana").await.body["name"], "Ana Ruiz");
    let renamed = desk
        .put("/api/v1/reps/ana", json!({"handle": "anna", "name": "A"}))
        .await;
    assert_eq!((renamed.status, renamed.code()), (422, "invalid"));
    let in_use = desk
        .call(ADMIN, Method::DELETE, "/api/v1/reps/ana", "")
        .await;
    assert_eq!((in_use.status, in_use.code()), (409, "in_use"));
    let handles: Vec<Value> = desk.get("/api/v1/reps").await.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rep| rep["handle"].clone())
        .collect();
    assert_eq!(handles, ["ana", "rui"]);
    for path in ["/api/v1/teams/iberia", "/api/v1/reps/ana"] {
        let gone = desk.call(ADMIN, Method::DELETE, path, "").await;
        assert_eq!(gone.status, 204, "{gone:?}");
        assert_eq!(desk.get(path).await.status, 404);
    }
}

#[actix_web::test]
async fn a_team_needs_reps_that_exist() {
    let desk = Desk::open().await;
    seed(&desk).await;
    let members = json!([{"rep": "eve"}, {"rep": "ana", "weight": 0}]);
    let team = json!({"handle": "No Good", "name": "x", "members": members});
    let answer = desk.post("/api/v1/teams", team).await;
    assert_eq!((answer.status, answer.code()), (422, "invalid"));
    let paths: Vec<&str> = answer.body["violations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| fault["path"].as_str().unwrap())
        .collect();
    assert_eq!(paths, ["/handle", "/members/0/rep", "/members/1/weight"]);
}

#[actix_web::test]
async fn rules_are_published_in_versions() {
    let desk = Desk::open().await;
    seed(&desk).await;
    let before = desk.get("/api/v1/rules").await.body;
    let country = json!({"field": "contact.address.country", "op": "eq", "value": "ES"});
    let spain = json!({"name": "Spain", "when": {"all": [country]},
        "assign": {"team": "iberia", "strategy": "round_robin"}, "on_none_eligible": "next_rule"});
    let rest =
        json!({"name": "Everyone else", "assign": {"rep": "rui"}, "on_none_eligible": "next_rule"});
    let draft = rules(&before["version"], json!([spain, rest]));
    let published = desk.put("/api/v1/rules", draft.clone()).await;
    assert_eq!(published.status, 200, "{published:?}");
    let version = published.body["version"].as_u64().unwrap();
    assert!(version > before["version"].as_u64().unwrap());
    assert_eq!(published.body["rules"], draft["rules"]);
    assert_eq!(desk.get("/api/v1/rules").await.body, published.body);

    let stale = desk.put("/api/v1/rules", draft).await;
    assert_eq!((stale.status, stale.code()), (409, "stale_version"));
    assert_eq!(stale.body["current"], published.body);
    assert!(
        stale.body["detail"]
            .as_str()
            .unwrap()
            .contains(&version.to_string())
    );
}

#[actix_web::test]
async fn rules_that_cannot_work_are_not_published() {
    let desk = Desk::open().await;
    seed(&desk).await;
    let version = desk.get("/api/v1/rules").await.body["version"].clone();
    let rest = json!({"name": "All", "assign": {"rep": "rui"}});
    let only_if = json!({"field": "status", "op": "eq", "value": "new"});
    for (draft, word) in [
        (json!([]), "catch-all"),
        (
            json!([{"name": "x", "when": only_if, "assign": {"rep": "rui"}}]),
            "catch-all",
        ),
        (json!([{"name": "All", "assign": {"rep": "eve"}}]), "eve"),
        (
            json!([{"name": "x", "when": {"field": "status", "op": "is"}, "assign": {"rep": "rui"}}, rest]),
            "is",
        ),
        (
            json!([{"name": "x", "when": {"expr": "lead.("}, "assign": {"rep": "rui"}}, rest]),
            "",
        ),
        (json!([{"name": "x", "assign": {"user": "rui"}}]), "HANDLE"),
    ] {
        let answer = desk
            .put("/api/v1/rules", rules(&version, draft.clone()))
            .await;
        assert_eq!(
            (answer.status, answer.code()),
            (422, "invalid"),
            "{draft}: {answer:?}"
        );
        let said = answer.body["violations"].to_string();
        assert!(said.contains(word), "{draft}: {said}");
    }
    assert_eq!(desk.get("/api/v1/rules").await.body["version"], version);
}
