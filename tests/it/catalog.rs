//! The catalog: the built-in sources load, a folder adds and overrides, and a broken declaration tells all that is wrong.

use std::fs;
use std::path::Path;

use frontdesk::config::CatalogConfig;
use frontdesk::source::catalog::Catalog;

#[test]
fn the_built_in_sources_load() {
    let catalog = Catalog::load(&CatalogConfig::default()).unwrap_or_else(|problems| {
        let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
        panic!("{}", lines.join("\n"));
    });
    for name in ["contact_form", "meta", "shopify", "standard_webhooks"] {
        assert!(catalog.get(name).is_some(), "{name}");
    }
}

/// Loads a folder of these files; problems come with the folder's own path cut off.
fn load(files: &[(&str, &str)]) -> Result<Catalog, String> {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    load_folder(folder.path())
        .map_err(|problems| problems.replace(&format!("{}/", folder.path().display()), ""))
}

fn load_folder(path: &Path) -> Result<Catalog, String> {
    let config = CatalogConfig {
        path: Some(path.to_owned()),
    };
    Catalog::load(&config).map_err(|problems| {
        let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
        lines.join("\n")
    })
}

const ACME: &str = r#"
title = "Acme"
help = "Paste the URL."
[delivery]
event = "body.kind"
[verify.key]
header = "X-Key"
[[event]]
name = "*"
[event.contact]
email = "body.email"
"#;

#[test]
fn a_folder_adds_and_overrides() {
    let shop = ACME.replace("Acme", "Our own Shopify");
    let catalog = load(&[
        ("mappings/acme.toml", ACME),
        ("mappings/shopify.toml", &shop),
    ])
    .unwrap();
    assert_eq!(catalog.get("acme").unwrap().title, "Acme");
    let shop = catalog.get("shopify").unwrap();
    assert_eq!(shop.title, "Our own Shopify");
    assert!(
        shop.schemas.contains_key("order"),
        "built-in schemas stay in use"
    );
    assert!(catalog.get("meta").is_some());
}

#[test]
fn the_usual_sample_comes_first() {
    let acme = format!(
        "{}\n{}",
        ACME.replace("name = \"*\"", "name = \"order.*\""),
        "[[event]]\nname = \"*\"\nignore = true"
    );
    let samples = [
        ("samples/acme/a.http", "event: contact.created\n\n{}"),
        ("samples/acme/c.http", "event: order.created\n\n{}"),
        ("samples/acme/b.http", "event: order.deleted\n\n{}"),
    ];
    let check = |key: &str, expected: Result<&str, &str>| {
        let mapping = format!("{key}\n{acme}");
        let files = [&[("mappings/acme.toml", mapping.as_str())], &samples[..]].concat();
        let first =
            load(&files).map(|catalog| catalog.get("acme").unwrap().samples[0].name.clone());
        let first = first.as_ref().map(String::as_str);
        assert_eq!(first.map_err(String::as_str), expected, "{key}");
    };
    check("sample = \"c\"", Ok("c"));
    check("", Ok("b"));
    check(
        "sample = \"d\"",
        Err("mappings/acme.toml:1: there is no samples/acme/d.http; there are a, b, c"),
    );
    check(
        "sample = true",
        Err("mappings/acme.toml:1: `sample` must be a text in quotes, not true or false"),
    );
}

/// What people write first, and what puts them right.
#[test]
fn mistakes_of_newcomers() {
    for (lines, expected) in [
        (
            "country = \"body.country\"",
            "contact has no field `country`, but address has: write it under [event.contact.address]",
        ),
        (
            "[[event.contact.consent]]\nfrom = \"body.list\"",
            "a list that is filled item by item stands under `each`: [event.KIND.each.consent]",
        ),
        (
            "[[handshake]]\nmethod = \"GET\"\ncheck = \"query.token == settings.verify_token\"",
            "`handshake.check`: the source declares no setting \"verify_token\"; add [settings.verify_token]",
        ),
        (
            "[[event]]\nname = \"b\"\nschema = \"order\"\nignore = true",
            "there is no schema \"order\"; write it as schemas/SOURCE/order.json",
        ),
    ] {
        let mapping = format!("{ACME}{lines}\n");
        let problems = load(&[("mappings/acme.toml", &mapping)]).err().unwrap();
        assert!(problems.contains(expected), "{lines}: {problems}");
    }
}

/// The page that teaches the language must not teach mistakes.
#[test]
fn the_example_of_the_docs_loads() {
    let page = include_str!("../../docs/declarations.md");
    let section = page
        .split("## The mapping, from top to bottom")
        .nth(1)
        .unwrap();
    let example = section
        .split("```toml\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let sample = page
        .split("## Samples")
        .nth(1)
        .unwrap()
        .split("```\n")
        .nth(1)
        .unwrap();
    let loaded = load(&[
        ("mappings/acme.toml", example),
        ("schemas/acme/order.json", "{}"),
        (
            "samples/acme/order.http",
            &sample.replace("order.created", "order.made"),
        ),
    ]);
    let catalog = loaded.unwrap_or_else(|problems| panic!("{problems}"));
    let acme = catalog.get("acme").unwrap();
    assert_eq!(acme.lookups["statuses"]["onhold"], "pending");
    assert_eq!(acme.samples[0].event, "order.made");
}

#[test]
fn a_folder_that_is_not_there_is_told() {
    let problems = load_folder(Path::new("/nowhere/at/all")).unwrap_err();
    assert!(
        problems.starts_with("/nowhere/at/all: is not a folder"),
        "{problems}"
    );
}

const BROKEN: &str = r#"titel = "Acme"
help = 5
answers = 1

[settings.token]
requird = true

[body]
accepts = ["json", "yaml"]

[delivery]
id = "header['x-id'"
time = "body.at | tiem"
window = "ten minutes"

[let]
first = "second"
body = "header"

[verify.hmac]
algorithm = "md5"
encoding = "hex"
signed = "{id}.{bod}"
header = "x-signature"

[[verify.key]]
header = "a"
query = "b"

[[handshake]]
method = "PUT"
answer = "body.challenge"

[answer]
busy_status = 500
on_invalid = "ignore"

[lookup.statuses]
paid = ["Paid", "payed"]
payed = "pending"

[[event]]
name = "orders/*"
schema = "ordr"
fetch = "https://example.com"

[event.order]
external_id = "body.id"
totl = "body.total"
status = "body.state | lookup('states')"
contact = "body.customer"
total = "body.total * 2"
coupons = { a = "body.a" }
clears = ["coupon"]
deleted = "status == 'deleted'"

[event.order.billing_address]
stret1 = "body.street"
when = "body.street"

[event.order.each.line_items]
sku = "item.sku"
price = "item.price"

[event.order.each.total]
from = "body.lines"

[[event.contact.consent]]
channel = "'email'"
sate = "'granted'"

[[event]]
name = "orders/create"
ignore = true

[[event]]
name = "other"
"#;

#[test]
fn every_problem_of_a_declaration_is_told_at_once() {
    let problems = load(&[
        ("mappings/broken.toml", BROKEN),
        ("schemas/broken/order.json", r#"{"type": "objekt"}"#),
        ("schemas/broken/refund.json", "{\n\"type\": }"),
        ("schemas/nobody/order.json", "{}"),
        (
            "samples/broken/order.http",
            "event: orders/create\n\n{{ n | tiem }}",
        ),
        ("samples/broken/bad.http", "no headers"),
        ("samples/broken/lead.http", "event: leads/create\n\n{}"),
        ("samples/broken/notes.txt", "x"),
        ("mappings/Other.toml", ACME),
        ("mappings/syntax.toml", "title = \n[delivery\nevent = 'a'\n"),
    ])
    .unwrap_err();
    insta::assert_snapshot!(problems);
}

const MORE_BROKEN: &str = r#"title = "Acme"
help = "Paste the URL."

[body]
accepts = ["xml"]

[delivery]
event = "'x'"

[let]
list = { from = "body.list" }
other = { question = "item.q" }

[verify]
check = "body.a == setings.a"

[verify.digest]
algorithm = "sha256"
encoding = "hex"
header = "x-signature"
signed = "{body}"

[verify.hmac]
algorithm = "sha256"
encoding = "hex"
header = "x-signature"
signed = "{secret}{field:id}"

[verify.ed25519]
encoding = "base64"
header = "x-signature"
signed = "{body}"
key = "text"

[verify.jwt]
header = "x-token"

[answer]
[answer.ok]
status = 700
text = "ok"

[lookup.fields]
include = "nobody"

[[event]]
name = "*"
ignore = true
"#;

#[test]
fn problems_of_proofs_lists_and_answers() {
    let problems = load(&[("mappings/broken.toml", MORE_BROKEN)]).unwrap_err();
    insta::assert_snapshot!(problems);
}
