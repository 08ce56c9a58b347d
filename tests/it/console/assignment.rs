//! A manager at work on the rules: drafted by forms, tried, published, taken back; and in a real browser.

use fantoccini::key::Key;
use frontdesk::model::role::Role;
use serde_json::{Value, json};

use crate::console::browser::{Browser, PHONE, WIDE};
use crate::console::site::{Person, add, location};
use crate::gateway::TestGateway;

const WEBSITE: &str = "[[endpoint]]\nname = \"website\"\nsource = \"contact_form\"\nverify = \"none\"\nregion = \"ES\"\n";

/// Two reps, a team of both, and rules of two.
async fn desk() -> TestGateway {
    let gateway = TestGateway::start(WEBSITE).await;
    for rep in [
        json!({"handle": "ana", "name": "Ana Ruiz", "skills": ["french"], "caps": {"per_day": 10}}),
        json!({"handle": "rui", "name": "Rui Costa", "hours": {"mon": ["09:00-12:00"]}}),
        json!({"handle": "boss", "name": "Bo Jensen"}),
    ] {
        gateway.api("POST", "/api/v1/reps", &rep.to_string()).await;
    }
    let team = json!({"handle": "iberia", "name": "Iberia", "members": [{"rep": "ana", "weight": 2}, {"rep": "rui"}],
        "sla": {"accept_minutes": 30}});
    gateway
        .api("POST", "/api/v1/teams", &team.to_string())
        .await;
    let rules = json!({"version": 0, "rules": [
        {"name": "Spain", "when": {"all": [{"field": "contact.address.country", "op": "eq", "value": "ES"}]},
         "assign": {"team": "iberia"}},
        {"name": "Everyone else", "assign": {"rep": "boss"}}]});
    gateway
        .api("PUT", "/api/v1/rules", &rules.to_string())
        .await;
    gateway
}

/// Somebody fills in the form; the lead's id.
async fn fill_in(gateway: &TestGateway, name: &str, more: &str) -> String {
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let body = format!("name={name}&email={name}%40acme.example&message=Hello{more}");
    let answer = gateway.deliver("website", &form, &body).await;
    let event = answer.json()["event"].as_str().unwrap().to_owned();
    gateway.drain().await;
    let event = gateway
        .api("GET", &format!("/api/v1/events/{event}"), "")
        .await;
    let records = event["records"].as_array().unwrap();
    let lead = records.iter().find(|it| it["kind"] == "lead").unwrap();
    lead["id"].as_str().unwrap().to_owned()
}

/// The draft's rules, as the API shows them.
async fn draft(gateway: &TestGateway) -> Value {
    gateway.api("GET", "/api/v1/rules/draft", "").await["rules"]["rules"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_are_built_moved_published_and_taken_back() {
    let gateway = desk().await;
    let user = add(&gateway, "manager", Role::Manager).await;
    let manager = Person::inside(&gateway, &user).await;
    let rule = |revision: &str, action: &str, value: &str| {
        [
            ("revision", revision),
            ("name", "Big budgets"),
            ("sort", "all"),
            ("depth", "0"),
            ("field", ""),
            ("op", ""),
            ("value", ""),
            ("sort", "compare"),
            ("depth", "1"),
            ("field", "lead.budget"),
            ("op", "between"),
            ("value", value),
            ("to", "rep:boss"),
            ("otherwise", "park"),
            ("do", action),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    let send = async |path: &str, fields: &[(String, String)]| {
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        manager.post(&gateway, path, &fields).await
    };
    let new = "/assignment/rules/new";
    // Another row is no change yet, and a value that makes no sense stands beside its row.
    let more = send(new, &rule("0", "add-0", "5000, 9000")).await;
    assert_eq!(more.status, 200);
    assert!(more.body.contains("id=\"row-2\""));
    let wrong = send(new, &rule("0", "save", "9000, 5000")).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("the lower one first"), "{}", wrong.body);
    let stale = send(new, &rule("7", "save", "5000, 9000")).await;
    assert_eq!(stale.status, 409);
    let saved = send(new, &rule("0", "save", "5000, 9000")).await;
    assert_eq!(
        location(&saved),
        Some("/assignment?done=draft-saved#rule-2"),
        "{}",
        saved.body
    );
    let rules = draft(&gateway).await;
    assert_eq!(rules[1]["when"]["all"][0]["value"], json!(["5000", "9000"]));
    assert_eq!(rules[1]["on_none_eligible"], "park");
    assert_eq!(rules[2]["name"], "Everyone else");
    // Nothing is in force yet.
    let current = gateway.api("GET", "/api/v1/rules", "").await;
    assert_eq!(current["version"], 1);
    let moved = manager.post(
        &gateway,
        "/assignment/rules/2/move",
        &[("revision", "1"), ("to", "1")],
    );
    assert_eq!(location(&moved.await), Some("/assignment#rule-1"));
    assert_eq!(draft(&gateway).await[0]["name"], "Big budgets");
    let switches = [
        ("revision", "2"),
        ("last_owner", "yes"),
        ("last_owner_days", "30"),
    ];
    manager
        .post(&gateway, "/assignment/switches", &switches)
        .await;
    let published = [("revision", "3"), ("note", "big ones go to the boss")];
    let published = manager
        .post(&gateway, "/assignment/publish", &published)
        .await;
    assert_eq!(
        location(&published),
        Some("/assignment?done=rules-published"),
        "{}",
        published.body
    );
    let current = gateway.api("GET", "/api/v1/rules", "").await;
    assert_eq!(
        (&current["version"], &current["last_owner_days"]),
        (&json!(2), &json!(30))
    );
    assert_eq!(current["keep_owner"], false);
    let history = manager.get(&gateway, "/assignment/history").await.body;
    assert!(history.contains("big ones go to the boss") && history.contains("manager"));
    let back = [("current", "2"), ("note", "")];
    let back = manager
        .post(&gateway, "/assignment/history/1/back", &back)
        .await;
    assert_eq!(location(&back), Some("/assignment?done=rules-rolled-back"));
    let current = gateway.api("GET", "/api/v1/rules", "").await;
    assert_eq!(
        (&current["version"], &current["keep_owner"]),
        (&json!(3), &json!(true))
    );
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_added_changed_and_removed() {
    let gateway = desk().await;
    let user = add(&gateway, "manager", Role::Manager).await;
    let manager = Person::inside(&gateway, &user).await;
    let eva = [
        ("handle", "eva"),
        ("name", "Eva Sol"),
        ("active", "yes"),
        ("time_zone", "Europe/Madrid"),
        ("mon", "09:00-14:00, 16:00-19:00"),
        ("from", "2026-12-28"),
        ("to", ""),
        ("holidays", "2026-12-25, 2027-01-01"),
        ("per_week", "40"),
    ];
    let wrong = [("handle", "ana"), ("name", "Ana"), ("time_zone", "Nowhere")];
    let refused = manager.post(&gateway, "/assignment/reps/new", &wrong).await;
    assert_eq!(refused.status, 422);
    let saved = manager.post(&gateway, "/assignment/reps/new", &eva).await;
    assert_eq!(
        location(&saved),
        Some("/assignment/people?done=rep-saved"),
        "{}",
        saved.body
    );
    let rep = gateway.api("GET", "/api/v1/reps/eva", "").await;
    assert_eq!(
        rep,
        json!({"handle": "eva", "name": "Eva Sol", "active": true, "time_zone": "Europe/Madrid",
            "hours": {"mon": ["09:00-14:00", "16:00-19:00"]}, "holidays": ["2026-12-25", "2027-01-01"],
            "out_of_office": [{"from": "2026-12-28", "to": "2026-12-28"}], "caps": {"per_week": 40}})
    );
    let team = [
        ("name", "Iberia"),
        ("weight-ana", "3"),
        ("weight-eva", "1"),
        ("weight-rui", ""),
        ("strategy", "fewest_in_period"),
        ("period", "month"),
        ("accept_minutes", "15"),
        ("around_the_clock", "yes"),
    ];
    let saved = manager
        .post(&gateway, "/assignment/teams/iberia", &team)
        .await;
    assert_eq!(saved.status, 303, "{}", saved.body);
    assert_eq!(
        gateway.api("GET", "/api/v1/teams/iberia", "").await,
        json!({"handle": "iberia", "name": "Iberia", "members": [{"rep": "ana", "weight": 3}, {"rep": "eva", "weight": 1}],
            "strategy": "fewest_in_period", "period": "month", "hours": "ignore",
            "sla": {"accept_minutes": 15, "return_credit": false}})
    );
    // Whoever is in a team stays.
    let kept = manager
        .post(&gateway, "/assignment/reps/eva/remove", &[])
        .await;
    assert_eq!(kept.status, 409);
    let gone = manager
        .post(&gateway, "/assignment/reps/rui/remove", &[])
        .await;
    assert_eq!(location(&gone), Some("/assignment/people?done=rep-removed"));
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_may_see_a_lead_is_told_why() {
    let gateway = desk().await;
    let lead = fill_in(&gateway, "joan", "&country=ES").await;
    let page = format!("/leads/{lead}/why");
    for (name, role, expected) in [
        ("viewer", Role::Viewer, 200),
        ("ana", Role::Rep, 200),
        ("rui", Role::Rep, 404),
    ] {
        let user = add(&gateway, name, role).await;
        let person = Person::inside(&gateway, &user).await;
        let answer = person.get(&gateway, &page).await;
        assert_eq!(answer.status, expected, "{name}");
        if expected == 200 {
            let body = &answer.body;
            assert!(body.contains("The rule “Spain” matched, and it went to Ana Ruiz."));
            assert!(body.contains("Country is ES – here: ES"));
            assert!(body.contains("outside working hours, opens at 2026-11-30 09:00 (UTC)"));
        }
    }
    // The link in the rep's message.
    let office = gateway.running.processing.office();
    let token = office.accept_token(lead.parse().unwrap(), 1).await.unwrap();
    let stranger = Person::stranger();
    let link = format!("/accept/{token}");
    assert_eq!(stranger.get(&gateway, &link).await.status, 200);
    let status = async || {
        let lead = gateway
            .api("GET", &format!("/api/v1/leads/{lead}"), "")
            .await;
        lead["fields"]["status"].clone()
    };
    assert_eq!(status().await, "assigned");
    assert_eq!(stranger.post(&gateway, &link, &[]).await.status, 200);
    assert_eq!(status().await, "working");
    let forged = stranger.post(&gateway, "/accept/AAAA", &[]).await;
    assert_eq!(forged.status, 422);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_manager_builds_a_rule_and_sees_a_lead_land() {
    let gateway = desk().await;
    add(&gateway, "boss", Role::Admin).await;
    for nth in 1..=4 {
        let country = if nth % 2 == 0 { "ES" } else { "PT" };
        fill_in(&gateway, &format!("n{nth}"), &format!("&country={country}")).await;
    }
    let browser = Browser::open(&gateway).await;
    browser.sign_in("boss").await;
    browser.go("/assignment").await;
    browser.look("assignment").await;
    browser.go("/assignment/rules/new").await;
    browser.fill("#name", "Portugal").await;
    browser
        .press("select[name='field'] option[value='contact.address.country']")
        .await;
    browser
        .fill("input[name='value']:not([type='hidden'])", "PT")
        .await;
    browser.press("#to option[value='rep:ana']").await;
    browser.follow("button[value='group-0']").await;
    browser.wait("#row-3").await;
    browser.look("assignment-builder").await;
    browser.follow("button[value='remove-2']").await;
    browser.follow(".actions button[value='save']").await;
    browser.wait("#rule-2").await;
    browser.look("assignment-draft").await;
    browser.follow("a.main[href='/assignment/preview']").await;
    let text = browser.text("main").await;
    assert!(
        text.contains("The rule “Portugal” is new, at place 2: Country is PT → goes to Ana Ruiz."),
        "{text}"
    );
    browser.look("assignment-preview").await;
    browser.fill("#note", "Ana speaks Portuguese").await;
    browser
        .follow("form[action='/assignment/publish'] button.main")
        .await;
    browser.wait(".notice.good").await;
    let lead = fill_in(&gateway, "rosa", "&country=PT").await;
    browser.go(&format!("/leads/{lead}/why")).await;
    let text = browser.text("main").await;
    assert!(
        text.contains("The rule “Portugal” matched, and it went to Ana Ruiz."),
        "{text}"
    );
    browser.look("why").await;
    for (path, name) in [
        (format!("/assignment/test?lead={lead}"), "assignment-test"),
        ("/assignment/people".to_owned(), "people"),
        ("/assignment/reps/ana".to_owned(), "rep"),
        ("/assignment/teams/iberia".to_owned(), "team"),
        ("/assignment/history".to_owned(), "history"),
        ("/assignment/history/1".to_owned(), "version"),
    ] {
        browser.go(&path).await;
        browser.look(name).await;
    }
    browser.screen(PHONE).await;
    browser.go("/assignment/rules/2").await;
    browser.judge("builder on a phone").await;
    browser.picture("assignment-builder-small").await;
    browser.press("a[href='#nav']").await;
    browser.follow("button[name='language'][value='es']").await;
    browser.wait("html[lang='es']").await;
    browser.go(&format!("/leads/{lead}/why")).await;
    let text = browser.text("main").await;
    assert!(
        text.contains("Se cumplió la regla «Portugal» y fue a Ana Ruiz."),
        "{text}"
    );
    browser.picture("why-spanish-phone").await;
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_is_moved_by_dragging_and_by_the_keyboard() {
    let gateway = desk().await;
    add(&gateway, "boss", Role::Admin).await;
    let country = |name: &str, code: &str| {
        json!({"name": name, "when": {"field": "contact.address.country", "op": "eq", "value": code},
            "assign": {"team": "iberia"}})
    };
    let rules = json!({"version": 1, "rules": [country("Spain", "ES"), country("Portugal", "PT"),
        country("France", "FR"), {"name": "Everyone else", "assign": {"rep": "boss"}}]});
    gateway
        .api("PUT", "/api/v1/rules", &rules.to_string())
        .await;
    let order = async || {
        let rules = draft(&gateway).await;
        let names = rules.as_array().unwrap().iter();
        let names: Vec<String> = names
            .map(|it| it["name"].as_str().unwrap().into())
            .collect();
        names.join(", ")
    };
    let browser = Browser::open(&gateway).await;
    browser.sign_in("boss").await;
    browser.screen(WIDE).await;
    browser.go("/assignment").await;
    browser.follow_by_drag("#rule-3 h3", "#rule-1 h3").await;
    browser.reads("#rule-1 h3", "France").await;
    assert_eq!(order().await, "France, Spain, Portugal, Everyone else");
    browser.follow_by_drag("#rule-1 h3", "#rule-2 h3").await;
    browser.reads("#rule-2 h3", "France").await;
    assert_eq!(order().await, "Spain, France, Portugal, Everyone else");
    let down = "#rule-2 button[name='to'][value='3']";
    browser.follow_by_key(down, Key::Enter).await;
    browser.reads("#rule-3 h3", "France").await;
    let up = "#rule-2 button[name='to'][value='1']";
    browser.follow_by_key(up, Key::Enter).await;
    browser.reads("#rule-1 h3", "Portugal").await;
    assert_eq!(order().await, "Portugal, Spain, France, Everyone else");
    gateway.stop().await;
}
