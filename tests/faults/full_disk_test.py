#!/usr/bin/python3
"""A small ext4 file system of its own, filled until it is short of space, and, with nothing kept in reserve, until it is
really full. What was acknowledged is there and reads back equal, the refusals say why, readers go on, and when there is room
again the same server takes instances without a restart. Ends with `N passed, N failed`."""
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from library import LARMOR, Instances, Library, check, get, hash_of, store

IMAGE_BYTES = 160 << 20
RESERVE_BYTES = 40 << 20
ALL_OF_IT = ("--disk-reserve", "0")  # what is kept in reserve has a scenario of its own


def fill(connection, token, instances, library, numbers):
    """Stores until one is refused; gives its status and answer."""
    for number in numbers:
        uid, content = instances.make(number)
        library.maybe.add(uid)
        status, answer = store(connection, token, content)
        if status != 200:
            return status, answer
        library.acknowledged[uid] = hash_of(content)
    raise AssertionError("the disk never was full")


def refusal_names_the_disk(status, answer):
    assert status in (409, 507, 503), f"a full disk is answered {status}: {answer[:300]!r}"
    text = answer.decode()
    assert "space" in text.lower() or "A700" in text or json.dumps(0xA700) in text, f"the answer does not say why: {text[:400]}"


def free_bytes(mount):
    status = os.statvfs(mount)
    return status.f_bavail * status.f_frsize


def make_room(mount, ballast):
    """The blocks of a file are free when its removal is in the journal: at once, not in 5 s."""
    os.unlink(ballast)
    folder = os.open(mount, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def store_where_room_was_made(connection, token, content):
    """(status, answer). The server believes its last look at the disk for a tenth of a second."""
    deadline = time.monotonic() + 10
    while True:
        status, answer = store(connection, token, content)
        if status != 507 or time.monotonic() > deadline:
            return status, answer
        connection.close()  # the refused body may not have been read


def storescu(folder, port, content):
    """The status of one C-STORE."""
    with open(f"{folder}/one.dcm", "wb") as file:
        file.write(content)
    sent = subprocess.run(["storescu", "-d", "-aec", "LARMOR", "127.0.0.1", str(port), f"{folder}/one.dcm"],
                          capture_output=True, text=True, timeout=60, check=False)
    return int(re.search(r"DIMSE Status +: 0x([0-9a-f]{4})", sent.stdout + sent.stderr).group(1), 16)


class WorkQueue:
    """A queue of the server, as a worker of somebody else uses it."""

    def __init__(self, connection, token):
        self.connection, self.token = connection, token

    def ask(self, path, body, method="POST"):
        """(status, answer)"""
        self.connection.request(method, f"/v1/queues/work{path}", json.dumps(body),
                                {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"})
        answer = self.connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None

    def make(self, bodies):
        assert self.ask("", {}, "PUT")[0] == 201
        assert self.send(bodies) == 201

    def send(self, bodies):
        return self.ask("/messages", {"messages": [{"body": body} for body in bodies]})[0]

    def check_takes_nothing_and_gives_all(self, bodies):
        """Short of space: all that makes room goes on, what takes some does not."""
        assert self.send(["one more"]) == 507
        status, received = self.ask("/receive", {"max": len(bodies) + 1})
        assert status == 200 and [message["body"] for message in received["messages"]] == bodies, received
        handles = [message["receipt_handle"] for message in received["messages"]]
        assert self.ask("/dead-letter", {"receipt_handle": handles[0], "reason": "short"})[0] == 204
        assert self.ask("/release", {"receipt_handle": handles[1]})[0] == 204
        assert self.ask("/extend", {"receipt_handle": handles[2], "visibility_timeout_s": 60})[0] == 204
        assert self.ask("/remove", {"receipt_handles": handles[2:]})[0] == 204
        assert self.ask("/redrive", {"all": True}) == (200, {"redriven": 1})
        assert self.ask("/purge", {"what": "messages"}) == (200, {"removed": 2})
        left = json.loads(get(self.connection, self.token, "/v1/queues/work", "application/json"))
        assert (left["depth"], left["dead"]) == (0, 0), left


def scenario_reserve(mount):
    """Below the mark nothing is stored by any way in, and everything else goes on in what is kept free."""
    instances, library = Instances(), Library(f"{mount}/library")
    elsewhere = tempfile.mkdtemp(prefix="larmor-reserve-")
    ballast = f"{mount}/ballast"
    with open(ballast, "wb") as file:
        os.posix_fallocate(file.fileno(), 0, 40 << 20)
    process, port, token = library.serve("--disk-reserve", str(RESERVE_BYTES), "--dimse-port", "0")
    dimse = int(re.match(r"DICOM: .* port (\d+)$", next(line for line in process.stdout if line.startswith("DICOM"))).group(1))
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    queue, bodies = WorkQueue(connection, token), [f"message {number}" for number in range(20)]
    try:
        queue.make(bodies)
        status, answer = fill(connection, token, instances, library, range(100_000))
        while free_bytes(mount) >= RESERVE_BYTES:  # it was a large one that did not fit
            small = (number for number in range(len(library.maybe) + 100_000, 200_000) if number % 15)
            status, answer = fill(connection, token, instances, library, small)
        assert status == 507 and b"short of space" in answer, f"{status} {answer[:300]!r}"
        assert len(library.acknowledged) > 40, f"only {len(library.acknowledged)} instances fitted"
        connection.close()  # the refused body was never read
        # The answer does not wait for a body.
        connection.putrequest("POST", "/v1/instances")
        for name, value in (("Content-Type", "application/dicom"), ("Content-Length", "1000"), ("Authorization", f"Bearer {token}")):
            connection.putheader(name, value)
        connection.endheaders()
        refused = connection.getresponse()
        problem = json.loads(refused.read())
        assert (refused.status, problem["status"], problem["code"]) == (507, 507, "NoSpace"), problem
        connection.close()
        left = free_bytes(mount)
        # The last segment, of 8 MiB, and the log of the rows with what is written ahead may lie below the mark.
        assert RESERVE_BYTES - (28 << 20) < left < RESERVE_BYTES + (2 << 20), f"{left} bytes are free"
        ready = json.loads(get(connection, token, "/readyz", "application/json"))
        assert ready["status"] == "ready" and "short of space" in ready["reason"], ready
        metrics = get(connection, token, "/metrics", "text/plain").decode()
        assert f"larmor_disk_reserve_bytes {RESERVE_BYTES}" in metrics and "larmor_read_only 0" in metrics, metrics
        uid, content = instances.make(900_001)
        library.maybe.add(uid)
        assert storescu(elsewhere, dimse, content) == 0xA700
        imported = subprocess.run([LARMOR, "import", "--library", library.folder, f"{elsewhere}/one.dcm"],
                                  capture_output=True, text=True, timeout=60, check=False)
        assert imported.returncode == 1 and "short of space" in imported.stderr, imported
        # Readers, and rows that are small: a token is made and ended.
        assert len(json.loads(get(connection, token, "/dicomweb/instances?limit=5", "application/dicom+json"))) == 5
        other = library.run("token", "create", "--role", "reader", "--name", "while short").strip()
        get(connection, other, "/dicomweb/studies", "application/dicom+json")
        queue.check_takes_nothing_and_gives_all(bodies)
        make_room(mount, ballast)
        for number in range(200_000, 200_020):
            uid, content = instances.make(number)
            library.maybe.add(uid)
            status, answer = store_where_room_was_made(connection, token, content)
            assert status == 200, f"there is room again, and yet {status}: {answer[:300]!r}"
            library.acknowledged[uid] = hash_of(content)
        assert queue.send(["there is room again"]) == 201
        uid, content = instances.make(900_001)
        assert storescu(elsewhere, dimse, content) == 0
        library.acknowledged[uid] = hash_of(content)
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(60)
        shutil.rmtree(elsewhere)
    assert code == 0, f"the server ended with {code}"
    check(library, [uid for uid in library.acknowledged if uid != instances.make(900_001)[0]])


def scenario_server(mount):
    instances, library = Instances(), Library(f"{mount}/library")
    ballast = f"{mount}/ballast"
    # What somebody else will delete later: more than previews take that waited for room like everybody.
    with open(ballast, "wb") as file:
        file.write(os.urandom(56 << 20))
        os.fsync(file.fileno())
    process, port, token = library.serve(*ALL_OF_IT)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        refusal_names_the_disk(*fill(connection, token, instances, library, range(100_000)))
        stored = len(library.acknowledged)
        assert stored > 100, f"only {stored} instances fitted"
        # Whoever reads does not notice.
        rows = json.loads(get(connection, token, "/dicomweb/instances?limit=5", "application/dicom+json"))
        assert len(rows) == 5
        make_room(mount, ballast)
        connection.close()
        for number in range(200_000, 200_020):
            uid, content = instances.make(number)
            library.maybe.add(uid)
            status, answer = store_where_room_was_made(connection, token, content)
            assert status == 200, f"there is room again, and yet {status}: {answer[:300]!r}"
            library.acknowledged[uid] = hash_of(content)
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(60)
    assert code == 0, f"the server ended with {code}"
    check(library, list(library.acknowledged), full_disk=True)


def scenario_import(mount):
    instances, library = Instances(), Library(f"{mount}/library")
    library.sign_in()  # while there is room for its row
    folder = tempfile.mkdtemp(prefix="larmor-full-")
    try:
        sent = {}
        for number in range(4000):
            uid, content = instances.make(number)
            sent[uid] = hash_of(content)
            with open(f"{folder}/{number:05}.dcm", "wb") as file:
                file.write(content)
        run = subprocess.run([LARMOR, "import", "--library", library.folder, "--json", *ALL_OF_IT, folder],
                             capture_output=True, text=True, timeout=300, check=False)
        assert run.returncode != 0, "an import that did not fit ends in success"
        assert "space" in (run.stdout + run.stderr).lower(), f"nobody says why: {run.stderr[-500:]}"
        for line in run.stdout.splitlines():
            report = json.loads(line)
            if report.get("outcome") in ("stored", "duplicate"):
                library.acknowledged[report["sop_instance_uid"]] = sent[report["sop_instance_uid"]]
        library.maybe |= sent.keys()
        assert 100 < len(library.acknowledged) < 4000, f"{len(library.acknowledged)} instances were acknowledged"
    finally:
        shutil.rmtree(folder)
    check(library, list(library.acknowledged), full_disk=True)


def main():
    root = tempfile.mkdtemp(prefix="larmor-disk-")
    passed = failed = 0
    for scenario in (scenario_reserve, scenario_server, scenario_import):
        image, mount = f"{root}/image", f"{root}/mount"
        os.makedirs(mount, exist_ok=True)
        with open(image, "wb") as file:
            file.truncate(IMAGE_BYTES)
        subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", image], check=True)
        mounted = subprocess.run(["mount", "-o", "loop", image, mount], capture_output=True, text=True, check=False)
        if mounted.returncode != 0:
            print(f"SKIPPED {scenario.__name__}: no file system can be mounted here: {mounted.stderr.strip()}", flush=True)
            continue
        try:
            scenario(mount)
            passed += 1
            print(f"{scenario.__name__}: passed", flush=True)
        except AssertionError as error:
            failed += 1
            print(f"{scenario.__name__}: {error}", flush=True)
        finally:
            subprocess.run(["umount", mount], check=True)
    shutil.rmtree(root)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
