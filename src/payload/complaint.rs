//! What the parsing libraries complain of, in sentences that can be said in every language.

use quick_xml::Error;
use quick_xml::errors::{IllFormedError, SyntaxError};
use quick_xml::escape::EscapeError;
use quick_xml::events::attributes::AttrError;

use crate::model::said::{Phrase, Said, Word};
use crate::{phrase, said};

/// A member of an object has a name of the JSON library's own.
pub const RESERVED: Phrase = phrase!("json-reserved", "a member has a reserved name");

/// An entity that only a document type could define.
pub const UNKNOWN_ENTITY: Phrase = phrase!(
    "xml-entity",
    "it uses an entity that XML itself does not have"
);

/// How the JSON library says that it will not go deeper.
const TOO_DEEP: &str = "recursion limit exceeded";

/// The JSON library tells its complaints apart by their sentences only; one that is not known here stays as it is.
const JSON: &[Phrase] = &[
    RESERVED,
    phrase!("json-cut-list", "EOF while parsing a list"),
    phrase!("json-cut-object", "EOF while parsing an object"),
    phrase!("json-cut-string", "EOF while parsing a string"),
    phrase!("json-cut-value", "EOF while parsing a value"),
    phrase!("json-no-colon", "expected `:`"),
    phrase!("json-no-comma-list", "expected `,` or `]`"),
    phrase!("json-no-comma-object", "expected `,` or `}`"),
    phrase!("json-no-ident", "expected ident"),
    phrase!("json-no-value", "expected value"),
    phrase!("json-no-quote", "expected `\"`"),
    phrase!("json-escape", "invalid escape"),
    phrase!("json-number", "invalid number"),
    phrase!("json-number-range", "number out of range"),
    phrase!("json-unicode", "invalid unicode code point"),
    phrase!(
        "json-control",
        "control character (\\u0000-\\u001F) found while parsing a string"
    ),
    phrase!("json-key", "key must be a string"),
    phrase!("json-trailing-comma", "trailing comma"),
    phrase!("json-trailing", "trailing characters"),
    phrase!("json-hex-cut", "unexpected end of hex escape"),
];

/// Why a body is not JSON, and where.
pub fn of_json(error: &serde_json::Error) -> Said {
    let told = error.to_string();
    let cause = told
        .rsplit_once(" at line ")
        .map_or(told.as_str(), |(cause, _)| cause);
    let (line, column) = (error.line(), error.column());
    if cause == TOO_DEEP {
        return said!(
            "json-deep",
            "the body is nested more than 127 levels deep, at line {line} column {column}",
            line = line,
            column = column
        );
    }
    let known = JSON.iter().find(|phrase| phrase.english == cause);
    said!(
        "json-bad",
        "the body is not valid JSON: {cause} at line {line} column {column}",
        cause = known.map_or_else(|| cause.into(), |phrase| Word::from(*phrase)),
        line = line,
        column = column
    )
}

/// Why a body is not XML.
pub fn of_xml(error: &Error) -> Word {
    match error {
        Error::Syntax(error) => unclosed(*error).into(),
        Error::IllFormed(error) => ill_formed(error),
        Error::InvalidAttr(error) => attribute(error),
        Error::Escape(EscapeError::UnrecognizedEntity(..)) => UNKNOWN_ENTITY.into(),
        Error::Escape(_) => {
            phrase!("xml-escape", "a character after `&` is written wrongly").into()
        }
        Error::Encoding(_) => phrase!("xml-encoding", "its bytes are not text").into(),
        other => other.to_string().into(),
    }
}

fn unclosed(error: SyntaxError) -> Phrase {
    match error {
        SyntaxError::InvalidBangMarkup => phrase!("xml-bang", "what follows `<!` is not known"),
        SyntaxError::UnclosedPI | SyntaxError::UnclosedXmlDecl => {
            phrase!("xml-open-declaration", "a `<?` has no `?>`")
        }
        SyntaxError::UnclosedComment => phrase!("xml-open-comment", "a comment has no `-->`"),
        SyntaxError::UnclosedDoctype => phrase!("xml-open-doctype", "a `<!DOCTYPE` has no `>`"),
        SyntaxError::UnclosedCData => phrase!("xml-open-cdata", "a `<![CDATA[` has no `]]>`"),
        SyntaxError::UnclosedTag => phrase!("xml-open-tag", "a tag has no `>`"),
        SyntaxError::UnclosedSingleQuotedAttributeValue
        | SyntaxError::UnclosedDoubleQuotedAttributeValue => {
            phrase!(
                "xml-open-quote",
                "an attribute's value has no closing quote"
            )
        }
    }
}

fn ill_formed(error: &IllFormedError) -> Word {
    let said = match error {
        IllFormedError::MismatchedEndTag { expected, found } => said!(
            "xml-other-end",
            "`</{expected}>` was expected, and `</{found}>` stands there",
            expected = expected,
            found = found
        ),
        IllFormedError::UnmatchedEndTag(name) => said!(
            "xml-end-alone",
            "`</{name}>` ends what did not begin",
            name = name
        ),
        IllFormedError::MissingEndTag(name) => {
            said!("xml-no-end", "`</{name}>` is missing", name = name)
        }
        other => return other.to_string().into(),
    };
    said.into()
}

fn attribute(error: &AttrError) -> Word {
    let phrase = match error {
        AttrError::Duplicated(..) => {
            phrase!("xml-attribute-twice", "an attribute stands there twice")
        }
        AttrError::UnquotedValue(_) => {
            phrase!(
                "xml-attribute-unquoted",
                "an attribute's value has no quotes"
            )
        }
        AttrError::ExpectedQuote(..) => {
            phrase!(
                "xml-attribute-quote",
                "an attribute's value has no closing quote"
            )
        }
        AttrError::ExpectedEq(_) | AttrError::ExpectedValue(_) => {
            phrase!("xml-attribute-value", "an attribute has no value")
        }
    };
    phrase.into()
}

#[cfg(test)]
mod tests {
    use crate::model::said::{Said, Word};
    use crate::payload::{json, xml};

    fn cause(said: &Said) -> &Word {
        let mut values = said.values.iter();
        &values.find(|(name, _)| name == "cause").unwrap().1
    }

    /// A new version of the library may not begin to speak in sentences that nobody translates.
    #[test]
    fn what_libraries_say_is_known() {
        for body in [
            "[",
            "{",
            "\"",
            "{\"a\" 1}",
            "[1 2]",
            "{\"a\": 1 \"b\"}",
            "nul",
            "?",
            "{1: 2}",
            "\"\\x\"",
            "-",
            "\"\u{1}\"",
            "[1,]",
            "{\"a\":1,}",
            "1 2",
            "\"\\u00",
            "{\"$serde_json::private::RawValue\": 1}",
        ] {
            let crate::payload::ParseError::Malformed(said) = json::parse(body).unwrap_err() else {
                panic!("{body}");
            };
            assert!(matches!(cause(&said), Word::Said(_)), "{body}: {said}");
        }
        for body in [
            "<a",
            "<a b='1",
            "<a><!-- ",
            "<a><![CDATA[",
            "<?xml ",
            "<!x",
            "<a></b>",
            "</a>",
            "<a b='1' b='2'/>",
            "<a b=1/>",
            "<a b/>",
            "<a b='&x;'/>",
            "<a b='&#zz;'/>",
        ] {
            let crate::payload::ParseError::Malformed(said) = xml::parse(body).unwrap_err() else {
                panic!("{body}");
            };
            assert!(matches!(cause(&said), Word::Said(_)), "{body}: {said}");
        }
    }
}
