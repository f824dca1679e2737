-- How many messages were ever sent, redriven ones again: readers tell rates by it. The numbers count it already.
ALTER TABLE queue_counts ADD COLUMN sent INTEGER GENERATED ALWAYS AS (last_number) VIRTUAL;
