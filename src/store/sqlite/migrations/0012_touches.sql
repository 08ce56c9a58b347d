-- What rows of contacts do not say yet: see touches.rs.
CREATE TABLE touch (
    seq INTEGER PRIMARY KEY,
    entries BLOB NOT NULL
) STRICT;
