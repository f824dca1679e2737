-- Whether something of an image set is still to be prepared is asked after each piece of it.
DROP INDEX instances_pending;
CREATE INDEX instances_pending ON instances (image_set, id) WHERE preprocess = 0;
