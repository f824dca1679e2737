"""PS3.18 section 10.5: what storing answers."""
import copy

import instances
from client import JSON, value_of
from suite import equal, expect, requirement

REFERENCED, FAILED, REASON = "00081199", "00081198", "00081197"


def another(server):
    """An instance of a study of its own, so that no search of others finds it."""
    one = copy.deepcopy(server.data.instances["ct1"])
    one.StudyInstanceUID, one.SeriesInstanceUID, one.SOPInstanceUID = (instances.new_uid() for _ in range(3))
    one.PatientID = one.AccessionNumber = f"{server.data.tag}X"
    one.PatientName = f"{server.data.tag}Other"
    server.data.further_studies.append(one.StudyInstanceUID)
    return one


def own_study(one):
    return f"/studies/{one.StudyInstanceUID}"


@requirement("table 10.5.3-1", "all stored is 200 OK")
def stored(server):
    equal(server.facts["store"].status, 200, "status")


@requirement("10.5.3.2", "the response names every instance that was stored, with its RetrieveURL")
def response(server):
    items = server.facts["store"].json()[REFERENCED]["Value"]
    equal(sorted(value_of(item, "00081155") for item in items),
          sorted(one.SOPInstanceUID for one in server.data.instances.values()), "ReferencedSOPInstanceUID")
    for item in items:
        expect(str(value_of(item, "00081190")).startswith("http"), "RetrieveURL of an instance")


@requirement("10.5.3.2", "what can be read is searchable at once when the answer is there")
def durable(server):
    one = another(server)
    equal(server.store([instances.to_file(one)], own_study(one)).status, 200, "status")
    equal(len(server.search(f"{own_study(one)}/instances", [("SOPInstanceUID", one.SOPInstanceUID)])), 1, "results")


@requirement("10.5.1.1", "an instance of another study than the path's is not stored")
def other_study(server):
    answer = server.store([instances.to_file(server.data.instances["us1"])], server.data.path("ct1", "study"))
    expect(answer.status in (400, 409), f"status {answer.status}")


@requirement("table 10.5.3-1", "nothing stored is 409 Conflict with the reason of each, or 400")
def not_stored(server):
    answer = server.store([b"this is no DICOM file"])
    expect(answer.status in (400, 409, 415), f"status {answer.status}")


@requirement("table 10.5.3-1", "some stored and some not is 202 Accepted, with both lists")
def partly_stored(server):
    broken = another(server)
    del broken.StudyInstanceUID
    whole = server.data.instances["ct1"]
    answer = server.store([instances.to_file(whole), instances.to_file(broken)])
    equal(answer.status, 202, "status")
    body = answer.json()
    equal(len(body[REFERENCED]["Value"]), 1, "stored")
    failed = body[FAILED]["Value"]
    equal(len(failed), 1, "failed")
    expect(isinstance(value_of(failed[0], REASON), int), "FailureReason")


@requirement("10.5.2", "storing the same again is a success")
def again(server):
    answer = server.store([instances.to_file(server.data.instances["ct2"])])
    expect(answer.status in (200, 202), f"status {answer.status}")


@requirement("10.5.2", "a body that is no multipart/related is 415 or 400")
def wrong_type(server):
    status = server.send("POST", "/studies", (), {"Content-Type": "text/plain", "Accept": JSON}, b"hello").status
    expect(status in (400, 415), f"status {status}")
