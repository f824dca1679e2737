-- Tokens and browser sessions: only the SHA-256 of each secret is here.
CREATE TABLE auth_credentials (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    kind       BIGINT NOT NULL,  -- 0 token, 1 session
    name       TEXT COLLATE "C" NOT NULL,
    role       TEXT COLLATE "C" NOT NULL,
    parent_id  TEXT COLLATE "C",              -- the token that a session was made with
    hash       BYTEA NOT NULL UNIQUE,
    created_us BIGINT NOT NULL,  -- microseconds since 1970, UTC
    expires_us BIGINT NOT NULL,
    revoked_us BIGINT
);
CREATE INDEX auth_credentials_by_parent ON auth_credentials (parent_id) WHERE parent_id IS NOT NULL;
