#!/usr/bin/python3
"""STOW-RS of metadata and bulk data by the running program: what was retrieved as metadata and bulk data is stored under new
UIDs and retrieved again, and pydicom finds it equal; what is wrong costs the instance that it is in. Ends with
`N passed, N failed`."""
import copy
import email.message
import json
import os
import sys
import urllib.error
import urllib.request

import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from dimse import LARMOR, PYDICOM_FILES, Server, files_by_syntax, run  # noqa: E402
from lib.scenarios import Scenarios  # noqa: E402

scenarios = Scenarios("metadata")
test = scenarios.test
JSON = "application/dicom+json"
UIDS = {"StudyInstanceUID": "0020000D", "SeriesInstanceUID": "0020000E", "SOPInstanceUID": "00080018"}
REFERENCED, FAILED, OTHER, COMMENT = "00081199", "00081198", "0008119A", "00000902"


def library(folder, *paths):
    if paths:
        code, said = run(LARMOR, "import", "--library", f"{folder}/larmor-library", *paths)
        assert code == 0, said
    return Server(folder)


def ask(server, method, url, headers, body=None):
    request = urllib.request.Request(url if url.startswith("http") else server.url + url, method=method, data=body, headers={
        "Authorization": f"Bearer {server.token}", **headers})
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def parts_of(headers, body):
    """[(content type, bytes)]"""
    message = email.message.Message()
    message["Content-Type"] = headers["Content-Type"]
    found = []
    for piece in body.split(b"--" + message.get_boundary().encode())[1:-1]:
        head, _, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        kind = next(line.split(b":", 1)[1].strip().decode() for line in head.split(b"\r\n") if line.lower().startswith(b"content-type"))
        found.append((kind, content.removesuffix(b"\r\n")))
    return found


def store(server, objects, parts, path="/dicomweb/studies"):
    """(status, response as JSON). `parts` are (location, content type, bytes)."""
    boundary = "larmor-boundary"
    metadata = objects if isinstance(objects, bytes) else json.dumps(objects).encode()
    body = [f"--{boundary}\r\nContent-Type: {JSON}\r\n\r\n".encode() + metadata]
    for location, kind, content in parts:
        body.append(f"\r\n--{boundary}\r\nContent-Type: {kind}\r\nContent-Location: {location}\r\n\r\n".encode() + content)
    status, _, answer = ask(server, "POST", path, {
        "Content-Type": f'multipart/related; type="{JSON}"; boundary={boundary}', "Accept": JSON},
        b"".join(body) + f"\r\n--{boundary}--\r\n".encode())
    try:
        return status, json.loads(answer)
    except ValueError:
        return status, answer


def comments(answer):
    return [item[COMMENT]["Value"][0] for key in (FAILED, OTHER) for item in answer.get(key, {}).get("Value", [])]


def bulk_uris(item):
    for element in item.values():
        if "BulkDataURI" in element:
            yield element["BulkDataURI"]
        if element["vr"] == "SQ":
            for nested in element.get("Value", []):
                yield from bulk_uris(nested)


def instance_path(data_set):
    return (f"/dicomweb/studies/{data_set.StudyInstanceUID}/series/{data_set.SeriesInstanceUID}"
            f"/instances/{data_set.SOPInstanceUID}")


def fetched(server, data_set):
    """Metadata under new UIDs, and the bulk data parts as they came."""
    status, _, body = ask(server, "GET", instance_path(data_set) + "/metadata", {"Accept": JSON})
    assert status == 200, body
    metadata = json.loads(body)[0]
    parts = []
    for uri in bulk_uris(metadata):
        status, headers, body = ask(server, "GET", uri, {"Accept": 'multipart/related; type="*/*"; transfer-syntax=*'})
        assert status == 200, (uri, body)
        parts += [(uri, kind, content) for kind, content in parts_of(headers, body)]
    for tag in UIDS.values():
        metadata[tag]["Value"] = [str(generate_uid())]
    return metadata, parts


def retrieved(server, metadata, folder):
    new = Dataset()
    for keyword, tag in UIDS.items():
        setattr(new, keyword, metadata[tag]["Value"][0])
    path = f"{folder}/again.dcm"
    with open(path, "wb") as file:
        file.write(server.stored(new))
    return pydicom.dcmread(path)


def expect_equal(found, wanted, where):
    """Element by element, but for UIDs, group lengths, and the character set that JSON replaces."""
    wanted.decode()
    found.decode()
    skipped = {int(tag, 16) for tag in UIDS.values()} | {0x00080005}

    def compare(left, right, place):
        tags = {element.tag for element in [*left, *right] if element.tag.element != 0 and element.tag not in skipped}
        for tag in tags - {0xfffcfffc, 0x7fe00001, 0x7fe00002}:
            assert tag in left and tag in right, f"{where}{place}{tag} is missing on one side"
            mine, theirs = left[tag], right[tag]
            if mine.VR == "SQ" or theirs.VR == "SQ":
                assert len(mine.value) == len(theirs.value), f"{where}{place}{tag}"
                for one, other in zip(mine.value, theirs.value):
                    compare(one, other, f"{place}{tag}/")
            elif tag == 0x7fe00010:
                continue
            elif isinstance(mine.value, bytes) and isinstance(theirs.value, bytes):
                assert mine.value.rstrip(b"\0 ") == theirs.value.rstrip(b"\0 "), f"{where}{place}{tag}"
            else:
                assert str(mine.value) == str(theirs.value) or mine.value == theirs.value, \
                    f"{where}{place}{tag}: {mine.value!r} is not {theirs.value!r}"

    compare(found, wanted, "")


def fragments(data_set):
    from pydicom.encaps import generate_pixel_data
    frames = int(data_set.get("NumberOfFrames", 1) or 1)
    return [b"".join(frame).rstrip(b"\0") for frame in generate_pixel_data(data_set.PixelData, frames)]


def round_trip(server, path, folder, with_syntax=True):
    original = pydicom.dcmread(path)
    metadata, parts = fetched(server, original)
    if not with_syntax:
        parts = [(uri, kind.split(";")[0], content) for uri, kind, content in parts]
    status, answer = store(server, metadata, parts)
    assert status == 200, (path, status, comments(answer) if isinstance(answer, dict) else answer)
    again = retrieved(server, metadata, folder)
    expect_equal(again, original, f"{path}: ")
    if "PixelData" not in original:
        return again
    syntax = original.file_meta.TransferSyntaxUID
    if syntax.is_compressed and not syntax.is_deflated:
        assert again.file_meta.TransferSyntaxUID == syntax, (path, again.file_meta.TransferSyntaxUID)
        assert fragments(again) == fragments(original), path
    elif syntax.is_little_endian:
        assert again.PixelData == original.PixelData, path
    else:
        assert (again.pixel_array == original.pixel_array).all(), path
    return again


@test
def what_was_retrieved_is_stored_and_equal(folder):
    names = ("CT_small.dcm", "MR_small.dcm", "MR_small_bigendian.dcm", "JPEG2000.dcm", "MR_small_RLE.dcm", "rtplan.dcm", "rtdose.dcm",
             "SC_rgb_jpeg_dcmtk.dcm", "reportsi.dcm", "waveform_ecg.dcm", "emri_small.dcm", "emri_small_RLE.dcm",
             "color3d_jpeg_baseline.dcm", "examples_palette.dcm", "JPEG-LL.dcm", "image_dfl.dcm")
    paths = [f"{PYDICOM_FILES}/{name}" for name in names if os.path.exists(f"{PYDICOM_FILES}/{name}")]
    stored, rest = 0, paths
    while rest:
        # Some are the same instance in another encoding: those need a library of their own.
        chosen = {}
        for path in rest:
            data_set = pydicom.dcmread(path, stop_before_pixels=True)
            if all(keyword in data_set for keyword in UIDS):
                chosen.setdefault(data_set.SOPInstanceUID, path)
        rest = [path for path in rest if path not in chosen.values()] if chosen else []
        if not chosen:
            break
        into = f"{folder}/{len(rest)}"
        os.mkdir(into)
        server = library(into, *chosen.values())
        for path in chosen.values():
            round_trip(server, path, folder)
            stored += 1
        server.end()
    assert stored >= 10, stored


@test
def the_transfer_syntax_follows_from_the_codestream_where_no_part_names_it(folder):
    wanted = {"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70",
              "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91",
              "1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.5"}
    chosen = {syntax: min(paths, key=os.path.getsize) for syntax, paths in files_by_syntax().items() if syntax in wanted}
    server = library(folder, *chosen.values())
    for syntax, path in chosen.items():
        original = pydicom.dcmread(path)
        metadata, parts = fetched(server, original)
        status, answer = store(server, metadata, [(uri, kind.split(";")[0], content) for uri, kind, content in parts])
        assert status == 200, (path, comments(answer))
        again = retrieved(server, metadata, folder)
        found = again.file_meta.TransferSyntaxUID
        # A lossless stream may have been declared in the syntax that takes both.
        assert found == syntax or (syntax[:-1], found[:-1]) in {(s, s) for s in ("1.2.840.10008.1.2.4.8", "1.2.840.10008.1.2.4.9")}, \
            (path, syntax, found)
        assert fragments(again) == fragments(original), path
    assert len(chosen) >= 4, chosen
    server.end()


def ct(server, folder):
    """A CT as metadata and its pixels, with a private, an unknown and a nested value."""
    data_set = pydicom.dcmread(f"{PYDICOM_FILES}/CT_small.dcm")
    metadata = json.loads(data_set.to_json(bulk_data_threshold=1, bulk_data_element_handler=lambda element: f"bulk/{element.tag}"
                                           if element.VR not in ("UN", "OB") else f"bulk/{element.tag}"))
    metadata = {tag: element for tag, element in metadata.items() if "BulkDataURI" not in element}
    for tag in UIDS.values():
        metadata[tag]["Value"] = [str(generate_uid())]
    metadata["00280010"]["Value"] = metadata["00280011"]["Value"] = [16]
    metadata["7FE00010"] = {"vr": "OW", "BulkDataURI": "bulk/pixels"}
    return metadata, [("bulk/pixels", "application/octet-stream", os.urandom(512))]


@test
def unknown_private_and_nested_values_are_stored_as_they_are(folder):
    server = library(folder)
    metadata, parts = ct(server, folder)
    metadata["00091001"] = {"vr": "UN", "BulkDataURI": "bulk/un"}
    metadata["00090010"] = {"vr": "LO", "Value": ["LARMOR TEST"]}
    metadata["00880200"] = {"vr": "SQ", "Value": [{"00280010": {"vr": "US", "Value": [4]}, "7FE00010": {
        "vr": "OW", "BulkDataURI": "http://example.org/nested?x=1"}}]}
    unknown, nested = os.urandom(100_001), os.urandom(70_000)
    status, answer = store(server, metadata, [*parts, ("bulk/un", "application/octet-stream", unknown),
                                              ("http://example.org/nested?x=1", "application/octet-stream", nested)])
    assert status == 200, comments(answer)
    again = retrieved(server, metadata, folder)
    assert again[0x00091001].value[:100_001] == unknown
    assert again[0x00880200].value[0].PixelData == nested
    assert again.PixelData == parts[0][2]
    assert again.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    server.end()


@test
def what_is_wrong_with_one_costs_that_one_and_is_named(folder):
    server = library(folder)

    def broken(change, expected, parts_change=lambda parts: parts):
        metadata, parts = ct(server, folder)
        change(metadata)
        whole, its_parts = ct(server, folder)
        whole["7FE00010"]["BulkDataURI"] = "bulk/whole"
        status, answer = store(server, [metadata, whole], [*parts_change(parts), ("bulk/whole", *its_parts[0][1:])])
        assert status == 202, (expected, status, answer)
        assert [item["00081155"]["Value"][0] for item in answer[REFERENCED]["Value"]] == whole["00080018"]["Value"], answer
        failed = answer[FAILED]["Value"]
        assert failed[0]["00081155"]["Value"] == metadata["00080018"]["Value"], answer
        assert expected in failed[0][COMMENT]["Value"][0], (expected, failed)

    nothing = lambda metadata: None  # noqa: E731
    broken(nothing, "is in no part", lambda parts: [])
    broken(nothing, "2 parts of one Content-Location", lambda parts: parts * 2)
    broken(nothing, "510 bytes; rows, columns", lambda parts: [(*parts[0][:2], parts[0][2][:510])])
    broken(nothing, "no start of image", lambda parts: [(parts[0][0], "image/jpeg", parts[0][2])])
    broken(nothing, "no media type of a compressed frame", lambda parts: [(parts[0][0], "application/pdf", parts[0][2])])
    broken(nothing, "can't be in transfer syntax",
           lambda parts: [(parts[0][0], "video/mp4; transfer-syntax=1.2.840.10008.1.2.4.50", parts[0][2])])
    broken(lambda metadata: metadata.update({"00091002": {"vr": "OB", "BulkDataURI": "bulk/pixels"}, "00090010": {
        "vr": "LO", "Value": ["LARMOR TEST"]}}), "a part belongs to one")
    broken(lambda metadata: metadata.update({"00100010": {"vr": "PN", "Value": [17]}}), "JSON pointer")
    broken(lambda metadata: metadata.update({"00080008": {"vr": "CS", "BulkDataURI": "bulk/none"}}), "is in no part")
    server.end()


@test
def a_part_that_nothing_names_is_told(folder):
    server = library(folder)
    metadata, parts = ct(server, folder)
    status, answer = store(server, metadata, [*parts, ("bulk/other", "application/octet-stream", b"12")])
    assert status == 202, answer
    assert "named by no BulkDataURI" in comments(answer)[0], answer
    assert len(answer[REFERENCED]["Value"]) == 1
    server.end()


@test
def metadata_that_is_none_too_large_or_of_another_study_is_refused(folder):
    server = library(folder)
    metadata, parts = ct(server, folder)
    status, answer = store(server, b"[{", parts)
    assert status == 409 and comments(answer), answer
    status, answer = store(server, metadata, parts, "/dicomweb/studies/1.2.3")
    assert status == 409, answer
    huge = dict(metadata, **{"00104000": {"vr": "LT", "Value": ["x" * (65 << 20)]}})
    status, answer = store(server, huge, parts)
    assert status == 413 and "metadata has more than" in str(answer), (status, answer)
    del metadata["00080018"]
    status, answer = store(server, metadata, parts)
    assert status == 409 and "SOPInstanceUID" in comments(answer)[0], answer
    status, _, body = ask(server, "POST", "/dicomweb/studies", {
        "Content-Type": 'multipart/related; type="text/xml"; boundary=b', "Accept": JSON}, b"--b--\r\n")
    assert status == 415, body
    assert server.search("studies") == []
    server.end()


@test
def frames_are_parts_in_their_order_behind_an_offset_table(folder):
    server = library(folder, f"{PYDICOM_FILES}/JPEG2000.dcm")
    original = pydicom.dcmread(f"{PYDICOM_FILES}/JPEG2000.dcm")
    metadata, parts = fetched(server, original)
    metadata["00280008"] = {"vr": "IS", "Value": [3]}
    uri, kind, frame = next(part for part in parts if part[1].startswith("image/jp2"))
    others = [part for part in parts if part[0] != uri]
    # A frame in JP2 boxes is unpacked; the box's length is that of the codestream.
    boxes = (b"\0\0\0\x0cjP  \r\n\x87\n" + b"\0\0\0\x14ftypjp2 \0\0\0\0jp2 " + (len(frame) + 8).to_bytes(4, "big") + b"jp2c" + frame)
    status, answer = store(server, metadata, [*others, (uri, kind, frame), (uri, kind, boxes), (uri, "image/jp2", frame)])
    assert status == 200, comments(answer)
    again = retrieved(server, metadata, folder)
    from pydicom.encaps import generate_pixel_data_fragment, get_frame_offsets
    from pydicom.filebase import DicomBytesIO
    stream = DicomBytesIO(again.PixelData)
    stream.is_little_endian = True
    has_table, offsets = get_frame_offsets(stream)
    padded = len(frame) + len(frame) % 2
    assert has_table and offsets == [0, padded + 8, 2 * (padded + 8)], offsets
    assert [one.rstrip(b"\0") for one in generate_pixel_data_fragment(stream)] == [frame.rstrip(b"\0")] * 3
    metadata["00080018"]["Value"] = [str(generate_uid())]
    status, answer = store(server, metadata, [*others, (uri, kind, frame)])
    assert status == 409 and "NumberOfFrames is 3, there are 1 parts" in comments(answer)[0], answer
    server.end()


@test
def large_bulk_data_goes_through_a_file_and_not_through_memory(folder):
    server = library(folder)
    metadata, parts = ct(server, folder)
    # No pixels: of those the preprocessing takes a frame into memory.
    metadata["00090010"] = {"vr": "LO", "Value": ["LARMOR TEST"]}
    metadata["00091001"] = {"vr": "OB", "BulkDataURI": "bulk/large"}
    large = os.urandom(1 << 20) * 128

    def anonymous():
        with open(f"/proc/{server.process.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("RssAnon"))

    before = anonymous()
    status, answer = store(server, metadata, [*parts, ("bulk/large", "application/octet-stream", large)])
    assert status == 200, comments(answer)
    assert anonymous() - before < 64 * 1024, f"grew by {anonymous() - before} KiB"
    again = retrieved(server, metadata, folder)
    assert again[0x00091001].value == large and again.PixelData == parts[0][2]
    server.end()
    code, said = run(LARMOR, "fsck", "--library", server.library)
    assert code == 0 and "0 errors" in said, said


@test
def what_the_codestream_says_of_its_pixels_need_not_be_in_the_metadata(folder):
    path = f"{PYDICOM_FILES}/JPEG2000.dcm"
    server = library(folder, path)
    original = pydicom.dcmread(path)
    metadata, parts = fetched(server, original)
    described = ("00280002", "00280004", "00280010", "00280011", "00280100", "00280101", "00280102", "00280103")
    for tag in described:
        metadata.pop(tag, None)
    status, answer = store(server, metadata, parts)
    assert status == 200, comments(answer)
    again = retrieved(server, metadata, folder)
    for tag in described[2:]:
        assert again[int(tag, 16)].value == original[int(tag, 16)].value, tag
    assert again.PhotometricInterpretation in (original.PhotometricInterpretation, "YBR_RCT", "YBR_ICT", "MONOCHROME2")
    metadata["00080018"]["Value"] = [str(generate_uid())]
    metadata["00280010"] = {"vr": "US", "Value": [7]}
    status, answer = store(server, metadata, parts)
    assert status == 409 and "Rows is 7, the codestream says" in comments(answer)[0], answer
    server.end()


@test
def a_video_is_one_fragment_in_the_syntax_of_its_media_type(folder):
    server = library(folder)
    metadata, _ = ct(server, folder)
    metadata["00280008"] = {"vr": "IS", "Value": [250]}
    video = os.urandom(70_001)
    for kind, syntax in (("video/mp4", "1.2.840.10008.1.2.4.102"), ("video/mpeg2", "1.2.840.10008.1.2.4.100"),
                         ("video/mp4; transfer-syntax=1.2.840.10008.1.2.4.105", "1.2.840.10008.1.2.4.105")):
        one = copy.deepcopy(metadata)
        one["00080018"]["Value"] = [str(generate_uid())]
        status, answer = store(server, one, [("bulk/pixels", kind, video)])
        assert status == 200, comments(answer)
        again = retrieved(server, one, folder)
        assert again.file_meta.TransferSyntaxUID == syntax
        from pydicom.encaps import decode_data_sequence
        assert [part.rstrip(b"\0") for part in decode_data_sequence(again.PixelData)] == [video.rstrip(b"\0")]
    server.end()


if __name__ == "__main__":
    sys.exit(scenarios.run())
