"""What the scripts about targets of the index share: changes of a library, and the wait until a target has them."""
import glob
import json
import os
import subprocess
import threading
import urllib.request

import pydicom

from dimse import LARMOR, PYDICOM_FILES, wait_until


def import_files(server, *paths):
    subprocess.run([LARMOR, "import", "--keep-going", "--library", server.library, *paths], check=False, capture_output=True, timeout=120)


def delete_study(server, uid):
    """The id of the deletion."""
    request = urllib.request.Request(f"{server.url}/dicomweb/studies/{uid}", method="DELETE",
                                     headers={"Authorization": f"Bearer {server.token}"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.headers["Location"].rsplit("/", 1)[1]


def recover(server, deletion):
    subprocess.run([LARMOR, "deleted", "recover", deletion, "--library", server.library], check=True, capture_output=True)


def edit(server, what, attributes, force=False):
    status, answer = server.send("POST", f"/v1/{what}/edits", {"updatableAttributes": attributes, "force": force})
    assert status == 200, (status, answer)


def queue_of(server, target):
    return json.loads(server.get(f"/v1/queues/index-{target}"))


def wait_until_applied(server, target, seconds=60):
    """Until no message waits; none has become a dead letter."""
    def is_empty():
        queue = queue_of(server, target)
        assert queue["dead"] == 0, server.logged()
        return queue["waiting"] + queue["delayed"] + queue["in_flight"] == 0
    wait_until(is_empty, seconds)


def wait_until_level(server, target):
    """Until the target's sequence is the log's; no message has become a dead letter."""
    def is_level():
        status = json.loads(server.get(f"/v1/index/{target}"))
        assert status["dead"] == 0, server.logged()
        return status["lag"] == 0
    wait_until(is_level)


def rebuild(server, target):
    subprocess.run([LARMOR, "index", "rebuild", target, "--library", server.library], check=True, capture_output=True)


def check(server, target, *arguments):
    """The exit code of a check, what differs as (study, table), and all that it says."""
    done = subprocess.run([LARMOR, "index", "check", target, "--library", server.library, *arguments], check=False, capture_output=True,
                          text=True, timeout=240)
    lines = [line.split("  ", 1) for line in done.stdout.splitlines() if ": " in line and "  " in line]
    return done.returncode, {(study, text.split(":")[0]) for study, text in lines}, done.stdout + done.stderr


def last_check(server, target):
    """As the API has it."""
    (status,) = [one for one in json.loads(server.get("/v1/index"))["targets"] if one["name"] == target]
    return status["last_check"]


def check_is_clean(server, target):
    code, drift, text = check(server, target)
    assert (code, drift) == (0, set()), text
    last = last_check(server, target)
    assert last["state"] == "succeeded" and last["result"]["drift"] == 0, last


def names_and_repairs(server, target, expected):
    """A check names at least what is expected, by the API as well, and what was repaired is clean."""
    code, drift, text = check(server, target)
    assert code == 1 and expected <= drift, (expected - drift, text)
    result = last_check(server, target)["result"]
    assert result["drift"] == len(drift) and result["repaired"] == 0, result
    code, drift, text = check(server, target, "--repair")
    assert code == 0 and expected <= drift, text
    check_is_clean(server, target)


def checks_beside_changes(server, target, folder):
    """Image sets are edited, deleted and recovered while checks run, the later ones with repairs. None finds drift, and all changes are there
    afterwards. Gives the last name of the patient by its study."""
    studies = write_sets(f"{folder}/files", 12, series=2)
    import_files(server, f"{folder}/files")
    names = {}

    def change(turn):
        # Each study changes, and then holds still: one that never does is not compared.
        for number, study in enumerate(studies):
            names[study] = f"NAME^{turn}^{number}"
            edit(server, f"studies/{study}", {"Patient": {"DICOM": {"PatientName": names[study]}}})
        recover(server, delete_study(server, studies[0]))

    for turn in range(4):
        thread = threading.Thread(target=change, args=(turn,))
        thread.start()
        code, drift, text = check(server, target, *(["--repair"] if turn > 1 else []))
        thread.join()
        assert (code, drift) == (0, set()), text
    wait_until_level(server, target)
    check_is_clean(server, target)
    return names


def studies_of_catalog(server):
    """UID, series and instances of each."""
    return sorted((study["0020000D"]["Value"][0], study["00201206"]["Value"][0], study["00201208"]["Value"][0])
                  for study in server.search("studies?limit=1000"))


def instances_of_pydicom():
    """Path and data set without pixels of each instance in pydicom's files that pydicom reads."""
    for path in glob.glob(f"{PYDICOM_FILES}/*.dcm"):
        try:
            data_set = pydicom.dcmread(path, stop_before_pixels=True)
        except Exception:  # files that no reader takes
            continue
        if "SOPInstanceUID" in data_set:
            yield path, data_set


def as_stored(server, data_set):
    """The same instance as the library has it, without pixels."""
    return pydicom.dcmread(pydicom.filebase.DicomBytesIO(server.stored(data_set)), stop_before_pixels=True)


def write_mister_ct(folder):
    """What the acceptance test of the sample for AWS HealthImaging begins with: two series, 111 instances. Gives the study's UID."""
    os.mkdir(folder)
    data_set = pydicom.dcmread(f"{PYDICOM_FILES}/CT_small.dcm")
    data_set.PatientName, data_set.PatientID = "MISTER^CT", "MR01"
    study = data_set.StudyInstanceUID
    for number in range(111):
        data_set.SeriesInstanceUID = f"{study}.{1 + number % 2}"
        data_set.SOPInstanceUID = data_set.file_meta.MediaStorageSOPInstanceUID = f"{study}.{1 + number % 2}.{number}"
        data_set.SeriesDescription = f"series {1 + number % 2}"
        data_set.save_as(f"{folder}/{number:03}.dcm")
    return study


def write_sets(folder, studies, series=1):
    """CT_small in many studies of many patients, each with some series of one instance. Gives the studies' UIDs."""
    os.makedirs(folder)
    data_set = pydicom.dcmread(f"{PYDICOM_FILES}/CT_small.dcm")
    root = f"{data_set.StudyInstanceUID}.7"
    for number in range(studies):
        data_set.StudyInstanceUID, data_set.PatientID = f"{root}.{number}", f"P{number}"
        for one in range(series):
            data_set.SeriesInstanceUID = f"{root}.{number}.{one}"
            data_set.SOPInstanceUID = data_set.file_meta.MediaStorageSOPInstanceUID = f"{root}.{number}.{one}.1"
            data_set.save_as(f"{folder}/{number:04}-{one}.dcm")
    return [f"{root}.{number}" for number in range(studies)]
