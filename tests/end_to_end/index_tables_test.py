#!/usr/bin/python3
"""All tables of the sample for AWS HealthImaging in MariaDB: frames, what users put to image sets, image types, import jobs, conflicts; copies
and promotions go through to them. Each ends equal to the catalog, as `larmor index check` says. Ends with `N passed, N failed`."""
import os
import shutil
import sys
import urllib.parse

import pydicom

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from dimse import PYDICOM_FILES, Server, wait_until  # noqa: E402
from lib.index import check, check_is_clean, edit, import_files, rebuild  # noqa: E402
from lib.index_mysql import caught_up, main, with_target  # noqa: E402
from lib.mariadb import Mariadb  # noqa: E402
from lib.scenarios import Scenarios  # noqa: E402

scenarios = Scenarios("index-tables")
test = scenarios.test
CT = f"{PYDICOM_FILES}/CT_small.dcm"
ALL_LEVELS = ("--index-mysql-levels", "patient,study,series,instance,frame")


@test
@with_target(*ALL_LEVELS)
def a_conflict_is_promoted_and_copied_and_every_table_follows(folder, server, database):
    other = pydicom.dcmread(CT)
    other.PatientComments, other.PixelData = "other", bytes(len(other.PixelData))
    other.save_as(f"{folder}/other.dcm")
    import_files(server, CT)
    caught_up(server, database)
    (first,) = database.rows("SELECT imagesetid FROM imageset")[0]
    import_files(server, f"{folder}/other.dcm")
    caught_up(server, database)
    ((conflict,),) = database.rows("SELECT imagesetid FROM conflict JOIN imageset USING (imageset_pkey)")
    whose = ("SELECT m.imagesetid, (SELECT COUNT(*) FROM frame f WHERE f.instance_pkey = i.instance_pkey AND"
             " f.imageset_pkey = i.imageset_pkey) FROM instance i JOIN imageset m USING (imageset_pkey)")
    assert conflict != first and database.rows(whose) == [(first, "1")]
    check_is_clean(server, "mysql")

    edit(server, f"image-sets/{conflict}", {"Patient": {"DICOM": {"PatientName": "Of^Conflict"}}})
    caught_up(server, database)
    assert database.rows("SELECT patientname FROM patient") == [("CompressedSamples^CT1",)]
    promoted = server.ask("POST", f"/v1/image-sets/{conflict}/copy", {"promoteToPrimary": True, "force": True})
    made = promoted["destination"]["imageSetId"]
    caught_up(server, database)
    assert database.rows("SELECT patientname FROM patient") == [("Of^Conflict",)]
    assert database.rows(whose) == [(made, "1")]
    in_conflict = {row[0] for row in database.rows("SELECT imagesetid FROM conflict JOIN imageset USING (imageset_pkey)")}
    assert first in in_conflict and made not in in_conflict, in_conflict
    assert database.rows("SELECT numberofseriesrelatedinstances FROM series") == [("1",)]
    check_is_clean(server, "mysql")

    copied = server.ask("POST", f"/v1/image-sets/{made}/copy", {})["destination"]["imageSetId"]
    caught_up(server, database)
    assert (copied,) in database.rows("SELECT imagesetid FROM conflict JOIN imageset USING (imageset_pkey)")
    assert database.rows(whose) == [(made, "1")]
    check_is_clean(server, "mysql")


@test
@with_target(*ALL_LEVELS)
def frames_and_image_types_are_those_of_the_files(_folder, server, database):
    names = ["CT_small", "MR_small", "color3d_jpeg_baseline", "rtplan"]
    files = [f"{PYDICOM_FILES}/{name}.dcm" for name in names if os.path.exists(f"{PYDICOM_FILES}/{name}.dcm")]
    import_files(server, *files)
    caught_up(server, database)
    types = set()
    for path in files:
        data_set = pydicom.dcmread(path)
        frames = int(data_set.get("NumberOfFrames", 1)) if "PixelData" in data_set else 0
        found = database.rows("SELECT COUNT(f.frame_pkey), COUNT(DISTINCT f.frameid) FROM instance i LEFT JOIN frame f USING (instance_pkey)"
                              f" WHERE sopinstanceuid = '{data_set.SOPInstanceUID}'")
        assert found == [(str(frames), str(frames))], (path, found)
        types |= {value for value in data_set.get("ImageType", []) if value}
    assert {row[0] for row in database.rows("SELECT type FROM imagetype")} == types, types
    # An id is one that GetImageFrame knows.
    frame, image_set, datastore = database.rows("SELECT frameid, imagesetid, datastoreid FROM frame JOIN imageset USING (imageset_pkey) LIMIT 1")[0]
    status, answer = server.send("POST", f"/healthimaging/datastore/{datastore}/imageSet/{image_set}/getImageFrame", {"imageFrameId": frame})
    assert status == 200 and answer
    check_is_clean(server, "mysql")


@test
@with_target()
def what_users_put_to_image_sets_is_there_without_a_new_version(_folder, server, database):
    import_files(server, CT)
    caught_up(server, database)
    image_set, datastore = database.rows("SELECT imagesetid, datastoreid FROM imageset")[0]
    arn = urllib.parse.quote(f"arn:aws:medical-imaging:local:000000000000:datastore/{datastore}/imageset/{image_set}", safe="")
    labels = "SELECT `key`, value FROM tag ORDER BY 1"
    server.ask("POST", f"/healthimaging/tags/{arn}", {"tags": {"ward": "3", "trial": "A's"}})
    caught_up(server, database)
    assert database.rows(labels) == [("trial", "A's"), ("ward", "3")]
    server.ask("DELETE", f"/healthimaging/tags/{arn}?tagKeys=trial")
    caught_up(server, database)
    assert database.rows(labels) == [("ward", "3")]
    assert database.rows("SELECT version FROM larmor_applied") == [("1",)]
    check_is_clean(server, "mysql")


@test
def import_jobs_are_there_with_their_states(folder):
    database = Mariadb()
    os.makedirs(f"{folder}/in")
    os.makedirs(f"{folder}/out")
    shutil.copy(CT, f"{folder}/in/ct.dcm")
    server = Server(folder)
    try:
        server.ask("POST", "/v1/jobs", {"kind": "import", "parameters": {"paths": [f"{folder}/in"]}})
        wait_until(lambda: [job["state"] for job in server.ask("GET", "/v1/jobs")["jobs"]] == ["succeeded"])
        server.end()
        # What there was before the target, and what comes.
        server = Server(folder, "--index-mysql", database.url)
        caught_up(server, database)
        (datastore,) = database.rows("SELECT datastoreid FROM imageset")[0]
        started = server.ask("POST", f"/healthimaging/startDICOMImportJob/datastore/{datastore}", {
            "clientToken": "t", "dataAccessRoleArn": "arn:aws:iam::000000000000:role/any",
            "inputS3Uri": f"file://{folder}/in/", "outputS3Uri": f"file://{folder}/out/"})
        jobs = "SELECT ahijobid, ahijobstatus, logicalstatus, sourceprefix, completedat IS NOT NULL FROM importjob ORDER BY 1"
        wait_until(lambda: database.rows(jobs)[-1][1:3] == ("2", "1"))
        rows = database.rows(jobs)
        assert len(rows) == 2 and rows[0][1:] == ("2", "1", "NULL", "1"), rows
        assert rows[1] == (started["jobId"], "2", "1", f"file://{folder}/in/", "1"), rows
        caught_up(server, database)
        check_is_clean(server, "mysql")
        database.rows("UPDATE importjob SET ahijobstatus = 1; INSERT INTO importjob (ahijobstatus) VALUES (0)")
        code, drift, text = check(server, "mysql", "--repair")
        assert (code, drift) == (0, {("(no study)", "importjob")}), text
        assert database.rows(jobs) == rows
        check_is_clean(server, "mysql")
    finally:
        server.end()
        database.end()


@test
def a_column_that_is_added_is_filled_by_a_rebuild(folder):
    database = Mariadb()
    server = Server(folder, "--index-mysql", database.url)
    try:
        import_files(server, CT)
        caught_up(server, database)
        database.rows("ALTER TABLE instance ADD COLUMN slicelocation DOUBLE")
        server.end()
        server = Server(folder, "--index-mysql", database.url)
        rebuild(server, "mysql")
        caught_up(server, database)
        rows = database.rows("SELECT ROUND(slicelocation, 3) FROM instance")
        assert rows == [(str(round(float(pydicom.dcmread(CT).SliceLocation), 3)),)], rows
        edit(server, f"studies/{pydicom.dcmread(CT).StudyInstanceUID}", {"Study": {"DICOM": {"StudyDescription": "edited"}}})
        caught_up(server, database)
        check_is_clean(server, "mysql")
    finally:
        server.end()
        database.end()


if __name__ == "__main__":
    sys.exit(main(scenarios))
