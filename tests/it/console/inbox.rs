//! The inbox: what came, what became of it, what to do; payloads are text, whatever they say.

use frontdesk::model::page::PageRequest;
use frontdesk::model::role::Role;
use frontdesk::store::users::AuditFilter;
use serde_json::Value;

use crate::console::browser::Browser;
use crate::console::site::{Person, add, location};
use crate::gateway::TestGateway;

const ENDPOINTS: &str = r#"
[[endpoint]]
name = "website"
source = "contact_form"
verify = "none"
region = "ES"

[[endpoint]]
name = "shop"
source = "shopify"
secrets = ["the-secret-of-the-shop"]
"#;

/// A visitor who writes a page of their own into the form.
const MARKUP: &str = "name=%3Cscript%3Ealert(1)%3C%2Fscript%3E&email=eve%40example.com&country=ES&message=%3Cimg+src%3Dx+onerror%3Dalert(2)%3E";

async fn post(gateway: &TestGateway, endpoint: &str, kind: &str, body: &str) -> Value {
    let headers = [
        ("content-type", kind),
        ("x-shopify-topic", "orders/create"),
        ("x-shopify-webhook-id", "delivery-1"),
    ];
    gateway.deliver(endpoint, &headers, body).await.json()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_is_explained_and_its_markup_is_text() {
    let gateway = TestGateway::start(ENDPOINTS).await;
    let viewer = add(&gateway, "eva", Role::Viewer).await;
    let eva = Person::inside(&gateway, &viewer).await;
    let empty = eva.get(&gateway, "/inbox").await.body;
    assert!(empty.contains("Nothing has arrived yet"), "{empty}");
    let form = "application/x-www-form-urlencoded";
    let sent = post(&gateway, "website", form, MARKUP).await;
    gateway.drain().await;
    let list = eva.get(&gateway, "/inbox").await.body;
    let id = sent["event"].as_str().unwrap();
    assert!(list.contains(&format!("/inbox/{id}")), "{list}");
    assert!(list.contains("processed"), "{list}");

    let page = eva.get(&gateway, &format!("/inbox/{id}")).await;
    assert_eq!(page.status, 200);
    let body = page.body;
    assert!(
        !body.contains("<script>alert") && !body.contains("<img src=x"),
        "{body}"
    );
    for words in ["Lead", "Contact", "mappings/contact_form.toml:", "Recorded"] {
        assert!(body.contains(words), "{words}: {body}");
    }
    assert!(
        !body.contains("Let it in") && !body.contains("/replay\""),
        "a viewer only reads"
    );
    let filter = AuditFilter {
        what: Some("event.opened".to_owned()),
        ..AuditFilter::default()
    };
    let page = PageRequest {
        limit: 10,
        cursor: None,
    };
    let opened = gateway.running.store.audit(filter, page).await.unwrap();
    assert_eq!(opened.items[0].subject, format!("event/{id}"));
    assert_eq!(opened.items[0].who, "eva");

    for (query, found) in [
        ("endpoint=website", true),
        ("endpoint=shop", false),
        ("status=processed", true),
        ("status=failed", false),
        (&format!("q={id}"), true),
        ("since=2026-11-24T10:00", false),
        ("until=2026-11-24T10:00", true),
    ] {
        let list = eva.get(&gateway, &format!("/inbox?{query}")).await.body;
        assert_eq!(list.contains(&format!("/inbox/{id}")), found, "{query}");
    }
    assert_eq!(eva.get(&gateway, "/inbox?status=lost").await.status, 400);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_quarantined_says_what_to_do_and_is_replayed_after_a_look() {
    let gateway = TestGateway::start(ENDPOINTS).await;
    let manager = add(&gateway, "boss", Role::Manager).await;
    let boss = Person::inside(&gateway, &manager).await;
    let sent = post(&gateway, "shop", "application/json", r#"{"id":" "}"#).await;
    let id = sent["event"].as_str().unwrap();
    let body = boss.get(&gateway, &format!("/inbox/{id}")).await.body;
    for words in [
        "quarantined",
        "does not match the schema",
        "Mend the sender",
        "/replay",
    ] {
        assert!(body.contains(words), "{words}: {body}");
    }
    let diff = boss
        .get(&gateway, &format!("/inbox/{id}/replay"))
        .await
        .body;
    assert!(
        diff.contains("One event.") && diff.contains("Nothing would change"),
        "{diff}"
    );
    let all = boss
        .get(&gateway, "/inbox/replay?status=quarantined")
        .await
        .body;
    assert!(all.contains("One event."), "{all}");
    assert_eq!(
        boss.get(&gateway, "/inbox/replay").await.status,
        400,
        "not everything"
    );
    let done = boss
        .post(&gateway, &format!("/inbox/{id}/replay"), &[])
        .await;
    assert_eq!(
        location(&done),
        Some(format!("/inbox/{id}?done=replayed-one").as_str())
    );
    let form = [("status", "quarantined"), ("endpoint", "shop")];
    let done = boss.post(&gateway, "/inbox/replay", &form).await;
    assert!(
        location(&done).unwrap().ends_with("&done=replayed"),
        "{done:?}"
    );
    gateway.drain().await;
    gateway.stop().await;
}

/// A sender that the team described itself.
fn mapping(total: &str) -> String {
    format!(
        "title = 'Acme'
help = 'none'
[delivery]
event = 'body.type'
id = 'body.id'
[verify.bearer]
[[event]]
name = 'order'
[event.order]
external_id = 'body.id'
number = \"'A-' ~ body.id\"
total = \"{total}\"
"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quarantined_event_is_replayed_after_its_mapping_was_edited() {
    const OWN: &str = "[catalog]\npath = \"catalog\"\n[[endpoint]]\nname = \"acme\"\nsource = \"acme\"\nsecrets = [\"a bearer of good news\"]\n";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("catalog/mappings/acme.toml");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, mapping("body.total")).unwrap();
    let gateway = TestGateway::open(folder, OWN).await;
    add(&gateway, "boss", Role::Manager).await;
    let body = r#"{"type": "order", "id": "7", "total": "much", "sum": "20.50"}"#;
    let sent = post(&gateway, "acme", "application/json", body).await;
    let id = sent["event"].as_str().unwrap().to_owned();
    gateway.drain().await;
    {
        let browser = Browser::open(&gateway).await;
        browser.sign_in("boss").await;
        browser.go(&format!("/inbox/{id}")).await;
        let text = browser.text("main").await;
        assert!(
            text.contains("'much' is not a decimal number"),
            "it says what is wrong: {text}"
        );
        browser.look("event-unmapped").await;
    }
    let viewer = add(&gateway, "eva", Role::Viewer).await;
    let eva = Person::reading_spanish(&gateway, &viewer).await;
    let page = eva.get(&gateway, &format!("/inbox/{id}")).await.body;
    assert!(page.contains("no es un número decimal"), "{page}");
    let folder = gateway.stop().await;
    std::fs::write(&file, mapping("body.sum")).unwrap();
    let gateway = TestGateway::open(folder, OWN).await;
    let browser = Browser::open(&gateway).await;
    browser.sign_in("boss").await;
    browser.go(&format!("/inbox/{id}")).await;
    browser
        .follow(&format!("a[href='/inbox/{id}/replay']"))
        .await;
    let text = browser.text("main").await;
    for words in ["One event.", "A-7", "20.50"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    browser.look("replay-mended").await;
    browser
        .follow(&format!("form[action='/inbox/{id}/replay'] button.main"))
        .await;
    gateway.drain().await;
    browser.go("/orders").await;
    let text = browser.text("main").await;
    assert!(text.contains("A-7"), "{text}");
    drop(browser);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_are_listed_with_what_to_do() {
    let gateway = TestGateway::start(ENDPOINTS).await;
    let viewer = add(&gateway, "eva", Role::Viewer).await;
    let eva = Person::inside(&gateway, &viewer).await;
    let headers = "x-shopify-topic: orders/create\r\ncontent-type: application/json\r\n";
    let forged = gateway.call("POST", "/hooks/shop", headers, "{}").await;
    assert_eq!(forged.status, 401);
    let page = eva.get(&gateway, "/refusals?endpoint=shop").await.body;
    for words in ["signature_missing", "Set the secret at the sender"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let overview = eva.get(&gateway, "/").await.body;
    assert!(
        overview.contains("09:00: 0 accepted, 0 quarantined, 1 refused"),
        "{overview}"
    );
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_went_wrong_is_told_in_the_readers_language() {
    let gateway = TestGateway::start(ENDPOINTS).await;
    let viewer = add(&gateway, "eva", Role::Viewer).await;
    let eva = Person::reading_spanish(&gateway, &viewer).await;
    let links = "http%3A%2F%2Fa.example+".repeat(12);
    let form = "application/x-www-form-urlencoded";
    let spam = format!("name=Eva&email=eva%40example.com&message={links}");
    let spam = post(&gateway, "website", form, &spam).await;
    let order = r#"{"id": " ", "line_items": "none"}"#;
    let order = post(&gateway, "shop", "application/json", order).await;
    let kind = "content-type: application/json\r\n";
    let broken = gateway.call("POST", "/hooks/website", kind, "{1: 2}").await;
    assert!(
        broken
            .body
            .contains("key must be a string at line 1 column 2"),
        "{}",
        broken.body
    );
    let forged = "x-shopify-topic: orders/create\r\ncontent-type: application/json\r\n";
    let told = gateway.call("POST", "/hooks/shop", forged, "{}").await;
    // The sender is a program: it hears what the contract says.
    assert!(told.body.contains("with the signature is missing"));
    gateway.drain().await;
    let page = |sent: Value| format!("/inbox/{}", sent["event"].as_str().unwrap());
    let (spam, order) = (page(spam), page(order));
    for (page, expected) in [
        ("/refusals", "falta la firma"),
        (
            "/refusals",
            "falta la cabecera x-shopify-hmac-sha256 o shopify-hmac-sha256 con la firma",
        ),
        (
            "/refusals",
            "no tiene ninguna cabecera que parezca una prueba",
        ),
        ("/inbox", "el contenido no encaja en el esquema"),
        (
            "/refusals",
            "el contenido no es JSON válido: el nombre de un miembro tiene que ser un texto entre comillas dobles (línea 1, \
             columna 2)",
        ),
        (
            &order,
            "/id: no es el número del pedido, que todo pedido tiene",
        ),
        (&order, "/line_items: no es null o una lista"),
        (&spam, "los textos tienen 12 enlaces, se admiten "),
        (&spam, "retenido como spam con una puntuación de "),
    ] {
        let body = eva.get(&gateway, page).await.body;
        assert!(body.contains(expected), "{page}: {expected}: {body}");
    }
    gateway.stop().await;
}
