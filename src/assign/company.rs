//! The company of a contact, told by the domain of the e-mail address; free mail is nobody's company.

use std::collections::HashSet;
use std::sync::LazyLock;

use serde_json::Value;

use crate::model::record::Fields;

static TABLE: &str = include_str!("free_mail.txt");

static WELL_KNOWN: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    let domains = TABLE.lines().map(str::trim);
    domains.filter(|domain| !domain.is_empty()).collect()
});

/// Domains at which anybody can have an address.
#[derive(Debug, Clone, Default)]
pub struct FreeMail(HashSet<String>);

impl FreeMail {
    /// The well-known ones, and these.
    pub fn with(domains: &[String]) -> Self {
        FreeMail(domains.iter().map(|domain| domain.to_lowercase()).collect())
    }

    /// The domain of a contact's company; `None` without an address, or with one at a free mail provider.
    pub fn company_of(&self, contact: &Fields) -> Option<String> {
        let address = contact.get("email").and_then(Value::as_str)?;
        let domain = domain_of(address)?;
        let is_free = WELL_KNOWN.contains(domain.as_str()) || self.0.contains(&domain);
        (!is_free).then_some(domain)
    }
}

/// The domain of an address, in lower case.
fn domain_of(address: &str) -> Option<String> {
    let (_, domain) = address.rsplit_once('@')?;
    let domain = domain.trim().trim_end_matches('.').to_lowercase();
    domain.contains('.').then_some(domain)
}

/// What conditions can ask of a contact's company.
pub fn fields(contact: &Fields, domain: Option<&str>, owner: Option<&str>) -> Fields {
    let mut fields = Fields::new();
    if let Some(name) = contact.get("company") {
        fields.insert("name", name.clone());
    }
    for (name, text) in [("domain", domain), ("owner", owner)] {
        if let Some(text) = text {
            fields.insert(name, Value::from(text));
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::FreeMail;

    #[test]
    fn a_company_is_told_by_its_domain() {
        let free = FreeMail::with(&["Example.net".to_owned()]);
        for (email, expected) in [
            (json!("ana@Acme.example"), Some("acme.example")),
            (json!("ana@gmail.com"), None),
            (json!("ana@example.net"), None),
            (json!("ana"), None),
            (json!("ana@localhost"), None),
            (Value::Null, None),
        ] {
            let contact = serde_json::from_value(json!({"email": email})).unwrap();
            assert_eq!(free.company_of(&contact).as_deref(), expected, "{email}");
        }
    }
}
