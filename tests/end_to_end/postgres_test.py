#!/usr/bin/python3
"""The running program with its rows in PostgreSQL: stored, found and fetched as with a file of its own, also over restarts
of either side. Ends with `N passed, N failed`."""
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import pydicom

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from dimse import LARMOR, PYDICOM_FILES, Server, wait_until  # noqa: E402
from lib.postgres import Postgres  # noqa: E402
from lib.scenarios import Scenarios  # noqa: E402

scenarios = Scenarios("postgres")
test = scenarios.test
FILES = [f"{PYDICOM_FILES}/{name}" for name in ("CT_small.dcm", "MR_small.dcm", "rtplan.dcm")]
CT, MR, PLAN = (pydicom.dcmread(path) for path in FILES)
postgres = None


def larmor(*arguments, code=0):
    done = subprocess.run([LARMOR, *arguments], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == code, (arguments, done.stdout + done.stderr)
    return done.stdout + done.stderr


def file_of(path):
    with open(path, "rb") as file:
        return file.read()


def request(server, method, path, body=None, content_type=None):
    headers = {"Authorization": f"Bearer {server.token}", "Accept": "application/dicom+json"}
    if content_type:
        headers["Content-Type"] = content_type
    asked = urllib.request.Request(server.url + path, data=body, method=method, headers=headers)
    with urllib.request.urlopen(asked, timeout=60) as answer:
        return answer.status, answer.headers, answer.read()


def stow(server, *paths):
    parts = b"".join(b"--b\r\nContent-Type: application/dicom\r\n\r\n" + file_of(path) + b"\r\n" for path in paths)
    status, _, body = request(server, "POST", "/dicomweb/studies", parts + b"--b--\r\n",
                              'multipart/related; type="application/dicom"; boundary=b')
    assert status == 200, (status, body)


def serve(folder, name, *arguments):
    """Every command finds the database by the environment, as in a deployment."""
    os.environ["LARMOR_DB"] = postgres.make_database(name)
    return Server(folder, *arguments)


def status_of(ask, *arguments):
    try:
        ask(*arguments)
        return 200
    except urllib.error.HTTPError as error:
        return error.code


def path_of(data_set):
    return (f"/dicomweb/studies/{data_set.StudyInstanceUID}/series/{data_set.SeriesInstanceUID}"
            f"/instances/{data_set.SOPInstanceUID}")


def check_is_served(server, path, data_set):
    assert server.stored(data_set) == file_of(path)
    found = server.search(f"studies/{data_set.StudyInstanceUID}/metadata")
    assert found[0]["00080018"]["Value"] == [data_set.SOPInstanceUID]


def check_has_pictures(server, data_set):
    frame = server.get(path_of(data_set) + "/frames/1", 'multipart/related; type="application/octet-stream"')
    assert frame[frame.index(b"\r\n\r\n") + 4:frame.rindex(b"\r\n--")].rstrip(b"\0") == data_set.PixelData.rstrip(b"\0")
    assert server.get(path_of(data_set) + "/rendered", "image/jpeg").startswith(b"\xff\xd8\xff")


def start_together(*libraries):
    """Programs that start at the same moment: those that serve, and what the others said at their end."""
    started = [subprocess.Popen([LARMOR, "serve", "--library", library, "--port", "0"], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True) for library in libraries]
    serving, refusals = [], []
    for process in started:
        if any(" serves " in line for line in iter(process.stdout.readline, "")):
            serving.append(process)
        else:
            assert process.wait(60) == 1
            refusals.append(process.stderr.read())
    return serving, refusals


def stop(process):
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0, process.stderr.read()


@test
def what_is_stored_is_found_fetched_deleted_and_recovered(folder):
    server = serve(folder, "round_trip")
    stow(server, *FILES)
    assert {study["0020000D"]["Value"][0] for study in server.search("studies")} == {
        data_set.StudyInstanceUID for data_set in (CT, MR, PLAN)}
    assert len(server.search("series?Modality=MR")) == 1
    assert len(server.search("studies?PatientName=comp*&fuzzymatching=true")) >= 1
    assert len(server.search(f"instances?SOPInstanceUID={CT.SOPInstanceUID}")) == 1
    for path, data_set in zip(FILES, (CT, MR, PLAN)):
        check_is_served(server, path, data_set)
    check_has_pictures(server, CT)
    wait_until(lambda: postgres.ask("round_trip", "SELECT count(*) FROM instances WHERE preprocess = 0") == "0")
    wait_until(lambda: postgres.ask("round_trip", "SELECT count(*), max(sequence) FROM events") == "3|3")

    status, headers, _ = request(server, "DELETE", f"/dicomweb/studies/{CT.StudyInstanceUID}")
    assert status == 204
    assert len(server.search("studies")) == 2
    status, _, _ = request(server, "POST", headers["Location"] + "/recover")
    assert status == 200
    assert server.stored(CT) == file_of(FILES[0])
    # Deleting, Deleted and, recovered, Updating, Updated.
    wait_until(lambda: postgres.ask("round_trip", "SELECT count(*), max(sequence) FROM events") == "7|7")
    server.end()


@test
def restarts_of_either_side_lose_nothing(folder):
    server = serve(folder, "restarts")
    stow(server, FILES[0])
    for how, path in ((signal.SIGINT, FILES[1]), (signal.SIGQUIT, FILES[2])):
        postgres.stop(how)
        away = [status_of(server.search, "studies"), status_of(server.get, "/readyz"), status_of(stow, server, path)]
        assert away == [503] * 3, away
        postgres.start()
        stow(server, path)
        check_is_served(server, FILES[0], CT)
    # What is asked while it restarts waits for it.
    postgres.restart()
    found = len(server.search("studies"))
    assert found == 3, found
    server.end()
    server = Server(folder)
    assert len(server.search("studies")) == 3
    for path, data_set in zip(FILES, (CT, MR, PLAN)):
        assert server.stored(data_set) == file_of(path)
    # Once more is no change.
    assert '"duplicate"' in larmor("import", "--json", "--library", server.library, FILES[0])
    server.end()


@test
def events_are_followed_and_taken_in_and_rules_kept(folder):
    os.environ["LARMOR_DB"] = postgres.make_database("events")
    library = f"{folder}/larmor-library"
    larmor("rule", "put", "index", "--library", library, "--pattern", '{"source": ["x"]}', "--queue", "index")
    server = Server(folder)
    with subprocess.Popen([LARMOR, "events", "tail", "--library", library, "--after", "1-0"], stdout=subprocess.PIPE,
                          text=True) as follower:
        stow(server, FILES[0])
        first = json.loads(follower.stdout.readline())
        assert (first["type"], first["larmorposition"]) == ("Image Set Created", "1-1"), first
        server.end()
    assert '"name":"index"' in larmor("rule", "list", "--library", library)


def make_copies(path, folder, count):
    """So many instances of a study of their own, in four series."""
    os.mkdir(folder)
    data_set = pydicom.dcmread(path)
    data_set.StudyInstanceUID = "1.2.3.4"
    for number in range(count):
        data_set.SeriesInstanceUID = f"1.2.3.4.{number % 4}"
        data_set.SOPInstanceUID = data_set.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.4.5.{number}"
        data_set.InstanceNumber = number
        data_set.save_as(f"{folder}/{number}.dcm")


# Those who wrote what was made, each into segments of its own.
WRITERS = "(SELECT DISTINCT s.writer FROM objects o JOIN object_segments s ON s.segment = o.segment WHERE s.writer <> '') AS w"


@test
def workers_share_the_work_and_those_that_are_killed_or_held_lose_nothing(folder):
    server = serve(folder, "workers", "--role", "server")
    make_copies(FILES[0], f"{folder}/copies", 400)
    copies = sorted(f"{folder}/copies/{name}" for name in os.listdir(f"{folder}/copies"))
    # A group of writes is one message: one import of all would leave nothing to share, nor would as few as one worker takes at once.
    for part in range(40):
        larmor("import", "--library", server.library, *copies[part::40])

    def ask(what):
        return postgres.ask("workers", f"SELECT count(*) FROM {what}")
    assert ask("instances WHERE preprocess = 0") == "400"  # the server leaves them to workers
    workers = [subprocess.Popen([LARMOR, "serve", "--role", "worker", "--library", server.library],
                                stdout=subprocess.PIPE, text=True) for _ in range(4)]
    try:
        for worker in workers:
            assert "works on the queues" in worker.stdout.readline()
        wait_until(lambda: int(ask(WRITERS)) >= 2)
        # Two are held, longer than what they work on is theirs.
        for worker in workers[1:3]:
            worker.send_signal(signal.SIGSTOP)
        workers[0].kill()
        workers[0].wait()
        wait_until(lambda: ask("instances WHERE preprocess = 0") == "0", 150)
        wait_until(lambda: ask("queue_messages") == "0", 150)
        for worker in workers[1:3]:
            worker.send_signal(signal.SIGCONT)
        for worker in workers[1:3]:  # an end that waits for what it still holds
            stop(worker)
        assert ask("prepared_instances") == "400" and ask("queue_dead_letters") == "0" and ask("queue_messages") == "0"
        assert ask("image_sets WHERE thumbnail_object IS NOT NULL") == "4"
        picture = server.get(f"/dicomweb/studies/{server.search('studies')[0]['0020000D']['Value'][0]}/thumbnail", "image/jpeg")
        assert picture.startswith(b"\xff\xd8\xff")
    finally:
        for worker in workers:
            worker.send_signal(signal.SIGCONT)
            worker.terminate()
        ends = [worker.wait(60) for worker in workers]
    assert ends[1:] == [0, 0, 0], ends
    # Who takes the name of the killed one goes on with its segment.
    stow(server, FILES[1])
    with subprocess.Popen([LARMOR, "serve", "--role", "worker", "--library", server.library], stdout=subprocess.PIPE,
                          text=True) as again:
        wait_until(lambda: ask("instances WHERE preprocess = 0") == "0")
        stop(again)
    server.end()
    assert "in PostgreSQL only" in subprocess.run(
        [LARMOR, "serve", "--role", "worker", "--library", f"{folder}/embedded", "--db", ""], capture_output=True, text=True,
        check=False, timeout=60, env={**os.environ, "LARMOR_DB": ""}).stderr


def answer_of(url, **headers):
    """(status, answer), without any token."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@test
def a_worker_tells_its_health_and_metrics_and_nothing_else(folder):
    server = serve(folder, "health", "--role", "server")
    with subprocess.Popen([LARMOR, "serve", "--role", "worker", "--library", server.library, "--health-port", "0"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as worker:
        assert "works on the queues" in worker.stdout.readline()
        url = worker.stdout.readline().split()[-1]
        assert url.startswith("http://127.0.0.1:"), url
        assert answer_of(f"{url}/healthz") == (200, '{"status":"ok"}')
        assert answer_of(f"{url}/readyz") == (200, '{"status":"ready"}')
        stow(server, *FILES)

        def done():
            metrics = answer_of(f"{url}/metrics")[1]
            return [line for line in metrics.splitlines()
                    if line.startswith("larmor_worker_outcomes_total") and 'queue="preprocess"' in line and not line.endswith(" 0")]
        wait_until(done)
        for path in ("/", "/v1/queues", "/v1/session", "/dicomweb/studies", "/openapi.json"):
            assert answer_of(url + path)[0] == 404, path
        assert answer_of(f"{url}/metrics", Host="elsewhere.example")[0] == 403
        postgres.stop(signal.SIGINT)
        assert answer_of(f"{url}/readyz")[0] == 503
        assert answer_of(f"{url}/healthz")[0] == 200
        postgres.start()
        wait_until(lambda: answer_of(f"{url}/readyz")[0] == 200)
        stop(worker)
    server.end()
    assert "--role worker" in larmor("serve", "--library", server.library, "--health-port", "0", code=1)


@test
def of_two_that_start_together_one_serves(folder):
    for name, libraries, refusal in (("same_folder", ("one", "one"), "is in use by"),
                                     ("other_folder", ("two", "three"), "another folder")):
        os.environ["LARMOR_DB"] = postgres.make_database(name)
        serving, refusals = start_together(*(f"{folder}/{library}" for library in libraries))
        try:
            assert len(serving) == 1 and refusal in refusals[0], refusals
            assert postgres.ask(name, "SELECT count(*) FROM object_store") == "1"
            owner = next(f"{folder}/{library}" for library in libraries if os.path.exists(f"{folder}/{library}/server.json"))
            assert '"stored"' in larmor("import", "--json", "--library", owner, FILES[0])
        finally:
            for process in serving:
                stop(process)


@test
def a_server_goes_on_while_a_newer_version_adds_to_its_tables_and_none_of_its_own_version_starts(folder):
    server = serve(folder, "newer")
    stow(server, FILES[0])
    wait_until(lambda: postgres.ask("newer", "SELECT count(*) FROM instances WHERE preprocess = 0") == "0")
    # What an expanding migration of the next version may do to any table.
    postgres.ask("newer", """DO $$ DECLARE one record; BEGIN
        FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'schema_migrations' LOOP
            EXECUTE format('ALTER TABLE %I ADD COLUMN of_the_next_version BIGINT NOT NULL DEFAULT 0', one.tablename);
        END LOOP;
        INSERT INTO schema_migrations VALUES ('29990101T000000_catalog_next', 'catalog', '00', '2999-01-01');
        END $$""")
    stow(server, *FILES[1:])
    for path, data_set in zip(FILES, (CT, MR, PLAN)):
        check_is_served(server, path, data_set)
    wait_until(lambda: postgres.ask("newer", "SELECT count(*) FROM instances WHERE preprocess = 0") == "0")
    wait_until(lambda: postgres.ask("newer", "SELECT count(*), max(sequence) FROM events") == "3|3")
    request(server, "DELETE", f"/dicomweb/studies/{CT.StudyInstanceUID}")
    assert len(server.search("studies")) == 2
    worker = subprocess.run([LARMOR, "serve", "--role", "worker", "--library", server.library], capture_output=True, text=True,
                            check=False, timeout=60)
    assert worker.returncode == 1 and "newer version" in worker.stderr and "29990101T000000_catalog_next" in worker.stderr, worker
    server.end()


@test
def a_folder_and_its_database_belong_together(folder):
    serve(folder, "first").end()
    said = larmor("token", "list", "--library", f"{folder}/other", code=1)
    assert "another folder" in said, said
    own = f"{folder}/larmor-library"
    url = os.environ.pop("LARMOR_DB")
    said = larmor("token", "list", "--library", own, code=1)
    assert "say where with --db" in said, said
    for command in (["fsck"], ["compact"], ["backup", f"{folder}/copies"]):
        assert "in PostgreSQL" in larmor(*command, "--library", own, code=1)
    assert not os.path.exists(f"{folder}/copies")
    said = larmor("restore", f"{folder}/copies", "--library", f"{folder}/new", "--db", url, code=1)
    assert "leave --db" in said, said
    larmor("import", "--library", f"{folder}/embedded", FILES[0])
    said = larmor("token", "list", "--library", f"{folder}/embedded", "--db", url, code=1)
    assert "leave --db out" in said, said
    # A folder that was refused is as good as new.
    larmor("import", "--library", f"{folder}/other", FILES[0])


def main():
    global postgres
    postgres = Postgres()
    try:
        return scenarios.run()
    finally:
        postgres.end()


if __name__ == "__main__":
    sys.exit(main())
