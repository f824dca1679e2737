#!/usr/bin/python3
"""Image sets that are edited, copied, promoted and deleted, as pydicom and DCMTK read what comes of it over DICOMweb and DIMSE.
Ends with `N passed, N failed`."""
import glob
import io
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
import warnings

import pydicom

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from dimse import LARMOR, PYDICOM_FILES, Server, run  # noqa: E402
from lib.scenarios import Scenarios  # noqa: E402

warnings.simplefilter("ignore")
scenarios = Scenarios("image sets")
test = scenarios.test
CT = f"{PYDICOM_FILES}/CT_small.dcm"


def ask(server, method, path, body=None):
    """(status, what the answer says, where it points)"""
    request = urllib.request.Request(server.url + path, method=method, data=None if body is None else json.dumps(body).encode(),
                                     headers={"Authorization": f"Bearer {server.token}", "Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
            return answer.status, json.loads(text) if text else {}, answer.headers.get("Location")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read()), None


def edit(server, image_set, attributes):
    status, said, _ = ask(server, "POST", f"/v1/image-sets/{image_set}/edits", {"updatableAttributes": attributes})
    assert status == 200, said


def copy(server, image_set, body, wanted=201):
    status, said, _ = ask(server, "POST", f"/v1/image-sets/{image_set}/copy", body)
    assert status == wanted, (status, said)
    return said


def library(folder):
    """A server with one CT, what pydicom reads of the file, and the id of its image set."""
    server = Server(folder)
    subprocess.run([LARMOR, "import", "--library", server.library, CT], check=True, capture_output=True, timeout=60)
    return server, pydicom.dcmread(CT), image_sets_in(events_of(server, 1))[0]


def events_of(server, count):
    """The first ones of image sets, in the order of the log: waits until there are that many."""
    request = urllib.request.Request(f"{server.url}/v1/events", headers={"Authorization": f"Bearer {server.token}",
                                                                         "Last-Event-ID": "1-0", "Accept": "text/event-stream"})
    found = []
    with urllib.request.urlopen(request, timeout=60) as stream:
        while len(found) < count:
            line = stream.readline()
            assert line, "the stream ended"
            if line.startswith(b"data:"):
                event = json.loads(line[5:])
                found += [event] if event["type"].startswith("Image Set ") else []
    return found


def image_sets_in(events):
    return list(dict.fromkeys(event["data"]["imageSetId"] for event in events))


def path_of(data_set):
    return (f"/dicomweb/studies/{data_set.StudyInstanceUID}/series/{data_set.SeriesInstanceUID}"
            f"/instances/{data_set.SOPInstanceUID}")


def file_of(server, data_set, query=""):
    body = server.get(path_of(data_set) + query, 'multipart/related; type="application/dicom"; transfer-syntax=*')
    return body[body.index(b"\r\n\r\n") + 4:body.rindex(b"\r\n--")]


def read(file):
    return pydicom.dcmread(io.BytesIO(file))


def check_edited(edited, original, name):
    """As pydicom reads it."""
    assert str(edited.PatientName) == name
    assert edited.PixelData == original.PixelData and edited.SOPInstanceUID == original.SOPInstanceUID
    item = edited.OriginalAttributesSequence[-1]
    before = item.ModifiedAttributesSequence[0]
    assert before.PatientName == original.PatientName, before
    assert (item.ModifyingSystem, item.ReasonForTheAttributeModification) == ("LARMOR", "CORRECT")
    changed = {"PatientName", "OriginalAttributesSequence", "SeriesDescription", "SpecificCharacterSet"}
    for element in original:
        if element.keyword not in changed and element.tag.group != 0x0008:
            assert edited[element.tag].value == element.value, element.tag


@test
def an_edited_instance_is_read_as_edited_by_pydicom_and_dcmtk(folder):
    server, original, image_set = library(folder)
    edit(server, image_set, {"Patient": {"DICOM": {"PatientName": "Edited^Name"}}})
    file = file_of(server, original)
    check_edited(read(file), original, "Edited^Name")
    with open(f"{folder}/edited.dcm", "wb") as out:
        out.write(file)
    os.mkdir(f"{folder}/got")
    code, said = run("getscu", "-S", "-aec", "LARMOR", "-od", f"{folder}/got", "+B", "127.0.0.1", server.port,
                     "-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={original.StudyInstanceUID}")
    got = glob.glob(f"{folder}/got/*")
    assert code == 0 and len(got) == 1, said
    check_edited(pydicom.dcmread(got[0]), original, "Edited^Name")
    for path in (f"{folder}/edited.dcm", got[0]):
        code, dump = run("dcmdump", "+P", "PatientName", "+P", "ModifiedAttributesSequence", path)
        assert code == 0, dump
        lines = [line.strip() for line in dump.splitlines()]
        assert any(line.startswith("(0010,0010) PN [Edited^Name]") for line in lines), dump
        assert any(line.startswith(f"(0010,0010) PN [{original.PatientName}]") for line in lines), dump
        code, said = run("dcm2img" if os.path.exists("/usr/bin/dcm2img") else "dcm2pnm", "--write-raw-pnm", path, f"{folder}/picture")
        assert code == 0, said
    server.end()


@test
def a_copy_is_read_by_its_id_and_shown_once_it_is_promoted(folder):
    server, original, source = library(folder)
    copied = copy(server, source, {"latestVersionId": "1"})
    made = copied["destination"]
    assert (made["imageSetWorkflowStatus"], made["isPrimary"], made["versionId"]) == ("COPIED", False, "1"), made
    edit(server, made["imageSetId"], {"Patient": {"DICOM": {"PatientName": "Of^Copy"}}})
    assert file_of(server, original) == open(CT, "rb").read(), "unedited, it is as it was stored"
    check_edited(read(file_of(server, original, f"?imageSetId={made['imageSetId']}")), original, "Of^Copy")
    frame = server.get(f"{path_of(original)}/frames/1?imageSetId={made['imageSetId']}", "multipart/related; type=application/octet-stream")
    assert original.PixelData in frame
    studies = server.search(f"studies?StudyInstanceUID={original.StudyInstanceUID}")
    assert studies[0]["00201208"]["Value"] == [1], "copies are not counted"
    assert ask(server, "POST", f"/v1/image-sets/{made['imageSetId']}/copy", {"promoteToPrimary": True})[0] == 409

    promoted = copy(server, made["imageSetId"], {"promoteToPrimary": True, "force": True})
    assert promoted["demoted"]["imageSetId"] == source and promoted["destination"]["isPrimary"] is True, promoted
    check_edited(read(file_of(server, original)), original, "Of^Copy")
    names = server.search("studies?PatientName=Of%5ECopy")
    assert [one["0020000D"]["Value"][0] for one in names] == [original.StudyInstanceUID]
    server.end()
    code, said = run(LARMOR, "fsck", "--library", server.library)
    assert code == 0, said


@test
def what_a_copy_shares_stays_until_its_last_owner_is_gone(folder):
    server, original, source = library(folder)
    made = copy(server, source, {})["destination"]["imageSetId"]
    promoted = copy(server, made, {"promoteToPrimary": True, "force": True})["destination"]["imageSetId"]
    for gone in (source, made):
        status, _, place = ask(server, "DELETE", f"/v1/image-sets/{gone}")
        assert status == 204
        assert ask(server, "DELETE", place)[0] == 204, "purged"
        assert ask(server, "GET", f"/v1/image-sets/{gone}")[0] == 404
    assert file_of(server, original) == open(CT, "rb").read()
    assert file_of(server, original, f"?imageSetId={promoted}") == open(CT, "rb").read()
    server.end()
    code, said = run(LARMOR, "fsck", "--library", server.library)
    assert code == 0 and "no row points" not in said, said
    server = Server(folder)
    _, _, place = ask(server, "DELETE", f"/v1/image-sets/{promoted}")
    assert ask(server, "DELETE", place)[0] == 204
    assert server.search("studies") == []
    server.end()
    code, said = run(LARMOR, "fsck", "--library", server.library)
    assert code == 0 and "no row points" not in said, said


@test
def the_log_tells_the_states_of_the_service(folder):
    server, _, source = library(folder)
    edit(server, source, {"Patient": {"DICOM": {"PatientName": "A^B"}}})
    made = copy(server, source, {})["destination"]["imageSetId"]
    copy(server, made, {"destination": {"imageSetId": source}}, wanted=409)
    ask(server, "DELETE", f"/v1/image-sets/{made}")
    told = [(event["type"], event["data"]) for event in events_of(server, 7)]
    assert [name for name, _ in told] == [
        "Image Set Created", "Image Set Updating", "Image Set Updated", "Image Set Copying", "Image Set Copied",
        "Image Set Deleting", "Image Set Deleted"], told
    states = [(detail["imageSetVersion"], detail["imageSetState"], detail["imageSetWorkflowStatus"]) for _, detail in told]
    assert states == [("1", "ACTIVE", "CREATED"), ("2", "LOCKED", "UPDATING"), ("2", "ACTIVE", "UPDATED"),
                      ("1", "LOCKED", "COPYING"), ("1", "ACTIVE", "COPIED"), ("2", "LOCKED", "DELETING"), ("2", "DELETED", "DELETED")]
    assert all(detail["imageSetId"] == detail["imagesetId"] for _, detail in told)
    assert told[3][1]["sourceImageSetArn"].endswith(f"/imageset/{source}")
    server.end()


sys.exit(scenarios.run())
