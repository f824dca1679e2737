#!/usr/bin/python3
"""C-FIND, C-MOVE and C-GET as DCMTK's findscu, movescu and getscu meet them, `larmor send` against storescp and
against ourselves. Ends with `N passed, N failed`."""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

import pydicom

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from dimse import LARMOR, PYDICOM_FILES, Server, data_set_bytes, free_port, run, start_listening  # noqa: E402
from lib.scenarios import Scenarios  # noqa: E402

scenarios = Scenarios("dimse")
test = scenarios.test
FILES = ["CT_small.dcm", "JPEG2000.dcm", "MR_small_RLE.dcm", "rtplan.dcm", "liver_1frame.dcm",
         "chrH31.dcm", "image_dfl.dcm"]
CT_STUDY = "1.3.6.1.4.1.5962.1.2.1.20040119072730.12322"


def path_of(name):
    found = glob.glob(f"{PYDICOM_FILES}/{name}") or glob.glob(f"{PYDICOM_FILES}/../charset_files/{name}")
    return found[0] if found else None


def library(folder, *arguments):
    files = [path for path in map(path_of, FILES) if path]
    code, said = run(LARMOR, "import", "--library", f"{folder}/larmor-library", *files)
    assert code == 0, said
    return Server(folder, *arguments), files


def sent_bytes(path):
    """The data set of a file as it goes over the wire: a deflated stream of odd length gets a byte behind it, since
    fragments are even (PS3.5 section A.5)."""
    with open(path, "rb") as file:
        content = data_set_bytes(file.read())
    return content + bytes(len(content) % 2)


def find(server, folder, root, level, *keys):
    """The matches, as data sets."""
    into = tempfile.mkdtemp(dir=folder)
    command = ["findscu", root, "-aec", "LARMOR", "-X", "-od", into, "127.0.0.1", server.port, "-k", f"QueryRetrieveLevel={level}"]
    for key in keys:
        command += ["-k", key]
    code, said = run(*command)
    assert code == 0, said
    return [pydicom.dcmread(path, force=True) for path in sorted(glob.glob(f"{into}/rsp*"))]


@test
def finds_at_every_level_of_both_roots(folder):
    server, _ = library(folder)
    studies = find(server, folder, "-S", "STUDY", "StudyInstanceUID", "PatientName=CompressedSamples^CT1", "ModalitiesInStudy",
                   "NumberOfStudyRelatedInstances")
    assert [study.StudyInstanceUID for study in studies] == [CT_STUDY], studies
    assert studies[0].ModalitiesInStudy == "CT" and studies[0].NumberOfStudyRelatedInstances == 1
    assert studies[0].RetrieveAETitle == "LARMOR" and studies[0].QueryRetrieveLevel == "STUDY"
    series = find(server, folder, "-S", "SERIES", f"StudyInstanceUID={CT_STUDY}", "SeriesInstanceUID", "Modality", "SeriesNumber")
    assert len(series) == 1 and series[0].Modality == "CT", series
    images = find(server, folder, "-S", "IMAGE", f"StudyInstanceUID={CT_STUDY}", "SOPInstanceUID", "SOPClassUID", "Rows")
    assert len(images) == 1 and images[0].Rows == 128 and images[0].SOPClassUID == "1.2.840.10008.5.1.4.1.1.2", images
    patients = find(server, folder, "-P", "PATIENT", "PatientID=1CT1", "PatientName", "PatientSex")
    assert len(patients) == 1 and patients[0].PatientSex == "O", patients
    assert find(server, folder, "-P", "STUDY", "PatientID=nobody", "StudyInstanceUID") == []
    server.end()


@test
def matches_as_qido_does(folder):
    server, _ = library(folder)
    everything = find(server, folder, "-S", "STUDY", "StudyInstanceUID", "PatientName", "StudyDate")
    assert {study.StudyInstanceUID for study in everything} == {
        study["0020000D"]["Value"][0] for study in server.search("studies")}
    for key, query in (("PatientName=Comp*", "PatientName=Comp*"), ("StudyDate=20040101-20041231", "StudyDate=20040101-20041231"),
                       ("ModalitiesInStudy=MR", "ModalitiesInStudy=MR"), ("StudyDate=-19990101", "StudyDate=-19990101")):
        found = {study.StudyInstanceUID for study in find(server, folder, "-S", "STUDY", "StudyInstanceUID", key)}
        assert found == {study["0020000D"]["Value"][0] for study in server.search(f"studies?{query}")}, (key, found)
    server.end()


@test
def names_come_back_in_their_characters(folder):
    server, files = library(folder)
    japanese = next((path for path in files if path.endswith("chrH31.dcm")), None)
    if japanese:
        original = pydicom.dcmread(japanese)
        found = find(server, folder, "-S", "STUDY", "StudyInstanceUID", f"PatientID={original.PatientID}", "PatientName")
        found = [study for study in found if study.StudyInstanceUID == original.StudyInstanceUID]
        assert found and found[0].SpecificCharacterSet == "ISO_IR 192", found
        original.decode()
        found[0].decode()
        assert str(found[0].PatientName) == str(original.PatientName)
    server.end()


@test
def a_wrong_level_or_value_is_refused_and_the_association_goes_on(folder):
    server, _ = library(folder)
    for keys in (["QueryRetrieveLevel=PATIENT"], ["QueryRetrieveLevel=STUDY", "StudyDate=yesterday"], ["PatientID=1CT1"]):
        command = ["findscu", "-v", "-S", "-aec", "LARMOR", "127.0.0.1", server.port]
        for key in keys:
            command += ["-k", key]
        code, said = run(*command)
        assert "Failed" in said or "UnableToProcess" in said or "0xc000" in said.lower(), said
    assert run("echoscu", "-aec", "LARMOR", "127.0.0.1", server.port)[0] == 0
    server.end()


@test
def moves_a_study_as_stored_to_storescp(folder):
    port = free_port()
    os.mkdir(f"{folder}/moved")
    receiver = start_listening(["storescp", "--bit-preserving", "+xa", "-uf", "-od", f"{folder}/moved", port], port)
    server, files = library(folder, "--dimse-remote", f"STORESCP=127.0.0.1:{port}")
    for path in files:
        data_set = pydicom.dcmread(path, stop_before_pixels=True)
        code, said = run("movescu", "-v", "-S", "-aec", "LARMOR", "-aem", "STORESCP", "127.0.0.1", server.port,
                         "-k", "QueryRetrieveLevel=IMAGE", "-k", f"StudyInstanceUID={data_set.StudyInstanceUID}",
                         "-k", f"SeriesInstanceUID={data_set.SeriesInstanceUID}", "-k", f"SOPInstanceUID={data_set.SOPInstanceUID}")
        assert code == 0 and "Received Final Move Response (Success)" in said, f"{path}: {said}"
        moved = glob.glob(f"{folder}/moved/*{data_set.SOPInstanceUID}*")
        assert len(moved) == 1, (path, moved)
        with open(moved[0], "rb") as copy:
            assert data_set_bytes(copy.read()) == sent_bytes(path), path
    code, said = run("movescu", "-v", "-S", "-aec", "LARMOR", "-aem", "NOBODY", "127.0.0.1", server.port,
                     "-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={CT_STUDY}")
    assert "MoveDestinationUnknown" in said, said
    code, said = run("movescu", "-v", "-S", "-aec", "LARMOR", "-aem", "STORESCP", "127.0.0.1", server.port,
                     "-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=")
    assert "Success" not in said.split("Final Move Response")[-1], said
    server.end()
    receiver.terminate()
    receiver.wait(60)


@test
def what_a_receiver_does_not_take_goes_in_explicit_little_endian(folder):
    port = free_port()
    os.mkdir(f"{folder}/moved")
    receiver = start_listening(["storescp", "+xe", "-uf", "-od", f"{folder}/moved", port], port)
    server, _ = library(folder, "--dimse-remote", f"STORESCP=127.0.0.1:{port}")
    rle = pydicom.dcmread(path_of("MR_small_RLE.dcm"))
    code, said = run("movescu", "-v", "-S", "-aec", "LARMOR", "-aem", "STORESCP", "127.0.0.1", server.port,
                     "-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={rle.StudyInstanceUID}")
    assert "Success" in said, said
    moved = [pydicom.dcmread(path) for path in glob.glob(f"{folder}/moved/*")]
    copy = next(one for one in moved if one.SOPInstanceUID == rle.SOPInstanceUID)
    assert copy.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert (copy.pixel_array == rle.pixel_array).all()
    server.end()
    receiver.terminate()
    receiver.wait(60)


@test
def gets_a_study_and_moves_to_another_of_ours(folder):
    os.mkdir(f"{folder}/second")
    second = Server(folder, "--dimse-ae-title", "SECOND", library="second")
    server, _ = library(folder, "--dimse-remote", f"SECOND=127.0.0.1:{second.port}")
    os.mkdir(f"{folder}/got")
    code, said = run("getscu", "-v", "-S", "-aec", "LARMOR", "-od", f"{folder}/got", "+B", "127.0.0.1", server.port,
                     "-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={CT_STUDY}")
    got = glob.glob(f"{folder}/got/*")
    assert len(got) == 1, said
    original = pydicom.dcmread(path_of("CT_small.dcm"))
    assert pydicom.dcmread(got[0]).PixelData == original.PixelData
    code, said = run("movescu", "-v", "-S", "-aec", "LARMOR", "-aem", "SECOND", "127.0.0.1", server.port,
                     "-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={CT_STUDY}")
    assert "Success" in said, said
    with open(path_of("CT_small.dcm"), "rb") as file:
        assert data_set_bytes(second.stored(original)) == data_set_bytes(file.read())
    second.end()
    server.end()


@test
def what_was_asked_and_what_was_given_is_on_record_without_names(folder):
    server, _ = library(folder)
    find(server, folder, "-S", "STUDY", f"StudyInstanceUID={CT_STUDY}", "PatientName=CompressedSamples^CT1")
    os.mkdir(f"{folder}/got")
    run("getscu", "-S", "-aec", "LARMOR", "-od", f"{folder}/got", "127.0.0.1", server.port,
        "-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={CT_STUDY}")
    server.end()
    code, said = run(LARMOR, "audit", "show", "--library", server.library)
    assert code == 0 and "CompressedSamples" not in said, said
    acts = {act["action"]: act for act in map(json.loads, said.splitlines()) if act.get("route") == "dimse"}
    assert acts["query"]["query"] == f"QueryRetrieveLevel=STUDY&PatientName=(not recorded)&StudyInstanceUID={CT_STUDY}", acts
    assert acts["retrieve"]["StudyInstanceUID"] == CT_STUDY and acts["retrieve"]["instances"] == 1, acts


@test
def larmor_send_tells_each_outcome_and_sends_bytes_as_they_are(folder):
    server = Server(folder)
    files = [path for path in map(path_of, FILES) if path]
    with open(f"{folder}/no-dicom.txt", "w", encoding="utf-8") as file:
        file.write("hello")
    code, said = run(LARMOR, "send", "127.0.0.1", server.port, "--called", "LARMOR", *files, f"{folder}/no-dicom.txt")
    assert code == 1 and f"sent {len(files)} instances" in said and "failed" in said and "no-dicom.txt" in said, said
    for path in files:
        assert data_set_bytes(server.stored(pydicom.dcmread(path, stop_before_pixels=True))) == sent_bytes(path), path
    server.end()
    port = free_port()
    os.mkdir(f"{folder}/sent")
    receiver = start_listening(["storescp", "--bit-preserving", "+xa", "-uf", "-od", f"{folder}/sent", port], port)
    code, said = run(LARMOR, "send", "--library", server.library, "--study", CT_STUDY, "127.0.0.1", port)
    assert code == 0 and "sent 1 instances" in said and len(glob.glob(f"{folder}/sent/*")) == 1, said
    receiver.terminate()
    receiver.wait(60)


@test
def larmor_send_waits_for_a_peer_that_comes_later(folder):
    port = free_port()
    sending = subprocess.Popen([LARMOR, "send", "127.0.0.1", str(port), "--called", "LARMOR", "--attempts", "12", path_of("CT_small.dcm")],
                               stdout=subprocess.PIPE, text=True)
    server = Server(folder, "--dimse-port", str(port))
    said = sending.communicate(timeout=120)[0]
    assert sending.returncode == 0 and "sent 1 instances" in said, said
    server.end()
    code, said = run(LARMOR, "send", "127.0.0.1", port, "--attempts", "1", path_of("CT_small.dcm"))
    assert code == 1 and re.search(r"larmor: .* can't be reached", said), said


if __name__ == "__main__":
    sys.exit(scenarios.run())
