//! The configuration: what is read, and how problems are told.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use frontdesk::config::{Config, Environment, Rate};
use secrecy::ExposeSecret;

fn read(text: &str, environment: &[(&str, &str)]) -> Result<Config, Vec<String>> {
    let environment: Environment = environment
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect::<BTreeMap<_, _>>();
    Config::from_text("frontdesk.toml", text, &environment, Path::new("/srv"))
        .map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

#[test]
fn an_empty_file_is_the_defaults() {
    let config = read("", &[]).unwrap();
    assert_eq!(config.server.listen, "127.0.0.1:8080");
    assert_eq!(config.server.max_body, 1 << 20);
    assert_eq!(config.store.keep_keys, Duration::from_secs(30 * 86_400));
    assert_eq!(config.store.url, "sqlite:/srv/frontdesk.db");
    assert!(config.endpoints.is_empty());
}

#[test]
fn an_endpoint_is_read() {
    let text = r#"
[[endpoint]]
name = "shop"
source = "shopify"
secrets = ["env:NEW", "literal-secret"]
rate_limit = { per_second = 200, burst = 400 }
region = "ES"
max_body = "2MiB"
on_invalid = "accept"
settings = { access_token = "env:TOKEN" }
"#;
    let config = read(text, &[("NEW", "new-secret"), ("TOKEN", "t")]).unwrap();
    let shop = &config.endpoints[0];
    let secrets: Vec<_> = shop.secrets.iter().map(|s| s.expose_secret()).collect();
    assert_eq!(secrets, ["new-secret", "literal-secret"]);
    assert_eq!(
        shop.rate_limit,
        Some(Rate {
            per_second: 200,
            burst: 400
        })
    );
    assert_eq!(shop.max_body, Some(2 << 20));
    assert_eq!(shop.accept_invalid, Some(true));
    assert_eq!(shop.settings["access_token"].expose_secret(), "t");
    assert!(
        !format!("{config:?}").contains("literal-secret"),
        "secrets never print"
    );
}

#[test]
fn the_environment_wins() {
    let text =
        "[server]\nlisten = \"127.0.0.1:1\"\n[[endpoint]]\nname = \"a-b\"\nsource = \"meta\"\n";
    let config = read(
        text,
        &[
            ("FRONTDESK__SERVER__LISTEN", "0.0.0.0:9000"),
            ("FRONTDESK__OUTBOUND__ALLOW", "127.0.0.1, 10.0.0.0/8"),
            ("FRONTDESK__ENDPOINT__A_B__REGION", "PT"),
            (
                "FRONTDESK__ENDPOINT__A_B__SETTINGS__ACCESS_TOKEN",
                "from-outside",
            ),
            ("FRONTDESK__ENDPOINT__A_B__RATE_LIMIT__PER_SECOND", "7"),
            ("HOME", "/root"),
        ],
    )
    .unwrap();
    assert_eq!(config.server.listen, "0.0.0.0:9000");
    assert_eq!(config.outbound.allow.len(), 2);
    let endpoint = &config.endpoints[0];
    assert_eq!(endpoint.region.as_deref(), Some("PT"));
    assert_eq!(
        endpoint.settings["access_token"].expose_secret(),
        "from-outside"
    );
    let rate = Rate {
        per_second: 7,
        burst: 7,
    };
    assert_eq!(endpoint.rate_limit, Some(rate));
}

#[test]
fn every_problem_is_told_at_once_with_its_line() {
    let text = r#"[server]
lissten = "127.0.0.1:1"
max_body = "huge"
threads = "two"

[[endpoint]]
name = "Shop 1"
source = "shopify"
secrets = ["env:ABSENT"]
verify = "off"
region = "Spain"
rate_limit = { burst = 5 }

[[endpoint]]
source = "meta"

[[endpoint]]
name = "x"
source = "meta"
unknwon = 1

[[endpoint]]
name = "x"
source = "meta"

[destinations]
"#;
    let problems = read(text, &[("FRONTDESK__SERVER__LISEN", "x")]).unwrap_err();
    insta::assert_snapshot!(problems.join("\n"));
}

#[test]
fn broken_toml_names_the_line() {
    let problems = read("[server]\nlisten = \n", &[]).unwrap_err();
    assert!(
        problems[0].starts_with("frontdesk.toml:2: "),
        "{problems:?}"
    );
}
