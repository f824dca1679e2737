#!/usr/bin/python3
"""What is imported, deleted and recovered reaches MariaDB: rows compared with what pydicom reads, with the server stopped in between.
Ends with `N passed, N failed`."""
import os
import sys
import warnings

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from dimse import PYDICOM_FILES, Server  # noqa: E402
from lib.index import as_stored, delete_study, import_files, instances_of_pydicom, rebuild, recover  # noqa: E402
from lib.index_mysql import caught_up, main, with_target  # noqa: E402
from lib.mariadb import Mariadb  # noqa: E402
from lib.scenarios import Scenarios  # noqa: E402

warnings.simplefilter("ignore")
scenarios = Scenarios("index")
test = scenarios.test


def text_of(value):
    return "NULL" if value in (None, "") else str(value)


@test
@with_target()
def rows_are_what_pydicom_reads(_folder, server, database):
    import_files(server, PYDICOM_FILES)
    assert len(caught_up(server, database)) > 20
    compared = 0
    for path, data_set in instances_of_pydicom():
        found = database.rows("SELECT s.modality, i.rows, i.columns, i.bitsallocated, i.photometricinterpretation, i.sopclassuid,"
                              " REPLACE(t.studydate, '-', '') FROM instance i JOIN series s USING (series_pkey)"
                              f" JOIN study t USING (study_pkey) WHERE i.sopinstanceuid = '{data_set.SOPInstanceUID}'")
        if not found:
            continue
        stored = as_stored(server, data_set)
        expected = tuple(text_of(stored.get(name)) for name in
                         ("Modality", "Rows", "Columns", "BitsAllocated", "PhotometricInterpretation", "SOPClassUID"))
        assert found[0][:6] == expected, (os.path.basename(path), found, expected)
        compared += 1
    assert compared > 50, compared
    (name,) = database.rows("SELECT patientname FROM patient WHERE patientid = '1CT1'")
    assert name == ("CompressedSamples^CT1",), name


@test
@with_target()
def deleted_and_recovered_studies_go_and_come(_folder, server, database):
    import_files(server, f"{PYDICOM_FILES}/CT_small.dcm", f"{PYDICOM_FILES}/MR_small.dcm")
    studies = caught_up(server, database)
    assert len(studies) == 2, studies
    deletion = delete_study(server, studies[0][0])
    assert caught_up(server, database) == studies[1:]
    assert len(database.rows("SELECT 1 FROM patient")) == 1
    recover(server, deletion)
    assert caught_up(server, database) == studies


@test
@with_target()
def a_target_that_was_down_catches_up_and_nobody_else_notices(_folder, server, database):
    import_files(server, f"{PYDICOM_FILES}/CT_small.dcm")
    caught_up(server, database)
    database.kill()
    import_files(server, PYDICOM_FILES)
    assert len(server.search("studies?limit=1000")) > 20
    database.start()
    assert len(caught_up(server, database)) > 20


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
        rebuild(server, "mysql")
        assert caught_up(server, database) == before
    finally:
        server.end()
        database.end()


if __name__ == "__main__":
    sys.exit(main(scenarios))
