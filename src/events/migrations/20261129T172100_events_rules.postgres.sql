-- Rules that send events to targets. Times are microseconds since 1970 UTC.
CREATE TABLE event_rules (
    name TEXT COLLATE "C" PRIMARY KEY,
    pattern TEXT COLLATE "C" NOT NULL,
    alternatives BIGINT NOT NULL,
    enabled BIGINT NOT NULL,
    version BIGINT NOT NULL,
    updated BIGINT NOT NULL
);

-- kind is queue (address: its name) or webhook (address: a URL).
CREATE TABLE event_rule_targets (
    rule TEXT COLLATE "C" NOT NULL REFERENCES event_rules (name),
    position BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    address TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (rule, position)
);

-- One row: rises with each change of any rule, and is then the version of that rule, so that no
-- version comes back with other contents, not even after a rule was deleted and made anew.
CREATE TABLE event_rule_set (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    revision BIGINT NOT NULL
);
INSERT INTO event_rule_set (id, revision) VALUES (1, 0);
