//! Notes beside records.

use std::borrow::Cow;

use serde_json::Value;
use uuid::Uuid;

use crate::model::change::{ChangeKind, FieldChange};
use crate::model::field::Kind;
use crate::model::id::new_id;
use crate::process::edit::paper::{Paper, Remark, may_touch};
use crate::process::edit::{EditError, Hand, Result, make};
use crate::said;
use crate::store::Store;
use crate::store::edits::{Decided, Edit, NoteRow, Refusal, Shown, Wanted};

/// Characters of a note at most.
const LONGEST: usize = 10_000;

/// Writes a note beside a record.
///
/// # Errors
/// `Unknown`; `Invalid` for a blank or an endless one; `Refused` with `not_yours`, `deleted`
pub async fn add(
    store: &dyn Store,
    hand: &Hand,
    (kind, id): (Kind, Uuid),
    text: &str,
) -> Result<()> {
    let text = text.trim();
    let length = text.chars().count();
    if !(1..=LONGEST).contains(&length) {
        let most = LONGEST;
        let sentence = said!("bad-note", "a note has 1 to {most} characters", most = most);
        return Err(EditError::Invalid(vec![("text".to_owned(), sentence)]));
    }
    let wanted = Wanted {
        records: vec![(kind, id)],
        ..Wanted::default()
    };
    let (hand, first_id, text) = (hand.clone(), new_id(hand.now), text.to_owned());
    let decide = Box::new(move |shown: &Shown| write(&hand, first_id, shown, &text));
    make(store, Edit { wanted, decide }).await
}

fn write(hand: &Hand, first_id: Uuid, shown: &Shown, text: &str) -> Decided {
    let Some(record) = shown.records.first() else {
        return Err(Refusal::new("deleted", "it is not there any more"));
    };
    may_touch(hand, record)?;
    let kind = record.kind.as_str();
    let subject = format!("{kind}/{}", record.id);
    let mut paper = Paper::new(hand, first_id, &format!("{kind}.noted"), subject);
    let remark = Remark {
        what: vec![ChangeKind::Noted],
        changed: vec![FieldChange {
            field: "note".to_owned(),
            from: Value::Null,
            to: Value::from(text),
        }],
    };
    paper.put(record, Cow::Borrowed(record), Vec::new(), remark);
    let note = NoteRow {
        id: paper.next_id(),
        kind: record.kind,
        record: record.id,
        who: hand.name.clone(),
        at: hand.now,
        text: text.to_owned(),
    };
    paper.writes().note = Some(note);
    Ok(paper.done())
}
