#!/usr/bin/python3
"""A target of the index is proved equal to the catalog: drift by hand is named and repaired, beside changes; poison rests alone; a server
that stops and starts under load; positions that readers ask for; a target that is no longer kept. Ends with `N passed, N failed`."""
import glob
import json
import os
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from dimse import LARMOR, PYDICOM_FILES, Server, wait_until  # noqa: E402
from lib.index import check, check_is_clean, delete_study, edit, import_files, queue_of, recover, write_sets  # noqa: E402
from lib.index_mysql import caught_up, main, with_target  # noqa: E402
from lib.mariadb import Mariadb  # noqa: E402
from lib.scenarios import Scenarios  # noqa: E402

scenarios = Scenarios("index-check")
test = scenarios.test


def position(server):
    return json.loads(server.get("/v1/index/mysql"))["log"]


@test
@with_target()
def rows_that_were_changed_by_hand_are_named_and_repaired(_folder, server, database):
    import_files(server, PYDICOM_FILES)
    caught_up(server, database)
    check_is_clean(server, "mysql")
    (study,) = database.rows("SELECT studyinstanceuid FROM study JOIN patient USING (patient_pkey) WHERE patientid = '1CT1'")[0]
    database.rows("UPDATE patient SET patientname = 'BY^HAND' WHERE patientid = '1CT1';"
                  f"DELETE FROM instance WHERE series_pkey IN (SELECT series_pkey FROM series JOIN study USING (study_pkey)"
                  f" WHERE studyinstanceuid = '{study}');"
                  "INSERT INTO study (patient_pkey, studyinstanceuid) SELECT patient_pkey, '1.2.3.4' FROM patient LIMIT 1;"
                  "INSERT INTO patient (issuer_pkey, patientid) SELECT issuer_pkey, 'nobody' FROM patient LIMIT 1")
    expected = {(study, "patient"), (study, "instance"), ("1.2.3.4", "study"), ("1.2.3.4", "patient"), ("(no study)", "patient")}
    code, drift, text = check(server, "mysql")
    assert (code, drift) == (1, expected), text
    code, drift, text = check(server, "mysql", "--repair")
    assert (code, drift) == (0, expected), text
    check_is_clean(server, "mysql")
    caught_up(server, database)
    assert database.rows("SELECT patientname FROM patient WHERE patientid = '1CT1'") == [("CompressedSamples^CT1",)]
    (status,) = json.loads(server.get("/v1/index"))["targets"]
    assert status["sequence"] == status["log"] and status["held_by"] is None and status["kept_here"], status


@test
@with_target()
def changes_beside_a_check_are_no_drift_and_none_is_lost_to_a_repair(folder, server, database):
    studies = write_sets(f"{folder}/files", 12, series=2)
    import_files(server, f"{folder}/files")
    stop = threading.Event()
    names = {number: "CompressedSamples^CT1" for number in range(len(studies))}

    def change():
        number = 0
        while not stop.is_set():
            number += 1
            study = studies[number % len(studies)]
            names[number % len(studies)] = f"NAME^{number}"
            edit(server, f"studies/{study}", {"Patient": {"DICOM": {"PatientName": f"NAME^{number}"}}})
            if number % 7 == 0:
                deletion = delete_study(server, studies[0])
                recover(server, deletion)

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for number in range(6):
            code, drift, text = check(server, "mysql", *(["--repair"] if number % 2 else []))
            assert (code, drift) == (0, set()), text
    finally:
        stop.set()
        thread.join()
    caught_up(server, database)
    rows = dict(database.rows("SELECT patientid, patientname FROM patient"))
    assert rows == {f"P{number}": name for number, name in names.items()}, rows
    check_is_clean(server, "mysql")


@test
def a_poison_image_set_in_a_batch_of_forty_rests_alone_and_holds_the_sequence(folder):
    studies = write_sets(f"{folder}/files", 40)
    server = Server(folder)
    import_files(server, f"{folder}/files")
    server.end()
    database = Mariadb()
    server = Server(folder, "--index-mysql", database.url)
    try:
        caught_up(server, database)
        # NULL where there can be none: an error of this one document.
        database.rows("CREATE TRIGGER poison BEFORE UPDATE ON study FOR EACH ROW SET NEW.studyinstanceuid = IF(NEW.studyinstanceuid = "
                      f"'{studies[17]}' AND NEW.larmor_sequence <> OLD.larmor_sequence, NULL, NEW.studyinstanceuid)")
        before = position(server)
        for number, study in enumerate(studies):
            edit(server, f"studies/{study}", {"Study": {"DICOM": {"StudyDescription": f"new {number}"}}})
        wait_until(lambda: queue_of(server, "mysql")["dead"] == 1)
        wait_until(lambda: json.loads(server.get("/v1/index/mysql"))["lag"] == 0)
        rows = database.rows("SELECT studyinstanceuid FROM study WHERE studydescription NOT LIKE 'new %'")
        assert rows == [(studies[17],)], rows
        status = json.loads(server.get("/v1/index/mysql"))
        epoch, sequence = before.split("-")
        assert status["dead"] == 1 and status["held_by"] is not None, status
        # An edit is two events, Updating and Updated; no target applies the first of them.
        held_at = int(sequence) + 2 * 17 + 1
        assert status["sequence"] == f"{epoch}-{held_at}", (before, status)
        code, text = server.send("GET", f"/v1/index/mysql?at_least={held_at + 1}")
        assert code == 503 and b"dead letter" in text, text
        assert server.send("GET", f"/v1/index/mysql?at_least={held_at}")[0] == 200
        code, drift, text = check(server, "mysql")
        assert code == 1 and drift == {(studies[17], "study"), (studies[17], "larmor_applied"), (studies[17], "instance")}, text
        database.rows("DROP TRIGGER poison")
        subprocess.run([LARMOR, "queue", "redrive", "index-mysql", "--library", server.library, "--all"], check=True, capture_output=True)
        assert server.send("GET", f"/v1/index/mysql?at_least={int(sequence) + 2 * 40}&wait=30")[0] == 200
        assert database.rows("SELECT COUNT(*) FROM study WHERE studydescription LIKE 'new %'") == [("40",)]
    finally:
        server.end()
        database.end()


@test
@with_target()
def a_database_that_stops_and_starts_under_load_ends_equal(folder, server, database):
    studies = write_sets(f"{folder}/files", 60)
    thread = threading.Thread(target=import_files, args=(server, *sorted(glob.glob(f"{folder}/files/*"))))
    thread.start()
    for number in range(3):
        wait_until(lambda least=10 * number: len(server.search("studies?limit=1000")) >= least)
        database.kill()
        for study in [one["0020000D"]["Value"][0] for one in server.search("studies?limit=5")]:
            edit(server, f"studies/{study}", {"Study": {"DICOM": {"StudyDescription": f"edit {number}"}}})
        database.start()
    thread.join()
    assert len(caught_up(server, database)) == len(studies)
    check_is_clean(server, "mysql")


@test
@with_target()
def a_reader_gets_at_least_the_event_that_it_asks_for(_folder, server, database):
    import_files(server, f"{PYDICOM_FILES}/CT_small.dcm")
    (study,) = [one["0020000D"]["Value"][0] for one in server.search("studies")]
    for number in range(20):
        edit(server, f"studies/{study}", {"Patient": {"DICOM": {"PatientName": f"NAME^{number}"}}})
        assert server.send("GET", f"/v1/index/mysql?at_least={position(server)}&wait=20")[0] == 200
        assert database.rows("SELECT patientname FROM patient") == [(f"NAME^{number}",)]
    database.kill()
    edit(server, f"studies/{study}", {"Patient": {"DICOM": {"PatientName": "DOWN"}}})
    code, text = server.send("GET", f"/v1/index/mysql?at_least={position(server)}&wait=1")
    assert code == 503, text
    database.start()
    assert server.send("GET", f"/v1/index/mysql?at_least={position(server)}&wait=30")[0] == 200
    assert database.rows("SELECT patientname FROM patient") == [("DOWN",)]
    assert server.send("GET", "/v1/index/nothing")[0] == 404


@test
def a_target_that_nobody_keeps_is_told_of_and_can_be_removed(folder):
    database = Mariadb()
    server = Server(folder, "--index-mysql", database.url)
    import_files(server, f"{PYDICOM_FILES}/CT_small.dcm")
    caught_up(server, database)
    code, text = server.send("DELETE", "/v1/index/mysql")
    assert code == 409, text
    server.end()
    server = Server(folder)
    try:
        assert "larmor index remove" in server.logged(), server.logged()
        import_files(server, f"{PYDICOM_FILES}/MR_small.dcm")
        status = json.loads(server.get("/v1/index/mysql"))
        # The image set, and what its import told of itself.
        assert status["lag"] == 4 and not status["kept_here"] and status["sequence"] != status["log"], status
        subprocess.run([LARMOR, "index", "remove", "mysql", "--library", server.library], check=True, capture_output=True)
        assert json.loads(server.get("/v1/index"))["targets"] == []
        import_files(server, f"{PYDICOM_FILES}/rtplan.dcm")
        assert queue_of(server, "mysql")["waiting"] == 0
        server.end()
        # Kept again, it gets what it missed.
        server = Server(folder, "--index-mysql", database.url)
        assert len(caught_up(server, database)) == 3
    finally:
        server.end()
        database.end()


@test
@with_target("--index-mysql-levels", "patient,study")
def levels_that_are_not_wanted_have_keys_only(_folder, server, database):
    import_files(server, f"{PYDICOM_FILES}/CT_small.dcm")
    caught_up(server, database)
    rows = database.rows("SELECT patientname, studyid, modality, numberofseriesrelatedinstances FROM full_series_view")
    assert rows == [("CompressedSamples^CT1", "1CT1", "NULL", "1")], rows
    assert database.rows("SELECT 1 FROM instance") == []
    check_is_clean(server, "mysql")


if __name__ == "__main__":
    sys.exit(main(scenarios))
