-- What people wrote beside records.
CREATE TABLE note (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL,
    kind INTEGER NOT NULL,
    record INTEGER NOT NULL,
    record_id BLOB NOT NULL,
    who TEXT NOT NULL,
    at INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX note_record ON note (kind, record);

-- Contacts that became one, with the kept one before and after, so that it can be undone. `other` is a tombstone whose
-- keys lead to `kept` while `undone_at` is NULL.
CREATE TABLE joined (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL,
    kept INTEGER NOT NULL,
    kept_id BLOB NOT NULL,
    other INTEGER NOT NULL,
    other_id BLOB NOT NULL,
    who TEXT NOT NULL,
    at INTEGER NOT NULL,
    undone_at INTEGER,
    before TEXT NOT NULL,
    before_provenance BLOB NOT NULL,
    after TEXT NOT NULL,
    after_provenance BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX joined_id ON joined (id);
CREATE UNIQUE INDEX joined_other ON joined (other) WHERE undone_at IS NULL;
CREATE INDEX joined_kept ON joined (kept);
CREATE INDEX joined_ever ON joined (other);

-- What a merge moved from one contact to the other, as it was.
CREATE TABLE joined_moved (
    joined INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    record INTEGER NOT NULL,
    provenance BLOB NOT NULL,
    PRIMARY KEY (joined, kind, record)
) STRICT, WITHOUT ROWID;
