-- The log of all changes; day is 20260102. Times are microseconds since 1970 UTC.
CREATE TABLE events (
    sequence BIGINT PRIMARY KEY,
    epoch BIGINT NOT NULL,
    day BIGINT NOT NULL,
    event_id TEXT COLLATE "C" NOT NULL,
    time BIGINT NOT NULL,
    detail_type TEXT COLLATE "C" NOT NULL,
    subject_id TEXT COLLATE "C" NOT NULL,
    resource TEXT COLLATE "C" NOT NULL,
    detail TEXT COLLATE "C" NOT NULL
);

-- Where a change puts its event, in its own transaction: without a number, since the numbers of
-- transactions that run at the same time would not be in the order of their commits, and a reader would
-- pass a small one that comes late. One sequencer at a time numbers what is committed and moves it into
-- events. Changes of one subject lock it first, so that their ids are in the order of their commits.
CREATE TABLE events_unnumbered (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    day BIGINT NOT NULL,
    event_id TEXT COLLATE "C" NOT NULL,
    time BIGINT NOT NULL,
    detail_type TEXT COLLATE "C" NOT NULL,
    subject_id TEXT COLLATE "C" NOT NULL,
    resource TEXT COLLATE "C" NOT NULL,
    detail TEXT COLLATE "C" NOT NULL
);

-- Where a day begins: days are dropped as ranges of numbers. A day may come back (the clock was set
-- back): then its first number stays.
CREATE TABLE event_days (
    day BIGINT PRIMARY KEY,
    first_sequence BIGINT NOT NULL
);

-- One row: the epoch, the last number that was given, and the last that was dropped.
CREATE TABLE event_log (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    epoch BIGINT NOT NULL,
    dropped_sequence BIGINT NOT NULL,
    last_sequence BIGINT NOT NULL DEFAULT 0
);
INSERT INTO event_log (id, epoch, dropped_sequence) VALUES (1, 1, 0);
