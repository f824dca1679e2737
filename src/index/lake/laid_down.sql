-- What a check compares: rows that belong to the studies in `asked`, as the files of the lake have them (is_...) and as staged
-- documents say (should_...), from the views lake_... and from new_patient, new_study and new_series.

CREATE OR REPLACE TEMP TABLE set_count AS
    SELECT StudyInstanceUID, SeriesInstanceUID, sum(CASE WHEN is_primary THEN instances ELSE 0 END)::INTEGER AS instances
    FROM staged_set GROUP BY StudyInstanceUID, SeriesInstanceUID;
CREATE OR REPLACE TEMP TABLE should_study AS
    SELECT n.StudyInstanceUID AS larmor_study, n.*, c.series AS NumberOfStudyRelatedSeries, c.instances AS NumberOfStudyRelatedInstances,
        m.modalities AS ModalitiesInStudy,
        CASE WHEN year(n.StudyDate) BETWEEN 1970 AND 2099 THEN strftime(n.StudyDate, '%Y-%m') ELSE 'other' END AS study_month
    FROM new_study n
    LEFT JOIN (SELECT StudyInstanceUID, count(*) FILTER (instances > 0)::INTEGER AS series, sum(instances)::INTEGER AS instances
        FROM set_count GROUP BY StudyInstanceUID) c ON c.StudyInstanceUID = n.StudyInstanceUID
    LEFT JOIN (SELECT StudyInstanceUID, string_agg(DISTINCT Modality, '\' ORDER BY Modality) AS modalities
        FROM new_series GROUP BY StudyInstanceUID) m ON m.StudyInstanceUID = n.StudyInstanceUID;
CREATE OR REPLACE TEMP TABLE should_series AS
    SELECT n.StudyInstanceUID AS larmor_study, n.*, c.instances AS NumberOfSeriesRelatedInstances, t.study_month
    FROM new_series n JOIN should_study t ON t.StudyInstanceUID = n.StudyInstanceUID
    JOIN set_count c ON c.StudyInstanceUID = n.StudyInstanceUID AND c.SeriesInstanceUID = n.SeriesInstanceUID;
CREATE OR REPLACE TEMP TABLE should_image_set AS
    SELECT s.StudyInstanceUID AS larmor_study, s.datastore_id, s.image_set_id, s.version, s.is_primary, false AS is_deleted,
        s.SeriesInstanceUID, CASE WHEN s.is_primary THEN s.instances ELSE 0 END::INTEGER AS instances, s.larmor_columns, s.larmor_epoch,
        s.larmor_sequence, t.study_month
    FROM staged_set s JOIN should_study t ON t.StudyInstanceUID = s.StudyInstanceUID;

CREATE OR REPLACE TEMP TABLE is_study AS
    SELECT StudyInstanceUID AS larmor_study, * FROM lake_study WHERE StudyInstanceUID IN (SELECT uid FROM asked);
CREATE OR REPLACE TEMP TABLE is_series AS
    SELECT StudyInstanceUID AS larmor_study, * FROM lake_series WHERE StudyInstanceUID IN (SELECT uid FROM asked);
-- An image set belongs to the study that it should be in, also where its row says something else; one that should not be there to
-- that of its series. What was deleted stays for ever, and belongs to no study.
CREATE OR REPLACE TEMP TABLE is_image_set AS
    SELECT coalesce(e.StudyInstanceUID, s.StudyInstanceUID) AS larmor_study, x.*
    FROM lake_image_set x
    LEFT JOIN staged_set e ON e.image_set_id = x.image_set_id
    LEFT JOIN (SELECT SeriesInstanceUID, min(StudyInstanceUID) AS StudyInstanceUID
        FROM (SELECT SeriesInstanceUID, StudyInstanceUID FROM is_series UNION SELECT SeriesInstanceUID, StudyInstanceUID FROM should_series)
        GROUP BY SeriesInstanceUID) s ON s.SeriesInstanceUID = x.SeriesInstanceUID AND x.is_deleted IS NOT TRUE
    WHERE coalesce(e.StudyInstanceUID, s.StudyInstanceUID) IS NOT NULL;

-- Of the patient's other studies the lake's own rows count: they are compared when it is their turn.
CREATE OR REPLACE TEMP TABLE patient_of AS
    SELECT larmor_study, patient_key FROM is_study UNION SELECT larmor_study, patient_key FROM should_study;
CREATE OR REPLACE TEMP TABLE patient_total AS
    SELECT patient_key, count(*)::INTEGER AS NumberOfPatientRelatedStudies, sum(series)::INTEGER AS NumberOfPatientRelatedSeries,
        sum(instances)::INTEGER AS NumberOfPatientRelatedInstances, min(study_month) AS study_month
    FROM (SELECT DISTINCT patient_key, StudyInstanceUID, NumberOfStudyRelatedSeries AS series, NumberOfStudyRelatedInstances AS instances,
            study_month
        FROM lake_study WHERE patient_key IN (SELECT patient_key FROM patient_of) AND StudyInstanceUID NOT IN (SELECT uid FROM asked)
        UNION ALL SELECT patient_key, StudyInstanceUID, NumberOfStudyRelatedSeries, NumberOfStudyRelatedInstances, study_month
        FROM should_study)
    GROUP BY patient_key;
CREATE OR REPLACE TEMP TABLE is_patient AS
    SELECT p.larmor_study, x.* FROM patient_of p JOIN lake_patient x ON x.patient_key = p.patient_key;
CREATE OR REPLACE TEMP TABLE should_patient AS
    SELECT t.larmor_study, n.*, c.NumberOfPatientRelatedStudies, c.NumberOfPatientRelatedSeries, c.NumberOfPatientRelatedInstances,
        c.study_month
    FROM should_study t JOIN new_patient n ON n.patient_key = t.patient_key JOIN patient_total c ON c.patient_key = t.patient_key;
