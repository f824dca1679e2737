#!/usr/bin/python3
"""What is imported, edited, deleted and recovered reaches a lake of Parquet files, in a folder and in S3: read with hyparquet and compared
with what pydicom reads and the catalog counts. Ends with `N passed, N failed`."""
import collections
import contextlib
import glob
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
import warnings

import pydicom

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from dimse import LARMOR, PYDICOM_FILES, Server, wait_until  # noqa: E402
from lib.index import (as_stored, delete_study, edit, import_files, instances_of_pydicom, queue_of, rebuild, recover,  # noqa: E402
                       studies_of_catalog, wait_until_applied, write_mister_ct, write_sets)
from lib.lake import LakeInS3, SmallDisk, commits_of, lake_studies, manifest_of, read  # noqa: E402
from lib.postgres import Postgres  # noqa: E402
from lib.scenarios import Scenarios  # noqa: E402

warnings.simplefilter("ignore")
scenarios = Scenarios("lake")
test = scenarios.test
FILES_MAX = 21  # of a partition with fewer than a million rows: docs/formats/lake.md


def caught_up(server, lake):
    """Waits until no message waits, then gives the studies with their counts; they are those of the catalog."""
    wait_until_applied(server, "lake")
    rows, studies = lake_studies(lake), studies_of_catalog(server)
    assert rows == studies, (set(rows) ^ set(studies))
    instances = read(lake, "instance")
    assert len({row["SOPInstanceUID"] for row in instances}) == len(instances) == sum(row[2] for row in rows)
    partitions = collections.Counter((one["table"], one["study_month"]) for one in manifest_of(lake)["files"])
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
        for path, read_by_pydicom in instances_of_pydicom():
            row = instances.get(read_by_pydicom.SOPInstanceUID)
            if row is None:
                continue
            data_set = as_stored(server, read_by_pydicom)
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
def files_have_types_statistics_and_row_groups_that_other_readers_know(folder):
    lake = f"{folder}/lake"
    server = Server(folder, "--index-lake", lake)
    try:
        import_files(server, PYDICOM_FILES)
        caught_up(server, lake)
    finally:
        server.end()
    expected = {"study": {"StudyInstanceUID": "BYTE_ARRAY UTF8", "StudyDate": "INT32 DATE", "StudyTime": "INT64 TIME_MICROS",
                          "PatientWeight": "DOUBLE", "NumberOfStudyRelatedSeries": "INT32 INT_32", "larmor_sequence": "INT64 INT_64"},
                "instance": {"SOPInstanceUID": "BYTE_ARRAY UTF8", "Rows": "INT32 INT_32", "SliceLocation": "DOUBLE", "ImageType": "BYTE_ARRAY UTF8",
                             "AcquisitionDate": "INT32 DATE", "AcquisitionTime": "INT64 TIME_MICROS", "image_set_version": "INT64 INT_64"},
                "image_set": {"is_deleted": "BOOLEAN", "version": "INT64 INT_64"}}
    for table, types in expected.items():
        groups = read(lake, table, "--groups")
        assert groups, table
        for group in groups:
            assert {name: group["columns"][name][0] for name in types} == types, group
    data_set = pydicom.dcmread(f"{PYDICOM_FILES}/CT_small.dcm")
    (study,) = [row for row in read(lake, "study") if row["StudyInstanceUID"] == data_set.StudyInstanceUID]
    time_of_day = pydicom.valuerep.TM(data_set.StudyTime)
    seconds = time_of_day.hour * 3600 + time_of_day.minute * 60 + time_of_day.second
    assert study["StudyTime"] == seconds * 1_000_000 + time_of_day.microsecond, (study["StudyTime"], data_set.StudyTime)

    # A file of several row groups, which our own test wrote: of 135,000 instances of three studies.
    subprocess.run([f"{os.path.dirname(LARMOR)}/index_lake_test", "--gtest_filter=*HaveRowGroups*"], check=True, capture_output=True, timeout=300,
                   env={**os.environ, "LARMOR_LAKE_LEFT_IN": f"{folder}/large"})
    groups = read(f"{folder}/large", "instance", "--groups")
    assert [group["rows"] for group in groups] == [122_880, 12_120], groups
    assert [group["columns"]["StudyInstanceUID"][1:] for group in groups] == [["1.2.0", "1.2.2"], ["1.2.2", "1.2.2"]], groups
    assert [group["columns"]["InstanceNumber"][1:] for group in groups] == [[1, 45_000], [32_881, 45_000]], groups
    uids = [row["SOPInstanceUID"] for row in read(f"{folder}/large", "instance")]
    assert len(set(uids)) == len(uids) == 135_000


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
        recover(server, deletion)
        assert caught_up(server, lake) == studies
    finally:
        server.end()


@test
def a_patient_that_is_renamed_over_two_series_and_111_instances_is_renamed_in_every_row(folder):
    """The acceptance test of the sample for AWS HealthImaging: MISTER^CT becomes ANON^ANON; then the study gets another date."""
    lake = f"{folder}/lake"
    server = Server(folder, "--index-lake", lake)
    try:
        study = write_mister_ct(f"{folder}/files")
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


def kill(server):
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    server.process.stdout.close()


@test
def what_was_there_before_the_lake_is_in_it_also_when_the_server_is_killed_again_and_again(folder):
    server = Server(folder)
    import_files(server, PYDICOM_FILES)
    server.end()
    lake = f"{folder}/lake"
    for pause in (0.2, 0.7, 1.2, 1.6):
        server = Server(folder, "--index-lake", lake)
        time.sleep(pause)  # the moment is what is tested
        kill(server)
    server = Server(folder, "--index-lake", lake)
    try:
        # What the killed ones had in hand comes back in two minutes; the same again comes now.
        rebuild(server, "lake")
        studies = studies_of_catalog(server)
        wait_until(lambda: os.path.exists(f"{lake}/manifest.json") and lake_studies(lake) == studies, 240)
        instances = [row["SOPInstanceUID"] for row in read(lake, "instance")]
        assert len(set(instances)) == len(instances) == sum(row[2] for row in studies)
    finally:
        server.end()


@test
def what_a_killed_server_had_in_hand_comes_back_in_few_commits(folder):
    lake = f"{folder}/lake"
    Server(folder, "--index-lake", lake).end()
    # Two minutes in earnest.
    with contextlib.closing(sqlite3.connect(f"{folder}/larmor-library/library.sqlite")) as database, database:
        database.execute("UPDATE queues SET visibility_timeout = 3000000 WHERE name = 'index-lake'")
    write_sets(f"{folder}/files", 120)
    server = Server(folder, "--index-lake", lake)
    import_files(server, f"{folder}/files")
    wait_until(lambda: queue_of(server, "lake")["in_flight"] >= 60)
    kill(server)
    server = Server(folder, "--index-lake", lake)
    try:
        commits = commits_of(lake)
        assert len(caught_up(server, lake)) == 120
        assert commits_of(lake) - commits <= 12, (commits, commits_of(lake))
    finally:
        server.end()


@test
def on_a_full_disk_messages_wait_and_none_is_lost(folder):
    disk = SmallDisk.mount(folder)
    if disk is None:
        return
    lake = f"{disk.path}/lake"
    server = Server(folder, "--index-lake", lake)
    try:
        import_files(server, f"{PYDICOM_FILES}/CT_small.dcm")
        caught_up(server, lake)
        studies = write_sets(f"{folder}/files", 60)

        def downs():
            return [line for line in server.logged().splitlines() if "a target of the index is down" in line]
        # Where it is in the way differs: of data files, of a manifest, of what readers read, or not at all.
        for turn, left in enumerate((0, 24 << 10, 48 << 10)):
            before, known, told = manifest_of(lake), lake_studies(lake), len(downs())
            disk.fill(left)
            import_files(server, *(f"{folder}/files/{number:04}-0.dcm" for number in range(20 * turn, 20 * turn + 20)))
            if left == 0:
                wait_until(lambda: len(downs()) > told)
                assert "no room for the lake" in downs()[-1] and "No space left on device" in downs()[-1], downs()
                assert lake_studies(lake) == known
            else:
                wait_until(lambda: len(downs()) > told or queue_of(server, "lake")["depth"] == 0)
            assert len(server.search("studies?limit=1000")) == 20 * turn + 21
            # What was there can be read, by who begins now and by who began before.
            assert set(known) <= set(lake_studies(lake))
            assert all(os.path.getsize(f"{lake}/{one['path']}") == one["bytes"] for one in before["files"])
            disk.make_room()
            assert len(caught_up(server, lake)) == 20 * turn + 21
            assert all(os.path.getsize(f"{lake}/{one['path']}") == one["bytes"] for one in before["files"])
        assert {row[0] for row in lake_studies(lake)} >= set(studies)
    finally:
        server.end()
        disk.unmount()


@test
def a_lake_in_s3_is_the_same(folder):
    lake = LakeInS3.start(folder)
    if lake is None:
        return
    try:
        server = Server(folder, "--index-lake", lake.address)
        import_files(server, PYDICOM_FILES)
        wait_until_applied(server, "lake")
        studies = caught_up(server, lake.copy())
        assert len(studies) > 20
        delete_study(server, studies[0][0])
        wait_until_applied(server, "lake")
        assert caught_up(server, lake.copy()) == studies[1:]
        server.end()
    finally:
        lake.end()


@test
def two_processes_share_a_lake_in_s3_and_one_is_killed_in_the_middle(folder):
    lake, postgres = LakeInS3.start(folder), Postgres()
    if lake is None:
        postgres.end()
        return
    os.environ["LARMOR_DB"] = postgres.make_database("lake")
    worker_command = [LARMOR, "serve", "--role", "worker", "--library", f"{folder}/larmor-library", "--index-lake", lake.address]
    try:
        server = Server(folder, "--index-lake", lake.address, "--index-batch", "5")
        postgres.ask("lake", "UPDATE queues SET visibility_timeout = 3000000 WHERE name = 'index-lake'")
        server.end()
        server = Server(folder, "--index-lake", lake.address, "--index-batch", "5")
        studies = sorted(write_sets(f"{folder}/files", 150))
        for turn in range(3):
            worker = subprocess.Popen([*worker_command, "--index-batch", "5"], stdout=subprocess.PIPE, text=True)
            assert "works on the queues" in worker.stdout.readline()
            files = [f"{folder}/files/{number:04}-0.dcm" for number in range(50 * turn, 50 * turn + 50)]
            for at in range(0, 50, 10):
                import_files(server, *files[at:at + 10])
            time.sleep(0.7 * turn)  # the moment is what is tested
            worker.kill()
            worker.wait()
            worker.stdout.close()
        wait_until_applied(server, "lake", 120)
        assert [row[0] for row in caught_up(server, lake.copy())] == studies
        server.end()
    finally:
        del os.environ["LARMOR_DB"]
        postgres.end()
        lake.end()


@test
def levels_are_kept_as_asked_and_a_rebuild_brings_the_others(folder):
    lake = f"{folder}/lake"
    server = Server(folder, "--index-lake", lake, "--index-lake-levels", "study,series")
    try:
        import_files(server, f"{PYDICOM_FILES}/CT_small.dcm")
        wait_until_applied(server, "lake")
        (patient,), (study,), (series,) = read(lake, "patient"), read(lake, "study"), read(lake, "series")
        assert (patient["PatientID"], patient["PatientName"], patient["NumberOfPatientRelatedInstances"]) == ("1CT1", None, 1), patient
        assert (study["StudyID"], study["study_month"], series["Modality"]) == ("1CT1", "2004-01", "CT"), (study, series)
        assert read(lake, "instance") == []
    finally:
        server.end()
    server = Server(folder, "--index-lake", lake)
    try:
        rebuild(server, "lake")
        wait_until(lambda: read(lake, "instance") != [])
        caught_up(server, lake)
        (patient,), (instance,) = read(lake, "patient"), read(lake, "instance")
        assert (patient["PatientName"], instance["Rows"]) == ("CompressedSamples^CT1", 128), (patient, instance)
    finally:
        server.end()


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


@test
def duckdb_uses_what_it_brings_and_not_what_our_process_has_of_the_same_name(folder):
    library = os.environ.get("LARMOR_DUCKDB", f"{os.path.dirname(os.path.dirname(os.path.realpath(LARMOR)))}/lib/larmor/libduckdb.so")
    brought = dict(reversed(line.split()[-2:]) for line in
                   subprocess.run(["nm", "-D", "--defined-only", library], check=True, capture_output=True, text=True).stdout.splitlines())
    os.environ.update(LD_DEBUG="bindings", LD_DEBUG_OUTPUT=f"{folder}/bindings")
    try:
        Server(folder, "--index-lake", f"{folder}/lake").end()
    finally:
        del os.environ["LD_DEBUG"], os.environ["LD_DEBUG_OUTPUT"]
    bindings = set()
    for path in glob.glob(f"{folder}/bindings.*"):
        with open(path, encoding="utf-8", errors="replace") as lines:
            bindings.update(re.findall(r"binding file \S*libduckdb\.so \[0\] to (\S+) \[0\]: \S+ symbol `([^']+)'", lines.read()))
    assert len(bindings) > 10000, len(bindings)
    # Of those that nm calls `u` the loader lets a process have one alone: they are the standard library's, the same in all.
    elsewhere = {(name, where) for where, name in bindings
                 if name in brought and "libduckdb" not in where and not (brought[name] == "u" and name.startswith(("_ZNSt", "_ZZNSt")))}
    assert not elsewhere, elsewhere


if __name__ == "__main__":
    if os.uname().machine != "x86_64":
        print("SKIPPED: there is no DuckDB for this processor: NOTHING is tested of the lake")
        print("0 passed, 0 failed")
        sys.exit(0)
    sys.exit(scenarios.run())
