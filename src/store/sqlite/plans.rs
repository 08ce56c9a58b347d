//! No list may scan a table or sort: the plan of every list query, as SQLite tells it.
//!
//! Where time and number order a list together, SQLite searches by the time and passes over equal ones: they are few.

use rusqlite::Connection;

use crate::model::field::Kind;
use crate::store::sqlite::{
    audit, change_row, decisions, desk_rows, event_list, fresh, joins, meter, migrate, notes,
    postings, record_list, refusals, rulebook,
};

fn plan(conn: &Connection, sql: &str) -> String {
    let mut explain = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    for parameter in 1..=explain.parameter_count() {
        explain.raw_bind_parameter(parameter, 1).unwrap();
    }
    let mut rows = explain.raw_query();
    let mut lines: Vec<String> = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        lines.push(row.get(3).unwrap());
    }
    lines.join("; ")
}

#[test]
fn every_list_is_a_search_in_an_index_and_never_a_sort() {
    let conn = Connection::open_in_memory().unwrap();
    migrate::run(&conn).unwrap();
    let check = |sql: &str, expected: &str| {
        let plan = plan(&conn, sql);
        assert!(plan.contains(expected), "{plan}\nfor {sql}");
        assert!(
            !plan.contains("SCAN") && !plan.contains("TEMP B-TREE"),
            "{plan}\nfor {sql}"
        );
    };
    check(
        event_list::NEWEST,
        "SEARCH event_state USING COVERING INDEX event_state_list (status=? AND stream=? AND received_at<?)",
    );
    check(
        event_list::NEWEST_OF_CODE,
        "SEARCH event_state USING COVERING INDEX event_state_code (code=? AND stream=? AND received_at<?)",
    );
    check(
        event_list::OLDEST,
        "SEARCH event_state USING COVERING INDEX event_state_list (status=? AND stream=?)",
    );
    check(
        event_list::NEXT_STREAM,
        "SEARCH event_state USING COVERING INDEX event_state_list (status=? AND stream>?)",
    );
    for sql in [
        fresh::LOOK,
        fresh::NEWEST,
        fresh::LATEST,
        fresh::OLDEST,
        fresh::AT_OR_AFTER,
    ] {
        check(sql, "USING INTEGER PRIMARY KEY (rowid>");
    }
    check(
        notes::OF_RECORD,
        "SEARCH note USING INDEX note_record (kind=? AND record=?)",
    );
    check(
        joins::INTO,
        "SEARCH joined USING INDEX joined_other (other=?)",
    );
    check(
        joins::TAKEN,
        "SEARCH joined USING INDEX joined_kept (kept=?)",
    );
    check(
        joins::OF_KEPT,
        "SEARCH joined USING INDEX joined_kept (kept=?)",
    );
    check(
        joins::OF_OTHER,
        "SEARCH joined USING INDEX joined_ever (other=?)",
    );
    check(
        refusals::ALL,
        "SEARCH refusal USING INTEGER PRIMARY KEY (rowid<?)",
    );
    check(
        refusals::OF_ONE,
        "SEARCH refusal USING COVERING INDEX refusal_endpoint (endpoint=? AND rowid<?)",
    );
    check(meter::MINUTES, "SEARCH minute USING PRIMARY KEY (minute>?)");
    check(
        meter::LEAD_DAYS,
        "SEARCH lead_day USING PRIMARY KEY (day>?)",
    );
    check(
        audit::ALL,
        "SEARCH audit USING INTEGER PRIMARY KEY (rowid<?)",
    );
    for (sql, column) in [
        (audit::BY_WHO, "who"),
        (audit::BY_SUBJECT, "subject"),
        (audit::BY_WHAT, "what"),
    ] {
        let index = format!("COVERING INDEX audit_{column} ({column}=? AND rowid<?)");
        check(sql, &format!("SEARCH audit USING {index}"));
    }
    check(
        event_list::FRESH_DELIVERIES,
        "SEARCH event USING INTEGER PRIMARY KEY (rowid>?)",
    );
    check(
        event_list::SWEPT_DELIVERIES,
        "SEARCH delivery USING PRIMARY KEY (hash=?)",
    );
    check(
        postings::BELOW,
        "SEARCH posting USING PRIMARY KEY (key>? AND key<?)",
    );
    check(
        change_row::ONE,
        "SEARCH change USING INTEGER PRIMARY KEY (rowid=?)",
    );
    check(
        change_row::FEED,
        "SEARCH change USING INTEGER PRIMARY KEY (rowid>?)",
    );
    check(
        rulebook::NEWEST_RULES,
        "SEARCH rule_set USING INTEGER PRIMARY KEY (rowid<?)",
    );
    check(
        decisions::OLDEST_WAITING,
        "SEARCH waiting USING COVERING INDEX waiting_line (route=?)",
    );
    check(
        decisions::WAITING_FOR_OTHER,
        "SEARCH waiting USING COVERING INDEX waiting_version (version<?)",
    );
    check(
        desk_rows::LAST_ALIKE,
        "SEARCH waiting USING COVERING INDEX waiting_line (route=? AND since>? AND since<?)",
    );
    check(decisions::OVERDUE, "INDEX offer_due (due<?)");
    for (kind, table) in Kind::ALL
        .into_iter()
        .zip(["contact", "lead", "purchase", "ticket"])
    {
        let of = |rest: &str| format!("SEARCH {table} USING {}", rest.replace("{}", table));
        check(
            record_list::newest_sql(kind),
            &of("INTEGER PRIMARY KEY (rowid<?)"),
        );
        check(
            record_list::filed_sql(kind),
            &of("COVERING INDEX {}_owner (owner=? AND status=? AND rowid<?)"),
        );
        check(
            record_list::next_owner_sql(kind),
            &of("COVERING INDEX {}_owner (owner>?)"),
        );
        check(
            record_list::next_status_sql(kind),
            &of("COVERING INDEX {}_owner (owner=? AND status>?)"),
        );
        check(
            record_list::updated_sql(kind),
            &of("COVERING INDEX {}_updated (updated_at>?)"),
        );
    }
    // The delays are few, and read from the first that ends.
    let due = plan(&conn, event_list::DUE);
    assert!(
        due.contains("USING INDEX event_state_due") && !due.contains("TEMP"),
        "{due}"
    );
}
