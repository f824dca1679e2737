"""PS3.18 section 8.3.4.1 and table 10.6.1-5: what searches match."""
from client import found, uids, value_of
from suite import Failed, equal, expect, requirement

STUDY, SERIES, INSTANCE = "0020000D", "0020000E", "00080018"


def study_keys(data):
    """Keyword, tag, a value that finds Anna's study only."""
    anna = data.anna
    return {
        "StudyDate": ("00080020", "20240105"), "StudyTime": ("00080030", "101500"),
        "AccessionNumber": ("00080050", anna["AccessionNumber"]), "ModalitiesInStudy": ("00080061", "MR"),
        "ReferringPhysicianName": ("00080090", f"{data.tag}Ref^Gregory"), "PatientName": ("00100010", anna["PatientName"]),
        "PatientID": ("00100020", anna["PatientID"]), "StudyInstanceUID": ("0020000D", anna["StudyInstanceUID"]),
        "StudyID": ("00200010", anna["StudyID"]),
    }


def series_keys(data):
    """The same for her CT series."""
    return {
        "Modality": ("00080060", "CT"), "SeriesInstanceUID": ("0020000E", data.ct["SeriesInstanceUID"]),
        "SeriesNumber": ("00200011", "3"), "PerformedProcedureStepStartDate": ("00400244", "20240105"),
        "PerformedProcedureStepStartTime": ("00400245", "102000"),
        "RequestAttributesSequence.ScheduledProcedureStepID": ("00400275.00400009", f"{data.tag}SPS1"),
        "RequestAttributesSequence.RequestedProcedureID": ("00400275.00401001", f"{data.tag}RP1"),
    }


def instance_keys(data):
    """The same for the first instance of it, within the study."""
    first = data.instances["ct1"]
    return {"SOPClassUID": ("00080016", first.SOPClassUID), "SOPInstanceUID": ("00080018", first.SOPInstanceUID),
            "InstanceNumber": ("00200013", "1")}


def only_ours(data):
    return ("StudyInstanceUID", ",".join(data.all_studies))


def narrowed(data, keyword, query):
    """Together with the list of our studies, unless that is what is asked for."""
    return query if keyword == "StudyInstanceUID" else [*query, only_ours(data)]


STUDY_KEYS = ["StudyDate", "StudyTime", "AccessionNumber", "ModalitiesInStudy", "ReferringPhysicianName", "PatientName",
              "PatientID", "StudyInstanceUID", "StudyID"]
SERIES_KEYS = ["Modality", "SeriesInstanceUID", "SeriesNumber", "PerformedProcedureStepStartDate",
               "PerformedProcedureStepStartTime", "RequestAttributesSequence.ScheduledProcedureStepID",
               "RequestAttributesSequence.RequestedProcedureID"]
INSTANCE_KEYS = ["SOPClassUID", "SOPInstanceUID", "InstanceNumber"]


def register_study_key(keyword):
    @requirement("table 10.6.1-5", f"{keyword} is matched by All Studies, All Series and All Instances")
    def check(server):
        data = server.data
        _, value = study_keys(data)[keyword]
        query = narrowed(data, keyword, [(keyword, value)])
        for path in ("/studies", "/series", "/instances"):
            found(server, path, query, [data.anna["StudyInstanceUID"]])


def register_series_key(keyword):
    @requirement("table 10.6.1-5", f"{keyword} is matched by Study's Series and All Series")
    def check(server):
        data = server.data
        _, value = series_keys(data)[keyword]
        study = data.anna["StudyInstanceUID"]
        found(server, f"/studies/{study}/series", [(keyword, value)], [data.ct["SeriesInstanceUID"]], SERIES)
        found(server, "/series", [(keyword, value), ("StudyInstanceUID", study)], [data.ct["SeriesInstanceUID"]], SERIES)

    @requirement("table 10.6.1-5", f"{keyword} is matched by Study's Instances and All Instances")
    def check_instances(server):
        data = server.data
        _, value = series_keys(data)[keyword]
        study = data.anna["StudyInstanceUID"]
        both = [data.instances[name].SOPInstanceUID for name in ("ct1", "ct2")]
        found(server, f"/studies/{study}/instances", [(keyword, value)], both, INSTANCE)
        found(server, "/instances", [(keyword, value), ("StudyInstanceUID", study)], both, INSTANCE)


def register_instance_key(keyword):
    @requirement("table 10.6.1-5", f"{keyword} is matched by every search for instances")
    def check(server):
        data = server.data
        _, value = instance_keys(data)[keyword]
        study, series = data.anna["StudyInstanceUID"], data.ct["SeriesInstanceUID"]
        names = {"SOPClassUID": ("ct1", "ct2")}.get(keyword, ("ct1",))
        expected = [data.instances[name].SOPInstanceUID for name in names]
        found(server, f"/studies/{study}/series/{series}/instances", [(keyword, value)], expected, INSTANCE)
        within = [(keyword, value), ("SeriesInstanceUID", series)]
        found(server, f"/studies/{study}/instances", within, expected, INSTANCE)
        found(server, "/instances", [*within, ("StudyInstanceUID", study)], expected, INSTANCE)


for each in STUDY_KEYS:
    register_study_key(each)
for each in SERIES_KEYS:
    register_series_key(each)
for each in INSTANCE_KEYS:
    register_instance_key(each)


@requirement("8.3.4.1", "an attribute is named by its tag in hexadecimal digits")
def by_tag(server):
    data, wrong = server.data, []
    anna = [data.anna["StudyInstanceUID"]]
    for keyword, (tag, value) in study_keys(data).items():
        query = narrowed(data, keyword, [(tag, value)])
        if uids(server.search("/studies", query)) != anna:
            wrong.append(keyword)
    equal(wrong, [], "not matched by tag")


@requirement("8.3.4.1", "an attribute in a sequence is named by keywords or tags joined with a dot")
def by_path(server):
    data = server.data
    path = f"/studies/{data.anna['StudyInstanceUID']}/series"
    for name in ("00400275.00400009", "RequestAttributesSequence.ScheduledProcedureStepID"):
        found(server, path, [(name, f"{data.tag}SPS1")], [data.ct["SeriesInstanceUID"]], SERIES)
        found(server, path, [(name, f"{data.tag}SPS9")], [], SERIES)


@requirement("8.3.4.1", "a sequence matches when any of its items matches")
def any_item(server):
    data = server.data
    path = f"/studies/{data.anna['StudyInstanceUID']}/series"
    found(server, path, [("00400275.00400009", f"{data.tag}SPS2")], [data.ct["SeriesInstanceUID"]], SERIES)


@requirement("8.3.4.1", "keys of one sequence match when one and the same item matches all of them")
def same_item(server):
    data = server.data
    path = f"/studies/{data.anna['StudyInstanceUID']}/series"
    for step, procedure, expected in (("SPS2", "RP2", [data.ct["SeriesInstanceUID"]]), ("SPS1", "RP2", [])):
        query = [("00400275.00400009", data.tag + step), ("00400275.00401001", data.tag + procedure)]
        found(server, path, query, expected, SERIES)


@requirement("8.3.1", "names and values of parameters are percent-decoded (RFC 3986)")
def percent_encoding(server):
    data = server.data
    found(server, "/studies", f"PatientI%44={data.tag}%501", [data.anna["StudyInstanceUID"]])
    found(server, "/studies", f"PatientID={data.tag}P%2A", data.all_studies)


@requirement("8.3.4.1", "several keys must all match")
def all_keys(server):
    data = server.data
    found(server, "/studies", [("PatientID", data.anna["PatientID"]), ("AccessionNumber", data.anna["AccessionNumber"])],
          [data.anna["StudyInstanceUID"]])
    found(server, "/studies", [("PatientID", data.anna["PatientID"]), ("AccessionNumber", data.taro["AccessionNumber"])], [])


@requirement("8.3.4.1", "an empty value matches everything and asks for the attribute")
def universal(server):
    data = server.data
    results = server.search("/studies", [("StudyInstanceUID", data.anna["StudyInstanceUID"]), ("StudyDescription", "")])
    equal(uids(results), [data.anna["StudyInstanceUID"]], "results")
    equal(value_of(results[0], "00081030"), "Head", "StudyDescription")


@requirement("8.3.4.1", "a list of UIDs is separated by commas or backslashes")
def uid_list(server):
    data = server.data
    wanted = data.all_studies[:2]
    for separator in (",", "\\"):
        found(server, "/studies", [("StudyInstanceUID", separator.join([*wanted, "2.25.1"]))], wanted)


@requirement("8.3.4.1", "a star stands for any characters and a question mark for one")
def wildcards(server):
    data = server.data
    for value in (f"{data.tag}P*", f"{data.tag}P?", f"*{data.tag[1:]}P?"):
        found(server, "/studies", [("PatientID", value)], data.all_studies)
    found(server, "/studies", [("PatientID", f"{data.tag}?P1")], [])
    found(server, "/studies", [("AccessionNumber", f"{data.tag[:-1]}?A2")], [data.taro["StudyInstanceUID"]])


@requirement("8.3.4.1", "a name is matched without regard to case or by wildcard")
def names(server):
    data = server.data
    for value in (f"{data.tag}Ber*", f"{data.tag}B?rg^Berta"):
        found(server, "/studies", [("PatientName", value)], [data.berta["StudyInstanceUID"]])


@requirement("8.3.4.1", "a range of dates includes both ends, and either may be left out")
def date_ranges(server):
    data = server.data
    anna, taro = data.anna["StudyInstanceUID"], data.taro["StudyInstanceUID"]
    for value, expected in (("20240105-20240220", [anna, taro]), ("20240106-20240220", [taro]),
                            ("20240106-", [taro]), ("-20240105", [anna]), ("20230101-20231231", [])):
        found(server, "/studies", narrowed(data, "", [("StudyDate", value)]), expected)


@requirement("8.3.4.1", "a range of times includes both ends, and either may be left out")
def time_ranges(server):
    data = server.data
    anna, taro = data.anna["StudyInstanceUID"], data.taro["StudyInstanceUID"]
    for value, expected in (("101500-180001", [anna, taro]), ("1200-", [taro]), ("-101500", [anna])):
        found(server, "/studies", narrowed(data, "", [("StudyTime", value)]), expected)


@requirement("8.3.4.1.1", "a range of dates and one of times together are one range of moments")
def moments(server):
    data = server.data
    anna, taro = data.anna["StudyInstanceUID"], data.taro["StudyInstanceUID"]
    # 10:15 lies before 11:00, but on a later day than the range's first.
    for dates, times, expected in (("20240104-20240220", "110000-190000", [anna, taro]),
                                   ("20240105-20240220", "110000-190000", [taro]),
                                   ("20240104-20240220", "110000-170000", [anna])):
        found(server, "/studies", narrowed(data, "", [("StudyDate", dates), ("StudyTime", times)]), expected)


@requirement("8.3.4.1", "ModalitiesInStudy matches when any series has the modality")
def modalities(server):
    data = server.data
    for modality in ("CT", "MR"):
        found(server, "/studies", narrowed(data, "", [("ModalitiesInStudy", modality)]), [data.anna["StudyInstanceUID"]])
    found(server, "/studies", narrowed(data, "", [("ModalitiesInStudy", "XA")]), [])


@requirement("8.3.1", "an unknown parameter is ignored")
def unknown(server):
    data = server.data
    found(server, "/studies", [("PatientID", data.anna["PatientID"]), ("notaparameter", "x")],
          [data.anna["StudyInstanceUID"]])


@requirement("table 10.6.3-1", "a value that cannot be read is 400 Bad Request")
def bad_values(server):
    for query in ([("StudyDate", "yesterday")], [("limit", "many")], [("offset", "-1")]):
        status = server.get("/studies", query, accept="application/dicom+json").status
        if status != 400:
            raise Failed(f"{query}: status {status}")


@requirement("table 10.6.3-1", "no match is an empty list or no content")
def no_match(server):
    answer = server.get("/studies", [("StudyInstanceUID", "2.25.1")], accept="application/dicom+json")
    expect(answer.status == 204 or (answer.status == 200 and answer.json() == []),
           f"status {answer.status} with {len(answer.body)} bytes")
