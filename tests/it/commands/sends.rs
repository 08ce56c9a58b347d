//! `frontdesk send`: signed as the real sender would, taken by a real gateway.

use serde_json::json;

use crate::commands::{frontdesk, works};
use crate::process::{Gateway, command, seed_team, write_config};

const MORE: &str = r#"
[[endpoint]]
name = "shop"
source = "shopify"
secrets = ["a-secret-of-the-shop"]

[[endpoint]]
name = "website"
source = "contact_form"
verify = "none"

[[endpoint]]
name = "ads"
source = "meta"
secrets = ["a-secret-of-the-app"]
settings = { verify_token = "a-verify-token", access_token = "a-page-token", api_base = "http://127.0.0.1:9" }
"#;

#[test]
fn samples_of_every_source_are_accepted() {
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path(), MORE);
    let token = command(folder.path(), &["token", "create", "--name", "t"]);
    let gateway = Gateway::start(folder.path());
    seed_team(&gateway, &token);
    let url = format!("http://{}", gateway.address);
    for arguments in [
        vec!["send", "crm"],
        vec!["send", "crm", "order.created"],
        vec!["send", "shop"],
        vec!["send", "shop", "customers/create"],
        vec!["send", "website"],
        vec!["send", "ads", "leadgen"],
    ] {
        let mut arguments = arguments;
        arguments.extend(["--url", &url]);
        let said = works(folder.path(), &arguments);
        assert!(
            said.starts_with("200 {\"status\":\"accepted\""),
            "{arguments:?}: {said}"
        );
    }
    let many = works(
        folder.path(),
        &[
            "send",
            "shop",
            "orders/create",
            "--count",
            "25",
            "--url",
            &url,
        ],
    );
    assert_eq!(many, "25 sent: 25 accepted, 0 duplicate, 0 refused");
    // The whole URL of another path is taken as it is.
    let said = frontdesk(
        folder.path(),
        &["send", "shop", "--url", &format!("{url}/hooks/nowhere")],
    );
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains("unknown_endpoint"), "{said:?}");
    gateway.api(&token, "GET", "/api/v1/orders", "");
}

#[test]
fn a_body_of_ones_own_is_signed_too() {
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path(), MORE);
    let token = command(folder.path(), &["token", "create", "--name", "t"]);
    let gateway = Gateway::start(folder.path());
    seed_team(&gateway, &token);
    let url = format!("http://{}", gateway.address);
    let contact = json!({"type": "contact.created", "data": {"external_id": "C1", "email": "own@example.com"}});
    std::fs::write(folder.path().join("own.json"), contact.to_string()).unwrap();
    works(
        folder.path(),
        &["send", "crm", "--body", "own.json", "--url", &url],
    );
    gateway.drain(&token);
    let found = gateway.api(&token, "GET", "/api/v1/contacts?email=own@example.com", "");
    assert_eq!(found["items"].as_array().unwrap().len(), 1, "{found}");
    std::fs::write(
        folder.path().join("bad.json"),
        r#"{"type":"lead.created","data":1}"#,
    )
    .unwrap();
    let said = frontdesk(
        folder.path(),
        &["send", "crm", "--body", "bad.json", "--url", &url],
    );
    assert_eq!(said.code, 1, "{said:?}");
    assert!(
        said.out.starts_with("422 ") && said.out.contains("schema_violation"),
        "{said:?}"
    );
}

#[test]
fn mistakes_are_named() {
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path(), MORE);
    for (arguments, words) in [
        (vec!["send", "shpo"], "did you mean shop"),
        (
            vec!["send", "shop", "orders/creat"],
            "did you mean orders/create",
        ),
        (vec!["send", "shop", "--count", "0"], "0"),
        (vec!["send", "shop", "--url", "nonsense"], "nonsense"),
        (
            vec!["send", "shop", "--url", "http://127.0.0.1:9"],
            "nobody answers",
        ),
    ] {
        let said = frontdesk(folder.path(), &arguments);
        assert_eq!(said.code, 1, "{arguments:?}: {said:?}");
        assert!(said.err.contains(words), "{arguments:?}: {said:?}");
    }
}
