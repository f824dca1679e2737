-- message: the one that a job waits or runs by. The id of a job that was removed is never given again: a message may
-- still name it.
CREATE TABLE jobs_numbered (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    created_by TEXT NOT NULL,
    parameters TEXT NOT NULL,
    idempotency_key TEXT,
    request_hash TEXT NOT NULL,
    state INTEGER NOT NULL,
    cancel_requested INTEGER NOT NULL,
    version INTEGER NOT NULL,
    unit TEXT NOT NULL,
    done INTEGER NOT NULL,
    total INTEGER,
    worked INTEGER NOT NULL,
    checkpoint TEXT NOT NULL,
    item_errors INTEGER NOT NULL,
    result TEXT NOT NULL,
    error_code TEXT,
    error_message TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    ended_at INTEGER,
    expires_at INTEGER,
    message INTEGER
);
INSERT INTO jobs_numbered (id, kind, created_by, parameters, idempotency_key, request_hash, state, cancel_requested, version, unit, done,
    total, worked, checkpoint, item_errors, result, error_code, error_message, created_at, started_at, ended_at, expires_at)
    SELECT id, kind, created_by, parameters, idempotency_key, request_hash, state, cancel_requested, version, unit, done,
    total, worked, checkpoint, item_errors, result, error_code, error_message, created_at, started_at, ended_at, expires_at
    FROM jobs;
DROP TABLE jobs;
ALTER TABLE jobs_numbered RENAME TO jobs;
CREATE UNIQUE INDEX jobs_idempotency ON jobs (created_by, idempotency_key)
    WHERE idempotency_key IS NOT NULL;
CREATE INDEX jobs_state ON jobs (state, id);
CREATE INDEX jobs_kind ON jobs (kind, id);
CREATE INDEX jobs_created_by ON jobs (created_by, id);
CREATE INDEX jobs_expires ON jobs (expires_at) WHERE expires_at IS NOT NULL;

-- What a job has to say of its items, for who asked for it: lines, some a row, number 1 and up.
CREATE TABLE job_reports (
    job INTEGER NOT NULL,
    number INTEGER NOT NULL,
    lines TEXT NOT NULL,
    PRIMARY KEY (job, number)
);
