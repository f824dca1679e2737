#!/usr/bin/python3
"""The public sample for AWS HealthImaging (its folder metadata-index) against us: its own acceptance test, and its four bugs, each a test that
fails where the handler works as the sample's does. From the API to MariaDB. Ends with `N passed, N failed`.

The bugs, as its source has them: it never hears of deletions (its rule lists Created, Copied and Updated only); one bad image set fails all of
its batch (nothing is reported by message, and the connection is closed after the first); times with fractions of seconds become NULL (its
parser takes HHMMSS only); and a series in two image sets gets another conflict row each time that one of them comes (the table has no key)."""
import os
import subprocess
import sys
import warnings

import pydicom

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from dimse import LARMOR, PYDICOM_FILES, wait_until  # noqa: E402
from lib.index import delete_study, edit, import_files, queue_of, write_mister_ct  # noqa: E402
from lib.index_mysql import caught_up, main, with_target  # noqa: E402
from lib.scenarios import Scenarios  # noqa: E402

warnings.simplefilter("ignore")
scenarios = Scenarios("index-sample")
test = scenarios.test


def ct(folder, name, **attributes):
    """A file of CT_small.dcm with other attributes."""
    data_set = pydicom.dcmread(f"{PYDICOM_FILES}/CT_small.dcm")
    for keyword, value in attributes.items():
        setattr(data_set, keyword, value)
    data_set.file_meta.MediaStorageSOPInstanceUID = data_set.SOPInstanceUID
    data_set.save_as(f"{folder}/{name}")
    return f"{folder}/{name}"


@test
@with_target()
def a_patient_that_is_renamed_over_two_series_and_111_instances_is_renamed_in_every_row(folder, server, database):
    """The acceptance test of the sample for AWS HealthImaging: MISTER^CT becomes ANON^ANON."""
    study = write_mister_ct(f"{folder}/files")
    import_files(server, f"{folder}/files")
    assert caught_up(server, database) == [(study, "2", "111")]
    edit(server, f"studies/{study}", {"Patient": {"DICOM": {"PatientName": "ANON^ANON", "PatientSex": "O"}}})
    assert caught_up(server, database) == [(study, "2", "111")]
    rows = database.rows("SELECT patientid, patientname, patientsex, COUNT(*), SUM(numberofseriesrelatedinstances)"
                         " FROM full_series_view GROUP BY 1, 2, 3")
    assert rows == [("MR01", "ANON^ANON", "O", "2", "111")], rows
    # What is no column of the catalog, and one instance among many.
    series = f"{study}.1"
    image_set = server.search(f"studies/{study}/series?SeriesInstanceUID={series}")[0]["0020000E"]["Value"][0]
    assert image_set == series
    (ids,) = database.rows(f"SELECT imagesetid FROM imageset JOIN series USING (series_pkey) WHERE seriesinstanceuid = '{series}'")
    edit(server, f"image-sets/{ids[0]}", {"Study": {"Series": {series: {
        "DICOM": {"ProtocolName": "renamed"},
        "Instances": {f"{series}.0": {"DICOM": {"ContentDescription": "the first"}}}}}}})
    caught_up(server, database)
    assert database.rows("SELECT DISTINCT protocolname FROM series ORDER BY 1") == [("NULL",), ("renamed",)]
    assert database.rows("SELECT sopinstanceuid FROM instance WHERE contentdescription = 'the first'") == [(f"{series}.0",)]


@test
@with_target()
def sample_bug_1_deletions_never_reach_the_index(_folder, server, database):
    import_files(server, f"{PYDICOM_FILES}/CT_small.dcm", f"{PYDICOM_FILES}/MR_small.dcm")
    studies = caught_up(server, database)
    assert len(studies) == 2, studies
    delete_study(server, studies[0][0])
    assert caught_up(server, database) == studies[1:]
    for table, left in (("patient", 1), ("study", 1), ("series", 1), ("imageset", 1), ("instance", 1)):
        assert database.rows(f"SELECT COUNT(*) FROM {table}") == [(str(left),)], table


@test
@with_target()
def sample_bug_2_one_bad_image_set_fails_its_whole_batch(folder, server, database):
    import_files(server, f"{PYDICOM_FILES}/MR_small.dcm")
    caught_up(server, database)
    # The database itself refuses one series of forty that come at once.
    database.rows("ALTER TABLE series ADD CONSTRAINT poison CHECK (seriesinstanceuid <> '1.2.7')")
    os.mkdir(f"{folder}/files")
    for number in range(40):
        ct(f"{folder}/files", f"{number}.dcm", SeriesInstanceUID=f"1.2.{number}", SOPInstanceUID=f"1.2.{number}.1")
    import_files(server, f"{folder}/files")

    def series():
        return {row[0] for row in database.rows("SELECT seriesinstanceuid FROM series WHERE seriesinstanceuid LIKE '1.2.%'")}
    wait_until(lambda: len(series()) >= 39)
    assert "1.2.7" not in series()
    queue = queue_of(server, "mysql")
    assert queue["waiting"] + queue["delayed"] + queue["in_flight"] + queue["dead"] == 1, queue
    # It is the only one that waits, or a dead letter by now, and comes when it can.
    database.rows("ALTER TABLE series DROP CONSTRAINT poison")

    def has_come():
        subprocess.run([LARMOR, "queue", "redrive", "index-mysql", "--all", "--library", server.library], check=False, capture_output=True)
        return len(series()) == 40
    wait_until(has_come)


@test
@with_target()
def sample_bug_3_times_with_fractions_of_seconds_become_null(folder, server, database):
    path = ct(folder, "fractions.dcm", StudyTime="101530.25", ContentTime="101531.123456", AcquisitionTime="101532.000",
              SOPInstanceUID="1.2.3.4")
    import_files(server, path)
    caught_up(server, database)
    assert database.rows("SELECT TIME_FORMAT(studytime, '%H%i%s.%f') FROM study") == [("101530.250000",)]
    assert database.rows("SELECT TIME_FORMAT(contenttime, '%H%i%s.%f'), TIME_FORMAT(acquisitiontime, '%H%i%s.%f') FROM instance") == [
        ("101531.123456", "101532.000000")]


@test
@with_target()
def sample_bug_4_a_conflict_that_comes_again_is_another_row(folder, server, database):
    import_files(server, f"{PYDICOM_FILES}/CT_small.dcm")
    import_files(server, ct(folder, "conflict.dcm", PatientName="Other^Name"))
    caught_up(server, database)
    conflicts = "SELECT COUNT(*), COUNT(DISTINCT imageset_pkey) FROM conflict"
    assert database.rows(conflicts) == [("1", "1")]
    rows = database.rows("SELECT m.imagesetid, c.imageset_pkey IS NOT NULL FROM imageset m LEFT JOIN conflict c USING (imageset_pkey)"
                         " ORDER BY 2")
    assert [row[1] for row in rows] == ["0", "1"], rows
    series = pydicom.dcmread(f"{PYDICOM_FILES}/CT_small.dcm").SeriesInstanceUID
    # Both come again, and again.
    for number in range(3):
        for image_set, _ in rows:
            edit(server, f"image-sets/{image_set}", {"Study": {"Series": {series: {"DICOM": {"ProtocolName": f"number {number}"}}}}})
        caught_up(server, database)
        assert database.rows(conflicts) == [("1", "1")], number
    # Where its UIDs are edited, it is in conflict in its new place only.
    edit(server, f"image-sets/{rows[1][0]}", {"Study": {"Series": {series: {"DICOM": {"SeriesInstanceUID": "1.2.9"}}}}}, force=True)
    caught_up(server, database)
    assert database.rows("SELECT s.seriesinstanceuid FROM conflict JOIN series s USING (series_pkey)") == [("1.2.9",)]
    assert database.rows("SELECT COUNT(*) FROM series") == [("2",)]


if __name__ == "__main__":
    sys.exit(main(scenarios))
