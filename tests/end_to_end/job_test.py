#!/usr/bin/python3
"""Jobs of the running program: an import that is followed, killed in the middle and gone on with, cancelled half way, and a replay of
events, by HTTP and from the command line. Ends with `N passed, N failed`."""
import http.server
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from dimse import LARMOR, PYDICOM_FILES, Server  # noqa: E402
from lib.scenarios import Scenarios  # noqa: E402

scenarios = Scenarios("job")
test = scenarios.test
UID = b"1.3.6.1.4.1.5962.1.1.1.1.1.20040119072730.12322"


def larmor(*arguments, code=0):
    done = subprocess.run([LARMOR, *arguments], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == code, (arguments, done.stdout[-2000:] + done.stderr[-2000:])
    return done.stdout if code == 0 else done.stdout + done.stderr


def many_instances(folder, count):
    """Copies of one file with SOP Instance UIDs of their own, and one that is none."""
    with open(f"{PYDICOM_FILES}/CT_small.dcm", "rb") as file:
        content = file.read()
    assert UID in content
    os.mkdir(f"{folder}/many")
    for number in range(count - 1):
        with open(f"{folder}/many/{number:05}.dcm", "wb") as file:
            file.write(content.replace(UID, UID[:-5] + b"%05d" % number))
    with open(f"{folder}/many/text", "w", encoding="utf-8") as file:
        file.write("hello")
    return f"{folder}/many"


class Api:
    def __init__(self, server):
        self.server = server

    def ask(self, method, path, body=None, **headers):
        """(status, headers, answer)"""
        data = None if body is None else json.dumps(body).encode()
        wanted = {"Authorization": f"Bearer {self.server.token}", **{name.replace("_", "-"): value for name, value in headers.items()}}
        if data:
            wanted["Content-Type"] = "application/json"
        request = urllib.request.Request(self.server.url + path, data=data, method=method, headers=wanted)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                text = answer.read()
                return answer.status, answer.headers, json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            return error.code, error.headers, None

    def start_import(self, *paths):
        status, headers, job = self.ask("POST", "/v1/jobs", {"kind": "import", "parameters": {"paths": list(paths)}})
        assert status == 202 and headers["Location"] == f"/v1/jobs/{job['id']}", (status, job)
        return job

    def wait_until(self, job, happened):
        """Follows the job by waiting requests until it is as wanted."""
        until = time.monotonic() + 240
        while not happened(job):
            assert time.monotonic() < until, job
            status, _, later = self.ask("GET", f"/v1/jobs/{job['id']}", Prefer="wait=10", If_None_Match=f'"{job["version"]}"')
            assert status in (200, 304), status
            job = later or job
        return job

    def wait_for_end(self, job):
        return self.wait_until(job, lambda now: now["state"] not in ("queued", "running"))


def is_running(job):
    return job["state"] == "running" and job["progress"]["done"] > 0


@test
def an_import_killed_in_the_middle_goes_on_where_it_was(folder):
    count = 6000
    many = many_instances(folder, count)
    server = Server(folder)
    job = Api(server).wait_until(Api(server).start_import(many), is_running)
    server.process.kill()
    server.process.communicate(timeout=60)
    done = job["progress"]["done"]
    assert 0 < done < count, job
    # Without a server it stands still, and is seen.
    listed = [json.loads(line) for line in larmor("job", "list", "--json", "--library", server.library).splitlines()]
    assert [found["state"] for found in listed] == ["running"] and done <= listed[0]["progress"]["done"] < count, listed

    again = Server(folder)
    ended = Api(again).wait_for_end(listed[0])
    result = ended["result"]
    assert ended["state"] == "succeeded" and ended["progress"]["done"] == count, ended
    assert result["rejected"] == ended["item_errors"] == 1, ended
    assert result["imported"] + result["duplicates"] == count - 1, ended
    # What was stored behind the last checkpoint is found again: some hundred milliseconds of it.
    assert result["duplicates"] < count / 2, ended
    assert ended["started_at"] == listed[0]["started_at"] and ended["id"] == "1"
    assert len(json.loads(again.get("/dicomweb/instances?limit=5000", "application/dicom+json"))) == 5000
    shown = larmor("job", "show", "1", "--library", again.library)
    assert re.search(r"^error \S+/many/text: InvalidInput ", shown, re.M), shown
    assert again.process.poll() is None
    again.end()
    # It was done for good: the next start has nothing to do.
    assert "succeeded" in larmor("job", "list", "--library", again.library)


@test
def ten_thousand_files_cancelled_half_way_stop_within_two_seconds(folder):
    count = 10000
    many = many_instances(folder, count)
    server = Server(folder)
    api = Api(server)
    half = api.wait_until(api.start_import(many), lambda now: now["progress"]["done"] > count / 5)
    start = time.monotonic()
    cancelled = larmor("job", "cancel", half["id"], "--library", server.library)
    assert "cancelled" in cancelled, cancelled
    ended = api.wait_for_end(half)
    took = time.monotonic() - start
    assert took < 2, took
    done = ended["progress"]["done"]
    assert ended["state"] == "cancelled" and count / 5 < done < count and ended["progress"]["total"] == count, ended
    # Exactly what was done: not one more is in the library.
    stored = 0
    while True:
        page = json.loads(server.get(f"/dicomweb/instances?limit=5000&offset={stored}", "application/dicom+json") or "[]")
        stored += len(page)
        if len(page) < 5000:
            break
    assert stored == ended["result"]["imported"] == done, (stored, ended)
    assert api.ask("DELETE", f"/v1/jobs/{ended['id']}")[0] == 204
    assert larmor("job", "list", "--library", server.library) == ""
    server.end()


@test
def a_stop_of_the_server_is_quick_and_the_job_goes_on_later(folder):
    many = many_instances(folder, 6000)
    server = Server(folder)
    job = Api(server).wait_until(Api(server).start_import(many), is_running)
    start = time.monotonic()
    server.end()
    assert time.monotonic() - start < 8, time.monotonic() - start
    again = Server(folder)
    ended = Api(again).wait_for_end(job)
    # A stop loses nothing: not one file was imported twice.
    assert ended["state"] == "succeeded" and ended["result"]["imported"] == 5999 and ended["result"]["duplicates"] == 0, ended
    again.end()


@test
def an_import_from_the_command_line_is_a_job_and_ctrl_c_cancels_it(folder):
    many = many_instances(folder, 10000)
    server = Server(folder)
    importing = subprocess.Popen([LARMOR, "import", "--json", "--library", server.library, many], stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True)
    assert json.loads(importing.stdout.readline())["outcome"] == "stored"
    importing.send_signal(signal.SIGINT)
    rest, errors = importing.stdout.read(), importing.stderr.read()
    assert importing.wait(60) == 1 and "stopped before the end" in errors, errors
    lines = [json.loads(line) for line in rest.splitlines()]
    imported = lines[-1]["imported"]
    assert len(lines) == imported and imported < 9999, (len(lines), lines[-1])
    job = json.loads(larmor("job", "show", "1", "--json", "--library", server.library))
    assert (job["state"], job["kind"], job["result"]["imported"]) == ("cancelled", "import", imported), job
    # Watched from elsewhere, and done: each file that is left once.
    # A slow machine is told of the progress too.
    said = larmor("import", "--library", server.library, many, code=1)
    assert re.search(rf"^imported {9999 - imported} instances, {imported} duplicates, 0 conflicts, 1 rejected, ", said, re.M), said
    watched = larmor("job", "watch", "2", "--library", server.library)
    assert watched.startswith("2 import succeeded 10000 of 10000 files, 1 errors"), watched
    assert "cancelled" in larmor("job", "list", "--state", "cancelled", "--library", server.library)
    larmor("job", "delete", "1", "--library", server.library)
    server.end()


@test
def events_are_replayed_into_a_queue(folder):
    library = f"{folder}/larmor-library"
    for name in ("CT_small.dcm", "MR_small.dcm", "rtplan.dcm"):
        larmor("import", "--no-previews", "--library", library, f"{PYDICOM_FILES}/{name}")
    server = Server(folder)
    refused = larmor("events", "replay", "--library", library, "--queue", "none", "--from", "1", code=1)
    assert "no queue" in refused or "none" in refused, refused
    own = larmor("events", "replay", "--library", library, "--queue", "webhooks", "--from", "1", code=1)
    assert "program's own" in own, own
    larmor("queue", "create", "index", "--library", library)
    told = larmor("events", "replay", "--library", library, "--queue", "index", "--from", "2", "--last", "3", "--json",
                  "--pattern", '{"detail-type": [{"prefix": "Image Set"}]}')
    job = json.loads(told.splitlines()[-1])
    assert (job["state"], job["result"], job["progress"]["done"]) == ("succeeded", {"sent": 2}, 2), job
    since = larmor("events", "replay", "--library", library, "--queue", "index", "--from", "2020-01-01T00:00:00Z")
    assert " replay succeeded 3 of 3 events" in since, since
    assert json.loads(larmor("queue", "show", "index", "--library", library, "--json"))["waiting"] == 5
    server.end()


class Hook(http.server.BaseHTTPRequestHandler):
    """Keeps what it is sent."""

    def do_POST(self):  # noqa: N802
        self.server.envelopes.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.server.enough.release()
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


@test
def a_webhook_gets_again_what_its_rule_matches(folder):
    library = f"{folder}/larmor-library"
    for name in ("CT_small.dcm", "MR_small.dcm"):
        larmor("import", "--no-previews", "--library", library, f"{PYDICOM_FILES}/{name}")
    hook = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    hook.envelopes, hook.enough = [], threading.Semaphore(0)
    threading.Thread(target=hook.serve_forever, daemon=True).start()
    server = Server(folder)
    larmor("rule", "put", "hook", "--library", library, "--pattern", '{"detail-type": ["Image Set Created"]}',
           "--webhook", f"http://127.0.0.1:{hook.server_port}/")
    told = larmor("events", "replay", "--library", library, "--rule", "hook", "--from", "1")
    assert " replay succeeded 2 of 2 events" in told, told
    for _ in range(2):
        assert hook.enough.acquire(timeout=60)
    assert {envelope["detail-type"] for envelope in hook.envelopes} == {"Image Set Created"}, hook.envelopes
    server.end()
    hook.shutdown()


@test
def progress_is_told_as_server_sent_events(folder):
    many = many_instances(folder, 3000)
    server = Server(folder)
    job = Api(server).start_import(many)
    request = urllib.request.Request(f"{server.url}/v1/jobs/{job['id']}/events", headers={"Authorization": f"Bearer {server.token}"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"
        text = answer.read().decode()  # it ends with the job
    events = [json.loads(data) for data in re.findall(r"^event: progress\nid: \d+\ndata: (.*)$", text, re.M)]
    done = [event["progress"]["done"] for event in events]
    assert done == sorted(done) and len(events) >= 2, done
    assert events[-1]["state"] == "succeeded" and done[-1] == 3000, events[-1]
    server.end()


if __name__ == "__main__":
    sys.exit(scenarios.run())
