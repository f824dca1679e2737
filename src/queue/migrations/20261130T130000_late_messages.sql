-- Messages that are older than their id says: sent anew from a dead letter, or in the place of something
-- older. So the oldest of a queue is the first of all others, or one of these. Rows of messages that are
-- gone are removed with the next ones that come.
CREATE TABLE queue_late (
    id INTEGER PRIMARY KEY
);
