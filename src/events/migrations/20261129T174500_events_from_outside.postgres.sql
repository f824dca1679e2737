-- Events that others send: who says so. Empty is this library itself.
ALTER TABLE events ADD COLUMN source TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE events_unnumbered ADD COLUMN source TEXT COLLATE "C" NOT NULL DEFAULT '';

-- What came in already, by CloudEvents' own key: the same again is no second event. A row goes
-- when the day of its event is dropped.
CREATE TABLE event_inbox (
    source TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    sequence BIGINT NOT NULL,
    PRIMARY KEY (source, id)
);
CREATE INDEX event_inbox_sequence ON event_inbox (sequence);
