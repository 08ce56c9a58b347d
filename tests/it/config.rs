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
fn where_the_gateway_is_reached_follows_where_it_listens() {
    let url = |text: &str, environment: &[(&str, &str)]| read(text, environment).unwrap().server;
    let elsewhere = "[server]\nlisten = \"0.0.0.0:9000\"\n";
    assert_eq!(url("", &[]).public_url, "http://127.0.0.1:8080");
    let mut server = url(elsewhere, &[]);
    assert_eq!(server.public_url, "http://127.0.0.1:9000");
    server.listen_at("127.0.0.1:9001");
    assert_eq!(server.public_url, "http://127.0.0.1:9001");
    let listen = [("FRONTDESK__SERVER__LISTEN", "127.0.0.1:7000")];
    assert_eq!(url(elsewhere, &listen).public_url, "http://127.0.0.1:7000");
    let text = format!("{elsewhere}public_url = \"https://hooks.example.com/\"\n");
    let mut server = url(&text, &listen);
    server.listen_at("127.0.0.1:9001");
    assert_eq!(server.public_url, "https://hooks.example.com");
}

#[test]
fn sizes_and_lists_are_read_as_people_write_them() {
    let config = read("[server]\nmax_body = 2_048\n", &[]).unwrap();
    assert_eq!(config.server.max_body, 2_048);
    let allow = |list: &str| {
        let config = read("", &[("FRONTDESK__OUTBOUND__ALLOW", list)])?;
        Ok::<_, Vec<String>>(config.outbound.allow.len())
    };
    for (list, networks) in [
        ("127.0.0.1", 1),
        ("127.0.0.1, 10.0.0.0/8", 2),
        (r#"["127.0.0.1"]"#, 1),
        (r#" ['127.0.0.1', "10.0.0.0/8",] "#, 2),
        ("[]", 0),
    ] {
        assert_eq!(allow(list), Ok(networks), "{list}");
    }
}

#[test]
fn what_is_wrong_in_the_environment_is_told_of_its_variable() {
    let text = "[[endpoint]]\nname = \"a\"\nsource = \"meta\"\n";
    for (variable, value, sentence) in [
        (
            "OUTBOUND__ALLOW",
            "[127.0.0.1]",
            "`outbound.allow` must be a list of texts",
        ),
        (
            "OUTBOUND__ALLOW",
            r#"["shop"]"#,
            "\"shop\" is not an address or a network",
        ),
        ("SERVER__MAX_BODY", "huge", "\"huge\" is not a size"),
        (
            "SERVER__THREADS",
            "two",
            "`server.threads` must be a whole number, not \"two\"",
        ),
        (
            "SERVER__LISTEN",
            "here",
            "`server.listen` must be ADDRESS:PORT",
        ),
        (
            "SERVER__PUBLIC_URL",
            "here",
            "`server.public_url` must begin with https://",
        ),
        ("STORE__URL", "here", "`store.url` must be sqlite:PATH"),
        ("LOG__FORMAT", "xml", "`log.format` is"),
        ("SPAM__HOLD_AT", "0", "`spam.hold_at` is a whole number"),
        ("ENDPOINT__A__REGION", "Spain", "`region` is a country"),
        (
            "ENDPOINT__A__SECRETS",
            "env:ABSENT",
            "the environment variable ABSENT is not set",
        ),
        (
            "ENDPOINT__A__RATE_LIMIT__PER_SECOND",
            "0",
            "`rate_limit` needs `per_second`",
        ),
    ] {
        let variable = format!("FRONTDESK__{variable}");
        let problems = read(text, &[(&variable, value)]).unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:?}");
        let told = format!("{variable}: {sentence}");
        assert!(problems[0].starts_with(&told), "{problems:?}");
    }
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
fn a_cap_of_nothing_is_a_mistake() {
    let endpoint =
        "[[endpoint]]\nname = \"x\"\nsource = \"meta\"\nsecrets = [\"12345678\"]\nmax_body = 0\n";
    for text in ["[server]\nmax_body = \"0\"\n", endpoint] {
        let problems = read(text, &[]).unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains("lets nothing in"), "{problems:?}");
    }
}

#[test]
fn broken_toml_names_the_line() {
    let problems = read("[server]\nlisten = \n", &[]).unwrap_err();
    assert!(
        problems[0].starts_with("frontdesk.toml:2: "),
        "{problems:?}"
    );
}
