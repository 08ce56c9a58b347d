//! Tokens and roles, unknown paths and methods, bodies that are none.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use serde_json::json;

use crate::api::desk::{ADMIN, Desk, noon};

#[actix_web::test]
async fn every_call_needs_a_live_token() {
    let desk = Desk::open().await;
    for path in [
        "/api/v1/contacts",
        "/api/v1/events",
        "/api/v1/rules",
        "/api/v1/nowhere",
        "/api/v1",
    ] {
        for (token, expected) in [("", "token_missing"), ("fd_nobody", "token_invalid")] {
            let answer = desk.call(token, Method::GET, path, "").await;
            assert_eq!((answer.status, answer.code()), (401, expected), "{path}");
            assert_eq!(answer.content_type, "application/problem+json");
        }
    }
    let basic =
        TestRequest::with_uri("/api/v1/leads").insert_header(("authorization", "Basic eDp5"));
    assert_eq!(desk.send(basic).await.code(), "token_missing");
    let answer = desk.call("", Method::GET, "/openapi.json", "").await;
    assert_eq!(answer.status, 200);
    assert!(answer.body["paths"]["/api/v1/leads/{id}/assignment"].is_object());
}

#[actix_web::test]
async fn a_revoked_token_stops_working_at_once() {
    let desk = Desk::open().await;
    let path = "/api/v1/contacts";
    assert_eq!(
        desk.call("fd_viewer", Method::GET, path, "").await.status,
        200
    );
    assert!(
        desk.store
            .revoke_token("viewer".to_owned(), noon())
            .await
            .unwrap()
    );
    let answer = desk.call("fd_viewer", Method::GET, path, "").await;
    assert_eq!((answer.status, answer.code()), (401, "token_invalid"));
}

#[actix_web::test]
async fn roles_read_and_managers_write() {
    let desk = Desk::open().await;
    let rep = json!({"handle": "ana", "name": "Ana"}).to_string();
    let writes = [
        (Method::POST, "/api/v1/reps", rep.as_str()),
        (Method::PUT, "/api/v1/reps/ana", rep.as_str()),
        (Method::DELETE, "/api/v1/reps/ana", ""),
        (Method::POST, "/api/v1/teams", "{}"),
        (Method::PUT, "/api/v1/teams/x", "{}"),
        (Method::DELETE, "/api/v1/teams/x", ""),
        (Method::PUT, "/api/v1/rules", "{}"),
        (Method::POST, "/api/v1/events/replay", "{}"),
        (Method::POST, "/api/v1/events/release", "{}"),
    ];
    for role in ["viewer", "rep", "manager", "admin"] {
        let token = format!("fd_{role}");
        for path in [
            "/api/v1/leads",
            "/api/v1/reps",
            "/api/v1/rules",
            "/api/v1/refusals",
        ] {
            let answer = desk.call(&token, Method::GET, path, "").await;
            assert_eq!(answer.status, 200, "{role} {path}: {answer:?}");
        }
        for (method, path, body) in &writes {
            let answer = desk.call(&token, method.clone(), path, body).await;
            let denied = (answer.status, answer.code()) == (403, "role_denied");
            let may = matches!(role, "manager" | "admin");
            assert_eq!(denied, !may, "{role} {method} {path}: {answer:?}");
        }
    }
}

#[actix_web::test]
async fn what_does_not_exist_is_said_in_problem_json() {
    let desk = Desk::open().await;
    let nil = "00000000-0000-0000-0000-000000000000";
    for (method, path, status, code) in [
        (Method::GET, "/api/v1/nowhere", 404, "not_found"),
        (Method::GET, "/api/v1/leads/x", 404, "not_found"),
        (
            Method::GET,
            &format!("/api/v1/leads/{nil}"),
            404,
            "not_found",
        ),
        (
            Method::GET,
            &format!("/api/v1/leads/{nil}/assignment"),
            404,
            "not_found",
        ),
        (
            Method::GET,
            &format!("/api/v1/events/{nil}"),
            404,
            "not_found",
        ),
        (
            Method::POST,
            &format!("/api/v1/events/{nil}/replay"),
            404,
            "not_found",
        ),
        (
            Method::POST,
            &format!("/api/v1/events/{nil}/release"),
            404,
            "not_found",
        ),
        (
            Method::GET,
            &format!("/api/v1/refusals/{nil}"),
            404,
            "not_found",
        ),
        (
            Method::DELETE,
            "/api/v1/contacts",
            405,
            "method_not_allowed",
        ),
        (
            Method::GET,
            "/api/v1/events/replay",
            405,
            "method_not_allowed",
        ),
        (Method::DELETE, "/api/v1/reps/nobody", 404, "not_found"),
        (Method::DELETE, "/api/v1/teams/nobody", 404, "not_found"),
    ] {
        let answer = desk.call(ADMIN, method.clone(), path, "").await;
        assert_eq!(
            (answer.status, answer.code()),
            (status, code),
            "{method} {path}"
        );
        assert_eq!(answer.content_type, "application/problem+json");
        assert!(answer.body["detail"].as_str().unwrap().len() > 10);
    }
}

#[actix_web::test]
async fn bodies_that_are_none() {
    let desk = Desk::open().await;
    let big = format!("{{\"name\":\"{}\"}}", "x".repeat(1024 * 1024));
    for (content_type, body, status, code) in [
        ("application/json", "{", 400, "malformed_body"),
        ("application/json", "", 400, "malformed_body"),
        ("application/json", "[]", 422, "invalid"),
        (
            "application/json",
            "{\"handle\":\"a\",\"name\":\"A\",\"nmae\":1}",
            422,
            "invalid",
        ),
        ("text/plain", "{}", 415, "unsupported_media_type"),
        ("application/json", big.as_str(), 413, "body_too_large"),
    ] {
        let request = TestRequest::post()
            .uri("/api/v1/reps")
            .insert_header(("authorization", format!("Bearer {ADMIN}")))
            .insert_header(("content-type", content_type))
            .set_payload(body.to_owned());
        let answer = desk.send(request).await;
        let start = body.get(..40).unwrap_or(body);
        assert_eq!(
            (answer.status, answer.code()),
            (status, code),
            "{start}: {answer:?}"
        );
    }
}

/// A body that does not fit is told with its place, in words that need no knowledge of the program.
#[actix_web::test]
async fn bodies_that_do_not_fit_are_told_with_their_place() {
    let desk = Desk::open().await;
    for (path, body, place, words) in [
        (
            "reps",
            json!(["ana", "Ana"]),
            "",
            "must be an object, not a list",
        ),
        ("reps", json!({"handle": "ana"}), "/name", "is missing"),
        (
            "reps",
            json!({"handle": 7, "name": "A"}),
            "/handle",
            "must be a text, not a number",
        ),
        (
            "reps",
            json!({"handle": "a", "name": "A", "activ": true}),
            "/activ",
            "did you mean \"active\"?",
        ),
        (
            "teams",
            json!({"handle": "t", "name": "T", "members": [["ana", 2]]}),
            "/members/0",
            "must be an object, not a list",
        ),
        ("events/replay", json!({"events": ["x"]}), "/events/0", ""),
        (
            "events/replay",
            json!({"since": 7}),
            "/since",
            "not a number",
        ),
        ("events/release", json!([]), "", "must be an object"),
        (
            "events/release",
            json!({"status": "failed"}),
            "/status",
            "is not known here",
        ),
    ] {
        let answer = desk.post(&format!("/api/v1/{path}"), body.clone()).await;
        assert_eq!(
            (answer.status, answer.code()),
            (422, "invalid"),
            "{body}: {answer:?}"
        );
        let fault = &answer.body["violations"][0];
        assert_eq!(fault["path"], place, "{body}: {answer:?}");
        let message = fault["message"].as_str().unwrap();
        assert!(message.contains(words), "{body}: {message}");
        for jargon in ["struct", "sequence", "expected", "invalid type", "serde"] {
            assert!(!message.contains(jargon), "{body}: {message}");
        }
    }
}
