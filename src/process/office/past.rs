//! Leads of the past as they came, before the desk and people did something with them.

use serde_json::{Value, json};

use crate::assign::orders;
use crate::assign::simulate::{PastContact, PastLead};
use crate::merge::ASSIGNMENT;
use crate::model::field::CLOSED_LEADS;
use crate::model::record::{Fields, Record};
use crate::process::decide::subject::{owner_origin, tie};
use crate::store::desk::Past;

/// The lead as it came; `None` for a test lead, which nobody works.
pub fn as_it_came(past: Past) -> Option<PastLead> {
    if past.lead.fields.get("test") == Some(&Value::Bool(true)) {
        return None;
    }
    let status = past.lead.fields.text("status");
    let is_closed = status.is_some_and(|status| CLOSED_LEADS.contains(&status));
    Some(PastLead {
        id: past.lead.id,
        at: past.lead.created_at,
        lead: fields_as_told(&past.lead),
        contact: past.contact.map(contact),
        event: past.facts,
        orders: orders::fields(&past.orders),
        closed: is_closed.then_some(past.lead.updated_at),
    })
}

/// The fields of a lead without an owner that the desk or a person gave it, and new.
pub fn fields_as_told(lead: &Record) -> Fields {
    let mut fields = lead.fields.clone();
    let is_locked = lead.meta.fields.get("owner").is_some_and(|it| it.locked);
    let by_desk = owner_origin(lead).is_none_or(|origin| origin.source == ASSIGNMENT);
    if is_locked || by_desk {
        fields.remove("owner");
    }
    fields.insert("status", json!("new"));
    fields
}

fn contact(record: Record) -> PastContact {
    let told = tie(&record).filter(|tie| tie.since.is_none());
    PastContact {
        id: record.id,
        owner: told.map(|tie| tie.owner.to_owned()),
        fields: record.fields,
    }
}
