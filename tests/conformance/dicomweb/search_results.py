"""PS3.18 sections 10.6.1.1 and 10.6.3.3, annex F: what searches return."""
from client import JSON, uids, value_of
from search_matching import INSTANCE, SERIES, only_ours
from suite import equal, expect, requirement

# Keyword, tag, VR; "1" must have a value, "2" must be there, possibly empty (types R and 2 of PS3.4 C.2.2.1).
STUDY = [("StudyDate", "00080020", "DA", 1), ("StudyTime", "00080030", "TM", 1), ("AccessionNumber", "00080050", "SH", 1),
         ("InstanceAvailability", "00080056", "CS", 0), ("ModalitiesInStudy", "00080061", "CS", 1),
         ("ReferringPhysicianName", "00080090", "PN", 1), ("TimezoneOffsetFromUTC", "00080201", "SH", 0),
         ("RetrieveURL", "00081190", "UR", 1), ("PatientName", "00100010", "PN", 1), ("PatientID", "00100020", "LO", 1),
         ("PatientBirthDate", "00100030", "DA", 1), ("PatientSex", "00100040", "CS", 1),
         ("StudyInstanceUID", "0020000D", "UI", 1), ("StudyID", "00200010", "SH", 1),
         ("NumberOfStudyRelatedSeries", "00201206", "IS", 1), ("NumberOfStudyRelatedInstances", "00201208", "IS", 1)]
SERIES_KEYS = [("Modality", "00080060", "CS", 1), ("SeriesDescription", "0008103E", "LO", 1),
               ("RetrieveURL", "00081190", "UR", 1), ("SeriesInstanceUID", "0020000E", "UI", 1),
               ("SeriesNumber", "00200011", "IS", 1), ("NumberOfSeriesRelatedInstances", "00201209", "IS", 1),
               ("PerformedProcedureStepStartDate", "00400244", "DA", 1),
               ("PerformedProcedureStepStartTime", "00400245", "TM", 1),
               ("RequestAttributesSequence", "00400275", "SQ", 1)]
INSTANCE_KEYS = [("SOPClassUID", "00080016", "UI", 1), ("SOPInstanceUID", "00080018", "UI", 1),
                 ("RetrieveURL", "00081190", "UR", 1), ("InstanceNumber", "00200013", "IS", 1),
                 ("Rows", "00280010", "US", 1), ("Columns", "00280011", "US", 1), ("BitsAllocated", "00280100", "US", 1)]


def register_return_key(table, level, path, key):
    keyword, tag, vr, needed = key

    @requirement(table, f"{keyword} is returned for {level}")
    def check(server):
        data = server.data
        results = server.search(path(data), [("limit", 1)] if "series" in path(data) else [
            ("StudyInstanceUID", data.anna["StudyInstanceUID"])])
        expect(results, "no result")
        if needed == 0 and tag not in results[0]:
            return  # only where the server knows it
        expect(tag in results[0], "it is not there")
        equal(results[0][tag].get("vr"), vr, "vr")
        expect(value_of(results[0], tag) is not None, "it has no value, though the instance has one")


def ct_series(data):
    return f"/studies/{data.anna['StudyInstanceUID']}/series"


for each in STUDY:
    register_return_key("table 10.6.3-3", "studies", lambda data: "/studies", each)
for each in SERIES_KEYS:
    register_return_key("table 10.6.3-4", "series", ct_series, each)
for each in INSTANCE_KEYS:
    register_return_key("table 10.6.3-5", "instances",
                        lambda data: f"{ct_series(data)}/{data.ct['SeriesInstanceUID']}/instances", each)


@requirement("table 10.6.1-1", "All Studies: /studies")
def all_studies(server):
    equal(uids(server.search("/studies", [only_ours(server.data)])), sorted(server.data.all_studies), "studies")


@requirement("table 10.6.1-1", "Study's Series: /studies/{study}/series")
def studys_series(server):
    data = server.data
    equal(uids(server.search(ct_series(data)), SERIES),
          sorted([data.ct["SeriesInstanceUID"], data.mr["SeriesInstanceUID"]]), "series")


@requirement("table 10.6.1-1", "Study's Instances: /studies/{study}/instances")
def studys_instances(server):
    data = server.data
    equal(uids(server.search(f"/studies/{data.anna['StudyInstanceUID']}/instances"), INSTANCE),
          sorted(data.instances[name].SOPInstanceUID for name in ("ct1", "ct2", "mr1")), "instances")


@requirement("table 10.6.1-1", "Study Series' Instances: /studies/{study}/series/{series}/instances")
def series_instances(server):
    data = server.data
    equal(uids(server.search(f"{ct_series(data)}/{data.ct['SeriesInstanceUID']}/instances"), INSTANCE),
          sorted(data.instances[name].SOPInstanceUID for name in ("ct1", "ct2")), "instances")


@requirement("table 10.6.1-1", "All Series: /series")
def all_series(server):
    data = server.data
    equal(uids(server.search("/series", [only_ours(data)]), SERIES),
          sorted({one.SeriesInstanceUID for one in data.instances.values()}), "series")


@requirement("table 10.6.1-1", "All Instances: /instances")
def all_instances(server):
    data = server.data
    equal(uids(server.search("/instances", [only_ours(data)]), INSTANCE),
          sorted(one.SOPInstanceUID for one in data.instances.values()), "instances")


@requirement("10.6.3.3.2", "All Series returns the attributes of the study too")
def series_with_study(server):
    data = server.data
    result = server.search("/series", [("SeriesInstanceUID", data.ct["SeriesInstanceUID"])])[0]
    equal([key[0] for key in STUDY if key[3] and key[0] != "RetrieveURL" and value_of(result, key[1]) is None], [], "missing")


@requirement("10.6.3.3.3", "All Instances returns the attributes of study and series too")
def instances_with_both(server):
    data = server.data
    result = server.search("/instances", [("SOPInstanceUID", data.instances["ct1"].SOPInstanceUID)])[0]
    missing = [key[0] for key in STUDY + SERIES_KEYS if key[3] and key[0] != "RetrieveURL" and value_of(result, key[1]) is None]
    equal(missing, [], "missing")


@requirement("10.6.3.3.3", "NumberOfFrames is returned for multi-frame instances")
def number_of_frames(server):
    instance = server.data.instances["us1"]
    result = server.search("/instances", [("SOPInstanceUID", instance.SOPInstanceUID)])[0]
    equal(value_of(result, "00280008"), 3, "NumberOfFrames")


@requirement("10.6.3.3.1", "counts and modalities are those of the study")
def counts(server):
    result = server.search("/studies", [("StudyInstanceUID", server.data.anna["StudyInstanceUID"])])[0]
    equal(value_of(result, "00201206"), 2, "NumberOfStudyRelatedSeries")
    equal(value_of(result, "00201208"), 3, "NumberOfStudyRelatedInstances")
    equal(sorted(result["00080061"]["Value"]), ["CT", "MR"], "ModalitiesInStudy")


@requirement("10.6.3.3.1", "RetrieveURL is an absolute URL that retrieves the resource")
def retrieve_url(server):
    result = server.search("/studies", [("StudyInstanceUID", server.data.anna["StudyInstanceUID"])])[0]
    url = value_of(result, "00081190")
    expect(str(url).startswith(("http://", "https://")), f"RetrieveURL is {url}")
    equal(server.get(f"{url}/metadata", accept=JSON).status, 200, "status of its metadata")


@requirement("F.2.2", "a name has its groups as members")
def person_name(server):
    data = server.data
    result = server.search("/studies", [("StudyInstanceUID", data.taro["StudyInstanceUID"])])[0]
    alphabetic, ideographic, phonetic = data.taro["PatientName"].split("=")
    equal(value_of(result, "00100010"),
          {"Alphabetic": alphabetic, "Ideographic": ideographic, "Phonetic": phonetic}, "PatientName")


@requirement("F.2.5", "an empty attribute has no Value")
def empty_attribute(server):
    result = server.search("/studies", [("StudyInstanceUID", server.data.berta["StudyInstanceUID"])])[0]
    equal(result.get("00080020", {}), {"vr": "DA"}, "StudyDate")


@requirement("F.2.3", "numbers of IS, DS and US are JSON numbers")
def numbers(server):
    instance = server.data.instances["ct1"]
    result = server.search("/instances", [("SOPInstanceUID", instance.SOPInstanceUID)])[0]
    for tag, number in (("00200013", 1), ("00280010", 16), ("00200011", 3)):
        equal(value_of(result, tag), number, tag)


@requirement("F.2.2", "tags are eight hexadecimal digits in upper case, ascending")
def ascending(server):
    result = server.search("/studies", [("StudyInstanceUID", server.data.anna["StudyInstanceUID"])])[0]
    equal(list(result), sorted(result), "order")
    equal([tag for tag in result if len(tag) != 8 or tag.upper() != tag], [], "tags")
