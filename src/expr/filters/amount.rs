//! Amounts as people type them: `1.234` is a thousand and more in Spain, and nobody knows what in Mexico.

use minijinja::{State, Value};
use rust_decimal::Decimal;

use crate::expr::filters::{country, money, text_of};
use crate::model::fold::fold;

/// Longest text that is tried.
const MAX_LEN: usize = 40;

/// Words for money, folded, that people write beside a number.
const WORDS: &[&str] = &[
    "brl", "chf", "dkk", "dolar", "dolares", "dollar", "dollars", "eur", "euro", "euros",
    "franken", "francs", "gbp", "kr", "libras", "mxn", "nok", "peso", "pesos", "pln", "pound",
    "pounds", "reais", "real", "sek", "usd", "zl", "zloty",
];

/// Countries where a point stands between groups of digits, and a comma before the decimals (CLDR).
const GROUPED_BY_POINT: &[&str] = &[
    "AD", "AL", "AO", "AR", "AT", "BA", "BE", "BG", "BO", "BR", "BY", "CL", "CO", "CR", "CV", "CY",
    "CZ", "DE", "DK", "EC", "ES", "FI", "FR", "GR", "HR", "HU", "ID", "IS", "IT", "LT", "LU", "LV",
    "MC", "MD", "ME", "MK", "MZ", "NL", "NO", "PL", "PT", "PY", "RO", "RS", "SE", "SI", "SK", "SM",
    "TR", "UA", "UY", "VA", "VE", "VN", "XK",
];

/// Countries where it is the other way round.
const GROUPED_BY_COMMA: &[&str] = &[
    "AE", "AU", "BD", "BZ", "CA", "CN", "DO", "EG", "GB", "GH", "GT", "HK", "HN", "IE", "IL", "IN",
    "JM", "JP", "KE", "KR", "LK", "MT", "MX", "MY", "NG", "NI", "NZ", "PA", "PE", "PH", "PK", "PR",
    "SG", "SV", "TH", "TW", "US",
];

/// `amount` or `amount('ES')`: the exact amount in a text that a person typed, read as in that country or the endpoint's
/// `region`; nothing when it is no amount, or could be two.
pub fn amount(state: &State, value: &Value, given: Option<&Value>) -> Value {
    let country = country::of_or_region(state, given);
    text_of(value)
        .and_then(|text| typed(&text, country))
        .map_or(Value::UNDEFINED, Value::from)
}

/// Reads a typed amount; `country` is alpha-2.
pub fn typed(text: &str, country: Option<&str>) -> Option<String> {
    let text = text.trim();
    if text.len() > MAX_LEN {
        return None;
    }
    let text = without_words(text);
    let (text, thousands) = match text.strip_suffix(['k', 'K']) {
        Some(text) => (text.trim_end(), true),
        None => (text, false),
    };
    let amount = match ambiguous(text) {
        None => money::parse(text)?.into_owned(),
        Some(mark) if thousands || grouping(country?)? != mark => return None,
        Some(mark) => money::parse(&text.replace(mark, ""))?.into_owned(),
    };
    match thousands {
        false => Some(amount),
        true => {
            let amount = Decimal::from_str_exact(&amount).ok()?;
            Some(
                amount
                    .checked_mul(Decimal::ONE_THOUSAND)?
                    .normalize()
                    .to_string(),
            )
        }
    }
}

/// `5000 euros`, `EUR 5000` → `5000`
fn without_words(text: &str) -> &str {
    let is_word = |word: &str| WORDS.contains(&&*fold(word));
    let text = match text.split_once(char::is_whitespace) {
        Some((first, rest)) if is_word(first) => rest,
        _ => text,
    };
    match text.rsplit_once(char::is_whitespace) {
        Some((rest, last)) if is_word(last) => rest.trim_end(),
        _ => text,
    }
}

/// The one mark of a number that could be thousands or decimals: up to three digits, the mark, three digits.
fn ambiguous(text: &str) -> Option<char> {
    let digits = text.trim_matches(|c: char| !c.is_ascii_digit());
    let mark = digits.chars().find(|c| matches!(c, '.' | ','))?;
    let (whole, rest) = digits.split_once(mark)?;
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let is_group = rest.len() == 3 && all_digits(rest);
    let leads = (1..=3).contains(&whole.len()) && all_digits(whole) && !whole.starts_with('0');
    (is_group && leads).then_some(mark)
}

/// The mark between groups of digits in a country.
fn grouping(country: &str) -> Option<char> {
    if GROUPED_BY_POINT.contains(&country) {
        Some('.')
    } else if GROUPED_BY_COMMA.contains(&country) {
        Some(',')
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{GROUPED_BY_COMMA, GROUPED_BY_POINT, typed};

    #[test]
    fn amounts_as_people_type_them() {
        for (text, country, expected) in [
            ("1.234", Some("ES"), Some("1234")),
            ("1.234 €", Some("DE"), Some("1234")),
            ("1,234", Some("US"), Some("1234")),
            ("$1,234", Some("MX"), Some("1234")),
            // The other way round it may be a slip of the finger, or a habit from abroad.
            ("1,234", Some("ES"), None),
            ("1.234", Some("US"), None),
            ("1.234", None, None),
            ("1.234", Some("CH"), None),
            ("1.234,50 €", Some("US"), Some("1234.50")),
            ("1,234.50", Some("ES"), Some("1234.50")),
            ("12000", None, Some("12000")),
            ("1500,5", None, Some("1500.5")),
            ("1234.567", Some("ES"), Some("1234.567")),
            ("0.125", Some("ES"), Some("0.125")),
            ("5 000 euros", Some("ES"), Some("5000")),
            ("EUR 5000", None, Some("5000")),
            ("10k", None, Some("10000")),
            ("1.5 K €", None, None),
            ("1.5k", Some("ES"), Some("1500")),
            ("1.250k", Some("ES"), None),
            ("mucho", Some("ES"), None),
            ("1000-2000", Some("ES"), None),
            ("", None, None),
        ] {
            assert_eq!(
                typed(text, country).as_deref(),
                expected,
                "{text} in {country:?}"
            );
        }
        let both = GROUPED_BY_POINT
            .iter()
            .any(|code| GROUPED_BY_COMMA.contains(code));
        assert!(!both, "a country groups one way");
    }
}
