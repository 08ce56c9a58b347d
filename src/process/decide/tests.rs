//! Decisions on events in a row, against a store that is a list.

use std::sync::Arc;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::model::change::ChangeKind;
use crate::model::desk::{Desk, Ledger, Line};
use crate::model::field::Kind;
use crate::model::id::new_id;
use crate::model::identity::IdentityKey;
use crate::model::people::{Rep, Turn};
use crate::model::record::{Draft, Origin, Record};
use crate::process::decide::amend::{Accept, HandOver, accept, hand_over, pass_on, serve_waiting};
use crate::process::decide::cause::Cause;
use crate::process::decide::decide;
use crate::process::decide::plan::{Item, Plan};
use crate::process::decide::rules::Rules;
use crate::store::desk::{Declined, Standing, Ties};
use crate::store::{Held, Writes};

/// What the store would hold, and the events told so far.
struct Gateway {
    keys: Vec<(IdentityKey, Uuid)>,
    records: Vec<Record>,
    desk: Desk,
    ties: Ties,
    rules: Arc<Rules>,
    events: u128,
    now: Timestamp,
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
        reps: Arc::new(reps.map(|it| serde_json::from_value(it).unwrap()).to_vec()),
        teams: Arc::new(vec![serde_json::from_value(team).unwrap()]),
        ledger: Ledger::default(),
    }
}

impl Gateway {
    fn new() -> Self {
        Gateway {
            keys: Vec::new(),
            records: Vec::new(),
            desk: desk(),
            ties: Ties::default(),
            rules: Arc::default(),
            events: 0,
            now: Timestamp::from_second(1_000_000).unwrap(),
        }
    }

    /// An event of the shop at its second `at` with these drafts: `{"contact": {…}, "order": {…}}`; `"deleted": true`
    /// in a draft makes it a deletion,
    /// `"existing": true` a mere mention.
    fn plan(&mut self, at: i64, drafts: Value) -> Plan {
        self.events += 1;
        let items = drafts.as_object().unwrap().iter().map(|(kind, fields)| {
            let mut draft = Draft::new(Kind::parse(kind).unwrap());
            draft.fields = fields.as_object().unwrap().clone().into();
            draft.deleted = draft.fields.remove("deleted").is_some();
            draft.existing = draft.fields.remove("existing").is_some();
            let keys = crate::merge::identity::keys(&draft, "shop", "scope");
            Item { draft, keys }
        });
        let facts = json!({"endpoint": "shop"});
        Plan {
            items: items.collect(),
            cause: Cause {
                origin: Origin {
                    event: Uuid::from_u128(self.events),
                    source: "shop".to_owned(),
                    at_ms: at * 1000,
                },
                event: Some(Uuid::from_u128(self.events)),
                facts: Arc::new(facts.as_object().unwrap().clone().into()),
                now: self.now,
                first_id: Uuid::from_u128(self.events << 70),
                rules: Arc::clone(&self.rules),
            },
        }
    }

    /// The cause of something that no event brings.
    fn cause(&mut self, source: &str) -> Cause {
        Cause {
            origin: Origin {
                event: new_id(self.now),
                source: source.to_owned(),
                at_ms: self.now.as_millisecond(),
            },
            event: None,
            facts: Arc::default(),
            ..self.plan(0, json!({})).cause
        }
    }

    /// Amends a lead, as the store would.
    fn amend(
        &mut self,
        lead: Uuid,
        source: &str,
        decide: impl Fn(&Cause, &Held<'_>) -> Result<Writes, Declined>,
    ) -> Result<Writes, Declined> {
        let cause = self.cause(source);
        let held = Held {
            matches: Vec::new(),
            records: self.records.clone(),
            desk: &self.desk,
            ties: self.ties.clone(),
        };
        assert!(held.records.iter().any(|record| record.id == lead));
        let writes = decide(&cause, &held)?;
        self.write(&writes);
        Ok(writes)
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
            let link = record.fields.text("contact");
            ids.extend(link.map(|it| it.parse::<Uuid>().unwrap()));
            if records.iter().all(|it| it.id != record.id) {
                records.push(record);
            }
        }
        Held {
            matches,
            records,
            desk: &self.desk,
            ties: self.ties.clone(),
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
        self.write(&writes);
        writes
    }

    fn write(&mut self, writes: &Writes) {
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
        let ledger = &mut self.desk.ledger;
        for turn in &writes.turns {
            ledger.put_turn(turn);
        }
        for given in &writes.desk.given {
            ledger.give(given);
        }
        for decision in &writes.decisions {
            let standing = self.ties.standing(decision.lead);
            assert_eq!(decision.epoch, standing.epoch + 1);
            let standing = Standing {
                epoch: decision.epoch,
                event: decision.event,
                facts: decision.facts.clone(),
                ..standing
            };
            self.put_standing(decision.lead, standing);
        }
        for (lead, waiting) in &writes.desk.waiting {
            let standing = self.ties.standing(*lead);
            let waiting = waiting.clone();
            self.put_standing(
                *lead,
                Standing {
                    waiting,
                    ..standing
                },
            );
        }
        for (lead, offer) in &writes.desk.offers {
            let standing = self.ties.standing(*lead);
            let offer = offer.clone();
            self.put_standing(*lead, Standing { offer, ..standing });
        }
        for company in &writes.desk.companies {
            self.ties.companies.retain(|it| it.domain != company.domain);
            self.ties.companies.push(company.clone());
        }
        self.count_lines();
    }

    fn put_standing(&mut self, lead: Uuid, standing: Standing) {
        self.ties.standings.retain(|(id, _)| *id != lead);
        self.ties.standings.push((lead, standing));
    }

    fn count_lines(&mut self) {
        let ledger = &mut self.desk.ledger;
        for line in ledger.lines().to_vec() {
            ledger.put_line(&line.route, None);
        }
        for (lead, standing) in &self.ties.standings {
            let Some(waiting) = &standing.waiting else {
                continue;
            };
            let known = ledger.lines().iter().find(|it| it.route == waiting.route);
            let own = (waiting.since, *lead);
            let first = known.map_or(own, |line| own.min((line.since, line.head)));
            let line = Line {
                route: waiting.route.clone(),
                count: known.map_or(1, |line| line.count + 1),
                since: first.0,
                head: first.1,
            };
            ledger.put_line(&waiting.route, Some(line));
        }
    }

    /// Changes a rep.
    fn rep(&mut self, handle: &str, change: impl Fn(&mut Rep)) {
        let mut reps = self.desk.reps.to_vec();
        reps.iter_mut()
            .filter(|rep| rep.handle == handle)
            .for_each(change);
        self.desk.reps = Arc::new(reps);
    }

    fn lead(&self, nth: usize) -> &Record {
        self.all(Kind::Lead)[nth]
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
        Value::from(gateway.only(Kind::Lead).fields.clone()),
        json!({
            "title": "Sofa", "status": "assigned", "source": "shop", "owner": "ana",
            "contact": contact.id.to_string(),
        })
    );
    assert_eq!(
        what(&writes),
        [
            (
                Kind::Contact,
                vec![ChangeKind::Created, ChangeKind::Assigned]
            ),
            (Kind::Lead, vec![ChangeKind::Created, ChangeKind::Assigned]),
        ]
    );
    assert_eq!(contact.fields["owner"], "ana", "the contact is theirs, too");
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
    gateway.rep("ana", |rep| rep.active = false);
    gateway.rep("rui", |rep| rep.active = false);
    let lead = json!({"lead": {"external_id": "1"}});
    let writes = gateway.tell(1, lead.clone());
    assert_eq!(writes.decisions[0].owner, None);
    assert_eq!(gateway.only(Kind::Lead).fields["status"], "new");
    assert!(gateway.tell(2, lead.clone()).decisions.is_empty());
    gateway.rep("ana", |rep| rep.active = true);
    let writes = gateway.tell(3, lead);
    assert_eq!(
        (
            writes.decisions[0].epoch,
            writes.decisions[0].owner.as_deref()
        ),
        (2, Some("ana"))
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
        .clone()
        .into();
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

#[test]
fn a_contact_is_whose_it_was_first_unless_somebody_says_whose_it_is() {
    let mut gateway = Gateway::new();
    let tell = |gateway: &mut Gateway, at: i64, email: &str, more: Value| {
        let mut contact = json!({"email": email});
        contact
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        gateway.tell(at, json!({"contact": contact, "lead": {}}));
    };
    tell(&mut gateway, 1, "a@example.com", json!({}));
    assert_eq!(gateway.only(Kind::Contact).fields["owner"], "ana");
    tell(&mut gateway, 2, "a@example.com", json!({}));
    assert_eq!(
        gateway.only(Kind::Contact).fields["owner"],
        "ana",
        "the turn went on, the contact did not"
    );
    assert_eq!(gateway.lead(1).fields["owner"], "rui");
    let mut rules = (*gateway.desk.rules).clone();
    rules.last_owner_days = Some(30);
    gateway.desk.rules = Arc::new(rules);
    tell(&mut gateway, 3, "a@example.com", json!({}));
    assert_eq!(
        gateway.lead(2).fields["owner"],
        "ana",
        "they return to whom they had"
    );
    tell(&mut gateway, 4, "b@example.com", json!({"owner": "rui"}));
    assert_eq!(gateway.lead(3).fields["owner"], "rui", "the sender says so");
    tell(&mut gateway, 5, "c@example.com", json!({"owner": "gone"}));
    assert_eq!(gateway.lead(4).fields["owner"], "ana");
    assert_eq!(
        gateway.all(Kind::Contact)[2].fields["owner"],
        "gone",
        "the sender's word stands"
    );
    gateway.tell(
        6,
        json!({"contact": {"email": "d@example.com"}, "lead": {"test": true}}),
    );
    assert!(
        !gateway.all(Kind::Contact)[3].fields.contains_key("owner"),
        "a test gives nobody away"
    );
}

#[test]
fn a_lead_is_no_strangers() {
    let mut gateway = Gateway::new();
    let lead = |owner: &str| json!({"lead": {"external_id": "1", "owner": owner}});
    gateway.tell(1, lead("rui"));
    assert_eq!(gateway.lead(0).fields["owner"], "rui");
    gateway.tell(2, lead("stranger"));
    assert_eq!(gateway.lead(0).fields["owner"], "rui", "nobody has it else");
    gateway.tell(3, lead("ana"));
    assert_eq!(gateway.lead(0).fields["owner"], "ana");
    let ticket = |id: &str, owner: &str| json!({"ticket": {"external_id": id, "owner": owner}});
    gateway.tell(4, ticket("1", "stranger"));
    gateway.tell(5, ticket("2", "ana"));
    let tickets = gateway.all(Kind::Ticket);
    assert!(!tickets[0].fields.contains_key("owner"));
    assert_eq!(tickets[1].fields["owner"], "ana");
}

#[test]
fn a_ticket_names_an_order_and_makes_none() {
    let mut gateway = Gateway::new();
    let ticket = |id: &str, email: &str| {
        json!({
            "contact": {"email": email},
            "order": {"external_id": "O1", "existing": true},
            "ticket": {"external_id": id},
        })
    };
    gateway.tell(1, ticket("1", "a@example.com"));
    assert!(gateway.all(Kind::Order).is_empty());
    gateway.tell(
        2,
        json!({"contact": {"email": "a@example.com"}, "order": {"external_id": "O1"}}),
    );
    let order = gateway.only(Kind::Order).clone();
    gateway.tell(3, ticket("2", "b@example.com"));
    let tickets = gateway.all(Kind::Ticket);
    assert!(!tickets[0].fields.contains_key("order"));
    assert_eq!(tickets[1].fields["order"], order.id.to_string());
    let now = &gateway.only(Kind::Order).fields;
    assert_eq!(now, &order.fields, "who asks need not be who ordered");
}

#[test]
fn a_company_is_whose_it_was_first() {
    let mut gateway = Gateway::new();
    let mut rules = (*gateway.desk.rules).clone();
    rules.company_owner = true;
    gateway.desk.rules = Arc::new(rules);
    for (nth, email) in [
        "x@acme.example",
        "y@ACME.example",
        "z@gmail.com",
        "w@acme.example",
    ]
    .iter()
    .enumerate()
    {
        gateway.tell(nth as i64, json!({"contact": {"email": email}, "lead": {}}));
    }
    let owners = |gateway: &Gateway| -> Vec<String> {
        let leads = gateway.all(Kind::Lead).into_iter();
        leads
            .map(|lead| lead.fields["owner"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(owners(&gateway), ["ana", "ana", "rui", "ana"]);
    gateway.rep("ana", |rep| rep.active = false);
    gateway.tell(
        9,
        json!({"contact": {"email": "v@acme.example"}, "lead": {}}),
    );
    gateway.rep("ana", |rep| rep.active = true);
    gateway.tell(
        10,
        json!({"contact": {"email": "u@acme.example"}, "lead": {}}),
    );
    assert_eq!(
        owners(&gateway)[4..],
        ["rui", "rui"],
        "who is gone gives the company to another"
    );
}

/// Nobody is there; three leads wait, the second one in another line.
fn waiting() -> (Gateway, Vec<Uuid>) {
    let mut gateway = Gateway::new();
    gateway.rep("ana", |rep| rep.active = false);
    gateway.rep("rui", |rep| rep.active = false);
    for (nth, company) in ["Theirs", "Ours", "Theirs"].into_iter().enumerate() {
        gateway.now += jiff::SignedDuration::from_mins(1);
        gateway.tell(nth as i64, json!({"lead": {"title": company}, "contact": {"email": format!("{nth}@example.com"), "company": company}}));
    }
    let leads = gateway
        .all(Kind::Lead)
        .into_iter()
        .map(|lead| lead.id)
        .collect();
    (gateway, leads)
}

#[test]
fn leads_that_wait_are_served_in_their_order() {
    let (mut gateway, leads) = waiting();
    let serve = |gateway: &mut Gateway, lead: Uuid| {
        gateway.amend(lead, "assignment", |cause, held| {
            serve_waiting(cause, held, lead)
        })
    };
    let lines: Vec<(String, u64)> = gateway
        .desk
        .ledger
        .lines()
        .iter()
        .map(|it| (it.route.clone(), it.count))
        .collect();
    assert_eq!(
        lines,
        [
            ("rep:rui|team:all".to_owned(), 1),
            ("team:all".to_owned(), 2)
        ]
    );
    assert_eq!(
        serve(&mut gateway, leads[0]).unwrap_err().code,
        "still_waiting"
    );
    gateway.rep("ana", |rep| rep.active = true);
    // A newer lead stands behind those who wait, even for who is there by now.
    gateway.tell(9, json!({"lead": {}}));
    assert!(gateway.lead(3).fields.get("owner").is_none());
    assert_eq!(
        serve(&mut gateway, leads[2]).unwrap_err().code,
        "still_waiting",
        "the first goes first"
    );
    let writes = serve(&mut gateway, leads[0]).unwrap();
    assert_eq!(
        (
            writes.decisions[0].epoch,
            writes.decisions[0].owner.as_deref()
        ),
        (2, Some("ana"))
    );
    assert_eq!(
        writes.decisions[0].event,
        Some(Uuid::from_u128(1)),
        "the event that brought it"
    );
    assert_eq!(writes.decisions[0].facts["endpoint"], "shop");
    assert_eq!(gateway.lead(0).fields["status"], "assigned");
    for lead in [leads[1], leads[2]] {
        serve(&mut gateway, lead).unwrap();
    }
    let last = gateway.lead(3).id;
    serve(&mut gateway, last).unwrap();
    assert!(gateway.desk.ledger.lines().is_empty());
    assert_eq!(
        serve(&mut gateway, leads[0]).unwrap_err().code,
        "not_waiting"
    );
}

#[test]
fn a_lead_that_waits_no_longer_leaves_its_line() {
    let (mut gateway, leads) = waiting();
    let lead = leads[0];
    let closed = gateway
        .records
        .iter_mut()
        .find(|record| record.id == lead)
        .unwrap();
    closed.fields.insert("status", json!("lost"));
    let writes = gateway
        .amend(lead, "assignment", |cause, held| {
            serve_waiting(cause, held, lead)
        })
        .unwrap();
    assert!(writes.decisions.is_empty() && writes.records.is_empty());
    assert_eq!(gateway.ties.standing(lead).waiting, None);
}

#[test]
fn new_rules_move_a_lead_to_another_line() {
    let (mut gateway, leads) = waiting();
    let mut rules = (*gateway.desk.rules).clone();
    rules.version = 8;
    gateway.desk.rules = Arc::new(rules.clone());
    let lead = leads[0];
    let writes = gateway
        .amend(lead, "assignment", |cause, held| {
            serve_waiting(cause, held, lead)
        })
        .unwrap();
    assert!(writes.decisions.is_empty(), "the same line is no news");
    assert_eq!(gateway.ties.standing(lead).waiting.unwrap().version, 8);
    rules.version = 9;
    rules.rules.truncate(1);
    rules.rules[0].when = None;
    gateway.desk.rules = Arc::new(rules);
    let since = gateway.ties.standing(lead).waiting.unwrap().since;
    gateway
        .amend(lead, "assignment", |cause, held| {
            serve_waiting(cause, held, lead)
        })
        .unwrap();
    let waiting = gateway.ties.standing(lead).waiting.unwrap();
    assert_eq!(
        (waiting.route.as_str(), waiting.since, waiting.version),
        ("rep:rui", since, 9)
    );
}

/// Leads of a team have to be accepted within half an hour.
fn with_sla(return_credit: bool) -> Gateway {
    let mut gateway = Gateway::new();
    let mut teams = gateway.desk.teams.to_vec();
    teams[0].sla =
        serde_json::from_value(json!({"accept_minutes": 30, "return_credit": return_credit}))
            .unwrap();
    gateway.desk.teams = Arc::new(teams);
    gateway.tell(1, json!({"lead": {"external_id": "1"}}));
    gateway
}

#[test]
fn a_lead_that_nobody_accepts_goes_on_and_the_credit_as_the_team_says() {
    for return_credit in [true, false] {
        let mut gateway = with_sla(return_credit);
        let lead = gateway.lead(0).id;
        let pass = |gateway: &mut Gateway| {
            gateway.amend(lead, "assignment", |cause, held| pass_on(cause, held, lead))
        };
        let day = gateway.ties.standing(lead).offer.unwrap().day;
        assert_eq!(pass(&mut gateway).unwrap_err().code, "not_due");
        gateway.now += jiff::SignedDuration::from_mins(30);
        let writes = pass(&mut gateway).unwrap();
        assert_eq!(gateway.lead(0).fields["owner"], "rui");
        assert_eq!(
            writes.decisions[0].reason,
            "ana did not accept it within 30 working minutes. Rule \"All\" matched: it is rui's turn in team all."
        );
        let turns = |gateway: &Gateway, rep: &str| {
            gateway.desk.ledger.turn("all", rep).unwrap().taken / 1_000_000
        };
        let given =
            |gateway: &Gateway, rep: &str| gateway.desk.ledger.load(rep).unwrap().since(day);
        let kept = i64::from(!return_credit);
        assert_eq!((turns(&gateway, "ana"), turns(&gateway, "rui")), (kept, 1));
        assert_eq!((given(&gateway, "ana"), given(&gateway, "rui")), (kept, 1));
        let offer = gateway.ties.standing(lead).offer.unwrap();
        assert_eq!(
            (offer.rep.as_str(), offer.epoch, &offer.passed[..]),
            ("rui", 2, &["ana".to_owned()][..])
        );
        // Nobody else is left: rui keeps it, and the time begins anew.
        gateway.now += jiff::SignedDuration::from_mins(45);
        assert!(pass(&mut gateway).unwrap().decisions.is_empty());
        let later = gateway.ties.standing(lead).offer.unwrap();
        assert_eq!(
            (later.rep.as_str(), later.due),
            ("rui", gateway.now + jiff::SignedDuration::from_mins(30))
        );
    }
}

#[test]
fn a_lead_that_is_worked_on_is_left_alone() {
    let mut gateway = with_sla(true);
    let lead = gateway.lead(0).id;
    gateway.tell(
        2,
        json!({"lead": {"external_id": "1", "status": "qualified"}}),
    );
    gateway.now += jiff::SignedDuration::from_hours(9);
    let writes = gateway
        .amend(lead, "assignment", |cause, held| pass_on(cause, held, lead))
        .unwrap();
    assert!(writes.decisions.is_empty());
    assert_eq!(gateway.ties.standing(lead).offer, None);
    assert_eq!(gateway.lead(0).fields["owner"], "ana");
}

#[test]
fn a_rep_accepts_what_is_theirs_once() {
    let mut gateway = with_sla(true);
    let lead = gateway.lead(0).id;
    let take = |gateway: &mut Gateway, rep: Option<&str>, epoch: Option<u32>| {
        let wish = Accept {
            by: "ana".to_owned(),
            rep: rep.map(str::to_owned),
            epoch,
        };
        let done = gateway.amend(lead, "ana", |cause, held| accept(cause, held, lead, &wish));
        done.map(|writes| what(&writes)).map_err(|why| why.code)
    };
    assert_eq!(take(&mut gateway, Some("rui"), None), Err("not_yours"));
    assert_eq!(take(&mut gateway, None, Some(7)), Err("not_yours"));
    let accepted = vec![(
        Kind::Lead,
        vec![ChangeKind::Updated, ChangeKind::StatusChanged],
    )];
    assert_eq!(take(&mut gateway, Some("ana"), Some(1)), Ok(accepted));
    assert_eq!(gateway.lead(0).fields["status"], "working");
    assert_eq!(
        gateway.ties.standing(lead).offer.unwrap().accepted,
        Some(gateway.now)
    );
    assert_eq!(
        take(&mut gateway, Some("ana"), None),
        Err("accepted_already")
    );
    gateway.now += jiff::SignedDuration::from_hours(9);
    let late = gateway.amend(lead, "assignment", |cause, held| pass_on(cause, held, lead));
    assert_eq!(late.unwrap_err().code, "not_due");
    gateway.tell(9, json!({"lead": {"external_id": "1", "status": "new"}}));
    assert_eq!(gateway.lead(0).fields["status"], "working");
}

#[test]
fn a_person_hands_over_and_it_stays_so() {
    let mut gateway = with_sla(true);
    let lead = gateway.lead(0).id;
    let hand = |gateway: &mut Gateway, to: Option<&str>| {
        let wish = HandOver {
            to: to.map(str::to_owned),
            by: "olga".to_owned(),
            reason: "she knows them.".to_owned(),
        };
        gateway.amend(lead, "olga", |cause, held| {
            hand_over(cause, held, lead, &wish)
        })
    };
    assert_eq!(
        hand(&mut gateway, Some("eve")).unwrap_err().code,
        "not_a_rep"
    );
    assert_eq!(
        hand(&mut gateway, Some("ana")).unwrap_err().code,
        "no_change"
    );
    let writes = hand(&mut gateway, Some("rui")).unwrap();
    let decision = &writes.decisions[0];
    assert_eq!(
        (
            decision.epoch,
            decision.owner.as_deref(),
            decision.rule.as_deref()
        ),
        (2, Some("rui"), None)
    );
    assert_eq!(decision.reason, "olga handed it to rui: she knows them.");
    assert_eq!(
        (writes.changes[0].event, writes.changes[0].source.as_str()),
        (None, "olga")
    );
    assert_eq!(
        gateway.ties.standing(lead).offer,
        None,
        "nobody has to accept what was handed to them"
    );
    gateway.tell(99, json!({"lead": {"external_id": "1", "owner": "ana"}}));
    assert_eq!(
        gateway.lead(0).fields["owner"],
        "rui",
        "the hand stands above later news"
    );
    let back = hand(&mut gateway, None).unwrap();
    assert_eq!(gateway.lead(0).fields["owner"], "ana");
    assert!(
        back.decisions[0]
            .reason
            .starts_with("olga gave it back to the rules: she knows them. Rule"),
        "{:?}",
        back.decisions
    );
    gateway.rep("rui", |rep| rep.active = false);
    let refused = hand(&mut gateway, None).unwrap_err();
    assert_eq!(
        (refused.code, refused.sentence.as_str()),
        (
            "nobody_else",
            "nobody else can take it now; it stays with ana"
        )
    );
    assert_eq!(gateway.lead(0).fields["owner"], "ana");
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
            plan.cause.origin.event = Uuid::from_u128(u128::try_from(n).unwrap());
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
            prop_assert_eq!(fields.0.remove("contact").is_some(), fields.1.remove("contact").is_some());
            prop_assert_eq!(&fields.0, &fields.1);
            prop_assert_eq!(&one.meta, &other.meta);
            prop_assert_eq!(one.deleted_at, other.deleted_at);
        }
    }
}
