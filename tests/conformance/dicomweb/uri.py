"""PS3.18 section 9: the URI service."""
import io

import pydicom

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


@requirement("9.5", "rows and columns bound the picture")
def size(server):
    answer = ask(server, [*object_of(server, "ct1"), ("rows", "8"), ("columns", "8")])
    equal(answer.status, 200, "status")


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
