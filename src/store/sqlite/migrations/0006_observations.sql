-- Small documents learned from the traffic; pure functions revise them.
CREATE TABLE observation (
    subject TEXT NOT NULL,
    name TEXT NOT NULL,
    document TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (subject, name)
) STRICT, WITHOUT ROWID;
