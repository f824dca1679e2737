-- The log of all changes. A number is given by the one writer, in the transaction of the change
-- itself; day is 20260102. Times are microseconds since 1970 UTC.
CREATE TABLE events (
    sequence INTEGER PRIMARY KEY,
    epoch INTEGER NOT NULL,
    day INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    time INTEGER NOT NULL,
    detail_type TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    resource TEXT NOT NULL,
    detail TEXT NOT NULL
);

-- Where a day begins: days are dropped as ranges of numbers. A day may come back (the clock was set
-- back): then its first number stays.
CREATE TABLE event_days (
    day INTEGER PRIMARY KEY,
    first_sequence INTEGER NOT NULL
);

-- One row: the epoch, and the last number that was dropped, so that it is never given again.
CREATE TABLE event_log (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    epoch INTEGER NOT NULL,
    dropped_sequence INTEGER NOT NULL
);
INSERT INTO event_log (id, epoch, dropped_sequence) VALUES (1, 1, 0);
