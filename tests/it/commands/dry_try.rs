//! `frontdesk try`: one JSON document on stdout, exit 0, 1 or 2.

use std::path::Path;

use base64::Engine;
use hmac::{KeyInit, Mac};
use serde_json::{Value, json};

use crate::commands::{Said, frontdesk};
use crate::process::{SECRET, signed, write_config};

const LEAD: &str = r#"{"type":"lead.created","timestamp":"2026-11-24T08:00:00Z",
    "data":{"external_id":"L1","title":"Quote","contact":{"email":"Ana@Example.com","phone":"612 345 678"}}}"#;
const LEADGEN: &str = r#"{"object":"page","entry":[{"id":"1","time":1767225700,"changes":[{"field":"leadgen",
    "value":{"leadgen_id":"555","page_id":"1","form_id":"7","created_time":1767225660}}]}]}"#;
const ANSWER: &str = r#"{"id":"555","created_time":"2026-01-01T00:01:00+0000","field_data":[
    {"name":"full_name","values":["Inés Romero"]},{"name":"email","values":["ines@example.com"]}]}"#;

fn tried(arguments: &[&str]) -> Said {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("lead.json", LEAD),
        ("leadgen.json", LEADGEN),
        ("answer.json", ANSWER),
        ("broken.json", "{"),
        ("empty.json", "{}"),
        ("ping.txt", "webhook_id=12"),
        ("other.json", r#"{"type": "location.created"}"#),
    ] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let mut all = vec!["try"];
    all.extend_from_slice(arguments);
    frontdesk(folder.path(), &all)
}

fn kinds(document: &Value) -> Vec<&str> {
    let records = document["records"].as_array().unwrap();
    records
        .iter()
        .map(|record| record["kind"].as_str().unwrap())
        .collect()
}

#[test]
fn a_body_becomes_records() {
    let said = tried(&[
        "standard_webhooks",
        "--body",
        "lead.json",
        "--region",
        "es",
        "--header",
        "Webhook-Id: msg_1",
    ]);
    assert_eq!(said.code, 0, "{said:?}");
    let document = said.json();
    assert_eq!(document["source"], "standard_webhooks");
    assert_eq!(document["event"], "lead.created");
    assert_eq!(document["delivery_id"], "msg_1");
    assert_eq!(
        (&document["violations"], &document["ignored"]),
        (&json!([]), &json!(0))
    );
    assert_eq!(kinds(&document), ["contact", "lead"]);
    assert_eq!(document["records"][0]["fields"]["email"], "ana@example.com");
    assert_eq!(
        document["records"][0]["fields"]["phone"], "+34612345678",
        "the region counts"
    );
}

#[test]
fn a_thin_event_asks_for_its_answer() {
    let said = tried(&["meta", "--body", "leadgen.json"]);
    assert_eq!(said.code, 0, "{said:?}");
    let lead = &said.json()["records"][0];
    assert_eq!(lead["needs_fetch"], true);
    assert_eq!(lead["fields"]["external_id"], "555");
    let said = tried(&["meta", "--body", "leadgen.json", "--fetched", "answer.json"]);
    let document = said.json();
    assert_eq!(kinds(&document), ["contact", "lead"], "{said:?}");
    assert_eq!(document["records"][0]["fields"]["full_name"], "Inés Romero");
    assert!(document["records"][1].get("needs_fetch").is_none());
}

/// A ping that a platform posts when a webhook is made is no event that lacks its name.
#[test]
fn a_set_up_request_is_no_event() {
    let form = ["--content-type", "application/x-www-form-urlencoded"];
    let said = tried(&["woocommerce", "--body", "ping.txt", form[0], form[1]]);
    assert_eq!(said.code, 0, "{said:?}");
    let document = said.json();
    assert_eq!(
        (&document["event"], &document["violations"]),
        (&Value::Null, &json!([]))
    );
    assert_eq!(document["records"], json!([]));
    assert!(said.err.contains("A set-up request"), "{said:?}");
    // Nobody signs it.
    let secret = ["--verify", "a secret of the shop"];
    let said = tried(&[
        "woocommerce",
        "--body",
        "ping.txt",
        form[0],
        form[1],
        secret[0],
        secret[1],
    ]);
    assert!(
        said.code == 0 && said.err.contains("A set-up request"),
        "{said:?}"
    );
    let topic = ["--header", "X-WC-Webhook-Topic: order.created"];
    let said = tried(&["woocommerce", "--body", "empty.json", topic[0], topic[1]]);
    assert!(!said.err.contains("A set-up request"), "{said:?}");
}

#[test]
fn exit_codes_tell_what_happened() {
    for (arguments, code, words) in [
        (
            vec!["standard_webhooks", "--body", "other.json"],
            0,
            "no interest",
        ),
        (
            vec!["standard_webhooks", "--body", "empty.json"],
            2,
            "does not validate",
        ),
        (
            vec![
                "shopify",
                "--body",
                "empty.json",
                "--header",
                "X-Shopify-Topic: orders/create",
            ],
            2,
            "does not validate",
        ),
        (
            vec!["shopify", "--body", "broken.json"],
            1,
            "not valid JSON",
        ),
        (vec!["shopify", "--body", "absent.json"], 1, "absent.json"),
        (vec!["shopify"], 1, "--body"),
        (
            vec!["shopfy", "--body", "empty.json"],
            1,
            "did you mean shopify",
        ),
        (
            vec!["shopify", "--body", "empty.json", "--header", "x"],
            1,
            "Name: value",
        ),
        (
            vec!["meta", "--body", "leadgen.json", "--fetched", "broken.json"],
            1,
            "not JSON",
        ),
        (
            vec![
                "shopify",
                "--body",
                "empty.json",
                "--content-type",
                "text/csv",
            ],
            1,
            "",
        ),
    ] {
        let said = tried(&arguments);
        assert_eq!(said.code, code, "{arguments:?}: {said:?}");
        assert!(said.err.contains(words), "{arguments:?}: {said:?}");
        if code == 1 {
            assert_eq!(
                said.out, "",
                "{arguments:?}: nothing but the document goes to stdout"
            );
        }
    }
    let said = tried(&[
        "shopify",
        "--body",
        "empty.json",
        "--header",
        "X-Shopify-Topic: orders/create",
    ]);
    let document = said.json();
    assert_eq!(document["records"], json!([]));
    assert!(
        document["violations"][0]["message"]
            .as_str()
            .unwrap()
            .contains("id"),
        "{document}"
    );
}

#[test]
fn the_signature_is_checked_when_asked_for() {
    let lines = signed("msg_1", LEAD);
    let headers: Vec<&str> = lines.lines().collect();
    let with = |secret: &str| {
        let mut arguments = vec![
            "standard_webhooks",
            "--body",
            "lead.json",
            "--verify",
            secret,
        ];
        for header in &headers {
            arguments.extend(["--header", header]);
        }
        tried(&arguments)
    };
    assert_eq!(with(SECRET).code, 0, "{:?}", with(SECRET));
    let said = with("whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU=");
    assert_eq!(said.code, 1);
    assert!(said.err.contains("signature_mismatch"), "{said:?}");
    assert!(
        said.err.split_whitespace().all(|word| word.len() < 40),
        "the expected signature is never shown: {said:?}"
    );
    assert_eq!(with("").code, 1);
}

/// What is wrong with a signature is explained, with the secrets of the config's other endpoints.
#[test]
fn a_signature_that_does_not_fit_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    write_config(
        folder.path(),
        "retired_secrets = [\"whsec_MTExMTExMTExMTExMTExMTExMTExMTEx\"]\n[[endpoint]]\nname = \"blog\"\nsource = \"standard_webhooks\"\nsecrets = [\"whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU=\"]\n",
    );
    std::fs::write(folder.path().join("lead.json"), LEAD).unwrap();
    std::fs::write(folder.path().join("spaced.json"), LEAD.replace(':', ": ")).unwrap();
    let lines = signed("msg_1", LEAD);
    let tried = |secret: &str, body: &str, more: &[&str]| {
        let mut arguments = vec![
            "try",
            "standard_webhooks",
            "--body",
            body,
            "--verify",
            secret,
        ];
        arguments.extend(["--config", "frontdesk.toml"]);
        // Of a repeated header the first counts.
        arguments.extend(more);
        for header in lines.lines() {
            arguments.extend(["--header", header]);
        }
        frontdesk(folder.path(), &arguments)
    };
    assert_eq!(tried(SECRET, "lead.json", &[]).code, 0);
    let other = "whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU=";
    for (secret, body, more, words) in [
        (other, "lead.json", &[][..], "unexplained: "),
        (SECRET, "spaced.json", &[], "unexplained: "),
        (
            SECRET,
            "lead.json",
            &["--header", "webhook-timestamp: 1700000000"],
            "clock: ",
        ),
    ] {
        let said = tried(secret, body, more);
        assert_eq!((said.code, said.out.as_str()), (1, ""), "{said:?}");
        assert!(said.err.contains(words), "{words}: {said:?}");
        assert!(!said.err.contains(secret), "{said:?}");
    }
    let foreign = frontdesk(
        folder.path(),
        &[
            "try",
            "github",
            "--body",
            "lead.json",
            "--verify",
            "not this one",
            "--header",
            "x-hub-signature-256: sha256=00",
        ],
    );
    assert!(
        foreign.err.contains("length: ") && foreign.err.contains("signature_mismatch"),
        "{foreign:?}"
    );
    // Where the URL is signed, it can be told.
    let body = r#"{"type":"location.created"}"#;
    std::fs::write(folder.path().join("square.json"), body).unwrap();
    let square = |url: &str| {
        let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(b"signature-key").unwrap();
        mac.update(format!("https://webhook.site/webhooks{body}").as_bytes());
        let signature =
            base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes());
        let header = format!("x-square-hmacsha256-signature: {signature}");
        frontdesk(
            folder.path(),
            &[
                "try",
                "square",
                "--body",
                "square.json",
                "--verify",
                "signature-key",
                "--url",
                url,
                "--header",
                &header,
            ],
        )
    };
    assert_eq!(square("https://webhook.site/webhooks").code, 0);
    let other = square("http://webhook.site/webhooks/");
    assert!(
        other.err.contains("url: ") && other.err.contains("https://webhook.site/webhooks,"),
        "{other:?}"
    );
}

#[test]
fn an_event_without_its_name_does_not_validate() {
    let said = tried(&["shopify", "--body", "empty.json"]);
    assert_eq!(said.code, 2, "{said:?}");
    let document = said.json();
    assert_eq!(document["records"], json!([]));
    let message = document["violations"][0]["message"].as_str().unwrap();
    assert!(
        message.contains("x-shopify-topic") && message.contains("--header"),
        "{message}"
    );
}

/// The contract: no records when something is wrong, not even those of the parts that are right.
#[test]
fn a_batch_with_a_bad_part_has_no_records() {
    let batch = r#"{"object":"page","entry":[{"id":"1","time":1767225700,"changes":[
        {"field":"leadgen","value":{"leadgen_id":"555","page_id":"1","form_id":"7","created_time":1767225660}},
        {"field":"leadgen","value":{"page_id":"1"}}]}]}"#;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("batch.json"), batch).unwrap();
    let said = frontdesk(folder.path(), &["try", "meta", "--body", "batch.json"]);
    assert_eq!(said.code, 2, "{said:?}");
    let document = said.json();
    assert_eq!(document["records"], json!([]));
    assert!(!document["violations"].as_array().unwrap().is_empty());
}

#[test]
fn real_samples_become_records() {
    let payloads = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/payloads");
    if !payloads.is_dir() {
        eprintln!("NOT RUN: {} is absent", payloads.display());
        return;
    }
    for (source, file, expected) in [
        ("shopify", "orders_create", vec!["contact", "order"]),
        ("shopify", "customers_create", vec!["contact"]),
        ("shopify", "checkouts_create", vec!["contact", "order"]),
    ] {
        let body = payloads.join(source).join(format!("{file}.json"));
        let headers = payloads.join(source).join(format!("{file}.headers.json"));
        let headers: serde_json::Map<String, Value> =
            serde_json::from_str(&std::fs::read_to_string(headers).unwrap()).unwrap();
        let lines: Vec<String> = headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.as_str().unwrap()))
            .collect();
        let body = body.display().to_string();
        let mut arguments = vec![source, "--body", &body];
        for line in &lines {
            arguments.extend(["--header", line]);
        }
        let said = tried(&arguments);
        assert_eq!(said.code, 0, "{file}: {said:?}");
        assert_eq!(kinds(&said.json()), expected, "{file}");
    }
}
