#!/usr/bin/python3
"""Queues of the running program: rules send to them, a script of somebody else works on their messages over HTTP, `larmor queue` looks
after them with and without a server, and a stop that does not wait for who waits. Ends with `N passed, N failed`."""
import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from dimse import LARMOR, PYDICOM_FILES, Server  # noqa: E402
from lib.scenarios import Scenarios  # noqa: E402

scenarios = Scenarios("queues")
test = scenarios.test
FILES = [f"{PYDICOM_FILES}/{name}" for name in ("CT_small.dcm", "MR_small.dcm", "rtplan.dcm")]
PATTERN = '{"detail-type": ["Image Set Created"]}'


def larmor(*arguments, code=0):
    done = subprocess.run([LARMOR, *arguments], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == code, (arguments, done.stdout + done.stderr)
    return done.stdout if code == 0 else done.stderr


def objects(text):
    return [json.loads(line) for line in text.splitlines()]


def post(server, path, body):
    """(status, answer)"""
    request = urllib.request.Request(server.url + path, data=json.dumps(body).encode(), method="POST", headers={
        "Content-Type": "application/json", "Authorization": f"Bearer {server.token}"})
    try:
        with urllib.request.urlopen(request, timeout=90) as answer:
            return answer.status, json.loads(answer.read() or "null")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


@test
def what_rules_send_is_worked_on_by_a_script_and_looked_after_by_a_person(folder):
    library = f"{folder}/larmor-library"
    at = ("--library", library)
    larmor("rule", "put", "work", *at, "--pattern", PATTERN, "--queue", "work")
    queues = {queue["name"]: queue for queue in objects(larmor("queue", "list", *at, "--json"))}
    assert queues["work"]["depth"] == 0 and queues["webhooks"]["internal"], queues
    larmor("import", *at, *FILES)
    assert json.loads(larmor("queue", "show", "work", *at, "--json"))["waiting"] == 3

    server = Server(folder)
    status, received = post(server, "/v1/queues/work/receive", {"max": 10, "wait_s": 20})
    messages = received["messages"]
    assert status == 200 and len(messages) == 3, received
    assert {json.loads(message["body"])["detail-type"] for message in messages} == {"Image Set Created"}
    handles = [message["receipt_handle"] for message in messages]
    assert post(server, "/v1/queues/work/remove", {"receipt_handles": handles[:1]})[0] == 204
    for handle in handles[1:]:
        assert post(server, "/v1/queues/work/dead-letter",
                    {"receipt_handle": handle, "reason": "no_model", "error": "no model for it"})[0] == 204

    shown = larmor("queue", "show", "work", *at)
    assert "no_model" in shown and "no model for it" in shown, shown
    queue, *letters = objects(larmor("queue", "show", "work", *at, "--json"))
    assert queue["dead"] == 2 and len(letters) == 2, (queue, letters)
    assert larmor("queue", "redrive", "work", letters[0]["id"], *at) == "1 dead letters sent anew\n"
    assert "ids" in larmor("queue", "redrive", "work", *at, code=1)
    assert "--yes" in larmor("queue", "purge", "work", *at, code=1)
    assert json.loads(larmor("queue", "purge", "work", *at, "--yes", "--json")) == {"removed": 1}
    assert "403" in larmor("queue", "create", "jobs", *at, code=1)
    made = json.loads(larmor("queue", "create", "ordered", *at, "--fifo", "--visibility-timeout", "90"))
    assert made["fifo"] and made["visibility_timeout_s"] == 90, made
    server.end()

    # The same without a server.
    assert [letter["id"] for letter in objects(larmor("queue", "show", "work", *at, "--json"))[1:]] == [letters[1]["id"]]
    assert larmor("queue", "redrive", "work", "--all", *at) == "1 dead letters sent anew\n"
    assert larmor("queue", "purge", "work", "--yes", *at) == "1 messages removed\n"
    assert larmor("queue", "purge", "work", "--dead-letters", "--yes", *at) == "0 dead letters removed\n"
    assert json.loads(larmor("queue", "create", "ordered", *at, "--depth-max", "5"))["visibility_timeout_s"] == 90
    assert "FIFO" in larmor("queue", "create", "work", *at, "--fifo", code=1)
    assert "no queue none" in larmor("queue", "show", "none", *at, code=1)
    assert "program's own" in larmor("rule", "put", "bad", *at, "--pattern", PATTERN, "--queue", "webhooks", code=1)
    trail = larmor("audit", "show", *at)
    assert "queue-change" in trail and "queue-use" in trail, trail


@test
def a_stop_does_not_wait_for_who_waits_for_messages(folder):
    server = Server(folder)
    larmor("queue", "create", "work", "--library", server.library)
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(post(server, "/v1/queues/work/receive", {"wait_s": 60})))
    waiting.start()
    while server.metric("larmor_http_requests_active") < 2 and waiting.is_alive():
        pass
    start = time.monotonic()
    server.end()
    assert time.monotonic() - start < 8, time.monotonic() - start
    waiting.join(60)
    assert answers == [(200, {"messages": []})], answers


@test
def a_read_only_server_shows_queues_and_jobs_and_touches_none(folder):
    server = Server(folder)
    larmor("queue", "create", "work", "--library", server.library)
    assert post(server, "/v1/queues/work/messages", {"messages": [{"body": "one"}]})[0] == 201
    server.end()

    server = Server(folder, "--read-only")
    assert json.loads(server.get("/readyz"))["status"] == "ready"
    for path, body in (("messages", {"messages": [{"body": "x"}]}), ("receive", {}), ("purge", {"what": "messages"})):
        status, answer = post(server, f"/v1/queues/work/{path}", body)
        assert (status, answer["code"]) == (507, "NoSpace") and "--read-only" in answer["detail"], (path, answer)
    status, answer = post(server, "/v1/jobs", {"kind": "import", "parameters": {"paths": [FILES[0]]}})
    assert (status, answer["code"]) == (507, "NoSpace"), answer
    assert json.loads(server.get("/v1/jobs")) == {"jobs": [], "next": None}
    assert json.loads(larmor("queue", "show", "work", "--library", server.library, "--json"))["waiting"] == 1
    assert "507" in larmor("queue", "purge", "work", "--library", server.library, "--yes", code=1)
    server.end()

    server = Server(folder)
    assert [message["body"] for message in post(server, "/v1/queues/work/receive", {})[1]["messages"]] == ["one"]
    server.end()


if __name__ == "__main__":
    sys.exit(scenarios.run())
