#!/usr/bin/python3
"""Events of the running program: followed from the command line, sent from outside with a signature made here, rules edited with and
without a server, and a stop that does not wait for those who follow. Ends with `N passed, N failed`."""
import base64
import hashlib
import hmac
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from dimse import LARMOR, PYDICOM_FILES, Server  # noqa: E402
from lib.scenarios import Scenarios  # noqa: E402

scenarios = Scenarios("events")
test = scenarios.test
FILE = f"{PYDICOM_FILES}/CT_small.dcm"
KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()


def larmor(*arguments, code=0):
    done = subprocess.run([LARMOR, *arguments], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == code, (arguments, done.stdout + done.stderr)
    return done.stdout if code == 0 else done.stderr


def tail(library, *arguments):
    return subprocess.Popen([LARMOR, "events", "tail", "--library", library, *arguments], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


def send(server, event, key=KEY):
    """As Standard Webhooks 1.0 has it: (status, answer)."""
    body, now = json.dumps(event).encode(), str(int(time.time()))
    signature = base64.b64encode(hmac.new(key, b"msg_1." + now.encode() + b"." + body, hashlib.sha256).digest()).decode()
    request = urllib.request.Request(server.url + "/v1/events", data=body, method="POST", headers={
        "Content-Type": "application/cloudevents+json", "webhook-id": "msg_1", "webhook-timestamp": now,
        "webhook-signature": "v1," + signature})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, None


def order(number):
    return {"specversion": "1.0", "id": str(number), "source": "https://ris.example", "type": "Order Placed",
            "data": {"number": number}}


@test
def what_happens_is_followed_from_any_place(folder):
    library = f"{folder}/larmor-library"
    larmor("import", "--library", library, FILE)
    with open(f"{folder}/secrets", "w", encoding="utf-8") as file:
        file.write(f"# the order system\n{SECRET}\n")
    server = Server(folder, "--event-secrets", f"{folder}/secrets")
    follower = tail(library, "--after", "1-0")
    first = json.loads(follower.stdout.readline())
    assert (first["type"], first["larmorposition"]) == ("Image Set Created", "1-1"), first
    assert send(server, order(7)) == (201, {"sequence": 2, "duplicate": False})
    assert send(server, order(7)) == (200, {"sequence": 2, "duplicate": True})
    assert send(server, order(8), key=bytes(32))[0] == 401
    second = json.loads(follower.stdout.readline())
    assert (second["source"], second["data"]) == ("https://ris.example", {"number": 7}), second

    later = tail(library, "--since", "2020-01-01T00:00:00Z")
    assert [json.loads(later.stdout.readline())["larmorposition"] for _ in range(2)] == ["1-1", "1-2"]
    assert "410" in larmor("events", "tail", "--library", library, "--after", "1-99", code=1)
    # Nobody who follows holds up the stop.
    start = time.monotonic()
    server.end()
    assert time.monotonic() - start < 8, time.monotonic() - start
    for process in (follower, later):
        assert process.wait(60) == 1
        process.stdout.close()
        process.stderr.close()
    assert "server" in larmor("events", "tail", "--library", library, code=1)


@test
def rules_are_edited_with_and_without_a_server(folder):
    library = f"{folder}/larmor-library"
    pattern = '{"detail-type": [{"prefix": "Image Set "}]}'
    larmor("rule", "put", "index", "--library", library, "--pattern", pattern, "--queue", "index")
    server = Server(folder)
    listed = [json.loads(line) for line in larmor("rule", "list", "--library", library).splitlines()]
    assert [(rule["name"], rule["targets"]) for rule in listed] == [("index", [{"queue": "index"}])], listed
    with open(f"{folder}/pattern.json", "w", encoding="utf-8") as file:
        file.write('{"source": ["x"]}')
    changed = json.loads(larmor("rule", "put", "index", "--library", library, "--pattern", f"@{folder}/pattern.json",
                                "--webhook", "https://a.example/", "--disabled"))
    assert (changed["pattern"], changed["enabled"]) == ({"source": ["x"]}, False), changed
    assert changed["version"] > listed[0]["version"]
    refused = larmor("rule", "put", "index", "--library", library, "--pattern", pattern, "--queue", "q", "--version", "1", code=1)
    assert "409" in refused, refused
    assert "at a[0].pre" in larmor("rule", "put", "bad", "--library", library, "--pattern", '{"a": [{"pre": "x"}]}', "--queue", "q",
                                   code=1)
    server.end()
    larmor("rule", "delete", "index", "--library", library)
    assert larmor("rule", "list", "--library", library) == ""
    trail = larmor("audit", "verify", "--library", library)
    assert trail


if __name__ == "__main__":
    sys.exit(scenarios.run())
