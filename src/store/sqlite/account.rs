//! What a decision says of itself: the facts it was shown and its trace, as a row has them.
//!
//! Most of both is the same in every decision, so they are packed together, against a dictionary of what that is: a
//! quarter of the bytes to write, to sync and to copy. Older rows have two JSON texts instead.

use rusqlite::Row;

use crate::model::record::Fields;
use crate::model::trace::Trace;
use crate::store::sqlite::fault::{Done, Fault};
use crate::store::sqlite::value::{maybe_json, text};

/// What decisions have in common. Stored accounts cannot be read without it: it never changes, a better one gets a codec
/// of its own.
const DICTIONARY: &[u8] = br#"{"type":"lead.created","source":"standard_webhooks","endpoint":"","scope":"","delivery_id":"msg_","time":"2026-01-01T00:00:00Z","received_at":"2026-01-01T00:00:00.000000Z"}
{"rule_set_version":1,"at":"2026-01-01T00:00:00.000000000Z","test":true,"passed":["keep_owner":{"owner":"","of":"lead","since":"last_owner":{"company_owner":{"waits_for":"team:","tie_break":"","behind":2,"none_eligible":"park","count":0,"gate_is":"cap_day","gate_what":"","error":"","expr":","op":"in","value":["op":"ne","value":"not":{"any":[{"kept":true},"rules":[{"name":"","when":{"all":[{"field":"contact.address.country","op":"eq","value":"","seen":"","result":false},{"field":"lead.","op":"exists","value":null,"seen":null,"result":true}],"result":true},"matched":true,"target":{"user":"","strategy":"fewest_open"],"result":false},"matched":false},{"name":"Everyone else","when":null,"matched":true,"target":{"team":"","strategy":"round_robin"},"strategy":"round_robin","candidates":[{"rep":"","weight":1,"gate":null},{"rep":"","weight":1,"count":0,"gate":null}],"chosen":""}],"turns":{"team":"","before":[{"rep":"","taken":0,"last":0},{"rep":"","taken":0,"last":0}],"after":[{"rep":"","taken":0,"last":0}]}}"#;
/// Stands before what was packed with the dictionary.
const CODEC: u8 = 1;

/// Both as one blob: JSON has no line breaks of its own here, so one stands between them.
pub(super) fn pack(facts: &Fields, trace: &Trace) -> Done<Vec<u8>> {
    let trace = trace.as_str();
    let mut both = Vec::with_capacity(trace.len() + 256);
    serde_json::to_writer(&mut both, facts)?;
    both.push(b'\n');
    both.extend_from_slice(trace.as_bytes());
    let mut packed = vec![CODEC];
    packed.append(&mut lz4_flex::block::compress_prepend_size_with_dict(
        &both, DICTIONARY,
    ));
    Ok(packed)
}

/// From the columns `account`, `trace` and `facts`, which are beside each other.
pub(super) fn read(row: &Row<'_>, account: usize) -> Done<(Fields, Trace)> {
    let Some(both) = unpacked(row, account)? else {
        let facts = maybe_json(row, account + 2)?.unwrap_or_default();
        return Ok((facts, Trace::written(text(row, account + 1)?.to_owned())));
    };
    let (facts, trace) = split(&both)?;
    Ok((
        serde_json::from_str(facts)?,
        Trace::written(trace.to_owned()),
    ))
}

/// The facts alone, from the same columns.
pub(super) fn facts(row: &Row<'_>, account: usize) -> Done<Fields> {
    match unpacked(row, account)? {
        Some(both) => Ok(serde_json::from_str(split(&both)?.0)?),
        None => Ok(maybe_json(row, account + 2)?.unwrap_or_default()),
    }
}

/// `None` for a row of before there were accounts.
fn unpacked(row: &Row<'_>, column: usize) -> Done<Option<String>> {
    let packed = row
        .get_ref(column)?
        .as_blob_or_null()
        .map_err(|error| Fault::corrupt("an account", error))?;
    let packed = match packed.map(<[u8]>::split_first) {
        None => return Ok(None),
        Some(Some((&CODEC, packed))) => packed,
        Some(other) => {
            let codec = other.map(|(codec, _)| *codec);
            return Err(Fault::Corrupt(format!("an account with codec {codec:?}")));
        }
    };
    let both = lz4_flex::block::decompress_size_prepended_with_dict(packed, DICTIONARY)
        .map_err(|error| Fault::corrupt("an account", error))?;
    let both = String::from_utf8(both).map_err(|error| Fault::corrupt("an account", error))?;
    Ok(Some(both))
}

fn split(both: &str) -> Done<(&str, &str)> {
    both.split_once('\n')
        .ok_or_else(|| Fault::Corrupt("an account without a trace".to_owned()))
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;
    use serde_json::json;

    use super::{CODEC, facts, pack, read};
    use crate::model::record::Fields;
    use crate::model::trace::Trace;

    fn told() -> (Fields, Trace) {
        let facts =
            json!({"type": "lead.created", "endpoint": "crm", "delivery_id": "a\nb \u{1F600}"});
        let trace =
            json!({"rule_set_version": 7, "rules": [{"name": "Iberia\n", "matched": true}]});
        let facts = facts.as_object().cloned().unwrap_or_default();
        (facts.into(), Trace::of(&trace))
    }

    /// A row with these columns, read.
    fn row(account: Option<&[u8]>, trace: &str, text: Option<&str>) -> (Fields, Trace, Fields) {
        let conn = Connection::open_in_memory().unwrap();
        let mut select = conn.prepare("SELECT ?1, ?2, ?3").unwrap();
        let mut rows = select.query((account, trace, text)).unwrap();
        let row = rows.next().unwrap().unwrap();
        let (both, trace) = read(row, 0).unwrap();
        (both, trace, facts(row, 0).unwrap())
    }

    #[test]
    fn what_was_packed_comes_back_and_is_smaller() {
        let (facts, trace) = told();
        let packed = pack(&facts, &trace).unwrap();
        let plain = serde_json::to_string(&facts).unwrap().len() + trace.as_str().len();
        assert!(packed.len() < plain, "{} of {plain}", packed.len());
        assert_eq!(row(Some(&packed), "", None), (facts.clone(), trace, facts));
    }

    #[test]
    fn rows_of_before_are_read() {
        let (facts, trace) = told();
        let text = serde_json::to_string(&facts).unwrap();
        let read = row(None, trace.as_str(), Some(&text));
        assert_eq!(read, (facts.clone(), trace.clone(), facts));
        let read = row(None, trace.as_str(), None);
        assert_eq!(read, (Fields::new(), trace, Fields::new()));
    }

    /// The stored bytes are read with the dictionary: a change of it must not pass unnoticed.
    #[test]
    fn the_dictionary_never_changes() {
        let (facts, trace) = told();
        let packed = pack(&facts, &trace).unwrap();
        assert_eq!(packed.first(), Some(&CODEC));
        insta::assert_snapshot!(hex::encode(packed));
    }

    #[test]
    fn what_cannot_be_an_account_is_an_error() {
        let conn = Connection::open_in_memory().unwrap();
        for blob in [vec![], vec![9, 1, 2], vec![CODEC, 200, 0, 0, 0, 1]] {
            let read = conn.query_row("SELECT ?1, '', NULL", [&blob], |row| {
                Ok(facts(row, 0).is_err())
            });
            assert_eq!(read, Ok(true), "{blob:?}");
        }
    }
}
