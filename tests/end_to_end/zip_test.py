#!/usr/bin/python3
"""Studies, series and instances as a zip with a DICOMDIR, by the running program: unzip, Python's zipfile, pydicom's FileSet,
DCMTK and dicom3tools read what comes. Ends with `N passed, N failed`."""
import glob
import os
import sys
import urllib.error
import urllib.request
import zipfile

import pydicom
from pydicom.fileset import FileSet

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from dimse import LARMOR, PYDICOM_FILES, SHARED_FILES, Server, run  # noqa: E402
from lib.scenarios import Scenarios  # noqa: E402

scenarios = Scenarios("zip")
test = scenarios.test
EXPLICIT = "1.2.840.10008.1.2.1"


def library(folder, *paths):
    code, said = run(LARMOR, "import", "--library", f"{folder}/larmor-library", *paths)
    assert code == 0, said
    return Server(folder)


def get(server, path, accept):
    request = urllib.request.Request(server.url + "/dicomweb" + path, headers={
        "Authorization": f"Bearer {server.token}", "Accept": accept})
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def unpacked(folder, body):
    """Where the zip is laid down, after everybody has looked at it."""
    path = f"{folder}/study.zip"
    with open(path, "wb") as file:
        file.write(body)
    code, said = run("unzip", "-t", path)
    assert code == 0, said
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        for member in archive.infolist():
            assert member.compress_type == zipfile.ZIP_STORED and member.flag_bits == 0, member
            for part in member.filename.split("/"):
                assert 1 <= len(part) <= 8 and part == part.upper() and part.replace("_", "").isalnum(), member
        archive.extractall(f"{folder}/media")
    return f"{folder}/media"


def checked_file_set(media):
    """The instances by UID, as pydicom finds them through the DICOMDIR, after DCMTK and dicom3tools agreed."""
    code, said = run("dcmdump", "-q", f"{media}/DICOMDIR")
    assert code == 0, said
    code, said = run("dcdirdmp", f"{media}/DICOMDIR")
    assert code == 0 and "rror" not in said, said
    files = FileSet(f"{media}/DICOMDIR")
    found = {}
    for instance in files:
        data_set = instance.load()
        assert data_set.SOPInstanceUID == instance.ReferencedSOPInstanceUIDInFile
        assert data_set.file_meta.TransferSyntaxUID == instance.ReferencedTransferSyntaxUIDInFile
        assert data_set.StudyInstanceUID == instance.StudyInstanceUID and data_set.SeriesInstanceUID == instance.SeriesInstanceUID
        assert data_set.PatientID == instance.PatientID
        found[data_set.SOPInstanceUID] = (instance.path, data_set)
    return found


def study_of(path):
    return pydicom.dcmread(path, stop_before_pixels=True).StudyInstanceUID


def study_of_many(folder, count, **changes):
    """Copies of a CT in two series of one study."""
    paths = []
    for number in range(count):
        data_set = pydicom.dcmread(f"{PYDICOM_FILES}/CT_small.dcm")
        data_set.SOPInstanceUID = data_set.file_meta.MediaStorageSOPInstanceUID = f"1.2.826.1.{number}"
        data_set.StudyInstanceUID, data_set.SeriesInstanceUID = "1.2.826.2", f"1.2.826.3.{number % 2}"
        data_set.InstanceNumber = number + 1
        for keyword, value in changes.items():
            setattr(data_set, keyword, value)
        paths.append(f"{folder}/{number}.dcm")
        data_set.save_as(paths[-1])
    return paths


@test
def a_study_is_a_file_set_that_every_reader_takes(folder):
    paths = study_of_many(folder, 12, SpecificCharacterSet="ISO_IR 192", PatientName="Müller^Jürgen")
    server = library(folder, *paths)
    status, headers, body = get(server, "/studies/1.2.826.2", "application/zip; transfer-syntax=*")
    assert status == 200 and headers["Content-Type"] == "application/zip", (status, headers)
    assert int(headers["Content-Length"]) == len(body)
    media = unpacked(folder, body)
    found = checked_file_set(media)
    assert len(found) == 12
    for path in paths:
        with open(path, "rb") as file:
            content = file.read()
        with open(found[pydicom.dcmread(path).SOPInstanceUID][0], "rb") as file:
            assert file.read() == content, path
    directory = pydicom.dcmread(f"{media}/DICOMDIR")
    kinds = [record.DirectoryRecordType for record in directory.DirectoryRecordSequence]
    assert kinds.count("PATIENT") == kinds.count("STUDY") == 1 and kinds.count("SERIES") == 2 and kinds.count("IMAGE") == 12
    assert str(directory.DirectoryRecordSequence[0].PatientName) == "Müller^Jürgen"
    code, said = run("dciodvfy", f"{media}/DICOMDIR")
    assert "Error" not in said, said
    server.end()


@test
def a_series_and_an_instance_are_one_too(folder):
    paths = study_of_many(folder, 4)
    server = library(folder, *paths)
    for path, count in (("/studies/1.2.826.2/series/1.2.826.3.1", 2),
                        ("/studies/1.2.826.2/series/1.2.826.3.1/instances/1.2.826.1.3", 1)):
        status, _, body = get(server, path, "application/zip")
        assert status == 200, body
        into = f"{folder}/{count}"
        os.mkdir(into)
        assert len(checked_file_set(unpacked(into, body))) == count, path
    assert get(server, "/studies/1.2.3.4", "application/zip")[0] == 404
    assert get(server, "/studies/1.2.826.2", 'application/zip;q=0.5, multipart/related; type="application/dicom"')[1][
        "Content-Type"].startswith("multipart/related")
    server.end()


@test
def without_a_transfer_syntax_files_are_explicit_little_endian_with_the_same_pixels(folder):
    names = ("JPEG2000.dcm", "MR_small_RLE.dcm", "SC_rgb_jpeg_dcmtk.dcm", "CT_small.dcm", "MR_small_bigendian.dcm", "rtplan.dcm",
             "image_dfl.dcm")
    paths = [f"{PYDICOM_FILES}/{name}" for name in names if os.path.exists(f"{PYDICOM_FILES}/{name}")]
    server = library(folder, *paths)
    for number, path in enumerate(paths):
        original = pydicom.dcmread(path)
        status, headers, body = get(server, f"/studies/{original.StudyInstanceUID}", "application/zip")
        assert status == 200, (path, body)
        os.mkdir(f"{folder}/{number}")
        _, copy = checked_file_set(unpacked(f"{folder}/{number}", body))[original.SOPInstanceUID]
        assert copy.file_meta.TransferSyntaxUID == EXPLICIT, path
        if "PixelData" in original and "jpeg" not in path.lower():
            assert (copy.pixel_array == original.pixel_array).all(), path
    server.end()


@test
def a_transfer_syntax_that_is_stored_is_given_and_others_are_not_acceptable(folder):
    path = f"{PYDICOM_FILES}/JPEG2000.dcm"
    server = library(folder, path)
    original = pydicom.dcmread(path)
    url = f"/studies/{original.StudyInstanceUID}"
    status, _, body = get(server, url, f"application/zip; transfer-syntax={original.file_meta.TransferSyntaxUID}")
    assert status == 200
    _, copy = checked_file_set(unpacked(folder, body))[original.SOPInstanceUID]
    assert copy.PixelData == original.PixelData
    assert get(server, url, "application/zip; transfer-syntax=1.2.840.10008.1.2.4.80")[0] == 406
    server.end()


@test
def other_kinds_of_instances_have_records_of_their_own(folder):
    paths = [f"{PYDICOM_FILES}/{name}" for name in ("rtplan.dcm", "rtdose.dcm", "rtstruct.dcm", "reportsi.dcm", "waveform_ecg.dcm")]
    paths += glob.glob(f"{SHARED_FILES}/modality/*SR*.dcm") + glob.glob(f"{SHARED_FILES}/modality/*PR*.dcm")
    expected = {"1.2.840.10008.5.1.4.1.1.481.5": "RT PLAN", "1.2.840.10008.5.1.4.1.1.481.2": "RT DOSE",
                "1.2.840.10008.5.1.4.1.1.481.3": "RT STRUCTURE SET", "1.2.840.10008.5.1.4.1.1.88.22": "SR DOCUMENT",
                "1.2.840.10008.5.1.4.1.1.88.11": "SR DOCUMENT", "1.2.840.10008.5.1.4.1.1.9.1.1": "WAVEFORM"}
    server = library(folder, *[path for path in paths if os.path.exists(path)])
    seen = set()
    for number, study in enumerate(server.search("studies")):
        uid = study["0020000D"]["Value"][0]
        status, _, body = get(server, f"/studies/{uid}", "application/zip; transfer-syntax=*")
        assert status == 200, body
        os.mkdir(f"{folder}/{number}")
        media = unpacked(f"{folder}/{number}", body)
        checked_file_set(media)
        for record in pydicom.dcmread(f"{media}/DICOMDIR").DirectoryRecordSequence:
            kind = expected.get(record.get("ReferencedSOPClassUIDInFile"))
            if kind:
                assert record.DirectoryRecordType == kind, record
                seen.add(kind)
                assert "InstanceNumber" in record
    assert len(seen) >= 3, seen
    server.end()


@test
def memory_stays_bounded_while_a_large_study_is_sent(folder):
    """Sixteen instances of 8 MB: the server may not grow by more than a few of them."""
    data_set = pydicom.dcmread(f"{PYDICOM_FILES}/CT_small.dcm")
    data_set.Rows = data_set.Columns = 1024
    data_set.NumberOfFrames = 4
    data_set.PixelData = os.urandom(1024 * 1024) * 8
    data_set.StudyInstanceUID = "1.2.826.2"
    paths = []
    for number in range(16):
        data_set.SOPInstanceUID = data_set.file_meta.MediaStorageSOPInstanceUID = f"1.2.826.1.{number}"
        paths.append(f"{folder}/{number}.dcm")
        data_set.save_as(paths[-1])
    server = library(folder, *paths)
    for path in paths:
        os.remove(path)

    def resident():
        with open(f"/proc/{server.process.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("RssAnon"))

    before, most, size = resident(), 0, 0
    request = urllib.request.Request(server.url + "/dicomweb/studies/1.2.826.2", headers={
        "Authorization": f"Bearer {server.token}", "Accept": "application/zip; transfer-syntax=*"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        while piece := answer.read(1 << 22):
            size += len(piece)
            most = max(most, resident())
    assert size > 16 * 8 * 1024 * 1024
    assert most - before < 40 * 1024, f"grew by {most - before} KiB"
    server.end()


if __name__ == "__main__":
    sys.exit(scenarios.run())
