-- How many messages were ever sent, redriven ones again: readers tell rates by it. A program of before this does not
-- count what it sends.
ALTER TABLE queue_counts ADD COLUMN sent BIGINT NOT NULL DEFAULT 0;
