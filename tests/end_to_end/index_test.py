#!/usr/bin/python3
"""What is imported, deleted and recovered reaches MariaDB: rows compared with what pydicom reads, with the server stopped in between.
Ends with `N passed, N failed`."""
import glob
import os
import shutil
import subprocess
import sys
import warnings

import pydicom

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from dimse import LARMOR, PYDICOM_FILES, Server  # noqa: E402
from lib.index import delete_study, import_files, studies_of_catalog, wait_until_applied  # noqa: E402
from lib.mariadb import Mariadb  # noqa: E402
from lib.scenarios import Scenarios  # noqa: E402

warnings.simplefilter("ignore")
scenarios = Scenarios("index")
test = scenarios.test
COUNTS = ("SELECT studyinstanceuid, numberofstudyrelatedseries, numberofstudyrelatedinstances FROM study"
          " WHERE numberofstudyrelatedinstances > 0 ORDER BY 1")


def caught_up(server, database):
    """Waits until no message waits, then gives the studies with their counts; they are those of the catalog."""
    wait_until_applied(server, "mysql")
    studies = [(uid, str(series), str(instances)) for uid, series, instances in studies_of_catalog(server)]
    rows = database.rows(COUNTS)
    assert rows == studies, (set(rows) ^ set(studies))
    return rows


def text_of(value):
    return "NULL" if value in (None, "") else str(value)


@test
def rows_are_what_pydicom_reads(folder):
    database = Mariadb()
    server = Server(folder, "--index-mysql", database.url)
    try:
        import_files(server, PYDICOM_FILES)
        assert len(caught_up(server, database)) > 20
        compared = 0
        for path in glob.glob(f"{PYDICOM_FILES}/*.dcm"):
            try:
                data_set = pydicom.dcmread(path)
            except Exception:  # files that no reader takes
                continue
            if "SOPInstanceUID" not in data_set:
                continue
            found = database.rows("SELECT s.modality, i.rows, i.columns, i.bitsallocated, i.photometricinterpretation, i.sopclassuid,"
                                  " REPLACE(t.studydate, '-', '') FROM instance i JOIN series s USING (series_pkey)"
                                  f" JOIN study t USING (study_pkey) WHERE i.sopinstanceuid = '{data_set.SOPInstanceUID}'")
            if not found:
                continue
            stored = pydicom.dcmread(pydicom.filebase.DicomBytesIO(server.stored(data_set)), stop_before_pixels=True)
            expected = tuple(text_of(stored.get(name)) for name in
                             ("Modality", "Rows", "Columns", "BitsAllocated", "PhotometricInterpretation", "SOPClassUID"))
            assert found[0][:6] == expected, (os.path.basename(path), found, expected)
            compared += 1
        assert compared > 50, compared
        (name,) = database.rows("SELECT patientname FROM patient WHERE patientid = '1CT1'")
        assert name == ("CompressedSamples^CT1",), name
    finally:
        server.end()
        database.end()


@test
def deleted_and_recovered_studies_go_and_come(folder):
    database = Mariadb()
    server = Server(folder, "--index-mysql", database.url)
    try:
        import_files(server, f"{PYDICOM_FILES}/CT_small.dcm", f"{PYDICOM_FILES}/MR_small.dcm")
        studies = caught_up(server, database)
        assert len(studies) == 2, studies
        deletion = delete_study(server, studies[0][0])
        assert caught_up(server, database) == studies[1:]
        assert len(database.rows("SELECT 1 FROM patient")) == 1
        subprocess.run([LARMOR, "deleted", "recover", deletion, "--library", server.library], check=True, capture_output=True)
        assert caught_up(server, database) == studies
    finally:
        server.end()
        database.end()


@test
def a_target_that_was_down_catches_up_and_nobody_else_notices(folder):
    database = Mariadb()
    server = Server(folder, "--index-mysql", database.url)
    try:
        import_files(server, f"{PYDICOM_FILES}/CT_small.dcm")
        caught_up(server, database)
        database.kill()
        import_files(server, PYDICOM_FILES)
        assert len(server.search("studies?limit=1000")) > 20
        database.start()
        assert len(caught_up(server, database)) > 20
    finally:
        server.end()
        database.end()


@test
def what_was_there_before_the_target_is_indexed_too(folder):
    server = Server(folder)
    import_files(server, PYDICOM_FILES)
    server.end()
    database = Mariadb()
    server = Server(folder, "--index-mysql", database.url)
    try:
        before = caught_up(server, database)
        assert len(before) > 20
        # Rows that somebody else removed come back by a rebuild.
        database.rows("DELETE FROM patient; DELETE FROM larmor_applied")
        subprocess.run([LARMOR, "index", "rebuild", "mysql", "--library", server.library], check=True, capture_output=True)
        assert caught_up(server, database) == before
    finally:
        server.end()
        database.end()


if __name__ == "__main__":
    if not shutil.which("mariadb-install-db"):
        print("SKIPPED: MariaDB is not installed (./dev setup does it): NOTHING is tested on it")
        print("0 passed, 0 failed")
        sys.exit(0)
    sys.exit(scenarios.run())
