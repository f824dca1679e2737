-- The message that a job waits or runs by. Ids of jobs that were removed are never given again here.
ALTER TABLE jobs ADD COLUMN message BIGINT;

-- What a job has to say of its items, for who asked for it: lines, some a row, number 1 and up.
CREATE TABLE job_reports (
    job BIGINT NOT NULL,
    number BIGINT NOT NULL,
    lines TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (job, number)
);
