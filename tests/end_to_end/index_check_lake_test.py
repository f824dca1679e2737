#!/usr/bin/python3
"""A lake of Parquet files is proved equal to the catalog, in a folder and in S3: rows altered, dropped and doubled by hand are named and
repaired, beside changes, and on PostgreSQL. Ends with `N passed, N failed`."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from dimse import LARMOR, Server  # noqa: E402
from lib.duckdb import Duckdb  # noqa: E402
from lib.index import (  # noqa: E402
    check_is_clean, checks_beside_changes, delete_study, edit, import_files, names_and_repairs, wait_until_level, write_sets)
from lib.lake import LakeInS3, manifest_of, read  # noqa: E402
from lib.postgres import Postgres  # noqa: E402
from lib.scenarios import Scenarios  # noqa: E402

scenarios = Scenarios("index-check-lake")
test = scenarios.test
KEYS = {"patient": "patient_key", "study": "StudyInstanceUID", "series": "SeriesInstanceUID", "instance": "SOPInstanceUID",
        "image_set": "image_set_id"}
ALTERED = {"patient": ("PatientName", "'BY^HAND'"), "study": ("StudyDescription", "'by hand'"), "series": ("Modality", "'XX'"),
           "instance": ("InstanceNumber", "4711"), "image_set": ("instances", "4711")}


def rows_of(lake):
    """All that readers see, but for where the log stood."""
    return {table: sorted(({name: value for name, value in row.items() if name not in ("larmor_epoch", "larmor_sequence")}
                           for row in read(lake, table)), key=lambda row, key=key: row[key]) for table, key in KEYS.items()}


def damage(lake, studies):
    """In each table a row of the first study is altered, one of the second dropped, one of the third doubled. Gives what differs then."""
    patients = {row["StudyInstanceUID"]: row["patient_key"] for row in read(lake, "study")}
    series = {row["StudyInstanceUID"]: row["SeriesInstanceUID"] for row in read(lake, "series")}
    duckdb = Duckdb(LARMOR)
    for file in manifest_of(lake)["files"]:
        table = file["table"]
        where = [f"patient_key = '{patients[study]}'" if table == "patient" else
                 f"SeriesInstanceUID = '{series[study]}'" if table == "image_set" else f"StudyInstanceUID = '{study}'" for study in studies]
        column, value = ALTERED[table]
        duckdb.rewrite(f"{lake}/{file['path']}", " OR ".join(where),
                       f"SELECT * REPLACE (CASE WHEN {where[0]} THEN {value} ELSE {column} END AS {column}) FROM rows"
                       f" WHERE NOT coalesce({where[1]}, false) UNION ALL SELECT * FROM rows WHERE {where[2]}")
    duckdb.end()
    return {(study, table) for study in studies for table in ALTERED}


def is_right_afterwards(server, lake, study):
    """Who writes on knows of what was repaired."""
    edit(server, f"studies/{study}", {"Patient": {"DICOM": {"PatientName": "AFTER^WARDS"}}})
    wait_until_level(server, "lake")
    check_is_clean(server, "lake")
    assert [row["PatientName"] for row in read(lake(), "patient")].count("AFTER^WARDS") == 1


@test
def rows_that_were_changed_by_hand_are_named_and_repaired(folder):
    lake = f"{folder}/lake"
    server = Server(folder, "--index-lake", lake)
    try:
        studies = write_sets(f"{folder}/files", 6)
        import_files(server, f"{folder}/files")
        delete_study(server, studies[5])
        wait_until_level(server, "lake")
        check_is_clean(server, "lake")
        before = rows_of(lake)
        names_and_repairs(server, "lake", damage(lake, studies[:3]))
        assert rows_of(lake) == before
        is_right_afterwards(server, lambda: lake, studies[1])
    finally:
        server.end()


@test
def objects_that_were_changed_by_hand_are_named_and_repaired(folder):
    lake = LakeInS3.start(folder)
    if lake is None:
        return
    try:
        server = Server(folder, "--index-lake", lake.address)
        studies = write_sets(f"{folder}/files", 6)
        import_files(server, f"{folder}/files")
        wait_until_level(server, "lake")
        check_is_clean(server, "lake")
        copy = lake.copy()
        before = rows_of(copy)
        expected = damage(copy, studies[:3])
        lake.put_back()
        names_and_repairs(server, "lake", expected)
        assert rows_of(lake.copy()) == before
        is_right_afterwards(server, lake.copy, studies[1])
        server.end()
    finally:
        lake.end()


@test
def changes_beside_a_check_are_no_drift_and_none_is_lost_to_a_repair(folder):
    lake = f"{folder}/lake"
    server = Server(folder, "--index-lake", lake)
    try:
        names = checks_beside_changes(server, "lake", folder)
        assert sorted(row["PatientName"] for row in read(lake, "patient")) == sorted(names.values())
    finally:
        server.end()


@test
def of_levels_that_are_not_kept_nothing_is_missing(folder):
    lake = f"{folder}/lake"
    server = Server(folder, "--index-lake", lake, "--index-lake-levels", "study,series")
    try:
        write_sets(f"{folder}/files", 2)
        import_files(server, f"{folder}/files")
        wait_until_level(server, "lake")
        check_is_clean(server, "lake")
    finally:
        server.end()


@test
def on_postgres_it_is_checked_and_repaired_too(folder):
    lake, postgres = f"{folder}/lake", Postgres()
    os.environ["LARMOR_DB"] = postgres.make_database("checked")
    server = Server(folder, "--index-lake", lake)
    try:
        studies = write_sets(f"{folder}/files", 6)
        import_files(server, f"{folder}/files")
        wait_until_level(server, "lake")
        check_is_clean(server, "lake")
        names_and_repairs(server, "lake", damage(lake, studies[:3]))
    finally:
        server.end()
        del os.environ["LARMOR_DB"]
        postgres.end()


if __name__ == "__main__":
    if os.uname().machine != "x86_64":
        print("SKIPPED: there is no DuckDB for this processor: NOTHING is tested of the lake")
        print("0 passed, 0 failed")
        sys.exit(0)
    sys.exit(scenarios.run())
