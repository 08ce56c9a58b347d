-- An event is written once, together with the request that brought it. What becomes of it stands in a row of its own:
-- an event without one is *fresh*, pending and not touched yet. So a receipt writes one row, and a settlement one.
ALTER TABLE event RENAME TO old_event;
DROP INDEX event_id;
DROP INDEX event_list;
DROP INDEX event_due;
DROP INDEX event_code;

CREATE TABLE event (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL,
    request INTEGER NOT NULL,   -- the event that holds the request: the first of it
    request_id BLOB NOT NULL,
    part INTEGER NOT NULL,      -- -1: stands for the whole request
    stream INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    event_time INTEGER,
    claim BLOB NOT NULL,
    delivery_id TEXT,
    event_type TEXT,
    notes TEXT,
    -- The request, and how many events it brought: NULL where an earlier event holds it, and when retention has removed it.
    events INTEGER,
    method TEXT,
    query TEXT,
    peer BLOB,
    codec INTEGER,              -- 0 as is, 1 body is LZ4 with its size in front
    headers BLOB,
    body BLOB
) STRICT;

CREATE TABLE event_state (
    event INTEGER PRIMARY KEY,
    status INTEGER NOT NULL,    -- EventStatus; 5: pending, put off until `due`
    stream INTEGER NOT NULL,    -- the event's own, for the index
    received_at INTEGER NOT NULL,
    settled_at INTEGER,
    changes INTEGER NOT NULL,   -- first change * 256 + number of changes; 0 for none
    due INTEGER,
    attempts INTEGER NOT NULL,
    reason TEXT,
    code TEXT,
    violations TEXT
) STRICT;

CREATE TABLE holder (request INTEGER PRIMARY KEY, event INTEGER NOT NULL) STRICT;
INSERT INTO holder SELECT request, min(seq) FROM old_event GROUP BY request;
INSERT INTO event
SELECT e.seq, e.id, h.event, e.request_id, e.part, e.stream, e.received_at, e.event_time, e.claim, e.delivery_id,
    e.event_type, e.notes, r.first_event + r.events - h.event, r.method, r.query, r.peer, r.codec, r.headers, r.body
FROM old_event e
    JOIN holder h ON h.request = e.request
    LEFT JOIN request r ON r.seq = e.request AND h.event = e.seq
ORDER BY e.seq;
INSERT INTO event_state
SELECT seq, status, stream, received_at, iif(settled_at < 0, NULL, settled_at), iif(changes & 255, changes, 0), due,
    attempts, reason, code, violations
FROM old_event
ORDER BY seq;

CREATE UNIQUE INDEX event_id ON event (id);
CREATE INDEX event_state_list ON event_state (status, stream, received_at);
CREATE INDEX event_state_code ON event_state (code, stream, received_at) WHERE code IS NOT NULL;
CREATE INDEX event_state_due ON event_state (due) WHERE status = 5;

-- Events that still hold their request though it is old, because it is waited for.
CREATE TABLE kept_body (event INTEGER PRIMARY KEY) STRICT;

-- `fresh_from`: no event up to this number is fresh. `bodies_purged`: no event up to this number holds its request any
-- more, but those in `kept_body`.
INSERT INTO number (name, n)
VALUES ('fresh_from', (SELECT coalesce(max(seq), 0) FROM old_event)), ('bodies_purged', 0);

DROP TABLE holder;
DROP TABLE old_event;
DROP TABLE request;
