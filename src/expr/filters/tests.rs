//! The filters at their boundary: formulas in, texts out.

use std::sync::Arc;

use minijinja::Value;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::expr::filters::{FILTERS, FUNCTIONS, TESTS, to_timestamp};
use crate::expr::payload::{of_json, to_json};
use crate::expr::scope::Scope;
use crate::expr::{ENVIRONMENT, Formula};

fn scope(x: Json) -> Scope {
    Scope::new([
        ("x", of_json(Arc::new(x))),
        ("region", Value::from("ES")),
        ("n", Value::from(4)),
        (
            "tables",
            of_json(Arc::new(json!({
                "statuses": {"paid": "paid", "partially refunded": "partially_refunded", "partiallyrefunded": "partially_refunded"},
                "fields": {"email": "email", "correo": "email", "nombre": "full_name", "fullname": "full_name", "submit": ""},
            }))),
        ),
    ])
}

/// `x | filter` of a JSON value: the JSON of what comes out, `null` for nothing, `"error: …"` for an error.
fn run(x: Json, formula: &str) -> Json {
    match Formula::compile(formula)
        .unwrap_or_else(|error| panic!("{formula}: {error}"))
        .eval(&scope(x))
    {
        Ok(value) if value.is_undefined() => Json::Null,
        Ok(value) => to_json(&value).unwrap(),
        Err(error) => json!(format!("error: {error}")),
    }
}

#[test]
fn every_filter() {
    for (x, formula, expected) in [
        (json!(" AbC "), "x | lower", json!("abc")),
        (json!(" ÁbC "), "x | upper", json!("ÁBC")),
        (json!(" a b "), "x | trim", json!("a b")),
        (json!("  "), "x | trim", json!(null)),
        (json!(["", " B ", "c"]), "x | lower", json!("b")),
        (json!({"a": 1}), "x | lower", json!(null)),
        (
            json!(820982911946154508_i64),
            "x | string",
            json!("820982911946154508"),
        ),
        (json!(true), "x | string", json!("true")),
        (
            json!("{\"a\": [1, 2.50]}"),
            "(x | json).a[1] | string",
            json!("2.50"),
        ),
        (
            json!("{"),
            "x | json",
            json!(
                "error: json: the field is not valid JSON: EOF while parsing an object at line 1 column 1"
            ),
        ),
        (
            json!({"a": [1, "b"]}),
            "x | tojson",
            json!("{\"a\":[1,\"b\"]}"),
        ),
        (
            json!("/p?utm_source=g%20a&utm_medium=#top"),
            "x | query_param('utm_source')",
            json!("g a"),
        ),
        (
            json!("/p?utm_source=g&utm_medium="),
            "x | query_param('utm_medium')",
            json!(null),
        ),
        (
            json!("https://example.com/p"),
            "x | query_param('p')",
            json!(null),
        ),
        (json!("a=1&b=2"), "x | query_param('b')", json!("2")),
        (
            json!("<div>Caf&eacute; &amp; <b>bar</b></div><p>1 &lt; 2 < 3</p>&#8364;&#x41;"),
            "x | html",
            json!("Caf&eacute; & bar\n1 < 2 < 3\n€A"),
        ),
        (json!("<p> </p>"), "x | html", json!(null)),
        (
            json!("890e4665-4dfe-4ab1-b689-ed553bceeed0"),
            "x | hmac_sha256('li-client-secret', 'hex')",
            json!("313e20a5110164b82333ba6cb7cdad9e864a8e809bb93b22935d24b57f42823f"),
        ),
        (json!("a"), "x | hmac_sha256(y, 'hex')", json!(null)),
        (
            json!("eyJhIjogIsOxIn0="),
            "(x | base64_decode | json).a",
            json!("ñ"),
        ),
        (
            json!("eyJhIjogMX0"),
            "x | base64_decode",
            json!("{\"a\": 1}"),
        ),
        (
            json!("_-7_"),
            "x | base64_decode",
            json!("error: base64_decode: the field holds no text but other bytes"),
        ),
        (json!(" "), "x | base64_decode", json!(null)),
        (
            json!({"@type": "home", "#text": " a@b.c "}),
            "x | email",
            json!("a@b.c"),
        ),
        (
            json!("Order #1001 paid"),
            "x | extract('#(\\\\d+)')",
            json!("1001"),
        ),
        (json!("Order"), "x | extract('#(\\\\d+)')", json!(null)),
        (
            json!("a  b"),
            "x | regex_replace('\\\\s+', ' ')",
            json!("a b"),
        ),
        (
            json!("abc"),
            "'y' if x is matching('^a') else 'n'",
            json!("y"),
        ),
        (
            json!("tag1, tag2 ,,"),
            "x | split(',')",
            json!(["tag1", "tag2"]),
        ),
        (json!(["a"]), "x | split(',')", json!(["a"])),
        (json!({"a": [{"b": 1}]}), "x | get('a.0.b')", json!(1)),
        (json!({"a": 1}), "x | get('b.c')", json!(null)),
        (
            json!([{"name": "Email", "values": ["a@b.c"]}]),
            "(x | pick('name', 'email')).values | email",
            json!("a@b.c"),
        ),
        (
            json!([{"name": "x"}]),
            "x | pick('name', 'email')",
            json!(null),
        ),
        (
            json!([{"t": [{"a": "1.10"}, {"a": "2.20"}]}, {"t": []}, {"t": [{"a": 3}]}]),
            "x | gather('t.a') | length",
            json!(3),
        ),
        (
            json!([{"t": [{"a": "1.10"}, {"a": "2.20"}]}, {"t": []}, {"t": [{"a": 3}]}]),
            "x | sum_of('t.a')",
            json!("6.30"),
        ),
        (json!([]), "x | sum_of('a')", json!(null)),
        (json!("PAID"), "x | lookup('statuses')", json!("paid")),
        (
            json!("Partially-Refunded"),
            "x | lookup('statuses')",
            json!("partially_refunded"),
        ),
        (json!("other"), "x | lookup('statuses')", json!(null)),
        (
            json!("x"),
            "x | lookup('absent')",
            json!("error: there is no lookup table \"absent\": add [lookup.absent]"),
        ),
        (json!("a@B.c"), "x | email", json!("a@b.c")),
        (
            json!("Ana <Ana@Example.com>"),
            "x | email",
            json!("ana@example.com"),
        ),
        (
            json!("mailto:ana@example.com"),
            "x | email",
            json!("ana@example.com"),
        ),
        (
            json!("<test lead: dummy data for email>"),
            "x | email",
            json!(null),
        ),
        (json!("n/a"), "x | email", json!(null)),
        (json!("600 111 222"), "x | phone", json!("+34600111222")),
        (
            json!("+1 (212) 555-0143"),
            "x | phone",
            json!("+12125550143"),
        ),
        (
            json!("555-555-SHIP"),
            "x | phone('US')",
            json!("+15555557447"),
        ),
        (
            json!("07700 900123"),
            "x | phone('United Kingdom')",
            json!("+447700900123"),
        ),
        (json!(" ask for Bob "), "x | phone", json!("ask for Bob")),
        (json!(34600111222_i64), "x | phone", json!("+34600111222")),
        (json!("398.00"), "x | decimal", json!("398.00")),
        (json!(12), "x | decimal", json!("12")),
        (
            json!("abc"),
            "x | decimal",
            json!("error: decimal: \"abc\" is not an amount that can be read one way only"),
        ),
        (json!(1050), "x | minor_units('EUR')", json!("10.50")),
        (json!(1050), "x | minor_units('jpy')", json!("1050")),
        (json!("1050"), "x | minor_units('KWD')", json!("1.050")),
        (json!(-5), "x | minor_units('EUR')", json!("-0.05")),
        (json!(1050), "x | minor_units('??')", json!("10.50")),
        (
            json!(1050),
            "x | minor_units(y)",
            json!(
                "error: minor_units: \"1050\" came without its currency, which says how many digits are decimals"
            ),
        ),
        (json!(null), "x | minor_units(y)", json!(null)),
        (json!(1050), "x | minor_units('ISK', 2)", json!("10.50")),
        (
            json!("10.5"),
            "x | minor_units('EUR')",
            json!("error: minor_units: \"10.5\" is not a whole number of minor units"),
        ),
        (
            json!("19.90"),
            "x | times(3) | minus('0.70') | plus(1)",
            json!("60.00"),
        ),
        (json!("19.90"), "x | minus(none)", json!("19.90")),
        (json!("eur"), "x | currency", json!("EUR")),
        (json!("euro"), "x | currency", json!(null)),
        (json!("12.5"), "x | float > 12", json!(true)),
        (json!("12.9"), "x | int", json!(12)),
        (
            json!("820982911946154508"),
            "x | int",
            json!(820982911946154508_i64),
        ),
        (
            json!("many"),
            "x | int",
            json!("error: int: \"many\" is not a number"),
        ),
        (json!("es"), "x | country", json!("ES")),
        (json!("DEU"), "x | country", json!("DE")),
        (json!("  españa "), "x | country", json!("ES")),
        (json!("Atlantis"), "x | country", json!(null)),
        (json!(1630087926), "x | time", json!("2021-08-27T18:12:06Z")),
        (
            json!("soon"),
            "x | time",
            json!(
                "error: time: \"soon\" is not a time: write it as 2026-01-31T12:00:00Z, or as seconds or milliseconds since 1970"
            ),
        ),
        (
            json!("2026-01-31"),
            "x | date",
            json!("2026-01-31T00:00:00Z"),
        ),
        (
            json!("García López, Ana"),
            "x | split_name",
            json!({"given": "Ana", "family": "García López"}),
        ),
        (json!(["a", "b", "c"]), "pick(x)", json!("b")),
        (json!("seed"), "x | digits(4) | length", json!(4)),
        (
            json!(null),
            "x is blank and '' is blank and y is blank and not (0 is blank)",
            json!(true),
        ),
        (
            json!("1.5"),
            "x is decimal and not ('x' is decimal)",
            json!(true),
        ),
    ] {
        assert_eq!(run(x.clone(), formula), expected, "{x} {formula}");
    }
}

#[test]
fn answers_by_name() {
    let expected = json!({"full_name": "Ana", "email": "a@b.c", "rest": [{"question": "Talla", "answer": "M, L"}]});
    for x in [
        json!({"Nombre *": "Ana", "E-mail": "a@b.c", "Talla": ["M", "L"], "submit": "Send"}),
        json!({"fields": {"full_name": "Ana", "correo": "a@b.c"}, "Talla": ["M", "L"]}),
        json!([{"name": "full_name", "values": ["Ana"]}, {"name": "email", "values": ["a@b.c"]}, {"name": "Talla", "values": ["M", "L"]}]),
        json!([{"column_id": "FULL_NAME", "string_value": "Ana"}, {"column_id": "EMAIL", "string_value": "a@b.c"}, {"column_id": "Talla", "string_value": "M, L"}]),
        json!({"nombre": "Ana", "full name": "Ana", "email": "", "correo": "a@b.c", "Talla": "M, L"}),
    ] {
        assert_eq!(run(x.clone(), "x | named('fields')"), expected, "{x}");
    }
    let two = json!({"email": "a@b.c", "correo": "other@b.c"});
    assert_eq!(
        run(two, "(x | named('fields')).rest"),
        json!([{"question": "correo", "answer": "other@b.c"}])
    );
}

#[test]
fn answers_in_groups_and_files() {
    let file = |name: &str, size: u32| json!({"filename": name, "size": size});
    let answer = |question: &str, answer: &str| json!({"question": question, "answer": answer});
    for (form, rest) in [
        (json!({"x": {"y": "1"}}), vec![answer("x y", "1")]),
        (
            json!({"x": {"y": {"z": "1"}, "": "2"}}),
            vec![answer("x y z", "1"), answer("x", "2")],
        ),
        (
            json!({"line": [{"sku": "A"}, {"sku": "B"}]}),
            vec![answer("line sku", "A"), answer("line sku", "B")],
        ),
        (
            json!({"cv": file("cv.pdf", 6)}),
            vec![answer("cv", "cv.pdf (6 B)")],
        ),
        (
            json!({"photos": [file("a.png", 1025), file("b.png", 3 << 20)], "id": {"front": file("c.png", 1 << 20)}}),
            vec![
                answer("photos", "a.png (2 KiB)"),
                answer("photos", "b.png (3 MiB)"),
                answer("id front", "c.png (1 MiB)"),
            ],
        ),
    ] {
        let found = run(form.clone(), "(x | named('fields')).rest");
        assert_eq!(found, json!(rest), "{form}");
    }
    // A table may know a question with its group's name, or without.
    let form = json!({"full": {"name": "Ana"}, "contact": {"email": "a@b.c"}});
    let known = json!({"full_name": "Ana", "email": "a@b.c", "rest": []});
    assert_eq!(run(form, "x | named('fields')"), known);
}

#[test]
fn amounts() {
    for (text, expected) in [
        ("398.00", Some("398.00")),
        ("0.50", Some("0.50")),
        (".5", Some("0.5")),
        ("-3", Some("-3")),
        ("-0.00", Some("0.00")),
        ("007", Some("7")),
        ("+7", Some("7")),
        ("1.234", Some("1.234")),
        ("1,234", None),
        ("0,234", Some("0.234")),
        ("1234,50", Some("1234.50")),
        ("1,234.50", Some("1234.50")),
        ("1.234,50", Some("1234.50")),
        ("1,234,567", Some("1234567")),
        ("1.234.567", Some("1234567")),
        ("1.234.567,8", Some("1234567.8")),
        ("12,34,567", None),
        ("1 234,50", Some("1234.50")),
        ("1\u{a0}234\u{a0}567", Some("1234567")),
        ("1'234.50", Some("1234.50")),
        ("12 50", None),
        ("12€50", None),
        ("€ 12.50", Some("12.50")),
        ("12,50 €", Some("12.50")),
        ("-€5", Some("-5")),
        ("$-5.00", Some("-5.00")),
        ("EUR 12.50", Some("12.50")),
        ("12.50USD", Some("12.50")),
        ("1e3", Some("1000")),
        ("1.5E-3", Some("0.0015")),
        ("1e400", None),
        ("about 5k", None),
        ("", None),
        (".", None),
        ("-", None),
        ("1.2.3", None),
        ("123456789012345678901234567890", None),
        (
            "1234567890.123456789012345678",
            Some("1234567890.123456789012345678"),
        ),
    ] {
        assert_eq!(super::money::parse(text).as_deref(), expected, "{text:?}");
    }
}

#[test]
fn exact_numbers_keep_their_scale() {
    let body: Json = serde_json::from_str(r#"{"price": 19.90, "huge": 1e2}"#).unwrap();
    assert_eq!(run(body.clone(), "x.price | decimal"), json!("19.90"));
    assert_eq!(run(body.clone(), "x.huge | decimal"), json!("100"));
    assert_eq!(run(body.clone(), "x.price is number"), json!(true));
    assert_eq!(
        run(body, "x.price + x.huge"),
        json!(
            "error: tried to use + operator on unsupported types plain object and plain object; a number with decimals keeps \
             its exact text: write `| float` to calculate with it, or `| plus(…)` and the like for money"
        )
    );
}

#[test]
fn times() {
    for (text, expected) in [
        (
            "2024-08-07T22:49:09.417931715Z",
            Some("2024-08-07T22:49:09.417931715Z"),
        ),
        ("2021-12-31T19:00:00-05:00", Some("2022-01-01T00:00:00Z")),
        ("2015-02-28T08:49:14+0000", Some("2015-02-28T08:49:14Z")),
        ("2015-02-28T08:49:14+0200", Some("2015-02-28T06:49:14Z")),
        ("2015-02-28 08:49:14 +0200", Some("2015-02-28T06:49:14Z")),
        ("2015-02-28 08:49:14", Some("2015-02-28T08:49:14Z")),
        ("2015-02-28 08:49:14 UTC", Some("2015-02-28T08:49:14Z")),
        ("2015-02-28T08:49:14", Some("2015-02-28T08:49:14Z")),
        ("2015-02-28T08:49", Some("2015-02-28T08:49:00Z")),
        ("2015-02-28", Some("2015-02-28T00:00:00Z")),
        ("1630087926", Some("2021-08-27T18:12:06Z")),
        ("1630087926.25", Some("2021-08-27T18:12:06.25Z")),
        ("1630087926123", Some("2021-08-27T18:12:06.123Z")),
        ("1630087926123456", Some("2021-08-27T18:12:06.123456Z")),
        (
            "1630087926123456789",
            Some("2021-08-27T18:12:06.123456789Z"),
        ),
        ("-1", Some("1969-12-31T23:59:59Z")),
        (
            "Sun, 06 Nov 1994 08:49:37 GMT",
            Some("1994-11-06T08:49:37Z"),
        ),
        ("08/07/2024", None),
        ("", None),
        ("soon", None),
        ("99999999999999999999999999999999", None),
    ] {
        let found = to_timestamp(&Value::from(text)).map(|at| at.to_string());
        assert_eq!(found.as_deref(), expected, "{text:?}");
    }
    assert_eq!(
        to_timestamp(&Value::from(1_630_087_926))
            .unwrap()
            .as_second(),
        1_630_087_926
    );
    let fraction = of_json(Arc::new(serde_json::from_str("1630087926.5").unwrap()));
    assert_eq!(
        to_timestamp(&fraction).unwrap().as_millisecond(),
        1_630_087_926_500
    );
}

#[test]
fn names() {
    for (name, given, family) in [
        ("Ana", "Ana", ""),
        ("Ana García López", "Ana", "García López"),
        ("García López, Ana", "Ana", "García López"),
        ("Ludwig van Beethoven", "Ludwig", "van Beethoven"),
        ("Juan Carlos de la Torre", "Juan Carlos", "de la Torre"),
        ("María del Carmen Ruiz", "María del Carmen", "Ruiz"),
        (
            "María de los Ángeles Ruiz Gil",
            "María de los Ángeles",
            "Ruiz Gil",
        ),
        ("José Luis García López", "José Luis", "García López"),
        ("Dr. Ana Ruiz", "Ana", "Ruiz"),
        ("Joe  Example", "Joe", "Example"),
        ("Acme,", "Acme", ""),
        (",", "", ""),
    ] {
        assert_eq!(
            super::person::split(name),
            (given.to_owned(), family.to_owned()),
            "{name}"
        );
    }
}

/// What the language lists is there: a name that MiniJinja drops would otherwise only fail while an event waits.
#[test]
fn every_word_is_registered() {
    for (kind, names) in [("filter", FILTERS), ("test", TESTS)] {
        for name in names {
            let formula = format!("'{name}' is {kind}");
            let known = ENVIRONMENT
                .compile_expression(&formula)
                .unwrap()
                .eval(())
                .unwrap();
            assert!(known.is_true(), "{kind} {name}");
        }
    }
    for name in FUNCTIONS {
        assert!(
            ENVIRONMENT.globals().any(|(global, _)| global == *name),
            "{name}"
        );
    }
}

/// A reader of the language finds each word in its page.
#[test]
fn every_word_is_documented() {
    let page = include_str!("../../../docs/declarations.md");
    for name in FILTERS.iter().chain(TESTS).chain(FUNCTIONS) {
        assert!(
            page.contains(&format!("`{name}")),
            "docs/declarations.md does not explain {name}"
        );
    }
}

fn anything() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        any::<String>().prop_map(Json::from),
        "[+0-9 ().,€-]{0,20}".prop_map(Json::from),
        "[a-zA-Z.@<>:+-]{0,20}".prop_map(Json::from),
        "[0-9TZ:+. -]{0,30}".prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::vec(("[a-z]{0,5}", inner), 0..4)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_filter_panics(x in anything(), argument in any::<String>()) {
        let quoted = serde_json::to_string(&argument).unwrap();
        for filter in FILTERS {
            for formula in [format!("x | {filter}"), format!("x | {filter}({quoted})"), format!("x | {filter}(x, 'a')")] {
                if let Ok(formula) = Formula::compile(&formula)
                    && let Err(error) = formula.eval(&scope(x.clone()))
                {
                    prop_assert!(!error.0.is_empty(), "{}", filter);
                }
            }
        }
    }

    #[test]
    fn twice_is_once(x in anything()) {
        for filter in ["lower", "upper", "trim", "string", "phone", "email", "decimal", "country", "currency", "time", "int"] {
            let once = run(x.clone(), &format!("x | {filter}"));
            let failed = once.as_str().is_some_and(|text| text.starts_with("error: "));
            if !failed {
                prop_assert_eq!(&run(once.clone(), &format!("x | {filter}")), &once, "{}", filter);
            }
        }
    }
}
