-- The instances of an image set that are alike, which in most image sets are all of them: what is asked of
-- instances is asked of these first.
CREATE TABLE instance_kinds (
    image_set INTEGER NOT NULL,
    position INTEGER NOT NULL,
    instances INTEGER NOT NULL,
    "SOPClassUID" TEXT,
    "NumberOfFrames" INTEGER,
    "Rows" INTEGER,
    "Columns" INTEGER,
    first_number INTEGER,  -- the least InstanceNumber of them
    last_number INTEGER,
    PRIMARY KEY (image_set, position)
) STRICT, WITHOUT ROWID;
INSERT INTO instance_kinds
    SELECT image_set, row_number() OVER (PARTITION BY image_set), count(*), "SOPClassUID", "NumberOfFrames", "Rows",
        "Columns", min("InstanceNumber"), max("InstanceNumber")
    FROM instances GROUP BY image_set, "SOPClassUID", "NumberOfFrames", "Rows", "Columns";
CREATE TRIGGER instances_delete_kinds AFTER DELETE ON instances BEGIN
    DELETE FROM instance_kinds WHERE image_set = old.image_set;
END;
CREATE INDEX instances_number ON instances (image_set, "InstanceNumber");

-- All that has facets, in the order of studies: counting values reads this alone. (is_shown stands in it too,
-- or SQLite looks it up in the row.)
CREATE INDEX image_sets_facets ON image_sets
    (study, is_shown, instances, "IssuerOfPatientID", "PatientSex", "StudyDescription", "Modality", "SeriesDescription",
     "BodyPartExamined", "Laterality", "ProtocolName", "Manufacturer", "ManufacturerModelName", "StationName",
     "InstitutionName")
    WHERE is_shown = 1;
DROP INDEX image_sets_study;
