-- Rules that send events to targets. Times are microseconds since 1970 UTC.
CREATE TABLE event_rules (
    name TEXT PRIMARY KEY,
    pattern TEXT NOT NULL,
    alternatives INTEGER NOT NULL,
    enabled INTEGER NOT NULL,
    version INTEGER NOT NULL,
    updated INTEGER NOT NULL
);

-- kind is queue (address: its name) or webhook (address: a URL).
CREATE TABLE event_rule_targets (
    rule TEXT NOT NULL REFERENCES event_rules (name),
    position INTEGER NOT NULL,
    kind TEXT NOT NULL,
    address TEXT NOT NULL,
    PRIMARY KEY (rule, position)
);

-- One row: rises with each change of any rule, and is then the version of that rule, so that no
-- version comes back with other contents, not even after a rule was deleted and made anew.
CREATE TABLE event_rule_set (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL
);
INSERT INTO event_rule_set (id, revision) VALUES (1, 0);
