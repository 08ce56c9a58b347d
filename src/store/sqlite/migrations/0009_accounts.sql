-- A trace is a JSON text with the facts as another beside it, or a blob that holds both: see account.rs.
ALTER TABLE decision RENAME TO decision_before;
CREATE TABLE decision (
    seat INTEGER PRIMARY KEY,   -- lead * 2^24 + epoch: one decision each
    id BLOB NOT NULL,
    owner TEXT,
    rule TEXT,
    rule_set INTEGER NOT NULL,
    reason TEXT NOT NULL,
    trace ANY NOT NULL,
    facts TEXT,
    event BLOB,
    at INTEGER NOT NULL
) STRICT;
INSERT INTO decision SELECT seat, id, owner, rule, rule_set, reason, trace, facts, event, at FROM decision_before;
DROP TABLE decision_before;
