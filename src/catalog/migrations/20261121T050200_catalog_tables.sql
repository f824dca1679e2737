-- Text is UTF-8; an absent attribute is an empty text or NULL for numbers. Times are microseconds
-- since 1970 UTC. *_folded and *_key are copies in the form in which they are matched.

CREATE TABLE datastores (
    id INTEGER PRIMARY KEY,
    datastore_id TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL
);

-- A patient is Patient ID and issuer. Without a Patient ID each study has a patient of its own,
-- told apart by study_instance_uid, which is empty otherwise.
CREATE TABLE patients (
    id INTEGER PRIMARY KEY,
    patient_id TEXT NOT NULL,
    issuer_of_patient_id TEXT NOT NULL,
    study_instance_uid TEXT NOT NULL,
    created INTEGER NOT NULL,
    UNIQUE (patient_id, issuer_of_patient_id, study_instance_uid)
);

-- The patient's attributes as the study has them: what one search needs is in one row.
-- The counts are of primary image sets.
CREATE TABLE studies (
    id INTEGER PRIMARY KEY,
    patient INTEGER NOT NULL REFERENCES patients (id),
    study_instance_uid TEXT NOT NULL UNIQUE,
    study_date TEXT NOT NULL,
    study_time TEXT NOT NULL,
    study_time_key TEXT NOT NULL,
    accession_number TEXT NOT NULL,
    referring_physician_name TEXT NOT NULL,
    referring_physician_name_folded TEXT NOT NULL,
    study_id TEXT NOT NULL,
    study_description TEXT NOT NULL,
    timezone_offset_from_utc TEXT NOT NULL,
    patient_id TEXT NOT NULL,
    issuer_of_patient_id TEXT NOT NULL,
    patient_name TEXT NOT NULL,
    patient_name_folded TEXT NOT NULL,
    patient_birth_date TEXT NOT NULL,
    patient_sex TEXT NOT NULL,
    number_of_series INTEGER NOT NULL DEFAULT 0,
    number_of_instances INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL
);
CREATE INDEX studies_latest ON studies (study_date DESC, study_time_key DESC, id DESC);
CREATE INDEX studies_patient ON studies (patient_id);
CREATE INDEX studies_patient_name ON studies (patient_name_folded);
CREATE INDEX studies_accession_number ON studies (accession_number);

CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    study INTEGER NOT NULL REFERENCES studies (id),
    series_instance_uid TEXT NOT NULL,
    modality TEXT NOT NULL,
    series_number INTEGER,
    series_description TEXT NOT NULL,
    series_date TEXT NOT NULL,
    body_part_examined TEXT NOT NULL,
    laterality TEXT NOT NULL,
    pps_start_date TEXT NOT NULL,
    pps_start_time TEXT NOT NULL,
    pps_start_time_key TEXT NOT NULL,
    scheduled_procedure_step_id TEXT NOT NULL,
    requested_procedure_id TEXT NOT NULL,
    image_set INTEGER,               -- the primary one, once there is one; it has the count
    created INTEGER NOT NULL,
    UNIQUE (study, series_instance_uid)
);
CREATE INDEX series_uid ON series (series_instance_uid);

-- state: 0 ACTIVE, 1 LOCKED, 2 DELETED. The prepared objects say from which version they were made.
CREATE TABLE image_sets (
    id INTEGER PRIMARY KEY,
    image_set_id TEXT NOT NULL UNIQUE,
    study INTEGER NOT NULL REFERENCES studies (id),
    series INTEGER NOT NULL REFERENCES series (id),
    is_primary INTEGER NOT NULL,
    state INTEGER NOT NULL DEFAULT 0,
    workflow_status TEXT NOT NULL,
    latest_version INTEGER NOT NULL DEFAULT 0,
    number_of_instances INTEGER NOT NULL DEFAULT 0,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    metadata_object INTEGER,
    metadata_version INTEGER NOT NULL DEFAULT 0,
    thumbnail_object INTEGER,
    thumbnail_version INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX image_sets_series ON image_sets (series);

CREATE TABLE image_set_versions (
    image_set INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created INTEGER NOT NULL,
    cause TEXT NOT NULL,
    number_of_instances INTEGER NOT NULL,
    PRIMARY KEY (image_set, version)
) WITHOUT ROWID;

-- Written once per instance, thousands of times a second: no reference is checked here (only the
-- catalog writes it), and every index has its reason below.
-- preprocess: 0 pending, 1 done, 2 failed.
CREATE TABLE instances (
    id INTEGER PRIMARY KEY,
    image_set INTEGER NOT NULL,
    series INTEGER NOT NULL,
    first_version INTEGER NOT NULL,
    preprocess INTEGER NOT NULL DEFAULT 0,
    sop_instance_uid TEXT NOT NULL,
    sop_class_uid TEXT NOT NULL,
    instance_number INTEGER,
    number_of_frames INTEGER,
    rows INTEGER,
    columns INTEGER,
    bits_allocated INTEGER,
    object INTEGER NOT NULL,
    transfer_syntax_uid TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    content_hash BLOB,
    created INTEGER NOT NULL,
    preprocess_reason TEXT
);
-- Finds duplicates and conflicts. By text: the UIDs of a series begin alike, so that neighbours go
-- to the same page (a hash would touch a page of its own each time).
CREATE INDEX instances_sop_instance_uid ON instances (sop_instance_uid);
-- The instances of a series in the order in which they came.
CREATE INDEX instances_image_set ON instances (image_set);
-- What preprocess has still to do: as long as that list, not as the table.
CREATE INDEX instances_pending ON instances (id) WHERE preprocess = 0;
CREATE INDEX instances_failed ON instances (id) WHERE preprocess = 2;

CREATE TABLE prepared_instances (
    instance INTEGER PRIMARY KEY,
    metadata_object INTEGER,
    frame_index_object INTEGER,
    thumbnail_object INTEGER,
    pixel_min REAL,
    pixel_max REAL,
    window_center REAL,
    window_width REAL
);

CREATE TABLE instance_alternates (
    id INTEGER PRIMARY KEY,
    instance INTEGER NOT NULL,
    object INTEGER NOT NULL,
    transfer_syntax_uid TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    content_hash BLOB,
    created INTEGER NOT NULL
);
CREATE INDEX instance_alternates_instance ON instance_alternates (instance);
