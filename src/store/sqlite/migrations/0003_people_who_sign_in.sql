-- The console's users. Times are microseconds since 1970.
CREATE TABLE user (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    rep TEXT,
    password TEXT,              -- PHC format; NULL until they have chosen one
    totp TEXT,                  -- base32
    totp_step INTEGER NOT NULL,
    language TEXT,
    disabled_at INTEGER,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX user_name ON user (name);

-- Only hashes of tokens are kept.
CREATE TABLE session (
    hash BLOB NOT NULL PRIMARY KEY,
    user BLOB NOT NULL,
    awaits_code INTEGER NOT NULL,
    opened_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    agent TEXT NOT NULL,
    peer TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_user ON session (user);

CREATE TABLE link (
    hash BLOB NOT NULL PRIMARY KEY,
    user BLOB,                  -- NULL: the first admin
    ends_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL,
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL,
    subject TEXT NOT NULL,
    before TEXT,
    after TEXT,
    peer TEXT NOT NULL
) STRICT;
CREATE INDEX audit_who ON audit (who);
CREATE INDEX audit_subject ON audit (subject);
CREATE INDEX audit_what ON audit (what);
