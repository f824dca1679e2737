-- Durable queues: docs/formats/queue.md. Times are microseconds since 1970 UTC as the queue's clock has
-- them, spans are microseconds.
CREATE TABLE queues (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    fifo INTEGER NOT NULL,
    visibility_timeout INTEGER NOT NULL,
    receive_count_max INTEGER NOT NULL,
    deduplication_window INTEGER NOT NULL,
    depth_max INTEGER NOT NULL,
    created INTEGER NOT NULL
);

-- One row a queue, written once a call: how many messages are in which state, the last number that a
-- message got, and the time of the last change, before which the clock never goes back.
CREATE TABLE queue_counts (
    queue INTEGER PRIMARY KEY,
    waiting INTEGER NOT NULL,
    delayed INTEGER NOT NULL,
    in_flight INTEGER NOT NULL,
    dead INTEGER NOT NULL,
    last_number INTEGER NOT NULL,
    last_time INTEGER NOT NULL
);

-- What changes about a message. id is the queue's id << 40 and the message's number in its queue: a
-- queue's rows lie together, in the order in which they were sent, and no number comes twice. No foreign
-- keys: they would cost a look-up a message, and rows of queues are never removed before these.
-- state: 0 waiting, 1 delayed, 2 in flight, 3 behind an older message of its group. started: 0 no, 1 in
-- this delivery, 2 in an earlier one that had no outcome. receipt names the delivery, 0 where there is none.
CREATE TABLE queue_messages (
    id INTEGER PRIMARY KEY,
    queue INTEGER NOT NULL,
    state INTEGER NOT NULL,
    schema_version INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    hidden_until INTEGER NOT NULL,
    receipt INTEGER NOT NULL,
    started INTEGER NOT NULL,
    receive_count INTEGER NOT NULL,
    start_count INTEGER NOT NULL,
    sent_at INTEGER NOT NULL,
    message_group TEXT,
    last_error TEXT
);
-- What a receive walks. Only messages that can be received now are in it, so that neither delayed ones
-- nor those in flight nor blocked groups are ever stepped over.
CREATE INDEX queue_messages_waiting ON queue_messages (queue, schema_version, priority DESC, id)
    WHERE state = 0;
-- What comes back by itself, and when. Two, so that what is in flight is found among any number of
-- delayed ones.
CREATE INDEX queue_messages_delayed ON queue_messages (queue, hidden_until) WHERE state = 1;
CREATE INDEX queue_messages_in_flight ON queue_messages (queue, hidden_until) WHERE state = 2;
CREATE INDEX queue_messages_group ON queue_messages (queue, message_group, id)
    WHERE message_group IS NOT NULL;

-- What never changes: beside its message, and then beside its dead letter, under the same id.
CREATE TABLE queue_bodies (
    id INTEGER PRIMARY KEY,
    body BLOB NOT NULL
);

CREATE TABLE queue_deduplication (
    queue INTEGER NOT NULL,
    deduplication_id TEXT NOT NULL,
    message INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    PRIMARY KEY (queue, deduplication_id)
);
CREATE INDEX queue_deduplication_expires ON queue_deduplication (queue, expires);

CREATE TABLE queue_dead_letters (
    id INTEGER PRIMARY KEY,
    reason TEXT NOT NULL,
    dead_at INTEGER NOT NULL,
    schema_version INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    receive_count INTEGER NOT NULL,
    start_count INTEGER NOT NULL,
    sent_at INTEGER NOT NULL,
    message_group TEXT,
    last_error TEXT
);
