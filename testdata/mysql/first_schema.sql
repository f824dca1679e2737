-- The tables of the well-known sample (metadata index of AWS HealthImaging), so that what was written for it works.
-- Of our own: the columns larmor_epoch, larmor_sequence and larmor_version, the table larmor_applied, and fractions
-- of seconds in times.

CREATE TABLE IF NOT EXISTS issuer (
    issuer_pkey BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    issuerofpatientid VARCHAR(64) NOT NULL,
    description VARCHAR(1024),
    UNIQUE KEY (issuerofpatientid)
) ENGINE = InnoDB;
INSERT IGNORE INTO issuer (issuerofpatientid, description) VALUES ('DEFAULT_DOMAIN', 'no issuer is given');

CREATE TABLE IF NOT EXISTS patient (
    patient_pkey BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    issuer_pkey BIGINT NOT NULL,
    patientid VARCHAR(64) NOT NULL,
    patientname VARCHAR(64),
    patientbirthdate DATE,
    patientsex VARCHAR(16),
    patientcomments TEXT,
    larmor_epoch BIGINT NOT NULL DEFAULT 0,
    larmor_sequence BIGINT NOT NULL DEFAULT 0,
    UNIQUE KEY (patientid, issuer_pkey),
    KEY (patientid),
    KEY (patientname),
    FOREIGN KEY (issuer_pkey) REFERENCES issuer (issuer_pkey) ON DELETE CASCADE
) ENGINE = InnoDB;

CREATE TABLE IF NOT EXISTS study (
    study_pkey BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    patient_pkey BIGINT NOT NULL,
    studyinstanceuid VARCHAR(64) NOT NULL,
    accessionnumber VARCHAR(16),
    studyid VARCHAR(16),
    studydate DATE,
    studytime TIME(6),
    studydescription VARCHAR(64),
    referringphysicianname VARCHAR(64),
    numberofstudyrelatedseries INT NOT NULL DEFAULT 0,
    numberofstudyrelatedinstances INT NOT NULL DEFAULT 0,
    larmor_epoch BIGINT NOT NULL DEFAULT 0,
    larmor_sequence BIGINT NOT NULL DEFAULT 0,
    UNIQUE KEY (studyinstanceuid),
    KEY (accessionnumber),
    FOREIGN KEY (patient_pkey) REFERENCES patient (patient_pkey) ON DELETE CASCADE
) ENGINE = InnoDB;

CREATE TABLE IF NOT EXISTS series (
    series_pkey BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    study_pkey BIGINT NOT NULL,
    seriesinstanceuid VARCHAR(64) NOT NULL,
    modality VARCHAR(16),
    seriesnumber VARCHAR(12),
    seriesdescription VARCHAR(64),
    institutionname VARCHAR(64),
    bodypartexamined VARCHAR(16),
    stationname VARCHAR(16),
    manufacturer VARCHAR(64),
    protocolname VARCHAR(64),
    laterality VARCHAR(16),
    numberofseriesrelatedinstances INT NOT NULL DEFAULT 0,
    larmor_epoch BIGINT NOT NULL DEFAULT 0,
    larmor_sequence BIGINT NOT NULL DEFAULT 0,
    UNIQUE KEY (seriesinstanceuid),
    FOREIGN KEY (study_pkey) REFERENCES study (study_pkey) ON DELETE CASCADE
) ENGINE = InnoDB;

CREATE TABLE IF NOT EXISTS imageset (
    imageset_pkey BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    series_pkey BIGINT NOT NULL,
    imagesetid VARCHAR(32) NOT NULL,
    datastoreid VARCHAR(32) NOT NULL,
    UNIQUE KEY (imagesetid, datastoreid),
    FOREIGN KEY (series_pkey) REFERENCES series (series_pkey) ON DELETE CASCADE
) ENGINE = InnoDB;

CREATE TABLE IF NOT EXISTS instance (
    instance_pkey BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    series_pkey BIGINT NOT NULL,
    imageset_pkey BIGINT NOT NULL,
    sopinstanceuid VARCHAR(64) NOT NULL,
    sopclassuid VARCHAR(64),
    imagetype VARCHAR(64),
    instancenumber INT,
    acquisitiondate DATE,
    acquisitiontime TIME(6),
    contentdate DATE,
    contenttime TIME(6),
    photometricinterpretation VARCHAR(16),
    numberofframes INT,
    `rows` INT,
    `columns` INT,
    bitsallocated INT,
    bitsstored INT,
    highbit INT,
    rescaleslope VARCHAR(16),
    rescaleintercept VARCHAR(16),
    pixelrepresentation INT,
    windowcenter VARCHAR(16),
    windowwidth VARCHAR(16),
    observationtime DATETIME(6),
    contentdescription VARCHAR(64),
    larmor_epoch BIGINT NOT NULL DEFAULT 0,
    larmor_sequence BIGINT NOT NULL DEFAULT 0,
    larmor_version BIGINT NOT NULL DEFAULT 0,
    UNIQUE KEY (sopinstanceuid),
    KEY (imageset_pkey),
    FOREIGN KEY (series_pkey) REFERENCES series (series_pkey) ON DELETE CASCADE
) ENGINE = InnoDB;

CREATE TABLE IF NOT EXISTS frame (
    frame_pkey BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    instance_pkey BIGINT NOT NULL,
    imageset_pkey BIGINT NOT NULL,
    framenumber INT NOT NULL,
    frameid VARCHAR(32) NOT NULL,
    UNIQUE KEY (frameid),
    FOREIGN KEY (instance_pkey) REFERENCES instance (instance_pkey) ON DELETE CASCADE
) ENGINE = InnoDB;

CREATE TABLE IF NOT EXISTS conflict (
    conflict_pkey BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    series_pkey BIGINT NOT NULL,
    imageset_pkey BIGINT NOT NULL,
    priority INT NOT NULL DEFAULT 0,
    conflict_type VARCHAR(32),
    UNIQUE KEY (series_pkey, imageset_pkey)
) ENGINE = InnoDB;

CREATE TABLE IF NOT EXISTS tag (
    tag_pkey BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    series_pkey BIGINT,
    imageset_pkey BIGINT,
    `key` VARCHAR(256) NOT NULL,
    value VARCHAR(256),
    description VARCHAR(1024),
    KEY (`key`(191)),
    KEY (value(191))
) ENGINE = InnoDB;

CREATE TABLE IF NOT EXISTS imagetype (
    imagetype_pkey BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    type VARCHAR(16)
) ENGINE = InnoDB;

CREATE TABLE IF NOT EXISTS importjob (
    importjob_pkey BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    sourceprefix VARCHAR(2048),
    manifestprefix VARCHAR(2048),
    submittedat DATETIME,
    startedat DATETIME,
    completedat DATETIME,
    logicalstatus INT,
    ahijobid VARCHAR(32),
    ahijobstatus INT
) ENGINE = InnoDB;

CREATE TABLE IF NOT EXISTS larmor_applied (
    datastoreid VARCHAR(32) NOT NULL,
    imagesetid VARCHAR(32) NOT NULL,
    epoch BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    version BIGINT NOT NULL,
    is_deleted BOOLEAN NOT NULL,
    instances INT NOT NULL,
    series_pkey BIGINT,
    PRIMARY KEY (datastoreid, imagesetid),
    KEY (series_pkey)
) ENGINE = InnoDB;

CREATE OR REPLACE VIEW full_series_view AS
    SELECT i.issuerofpatientid, p.patientid, p.patientname, p.patientbirthdate, p.patientsex, p.patientcomments,
        t.studyinstanceuid, t.accessionnumber, t.studyid, t.studydate, t.studytime, t.studydescription,
        t.referringphysicianname, t.numberofstudyrelatedseries, t.numberofstudyrelatedinstances,
        s.seriesinstanceuid, s.modality, s.seriesnumber, s.seriesdescription, s.institutionname, s.bodypartexamined,
        s.stationname, s.manufacturer, s.protocolname, s.laterality, s.numberofseriesrelatedinstances
    FROM issuer i JOIN patient p ON p.issuer_pkey = i.issuer_pkey JOIN study t ON t.patient_pkey = p.patient_pkey
        JOIN series s ON s.study_pkey = t.study_pkey;

CREATE OR REPLACE VIEW full_study_view AS
    SELECT i.issuerofpatientid, p.patientid, p.patientname, p.patientbirthdate, p.patientsex, p.patientcomments,
        t.studyinstanceuid, t.accessionnumber, t.studyid, t.studydate, t.studytime, t.studydescription,
        t.referringphysicianname, t.numberofstudyrelatedseries, t.numberofstudyrelatedinstances,
        (SELECT GROUP_CONCAT(DISTINCT s.modality ORDER BY s.modality SEPARATOR '/') FROM series s
            WHERE s.study_pkey = t.study_pkey) AS modalitiesinstudy
    FROM issuer i JOIN patient p ON p.issuer_pkey = i.issuer_pkey JOIN study t ON t.patient_pkey = p.patient_pkey;
