//! The authorization matrix: each role at each place, generated from the route table, so that none can be forgotten.

use frontdesk::console::places::{self, Verb, Who};
use frontdesk::model::role::Role;

use crate::console::site::{Person, add, location};
use crate::gateway::TestGateway;
use crate::process::Answer;

/// A path with something that is nowhere in place of each parameter.
fn filled(path: &str) -> String {
    let mut text = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        text.push_str("0192a000-0000-7000-8000-000000000000");
        rest = after.split_once('}').unwrap().1;
    }
    text + rest
}

fn was_refused(answer: &Answer) -> bool {
    let to_sign_in = location(answer).is_some_and(|to| to.starts_with("/sign-in?to="));
    answer.status == 403 || answer.status == 401 || (answer.status == 303 && to_sign_in)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_role_gets_where_the_table_says_and_nowhere_else() {
    let gateway = TestGateway::start("").await;
    let mut people = vec![(None, Person::stranger())];
    for role in Role::ALL {
        let user = add(&gateway, role.as_str(), role).await;
        people.push((Some(role), Person::inside(&gateway, &user).await));
    }
    let mut wrong = Vec::new();
    for place in places::all() {
        let path = filled(place.path);
        for (role, person) in &people {
            // Signing out is the one form that would end the session this test goes on with.
            if place.path == "/sign-out" && role.is_some() {
                continue;
            }
            let answer = match place.verb {
                Verb::Post => person.post(&gateway, &path, &[]).await,
                Verb::Get => person.status(&gateway, &path).await,
            };
            let admitted = place.who.admits(*role);
            if was_refused(&answer) == admitted || answer.status == 500 {
                wrong.push(format!(
                    "{} {path} as {role:?}: {} ({})",
                    place.verb.as_str(),
                    answer.status,
                    admitted
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_form_is_taken_without_its_token_or_from_another_site() {
    let gateway = TestGateway::start("").await;
    let admin = add(&gateway, "boss", Role::Admin).await;
    let person = Person::inside(&gateway, &admin).await;
    for place in places::all().filter(|place| place.verb == Verb::Post) {
        let path = filled(place.path);
        let bare = person.post_bare(&gateway, &path, &[], "").await;
        assert_eq!(bare.status, 403, "{path} without a token");
        let forged = [("csrf", "AAAA")];
        let forged = person.post_bare(&gateway, &path, &forged, "").await;
        assert_eq!(forged.status, 403, "{path} with another's token");
        let token = frontdesk::access::token::derived(&person.token, "csrf");
        for foreign in [
            "origin: https://evil.example\r\n",
            "sec-fetch-site: cross-site\r\n",
            "sec-fetch-site: same-site\r\n",
        ] {
            let form = [("csrf", token.as_str())];
            let sent = person.post_bare(&gateway, &path, &form, foreign).await;
            assert_eq!(sent.status, 403, "{path} with {foreign}");
        }
    }
    gateway.stop().await;
}

#[test]
fn the_table_reads_as_it_was_meant() {
    let mut lines: Vec<String> = places::all()
        .map(|place| {
            let roles = Role::ALL.map(|role| match place.who.admits(Some(role)) {
                true => role.as_str(),
                false => "-",
            });
            let stranger = if place.who == Who::Anyone {
                "anyone"
            } else {
                "-"
            };
            format!(
                "{:<5} {:<34} {:<7} {:<7} {:<4} {:<8} {}",
                place.verb.as_str(),
                place.path,
                stranger,
                roles[0],
                roles[1],
                roles[2],
                roles[3]
            )
        })
        .collect();
    lines.sort();
    insta::assert_snapshot!(lines.join("\n"));
}
