//! People, rules, tokens, alarms.

use frontdesk::model::event::EventStatus;
use frontdesk::model::field::Kind;
use frontdesk::model::people::{Rep, Team};
use frontdesk::model::record::Record;
use frontdesk::model::rules::{OnNoneEligible, Rule, RuleSet, Target};
use frontdesk::model::trace::Trace;
use frontdesk::store::{
    self, Alarm, DecisionRow, LAST_EPOCH, RecordWrite, Settlement, StoreError, TokenRow, Writes,
};
use serde_json::json;
use uuid::Uuid;

use crate::store::Stand;
use crate::store::made::{arrival, at, by, done, lead_form, nothing, record, traced};

fn rep(handle: &str) -> Rep {
    serde_json::from_value(json!({"handle": handle, "name": handle.to_uppercase()})).unwrap()
}

fn iberia(reps: &[&str]) -> Team {
    let members: Vec<_> = reps.iter().map(|rep| json!({"rep": rep})).collect();
    let team = json!({"handle": "iberia", "name": "Iberia", "members": members});
    serde_json::from_value(team).unwrap()
}

fn to_iberia() -> Target {
    serde_json::from_value(json!({"team": "iberia"})).unwrap()
}

fn to_rep(handle: &str) -> Target {
    serde_json::from_value(json!({"rep": handle})).unwrap()
}

fn rules(version: u64, targets: Vec<Target>) -> RuleSet {
    let rule = |assign| Rule {
        name: "a rule".to_owned(),
        when: None,
        assign,
        on_none_eligible: OnNoneEligible::default(),
    };
    RuleSet {
        version,
        rules: targets.into_iter().map(rule).collect(),
        ..RuleSet::none()
    }
}

pub async fn reps_and_teams_are_kept_while_they_are_named(stand: Stand) {
    let store = stand.store;
    for handle in ["ana", "rui", "boss", "idle"] {
        store.put_rep(rep(handle), None).await.unwrap();
    }
    let team = iberia(&["ana"]);
    store.put_team(team.clone(), None).await.unwrap();
    store
        .publish_rules(
            rules(0, vec![to_iberia(), to_rep("boss")]),
            by(0),
            None,
            None,
        )
        .await
        .unwrap();

    let mut renamed = rep("rui");
    renamed.active = false;
    store.put_rep(renamed.clone(), None).await.unwrap();
    let desk = store.desk().await.unwrap();
    assert_eq!(*desk.reps, [rep("ana"), rep("boss"), rep("idle"), renamed]);
    assert_eq!(*desk.teams, [team]);

    for (handle, word) in [("ana", "iberia"), ("boss", "a rule")] {
        match store.delete_rep(handle.to_owned(), None).await {
            Err(StoreError::InUse(sentence)) => {
                assert!(sentence.english.contains(word), "{sentence}")
            }
            other => panic!("{handle}: {other:?}"),
        }
    }
    let refused = store.delete_team("iberia".to_owned(), None).await;
    assert!(matches!(refused, Err(StoreError::InUse(_))));
    assert!(store.delete_rep("idle".to_owned(), None).await.unwrap());
    assert!(!store.delete_rep("idle".to_owned(), None).await.unwrap());

    store
        .publish_rules(rules(1, Vec::new()), by(1), None, None)
        .await
        .unwrap();
    assert!(store.delete_team("iberia".to_owned(), None).await.unwrap());
    assert!(store.delete_rep("ana".to_owned(), None).await.unwrap());
    assert_eq!(*store.desk().await.unwrap().teams, []);
}

pub async fn nothing_names_who_is_not_there(stand: Stand) {
    let store = stand.store;
    let missing = |refused: store::Result<()>| match refused {
        Err(StoreError::Missing(sentence)) => sentence,
        other => panic!("{other:?}"),
    };
    store.put_rep(rep("ana"), None).await.unwrap();
    let refused = missing(store.put_team(iberia(&["ana", "eve"]), None).await);
    assert!(refused.english.contains("eve"), "{refused}");
    for targets in [vec![to_rep("ana"), to_rep("eve")], vec![to_iberia()]] {
        let word = if targets.len() == 2 { "eve" } else { "iberia" };
        let published = store
            .publish_rules(rules(0, targets), by(0), None, None)
            .await;
        let refused = missing(published.map(|_| ()));
        assert!(refused.english.contains(word), "{refused}");
    }
    store.put_team(iberia(&["ana"]), None).await.unwrap();
    let all = vec![to_rep("ana"), to_iberia()];
    store
        .publish_rules(rules(0, all), by(0), None, None)
        .await
        .unwrap();
    assert_eq!(store.desk().await.unwrap().rules.version, 1);
}

pub async fn rules_are_published_on_top_of_the_current_ones(stand: Stand) {
    let store = stand.store;
    assert_eq!(store.desk().await.unwrap().rules.version, 0);
    store.put_rep(rep("boss"), None).await.unwrap();
    let to_boss = || vec![to_rep("boss")];
    let check = async |from: u64, current: u64| {
        let published = store
            .publish_rules(rules(from, to_boss()), by(0), None, None)
            .await;
        match published {
            Ok(rules) => assert_eq!((from, rules.version), (current, current + 1)),
            Err(StoreError::Stale {
                expected,
                current: is,
            }) => {
                assert_ne!(from, current);
                assert_eq!((expected, is), (from, current));
            }
            Err(other) => panic!("{other}"),
        }
    };
    check(0, 0).await;
    check(0, 1).await;
    check(2, 1).await;
    check(1, 1).await;
    check(2, 2).await;
    let desk = store.desk().await.unwrap();
    assert_eq!(*desk.rules, rules(3, to_boss()));
}

pub async fn the_last_decision_on_a_lead_is_shown(stand: Stand) {
    let store = stand.store;
    let arrival = arrival(&["a"], at(0));
    let event = arrival.events[0].id;
    store.append(arrival).await.unwrap();
    let form = lead_form(event, "ana@example.com", "1", at(7));
    let settled = done(store.settle(vec![form]).await);
    let lead = settled[0].records[1].1;
    let decision = store.decision(lead).await.unwrap().unwrap();
    assert_eq!(
        (decision.lead, decision.epoch, decision.at),
        (lead, 1, at(7))
    );
    assert_eq!(
        (decision.owner.as_deref(), decision.rule.as_deref()),
        (Some("ana"), Some("Spain"))
    );
    assert_eq!(
        (decision.rule_set_version, decision.event),
        (3, Some(event))
    );
    assert_eq!(traced(&decision)["turn"], 1);
    assert_eq!(store.decision(Uuid::nil()).await.unwrap(), None);
}

pub async fn a_lead_may_be_decided_on_as_often_as_one_likes(stand: Stand) {
    let store = stand.store;
    let decide = async |key: &str, records: Vec<Record>, lead: Uuid, epoch: u32| {
        let arrival = arrival(&[key], at(0));
        let event = arrival.events[0].id;
        store.append(arrival).await.unwrap();
        let writes = Writes {
            records: records
                .into_iter()
                .map(|record| RecordWrite {
                    record,
                    keys: Vec::new(),
                })
                .collect(),
            decisions: vec![DecisionRow {
                id: event,
                lead,
                epoch,
                owner: None,
                rule: None,
                rule_set_version: 0,
                reason: "nobody".to_owned(),
                trace: Trace::of(&()),
                facts: std::sync::Arc::default(),
                event: Some(event),
                at: at(0),
            }],
            ..nothing(at(0))
        };
        let settlement = Settlement {
            event,
            wanted: Vec::new(),
            fetched: None,
            decide: Box::new(move |_| writes.clone()),
        };
        let settled = store.settle(vec![settlement]).await;
        settled[0].as_ref().unwrap().status
    };
    let leads = [1, 2].map(|n| record(Kind::Lead, json!({"external_id": n.to_string()}), at(0)));
    for lead in &leads {
        decide(&lead.id.to_string(), vec![lead.clone()], lead.id, 1).await;
    }
    for epoch in [2, 1023, 1024, 1_000_000, LAST_EPOCH] {
        let status = decide(&epoch.to_string(), Vec::new(), leads[0].id, epoch).await;
        assert_eq!(status, EventStatus::Processed, "epoch {epoch}");
        for (lead, expected) in leads.iter().zip([epoch, 1]) {
            let last = store.decision(lead.id).await.unwrap().unwrap();
            assert_eq!((last.lead, last.epoch), (lead.id, expected));
        }
    }
}

pub async fn tokens_live_until_they_are_revoked(stand: Stand) {
    let store = stand.store;
    let token = |name: &str, byte: u8| TokenRow {
        name: name.to_owned(),
        role: "admin".to_owned(),
        hash: [byte; 32],
        created_at: at(0),
        revoked_at: None,
    };
    store.add_token(token("ci", 1)).await.unwrap();
    let taken = store.add_token(token("ci", 2)).await;
    assert!(matches!(taken, Err(StoreError::InUse(_))));
    assert_eq!(
        store.token_by_hash([1; 32]).await.unwrap(),
        Some(token("ci", 1))
    );
    assert_eq!(store.token_by_hash([2; 32]).await.unwrap(), None);
    assert!(store.revoke_token("ci".to_owned(), at(5)).await.unwrap());
    assert!(!store.revoke_token("ci".to_owned(), at(6)).await.unwrap());
    assert_eq!(store.token_by_hash([1; 32]).await.unwrap(), None);
    store.add_token(token("ci", 3)).await.unwrap();
    let revoked: Vec<_> = store.tokens().await.unwrap();
    let revoked: Vec<_> = revoked.iter().map(|token| token.revoked_at).collect();
    assert_eq!(revoked, [Some(at(5)), None]);
}

pub async fn alarms_stand_until_they_are_cleared(stand: Stand) {
    let store = stand.store;
    let alarm = |key: &str, message: &str, second: i64| Alarm {
        key: key.to_owned(),
        message: message.into(),
        since: at(second),
        last: at(second),
        count: 1,
    };
    store
        .raise_alarm(alarm("fetch-token/b", "old", 1))
        .await
        .unwrap();
    store
        .raise_alarm(alarm("fetch-token/a", "a", 2))
        .await
        .unwrap();
    store
        .raise_alarm(alarm("fetch-token/b", "new", 3))
        .await
        .unwrap();
    let refreshed = Alarm {
        since: at(1),
        count: 2,
        ..alarm("fetch-token/b", "new", 3)
    };
    assert_eq!(
        store.alarms().await.unwrap(),
        [alarm("fetch-token/a", "a", 2), refreshed.clone()]
    );
    store.clear_alarm("fetch-token/a".to_owned()).await.unwrap();
    store.clear_alarm("never/raised".to_owned()).await.unwrap();
    assert_eq!(store.alarms().await.unwrap(), [refreshed]);
}
