//! The catalog: the built-in sources load, a folder adds and overrides, and a broken declaration tells all that is wrong.

use std::fs;
use std::path::Path;

use frontdesk::config::CatalogConfig;
use frontdesk::console::prose::{self, Piece, Run};
use frontdesk::console::words::{Language, Words};
use frontdesk::model::said::Said;
use frontdesk::source::catalog::Catalog;
use frontdesk::source::declaration::Source;

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
    assert_eq!(catalog.get("acme").unwrap().title.english, "Acme");
    let shop = catalog.get("shopify").unwrap();
    assert_eq!(shop.title.english, "Our own Shopify");
    assert_eq!(
        shop.help.values,
        [],
        "built-in texts speak of another mapping"
    );
    assert!(
        shop.schemas.contains_key("order"),
        "built-in schemas stay in use"
    );
    assert!(catalog.get("meta").is_some());
}

/// A mapping of a built-in source with fewer events than that has, as somebody might write it.
pub const OWN_SHOPIFY: &str = r#"
title = "Shopify"
help  = "Settings → Notifications → Webhooks; format JSON; the signing secret stands under the list."

[delivery]
event = "header['x-shopify-topic']"
id    = "header['x-shopify-webhook-id']"
time  = "body.updated_at or header['x-shopify-triggered-at']"

[verify.hmac]
algorithm = "sha256"
encoding  = "base64"
header    = "x-shopify-hmac-sha256"
signed    = "{body}"

[lookup.shopify_order_status]
paid    = "paid"
pending = "pending"

[[event]]
name   = "orders/*"
schema = "order"

[event.contact]
external_id = "body.customer.id"
email       = "body.email or body.customer.email"
phone       = "body.phone or body.billing_address.phone | phone(body.billing_address.country_code)"

[event.order]
external_id = "body.id"
number      = "body.name"
total       = "body.current_total_price or body.total_price | decimal"
status      = "'cancelled' if body.cancelled_at else body.financial_status | lookup('shopify_order_status')"

[event.order.each.line_items]
from     = "body.line_items"
sku      = "item.sku"
quantity = "item.quantity"
"#;

#[test]
fn built_in_samples_do_not_bind_a_mapping_that_overrides_theirs() {
    let mapping = ("mappings/shopify.toml", OWN_SHOPIFY);
    let samples = |files: &[(&str, &str)]| -> Result<Vec<String>, String> {
        let catalog = load(&[&[mapping], files].concat())?;
        let samples = &catalog.get("shopify").unwrap().samples;
        Ok(samples.iter().map(|sample| sample.event.clone()).collect())
    };
    let offered = samples(&[]).unwrap();
    assert!(!offered.is_empty(), "those that fit stay");
    assert!(
        offered.iter().all(|event| event.starts_with("orders/")),
        "{offered:?}"
    );
    let own = samples(&[("samples/shopify/mine.http", "event: orders/create\n\n{}")]).unwrap();
    assert_eq!(own.len(), offered.len() + 1);
    let wrong = samples(&[("samples/shopify/mine.http", "event: carts/create\n\n{}")]);
    let wrong = wrong.unwrap_err();
    assert_eq!(
        wrong,
        "samples/shopify/mine.http: mappings/shopify.toml has no [[event]] for \"carts/create\""
    );
    let usual = format!("sample = \"checkouts.create\"\n{OWN_SHOPIFY}");
    let problems = load(&[("mappings/shopify.toml", &usual)]).unwrap_err();
    assert!(
        problems.starts_with(
            "mappings/shopify.toml:1: there is no samples/shopify/checkouts.create.http;"
        ),
        "{problems}"
    );
}

/// The sentences of a source that people read.
fn sentences(source: &Source) -> Vec<&Said> {
    let mut all = vec![&source.help];
    all.extend(&source.secret);
    all.extend(&source.retries);
    all.extend(&source.traps);
    all.extend(source.settings.values().map(|spec| &spec.help));
    all.extend(source.events.iter().filter_map(|event| event.help.as_ref()));
    all
}

/// What is to be typed or copied, which is the same in every language.
fn code(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for piece in prose::read(text) {
        match piece {
            Piece::Code(code) => found.push(code),
            Piece::Text(runs) => found.extend(runs.into_iter().filter_map(|run| match run {
                Run::Code(code) => Some(code),
                Run::Plain(_) | Run::Strong(_) => None,
            })),
        }
    }
    found.sort();
    found
}

#[test]
fn built_in_sources_speak_every_language_of_the_console() {
    let catalog = crate::dry::catalog();
    for source in catalog.sources() {
        for language in Language::ALL {
            let words = Words::of(language);
            for said in sentences(source) {
                assert!(words.speaks(said), "{}: {said}", source.name);
                let (here, english) = (code(&words.said(said)), code(said));
                assert_eq!(here, english, "{} in {}", source.name, language.code());
            }
        }
    }
}

#[test]
fn texts_are_those_of_the_mapping_and_no_others() {
    let mapping = ACME.replace(
        "[delivery]",
        "traps = [\"One.\", \"Two.\"]\n[settings.token]\nhelp = \"A token.\"\n[delivery]",
    );
    let check = |texts: &str, expected: Result<&str, &str>| {
        let files = [
            ("mappings/acme.toml", mapping.as_str()),
            ("texts/es/acme.toml", texts),
        ];
        let help = load(&files).map(|catalog| {
            let words = Words::of(Language::Spanish);
            words.said(&catalog.get("acme").unwrap().help)
        });
        let help = help.as_ref().map(String::as_str);
        assert_eq!(help.map_err(String::as_str), expected, "{texts}");
    };
    let texts = "help = 'Pega la URL.'\ntraps = ['Uno.', 'Dos.']\nsettings.token = 'Un token.'\n";
    check(texts, Ok("Pega la URL."));
    check(&format!("title = 'Cumbre'\n{texts}"), Ok("Pega la URL."));
    for (from, to, expected) in [
        (
            "help",
            "hlp",
            "texts/es/acme.toml:1: `help` is missing\ntexts/es/acme.toml:1: unknown key `hlp`, did you mean `help`?",
        ),
        (
            ", 'Dos.'",
            "",
            "texts/es/acme.toml:2: `traps` has another number of texts than the mapping: 1 instead of 2",
        ),
        (
            "token",
            "secret",
            "texts/es/acme.toml:3: `settings.token` is missing\ntexts/es/acme.toml:3: unknown key `settings.secret`",
        ),
        (
            "help",
            "secret = 'No.'\nhelp",
            "texts/es/acme.toml:1: unknown key `secret`",
        ),
    ] {
        check(&texts.replacen(from, to, 1), Err(expected));
    }
    let strays = load(&[
        ("texts/es/nobody.toml", ""),
        ("texts/es/acme.txt", ""),
        ("texts/acme.toml", ""),
    ]);
    let strays = strays.unwrap_err();
    assert_eq!(strays.lines().count(), 3, "{strays}");
    assert!(
        strays.contains("belongs to no source: there is no mappings/nobody.toml"),
        "{strays}"
    );
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
            "[settings.api_base]\nhelp = \"Where.\"\nurl = true\ndefault = \"api.example.com\"",
            "`default` is no beginning of URLs, such as https://api.example.com",
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
