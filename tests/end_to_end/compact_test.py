#!/usr/bin/python3
"""larmor compact after most of a library was deleted and purged: the room comes back, what is left reads back equal, also when
it is killed again and again, and a backup made before goes on. Ends with `N passed, N failed`."""
import http.client
import json
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "faults"))
from library import LARMOR, Instances, Library, check, get, hash_of, store  # noqa: E402
from lib.scenarios import Scenarios  # noqa: E402

scenarios = Scenarios("compact")
INSTANCES = 330  # of 39 KB: over the 4 MiB of the first segment and the 8 MiB of the second


def run(*arguments):
    return subprocess.run([LARMOR, *arguments], capture_output=True, text=True, check=False, timeout=120)


def dead_bytes(folder):
    done = run("fsck", "--json", "--library", folder)
    assert done.returncode == 0, done.stdout[-500:] + done.stderr
    return json.loads(done.stdout.splitlines()[-1])["dead_bytes"]


def segment_bytes(folder):
    return sum(entry.stat().st_size for entry in os.scandir(f"{folder}/objects/segments"))


def ask(connection, token, method, path, wanted):
    connection.request(method, path, headers={"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == wanted, f"{method} {path}: {answer.status} {body[:200]!r}"
    return answer.headers


def mostly_deleted(library, backup_to):
    """Stores, makes a backup, deletes four of five and purges them."""
    instances = Instances()
    process, port, token = library.serve()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        for number in range(1, INSTANCES):
            if number % 15 == 0:
                continue  # a large one has a file of its own
            uid, content = instances.make(number)
            assert store(connection, token, content)[0] == 200
            library.acknowledged[uid] = hash_of(content)
            library.maybe.add(uid)
        assert run("backup", backup_to, "--library", library.folder).returncode == 0
        rows = json.loads(get(connection, token, "/dicomweb/instances?limit=1000", "application/dicom+json"))
        for number, row in enumerate(rows):
            study, series, uid = (row[tag]["Value"][0] for tag in ("0020000D", "0020000E", "00080018"))
            if number % 5 == 0:
                continue
            path = f"/dicomweb/studies/{study}/series/{series}/instances/{uid}"
            place = ask(connection, token, "DELETE", path, 204)["Location"]
            ask(connection, token, "DELETE", place, 204)
            del library.acknowledged[uid]
            library.maybe.remove(uid)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        process.stdout.close()


@scenarios.test
def the_room_of_purged_instances_comes_back_and_the_rest_is_equal(folder):
    library, copies = Library(f"{folder}/library"), f"{folder}/copies"
    mostly_deleted(library, copies)
    dead, size = dead_bytes(library.folder), segment_bytes(library.folder)
    assert dead > 4 << 20, dead
    # Killed at its first sync, the next time at its second, and so on, until it gets through.
    for sync in range(1, 100):
        done = subprocess.run(
            ["strace", "-f", "-o", "/dev/null", "-e", "trace=fsync,fdatasync",
             "-e", f"inject=fsync,fdatasync:signal=SIGKILL:when={sync}", LARMOR, "compact", "--library", library.folder],
            capture_output=True, text=True, check=False, timeout=120)
        dead_bytes(library.folder)  # it is clean to a check
        if done.returncode == 0:
            break
        assert done.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL), f"{done.returncode}: {done.stderr[-500:]}"
    assert 3 < sync < 99, f"it ended at its sync {sync}: this tested little"
    done = run("compact", "--library", library.folder)
    assert done.returncode == 0, done.stderr
    assert segment_bytes(library.folder) < size - dead // 3, f"{size} bytes are {segment_bytes(library.folder)} now"
    check(library, list(library.acknowledged))
    assert run("backup", copies, "--library", library.folder).returncode == 0
    new = Library(f"{folder}/new")
    assert run("restore", copies, "--library", new.folder).returncode == 0
    new.acknowledged, new.maybe = library.acknowledged, library.maybe
    check(new, list(new.acknowledged))


if __name__ == "__main__":
    sys.exit(scenarios.run())
