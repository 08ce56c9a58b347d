//! Decisions that no event asks for, pure: a lead that waited, one that nobody accepted in time, one that a person
//! hands over, accepts, or gives back to the rules.

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::assign::round_robin::give_back;
use crate::merge::{self, ASSIGNMENT, Hold};
use crate::model::desk::Given;
use crate::model::field::CLOSED_LEADS;
use crate::model::record::{Origin, Record};
use crate::model::trace::Trace;
use crate::process::decide::Deciding;
use crate::process::decide::cause::Cause;
use crate::process::decide::ownership::{is_open, is_unowned};
use crate::store::desk::{Declined, Offer, Standing, Waiting};
use crate::store::{DecisionRow, Held, LAST_EPOCH, Writes};

type Answer = Result<Writes, Declined>;

/// A lead handed over by a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandOver {
    /// The rep who gets it; `None`: whoever the rules find besides who has it now.
    pub to: Option<String>,
    /// Who says so.
    pub by: String,
    /// Why; may be empty.
    pub reason: String,
}

/// A lead accepted by its rep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accept {
    /// The rep, or a manager in their place.
    pub by: String,
    /// The rep whose lead it must be; `None` for a manager.
    pub rep: Option<String>,
    /// The decision that gave it to them; `None` for the last one.
    pub epoch: Option<u32>,
}

/// A lead that waits, looked at again. Declined with `still_waiting` when nobody is there for it.
pub fn serve_waiting(cause: &Cause, held: &Held<'_>, id: Uuid) -> Answer {
    let standing = held.ties.standing(id);
    let Some(waiting) = standing.waiting.clone() else {
        return Err(Declined::new("not_waiting", "the lead does not wait"));
    };
    let cause = again(cause, &standing);
    let mut deciding = Deciding::new(&cause, &[], held);
    let lead = deciding.lead(id)?;
    if !is_open(lead) || !is_unowned(lead) {
        deciding.desk.waiting.push((id, None));
        return Ok(deciding.finish());
    }
    let found = deciding.decision(id, &standing, &[]);
    let found = found.filter(|_| standing.epoch < LAST_EPOCH);
    match found {
        Some(found) if found.decision.owner.is_some() => {
            deciding.conclude(id, &standing, found);
        }
        Some(found)
            if found
                .decision
                .route
                .as_ref()
                .is_some_and(|it| *it != waiting.route) =>
        {
            deciding.conclude(id, &standing, found);
        }
        Some(found) if waiting.version != found.decision.rule_set_version => {
            let version = found.decision.rule_set_version;
            let asked = Waiting { version, ..waiting };
            deciding.desk.waiting.push((id, Some(asked)));
        }
        _ => return Err(Declined::new("still_waiting", "nobody is there for it yet")),
    }
    Ok(deciding.finish())
}

/// A lead that its rep did not accept in time goes to somebody else; when nobody else is there, the time begins anew.
pub fn pass_on(cause: &Cause, held: &Held<'_>, id: Uuid) -> Answer {
    let standing = held.ties.standing(id);
    let due = |offer: &Offer| offer.accepted.is_none() && offer.due <= cause.now;
    let Some(offer) = standing.offer.clone().filter(due) else {
        return Err(Declined::new(
            "not_due",
            "nobody has to accept the lead by now",
        ));
    };
    let cause = again(cause, &standing);
    let mut deciding = Deciding::new(&cause, &[], held);
    let lead = deciding.lead(id)?;
    if !is_open(lead) || !is_untouched(lead, &offer) {
        deciding.desk.offers.push((id, None));
        return Ok(deciding.finish());
    }
    let passed = offer.all_passed();
    let found = deciding.decision(id, &standing, &passed);
    let found = found.filter(|found| found.decision.owner.is_some() && standing.epoch < LAST_EPOCH);
    let Some(mut found) = found else {
        let due = deciding.due(&offer.rep, &offer.team);
        let later = due.map(|due| Offer { due, ..offer });
        deciding.desk.offers.push((id, later));
        return Ok(deciding.finish());
    };
    let minutes = deciding.accept_minutes(&offer.team);
    found.decision.reason = format!(
        "{} did not accept it within {minutes} working minutes. {}",
        offer.rep, found.decision.reason
    );
    deciding.return_credit(&offer);
    deciding.conclude(id, &standing, found);
    Ok(deciding.finish())
}

/// A person says whose the lead is; it stays so whatever events tell later.
pub fn hand_over(cause: &Cause, held: &Held<'_>, id: Uuid, hand: &HandOver) -> Answer {
    let standing = held.ties.standing(id);
    if standing.epoch >= LAST_EPOCH {
        return Err(Declined::new(
            "too_often",
            "the lead was assigned too often to be assigned again",
        ));
    }
    let Some(to) = &hand.to else {
        return ask_rules(cause, held, id, (&standing, hand));
    };
    let mut deciding = Deciding::new(cause, &[], held);
    let lead = deciding.lead(id)?;
    let from = lead
        .fields
        .get("owner")
        .and_then(Value::as_str)
        .map(str::to_owned);
    let rep = held.desk.reps.iter().find(|rep| rep.handle == *to);
    if !rep.is_some_and(|rep| rep.active) {
        let sentence = format!("{to} is not an active rep, so nothing can be handed to them");
        return Err(Declined::new("not_a_rep", sentence));
    }
    if from.as_deref() == Some(to) {
        return Err(Declined::new(
            "no_change",
            format!("{to} has the lead already"),
        ));
    }
    deciding.board.change(id, |known| {
        merge::write_by_hand(known, "owner", &json!(to), &cause.origin, Hold::Locked)
    });
    deciding
        .board
        .write(id, "status", &json!("assigned"), &cause.origin);
    let day = cause.rules.roster(held.desk).day(to, cause.now);
    deciding.give(to, day);
    deciding.follow(id, to);
    deciding.forget(id, &standing);
    let row = deciding.by_hand(id, &standing, (from.as_deref(), to), hand);
    deciding.decisions.push(row);
    Ok(deciding.finish())
}

/// A person gives the lead back to the rules, which look for somebody else than who has it.
fn ask_rules(
    cause: &Cause,
    held: &Held<'_>,
    id: Uuid,
    (standing, hand): (&Standing, &HandOver),
) -> Answer {
    let cause = Cause {
        facts: standing.facts.clone(),
        ..cause.clone()
    };
    let mut deciding = Deciding::new(&cause, &[], held);
    let lead = deciding.lead(id)?;
    let owner = lead.fields.text("owner");
    let passed: Vec<String> = owner.iter().map(|&owner| owner.to_owned()).collect();
    deciding.board.change(id, |known| {
        merge::write_by_hand(known, "owner", &Value::Null, &cause.origin, Hold::Free)
    });
    let found = deciding.decision(id, standing, &passed);
    let Some(mut found) = found.filter(|found| found.decision.owner.is_some()) else {
        let sentence = match passed.first() {
            Some(owner) => format!("nobody else can take it now; it stays with {owner}"),
            None => "nobody can take it now; it goes on waiting".to_owned(),
        };
        return Err(Declined::new("nobody_else", sentence));
    };
    let (by, why) = (&hand.by, why(&hand.reason));
    found.decision.reason = format!(
        "{by} gave it back to the rules{why}. {}",
        found.decision.reason
    );
    deciding.conclude(id, standing, found);
    Ok(deciding.finish())
}

/// The rep who has the lead takes it on. Declined with `accepted_already` when that is so.
pub fn accept(cause: &Cause, held: &Held<'_>, id: Uuid, accept: &Accept) -> Answer {
    let standing = held.ties.standing(id);
    let mut deciding = Deciding::new(cause, &[], held);
    let lead = deciding.lead(id)?;
    let text = |field: &str| lead.fields.get(field).and_then(Value::as_str);
    let (owner, status) = (text("owner"), text("status").unwrap_or_default());
    let Some(owner) = owner else {
        return Err(Declined::new(
            "not_yours",
            "nobody has the lead, so nobody can accept it",
        ));
    };
    let is_stale = accept.epoch.is_some_and(|epoch| epoch != standing.epoch);
    let is_others = accept.rep.as_deref().is_some_and(|rep| rep != owner);
    if is_stale || is_others {
        let sentence = format!("the lead is {owner}'s now, so it cannot be accepted with this");
        return Err(Declined::new("not_yours", sentence));
    }
    if CLOSED_LEADS.contains(&status) {
        return Err(Declined::new(
            "closed",
            format!("the lead is closed: {status}"),
        ));
    }
    let waits = standing
        .offer
        .clone()
        .filter(|offer| offer.accepted.is_none());
    if waits.is_none() && !["new", "assigned"].contains(&status) {
        return Err(Declined::new(
            "accepted_already",
            "the lead was accepted already",
        ));
    }
    deciding
        .board
        .write(id, "status", &json!("working"), &cause.origin);
    if let Some(offer) = waits {
        let accepted = Some(cause.now);
        deciding
            .desk
            .offers
            .push((id, Some(Offer { accepted, ..offer })));
    }
    Ok(deciding.finish())
}

/// The desk decides again what an event once brought: the same event, later.
fn again(cause: &Cause, standing: &Standing) -> Cause {
    Cause {
        origin: Origin {
            event: standing.event.unwrap_or(cause.first_id),
            source: ASSIGNMENT.to_owned(),
            at_ms: cause.now.as_millisecond(),
        },
        event: standing.event,
        facts: standing.facts.clone(),
        ..cause.clone()
    }
}

/// Nobody worked on it since it was offered.
fn is_untouched(lead: &Record, offer: &Offer) -> bool {
    let text = |field: &str| lead.fields.get(field).and_then(Value::as_str);
    text("owner") == Some(&offer.rep) && matches!(text("status"), Some("new" | "assigned"))
}

fn why(reason: &str) -> String {
    match reason.trim().trim_end_matches('.') {
        "" => String::new(),
        reason => format!(": {reason}"),
    }
}

impl Deciding<'_> {
    fn lead(&self, id: Uuid) -> Result<&Record, Declined> {
        let lead = self
            .board
            .record(id)
            .filter(|lead| lead.deleted_at.is_none());
        lead.ok_or_else(|| Declined::new("deleted", "the lead was deleted by its sender"))
    }

    fn accept_minutes(&self, team: &str) -> u32 {
        let roster = self.cause.rules.roster(self.held.desk);
        let sla = roster.team(team).and_then(|team| team.sla);
        sla.map_or(0, |sla| sla.accept_minutes)
    }

    /// Takes back the turn and the count of who let a lead pass, when their team wants it so.
    fn return_credit(&mut self, offer: &Offer) {
        let roster = self.cause.rules.roster(self.held.desk);
        let sla = roster.team(&offer.team).and_then(|team| team.sla);
        if !sla.is_some_and(|sla| sla.return_credit) {
            return;
        }
        self.desk.given.push(Given {
            rep: offer.rep.clone(),
            day: offer.day,
            count: -1,
            at: None,
        });
        let turn = self.ledger.turn(&offer.team, &offer.rep);
        self.spent.extend(turn.and_then(give_back));
    }

    /// It waits no longer, and nobody has to accept it any more.
    fn forget(&mut self, id: Uuid, standing: &Standing) {
        if standing.waiting.is_some() {
            self.desk.waiting.push((id, None));
        }
        if standing.offer.is_some() {
            self.desk.offers.push((id, None));
        }
    }

    fn by_hand(
        &mut self,
        lead: Uuid,
        standing: &Standing,
        (from, to): (Option<&str>, &str),
        hand: &HandOver,
    ) -> DecisionRow {
        let at: Timestamp = self.cause.now;
        let version = self.held.desk.rules.version;
        let (by, reason) = (&hand.by, &hand.reason);
        DecisionRow {
            id: self.ids.next_id(),
            lead,
            epoch: standing.epoch + 1,
            owner: Some(to.to_owned()),
            rule: None,
            rule_set_version: version,
            reason: format!("{by} handed it to {to}{}.", why(reason)),
            trace: Trace::of(&json!({
                "rule_set_version": version, "at": at,
                "by_hand": {"by": by, "from": from, "to": to, "reason": reason},
                "rules": [],
            })),
            facts: standing.facts.clone(),
            event: standing.event,
            at,
        }
    }
}
