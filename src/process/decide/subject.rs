//! What a decision on a lead is shown besides it: its contact, their company and orders, and who has them already.

use jiff::Timestamp;

use crate::assign::compile::Compiled;
use crate::assign::{Subject, Tie, Ties, company, orders};
use crate::merge::ASSIGNMENT;
use crate::model::record::{Fields, Origin, Record};
use crate::store::desk;

/// What is known around a lead.
pub struct Around<'a> {
    contact: Option<&'a Record>,
    /// The domain of the contact's company.
    pub domain: Option<String>,
    company_owner: Option<&'a str>,
    company: Fields,
    orders: Fields,
}

impl<'a> Around<'a> {
    /// What `ties` tell of a contact that is not deleted.
    pub fn new(contact: Option<&'a Record>, ties: &'a desk::Ties, rules: &Compiled) -> Self {
        let contact = contact.filter(|contact| contact.deleted_at.is_none());
        let domain = contact.and_then(|it| rules.free_mail().company_of(&it.fields));
        let company_owner = domain.as_deref().and_then(|domain| ties.owner_of(domain));
        let company = contact.map_or_else(Fields::new, |it| {
            company::fields(&it.fields, domain.as_deref(), company_owner)
        });
        let ordered = contact.and_then(|it| {
            let known = ties.orders.iter().find(|(id, _)| *id == it.id);
            known.map(|(_, orders)| orders::fields(orders))
        });
        Around {
            contact,
            domain,
            company_owner,
            company,
            orders: ordered.unwrap_or_default(),
        }
    }

    /// The subject of a decision on `lead`.
    pub fn subject<'s>(
        &'s self,
        lead: &'s Fields,
        facts: &'s Fields,
        now: Timestamp,
    ) -> Subject<'s> {
        Subject {
            contact: self.contact.map(|contact| &contact.fields),
            company: &self.company,
            orders: &self.orders,
            ties: Ties {
                contact: self.contact.and_then(tie),
                company: self.company_owner.zip(self.domain.as_deref()),
            },
            ..Subject::new(lead, facts, now)
        }
    }
}

/// The owner of a contact, and whether the desk itself made them that.
pub fn tie(contact: &Record) -> Option<Tie<'_>> {
    let owner = contact.fields.text("owner")?;
    let by_desk = owner_origin(contact).filter(|origin| origin.source == ASSIGNMENT);
    let since = by_desk.and_then(|origin| Timestamp::from_millisecond(origin.at_ms).ok());
    Some(Tie { owner, since })
}

/// Who said who owns a record, and when.
pub fn owner_origin(record: &Record) -> Option<&Origin> {
    let meta = record.meta.fields.get("owner")?;
    record.meta.origins.get(meta.origin as usize)
}
