-- The log in tables that are dropped whole, never deleted by row: each begins with a number, and a new one
-- with each day (20260102); a day may come back, since clocks are set. The code makes them, and a view
-- of all of them that is called events.
CREATE TABLE event_tables (
    first_sequence INTEGER PRIMARY KEY,
    day INTEGER NOT NULL,
    name TEXT NOT NULL
);
ALTER TABLE events RENAME TO events_before;
INSERT INTO event_tables (first_sequence, day, name)
    SELECT min(sequence), max(day), 'events_before' FROM events_before HAVING count(*) > 0;
CREATE VIEW events AS SELECT sequence, epoch, day, event_id, time, detail_type, subject_id, resource, detail,
    source FROM events_before;
DROP TABLE event_days;
