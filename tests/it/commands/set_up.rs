//! `init`, `check` and `sources` as people run them.

use std::fs;
use std::path::Path;

use assert_cmd::Command;

/// Runs the binary in `folder`: whether it succeeded, and all it said.
fn run(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let output = Command::cargo_bin("frontdesk")
        .unwrap()
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

#[test]
fn what_init_writes_is_right_and_private() {
    let folder = tempfile::tempdir().unwrap();
    let (done, said) = run(folder.path(), &["init"]);
    assert!(done, "{said}");
    assert!(said.contains("frontdesk serve"), "{said}");
    let file = folder.path().join("frontdesk.toml");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    let (done, said) = run(folder.path(), &["check"]);
    assert!(done, "{said}");
    for line in [
        "/hooks/website",
        "/hooks/shop",
        "/hooks/lead-ads",
        "3 endpoints",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }

    let before = fs::read_to_string(&file).unwrap();
    let to_fill_in = "settings.access_token still says replace-me";
    assert!(said.contains(to_fill_in), "{said}");
    fs::write(&file, before.replace("replace-me", "a-page-token")).unwrap();
    let (done, said) = run(folder.path(), &["check"]);
    assert!(done && !said.contains("still says"), "{said}");
    fs::write(&file, &before).unwrap();
    let (done, said) = run(folder.path(), &["init"]);
    assert!(!done && said.contains("is not overwritten"), "{said}");
    assert_eq!(fs::read_to_string(&file).unwrap(), before);
}

#[test]
fn what_init_says_stands_in_columns() {
    let folder = tempfile::tempdir().unwrap();
    let pairs = [
        "crm=standard_webhooks",
        "a-rather-long-name=adf_xml",
        "meetings=calendly",
    ];
    let (done, said) = run(folder.path(), &[&["init"], pairs.as_slice()].concat());
    assert!(done, "{said}");
    // Each list has its second column in one place.
    for (mark, lines) in [
        ("a sample, signed: ", 3),
        ("/hooks/", 3),
        ("`frontdesk sources ", 3),
    ] {
        let columns: Vec<_> = said.lines().filter_map(|line| line.find(mark)).collect();
        assert_eq!(columns.len(), lines, "{said}");
        assert!(columns.iter().all(|column| *column == columns[0]), "{said}");
    }
    for usual in ["lead.created", "prospect", "invitee.created"] {
        assert!(
            said.contains(&format!("a sample, signed: {usual}")),
            "{said}"
        );
    }
}

#[test]
fn init_makes_the_endpoints_it_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    for (pair, sentence) in [
        ("shop=shopfy", "there is no source"),
        ("my shop=shopify", "the endpoint name \"my shop\""),
        ("shop", "is not NAME=SOURCE"),
    ] {
        let (done, said) = run(folder.path(), &["init", pair]);
        assert!(!done && said.contains(sentence), "{pair}: {said}");
    }
    let (done, said) = run(folder.path(), &["init", "crm=standard_webhooks"]);
    assert!(done, "{said}");
    let text = fs::read_to_string(folder.path().join("frontdesk.toml")).unwrap();
    assert!(text.contains("whsec_"), "{text}");
    let (done, said) = run(folder.path(), &["check"]);
    assert!(done, "{said}");
}

#[test]
fn check_names_every_problem_of_config_and_endpoints() {
    let folder = tempfile::tempdir().unwrap();
    let check = |text: &str| {
        fs::write(folder.path().join("frontdesk.toml"), text).unwrap();
        run(folder.path(), &["check"])
    };
    let (done, said) = check("[server]\nlissten = \"x\"\n\n[[endpoint]]\nname = \"a\"\n");
    assert!(!done);
    assert!(
        said.contains("frontdesk.toml:2: unknown key `server.lissten`"),
        "{said}"
    );
    assert!(
        said.contains("frontdesk.toml:4: `endpoint.source` is missing"),
        "{said}"
    );

    let endpoint = |source: &str, more: &str| {
        format!("[[endpoint]]\nname = \"a\"\nsource = \"{source}\"\n{more}\n")
    };
    for (text, sentence) in [
        (
            endpoint("shopfy", ""),
            "there is no source called \"shopfy\"; did you mean \"shopify\"?",
        ),
        (endpoint("shopify", ""), "it has no secret"),
        (
            endpoint("shopify", "secrets = [\"short\"]"),
            "secret 1 is shorter than 8 characters",
        ),
        (
            endpoint("contact_form", ""),
            "say `verify = \"none\"` out loud",
        ),
        (
            endpoint("standard_webhooks", "secrets = [\"whsec_not base64!\"]"),
            "does not decode to a key",
        ),
        (
            endpoint("standard_webhooks", "secrets = [\"whsec_c2hvcnQ=\"]"),
            "secret 1 holds a key of 5 bytes; Standard Webhooks asks for 16 at least",
        ),
        (
            endpoint(
                "stripe",
                "secrets = [\"long enough\"]\nsettings = { api_base = \"notaurl\" }",
            ),
            "the setting `api_base` must be where the URLs of the sender's API begin, such as https://api.stripe.com",
        ),
        (
            endpoint("meta", "secrets = [\"long enough\"]"),
            "the setting `verify_token` is missing",
        ),
        (
            endpoint(
                "shopify",
                "secrets = [\"long enough\"]\nsettings = { acess = \"x\" }",
            ),
            "has no setting `acess`",
        ),
    ] {
        let (done, said) = check(&text);
        assert!(!done, "{text}");
        assert!(
            said.contains("frontdesk.toml:1: endpoint \"a\":") && said.contains(sentence),
            "{said}"
        );
        assert!(
            !said.contains("long enough") && !said.contains("not base64"),
            "secrets never print: {said}"
        );
    }
}

/// A mapping of one's own for a built-in source need not know every event that the built-in one does.
#[test]
fn a_mapping_with_fewer_events_than_the_built_in_one_works() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("catalog/mappings")).unwrap();
    let mapping = folder.path().join("catalog/mappings/shopify.toml");
    fs::write(&mapping, crate::catalog::OWN_SHOPIFY).unwrap();
    let config = "[server]\nlisten = \"127.0.0.1:18099\"\n[catalog]\npath = \"catalog\"\n[[endpoint]]\nname = \"shop\"\n\
                  source = \"shopify\"\nsecrets = [\"long enough\"]\n";
    fs::write(folder.path().join("frontdesk.toml"), config).unwrap();
    let (done, said) = run(folder.path(), &["check"]);
    assert!(done, "{said}");
    assert!(said.contains("http://127.0.0.1:18099/hooks/shop"), "{said}");
    let (done, said) = run(folder.path(), &["send", "shop", "checkouts/create"]);
    assert!(!done && said.contains("there are orders/"), "{said}");
    let none = crate::catalog::OWN_SHOPIFY.replace("orders/*", "payouts/*");
    fs::write(&mapping, none).unwrap();
    for arguments in [
        ["send", "shop"].as_slice(),
        &["send", "shop", "payouts/create"],
    ] {
        let (done, said) = run(folder.path(), arguments);
        assert!(
            !done
                && said.contains("has no sample of an event that")
                && said.contains("--body FILE"),
            "{said}"
        );
    }
}

/// A problem in one place does not hide one in another, and none is told twice.
#[test]
fn check_names_everything_at_once() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("catalog/mappings")).unwrap();
    fs::write(
        folder.path().join("catalog/mappings/acme.toml"),
        "title = 1\n",
    )
    .unwrap();
    let config = r#"[server]
lissten = "x"
[catalog]
path = "catalog"
[[endpoint]]
name = "a"
source = "shopfy"
[[endpoint]]
name = "b"
source = "shopify"
secrets = ["env:ABSENT"]
[[endpoint]]
name = "c"
source = "acme"
secrets = ["long enough"]
[[endpoint]]
name = "d"
source = "meta"
secrets = ["long enough"]
settings = { verify_token = "env:ABSENT" }
[[endpoint]]
name = "e"
source = "shopify"
secrets = ["long enough"]
allow_origins = ["www.example.com/contact"]
error_page = "/contact"
[endpoint.spam]
hold_at = 0
"#;
    fs::write(folder.path().join("frontdesk.toml"), config).unwrap();
    let (done, said) = run(folder.path(), &["check"]);
    assert!(!done);
    for sentence in [
        "unknown key `server.lissten`",
        "acme.toml:1: `title` must be a text",
        "did you mean \"shopify\"?",
        "frontdesk.toml:11: the environment variable ABSENT is not set",
        "frontdesk.toml:20: the environment variable ABSENT is not set",
        "is not an origin",
        "`error_page` must be a whole URL",
        "`endpoint.spam.hold_at` is a whole number from 1",
        "`[endpoint.spam]` is for endpoints that say",
    ] {
        assert!(said.contains(sentence), "{sentence}: {said}");
    }
    for told_already in [
        "it has no secret",
        "verify_token` is missing",
        "called \"acme\"",
    ] {
        assert!(!said.contains(told_already), "{told_already}: {said}");
    }
}

#[test]
fn sources_lists_and_shows() {
    let folder = tempfile::tempdir().unwrap();
    let (done, said) = run(folder.path(), &["sources"]);
    assert!(done);
    for name in ["contact_form", "meta", "shopify", "standard_webhooks"] {
        assert!(said.contains(name), "{said}");
    }
    let (done, said) = run(folder.path(), &["sources", "meta"]);
    assert!(done);
    for line in [
        "https://YOUR-HOST/hooks/meta",
        "HMAC-SHA256 in `x-hub-signature-256`",
        "The secret: The app secret",
        "settings = { access_token = \"env:META_ACCESS_TOKEN\"",
        "frontdesk send meta leadgen",
        "access_token",
        "leadgen",
        "external_id",
        "item.value.leadgen_id",
        "36 hours",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    let (_, page) = run(folder.path(), &["sources", "meta", "--format", "markdown"]);
    assert!(page.starts_with("# Meta lead ads (`meta`)\n"), "{page}");
    let (done, said) = run(folder.path(), &["sources", "mata"]);
    assert!(!done && said.contains("did you mean"), "{said}");
}
