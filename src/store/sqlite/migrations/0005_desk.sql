-- The desk: who made which rules, what was given to whom, who waits, what is to be accepted.

-- What rules could ask of the event that brought the lead.
ALTER TABLE decision ADD COLUMN facts TEXT;

ALTER TABLE rule_set ADD COLUMN author TEXT NOT NULL DEFAULT '';
ALTER TABLE rule_set ADD COLUMN note TEXT NOT NULL DEFAULT '';

-- One row at most.
CREATE TABLE rule_draft (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    revision INTEGER NOT NULL,
    author TEXT NOT NULL,
    saved_at INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;

-- Open leads of each rep, kept beside the leads, and when the last one was given.
CREATE TABLE load (rep TEXT NOT NULL PRIMARY KEY, open INTEGER NOT NULL, last INTEGER) STRICT, WITHOUT ROWID;
INSERT INTO load (rep, open)
    SELECT handle, (
        SELECT count(*) FROM lead
        WHERE owner = handle AND status NOT IN ('unqualified', 'converted', 'lost', 'junk')
            AND deleted_at IS NULL AND json_extract(fields, '$.test') IS NOT 1
    ) FROM rep;

-- Leads given to each rep by the days of their calendar, numbered from 1970; the last weeks.
CREATE TABLE given (
    rep TEXT NOT NULL,
    day INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (rep, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE waiting (
    lead INTEGER PRIMARY KEY,
    lead_id BLOB NOT NULL,
    route TEXT NOT NULL,
    since INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX waiting_line ON waiting (route, since, lead_id);
CREATE INDEX waiting_version ON waiting (version, lead_id);

-- The last offer of each lead that had to be accepted.
CREATE TABLE offer (
    lead INTEGER PRIMARY KEY,
    lead_id BLOB NOT NULL,
    rep TEXT NOT NULL,
    team TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    day INTEGER NOT NULL,
    due INTEGER NOT NULL,
    accepted INTEGER,
    passed TEXT NOT NULL
) STRICT;
CREATE INDEX offer_due ON offer (due, lead_id) WHERE accepted IS NULL;

-- The rep who has the leads of a company, by e-mail domain.
CREATE TABLE company (domain TEXT NOT NULL PRIMARY KEY, owner TEXT NOT NULL) STRICT, WITHOUT ROWID;
