-- The words of the names of a study, for fuzzy matching (PS3.18 section 8.3.4.2): of every group, folded
-- as name_words() does it. attribute: 0 PatientName, 1 ReferringPhysicianName.
CREATE TABLE person_name_words (
    attribute BIGINT NOT NULL,
    word TEXT COLLATE "C" NOT NULL,
    study BIGINT NOT NULL,
    PRIMARY KEY (attribute, word, study)
);
CREATE INDEX person_name_words_study ON person_name_words (study);
CREATE FUNCTION studies_delete_name_words() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    DELETE FROM person_name_words WHERE study = old.id;
    RETURN NULL;
END $$;
CREATE TRIGGER studies_delete_name_words AFTER DELETE ON studies
    FOR EACH ROW EXECUTE FUNCTION studies_delete_name_words();

-- Folding is not SQL: the catalog adds the words of the studies that have none yet when it is opened,
-- those too that an older version of the program writes beside us.
ALTER TABLE studies ADD COLUMN names_indexed BIGINT NOT NULL DEFAULT 0;
CREATE INDEX studies_names_not_indexed ON studies (id) WHERE names_indexed = 0;
