"""PS3.18 section 10.4: what retrieval gives."""
import io
import xml.etree.ElementTree as ElementTree

import pydicom
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

import instances
from client import JSON, uids, value_of
from suite import Skipped, equal, expect, requirement

DICOM = 'multipart/related; type="application/dicom"'
AS_STORED = DICOM + "; transfer-syntax=*"
OCTETS = 'multipart/related; type="application/octet-stream"'
INSTANCE = "00080018"


def data_sets(answer):
    equal(answer.status, 200, "status")
    equal(answer.content_type, "multipart/related", "Content-Type")
    found = []
    for kind, content in answer.parts():
        expect(kind.lower().startswith("application/dicom"), f"a part is {kind}")
        found.append(pydicom.dcmread(io.BytesIO(content)))
    return found


def expect_instances(server, path, names):
    found = sorted(one.SOPInstanceUID for one in data_sets(server.get(path, accept=DICOM)))
    equal(found, sorted(server.data.instances[name].SOPInstanceUID for name in names), path)


@requirement("10.4.1.1.1", "a study is all its instances")
def study(server):
    expect_instances(server, server.data.path("ct1", "study"), ("ct1", "ct2", "mr1"))


@requirement("10.4.1.1.1", "a series is all its instances")
def series(server):
    expect_instances(server, server.data.path("ct1", "series"), ("ct1", "ct2"))


@requirement("10.4.1.1.1", "an instance is itself, with its pixels and names as they were stored")
def instance(server):
    wanted = server.data.instances["pt1"]
    found = data_sets(server.get(server.data.path("pt1"), accept=DICOM))
    equal(len(found), 1, "parts")
    equal(found[0].PixelData, wanted.PixelData, "PixelData")
    equal(str(found[0].PatientName), wanted.PatientName, "PatientName")


@requirement("10.4.4", "an instance is a single part too: application/dicom")
def single_part(server):
    answer = server.get(server.data.path("ct1"), accept="application/dicom")
    equal(answer.status, 200, "status")
    equal(answer.content_type, "application/dicom", "Content-Type")
    equal(pydicom.dcmread(io.BytesIO(answer.body)).SOPInstanceUID, server.data.instances["ct1"].SOPInstanceUID, "UID")


@requirement("10.4.4", "a single part of a study is not acceptable")
def study_as_single_part(server):
    equal(server.get(server.data.path("ct1", "study"), accept="application/dicom").status, 406, "status")


@requirement("8.7.3.5.2", "transfer-syntax=* is answered as it is stored")
def any_transfer_syntax(server):
    found = data_sets(server.get(server.data.path("ct1"), accept=AS_STORED))
    equal(found[0].file_meta.TransferSyntaxUID, "1.2.840.10008.1.2.1", "TransferSyntaxUID")


@requirement("8.7.3.5.2", "a transfer syntax that the server cannot make is 406")
def unknown_transfer_syntax(server):
    accept = DICOM + "; transfer-syntax=1.2.840.10008.1.2.4.999"
    equal(server.get(server.data.path("ct1"), accept=accept).status, 406, "status")


def register_metadata(level, names):
    @requirement("10.4.1.1.2", f"the metadata of {level} is a JSON array of its instances without their bulk data")
    def check(server):
        answer = server.get(server.data.path("ct1", level) + "/metadata", accept=JSON)
        equal(answer.status, 200, "status")
        results = answer.json()
        equal(uids(results, INSTANCE), sorted(server.data.instances[name].SOPInstanceUID for name in names), "instances")
        for result in results:
            expect("InlineBinary" not in result.get("7FE00010", {}), "PixelData stands in the metadata")
            equal(value_of(result, "00280010"), 16, "Rows")


register_metadata("study", ("ct1", "ct2", "mr1"))
register_metadata("series", ("ct1", "ct2"))
register_metadata("instance", ("ct1",))


NATIVE = "{http://dicom.nema.org/PS3.19/models/NativeDICOM}"
XML = 'multipart/related; type="application/dicom+xml"'


@requirement("8.7.3.2", "metadata is made as XML, the Native DICOM Model, or it is 406")
def metadata_xml(server):
    answer = server.get(server.data.path("ct1", "series") + "/metadata", accept=XML)
    if answer.status == 406:
        raise Skipped("the server has no XML")
    equal(answer.status, 200, "status")
    equal(answer.content_type, "multipart/related", "Content-Type")
    found = []
    for kind, content in answer.parts():
        expect(kind.lower().startswith("application/dicom+xml"), f"a part is {kind}")
        for attribute in ElementTree.fromstring(content).findall(f"{NATIVE}DicomAttribute[@tag='{INSTANCE}']"):
            equal((attribute.get("vr"), attribute.get("keyword")), ("UI", "SOPInstanceUID"), "vr and keyword")
            found.append(attribute.find(f"{NATIVE}Value[@number='1']").text)
    equal(sorted(found), sorted(server.data.instances[name].SOPInstanceUID for name in ("ct1", "ct2")), "instances")


@requirement("10.4.1.1.5", "the BulkDataURI of pixels in the metadata can be retrieved")
def bulk_data_of_metadata(server):
    result = server.get(server.data.path("ct1") + "/metadata", accept=JSON).json()[0]
    uri = result.get("7FE00010", {}).get("BulkDataURI")
    expect(uri, "PixelData has no BulkDataURI")
    # A relative one is relative to the metadata's own URL (RFC 3986 section 5).
    url = uri if uri.startswith("http") else f"{server.url}{server.data.path('ct1')}/{uri}"
    answer = server.get(url, accept=OCTETS)
    equal(answer.status, 200, "status")
    pixels = server.data.instances["ct1"].PixelData
    equal(answer.parts()[0][1][:len(pixels)], pixels, "bulk data")


@requirement("10.4.1.1.6", "a frame of an instance is its octets")
def one_frame(server):
    pixels = server.data.instances["us1"].PixelData
    answer = server.get(server.data.path("us1") + "/frames/2", accept=OCTETS)
    equal(answer.status, 200, "status")
    equal([content for _, content in answer.parts()], [pixels[256:512]], "frame 2")


@requirement("10.4.1.1.6", "a list of frames is answered in its order")
def frame_list(server):
    pixels = server.data.instances["us1"].PixelData
    answer = server.get(server.data.path("us1") + "/frames/3,1", accept=OCTETS)
    equal(answer.status, 200, "status")
    equal([content for _, content in answer.parts()], [pixels[512:], pixels[:256]], "frames 3 and 1")


@requirement("10.4.1.1.6", "a frame that is not there is refused")
def missing_frame(server):
    status = server.get(server.data.path("us1") + "/frames/4", accept=OCTETS).status
    expect(status in (400, 404), f"status {status}")


@requirement("10.4.1.1.3", "a rendered instance is a JPEG")
def rendered(server):
    answer = server.get(server.data.path("ct1") + "/rendered", accept="image/jpeg")
    equal(answer.status, 200, "status")
    equal(answer.content_type, "image/jpeg", "Content-Type")
    equal(answer.body[:3], b"\xff\xd8\xff", "the first octets")


@requirement("10.4.1.1.3", "a rendered frame is a picture")
def rendered_frame(server):
    answer = server.get(server.data.path("us1") + "/frames/2/rendered", accept="image/jpeg")
    equal(answer.status, 200, "status")
    equal(answer.content_type, "image/jpeg", "Content-Type")


@requirement("8.7.4", "a rendered image is made as PNG, too, or it is 406")
def rendered_png(server):
    answer = server.get(server.data.path("ct1") + "/rendered", accept="image/png")
    if answer.status == 406:
        raise Skipped("the server makes no PNG")
    equal(answer.status, 200, "status")
    equal(answer.body[:8], b"\x89PNG\r\n\x1a\n", "the first octets")


@requirement("8.7.4", "a rendered single frame is made as GIF, too")
def rendered_gif(server):
    answer = server.get(server.data.path("ct1") + "/rendered", accept="image/gif")
    equal(answer.status, 200, "status")
    equal(answer.content_type, "image/gif", "Content-Type")
    expect(answer.body[:6] in (b"GIF87a", b"GIF89a"), "the first octets")


def images_of_gif(gif):
    """How many pictures a GIF has: its blocks one after the other (GIF89a, appendix B)."""
    def table_size(packed):
        return 3 << (packed & 7) + 1 if packed & 0x80 else 0

    def behind_sub_blocks(at):
        while gif[at]:
            at += 1 + gif[at]
        return at + 1

    count, at = 0, 13 + table_size(gif[10])
    while gif[at] != 0x3b:
        if gif[at] == 0x21:
            at = behind_sub_blocks(at + 2)
        else:
            equal(gif[at], 0x2c, "an image descriptor")
            count += 1
            at = behind_sub_blocks(at + 11 + table_size(gif[at + 9]))
    return count


@requirement("8.7.4", "a multi-frame image as GIF has all its frames, or it is 406")
def animated_gif(server):
    answer = server.get(server.data.path("us1") + "/rendered", accept="image/gif")
    if answer.status == 406:
        raise Skipped("the server makes no GIF of a multi-frame image")
    equal(answer.status, 200, "status")
    equal(images_of_gif(answer.body), 3, "frames")


@requirement("8.7.4", "an encapsulated PDF is itself, or it is 406")
def rendered_pdf(server):
    answer = server.get(server.data.path("pdf") + "/rendered", accept="application/pdf")
    if answer.status in (406, 501):
        raise Skipped("the server renders no documents as PDF")
    equal(answer.status, 200, "status")
    equal(answer.content_type, "application/pdf", "Content-Type")
    expect(answer.body.startswith(b"%PDF-1.4"), "not the document")


def code(value, meaning):
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "99LARMOR", meaning
    return Sequence([item])


@requirement("8.7.4", "a structured report is a page (the default of Text), or it is 406")
def rendered_report(server):
    study = {"StudyInstanceUID": instances.new_uid(), "PatientName": server.data.tag, "PatientID": server.data.tag + "R",
             "StudyID": "", "AccessionNumber": "", "StudyDate": "", "StudyTime": ""}
    finding = Dataset()
    finding.RelationshipType, finding.ValueType, finding.TextValue = "CONTAINS", "TEXT", "1 < 2"
    finding.ConceptNameCodeSequence = code("2", "Finding")
    report = instances.make(study, {"SeriesInstanceUID": instances.new_uid(), "Modality": "SR", "SeriesNumber": 1},
                            "1.2.840.10008.5.1.4.1.1.88.11", 1, ValueType="CONTAINER", ContinuityOfContent="SEPARATE",
                            CompletionFlag="COMPLETE", VerificationFlag="UNVERIFIED", ContentDate="20240105",
                            ContentTime="101500", ConceptNameCodeSequence=code("1", "Report"),
                            ContentSequence=Sequence([finding]))
    server.data.further_studies.append(report.StudyInstanceUID)
    equal(server.store([instances.to_file(report)]).status, 200, "status of the store")
    path = (f"/studies/{report.StudyInstanceUID}/series/{report.SeriesInstanceUID}"
            f"/instances/{report.SOPInstanceUID}/rendered")
    answer = server.get(path)
    if answer.status in (406, 501):
        raise Skipped("the server renders no reports")
    equal(answer.status, 200, "status")
    equal(answer.content_type, "text/html", "Content-Type")
    expect(b"Finding" in answer.body and b"1 &lt; 2" in answer.body, "it does not say what the report says")


@requirement("8.7.4", "a video is its stream, or it is 406")
def rendered_video(server):
    stream = b"\0\0\0\x18ftypisom" + bytes(range(256)) * 8
    study = {"StudyInstanceUID": instances.new_uid(), "PatientName": server.data.tag, "PatientID": server.data.tag + "V",
             "StudyID": "", "AccessionNumber": "", "StudyDate": "", "StudyTime": ""}
    video = instances.make(study, {"SeriesInstanceUID": instances.new_uid(), "Modality": "XC", "SeriesNumber": 1},
                           instances.VIDEO, 1)
    instances.add_video(video, stream)
    if server.store([instances.to_file(video, instances.MPEG4)]).status != 200:
        raise Skipped("the server stores no video")
    server.data.further_studies.append(video.StudyInstanceUID)
    path = f"/studies/{video.StudyInstanceUID}/series/{video.SeriesInstanceUID}/instances/{video.SOPInstanceUID}/rendered"
    answer = server.get(path, accept="video/mp4")
    if answer.status in (406, 501):
        raise Skipped("the server renders no video")
    equal(answer.status, 200, "status")
    equal(answer.content_type, "video/mp4", "Content-Type")
    equal(answer.body[:len(stream)], stream, "the stream")
    part = server.get(path, accept="video/mp4", Range="bytes=100-199")
    expect(part.status == 200 or (part.status == 206 and part.body == stream[100:200]), "a range is neither done nor ignored")


@requirement("8.7.8.1", "where the parameter accept names no rendered type that there is, the header decides")
def rendered_fallback(server):
    answer = server.get(server.data.path("ct1") + "/rendered", [("accept", "application/x-none")], accept="image/png")
    equal(answer.status, 200, "status")
    equal(answer.content_type, "image/png", "Content-Type")


@requirement("8.3.5.1.1", "annotation is burnt into the picture, or a Warning 299 says that it is not")
def annotation(server):
    path = server.data.path("ct1") + "/rendered"
    plain = server.get(path, accept="image/jpeg")
    for value in ("patient", "technique", "patient,technique"):
        answer = server.get(path, [("annotation", value)], accept="image/jpeg")
        equal(answer.status, 200, f"status with annotation={value}")
        expect(answer.body != plain.body or any(one.startswith("299") for one in answer.warnings),
               f"annotation={value} is neither done nor warned of")


@requirement("8.3.5.1.5", "iccprofile is known, and what it asks for is done or warned of")
def icc_profile(server):
    path = server.data.path("ct1") + "/rendered"
    equal(server.get(path, "iccprofile=no", accept="image/jpeg").status, 200, "status with iccprofile=no")
    answer = server.get(path, "iccprofile=srgb", accept="image/jpeg")
    equal(answer.status, 200, "status with iccprofile=srgb")
    expect(b"ICC_PROFILE\0" in answer.body or any(one.startswith("299") for one in answer.warnings),
           "iccprofile=srgb is neither done nor warned of")
    equal(server.get(path, "iccprofile=x", accept="image/jpeg").status, 400, "status with iccprofile=x")


@requirement("10.4.3.3.4", "a thumbnail has nothing of the patient in it")
def thumbnail_without_patient(server):
    path = server.data.path("ct1") + "/thumbnail"
    plain = server.get(path, accept="image/jpeg")
    if plain.status in (404, 501):
        raise Skipped("thumbnails are optional")
    annotated = server.get(path, [("annotation", "patient")], accept="image/jpeg")
    expect(annotated.status != 200 or annotated.body == plain.body, "the patient is burnt in")


def jpeg_size(jpeg):
    at = 2  # the segments up to the frame header
    while jpeg[at + 1] not in (0xc0, 0xc1, 0xc2):
        at += 2 + int.from_bytes(jpeg[at + 2:at + 4], "big")
    return int.from_bytes(jpeg[at + 7:at + 9], "big"), int.from_bytes(jpeg[at + 5:at + 7], "big")


def picture_size(server, query):
    answer = server.get(server.data.path("ct1") + "/rendered", query, accept="image/png, image/jpeg;q=0.5")
    equal(answer.status, 200, f"status with {query}")
    if answer.content_type == "image/png":
        return int.from_bytes(answer.body[16:20], "big"), int.from_bytes(answer.body[20:24], "big")
    return jpeg_size(answer.body)


@requirement("8.3.5.1.3", "viewport scales a rendered image")
def viewport(server):
    equal(picture_size(server, "viewport=8,8"), (8, 8), "size")


@requirement("8.3.5.1.4", "window is center, width and function")
def window(server):
    equal(picture_size(server, "window=100,50,linear"), (16, 16), "size")
    for bad in ("window=100,50", "window=a,b,linear", "window=100,50,curve"):
        status = server.get(server.data.path("ct1") + "/rendered", bad, accept="image/jpeg").status
        equal(status, 400, f"status with {bad}")


@requirement("8.3.5.1.2", "quality is between 1 and 100")
def quality(server):
    path = server.data.path("ct1") + "/rendered"
    equal(server.get(path, "quality=50", accept="image/jpeg").status, 200, "status with quality=50")
    equal(server.get(path, "quality=0", accept="image/jpeg").status, 400, "status with quality=0")


@requirement("10.4.1.1.4", "an instance has a thumbnail")
def thumbnail(server):
    answer = server.get(server.data.path("ct1") + "/thumbnail", accept="image/jpeg")
    if answer.status in (404, 501):
        raise Skipped("thumbnails are optional")
    equal(answer.status, 200, "status")
    equal(answer.content_type, "image/jpeg", "Content-Type")


@requirement("10.4.3", "a UID that is none is refused")
def no_uid(server):
    for path in ("/studies/abc/metadata", "/studies/1..2/series/3/metadata"):
        status = server.get(path, accept=JSON).status
        expect(status in (400, 404), f"{path}: status {status}")
