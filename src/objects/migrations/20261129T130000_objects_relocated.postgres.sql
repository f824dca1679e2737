-- Where the last record ends that compaction wrote into the segment: its objects are old ones, so
-- the rows that were added last do not show it.
ALTER TABLE object_segments ADD COLUMN relocated_end BIGINT;
