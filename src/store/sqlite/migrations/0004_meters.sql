-- What happened in each minute at each endpoint: counted in the transactions that made it happen.
CREATE TABLE minute (
    minute INTEGER NOT NULL,    -- minutes since 1970
    endpoint TEXT NOT NULL,     -- '' for endpoints that do not exist
    outcome INTEGER NOT NULL,   -- Outcome
    n INTEGER NOT NULL,
    PRIMARY KEY (minute, endpoint, outcome)
) STRICT, WITHOUT ROWID;

-- What became of leads on each day, by their source and owner.
CREATE TABLE lead_day (
    day INTEGER NOT NULL,       -- days since 1970
    source TEXT NOT NULL,
    owner TEXT NOT NULL,        -- '' when nobody
    step INTEGER NOT NULL,      -- LeadStep
    n INTEGER NOT NULL,
    seconds INTEGER NOT NULL,   -- from the lead's creation, added up
    PRIMARY KEY (day, source, owner, step)
) STRICT, WITHOUT ROWID;
