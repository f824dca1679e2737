-- Copied instances are rows of their own that share their objects. Here are the objects that more than one
-- row points at, and no others, so that storing costs nothing: none is removed as long as it has an owner.
CREATE TABLE shared_objects (
    object INTEGER PRIMARY KEY,
    more_owners INTEGER NOT NULL      -- rows that point at it beyond the first
);

-- What an instance in conflict says of patient, study and series, as DICOM JSON: the columns of those are by
-- what is primary.
CREATE TABLE conflict_columns (
    instance INTEGER PRIMARY KEY,
    document TEXT NOT NULL
);

-- 0: a copy, or one that was primary before. What arrives in conflict goes elsewhere.
ALTER TABLE image_sets ADD COLUMN takes_conflicts INTEGER NOT NULL DEFAULT 1;
