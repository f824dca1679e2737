#!/usr/bin/python3
"""larmor backup while a server takes imports, restored elsewhere: fsck finds nothing and every instance reads back equal.
Ends with `N passed, N failed`."""
import http.client
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "faults"))
from library import LARMOR, Instances, Library, check, hash_of, store  # noqa: E402
from lib.scenarios import Scenarios  # noqa: E402

scenarios = Scenarios("backup")
test = scenarios.test


def run(*arguments):
    return subprocess.run([LARMOR, *arguments], capture_output=True, text=True, check=False, timeout=120)


def events_of(folder):
    with sqlite3.connect(f"{folder}/library.sqlite") as database:
        return database.execute("SELECT epoch FROM event_log").fetchone()[0]


class Sender(threading.Thread):
    """Stores instances by STOW-RS until it is told to end."""

    def __init__(self, port, token, first):
        super().__init__()
        self.port, self.token, self.first = port, token, first
        self.sent, self.acknowledged, self.ending = {}, {}, threading.Event()
        self.enough = threading.Event()  # some were acknowledged

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        instances, number = Instances(), self.first
        while not self.ending.is_set():
            uid, content = instances.make(number)
            self.sent[uid] = hash_of(content)
            status, answer = store(connection, self.token, content)
            assert status == 200, answer
            self.acknowledged[uid] = self.sent[uid]
            number += 1
            if number - self.first == 30:
                self.enough.set()


def restored(copies, to, acknowledged, maybe):
    """Restores, and looks at every instance; `check` runs fsck too."""
    done = run("restore", copies, "--library", to)
    assert done.returncode == 0, done.stdout + done.stderr
    before = run("fsck", "--library", to)
    assert before.returncode == 0 and "0 errors, 0 notes" in before.stdout, before.stdout + before.stderr
    library = Library(to)
    library.acknowledged, library.maybe = acknowledged, set(maybe)
    check(library, list(acknowledged))


@test
def backups_beside_a_server_that_takes_imports_hold_all_that_was_acknowledged_before(folder):
    library, copies = Library(f"{folder}/library"), f"{folder}/copies"
    process, port, token = library.serve()
    senders = [Sender(port, token, first) for first in (0, 100_000, 200_000)]
    for sender in senders:
        sender.start()
    try:
        for sender in senders:
            assert sender.enough.wait(60), "nothing is acknowledged"
        for number in range(1, 4):
            before = {uid: digest for sender in senders for uid, digest in sender.acknowledged.copy().items()}
            done = run("backup", copies, "--library", library.folder)
            assert done.returncode == 0 and done.stdout.startswith(f"backup {number}: "), done.stdout + done.stderr
            sent = {uid for sender in senders for uid in sender.sent.copy()}
            restored(copies, f"{folder}/new-{number}", before, sent)
            assert events_of(f"{folder}/new-{number}") == 2, "a restore begins a new epoch"
    finally:
        for sender in senders:
            sender.ending.set()
        for sender in senders:
            sender.join()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        process.stdout.close()
    everything = {uid: digest for sender in senders for uid, digest in sender.acknowledged.items()}
    assert len(everything) > len(before), "nothing came while the backups ran"
    assert run("backup", copies, "--library", library.folder).returncode == 0
    restored(copies, f"{folder}/all", everything, everything)


@test
def a_backup_that_is_killed_leaves_the_one_before_it(folder):
    library, copies, instances = Library(f"{folder}/library"), f"{folder}/copies", Instances()
    sent = {}
    for name, numbers in (("first", range(1, 40)), ("second", range(40, 400))):
        os.makedirs(f"{folder}/{name}")
        for number in numbers:
            uid, content = instances.make(number)
            sent.setdefault(name, {})[uid] = hash_of(content)
            with open(f"{folder}/{name}/{number}.dcm", "wb") as file:
                file.write(content)
        if name == "first":
            library.run("import", f"{folder}/{name}")
            library.run("backup", copies)
        else:
            library.run("import", "--no-previews", f"{folder}/{name}")
    process = subprocess.Popen([LARMOR, "backup", copies, "--library", library.folder])
    try:  # in the middle, when its rows are there
        while process.poll() is None and not os.path.exists(f"{copies}/rows/00000002.sqlite"):
            pass
    finally:
        process.kill()
    assert process.wait() == -signal.SIGKILL, "it was done before it could be killed: this tested nothing"
    restored(copies, f"{folder}/new", sent["first"], sent["first"])
    library.run("backup", copies)
    everything = sent["first"] | sent["second"]
    restored(copies, f"{folder}/all", everything, everything)


@test
def a_restore_revokes_the_tokens_of_the_backup_unless_they_are_kept(folder):
    library, copies = Library(f"{folder}/library"), f"{folder}/copies"
    token = library.run("token", "create", "--role", "reader", "--name", "script").strip()
    library.run("backup", copies)
    for name, options, status in (("new", (), 401), ("kept", ("--keep-tokens",), 200)):
        done = run("restore", copies, "--library", f"{folder}/{name}", *options)
        assert done.returncode == 0 and ("revoked" in done.stdout) == (not options), done.stdout + done.stderr
        process, port, _ = Library(f"{folder}/{name}").serve()
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("GET", "/dicomweb/studies", headers={"Authorization": f"Bearer {token}"})
            assert connection.getresponse().status == status, name
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
            process.stdout.close()


def audit(folder, *arguments):
    return subprocess.run([LARMOR, "audit", *arguments, "--library", folder], capture_output=True, text=True, check=False, timeout=60)


def anchor_of(folder):
    verified = audit(folder, "verify")
    assert verified.returncode == 0, verified.stderr
    return verified.stdout.split("anchor: ")[1].strip()


def acts(folder):
    shown = audit(folder, "show")
    assert shown.returncode == 0, shown.stderr
    return [json.loads(line) for line in shown.stdout.splitlines()]


@test
def the_audit_trail_is_in_the_backup_and_goes_on_after_a_restore(folder):
    library, copies, instances = Library(f"{folder}/library"), f"{folder}/copies", Instances()
    process, port, token = library.serve()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        uid, content = instances.make(1)
        assert store(connection, token, content)[0] == 200
        noted = anchor_of(library.folder)
        library.run("backup", copies)
        connection.request("GET", "/dicomweb/studies?PatientID=after", headers={"Authorization": f"Bearer {token}"})
        connection.getresponse().read()
        late = anchor_of(library.folder)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        process.stdout.close()
    new = f"{folder}/new"
    done = run("restore", copies, "--library", new)
    assert done.returncode == 0, done.stdout + done.stderr
    assert audit(new, "verify", "--anchor", noted).returncode == 0, "it is the same trail"
    lost = audit(new, "verify", "--anchor", late)
    assert lost.returncode == 1, "what was on record after the backup is not in the new library"
    before, after = acts(library.folder), acts(new)
    shared = len(after) - 1
    assert after[:shared] == before[:shared] and shared < len(before)
    assert [act["record"] for act in after] == list(range(1, len(after) + 1))
    assert any(act["action"] == "store" and act["who"] for act in after[:shared]), after
    backups = [act for act in after if act["action"] == "export"]
    assert len(backups) == 1 and copies in backups[0]["detail"] and backups[0]["outcome"] == "success", backups
    restore = after[-1]
    assert (restore["action"], restore["route"], restore["instances"]) == ("store", "restore", 1), restore
    assert restore["who"] == f"uid:{os.getuid()}" and "backup 1 of " in restore["detail"], restore
    # Backup, restore and backup again, with nobody who has the library open.
    Library(new).run("backup", f"{folder}/more")
    assert acts(new)[-1]["action"] == "export"
    newer = f"{folder}/newer"
    assert run("restore", f"{folder}/more", "--library", newer).returncode == 0
    assert [act["route"] for act in acts(newer)][-3:] == ["restore", "backup", "restore"]


@test
def an_audit_trail_that_the_backup_lost_is_told(folder):
    library, copies = Library(f"{folder}/library"), f"{folder}/copies"
    library.run("token", "list")
    library.run("backup", copies)
    trail = f"{copies}/audit/00000001.jsonl"
    with open(trail, "rb") as file:
        content = file.read()
    for name, changed in (("cut", content[:content.index(b"\n{\"record\":2") + 1]), ("other", content.replace(b"list-tokens", b"list-Tokens"))):
        with open(trail, "wb") as file:
            file.write(changed)
        done = run("restore", copies, "--library", f"{folder}/{name}")
        assert done.returncode == 1 and "audit trail" in done.stdout, f"{name}: {done.stdout}{done.stderr}"
        assert audit(f"{folder}/{name}", "verify").returncode == 1, name
        assert run("fsck", "--library", f"{folder}/{name}").returncode == 0, "the rest is whole"


@test
def wrong_folders_are_refused_and_stay_as_they_are(folder):
    missing = run("backup", f"{folder}/copies", "--library", f"{folder}/nothing")
    assert missing.returncode == 1 and "no library" in missing.stderr, missing.stderr
    empty = run("restore", f"{folder}/copies", "--library", f"{folder}/new")
    assert empty.returncode == 1 and "no complete backup" in empty.stderr, empty.stderr
    run("token", "list", "--library", f"{folder}/library")
    assert run("backup", f"{folder}/copies", "--library", f"{folder}/library").returncode == 0
    full = run("restore", f"{folder}/copies", "--library", f"{folder}/library")
    assert full.returncode == 1 and "not empty" in full.stderr, full.stderr


if __name__ == "__main__":
    sys.exit(scenarios.run())
