"""PS3.18 section 9: the URI service."""
import io

import pydicom

from retrieve import jpeg_size
from suite import Skipped, equal, expect, requirement


def ask(server, query, accept="*/*"):
    if not server.uri_url:
        raise Skipped("no --uri-url")
    return server.get(server.uri_url, query, accept=accept)


def object_of(server, name):
    one = server.data.instances[name]
    return [("requestType", "WADO"), ("studyUID", one.StudyInstanceUID), ("seriesUID", one.SeriesInstanceUID),
            ("objectUID", one.SOPInstanceUID)]


@requirement("9.5", "an object is rendered as JPEG where nothing else is asked for")
def default_type(server):
    answer = ask(server, object_of(server, "ct1"))
    equal(answer.status, 200, "status")
    equal(answer.content_type, "image/jpeg", "Content-Type")


@requirement("9.4", "contentType=application/dicom gives the object itself")
def as_dicom(server):
    answer = ask(server, [*object_of(server, "ct1"), ("contentType", "application/dicom")])
    equal(answer.status, 200, "status")
    equal(answer.content_type, "application/dicom", "Content-Type")
    equal(pydicom.dcmread(io.BytesIO(answer.body)).SOPInstanceUID, server.data.instances["ct1"].SOPInstanceUID, "UID")


@requirement("9.4", "requestType is needed")
def without_request_type(server):
    expect(ask(server, object_of(server, "ct1")[1:]).status == 400, "status")


@requirement("9.4", "all three UIDs are needed")
def without_uid(server):
    for left_out in (1, 2, 3):
        query = [pair for index, pair in enumerate(object_of(server, "ct1")) if index != left_out]
        equal(ask(server, query).status, 400, f"status without {object_of(server, 'ct1')[left_out][0]}")


@requirement("9.4", "an object that is not there is 404")
def not_there(server):
    query = [*object_of(server, "ct1")[:3], ("objectUID", "2.25.1")]
    equal(ask(server, query).status, 404, "status")


@requirement("9.1.2.2.1", "of a list of contentType the first supported one is answered")
def content_type_list(server):
    answer = ask(server, [*object_of(server, "ct1"), ("contentType", "image/x-none,image/jpeg")])
    equal(answer.status, 200, "status")
    equal(answer.content_type, "image/jpeg", "Content-Type")


@requirement("9.1.2.2.1", "a contentType that nobody can make is 406, where Accept takes nothing either")
def no_content_type(server):
    answer = ask(server, [*object_of(server, "ct1"), ("contentType", "image/x-none")], accept="image/x-none")
    equal(answer.status, 406, "status")


@requirement("8.7.8.1", "where contentType names nothing supported, the header decides")
def content_type_or_accept(server):
    answer = ask(server, [*object_of(server, "ct1"), ("contentType", "image/x-none")], accept="image/jpeg")
    equal(answer.status, 200, "status")
    equal(answer.content_type, "image/jpeg", "Content-Type")


@requirement("9.4", "an object without a transferSyntax is in Explicit VR Little Endian")
def default_transfer_syntax(server):
    answer = ask(server, [*object_of(server, "us1"), ("contentType", "application/dicom")])
    equal(answer.status, 200, "status")
    found = pydicom.dcmread(io.BytesIO(answer.body))
    equal(found.file_meta.TransferSyntaxUID, "1.2.840.10008.1.2.1", "TransferSyntaxUID")
    equal(found.PixelData, server.data.instances["us1"].PixelData, "PixelData")


@requirement("9.4", "anonymize=yes takes out who it is, or is refused")
def anonymize(server):
    answer = ask(server, [*object_of(server, "ct1"), ("contentType", "application/dicom"), ("anonymize", "yes")])
    if answer.status >= 400:
        raise Skipped("the server does not anonymize")
    found = pydicom.dcmread(io.BytesIO(answer.body))
    expect(server.data.tag not in f"{found.get('PatientName')}{found.get('PatientID')}", "the patient is named")


@requirement("9.5.1.2.2", "imageAnnotation is burnt in, warned of, or refused")
def image_annotation(server):
    plain = ask(server, object_of(server, "ct1"))
    answer = ask(server, [*object_of(server, "ct1"), ("imageAnnotation", "patient")])
    expect(answer.status >= 400 or answer.body != plain.body or answer.warnings, "it is ignored")


@requirement("9.5.1.2.3", "imageQuality is between 1 and 100")
def image_quality(server):
    equal(ask(server, [*object_of(server, "ct1"), ("imageQuality", "50")]).status, 200, "status of 50")
    equal(ask(server, [*object_of(server, "ct1"), ("imageQuality", "101")]).status, 400, "status of 101")


@requirement("9.5.1.2.5", "region has four fractions of the picture")
def region(server):
    equal(ask(server, [*object_of(server, "ct1"), ("region", "0.25,0.25,0.75,0.75")]).status, 200, "status")
    for bad in ("0,0,1", "0.5,0,0.25,1", "0,0,2,1"):
        equal(ask(server, [*object_of(server, "ct1"), ("region", bad)]).status, 400, f"status of {bad}")


@requirement("9.5.1.2.7", "presentationUID needs presentationSeriesUID")
def half_a_presentation(server):
    equal(ask(server, [*object_of(server, "ct1"), ("presentationUID", "2.25.1")]).status, 400, "status")


@requirement("9.5.1.2.4", "rows and columns bound the picture")
def size(server):
    answer = ask(server, [*object_of(server, "ct1"), ("rows", "8"), ("columns", "8")])
    equal(answer.status, 200, "status")
    equal(jpeg_size(answer.body), (8, 8), "size")


@requirement("9.5", "rows needs columns")
def half_a_viewport(server):
    equal(ask(server, [*object_of(server, "ct1"), ("rows", "8")]).status, 400, "status")


@requirement("9.5", "windowCenter needs windowWidth")
def half_a_window(server):
    equal(ask(server, [*object_of(server, "ct1"), ("windowCenter", "100")]).status, 400, "status")


@requirement("9.5", "frameNumber chooses a frame, and one that is not there is refused")
def frame_number(server):
    equal(ask(server, [*object_of(server, "us1"), ("frameNumber", "3")]).status, 200, "status of frame 3")
    status = ask(server, [*object_of(server, "us1"), ("frameNumber", "4")]).status
    expect(status in (400, 404), f"status of frame 4: {status}")
