"""PS3.18 sections 8.3.4.2 to 8.3.4.4: fuzzy matching, attributes in the response, pagination."""
from client import JSON, found, uids, value_of
from search_matching import INSTANCE, only_ours
from suite import Skipped, equal, expect, requirement

NOT_SUPPORTED = "fuzzymatching parameter is not supported"


def fuzzy(server, name):
    """The studies that a fuzzy search for a name finds among ours."""
    query = [("PatientName", name), ("fuzzymatching", "true"), only_ours(server.data)]
    answer = server.get("/studies", query, accept=JSON)
    expect(answer.status in (200, 204), f"status {answer.status}")
    if any(NOT_SUPPORTED in warning for warning in answer.warnings):
        raise Skipped("the server says that it does not support fuzzy matching")
    return uids(answer.json() if answer.status == 200 else [])


@requirement("8.3.4.2", "fuzzymatching=true is done, or a Warning 299 says that it is not")
def fuzzy_or_warned(server):
    try:
        equal(fuzzy(server, "anna"), [server.data.anna["StudyInstanceUID"]], "PatientName=anna")
    except Skipped:
        pass


@requirement("8.3.4.2", "a fuzzy search matches any part of a name, in any order and case")
def fuzzy_parts(server):
    data = server.data
    for name in ("MARIA", "maria anna", f"{data.tag}-m^Anna", "Anna^" + data.tag):
        equal(fuzzy(server, name), [data.anna["StudyInstanceUID"]], f"PatientName={name}")


@requirement("8.3.4.2", "a fuzzy search matches ideographic and phonetic groups")
def fuzzy_groups(server):
    for name in ("太郎", "たろう"):
        equal(fuzzy(server, name), [server.data.taro["StudyInstanceUID"]], f"PatientName={name}")


@requirement("8.3.4.2", "fuzzymatching=false is literal")
def literal(server):
    query = [("PatientName", "Anna"), ("fuzzymatching", "false"), only_ours(server.data)]
    found(server, "/studies", query, [])


@requirement("8.3.4.3", "includefield adds attributes by keyword, by tag and as a list")
def include(server):
    data = server.data
    study = ("StudyInstanceUID", data.anna["StudyInstanceUID"])
    for fields in ([("includefield", "StudyDescription")], [("includefield", "00081030")],
                   [("includefield", "PatientWeight,StudyDescription")],
                   [("includefield", "00101030"), ("includefield", "StudyDescription")]):
        result = server.search("/studies", [study, *fields])[0]
        equal(value_of(result, "00081030"), "Head", f"StudyDescription with {fields}")
        if len(fields) > 1 or "," in fields[0][1]:
            equal(value_of(result, "00101030"), 61.5, f"PatientWeight with {fields}")


@requirement("8.3.4.3", "includefield=all gives all attributes of the level")
def include_all(server):
    data = server.data
    result = server.search("/studies", [("StudyInstanceUID", data.anna["StudyInstanceUID"]), ("includefield", "all")])[0]
    equal(value_of(result, "00081030"), "Head", "StudyDescription")
    instance = data.instances["ct1"]
    path = f"/studies/{instance.StudyInstanceUID}/series/{instance.SeriesInstanceUID}/instances"
    result = server.search(path, [("SOPInstanceUID", instance.SOPInstanceUID), ("includefield", "all")])[0]
    equal(result.get("00080008", {}).get("Value"), ["ORIGINAL", "PRIMARY", "AXIAL"], "ImageType")


@requirement("8.3.4.3", "includefield goes into sequences")
def include_in_sequence(server):
    data = server.data
    query = [("SeriesInstanceUID", data.ct["SeriesInstanceUID"]), ("includefield", "00400275.00400009")]
    result = server.search(f"/studies/{data.anna['StudyInstanceUID']}/series", query)[0]
    equal(value_of(value_of(result, "00400275") or {}, "00400009"), f"{data.tag}SPS1", "ScheduledProcedureStepID")


@requirement("10.6.3.3.1", "attributes of series and instances are not returned with studies")
def no_lower_levels(server):
    data = server.data
    query = [("StudyInstanceUID", data.anna["StudyInstanceUID"]), ("includefield", "00201041,00200013")]
    result = server.search("/studies", query)[0]
    equal([tag for tag in ("00201041", "00200013") if tag in result], [], "instance attributes")


def pages(server, path, query, tag, size, count):
    """The UIDs of consecutive pages."""
    listed = []
    for offset in range(0, count, size):
        answer = server.get(path, [*query, ("limit", size), ("offset", offset)], accept=JSON)
        equal(answer.status, 200, f"status at offset {offset}")
        page = [value_of(result, tag) for result in answer.json()]
        equal(len(page), min(size, count - offset), f"results at offset {offset}")
        listed += page
    return listed


@requirement("8.3.4.4", "limit and offset cut pages that together are the whole list, in one order")
def paging(server):
    data = server.data
    query = [only_ours(data)]
    whole = [value_of(result, "0020000D") for result in server.search("/studies", query)]
    equal(sorted(whole), sorted(data.all_studies), "the whole list")
    for size in (1, 2):
        equal(pages(server, "/studies", query, "0020000D", size, 3), whole, f"pages of {size}")
    study = data.anna["StudyInstanceUID"]
    all_instances = sorted(data.instances[name].SOPInstanceUID for name in ("ct1", "ct2", "mr1"))
    equal(sorted(pages(server, f"/studies/{study}/instances", [], INSTANCE, 2, 3)), all_instances, "pages of instances")


@requirement("8.3.4.4", "an offset behind the last result gives none")
def behind_the_end(server):
    equal(server.search("/studies", [only_ours(server.data), ("offset", 3)]), [], "results")


@requirement("8.3.4.4", "a Warning 299 says that there are additional results")
def more_results(server):
    query = [only_ours(server.data)]
    cut = server.get("/studies", [*query, ("limit", 2)], accept=JSON)
    expect(any(w.startswith("299") and "additional results" in w for w in cut.warnings), f"Warning: {cut.warnings}")
    whole = server.get("/studies", [*query, ("limit", 3)], accept=JSON)
    expect(not any("additional results" in w for w in whole.warnings), "a Warning though the list is whole")


@requirement("8.3.4.5", "emptyvaluematching=true with two quotation marks finds empty attributes, or a Warning 299 says no")
def empty_values(server):
    data = server.data
    query = [("StudyDate", '""'), ("emptyvaluematching", "true"), only_ours(data)]
    answer = server.get("/studies", query, accept=JSON)
    if any(w.startswith("299") and "emptyvaluematching" in w for w in answer.warnings):
        raise Skipped("the server says that it does not support it")
    expect(answer.status in (200, 204), f"status {answer.status}")
    equal(uids(answer.json()), [data.berta["StudyInstanceUID"]], "StudyDate is empty")
