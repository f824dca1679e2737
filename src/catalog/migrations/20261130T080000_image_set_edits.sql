-- What was edited, over instances that stay as they were stored: a document for all instances of an image
-- set (instance 0) and one for each that was edited by itself. In version n the one with the highest version
-- up to n holds. Version 0 is none of these: it has the columns of the catalog as they were before the first
-- edit, as DICOM JSON.
CREATE TABLE image_set_edits (
    image_set INTEGER NOT NULL,
    instance INTEGER NOT NULL,
    version INTEGER NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (image_set, instance, version)
) WITHOUT ROWID;

-- The last version that edited something, 0 where none did: most readers need nothing else.
ALTER TABLE image_sets ADD COLUMN edited_version INTEGER NOT NULL DEFAULT 0;
-- 1 where the version was made with force.
ALTER TABLE image_set_versions ADD COLUMN forced INTEGER NOT NULL DEFAULT 0;
