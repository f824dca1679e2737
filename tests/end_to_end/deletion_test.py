#!/usr/bin/python3
"""DELETE of studies, series and instances by the running program: gone at once everywhere, recovered as they were, kept by
backups, removed for good when their time is up, also across kills. Ends with `N passed, N failed`."""
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import pydicom

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from dimse import LARMOR, PYDICOM_FILES, Server, run, wait_until  # noqa: E402
from lib.scenarios import Scenarios  # noqa: E402

scenarios = Scenarios("deletion")
test = scenarios.test
FILES = [f"{PYDICOM_FILES}/{name}" for name in ("CT_small.dcm", "MR_small.dcm", "rtplan.dcm")]
CT = pydicom.dcmread(FILES[0])


def larmor(*arguments, code=0):
    done = subprocess.run([LARMOR, *arguments], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == code, (arguments, done.stdout + done.stderr)
    return done.stdout


def library(folder, *arguments):
    larmor("import", "--library", f"{folder}/larmor-library", *FILES)
    return Server(folder, *arguments)


def call(server, method, path):
    """(status, headers, body)"""
    request = urllib.request.Request(server.url + path, method=method, headers={
        "Authorization": f"Bearer {server.token}", "Accept": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def delete(server, path):
    status, headers, body = call(server, "DELETE", "/dicomweb" + path)
    assert status == 204, (status, body)
    return headers["Location"]


def study_path(data_set):
    return f"/studies/{data_set.StudyInstanceUID}"


def instance_path(data_set):
    return f"{study_path(data_set)}/series/{data_set.SeriesInstanceUID}/instances/{data_set.SOPInstanceUID}"


def find(server, data_set):
    code, said = run("findscu", "-v", "-S", "-aec", "LARMOR", "127.0.0.1", server.port, "-k", "QueryRetrieveLevel=STUDY",
                     "-k", f"StudyInstanceUID={data_set.StudyInstanceUID}")
    assert code == 0, said
    return said.count("(Pending)")


def clean(folder, instances):
    said = larmor("fsck", "--library", folder)
    assert "0 errors" in said and f"{instances} instances" in said, said


@test
def what_is_deleted_is_found_neither_by_qido_nor_by_c_find_and_comes_back_as_it_was(folder):
    server = library(folder)
    assert find(server, CT) == 1
    deletion = delete(server, study_path(CT))
    assert find(server, CT) == 0
    assert len(server.search("studies")) == 2
    assert call(server, "GET", "/dicomweb" + instance_path(CT))[0] == 404
    assert call(server, "DELETE", "/dicomweb" + study_path(CT))[0] == 404
    listed = larmor("deleted", "list", "--library", server.library)
    assert CT.StudyInstanceUID in listed and deletion.rsplit("/", 1)[1] in listed, listed
    said = larmor("deleted", "recover", deletion.rsplit("/", 1)[1], "--library", server.library)
    assert said == "1 instances recovered\n", said
    assert find(server, CT) == 1
    with open(FILES[0], "rb") as file:
        assert server.stored(CT) == file.read()
    server.end()
    clean(server.library, 3)
    trail = larmor("audit", "verify", "--library", server.library)
    assert "damaged" not in trail, trail


@test
def without_a_server_the_command_works_on_the_library(folder):
    server = library(folder)
    deletion = delete(server, instance_path(CT)).rsplit("/", 1)[1]
    server.end()
    assert deletion in larmor("deleted", "list", "--library", server.library)
    larmor("deleted", "recover", deletion, "--library", server.library)
    larmor("deleted", "recover", deletion, "--library", server.library, code=1)
    server = Server(folder)
    deletion = delete(server, instance_path(CT)).rsplit("/", 1)[1]
    server.end()
    clean(server.library, 3)
    larmor("deleted", "purge", deletion, "--library", server.library)
    clean(server.library, 2)


@test
def when_its_time_is_up_it_is_removed_for_good(folder):
    server = library(folder, "--delete-keep", "1s")
    delete(server, study_path(CT))
    wait_until(lambda: json.loads(server.get("/v1/deletions")) == [])
    assert server.metric("larmor_purged_instances_total") == 1
    server.end()
    clean(server.library, 2)


@test
def a_kill_at_any_moment_loses_no_deletion_and_no_instance(folder):
    server = library(folder, "--delete-keep", "1s")
    delete(server, study_path(CT))
    server.process.send_signal(signal.SIGKILL)
    server.process.wait(60)
    server = Server(folder, "--delete-keep", "1s")
    assert len(server.search("studies")) == 2, "what was acknowledged as deleted stays so"
    wait_until(lambda: json.loads(server.get("/v1/deletions")) == [])
    # In the middle of deletions and purges.
    for path in [*FILES[1:], *FILES[:1]]:
        data_set = pydicom.dcmread(path)
        larmor("import", "--library", server.library, path)
        delete(server, study_path(data_set))
        server.process.send_signal(signal.SIGKILL)
        server.process.wait(60)
        server = Server(folder, "--delete-keep", "1s")
    wait_until(lambda: json.loads(server.get("/v1/deletions")) == [])
    server.end()
    clean(server.library, 0)


@test
def a_backup_and_its_restore_know_what_is_deleted(folder):
    server = library(folder)
    deletion = delete(server, study_path(CT)).rsplit("/", 1)[1]
    larmor("backup", f"{folder}/copies", "--library", server.library)
    server.end()
    larmor("restore", f"{folder}/copies", "--library", f"{folder}/restored")
    clean(f"{folder}/restored", 3)
    larmor("deleted", "recover", deletion, "--library", f"{folder}/restored")
    restored = Server(folder, library="restored")
    with open(FILES[0], "rb") as file:
        assert restored.stored(CT) == file.read()
    restored.end()


if __name__ == "__main__":
    sys.exit(scenarios.run())
