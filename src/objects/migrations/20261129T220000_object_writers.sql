-- Who appends to the segment and who began the upload: empty, or on PostgreSQL the name of one of several
-- processes, which leave each other's alone.
ALTER TABLE object_segments ADD COLUMN writer TEXT NOT NULL DEFAULT '';
ALTER TABLE object_intents ADD COLUMN writer TEXT NOT NULL DEFAULT '';
