-- What does not meet a time that is asked for is passed over in the index, without its row.
DROP INDEX image_sets_updated;
CREATE INDEX image_sets_updated ON image_sets (updated, id, created);
DROP INDEX image_sets_created;
CREATE INDEX image_sets_created ON image_sets (created, id, updated);
-- Conflicts are few.
CREATE INDEX image_sets_not_primary ON image_sets (id) WHERE is_primary = 0;
