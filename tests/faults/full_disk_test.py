#!/usr/bin/python3
"""A disk that is really full: a small ext4 file system of its own, filled by STOW-RS until it has no room. What was
acknowledged is there and reads back equal, the refusals say why, readers go on, and when there is room again the same
server takes instances without a restart. Ends with `N passed, N failed`."""
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

from library import LARMOR, Instances, Library, check, get, hash_of, store

IMAGE_BYTES = 96 << 20


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


def scenario_server(mount):
    instances, library = Instances(), Library(f"{mount}/library")
    ballast = f"{mount}/ballast"
    with open(ballast, "wb") as file:  # what somebody else will delete later
        file.write(os.urandom(8 << 20))
        os.fsync(file.fileno())
    process, port, token = library.serve()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        refusal_names_the_disk(*fill(connection, token, instances, library, range(100_000)))
        stored = len(library.acknowledged)
        assert stored > 100, f"only {stored} instances fitted"
        # Whoever reads does not notice.
        rows = json.loads(get(connection, token, "/dicomweb/instances?limit=5", "application/dicom+json"))
        assert len(rows) == 5
        os.unlink(ballast)
        connection.close()
        for number in range(200_000, 200_020):
            uid, content = instances.make(number)
            library.maybe.add(uid)
            status, answer = store(connection, token, content)
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
        run = subprocess.run([LARMOR, "import", "--library", library.folder, "--json", folder],
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
    for scenario in (scenario_server, scenario_import):
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
