-- Tokens and browser sessions: only the SHA-256 of each secret is here.
CREATE TABLE auth_credentials (
    id         TEXT NOT NULL PRIMARY KEY,
    kind       INTEGER NOT NULL,  -- 0 token, 1 session
    name       TEXT NOT NULL,
    role       TEXT NOT NULL,
    parent_id  TEXT,              -- the token that a session was made with
    hash       BLOB NOT NULL UNIQUE,
    created_us INTEGER NOT NULL,  -- microseconds since 1970, UTC
    expires_us INTEGER NOT NULL,
    revoked_us INTEGER
) WITHOUT ROWID;
CREATE INDEX auth_credentials_by_parent ON auth_credentials (parent_id) WHERE parent_id IS NOT NULL;
