//! Text out of HTML: tags taken away, entities undone.

use std::borrow::Cow;

use minijinja::Value;

use crate::expr::filters::text_of;

/// Entities by name that senders use in texts; any other stays as it is.
const ENTITIES: &[(&str, &str)] = &[
    ("amp", "&"),
    ("lt", "<"),
    ("gt", ">"),
    ("quot", "\""),
    ("apos", "'"),
    ("nbsp", " "),
    ("ndash", "–"),
    ("mdash", "—"),
    ("hellip", "…"),
    ("lsquo", "‘"),
    ("rsquo", "’"),
    ("ldquo", "“"),
    ("rdquo", "”"),
    ("laquo", "«"),
    ("raquo", "»"),
    ("bull", "•"),
    ("middot", "·"),
    ("times", "×"),
    ("euro", "€"),
    ("pound", "£"),
    ("copy", "©"),
    ("reg", "®"),
    ("trade", "™"),
    ("deg", "°"),
];

/// Longest name or number of an entity.
const LONGEST: usize = 10;

/// Tags after which a line ends.
const BREAKS: &[&str] = &["br", "p", "div", "li", "tr", "h1", "h2", "h3", "h4"];

/// `html`: the text that HTML shows.
pub fn html(value: &Value) -> Value {
    let Some(text) = text_of(value) else {
        return Value::UNDEFINED;
    };
    let shown = unescape(&without_tags(&text)).trim().to_owned();
    match shown.is_empty() {
        true => Value::UNDEFINED,
        false => Value::from(shown),
    }
}

/// Entities undone: `&amp;` is `&`, `&#039;` is `'`.
pub fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let found = after
            .split_once(';')
            .filter(|(name, _)| name.len() <= LONGEST)
            .and_then(|(name, after)| Some((character(name)?, after)));
        match found {
            Some((character, after)) => {
                plain.push_str(&character);
                rest = after;
            }
            None => {
                plain.push('&');
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

fn character(name: &str) -> Option<Cow<'static, str>> {
    let Some(number) = name.strip_prefix('#') else {
        let found = ENTITIES.iter().find(|(entity, _)| *entity == name);
        return found.map(|(_, text)| Cow::Borrowed(*text));
    };
    let code = match number.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16).ok()?,
        None => number.parse().ok()?,
    };
    char::from_u32(code).map(|character| Cow::Owned(character.to_string()))
}

/// A `<` that begins no tag stays.
fn without_tags(text: &str) -> Cow<'_, str> {
    if !text.contains('<') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        plain.push_str(before);
        let is_tag = after.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!');
        match after.split_once('>').filter(|_| is_tag) {
            Some((tag, after)) => {
                let name = tag.trim_start_matches('/');
                let name = name.split(|c: char| !c.is_ascii_alphanumeric()).next();
                let breaks = name
                    .is_some_and(|name| BREAKS.iter().any(|one| one.eq_ignore_ascii_case(name)));
                if breaks && !plain.is_empty() && !plain.ends_with('\n') {
                    plain.push('\n');
                }
                rest = after;
            }
            None => {
                plain.push('<');
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}
