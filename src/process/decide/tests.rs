//! Decisions on events in a row, against a store that is a list.

use std::sync::Arc;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::model::change::ChangeKind;
use crate::model::field::Kind;
use crate::model::identity::IdentityKey;
use crate::model::people::Turn;
use crate::model::record::{Draft, Origin, Record};
use crate::model::rules::Desk;
use crate::process::decide::decide;
use crate::process::decide::plan::{Item, Plan};
use crate::process::decide::rules::Rules;
use crate::store::{Held, Writes};

/// What the store would hold, and the events told so far.
struct Gateway {
    keys: Vec<(IdentityKey, Uuid)>,
    records: Vec<Record>,
    desk: Desk,
    rules: Arc<Rules>,
    events: u128,
}

fn desk() -> Desk {
    let reps = ["ana", "rui"].map(|it| json!({"handle": it, "name": it}));
    let team = json!({"handle": "all", "name": "All", "members": [{"rep": "ana"}, {"rep": "rui"}]});
    let rules = json!({"version": 7, "rules": [
        {"name": "Ours", "when": {"field": "contact.company", "op": "eq", "value": "Ours"}, "assign": {"rep": "rui"}},
        {"name": "All", "assign": {"team": "all"}},
    ]});
    Desk {
        rules: Arc::new(serde_json::from_value(rules).unwrap()),
        reps: reps.map(|it| serde_json::from_value(it).unwrap()).to_vec(),
        teams: vec![serde_json::from_value(team).unwrap()],
        turns: Vec::new(),
    }
}

impl Gateway {
    fn new() -> Self {
        Gateway {
            keys: Vec::new(),
            records: Vec::new(),
            desk: desk(),
            rules: Arc::default(),
            events: 0,
        }
    }

    /// An event of the shop at its second `at` with these drafts: `{"contact": {…}, "order": {…}}`; `"deleted": true`
    /// in a draft makes it a deletion.
    fn plan(&mut self, at: i64, drafts: Value) -> Plan {
        self.events += 1;
        let items = drafts.as_object().unwrap().iter().map(|(kind, fields)| {
            let mut draft = Draft::new(Kind::parse(kind).unwrap());
            draft.fields = fields.as_object().unwrap().clone();
            draft.deleted = draft.fields.shift_remove("deleted").is_some();
            let keys = crate::merge::identity::keys(&draft, "shop", "scope");
            Item { draft, keys }
        });
        Plan {
            items: items.collect(),
            origin: Origin {
                event: Uuid::from_u128(self.events),
                source: "shop".to_owned(),
                at_ms: at * 1000,
            },
            event_type: "told".to_owned(),
            endpoint: "shop".to_owned(),
            delivery_id: None,
            scope: "scope".to_owned(),
            now: Timestamp::from_second(1_000_000).unwrap(),
            first_id: Uuid::from_u128(self.events << 70),
            rules: Arc::clone(&self.rules),
        }
    }

    /// As the store promises: the holders of the wanted keys, and the contacts that those of other kinds link to.
    fn held(&self, plan: &Plan) -> Held<'_> {
        let wanted = plan.wanted();
        let matches: Vec<_> = self
            .keys
            .iter()
            .filter(|(key, _)| wanted.contains(key))
            .cloned()
            .collect();
        let find = |id: Uuid| self.records.iter().find(|it| it.id == id).cloned();
        let mut records: Vec<Record> = Vec::new();
        let mut ids: Vec<Uuid> = matches.iter().map(|(_, id)| *id).collect();
        while let Some(record) = ids.pop().and_then(find) {
            let link = record.fields.get("contact").and_then(Value::as_str);
            ids.extend(link.map(|it| it.parse::<Uuid>().unwrap()));
            if records.iter().all(|it| it.id != record.id) {
                records.push(record);
            }
        }
        Held {
            matches,
            records,
            desk: &self.desk,
        }
    }

    fn settle(&mut self, plan: &Plan) -> Writes {
        let held = self.held(plan);
        let writes = decide(plan, &held);
        let again = decide(plan, &held);
        assert_eq!(
            format!("{writes:?}"),
            format!("{again:?}"),
            "a decision repeats itself"
        );
        for write in &writes.records {
            let known = self.records.iter().position(|it| it.id == write.record.id);
            match known {
                Some(index) => {
                    assert_eq!(write.record.version, self.records[index].version + 1);
                    self.records[index] = write.record.clone();
                }
                None => {
                    assert_eq!(write.record.version, 1);
                    self.records.push(write.record.clone());
                }
            }
            for key in &write.keys {
                assert!(
                    self.keys.iter().all(|(held, _)| held != key),
                    "{key:?} is held already"
                );
                self.keys.push((key.clone(), write.record.id));
            }
        }
        for turn in &writes.turns {
            self.desk.turns.retain(|it| it.rep != turn.rep);
            self.desk.turns.push(turn.clone());
        }
        writes
    }

    fn tell(&mut self, at: i64, drafts: Value) -> Writes {
        let plan = self.plan(at, drafts);
        self.settle(&plan)
    }

    fn all(&self, kind: Kind) -> Vec<&Record> {
        self.records.iter().filter(|it| it.kind == kind).collect()
    }

    fn only(&self, kind: Kind) -> &Record {
        let [one] = self.all(kind)[..] else {
            panic!("{:?}", self.all(kind));
        };
        one
    }
}

fn what(writes: &Writes) -> Vec<(Kind, Vec<ChangeKind>)> {
    writes
        .changes
        .iter()
        .map(|it| (it.kind, it.what.clone()))
        .collect()
}

#[test]
fn a_lead_arrives_with_its_contact_and_gets_an_owner() {
    let mut gateway = Gateway::new();
    let writes = gateway.tell(
        1,
        json!({"lead": {"title": "Sofa"}, "contact": {"email": "ana@example.com", "given_name": "Ana"}}),
    );
    let contact = gateway.only(Kind::Contact);
    assert_eq!(
        Value::Object(gateway.only(Kind::Lead).fields.clone()),
        json!({
            "title": "Sofa", "status": "assigned", "source": "shop", "owner": "ana",
            "contact": contact.id.to_string(),
        })
    );
    assert_eq!(
        what(&writes),
        [
            (Kind::Contact, vec![ChangeKind::Created]),
            (Kind::Lead, vec![ChangeKind::Created, ChangeKind::Assigned]),
        ]
    );
    let [decision] = &writes.decisions[..] else {
        panic!("{:?}", writes.decisions);
    };
    assert_eq!(
        (
            decision.epoch,
            decision.owner.as_deref(),
            decision.rule.as_deref(),
            decision.rule_set_version
        ),
        (1, Some("ana"), Some("All"), 7)
    );
    assert_eq!(decision.lead, gateway.only(Kind::Lead).id);
    assert_eq!(writes.turns.len(), 2);
    let change = &writes.changes[1];
    assert_eq!((change.version, change.record), (1, decision.lead));
    assert_eq!(change.snapshot, gateway.only(Kind::Lead).fields);
}

#[test]
fn rules_see_the_contact_of_the_lead() {
    let mut gateway = Gateway::new();
    gateway.tell(
        1,
        json!({"contact": {"email": "a@example.com", "company": "Ours"}, "lead": {}}),
    );
    assert_eq!(gateway.only(Kind::Lead).fields["owner"], "rui");
}

#[test]
fn an_update_keeps_the_owner_and_spends_no_turn() {
    let mut gateway = Gateway::new();
    let lead = |title: &str| json!({"lead": {"external_id": "1", "title": title, "status": "new"}});
    gateway.tell(1, lead("Sofa"));
    let writes = gateway.tell(2, lead("Armchair"));
    assert!(writes.decisions.is_empty() && writes.turns.is_empty());
    assert_eq!(what(&writes), [(Kind::Lead, vec![ChangeKind::Updated])]);
    assert_eq!(gateway.only(Kind::Lead).fields["status"], "assigned");
    let writes = gateway.tell(2, lead("Armchair"));
    assert!(what(&writes).is_empty());
}

#[test]
fn an_event_told_twice_changes_nothing_the_second_time() {
    let mut gateway = Gateway::new();
    let drafts = json!({"contact": {"email": "a@example.com"}, "lead": {"external_id": "1", "owner": "gone"}});
    let plan = gateway.plan(1, drafts);
    gateway.settle(&plan);
    assert_eq!(gateway.only(Kind::Lead).fields["owner"], "ana");
    let writes = gateway.settle(&plan);
    assert!(
        writes.records.is_empty() && writes.changes.is_empty() && writes.turns.is_empty(),
        "{writes:?}"
    );
}

#[test]
fn a_lead_waits_until_somebody_is_there() {
    let mut gateway = Gateway::new();
    for rep in &mut gateway.desk.reps {
        rep.active = false;
    }
    let lead = json!({"lead": {"external_id": "1"}});
    let writes = gateway.tell(1, lead.clone());
    assert_eq!(writes.decisions[0].owner, None);
    assert_eq!(gateway.only(Kind::Lead).fields["status"], "new");
    assert!(gateway.tell(2, lead.clone()).decisions.is_empty());
    gateway.desk.reps[0].active = true;
    let writes = gateway.tell(3, lead);
    assert_eq!(
        (
            writes.decisions[0].epoch,
            writes.decisions[0].owner.as_deref()
        ),
        (3, Some("ana"))
    );
    assert_eq!(
        what(&writes),
        [(
            Kind::Lead,
            vec![
                ChangeKind::Updated,
                ChangeKind::StatusChanged,
                ChangeKind::Assigned
            ]
        )]
    );
}

#[test]
fn test_leads_and_closed_leads_spend_no_turn() {
    let mut gateway = Gateway::new();
    let writes = gateway.tell(1, json!({"lead": {"test": true}}));
    assert_eq!(gateway.only(Kind::Lead).fields["owner"], "ana");
    assert!(writes.turns.is_empty());
    for status in ["junk", "lost", "converted", "unqualified"] {
        let writes = gateway.tell(1, json!({"lead": {"status": status}}));
        assert!(writes.decisions.is_empty(), "{status}");
    }
}

#[test]
fn a_broken_rule_set_is_told_and_does_not_lose_the_lead() {
    let mut gateway = Gateway::new();
    let rules = json!({"version": 8, "rules": [
        {"name": "Old", "when": {"field": "lead.shoe", "op": "exists"}, "assign": {"rep": "ana"}},
    ]});
    gateway.desk.rules = Arc::new(serde_json::from_value(rules).unwrap());
    let writes = gateway.tell(1, json!({"lead": {}}));
    assert_eq!(gateway.only(Kind::Lead).fields["status"], "new");
    let reason = &writes.decisions[0].reason;
    assert!(
        reason.contains("rule \"Old\": there is no field \"lead.shoe\""),
        "{reason}"
    );
}

#[test]
fn people_are_found_again_by_their_keys() {
    let mut gateway = Gateway::new();
    gateway.tell(
        1,
        json!({"contact": {"email": "a@example.com", "family_name": "Ruiz"}}),
    );
    gateway.tell(2, json!({"contact": {"external_id": "17", "email": "A@example.com", "phone": "+34600000001"}}));
    gateway.tell(
        3,
        json!({"contact": {"external_id": "17", "company": "Acme"}}),
    );
    gateway.tell(
        4,
        json!({"contact": {"phone": "+34600000001", "family_name": "RUÍZ"}}),
    );
    let contact = gateway.only(Kind::Contact);
    assert_eq!(contact.fields["company"], "Acme");
    assert_eq!(contact.version, 4);
    gateway.tell(
        5,
        json!({"contact": {"phone": "+34600000001", "family_name": "Roca"}}),
    );
    assert_eq!(gateway.all(Kind::Contact).len(), 2);
    assert_eq!(gateway.keys.len(), 3);
}

#[test]
fn a_key_is_learned_even_from_old_news() {
    let mut gateway = Gateway::new();
    let full = json!({"external_id": "17", "email": "a@example.com", "phone": "+34600000001"});
    gateway.tell(9, json!({"contact": full}));
    let writes = gateway.tell(
        1,
        json!({"contact": {"email": "a@example.com", "external_id": "18"}}),
    );
    assert_eq!(writes.records[0].keys.len(), 1);
    assert!(writes.changes.is_empty());
    assert_eq!(gateway.only(Kind::Contact).fields["external_id"], "17");
}

#[test]
fn keys_that_disagree_are_reviewed_once() {
    let mut gateway = Gateway::new();
    gateway.tell(
        1,
        json!({"contact": {"external_id": "17", "email": "a@example.com"}}),
    );
    gateway.tell(2, json!({"contact": {"email": "b@example.com"}}));
    let both = json!({"contact": {"external_id": "17", "email": "b@example.com"}});
    let writes = gateway.tell(3, both.clone());
    let [review] = &writes.reviews[..] else {
        panic!("{:?}", writes.reviews);
    };
    assert_eq!(
        (review.record, review.other),
        (gateway.records[0].id, gateway.records[1].id)
    );
    assert_eq!(gateway.records[0].fields["email"], "b@example.com");
    assert!(gateway.tell(4, both).reviews.is_empty());
    let holder = gateway
        .keys
        .iter()
        .find(|(key, _)| *key == IdentityKey::Email("b@example.com".to_owned()));
    assert_eq!(holder.unwrap().1, gateway.records[1].id);
}

#[test]
fn an_order_keeps_its_contact_unless_another_is_named() {
    let mut gateway = Gateway::new();
    let order = |contact: Value| json!({"order": {"external_id": "5"}, "contact": contact});
    gateway.tell(
        1,
        order(json!({"email": "a@example.com", "family_name": "Ruiz"})),
    );
    let first = gateway.only(Kind::Contact).id.to_string();
    // Only a name: the same person, told more of.
    gateway.tell(2, order(json!({"given_name": "Ana"})));
    assert_eq!(gateway.only(Kind::Contact).fields["full_name"], "Ana Ruiz");
    // A phone number of somebody else's: a new person, but not a reason to move the order.
    gateway.tell(
        3,
        order(json!({"phone": "+34600000002", "family_name": "Roca"})),
    );
    assert_eq!(gateway.all(Kind::Contact).len(), 2);
    assert_eq!(gateway.only(Kind::Order).fields["contact"], first);
    // An e-mail address is.
    gateway.tell(4, order(json!({"email": "c@example.com"})));
    let third = gateway.all(Kind::Contact)[2].id.to_string();
    assert_eq!(gateway.only(Kind::Order).fields["contact"], third);
    // But not in old news.
    gateway.tell(2, order(json!({"email": "a@example.com"})));
    assert_eq!(gateway.only(Kind::Order).fields["contact"], third);
}

#[test]
fn nobody_is_made_of_a_country() {
    let mut gateway = Gateway::new();
    let writes = gateway.tell(1, json!({"order": {"external_id": "5"}, "contact": {"language": "es", "address": {"country": "ES"}}}));
    assert_eq!(writes.records.len(), 1);
    assert!(gateway.all(Kind::Contact).is_empty());
}

#[test]
fn a_ticket_links_to_the_order_of_its_event() {
    let mut gateway = Gateway::new();
    gateway.tell(
        1,
        json!({"ticket": {"external_id": "9"}, "order": {"external_id": "5"}}),
    );
    let order = gateway.only(Kind::Order).id.to_string();
    assert_eq!(gateway.only(Kind::Ticket).fields["order"], order);
}

#[test]
fn a_deletion_may_come_first() {
    let mut gateway = Gateway::new();
    let writes = gateway.tell(5, json!({"order": {"external_id": "5", "deleted": true}}));
    assert!(writes.changes.is_empty());
    let writes = gateway.tell(3, json!({"order": {"external_id": "5", "total": "10.00"}}));
    assert!(writes.changes.is_empty());
    assert!(gateway.only(Kind::Order).deleted_at.is_some());
    let writes = gateway.tell(7, json!({"order": {"external_id": "5"}}));
    assert_eq!(what(&writes), [(Kind::Order, vec![ChangeKind::Created])]);
    let writes = gateway.tell(8, json!({"order": {"external_id": "5", "deleted": true}}));
    assert_eq!(what(&writes), [(Kind::Order, vec![ChangeKind::Deleted])]);
    assert!(
        gateway
            .tell(9, json!({"lead": {"deleted": true}}))
            .records
            .is_empty()
    );
    assert!(
        gateway
            .tell(9, json!({"lead": {"external_id": "1", "deleted": true}}))
            .decisions
            .is_empty()
    );
}

#[test]
fn several_leads_of_one_event_take_several_turns() {
    let mut gateway = Gateway::new();
    let mut plan = gateway.plan(1, json!({"lead": {}}));
    for _ in 0..3 {
        plan.items.push(Item {
            draft: Draft::new(Kind::Lead),
            keys: Vec::new(),
        });
    }
    let writes = gateway.settle(&plan);
    let owners: Vec<&str> = writes
        .records
        .iter()
        .map(|it| it.record.fields["owner"].as_str().unwrap())
        .collect();
    assert_eq!(owners, ["ana", "rui", "ana", "rui"]);
    let mut turns: Vec<(&str, i64)> = writes
        .turns
        .iter()
        .map(|Turn { rep, last, .. }| (rep.as_str(), *last))
        .collect();
    turns.sort_unstable();
    assert_eq!(turns, [("ana", 3), ("rui", 4)]);
}

#[test]
fn two_drafts_of_one_person_are_one_write() {
    let mut gateway = Gateway::new();
    let mut plan = gateway.plan(
        1,
        json!({"contact": {"email": "a@example.com", "company": "Acme"}}),
    );
    let mut draft = Draft::new(Kind::Contact);
    draft.fields = json!({"email": "a@example.com", "job_title": "Buyer"})
        .as_object()
        .unwrap()
        .clone();
    let keys = crate::merge::identity::keys(&draft, "shop", "scope");
    plan.items.push(Item { draft, keys });
    let writes = gateway.settle(&plan);
    assert_eq!((writes.records.len(), writes.changes.len()), (1, 1));
    let contact = gateway.only(Kind::Contact);
    assert_eq!(
        (&contact.fields["company"], &contact.fields["job_title"]),
        (&json!("Acme"), &json!("Buyer"))
    );
}

proptest! {
    /// Events about one order in any order of arrival end in the same order, contact and link.
    #[test]
    fn arrival_order_does_not_change_what_is_known(
        mut events in Just((1..=5_i64).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let told = |gateway: &mut Gateway, n: i64| {
            let statuses = ["pending", "paid", "processing", "fulfilled", "refunded"];
            let status = statuses[usize::try_from(n - 1).unwrap()];
            let mut drafts = json!({
                "contact": {"external_id": "17", "email": "a@example.com", "company": format!("Acme {n}")},
                "order": {"external_id": "5", "status": status},
            });
            if n == 4 {
                drafts["order"]["deleted"] = json!(true);
            }
            let mut plan = gateway.plan(n, drafts);
            plan.origin.event = Uuid::from_u128(u128::try_from(n).unwrap());
            gateway.settle(&plan);
        };
        let mut one = Gateway::new();
        for n in &events {
            told(&mut one, *n);
        }
        events.sort_unstable();
        let mut other = Gateway::new();
        for n in &events {
            told(&mut other, *n);
        }
        for kind in [Kind::Contact, Kind::Order] {
            let (one, other) = (one.only(kind), other.only(kind));
            let mut fields = (one.fields.clone(), other.fields.clone());
            prop_assert_eq!(fields.0.shift_remove("contact").is_some(), fields.1.shift_remove("contact").is_some());
            prop_assert_eq!(&fields.0, &fields.1);
            prop_assert_eq!(&one.meta, &other.meta);
            prop_assert_eq!(one.deleted_at, other.deleted_at);
        }
    }
}
