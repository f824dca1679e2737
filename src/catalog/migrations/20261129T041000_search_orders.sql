-- Searches at a million instances. The groups of names (whole names too, where they have several), so that
-- a literal search for a name is a range of a key: attribute as in person_name_words.
CREATE TABLE person_name_groups (
    attribute INTEGER NOT NULL,
    name TEXT NOT NULL,
    study INTEGER NOT NULL,
    PRIMARY KEY (attribute, name, study)
) WITHOUT ROWID;
CREATE INDEX person_name_groups_study ON person_name_groups (study);
CREATE TRIGGER studies_delete_name_groups AFTER DELETE ON studies BEGIN
    DELETE FROM person_name_groups WHERE study = old.id;
END;
-- The catalog makes them as it makes the words.
UPDATE studies SET names_indexed = 0;

-- The studies of a modality in the order of results. Kept by triggers; it may have a modality whose series
-- was deleted since, so that the series decide.
CREATE TABLE study_modalities (
    modality TEXT NOT NULL,
    study_date TEXT NOT NULL,
    study_time_key TEXT NOT NULL,
    study INTEGER NOT NULL,
    PRIMARY KEY (modality, study_date DESC, study_time_key DESC, study DESC)
) WITHOUT ROWID;
CREATE INDEX study_modalities_study ON study_modalities (study);
INSERT OR IGNORE INTO study_modalities (modality, study_date, study_time_key, study)
    SELECT s.modality, t.study_date, t.study_time_key, t.id FROM series s JOIN studies t ON t.id = s.study;
CREATE TRIGGER series_insert_modality AFTER INSERT ON series BEGIN
    INSERT OR IGNORE INTO study_modalities (modality, study_date, study_time_key, study)
        SELECT new.modality, study_date, study_time_key, id FROM studies WHERE id = new.study;
END;
CREATE TRIGGER series_update_modality AFTER UPDATE OF modality, study ON series BEGIN
    INSERT OR IGNORE INTO study_modalities (modality, study_date, study_time_key, study)
        SELECT new.modality, study_date, study_time_key, id FROM studies WHERE id = new.study;
END;
CREATE TRIGGER studies_update_moment AFTER UPDATE OF study_date, study_time_key ON studies BEGIN
    UPDATE study_modalities SET study_date = new.study_date, study_time_key = new.study_time_key
        WHERE study = new.id;
END;
CREATE TRIGGER studies_delete_modalities AFTER DELETE ON studies BEGIN
    DELETE FROM study_modalities WHERE study = old.id;
END;

-- Series are few beside instances: an index on them costs an import next to nothing.
CREATE INDEX series_modality ON series (modality);
CREATE INDEX series_pps_start_date ON series (pps_start_date);
