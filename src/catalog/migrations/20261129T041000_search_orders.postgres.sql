-- Searches at a million instances. The groups of names (whole names too, where they have several), so that
-- a literal search for a name is a range of a key: attribute as in person_name_words.
CREATE TABLE person_name_groups (
    attribute BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    study BIGINT NOT NULL,
    PRIMARY KEY (attribute, name, study)
);
CREATE INDEX person_name_groups_study ON person_name_groups (study);
CREATE FUNCTION studies_delete_name_groups() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    DELETE FROM person_name_groups WHERE study = old.id;
    RETURN NULL;
END $$;
CREATE TRIGGER studies_delete_name_groups AFTER DELETE ON studies
    FOR EACH ROW EXECUTE FUNCTION studies_delete_name_groups();
-- The catalog makes them as it makes the words.
UPDATE studies SET names_indexed = 0;

-- The studies of a modality in the order of results. Kept by triggers; it may have a modality whose series
-- was deleted since, so that the series decide.
CREATE TABLE study_modalities (
    modality TEXT COLLATE "C" NOT NULL,
    study_date TEXT COLLATE "C" NOT NULL,
    study_time_key TEXT COLLATE "C" NOT NULL,
    study BIGINT NOT NULL,
    PRIMARY KEY (modality, study_date, study_time_key, study)
);
CREATE INDEX study_modalities_study ON study_modalities (study);
INSERT INTO study_modalities (modality, study_date, study_time_key, study)
    SELECT s.modality, t.study_date, t.study_time_key, t.id FROM series s JOIN studies t ON t.id = s.study
    ON CONFLICT DO NOTHING;
CREATE FUNCTION series_insert_modality() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO study_modalities (modality, study_date, study_time_key, study)
        SELECT new.modality, study_date, study_time_key, id FROM studies WHERE id = new.study
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER series_insert_modality AFTER INSERT ON series
    FOR EACH ROW EXECUTE FUNCTION series_insert_modality();
CREATE FUNCTION series_update_modality() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO study_modalities (modality, study_date, study_time_key, study)
        SELECT new.modality, study_date, study_time_key, id FROM studies WHERE id = new.study
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER series_update_modality AFTER UPDATE OF modality, study ON series
    FOR EACH ROW EXECUTE FUNCTION series_update_modality();
CREATE FUNCTION studies_update_moment() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    UPDATE study_modalities SET study_date = new.study_date, study_time_key = new.study_time_key
        WHERE study = new.id;
    RETURN NULL;
END $$;
CREATE TRIGGER studies_update_moment AFTER UPDATE OF study_date, study_time_key ON studies
    FOR EACH ROW EXECUTE FUNCTION studies_update_moment();
CREATE FUNCTION studies_delete_modalities() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    DELETE FROM study_modalities WHERE study = old.id;
    RETURN NULL;
END $$;
CREATE TRIGGER studies_delete_modalities AFTER DELETE ON studies
    FOR EACH ROW EXECUTE FUNCTION studies_delete_modalities();

-- Series are few beside instances: an index on them costs an import next to nothing.
CREATE INDEX series_modality ON series (modality);
CREATE INDEX series_pps_start_date ON series (pps_start_date);
