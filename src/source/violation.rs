//! What a JSON Schema finds wrong with a document, in sentences that can be said in every language. None shows a value
//! of the document.

use std::fmt::Display;

use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::{JsonType, ValidationError};
use serde_json::Value;

use crate::model::said::{Said, Word};
use crate::said;

/// Words of an enumeration that are listed.
const LISTED: usize = 8;

/// The sentence about one violated keyword; the library's own where it is about the machinery and not the document.
pub fn said(error: &ValidationError<'_>) -> Said {
    let found = shape(error.kind())
        .or_else(|| size(error.kind()))
        .or_else(|| choice(error.kind()));
    found.unwrap_or_else(|| error.masked().to_string().into())
}

/// What a value is, and how it is written.
fn shape(kind: &Kind) -> Option<Said> {
    Some(match kind {
        Kind::Required { property } => said!(
            "schema-required",
            "{property} is a required property",
            property = property.to_string()
        ),
        Kind::Type {
            kind: TypeKind::Single(kind),
        } => said!(
            "schema-type",
            "value is not of type \"{kind}\"",
            kind = one(*kind)
        ),
        Kind::Type {
            kind: TypeKind::Multiple(kinds),
        } => said!(
            "schema-types",
            "value is not of types {listed}",
            listed = quoted(kinds.iter()),
            types = any_of(kinds.iter())
        ),
        Kind::Format { format } => said!(
            "schema-format",
            "value is not a \"{format}\"",
            format = format
        ),
        Kind::Pattern { pattern } => said!(
            "schema-pattern",
            "value does not match \"{pattern}\"",
            pattern = pattern
        ),
        Kind::MultipleOf { multiple_of } => said!(
            "schema-multiple",
            "value is not a multiple of {step}",
            step = multiple_of.to_string()
        ),
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            said!(
                "schema-unexpected",
                "Additional properties are not allowed: {names}",
                names = quoted(unexpected.iter())
            )
        }
        Kind::PropertyNames { error } => said!(
            "schema-name",
            "the name of a property does not fit: {why}",
            why = self::said(error)
        ),
        _ => return None,
    })
}

/// How much there may be.
fn size(kind: &Kind) -> Option<Said> {
    Some(match kind {
        Kind::Minimum { limit } => said!(
            "schema-minimum",
            "value is less than the minimum of {limit}",
            limit = limit.to_string()
        ),
        Kind::Maximum { limit } => said!(
            "schema-maximum",
            "value is greater than the maximum of {limit}",
            limit = limit.to_string()
        ),
        Kind::ExclusiveMinimum { limit } => said!(
            "schema-above",
            "value is less than or equal to the minimum of {limit}",
            limit = limit.to_string()
        ),
        Kind::ExclusiveMaximum { limit } => said!(
            "schema-below",
            "value is greater than or equal to the maximum of {limit}",
            limit = limit.to_string()
        ),
        Kind::MinLength { limit } => said!(
            "schema-too-short",
            "value is shorter than {limit} character{s}",
            s = plural(*limit),
            limit = *limit
        ),
        Kind::MaxLength { limit } => said!(
            "schema-too-long",
            "value is longer than {limit} character{s}",
            s = plural(*limit),
            limit = *limit
        ),
        Kind::MinItems { limit } => said!(
            "schema-too-few",
            "value has less than {limit} item{s}",
            s = plural(*limit),
            limit = *limit
        ),
        Kind::MaxItems { limit } => said!(
            "schema-too-many",
            "value has more than {limit} item{s}",
            s = plural(*limit),
            limit = *limit
        ),
        Kind::MinProperties { limit } => said!(
            "schema-few-properties",
            "value has less than {limit} properties",
            limit = *limit
        ),
        Kind::MaxProperties { limit } => said!(
            "schema-many-properties",
            "value has more than {limit} properties",
            limit = *limit
        ),
        _ => return None,
    })
}

/// Which of several things it may be.
fn choice(kind: &Kind) -> Option<Said> {
    Some(match kind {
        Kind::Enum { options } => said!(
            "schema-enum",
            "value is not one of {options}",
            options = listed(options)
        ),
        Kind::Constant { expected_value } => said!(
            "schema-constant",
            "{expected} was expected",
            expected = expected_value.to_string()
        ),
        Kind::AnyOf { .. } | Kind::OneOfNotValid { .. } => said!(
            "schema-none",
            "value is not valid under any of the schemas that are allowed here"
        ),
        Kind::OneOfMultipleValid { .. } => said!(
            "schema-several",
            "value is valid under more than one of the schemas of which one is allowed"
        ),
        Kind::Contains => said!(
            "schema-contains",
            "None of value are valid under the given schema"
        ),
        Kind::UniqueItems => said!("schema-unique", "value has non-unique elements"),
        Kind::Not { .. } | Kind::FalseSchema => {
            said!("schema-not", "value is what the schema excludes")
        }
        _ => return None,
    })
}

fn one(kind: JsonType) -> Word {
    Word::Term("json-type".into(), kind.to_string())
}

fn any_of(kinds: impl Iterator<Item = JsonType>) -> Word {
    let all = kinds.map(one).reduce(|before, kind| {
        said!("either", "{one} or {other}", one = before, other = kind).into()
    });
    all.unwrap_or_else(|| Word::from(""))
}

fn quoted(names: impl Iterator<Item = impl Display>) -> String {
    let names = names.map(|name| format!("\"{name}\""));
    names.collect::<Vec<_>>().join(", ")
}

fn plural(limit: u64) -> &'static str {
    if limit == 1 { "" } else { "s" }
}

/// `"a", "b" …`
fn listed(options: &Value) -> String {
    let options = options.as_array().map_or(&[][..], Vec::as_slice);
    let named = options.iter().take(LISTED).map(ToString::to_string);
    let more = if options.len() > LISTED { ", …" } else { "" };
    named.collect::<Vec<_>>().join(", ") + more
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::said;

    /// What is said of `document`, which the library would say in the same English words.
    fn check(schema: Value, document: Value, code: &str) {
        let validator = jsonschema::validator_for(&schema).unwrap();
        let error = validator.iter_errors(&document).next().unwrap();
        let found = said(&error);
        assert_eq!(found.code.as_deref(), Some(code), "{schema}");
        assert_eq!(found.english, error.masked().to_string(), "{schema}");
    }

    #[test]
    fn programs_hear_the_english_of_the_library() {
        check(json!({"required": ["id"]}), json!({}), "schema-required");
        check(json!({"type": "string"}), json!(1), "schema-type");
        check(json!({"type": ["null", "array"]}), json!(1), "schema-types");
        check(json!({"pattern": "^a"}), json!("b"), "schema-pattern");
        check(json!({"multipleOf": 2}), json!(3), "schema-multiple");
        check(json!({"minimum": 2}), json!(1), "schema-minimum");
        check(json!({"maximum": 2}), json!(3), "schema-maximum");
        check(json!({"exclusiveMinimum": 2}), json!(2), "schema-above");
        check(json!({"exclusiveMaximum": 2}), json!(2), "schema-below");
        check(json!({"minLength": 1}), json!(""), "schema-too-short");
        check(json!({"maxLength": 2}), json!("abc"), "schema-too-long");
        check(json!({"minItems": 1}), json!([]), "schema-too-few");
        check(json!({"maxItems": 0}), json!([1]), "schema-too-many");
        check(
            json!({"minProperties": 2}),
            json!({}),
            "schema-few-properties",
        );
        check(
            json!({"maxProperties": 0}),
            json!({"a": 1}),
            "schema-many-properties",
        );
        check(json!({"const": "a"}), json!("b"), "schema-constant");
        check(
            json!({"contains": {"const": 1}}),
            json!([2]),
            "schema-contains",
        );
        check(json!({"uniqueItems": true}), json!([1, 1]), "schema-unique");
    }

    #[test]
    fn no_value_of_a_document_is_shown() {
        let schema = json!({"anyOf": [{"type": "null"}, {"enum": ["a"]}]});
        let validator = jsonschema::validator_for(&schema).unwrap();
        let document = json!("secret");
        let error = validator.iter_errors(&document).next().unwrap();
        let found = said(&error);
        assert_eq!(found.code.as_deref(), Some("schema-none"));
        assert!(!found.english.contains("secret"), "{found}");
    }
}
