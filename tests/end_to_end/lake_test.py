#!/usr/bin/python3
"""What is imported, edited, deleted and recovered reaches a lake of Parquet files, in a folder and in S3: read with hyparquet and compared
with what pydicom reads and the catalog counts. Ends with `N passed, N failed`."""
import collections
import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import warnings

import pydicom

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from dimse import LARMOR, PYDICOM_FILES, Server, wait_until  # noqa: E402
from index_test import delete_study, edit, import_files  # noqa: E402
from lib.s3 import S3  # noqa: E402
from lib.scenarios import Scenarios  # noqa: E402

warnings.simplefilter("ignore")
scenarios = Scenarios("lake")
test = scenarios.test
READER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib", "read_lake.mjs")
FILES_MAX = 21  # of a partition with fewer than a million rows: docs/formats/lake.md


def read(folder, table):
    done = subprocess.run(["node", READER, folder, table], check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def catalog_studies(server):
    """UID, series and instances of each."""
    return sorted((study["0020000D"]["Value"][0], study["00201206"]["Value"][0], study["00201208"]["Value"][0])
                  for study in server.search("studies?limit=1000"))


def lake_studies(lake):
    return sorted((row["StudyInstanceUID"], row["NumberOfStudyRelatedSeries"], row["NumberOfStudyRelatedInstances"])
                  for row in read(lake, "study") if row["NumberOfStudyRelatedInstances"] > 0)


def caught_up(server, lake):
    """Waits until no message waits, then gives the studies with their counts; they are those of the catalog."""
    def is_empty():
        queue = json.loads(server.get("/v1/queues/index-lake"))
        assert queue["dead"] == 0, server.logged()
        return queue["waiting"] + queue["delayed"] + queue["in_flight"] == 0
    wait_until(is_empty)
    rows, studies = lake_studies(lake), catalog_studies(server)
    assert rows == studies, (set(rows) ^ set(studies))
    instances = read(lake, "instance")
    assert len({row["SOPInstanceUID"] for row in instances}) == len(instances) == sum(row[2] for row in rows)
    with open(f"{lake}/manifest.json", encoding="utf-8") as file:
        partitions = collections.Counter((one["table"], one["study_month"]) for one in json.load(file)["files"])
    assert not partitions or max(partitions.values()) <= FILES_MAX, partitions
    return rows


@test
def rows_are_what_pydicom_reads(folder):
    lake = f"{folder}/lake"
    server = Server(folder, "--index-lake", lake)
    try:
        import_files(server, PYDICOM_FILES)
        assert len(caught_up(server, lake)) > 20
        instances = {row["SOPInstanceUID"]: row for row in read(lake, "instance")}
        series = {row["SeriesInstanceUID"]: row for row in read(lake, "series")}
        studies = {row["StudyInstanceUID"]: row for row in read(lake, "study")}
        patients = {row["patient_key"]: row for row in read(lake, "patient")}
        compared = 0
        for path in glob.glob(f"{PYDICOM_FILES}/*.dcm"):
            try:
                uid = pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID
            except Exception:  # files that no reader takes
                continue
            row = instances.get(uid)
            if row is None:
                continue
            data_set = pydicom.dcmread(path, stop_before_pixels=True)
            data_set = pydicom.dcmread(pydicom.filebase.DicomBytesIO(server.stored(data_set)), stop_before_pixels=True)
            for name in ("Rows", "Columns", "BitsAllocated", "PhotometricInterpretation", "SOPClassUID", "SliceLocation", "InstanceNumber"):
                value = data_set.get(name)
                assert row[name] == (None if value in (None, "") else type(row[name])(value)), (path, name, row[name], value)
            study = studies[row["StudyInstanceUID"]]
            assert (series[row["SeriesInstanceUID"]]["Modality"] or "") == data_set.get("Modality", ""), path
            date = str(data_set.get("StudyDate") or "").replace(".", "")
            assert (study["StudyDate"] or "")[:10].replace("-", "") == date, (path, study["StudyDate"], date)
            month = f"{date[:4]}-{date[4:6]}" if "1970" <= date[:4] <= "2099" else "other"
            assert {study["study_month"], row["study_month"], series[row["SeriesInstanceUID"]]["study_month"]} == {month}, path
            assert (patients[study["patient_key"]]["PatientID"] or "") == data_set.get("PatientID", ""), path
            compared += 1
        assert compared > 50, compared
    finally:
        server.end()


@test
def deleted_and_recovered_studies_go_and_come(folder):
    lake = f"{folder}/lake"
    server = Server(folder, "--index-lake", lake)
    try:
        import_files(server, f"{PYDICOM_FILES}/CT_small.dcm", f"{PYDICOM_FILES}/MR_small.dcm")
        studies = caught_up(server, lake)
        assert len(studies) == 2, studies
        deletion = delete_study(server, studies[0][0])
        assert caught_up(server, lake) == studies[1:]
        assert len(read(lake, "patient")) == len(read(lake, "series")) == 1
        assert [row["is_deleted"] for row in read(lake, "image_set")].count(True) == 1
        subprocess.run([LARMOR, "deleted", "recover", deletion, "--library", server.library], check=True, capture_output=True)
        assert caught_up(server, lake) == studies
    finally:
        server.end()


@test
def a_patient_that_is_renamed_over_two_series_and_111_instances_is_renamed_in_every_row(folder):
    """The acceptance test of the sample for AWS HealthImaging: MISTER^CT becomes ANON^ANON; then the study gets another date."""
    lake = f"{folder}/lake"
    server = Server(folder, "--index-lake", lake)
    try:
        os.mkdir(f"{folder}/files")
        data_set = pydicom.dcmread(f"{PYDICOM_FILES}/CT_small.dcm")
        data_set.PatientName, data_set.PatientID = "MISTER^CT", "MR01"
        study = data_set.StudyInstanceUID
        for number in range(111):
            data_set.SeriesInstanceUID = f"{study}.{1 + number % 2}"
            data_set.SOPInstanceUID = data_set.file_meta.MediaStorageSOPInstanceUID = f"{study}.{1 + number % 2}.{number}"
            data_set.save_as(f"{folder}/files/{number:03}.dcm")
        import_files(server, f"{folder}/files")
        assert caught_up(server, lake) == [(study, 2, 111)]
        edit(server, f"studies/{study}", {"Patient": {"DICOM": {"PatientName": "ANON^ANON", "PatientSex": "O"}}})
        assert caught_up(server, lake) == [(study, 2, 111)]
        rows = [(row["PatientID"], row["PatientName"], row["PatientSex"], row["NumberOfPatientRelatedInstances"]) for row in read(lake, "patient")]
        assert rows == [("MR01", "ANON^ANON", "O", 111)], rows
        assert "MISTER" not in json.dumps([read(lake, table) for table in ("study", "series", "instance", "image_set")])
        edit(server, f"studies/{study}", {"Study": {"DICOM": {"StudyDate": "20110203"}}})
        assert caught_up(server, lake) == [(study, 2, 111)]
        for table in ("patient", "study", "series", "instance", "image_set"):
            assert {row["study_month"] for row in read(lake, table)} == {"2011-02"}, table
    finally:
        server.end()


@test
def what_was_there_before_the_lake_is_in_it_also_when_the_server_is_killed_again_and_again(folder):
    server = Server(folder)
    import_files(server, PYDICOM_FILES)
    server.end()
    lake = f"{folder}/lake"
    for pause in (0.2, 0.7, 1.2, 1.6):
        server = Server(folder, "--index-lake", lake)
        time.sleep(pause)  # the moment is what is tested
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        server.process.stdout.close()
    server = Server(folder, "--index-lake", lake)
    try:
        # What the killed ones had in hand comes back in two minutes; the same again comes now.
        subprocess.run([LARMOR, "index", "rebuild", "lake", "--library", server.library], check=True, capture_output=True)
        studies = catalog_studies(server)
        wait_until(lambda: os.path.exists(f"{lake}/manifest.json") and lake_studies(lake) == studies, 240)
        instances = [row["SOPInstanceUID"] for row in read(lake, "instance")]
        assert len(set(instances)) == len(instances) == sum(row[2] for row in studies)
    finally:
        server.end()


@test
def on_a_full_disk_messages_wait_and_none_is_lost(folder):
    os.makedirs(f"{folder}/disk")
    with open(f"{folder}/image", "wb") as file:
        file.truncate(40 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", f"{folder}/image"], check=True)
    mounted = subprocess.run(["mount", "-o", "loop", f"{folder}/image", f"{folder}/disk"], capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        print(f"SKIPPED: no file system can be mounted here: {mounted.stderr.strip()}", flush=True)
        return
    lake, ballast = f"{folder}/disk/lake", f"{folder}/disk/ballast"
    server = Server(folder, "--index-lake", lake)
    try:
        import_files(server, f"{PYDICOM_FILES}/CT_small.dcm")
        before = caught_up(server, lake)
        with open(ballast, "wb") as file:  # all there is, to the last block
            while free := os.statvfs(f"{folder}/disk").f_bavail:
                try:
                    os.write(file.fileno(), bytes(min(free * os.statvfs(f"{folder}/disk").f_frsize, 1 << 20)))
                except OSError:
                    break
        import_files(server, PYDICOM_FILES)
        wait_until(lambda: "a target of the index is down" in server.logged())
        assert len(server.search("studies?limit=1000")) > 20
        assert [row["StudyInstanceUID"] for row in read(lake, "study")] == [row[0] for row in before]
        os.unlink(ballast)
        assert len(caught_up(server, lake)) > 20
    finally:
        server.end()
        subprocess.run(["umount", f"{folder}/disk"], check=True)


@test
def a_lake_in_s3_is_the_same(folder):
    s3 = S3.start()
    if s3 is None:
        return
    os.environ.update(s3.environment)
    try:
        s3.make_bucket("lake")
        server = Server(folder, "--index-lake", s3.address("lake", "a/b"))
        import_files(server, PYDICOM_FILES)

        def copy():
            shutil.rmtree(f"{folder}/copy", ignore_errors=True)
            manifest = s3.get("lake", "a/b/manifest.json") or b'{"files":[]}'
            for name, body in [("manifest.json", manifest)] + [
                    (one["path"], s3.get("lake", f"a/b/{one['path']}")) for one in json.loads(manifest)["files"]]:
                os.makedirs(os.path.dirname(f"{folder}/copy/{name}"), exist_ok=True)
                with open(f"{folder}/copy/{name}", "wb") as file:
                    file.write(body)
            return f"{folder}/copy"
        wait_until(lambda: json.loads(server.get("/v1/queues/index-lake"))["waiting"] == 0)
        wait_until(lambda: json.loads(server.get("/v1/queues/index-lake"))["in_flight"] == 0)
        studies = caught_up(server, copy())
        assert len(studies) > 20
        delete_study(server, studies[0][0])
        wait_until(lambda: len(read(copy(), "study")) < len(studies))
        server.end()
    finally:
        for name in s3.environment:
            del os.environ[name]
        s3.end()


@test
def without_duckdb_it_starts_and_says_what_is_missing(folder):
    os.environ["LARMOR_DUCKDB"] = f"{folder}/no-such-library.so"
    try:
        Server(folder).end()
        done = subprocess.run([LARMOR, "serve", "--library", f"{folder}/larmor-library", "--port", "0", "--index-lake", f"{folder}/lake"],
                              check=False, capture_output=True, text=True, timeout=60)
        assert done.returncode != 0 and "DuckDB" in done.stderr and "no-such-library.so" in done.stderr, done
    finally:
        del os.environ["LARMOR_DUCKDB"]


if __name__ == "__main__":
    if os.uname().machine != "x86_64":
        print("SKIPPED: there is no DuckDB for this processor: NOTHING is tested of the lake")
        print("0 passed, 0 failed")
        sys.exit(0)
    sys.exit(scenarios.run())
