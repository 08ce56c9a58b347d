-- Endpoints made in the console: everything about each as JSON, its secrets included.
CREATE TABLE endpoint (
    name TEXT NOT NULL PRIMARY KEY,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Endpoints that take nothing for now, those of the config file included.
CREATE TABLE pause (
    endpoint TEXT NOT NULL PRIMARY KEY,
    since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
