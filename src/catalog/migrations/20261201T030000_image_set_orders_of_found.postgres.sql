-- Only those that searches find: what is passed over is not read, whatever its state.
DROP INDEX image_sets_updated;
CREATE INDEX image_sets_updated ON image_sets (updated, id, created)
    WHERE state < 2 AND latest_version > 0;
DROP INDEX image_sets_created;
CREATE INDEX image_sets_created ON image_sets (created, id, updated)
    WHERE state < 2 AND latest_version > 0;
