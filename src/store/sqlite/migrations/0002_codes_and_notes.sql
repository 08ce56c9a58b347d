-- Why an event is not processed, as a word, and what was noticed about it; both NULL for nearly all.
ALTER TABLE event ADD COLUMN code TEXT;
ALTER TABLE event ADD COLUMN notes TEXT;
CREATE INDEX event_code ON event (code, stream, received_at) WHERE code IS NOT NULL;

-- What most likely was the matter with a request that was turned away.
ALTER TABLE refusal ADD COLUMN diagnosis TEXT;
CREATE UNIQUE INDEX refusal_id ON refusal (id);

-- Keys that the gateway makes for itself, once.
CREATE TABLE own_key (name TEXT NOT NULL PRIMARY KEY, key BLOB NOT NULL) STRICT, WITHOUT ROWID;
