-- SearchImageSets: its orders, and Study ID among what it matches.
CREATE INDEX image_sets_updated ON image_sets (updated, id);
CREATE INDEX image_sets_created ON image_sets (created, id);
CREATE INDEX studies_study_id ON studies (study_id);

-- Words that users put to image sets, and to the datastore (image_set 0).
CREATE TABLE image_set_tags (
    image_set INTEGER NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (image_set, key)
) WITHOUT ROWID;
CREATE TRIGGER image_sets_delete_tags AFTER DELETE ON image_sets BEGIN
    DELETE FROM image_set_tags WHERE image_set = old.id;
END;
