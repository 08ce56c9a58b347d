//! Editing a record by hand: all fields, or the one that was pointed at. Only what was changed is written, and locked.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::console::Console;
use crate::console::card;
use crate::console::fault::Fault;
use crate::console::form::Form;
use crate::console::frame::Frame;
use crate::console::page;
use crate::console::pages::record::find;
use crate::console::pages::record_acts::told;
use crate::console::places::{Place, Who, get, post};
use crate::console::visitor::Insider;
use crate::merge::by_hand;
use crate::model::field::{CONSENT_STATES, FieldType};
use crate::model::record::Record;
use crate::model::said::Said;
use crate::process::edit::EditError;
use crate::process::edit::fields::{self, FieldEdit};

pub const PLACES: &[Place] = &[
    get("/contacts/{id}/edit", Who::Managers, |route| route.to(show)),
    post("/contacts/{id}/edit", Who::Managers, |route| route.to(save)),
    get("/leads/{id}/edit", Who::Managers, |route| route.to(show)),
    post("/leads/{id}/edit", Who::Managers, |route| route.to(save)),
    get("/orders/{id}/edit", Who::Managers, |route| route.to(show)),
    post("/orders/{id}/edit", Who::Managers, |route| route.to(save)),
    get("/tickets/{id}/edit", Who::Managers, |route| route.to(show)),
    post("/tickets/{id}/edit", Who::Managers, |route| route.to(save)),
];

/// Between the entries of a list in one input.
const COMMA: &str = ", ";

/// Which field; all when it is blank.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Query {
    field: String,
}

#[derive(Template)]
#[template(path = "record_edit.html")]
struct Page<'v> {
    f: Frame<'v>,
    record: &'v Record,
    title: String,
    /// The one field that was pointed at.
    field: &'v str,
    inputs: Vec<Input>,
    wrong: Option<String>,
    /// The record that stands in the way: another contact with the address.
    other: Option<uuid::Uuid>,
}

/// A field as it is edited: one control, or one for each part of an address.
struct Input {
    /// Name in the form: `phone`, `address.city`.
    name: String,
    /// The words of its label.
    label: String,
    control: Control,
    /// As it stands, to see what was changed.
    was: String,
    value: String,
    locked: bool,
    wrong: Option<String>,
}

/// What the browser shows.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Control {
    Line(&'static str),
    Area,
    /// Words with their labels.
    Choice(Vec<(String, String)>),
}

/// Where a part of a form ends up.
struct Slot {
    /// The field that is edited: `phone`, `address`, `consent.email`.
    field: String,
    /// The member of it that this control holds.
    member: Option<&'static str>,
    control: Control,
}

async fn show(
    console: web::Data<Console>,
    insider: Insider,
    request: HttpRequest,
    id: web::Path<String>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Fault> {
    let kind = card::kind_of(request.path()).ok_or(Fault::Missing)?;
    let record = find(&console, &insider, kind, &id).await?;
    let slots = slots(&console, &insider, &record, &query.field).await?;
    let inputs = slots.iter().map(|slot| input(&insider, &record, slot));
    page::shown(&Page {
        title: card::title(&record, None),
        field: &query.field,
        inputs: inputs.collect(),
        wrong: None,
        other: None,
        record: &record,
        f: Frame::new(&insider, kind.plural()),
    })
}

async fn save(
    console: web::Data<Console>,
    insider: Insider,
    request: HttpRequest,
    id: web::Path<String>,
    form: Form,
) -> Result<HttpResponse, Fault> {
    let kind = card::kind_of(request.path()).ok_or(Fault::Missing)?;
    let record = find(&console, &insider, kind, &id).await?;
    let pointed = form.text("field").to_owned();
    let slots = slots(&console, &insider, &record, &pointed).await?;
    let (edits, stale) = edits(&record, &slots, &form);
    let done = match (stale, edits.is_empty()) {
        (Some(field), _) => {
            let label = label(&insider, &field);
            let wrong = insider.words.with("edit-stale", "field", label);
            return again(
                &insider,
                &record,
                (&pointed, &slots, &form),
                vec![],
                (wrong, None),
            );
        }
        (None, true) => return Ok(page::onward(&format!("/{}/{}", kind.plural(), record.id))),
        (None, false) => {
            let store = console.store.as_ref();
            fields::change(store, &insider.hand(), (kind, record.id), edits).await
        }
    };
    match done {
        Ok(()) => Ok(page::onward(&format!(
            "/{}/{}?done=edited",
            kind.plural(),
            record.id
        ))),
        Err(EditError::Invalid(wrong)) => {
            let words = insider.words.say("edit-wrong");
            again(
                &insider,
                &record,
                (&pointed, &slots, &form),
                wrong,
                (words, None),
            )
        }
        Err(EditError::Refused(refusal)) if refusal.code != "not_yours" => {
            let words = insider.words.refused(refusal.code, &refusal.sentence);
            again(
                &insider,
                &record,
                (&pointed, &slots, &form),
                vec![],
                (words, refusal.other),
            )
        }
        Err(error) => Err(told(error)),
    }
}

/// The form again, as it was typed, with what is wrong.
fn again(
    insider: &Insider,
    record: &Record,
    (field, slots, form): (&str, &[Slot], &Form),
    wrong: Vec<(String, Said)>,
    (words, other): (String, Option<uuid::Uuid>),
) -> Result<HttpResponse, Fault> {
    let inputs = slots.iter().map(|slot| {
        let input = input(insider, record, slot);
        let found = wrong.iter().find(|(field, _)| *field == slot.field);
        Input {
            value: form.exact(&input.name).to_owned(),
            wrong: found.map(|(_, sentence)| insider.words.said(sentence)),
            ..input
        }
    });
    page::refused(&Page {
        title: card::title(record, None),
        field,
        inputs: inputs.collect(),
        wrong: Some(words),
        other,
        record,
        f: Frame::new(insider, record.kind.plural()),
    })
}

/// What was changed; or the field that somebody else changed since the form was shown.
fn edits(record: &Record, slots: &[Slot], form: &Form) -> (Vec<FieldEdit>, Option<String>) {
    let mut edits: Vec<FieldEdit> = Vec::new();
    for slot in slots {
        let name = name_of(slot);
        let stands = typed(record, slot);
        let (was, is) = (form.exact(&format!("was.{name}")), form.exact(&name));
        if same(was, is) {
            continue;
        }
        if !same(was, &stands) {
            return (edits, Some(slot.field.clone()));
        }
        let was = value(record, &slot.field);
        let known = edits.iter().position(|edit| edit.field == slot.field);
        let at = known.unwrap_or_else(|| {
            edits.push(FieldEdit {
                field: slot.field.clone(),
                value: was.clone(),
                was: Some(was.clone()),
            });
            edits.len() - 1
        });
        if let Some(edit) = edits.get_mut(at) {
            edit.value = with(&edit.value, slot, is);
        }
    }
    (edits, None)
}

/// A browser sends the ends of lines in its own way.
fn same(one: &str, other: &str) -> bool {
    let plain = |text: &str| text.replace("\r\n", "\n").trim().to_owned();
    plain(one) == plain(other)
}

/// The value with what was typed into one control.
fn with(value: &Value, slot: &Slot, typed: &str) -> Value {
    let typed = typed.trim();
    match slot.member {
        Some(member) => {
            let mut members = value.as_object().cloned().unwrap_or_else(Map::new);
            members.insert(member.to_owned(), Value::from(typed));
            Value::Object(members)
        }
        None if value.is_array() || is_list(slot) => {
            let items = typed.split(',').map(str::trim).filter(|it| !it.is_empty());
            json!(items.collect::<Vec<_>>())
        }
        None => Value::from(typed),
    }
}

fn is_list(slot: &Slot) -> bool {
    matches!(&*slot.field, "tags" | "segments" | "coupons")
}

/// The controls of a record, or of one field of it.
async fn slots(
    console: &Console,
    insider: &Insider,
    record: &Record,
    pointed: &str,
) -> Result<Vec<Slot>, Fault> {
    let desk = console.store.desk().await?;
    let reps: Vec<(String, String)> = desk
        .reps
        .iter()
        .map(|rep| (rep.handle.clone(), rep.name.clone()))
        .collect();
    let mut all = Vec::new();
    for known in record.kind.fields() {
        match (&known.of, known.name) {
            (_, "consent") => all.extend(["email", "sms", "phone", "post"].map(|channel| Slot {
                field: format!("consent.{channel}"),
                member: None,
                control: choice(insider, "consent", CONSENT_STATES),
            })),
            (_, "custom") => all.extend(custom(record)),
            _ if !by_hand::is_editable(record.kind, known.name) => {}
            (_, "owner") => all.push(Slot {
                field: "owner".to_owned(),
                member: None,
                control: Control::Choice(reps.clone()),
            }),
            (FieldType::Object(members), name) => {
                all.extend(members.iter().map(|member| Slot {
                    field: name.to_owned(),
                    member: Some(member.name),
                    control: Control::Line("text"),
                }));
            }
            (of, name) => all.push(Slot {
                field: name.to_owned(),
                member: None,
                control: control(insider, of, name),
            }),
        }
    }
    if !pointed.is_empty() {
        all.retain(|slot| slot.field == pointed || by_hand::parts(&slot.field).0 == pointed);
        if all.is_empty() {
            return Err(Fault::Missing);
        }
    }
    Ok(all)
}

fn custom(record: &Record) -> Vec<Slot> {
    let members = record.fields.get("custom").and_then(Value::as_object);
    let plain = |(name, value): (&String, &Value)| {
        (!value.is_object() && !value.is_array()).then(|| Slot {
            field: format!("custom.{name}"),
            member: None,
            control: Control::Line("text"),
        })
    };
    members.into_iter().flatten().filter_map(plain).collect()
}

fn control(insider: &Insider, of: &FieldType, name: &str) -> Control {
    match of {
        FieldType::OneOf(words) => choice(insider, "state", words),
        FieldType::Email => Control::Line("email"),
        FieldType::Phone => Control::Line("tel"),
        _ if matches!(name, "message" | "description") => Control::Area,
        _ => Control::Line("text"),
    }
}

fn choice(insider: &Insider, group: &str, words: &[&str]) -> Control {
    let labelled = words
        .iter()
        .map(|word| ((*word).to_owned(), insider.words.word(group, word)));
    Control::Choice(labelled.collect())
}

fn input(insider: &Insider, record: &Record, slot: &Slot) -> Input {
    let was = typed(record, slot);
    let label = match slot.member {
        Some(member) => {
            let whole = label(insider, &slot.field);
            format!("{whole}: {}", insider.words.word("field", member))
        }
        None => label(insider, &slot.field),
    };
    let locked = record
        .meta
        .fields
        .get(slot.field.as_str())
        .is_some_and(|it| it.locked);
    Input {
        name: name_of(slot),
        label,
        control: slot.control.clone(),
        value: was.clone(),
        was,
        locked,
        wrong: None,
    }
}

/// A field's name for people.
fn label(insider: &Insider, field: &str) -> String {
    match by_hand::parts(field) {
        ("consent", Some(channel)) => insider.words.word("field-consent", channel),
        (_, Some(part)) => part.to_owned(),
        (name, None) => insider.words.word("field", name),
    }
}

fn name_of(slot: &Slot) -> String {
    match slot.member {
        Some(member) => format!("{}.{member}", slot.field),
        None => slot.field.clone(),
    }
}

/// What stands in a field.
fn value(record: &Record, field: &str) -> Value {
    let (name, part) = by_hand::parts(field);
    let whole = record.fields.get(name);
    let found = match part {
        None => whole,
        Some(channel) if name == "consent" => {
            let entries = whole.and_then(Value::as_array);
            let is_of = |it: &&Value| it.get("channel").and_then(Value::as_str) == Some(channel);
            let entry = entries.and_then(|it| it.iter().find(is_of));
            entry.and_then(|it| it.get("state"))
        }
        Some(part) => whole.and_then(|it| it.get(part)),
    };
    found.cloned().unwrap_or_default()
}

/// What stands in a control, as it would be typed.
fn typed(record: &Record, slot: &Slot) -> String {
    let value = value(record, &slot.field);
    let value = match slot.member {
        Some(member) => value.get(member).cloned().unwrap_or_default(),
        None => value,
    };
    match value {
        Value::Null => String::new(),
        Value::String(text) => text,
        Value::Array(items) => {
            let texts: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            texts.join(COMMA)
        }
        other => other.to_string(),
    }
}
