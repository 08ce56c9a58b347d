//! Sources: endpoints made in the console work at once, secrets turn, pauses hold, samples arrive, mappings are tried.

use frontdesk::model::role::Role;
use serde_json::Value;

use crate::console::browser::{Browser, WIDE};
use crate::console::records::{ENDPOINTS, form};
use crate::console::site::{Person, add, location};
use crate::gateway::TestGateway;

/// What stands between two marks.
fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let rest = text
        .split(before)
        .nth(1)
        .unwrap_or_else(|| panic!("{before}: {text}"));
    rest.split(after).next().unwrap()
}

/// Posts a body with this key in its header; the status.
async fn with_key(gateway: &TestGateway, endpoint: &str, key: &str) -> u16 {
    let body = r#"{"lead_id":"1","google_key":"KEY","user_column_data":[]}"#.replace("KEY", key);
    let headers = "content-type: application/json\r\n";
    let path = format!("/hooks/{endpoint}");
    gateway.call("POST", &path, headers, &body).await.status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_declarations_say_is_said_in_spanish() {
    let shop = "[[endpoint]]\nname = \"shop\"\nsource = \"shopify\"\nsecrets = [\"the-secret-of-the-shop\"]\n";
    let gateway = TestGateway::start(&format!("{ENDPOINTS}\n{shop}")).await;
    let boss = add(&gateway, "boss", Role::Manager).await;
    let boss = Person::reading_spanish(&gateway, &boss).await;
    let catalog = crate::dry::catalog();
    let forms = catalog
        .sources()
        .map(|source| format!("/sources/new?source={}", source.name));
    for path in forms.chain(["/sources/shop".to_owned(), "/sources/website".to_owned()]) {
        let page = boss.get(&gateway, &path).await;
        assert_eq!(page.status, 200, "{path}");
        let main = between(&page.body, "<main", "</main>");
        assert!(!main.contains("lang=\"en\""), "{path}: {main}");
    }
    let page = boss.get(&gateway, "/sources/shop").await.body;
    for words in [
        "Notificaciones -&#62; Webhooks: pega la URL",
        "La respuesta tiene que llegar en 5 segundos",
        "8 veces en 4 horas",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let sent = [
        ("source", "google_ads"),
        ("name", "ads"),
        ("secret", "short"),
    ];
    let answer = boss.post(&gateway, "/sources/new", &sent).await.body;
    assert!(
        answer.contains("el secreto 1 tiene menos de 8 caracteres y se podría adivinar"),
        "{answer}"
    );
    gateway.stop().await;
}

/// Slack signs with its own secret: one made up here would never fit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_the_sender_gives_is_asked_for() {
    let gateway = TestGateway::start(ENDPOINTS).await;
    let boss = add(&gateway, "boss", Role::Manager).await;
    let boss = Person::inside(&gateway, &boss).await;
    let form = boss.get(&gateway, "/sources/new?source=slack").await.body;
    assert!(form.contains("The sender gives it to you."), "{form}");
    let input = between(&form, "<input id=\"secret\"", ">");
    assert!(input.contains(" required"), "{input}");
    let sent = [("source", "slack"), ("name", "team"), ("secret", "")];
    let answer = boss.post(&gateway, "/sources/new", &sent).await;
    assert_eq!(answer.status, 422, "{answer:?}");
    let words = "Type the secret that the sender gives you";
    assert!(answer.body.contains(words), "{}", answer.body);
    let gone = boss.get(&gateway, "/sources/team").await;
    assert_eq!(gone.status, 404, "nothing was made");
    let sent = [
        sent[0],
        sent[1],
        ("secret", "8f742231b10e8888abcd99yyyzzz85a5"),
    ];
    boss.post(&gateway, "/sources/new", &sent).await;
    let blank = [("secret", ""), ("days", "7")];
    let answer = boss.post(&gateway, "/sources/team/secrets", &blank).await;
    assert_eq!(answer.status, 422, "{answer:?}");
    assert!(answer.body.contains(words), "{}", answer.body);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_made_here_works_at_once_and_its_secrets_turn() {
    let gateway = TestGateway::start(ENDPOINTS).await;
    let boss = add(&gateway, "boss", Role::Manager).await;
    let boss = Person::inside(&gateway, &boss).await;
    let viewer = add(&gateway, "eva", Role::Viewer).await;
    let eva = Person::inside(&gateway, &viewer).await;
    let form = boss
        .get(&gateway, "/sources/new?source=google_ads")
        .await
        .body;
    assert!(
        form.contains("name=\"name\" value=\"google-ads\""),
        "{form}"
    );
    for (name, words) in [
        ("Bad name", "becomes a part of the URL"),
        ("website", "already"),
    ] {
        let sent = [("source", "google_ads"), ("name", name)];
        let answer = boss.post(&gateway, "/sources/new", &sent).await;
        assert_eq!(answer.status, 422, "{name}");
        assert!(answer.body.contains(words), "{words}: {}", answer.body);
    }
    let sent = [
        ("source", "google_ads"),
        ("name", "ads"),
        ("secret", "short"),
    ];
    let answer = boss.post(&gateway, "/sources/new", &sent).await;
    assert!(answer.body.contains("shorter than 8"), "{}", answer.body);
    let sent = [
        ("source", "google_ads"),
        ("name", "ads"),
        ("secret", "the-first-long-key-111"),
    ];
    let answer = boss.post(&gateway, "/sources/new", &sent).await;
    assert_eq!(
        location(&answer),
        Some("/sources/ads?done=endpoint-added"),
        "{answer:?}"
    );
    assert_eq!(with_key(&gateway, "ads", "another-key").await, 401);
    let first = with_key(&gateway, "ads", "the-first-long-key-111").await;
    assert_ne!(first, 401);

    let page = eva.get(&gateway, "/sources/ads").await.body;
    assert!(
        page.contains("••••••••111") && !page.contains("the-first-long"),
        "{page}"
    );
    let turned = boss
        .post(&gateway, "/sources/ads/secrets", &[("days", "7")])
        .await
        .body;
    let fresh = between(
        &turned,
        "it is shown only now.</p><p class=\"copy\"><code data-copy=\"Copy\">",
        "<",
    );
    assert_ne!(with_key(&gateway, "ads", fresh).await, 401);
    assert_ne!(
        with_key(&gateway, "ads", "the-first-long-key-111").await,
        401
    );
    let page = boss.get(&gateway, "/sources/ads").await.body;
    assert!(!page.contains(fresh), "it is shown once");
    let ends: Vec<&str> = page
        .split("/secrets/")
        .skip(1)
        .filter_map(|it| it.split_once("/end\""))
        .map(|it| it.0)
        .collect();
    assert_eq!(ends.len(), 2);
    let ended = boss
        .post(
            &gateway,
            &format!("/sources/ads/secrets/{}/end", ends[1]),
            &[],
        )
        .await;
    assert_eq!(location(&ended), Some("/sources/ads?done=secret-ended"));
    assert_eq!(
        with_key(&gateway, "ads", "the-first-long-key-111").await,
        401
    );
    let last = boss
        .post(
            &gateway,
            &format!("/sources/ads/secrets/{}/end", ends[0]),
            &[],
        )
        .await;
    assert_eq!(last.status, 409, "the last one stays");

    let paused = boss
        .post(&gateway, "/sources/ads/pause", &[("pause", "on")])
        .await;
    assert_eq!(location(&paused), Some("/sources/ads?done=paused"));
    assert_eq!(with_key(&gateway, "ads", fresh).await, 503);
    let list = eva.get(&gateway, "/sources").await.body;
    assert!(
        list.contains("paused") && list.contains("frontdesk.toml"),
        "{list}"
    );
    boss.post(&gateway, "/sources/ads/pause", &[("pause", "off")])
        .await;
    assert_ne!(with_key(&gateway, "ads", fresh).await, 503);
    let deleted = boss.post(&gateway, "/sources/ads/delete", &[]).await;
    assert_eq!(location(&deleted), Some("/sources?done=endpoint-deleted"));
    assert_eq!(with_key(&gateway, "ads", fresh).await, 404);
    gateway.drain().await;
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_of_the_file_is_only_paused_here() {
    let gateway = TestGateway::start(ENDPOINTS).await;
    let boss = add(&gateway, "boss", Role::Manager).await;
    let boss = Person::inside(&gateway, &boss).await;
    let page = boss.get(&gateway, "/sources/website").await.body;
    assert!(page.contains("They stand in frontdesk.toml"), "{page}");
    for what in ["secrets", "settings", "delete"] {
        let answer = boss
            .post(&gateway, &format!("/sources/website/{what}"), &[])
            .await;
        assert_eq!(answer.status, 404, "{what}");
    }
    boss.post(&gateway, "/sources/website/pause", &[("pause", "on")])
        .await;
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let answer = gateway
        .deliver("website", &headers, "email=a%40example.com")
        .await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json()["code"], "endpoint_paused");
    assert!(
        answer.head.to_lowercase().contains("retry-after: 300"),
        "{answer:?}"
    );
    boss.post(&gateway, "/sources/website/pause", &[("pause", "off")])
        .await;
    form(&gateway, &[("email", "a@example.com"), ("message", "Hi")]).await;
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mapping_is_tried_without_being_kept() {
    let gateway = TestGateway::start(ENDPOINTS).await;
    let boss = add(&gateway, "boss", Role::Manager).await;
    let boss = Person::inside(&gateway, &boss).await;
    let page = boss
        .get(&gateway, "/sources/playground?source=shopify")
        .await
        .body;
    assert!(
        page.contains("What it becomes") && page.contains("[verify"),
        "{page}"
    );
    let mapping = "title = \"T\"\nhelp = \"H\"\n[delivery]\nevent = \"'x'\"\n[[event]]\nname = \"x\"\n[event.contact]\nemail = \"body.mail\"\n";
    let try_it = |mapping: String, body: &'static str| {
        let (boss, gateway) = (&boss, &gateway);
        async move {
            let sent = [
                ("source", "formspree"),
                ("mapping", mapping.as_str()),
                ("headers", "content-type: application/json"),
                ("body", body),
            ];
            boss.post(gateway, "/sources/playground", &sent).await.body
        }
    };
    let body = r#"{"mail":"A@Example.com","other":"<b>"}"#;
    let page = try_it(mapping.to_owned(), body).await;
    let tried = between(&page, "id=\"tried\"", "</section>");
    assert!(tried.contains("a@example.com"), "{tried}");
    let edited = mapping.replace("body.mail", "body.other | upper");
    let page = try_it(edited, body).await;
    let tried = between(&page, "id=\"tried\"", "</section>");
    assert!(
        tried.contains("&#60;b&#62;") && !tried.contains("a@example.com"),
        "{tried}"
    );
    let page = try_it(mapping.replace("body.mail", "body.mail | nonsense"), body).await;
    let tried = between(&page, "id=\"tried\"", "</section>");
    assert!(tried.contains("mappings/formspree.toml:8"), "{tried}");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sender_is_connected_in_the_browser() {
    let gateway = TestGateway::start(ENDPOINTS).await;
    add(&gateway, "boss", Role::Manager).await;
    let browser = Browser::open(&gateway).await;
    browser.sign_in("boss").await;
    browser.screen(WIDE).await;
    browser.go("/sources").await;
    browser.look("sources").await;
    browser.follow("main a[href='/sources/new']").await;
    browser.look("source-choose").await;
    browser
        .follow("a[href='/sources/new?source=standard_webhooks']")
        .await;
    browser.look("source-new").await;
    browser.follow("form button.main").await;
    let notice = browser.text(".notice.good").await;
    assert!(notice.contains("whsec_"), "{notice}");
    browser.look("source").await;
    browser.press("#sample option[value='2']").await;
    browser.follow("form[action$='/sample'] button").await;
    gateway.drain().await;
    browser.wait(".card .fields").await;
    browser.look("source-sample").await;
    browser.go("/sources/playground?source=contact_form").await;
    browser.look("playground").await;
    browser.append("#mapping", "nonsense = 1\n").await;
    browser.wait("#tried .notice.bad").await;
    let contacts = gateway.items("contacts").await;
    let emails: Vec<&Value> = contacts.iter().map(|it| &it["fields"]["email"]).collect();
    assert!(!emails.is_empty(), "the sample became records");
    gateway.stop().await;
}
