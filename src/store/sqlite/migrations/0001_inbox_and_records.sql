-- Times are microseconds since 1970. Ids are UUIDs of 16 bytes. `seq` is the order of commits.
-- Columns that `settle` rewrites are born with a value of their final width, so that rows are overwritten in place.

-- What a whole stream of events has in common, so that an event names it with one number.
CREATE TABLE stream (
    id INTEGER PRIMARY KEY,
    endpoint TEXT NOT NULL,
    source TEXT NOT NULL,
    event_type TEXT,            -- NULL: too many types, each event names its own
    scheme TEXT NOT NULL,
    secret INTEGER
) STRICT;

CREATE TABLE request (
    seq INTEGER PRIMARY KEY,
    received_at INTEGER NOT NULL,
    first_event INTEGER NOT NULL,
    events INTEGER NOT NULL,
    method TEXT NOT NULL,
    query TEXT NOT NULL,
    peer BLOB NOT NULL,
    codec INTEGER NOT NULL,     -- 0 as is, 1 body is LZ4 with its size in front
    headers BLOB NOT NULL,
    body BLOB NOT NULL
) STRICT;

CREATE TABLE event (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL,
    request INTEGER NOT NULL,
    request_id BLOB NOT NULL,
    part INTEGER NOT NULL,
    stream INTEGER NOT NULL,
    status INTEGER NOT NULL,    -- EventStatus; 5: pending, put off until `due`
    received_at INTEGER NOT NULL,
    settled_at INTEGER NOT NULL,
    changes INTEGER NOT NULL,   -- first change * 256 + number of changes
    event_time INTEGER,
    claim BLOB NOT NULL,
    delivery_id TEXT,
    event_type TEXT,
    due INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    reason TEXT,
    violations TEXT
) STRICT;
CREATE UNIQUE INDEX event_id ON event (id);
CREATE INDEX event_list ON event (status, stream, received_at);
CREATE INDEX event_due ON event (due) WHERE status = 5;

-- De-duplication keys up to the number `claims_swept`; newer ones stand in the event rows alone.
CREATE TABLE claim (
    key BLOB NOT NULL PRIMARY KEY,
    event INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Events by the hash of their delivery id, swept like claims.
CREATE TABLE delivery (
    hash INTEGER NOT NULL,
    event INTEGER NOT NULL,
    PRIMARY KEY (hash, event)
) STRICT, WITHOUT ROWID;

-- Changes of an event's earlier settlements, after a replay.
CREATE TABLE settled_before (
    event INTEGER NOT NULL,
    changes INTEGER NOT NULL,
    PRIMARY KEY (event, changes)
) STRICT, WITHOUT ROWID;

CREATE TABLE fetched (
    event INTEGER PRIMARY KEY,
    answer TEXT NOT NULL
) STRICT;

CREATE TABLE refusal (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL,
    endpoint TEXT NOT NULL,
    at INTEGER NOT NULL,
    peer TEXT NOT NULL,
    code TEXT NOT NULL,
    detail TEXT NOT NULL,
    headers BLOB NOT NULL,
    body BLOB NOT NULL
) STRICT;
CREATE INDEX refusal_endpoint ON refusal (endpoint);

-- One table a kind, all alike: the order of creation needs no index then.
CREATE TABLE contact (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    owner TEXT NOT NULL,        -- '' when nobody
    status TEXT NOT NULL,
    contact INTEGER,            -- seq of the contact it belongs to
    last INTEGER NOT NULL,      -- the last change of its timeline; 0 for none
    fields TEXT NOT NULL,
    provenance BLOB NOT NULL    -- see provenance.rs
) STRICT;
CREATE UNIQUE INDEX contact_id ON contact (id);
CREATE INDEX contact_owner ON contact (owner, status);
CREATE INDEX contact_updated ON contact (updated_at);

CREATE TABLE lead (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    owner TEXT NOT NULL,
    status TEXT NOT NULL,
    contact INTEGER,
    last INTEGER NOT NULL,
    fields TEXT NOT NULL,
    provenance BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX lead_id ON lead (id);
CREATE INDEX lead_owner ON lead (owner, status);
CREATE INDEX lead_updated ON lead (updated_at);

CREATE TABLE purchase (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    owner TEXT NOT NULL,
    status TEXT NOT NULL,
    contact INTEGER,
    last INTEGER NOT NULL,
    fields TEXT NOT NULL,
    provenance BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX purchase_id ON purchase (id);
CREATE INDEX purchase_owner ON purchase (owner, status);
CREATE INDEX purchase_updated ON purchase (updated_at);

CREATE TABLE ticket (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    owner TEXT NOT NULL,
    status TEXT NOT NULL,
    contact INTEGER,
    last INTEGER NOT NULL,
    fields TEXT NOT NULL,
    provenance BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX ticket_id ON ticket (id);
CREATE INDEX ticket_owner ON ticket (owner, status);
CREATE INDEX ticket_updated ON ticket (updated_at);

-- What records are found by: identities, and postings of words and links (see lookup.rs). Their keys come in no
-- order, so settlements write `tail`; it is swept into both tables in the order of keys.
CREATE TABLE identity (
    key BLOB NOT NULL PRIMARY KEY,
    record INTEGER NOT NULL     -- number * 8 + kind
) STRICT, WITHOUT ROWID;
CREATE TABLE posting (key BLOB NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE tail (
    seq INTEGER PRIMARY KEY,
    entries BLOB NOT NULL
) STRICT;

CREATE TABLE change (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL,
    kind INTEGER NOT NULL,
    record INTEGER NOT NULL,
    record_id BLOB NOT NULL,
    contact INTEGER,
    before INTEGER NOT NULL,    -- the record's change before this one; 0 for the first
    contact_before INTEGER,     -- the change before this one in the contact's timeline
    version INTEGER NOT NULL,
    what INTEGER NOT NULL,      -- one bit for each ChangeKind
    event BLOB,
    source TEXT NOT NULL,
    at INTEGER NOT NULL,
    changed TEXT NOT NULL,
    snapshot TEXT NOT NULL
) STRICT;

CREATE TABLE decision (
    seat INTEGER PRIMARY KEY,   -- lead * 2^24 + epoch: one decision each
    id BLOB NOT NULL,
    owner TEXT,
    rule TEXT,
    rule_set INTEGER NOT NULL,
    reason TEXT NOT NULL,
    trace TEXT NOT NULL,
    event BLOB,
    at INTEGER NOT NULL
) STRICT;

CREATE TABLE review (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL,
    kind INTEGER NOT NULL,
    record_id BLOB NOT NULL,
    other_id BLOB NOT NULL,
    reason TEXT NOT NULL,
    event BLOB NOT NULL,
    at INTEGER NOT NULL
) STRICT;

CREATE TABLE rep (handle TEXT NOT NULL PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE team (handle TEXT NOT NULL PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE rule_set (version INTEGER PRIMARY KEY, at INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TABLE turn (
    team TEXT NOT NULL,
    rep TEXT NOT NULL,
    taken INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (team, rep)
) STRICT, WITHOUT ROWID;

CREATE TABLE token (
    seq INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    hash BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;
CREATE UNIQUE INDEX token_hash ON token (hash);
CREATE UNIQUE INDEX token_live ON token (name) WHERE revoked_at IS NULL;

CREATE TABLE alarm (
    key TEXT NOT NULL PRIMARY KEY,
    message TEXT NOT NULL,
    since INTEGER NOT NULL,
    last INTEGER NOT NULL,
    count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Counts kept beside the rows, and marks of long work.
CREATE TABLE number (name TEXT NOT NULL PRIMARY KEY, n INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO number (name, n) VALUES
    ('pending', 0), ('events', 0), ('contact', 0), ('lead', 0), ('order', 0), ('ticket', 0),
    ('decisions', 0), ('changes', 0), ('pings', 0), ('claims_swept', 0), ('keys_purged', 0);
