-- What HealthImaging's GetImageFrame gives of an instance, made when it is first asked for: by the object of the
-- stored file, so that every image set that has the instance shares it.
CREATE TABLE image_frames (
    file_object INTEGER PRIMARY KEY,
    frames_object INTEGER NOT NULL
);
-- An id of an image frame names the object of a file; its numbers rise, so that an insert touches the last page.
CREATE INDEX instances_object ON instances (object);
