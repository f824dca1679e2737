#!/usr/bin/python3
"""The audit trail from outside: what every way in and out leaves in it, that one changed byte is refused, and that after
kill -9 under load every access that was answered is in it. Ends with `N passed, N failed`."""
import http.client
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "faults"))
from library import CT_SMALL, LARMOR, Instances, Library, get, store  # noqa: E402

TESTS = []
PATIENT = "1CT1"
DICOM = 'multipart/related; type="application/dicom"; transfer-syntax=*'


def test(function):
    TESTS.append(function)
    return function


def audit(folder, *arguments):
    return subprocess.run([LARMOR, "audit", *arguments, "--library", folder], capture_output=True, text=True, check=False,
                          timeout=120)


def records(folder, *filters):
    shown = audit(folder, "show", *filters)
    assert shown.returncode == 0, shown.stderr
    return [json.loads(line) for line in shown.stdout.splitlines()]


def stop(process):
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0


@test
def commands_and_requests_are_on_record(folder):
    library = Library(folder)
    library.run("import", CT_SMALL, "--no-previews")
    process, port, token = library.serve()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    study = json.loads(get(connection, token, f"/dicomweb/studies?PatientID={PATIENT}&PatientName=C*", "application/dicom+json"))
    uid = study[0]["0020000D"]["Value"][0]
    get(connection, token, f"/dicomweb/studies/{uid}/metadata", "application/dicom+json")
    get(connection, token, f"/dicomweb/studies/{uid}", DICOM)
    connection.request("GET", f"/dicomweb/studies/{uid}", headers={"Authorization": "Bearer wrong"})
    assert connection.getresponse().status == 401
    assert audit(folder, "verify").returncode == 0, "while the server runs"
    stop(process)

    said = [(record["action"], record["outcome"], record.get("via")) for record in records(folder)]
    for expected in (("store", "success", "command"), ("token-create", "success", "command"), ("start", "success", "command"),
                     ("query", "success", "token"), ("read-metadata", "success", "token"), ("retrieve", "success", "token"),
                     ("retrieve", "refused", None), ("stop", "success", "command")):
        assert expected in said, f"{expected} is not in {said}"
    of_patient = records(folder, "--patient", PATIENT)
    assert {record["action"] for record in of_patient} == {"read-metadata", "retrieve"}, of_patient
    assert all(record["StudyInstanceUID"] == uid for record in of_patient)
    assert len(records(folder, "--study", uid)) == 3, "the store too"
    assert records(folder, "--since", "2999") == records(folder, "--until", "1999") == []
    assert records(folder, "--action", "query")[0]["query"] == f"PatientID={PATIENT}&PatientName=(not recorded)"
    with open(f"{folder}/audit/00000001.jsonl", encoding="utf-8") as file:
        text = file.read()
    assert "CompressedSamples" not in text, "a person's name"
    assert token not in text, "a secret"


@test
def one_byte_changed_is_refused_with_its_place(folder):
    library = Library(folder)
    library.run("import", CT_SMALL, "--no-previews")
    for _ in range(3):
        library.run("token", "create")
    whole = audit(folder, "verify")
    assert whole.returncode == 0, whole.stderr
    assert re.search(r"1 files, \d+ batches, \d+ records, \d+ bytes: whole", whole.stdout), whole.stdout
    anchor = whole.stdout.split("anchor: ")[1].strip()
    assert audit(folder, "verify", "--anchor", anchor).returncode == 0
    path = f"{folder}/audit/00000001.jsonl"
    with open(path, "rb") as file:
        content = file.read()
    for at in sorted({0, len(content) - 1, *random.Random(4258).sample(range(len(content)), 15)}):
        with open(path, "r+b") as file:
            file.seek(at)
            file.write(bytes([content[at] ^ 1]))
        refused = audit(folder, "verify")
        assert refused.returncode == 1, f"byte {at}: {refused.stdout}"
        assert "00000001.jsonl: the batch at byte " in refused.stderr, refused.stderr
        with open(path, "wb") as file:
            file.write(content)
    assert audit(folder, "verify").returncode == 0
    os.truncate(path, content.index(b"\n{\"record\":2") + 1)
    assert "its end is missing" in audit(folder, "verify").stderr


class Reader(threading.Thread):
    """Reads and stores until the server is gone; remembers what was answered."""

    def __init__(self, port, token, seed, places, enough):
        super().__init__()
        self.port, self.token, self.random, self.places, self.enough = port, token, random.Random(seed), places, enough
        self.answered, self.seed, self.failure = set(), seed, None

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        instances, number = Instances(), (self.seed + 1) * 100_000
        try:
            while True:
                study, series, instance = self.random.choice(self.places)
                root = f"/dicomweb/studies/{study}/series/{series}/instances/{instance}"
                get(connection, self.token, f"{root}/frames/1", "multipart/related; type=application/octet-stream")
                self.answered.add(("retrieve", series))
                get(connection, self.token, f"{root}/metadata", "application/dicom+json")
                self.answered.add(("read-metadata", series))
                number += 1
                uid, content = instances.make(number * 15 + 1)
                status, answer = store(connection, self.token, content)
                assert status == 200, answer
                series = json.loads(answer)["00081199"]["Value"][0]["00081190"]["Value"][0].split("/series/")[1].split("/")[0]
                self.answered.add(("store", series))
                if len(self.answered) > 60:
                    self.enough.set()
        except (OSError, http.client.HTTPException):
            pass  # it was killed
        except Exception as error:  # noqa: BLE001: told by the main thread
            self.failure = error
            self.enough.set()


@test
def after_kill_9_every_answered_access_is_in_the_trail(folder):
    library, instances = Library(folder), Instances()
    process, port, token = library.serve()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for number in range(100):
        store(connection, token, instances.make(number * 15 + 1)[1])
    rows = json.loads(get(connection, token, "/dicomweb/instances", "application/dicom+json"))
    places = [tuple(row[tag]["Value"][0] for tag in ("0020000D", "0020000E", "00080018")) for row in rows]
    assert len(places) == 100
    for round_ in range(3):
        enough = threading.Event()
        readers = [Reader(port, token, round_ * 4 + i, places, enough) for i in range(4)]
        for reader in readers:
            reader.start()
        assert enough.wait(120)
        process.kill()
        process.wait()
        for reader in readers:
            reader.join()
            assert reader.failure is None, reader.failure
        process, port, token = library.serve()
        verified = audit(folder, "verify")
        assert verified.returncode == 0, verified.stderr
        recorded = {(record["action"], record.get("SeriesInstanceUID")) for record in records(folder)}
        missing = set().union(*(reader.answered for reader in readers)) - recorded
        assert not missing, f"{len(missing)} answered accesses are not on record: {sorted(missing)[:2]}"
    stop(process)


def main():
    passed = failed = 0
    for function in TESTS:
        root = tempfile.mkdtemp(prefix="larmor-audit-")
        try:
            function(f"{root}/library")
            passed += 1
            print(f"{function.__name__}: passed", flush=True)
        except Exception as error:  # noqa: BLE001: the next one runs all the same
            failed += 1
            print(f"{function.__name__}: {type(error).__name__}: {error}", flush=True)
        finally:
            shutil.rmtree(root, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
