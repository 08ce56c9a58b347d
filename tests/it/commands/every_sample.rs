//! Every sample of every source: signed and sent by `frontdesk send` to a running gateway, found again as records.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use frontdesk::model::id::new_id;
use frontdesk::source::declaration::{Sample, Source};
use serde_json::Value;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use crate::commands::works;
use crate::dry;
use crate::made::secret_of;
use crate::process::{Gateway, command};

/// The APIs of all senders: each call is given the next answer of the sample that was just sent.
#[derive(Clone, Default)]
struct Answers(Arc<Mutex<VecDeque<String>>>);

impl Respond for Answers {
    fn respond(&self, _request: &Request) -> ResponseTemplate {
        match self.0.lock().unwrap().pop_front() {
            Some(answer) => ResponseTemplate::new(200).set_body_raw(answer, "application/json"),
            None => ResponseTemplate::new(404),
        }
    }
}

/// An endpoint of each source, called as it is, with all that it needs.
fn config(api: &str) -> String {
    let mut text = "[server]\nlisten = \"127.0.0.1:0\"\n[store]\nurl = \"sqlite:frontdesk.db\"\n[log]\nlevel = \"warn\"\n\
        [outbound]\nallow = [\"127.0.0.1\"]\n"
        .to_owned();
    for source in dry::catalog().sources() {
        write!(
            text,
            "[[endpoint]]\nname = \"{}\"\nsource = \"{0}\"\nregion = \"ES\"\n",
            source.name
        )
        .unwrap();
        match source.verify.is_empty() {
            true => text.push_str("verify = \"none\"\n"),
            false => writeln!(text, "secrets = ['''{}''']", secret_of(source)).unwrap(),
        }
        let settings: Vec<String> = source
            .settings
            .iter()
            .filter(|(name, spec)| spec.required || *name == "api_base" || *name == "access_token")
            .map(|(name, _)| match name.as_str() {
                "api_base" => format!("api_base = \"{api}\""),
                name => format!("{name} = \"a setting of the test\""),
            })
            .collect();
        writeln!(text, "settings = {{ {} }}", settings.join(", ")).unwrap();
    }
    text
}

/// What the sender's API would answer for this sample.
fn answers(sample: &Sample) -> VecDeque<String> {
    let now = dry::received_at();
    sample.render(7, now, new_id(now)).unwrap().fetched.into()
}

/// Sends one sample; the events it became, each processed, with its records.
fn check(folder: &Path, gateway: &Gateway, token: &str, source: &Source, sample: &Sample) {
    let place = format!("{} {}", source.name, sample.name);
    let url = format!("http://{}", gateway.address);
    let said = works(folder, &["send", &source.name, &sample.name, "--url", &url]);
    assert!(said.starts_with("200"), "{place}: {said}");
    gateway.drain(token);
    let path = format!("/api/v1/events?endpoint={}&limit=1", source.name);
    let newest = gateway.api(token, "GET", &path, "")["items"][0].clone();
    assert_eq!(newest["status"], "processed", "{place}: {newest}");
    assert_eq!(newest["type"], sample.event.as_str(), "{place}: {newest}");
    let path = format!("/api/v1/events/{}", newest["id"].as_str().unwrap());
    let shown = gateway.api(token, "GET", &path, "");
    let records = shown["records"].as_array().unwrap();
    // What is deleted before it was ever seen leaves only a tombstone.
    let is_deletion = sample.event.ends_with(".deleted");
    assert_eq!(records.is_empty(), is_deletion, "{place}: {shown}");
    for record in records {
        let kind = record["kind"].as_str().unwrap();
        let id = record["id"].as_str().unwrap();
        let found = gateway.api(token, "GET", &format!("/api/v1/{kind}s/{id}"), "");
        let fields = found["fields"].as_object().unwrap();
        assert!(!fields.is_empty(), "{place}: {found}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_sample_of_every_source_becomes_records() {
    let api = MockServer::start().await;
    let given = Answers::default();
    Mock::given(any())
        .respond_with(given.clone())
        .mount(&api)
        .await;
    let text = config(&api.uri());
    tokio::task::spawn_blocking(move || {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("frontdesk.toml"), text).unwrap();
        let token = command(
            folder.path(),
            &["token", "create", "--name", "t", "--role", "admin"],
        );
        let gateway = Gateway::start(folder.path());
        for source in dry::catalog().sources() {
            // By name, not the usual one first: what only repeats what the one before said touches no record.
            let mut samples: Vec<&Sample> = source.samples.iter().collect();
            samples.sort_by_key(|sample| &sample.name);
            for sample in samples {
                *given.0.lock().unwrap() = answers(sample);
                check(folder.path(), &gateway, &token, source, sample);
            }
        }
        let alarms: Value = gateway.api(&token, "GET", "/api/v1/alarms", "");
        assert_eq!(alarms["items"], serde_json::json!([]));
    })
    .await
    .unwrap();
}
