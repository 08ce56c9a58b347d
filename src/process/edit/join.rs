//! Two contacts become one: a look first, then the merge; and undoing it.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::merge::{self, Hold, join as joining};
use crate::model::change::{ChangeKind, FieldChange};
use crate::model::field::Kind;
use crate::model::id::new_id;
use crate::model::record::{Origin, Record};
use crate::process::edit::paper::{Paper, Remark, may_touch};
use crate::process::edit::{EditError, Hand, Result, make};
use crate::store::Store;
use crate::store::edits::{Decided, Edit, Join, JoinRow, MOST_LINKED, Refusal, Shown, Wanted};

/// What a merge would do.
#[derive(Debug, Clone)]
pub struct Foreseen {
    pub kept: Record,
    pub other: Record,
    /// Fields in which the two differ, by name.
    pub fields: Vec<Meeting>,
    /// Leads, orders and tickets that would move.
    pub moved: Vec<Record>,
}

/// A field in which two contacts differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Meeting {
    pub field: String,
    pub kept: Value,
    pub other: Value,
    /// What would stand there.
    pub becomes: Value,
}

impl Meeting {
    /// Both say something, and the one that would not stand can be chosen instead.
    pub fn is_choice(&self) -> bool {
        let one_of_both = self.becomes == self.kept || self.becomes == self.other;
        !self.kept.is_null() && !self.other.is_null() && one_of_both
    }
}

/// Looks at what merging `other` into `kept` would do.
///
/// # Errors
/// `Unknown`; `Refused` with `deleted`, `same`, `too_many`
pub async fn foresee(store: &dyn Store, hand: &Hand, kept: Uuid, other: Uuid) -> Result<Foreseen> {
    let shown = store.shown(wanted(kept, other)).await?;
    let shown = shown.ok_or(EditError::Unknown)?;
    let (kept, other) = pair(hand, &shown).map_err(EditError::Refused)?;
    let nobody = Origin {
        event: Uuid::nil(),
        source: hand.name.clone(),
        at_ms: hand.now.as_millisecond(),
    };
    let joined = joining::join(kept, other, &BTreeSet::new(), &nobody);
    let mut names: BTreeSet<&str> = kept.fields.keys().chain(other.fields.keys()).collect();
    names.retain(|name| kept.fields.get(name) != other.fields.get(name));
    let value = |record: &Record, name: &str| record.fields.get(name).cloned().unwrap_or_default();
    let fields = names.into_iter().map(|name| Meeting {
        field: name.to_owned(),
        kept: value(kept, name),
        other: value(other, name),
        becomes: value(&joined, name),
    });
    Ok(Foreseen {
        fields: fields.collect(),
        kept: kept.clone(),
        other: other.clone(),
        moved: shown.linked,
    })
}

/// Merges `other` into `kept`. `picks` are the fields of which the value is wanted that would not stand there.
///
/// # Errors
/// `Unknown`; `Refused` with `deleted`, `same`, `too_many`
pub async fn join(
    store: &dyn Store,
    hand: &Hand,
    (kept, other): (Uuid, Uuid),
    picks: BTreeSet<String>,
) -> Result<Uuid> {
    let wanted = wanted(kept, other);
    let (hand, first_id) = (hand.clone(), new_id(hand.now));
    let join = new_id(hand.now);
    let decide = Box::new(move |shown: &Shown| write(&hand, (first_id, join), shown, &picks));
    make(store, Edit { wanted, decide }).await?;
    Ok(join)
}

fn wanted(kept: Uuid, other: Uuid) -> Wanted {
    Wanted {
        records: vec![(Kind::Contact, kept), (Kind::Contact, other)],
        linked_to: Some(other),
        ..Wanted::default()
    }
}

/// The two contacts, when they can be merged.
fn pair<'s>(
    hand: &Hand,
    shown: &'s Shown,
) -> std::result::Result<(&'s Record, &'s Record), Refusal> {
    let [kept, other] = &*shown.records else {
        return Err(Refusal::new(
            "deleted",
            "one of the two is not there any more",
        ));
    };
    may_touch(hand, kept)?;
    may_touch(hand, other)?;
    if kept.id == other.id {
        return Err(Refusal::new(
            "same",
            "this is one contact already: choose another one",
        ));
    }
    if shown.too_many {
        let sentence = format!(
            "the contact to be taken in has more than {MOST_LINKED} leads, orders or tickets: \
             take the other one into it instead"
        );
        return Err(Refusal::new("too_many", sentence));
    }
    Ok((kept, other))
}

fn write(
    hand: &Hand,
    (first_id, join): (Uuid, Uuid),
    shown: &Shown,
    picks: &BTreeSet<String>,
) -> Decided {
    let (kept, other) = pair(hand, shown)?;
    let subject = format!("contact/{}", kept.id);
    let mut paper = Paper::new(hand, first_id, "contact.merged", subject);
    let origin = Origin {
        event: join,
        source: hand.name.clone(),
        at_ms: hand.now.as_millisecond(),
    };
    let joined = joining::join(kept, other, picks, &origin);
    let gone = Record {
        deleted_at: Some(hand.now),
        ..other.clone()
    };
    paper.put(
        kept,
        Cow::Borrowed(&joined),
        Vec::new(),
        merged("merged_from", other.id),
    );
    paper.put(
        other,
        Cow::Owned(gone),
        Vec::new(),
        merged("merged_into", kept.id),
    );
    let to = Value::from(kept.id.to_string());
    for record in &shown.linked {
        let known = Cow::Borrowed(record);
        let after = merge::write_by_hand(known, "contact", &to, &origin, Hold::Free);
        paper.put(record, after, Vec::new(), Remark::default());
    }
    let said = Map::from_iter([("merged".to_owned(), Value::from(other.id.to_string()))]);
    paper.tell(Map::new(), said);
    paper.writes().join = Some(Join {
        row: JoinRow {
            id: join,
            kept: kept.id,
            other: other.id,
            who: hand.name.clone(),
            at: hand.now,
            undone_at: None,
        },
        before: kept.clone(),
        after: joined,
        moved: shown.linked.clone(),
        moved_now: Vec::new(),
    });
    Ok(paper.done())
}

fn merged(field: &str, other: Uuid) -> Remark {
    remark(ChangeKind::Merged, field, other)
}

fn remark(what: ChangeKind, field: &str, other: Uuid) -> Remark {
    Remark {
        what: vec![what],
        changed: vec![FieldChange {
            field: field.to_owned(),
            from: Value::Null,
            to: Value::from(other.to_string()),
        }],
    }
}

/// Undoes a merge: the two are two again. What became of the kept contact since then stays with it.
///
/// # Errors
/// `Unknown`; `Refused` with `undone_already`, `later_merge`
pub async fn undo(store: &dyn Store, hand: &Hand, join: Uuid) -> Result<JoinRow> {
    let row = store.join(join).await?.ok_or(EditError::Unknown)?;
    let wanted = Wanted {
        records: vec![(Kind::Contact, row.kept), (Kind::Contact, row.other)],
        join: Some(join),
        ..Wanted::default()
    };
    let (hand, first_id) = (hand.clone(), new_id(hand.now));
    let decide = Box::new(move |shown: &Shown| write_undo(&hand, first_id, shown));
    make(store, Edit { wanted, decide }).await?;
    Ok(row)
}

fn write_undo(hand: &Hand, first_id: Uuid, shown: &Shown) -> Decided {
    let ([kept, other], Some(join)) = (&*shown.records, &shown.join) else {
        return Err(Refusal::new(
            "deleted",
            "one of the two is not there any more",
        ));
    };
    if join.row.undone_at.is_some() {
        return Err(Refusal::new(
            "undone_already",
            "this merge was undone already",
        ));
    }
    if kept.deleted_at.is_some() {
        let sentence =
            "the kept contact was merged into another one or deleted since: undo that first";
        return Err(Refusal::new("later_merge", sentence));
    }
    let subject = format!("contact/{}", kept.id);
    let mut paper = Paper::new(hand, first_id, "contact.unmerged", subject);
    let back = Record {
        deleted_at: None,
        ..other.clone()
    };
    let parted = joining::part(kept, &join.before, &join.after);
    let unmerged = |field, id| remark(ChangeKind::Unmerged, field, id);
    paper.put(
        kept,
        Cow::Owned(parted),
        Vec::new(),
        unmerged("unmerged_from", other.id),
    );
    paper.put(
        other,
        Cow::Owned(back),
        Vec::new(),
        unmerged("unmerged_from", kept.id),
    );
    for (was, now) in join.moved.iter().zip(&join.moved_now) {
        if let Some(after) = moved_back(was, now, (kept.id, other.id)) {
            paper.put(now, Cow::Owned(after), Vec::new(), Remark::default());
        }
    }
    let said = Map::from_iter([("unmerged".to_owned(), Value::from(other.id.to_string()))]);
    paper.tell(Map::new(), said);
    paper.writes().undone = Some(join.row.id);
    Ok(paper.done())
}

/// A record that goes back to the contact it came from, with the clock its link had; `None` when it went elsewhere
/// since.
fn moved_back(was: &Record, now: &Record, (kept, other): (Uuid, Uuid)) -> Option<Record> {
    let at = now.fields.text("contact")?;
    if at != kept.to_string() || now.deleted_at.is_some() {
        return None;
    }
    let origin = was.meta.fields.get("contact");
    let origin = origin.and_then(|meta| was.meta.origins.get(meta.origin as usize))?;
    let to = Value::from(other.to_string());
    let known = Cow::Borrowed(now);
    Some(merge::write_by_hand(known, "contact", &to, origin, Hold::Free).into_owned())
}
