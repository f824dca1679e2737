-- Long runs: docs/formats/jobs.md. Times are microseconds since 1970 UTC, spans are microseconds. JSON is
-- text as it was given.
-- state: 0 queued, 1 running, 2 succeeded, 3 failed, 4 cancelled. version rises with each change of the row.
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY,
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
    expires_at INTEGER
);
CREATE UNIQUE INDEX jobs_idempotency ON jobs (created_by, idempotency_key)
    WHERE idempotency_key IS NOT NULL;
CREATE INDEX jobs_state ON jobs (state, id);
CREATE INDEX jobs_kind ON jobs (kind, id);
CREATE INDEX jobs_created_by ON jobs (created_by, id);
CREATE INDEX jobs_expires ON jobs (expires_at) WHERE expires_at IS NOT NULL;

-- What went wrong with single items, in the order in which it did: number 1 to the bound.
CREATE TABLE job_errors (
    job INTEGER NOT NULL,
    number INTEGER NOT NULL,
    item TEXT NOT NULL,
    code TEXT NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (job, number)
);
