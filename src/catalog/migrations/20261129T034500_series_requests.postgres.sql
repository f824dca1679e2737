-- The items of RequestAttributesSequence of a series, in their order. Keys of one search match together in
-- one item (PS3.4 section C.2.2.2.6). The columns of series keep the first for an older version beside us.
CREATE TABLE series_requests (
    series BIGINT NOT NULL,
    position BIGINT NOT NULL,
    scheduled_procedure_step_id TEXT COLLATE "C" NOT NULL,
    requested_procedure_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (series, position)
);
CREATE INDEX series_requests_scheduled_procedure_step_id ON series_requests (scheduled_procedure_step_id);
CREATE INDEX series_requests_requested_procedure_id ON series_requests (requested_procedure_id);
INSERT INTO series_requests (series, position, scheduled_procedure_step_id, requested_procedure_id)
    SELECT id, 0, scheduled_procedure_step_id, requested_procedure_id FROM series
    WHERE scheduled_procedure_step_id <> '' OR requested_procedure_id <> '';
CREATE FUNCTION series_delete_requests() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    DELETE FROM series_requests WHERE series = old.id;
    RETURN NULL;
END $$;
CREATE TRIGGER series_delete_requests AFTER DELETE ON series
    FOR EACH ROW EXECUTE FUNCTION series_delete_requests();
