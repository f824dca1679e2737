"""What the scripts about targets of the index share: changes of a library, and the wait until a target has them."""
import json
import os
import subprocess
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


def edit(server, what, attributes, force=False):
    request = urllib.request.Request(f"{server.url}/v1/{what}/edits", method="POST",
                                     data=json.dumps({"updatableAttributes": attributes, "force": force}).encode(),
                                     headers={"Authorization": f"Bearer {server.token}", "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 200, answer.status


def queue_of(server, target):
    return json.loads(server.get(f"/v1/queues/index-{target}"))


def wait_until_applied(server, target, seconds=60):
    """Until no message waits; none has become a dead letter."""
    def is_empty():
        queue = queue_of(server, target)
        assert queue["dead"] == 0, server.logged()
        return queue["waiting"] + queue["delayed"] + queue["in_flight"] == 0
    wait_until(is_empty, seconds)


def studies_of_catalog(server):
    """UID, series and instances of each."""
    return sorted((study["0020000D"]["Value"][0], study["00201206"]["Value"][0], study["00201208"]["Value"][0])
                  for study in server.search("studies?limit=1000"))


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
