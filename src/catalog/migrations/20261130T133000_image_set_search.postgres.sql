-- SearchImageSets: its orders, and Study ID among what it matches.
CREATE INDEX image_sets_updated ON image_sets (updated, id);
CREATE INDEX image_sets_created ON image_sets (created, id);
CREATE INDEX studies_study_id ON studies (study_id);

-- Words that users put to image sets, and to the datastore (image_set 0).
CREATE TABLE image_set_tags (
    image_set BIGINT NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (image_set, key)
);
CREATE FUNCTION image_sets_delete_tags() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    DELETE FROM image_set_tags WHERE image_set = old.id;
    RETURN NULL;
END $$;
CREATE TRIGGER image_sets_delete_tags AFTER DELETE ON image_sets
    FOR EACH ROW EXECUTE FUNCTION image_sets_delete_tags();
