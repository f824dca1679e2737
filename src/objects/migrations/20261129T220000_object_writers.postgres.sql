-- Who appends to the segment and who began the upload: empty, or the name of one of several processes,
-- which leave each other's alone.
ALTER TABLE object_segments ADD COLUMN writer TEXT NOT NULL DEFAULT '';
ALTER TABLE object_intents ADD COLUMN writer TEXT NOT NULL DEFAULT '';

-- Each process takes so many ids at a time.
CREATE SEQUENCE object_ids INCREMENT BY 1000;
DO $$ BEGIN
    PERFORM setval('object_ids', 1 + greatest(
        (SELECT coalesce(max(id), 0) FROM objects),
        (SELECT coalesce(max(last_removed_object), 0) FROM object_store)));
END $$;

-- Ids of several processes say nothing about which object of a segment came last.
CREATE INDEX objects_segment ON objects (segment, record_offset) WHERE segment <> 0;
