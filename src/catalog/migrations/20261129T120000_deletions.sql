-- What was deleted and can be recovered until `expires`. The image sets of a deletion are in state DELETED:
-- whole ones, or one made for those instances that were taken out of another. Series and studies without an
-- ACTIVE image set have '/' and their row behind their UID, so that the UID is free to be stored anew.
CREATE TABLE deletions (
    id INTEGER PRIMARY KEY,
    deletion_id TEXT NOT NULL UNIQUE,
    study_instance_uid TEXT NOT NULL,
    series_instance_uid TEXT NOT NULL,   -- empty: the whole study
    sop_instance_uid TEXT NOT NULL,      -- empty: the whole series
    patient_id TEXT NOT NULL,
    deleted_by TEXT NOT NULL,
    number_of_instances INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    purging INTEGER NOT NULL DEFAULT 0   -- 1: it is being removed for good
);
CREATE INDEX deletions_expires ON deletions (expires);

CREATE TABLE deletion_image_sets (
    image_set INTEGER PRIMARY KEY,
    deletion INTEGER NOT NULL,
    series_instance_uid TEXT NOT NULL,
    was_primary INTEGER NOT NULL,
    is_whole INTEGER NOT NULL            -- 0: made for instances that were taken out of another
);
CREATE INDEX deletion_image_sets_deletion ON deletion_image_sets (deletion);

-- The highest numbers of rows that were removed: SQLite would give them again.
CREATE TABLE catalog_rows_removed (
    table_name TEXT PRIMARY KEY,
    last_removed INTEGER NOT NULL
) WITHOUT ROWID;

-- What a removed row must not be named by any more is looked up by these.
CREATE INDEX studies_patient_row ON studies (patient);
CREATE INDEX image_sets_study ON image_sets (study);
