-- One index for each attribute that image sets are sorted by. Those with the same value stand together in the order of UIDs, so that one
-- index serves both directions and what has no value comes last in both: see spans.h. (The few of one StudyDate are sorted.)
CREATE INDEX image_sets_by_study ON image_sets ("StudyInstanceUID", "SeriesInstanceUID") WHERE is_shown = 1;
DROP INDEX image_sets_patient;
CREATE INDEX image_sets_by_patient_id ON image_sets
    ("PatientID", "StudyInstanceUID", "SeriesInstanceUID") WHERE is_shown = 1;
CREATE INDEX image_sets_by_issuer ON image_sets
    ("IssuerOfPatientID", "StudyInstanceUID", "SeriesInstanceUID") WHERE is_shown = 1;
CREATE INDEX image_sets_by_patient_name ON image_sets
    ("PatientName", "StudyInstanceUID", "SeriesInstanceUID") WHERE is_shown = 1;
CREATE INDEX image_sets_by_birth_date ON image_sets
    ("PatientBirthDate", "StudyInstanceUID", "SeriesInstanceUID") WHERE is_shown = 1;
CREATE INDEX image_sets_by_sex ON image_sets
    ("PatientSex", "StudyInstanceUID", "SeriesInstanceUID") WHERE is_shown = 1;
CREATE INDEX image_sets_by_study_time ON image_sets
    ("StudyTime", "StudyInstanceUID", "SeriesInstanceUID") WHERE is_shown = 1;
DROP INDEX image_sets_accession;
CREATE INDEX image_sets_by_accession ON image_sets
    ("AccessionNumber", "StudyInstanceUID", "SeriesInstanceUID") WHERE is_shown = 1;
CREATE INDEX image_sets_by_physician ON image_sets
    ("ReferringPhysicianName", "StudyInstanceUID", "SeriesInstanceUID") WHERE is_shown = 1;
CREATE INDEX image_sets_by_study_id ON image_sets
    ("StudyID", "StudyInstanceUID", "SeriesInstanceUID") WHERE is_shown = 1;
CREATE INDEX image_sets_by_study_description ON image_sets
    ("StudyDescription", "StudyInstanceUID", "SeriesInstanceUID") WHERE is_shown = 1;
-- (With what counting asks of many image sets of a modality.)
DROP INDEX image_sets_modality;
CREATE INDEX image_sets_by_modality ON image_sets
    ("Modality", "StudyInstanceUID", "SeriesInstanceUID", study, is_shown, instances) WHERE is_shown = 1;
CREATE INDEX image_sets_by_series_number ON image_sets
    ("SeriesNumber", "StudyInstanceUID", "SeriesInstanceUID") WHERE is_shown = 1;
CREATE INDEX image_sets_by_series_description ON image_sets
    ("SeriesDescription", "StudyInstanceUID", "SeriesInstanceUID") WHERE is_shown = 1;
CREATE INDEX image_sets_by_series_date ON image_sets
    ("SeriesDate", "StudyInstanceUID", "SeriesInstanceUID") WHERE is_shown = 1;
CREATE INDEX image_sets_by_body_part ON image_sets
    ("BodyPartExamined", "StudyInstanceUID", "SeriesInstanceUID") WHERE is_shown = 1;
CREATE INDEX image_sets_by_laterality ON image_sets
    ("Laterality", "StudyInstanceUID", "SeriesInstanceUID") WHERE is_shown = 1;
CREATE INDEX image_sets_by_protocol ON image_sets
    ("ProtocolName", "StudyInstanceUID", "SeriesInstanceUID") WHERE is_shown = 1;
CREATE INDEX image_sets_by_manufacturer ON image_sets
    ("Manufacturer", "StudyInstanceUID", "SeriesInstanceUID") WHERE is_shown = 1;
CREATE INDEX image_sets_by_model ON image_sets
    ("ManufacturerModelName", "StudyInstanceUID", "SeriesInstanceUID") WHERE is_shown = 1;
CREATE INDEX image_sets_by_station ON image_sets
    ("StationName", "StudyInstanceUID", "SeriesInstanceUID") WHERE is_shown = 1;
CREATE INDEX image_sets_by_institution ON image_sets
    ("InstitutionName", "StudyInstanceUID", "SeriesInstanceUID") WHERE is_shown = 1;

-- The same of kinds of instances, with what is asked along with it.
CREATE INDEX instance_kinds_by_class ON instance_kinds ("SOPClassUID", instances);
CREATE INDEX instance_kinds_by_frames ON instance_kinds ("NumberOfFrames", instances);
CREATE INDEX instance_kinds_by_rows ON instance_kinds ("Rows", instances);
CREATE INDEX instance_kinds_by_columns ON instance_kinds ("Columns", instances);
CREATE INDEX instance_kinds_by_first ON instance_kinds (first_number, last_number);
CREATE INDEX instance_kinds_by_last ON instance_kinds (last_number, first_number);
