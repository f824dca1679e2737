"""DELETE of studies, series and instances: PS3.18 leaves it out, RFC 9110 section 9.3.5 and the habit of servers say what it
does to the resources of section 10.4."""
import copy

import instances
from client import JSON
from suite import Skipped, equal, expect, requirement

SECTION = "RFC 9110 9.3.5"


def two_of_a_series(server):
    """Stored in a study of their own."""
    first = copy.deepcopy(server.data.instances["ct1"])
    first.StudyInstanceUID, first.SeriesInstanceUID, first.SOPInstanceUID = (instances.new_uid() for _ in range(3))
    first.PatientID = first.AccessionNumber = f"{server.data.tag}D"
    first.PatientName = f"{server.data.tag}Deleted"
    second = copy.deepcopy(first)
    second.SOPInstanceUID = instances.new_uid()
    server.data.further_studies.append(first.StudyInstanceUID)
    equal(server.store([instances.to_file(first), instances.to_file(second)]).status, 200, "status of storing")
    return first, second


def paths_of(one):
    study = f"/studies/{one.StudyInstanceUID}"
    series = f"{study}/series/{one.SeriesInstanceUID}"
    return study, series, f"{series}/instances/{one.SOPInstanceUID}"


def delete(server, path):
    answer = server.send("DELETE", path)
    if answer.status in (404, 405, 501):
        raise Skipped("nothing can be deleted at this level")
    expect(answer.status in (200, 202, 204), f"status {answer.status}")


def expect_gone(server, path):
    equal(server.get(path + "/metadata", accept=JSON).status, 404, f"status of {path}/metadata")


@requirement(SECTION, "an instance that is deleted is not found any more, others of its series are")
def instance(server):
    first, second = two_of_a_series(server)
    study, series, path = paths_of(first)
    delete(server, path)
    expect_gone(server, path)
    equal(server.search(f"{series}/instances", [("SOPInstanceUID", first.SOPInstanceUID)]), [], "results")
    equal(server.get(paths_of(second)[2] + "/metadata", accept=JSON).status, 200, "status of the other")
    equal(len(server.search(f"{study}/instances")), 1, "instances left")


@requirement(SECTION, "a series that is deleted is not found any more")
def series(server):
    first, _ = two_of_a_series(server)
    _, path, below = paths_of(first)
    delete(server, path)
    expect_gone(server, path)
    expect_gone(server, below)
    equal(server.search("/series", [("SeriesInstanceUID", first.SeriesInstanceUID)]), [], "results")


@requirement(SECTION, "a study that is deleted is not found any more, nor anything of it")
def study(server):
    first, _ = two_of_a_series(server)
    path, of_series, of_instance = paths_of(first)
    delete(server, path)
    for gone in (path, of_series, of_instance):
        expect_gone(server, gone)
    for level in ("studies", "series", "instances"):
        equal(server.search(f"/{level}", [("StudyInstanceUID", first.StudyInstanceUID)]), [], level)


@requirement(SECTION, "what was deleted is 404 when it is deleted again")
def twice(server):
    first, _ = two_of_a_series(server)
    delete(server, paths_of(first)[0])
    equal(server.send("DELETE", paths_of(first)[0]).status, 404, "status")


@requirement(SECTION, "what was deleted can be stored again")
def again(server):
    first, _ = two_of_a_series(server)
    delete(server, paths_of(first)[0])
    equal(server.store([instances.to_file(first)]).status, 200, "status")
    equal(server.get(paths_of(first)[2] + "/metadata", accept=JSON).status, 200, "status of it")
    equal(len(server.search(f"{paths_of(first)[0]}/instances")), 1, "instances")
