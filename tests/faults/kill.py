#!/usr/bin/python3
"""kill -9 in the middle of imports, at random points, then a restart. After each kill every acknowledged
instance is there and reads back equal, none is there twice, and no temporary file is left.

Two ways in take turns: the command line (`larmor import --json`: a line on its output is an acknowledgement)
and STOW-RS from four connections (an answer that names the instance is one). Small instances that share
segment files and larger ones that are files of their own are mixed. Ends with `N passed, N failed`."""
import argparse
import hashlib
import http.client
import json
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LARMOR = os.environ.get("LARMOR_BINARY", f"{ROOT}/build/dev/bin/larmor")
CT_SMALL = "/usr/lib/python3/dist-packages/pydicom/data/test_files/CT_small.dcm"
STAMP = b"20040119072730.12322"  # the end of every UID in that file
INSTANCE = b"1.3.6.1.4.1.5962.1.1.1.1.1."
PIXELS = b"\xe0\x7f\x10\x00OW\x00\x00"


class Instances:
    """Distinct instances of two sizes: as the file, and of 1.2 MB, which is over the size of small objects."""

    def __init__(self):
        with open(CT_SMALL, "rb") as file:
            self.small = file.read()
        at = self.small.index(PIXELS)
        pixels = self.small[at + 12:at + 12 + 2 * 128 * 128]
        large = self.small[:at] + PIXELS + struct.pack("<I", 2 * 768 * 768) + pixels * 36
        rows = large.index(b"\x28\x00\x10\x00US\x02\x00")
        columns = large.index(b"\x28\x00\x11\x00US\x02\x00")
        large = bytearray(large)
        large[rows + 8:rows + 10] = large[columns + 8:columns + 10] = struct.pack("<H", 768)
        self.large = bytes(large)

    def make(self, number):
        """(SOP Instance UID, bytes): every fifteenth one is large."""
        stamp = b"1%019d" % number
        return (INSTANCE + stamp).decode(), (self.large if number % 15 == 0 else self.small).replace(STAMP, stamp)


class Library:
    def __init__(self, folder):
        self.folder = folder
        self.acknowledged = {}  # SOP Instance UID to the SHA-256 of its bytes
        self.maybe = set()  # sent, not acknowledged: may be there or not

    def run(self, *arguments):
        return subprocess.run([LARMOR, *arguments, "--library", self.folder], check=True, capture_output=True, text=True).stdout

    def serve(self):
        """(process, port, token), once it listens."""
        token = self.run("token", "create", "--role", "admin", "--name", "kill").strip()
        process = subprocess.Popen([LARMOR, "serve", "--library", self.folder, "--port", "0", "--log-level", "warning"],
                                   stdout=subprocess.PIPE, text=True)
        for line in process.stdout:
            found = re.search(r"at http://127\.0\.0\.1:(\d+)", line)
            if found:
                return process, int(found.group(1)), token
        sys.exit(f"larmor serve ended with {process.wait()}")


def kill_after(process, seconds):
    timer = threading.Timer(seconds, process.send_signal, [signal.SIGKILL])
    timer.start()
    return timer


def import_by_command_line(library, instances, numbers, folder, seconds):
    os.makedirs(folder)
    sent = {}
    for number in numbers:
        uid, content = instances.make(number)
        sent[uid] = hashlib.sha256(content).hexdigest()
        with open(f"{folder}/{number}.dcm", "wb") as file:
            file.write(content)
    process = subprocess.Popen([LARMOR, "import", "--library", library.folder, "--json", folder],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    first = process.stdout.readline()  # the clock of the kill starts when work has begun
    timer = kill_after(process, seconds)
    lines = [first, *process.stdout]
    timer.cancel()
    process.wait()
    for line in lines:
        if line.endswith("}\n"):  # a line that was cut is no acknowledgement
            report = json.loads(line)
            if report.get("outcome") in ("stored", "duplicate"):
                uid = report["sop_instance_uid"]
                library.acknowledged[uid] = sent[uid]
    library.maybe |= sent.keys()
    return process.returncode == -signal.SIGKILL


def send_some(port, token, instances, numbers, sent, acknowledged):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for number in numbers:
        uid, content = instances.make(number)
        sent[uid] = hashlib.sha256(content).hexdigest()
        body = b"--b\r\nContent-Type: application/dicom\r\n\r\n" + content + b"\r\n--b--\r\n"
        try:
            connection.request("POST", "/dicomweb/studies", body, {
                "Content-Type": 'multipart/related; type="application/dicom"; boundary=b',
                "Accept": "application/dicom+json", "Authorization": f"Bearer {token}"})
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            return  # killed
        if answer.status == 200:
            for item in json.loads(text)["00081199"]["Value"]:
                acknowledged.append(item["00081155"]["Value"][0])


def import_by_stow(library, instances, numbers, seconds):
    process, port, token = library.serve()
    sent, acknowledged = {}, []
    threads = [threading.Thread(target=send_some, args=(port, token, instances, numbers[i::4], sent, acknowledged))
               for i in range(4)]
    timer = kill_after(process, seconds)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    timer.cancel()
    if process.poll() is None:
        process.kill()
    process.wait()
    for uid in acknowledged:
        library.acknowledged[uid] = sent[uid]
    library.maybe |= sent.keys()
    return True


def get(connection, token, path, accept):
    connection.request("GET", path, headers={"Authorization": f"Bearer {token}", "Accept": accept})
    answer = connection.getresponse()
    body = answer.read()
    if answer.status not in (200, 204):
        raise AssertionError(f"{path}: {answer.status} {body[:200]!r}")
    return body


def as_stored(body):
    """The one part of a multipart answer."""
    start = body.index(b"\r\n\r\n") + 4
    return body[start:body.rindex(b"\r\n--")]


def check(library, fresh):
    """After a restart: what `fresh` names is read back whole, the rest is counted."""
    process, port, token = library.serve()
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        found = []
        while True:
            page = get(connection, token, f"/dicomweb/instances?limit=1000&offset={len(found)}", "application/dicom+json")
            rows = json.loads(page) if page else []
            found += [(row["00080018"]["Value"][0], row["0020000D"]["Value"][0], row["0020000E"]["Value"][0]) for row in rows]
            if len(rows) < 1000:
                break
        uids = [row[0] for row in found]
        assert len(uids) == len(set(uids)), f"{len(uids) - len(set(uids))} instances are there twice"
        lost = library.acknowledged.keys() - set(uids)
        assert not lost, f"{len(lost)} acknowledged instances are lost, the first {sorted(lost)[0]}"
        strange = set(uids) - library.maybe
        assert not strange, f"{len(strange)} instances that nobody sent"
        places = {row[0]: row for row in found}
        for uid in fresh:
            _, study, series = places[uid]
            body = get(connection, token, f"/dicomweb/studies/{study}/series/{series}/instances/{uid}",
                       'multipart/related; type="application/dicom"; transfer-syntax=*')
            digest = hashlib.sha256(as_stored(body)).hexdigest()
            assert digest == library.acknowledged[uid], f"{uid} reads back different"
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(60)
    assert code == 0, f"the server ended with {code}"
    expected = re.compile(r"library\.sqlite(\.lock)?|objects/segments/\d+\.segment|objects/files/instances/[^/]+/[^/]+/[^/]+/[^/]+\.dcm|"
                          r"objects/files/(prepared|derived)/.+")
    leftovers = [path for path in all_files(library.folder) if not expected.fullmatch(os.path.relpath(path, library.folder))]
    assert not leftovers, f"temporary files are left: {leftovers[:3]}"


def all_files(folder):
    for place, _, names in os.walk(folder):
        for name in names:
            yield os.path.join(place, name)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"seed {options.seed}")
    chance = random.Random(options.seed)
    instances = Instances()
    root = tempfile.mkdtemp(prefix="larmor-kill-")
    library = Library(f"{root}/library")
    passed = failed = killed = 0
    next_number = 0
    try:
        for number in range(options.rounds):
            count = 800
            numbers = list(range(next_number, next_number + count))
            next_number += count
            before = set(library.acknowledged)
            seconds = chance.uniform(0.0, 0.6)
            try:
                if number % 2 == 0:
                    killed += import_by_command_line(library, instances, numbers, f"{root}/in-{number}", seconds)
                else:
                    killed += import_by_stow(library, instances, numbers, seconds)
                fresh = set(library.acknowledged) - before
                # The newest ones, and some of the oldest, which later rounds must not have harmed.
                sample = list(fresh) + chance.sample(sorted(before), min(20, len(before)))
                check(library, sample)
                passed += 1
                print(f"round {number + 1}: killed after {seconds * 1000:.0f} ms, {len(fresh)} acknowledged, all there", flush=True)
            except AssertionError as error:
                failed += 1
                print(f"round {number + 1}: {error}", flush=True)
            shutil.rmtree(f"{root}/in-{number}", ignore_errors=True)
        print(f"{killed} of {options.rounds} were killed in the middle; {len(library.acknowledged)} instances acknowledged")
        if killed < options.rounds / 2:
            failed += 1
            print("too few were killed in the middle: this tested nothing")
    finally:
        if failed == 0:
            shutil.rmtree(root, ignore_errors=True)
        else:
            print(f"the library is left at {root}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
