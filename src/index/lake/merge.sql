-- Staged documents become rows. Whatever is not in the files yet has the file ''; a file that has a row which is not its any
-- more is in `touched` and is written again.

-- Of each image set the newest document, where it is newer than what was applied. After a restore from a backup, versions begin
-- again where the backup was: the epoch goes before the version.
CREATE OR REPLACE TEMP TABLE winner AS
    SELECT n.* FROM (
        SELECT * FROM staged_set QUALIFY row_number() OVER (
            PARTITION BY image_set_id ORDER BY larmor_epoch DESC, version DESC, is_again DESC, larmor_sequence DESC) = 1) n
    LEFT JOIN image_set s USING (image_set_id)
    WHERE s.image_set_id IS NULL OR n.larmor_epoch > s.larmor_epoch
        OR (n.larmor_epoch = s.larmor_epoch AND n.version > s.version)
        -- A rebuild writes all; and it is needed where other columns or levels were kept when it was written.
        OR (n.larmor_epoch = s.larmor_epoch AND n.version = s.version
            AND (n.is_again OR n.larmor_columns IS DISTINCT FROM s.larmor_columns));

-- Whose counts may be others afterwards.
CREATE OR REPLACE TEMP TABLE affected_series AS
    SELECT SeriesInstanceUID FROM image_set SEMI JOIN winner USING (image_set_id) WHERE SeriesInstanceUID IS NOT NULL
    UNION SELECT SeriesInstanceUID FROM staged_set WHERE SeriesInstanceUID <> '';
CREATE OR REPLACE TEMP TABLE affected_study AS
    SELECT StudyInstanceUID FROM series SEMI JOIN affected_series USING (SeriesInstanceUID)
    UNION SELECT StudyInstanceUID FROM staged_set WHERE StudyInstanceUID <> '';
CREATE OR REPLACE TEMP TABLE affected_patient AS
    SELECT patient_key FROM study SEMI JOIN affected_study USING (StudyInstanceUID)
    UNION SELECT patient_key FROM staged_set WHERE StudyInstanceUID <> '';

-- What image sets share: the newest document says it, also one whose own image set is older than what was applied.
DELETE FROM new_patient n USING patient p WHERE p.patient_key = n.patient_key
    AND (p.larmor_epoch > n.larmor_epoch OR (p.larmor_epoch = n.larmor_epoch AND p.larmor_sequence > n.larmor_sequence));
DELETE FROM new_study n USING study p WHERE p.StudyInstanceUID = n.StudyInstanceUID
    AND (p.larmor_epoch > n.larmor_epoch OR (p.larmor_epoch = n.larmor_epoch AND p.larmor_sequence > n.larmor_sequence));
DELETE FROM new_series n USING series p WHERE p.SeriesInstanceUID = n.SeriesInstanceUID
    AND (p.larmor_epoch > n.larmor_epoch OR (p.larmor_epoch = n.larmor_epoch AND p.larmor_sequence > n.larmor_sequence));

CREATE OR REPLACE TEMP TABLE touched AS
    SELECT 'patient' AS level, study_month, file FROM patient SEMI JOIN new_patient USING (patient_key)
    UNION SELECT 'study', study_month, file FROM study SEMI JOIN new_study USING (StudyInstanceUID)
    UNION SELECT 'series', study_month, file FROM series SEMI JOIN new_series USING (SeriesInstanceUID)
    UNION SELECT 'image_set', study_month, file FROM image_set SEMI JOIN winner USING (image_set_id);

DELETE FROM patient WHERE patient_key IN (SELECT patient_key FROM new_patient);
INSERT INTO patient BY NAME SELECT *, '' AS file FROM new_patient;
DELETE FROM study WHERE StudyInstanceUID IN (SELECT StudyInstanceUID FROM new_study);
INSERT INTO study BY NAME SELECT *, '' AS file,
    CASE WHEN year(StudyDate) BETWEEN 1970 AND 2099 THEN strftime(StudyDate, '%Y-%m') ELSE 'other' END AS study_month
    FROM new_study;
DELETE FROM series WHERE SeriesInstanceUID IN (SELECT SeriesInstanceUID FROM new_series);
INSERT INTO series BY NAME SELECT *, '' AS file FROM new_series;

-- Image sets. `removed` are those whose instances are not any more where they were.
CREATE OR REPLACE TEMP TABLE removed AS
    SELECT image_set_id, study_month AS old_month, instance_file FROM image_set SEMI JOIN winner USING (image_set_id)
    WHERE instances > 0;
CREATE OR REPLACE TEMP TABLE new_set AS
    SELECT w.datastore_id, w.image_set_id, w.version, w.is_primary, w.is_deleted,
        CASE WHEN NOT w.is_deleted THEN w.SeriesInstanceUID END AS SeriesInstanceUID,
        CASE WHEN w.is_primary AND NOT w.is_deleted THEN w.instances ELSE 0 END AS instances,
        w.larmor_columns, w.larmor_epoch, w.larmor_sequence, coalesce(s.study_month, 'other') AS study_month, '' AS file
    FROM winner w LEFT JOIN image_set s USING (image_set_id);
DELETE FROM image_set WHERE image_set_id IN (SELECT image_set_id FROM new_set);
INSERT INTO image_set BY NAME SELECT * FROM new_set;

-- What no image set is left of goes.
CREATE OR REPLACE TEMP TABLE gone AS
    SELECT SeriesInstanceUID AS uid, study_month, file FROM series SEMI JOIN affected_series USING (SeriesInstanceUID)
    ANTI JOIN image_set USING (SeriesInstanceUID);
INSERT INTO touched SELECT 'series', study_month, file FROM gone;
DELETE FROM series WHERE SeriesInstanceUID IN (SELECT uid FROM gone);
CREATE OR REPLACE TEMP TABLE gone AS
    SELECT StudyInstanceUID AS uid, study_month, file FROM study SEMI JOIN affected_study USING (StudyInstanceUID)
    ANTI JOIN series USING (StudyInstanceUID);
INSERT INTO touched SELECT 'study', study_month, file FROM gone;
DELETE FROM study WHERE StudyInstanceUID IN (SELECT uid FROM gone);
INSERT INTO affected_patient SELECT patient_key FROM study SEMI JOIN affected_study USING (StudyInstanceUID);
CREATE OR REPLACE TEMP TABLE gone AS
    SELECT patient_key AS uid, study_month, file FROM patient SEMI JOIN affected_patient USING (patient_key)
    ANTI JOIN study USING (patient_key);
INSERT INTO touched SELECT 'patient', study_month, file FROM gone;
DELETE FROM patient WHERE patient_key IN (SELECT uid FROM gone);

-- Counts and months, from what is left.
CREATE OR REPLACE TEMP TABLE counted AS
    SELECT x.SeriesInstanceUID, any_value(t.study_month) AS study_month, coalesce(sum(s.instances), 0)::INTEGER AS instances
    FROM series x JOIN study t USING (StudyInstanceUID) SEMI JOIN affected_study USING (StudyInstanceUID)
    LEFT JOIN image_set s ON s.SeriesInstanceUID = x.SeriesInstanceUID GROUP BY x.SeriesInstanceUID;
DELETE FROM counted c USING series x WHERE x.SeriesInstanceUID = c.SeriesInstanceUID
    AND x.NumberOfSeriesRelatedInstances = c.instances AND x.study_month = c.study_month;
INSERT INTO touched SELECT 'series', study_month, file FROM series SEMI JOIN counted USING (SeriesInstanceUID);
UPDATE series SET NumberOfSeriesRelatedInstances = c.instances, study_month = c.study_month, file = ''
    FROM counted c WHERE c.SeriesInstanceUID = series.SeriesInstanceUID;

CREATE OR REPLACE TEMP TABLE counted AS
    SELECT x.StudyInstanceUID, count(*) FILTER (x.NumberOfSeriesRelatedInstances > 0)::INTEGER AS series,
        sum(x.NumberOfSeriesRelatedInstances)::INTEGER AS instances,
        string_agg(DISTINCT x.Modality, '\' ORDER BY x.Modality) AS modalities
    FROM series x SEMI JOIN affected_study USING (StudyInstanceUID) GROUP BY x.StudyInstanceUID;
DELETE FROM counted c USING study t WHERE t.StudyInstanceUID = c.StudyInstanceUID AND t.NumberOfStudyRelatedSeries = c.series
    AND t.NumberOfStudyRelatedInstances = c.instances AND t.ModalitiesInStudy IS NOT DISTINCT FROM c.modalities;
INSERT INTO touched SELECT 'study', study_month, file FROM study SEMI JOIN counted USING (StudyInstanceUID);
UPDATE study SET NumberOfStudyRelatedSeries = c.series, NumberOfStudyRelatedInstances = c.instances,
    ModalitiesInStudy = c.modalities, file = ''
    FROM counted c WHERE c.StudyInstanceUID = study.StudyInstanceUID;

-- A patient is where the first of its studies is.
CREATE OR REPLACE TEMP TABLE counted AS
    SELECT t.patient_key, count(*)::INTEGER AS studies, sum(t.NumberOfStudyRelatedSeries)::INTEGER AS series,
        sum(t.NumberOfStudyRelatedInstances)::INTEGER AS instances, min(t.study_month) AS study_month
    FROM study t SEMI JOIN affected_patient USING (patient_key) GROUP BY t.patient_key;
DELETE FROM counted c USING patient p WHERE p.patient_key = c.patient_key AND p.NumberOfPatientRelatedStudies = c.studies
    AND p.NumberOfPatientRelatedSeries = c.series AND p.NumberOfPatientRelatedInstances = c.instances
    AND p.study_month = c.study_month;
INSERT INTO touched SELECT 'patient', study_month, file FROM patient SEMI JOIN counted USING (patient_key);
UPDATE patient SET NumberOfPatientRelatedStudies = c.studies, NumberOfPatientRelatedSeries = c.series,
    NumberOfPatientRelatedInstances = c.instances, study_month = c.study_month, file = ''
    FROM counted c WHERE c.patient_key = patient.patient_key;

-- Image sets are in the month of their study: those of a study that got another date move with it.
CREATE OR REPLACE TEMP TABLE moved AS
    SELECT s.image_set_id, s.study_month AS old_month, x.study_month AS new_month, s.instances, s.file, s.instance_file
    FROM image_set s JOIN series x USING (SeriesInstanceUID) SEMI JOIN affected_study ON
        affected_study.StudyInstanceUID = x.StudyInstanceUID
    WHERE s.study_month <> x.study_month;
INSERT INTO touched SELECT 'image_set', old_month, file FROM moved;
UPDATE image_set SET study_month = m.new_month, file = '' FROM moved m WHERE m.image_set_id = image_set.image_set_id;
CREATE OR REPLACE TEMP TABLE carried AS
    SELECT image_set_id, old_month, new_month, instance_file FROM moved ANTI JOIN winner USING (image_set_id) WHERE instances > 0;
INSERT INTO removed SELECT image_set_id, old_month, instance_file FROM carried;
DELETE FROM touched WHERE file = '';
