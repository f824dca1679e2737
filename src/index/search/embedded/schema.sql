-- Columns with capital letters are attributes, under their keywords.

-- One row an image set: what it says of itself, its study and its patient. It stays when the
-- image set is deleted, so that an older document does not bring it back.
CREATE TABLE image_sets (
    id INTEGER PRIMARY KEY,
    datastore_id TEXT NOT NULL,
    image_set_id TEXT NOT NULL,
    epoch INTEGER NOT NULL,     -- where the event log stood when it was read
    sequence INTEGER NOT NULL,
    version INTEGER NOT NULL,
    is_deleted INTEGER NOT NULL,
    is_shown INTEGER NOT NULL,  -- primary and not deleted
    instances INTEGER NOT NULL,
    study INTEGER,              -- of studies, where it is shown
    "PatientID" TEXT,
    "IssuerOfPatientID" TEXT,
    "PatientName" TEXT,
    "PatientBirthDate" TEXT,
    "PatientSex" TEXT,
    "StudyInstanceUID" TEXT,
    "StudyDate" TEXT,
    "StudyTime" TEXT,
    "AccessionNumber" TEXT,
    "ReferringPhysicianName" TEXT,
    "StudyID" TEXT,
    "StudyDescription" TEXT,
    "SeriesInstanceUID" TEXT,
    "Modality" TEXT,
    "SeriesNumber" INTEGER,
    "SeriesDescription" TEXT,
    "SeriesDate" TEXT,
    "BodyPartExamined" TEXT,
    "Laterality" TEXT,
    "ProtocolName" TEXT,
    "Manufacturer" TEXT,
    "ManufacturerModelName" TEXT,
    "StationName" TEXT,
    "InstitutionName" TEXT,
    UNIQUE (datastore_id, image_set_id)
) STRICT;
CREATE INDEX image_sets_newest ON image_sets
    ("StudyDate" DESC, "StudyTime" DESC, "StudyInstanceUID", "SeriesInstanceUID")
    WHERE is_shown = 1;
CREATE INDEX image_sets_study ON image_sets (study) WHERE is_shown = 1;
CREATE INDEX image_sets_series ON image_sets ("SeriesInstanceUID") WHERE is_shown = 1;
CREATE INDEX image_sets_patient ON image_sets ("PatientID") WHERE is_shown = 1;
CREATE INDEX image_sets_accession ON image_sets ("AccessionNumber") WHERE is_shown = 1;
CREATE INDEX image_sets_modality ON image_sets ("Modality", study) WHERE is_shown = 1;

-- What the shown image sets of a study make together: made anew with each of them, from them.
CREATE TABLE studies (
    id INTEGER PRIMARY KEY,
    modalities TEXT NOT NULL,   -- sorted, with \ between them
    series INTEGER NOT NULL,
    instances INTEGER NOT NULL,
    "PatientID" TEXT,
    "IssuerOfPatientID" TEXT,
    "PatientName" TEXT,
    "PatientBirthDate" TEXT,
    "PatientSex" TEXT,
    "StudyInstanceUID" TEXT NOT NULL UNIQUE,
    "StudyDate" TEXT,
    "StudyTime" TEXT,
    "AccessionNumber" TEXT,
    "ReferringPhysicianName" TEXT,
    "StudyID" TEXT,
    "StudyDescription" TEXT
) STRICT;
CREATE INDEX studies_newest ON studies ("StudyDate" DESC, "StudyTime" DESC, "StudyInstanceUID");
CREATE INDEX studies_patient ON studies ("PatientID");
CREATE INDEX studies_accession ON studies ("AccessionNumber");
CREATE INDEX studies_sex ON studies ("PatientSex");

CREATE TABLE instances (
    image_set INTEGER NOT NULL,
    position INTEGER NOT NULL,
    "SOPInstanceUID" TEXT NOT NULL,
    "SOPClassUID" TEXT,
    "InstanceNumber" INTEGER,
    "NumberOfFrames" INTEGER,
    "Rows" INTEGER,
    "Columns" INTEGER,
    PRIMARY KEY (image_set, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX instances_uid ON instances ("SOPInstanceUID");

-- The words of shown image sets, by their id, cut and folded before they come here: nothing but
-- a blank is between two.
CREATE VIRTUAL TABLE words USING fts5(
    patient_name, physician_name, other,
    tokenize = "unicode61 remove_diacritics 0 categories 'L* N* Co M* S* P*'",
    detail = column, prefix = '1 2'
);

CREATE TABLE state (is_filled INTEGER NOT NULL) STRICT;
INSERT INTO state (is_filled) VALUES (0);
