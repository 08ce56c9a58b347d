//! Days at the desk, in a real browser: a rep with their leads, a manager who edits, merges and undoes, a phone, Spanish.

use fantoccini::Locator;
use frontdesk::model::role::Role;

use crate::console::browser::{Browser, PHONE, WIDE};
use crate::console::records::{ENDPOINTS, desk, form};
use crate::console::site::add;
use crate::gateway::TestGateway;

/// A gateway with what the tests of this file need.
async fn at_work() -> TestGateway {
    let gateway = TestGateway::start(ENDPOINTS).await;
    desk(&gateway).await;
    for (name, role) in [("boss", Role::Manager), ("ana", Role::Rep)] {
        add(&gateway, name, role).await;
    }
    form(
        &gateway,
        &[
            ("name", "Carla Ortiz"),
            ("email", "carla@hotel.example"),
            ("phone", "600 111 222"),
            ("company", "Hotel Sol"),
            ("message", "Two rooms of demo space, please. Ask ana."),
            ("utm_source", "newsletter"),
            ("favourite colour", "green"),
        ],
    )
    .await;
    form(
        &gateway,
        &[
            ("name", "Dora"),
            ("email", "dora@example.com"),
            ("message", "Bob, please"),
        ],
    )
    .await;
    form(
        &gateway,
        &[
            ("name", "Carla Ortiz"),
            ("email", "carla@home.example"),
            ("message", "Again me, for ana"),
        ],
    )
    .await;
    gateway
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reps_day() {
    let gateway = at_work().await;
    let browser = Browser::open(&gateway).await;
    browser.sign_in("ana").await;
    browser.screen(WIDE).await;
    browser.follow("nav a[href='/leads']").await;
    let list = browser.text("main").await;
    assert!(
        list.contains("Carla Ortiz") && !list.contains("Dora"),
        "{list}"
    );
    browser.look("leads-rep").await;
    browser.follow("table.rows tbody tr:last-child a").await;
    browser.look("lead-rep").await;
    browser.follow("form[action$='/accept'] button").await;
    let notice = browser.text(".notice.good").await;
    assert!(notice.contains("yours"), "{notice}");
    browser
        .fill("#note", "Called her: wants to see it on Friday.")
        .await;
    browser.follow("form[action$='/notes'] button").await;
    let note = browser.text(".note").await;
    assert!(note.contains("Friday") && note.contains("ana"), "{note}");
    browser.press("#set-status option[value='qualified']").await;
    browser.follow("form[action$='/status'] button").await;
    let pill = browser.text(".head .pill").await;
    assert_eq!(pill, "qualified");
    browser.look("lead-worked").await;
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_manager_edits_merges_and_undoes() {
    let gateway = at_work().await;
    let browser = Browser::open(&gateway).await;
    browser.sign_in("boss").await;
    for (path, name) in [
        ("/orders", "orders-empty"),
        ("/tickets", "tickets-empty"),
        ("/duplicates", "duplicates"),
    ] {
        browser.go(path).await;
        browser.judge(name).await;
    }
    browser.go("/contacts").await;
    browser.look("contacts").await;
    browser.follow("table.rows tbody tr:last-child a").await;
    browser.look("contact").await;
    browser.follow("main a[href$='/edit']").await;
    browser.look("contact-edit").await;
    browser.fill("[name='company']", "Hotel Luna").await;
    browser.fill("[name='email']", "carla@home.example").await;
    browser.follow("form button.main").await;
    let wrong = browser.text(".notice.bad").await;
    assert!(wrong.contains("merge the two"), "{wrong}");
    browser.look("contact-taken").await;
    browser.follow(".notice.bad a").await;
    browser.look("merge").await;
    browser.follow("form button.main").await;
    let notice = browser.text(".notice.good").await;
    assert!(notice.contains("one"), "{notice}");
    browser.look("contact-merged").await;
    browser.follow("form[action$='/undo'] button").await;
    let notice = browser.text(".notice.good").await;
    assert!(notice.contains("two again"), "{notice}");
    browser.go("/contacts?q=carla").await;
    let rows = browser
        .page
        .find_all(Locator::Css("table.rows tbody tr"))
        .await
        .unwrap();
    assert_eq!(rows.len(), 2);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_on_a_phone_in_spanish() {
    let gateway = at_work().await;
    let browser = Browser::open(&gateway).await;
    browser.sign_in("boss").await;
    browser.screen(PHONE).await;
    browser.press("a[href='#nav']").await;
    browser.follow("button[name='language'][value='es']").await;
    browser.go("/contacts?q=dora").await;
    browser.follow("table.rows tbody a").await;
    browser.follow("main a[href$='/edit']").await;
    browser.judge("contact-edit-spanish").await;
    browser.picture("contact-edit-spanish-phone").await;
    browser.fill("[name='company']", "Panadería Dora").await;
    browser.follow("form button.main").await;
    let page = browser.text("main").await;
    for words in ["Guardado", "Panadería Dora", "bloqueado", "Historia"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    browser.press(".fields details summary").await;
    browser.judge("contact-spanish").await;
    browser.picture("contact-spanish-phone").await;
    gateway.stop().await;
}
