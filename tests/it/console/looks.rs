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
    browser.press("button.main").await;
    browser.wait("#wrong").await;
    browser.look("sign-in-wrong").await;
    browser.sign_in("boss").await;
    assert_eq!(browser.place().await, "/");
    for (path, name) in [
        ("/", "overview"),
        ("/account", "account"),
        ("/account/two-step", "two-step"),
        ("/setup/nothing", "fault"),
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
    browser.press("button[name='language'][value='es']").await;
    let heading = browser.text("h1").await;
    assert_eq!(heading, "Cuenta");
    assert_eq!(browser.place().await, "/account");
    browser.judge("account-spanish").await;
    browser.picture("account-spanish-phone").await;
    gateway.stop().await;
}
