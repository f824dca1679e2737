#!/usr/bin/python3
"""GetImageSetMetadata and GetImageFrame of HealthImaging's API, on real files: frames against pydicom's pixels by two decoders
that others wrote, checksums against zlib, attributes against pydicom. Ends with `N passed, N failed`."""
import contextlib
import gzip
import json
import os
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
import warnings
import zlib

import numpy
import pydicom
from pydicom.encaps import generate_pixel_data_frame

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from dimse import LARMOR, PYDICOM_FILES, Server, wait_until  # noqa: E402
from lib.scenarios import Scenarios  # noqa: E402

warnings.simplefilter("ignore")
scenarios = Scenarios("image-frames")
test = scenarios.test
HTJ2K = "1.2.840.10008.1.2.4.202"


def post(server, path, body=None):
    request = urllib.request.Request(f"{server.url}/healthimaging/{path}", method="POST", data=json.dumps(body or {}).encode(),
                                     headers={"Authorization": f"Bearer {server.token}", "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return answer.read(), answer.headers


def status_of(server, path, body=None):
    try:
        post(server, path, body)
        return 200
    except urllib.error.HTTPError as error:
        return error.code


def image_sets(server):
    """Image sets with their datastore."""
    with contextlib.closing(sqlite3.connect(f"file:{server.library}/library.sqlite?mode=ro", uri=True)) as database:
        return dict(database.execute("SELECT image_set_id, datastore_id FROM image_sets, datastores WHERE latest_version > 0"))


def kept(server):
    """How many instances have their image frames in the library."""
    with contextlib.closing(sqlite3.connect(f"file:{server.library}/library.sqlite?mode=ro", uri=True)) as database:
        return database.execute("SELECT COUNT(*) FROM image_frames").fetchone()[0]


def stored(server, *paths):
    subprocess.run([LARMOR, "import", "--keep-going", "--library", server.library, *paths], check=False, capture_output=True, timeout=120)


def metadata(server, datastore, image_set, query=""):
    body, headers = post(server, f"datastore/{datastore}/imageSet/{image_set}/getImageSetMetadata{query}")
    assert headers["Content-Encoding"] == "gzip", headers
    return json.loads(gzip.decompress(body)), headers


def frame(server, document, one):
    body, headers = post(server, f"datastore/{document['DatastoreID']}/imageSet/{document['ImageSetID']}/getImageFrame",
                         {"imageFrameId": one["ID"]})
    return body, headers["Content-Type"]


def instances_of(document):
    for series in document["Study"]["Series"].values():
        yield from series["Instances"].items()


def all_documents(server):
    return [metadata(server, datastore, image_set)[0] for image_set, datastore in sorted(image_sets(server).items())]


def by_openjph(folder, codestream, data_set):
    """Unsigned samples only: what it writes is PGM and PPM."""
    source, target = f"{folder}/frame.j2c", f"{folder}/frame.{'ppm' if data_set.SamplesPerPixel == 3 else 'pgm'}"
    with open(source, "wb") as file:
        file.write(codestream)
    subprocess.run(["ojph_expand", "-i", source, "-o", target], check=True, capture_output=True)
    with open(target, "rb") as file:
        content = file.read()
    count = data_set.Rows * data_set.Columns * data_set.SamplesPerPixel
    wide = data_set.BitsStored > 8
    return numpy.frombuffer(content[-count * (2 if wide else 1):], dtype=">u2" if wide else "u1").astype("<i8")


def by_openjpeg(folder, codestream, data_set):
    source, target = f"{folder}/frame.j2c", f"{folder}/frame.rawl"
    with open(source, "wb") as file:
        file.write(codestream)
    subprocess.run(["opj_decompress", "-i", source, "-o", target], check=True, capture_output=True)
    kind = ("i" if data_set.PixelRepresentation else "u") + ("2" if data_set.BitsStored > 8 else "1")
    planes = numpy.fromfile(target, dtype="<" + kind).astype("<i8")
    return planes.reshape(data_set.SamplesPerPixel, -1).T.ravel()


def pixels_of(data_set, number):
    """Stored values as pydicom reads them, of the bits that are stored."""
    pixels = data_set.pixel_array
    if int(data_set.get("NumberOfFrames", 1)) > 1:
        pixels = pixels[number]
    return pixels


# Signed and not, 8 and 16 bits, grey and colour, each in another encoding, and where the pixels can be read that it has.
LOSSLESS = {name: name for name in (
    "CT_small.dcm", "ExplVR_BigEnd.dcm", "SC_rgb_rle.dcm", "SC_rgb_rle_2frame.dcm", "SC_rgb_rle_16bit.dcm", "SC_rgb_rle_16bit_2frame.dcm",
    "image_dfl.dcm")}
LOSSLESS["MR_small_jp2klossless.dcm"] = "MR_small.dcm"


def made(folder, name, pixels, bits_stored=16):
    """An instance of several frames with these pixels."""
    data_set = pydicom.dcmread(f"{PYDICOM_FILES}/CT_small.dcm")
    data_set.SOPInstanceUID = data_set.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
    data_set.SeriesInstanceUID = pydicom.uid.generate_uid()
    data_set.NumberOfFrames, data_set.Rows, data_set.Columns = pixels.shape
    one_bit = bits_stored == 1
    data_set.BitsAllocated, data_set.BitsStored = (1, 1) if one_bit else (16, bits_stored)
    data_set.HighBit = data_set.BitsStored - 1
    data_set.PixelRepresentation = 1 if pixels.dtype.kind == "i" else 0
    for keyword in ("SmallestImagePixelValue", "LargestImagePixelValue", "PixelPaddingValue"):
        if keyword in data_set:
            del data_set[keyword]
    content = numpy.packbits(pixels.ravel(), bitorder="little").tobytes() if one_bit else pixels.tobytes()
    data_set.PixelData = content + b"\0" * (len(content) % 2)
    path = f"{folder}/{name}.dcm"
    data_set.save_as(path)
    return path


def noise(shape, low, high, kind):
    return numpy.random.default_rng(7).integers(low, high, size=shape).astype(kind)


@test
def lossless_frames_decode_to_the_native_pixels_by_two_decoders(folder):
    server = Server(folder)
    try:
        paths = [f"{PYDICOM_FILES}/{name}" for name in LOSSLESS]
        paths.append(made(folder, "signed", noise((3, 50, 33), -32768, 32768, "<i2")))
        paths.append(made(folder, "twelve", noise((2, 64, 64), 0, 4096, "<u2"), 12))
        compared = 0
        for path in paths:
            name = os.path.basename(path)
            before = set(image_sets(server))
            stored(server, path)
            added = set(image_sets(server)) - before
            (image_set,) = added
            document, _ = metadata(server, image_sets(server)[image_set], image_set)
            data_set = pydicom.dcmread(f"{PYDICOM_FILES}/{LOSSLESS[name]}" if name in LOSSLESS else path)
            ((uid, instance),) = instances_of(document)
            assert uid == data_set.SOPInstanceUID, name
            assert instance["StoredTransferSyntaxUID"] == HTJ2K and instance["ChecksumType"] == "DECOMPRESSED", (name, instance)
            assert len(instance["ImageFrames"]) == int(data_set.get("NumberOfFrames", 1)), (name, instance["ImageFrames"])
            for number, one in enumerate(instance["ImageFrames"]):
                codestream, content_type = frame(server, document, one)
                assert content_type == "image/jph", content_type
                assert one["FrameSizeInBytes"] == len(codestream), name
                native = pixels_of(data_set, number)
                expected = native.astype("<i8").ravel()
                assert (by_openjpeg(folder, codestream, data_set) == expected).all(), (name, number)
                if not data_set.PixelRepresentation:
                    assert (by_openjph(folder, codestream, data_set) == expected).all(), (name, number)
                little = numpy.ascontiguousarray(native.astype(native.dtype.newbyteorder("<")))
                assert one["PixelDataChecksumFromBaseToFullResolution"] == [
                    {"Width": data_set.Columns, "Height": data_set.Rows, "Checksum": zlib.crc32(little.tobytes())}], (name, one)
                assert (one["MinPixelValue"], one["MaxPixelValue"]) == (int(expected.min()), int(expected.max())), name
                compared += 1
        assert compared == 15, compared
    finally:
        server.end()


@test
def lossy_and_one_bit_frames_are_as_stored(folder):
    server = Server(folder)
    try:
        # Frames of 15 bits begin inside of bytes of the file.
        bits = noise((3, 3, 5), 0, 2, "u1")
        stored(server, f"{PYDICOM_FILES}/SC_rgb_jpeg_dcmtk.dcm", made(folder, "bits", bits, 1))
        seen = {}
        for document in all_documents(server):
            ((_, instance),) = instances_of(document)
            seen[instance["StoredTransferSyntaxUID"]] = document, instance
        document, instance = seen["1.2.840.10008.1.2.4.50"]
        data_set = pydicom.dcmread(f"{PYDICOM_FILES}/SC_rgb_jpeg_dcmtk.dcm")
        (stored_frame,) = generate_pixel_data_frame(data_set.PixelData, 1)
        (one,) = instance["ImageFrames"]
        body, content_type = frame(server, document, one)
        assert content_type == "image/jpeg" and body == stored_frame, (content_type, len(body), len(stored_frame))
        (fact,) = one["PixelDataChecksumFromBaseToFullResolution"]
        assert fact["Checksum"] == zlib.crc32(stored_frame) and one["FrameSizeInBytes"] == len(stored_frame)

        document, instance = seen["1.2.840.10008.1.2.1"]
        assert len(instance["ImageFrames"]) == 3
        for number, one in enumerate(instance["ImageFrames"]):
            body, content_type = frame(server, document, one)
            assert content_type == "application/octet-stream" and len(body) == one["FrameSizeInBytes"] == 2, (content_type, body)
            assert (numpy.unpackbits(numpy.frombuffer(body, dtype="u1"), bitorder="little")[:15] == bits[number].ravel()).all(), number
    finally:
        server.end()


def plain(value):
    """A value as the service writes it."""
    if value.VR == "SQ":
        return [{item.keyword: plain(item) for item in one if not item.tag.is_private} for one in value.value]
    if value.VM == 0 or value.value in (None, ""):
        return None
    values = list(value.value) if value.VM > 1 else [value.value]
    texts = [str(one) if value.VR == "PN" else one if value.VR in ("US", "UL", "SS", "SL", "FL", "FD", "SV", "UV") else
             getattr(one, "original_string", None) or str(one) for one in values]
    if value.VR in ("DS", "IS") and len("\\".join(texts)) % 2:
        texts[-1] += " "
    many = pydicom.datadict.dictionary_VM(value.tag) != "1" or value.VM > 1
    return texts if many else texts[0]


@test
def attributes_are_those_that_pydicom_reads(folder):
    server = Server(folder)
    try:
        for name in ("CT_small.dcm", "MR_small.dcm", "rtplan.dcm", "test-SR.dcm"):
            path = f"{PYDICOM_FILES}/{name}"
            before = set(image_sets(server))
            stored(server, path)
            (image_set,) = set(image_sets(server)) - before
            document, headers = metadata(server, image_sets(server)[image_set], image_set)
            assert headers["ETag"], headers
            data_set = pydicom.dcmread(path)
            ((series_uid, series),) = document["Study"]["Series"].items()
            assert (document["SchemaVersion"], document["ImageSetID"], series_uid) == ("1.1", image_set, data_set.SeriesInstanceUID)
            ((_, instance),) = series["Instances"].items()
            everything = {**document["Patient"]["DICOM"], **document["Study"]["DICOM"], **series["DICOM"], **instance["DICOM"]}
            for level, keyword in ((document["Patient"], "PatientID"), (document["Study"], "StudyInstanceUID"), (series, "Modality"),
                                   (instance, "SOPInstanceUID"), (instance, "SOPClassUID")):
                assert level["DICOM"][keyword] == (data_set.get(keyword) or None), (name, keyword, level["DICOM"])
            meta = data_set.file_meta
            for keyword in ("TransferSyntaxUID", "MediaStorageSOPClassUID", "MediaStorageSOPInstanceUID", "ImplementationClassUID"):
                assert instance["DICOM"][keyword] == meta.get(keyword), (name, keyword, instance["DICOM"])
            assert instance["DICOM"]["FileMetaInformationGroupLength"] == meta.FileMetaInformationGroupLength, name
            assert instance["DICOM"]["FileMetaInformationVersion"] == "AAE=", name
            compared = 0
            for element in data_set:
                if element.tag.is_private:
                    if element.tag.element > 0xff:
                        key = f"{int(element.tag):08X}"
                        assert key in everything and key in instance["DICOMVRs"], (name, key)
                    continue
                if element.keyword in ("PixelData", "DataSetTrailingPadding", "SpecificCharacterSet") or element.VR in ("OB", "OW", "UN"):
                    continue
                if element.tag.element == 0:
                    continue
                if element.VR == "SQ":
                    assert isinstance(everything[element.keyword], list), (name, element.keyword)
                    continue
                assert everything[element.keyword] == plain(element), (name, element.keyword, everything[element.keyword], plain(element))
                compared += 1
            assert compared > 20, (name, compared)
    finally:
        server.end()


def edit(server, image_set, attributes):
    request = urllib.request.Request(f"{server.url}/v1/image-sets/{image_set}/edits", method="POST",
                                     data=json.dumps({"updatableAttributes": attributes}).encode(),
                                     headers={"Authorization": f"Bearer {server.token}", "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 200, answer.status


@test
def each_version_has_its_attributes_and_all_have_the_same_frames(folder):
    server = Server(folder)
    try:
        stored(server, f"{PYDICOM_FILES}/CT_small.dcm")
        ((image_set, datastore),) = image_sets(server).items()
        first, headers = metadata(server, datastore, image_set)
        (series,) = first["Study"]["Series"]
        edit(server, image_set, {"SchemaVersion": 1.1, "Study": {"Series": {series: {"DICOM": {"SeriesDescription": "second"}}}}})
        second, changed = metadata(server, datastore, image_set)
        assert headers["ETag"] != changed["ETag"]
        assert second["Study"]["Series"][series]["DICOM"]["SeriesDescription"] == "second"
        again, same = metadata(server, datastore, image_set, "?version=1")
        # Its ETag is another one: bulk data are where the latest version's UIDs say.
        assert again == first and same["ETag"] not in (headers["ETag"], changed["ETag"])
        assert metadata(server, datastore, image_set, "?version=1")[1]["ETag"] == same["ETag"]
        assert list(instances_of(first))[0][1]["ImageFrames"] == list(instances_of(second))[0][1]["ImageFrames"]
        one = list(instances_of(first))[0][1]["ImageFrames"][0]
        assert frame(server, second, one) == frame(server, first, one)
        assert status_of(server, f"datastore/{datastore}/imageSet/{image_set}/getImageSetMetadata?version=3") == 404
        assert status_of(server, f"datastore/{datastore}/imageSet/{'0' * 32}/getImageSetMetadata") == 404
        assert status_of(server, f"datastore/{'0' * 32}/imageSet/{image_set}/getImageSetMetadata") == 404
        assert status_of(server, f"datastore/{datastore}/imageSet/{image_set}/getImageSetMetadata?version=x") == 400
    finally:
        server.end()


@test
def a_frame_is_given_by_the_image_set_that_has_it_only(folder):
    server = Server(folder)
    try:
        stored(server, f"{PYDICOM_FILES}/CT_small.dcm", f"{PYDICOM_FILES}/MR_small.dcm")
        one, other = all_documents(server)
        (own,) = [instance["ImageFrames"][0]["ID"] for _, instance in instances_of(one)]
        path = "datastore/{DatastoreID}/imageSet/{ImageSetID}/getImageFrame"
        assert status_of(server, path.format(**one), {"imageFrameId": own}) == 200
        assert status_of(server, path.format(**other), {"imageFrameId": own}) == 404
        assert status_of(server, path.format(**one), {"imageFrameId": "0" * 32}) == 404
        assert status_of(server, path.format(**one), {"imageFrameId": own[:-1] + ("0" if own[-1] != "0" else "1")}) == 404
        assert status_of(server, path.format(**one), {"frame": own}) == 400
    finally:
        server.end()


@test
def frames_of_a_long_instance_are_given_at_once_and_kept_by_a_worker(folder):
    pixels = noise((40, 32, 32), 0, 4096, "<u2")
    path = made(folder, "long", pixels, 12)
    data_set = pydicom.dcmread(path)
    server = Server(folder)
    try:
        stored(server, path)
        ((image_set, datastore),) = image_sets(server).items()
        document, _ = metadata(server, datastore, image_set)
        ((_, instance),) = instances_of(document)
    finally:
        server.end()
    # As if nobody had asked yet: only the ids are known.
    with contextlib.closing(sqlite3.connect(f"{server.library}/library.sqlite")) as database, database:
        database.execute("DELETE FROM image_frames")
    server = Server(folder)
    try:
        one = instance["ImageFrames"][7]
        first, content_type = frame(server, document, one)
        assert content_type == "image/jph"
        assert (by_openjpeg(folder, first, data_set) == pixels[7].ravel()).all()
        wait_until(lambda: kept(server) == 1)
        assert frame(server, document, one) == (first, content_type)
        for number in (0, 39):
            body, _ = frame(server, document, instance["ImageFrames"][number])
            assert (by_openjpeg(folder, body, data_set) == pixels[number].ravel()).all(), number
        again, _ = metadata(server, datastore, image_set)
        assert again == document
        assert kept(server) == 1
    finally:
        server.end()


if __name__ == "__main__":
    sys.exit(scenarios.run())
