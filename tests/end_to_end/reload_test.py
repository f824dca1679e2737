#!/usr/bin/python3
"""SIGHUP: what `larmor serve` reads again without a restart. Ends with `N passed, N failed`."""
import base64
import hashlib
import hmac
import json
import os
import signal
import sys
import time
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from dimse import PYDICOM_FILES, Server, wait_until  # noqa: E402
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
