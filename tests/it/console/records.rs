//! Records in the console: lists, where each field came from, edits that stay, merges that can be undone, and a rep who
//! sees their own leads and nothing else.

use frontdesk::model::role::Role;
use serde_json::Value;

use crate::console::site::{Person, add, location};
use crate::gateway::TestGateway;

pub const ENDPOINTS: &str = r#"
[[endpoint]]
name = "website"
source = "contact_form"
verify = "none"
region = "ES"
"#;

/// A form that a visitor sends.
pub async fn form(gateway: &TestGateway, fields: &[(&str, &str)]) {
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let answer = gateway.deliver("website", &headers, &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    gateway.drain().await;
}

/// Leads that name ana go to her, all others to bob.
pub async fn desk(gateway: &TestGateway) {
    for rep in ["ana", "bob"] {
        let body = format!("{{\"handle\":\"{rep}\",\"name\":\"{rep}\"}}");
        gateway.api("POST", "/api/v1/reps", &body).await;
    }
    let rules = r#"{"version":0,"rules":[
        {"name":"For Ana","when":{"all":[{"field":"lead.message","op":"contains","value":"ana"}]},"assign":{"rep":"ana"}},
        {"name":"Everyone else","assign":{"rep":"bob"}}]}"#;
    gateway.api("PUT", "/api/v1/rules", rules).await;
}

/// The ids of a list, newest first.
async fn ids(gateway: &TestGateway, list: &str) -> Vec<String> {
    let items = gateway.items(list).await;
    let id = |item: &Value| item["id"].as_str().unwrap().to_owned();
    items.iter().map(id).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_senders_and_times_are_shown_as_readers_know_them() {
    let shop = "[[endpoint]]\nname = \"shop\"\nsource = \"shopify\"\nsecrets = [\"the-secret-of-the-shop\"]\n";
    let gateway = TestGateway::start(&format!("{ENDPOINTS}{shop}")).await;
    let rep = r#"{"handle": "olga", "name": "Olga Marin"}"#;
    gateway.api("POST", "/api/v1/reps", rep).await;
    let rules = r#"{"version": 0, "rules": [{"name": "All", "assign": {"rep": "olga"}}]}"#;
    gateway.api("PUT", "/api/v1/rules", rules).await;
    let boss = add(&gateway, "boss", Role::Manager).await;
    let mut boss = Person::inside(&gateway, &boss).await;
    boss.cookies.push_str("; frontdesk_zone=Europe/Madrid");
    let eva = [("name", "Eva"), ("email", "eva@example.com")];
    form(&gateway, &eva).await;
    let order = r##"{"id": 5400, "name": "#1001", "currency": "EUR", "total_price": "54.11", "landing_site": "/?utm_source=news",
        "processed_at": "2026-11-24T08:03:12.5Z", "updated_at": "2026-11-24T08:03:12Z", "line_items": []}"##;
    let headers = [
        ("content-type", "application/json"),
        ("x-shopify-topic", "orders/create"),
    ];
    let sent = gateway.deliver("shop", &headers, order).await.json();
    gateway.drain().await;
    let lead = format!("/leads/{}", ids(&gateway, "leads").await[0]);
    let order = format!("/orders/{}", ids(&gateway, "orders").await[0]);
    let event = format!("/inbox/{}", sent["event"].as_str().unwrap());
    for (page, expected) in [
        ("/leads", ">Olga Marin</td>"),
        ("/leads", ">Contact form</td>"),
        (&lead, "<div>Olga Marin</div>"),
        (&order, "<div>2026-11-24 09:03:12</div>"),
        (&order, "from Shopify"),
        (&event, ">#1001</a>"),
        ("/", "<td>Olga Marin</td>"),
        ("/sources", "2026-11-24 10:00:00</time>"),
    ] {
        let body = boss.get(&gateway, page).await.body;
        assert!(body.contains(expected), "{page}: {expected}: {body}");
    }
    let event = boss.get(&gateway, &event).await.body;
    let formula = "body.landing_site | query_param(&#39;utm_source&#39;)</code>";
    assert!(
        event.contains(&format!("<code>{formula}")),
        "of an object on one line, the part alone: {event}"
    );
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_field_edited_by_hand_stays_until_it_is_unlocked() {
    let gateway = TestGateway::start(ENDPOINTS).await;
    let boss = add(&gateway, "boss", Role::Manager).await;
    let boss = Person::inside(&gateway, &boss).await;
    let empty = boss.get(&gateway, "/contacts").await.body;
    assert!(empty.contains("No contacts yet"), "{empty}");
    let told = |company: &'static str| {
        [
            ("name", "Eva Lang"),
            ("email", "eva@example.com"),
            ("company", company),
            ("message", "<b>Hello</b>"),
        ]
    };
    form(&gateway, &told("Told GmbH")).await;
    let id = &ids(&gateway, "contacts").await[0];
    let here = format!("/contacts/{id}");
    let list = boss.get(&gateway, "/contacts?q=eva").await.body;
    assert!(list.contains(&here) && list.contains("Told GmbH"), "{list}");
    let none = boss.get(&gateway, "/contacts?q=nobody").await.body;
    assert!(none.contains("Nothing matches"), "{none}");
    let page = boss.get(&gateway, &here).await.body;
    for words in [
        "mappings/contact_form.toml:",
        "from Contact form",
        "/inbox/",
        "Told GmbH",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let edit = boss.get(&gateway, &format!("{here}/edit")).await.body;
    assert!(
        edit.contains("name=\"was.company\" value=\"Told GmbH\""),
        "{edit}"
    );
    let edited = boss
        .post(
            &gateway,
            &format!("{here}/edit"),
            &[
                ("was.company", "Told GmbH"),
                ("company", "By hand AG"),
                ("was.phone", ""),
                ("phone", "600 111 222"),
                ("was.address.city", ""),
                ("address.city", "Wien"),
                ("was.address.country", ""),
                ("address.country", "Austria"),
            ],
        )
        .await;
    assert_eq!(edited.status, 422, "the number has no country yet");
    assert!(edited.body.contains("country’s prefix"), "{}", edited.body);
    assert!(
        edited.body.contains("value=\"By hand AG\""),
        "what was typed stays"
    );
    let edited = boss
        .post(
            &gateway,
            &format!("{here}/edit"),
            &[
                ("was.company", "Told GmbH"),
                ("company", "By hand AG"),
                ("was.phone", ""),
                ("phone", "+43 1 5330 0110"),
                ("was.address.city", ""),
                ("address.city", "Wien"),
                ("was.address.country", ""),
                ("address.country", "Austria"),
            ],
        )
        .await;
    assert_eq!(
        location(&edited),
        Some(format!("{here}?done=edited").as_str()),
        "{edited:?}"
    );
    let record = gateway.api("GET", &format!("/api/v1{here}"), "").await;
    assert_eq!(record["fields"]["company"], "By hand AG");
    assert_eq!(record["fields"]["phone"], "+43153300110");
    assert_eq!(record["fields"]["address"]["country"], "AT");
    assert_eq!(record["provenance"]["company"]["locked"], true);
    assert_eq!(record["provenance"]["company"]["source"], "boss");
    assert_eq!(record["timeline"][0]["source"], "boss");

    form(&gateway, &told("Told again")).await;
    let page = boss.get(&gateway, &here).await.body;
    assert!(
        page.contains("By hand AG") && page.contains("locked"),
        "{page}"
    );
    let stale = [("was.company", "Told GmbH"), ("company", "Mine")];
    let stale = boss.post(&gateway, &format!("{here}/edit"), &stale).await;
    assert_eq!(stale.status, 422);
    assert!(
        stale.body.contains("Company was changed meanwhile"),
        "{}",
        stale.body
    );

    let unlock = [("field", "company"), ("lock", "off")];
    let unlocked = boss.post(&gateway, &format!("{here}/lock"), &unlock).await;
    assert_eq!(
        location(&unlocked),
        Some(format!("{here}?done=unlocked").as_str())
    );
    let record = gateway.api("GET", &format!("/api/v1{here}"), "").await;
    assert_eq!(record["provenance"]["company"]["locked"], false);
    assert_eq!(record["fields"]["company"], "By hand AG");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rep_works_their_own_leads_and_sees_no_other() {
    let gateway = TestGateway::start(ENDPOINTS).await;
    desk(&gateway).await;
    let ana = add(&gateway, "ana", Role::Rep).await;
    let ana = Person::inside(&gateway, &ana).await;
    let eva = add(&gateway, "eva", Role::Viewer).await;
    let eva = Person::inside(&gateway, &eva).await;
    form(
        &gateway,
        &[
            ("name", "Carla"),
            ("email", "carla@example.com"),
            ("message", "for ana"),
        ],
    )
    .await;
    form(
        &gateway,
        &[
            ("name", "Dora"),
            ("email", "dora@example.com"),
            ("message", "for bob"),
        ],
    )
    .await;
    let leads = ids(&gateway, "leads").await;
    let (theirs, own) = (
        format!("/leads/{}", leads[0]),
        format!("/leads/{}", leads[1]),
    );

    for query in ["", "?owner=bob", "?q=dora", "?status=assigned"] {
        let list = ana.get(&gateway, &format!("/leads{query}")).await.body;
        assert!(
            !list.contains(&theirs) && !list.contains("Dora"),
            "{query}: {list}"
        );
    }
    let list = ana.get(&gateway, "/leads").await.body;
    assert!(list.contains(&own) && list.contains("Carla"), "{list}");
    assert_eq!(ana.get(&gateway, &theirs).await.status, 404);
    let page = ana.get(&gateway, &own).await.body;
    for words in ["mailto:carla@example.com", "For Ana", "Accept"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(
        !page.contains("/inbox/") && !page.contains("href=\"/contacts/"),
        "{page}"
    );
    for what in ["accept", "status", "notes"] {
        let form = [("status", "lost"), ("text", "mine")];
        let answer = ana.post(&gateway, &format!("{theirs}/{what}"), &form).await;
        assert_eq!(answer.status, 404, "{what}");
        let answer = eva.post(&gateway, &format!("{own}/{what}"), &form).await;
        assert_eq!(answer.status, 403, "{what}");
    }
    let accepted = ana.post(&gateway, &format!("{own}/accept"), &[]).await;
    assert_eq!(
        location(&accepted),
        Some(format!("{own}?done=accepted").as_str())
    );
    let note = [("text", " She wants\r\ntwo <i>rooms</i>. ")];
    ana.post(&gateway, &format!("{own}/notes"), &note).await;
    let status = [("status", "qualified")];
    ana.post(&gateway, &format!("{own}/status"), &status).await;
    let odd = ana
        .post(&gateway, &format!("{own}/status"), &[("status", "asleep")])
        .await;
    assert_eq!(odd.status, 400);
    let page = ana.get(&gateway, &own).await.body;
    assert!(
        page.contains("two &#60;i&#62;rooms") && page.contains("qualified"),
        "{page}"
    );
    let lead = gateway.api("GET", &format!("/api/v1{own}"), "").await;
    assert_eq!(lead["fields"]["status"], "qualified");
    let whats = lead["timeline"].as_array().unwrap().iter();
    let whats: Vec<&Value> = whats.map(|change| &change["what"][0]).collect();
    assert_eq!(whats, ["updated", "noted", "updated", "created"]);

    let boss = add(&gateway, "boss", Role::Manager).await;
    let boss = Person::inside(&gateway, &boss).await;
    let hand = [("rep", "bob"), ("reason", "knows her")];
    let refused = ana.post(&gateway, &format!("{own}/hand-over"), &hand).await;
    assert_eq!(refused.status, 403);
    let handed = boss
        .post(&gateway, &format!("{own}/hand-over"), &hand)
        .await;
    assert_eq!(
        location(&handed),
        Some(format!("{own}?done=handed-over").as_str())
    );
    let page = boss.get(&gateway, &own).await.body;
    assert!(page.contains("boss handed it to bob: knows her."), "{page}");
    assert_eq!(ana.get(&gateway, &own).await.status, 404, "it is bob's now");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_contacts_become_one_and_two_again() {
    let gateway = TestGateway::start(ENDPOINTS).await;
    desk(&gateway).await;
    let boss = add(&gateway, "boss", Role::Manager).await;
    let boss = Person::inside(&gateway, &boss).await;
    let work = [
        ("name", "Eva Lang"),
        ("email", "eva@work.example"),
        ("company", "Work"),
        ("message", "one"),
    ];
    let home = [
        ("name", "Eva Lang"),
        ("email", "eva@home.example"),
        ("phone", "+34600111222"),
        ("message", "two"),
    ];
    form(&gateway, &work).await;
    form(&gateway, &home).await;
    let contacts = ids(&gateway, "contacts").await;
    let (other, kept) = (contacts[0].clone(), contacts[1].clone());
    let found = boss
        .get(&gateway, &format!("/contacts/{kept}/merge"))
        .await
        .body;
    assert!(
        found.contains(&format!("other={other}")),
        "the name leads to it: {found}"
    );
    let look = boss
        .get(&gateway, &format!("/contacts/{kept}/merge?other={other}"))
        .await
        .body;
    for words in [
        "eva@work.example",
        "eva@home.example",
        "+34600111222",
        "one lead moves",
    ] {
        assert!(look.contains(words), "{words}: {look}");
    }
    let same = boss
        .get(&gateway, &format!("/contacts/{kept}/merge?other={kept}"))
        .await;
    assert_eq!(same.status, 409);
    let take = [("other", other.as_str()), ("take.email", "kept")];
    let merged = boss
        .post(&gateway, &format!("/contacts/{kept}/merge"), &take)
        .await;
    assert_eq!(
        location(&merged),
        Some(format!("/contacts/{kept}?done=merged").as_str()),
        "{merged:?}"
    );

    let one = gateway
        .api("GET", &format!("/api/v1/contacts/{kept}"), "")
        .await;
    assert_eq!(one["fields"]["email"], "eva@work.example");
    assert_eq!(one["fields"]["phone"], "+34600111222");
    assert_eq!(ids(&gateway, "contacts").await, std::slice::from_ref(&kept));
    assert_eq!(
        ids(&gateway, "leads?email=eva%40work.example").await.len(),
        2
    );
    let page = boss.get(&gateway, &format!("/contacts/{other}")).await.body;
    assert!(page.contains("Taken into"), "{page}");
    // The address that was taken in leads to the one that was kept.
    form(
        &gateway,
        &[
            ("name", "Eva Lang"),
            ("email", "eva@home.example"),
            ("message", "three"),
        ],
    )
    .await;
    assert_eq!(ids(&gateway, "contacts").await, std::slice::from_ref(&kept));

    let page = boss.get(&gateway, &format!("/contacts/{kept}")).await.body;
    let undo = page.split("action=\"/merges/").nth(1).unwrap();
    let undo = format!("/merges/{}", undo.split('"').next().unwrap());
    let undone = boss.post(&gateway, &undo, &[]).await;
    assert_eq!(
        location(&undone),
        Some(format!("/contacts/{kept}?done=unmerged").as_str())
    );
    assert_eq!(boss.post(&gateway, &undo, &[]).await.status, 409, "once");
    let two = gateway
        .api("GET", &format!("/api/v1/contacts/{other}"), "")
        .await;
    assert_eq!(two["fields"]["email"], "eva@home.example");
    assert!(two.get("deleted_at").is_none());
    let one = gateway
        .api("GET", &format!("/api/v1/contacts/{kept}"), "")
        .await;
    assert!(one["fields"].get("phone").is_none(), "{one}");
    let of = |contact: String| {
        let gateway = &gateway;
        async move {
            let leads = gateway.items("leads").await;
            let is_of = |lead: &&Value| lead["fields"]["contact"] == contact.as_str();
            leads.iter().filter(is_of).count()
        }
    };
    assert_eq!(of(other.clone()).await, 1, "its lead went back");
    assert_eq!(of(kept.clone()).await, 2, "what came since stayed");
    form(
        &gateway,
        &[
            ("name", "Eva Lang"),
            ("email", "eva@home.example"),
            ("message", "four"),
        ],
    )
    .await;
    assert_eq!(ids(&gateway, "contacts").await.len(), 2);
    assert_eq!(of(other.clone()).await, 2);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_edit_note_and_merge_as_people_do() {
    let gateway = TestGateway::start(ENDPOINTS).await;
    form(
        &gateway,
        &[
            ("name", "Eva Lang"),
            ("email", "eva@work.example"),
            ("message", "one"),
        ],
    )
    .await;
    form(
        &gateway,
        &[
            ("name", "Eva Lang"),
            ("email", "eva@home.example"),
            ("message", "two"),
        ],
    )
    .await;
    let contacts = ids(&gateway, "contacts").await;
    let (other, kept) = (&contacts[0], &contacts[1]);
    let path = format!("/api/v1/contacts/{kept}");
    let patch = r#"{"fields": {"company": "By hand AG", "custom.size": "40"}}"#;
    let edited = gateway.api("PATCH", &path, patch).await;
    assert_eq!(edited["fields"]["custom"]["size"], "40");
    assert_eq!(edited["provenance"]["company"]["locked"], true);
    assert_eq!(edited["provenance"]["company"]["source"], "whole");
    let unlocked = gateway
        .api("PATCH", &path, r#"{"unlock": ["company"]}"#)
        .await;
    assert_eq!(unlocked["provenance"]["company"]["locked"], false);
    let note = r#"{"text": "Met at the fair"}"#;
    let headers = "authorization: Bearer fd_whole\r\ncontent-type: application/json\r\n";
    let added = gateway
        .call("POST", &format!("{path}/notes"), headers, note)
        .await;
    assert_eq!(added.status, 201);
    let notes = gateway.api("GET", &format!("{path}/notes"), "").await;
    assert_eq!(notes["items"][0]["text"], "Met at the fair");
    for (patch, status, words) in [
        (
            r#"{"fields": {"email": "eva@home.example"}}"#,
            409,
            "key_taken",
        ),
        (r#"{"fields": {"external_id": "1"}}"#, 422, "no external_id"),
        (r#"{"fields": {"phone": "12"}}"#, 422, "prefix"),
        ("{}", 422, "say what to change"),
    ] {
        let answer = gateway.call("PATCH", &path, headers, patch).await;
        assert_eq!(answer.status, status, "{patch}: {answer:?}");
        assert!(answer.body.contains(words), "{words}: {answer:?}");
    }
    let body = format!(r#"{{"other": "{other}", "dry_run": true}}"#);
    let seen = gateway.api("POST", &format!("{path}/merge"), &body).await;
    assert_eq!(
        (&seen["merge"], &seen["moved"]),
        (&Value::Null, &Value::from(1))
    );
    let body = format!(r#"{{"other": "{other}", "take": {{"email": "kept"}}}}"#);
    let merged = gateway.api("POST", &format!("{path}/merge"), &body).await;
    let one = gateway.api("GET", &path, "").await;
    assert_eq!(one["fields"]["email"], "eva@work.example");
    let undo = format!("/api/v1/merges/{}/undo", merged["merge"].as_str().unwrap());
    let undone = gateway.api("POST", &undo, "").await;
    assert_eq!(undone["other"], other.as_str());
    assert_eq!(ids(&gateway, "contacts").await.len(), 2);
    gateway.stop().await;
}
