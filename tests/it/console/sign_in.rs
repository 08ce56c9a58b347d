//! Signing in: passwords, one-time codes, links, sessions that end.

use frontdesk::access::code;
use frontdesk::console::pages::setup::first_link;
use frontdesk::model::page::PageRequest;
use frontdesk::model::role::Role;
use frontdesk::store::users::{AuditFilter, UserChange};

use crate::console::site::{PASSWORD, Person, add, location, log};
use crate::gateway::{TestGateway, now};

async fn whats(gateway: &TestGateway) -> Vec<String> {
    let page = PageRequest {
        limit: 100,
        cursor: None,
    };
    let store = &gateway.running.store;
    let page = store.audit(AuditFilter::default(), page).await.unwrap();
    let line = |log: frontdesk::store::users::AuditRow| format!("{} {}", log.who, log.what);
    page.items.into_iter().map(line).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_signs_in_and_out() {
    let gateway = TestGateway::start("").await;
    add(&gateway, "ana", Role::Viewer).await;
    let mut ana = Person::stranger();
    let sent = ana.get(&gateway, "/?done=password").await;
    assert_eq!(sent.status, 303);
    assert_eq!(location(&sent), Some("/sign-in?to=%2F%3Fdone%3Dpassword"));
    let page = ana.get(&gateway, "/sign-in").await;
    assert_eq!(page.status, 200);
    let head = page.head.to_ascii_lowercase();
    for header in [
        "content-security-policy: default-src 'none'; script-src 'self'",
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
        "cache-control: no-store",
    ] {
        assert!(head.contains(header), "{header}: {head}");
    }
    assert!(!page.body.contains("style=") && !page.body.contains("onclick"));

    for (name, password) in [("ana", "wrong password"), ("nobody", PASSWORD), ("", "")] {
        let form = [("name", name), ("password", password)];
        let answer = ana.post(&gateway, "/sign-in", &form).await;
        assert_eq!(answer.status, 422, "{name}");
        assert!(answer.body.contains("do not belong together"), "{name}");
    }
    let form = [
        ("name", " Ana "),
        ("password", PASSWORD),
        ("to", "/account"),
    ];
    let answer = ana.post(&gateway, "/sign-in", &form).await;
    assert_eq!((answer.status, location(&answer)), (303, Some("/account")));
    let cookie = answer.head.to_ascii_lowercase();
    assert!(cookie.contains("httponly; samesite=lax"), "{cookie}");
    assert!(!cookie.contains("secure"), "the public URL is plain HTTP");
    ana.keep(&answer);
    let page = ana.get(&gateway, "/account").await;
    assert!(
        page.status == 200 && page.body.contains("Sign out"),
        "{page:?}"
    );

    let old = Person {
        token: ana.token.clone(),
        cookies: ana.cookies.clone(),
    };
    let answer = ana.post(&gateway, "/sign-out", &[]).await;
    assert_eq!(location(&answer), Some("/sign-in"));
    assert_eq!(
        old.get(&gateway, "/account").await.status,
        303,
        "the session is gone"
    );
    assert_eq!(
        whats(&gateway).await,
        ["ana session.ended", "ana session.opened", "test user.added"]
    );
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_end_with_a_new_password_and_with_the_user() {
    let gateway = TestGateway::start("").await;
    add(&gateway, "boss", Role::Admin).await;
    let user = add(&gateway, "ana", Role::Manager).await;
    let store = &gateway.running.store;
    let elsewhere = Person::inside(&gateway, &user).await;
    let mut ana = Person::inside(&gateway, &user).await;
    let new = "another four words";
    for (old, password, again, words) in [
        ("wrong", new, new, "not your password"),
        (PASSWORD, new, "different", "not the same"),
        (PASSWORD, "short", "short", "too short"),
        (PASSWORD, "password12", "password12", "first that anybody"),
    ] {
        let form = [("old", old), ("password", password), ("again", again)];
        let answer = ana.post(&gateway, "/account/password", &form).await;
        assert_eq!(answer.status, 422, "{words}");
        assert!(answer.body.contains(words), "{words}: {}", answer.body);
    }
    let form = [("old", PASSWORD), ("password", new), ("again", new)];
    let answer = ana.post(&gateway, "/account/password", &form).await;
    assert_eq!(location(&answer), Some("/account?done=password"));
    ana.keep(&answer);
    assert_eq!(ana.get(&gateway, "/account").await.status, 200);
    assert_eq!(elsewhere.get(&gateway, "/account").await.status, 303);

    let disabled = UserChange::Disabled(Some(now()));
    store
        .change_user(user.id, disabled, log("user.disabled"))
        .await
        .unwrap();
    assert_eq!(ana.get(&gateway, "/account").await.status, 303);
    let form = [("name", "ana"), ("password", new)];
    assert_eq!(
        ana.post_bare(&gateway, "/sign-in", &form, "").await.status,
        422
    );
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_that_went_astray_finds_its_way_back() {
    let gateway = TestGateway::start("").await;
    let user = add(&gateway, "ana", Role::Viewer).await;
    let ana = Person::reading_spanish(&gateway, &user).await;
    for path in [
        "/overview",
        "/inbox/of/nobody?x=1",
        "/hook/shop",
        "/setup.php",
    ] {
        let page = ana.get(&gateway, path).await;
        assert_eq!(page.status, 404, "{path}");
        for words in [
            "Aquí no hay nada",
            " href=\"/\">A la primera página",
            "<nav",
        ] {
            assert!(page.body.contains(words), "{path}: {words}: {}", page.body);
        }
    }
    let stranger = Person::stranger().get(&gateway, "/overview").await;
    assert!(
        stranger.body.contains("There is nothing here"),
        "{stranger:?}"
    );
    // Programs hear what they heard.
    for (method, path, accept) in [
        ("GET", "/overview", "accept: application/json\r\n"),
        ("GET", "/overview", ""),
        ("POST", "/overview", "accept: text/html\r\n"),
        ("GET", "/api/v1/nothing", "accept: text/html\r\n"),
        ("POST", "/hooks/nobody", "accept: text/html\r\n"),
    ] {
        let answer = gateway.call(method, path, accept, "").await;
        let is_json = answer
            .head
            .to_lowercase()
            .contains("content-type: application/problem+json");
        assert!(is_json, "{method} {path}: {answer:?}");
    }
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_one_time_code_is_asked_for_and_counts_once() {
    let gateway = TestGateway::start("").await;
    let user = add(&gateway, "ana", Role::Viewer).await;
    let mut ana = Person::inside(&gateway, &user).await;
    let page = ana.get(&gateway, "/account/two-step").await.body;
    assert!(page.contains("<svg class=\"qr\""), "to be scanned: {page}");
    let secret = page.split("name=\"secret\" value=\"").nth(1).unwrap();
    let secret = secret.split('"').next().unwrap().to_owned();
    let right = code::at(&secret, now()).unwrap();
    let wrong = if right == "000000" {
        "000001"
    } else {
        "000000"
    };
    let form = [("secret", secret.as_str()), ("code", wrong)];
    assert_eq!(
        ana.post(&gateway, "/account/two-step", &form).await.status,
        422
    );
    let form = [("secret", secret.as_str()), ("code", right.as_str())];
    let answer = ana.post(&gateway, "/account/two-step", &form).await;
    assert_eq!(location(&answer), Some("/account?done=codes-on"));

    let mut later = Person::stranger();
    let form = [("name", "ana"), ("password", PASSWORD), ("to", "/account")];
    let answer = later.post(&gateway, "/sign-in", &form).await;
    assert_eq!(location(&answer), Some("/sign-in/code?to=%2Faccount"));
    later.keep(&answer);
    assert_eq!(
        later.get(&gateway, "/account").await.status,
        303,
        "not in yet"
    );
    let form = [("code", right.as_str()), ("to", "/account")];
    let again = later.post(&gateway, "/sign-in/code", &form).await;
    assert_eq!(again.status, 422, "the code that switched it on was used");
    let next = code::at(&secret, now() + jiff::SignedDuration::from_secs(30)).unwrap();
    let form = [("code", next.as_str()), ("to", "/account")];
    let answer = later.post(&gateway, "/sign-in/code", &form).await;
    assert_eq!(location(&answer), Some("/account"), "{answer:?}");
    let half = Person {
        token: later.token.clone(),
        cookies: later.cookies.clone(),
    };
    later.keep(&answer);
    assert_ne!(half.token, later.token, "the session is a new one");
    assert_eq!(later.get(&gateway, "/account").await.status, 200);

    let form = [("password", PASSWORD)];
    let answer = ana.post(&gateway, "/account/two-step/off", &form).await;
    assert_eq!(location(&answer), Some("/account?done=codes-off"));
    ana = Person::stranger();
    let form = [("name", "ana"), ("password", PASSWORD)];
    let answer = ana.post(&gateway, "/sign-in", &form).await;
    assert_eq!(location(&answer), Some("/"));
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_admin_is_made_by_a_link_that_works_once() {
    let gateway = TestGateway::start("").await;
    let store = gateway.running.store.as_ref();
    let mut boss = Person::stranger();
    let page = boss.get(&gateway, "/sign-in").await;
    assert!(
        page.body.contains("Nobody can sign in yet"),
        "{}",
        page.body
    );
    let old = first_link(store, now()).await.unwrap().unwrap();
    let link = first_link(store, now()).await.unwrap().unwrap();
    assert_eq!(
        boss.get(&gateway, &old).await.status,
        404,
        "a newer link ends it"
    );
    assert_eq!(boss.get(&gateway, &link).await.status, 200);
    let form = [
        ("name", "Bo ss"),
        ("password", PASSWORD),
        ("again", PASSWORD),
    ];
    assert_eq!(boss.post(&gateway, &link, &form).await.status, 422);
    let form = [
        ("name", "Boss"),
        ("password", PASSWORD),
        ("again", PASSWORD),
    ];
    let answer = boss.post(&gateway, &link, &form).await;
    assert_eq!(location(&answer), Some("/"), "{answer:?}");
    boss.keep(&answer);
    let page = boss.get(&gateway, "/account").await;
    assert!(page.body.contains("boss") && page.body.contains("Admin"));
    let again = Person::stranger().post(&gateway, &link, &form).await;
    assert_eq!(again.status, 404, "used up");
    assert_eq!(first_link(store, now()).await.unwrap(), None);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guessing_is_slowed_down() {
    let gateway = TestGateway::start("").await;
    add(&gateway, "ana", Role::Viewer).await;
    let thief = Person::stranger();
    let mut statuses = Vec::new();
    for _ in 0..12 {
        let form = [("name", "ana"), ("password", "guess")];
        statuses.push(thief.post(&gateway, "/sign-in", &form).await.status);
    }
    assert!(statuses.starts_with(&[422; 8]), "{statuses:?}");
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
    let form = [("name", "ana"), ("password", PASSWORD)];
    let answer = thief.post(&gateway, "/sign-in", &form).await;
    assert_eq!(answer.status, 429);
    assert!(answer.head.to_ascii_lowercase().contains("retry-after: "));
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn language_and_look_are_the_readers() {
    let gateway = TestGateway::start("").await;
    let user = add(&gateway, "ana", Role::Viewer).await;
    let spanish = gateway
        .call("GET", "/sign-in", "accept-language: es-ES,en;q=0.5\r\n", "")
        .await;
    assert!(spanish.body.contains("Iniciar sesión"), "{}", spanish.body);
    let ana = Person::inside(&gateway, &user).await;
    let form = [("language", "es"), ("to", "/account")];
    let answer = ana.post(&gateway, "/preferences", &form).await;
    assert_eq!(location(&answer), Some("/account"));
    let page = ana.get(&gateway, "/account").await.body;
    assert!(page.contains("<html lang=\"es\"") && page.contains("Contraseña actual"));
    let madrid = Person {
        token: ana.token.clone(),
        cookies: format!(
            "{}; frontdesk_zone=Europe/Madrid; frontdesk_theme=dark",
            ana.cookies
        ),
    };
    let page = madrid.get(&gateway, "/account").await.body;
    assert!(page.contains(">2026-11-24 10:00:00</time>"), "{page}");
    assert!(page.contains("data-theme=\"dark\""));
    gateway.stop().await;
}
