#!/usr/bin/python3
"""Search, embedded and in OpenSearch's stand-in, is proved equal to the catalog: rows altered, dropped and doubled by hand are
named and repaired, beside changes, and on PostgreSQL. Ends with `N passed, N failed`."""
import json
import os
import sqlite3
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from dimse import PYDICOM_FILES, Server, wait_until  # noqa: E402
from lib.index import (  # noqa: E402
    check_is_clean, checks_beside_changes, delete_study, import_files, names_and_repairs, rebuild, wait_until_level, write_sets)
from lib.postgres import Postgres  # noqa: E402
from lib.scenarios import Scenarios  # noqa: E402
from lib.search import StandIn, ask  # noqa: E402

scenarios = Scenarios("index-check-search")
test = scenarios.test
INDEX = "larmor-search"


def damage_embedded(file, studies):
    database = sqlite3.connect(file)
    sets = [database.execute('SELECT id FROM image_sets WHERE "StudyInstanceUID" = ?', (study,)).fetchone()[0] for study in studies]
    database.executescript(f"""
        UPDATE image_sets SET "PatientName" = 'BY^HAND' WHERE id = {sets[0]};
        DELETE FROM image_sets WHERE id = {sets[1]};
        INSERT INTO image_sets (datastore_id, image_set_id, epoch, sequence, version, is_deleted, is_shown, instances, study,
            "StudyInstanceUID") SELECT datastore_id, 'twin', epoch, sequence, version, 0, 1, instances, study, "StudyInstanceUID"
            FROM image_sets WHERE id = {sets[2]};
        UPDATE studies SET instances = 4711 WHERE "StudyInstanceUID" = '{studies[0]}';
        DELETE FROM studies WHERE "StudyInstanceUID" = '{studies[1]}';
        INSERT INTO studies (modalities, series, instances, "StudyInstanceUID") VALUES ('CT', 1, 1, '{studies[2]}.9');
        UPDATE instances SET "Rows" = 4711 WHERE image_set = {sets[0]};
        DELETE FROM instances WHERE image_set = {sets[2]};
        UPDATE words SET patient_name = 'hand ' WHERE rowid = {sets[0]};
        DELETE FROM words WHERE rowid = {sets[2]};
        INSERT INTO words (rowid, patient_name) VALUES (4711, 'hand ');
        UPDATE words_content SET c2 = 'hand ' WHERE id = {sets[0]};""")
    database.commit()
    database.close()
    return ({(studies[0], table) for table in ("image_sets", "studies", "instances", "words")} | {(studies[1], "image_sets")}
            | {(studies[2], table) for table in ("image_sets", "instances", "words")}
            | {(f"{studies[2]}.9", "studies"), ("(no study)", "words"), ("(no study)", "words_index")})


def damage_opensearch(stand_in, studies):
    """A document altered, dropped, doubled; one that says to be deleted, and one that was deleted and says to be there."""
    hits = stand_in.ask("POST", f"/{INDEX}/_search", json.dumps(
        {"size": 1000, "query": {"match_all": {}}, "version": True, "sort": [{"_doc": {"order": "asc"}}]}))["hits"]["hits"]
    of = [[hit for hit in hits if hit["_source"].get("StudyInstanceUID") == study][0] for study in studies]
    (gone,) = [hit for hit in hits if hit["_source"]["is_deleted"]]
    lines = []

    def put(kind, key, version, source=None):
        lines.append(json.dumps({kind: {"_index": INDEX, "_id": key, "version": version, "version_type": "external_gte"}}))
        if source:
            lines.append(json.dumps(source))
    put("index", of[0]["_id"], of[0]["_version"], {**of[0]["_source"], "PatientName": "BY^HAND"})
    put("delete", of[1]["_id"], of[1]["_version"])
    put("index", "twin", of[2]["_version"], of[2]["_source"])
    identity = {name: of[3]["_source"][name] for name in ("datastore_id", "image_set_id", "version")}
    put("index", of[3]["_id"], of[3]["_version"], {**identity, "is_deleted": True, "is_shown": False})
    identity = {name: gone["_source"][name] for name in ("datastore_id", "image_set_id", "version")}
    put("index", gone["_id"], gone["_version"], {**of[4]["_source"], **identity})
    answer = stand_in.ask("POST", "/_bulk", "\n".join(lines) + "\n", "application/x-ndjson")
    assert not answer["errors"], answer
    return {(study, "documents") for study in studies}


@test
def rows_of_the_embedded_index_that_were_changed_by_hand_are_named_and_repaired(folder):
    server = Server(folder, "--index-search", "embedded")
    try:
        studies = write_sets(f"{folder}/files", 6)
        import_files(server, f"{folder}/files")
        delete_study(server, studies[5])
        wait_until_level(server, "search")
        check_is_clean(server, "search")
        before = ask(server)
    finally:
        server.end()
    expected = damage_embedded(f"{server.library}/search.sqlite", studies[:3])
    server = Server(folder, "--index-search", "embedded")
    try:
        assert ask(server) != before
        names_and_repairs(server, "search", expected)
        assert ask(server) == before and ask(server, text="hand")["hits"] == []
    finally:
        server.end()


@test
def documents_of_opensearch_that_were_changed_by_hand_are_named_and_repaired(folder):
    stand_in = StandIn()
    server = Server(folder, "--index-search", stand_in.url)
    try:
        studies = write_sets(f"{folder}/files", 6)
        import_files(server, f"{folder}/files")
        wait_until_level(server, "search")
        delete_study(server, studies[5])
        wait_until_level(server, "search")
        check_is_clean(server, "search")
        names_and_repairs(server, "search", damage_opensearch(stand_in, studies[:5]))
        assert {hit["StudyInstanceUID"] for hit in ask(server)["hits"]} == set(studies[:5])
        assert ask(server, text="hand")["hits"] == []
    finally:
        server.end()
        stand_in.end()


@test
def changes_beside_a_check_are_no_drift_and_none_is_lost_to_a_repair(folder):
    server = Server(folder, "--index-search", "embedded")
    try:
        names = checks_beside_changes(server, "search", folder)
        assert {hit["StudyInstanceUID"]: hit["PatientName"] for hit in ask(server)["hits"]} == names
    finally:
        server.end()


@test
def of_levels_that_are_not_kept_there_are_ids_only_until_a_rebuild_brings_them(folder):
    stand_in = StandIn()
    for name, place in (("embedded", "embedded"), ("opensearch", stand_in.url)):
        folder_of_one = f"{folder}/{name}"
        os.mkdir(folder_of_one)
        server = Server(folder_of_one, "--index-search", place, "--index-search-levels", "study,series")
        try:
            import_files(server, f"{PYDICOM_FILES}/CT_small.dcm")
            wait_until_level(server, "search")
            check_is_clean(server, "search")
            (study,), (series,) = ask(server)["hits"], ask(server, level="series")["hits"]
            assert (study["PatientID"], study["StudyID"], series["Modality"]) == ("1CT1", "1CT1", "CT"), (study, series)
            assert "PatientName" not in study and ask(server, text="compressedsamples")["hits"] == [], study
            (instance,) = ask(server, level="instance")["hits"]
            assert instance["SOPInstanceUID"] and "Rows" not in instance, instance
            assert ask(server, level="instance", filters={"Rows": 128})["hits"] == []
        finally:
            server.end()
        server = Server(folder_of_one, "--index-search", place)
        try:
            rebuild(server, "search")
            wait_until(lambda: ask(server, text="compressedsamples")["hits"] != [])
            wait_until_level(server, "search")
            check_is_clean(server, "search")
            assert len(ask(server, level="instance", filters={"Rows": 128})["hits"]) == 1
        finally:
            server.end()
    stand_in.end()


@test
def on_postgres_it_is_checked_and_repaired_too(folder):
    postgres = Postgres()
    os.environ["LARMOR_DB"] = postgres.make_database("checked")
    server = Server(folder, "--index-search", "embedded")
    try:
        studies = write_sets(f"{folder}/files", 6)
        import_files(server, f"{folder}/files")
        wait_until_level(server, "search")
        check_is_clean(server, "search")
        server.end()
        expected = damage_embedded(f"{server.library}/search.sqlite", studies[:3])
        server = Server(folder, "--index-search", "embedded")
        names_and_repairs(server, "search", expected)
    finally:
        server.end()
        del os.environ["LARMOR_DB"]
        postgres.end()


if __name__ == "__main__":
    sys.exit(scenarios.run())
