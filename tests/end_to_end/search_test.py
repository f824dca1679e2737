#!/usr/bin/python3
"""POST /v1/search over the embedded index, and over a stand-in for OpenSearch: files of pydicom with names in many scripts, renamed, deleted,
recovered, in conflict. Ends with `N passed, N failed`."""
import glob
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
import warnings

import pydicom

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from dimse import LARMOR, PYDICOM_FILES, Server, wait_until  # noqa: E402
from lib.index import (delete_study, edit, import_files, instances_of_pydicom, queue_of, recover, studies_of_catalog,  # noqa: E402
                       wait_until_applied, write_mister_ct)
from lib.scenarios import Scenarios  # noqa: E402
from lib.search import HAS_API, StandIn, ask  # noqa: E402

warnings.simplefilter("ignore")
scenarios = Scenarios("search")
test = scenarios.test
CHARSET_FILES = "/usr/lib/python3/dist-packages/pydicom/data/charset_files"


def refused(server, **query):
    """Status and problem of a query that is not answered."""
    status, answer = server.send("POST", "/v1/search", query)
    assert status >= 400, (status, answer)
    return status, json.loads(answer)


def studies(server, **query):
    return {hit["StudyInstanceUID"] for hit in ask(server, limit=1000, **query)["hits"]}


def settle(server):
    """Nothing waits any more, and the engine has refreshed."""
    wait_until_applied(server, "search")
    in_catalog = set(studies_of_catalog(server))

    def found():
        return {(hit["StudyInstanceUID"], hit["NumberOfStudyRelatedSeries"], hit["NumberOfStudyRelatedInstances"])
                for hit in ask(server, limit=1000)["hits"]}
    wait_until(lambda: found() == in_catalog, 5)


def over_both_stores(function):
    def embedded(folder):
        server = Server(folder, "--index-search", "embedded")
        try:
            function(folder, server)
        finally:
            server.end()

    def opensearch(folder):
        stand_in = StandIn()
        server = Server(folder, "--index-search", stand_in.url)
        try:
            function(folder, server)
        finally:
            server.end()
            stand_in.end()
    embedded.__name__ = f"embedded: {function.__name__}"
    opensearch.__name__ = f"opensearch: {function.__name__}"
    test(embedded)
    if HAS_API:
        test(opensearch)
    else:
        print("the description of OpenSearch's API is not installed (./dev setup does it): NOTHING is tested on it")
    return function


@over_both_stores
def names_in_every_script_are_found_by_each_of_their_parts(folder, server):
    os.mkdir(f"{folder}/files")
    expected = {}  # the name as pydicom reads it, by study
    for path in sorted(glob.glob(f"{CHARSET_FILES}/*.dcm")):
        data_set = pydicom.dcmread(path)
        data_set.decode()
        name = str(data_set.get("PatientName", ""))
        if not name or "SOPClassUID" not in data_set:
            continue
        # They share UIDs: each becomes a study of its own.
        number = f"1.2.826.0.1.{len(expected) + 1}"
        data_set.StudyInstanceUID, data_set.SeriesInstanceUID = number, f"{number}.1"
        data_set.SOPInstanceUID = data_set.file_meta.MediaStorageSOPInstanceUID = f"{number}.1.1"
        data_set.PatientID = number
        data_set.save_as(f"{folder}/files/{len(expected):03}.dcm")
        expected[number] = name
    assert len(expected) >= 10, expected
    import_files(server, f"{folder}/files")
    settle(server)
    compared = 0
    for study, name in expected.items():
        for word in {word for part in name.replace("^", "=").replace(" ", "=").split("=") for word in [part.strip()] if len(word) > 1}:
            for asked in {word, word.upper(), word.lower(), word[1:]}:
                assert study in studies(server, filters={"PatientName": asked}), (name, asked)
                assert study in studies(server, text=asked), (name, asked)
                compared += 1
    assert compared > 50, compared
    # Beside them nothing else: this part is in the names of PS3.5 H.3 only.
    wanted = {study for study, name in expected.items() if "山田" in name}
    assert wanted and studies(server, filters={"PatientName": "山田"}) == wanted, (wanted, expected)
    hit = ask(server, text="yamada", highlight=True)["hits"][0]
    pieces = hit["highlights"]["PatientName"]
    assert "".join(piece["text"] for piece in pieces) == hit["PatientName"], pieces
    assert any(piece.get("match") and piece["text"].lower() == "yamada" for piece in pieces), pieces


@over_both_stores
def a_reader_finds_at_least_the_event_that_it_asks_for(_folder, server):
    import_files(server, f"{PYDICOM_FILES}/CT_small.dcm")
    settle(server)
    (study,) = studies(server)
    admin = server.token
    reader = subprocess.run([LARMOR, "token", "create", "--role", "reader", "--library", server.library], check=True, capture_output=True,
                            text=True).stdout.strip()
    for number in range(5):
        server.token = admin
        edit(server, f"studies/{study}", {"Study": {"DICOM": {"StudyDescription": f"turn {number}"}}})
        last = json.loads(server.get("/v1/index/search"))["log"]
        server.token = reader
        status, answer = server.send("POST", f"/v1/search?at_least={last}&wait=20", {"filters": {"StudyDescription": f"turn {number}"}})
        assert status == 200, answer
    status, answer = server.send("POST", "/v1/search?at_least=1000000&wait=0", {})
    assert status == 503 and "not at" in json.loads(answer)["detail"], answer
    assert server.send("POST", "/v1/search?at_least=what", {})[0] == 400
    server.token = admin


@over_both_stores
def a_patient_that_is_renamed_over_two_series_and_111_instances_is_found_by_the_new_name_only(folder, server):
    """The acceptance test of the sample for AWS HealthImaging: MISTER^CT becomes ANON^ANON."""
    study = write_mister_ct(f"{folder}/files")
    import_files(server, f"{folder}/files")
    settle(server)
    assert studies(server, text="mister") == {study}
    edit(server, f"studies/{study}", {"Patient": {"DICOM": {"PatientName": "ANON^ANON"}}})
    settle(server)
    wait_until(lambda: studies(server, text="anon") == {study}, 10)
    assert studies(server, text="mister") == set()
    series = ask(server, level="series", filters={"PatientName": "anon"})["hits"]
    assert sorted((hit["PatientName"], hit["NumberOfSeriesRelatedInstances"]) for hit in series) == [("ANON^ANON", 55), ("ANON^ANON", 56)]
    assert ask(server, level="series", text="mister")["total"] == {"value": 0, "relation": "exact"}
    assert ask(server, filters={"SOPInstanceUID": f"{study}.1.0"})["hits"][0]["StudyInstanceUID"] == study


@over_both_stores
def what_is_deleted_goes_what_is_recovered_comes_and_a_conflict_is_not_shown(folder, server):
    import_files(server, f"{PYDICOM_FILES}/CT_small.dcm", f"{PYDICOM_FILES}/MR_small.dcm")
    settle(server)
    data_set = pydicom.dcmread(f"{PYDICOM_FILES}/CT_small.dcm")
    both = studies(server)
    assert len(both) == 2, both
    # The same instance with other pixels: a conflict.
    data_set.PixelData = bytes(len(data_set.PixelData))
    data_set.save_as(f"{folder}/conflict.dcm")
    import_files(server, f"{folder}/conflict.dcm")
    settle(server)
    (series,) = ask(server, level="series", filters={"StudyInstanceUID": data_set.StudyInstanceUID})["hits"]
    assert series["NumberOfSeriesRelatedInstances"] == 1, series
    assert 'larmor_import_instances_total{outcome="conflict"} 1\n' in server.get("/metrics", "text/plain").decode()
    deletion = delete_study(server, data_set.StudyInstanceUID)
    settle(server)
    assert studies(server) == both - {data_set.StudyInstanceUID}
    recover(server, deletion)
    settle(server)
    assert studies(server) == both


@over_both_stores
def facets_and_filters_count_what_pydicom_reads(_folder, server):
    import_files(server, PYDICOM_FILES)
    settle(server)
    expected = {}  # modality: studies
    for series in server.search("series?limit=1000&includefield=StudyInstanceUID"):
        modality = series["00080060"].get("Value", [None])[0]
        expected.setdefault(modality, set()).add(series["0020000D"]["Value"][0])
    expected.pop(None, None)
    answer = ask(server, facets=["Modality"], facetValues=100, limit=0)
    assert {value["value"]: value["count"] for value in answer["facets"]["Modality"]} == {k: len(v) for k, v in expected.items()}
    for modality, uids in expected.items():
        assert studies(server, filters={"Modality": modality}) == uids, modality
    dates = {study["0020000D"]["Value"][0]: study["00080020"].get("Value", [""])[0] for study in server.search("studies?limit=1000")}
    wanted = {uid for uid, date in dates.items() if "20040101" <= date <= "20041231"}
    assert wanted and studies(server, ranges={"StudyDate": {"from": "20040101", "to": "20041231"}}) == wanted
    paged = [hit["StudyInstanceUID"] for offset in range(0, len(dates), 7) for hit in ask(server, limit=7, offset=offset)["hits"]]
    assert sorted(paged) == sorted(dates) and [dates[uid] for uid in paged] == sorted((dates[uid] for uid in paged), reverse=True)


@over_both_stores
def instances_are_searched_one_by_one(_folder, server):
    import_files(server, PYDICOM_FILES)
    settle(server)
    by_uid = {data_set.SOPInstanceUID: data_set for _, data_set in instances_of_pydicom()}
    hits = ask(server, level="instance", limit=1000, filters={"Rows": 512})["hits"]
    compared = 0
    for hit in hits:
        data_set = by_uid.get(hit["SOPInstanceUID"])
        if data_set is None:
            continue
        assert (hit["Rows"], hit["Columns"], hit["SOPClassUID"]) == (data_set.Rows, data_set.Columns, data_set.SOPClassUID)
        compared += 1
    assert compared > 3, hits
    total = sum(study[2] for study in studies_of_catalog(server))
    assert ask(server, level="instance", limit=0)["total"] == {"value": total, "relation": "exact"}
    classes = ask(server, level="instance", facets="SOPClassUID", facetValues=100)["facets"]["SOPClassUID"]
    assert sum(value["count"] for value in classes) == total, classes
    rows = [hit.get("Rows") for hit in ask(server, level="instance", limit=1000, sort={"by": "Rows"})["hits"]]
    there = [value for value in rows if value is not None]
    assert len(rows) == total and rows == sorted(there) + [None] * (total - len(there)), rows


@test
def who_may_not_search_over_qido_may_not_here_and_every_search_is_on_record_without_names(folder):
    server = Server(folder, "--index-search", "embedded")
    try:
        import_files(server, f"{PYDICOM_FILES}/CT_small.dcm")
        settle(server)
        ask(server, text="secretword", filters={"PatientID": "1CT1", "PatientName": "secretname"})
        lines = subprocess.run([LARMOR, "audit", "show", "--library", server.library], capture_output=True, text=True, check=False).stdout
        (line,) = [line for line in lines.splitlines() if "secret" in line or "PatientID=1CT1" in line][-1:]
        assert "secret" not in line and "text=(not recorded)" in line and "PatientName=(not recorded)" in line, line
        for token, status in (("none", 401), (None, 401)):
            request = urllib.request.Request(f"{server.url}/v1/search", data=b"{}", headers={"Content-Type": "application/json"})
            if token:
                request.add_header("Authorization", f"Bearer {token}")
            try:
                urllib.request.urlopen(request, timeout=60)
                raise AssertionError("it was answered")
            except urllib.error.HTTPError as error:
                assert error.code == status, error.code
        status, problem = refused(server, filters={"Modalty": "CT"})
        assert status == 400 and "filters.Modalty" in problem["detail"], problem
    finally:
        server.end()


def a_cluster_that_was_away_catches_up_without_dead_letters(folder):
    stand_in = StandIn()
    server = Server(folder, "--index-search", stand_in.url)
    try:
        import_files(server, f"{PYDICOM_FILES}/CT_small.dcm")
        settle(server)
        stand_in.fail(1_000_000, 503)
        import_files(server, PYDICOM_FILES)
        wait_until(lambda: queue_of(server, "search")["depth"] > 20)
        assert refused(server)[0] == 503
        assert len(server.search("studies?limit=1000")) > 20
        stand_in.fail(0, 503)
        settle(server)
        assert len(studies(server)) > 20
    finally:
        server.end()
        stand_in.end()


if HAS_API:
    test(a_cluster_that_was_away_catches_up_without_dead_letters)


@test
def an_index_whose_file_is_gone_is_made_anew(folder):
    server = Server(folder, "--index-search", "embedded")
    import_files(server, PYDICOM_FILES)
    settle(server)
    before = studies(server)
    server.end()
    for path in glob.glob(f"{server.library}/search.sqlite*"):
        os.remove(path)
    server = Server(folder, "--index-search", "embedded")
    try:
        settle(server)
        assert studies(server) == before and len(before) > 20
    finally:
        server.end()
    server = Server(folder)
    try:
        status, problem = refused(server)
        assert status == 404 and "--index-search" in problem["detail"], problem
    finally:
        server.end()


if __name__ == "__main__":
    sys.exit(scenarios.run())
