"""A library under test, instances to fill it with, and the check that nothing of it was lost."""
import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile

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


def hash_of(content):
    return hashlib.sha256(content).hexdigest()


class Library:
    def __init__(self, folder):
        self.folder = folder
        self.acknowledged = {}  # SOP Instance UID to the SHA-256 of its bytes
        self.maybe = set()  # sent, not acknowledged: may be there or not
        self.token = None

    def run(self, *arguments):
        return subprocess.run([LARMOR, *arguments, "--library", self.folder], check=True, capture_output=True, text=True).stdout

    def sign_in(self):
        """An admin's token, made once; on a disk that is full to the last byte there is no room for another row."""
        if self.token is None:
            self.token = self.run("token", "create", "--role", "admin", "--name", "kill").strip()
        return self.token

    def serve(self, *arguments, environment=None):
        """(process, port, token), once it listens."""
        token = self.sign_in()
        process = subprocess.Popen([LARMOR, "serve", "--library", self.folder, "--port", "0", "--log-level", "warning", *arguments],
                                   stdout=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})})
        for line in process.stdout:
            found = re.search(r"at http://127\.0\.0\.1:(\d+)", line)
            if found:
                return process, int(found.group(1)), token
        sys.exit(f"larmor serve ended with {process.wait()}")


def store(connection, token, content):
    """STOW-RS of one instance: (status, answer)."""
    body = b"--b\r\nContent-Type: application/dicom\r\n\r\n" + content + b"\r\n--b--\r\n"
    connection.request("POST", "/dicomweb/studies", body, {
        "Content-Type": 'multipart/related; type="application/dicom"; boundary=b',
        "Accept": "application/dicom+json", "Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    return answer.status, answer.read()


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


def check(library, fresh, full_disk=False):
    """After a restart: what `fresh` names is read back whole, the rest is counted. On a full disk the log of the database
    may stay: there is no room to copy it back."""
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
            digest = hash_of(as_stored(body))
            assert digest == library.acknowledged[uid], f"{uid} reads back different"
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(60)
    assert code == 0, f"the server ended with {code}"
    expected = re.compile(r"library\.sqlite(\.lock)?|access_keys\.secret|audit/(\d+\.jsonl(\.torn-.+)?|anchor\.json)|"
                          r"objects/segments/\d+\.segment|objects/files/instances/[^/]+/[^/]+/[^/]+/[^/]+\.dcm|"
                          r"objects/files/(prepared|derived)/.+" + (r"|library\.sqlite-(wal|shm)" if full_disk else ""))
    with tempfile.TemporaryDirectory() as elsewhere:  # where there is room to open it
        looked_at = shutil.copytree(library.folder, f"{elsewhere}/library") if full_disk else library.folder
        checked = subprocess.run([LARMOR, "fsck", "--library", looked_at], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, f"fsck: {checked.stdout[:500]}{checked.stderr[:500]}"
    leftovers = [path for path in all_files(library.folder) if not expected.fullmatch(os.path.relpath(path, library.folder))]
    assert not leftovers, f"temporary files are left: {leftovers[:3]}"


def all_files(folder):
    for place, _, names in os.walk(folder):
        for name in names:
            yield os.path.join(place, name)
