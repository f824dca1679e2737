#!/usr/bin/python3
"""SIGHUP: what `larmor serve` reads again without a restart. Ends with `N passed, N failed`."""
import base64
import hashlib
import hmac
import http.server
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from dimse import LARMOR, PYDICOM_FILES, Server, wait_until  # noqa: E402
from lib.scenarios import Scenarios  # noqa: E402

scenarios = Scenarios("reload")
test = scenarios.test
OLD, NEW = (base64.b64encode(letter * 32).decode() for letter in (b"o", b"n"))


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def send_event(server, key, number):
    """The status that an event, signed with this key, is answered with."""
    body = json.dumps({"specversion": "1.0", "id": str(number), "source": "https://a.example", "type": "t", "data": {}})
    now = str(int(time.time()))
    signed = hmac.new(base64.b64decode(key), f"m{number}.{now}.{body}".encode(), hashlib.sha256).digest()
    request = urllib.request.Request(server.url + "/v1/events", data=body.encode(), headers={
        "Content-Type": "application/cloudevents+json", "webhook-id": f"m{number}", "webhook-timestamp": now,
        "webhook-signature": "v1," + base64.b64encode(signed).decode()})
    return status_of(request)


def store(server, name):
    with open(f"{PYDICOM_FILES}/{name}", "rb") as file:
        content = file.read()
    return status_of(urllib.request.Request(server.url + "/v1/instances", data=content, headers={
        "Authorization": f"Bearer {server.token}", "Content-Type": "application/dicom"}))


def status_of(request):
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def reload(server, says):
    before = server.logged().count(says)
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: server.logged().count(says) > before)


@test
def keys_and_the_reserve_of_the_disk_are_taken_over(folder):
    config, keys = f"{folder}/larmor.toml", f"{folder}/keys"
    write(keys, f"whsec_{OLD}\n")
    write(config, f'[serve]\nevent-secrets = "{keys}"\n')
    server = Server(folder, "--config", config)
    answers = send_event(server, OLD, 1), send_event(server, NEW, 2)
    assert answers == (201, 401), answers
    write(keys, f"whsec_{NEW}\n")
    assert send_event(server, NEW, 3) == 401, "nothing changes before it is told"
    reload(server, "settings read again")
    assert (send_event(server, OLD, 4), send_event(server, NEW, 5)) == (401, 201)

    write(config, f'[serve]\nevent-secrets = "{keys}"\ndisk-reserve = "1PB"\n')
    reload(server, "settings read again")
    assert store(server, "CT_small.dcm") == 507
    write(config, f'[serve]\nevent-secrets = "{keys}"\n')
    reload(server, "settings read again")
    assert store(server, "CT_small.dcm") in (200, 201)
    server.end()


class Hook(http.server.BaseHTTPRequestHandler):
    """Keeps the signature of what it is sent, and what is signed."""

    def do_POST(self):  # noqa: N802
        body = self.rfile.read(int(self.headers["Content-Length"]))
        signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + body
        self.server.received.put((self.headers["webhook-signature"], signed))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def is_signed_with(key, received):
    signature, signed = received
    return signature == "v1," + base64.b64encode(hmac.new(base64.b64decode(key), signed, hashlib.sha256).digest()).decode()


@test
def keys_of_webhooks_are_taken_over(folder):
    hook = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    hook.received = queue.Queue()
    threading.Thread(target=hook.serve_forever, daemon=True).start()
    config, keys = f"{folder}/larmor.toml", f"{folder}/keys"
    write(keys, f"whsec_{OLD}\n")
    write(config, f'[serve]\nwebhook-secrets = "{keys}"\n')
    server = Server(folder, "--config", config)
    subprocess.run([LARMOR, "rule", "put", "hook", "--library", server.library, "--pattern", '{"detail-type": ["Image Set Created"]}',
                    "--webhook", f"http://127.0.0.1:{hook.server_port}/"], check=True, capture_output=True, timeout=60)
    assert store(server, "CT_small.dcm") == 201
    assert is_signed_with(OLD, hook.received.get(timeout=60))
    write(keys, f"whsec_{NEW}\n")
    reload(server, "settings read again")
    assert store(server, "MR_small.dcm") == 201
    assert is_signed_with(NEW, hook.received.get(timeout=60))
    server.end()
    hook.shutdown()


def is_told_of_a_token(server):
    """Whether the log says that one is made."""
    before = server.logged().count("token created")
    subprocess.run([LARMOR, "token", "create", "--library", server.library], check=True, capture_output=True, timeout=60)
    return server.logged().count("token created") > before


@test
def the_level_of_the_log_is_taken_over(folder):
    config = f"{folder}/larmor.toml"
    write(config, "")
    server = Server(folder, "--config", config)
    assert is_told_of_a_token(server)
    write(config, 'log-level = "error"\n')
    server.process.send_signal(signal.SIGHUP)
    # From here on only errors are told: that it is so can be seen by what else would be.
    wait_until(lambda: not is_told_of_a_token(server))
    before = server.logged().count("settings read again")
    write(config, "[serve\n")
    reload(server, "settings stay as they were")
    write(config, 'log-level = "info"\n')
    reload(server, "settings read again")
    assert server.logged().count("settings read again") == before + 1
    server.end()


def last_lines_after_a_reload(server):
    """What the log says of a reload and of a token that is made then."""
    before = len(server.logged())
    reload(server, "settings read again")
    assert is_told_of_a_token(server)
    return server.logged()[before:].splitlines()


@test
def the_form_of_the_log_is_taken_over(folder):
    config = f"{folder}/larmor.toml"
    write(config, "")
    server = Server(folder, "--config", config, log=())
    write(config, 'log = "json"\n')
    told = [json.loads(line) for line in last_lines_after_a_reload(server)[-1:]]
    assert "token created" in told[0].values(), told
    write(config, 'log = "text"\n')
    assert not last_lines_after_a_reload(server)[-1].startswith("{")
    server.end()


@test
def what_is_wrong_changes_nothing(folder):
    config, keys = f"{folder}/larmor.toml", f"{folder}/keys"
    write(keys, f"whsec_{OLD}\n")
    write(config, f'[serve]\nevent-secrets = "{keys}"\n')
    server = Server(folder, "--config", config)
    for number, wrong in enumerate(("[serve]\nno-such = 1\n", 'log-level = "loud"\n', f'[serve]\nevent-secrets = "{folder}/gone"\n', "[serve\n")):
        write(config, wrong)
        reload(server, "settings stay as they were")
        assert send_event(server, OLD, number) == 201
    server.end()


if __name__ == "__main__":
    sys.exit(scenarios.run())
