//! E-mail addresses.

use minijinja::Value;

use crate::expr::filters::text_of;

/// `email`: trimmed and in lower case; nothing when it cannot be an address.
pub fn email(value: &Value) -> Value {
    text_of(value)
        .and_then(|text| address(&text))
        .map_or(Value::UNDEFINED, Value::from)
}

/// The address in lower case, also out of `mailto:ana@example.com` and `Ana <ana@example.com>`.
pub fn address(text: &str) -> Option<String> {
    let text = text.trim();
    let text = match (text.find('<'), text.ends_with('>')) {
        (Some(open), true) => text.get(open + 1..text.len() - 1)?,
        _ => text,
    };
    let text = text.strip_prefix("mailto:").unwrap_or(text).trim();
    let address = text.to_lowercase();
    is_address(&address).then_some(address)
}

/// A light check: one `@` with something before it and a dotted name after it, and nothing that no address holds.
fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let clean = |part: &str| {
        !part
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || "@<>()[],;:\"\\".contains(c))
    };
    text.len() <= 254
        && !local.is_empty()
        && clean(local)
        && clean(domain)
        && domain.contains('.')
        && domain.split('.').all(|label| !label.is_empty())
}
