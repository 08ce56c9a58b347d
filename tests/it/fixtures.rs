//! Every `tests/fixtures/<source>/<case>/`: request.http becomes expected.json, as `frontdesk try` would print it.
//!
//! fetched.json, where it is there, holds the list of the sender's answers. A case without expected.json gets one
//! written beside it, to be read by a person before it is renamed.

use std::fs;
use std::path::{Path, PathBuf};

use frontdesk::model::request::Headers;
use frontdesk::process::preview::try_body;
use serde_json::Value;

use crate::dry;

#[test]
fn fixtures_become_what_they_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let cases = folders(&root)
        .iter()
        .flat_map(|source| folders(source))
        .collect::<Vec<_>>();
    assert!(cases.len() >= 80, "the fixtures were not found");
    let failed: Vec<String> = cases.iter().filter_map(|case| fault(case)).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

fn folders(root: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(root)
        .unwrap_or_else(|error| panic!("{}: {error}", root.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    found
}

fn fault(case: &Path) -> Option<String> {
    let source = case.parent()?.file_name()?.to_str()?;
    let text = fs::read_to_string(case.join("request.http")).unwrap();
    let fetched: Vec<Value> = match fs::read_to_string(case.join("fetched.json")) {
        Ok(text) => serde_json::from_str(&text).unwrap(),
        Err(_) => Vec::new(),
    };
    let recipe = dry::recipe(source, Some("ES"));
    let found = match try_body(&recipe, &dry::written(&text), &fetched) {
        Ok(report) => serde_json::to_value(report).unwrap(),
        Err(error) => serde_json::json!({"error": error.to_string()}),
    };
    let Ok(expected) = fs::read_to_string(case.join("expected.json")) else {
        let text = serde_json::to_string_pretty(&found).unwrap();
        fs::write(case.join("expected.json.new"), text + "\n").unwrap();
        return Some(format!("{}: has no expected.json", case.display()));
    };
    let expected: Value = serde_json::from_str(&expected).unwrap();
    (found != expected).then(|| {
        format!(
            "{}:\n--- expected\n{expected:#}\n--- found\n{found:#}",
            case.display()
        )
    })
}

/// Real bodies of the senders, where they lie beside the repository, and the records that each becomes. A file that is
/// not listed is a failure: a new sample must be understood, or said to be none.
const REAL: &[(&str, &str, &str)] = &[
    ("activecampaign", "automation_contact.txt", "contact"),
    ("activecampaign", "contact_tag_added.txt", "contact"),
    ("adf_xml", "prospect.xml", "contact lead"),
    ("bigcommerce", "store_cart_abandoned.json", "order"),
    ("bigcommerce", "store_customer_created.json", "contact"),
    ("bigcommerce", "store_order_created.json", "order"),
    ("bigcommerce", "store_order_statusUpdated.json", "order"),
    ("brevo", "contact_updated.json", "contact"),
    ("brevo", "list_addition.json", "contact"),
    ("calcom", "booking_created.json", "contact lead"),
    ("calendly", "invitee_canceled.json", "contact lead"),
    ("calendly", "invitee_created.json", "contact lead"),
    ("ecwid", "order_created_minimal.json", "order"),
    ("elementor", "advanced_data_form.txt", "contact lead"),
    ("elementor", "simple_data_form.txt", "contact lead"),
    ("formspree", "submission.json", "contact lead"),
    ("freshdesk", "ticket_created.json", "contact ticket"),
    ("front", "inbound_message.json", "contact ticket"),
    ("github", "issues_opened.json", "contact ticket"),
    ("github", "ping.json", ""),
    ("google_ads", "lead_form.json", "contact lead"),
    ("helpscout", "convo_created.json", "contact ticket"),
    ("helpscout", "customer_created.json", "contact"),
    ("hubspot", "contact_creation_v1signed.json", "contact"),
    ("hubspot", "contact_creation_v3signed.json", "contact"),
    ("intercom", "contact_lead_created.json", "contact lead"),
    ("intercom", "ping.json", ""),
    ("intercom", "ticket_created.json", "ticket"),
    ("jira", "issue_created_minimal.json", "contact ticket"),
    ("jotform", "submission_multipart.txt", "contact lead"),
    ("klaviyo", "bounced_email.json", "contact"),
    ("linkedin", "lead_action_created.json", "lead"),
    ("linkedin", "validation_request.txt", NO_BODY),
    ("magento", "catalog_product_save_cloudevent.json", ""),
    ("mailchimp", "subscribe.txt", "contact"),
    ("mailchimp", "unsubscribe.txt", "contact"),
    ("meta", "graph_lead_response.json", NO_BODY),
    ("meta", "leadgen_change.json", "contact lead"),
    ("meta", "verification_request.txt", NO_BODY),
    ("netlify", "form_submission.json", "contact lead"),
    ("salesforce", "ack_response.xml", NO_BODY),
    ("salesforce", "outbound_message_lead.xml", "contact lead"),
    ("shopify", "checkouts_create.json", "contact order"),
    ("shopify", "customers_create.json", "contact"),
    ("shopify", "orders_cancelled.json", "contact order"),
    ("shopify", "orders_create.json", "contact order"),
    ("slack", "slash_command.txt", ""),
    ("square", "test_notification.json", ""),
    ("standard_webhooks", "contact_created_thin.json", "contact"),
    ("standard_webhooks", "vector_body.json", ""),
    ("stripe", "checkout_session_completed.json", "contact order"),
    ("stripe", "invoice_paid.json", "contact order"),
    ("svix", "legacy_headers_vector.json", "contact"),
    ("tally", "form_response.json", "contact lead"),
    ("typeform", "form_response.json", "contact lead"),
    (
        "typeform",
        "form_response_with_definition.json",
        "contact lead",
    ),
    ("webflow", "form_submission_v1.json", "contact lead"),
    ("webflow", "form_submission_v2.json", "contact lead"),
    ("woocommerce", "customer_created.json", "contact"),
    ("woocommerce", "order_created.json", "contact order"),
    ("woocommerce", "order_deleted.json", "order"),
    ("woocommerce", "ping.txt", ""),
    ("zendesk", "messaging_message_added_event.json", ""),
    ("zendesk", "ticket_created_event.json", "ticket"),
];

/// A file that is not the body of a delivery: a set-up request, or an answer.
const NO_BODY: &str = "-";

/// Bodies that name no event: answered as a handshake when they are received, or kept in quarantine.
const UNNAMED: [&str; 2] = ["woocommerce/ping.txt", "standard_webhooks/vector_body.json"];

#[test]
fn real_samples_are_understood() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/payloads");
    if !root.is_dir() {
        println!("SKIPPED: ../shared/payloads is not there: NO REAL SAMPLE WAS READ");
        return;
    }
    for (source, file, kinds) in REAL.iter().filter(|(_, _, kinds)| *kinds != NO_BODY) {
        let folder = root.join(source);
        let body = fs::read(folder.join(file)).unwrap_or_else(|_| panic!("no {source}/{file}"));
        let (name, _) = file.split_once('.').unwrap();
        let headers = match fs::read_to_string(folder.join(format!("{name}.headers.json"))) {
            Ok(text) => serde_json::from_str::<serde_json::Map<String, Value>>(&text).unwrap(),
            Err(_) => serde_json::Map::new(),
        };
        let headers = headers
            .iter()
            .map(|(name, value)| {
                (
                    name.to_lowercase(),
                    value.as_str().unwrap_or_default().to_owned(),
                )
            })
            .collect();
        let fetched: Vec<Value> = fs::read(folder.join("graph_lead_response.json"))
            .ok()
            .map(|text| serde_json::from_slice(&text).unwrap())
            .into_iter()
            .collect();
        let request = dry::request(source, Headers(headers), &body);
        let report = try_body(&dry::recipe(source, None), &request, &fetched).unwrap();
        let found: Vec<&str> = report
            .records
            .iter()
            .map(|record| record.kind.as_str())
            .collect();
        let shown = serde_json::to_string_pretty(&report).unwrap();
        assert_eq!(found.join(" "), *kinds, "{source}/{file}: {shown}");
        if UNNAMED.contains(&format!("{source}/{file}").as_str()) {
            assert!(shown.contains("does not say which event it is"), "{shown}");
            continue;
        }
        assert_eq!(report.violations, [], "{source}/{file}: {shown}");
    }
}

#[test]
fn every_real_sample_is_listed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/payloads");
    if !root.is_dir() {
        println!("SKIPPED: ../shared/payloads is not there");
        return;
    }
    let mut unlisted = Vec::new();
    for folder in folders(&root) {
        let source = folder.file_name().unwrap().to_str().unwrap();
        for entry in fs::read_dir(&folder).unwrap() {
            let file = entry.unwrap().file_name().into_string().unwrap();
            let is_listed = REAL
                .iter()
                .any(|(of, name, _)| *of == source && *name == file);
            if !is_listed && !file.ends_with(".headers.json") {
                unlisted.push(format!("{source}/{file}"));
            }
        }
    }
    assert!(unlisted.is_empty(), "{unlisted:?}");
}
