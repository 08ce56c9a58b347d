//! Every page in a real browser: no violation of accessibility, nothing wider than a phone, and a picture to look at.

use frontdesk::model::role::Role;

use crate::console::browser::Browser;
use crate::console::site::add;
use crate::gateway::TestGateway;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_door_and_the_account() {
    let gateway = TestGateway::start("").await;
    let browser = Browser::open(&gateway).await;
    browser.go("/").await;
    assert_eq!(browser.place().await, "/sign-in?to=%2F");
    browser.look("sign-in-nobody").await;
    add(&gateway, "boss", Role::Admin).await;
    browser.go("/sign-in").await;
    browser.look("sign-in").await;
    browser.fill("#name", "boss").await;
    browser.fill("#password", "not the password").await;
    browser.follow("button.main").await;
    browser.wait("#wrong").await;
    browser.look("sign-in-wrong").await;
    browser.sign_in("boss").await;
    assert_eq!(browser.place().await, "/");
    for (path, name) in [
        ("/", "overview"),
        ("/account", "account"),
        ("/account/two-step", "two-step"),
        ("/nothing/here", "fault"),
    ] {
        browser.go(path).await;
        browser.look(name).await;
    }
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_in_spanish() {
    let gateway = TestGateway::start("").await;
    add(&gateway, "boss", Role::Admin).await;
    let browser = Browser::open(&gateway).await;
    browser.sign_in("boss").await;
    browser.screen(crate::console::browser::PHONE).await;
    browser.go("/account").await;
    browser.press("a[href='#nav']").await;
    browser.judge("menu").await;
    browser.picture("menu-phone").await;
    browser.follow("button[name='language'][value='es']").await;
    browser.reads("h1", "Cuenta").await;
    assert_eq!(browser.place().await, "/account");
    browser.judge("account-spanish").await;
    browser.picture("account-spanish-phone").await;
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_desk_at_work() {
    let endpoints = "[[endpoint]]\nname = \"website\"\nsource = \"contact_form\"\nverify = \"none\"\nregion = \"ES\"\n
        [[endpoint]]\nname = \"shop\"\nsource = \"shopify\"\nsecrets = [\"the-secret-of-the-shop\"]\n";
    let gateway = TestGateway::start(endpoints).await;
    add(&gateway, "boss", Role::Admin).await;
    add(&gateway, "ana", Role::Rep).await;
    let browser = Browser::open(&gateway).await;
    browser.sign_in("boss").await;
    for path in ["/", "/inbox", "/refusals", "/tokens"] {
        browser.go(path).await;
        browser.judge(&format!("empty {path}")).await;
    }
    browser.go("/inbox").await;
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let kinds = [
        ("content-type", "application/json"),
        ("x-shopify-topic", "orders/create"),
    ];
    for n in 1..=6 {
        let body = format!("name=Ana+Ruiz&email=ana{n}%40example.com&country=ES&message=Hello+{n}");
        gateway.deliver("website", &form, &body).await;
    }
    let order = r#"{"id": " ", "line_items": "none"}"#;
    gateway.deliver("shop", &kinds, order).await;
    let forged = "x-shopify-topic: orders/create\r\ncontent-type: application/json\r\n";
    gateway.call("POST", "/hooks/shop", forged, "{}").await;
    let json = "content-type: application/json\r\n";
    gateway.call("POST", "/hooks/website", json, "{1: 2}").await;
    gateway.drain().await;
    // The list follows by itself.
    browser.wait("table.rows tbody tr:nth-child(7)").await;
    for (path, name) in [
        ("/", "overview-busy"),
        ("/inbox", "inbox"),
        ("/inbox/replay?status=quarantined", "replay"),
        ("/refusals", "refusals"),
        ("/users", "users"),
        ("/tokens", "tokens"),
        ("/audit", "audit"),
    ] {
        browser.go(path).await;
        browser.look(name).await;
    }
    for (status, name) in [("processed", "event"), ("quarantined", "event-quarantined")] {
        browser.go(&format!("/inbox?status={status}")).await;
        browser.follow("table.rows tbody a").await;
        browser.look(name).await;
    }
    browser.follow("button[name='language'][value='es']").await;
    browser.look("event-quarantined-spanish").await;
    for (path, name) in [
        ("/", "overview-spanish"),
        ("/refusals", "refusals-spanish"),
        ("/sources/shop", "source-spanish"),
        ("/sources/new?source=meta", "source-new-spanish"),
        ("/sources/playground?source=shopify", "playground-spanish"),
        ("/account/two-step", "two-step-spanish"),
    ] {
        browser.go(path).await;
        browser.look(name).await;
    }
    gateway.stop().await;
}
