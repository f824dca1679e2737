-- Objects are immutable: rows are added and removed, never changed. Times are microseconds since
-- 1970 UTC.

-- One row: who we are (written into every segment), and what keeps ids from being used twice.
CREATE TABLE object_store (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    store_id BLOB NOT NULL,
    last_removed_object INTEGER NOT NULL
);

-- A row is there before the file is. `sealed_bytes` is set when nothing is appended any more.
CREATE TABLE object_segments (
    segment INTEGER PRIMARY KEY,
    created INTEGER NOT NULL,
    sealed_bytes INTEGER,
    dead_bytes INTEGER NOT NULL DEFAULT 0,
    last_removed INTEGER
);
CREATE INDEX object_segments_open ON object_segments (segment) WHERE sealed_bytes IS NULL;

-- No reference to object_segments: its check would cost a look-up with every object.
CREATE TABLE objects (
    id INTEGER PRIMARY KEY,
    segment INTEGER NOT NULL,        -- 0: a file of its own, named by key
    record_offset INTEGER NOT NULL,
    head_bytes INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    created INTEGER NOT NULL,
    key TEXT
);
CREATE INDEX objects_key ON objects (key) WHERE key IS NOT NULL;

-- Uploads that may have left a file: written before it, removed with the object's row.
CREATE TABLE object_intents (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    created INTEGER NOT NULL
);
CREATE INDEX object_intents_key ON object_intents (key);

-- Files whose last row is gone, to be removed after the grace period.
CREATE TABLE object_garbage (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    removed INTEGER NOT NULL
);
CREATE INDEX object_garbage_key ON object_garbage (key);
