//! How each field is merged.

use crate::model::field::Kind;

/// What is compared and replaced as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// The field with everything in it: half an address of each of two senders is nobody's address.
    Whole,
    /// Each member of the object.
    Members,
    /// Each entry of the list; entries are added.
    Union,
    /// Each channel, weighed by state and source.
    Consent,
    /// A lead's status, weighed by how far it is.
    Stage,
}

impl Policy {
    /// The policy of a field. Lists of an order are whole, because one sender always tells all of them.
    pub fn of(kind: Kind, name: &str) -> Self {
        match (kind, name) {
            (_, "custom") | (Kind::Contact, "stats") | (Kind::Lead, "attribution") => {
                Policy::Members
            }
            (Kind::Contact, "tags" | "segments") => Policy::Union,
            (Kind::Contact, "consent") => Policy::Consent,
            (Kind::Lead, "status") => Policy::Stage,
            _ => Policy::Whole,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Policy;
    use crate::model::field::{FieldType, Kind};

    /// A new field of the registry with parts must be given a policy on purpose.
    #[test]
    fn every_object_and_list_has_a_considered_policy() {
        let mut whole = Vec::new();
        for kind in Kind::ALL {
            for field in kind.fields() {
                let parts = !matches!(
                    field.of,
                    FieldType::Object(_)
                        | FieldType::Objects(_)
                        | FieldType::Texts
                        | FieldType::Free
                );
                if !parts && Policy::of(kind, field.name) == Policy::Whole {
                    whole.push(format!("{}.{}", kind.as_str(), field.name));
                }
            }
        }
        assert_eq!(
            whole,
            [
                "contact.address",
                "lead.answers",
                "order.line_items",
                "order.billing_address",
                "order.shipping_address",
                "order.coupons",
                "order.tracking",
            ]
        );
    }
}
